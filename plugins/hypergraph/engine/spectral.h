#pragma once
// Nodes placed by eigenvectors of the graph's normalised Laplacian, and groups found in that space. No LibTorch. Any thread.
#include "plugins/hypergraph/engine/eigenvectors.h"
#include "plugins/hypergraph/engine/layout_graph.h"

namespace lathe::hypergraph {

/// The `count` eigenvectors of smallest eigenvalue of I - D^-1/2 A D^-1/2, without the trivial first one, [points, count]. A weak tie of every point to all (Amini et al. 2013) keeps parts that
/// hang together nowhere from collapsing.
Eigenvectors laplacian_eigenvectors(const LayoutGraph& graph, std::int64_t count, std::uint64_t seed, const Tick& tick = {});

/// Two of them, divided by the root of the degree (Koren 2005).
Positions spectral_layout(const LayoutGraph& graph, std::uint64_t seed, const Tick& tick = {});

/// Lloyd's k-means from k-means++ starts: the cluster of each row. Numbered by their first row; fewer than k where rows coincide.
std::vector<std::int32_t> k_means(const Block& rows, std::int64_t k, std::uint64_t seed, const Tick& tick = {});

}
