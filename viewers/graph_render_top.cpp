// The picture above: selection, what the pointer is over, labels.
#include "viewers/graph_hulls.h"
#include "viewers/graph_scene.h"
#include <QFontMetricsF>
#include <QPainter>
#include <algorithm>
#include <cmath>

namespace lathe {
namespace {

constexpr std::size_t kMostHighlightHulls = 24;
constexpr std::int64_t kMostHighlightLines = 4000;
constexpr int kMostLabels = 70;

/// The hyperedges the pointer brings out: the one it is over, or those of the node it is over, small ones first.
std::vector<std::int32_t> hyperedges_of_hover(const GraphScene& scene) {
    std::vector<std::int32_t> found;
    if (scene.hovered_hyperedge >= 0) found.push_back(scene.hovered_hyperedge);
    else if (scene.hovered_node >= 0)
        for (const std::int32_t h : scene.graph->memberships[scene.hovered_node]) found.push_back(h);
    std::erase_if(found, [&scene](std::int32_t h) { return !scene.shows_hyperedge(h); });
    std::ranges::stable_sort(found, {}, [&scene](std::int32_t h) { return scene.graph->members.length(h); });
    return found;
}

}

void GraphRenderer::paint_highlights(QPainter& painter, const GraphScene& scene, const GraphCamera& camera) {
    const bool dual = scene.style == GraphStyle::line_graph;
    const auto outline = [&painter](const QPainterPath& path, const QColor& colour) {   // `pick` over black, as in images
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(Qt::black, 4));
        painter.drawPath(path);
        painter.setPen(QPen(colour, 2));
        painter.drawPath(path);
    };
    const auto area = [&](std::int32_t h, float alpha) {
        const QPainterPath path = hull_of(scene, camera, h, 0);
        QColor colour = class_colour(h, scene.look.dark);
        painter.setPen(QPen(colour, 1.5));
        colour.setAlphaF(alpha);
        painter.setBrush(colour);
        painter.drawPath(path);
        return path;
    };
    if (!dual && m_super.empty()) {
        const std::vector<std::int32_t> hovered = hyperedges_of_hover(scene);
        for (std::size_t i = std::min(hovered.size(), kMostHighlightHulls); i-- > 0;) area(hovered[i], 0.13f);
        std::size_t shown = 0;
        for (const std::int32_t h : scene.selected_hyperedges)
            if (scene.shows_hyperedge(h) && shown++ < kMostHighlightHulls) outline(area(h, 0.16f), scene.look.pick);
    }
    std::int64_t lines = 0;
    painter.setPen(QPen(scene.look.accent, 1));
    const auto join = [&](float x0, float y0, float x1, float y1) {
        if (std::isnan(x0) || std::isnan(x1) || lines++ >= kMostHighlightLines) return;
        painter.drawLine(QPointF(double(x0), double(y0)), QPointF(double(x1), double(y1)));
    };
    if (!dual && scene.hovered_node >= 0 && scene.edges)
        for (const std::int32_t w : scene.graph->neighbours[scene.hovered_node])
            join(m_x[std::size_t(scene.hovered_node)], m_y[std::size_t(scene.hovered_node)], m_x[std::size_t(w)], m_y[std::size_t(w)]);
    if (scene.style == GraphStyle::star && m_super.empty()) {
        const auto spokes = [&](std::int32_t h) {
            painter.setPen(QPen(class_colour(h, scene.look.dark), 1));
            for (const std::int32_t v : scene.graph->members[h]) join(m_hx[std::size_t(h)], m_hy[std::size_t(h)], m_x[std::size_t(v)], m_y[std::size_t(v)]);
        };
        for (const std::int32_t h : hyperedges_of_hover(scene)) spokes(h);
        for (const std::int32_t h : scene.selected_hyperedges)
            if (scene.shows_hyperedge(h)) spokes(h);
    }
    if (dual && scene.hovered_hyperedge >= 0) {
        const std::int32_t h = scene.hovered_hyperedge;
        for (std::int64_t row = 0; row < m_dual.rows(); ++row) {
            const auto items = m_dual[row];
            if (row == h)
                for (const std::int32_t other : items) join(m_hx[std::size_t(h)], m_hy[std::size_t(h)], m_hx[std::size_t(other)], m_hy[std::size_t(other)]);
            else if (row < h && std::ranges::find(items, h) != items.end()) join(m_hx[std::size_t(h)], m_hy[std::size_t(h)], m_hx[std::size_t(row)], m_hy[std::size_t(row)]);
        }
    }
}

