#pragma once
// Hyperedges as sets: the incidence matrix (rows nodes, columns hyperedges), PAOHVis (hyperedges as vertical lines with a dot for each member) and UpSet (how many
// nodes lie in exactly these hyperedges). For any size: where a pixel holds many cells the matrix shows counts. Shares GraphSelection with GraphView.
// PAOHVis: P. Valdivia et al., "Analyzing Dynamic Hypergraphs with Parallel Aggregated Ordered Hypergraph Visualization", TVCG 2021. UpSet: A. Lex et al., TVCG 2014.
//
// Mouse: wheel zooms about the pointer (UpSet: scrolls), drag pans, click selects the node, the hyperedge or the intersection, Ctrl+click toggles.
// Keys: arrows move the marked cell, Shift+arrows pan, + - zoom, F fits, Enter selects, Space toggles, Escape clears. All members: GUI thread only.
#include "viewers/graph_data.h"
#include "viewers/graph_look.h"
#include "viewers/graph_selection.h"
#include <QImage>
#include <QWidget>
#include <memory>

class QMenu;

namespace lathe {

enum class SetStyle { matrix, paohvis, upset };
enum class NodeOrder { given, degree, classes, clusters };               ///< degree: by hyperedges, most first; clusters: nodes with the same members side by side
enum class HyperedgeOrder { given, size, first_member };                 ///< size: largest first; first_member: by the first row that has a dot

/// Nodes that lie in exactly these of the shown sets.
struct SetIntersection {
    std::vector<std::int32_t> hyperedges;                                ///< ascending
    std::vector<std::int32_t> nodes;                                     ///< ascending
};

class SetView : public QWidget {
    Q_OBJECT
public:
    explicit SetView(QWidget* parent = nullptr);
    ~SetView() override;

    void set_graph(GraphDataPtr graph);                                  ///< drops filters, names and colours; clears the selection
    const GraphDataPtr& graph() const;
    void set_names(NameSource node_name, NameSource hyperedge_name);
    void set_colouring(NodeColouring colouring);                         ///< classes colour the heads of rows and, in PAOHVis, the dots
    void set_visible_nodes(std::vector<std::uint8_t> visible);
    void set_visible_hyperedges(std::vector<std::uint8_t> visible);
    void set_style(SetStyle style);
    SetStyle style() const;
    void set_order(NodeOrder nodes, HyperedgeOrder hyperedges);
    void set_shown_sets(std::vector<std::int32_t> hyperedges);           ///< of UpSet, at most 64; empty: the kUpSets largest
    void set_stale(bool stale);
    void set_empty_text(const QString& text);
    void set_selection(GraphSelection* selection);                       ///< shared; not owned. Null: its own again
    GraphSelection* selection() const;

    const std::vector<std::int32_t>& rows() const;                       ///< nodes from top to bottom
    const std::vector<std::int32_t>& columns() const;                    ///< hyperedges from left to right
    const std::vector<SetIntersection>& intersections() const;           ///< of UpSet, most nodes first
    const std::vector<std::int32_t>& shown_sets() const;                 ///< of UpSet, largest first
    QString note() const;                                                ///< what is aggregated or left out; empty: nothing

    void fit();
    void zoom(double factor, const QPointF& about);
    void pan(const QPointF& by);
    QPointF cell_centre(std::int32_t node, std::int32_t hyperedge) const;   ///< in the widget; matrix and PAOHVis
    QRectF intersection_rect(int index) const;                           ///< the bar's column, in the widget; UpSet
    bool is_settled() const;

    static constexpr int kUpSets = 12;
    bool export_file(const QString& file) const;                         ///< png, svg, pdf of what is seen; csv: pairs, or the intersections
    QImage render(qreal scale = 2) const;
    QString as_csv() const;
    void show_as_table();
    void fill_menu(QMenu* menu);
    QSize sizeHint() const override { return {640, 480}; }
    QSize minimumSizeHint() const override { return {200, 160}; }

    // --- what a screen reader sees: a table; nodes by hyperedges, or the intersections
    Q_INVOKABLE QSize accessible_size() const;
    Q_INVOKABLE QString accessible_head(int index, bool is_row) const;
    Q_INVOKABLE QString accessible_cell(int row, int column) const;
    Q_INVOKABLE QRect accessible_cell_rect(int row, int column) const;
    Q_INVOKABLE QRect accessible_selection() const;

Q_SIGNALS:
    void note_changed(QString note);
    void settled();                                                      ///< orders and intersections are found and shown
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
