#include "plugins/hypergraph/engine/graph_view.h"
#include "core/base/error.h"
#include "plugins/hypergraph/engine/tensor_views.h"
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
    add_rows(pattern->rows, weights.defined() ? weights.const_data_ptr<float>() : nullptr, columns(), static_cast<float*>(full.mutable_data_ptr()));
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

NormalizedEdges GraphView::normalized_now(bool loops, bool improved) const {
    NormalizedEdges made;
    if (loops) {
        const LoopedEdges& with_loops = looped();
        made.pattern = with_loops.pattern;
        const auto count = static_cast<std::int64_t>(with_loops.edge.size());
        const at::Tensor edge = at::from_blob(const_cast<std::int64_t*>(with_loops.edge.data()), {count}, at::kLong), fill = at::full({count}, improved ? 2.0 : 1.0);
        if (!edge_weights.defined()) made.weights = at::where(edge < 0, fill, 1.0f);
        else if (edge_weights.size(0) == 0) made.weights = fill;
        else {
            made.weights = at::where(edge < 0, fill, edge_weights.index_select(0, edge.clamp_min(0)));
            // A loop that a later one of its node has replaced adds nothing, but gets the same gradient: the reference writes both into one place.
            for (const auto& [replaced, place] : with_loops.other_loops) {
                const at::Tensor weight = edge_weights.narrow(0, replaced, 1);
                made.weights = made.weights.index_add(0, at::full({1}, place, at::kLong), weight - weight.detach());
            }
        }
    } else {
        made.pattern = m_edges;
        made.weights = edge_weights.defined() ? edge_weights : at::ones({made.pattern->entries()});
    }
    const at::Tensor row = tensor_of(row_of_each(made.pattern->rows)), item = tensor_of(made.pattern->rows.items);
    const at::Tensor degree = at::zeros({m_nodes}).index_add(0, row, made.weights);
    if ((degree.detach() < 0).any().item<bool>())
        throw Error(ErrorCode::invalid_value, "The weights of the edges into a node add up to less than 0, so it cannot be normalised.", "node " + std::to_string(degree.argmin().item<std::int64_t>()), "Give weights of 0 or more, or leave them out.");
    const at::Tensor is_positive = degree > 0, scale = at::where(is_positive, at::where(is_positive, degree, 1.0f).rsqrt(), 0.0f);
    made.weights = scale.index_select(0, item) * made.weights * scale.index_select(0, row);
    return made;
}

/// Neither pattern nor weights change while a network is trained.
NormalizedEdges GraphView::normalized(bool loops, bool improved) const {
    if (edge_weights.defined() && edge_weights.requires_grad()) return normalized_now(loops, improved);
    KeptEdges& kept = m_normalized[{loops, improved}];
    const bool same = edge_weights.defined() ? kept.of.is_same(edge_weights) : !kept.of.defined();
    if (!kept.edges.pattern || !same) kept = {normalized_now(loops, improved), edge_weights};
    return kept.edges;
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
