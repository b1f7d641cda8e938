#pragma once
// Measures of the simple edges: degrees, triangles, components, assortativity, and how far hyperedges repeat them (J-HOS). No LibTorch. Any thread.
#include "plugins/hypergraph/engine/hyper_sets.h"

namespace lathe::hypergraph {

/// Rows of a Csr by length: [longest + 1].
std::vector<std::int64_t> length_histogram(const Csr& rows);

/// Triangles that each node is a corner of. `neighbours`: both directions, sorted, without loops and duplicates.
std::vector<std::int64_t> triangles(const Csr& neighbours, const Tick& tick = {});

/// 2 t / (d (d - 1)); 0 below two neighbours.
std::vector<double> local_clustering(const Csr& neighbours, std::span<const std::int64_t> triangles);

/// Component of each row, numbered by the smallest member.
std::vector<std::int32_t> components(const Csr& neighbours);
/// The same by hyperedges: nodes of one hyperedge hang together; a node without hyperedges is a component of its own.
std::vector<std::int32_t> hyper_components(const HyperSets& sets);

/// Pearson's correlation of the degrees at both ends of an edge; NaN where degrees do not vary.
double degree_assortativity(const Csr& neighbours);
/// The same of the hyperdegrees of all pairs of members of a hyperedge (XGI: uniform).
double hyperdegree_assortativity(const HyperSets& sets);

/// J-HOS of each hyperedge (Hybrid Graph Benchmark, test_data.py): Jaccard index of its members and of those of them that simple edges touch together with their partners. NaN for empty ones.
Measure jaccard_with_edges(const HybridGraph& graph, const HyperSets& sets, const Csr& neighbours, const Effort& effort);

}
