#pragma once
// Element-wise and attention kernels, compiled once for each instruction set (kernels_avx512.cpp, …). Raw pointers, one thread, ranges of rows:
// kernels.cpp splits the work and checks the shapes. Not part of the interface of core/nn. T is float or Bf16; arithmetic is always float.
#include <cstddef>
#include <cstdint>

namespace lathe::kernel {

struct Bf16 { std::uint16_t bits; };

enum class Gelu { tanh, exact, sigmoid };   ///< x Φ(x) by the tanh formula, by the error function, or x σ(1.702 x)

template <class T> struct Typed {
    /// Rows [first, end) of x [rows, d]: y = (x - mean) / sqrt(var + eps) * (1 + scale[b]) + shift[b], b = row / tokens; shift, scale may be null.
    void (*modulated_norm)(const float* x, T* y, const float* shift, const float* scale, std::int64_t stride, float* mean, float* rstd, std::int64_t first, std::int64_t end,
        int d, int tokens, float eps);
    /// Items [first, end): dx += the gradient of x; dshift, dscale [item, d] are written at `stride`.
    void (*modulated_norm_backward)(const T* dy, const float* x, const float* mean, const float* rstd, const float* scale, std::int64_t stride, float* dx, float* dshift,
        float* dscale, std::int64_t first, std::int64_t end, int d, int tokens);
    /// y = h + gate[b] * x
    void (*gated_sum)(const float* h, const T* x, const float* gate, std::int64_t stride, float* y, std::int64_t first, std::int64_t end, int d, int tokens);
    /// dx = dy * gate, dgate[b] = sum over tokens of dy * x
    void (*gated_sum_backward)(const float* dy, const T* x, const float* gate, std::int64_t stride, T* dx, float* dgate, std::int64_t first, std::int64_t end, int d, int tokens);
    /// y = gelu(x + bias), bias may be null
    void (*gelu)(const T* x, const float* bias, T* y, std::int64_t first, std::int64_t end, int d, Gelu form);
    /// dx = dy * gelu_tanh'(x)
    void (*gelu_backward)(const T* dy, const T* x, T* dx, std::int64_t count);
    /// sums[c] += rows [first, end) of x [rows, d]
    void (*column_sum)(const T* x, float* sums, std::int64_t first, std::int64_t end, int d);
    /// Heads [first, end) of batch * heads: qkv [B, N, 3, H, hd] -> out [B, N, H * hd]; p [B * H, N, N] is written where not null. `scratch`: attention_scratch floats.
    void (*attention)(const T* qkv, T* out, T* p, std::int64_t first, std::int64_t end, int tokens, int heads, int head_size, float scale, float* scratch);
    void (*attention_backward)(const T* qkv, const T* p, const T* dout, T* dqkv, std::int64_t first, std::int64_t end, int tokens, int heads, int head_size, float scale,
        float* scratch);
};

constexpr int kThinRows = 8, kLinearDepth = 1024;

/// rest: 1 - beta, which is not what float gives where beta is near 1.
struct AdamwStep { float lr, beta1, beta2, rest1, rest2, eps, decay, correction1, correction2, grad_scale; };

struct EvenGrid { float inverse, scale, low, high; };   ///< x -> clamp(round(x inverse), low, high) scale

struct RowSource { const std::byte* rows; const std::int32_t* index; };   ///< index < 0: no row

struct Table {
    const char* isa;
    Typed<float> f32;
    Typed<Bf16> bf16;
    std::int64_t (*attention_scratch)(int tokens, int head_size, bool backward);
    /// Columns [first, end) of y [rows, out] = x [rows, in] w^T + bias (may be null); rows <= kThinRows.
    void (*thin_linear)(const float* x, const float* w, const float* bias, float* y, int rows, int in, std::int64_t first, std::int64_t end, std::int64_t out);
    int panel_columns;         ///< of a weight that are packed at once
    /// Columns [first, end) of y [rows, out] = x [rows, in] w^T + bias (may be null). `scratch`: panel_columns * min(in, kLinearDepth) floats.
    void (*linear)(const float* x, const float* w, const float* bias, float* y, int rows, std::int64_t in, std::int64_t first, std::int64_t end, std::int64_t out, float* scratch);
    void (*adamw)(float* p, const float* g, float* m, float* v, std::int64_t count, const AdamwStep& step);
    void (*lerp)(float* to, const float* from, float weight, std::int64_t count);     ///< to += weight * (from - to)
    double (*sum_squares)(const float* x, std::int64_t count);
    void (*on_grid)(const float* x, float* y, std::int64_t count, const EvenGrid& grid);
    double (*grid_error)(const float* x, std::int64_t count, const EvenGrid& grid);   ///< sum of (x on the grid - x)^2, short sums in float
    void (*add_relu)(float* y, const float* x, std::int64_t count);                  ///< y = max(y + x, 0); NaN stays NaN
    /// y = clamp(round(x * inverse_scale) + zero, 0, 255), ties to even; zero 0 … 255. NaN becomes 0.
    void (*quantize_u8)(const float* x, std::uint8_t* y, std::int64_t count, float inverse_scale, float zero);
    /// y = (x - zero) * scale
    void (*dequantize_u8)(const std::uint8_t* x, float* y, std::int64_t count, float scale, float zero);
    /// A row of `width` pixels and `channels` channels, bilinear between the rows `above` and `below` (their share: `share`) of a map
    /// of `map_width` pixels, as upsample_bilinear2d without aligned corners has it; quantized as above into y, whose pixels are `step` bytes apart.
    void (*upsampled_row_u8)(const float* above, const float* below, float share, int map_width, int channels, int width, std::uint8_t* y, std::int64_t step, float inverse_scale, float zero);
    /// For i in [first, end), k < count: rows of `bytes` each, y[i * count + k] = sources[k].rows[sources[k].index[i]], or `none`.
    void (*gather_rows)(const RowSource* sources, int count, std::size_t bytes, const std::byte* none, std::byte* y, std::int64_t first, std::int64_t end);
    /// The same where y will not stay in the cache; y and bytes are multiples of 64.
    void (*gather_rows_past_cache)(const RowSource* sources, int count, std::size_t bytes, const std::byte* none, std::byte* y, std::int64_t first, std::int64_t end);
};

namespace avx512 { const Table& table(); }
namespace avx2 { const Table& table(); }
namespace base { const Table& table(); }
const Table& table();      ///< the best one this processor runs

template <class T> const Typed<T>& typed();
template <> inline const Typed<float>& typed<float>() { return table().f32; }
template <> inline const Typed<Bf16>& typed<Bf16>() { return table().bf16; }

}
