// Kernels for processors with AVX512.
#pragma GCC optimize("O3", "fp-contract=fast")
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,fma,avx2,prefer-vector-width=512")
#define LATHE_ISA avx512
#define LATHE_LANES 16
#define LATHE_TILE_ROWS 6
#define LATHE_TILE_COLS 4
#include "core/nn/kernels_body.h"
