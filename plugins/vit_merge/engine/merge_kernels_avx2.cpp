#pragma GCC optimize("O3", "fp-contract=fast")
// Kernels for processors with AVX2; elsewhere than on x86 the compiler's plain vectors.
#if defined(__x86_64__)
#pragma GCC target("avx2,fma,f16c")
#define LATHE_LANES 8
#else
#define LATHE_LANES 4
#endif
#define LATHE_ISA avx2
#include "plugins/vit_merge/engine/merge_kernels_body.h"
