#pragma once
// The inside of GraphView, shared by its files.
#include "viewers/graph_scene.h"
#include "viewers/graph_view.h"
#include "viewers/latest_worker.h"
#include <QPicture>
#include <QThreadPool>
#include <QTimer>
#include <set>

namespace lathe {

struct GraphJob {
    std::shared_ptr<const GraphScene> scene;
    GraphCamera camera;
    quint64 serial = 0;
};

struct GraphDone {
    GraphPicture picture;
    quint64 serial = 0;
};

/// The part of the map, t in [0, 1], that stands out from the canvas: small nodes have no frame.
double on_canvas(ColourMapId map, double t, bool dark);

/// All that a file needs of a view, so that any thread can write it.
struct GraphExport {
    QString file, run;
    std::shared_ptr<const GraphScene> scene;                   ///< null: the view is empty
    GraphCamera camera;
    QSize size;
    QColor canvas;
    QPicture over;                                             ///< note, legend and what else lies over the plane
    NodeColouring colouring;                                   ///< of a table
    int limit = 0;                                             ///< of lines and nodes that are drawn
    std::shared_ptr<std::atomic<bool>> stop = std::make_shared<std::atomic<bool>>(false);
};

enum class GraphGrip { none, press, pan, node, rectangle };

struct GraphView::Impl {
    explicit Impl(GraphView* view);

    // --- the scene
    void change(bool base = true);                             ///< what is shown has changed: `base` unless only selection, hover or labels have
    void find_visible();                                       ///< from filters and focus
    std::vector<std::uint8_t> within_focus(const std::vector<std::uint8_t>& allowed) const;
    void find_marks();
    void find_label_order();
    void find_spacing();
    GraphScene scene() const;
    GraphStyle shown_style() const { return style == GraphStyle::hulls && visible_hyperedges > kMostHulls ? GraphStyle::star : style; }
    void update_note();
    bool shows_node(std::int32_t n) const { return !nodes || (*nodes)[std::size_t(n)]; }
    bool shows_hyperedge(std::int32_t h) const { return !hyperedges || (*hyperedges)[std::size_t(h)]; }
    bool has_place(std::int32_t n) const;
    std::vector<std::int32_t> shown_nodes() const;
    std::vector<std::int32_t> members_of(const SuperNode& super) const;   ///< those that are visible
    bool is_empty() const { return !graph || graph->nodes == 0 || !places; }

    // --- the picture
    double legend_height() const;
    QSize plane_size() const;                                  ///< of the widget, less the legend
    GraphCamera camera_of(const QSize& size, double ratio) const;
    void ask();
    void take(GraphDone done);
    void paint(QPainter& painter);
    void paint_legend(QPainter& painter, const QRectF& area) const;
    void paint_over(QPainter& painter) const;                  ///< note, rectangle, current node
    GraphExport export_of(const QString& file) const;          ///< as it is now
    void export_ended(const GraphExport& job, bool good, const QString& told);
    void fit(const QRectF& plane);
    void camera_moved();

    // --- the pointer
    std::int32_t node_at(const QPointF& at) const;
    std::int32_t hyperedge_at(const QPointF& at) const;
    const SuperNode* super_at(const QPointF& at) const;
    void hover_at(const QPointF& at);
    void press_ended(const QPointF& at, Qt::KeyboardModifiers modifiers);
    void move_node(std::int32_t node, const QPointF& to);
    void tell_moved(std::int32_t node);
    void select_rectangle(const QRectF& area, bool add);
    void step_current(const QPointF& direction);
    void step_round(bool over_hyperedges, int by);
    void bring_into_view(std::int32_t node);
    QPointF place_in_widget(std::int32_t node) const;

    GraphView* q;
    GraphDataPtr graph;
    GraphPlacesPtr places, hyperedge_places;
    NameSource node_name, hyperedge_name;
    NodeColouring colouring;
    NodeSizing sizing;
    std::vector<std::uint8_t> node_filter, hyperedge_filter;
    std::shared_ptr<const std::vector<std::int32_t>> clusters;
    QStringList cluster_names;
    bool stale = false, edges_visible = true, labels_visible = true, legend_visible = true, lens = false, movable = true;
    QString empty_text;
    GraphStyle style = GraphStyle::hulls;
    int overlap = 1;
    int drawing_limit = 20000;
    GraphSelection own_selection;
    QPointer<GraphSelection> selection;
    std::int32_t focused = -1, current = -1, rounding = -1, rounding_edge = -1;   // rounding: whose neighbours the keys go round
    int focus_steps = 0;
    // Found from those.
    std::shared_ptr<const std::vector<std::uint8_t>> nodes, hyperedges;
    std::int64_t visible_nodes = 0, visible_hyperedges = 0;
    std::shared_ptr<const GraphMarks> marks;
    std::shared_ptr<const std::vector<std::int32_t>> label_order;
    double spacing = 1, lowest = 0, highest = 1;               // of the values
    std::set<std::int32_t> classes_met;                        // those of the legend
    std::int64_t missing = 0;                                  // without a class or value
    QString note, note_of_picture, export_note;
    // The camera.
    double x = 0, y = 0, scale = 1;
    bool fitted = false, moved_by_hand = false;                // until then a larger widget fits again
    // The picture.
    GraphPicture picture;
    quint64 base_serial = 1, asked = 0, shown = 0, outdated = 0;   // outdated: pictures up to this one are of another graph
    bool dirty = false;
    // The pointer.
    GraphGrip grip = GraphGrip::none;
    Qt::MouseButton button = Qt::NoButton;
    QPointF press, last, pointer{-1, -1};
    std::int32_t pressed_node = -1;
    QTimer hover_timer, rest_timer;
    std::shared_ptr<std::atomic<bool>> exporting;              // its stop; null: none
    std::unique_ptr<LatestWorker<GraphJob, GraphDone>> worker; // these two last: they use the others
    QThreadPool exporter;
};

}
