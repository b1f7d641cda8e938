#pragma once
// Convolutions and linear layers on whole numbers: u8 codes, channels last, times int8 weights, summed exactly in 32 bits and made codes again in the same pass
// (integer_kernels.h says by which rule). One picture at a time, in tasks that threads may share. A 3 x 3 kernel with stride 1 is multiplied after Winograd
// (F(2x2, 3x3), arXiv 1509.09308), whose numbers stay whole and give the same sums, where the processor has no faster sum of bytes.
#include "core/nn/conv.h"
#include "core/nn/integer_kernels.h"

namespace lathe {

class IntegerConv {
public:
    /// weight: whole numbers within [-128, 127], [O, I, k, k], of any type; bias: int64 [O]; zero: the code of the input that means 0, also outside of the
    /// picture. shape.groups must be 1. table: by default the best of this processor.
    /// Throws Error(unsupported) for groups, and where sums may not fit 32 bits.
    IntegerConv(const at::Tensor& weight, const at::Tensor& bias, const ConvShape& shape, std::int32_t zero, const integer::Table& table = integer::table());

    /// Channels to which arrays of one value a channel must be padded.
    std::int64_t padded_channels() const { return m_panels * m_vectors * m_table->lanes; }
    const std::int32_t* bias() const { return m_bias.data(); }     ///< what Finish::bias must be
    /// Into how many tasks a picture of this size is cut for so many threads, and what scratch memory each thread needs.
    int tasks(int height, int width, int threads) const;
    std::size_t scratch_bytes(int height, int width) const;
    /// x: [height, width, I] codes with 64 readable bytes behind them. Tasks 0 … tasks - 1 fill the output; they may run on several threads.
    void run(const std::uint8_t* x, int height, int width, const integer::Finish& finish, int task, int tasks, std::byte* scratch) const;
    int out_size(int size) const { return (size + 2 * m_shape.padding - m_shape.kernel) / m_shape.stride + 1; }
    bool is_winograd() const { return m_winograd; }

private:
    struct Scratch { std::int32_t *sums, *products; std::uint32_t* packed; std::uint8_t* bytes; };
    Scratch parts(std::byte* scratch, int count) const;
    void multiply(const std::uint32_t* x, std::int64_t stride, int count, int planes, int panel, const Scratch& scratch) const;
    std::int64_t row_stride() const;                              // units from row to row of packed input
    struct Cut { int pixels, blocks; };                           // pixels (or tiles) of a block
    Cut cut(int height, int width) const;
    int tile_count(int height, int width) const { return ((out_size(height) + 1) / 2) * ((out_size(width) + 1) / 2); }
    void pack(const std::vector<std::int64_t>& planes, int count);
    void gather(const std::uint8_t* x, int height, int width, int first, int count, std::uint8_t* to) const;
    void run_product(const std::uint8_t* x, int height, int width, const integer::Finish& finish, int first, int count, int first_panel, int end_panel, std::byte* scratch) const;
    void run_winograd(const std::uint8_t* x, int height, int width, const integer::Finish& finish, int first, int count, int first_panel, int end_panel, std::byte* scratch) const;

    const integer::Table* m_table;
    ConvShape m_shape;
    std::int32_t m_zero;
    bool m_winograd = false;
    int m_vectors = 1, m_panels = 1, m_units = 0;                 // registers in a panel, panels, units of one row of a product
    bool m_halved = false;
    std::vector<std::int32_t> m_bias, m_products;                 // m_products: of the weights of a halved product, [panels][1 or 16][vectors * lanes]
    at::Tensor m_weight;                                          // int32 [panels][units][vectors * lanes]; Winograd [panels][16][units][…]
    std::vector<std::uint8_t> m_outside;                          // a pixel that means 0
};

}
