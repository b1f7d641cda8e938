#pragma once
// Eigenvector centralities of hypergraphs (Benson 2019, as in XGI). No LibTorch. Any thread.
#include "plugins/hypergraph/engine/hyper_sets.h"
#include <string>

namespace lathe::hypergraph {

/// A centrality of each node, summing up to 1, 0 for nodes without hyperedges. Empty `values`: it was not looked for, `why_not` says why.
struct Centrality {
    std::vector<double> values;
    double eigenvalue = 0;
    std::string why_not;
};

/// The leading eigenvector of the clique motif matrix (how many hyperedges two nodes share).
Centrality clique_centrality(const HyperSets& sets, const Effort& effort);

/// λ x = T x^(r-1) for the adjacency tensor T of rank r, the size of the largest hyperedge; smaller ones count as Aksoy, Amburg and Young (2024) spread them.
Centrality z_centrality(const HyperSets& sets, const Effort& effort);
/// λ x^(r-1) = T x^(r-1), entry by entry.
Centrality h_centrality(const HyperSets& sets, const Effort& effort);

}