std::vector<GraphMark> GraphRenderer::top_marks(const GraphScene& scene, const GraphCamera& camera) const {
    std::vector<GraphMark> marks;
    const QRgb text = scene.look.text.rgba(), pick = scene.look.pick.rgba(), black = qRgb(0, 0, 0);
    const bool dual = scene.style == GraphStyle::line_graph;
    const auto node = [&](std::int32_t v, QRgb ring, float more, bool on_black) {
        if (std::isnan(m_x[std::size_t(v)]) || dual) return;
        const float x = m_x[std::size_t(v)], y = m_y[std::size_t(v)], r = float(scene.node_radius(v, camera.scale));
        const NodeShape shape = scene.marks->shape[std::size_t(v)];
        if (on_black) marks.push_back({x, y, r + more + 1, shape, black, 0, 0});
        const QRgb fill = scene.marks->fill[std::size_t(v)];
        marks.push_back({x, y, r + more, shape, qAlpha(fill) ? fill : qRgb(255, 0, 255), ring, std::max(1.2f, more)});
    };
    const auto square = [&](std::int32_t h, QRgb ring, bool on_black) {
        if (std::isnan(m_hx[std::size_t(h)])) return;
        const float x = m_hx[std::size_t(h)], y = m_hy[std::size_t(h)], r = float(scene.hyperedge_radius(h, camera.scale));
        if (on_black) marks.push_back({x, y, r + 3, NodeShape::square, black, 0, 0});
        marks.push_back({x, y, r + 2, NodeShape::square, class_colour(h, scene.look.dark).rgba(), ring, 2});
    };
    if (m_super.empty()) {
        if (scene.hovered_node >= 0)
            for (const std::int32_t v : scene.graph->neighbours[scene.hovered_node]) node(v, text, 1, false);
        const bool squares = scene.style == GraphStyle::star || dual;
        for (const std::int32_t h : hyperedges_of_hover(scene)) {
            for (const std::int32_t v : scene.graph->members[h]) node(v, text, 1, false);
            if (squares) square(h, text, false);
        }
        for (const std::int32_t h : scene.selected_hyperedges) {
            if (!scene.shows_hyperedge(h)) continue;
            for (const std::int32_t v : scene.graph->members[h]) node(v, text, 1, false);
            if (squares) square(h, pick, true);
        }
        for (const std::int32_t v : scene.selected_nodes) node(v, pick, 2, true);
        if (scene.hovered_node >= 0) node(scene.hovered_node, text, 2, false);
    }
    return marks;
}

