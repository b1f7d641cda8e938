// Kernels for processors with AVX2.
#pragma GCC optimize("O3", "fp-contract=fast")
#pragma GCC target("avx2,fma")
#define LATHE_ISA avx2
#define LATHE_LANES 8
#define LATHE_TILE_ROWS 4
#define LATHE_TILE_COLS 3
#include "core/nn/kernels_body.h"
