#include "plugins/hypergraph/engine/hybrid_graph.h"
#include "core/base/error.h"
#include <algorithm>
#include <cmath>

namespace lathe::hypergraph {
namespace {

void check_ids(std::span<const std::int32_t> ids, std::int64_t nodes, const char* what) {
    for (std::size_t k = 0; k < ids.size(); ++k)
        if (ids[k] < 0 || ids[k] >= nodes)
            throw Error(ErrorCode::invalid_value, std::string(what) + " names a node that does not exist.", "place " + std::to_string(k) + ": node " + std::to_string(ids[k]) + " of " + std::to_string(nodes),
                "Ids run from 0 to the number of nodes less 1.");
}

}

void add_rows(const Csr& pattern, const float* values, std::int64_t columns, float* out) {
    for (std::int64_t row = 0; row < pattern.rows(); ++row)
        for (std::int64_t k = pattern.offsets[static_cast<std::size_t>(row)]; k < pattern.offsets[static_cast<std::size_t>(row) + 1]; ++k)
            out[row * columns + pattern.items[static_cast<std::size_t>(k)]] += values ? values[k] : 1.0f;
}

std::vector<float> dense_values(const Features& features) {
    if (features.is_dense()) return features.dense;
    std::vector<float> dense(static_cast<std::size_t>(features.rows * features.columns), 0);
    add_rows(features.pattern, features.values.empty() ? nullptr : features.values.data(), features.columns, dense.data());
    return dense;
}

Features picked_rows(const Features& all, std::span<const std::int32_t> rows) {
    Features own{static_cast<std::int64_t>(rows.size()), all.columns, {}, {}, {}};
    for (const std::int32_t row : rows) {
        if (all.is_dense()) own.dense.insert(own.dense.end(), all.dense.begin() + row * all.columns, all.dense.begin() + (row + std::int64_t{1}) * all.columns);
        else if (!all.empty()) {
            const auto items = all.pattern[row];
            own.pattern.items.insert(own.pattern.items.end(), items.begin(), items.end());
            own.pattern.offsets.push_back(own.pattern.size());
            if (all.values.empty()) continue;
            const auto values = all.values.begin() + all.pattern.offsets[static_cast<std::size_t>(row)];
            own.values.insert(own.values.end(), values, values + all.pattern.length(row));
        }
    }
    return own;
}

void require_finite(const Features& features, const std::string& consequence) {
    const std::vector<float>& values = features.is_dense() ? features.dense : features.values;
    const auto bad = std::ranges::find_if(values, [](float v) { return !std::isfinite(v); });
    if (bad == values.end()) return;
    const std::int64_t place = bad - values.begin();
    const std::int64_t row = features.is_dense() ? place / features.columns : std::ranges::upper_bound(features.pattern.offsets, place) - features.pattern.offsets.begin() - 1;
    throw Error(ErrorCode::invalid_value, "A feature is not a finite number, so " + consequence + ".", "node " + std::to_string(row) + ", value " + std::to_string(*bad), "Mend the features or choose others.");
}

void set_edges(HybridGraph& graph, std::span<const std::int32_t> source, std::span<const std::int32_t> target, std::span<const float> weights) {
    check_ids(source, graph.nodes, "An edge");
    check_ids(target, graph.nodes, "An edge");
    std::vector<std::int64_t> order;
    graph.out = rows_of(source, target, graph.nodes, &order);
    graph.in = transposed(graph.out, graph.nodes, &graph.in_place);
    graph.edge_weights.clear();
    if (weights.empty()) return;
    graph.edge_weights.resize(order.size());
    for (std::size_t k = 0; k < order.size(); ++k) graph.edge_weights[k] = weights[static_cast<std::size_t>(order[k])];
}

void set_hyperedges(HybridGraph& graph, Csr members) {
    check_ids(members.items, graph.nodes, "A hyperedge");
    graph.members = std::move(members);
    graph.hyperedges = transposed(graph.members, graph.nodes, &graph.member_place);
    graph.hyperedge_weights.clear();
    graph.direction.clear();
    graph.hyperedge_features = {};
    graph.hyperedge_names = {};
}

Csr simple_neighbours(const HybridGraph& graph) {
    Csr neighbours;
    neighbours.offsets.reserve(static_cast<std::size_t>(graph.nodes) + 1);
    std::vector<std::int32_t> row;
    for (std::int64_t node = 0; node < graph.nodes; ++node) {
        const auto out = graph.out[node], in = graph.in[node];
        row.assign(out.begin(), out.end());
        row.insert(row.end(), in.begin(), in.end());
        std::ranges::sort(row);
        row.erase(std::unique(row.begin(), row.end()), row.end());
        std::erase(row, static_cast<std::int32_t>(node));
        neighbours.items.insert(neighbours.items.end(), row.begin(), row.end());
        neighbours.offsets.push_back(neighbours.size());
    }
    return neighbours;
}

}