void GraphRenderer::paint_labels(QPainter& painter, const GraphScene& scene, const GraphCamera& camera) const {
    const QFontMetricsF metrics(scene.font);
    const QRectF seen{QPointF(), QSizeF(camera.size)};
    std::vector<QRectF> taken;
    std::vector<QRectF> nodes;   // names do not cover them, unless they are so many that they cover everything
    constexpr std::size_t kMostAvoided = 1200;
    if (m_super.empty())
        for (std::size_t v = 0; v < m_x.size() && nodes.size() <= kMostAvoided; ++v)
            if (const QPointF at(double(m_x[v]), double(m_y[v])); seen.contains(at)) {
                const double r = 0.8 * scene.node_radius(std::int32_t(v), camera.scale);
                nodes.emplace_back(at.x() - r, at.y() - r, 2 * r, 2 * r);
            }
    if (nodes.size() > kMostAvoided || scene.style == GraphStyle::line_graph) nodes.clear();
    painter.setFont(scene.font);
    const auto put = [&](const QPointF& at, double radius, const QString& name, bool must, bool centred) {
        if (!seen.contains(at)) return false;
        const QString text = metrics.elidedText(name, Qt::ElideMiddle, 180);
        const QSizeF size(metrics.horizontalAdvance(text) + 6, metrics.height());
        const double beside = at.y() - size.height() / 2;
        const QPointF corners[4] = {{at.x() + radius + 2, beside}, {at.x() - radius - 2 - size.width(), beside}, {at.x() - size.width() / 2, at.y() - radius - 2 - size.height()}, {at.x() - size.width() / 2, at.y() + radius + 2}};
        for (const QPointF& corner : corners) {
            const QRectF box(centred ? at - QPointF(size.width() / 2, size.height() / 2) : corner, size);
            const auto meets = [&box](const QRectF& t) { return t.intersects(box); };
            const bool free = seen.contains(box) && std::ranges::none_of(taken, meets) && std::ranges::none_of(nodes, meets);
            if (!free && !(must && &corner == &corners[3])) continue;
            taken.push_back(box);
            QColor back = scene.look.canvas;
            back.setAlphaF(must ? 0.92f : 0.78f);
            painter.setPen(Qt::NoPen);
            painter.setBrush(back);
            painter.drawRoundedRect(box, 3, 3);
            painter.setPen(must ? scene.look.text : scene.look.text2);
            painter.drawText(box, Qt::AlignCenter, text);
            return true;
        }
        return false;
    };
    const auto at_node = [&](std::int32_t v) { return QPointF(double(m_x[std::size_t(v)]), double(m_y[std::size_t(v)])); };
    const auto at_hyperedge = [&](std::int32_t h) { return QPointF(double(m_hx[std::size_t(h)]), double(m_hy[std::size_t(h)])); };
    const bool dual = scene.style == GraphStyle::line_graph;
    std::vector<std::int32_t> first;   // named in any case
    for (const std::int32_t v : {scene.hovered_node, scene.current})
        if (v >= 0 && std::ranges::find(first, v) == first.end()) first.push_back(v);
    if (scene.selected_nodes.size() <= 20)
        for (const std::int32_t v : scene.selected_nodes)
            if (std::ranges::find(first, v) == first.end()) first.push_back(v);
    if (!dual && m_super.empty())
        for (const std::int32_t v : first) put(at_node(v), scene.node_radius(v, camera.scale) + 2, scene.name_of_node(v), true, false);
    std::vector<std::int32_t> sets = scene.selected_hyperedges.size() <= 20 ? scene.selected_hyperedges : std::vector<std::int32_t>();
    if (scene.hovered_hyperedge >= 0 && std::ranges::find(sets, scene.hovered_hyperedge) == sets.end()) sets.push_back(scene.hovered_hyperedge);
    for (const std::int32_t h : sets) put(at_hyperedge(h), scene.hyperedge_radius(h, camera.scale) + 2, scene.name_of_hyperedge(h), true, false);
    if (!scene.labels) return;
    int placed = 0, tried = 0;
    constexpr int kMostTried = 500;
    if (!m_super.empty()) {
        std::vector<SuperNode> largest = m_super;
        std::ranges::sort(largest, std::greater(), &SuperNode::count);
        for (const SuperNode& s : largest) {
            if (placed >= kMostLabels || ++tried > kMostTried) return;
            const QString name = scene.cluster_names.value(s.cluster);
            const QString count = QLocale::c().toString(qlonglong(s.count));
            placed += put(camera.to_widget(s.x, s.y), s.radius, name.isEmpty() ? count : name + u' ' + count, false, s.radius > 14 && name.isEmpty());
        }
        return;
    }
    const double r = scene.node_radius(camera.scale);
    if (dual) {
        std::vector<std::int32_t> order;
        for (std::int32_t h = 0; h < scene.graph->hyperedges; ++h)
            if (seen.contains(at_hyperedge(h))) order.push_back(h);
        const std::size_t most = std::min<std::size_t>(order.size(), kMostTried);
        std::ranges::partial_sort(order, order.begin() + std::ptrdiff_t(most), std::greater(), [&scene](std::int32_t h) { return scene.graph->members.length(h); });
        for (std::size_t i = 0; i < most && placed < kMostLabels; ++i) placed += put(at_hyperedge(order[i]), scene.hyperedge_radius(order[i], camera.scale), scene.name_of_hyperedge(order[i]), false, false);
        return;
    }
    // Few labels where all is small: the picture first.
    const int most = std::min(r < 2 ? 14 : r < 4 ? 30 : kMostLabels, int(seen.width() * seen.height() / 12'000));
    for (const std::int32_t v : *scene.label_order) {
        if (placed >= most || tried >= kMostTried) break;
        if (!seen.contains(at_node(v)) || std::ranges::find(first, v) != first.end()) continue;
        ++tried;
        placed += put(at_node(v), scene.node_radius(v, camera.scale), scene.name_of_node(v), false, false);
    }
}

}
