// Bodies of the kernels of merge_kernels.h, included once for each instruction set with LATHE_ISA (name space) and LATHE_LANES (floats in a register). No include guard on purpose.
// Only GCC's vector types are used, so one text serves all instruction sets.
#include "plugins/vit_merge/engine/merge_kernels.h"
#include <cstring>
#if defined(__SSE2__)
#include <immintrin.h>
#endif
#pragma GCC diagnostic ignored "-Wpsabi"   // vectors never cross a function that is not inlined

namespace lathe::vit_merge::kernel::LATHE_ISA {
namespace {

constexpr int W = LATHE_LANES, kRegisters = 4;                     // of a step
typedef float V __attribute__((vector_size(W * 4)));
typedef std::uint32_t U __attribute__((vector_size(W * 4)));
typedef std::uint16_t H __attribute__((vector_size(W * 2)));
typedef _Float16 F __attribute__((vector_size(W * 2)));
#define LATHE_INLINE inline __attribute__((always_inline))

template <WeightType type> constexpr int kBytes = type == WeightType::f32 ? 4 : 2;

template <WeightType type> LATHE_INLINE V load(const char* p) {
    if constexpr (type == WeightType::f32) {
        V v;
        std::memcpy(&v, p, sizeof v);
        return v;
    } else if constexpr (type == WeightType::bf16) {
        H h;
        std::memcpy(&h, p, sizeof h);
        return (V)(__builtin_convertvector(h, U) << 16);
    } else {
#if defined(__F16C__) && LATHE_LANES == 8
        return (V)_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
#elif LATHE_LANES == 16
        return (V)_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
#else
        F f;
        std::memcpy(&f, p, sizeof f);
        return __builtin_convertvector(f, V);
#endif
    }
}

template <WeightType type> LATHE_INLINE float load_one(const char* p) {
    if constexpr (type == WeightType::f32) {
        float v;
        std::memcpy(&v, p, sizeof v);
        return v;
    } else if constexpr (type == WeightType::bf16) {
        std::uint16_t h;
        std::memcpy(&h, p, sizeof h);
        const std::uint32_t bits = static_cast<std::uint32_t>(h) << 16;
        float v;
        std::memcpy(&v, &bits, sizeof v);
        return v;
    } else {
        _Float16 f;
        std::memcpy(&f, p, sizeof f);
        return static_cast<float>(f);
    }
}

template <WeightType type> LATHE_INLINE void add_step(const WeightSource& source, std::int64_t at, V (&sum)[kRegisters]) {
    const char* p = static_cast<const char*>(source.data) + at * kBytes<type>;
#if defined(__SSE2__)
    for (int line = 0; line < kRegisters * W * kBytes<type>; line += 64) __builtin_prefetch(p + 1024 + line, 0, 3);   // many streams at once: the processor's own prefetcher stops at every page
#endif
    for (int r = 0; r < kRegisters; ++r) sum[r] += source.weight * load<type>(p + r * W * kBytes<type>);
}

LATHE_INLINE void add_any(const WeightSource& source, std::int64_t at, V (&sum)[kRegisters]) {
    if (source.type == WeightType::f32) add_step<WeightType::f32>(source, at, sum);
    else if (source.type == WeightType::bf16) add_step<WeightType::bf16>(source, at, sum);
    else add_step<WeightType::f16>(source, at, sum);
}

LATHE_INLINE void stream(float* p, V v) {
#if LATHE_LANES == 16
    _mm512_stream_ps(p, (__m512)v);
#elif LATHE_LANES == 8
    _mm256_stream_ps(p, (__m256)v);
#elif defined(__SSE2__)
    _mm_stream_ps(p, (__m128)v);
#else
    std::memcpy(p, &v, sizeof v);
#endif
}

LATHE_INLINE float one(const WeightSource& source, std::int64_t at) {
    const char* data = static_cast<const char*>(source.data);
    if (source.type == WeightType::f32) return load_one<WeightType::f32>(data + at * 4);
    return source.type == WeightType::bf16 ? load_one<WeightType::bf16>(data + at * 2) : load_one<WeightType::f16>(data + at * 2);
}

void weighted_sum(const WeightSource* sources, int count, float* out, std::int64_t elements, bool past_cache) {
    std::int64_t at = 0;
    const auto slow = [&](std::int64_t end) {
        for (; at < end; ++at) {
            float sum = 0;
            for (int i = 0; i < count; ++i) sum += sources[i].weight * one(sources[i], at);
            out[at] = sum;
        }
    };
    const auto fast = [&](auto put) {
        for (; at + kRegisters * W <= elements; at += kRegisters * W) {
            V sum[kRegisters]{};
            for (int i = 0; i < count; ++i) add_any(sources[i], at, sum);
            for (int r = 0; r < kRegisters; ++r) put(out + at + r * W, sum[r]);
        }
    };
    if (past_cache) {
        const std::int64_t to_line = static_cast<std::int64_t>((64 - reinterpret_cast<std::uintptr_t>(out) % 64) % 64 / sizeof(float));
        slow(to_line < elements ? to_line : elements);
        fast([](float* p, V v) { stream(p, v); });
#if defined(__SSE2__)
        _mm_sfence();
#endif
    } else {
        fast([](float* p, V v) { std::memcpy(p, &v, sizeof v); });
    }
    slow(elements);
}

LATHE_INLINE double lanes_of(V v) {
    double sum = 0;
    for (int i = 0; i < W; ++i) sum += static_cast<double>(v[i]);
    return sum;
}

void pair_sums(const float* a, const float* b, std::int64_t elements, PairSums& sums) {
    const U magnitude = U{} + 0x7fffffffu;
    std::int64_t at = 0;
    while (at + W <= elements) {
        V dot{}, absolute{}, square{};
        const std::int64_t end = elements - at < 32 * W ? elements : at + 32 * W;
        for (; at + W <= end; at += W) {
            V x, y;
            std::memcpy(&x, a + at, sizeof x);
            std::memcpy(&y, b + at, sizeof y);
            const V d = x - y;
            dot += x * y;
            absolute += (V)((U)d & magnitude);
            square += d * d;
        }
        sums.dot += lanes_of(dot);
        sums.absolute += lanes_of(absolute);
        sums.square += lanes_of(square);
    }
    for (; at < elements; ++at) {
        const double x = a[at], y = b[at], d = x - y;
        sums.dot += x * y;
        sums.absolute += d < 0 ? -d : d;
        sums.square += d * d;
    }
}

}

#define LATHE_TEXT_OF(x) #x
#define LATHE_TEXT(x) LATHE_TEXT_OF(x)
const Table& table() {
    static const Table made{LATHE_TEXT(LATHE_ISA), weighted_sum, pair_sums};
    return made;
}

}
