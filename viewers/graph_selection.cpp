#include "viewers/graph_selection.h"
#include <algorithm>
#include <iterator>

namespace lathe {
namespace {

using Ids = std::vector<std::int32_t>;

Ids sorted_ids(Ids ids) {
    std::ranges::sort(ids);
    ids.erase(std::ranges::unique(ids).begin(), ids.end());
    return ids;
}

Ids combined(const Ids& old, Ids given, SelectHow how) {
    given = sorted_ids(std::move(given));
    Ids result;
    switch (how) {
        case SelectHow::replace: return given;
        case SelectHow::add: std::ranges::set_union(old, given, std::back_inserter(result)); break;
        case SelectHow::toggle: std::ranges::set_symmetric_difference(old, given, std::back_inserter(result)); break;
    }
    return result;
}

}

bool GraphSelection::has_node(std::int32_t node) const { return std::ranges::binary_search(m_nodes, node); }
bool GraphSelection::has_hyperedge(std::int32_t hyperedge) const { return std::ranges::binary_search(m_hyperedges, hyperedge); }
void GraphSelection::select_nodes(Ids nodes, SelectHow how) { select(combined(m_nodes, std::move(nodes), how), m_hyperedges); }
void GraphSelection::select_hyperedges(Ids hyperedges, SelectHow how) { select(m_nodes, combined(m_hyperedges, std::move(hyperedges), how)); }
void GraphSelection::clear() { select({}, {}); }

void GraphSelection::select(Ids nodes, Ids hyperedges) {
    nodes = sorted_ids(std::move(nodes));
    hyperedges = sorted_ids(std::move(hyperedges));
    if (nodes == m_nodes && hyperedges == m_hyperedges) return;
    m_nodes = std::move(nodes);
    m_hyperedges = std::move(hyperedges);
    Q_EMIT selection_changed();
}

void GraphSelection::hover(std::int32_t node, std::int32_t hyperedge) {
    if (node == m_hovered_node && hyperedge == m_hovered_hyperedge) return;
    m_hovered_node = node;
    m_hovered_hyperedge = hyperedge;
    Q_EMIT hover_changed();
}

}
