#include "core/nn/integer_kernels.h"

namespace lathe::integer {

std::vector<const Table*> tables() {
    std::vector<const Table*> all;
#if defined(__x86_64__)
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2");
    const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    if (avx512 && __builtin_cpu_supports("avx512vnni")) all.push_back(&avx512vnni::table());
    if (avx2 && __builtin_cpu_supports("avxvnni")) all.push_back(&avxvnni::table());
    if (avx512) all.push_back(&avx512::table());
    if (avx2) all.push_back(&avx2::table());
#endif
    all.push_back(&base::table());
    return all;
}

const Table& table() {
    static const Table& best = *tables().front();
    return best;
}

}
