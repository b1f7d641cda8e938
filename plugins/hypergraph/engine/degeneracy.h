#pragma once
// The order in which nodes of least remaining degree are taken away (Matula, Beck 1983). No LibTorch.
#include "plugins/hypergraph/engine/csr.h"

namespace lathe::hypergraph {

struct DegeneracyOrder {
    std::vector<std::int32_t> node;    ///< by rank
    std::vector<std::int32_t> rank;    ///< by node
    std::vector<std::int32_t> core;    ///< core number of each node
    std::int32_t degeneracy = 0;       ///< most later neighbours that a node has
};
/// `neighbours`: both directions, without loops and duplicates. Linear time.
DegeneracyOrder degeneracy_order(const Csr& neighbours);

}
