#pragma once
// The inside of SetView, shared by its files.
#include "viewers/latest_worker.h"
#include "viewers/set_layout.h"
#include "viewers/view_style.h"
#include <QPointer>
#include <QTimer>

namespace lathe {

/// Which cells are where: cell (row, column) begins at (left + column * width, top + row * height).
struct SetCamera {
    double left = 0, top = 0, width = 10, height = 10;
    QRectF body;                                               ///< the cells' part of the widget
    double ratio = 1;
    bool operator==(const SetCamera&) const = default;
};

struct SetJob {
    std::shared_ptr<const SetQuestion> question;
    SetCamera camera;
    bool counts = false;                                       ///< paint the matrix of counts, too
    bool dark = false;
    QColor canvas;
    quint64 layout_serial = 0, serial = 0;
};

struct SetDone {
    std::shared_ptr<const SetLayout> layout;
    SetCamera camera;
    QImage counts;                                             ///< the body; null: cells are large enough to be drawn one by one
    std::int64_t most = 0;                                     ///< memberships in one place of it
    quint64 layout_serial = 0, serial = 0;
};

struct SetView::Impl {
    explicit Impl(SetView* view);

    void change();                                             ///< orders or filters
    void redraw();                                             ///< the camera
    void ask();
    void take(SetDone done);
    void update_note();
    bool is_empty() const { return !layout || layout->rows.empty() || layout->columns.empty(); }
    bool is_counts() const { return style == SetStyle::matrix && (width < 3 || height < 3); }
    QRectF body() const;                                       ///< of cells; UpSet: of bars and dots
    QString node_text(std::int32_t node) const { return shown_node_name(node_name, node); }
    QString hyperedge_text(std::int32_t hyperedge) const { return shown_hyperedge_name(hyperedge_name, hyperedge); }
    QColor node_colour(std::int32_t node, const ViewStyle& look) const;
    void keep_inside();

    // --- painting
    void paint(QPainter& painter, const QSize& size) const;
    void paint_cells(QPainter& painter) const;
    void paint_heads(QPainter& painter) const;
    void paint_bands(QPainter& painter) const;
    void paint_upset(QPainter& painter) const;
    void paint_legend(QPainter& painter) const;
    double set_row_height() const;
    double bars_height() const;
    QRectF column_rect(int index) const;

    // --- the pointer
    struct Place { int row = -1, column = -1; };               ///< of a cell; in a head only one of them; UpSet: row of a set, column of an intersection
    Place place_at(const QPointF& at) const;
    bool has_dot(int row, int column) const;
    void choose(const Place& place, bool toggle);
    void mark(Place place);
    QString text_at(const Place& place) const;

    SetView* q;
    GraphDataPtr graph;
    NameSource node_name, hyperedge_name;
    NodeColouring colouring;
    std::vector<std::uint8_t> nodes, hyperedges;
    std::vector<std::int32_t> asked_sets;
    SetStyle style = SetStyle::matrix;
    NodeOrder node_order = NodeOrder::degree;
    HyperedgeOrder hyperedge_order = HyperedgeOrder::size;
    bool stale = false, fitted = false, by_hand = false;    // by_hand: a new size does not fit again
    QString empty_text, note;
    GraphSelection own_selection;
    QPointer<GraphSelection> selection;
    std::shared_ptr<const SetLayout> layout;
    SetDone picture;
    double left = 0, top = 0, width = 10, height = 10;         // the camera, less the body
    double scroll = 0;                                         // of UpSet, pixels
    Place marked, hovered;
    quint64 layout_serial = 0, asked = 0, shown = 0;
    bool dirty = false, dragging = false, pressed = false;
    QPointF press, last;
    std::unique_ptr<LatestWorker<SetJob, SetDone>> worker;     // last: it uses the others
};

}
