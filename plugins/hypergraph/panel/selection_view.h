#pragma once
// What is selected: the node with its attributes, label, prediction and hyperedges; the members of the selected hyperedge; and why a network answered so. A dock. GUI thread only.
#include "plugins/hypergraph/panel/node_colours.h"
#include <QWidget>

class QPushButton;

namespace lathe {
class GraphSelection;
class SimpleTable;
class TextLabel;
}

namespace lathe::hypergraph {

/// Answer of hypergraph.explain for one node.
struct Explanation {
    int node = -1;
    CsvTable neighbours, hyperedges, members;
    Json summary;
};

class SelectionView : public QWidget {
    Q_OBJECT
public:
    explicit SelectionView(GraphSelection* selection, QWidget* parent = nullptr);
    void show_graph(const ShownGraphPtr& graph, const NodeColours& values);
    void show_selection();
    void show_explanation(const Explanation& explanation); ///< node -1: none
    void set_explaining(const QString& text);              ///< empty: not asked now
    void set_why(bool available, const QString& reason);
    void set_stale(bool stale);                            ///< prediction and explanation
    int node() const { return m_node; }                    ///< the first selected; -1: none
    QString title() const;
    QStringList lines() const;                             ///< what is said of the node, for tests and the clipboard
    SimpleTable* hyperedges() { return m_hyperedges; }
    SimpleTable* members() { return m_members; }
    SimpleTable* why_neighbours() { return m_why_neighbours; }
    SimpleTable* why_hyperedges() { return m_why_hyperedges; }
    SimpleTable* why_members() { return m_why_members; }   ///< of the selected hyperedge, or of the one that weighs most
    QString as_csv() const;                                ///< the selected nodes; empty: none
Q_SIGNALS:
    void why_requested(int node);
private:
    void show_node();
    void show_members();
    void show_why();
    int show_why_members();                                // the hyperedge that it shows; -1: none
    void set_block(TextLabel* head, SimpleTable* table, const QString& title, const QList<QStringList>& rows, std::size_t all);
    ShownGraphPtr m_graph;
    NodeColours m_values;
    GraphSelection* m_selection;
    Explanation m_explanation;
    int m_node = -1, m_hyperedge = -1;
    bool m_stale = false;
    QList<int> m_hyperedge_rows, m_member_rows, m_neighbour_rows, m_why_rows, m_why_member_rows;   // id of each row
    TextLabel *m_title, *m_count, *m_hyperedges_head, *m_members_head, *m_why_note, *m_neighbours_head, *m_why_head, *m_why_members_head;
    SimpleTable *m_facts, *m_hyperedges, *m_members, *m_why_neighbours, *m_why_hyperedges, *m_why_members;
    QPushButton* m_why;
};

}
