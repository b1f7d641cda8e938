#pragma GCC optimize("O3", "fp-contract=fast")
// Kernels for processors with AVX512; elsewhere than on x86 the compiler's plain vectors.
#if defined(__x86_64__)
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,fma,avx2,f16c,prefer-vector-width=512")
#define LATHE_LANES 16
#else
#define LATHE_LANES 4
#endif
#define LATHE_ISA avx512
#include "plugins/vit_merge/engine/merge_kernels_body.h"
