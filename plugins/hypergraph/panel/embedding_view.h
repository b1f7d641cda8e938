#pragma once
// Nodes placed by their features, or by what a network learnt of them; colours and selection are those of the graph. GUI thread only.
#include "plugins/hypergraph/panel/shown_graph.h"
#include "viewers/graph_look.h"
#include <QWidget>

class QPushButton;

namespace lathe {
class ElidedLabel;
class GraphSelection;
class GraphView;
class SegmentedControl;
}

namespace lathe::hypergraph {

class EmbeddingView : public QWidget {
    Q_OBJECT
public:
    EmbeddingView(GraphSelection* selection, QWidget* options, QWidget* parent = nullptr);   ///< options: of hypergraph.embed
    void set_graph(const ShownGraphPtr& graph);
    void set_colouring(const NodeColouring& colouring);
    void set_visible_nodes(std::vector<std::uint8_t> visible);
    void set_places(std::vector<float> x, std::vector<float> y);
    void set_learnt_available(bool available);             ///< a training gave an embedding
    void set_running(const QString& text);                 ///< empty: it does not run
    void set_shown(const QString& of, bool stale);         ///< what the places are of, in words; empty: nothing is shown
    bool uses_learnt() const;                              ///< chosen, and there
    QString note() const;
    Json choice() const;                                   ///< what is undone and kept
    void set_choice(const Json& choice);
    GraphView* view() { return m_view; }
Q_SIGNALS:
    void run_requested();                                  ///< while it runs: cancel
    void view_changed(QString text);                       ///< by the user
private:
    void show_choice();
    void show_note();
    ShownGraphPtr m_graph;
    NodeColouring m_colouring;
    std::vector<std::uint8_t> m_visible;
    bool m_wants_learnt = false, m_learnt_available = false;   // wants: also while there is none
    QString m_running, m_shown;
    GraphView* m_view;
    SegmentedControl* m_of;
    QPushButton* m_run;
    ElidedLabel* m_note;
};

}
