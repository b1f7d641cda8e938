#include "plugins/hypergraph/engine/augmentations.h"
#include "core/base/error.h"
#include "core/nn/random_stream.h"
#include "plugins/hypergraph/engine/samplers.h"
#include <algorithm>
#include <ATen/ATen.h>
#include <numeric>

namespace lathe::hypergraph {

Augmentation augmentation(const std::string& name) {
    for (const auto& [known, kind] : {std::pair{"none", Augmentation::none}, {"edge-drop", Augmentation::edge_drop}, {"node-drop", Augmentation::node_drop}, {"feature-mask", Augmentation::feature_mask}, {"mixup", Augmentation::mixup}})
        if (name == known) return kind;
    throw Error(ErrorCode::unknown_name, "There is no augmentation of this name.", name, "Known are none, edge-drop, node-drop, feature-mask and mixup.");
}

std::vector<std::int64_t> kept_by(std::span<const float> uniform, double p) {
    std::vector<std::int64_t> kept;
    for (std::size_t k = 0; k < uniform.size(); ++k)
        if (uniform[k] >= static_cast<float>(p)) kept.push_back(static_cast<std::int64_t>(k));
    return kept;
}

HybridGraph with_edges_dropped(const HybridGraph& graph, std::span<const float> uniform, double p) {
    HybridGraph out = graph;
    const ColumnPairs all = edge_columns(graph);
    ColumnPairs kept;
    std::vector<float> weights;
    for (const std::int64_t k : kept_by(uniform, p)) {
        kept.first.push_back(all.first[static_cast<std::size_t>(k)]);
        kept.second.push_back(all.second[static_cast<std::size_t>(k)]);
        if (!graph.edge_weights.empty()) weights.push_back(graph.edge_weights[static_cast<std::size_t>(k)]);
    }
    set_edges(out, kept.first, kept.second, weights);
    return out;
}

HybridGraph with_nodes_dropped(const HybridGraph& graph, std::span<const float> uniform, double p, std::vector<std::int32_t>* nodes) {
    std::vector<std::int32_t> kept;
    for (const std::int64_t node : kept_by(uniform, p)) kept.push_back(static_cast<std::int32_t>(node));
    const Restricted part = restricted(graph.nodes, edge_columns(graph), membership_columns(graph), kept);
    if (nodes) *nodes = part.nodes;
    return subgraph(graph, part.nodes, part.edges, part.memberships, static_cast<std::int64_t>(part.hyperedge.size()));
}

HybridGraph with_features_masked(const HybridGraph& graph, std::span<const float> uniform, double p) {
    HybridGraph out = graph;
    Features& x = out.features;
    const auto is_masked = [&](std::int64_t column) { return uniform[static_cast<std::size_t>(column)] < static_cast<float>(p); };
    if (x.is_dense()) {
        for (std::size_t k = 0; k < x.dense.size(); ++k)
            if (is_masked(static_cast<std::int64_t>(k) % x.columns)) x.dense[k] = 0;
        return out;
    }
    Features kept{x.rows, x.columns, {}, {}, {}};
    for (std::int64_t r = 0; r < x.pattern.rows(); ++r) {
        for (std::int64_t k = x.pattern.offsets[static_cast<std::size_t>(r)]; k < x.pattern.offsets[static_cast<std::size_t>(r) + 1]; ++k) {
            if (is_masked(x.pattern.items[static_cast<std::size_t>(k)])) continue;
            kept.pattern.items.push_back(x.pattern.items[static_cast<std::size_t>(k)]);
            if (!x.values.empty()) kept.values.push_back(x.values[static_cast<std::size_t>(k)]);
        }
        kept.pattern.offsets.push_back(kept.pattern.size());
    }
    x = std::move(kept);
    return out;
}

HybridGraph with_mixup(const HybridGraph& graph, std::span<const std::int64_t> order, double lambda) {
    HybridGraph out = graph;
    const std::vector<float> from = dense_values(graph.features);
    const std::int64_t columns = graph.features.columns;
    out.features = {graph.features.rows, columns, {}, {}, from};
    const auto own = static_cast<float>(lambda), other = static_cast<float>(1 - lambda);
    for (std::int64_t r = 0; r < graph.features.rows; ++r)
        for (std::int64_t c = 0; c < columns; ++c) out.features.dense[static_cast<std::size_t>(r * columns + c)] = own * from[static_cast<std::size_t>(r * columns + c)] + other * from[static_cast<std::size_t>(order[static_cast<std::size_t>(r)] * columns + c)];
    if (lambda < 0.5 && !graph.labels.empty())   // the larger part of the mixed one-hot names the class
        for (std::size_t r = 0; r < out.labels.size(); ++r) out.labels[r] = graph.labels[static_cast<std::size_t>(order[r])];
    return out;
}

HybridGraph augmented(const HybridGraph& graph, Augmentation kind, std::uint64_t seed, std::vector<std::int32_t>& nodes) {
    constexpr std::uint64_t kPurpose = 0xa06;
    nodes.resize(static_cast<std::size_t>(graph.nodes));
    std::iota(nodes.begin(), nodes.end(), 0);
    at::Generator draws = random_stream(seed, kPurpose, 0);
    const auto uniform = [&](std::int64_t count) {
        const at::Tensor drawn = at::rand({count}, draws, at::TensorOptions(at::kFloat));
        return std::vector<float>(drawn.const_data_ptr<float>(), drawn.const_data_ptr<float>() + count);
    };
    switch (kind) {
    case Augmentation::edge_drop: return with_edges_dropped(graph, uniform(graph.out.size()), 0.05);
    case Augmentation::node_drop: return with_nodes_dropped(graph, uniform(graph.nodes), 0.05, &nodes);
    case Augmentation::feature_mask: return with_features_masked(graph, uniform(graph.features.columns), 0.15);
    case Augmentation::mixup: {
        const at::Tensor order = at::randperm(graph.nodes, draws, at::TensorOptions(at::kLong));
        return with_mixup(graph, {order.const_data_ptr<std::int64_t>(), static_cast<std::size_t>(graph.nodes)}, 0.9);
    }
    default: return graph;
    }
}

}
