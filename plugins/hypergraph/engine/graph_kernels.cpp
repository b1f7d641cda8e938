#include "plugins/hypergraph/engine/graph_kernels.h"

namespace lathe::hypergraph::kernel {

const Table& table() {
    static const Table& best = []() -> const Table& {
#if defined(__x86_64__)
        __builtin_cpu_init();
        if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2::table();
#endif
        return base::table();
    }();
    return best;
}

}
