#pragma once
// The one selection of nodes and hyperedges that graph views, set views and tables share, and what the pointer is over in any of them. GUI thread only.
#include <QObject>
#include <cstdint>
#include <vector>

namespace lathe {

enum class SelectHow { replace, add, toggle };

class GraphSelection : public QObject {
    Q_OBJECT
public:
    using QObject::QObject;
    const std::vector<std::int32_t>& nodes() const { return m_nodes; }             ///< ascending
    const std::vector<std::int32_t>& hyperedges() const { return m_hyperedges; }   ///< ascending
    bool has_node(std::int32_t node) const;
    bool has_hyperedge(std::int32_t hyperedge) const;
    bool is_empty() const { return m_nodes.empty() && m_hyperedges.empty(); }
    std::int32_t hovered_node() const { return m_hovered_node; }                   ///< -1: none
    std::int32_t hovered_hyperedge() const { return m_hovered_hyperedge; }

    void select_nodes(std::vector<std::int32_t> nodes, SelectHow how = SelectHow::replace);             ///< `replace` keeps the hyperedges as they are
    void select_hyperedges(std::vector<std::int32_t> hyperedges, SelectHow how = SelectHow::replace);   ///< `replace` keeps the nodes as they are
    void select(std::vector<std::int32_t> nodes, std::vector<std::int32_t> hyperedges);                 ///< both anew, one signal
    void clear();
    void hover(std::int32_t node, std::int32_t hyperedge);                         ///< -1: none
Q_SIGNALS:
    void selection_changed();
    void hover_changed();
private:
    std::vector<std::int32_t> m_nodes, m_hyperedges;
    std::int32_t m_hovered_node = -1, m_hovered_hyperedge = -1;
};

}
