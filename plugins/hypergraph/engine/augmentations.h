#pragma once
// The baselines that HyperAug is compared with, as TopoAug has them (arXiv 2402.13033): applied once before training to the whole graph.
#include "plugins/hypergraph/engine/hybrid_graph.h"
#include <cstdint>

namespace lathe::hypergraph {

enum class Augmentation { none, edge_drop, node_drop, feature_mask, mixup };
Augmentation augmentation(const std::string& name);   ///< "none", "edge-drop", …; throws Error(unknown_name)

/// Columns (or nodes) whose number is at least p stay.
std::vector<std::int64_t> kept_by(std::span<const float> uniform, double p);
/// EdgeDrop: each directed column by itself.
HybridGraph with_edges_dropped(const HybridGraph& graph, std::span<const float> uniform, double p);
/// NodeDrop. `nodes` receives the old numbers of the nodes that stay.
HybridGraph with_nodes_dropped(const HybridGraph& graph, std::span<const float> uniform, double p, std::vector<std::int32_t>* nodes = nullptr);
/// Whole columns of the features become 0 where uniform < p.
HybridGraph with_features_masked(const HybridGraph& graph, std::span<const float> uniform, double p);
/// x = lambda x + (1 - lambda) x[order]; with lambda above a half each node keeps its own label. Features become dense.
HybridGraph with_mixup(const HybridGraph& graph, std::span<const std::int64_t> order, double lambda);

/// By name with the reference's strengths (0.05, 0.05, 0.15, 0.9). `nodes` receives the old numbers of the nodes that stay.
HybridGraph augmented(const HybridGraph& graph, Augmentation kind, std::uint64_t seed, std::vector<std::int32_t>& nodes);

}
