#pragma GCC optimize("O3", "fp-contract=fast")
// Kernels for processors without AVX2.
#define LATHE_ISA base
#include "plugins/hypergraph/engine/graph_kernels_body.h"
