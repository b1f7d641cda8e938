#pragma once
// Clustering of hypergraphs, as XGI defines it. No LibTorch. Any thread.
#include "plugins/hypergraph/engine/hyper_sets.h"

namespace lathe::hypergraph {

struct HyperClustering {
    Measure clustering;                          ///< share of pairs of neighbours that are neighbours (clustering_coefficient)
    Measure extra_overlap;                       ///< local_clustering_coefficient: how far hyperedges of a node are joined outside it
    Measure two_node_union, two_node_min, two_node_max;   ///< two_node_clustering_coefficient, mean over the neighbours
};
/// Nodes are neighbours when they share a hyperedge. Above the effort nodes, and within them pairs, are sampled.
HyperClustering hyper_clustering(const HyperSets& sets, const Effort& effort);

/// Entry (u, v) of XGI's clique motif matrix: hyperedges that hold both.
std::int64_t shared_hyperedges(const HyperSets& sets, std::int32_t u, std::int32_t v);

}
