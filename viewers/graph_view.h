#pragma once
// A graph or hypergraph in the plane: hulls, stars, cliques or the line graph, with colours, sizes, labels by priority, super-nodes far out, a lens, filters and one
// selection. Painted on another thread: the GUI thread only moves finished pictures, so a graph of any size can be dragged. All members: GUI thread only.
//
// Mouse: wheel zooms about the pointer; left drag pans, on a node it moves the node; Shift+drag selects a rectangle (with Ctrl: adds); click selects, Ctrl+click
// toggles; double click on a super-node goes nearer, elsewhere fits; middle drag always pans.
// Keys: arrows pan, + - zoom, F fits, Shift+arrows step to the next node in that direction, Ctrl+arrows move that node, N and Shift+N go round the neighbours of that node, E and Shift+E round
// its hyperedges, Enter selects, Space toggles, G focuses on its neighbourhood, L lens, Ctrl+A all, Ctrl+C names, Escape: clears focus, then the selection.
#include "viewers/graph_data.h"
#include "viewers/graph_look.h"
#include "viewers/graph_selection.h"
#include <QImage>
#include <QPointer>
#include <QWidget>
#include <memory>

class QMenu;

namespace lathe {

/// How hyperedges are drawn. Simple edges are lines in each of them.
enum class GraphStyle { hulls, star, clique, line_graph };

class GraphView : public QWidget {
    Q_OBJECT
public:
    explicit GraphView(QWidget* parent = nullptr);
    ~GraphView() override;

    // --- what is shown
    void set_graph(GraphDataPtr graph);                                  ///< drops places, filters, colours and clusters; null: empty. Clears the selection
    const GraphDataPtr& graph() const;
    void set_places(std::vector<float> x, std::vector<float> y);         ///< [nodes] each, else ignored; as often as 30 times a second while a layout streams. The first ones are fitted
    GraphPlacesPtr places() const;
    GraphPlacesPtr hyperedge_places() const;                             ///< null: none
    void set_hyperedge_places(std::vector<float> x, std::vector<float> y);   ///< [hyperedges] of a layout, NaN: none, or empty: squares of stars and of the line graph; without one in the middle of the members
    void set_names(NameSource node_name, NameSource hyperedge_name);     ///< null: "#12". Called on other threads, too: capture by shared_ptr
    void set_colouring(NodeColouring colouring);
    void set_sizing(NodeSizing sizing);
    void set_visible_nodes(std::vector<std::uint8_t> visible);           ///< [nodes], 0 hides; empty: all
    void set_visible_hyperedges(std::vector<std::uint8_t> visible);      ///< [hyperedges]; empty: all
    void set_clusters(std::vector<std::int32_t> cluster, QStringList names = {});   ///< [nodes]: super-nodes far out; below 0: in none; empty: no super-nodes
    void set_stale(bool stale);                                          ///< half opacity
    void set_empty_text(const QString& text);

    // --- how
    void set_style(GraphStyle style);
    GraphStyle style() const;                                            ///< as asked for
    GraphStyle shown_style() const;                                      ///< hulls become stars above kMostHulls visible hyperedges
    QString note() const;                                                ///< why it differs or what is left out; empty: nothing. Drawn in the view, too
    void set_edges_visible(bool on);                                     ///< simple edges; on
    void set_labels_visible(bool on);                                    ///< where there is room, the nodes of most edges and hyperedges first; on
    void set_legend_visible(bool on);                                    ///< on
    void set_lens(bool on);
    bool lens() const;
    void set_nodes_movable(bool on);                                     ///< on
    void set_overlap(int members);                                       ///< of the line graph: hyperedges are joined that share at least so many nodes; 1

    // --- selection and focus
    void set_selection(GraphSelection* selection);                       ///< shared; not owned. Null: its own again
    GraphSelection* selection() const;
    void focus_on(std::int32_t node, int steps = 1);                     ///< only nodes within `steps` of it, over edges and hyperedges; fitted
    void clear_focus();
    std::int32_t focused() const;                                        ///< -1: none
    int focus_steps() const;
    bool find(const QString& text);                                      ///< the next visible node whose name holds the text: current, selected and brought into view; false: none
    void set_current(std::int32_t node);                                 ///< the node that the keyboard stands on; -1: none
    std::int32_t current() const;

    // --- camera
    void fit();                                                          ///< all visible nodes
    void fit_nodes(const std::vector<std::int32_t>& nodes);
    void zoom(double factor, const QPointF& about);                      ///< a point of the widget that stays
    void pan(const QPointF& by);                                         ///< pixels
    QPointF to_widget(double x, double y) const;
    QPointF to_plane(const QPointF& at) const;
    double scale() const;                                                ///< pixels per unit
    std::int32_t node_at(const QPointF& at) const;                       ///< -1: none
    std::int32_t hyperedge_at(const QPointF& at) const;

    // --- out
    static constexpr int kMostHulls = 80;
    void set_drawing_limit(int elements);                                ///< SVG and PDF: above so many lines and nodes these become a picture; 20000
    bool export_file(const QString& file);                               ///< png, svg, pdf of what is seen; csv: the nodes, where any are selected only those. Waits
    void start_export(const QString& file);                              ///< the same on another thread, then `exported`, `export_failed` or `export_cancelled`; one at a time: an earlier one is cancelled
    void cancel_export();                                                ///< the file stays as it was
    bool is_exporting() const;
    QString export_note() const;                                         ///< of the last export: what became a picture; empty: nothing
    QImage render(qreal scale = 2) const;                                ///< waits for full detail
    QString as_csv(bool selected_only) const;
    void show_as_table();
    void fill_menu(QMenu* menu);
    bool is_settled() const;                                             ///< full detail of what is asked for is on the screen
    QSize sizeHint() const override { return {640, 480}; }
    QSize minimumSizeHint() const override { return {200, 160}; }

    // --- what a screen reader sees: a table of nodes
    Q_INVOKABLE QSize accessible_size() const;
    Q_INVOKABLE QString accessible_head(int index, bool is_row) const;
    Q_INVOKABLE QString accessible_cell(int row, int column) const;
    Q_INVOKABLE QRect accessible_cell_rect(int row, int column) const;
    Q_INVOKABLE QRect accessible_selection() const;

Q_SIGNALS:
    void node_activated(int node);                                       ///< double click or Enter
    void node_moved(int node, double x, double y);                       ///< at the end of a drag, or by a key
    void current_changed(int node);
    void focus_changed(int node, int steps);                             ///< (-1, 0): none
    void note_changed(QString note);
    void lens_changed(bool on);
    void settled();                                                      ///< full detail is on the screen
    void export_started(QString file);                                   ///< on another thread
    void exported(QString file, QString note);
    void export_failed(QString file);
    void export_cancelled(QString file);
    void table_requested(QStringList heads, QList<QVariantList> rows);   ///< emitted by show_as_table; a window opens if nobody listens

protected:
    bool event(QEvent* event) override;
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    struct Impl;
    std::unique_ptr<Impl> m;
};

}
