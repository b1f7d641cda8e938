#pragma once
// Which nodes are for training, validation and test. Any thread.
#include "plugins/hypergraph/engine/hybrid_graph.h"

namespace lathe::hypergraph {

/// HGB's mask_split: numpy's legacy generator with `seed` shuffles the nodes once; the first ceil(train N) are for training, validation goes up to ceil((train + (1 - train) / 2) N).
/// The same in every run of the benchmark (seed 1, train 0.6).
std::vector<Part> hgb_split(std::int64_t nodes, std::uint32_t seed = 1, double train = 0.6);

/// HGB's random_node_split: floor(train N), floor(validation N), the rest for test; `order` is a permutation of the nodes.
std::vector<Part> counted_split(std::span<const std::int64_t> order, double train, double validation);

/// TopoAug's: floor(train N) and floor(validation N) of a permutation of the nodes with a label; nodes without one belong to no part.
std::vector<Part> labelled_split(const HybridGraph& graph, std::uint64_t seed, double train, double validation);

/// What is left of the hyperedges inside one part.
enum class HyperedgePolicy { joint, strict };   ///< joint: memberships of its nodes; strict: hyperedges whose members are all in it
/// Hyperedge numbers stay; those that lose everything become empty.
Csr hyperedges_of_part(const Csr& members, const std::vector<Part>& part, Part wanted, HyperedgePolicy policy);

}
