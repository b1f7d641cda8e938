#pragma once
// Which nodes and hyperedges are looked at, and the row of fields that says so. GUI thread only, except for GraphFilter.
#include "plugins/hypergraph/panel/shown_graph.h"
#include <QWidget>

class QComboBox;

namespace lathe {
class NumberField;
}

namespace lathe::hypergraph {

struct GraphFilter {
    std::int64_t smallest = 0, largest = 0;                ///< members of a hyperedge; largest 0: no limit
    std::int64_t least_degree = 0, most_degree = 0;        ///< over simple edges; most 0: no limit
    int label = -1, component = -1;                        ///< -1: all
    std::vector<std::uint8_t> nodes(const ShownGraph& graph) const;        ///< 0 hides; empty: all
    std::vector<std::uint8_t> hyperedges(const ShownGraph& graph) const;
    Json to_json() const;
    static GraphFilter from_json(const Json& json);        ///< what is damaged is left out
};

class FilterRow : public QWidget {
    Q_OBJECT
public:
    explicit FilterRow(QWidget* parent = nullptr);
    void set_graph(const ShownGraph* graph);               ///< its classes and components; null: none
    void set_filter(const GraphFilter& filter);            ///< no signal
Q_SIGNALS:
    void edited(lathe::hypergraph::GraphFilter filter);
private:
    void emit_edited();
    GraphFilter m_filter;
    NumberField *m_smallest, *m_largest, *m_least, *m_most;
    QComboBox *m_label, *m_component;
};

}
