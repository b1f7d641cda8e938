#pragma once
// Centralities from shortest paths in an unweighted graph, as HyperNetX takes them on s-line graphs. No LibTorch. Any thread.
#include "plugins/hypergraph/engine/hyper_sets.h"

namespace lathe::hypergraph {

struct PathCentralities {
    Measure betweenness;    ///< share of the shortest paths between all other pairs that pass: divided by (k - 1) (k - 2), k the points that count
    Measure closeness;      ///< reached points / sum of their distances, within the component; 0 alone
};
/// Brandes's algorithm (2001) from every point that counts; above the effort from some of them (Brandes, Pich 2007). NaN where a point does not count.
PathCentralities path_centralities(const Csr& neighbours, const std::vector<bool>& counts, const Effort& effort);

}
