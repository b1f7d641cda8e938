// Kernels on whole numbers for processors with AVX2: products in 16 bits, since sums of pairs of bytes would clip.
#pragma GCC optimize("O3", "fp-contract=off")
#pragma GCC target("avx2")
#define LATHE_ISA avx2
#define LATHE_LANES 8
#define LATHE_ROWS 12
#define LATHE_VECTORS 2
#define LATHE_HALVED 8
#include "core/nn/integer_kernels_body.h"
