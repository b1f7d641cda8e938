#pragma once
// The centre of the workspace: the graph in one of seven styles, and above it the bar with style, colour, size, search, filters and layout. GUI thread only.
#include "plugins/hypergraph/panel/graph_filter.h"
#include "plugins/hypergraph/panel/node_colours.h"
#include <QWidget>

class QComboBox;
class QLineEdit;
class QPushButton;
class QStackedWidget;

namespace lathe {
class ElidedLabel;
class GraphSelection;
class GraphView;
class IconButton;
class SegmentedControl;
class SetView;
}

namespace lathe::hypergraph {

enum class PaneStyle { hulls, star, clique, line_graph, matrix, paohvis, upset };

class GraphPane : public QWidget {
    Q_OBJECT
public:
    /// `layout_options`: of hypergraph.layout; stands beside its button.
    GraphPane(GraphSelection* selection, QWidget* layout_options, QWidget* parent = nullptr);
    void set_graph(const ShownGraphPtr& graph);            ///< null: none
    void set_colours(const NodeColours& colours);          ///< after the graph; copies what it needs
    void set_places(std::vector<float> x, std::vector<float> y);
    void set_hyperedge_places(std::vector<float> x, std::vector<float> y);   ///< where a layout put the squares of stars; empty: in the middle of the members
    void set_stale(bool stale);
    void set_reading(const QString& text);                 ///< what stands where there is no graph yet
    void set_layout_running(const QString& text);          ///< empty: it does not run
    void set_exporting(const QString& text);               ///< a file is being written; empty: none
    PaneStyle style() const { return m_style; }
    void set_style(PaneStyle style);
    void set_colour(const QString& id);                    ///< what there is none of now is taken when it comes
    NodeColouring shown_colouring() const;
    void set_size(const QString& id);                      ///< the same
    NodeSizing shown_sizing() const;
    const std::vector<std::uint8_t>& visible_nodes() const { return m_visible_nodes; }
    const std::vector<std::uint8_t>& visible_hyperedges() const { return m_visible_hyperedges; }
    bool find(const QString& text);
    void fit();
    void focus_search();
    void toggle_filters();
    QWidget* shown_view() const;                           ///< the GraphView or the SetView
    GraphView* graph_view() { return m_graph_view; }
    SetView* set_view() { return m_set_view; }
    QString count_text() const;
    Json view() const;                                     ///< what is undone and kept: style, colour, size, filter, what is shown
    void set_view(const Json& view);                       ///< may be damaged: it was in a file
Q_SIGNALS:
    void view_changed(QString text);                       ///< by the user
    void colour_changed();                                 ///< of any cause: others have the same colours
    void filter_changed();
    void layout_requested();                               ///< while it runs: stop
    void not_found(QString text);
    void export_cancel_requested();
private:
    void build_bar(QWidget* layout_options);
    void show_style();
    void show_colour();
    void show_choices();
    void show_size();
    void show_toggles();
    void show_status();
    void apply_filter();
    ShownGraphPtr m_graph;
    NodeColours m_colours;
    PaneStyle m_style = PaneStyle::hulls;
    QString m_colour = QStringLiteral("label"), m_size = QStringLiteral("alike");
    GraphFilter m_filter;
    std::vector<std::uint8_t> m_visible_nodes, m_visible_hyperedges;
    bool m_edges = true, m_labels = true;
    GraphView* m_graph_view;
    SetView* m_set_view;
    QStackedWidget* m_views;
    SegmentedControl* m_styles;
    QComboBox *m_colour_box, *m_size_box;
    QLineEdit* m_search;
    QPushButton* m_layout;
    ElidedLabel* m_status;                                 // of an export, else of the layout, else how much is visible
    QString m_layout_text, m_export_text;
    IconButton *m_export_cancel, *m_lens, *m_edges_button, *m_labels_button, *m_filter_button;
    FilterRow* m_filters;
};

}
