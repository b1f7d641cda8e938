#include "viewers/graph_hulls.h"
#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace lathe {
namespace {

double turn(const QPointF& a, const QPointF& b, const QPointF& c) { return (b.x() - a.x()) * (c.y() - a.y()) - (b.y() - a.y()) * (c.x() - a.x()); }
double angle_of(const QPointF& v) { return std::atan2(v.y(), v.x()); }

}

std::vector<QPointF> convex_hull(std::vector<QPointF> points) {
    std::erase_if(points, [](const QPointF& p) { return !std::isfinite(p.x()) || !std::isfinite(p.y()); });
    std::ranges::sort(points, [](const QPointF& a, const QPointF& b) { return a.x() != b.x() ? a.x() < b.x() : a.y() < b.y(); });
    points.erase(std::unique(points.begin(), points.end(), [](const QPointF& a, const QPointF& b) { return a.x() == b.x() && a.y() == b.y(); }), points.end());
    if (points.size() < 3) return points;
    std::vector<QPointF> hull;
    const auto chain = [&hull](const auto& range, std::size_t floor) {
        for (const QPointF& p : range) {
            while (hull.size() >= floor + 2 && turn(hull[hull.size() - 2], hull.back(), p) <= 0) hull.pop_back();
            hull.push_back(p);
        }
        hull.pop_back();   // the first of the other chain
    };
    chain(points, 0);
    std::ranges::reverse(points);
    chain(points, hull.size());
    return hull;
}

QPainterPath padded_hull(std::vector<QPointF> points, double padding) {
    const std::vector<QPointF> hull = convex_hull(std::move(points));
    QPainterPath path;
    if (hull.empty()) return path;
    if (hull.size() == 1) {
        path.addEllipse(hull.front(), padding, padding);
        return path;
    }
    // Along each side, moved outward, then round its corner.
    for (std::size_t i = 0; i < hull.size(); ++i) {
        const QPointF &before = hull[(i + hull.size() - 1) % hull.size()], &corner = hull[i], &after = hull[(i + 1) % hull.size()];
        const double from = angle_of(corner - before) - std::numbers::pi / 2;
        double sweep = angle_of(after - corner) - std::numbers::pi / 2 - from;
        while (sweep < 0) sweep += 2 * std::numbers::pi;
        const QRectF circle(corner.x() - padding, corner.y() - padding, 2 * padding, 2 * padding);
        const QPointF start = corner + padding * QPointF(std::cos(from), std::sin(from));
        if (i == 0) path.moveTo(start);
        else path.lineTo(start);
        path.arcTo(circle, -from * 180 / std::numbers::pi, -sweep * 180 / std::numbers::pi);   // Qt counts angles the other way round
    }
    path.closeSubpath();
    return path;
}

std::vector<int> nesting_levels(const GraphData& graph, const std::vector<std::int32_t>& hyperedges, int most) {
    std::vector<std::size_t> order(hyperedges.size());
    std::iota(order.begin(), order.end(), std::size_t(0));
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return graph.members.length(hyperedges[i]); });
    std::vector<int> levels(hyperedges.size(), 0), reached(std::size_t(graph.nodes), 0);
    for (const std::size_t i : order) {
        for (const std::int32_t node : graph.members[hyperedges[i]]) levels[i] = std::max(levels[i], reached[std::size_t(node)]);
        levels[i] = std::min(levels[i], most);
        for (const std::int32_t node : graph.members[hyperedges[i]]) reached[std::size_t(node)] = levels[i] + 1;
    }
    return levels;
}

}
