// Bodies of the kernels of integer_kernels.h, included once for each instruction set with LATHE_ISA (name space), LATHE_LANES (32-bit values in a register),
// LATHE_ROWS (registers of a tile, rows by panel), LATHE_VECTORS (registers in a panel), LATHE_DOT4 where the processor sums four products of bytes at once,
// LATHE_HALVED, rows by panel likewise, where products are scarcer than sums (Winograd's inner product, 1968: x0 w0 + x2 w2 = (x0 + w2)(x2 + w0) - x0 x2 - w0 w2).
// No include guard on purpose. Nothing is contracted: the rules say where float32 rounds.
#include "core/nn/integer_kernels.h"
#include <cstring>
#include <utility>
#if defined(__SSE2__)
#include <immintrin.h>
#endif
#pragma GCC diagnostic ignored "-Wpsabi"   // vectors never cross a function that is not inlined

namespace lathe::integer::LATHE_ISA {
namespace {

constexpr int W = LATHE_LANES;
typedef float V __attribute__((vector_size(W * 4)));
typedef std::int32_t I __attribute__((vector_size(W * 4)));
typedef std::uint32_t U __attribute__((vector_size(W * 4)));
typedef std::int16_t S __attribute__((vector_size(W * 4)));
typedef std::uint8_t B __attribute__((vector_size(W)));
typedef std::uint8_t B2 __attribute__((vector_size(W * 2)));
#define LATHE_INLINE inline __attribute__((always_inline))

LATHE_INLINE V splat(float x) { return x - V{}; }
LATHE_INLINE I splat(std::int32_t x) { return x - I{}; }
template <class T> LATHE_INLINE T load_as(const void* p) {
    T v;
    std::memcpy(&v, p, sizeof v);
    return v;
}
LATHE_INLINE V vmax(V a, V b) { return a > b ? a : b; }
LATHE_INLINE V vmin(V a, V b) { return a < b ? a : b; }

/// acc + the products of each unit of x and w, added up.
LATHE_INLINE I dot(I acc, I x, I w) {
#if defined(LATHE_DOT4) && LATHE_LANES == 16
    return (I)_mm512_dpbusd_epi32((__m512i)acc, (__m512i)x, (__m512i)w);
#elif defined(LATHE_DOT4)
    return (I)_mm256_dpbusd_avx_epi32((__m256i)acc, (__m256i)x, (__m256i)w);
#elif LATHE_LANES == 16
    return acc + (I)_mm512_madd_epi16((__m512i)x, (__m512i)w);
#elif LATHE_LANES == 8
    return acc + (I)_mm256_madd_epi16((__m256i)x, (__m256i)w);
#elif defined(__SSE2__)
    return acc + (I)_mm_madd_epi16((__m128i)x, (__m128i)w);
#else
    const S a = (S)x, b = (S)w;
    I sum{};
    for (int i = 0; i < W; ++i) sum[i] = static_cast<std::int32_t>(static_cast<std::uint32_t>(a[2 * i] * b[2 * i]) + static_cast<std::uint32_t>(a[2 * i + 1] * b[2 * i + 1]));
    return acc + sum;
#endif
}

LATHE_INLINE I bytes_at(const std::uint8_t* p, int n = W) {
#if LATHE_LANES == 8
    if (n == W) return (I)_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
#elif LATHE_LANES == 16
    if (n == W) return (I)_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
#endif
    B b{};
    std::memcpy(&b, p, static_cast<std::size_t>(n));
    return __builtin_convertvector(b, I);
}

/// The nearest whole numbers, ties to even; below 2^22.
LATHE_INLINE V rounded(V v) {
#if LATHE_LANES == 8
    return (V)_mm256_round_ps((__m256)v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#elif LATHE_LANES == 16
    return (V)_mm512_roundscale_ps((__m512)v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#else
    const V magic = splat(12582912.0f);   // 1.5 * 2^23: nothing is left behind the point
    return (v + magic) - magic;
#endif
}
LATHE_INLINE V within(V v, std::int32_t low, std::int32_t high) { return vmin(vmax(v, splat(static_cast<float>(low))), splat(static_cast<float>(high))); }   // NaN becomes low

LATHE_INLINE V real(I v) { return __builtin_convertvector(v, V); }

/// Steps from zero, as the nearest whole numbers (ties to even), as codes within [low, high], which is within [0, 255]. Steps are below 2^31.
LATHE_INLINE void put_codes(std::uint8_t* p, V steps, std::int32_t zero, std::int32_t low, std::int32_t high, int n) {
#if LATHE_LANES == 8
    const __m256i codes = _mm256_add_epi32(_mm256_cvtps_epi32((__m256)steps), _mm256_set1_epi32(zero));
    const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(codes), _mm256_extracti128_si256(codes, 1));
    const __m128i bytes = _mm_min_epu8(_mm_max_epu8(_mm_packus_epi16(words, words), _mm_set1_epi8(static_cast<char>(low))), _mm_set1_epi8(static_cast<char>(high)));
    if (n == W) _mm_storel_epi64(reinterpret_cast<__m128i*>(p), bytes);
    else std::memcpy(p, &bytes, static_cast<std::size_t>(n));
#elif LATHE_LANES == 16
    const __m512i codes = _mm512_add_epi32(_mm512_cvtps_epi32((__m512)steps), _mm512_set1_epi32(zero));
    const __m128i bytes = _mm512_cvtepi32_epi8(_mm512_min_epi32(_mm512_max_epi32(codes, _mm512_set1_epi32(low)), _mm512_set1_epi32(high)));
    if (n == W) _mm_storeu_si128(reinterpret_cast<__m128i*>(p), bytes);
    else std::memcpy(p, &bytes, static_cast<std::size_t>(n));
#else
    const B bytes = __builtin_convertvector(__builtin_convertvector(rounded(within(steps, low - zero, high - zero)), I) + zero, B);
    if (n == W) std::memcpy(p, &bytes, W);
    else std::memcpy(p, &bytes, static_cast<std::size_t>(n));
#endif
}

/// v / scale as far as rounding it goes: exact where it might be half of a whole number, which is seldom, else by the inverse. Within [low - 1, high + 1].
LATHE_INLINE V divided(V v, float scale, float inverse, std::int32_t low, std::int32_t high) {
    const V near = within(v * inverse, low - 1, high + 1), rest = near - rounded(near);
    const I close = (I)(rest * rest > 0.2499f);
#if LATHE_LANES == 8
    const bool any = _mm256_movemask_ps((__m256)close) != 0;
#elif LATHE_LANES == 16
    const bool any = _mm512_movepi32_mask((__m512i)close) != 0;
#else
    std::int32_t all = 0;
    for (int i = 0; i < W; ++i) all |= close[i];
    const bool any = all != 0;
#endif
    return __builtin_expect(any, 0) ? within(v / scale, low - 1, high + 1) : near;
}

enum class Mode { plain, summed, real };

/// One register of channels of one pixel.
template <Mode mode> LATHE_INLINE void finish_one(I sum, const Finish& f, I bias, V multiplier, std::int64_t pixel, std::int64_t channel, int n) {
    const V scaled = real(sum + bias) * multiplier;
    const std::int64_t at = pixel * f.channels + channel;
    if constexpr (mode == Mode::real) {
        const V y = scaled + load_as<V>(f.real_bias + channel);
        std::memcpy(f.real + at, &y, static_cast<std::size_t>(n) * 4);
    } else if constexpr (mode == Mode::plain) {
        put_codes(f.out + at, vmin(scaled, splat(1e9f)), f.zero, f.low, f.high, n);   // what is far below becomes the lowest whole number, which is as good
    } else {
        V v = rounded(within(scaled, f.low - f.zero, f.high - f.zero)) * splat(f.own_scale) + real(bytes_at(f.residual + at, n) - f.residual_zero) * splat(f.residual_scale);
        if (f.relu) v = vmax(v, V{});
        put_codes(f.out + at, divided(v, f.sum_scale, 1 / f.sum_scale, f.sum_low - f.sum_zero, f.sum_high - f.sum_zero), f.sum_zero, f.sum_low, f.sum_high, n);
    }
}

/// f is a copy: what is written may not change it, and so it stays in registers.
template <class F> LATHE_INLINE void by_mode(const Finish& given, F work) {
    const Finish f = given;
    if (f.real) work.template operator()<Mode::real>(f);
    else if (f.residual) work.template operator()<Mode::summed>(f);
    else work.template operator()<Mode::plain>(f);
}

LATHE_INLINE int lanes_left(const Finish& f, std::int64_t channel) { return f.channels - channel >= W ? W : static_cast<int>(f.channels - channel); }

void widen(const std::uint8_t* from, std::uint8_t* to, std::int64_t count) {
#if defined(LATHE_DOT4)
    std::memcpy(to, from, static_cast<std::size_t>(count));
#else
    auto* out = reinterpret_cast<std::int16_t*>(to);
    std::int64_t i = 0;
    for (; i + 2 * W <= count; i += 2 * W) {
        const S v = __builtin_convertvector(load_as<B2>(from + i), S);
        std::memcpy(out + i, &v, sizeof v);
    }
    for (; i < count; ++i) {
        const std::int16_t v = from[i];
        std::memcpy(out + i, &v, sizeof v);
    }
#endif
}

template <bool halved, int R, int C> LATHE_INLINE void tile(const Product& p, int row) {
    const std::uint8_t* x = p.x + row * p.x_stride;
    const std::uint32_t* w = p.w;
    I acc[R][C];
    for (int r = 0; r < R; ++r)
        for (int c = 0; c < C; ++c) acc[r][c] = halved ? load_as<I>(p.weight_products + c * W) - splat(p.products[row + r]) : I{};
    for (int segment = 0; segment < p.segments; ++segment, x += p.segment_stride) {
        const auto value_at = [&](int r, int u) { return splat(load_as<std::int32_t>(x + r * p.x_stride + 4 * u)); };
        for (int u = 0; u < p.units; u += halved ? 2 : 1) {
            I even[C], odd[C];
            for (int c = 0; c < C; ++c, w += W) even[c] = load_as<I>(w);
            if constexpr (halved)
                for (int c = 0; c < C; ++c, w += W) odd[c] = load_as<I>(w);
            for (int r = 0; r < R; ++r) {
                const I first = value_at(r, u);
                if constexpr (halved) {
                    const I second = value_at(r, u + 1);
                    for (int c = 0; c < C; ++c) acc[r][c] = dot(acc[r][c], (I)((S)first + (S)odd[c]), (I)((S)second + (S)even[c]));
                } else {
                    for (int c = 0; c < C; ++c) acc[r][c] = dot(acc[r][c], first, even[c]);
                }
            }
        }
    }
    for (int r = 0; r < R; ++r)
        for (int c = 0; c < C; ++c) std::memcpy(p.sums + ((row + r) * C + c) * W, &acc[r][c], sizeof(I));
}

/// One tile of the first of these numbers of rows that is `want` or more; false: there is none among those that are left.
template <bool halved, int R, int C, int... N> bool take_tile(const Product& p, int& row, int want, std::integer_sequence<int, N...>) {
    const auto take = [&]<int n>(std::integral_constant<int, n>) {
        if constexpr (n <= R) {
            if (n < want || n > p.rows - row) return false;
            tile<halved, n, C>(p, row);
            row += n;
            return true;
        } else {
            return false;
        }
    };
    return (take(std::integral_constant<int, N>{}) || ...);
}

/// Tiles of about equal numbers of rows, so that none is left with few: they read all weights too.
template <bool halved, int registers, int C> void panel(const Product& given) {
    const Product p = given;
    constexpr int R = registers / C;
    constexpr std::integer_sequence<int, 1, 2, 3, 4, 6, 8, 12, 24> sizes{};
    for (int row = 0; row < p.rows;) {
        const int left = p.rows - row, tiles = (left + R - 1) / R;
        for (int want = (left + tiles - 1) / tiles; !take_tile<halved, R, C>(p, row, want, sizes); want = (want + 1) / 2) {}
    }
}

template <bool halved, int registers> void product(const Product& p) {
#if LATHE_VECTORS == 4
    if (p.vectors == 4) return panel<halved, registers, 4>(p);
#endif
    if (p.vectors == 2) panel<halved, registers, 2>(p);
    else panel<halved, registers, 1>(p);
}

void pair_products(const Product& p) {
    for (int r = 0; r < p.rows; ++r) {
        std::uint32_t sum = 0;
        for (int segment = 0; segment < p.segments; ++segment) {
            const std::uint8_t* x = p.x + r * p.x_stride + segment * p.segment_stride;
            int u = 0;
#if LATHE_LANES == 8 && !defined(LATHE_DOT4)
            __m256i acc = _mm256_setzero_si256();
            for (; u + W <= p.units; u += W) {   // each product stands there twice
                const __m256i v = load_as<__m256i>(x + 4 * u);
                acc = _mm256_add_epi32(acc, _mm256_madd_epi16(v, _mm256_shuffle_epi32(v, 0xB1)));
            }
            const __m128i half = _mm_add_epi32(_mm256_castsi256_si128(acc), _mm256_extracti128_si256(acc, 1));
            sum += static_cast<std::uint32_t>(_mm_cvtsi128_si32(_mm_add_epi32(half, _mm_srli_si128(half, 8))));   // two lanes are left, each the whole of a half
#endif
            for (; u + 2 <= p.units; u += 2) {
                std::int16_t v[4];
                std::memcpy(v, x + 4 * u, sizeof v);
                sum += static_cast<std::uint32_t>(v[0] * v[2]) + static_cast<std::uint32_t>(v[1] * v[3]);
            }
        }
        p.products[r] = static_cast<std::int32_t>(sum);
    }
}

void finish(const std::int32_t* sums, int rows, int vectors, const Finish& given, std::int64_t first_pixel, int first_channel) {
    by_mode(given, [&]<Mode mode>(const Finish& f) {
        for (int c = 0; c < vectors; ++c) {
            const std::int64_t channel = first_channel + c * W;
            if (channel >= f.channels) return;
            const int n = lanes_left(f, channel);
            const I bias = load_as<I>(f.bias + channel);
            const V multiplier = load_as<V>(f.multiplier + channel);
            if (n == W)
                for (int r = 0; r < rows; ++r) finish_one<mode>(load_as<I>(sums + (r * vectors + c) * W), f, bias, multiplier, first_pixel + r, channel, W);
            else
                for (int r = 0; r < rows; ++r) finish_one<mode>(load_as<I>(sums + (r * vectors + c) * W), f, bias, multiplier, first_pixel + r, channel, n);
        }
    });
}

/// Rows of B^T of F(2, 3): 1 0 -1 0, 0 1 1 0, 0 -1 1 0, 0 1 0 -1.
LATHE_INLINE void spread_line(const S (&d)[4], S (&v)[4]) {
    v[0] = d[0] - d[2];
    v[1] = d[1] + d[2];
    v[2] = d[2] - d[1];
    v[3] = d[1] - d[3];
}

/// Of F(4, 3): 4 0 -5 0 1 0, 0 -4 -4 1 1 0, 0 4 -4 -1 1 0, 0 -2 -1 2 1 0, 0 2 -1 -2 1 0, 0 4 0 -5 0 1.
LATHE_INLINE void spread_line(const S (&d)[6], S (&v)[6]) {
    const S a = d[4] - (d[2] << 2), b = d[3] - (d[1] << 2), c = d[4] - d[2], e = (d[3] - d[1]) << 1;
    v[0] = (d[0] << 2) + a - d[2];
    v[1] = a + b;
    v[2] = a - b;
    v[3] = c + e;
    v[4] = c - e;
    v[5] = d[5] - d[3] - (e << 1);
}

template <int N> void spread_tile(const std::uint8_t* const* pixels, int channels, int zero, std::int16_t* to, std::int64_t plane) {
    const S zeros = static_cast<std::int16_t>((N == 4 ? 4 : 36) * zero) - S{};   // all rows of B^T but the second add up to 0
    for (int c = 0; c < channels; c += 2 * W) {
        S t[N][N];
        for (int x = 0; x < N; ++x) {
            S d[N], v[N];
            for (int y = 0; y < N; ++y) d[y] = __builtin_convertvector(load_as<B2>(pixels[N * y + x] + c), S);
            spread_line(d, v);
            for (int y = 0; y < N; ++y) t[y][x] = v[y];
        }
        for (int y = 0; y < N; ++y) {
            S v[N];
            spread_line(t[y], v);
            if (y == 1) v[1] -= zeros;
            for (int x = 0; x < N; ++x) std::memcpy(to + (N * y + x) * plane + c, &v[x], sizeof(S));
        }
    }
}

void spread(int tile, const std::uint8_t* const* pixels, int channels, int zero, std::int16_t* to, std::int64_t plane) {
    if (tile == 4) spread_tile<6>(pixels, channels, zero, to, plane);
    else spread_tile<4>(pixels, channels, zero, to, plane);
}

/// Rows of A^T of F(2, 3): 1 1 1 0, 0 1 -1 -1, twice the true ones by the scale of the kernel.
LATHE_INLINE void collect_line(const I (&m)[4], I (&y)[2]) {
    y[0] = m[0] + m[1] + m[2];
    y[1] = m[1] - m[2] - m[3];
}

/// Of F(4, 3), by the scales of the kernel 24, 12, 6 and 6 times the true ones.
LATHE_INLINE void collect_line(const I (&m)[6], I (&y)[4]) {
    const I p = m[1] + m[2], q = m[1] - m[2], r = m[3] + m[4], t = m[3] - m[4], half = m[0] + m[0] + m[0] + p + p, rest = t + m[5] + m[5] + m[5];
    y[0] = half + half + r;
    y[1] = q + q + t;
    y[2] = p + r;
    y[3] = q + rest + rest;
}

template <int N> LATHE_INLINE I descaled(I sum, int row, int column) {
    if constexpr (N == 4) return sum >> 2;
    constexpr int shift[4] = {3, 2, 1, 1};
    const I ninth = (I)((U)sum * 0x38e38e39u);   // exactly, modulo 2^32
    return ninth >> (shift[row] + shift[column]);
}

template <Mode mode, int N> LATHE_INLINE void collect_one(const std::int32_t* sums, std::int64_t plane, const Finish& f, std::int64_t pixel, int width, int rows, int columns, std::int64_t channel, int n) {
    constexpr int T = N - 2;
    const I bias = load_as<I>(f.bias + channel);
    const V multiplier = load_as<V>(f.multiplier + channel);
    I t[T][N];
    for (int x = 0; x < N; ++x) {
        I m[N], y[T];
        for (int k = 0; k < N; ++k) m[k] = load_as<I>(sums + (N * k + x) * plane);
        collect_line(m, y);
        for (int k = 0; k < T; ++k) t[k][x] = y[k];
    }
    for (int k = 0; k < T; ++k) {
        if (k >= rows) return;
        I y[T];
        collect_line(t[k], y);
        for (int x = 0; x < T; ++x)
            if (x < columns) finish_one<mode>(descaled<N>(y[x], k, x), f, bias, multiplier, pixel + std::int64_t{k} * width + x, channel, n);
    }
}

template <int N> void collect_tiles(const std::int32_t* sums, std::int64_t plane, int tiles, int first, int vectors, const Finish& given, int height, int width, int first_channel) {
    constexpr int T = N - 2;
    by_mode(given, [&]<Mode mode>(const Finish& f) {
        const int across = (width + T - 1) / T;
        for (int i = 0; i < tiles; ++i) {
            const int top = (first + i) / across * T, left = (first + i) % across * T;
            const std::int64_t pixel = std::int64_t{top} * width + left;
            for (int c = 0; c < vectors; ++c) {
                const std::int64_t channel = first_channel + c * W;
                if (channel >= f.channels) break;
                const int n = lanes_left(f, channel);
                const std::int32_t* from = sums + (std::int64_t{i} * vectors + c) * W;
                if (n == W && top + T <= height && left + T <= width) collect_one<mode, N>(from, plane, f, pixel, width, T, T, channel, W);
                else collect_one<mode, N>(from, plane, f, pixel, width, height - top, width - left, channel, n);
            }
        }
    });
}

void collect(int tile, const std::int32_t* sums, std::int64_t plane, int tiles, int first, int vectors, const Finish& f, int height, int width, int first_channel) {
    if (tile == 4) collect_tiles<6>(sums, plane, tiles, first, vectors, f, height, width, first_channel);
    else collect_tiles<4>(sums, plane, tiles, first, vectors, f, height, width, first_channel);
}

template <class F> LATHE_INLINE void each(std::int64_t count, F f) {
    std::int64_t i = 0;
    for (; i + W <= count; i += W) f(i, W);
    if (i < count) f(i, static_cast<int>(count - i));
}

void quantize(const float* x, std::uint8_t* y, std::int64_t count, float scale, std::int32_t zero, std::int32_t low, std::int32_t high) {
    each(count, [&](std::int64_t i, int n) {
        V v{};
        std::memcpy(&v, x + i, static_cast<std::size_t>(n) * 4);
        put_codes(y + i, divided(v, scale, 1 / scale, low - zero, high - zero), zero, low, high, n);
    });
}

void add(const std::uint8_t* a, const std::uint8_t* b, std::uint8_t* y, std::int64_t count, const SumOf& given) {
    const SumOf s = given;
    each(count, [&](std::int64_t i, int n) {
        V v = real(bytes_at(a + i, n) - s.a_zero) * splat(s.a_scale) + real(bytes_at(b + i, n) - s.b_zero) * splat(s.b_scale);
        if (s.relu) v = vmax(v, V{});
        put_codes(y + i, divided(v, s.scale, 1 / s.scale, s.low - s.zero, s.high - s.zero), s.zero, s.low, s.high, n);
    });
}

void largest(const std::uint8_t* x, std::uint8_t* y, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) y[i] = x[i] > y[i] ? x[i] : y[i];
}

void count_up(const std::uint8_t* x, std::int32_t* sums, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) sums[i] += x[i];
}

}

#define LATHE_TEXT_OF(x) #x
#define LATHE_TEXT(x) LATHE_TEXT_OF(x)
const Table& table() {
#if defined(LATHE_DOT4)
    constexpr int group = 4;
#else
    constexpr int group = 2;
#endif
#if defined(LATHE_HALVED)
    constexpr auto halved = product<true, LATHE_HALVED>;
#else
    constexpr void (*halved)(const Product&) = nullptr;
#endif
    static const Table made{LATHE_TEXT(LATHE_ISA), W, group, LATHE_VECTORS, LATHE_ROWS / LATHE_VECTORS, widen, pair_products, product<false, LATHE_ROWS>, halved,
        finish, spread, collect, quantize, add, largest, count_up};
    return made;
}

}
