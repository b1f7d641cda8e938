#pragma once
// Sums over weights of several models, compiled once for each instruction set (merge_kernels_avx2.cpp, …). Raw pointers, one thread: weight_stream.cpp splits the work. Not used elsewhere.
#include <cstdint>

namespace lathe::vit_merge::kernel {

enum class WeightType { f32, f16, bf16 };

struct WeightSource { const void* data; WeightType type; float weight; };

struct PairSums { double dot = 0, absolute = 0, square = 0; };   ///< sum a b, |a - b|, (a - b)^2

struct Table {
    const char* isa;
    /// out = sum of weight * data over `count` sources (1 or more); past_cache: out is written around the cache.
    void (*weighted_sum)(const WeightSource* sources, int count, float* out, std::int64_t elements, bool past_cache);
    /// Added to `sums`; short sums in float, then double.
    void (*pair_sums)(const float* a, const float* b, std::int64_t elements, PairSums& sums);
};

namespace avx512 { const Table& table(); }
namespace avx2 { const Table& table(); }
namespace base { const Table& table(); }
const Table& table();                    ///< the best one this processor runs

}
