#pragma once
// Parts of a hybrid graph for training in batches: GraphSAINT (Zeng et al., arXiv 1907.04931) as HGB has it, ShaDow (Zeng et al., arXiv 2201.07858), and HGB's random nodes
// and hyperedges. All draw from the simple graph (or the hyperedges) and then restrict the hyperedges.
#include "plugins/hypergraph/engine/hybrid_graph.h"
#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <functional>
#include <memory>

namespace lathe::hypergraph {

enum class SamplerKind { none, saint_node, saint_edge, saint_walk, shadow, random_node, random_hyperedge };
SamplerKind sampler_kind(const std::string& name);   ///< "none", "saint-node", …; throws Error(unknown_name)

struct SamplerOptions {
    SamplerKind kind = SamplerKind::none;
    std::int64_t batch = 6000;          ///< edges (saint_node, saint_edge), start nodes (saint_walk), roots (shadow), nodes (random_*)
    int walk_length = 2;
    int depth = 2, neighbours = 10;     ///< shadow
};

/// Columns of edge_index and of hyperedge_index.
struct ColumnPairs { std::vector<std::int32_t> first, second; };
ColumnPairs edge_columns(const HybridGraph& graph);          ///< source, target, in the order of `out`
ColumnPairs membership_columns(const HybridGraph& graph);    ///< node, hyperedge

/// What is left of the graph among `nodes`, everything renumbered by ascending old number.
struct Restricted {
    std::vector<std::int32_t> nodes;                     ///< ascending, each once
    std::vector<std::int64_t> edge;                      ///< which columns of edge_index stay
    ColumnPairs edges, memberships;
    std::vector<std::int32_t> hyperedge;                 ///< old numbers of the hyperedges that stay
};
Restricted restricted(std::int64_t node_count, const ColumnPairs& edges, const ColumnPairs& memberships, std::vector<std::int32_t> nodes);

/// HGB's edge sampler: weights colcount[source] + rowcount[target].
std::vector<float> saint_edge_weights(std::int64_t node_count, const ColumnPairs& edges);
/// The `count` columns with the largest log(u) / (weight + 1e-10), largest first.
std::vector<std::int64_t> saint_edges(std::span<const float> uniform, std::span<const float> weights, std::int64_t count);

/// How often nodes and edges are met, and the weights that undo it.
struct SaintNorm { at::Tensor node_count, edge_count, node_norm, edge_norm; std::int64_t samples = 0; };
/// Takes `steps` samples at a time from `next` until the nodes in them add up to coverage * node_count.
SaintNorm saint_norm(std::int64_t node_count, const ColumnPairs& edges, std::int64_t steps, std::int64_t coverage, const std::function<std::vector<std::int32_t>()>& next);

/// A batch: a graph of its own, and which of its nodes count in the loss.
struct GraphBatch {
    HybridGraph graph;
    std::vector<std::int32_t> nodes;     ///< old numbers
    std::vector<std::int32_t> roots;     ///< new numbers of the nodes that are learnt from; empty: all
};

class GraphSampler {
public:
    /// Throws Error(invalid_value) where the graph lacks what is sampled.
    GraphSampler(std::shared_ptr<const HybridGraph> graph, SamplerOptions options, std::vector<std::int32_t> roots);
    /// What `draws` gives.
    GraphBatch operator()(at::Generator draws) const;
    std::vector<std::int32_t> sampled_nodes(at::Generator draws) const;   ///< not for shadow
private:
    GraphBatch shadow(at::Generator& draws) const;
    std::shared_ptr<const HybridGraph> m_graph;
    SamplerOptions m_options;
    std::vector<std::int32_t> m_roots;
    ColumnPairs m_edges, m_memberships;
    std::vector<float> m_edge_weights;
};

/// Rows of labels, targets and features that belong to `nodes`, and the edges and hyperedges given.
HybridGraph subgraph(const HybridGraph& graph, std::span<const std::int32_t> nodes, const ColumnPairs& edges, const ColumnPairs& memberships, std::int64_t hyperedges);

}
