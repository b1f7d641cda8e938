#pragma once
// What a GraphView shows at one moment, and the painter of it, which works on any one thread at a time.
#include "viewers/graph_raster.h"
#include "viewers/graph_view.h"
#include "viewers/view_style.h"
#include <QPainterPath>
#include <atomic>

namespace lathe {

struct GraphCamera {
    double x = 0, y = 0, scale = 1;                            ///< the place in the middle, and pixels per unit
    QSize size;                                                ///< pixels of the widget
    double ratio = 1;                                          ///< device pixels per pixel

    QPointF to_widget(double px, double py) const { return {size.width() / 2.0 + (px - x) * scale, size.height() / 2.0 - (py - y) * scale}; }
    QPointF to_plane(const QPointF& at) const { return {x + (at.x() - size.width() / 2.0) / scale, y - (at.y() - size.height() / 2.0) / scale}; }
    bool operator==(const GraphCamera&) const = default;
};

struct GraphMarks {                                            // of each node
    std::vector<QRgb> fill;                                    ///< alpha 0: no value, drawn as a magenta ring
    std::vector<NodeShape> shape;
    std::vector<float> factor;                                 ///< of the radius; empty: 1
};

double graph_node_radius(double spacing, double scale);        ///< pixels, without sizing

/// A snapshot; everything in it stays as it is.
struct GraphScene {
    GraphDataPtr graph;
    GraphPlacesPtr places;
    GraphPlacesPtr hyperedge_places;                           ///< [hyperedges] where a layout put them; null, or not finite: in the middle of the visible members
    std::shared_ptr<const GraphMarks> marks;
    std::shared_ptr<const std::vector<std::uint8_t>> nodes, hyperedges;   ///< 0: hidden; null: all are shown
    std::shared_ptr<const std::vector<std::int32_t>> label_order, clusters;   ///< clusters may be null
    QStringList cluster_names;
    NameSource node_name, hyperedge_name;
    GraphStyle style = GraphStyle::star;                       ///< as shown
    bool few = false;                                          ///< at most kMostHulls hyperedges are visible: each has its colour
    bool edges = true, labels = true;
    int overlap = 1;
    std::vector<std::int32_t> selected_nodes, selected_hyperedges;
    std::int32_t hovered_node = -1, hovered_hyperedge = -1, current = -1;
    ViewStyle look;
    QFont font;
    quint64 base_serial = 0;                                   ///< another one wherever the picture below selection and labels changes
    double spacing = 1;                                        ///< units between neighbouring places, about

    bool shows_node(std::int32_t n) const { return !nodes || (*nodes)[std::size_t(n)]; }
    bool shows_hyperedge(std::int32_t h) const { return !hyperedges || (*hyperedges)[std::size_t(h)]; }
    double node_radius(double scale) const { return graph_node_radius(spacing, scale); }
    double node_radius(std::int32_t node, double scale) const { return node_radius(scale) * (marks->factor.empty() ? 1 : marks->factor[std::size_t(node)]); }
    double hyperedge_radius(std::int32_t hyperedge, double scale) const;
    QString name_of_node(std::int32_t node) const { return shown_node_name(node_name, node); }
    QString name_of_hyperedge(std::int32_t hyperedge) const { return shown_hyperedge_name(hyperedge_name, hyperedge); }
};

struct SuperNode {
    std::int32_t cluster = 0;
    double x = 0, y = 0, radius = 0;                           ///< in the plane; the radius in pixels
    std::int64_t count = 0;
    QRgb colour = 0;
};

struct GraphHull {
    std::int32_t hyperedge = 0;
    QPainterPath path;                                         ///< in pixels of the camera
};

struct GraphPicture {
    GraphCamera camera;
    QImage base, top;                                          ///< opaque; with alpha
    GraphPlacesPtr centres;                                    ///< of the hyperedges: mean place of their visible members, or that of the layout; NaN without visible members
    std::vector<GraphHull> hulls;                              ///< those in the base
    std::vector<SuperNode> super_nodes;                        ///< empty: not far out
    QString note;
    quint64 serial = 0;
};

/// Paints scenes and keeps what the next one can use again.
class GraphRenderer {
public:
    GraphPicture render(const GraphScene& scene, const GraphCamera& camera, const std::atomic<bool>& stop);
    /// The same as a drawing, at the painter's origin. True: more than `limit` lines and nodes, which are put in as one picture.
    bool draw(QPainter& painter, const GraphScene& scene, const GraphCamera& camera, std::int64_t limit, const std::atomic<bool>& stop);

private:
    void prepare(const GraphScene& scene, const GraphCamera& camera, const std::atomic<bool>& stop);
    void find_centres(const GraphScene& scene);
    void find_dual(const GraphScene& scene, const std::atomic<bool>& stop);
    void find_super_nodes(const GraphScene& scene, const GraphCamera& camera);
    template <typename Line> void lines_of(const GraphScene& scene, std::int64_t from, std::int64_t to, const Line& line) const;
    std::int64_t line_rows(const GraphScene& scene) const;
    std::int64_t line_count(const GraphScene& scene) const;
    void paint_lines(QImage& image, const GraphScene& scene, const GraphCamera& camera, const std::atomic<bool>& stop) const;
    void paint_areas(QPainter& painter, const GraphScene& scene, const GraphCamera& camera);      // hulls, coloured spokes
    void paint_super_nodes(QPainter& painter, const GraphScene& scene) const;
    std::vector<GraphMark> base_marks(const GraphScene& scene, const GraphCamera& camera) const;
    QImage base_image(const GraphScene& scene, const GraphCamera& camera, const std::atomic<bool>& stop);
    QPainterPath hull_of(const GraphScene& scene, const GraphCamera& camera, std::int32_t hyperedge, int level) const;
    void paint_highlights(QPainter& painter, const GraphScene& scene, const GraphCamera& camera);
    std::vector<GraphMark> top_marks(const GraphScene& scene, const GraphCamera& camera) const;
    void paint_labels(QPainter& painter, const GraphScene& scene, const GraphCamera& camera) const;

    // Of the last scene.
    GraphPicture m_last;
    std::vector<float> m_x, m_y, m_hx, m_hy;                   // pixels; NaN: not drawn
    GraphPlacesPtr m_centres;
    GraphPlacesPtr m_centres_places, m_centres_given;
    GraphDataPtr m_centres_graph, m_dual_graph;
    std::shared_ptr<const std::vector<std::uint8_t>> m_centres_nodes, m_centres_hyperedges, m_dual_hyperedges;
    int m_dual_overlap = 0;
    GraphRows m_dual;                                          // row: hyperedge, items: later ones that share nodes with it
    std::int64_t m_dual_most = 0, m_dual_left_out = 0;         // nodes in more hyperedges than m_dual_most, and how many they are
    std::vector<SuperNode> m_super;
    std::vector<std::pair<std::pair<int, int>, std::int64_t>> m_super_lines;   // indices of super-nodes, and how many edges
    std::size_t m_super_left_out = 0;                          // of those lines, the weakest
    std::vector<GraphHull> m_hulls;
    QString m_note;
};

}
