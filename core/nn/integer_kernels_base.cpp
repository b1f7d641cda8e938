// Kernels on whole numbers for processors without AVX2.
#pragma GCC optimize("O3", "fp-contract=off")
#define LATHE_ISA base
#define LATHE_LANES 4
#define LATHE_ROWS 12
#define LATHE_VECTORS 2
#include "core/nn/integer_kernels_body.h"
