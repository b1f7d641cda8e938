#pragma once
// Virtual hyperedges from raw data: the three strategies of HyperAug (arXiv 2402.13033, section 3; Hybrid Graph Benchmark, preprocessing). No LibTorch. Any thread; `tick` is
// called often and may throw to stop.
#include "plugins/hypergraph/engine/hybrid_graph.h"
#include <functional>

namespace lathe::hypergraph {

using Tick = std::function<void(double done, double total)>;

/// Graph statistics: all maximal cliques with at least `smallest` members of the undirected simple graph (`neighbours` as of simple_neighbours), members ascending, in an order
/// that depends on the graph only. Throws Error(invalid_value) above `most` memberships.
Csr maximal_cliques(const Csr& neighbours, std::int64_t smallest, const Tick& tick, std::int64_t most = 400'000'000);

/// Several perspectives: nodes whose names stand in one row of a table (version suffix ".n" stripped where `strip_version`). Row number = hyperedge id, so rows without a node of
/// the graph stay as empty hyperedges.
Csr table_hyperedges(const std::vector<std::vector<std::string>>& rows, const std::vector<std::string>& node_names, bool strip_version);

/// Another perspective: nodes within a window of a number, e.g. genes within 200k base pairs: one hyperedge for every window [k * step, k * step + width) of each group (chromosome)
/// that holds a node, ordered by group, then by k. Nodes without a finite position are in none. `group` empty: one group. Throws Error(invalid_value) for a width or step that is
/// not positive, and where the windows are too many or a position lies beyond 2^53 steps.
Csr window_hyperedges(std::span<const double> position, std::span<const std::string> group, double width, double step);

/// Several modalities: around each node its k nearest in Euclidean distance (itself included), of which those strictly nearer than the `percentile` of all kept distances stay.
/// embedding [nodes, width]. Hyperedge id = centre. `threshold` receives the cut.
Csr nearest_hyperedges(const Features& embedding, std::int64_t k, double percentile, const Tick& tick, double* threshold = nullptr);

}
