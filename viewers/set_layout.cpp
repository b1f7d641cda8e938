#include "viewers/set_layout.h"
#include <algorithm>
#include <numeric>
#include <unordered_map>

namespace lathe {
namespace {

constexpr std::size_t kMostSets = 64;   // bits of a word

void order_rows(SetLayout& layout, const SetQuestion& question) {
    const GraphData& graph = *question.graph;
    switch (question.node_order) {
        case NodeOrder::given: break;
        case NodeOrder::degree: std::ranges::stable_sort(layout.rows, std::greater(), [&](std::int32_t v) { return graph.memberships.length(v); }); break;
        case NodeOrder::classes:
            if (std::int64_t(question.classes.size()) == graph.nodes)
                std::ranges::stable_sort(layout.rows, {}, [&](std::int32_t v) { return std::uint32_t(question.classes[std::size_t(v)]); });   // none last
            break;
        case NodeOrder::clusters:
            std::ranges::stable_sort(layout.rows, [&](std::int32_t a, std::int32_t b) {
                const auto x = graph.memberships[a], y = graph.memberships[b];
                if (x.empty() != y.empty()) return y.empty();
                return std::ranges::lexicographical_compare(x, y);
            });
            break;
    }
}

void find_intersections(SetLayout& layout, const SetQuestion& question) {
    const GraphData& graph = *question.graph;
    std::vector<int> bit_of(std::size_t(graph.hyperedges), -1);
    for (std::size_t i = 0; i < layout.sets.size(); ++i) bit_of[std::size_t(layout.sets[i])] = int(i);
    std::unordered_map<std::uint64_t, std::size_t> place_of;
    std::vector<std::uint64_t> masks;
    layout.set_sizes.assign(layout.sets.size(), 0);
    for (std::int32_t v = 0; v < graph.nodes; ++v) {
        if (layout.row_of[std::size_t(v)] < 0) continue;
        std::uint64_t mask = 0;
        for (const std::int32_t h : graph.memberships[v])
            if (const int bit = bit_of[std::size_t(h)]; bit >= 0) {
                mask |= std::uint64_t(1) << bit;
                ++layout.set_sizes[std::size_t(bit)];
            }
        if (mask == 0) {
            ++layout.in_none;
            continue;
        }
        const auto [at, is_new] = place_of.emplace(mask, layout.intersections.size());
        if (is_new) {
            layout.intersections.emplace_back();
            for (std::size_t i = 0; i < layout.sets.size(); ++i)
                if (mask >> i & 1) layout.intersections.back().hyperedges.push_back(layout.sets[i]);
            std::ranges::sort(layout.intersections.back().hyperedges);
        }
        layout.intersections[at->second].nodes.push_back(v);
    }
    std::ranges::stable_sort(layout.intersections, [](const SetIntersection& a, const SetIntersection& b) {
        if (a.nodes.size() != b.nodes.size()) return a.nodes.size() > b.nodes.size();
        if (a.hyperedges.size() != b.hyperedges.size()) return a.hyperedges.size() < b.hyperedges.size();
        return a.hyperedges < b.hyperedges;
    });
}

}

SetLayout lay_out_sets(const SetQuestion& question) {
    SetLayout layout;
    layout.graph = question.graph;
    if (!question.graph) return layout;
    const GraphData& graph = *question.graph;
    for (std::int32_t v = 0; v < graph.nodes; ++v)
        if (question.nodes.empty() || question.nodes[std::size_t(v)]) layout.rows.push_back(v);
    for (std::int32_t h = 0; h < graph.hyperedges; ++h)
        if (question.hyperedges.empty() || question.hyperedges[std::size_t(h)]) layout.columns.push_back(h);
    order_rows(layout, question);
    layout.row_of.assign(std::size_t(graph.nodes), -1);
    for (std::size_t r = 0; r < layout.rows.size(); ++r) layout.row_of[std::size_t(layout.rows[r])] = std::int32_t(r);
    std::vector<std::int32_t> first(std::size_t(graph.hyperedges), -1), last(std::size_t(graph.hyperedges), -1);
    std::vector<std::int64_t> size(std::size_t(graph.hyperedges), 0);
    for (const std::int32_t h : layout.columns)
        for (const std::int32_t v : graph.members[h]) {
            const std::int32_t row = layout.row_of[std::size_t(v)];
            if (row < 0) continue;
            ++size[std::size_t(h)];
            if (first[std::size_t(h)] < 0 || row < first[std::size_t(h)]) first[std::size_t(h)] = row;
            last[std::size_t(h)] = std::max(last[std::size_t(h)], row);
        }
    if (question.hyperedge_order == HyperedgeOrder::size) std::ranges::stable_sort(layout.columns, std::greater(), [&](std::int32_t h) { return size[std::size_t(h)]; });
    if (question.hyperedge_order == HyperedgeOrder::first_member)
        std::ranges::stable_sort(layout.columns, {}, [&](std::int32_t h) { return std::pair(std::uint32_t(first[std::size_t(h)]), last[std::size_t(h)]); });   // empty ones last
    layout.column_of.assign(std::size_t(graph.hyperedges), -1);
    for (std::size_t c = 0; c < layout.columns.size(); ++c) layout.column_of[std::size_t(layout.columns[c])] = std::int32_t(c);
    for (const std::int32_t h : layout.columns) {
        layout.first_row.push_back(first[std::size_t(h)]);
        layout.last_row.push_back(last[std::size_t(h)]);
    }
    for (const std::int32_t h : question.sets)
        if (h >= 0 && h < graph.hyperedges && layout.column_of[std::size_t(h)] >= 0 && layout.sets.size() < kMostSets) layout.sets.push_back(h);
    if (layout.sets.empty()) {
        layout.sets = layout.columns;
        const std::size_t most = std::min<std::size_t>(layout.sets.size(), SetView::kUpSets);
        std::ranges::partial_sort(layout.sets, layout.sets.begin() + std::ptrdiff_t(most), [&](std::int32_t a, std::int32_t b) { return std::pair(-size[std::size_t(a)], a) < std::pair(-size[std::size_t(b)], b); });
        layout.sets.resize(most);
    }
    std::ranges::stable_sort(layout.sets, std::greater(), [&](std::int32_t h) { return size[std::size_t(h)]; });
    find_intersections(layout, question);
    return layout;
}

}
