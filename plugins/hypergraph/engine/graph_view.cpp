#include "plugins/hypergraph/engine/graph_view.h"
#include "core/base/error.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <numeric>

namespace lathe::hypergraph {
namespace {

at::Tensor copied(const std::vector<float>& values, at::IntArrayRef shape) { return at::from_blob(const_cast<float*>(values.data()), shape, at::kFloat).clone(); }

}

at::Tensor NodeMatrix::to_dense() const {
    if (dense.defined()) return dense;
    const at::Tensor full = at::zeros({rows(), columns()}, at::kFloat);
    const at::Tensor weights = values.defined() ? values.contiguous() : values;
    float* out = static_cast<float*>(full.mutable_data_ptr());
    for (std::int64_t r = 0; r < rows(); ++r)
        for (std::int64_t k = pattern->rows.offsets[static_cast<std::size_t>(r)]; k < pattern->rows.offsets[static_cast<std::size_t>(r) + 1]; ++k)
            out[r * columns() + pattern->rows.items[static_cast<std::size_t>(k)]] += weights.defined() ? weights.const_data_ptr<float>()[k] : 1.0f;
    return full;
}

GraphView::GraphView(std::int64_t nodes, Pattern edges, Pattern members) : m_nodes(nodes), m_edges(std::move(edges)), m_members(std::move(members)) {
    if (!m_edges) m_edges = make_pattern({std::vector<std::int64_t>(static_cast<std::size_t>(nodes) + 1, 0), {}}, nodes);
}

const Pattern& GraphView::members() const {
    if (!m_members) throw Error(ErrorCode::invalid_value, "This network looks at hyperedges, and the graph has none.", "hyperedges", "Choose a network for simple edges, or build hyperedges (group Hyperedges).");
    return m_members;
}

const LoopedEdges& GraphView::looped() const {
    if (m_looped) return *m_looped;
    LoopedEdges made;
    Csr rows;
    rows.offsets.reserve(static_cast<std::size_t>(m_nodes) + 1);
    made.place_of_edge.assign(static_cast<std::size_t>(m_edges->entries()), -1);
    for (std::int64_t node = 0; node < m_nodes; ++node) {
        std::int64_t loop = -1;
        const std::size_t first_other = made.other_loops.size();
        for (std::int64_t k = m_edges->rows.offsets[static_cast<std::size_t>(node)]; k < m_edges->rows.offsets[static_cast<std::size_t>(node) + 1]; ++k) {
            const std::int32_t source = m_edges->rows.items[static_cast<std::size_t>(k)];
            if (source == node) {
                if (loop >= 0) made.other_loops.emplace_back(loop, 0);
                loop = k;
                continue;
            }
            made.place_of_edge[static_cast<std::size_t>(k)] = rows.size();
            rows.items.push_back(source);
            made.edge.push_back(k);
        }
        made.place_of_loop.push_back(rows.size());
        for (std::size_t other = first_other; other < made.other_loops.size(); ++other) made.other_loops[other].second = rows.size();
        rows.items.push_back(static_cast<std::int32_t>(node));
        made.edge.push_back(loop);
        rows.offsets.push_back(rows.size());
    }
    made.pattern = make_pattern(std::move(rows), m_nodes);
    made.is_loop = at::zeros({made.pattern->entries()}, at::kBool);
    made.is_loop.index_fill_(0, at::from_blob(made.place_of_loop.data(), {m_nodes}, at::kLong), true);
    m_looped = std::move(made);
    return *m_looped;
}

const at::Tensor& GraphView::degree_scale() const {
    if (!m_degree_scale.defined()) m_degree_scale = row_sizes(looped().pattern).rsqrt();
    return m_degree_scale;
}

const at::Tensor& GraphView::member_scale() const {
    if (!m_member_scale.defined()) m_member_scale = inverse_or_zero(row_sizes(members()));
    return m_member_scale;
}

const at::Tensor& GraphView::hyperedge_scale() const {
    if (!m_hyperedge_scale.defined()) m_hyperedge_scale = inverse_or_zero(item_sizes(members()));
    return m_hyperedge_scale;
}

const Pattern& GraphView::completed_members() const {
    if (m_completed) return m_completed;
    const Csr& given = members()->rows;
    Csr rows;
    std::vector<bool> alone(static_cast<std::size_t>(m_nodes), false);
    std::vector<std::int32_t> row;
    for (std::int64_t e = 0; e < given.rows(); ++e) {
        row.assign(given[e].begin(), given[e].end());
        if (row.size() == 1) alone[static_cast<std::size_t>(row.front())] = true;
        std::ranges::sort(row);
        row.erase(std::unique(row.begin(), row.end()), row.end());
        rows.items.insert(rows.items.end(), row.begin(), row.end());
        rows.offsets.push_back(rows.size());
    }
    for (std::int64_t node = 0; node < m_nodes; ++node)
        if (!alone[static_cast<std::size_t>(node)]) {
            rows.items.push_back(static_cast<std::int32_t>(node));
            rows.offsets.push_back(rows.size());
        }
    m_completed = make_pattern(std::move(rows), m_nodes);
    return m_completed;
}

const GraphView& GraphView::members_as_edges() const {
    if (m_members_as_edges) return *m_members_as_edges;
    const std::int64_t hyperedges = members()->row_count();
    std::vector<std::int32_t> hyperedge = row_of_each(members()->rows);
    if (hyperedges > m_nodes && std::ranges::any_of(hyperedge, [&](std::int32_t e) { return e >= m_nodes; }))
        throw Error(ErrorCode::invalid_value, "The released lp-gat-hyper-gcn takes numbers of hyperedges for numbers of nodes, and there are more hyperedges than nodes.",
            std::to_string(hyperedges) + " hyperedges, " + std::to_string(m_nodes) + " nodes", "Choose behaviour \"fixed\".");
    m_members_as_edges = std::make_shared<GraphView>(m_nodes, pattern_of_pairs(hyperedge, members()->rows.items, m_nodes, m_nodes), nullptr);
    return *m_members_as_edges;
}

const GraphView& GraphView::edges_as_members() const {
    if (!m_edges_as_members) m_edges_as_members = std::make_shared<GraphView>(m_nodes, nullptr, m_edges);
    return *m_edges_as_members;
}

const Pattern& GraphView::memberships_of_nodes() const {
    if (m_of_nodes) return m_of_nodes;
    const SparsePattern& members = *completed_members();
    Csr rows{members.columns.offsets, {}};
    rows.items.assign(members.place.begin(), members.place.end());
    m_of_nodes = make_pattern(std::move(rows), members.entries());
    return m_of_nodes;
}

const Pattern& GraphView::memberships_of_hyperedges() const {
    if (m_of_hyperedges) return m_of_hyperedges;
    const SparsePattern& members = *completed_members();
    Csr rows{members.rows.offsets, std::vector<std::int32_t>(static_cast<std::size_t>(members.entries()))};
    std::iota(rows.items.begin(), rows.items.end(), 0);
    m_of_hyperedges = make_pattern(std::move(rows), members.entries());
    return m_of_hyperedges;
}

std::shared_ptr<GraphView> view_of(const HybridGraph& graph) {
    auto view = std::make_shared<GraphView>(graph.nodes, make_pattern(graph.in, graph.nodes), graph.members.size() > 0 ? make_pattern(graph.members, graph.nodes) : nullptr);
    if (!graph.edge_weights.empty()) {
        view->edge_weights = at::empty({graph.in.size()}, at::kFloat);
        auto* out = static_cast<float*>(view->edge_weights.mutable_data_ptr());
        for (std::size_t k = 0; k < graph.in_place.size(); ++k) out[k] = graph.edge_weights[static_cast<std::size_t>(graph.in_place[k])];
    }
    if (!graph.hyperedge_weights.empty()) view->hyperedge_weights = copied(graph.hyperedge_weights, {graph.hyperedge_count()});
    const Features& features = graph.features;
    if (features.is_dense()) view->x.dense = copied(features.dense, {features.rows, features.columns});
    else if (!features.empty()) {
        view->x.pattern = make_pattern(features.pattern, features.columns);
        if (!features.values.empty()) view->x.values = copied(features.values, {features.pattern.size()});
    }
    return view;
}

}
