#pragma once
// Which hyperedges of a graph are looked at: ablations and controls that answer whether hyperedges help. No LibTorch. Any thread.
#include "plugins/hypergraph/engine/construction.h"
#include "plugins/hypergraph/engine/hybrid_graph.h"

namespace lathe::hypergraph {

/// Keeps the hyperedges with keep[h] != 0, with what hangs on them; ids close up.
void keep_hyperedges(HybridGraph& graph, std::span<const char> keep);

/// Those with `smallest` to `largest` members (0: no limit). How many went.
std::int64_t keep_sizes(HybridGraph& graph, std::int64_t smallest, std::int64_t largest);

/// Random control: each hyperedge gets as many members as it had, drawn from all nodes, no node twice.
Csr random_members(const HybridGraph& graph, std::uint64_t seed, const Tick& tick);

/// Random control that keeps the sizes and also in how many hyperedges each node is: members of two random hyperedges are exchanged, `rounds` times the number of memberships
/// (Chodrow 2020, arXiv 1902.09302, the pairwise reshuffle one pair at a time).
Csr swapped_members(const HybridGraph& graph, std::uint64_t seed, const Tick& tick, int rounds = 5);

/// Every subset of two and more members of a hyperedge becomes a hyperedge, once; those that are there come first. Throws Error(unsupported) above `most` hyperedges.
Csr all_faces(const Csr& members, std::int64_t most = 20'000'000);

}
