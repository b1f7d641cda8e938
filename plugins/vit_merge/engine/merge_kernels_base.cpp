#pragma GCC optimize("O3", "fp-contract=fast")
// Kernels for every processor.
#define LATHE_ISA base
#define LATHE_LANES 4
#include "plugins/vit_merge/engine/merge_kernels_body.h"

namespace lathe::vit_merge::kernel {

const Table& table() {
#if defined(__x86_64__)
    static const Table& best = []() -> const Table& {
        __builtin_cpu_init();
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) return avx512::table();
        if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c")) return avx2::table();
        return base::table();
    }();
    return best;
#else
    return base::table();
#endif
}

}
