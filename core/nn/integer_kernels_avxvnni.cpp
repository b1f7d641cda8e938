// Kernels on whole numbers for processors with AVX-VNNI.
#pragma GCC optimize("O3", "fp-contract=off")
#pragma GCC target("avx2,avxvnni")
#define LATHE_ISA avxvnni
#define LATHE_LANES 8
#define LATHE_ROWS 12
#define LATHE_VECTORS 2
#define LATHE_DOT4
#include "core/nn/integer_kernels_body.h"
