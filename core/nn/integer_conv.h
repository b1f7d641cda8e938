#pragma once
// Convolutions and linear layers on whole numbers: u8 codes, channels last, times int8 weights, summed exactly in 32 bits and made codes again in the same pass
// (integer_kernels.h says by which rule). One picture at a time, in tasks that threads may share. A 3 x 3 kernel with stride 1 is multiplied after Winograd
// (F(4x4, 3x3) or F(2x2, 3x3), arXiv 1509.09308) where the processor has no faster sum of bytes: on whole numbers that gives the same sums.
#include "core/nn/conv.h"
#include "core/nn/integer_kernels.h"
#include <array>

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
    int tile() const { return m_tile; }                            ///< pixels a side that are multiplied together after Winograd; 0: not so

private:
    struct Scratch { std::int32_t *sums, *products; std::uint8_t* x; };   // x: packed input
    std::array<std::size_t, 3> part_bytes(int count, int width) const;
    Scratch parts(std::byte* scratch, int count, int width) const;
    struct Block { int first, count, first_panel, end_panel; };
    integer::Product product(int plane, int panel) const;         ///< of weights only
    std::int64_t row_bytes() const;                               ///< from row to row of packed input, where those do not overlap
    std::int64_t padded_row(int width) const;                     ///< bytes of a row of the picture with its frame
    void run_in_line(const std::uint8_t* x, const integer::Finish& finish, const Block& block, const Scratch& scratch) const;
    void run_rows(const std::uint8_t* x, int height, int width, const integer::Finish& finish, const Block& block, const Scratch& scratch) const;
    void run_winograd(const std::uint8_t* x, int height, int width, const integer::Finish& finish, const Block& block, const Scratch& scratch) const;
    struct Cut { int count, blocks; };                            // of what a block holds
    Cut cut(int height, int width) const;
    int unit_count(int height, int width) const;                  ///< what is cut into blocks: tiles, rows of the output, or pixels where all stand in line
    int planes() const { return m_tile > 0 ? (m_tile + 2) * (m_tile + 2) : 1; }
    bool is_in_line() const { return m_shape.kernel == 1 && m_shape.stride == 1 && m_shape.padding == 0 && m_shape.in == std::int64_t{m_units} * m_table->group; }
    void pack(const std::vector<std::int64_t>& planes, int count);
    const integer::Table* m_table;
    ConvShape m_shape;
    std::int32_t m_zero;
    int m_tile = 0, m_segments = 1;                               // segments: rows of the kernel
    int m_vectors = 1, m_panels = 1, m_units = 0;                 // registers in a panel, panels, units of a segment
    bool m_halved = false;
    std::vector<std::int32_t> m_bias, m_products;                 // m_products: of the weights of a halved product, [panels][planes][vectors * lanes]
    const std::uint32_t* m_units_of_weight = nullptr;             // those of m_weight
    at::Tensor m_weight;                                          // int32 [panels][segments or planes][units][vectors * lanes]
    std::vector<std::uint8_t> m_outside;                          // a pixel that means 0
};

}
