// Kernels on whole numbers for processors with AVX512-VNNI.
#pragma GCC optimize("O3", "fp-contract=off")
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,prefer-vector-width=512")
#define LATHE_ISA avx512vnni
#define LATHE_LANES 16
#define LATHE_ROWS 24
#define LATHE_VECTORS 4
#define LATHE_DOT4
#include "core/nn/integer_kernels_body.h"
