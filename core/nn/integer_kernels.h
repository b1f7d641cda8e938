#pragma once
// Kernels of networks on whole numbers: sums of products of u8 codes and s8 weights in 32 bits, exact on every processor, and what turns them into u8 codes again
// by the rules of ONNX Runtime's QLinear operators. Compiled once for each instruction set (integer_kernels_*.cpp); raw pointers, one thread, nothing checked.
// Not part of the interface of core/nn: integer_conv.h is. A unit is 32 bits: 4 codes where the processor has VNNI, else 2 codes widened to 16 bits.
#include <cstdint>
#include <vector>

namespace lathe::integer {

/// What becomes of a sum: code = clamp(round(float(sum + bias) multiplier) + zero, low, high), ties to even. With a residual:
/// v = (code - zero) own_scale + (residual - residual_zero) residual_scale, then clamp(round(max(v, floor) / sum_scale) + sum_zero, sum_low, sum_high).
struct Finish {
    const std::int32_t* bias = nullptr;          ///< by channel, padded to whole panels; multiplier too
    const float* multiplier = nullptr;
    std::int32_t zero = 0, low = 0, high = 255;
    std::uint8_t* out = nullptr;                 ///< [pixels, channels]
    std::int64_t channels = 0;
    const std::uint8_t* residual = nullptr;      ///< as out; null: none
    float own_scale = 1, residual_scale = 1, sum_scale = 1;
    std::int32_t residual_zero = 0, sum_zero = 0, sum_low = 0, sum_high = 255;
    bool relu = false;                           ///< of the sum with the residual
    float* real = nullptr;                       ///< in place of out: float(sum + bias) multiplier + real_bias
    const float* real_bias = nullptr;
};

struct SumOf {                                   ///< of two tensors of codes, as the residual above
    float a_scale = 1, b_scale = 1, scale = 1;
    std::int32_t a_zero = 0, b_zero = 0, zero = 0, low = 0, high = 255;
    bool relu = false;
};

/// sums [rows, vectors * lanes] = x w, where a row of x is `segments` stretches of `units` units. w: [segments, units, vectors * lanes].
struct Product {
    const std::uint8_t* x = nullptr;
    std::int64_t x_stride = 0, segment_stride = 0;   ///< bytes from row to row, and from segment to segment
    int rows = 0, units = 0, segments = 1, vectors = 1;   ///< units are even for `halved`
    const std::uint32_t* w = nullptr;
    std::int32_t* sums = nullptr;
    std::int32_t* products = nullptr;            ///< for `halved`: pair_products of each row, and for each channel less the same of its weights
    const std::int32_t* weight_products = nullptr;
};

constexpr int kMostTile = 4;                     ///< Winograd's larger tile: F(4x4, 3x3), 36 planes; the smaller is F(2x2, 3x3) with 16

struct Table {
    const char* isa;
    int lanes;                                   ///< channels in a register
    int group;                                   ///< codes in a unit: 4 or 2
    int most_vectors;                            ///< registers in a panel of channels, a power of two
    int row_tile;                                ///< rows that are multiplied at once, for the fullest panel
    /// `count` codes as they stand in units: bytes, or int16.
    void (*widen)(const std::uint8_t* from, std::uint8_t* to, std::int64_t count);
    void (*pair_products)(const Product& p);     ///< of each row, into p.products: the products of the two units of each pair, value by value, added up. Units of 16 bits
    void (*product)(const Product& p);
    void (*halved)(const Product& p);            ///< the same with half of the products and more sums; null where that is not faster. Needs the pair products
    void (*finish)(const std::int32_t* sums, int rows, int vectors, const Finish& f, std::int64_t first_pixel, int first_channel);
    /// Winograd on whole numbers, modulo 2^32, for tiles of 2 or 4 pixels a side: a tile's (tile + 2)^2 pixels to as many planes of int16, `plane` values apart;
    /// channels is a multiple of 2 lanes.
    void (*spread)(int tile, const std::uint8_t* const* pixels, int channels, int zero, std::int16_t* to, std::int64_t plane);
    /// Sums of those planes, `plane` values apart, of the tiles from `first` on, row by row of a picture. transformed_kernel (integer_conv.cpp) says by what they are scaled.
    void (*collect)(int tile, const std::int32_t* sums, std::int64_t plane, int tiles, int first, int vectors, const Finish& f, int height, int width, int first_channel);
    void (*quantize)(const float* x, std::uint8_t* y, std::int64_t count, float scale, std::int32_t zero, std::int32_t low, std::int32_t high);   ///< clamp(round(x / scale) + zero)
    void (*add)(const std::uint8_t* a, const std::uint8_t* b, std::uint8_t* y, std::int64_t count, const SumOf& s);
    void (*largest)(const std::uint8_t* x, std::uint8_t* y, std::int64_t count);        ///< y = max(x, y)
    void (*count_up)(const std::uint8_t* x, std::int32_t* sums, std::int64_t count);    ///< sums += x
};

namespace base { const Table& table(); }
namespace avx2 { const Table& table(); }
namespace avx512 { const Table& table(); }
namespace avxvnni { const Table& table(); }
namespace avx512vnni { const Table& table(); }
const Table& table();                            ///< the best one this processor runs
std::vector<const Table*> tables();              ///< all that it runs, the best first

}
