// Bodies of the kernels of kernel_table.h, included once for each instruction set with
// LATHE_ISA (name space), LATHE_LANES (floats in a register), LATHE_TILE_ROWS and LATHE_TILE_COLS (registers of a matrix tile). No include guard on purpose.
// Only GCC's vector types are used, so one text serves all instruction sets.
#include "core/nn/kernel_table.h"
#include <cstdint>
#include <cstring>
#if defined(__SSE2__)
#include <immintrin.h>
#endif
#pragma GCC diagnostic ignored "-Wpsabi"   // vectors never cross a function that is not inlined

namespace lathe::kernel::LATHE_ISA {
namespace {

constexpr int W = LATHE_LANES;
typedef float V __attribute__((vector_size(W * 4)));
typedef std::int32_t I __attribute__((vector_size(W * 4)));
typedef std::uint32_t U __attribute__((vector_size(W * 4)));
typedef std::uint16_t H __attribute__((vector_size(W * 2)));
#define LATHE_INLINE inline __attribute__((always_inline))

LATHE_INLINE V splat(float x) { return x - V{}; }

#if LATHE_LANES == 16
LATHE_INLINE __mmask16 first_lanes(int n) { return static_cast<__mmask16>((1u << n) - 1u); }
#endif

/// n values (the rest 0); a constant n = W becomes one load.
LATHE_INLINE V load(const float* p, int n = W) {
    V v{};
    if (n == W) std::memcpy(&v, p, sizeof v);
#if LATHE_LANES == 16
    else v = (V)_mm512_maskz_loadu_ps(first_lanes(n), p);
#else
    else
        for (int i = 0; i < n; ++i) v[i] = p[i];
#endif
    return v;
}
LATHE_INLINE V load(const Bf16* p, int n = W) {
    H h{};
    if (n == W) std::memcpy(&h, p, sizeof h);
#if LATHE_LANES == 16
    else h = (H)_mm256_maskz_loadu_epi16(first_lanes(n), p);
#else
    else
        for (int i = 0; i < n; ++i) h[i] = p[i].bits;
#endif
    return (V)(__builtin_convertvector(h, U) << 16);
}
LATHE_INLINE void store(float* p, V v, int n = W) {
    if (n == W) std::memcpy(p, &v, sizeof v);
#if LATHE_LANES == 16
    else _mm512_mask_storeu_ps(p, first_lanes(n), (__m512)v);
#else
    else
        for (int i = 0; i < n; ++i) p[i] = v[i];
#endif
}
LATHE_INLINE void store(Bf16* p, V v, int n = W) {   // to nearest, ties to even
    U u = (U)v;
    u += 0x7fffu + ((u >> 16) & 1u);
    const H h = __builtin_convertvector(u >> 16, H);
    if (n == W) std::memcpy(p, &h, sizeof h);
#if LATHE_LANES == 16
    else _mm256_mask_storeu_epi16(p, first_lanes(n), (__m256i)h);
#else
    else
        for (int i = 0; i < n; ++i) p[i].bits = h[i];
#endif
}
/// The first n lanes, the rest 0.
LATHE_INLINE V keep_lanes(V v, int n) {
    if (n == W) return v;
#if LATHE_LANES == 16
    return (V)_mm512_maskz_mov_ps(first_lanes(n), (__m512)v);
#else
    V kept{};
    for (int i = 0; i < W; ++i) kept[i] = i < n ? v[i] : 0.0f;
    return kept;
#endif
}

template <class F> LATHE_INLINE void each(std::int64_t count, F f) {
    std::int64_t i = 0;
    for (; i + W <= count; i += W) f(i, W);
    if (i < count) f(i, static_cast<int>(count - i));
}

LATHE_INLINE float hsum(V v) {
    float a[W];
    std::memcpy(a, &v, sizeof v);
    for (int s = W / 2; s; s /= 2)
        for (int i = 0; i < s; ++i) a[i] += a[i + s];
    return a[0];
}
LATHE_INLINE float hmax(V v) {
    float a[W];
    std::memcpy(a, &v, sizeof v);
    for (int s = W / 2; s; s /= 2)
        for (int i = 0; i < s; ++i) a[i] = a[i] > a[i + s] ? a[i] : a[i + s];
    return a[0];
}
LATHE_INLINE V vmax(V a, V b) { return a > b ? a : b; }
LATHE_INLINE V vmin(V a, V b) { return a < b ? a : b; }

/// exp, error < 2 ulp in [-87, 88] and clamped outside: 2^n * e^r with |r| <= ln(2)/2 and a Taylor polynomial of degree 7. NaN stays NaN.
LATHE_INLINE V exp(V x) {
    const V c = x < -87.0f ? splat(-87.0f) : (x > 88.0f ? splat(88.0f) : x);
    const V magic = splat(12582912.0f);   // 1.5 * 2^23: adding it rounds to an integer
    const V n = (c * 1.44269504088896341f + magic) - magic;
    const V r = (c - n * 0.693359375f) + n * 2.12194440e-4f;
    V p = splat(1.0f / 5040);
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    const I power = (__builtin_convertvector(n, I) + 127) << 23;
    return p * (V)power;
}

constexpr float kGeluA = 0.7978845608028654f, kGeluB = 0.044715f;

/// gelu_tanh(x) = x sigmoid(2 a (x + b x^3))
LATHE_INLINE V gelu_of(V x) { return x / (1.0f + exp(-2.0f * kGeluA * x * (1.0f + kGeluB * x * x))); }
/// x Φ(x); the error function by Abramowitz and Stegun 7.1.26, whose error is below 1.5e-7.
LATHE_INLINE V exact_gelu_of(V x) {
    const V z = (x < 0.0f ? -x : x) * 0.70710678118654752f, t = 1.0f / (1.0f + 0.3275911f * z);
    V p = splat(1.061405429f);
    p = p * t - 1.453152027f;
    p = p * t + 1.421413741f;
    p = p * t - 0.284496736f;
    p = p * t + 0.254829592f;
    const V rest = p * t * exp(-z * z);   // 1 - erf(z)
    return 0.5f * x * (x > 0.0f ? 2.0f - rest : rest);
}
LATHE_INLINE V gelu_slope(V x) {
    const V s = 1.0f / (1.0f + exp(-2.0f * kGeluA * x * (1.0f + kGeluB * x * x)));
    return s + x * s * (1.0f - s) * (2.0f * kGeluA) * (1.0f + 3.0f * kGeluB * x * x);
}

template <class T>
void modulated_norm(const float* x, T* y, const float* shift, const float* scale, std::int64_t stride, float* mean, float* rstd, std::int64_t first, std::int64_t end, int d,
    int tokens, float eps) {
    for (std::int64_t row = first; row < end; ++row) {
        const float* in = x + row * d;
        T* out = y + row * d;
        V sum{};
        each(d, [&](std::int64_t i, int n) { sum += load(in + i, n); });
        const float mu = hsum(sum) / static_cast<float>(d);
        V squares{};
        each(d, [&](std::int64_t i, int n) {
            const V c = keep_lanes(load(in + i, n) - mu, n);
            squares += c * c;
        });
        const float r = 1.0f / __builtin_sqrtf(hsum(squares) / static_cast<float>(d) + eps);
        if (mean) {
            mean[row] = mu;
            rstd[row] = r;
        }
        if (shift) {
            const float *sh = shift + row / tokens * stride, *sc = scale + row / tokens * stride;
            each(d, [&](std::int64_t i, int n) { store(out + i, (load(in + i, n) - mu) * r * (1.0f + load(sc + i, n)) + load(sh + i, n), n); });
        } else {
            each(d, [&](std::int64_t i, int n) { store(out + i, (load(in + i, n) - mu) * r, n); });
        }
    }
}

template <class T>
void modulated_norm_backward(const T* dy, const float* x, const float* mean, const float* rstd, const float* scale, std::int64_t stride, float* dx, float* dshift, float* dscale,
    std::int64_t first, std::int64_t end, int d, int tokens) {
    for (std::int64_t item = first; item < end; ++item) {
        const float* sc = scale + item * stride;
        float *dsh = dshift + item * stride, *dsc = dscale + item * stride;
        std::memset(dsh, 0, static_cast<std::size_t>(d) * 4);
        std::memset(dsc, 0, static_cast<std::size_t>(d) * 4);
        for (std::int64_t row = item * tokens; row < (item + 1) * tokens; ++row) {
            const float* in = x + row * d;
            const T* g_in = dy + row * d;
            float* out = dx + row * d;
            const float mu = mean[row], r = rstd[row];
            V sum{}, dot{};
            each(d, [&](std::int64_t i, int n) {
                const V gy = load(g_in + i, n), hat = (load(in + i, n) - mu) * r, g = gy * (1.0f + load(sc + i, n));
                sum += g;
                dot += g * hat;
                store(dsh + i, load(dsh + i, n) + gy, n);
                store(dsc + i, load(dsc + i, n) + gy * hat, n);
            });
            const float m1 = hsum(sum) / static_cast<float>(d), m2 = hsum(dot) / static_cast<float>(d);
            each(d, [&](std::int64_t i, int n) {
                const V hat = (load(in + i, n) - mu) * r, g = load(g_in + i, n) * (1.0f + load(sc + i, n));
                store(out + i, load(out + i, n) + r * (g - m1 - hat * m2), n);
            });
        }
    }
}

template <class T>
void gated_sum(const float* h, const T* x, const float* gate, std::int64_t stride, float* y, std::int64_t first, std::int64_t end, int d, int tokens) {
    for (std::int64_t row = first; row < end; ++row) {
        const float* g = gate + row / tokens * stride;
        each(d, [&](std::int64_t i, int n) { store(y + row * d + i, load(h + row * d + i, n) + load(g + i, n) * load(x + row * d + i, n), n); });
    }
}

template <class T>
void gated_sum_backward(const float* dy, const T* x, const float* gate, std::int64_t stride, T* dx, float* dgate, std::int64_t first, std::int64_t end, int d, int tokens) {
    for (std::int64_t item = first; item < end; ++item) {
        const float* g = gate + item * stride;
        float* dg = dgate + item * stride;
        std::memset(dg, 0, static_cast<std::size_t>(d) * 4);
        for (std::int64_t row = item * tokens; row < (item + 1) * tokens; ++row)
            each(d, [&](std::int64_t i, int n) {
                const V gy = load(dy + row * d + i, n);
                store(dx + row * d + i, gy * load(g + i, n), n);
                store(dg + i, load(dg + i, n) + gy * load(x + row * d + i, n), n);
            });
    }
}

template <class T, class F> LATHE_INLINE void activate(const T* x, const float* bias, T* y, std::int64_t first, std::int64_t end, int d, F of) {
    if (!bias) {
        each((end - first) * d, [&](std::int64_t i, int n) { store(y + first * d + i, of(load(x + first * d + i, n)), n); });
        return;
    }
    for (std::int64_t row = first; row < end; ++row)
        each(d, [&](std::int64_t i, int n) { store(y + row * d + i, of(load(x + row * d + i, n) + load(bias + i, n)), n); });
}
template <class T> void gelu(const T* x, const float* bias, T* y, std::int64_t first, std::int64_t end, int d, Gelu form) {
    if (form == Gelu::tanh) activate(x, bias, y, first, end, d, [](V v) { return gelu_of(v); });
    else if (form == Gelu::exact) activate(x, bias, y, first, end, d, [](V v) { return exact_gelu_of(v); });
    else activate(x, bias, y, first, end, d, [](V v) { return v / (1.0f + exp(-1.702f * v)); });
}

template <class T> void gelu_backward(const T* dy, const T* x, T* dx, std::int64_t count) {
    each(count, [&](std::int64_t i, int n) { store(dx + i, load(dy + i, n) * gelu_slope(load(x + i, n)), n); });
}

template <class T> void column_sum(const T* x, float* sums, std::int64_t first, std::int64_t end, int d) {
    for (std::int64_t row = first; row < end; ++row) each(d, [&](std::int64_t i, int n) { store(sums + i, load(sums + i, n) + load(x + row * d + i, n), n); });
}

#include "core/nn/kernels_products.h"

std::int64_t attention_scratch(int tokens, int head_size, bool backward) {
    const std::int64_t n = padded(tokens), h = padded(head_size);
    return backward ? 6 * tokens * h + head_size * n + 2 * std::int64_t{tokens} * n : (head_size + 24) * std::int64_t{spread(padded(tokens))} + 2 * std::int64_t{tokens} * h + 24 * h;
}

/// Rows of one head as floats with rows of `row` floats, the rest 0.
template <class T> LATHE_INLINE void unpack(const T* from, std::int64_t stride, float* to, int tokens, int head_size, int row, float scale) {
    for (int i = 0; i < tokens; ++i) {
        each(head_size, [&](std::int64_t j, int n) { store(to + static_cast<std::int64_t>(i) * row + j, load(from + i * stride + j, n) * scale); });
    }
}
template <class T> LATHE_INLINE void unpack_transposed(const T* from, std::int64_t stride, float* to, int tokens, int head_size, int row) {
    for (int i = 0; i < tokens; i += W)
        each(head_size, [&](std::int64_t j, int columns) {
            V square[W];
            for (int r = 0; r < W; ++r) square[r] = i + r < tokens ? load(from + (i + r) * stride + j, columns) : V{};
            mirror_from<1>(square);
            for (int c = 0; c < columns; ++c) store(to + (j + c) * row + i, square[c]);
        });
}

LATHE_INLINE void softmax_row(float* s, int count) {
    V best = splat(s[0]);
    each(count, [&](std::int64_t i, int n) {
        if (n == W) best = vmax(best, load(s + i));
        else
            for (int j = 0; j < n; ++j) best = vmax(best, splat(s[i + j]));
    });
    const float top = hmax(best);
    V total{};
    each(count, [&](std::int64_t i, int n) {
        const V e = keep_lanes(exp(load(s + i, n) - top), n);
        total += e;
        store(s + i, e);   // the padding of the row becomes 0
    });
    const float inverse = 1.0f / hsum(total);
    each(count, [&](std::int64_t i, int) { store(s + i, load(s + i) * inverse); });
}

template <class T>
void attention(const T* qkv, T* out, T* p, std::int64_t first, std::int64_t end, int tokens, int heads, int head_size, float scale, float* scratch) {
    const int n = padded(tokens), h = padded(head_size), line = spread(n), rows = LATHE_TILE_ROWS * 2;
    const std::int64_t d = std::int64_t{heads} * head_size, stride = 3 * d;
    float *kt = scratch, *v = kt + std::int64_t{head_size} * line, *q = v + std::int64_t{tokens} * h, *s = q + std::int64_t{tokens} * h, *o = s + std::int64_t{rows} * line;
    for (std::int64_t unit = first; unit < end; ++unit) {
        const std::int64_t item = unit / heads, head = unit % heads;
        const T* base = qkv + item * tokens * stride + head * head_size;
        unpack(base, stride, q, tokens, head_size, h, scale);
        unpack_transposed(base + d, stride, kt, tokens, head_size, line);
        unpack(base + 2 * d, stride, v, tokens, head_size, h, 1.0f);
        for (int row = 0; row < tokens; row += rows) {
            const int m = tokens - row < rows ? tokens - row : rows;
            multiply({m, n, head_size, q + std::int64_t{row} * h, h, 1, kt, line, s, line});
            for (int r = 0; r < m; ++r) softmax_row(s + std::int64_t{r} * line, tokens);
            if (p)
                for (int r = 0; r < m; ++r) {
                    T* to = p + (unit * tokens + row + r) * tokens;
                    each(tokens, [&](std::int64_t i, int k) { store(to + i, load(s + std::int64_t{r} * line + i, k), k); });
                }
            multiply({m, h, tokens, s, line, 1, v, h, o, h});
            for (int r = 0; r < m; ++r) {
                T* to = out + (item * tokens + row + r) * d + head * head_size;
                each(head_size, [&](std::int64_t i, int k) { store(to + i, load(o + std::int64_t{r} * h + i, k), k); });
            }
        }
    }
}

template <class T>
void attention_backward(const T* qkv, const T* p, const T* dout, T* dqkv, std::int64_t first, std::int64_t end, int tokens, int heads, int head_size, float scale, float* scratch) {
    const int n = padded(tokens), h = padded(head_size);
    const std::int64_t d = std::int64_t{heads} * head_size, stride = 3 * d, size = std::int64_t{tokens} * h, square = std::int64_t{tokens} * n;
    float *q = scratch, *k = q + size, *g = k + size, *result = g + size, *vt = result + 3 * size, *prob = vt + std::int64_t{head_size} * n, *ds = prob + square;
    for (std::int64_t unit = first; unit < end; ++unit) {
        const std::int64_t item = unit / heads, head = unit % heads;
        const T* base = qkv + item * tokens * stride + head * head_size;
        unpack(base, stride, q, tokens, head_size, h, scale);
        unpack(base + d, stride, k, tokens, head_size, h, scale);
        unpack_transposed(base + 2 * d, stride, vt, tokens, head_size, n);
        unpack(dout + item * tokens * d + head * head_size, d, g, tokens, head_size, h, 1.0f);
        unpack(p + unit * tokens * tokens, tokens, prob, tokens, tokens, n, 1.0f);
        multiply({tokens, h, tokens, prob, 1, n, g, h, result + 2 * size, h});       // dV = P^T dO
        multiply({tokens, n, head_size, g, h, 1, vt, n, ds, n});                     // dP = dO V^T
        for (int row = 0; row < tokens; ++row) {
            float *pr = prob + std::int64_t{row} * n, *dr = ds + std::int64_t{row} * n;
            V dot{};
            for (int i = 0; i < n; i += W) dot += load(pr + i) * load(dr + i);       // the padding of P is 0
            const float sum = hsum(dot);
            for (int i = 0; i < n; i += W) store(dr + i, load(pr + i) * (load(dr + i) - sum));
        }
        multiply({tokens, h, tokens, ds, n, 1, k, h, result, h});                    // dQ = scale dS K
        multiply({tokens, h, tokens, ds, 1, n, q, h, result + size, h});             // dK = scale dS^T Q
        for (int part = 0; part < 3; ++part)
            for (int row = 0; row < tokens; ++row) {
                T* to = dqkv + (item * tokens + row) * stride + part * d + head * head_size;
                each(head_size, [&](std::int64_t i, int c) { store(to + i, load(result + part * size + std::int64_t{row} * h + i, c), c); });
            }
    }
}

void adamw(float* p, const float* g, float* m, float* v, std::int64_t count, const AdamwStep& s) {
    const float keep = 1.0f - s.lr * s.decay, rate = s.lr / s.correction1, root = 1.0f / s.correction2;
    each(count, [&](std::int64_t i, int n) {
        const V grad = load(g + i, n) * s.grad_scale;
        const V mean = load(m + i, n) + s.rest1 * (grad - load(m + i, n));
        const V square = s.beta2 * load(v + i, n) + s.rest2 * grad * grad;
        store(m + i, mean, n);
        store(v + i, square, n);
        V deviation = square * root;
        for (int j = 0; j < W; ++j) deviation[j] = __builtin_sqrtf(deviation[j]);
        store(p + i, load(p + i, n) * keep - rate * mean / (deviation + s.eps), n);
    });
}

void lerp(float* to, const float* from, float weight, std::int64_t count) {
    each(count, [&](std::int64_t i, int n) { store(to + i, load(to + i, n) + weight * (load(from + i, n) - load(to + i, n)), n); });
}

double sum_squares(const float* x, std::int64_t count) {
    double total = 0;
    for (std::int64_t start = 0; start < count; start += 4096) {   // short float sums, then double
        V sum{};
        each(count - start < 4096 ? count - start : 4096, [&](std::int64_t i, int n) {
            const V v = load(x + start + i, n);
            sum += v * v;
        });
        total += static_cast<double>(hsum(sum));
    }
    return total;
}

inline V rounded_in(const V& v, const EvenGrid& grid) {
    const V magic = splat(12582912.0f);   // 1.5 * 2^23: adding and taking it away rounds to the nearest whole number, halves to even, below 2^22
    return (vmin(vmax(v * grid.inverse, splat(grid.low)), splat(grid.high)) + magic) - magic;
}

void on_grid(const float* x, float* y, std::int64_t count, const EvenGrid& grid) {
    each(count, [&](std::int64_t i, int n) { store(y + i, rounded_in(load(x + i, n), grid) * grid.scale, n); });
}

double grid_error(const float* x, std::int64_t count, const EvenGrid& grid) {
    V sum{};
    each(count, [&](std::int64_t i, int n) {
        const V v = load(x + i, n), error = rounded_in(v, grid) * grid.scale - v;
        sum += error * error;   // what is loaded past the end is 0, and so is its error
    });
    return static_cast<double>(hsum(sum));
}

void add_relu(float* y, const float* x, std::int64_t count) {
    each(count, [&](std::int64_t i, int n) {
        const V sum = load(y + i, n) + load(x + i, n);
        store(y + i, sum < 0.0f ? V{} : sum, n);
    });
}

#include "core/nn/kernels_bytes.h"

template <class T> constexpr Typed<T> make_typed() {
    return {modulated_norm<T>, modulated_norm_backward<T>, gated_sum<T>, gated_sum_backward<T>, gelu<T>, gelu_backward<T>, column_sum<T>, attention<T>, attention_backward<T>};
}

}

#define LATHE_TEXT_OF(x) #x
#define LATHE_TEXT(x) LATHE_TEXT_OF(x)
const Table& table() {
    static const Table made{LATHE_TEXT(LATHE_ISA), make_typed<float>(), make_typed<Bf16>(), attention_scratch, thin_linear<>, kPanel, linear, adamw, lerp, sum_squares, on_grid, grid_error, add_relu, quantize_u8, dequantize_u8, upsampled_row_u8, gather_rows, gather_rows_past_cache};
    return made;
}

}
