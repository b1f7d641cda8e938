// Kernels for processors without AVX2.
#pragma GCC optimize("O3", "fp-contract=fast")
#define LATHE_ISA base
#define LATHE_LANES 4
#define LATHE_TILE_ROWS 4
#define LATHE_TILE_COLS 2
#include "core/nn/kernels_body.h"
