// The picture below: lines as a density, areas, nodes; and what it is made of.
#include "viewers/graph_hulls.h"
#include "viewers/graph_scene.h"
#include "viewers/parallel_rows.h"
#include <QCoreApplication>
#include <QPainter>
#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <unordered_map>

namespace lathe {
namespace {

constexpr float kNoPlace = std::numeric_limits<float>::quiet_NaN();
constexpr std::int64_t kMostCliqueMembers = 60;        // 1770 lines each
constexpr std::int64_t kMostDualWork = 40'000'000;     // pairs of hyperedges at one node, counted
constexpr double kSuperSpacing = 5;                    // pixels between nodes below which clusters stand for them

QString graph_text(const char* text) { return QCoreApplication::translate("lathe::GraphView", text); }

}

double graph_node_radius(double spacing, double scale) { return std::clamp(0.24 * spacing * scale, 1.3, 9.0); }

double GraphScene::hyperedge_radius(std::int32_t hyperedge, double scale) const {
    return std::clamp(node_radius(scale) * (0.55 + 0.16 * std::log2(double(graph->members.length(hyperedge)) + 1)), 1.2, 16.0);
}

// --- what is drawn where

void GraphRenderer::find_centres(const GraphScene& scene) {
    const GraphPlacesPtr given = scene.style == GraphStyle::star || scene.style == GraphStyle::line_graph ? scene.hyperedge_places : nullptr;   // names of hulls lie in their middle
    if (m_centres && m_centres_graph == scene.graph && m_centres_places == scene.places && m_centres_given == given && m_centres_nodes == scene.nodes && m_centres_hyperedges == scene.hyperedges) return;
    auto centres = std::make_shared<GraphPlaces>();
    const std::size_t count = std::size_t(scene.graph->hyperedges);
    centres->x.assign(count, kNoPlace);
    centres->y.assign(count, kNoPlace);
    for (std::size_t h = 0; h < count; ++h) {
        if (!scene.shows_hyperedge(std::int32_t(h))) continue;
        double x = 0, y = 0;
        std::int64_t n = 0;
        for (const std::int32_t v : scene.graph->members[std::int64_t(h)]) {
            const float vx = scene.places->x[std::size_t(v)], vy = scene.places->y[std::size_t(v)];
            if (!scene.shows_node(v) || !std::isfinite(vx) || !std::isfinite(vy)) continue;
            x += double(vx);
            y += double(vy);
            ++n;
        }
        if (n == 0) continue;
        centres->x[h] = float(x / double(n));
        centres->y[h] = float(y / double(n));
        if (!given || !std::isfinite(given->x[h]) || !std::isfinite(given->y[h])) continue;
        centres->x[h] = given->x[h];
        centres->y[h] = given->y[h];
    }
    m_centres = std::move(centres);
    m_centres_graph = scene.graph;
    m_centres_places = scene.places;
    m_centres_given = given;
    m_centres_nodes = scene.nodes;
    m_centres_hyperedges = scene.hyperedges;
}

/// Hyperedges that share at least `overlap` nodes. Nodes in very many hyperedges are left out where all pairs would be too many.
void GraphRenderer::find_dual(const GraphScene& scene, const std::atomic<bool>& stop) {
    if (m_dual_graph == scene.graph && m_dual_hyperedges == scene.hyperedges && m_dual_overlap == scene.overlap) return;
    const GraphData& graph = *scene.graph;
    std::vector<std::int64_t> degrees;
    for (std::int64_t v = 0; v < graph.nodes; ++v) degrees.push_back(graph.memberships.length(v));
    std::ranges::sort(degrees);
    std::int64_t work = 0, most = 0;
    for (const std::int64_t d : degrees) {
        work += d * d / 2;
        if (work > kMostDualWork) break;
        most = d;
    }
    m_dual_most = most;
    m_dual_left_out = work > kMostDualWork ? degrees.end() - std::ranges::upper_bound(degrees, most) : 0;
    m_dual = {};
    std::vector<std::int32_t> count(std::size_t(graph.hyperedges), 0), met;
    for (std::int64_t h = 0; h < graph.hyperedges && !stop; ++h) {
        met.clear();
        if (scene.shows_hyperedge(std::int32_t(h)))
            for (const std::int32_t v : graph.members[h]) {
                if (graph.memberships.length(v) > most) continue;
                for (const std::int32_t other : graph.memberships[v])
                    if (other > h && scene.shows_hyperedge(other) && count[std::size_t(other)]++ == 0) met.push_back(other);
            }
        for (const std::int32_t other : met) {
            if (count[std::size_t(other)] >= scene.overlap) m_dual.items.push_back(other);
            count[std::size_t(other)] = 0;
        }
        m_dual.offsets.push_back(m_dual.size());
    }
    m_dual_graph = stop ? nullptr : scene.graph;
    m_dual_hyperedges = scene.hyperedges;
    m_dual_overlap = scene.overlap;
}

void GraphRenderer::find_super_nodes(const GraphScene& scene, const GraphCamera& camera) {
    m_super.clear();
    m_super_lines.clear();
    m_super_left_out = 0;
    if (!scene.clusters || scene.style == GraphStyle::line_graph || scene.spacing * camera.scale >= kSuperSpacing) return;
    std::unordered_map<std::int32_t, int> place_of;
    std::vector<int> super(std::size_t(scene.graph->nodes), -1);
    struct Sum { double x = 0, y = 0; std::unordered_map<QRgb, std::int64_t> colours; };
    std::vector<Sum> sums;
    for (std::int32_t v = 0; v < scene.graph->nodes; ++v) {
        const std::int32_t cluster = (*scene.clusters)[std::size_t(v)];
        const float x = scene.places->x[std::size_t(v)], y = scene.places->y[std::size_t(v)];
        if (cluster < 0 || !scene.shows_node(v) || !std::isfinite(x) || !std::isfinite(y)) continue;
        const auto [at, is_new] = place_of.emplace(cluster, int(m_super.size()));
        if (is_new) {
            m_super.push_back({cluster, 0, 0, 0, 0, 0});
            sums.emplace_back();
        }
        super[std::size_t(v)] = at->second;
        Sum& sum = sums[std::size_t(at->second)];
        sum.x += double(x);
        sum.y += double(y);
        ++sum.colours[scene.marks->fill[std::size_t(v)]];
        ++m_super[std::size_t(at->second)].count;
    }
    std::int64_t largest = 1;
    for (const SuperNode& s : m_super) largest = std::max(largest, s.count);
    for (std::size_t i = 0; i < m_super.size(); ++i) {
        SuperNode& s = m_super[i];
        s.x = sums[i].x / double(s.count);
        s.y = sums[i].y / double(s.count);
        s.radius = std::max(3.0, 30 * std::sqrt(double(s.count) / double(largest)));
        s.colour = std::ranges::max_element(sums[i].colours, {}, [](const auto& c) { return c.second; })->first;
    }
    if (!scene.edges) return;
    std::unordered_map<std::uint64_t, std::int64_t> between;
    for (std::int64_t v = 0; v < scene.graph->nodes; ++v)
        for (const std::int32_t w : scene.graph->edges[v]) {
            const int a = super[std::size_t(v)], b = super[std::size_t(w)];
            if (a >= 0 && b >= 0 && a != b) ++between[std::uint64_t(std::min(a, b)) << 32 | std::uint64_t(std::max(a, b))];
        }
    for (const auto& [pair, n] : between) m_super_lines.push_back({{int(pair >> 32), int(pair & 0xffffffff)}, n});
    std::ranges::sort(m_super_lines, {}, [](const auto& l) { return l.second; });
    constexpr std::size_t kMost = 3000;   // the strongest
    if (m_super_lines.size() <= kMost) return;
    m_super_left_out = m_super_lines.size() - kMost;
    m_super_lines.erase(m_super_lines.begin(), m_super_lines.end() - kMost);
}

void GraphRenderer::prepare(const GraphScene& scene, const GraphCamera& camera, const std::atomic<bool>& stop) {
    m_note.clear();
    find_centres(scene);
    if (scene.style == GraphStyle::line_graph) {
        find_dual(scene, stop);
        if (m_dual_left_out) m_note = graph_text("Hyperedges are not joined over nodes that lie in more than %1 of them; such nodes: %2.").arg(m_dual_most).arg(m_dual_left_out);
    }
    const auto project = [&camera](const GraphPlaces& places, std::vector<float>& x, std::vector<float>& y, const auto& is_shown) {
        x.resize(places.x.size());
        y.resize(places.x.size());
        for (std::size_t i = 0; i < x.size(); ++i) {
            const QPointF at = camera.to_widget(double(places.x[i]), double(places.y[i]));
            const bool shown = is_shown(std::int32_t(i)) && std::isfinite(at.x()) && std::isfinite(at.y());
            x[i] = shown ? float(at.x()) : kNoPlace;
            y[i] = shown ? float(at.y()) : kNoPlace;
        }
    };
    project(*scene.places, m_x, m_y, [&scene](std::int32_t v) { return scene.shows_node(v); });
    project(*m_centres, m_hx, m_hy, [](std::int32_t) { return true; });
    find_super_nodes(scene, camera);
    if (m_super_left_out) m_note = graph_text("Groups stand for their nodes; of the lines between them the %1 strongest are drawn, %2 are left out.").arg(m_super_lines.size()).arg(m_super_left_out);
    if (m_super.empty() && scene.style == GraphStyle::clique) {
        std::int64_t left_out = 0, all = 0;
        for (std::int64_t h = 0; h < scene.graph->hyperedges; ++h) {
            if (!scene.shows_hyperedge(std::int32_t(h))) continue;
            ++all;
            left_out += scene.graph->members.length(h) > kMostCliqueMembers;
        }
        if (left_out) m_note = graph_text("%1 of %2 hyperedges are drawn as cliques; %3 with more than %4 members are left out.").arg(all - left_out).arg(all).arg(left_out).arg(kMostCliqueMembers);
    }
}

// --- lines

std::int64_t GraphRenderer::line_rows(const GraphScene& scene) const { return scene.style == GraphStyle::line_graph ? scene.graph->hyperedges : scene.graph->nodes + scene.graph->hyperedges; }

/// Rows are the nodes (simple edges), then the hyperedges (spokes or pairs); of the line graph the hyperedges. line(x0, y0, x1, y1, hyperedge or -1).
template <typename Line> void GraphRenderer::lines_of(const GraphScene& scene, std::int64_t from, std::int64_t to, const Line& line) const {
    const GraphData& graph = *scene.graph;
    const bool dual = scene.style == GraphStyle::line_graph;
    for (std::int64_t row = from; row < to; ++row) {
        if (dual) {
            for (const std::int32_t other : m_dual[row]) line(m_hx[std::size_t(row)], m_hy[std::size_t(row)], m_hx[std::size_t(other)], m_hy[std::size_t(other)], -1);
            continue;
        }
        if (row < graph.nodes) {
            if (!scene.edges || std::isnan(m_x[std::size_t(row)])) continue;
            for (const std::int32_t other : graph.edges[row]) line(m_x[std::size_t(row)], m_y[std::size_t(row)], m_x[std::size_t(other)], m_y[std::size_t(other)], -1);
            continue;
        }
        const std::int64_t h = row - graph.nodes;
        if (!scene.shows_hyperedge(std::int32_t(h))) continue;
        if (scene.style == GraphStyle::star) {
            for (const std::int32_t v : graph.members[h]) line(m_hx[std::size_t(h)], m_hy[std::size_t(h)], m_x[std::size_t(v)], m_y[std::size_t(v)], std::int32_t(h));
        } else if (scene.style == GraphStyle::clique && graph.members.length(h) <= kMostCliqueMembers) {
            const auto members = graph.members[h];
            for (std::size_t i = 0; i < members.size(); ++i)
                for (std::size_t k = i + 1; k < members.size(); ++k)
                    line(m_x[std::size_t(members[i])], m_y[std::size_t(members[i])], m_x[std::size_t(members[k])], m_y[std::size_t(members[k])], std::int32_t(h));
        }
    }
}

std::int64_t GraphRenderer::line_count(const GraphScene& scene) const {
    std::int64_t count = 0;
    lines_of(scene, 0, line_rows(scene), [&count](float x0, float, float x1, float, std::int32_t) { count += !std::isnan(x0) && !std::isnan(x1); });
    return count;
}

void GraphRenderer::paint_lines(QImage& image, const GraphScene& scene, const GraphCamera& camera, const std::atomic<bool>& stop) const {
    LineDensity sum(image.width(), image.height());
    std::mutex mutex;
    const bool coloured = scene.few && scene.style != GraphStyle::line_graph;   // those lines come with the areas
    const std::int64_t items = scene.style == GraphStyle::line_graph ? m_dual.size() : scene.graph->edges.size() + scene.graph->members.size();
    constexpr int kPixels = 16;   // a line is more work than a pixel: two threads from some ten thousand lines
    parallel_rows(int(line_rows(scene)), kPixels * int(std::max<std::int64_t>(1, items / std::max<std::int64_t>(1, line_rows(scene)))), [&](int from, int to) {
        const bool whole = from == 0 && to == line_rows(scene);
        LineDensity own = whole ? LineDensity(0, 0) : LineDensity(image.width(), image.height());
        LineDensity& into = whole ? sum : own;
        constexpr int kAtOnce = 512;   // rows between looks at `stop`
        for (int row = from; row < to && !stop; row += kAtOnce)
            lines_of(scene, row, std::min(to, row + kAtOnce), [&](float x0, float y0, float x1, float y1, std::int32_t h) {
                if (!coloured || h < 0) into.add(double(x0) * camera.ratio, double(y0) * camera.ratio, double(x1) * camera.ratio, double(y1) * camera.ratio);
            });
        if (whole) return;
        const std::scoped_lock lock(mutex);
        sum.add(own);
    });
    sum.blend(image, scene.look.text2, 0.72);
}

// --- areas, super-nodes, nodes

QPainterPath GraphRenderer::hull_of(const GraphScene& scene, const GraphCamera& camera, std::int32_t hyperedge, int level) const {
    std::vector<QPointF> points;
    for (const std::int32_t v : scene.graph->members[hyperedge])
        if (!std::isnan(m_x[std::size_t(v)])) points.emplace_back(double(m_x[std::size_t(v)]), double(m_y[std::size_t(v)]));
    const double r = scene.node_radius(camera.scale);
    return padded_hull(std::move(points), r + 4 + std::min(5.0, 1 + r * 0.6) * level);
}

void GraphRenderer::paint_areas(QPainter& painter, const GraphScene& scene, const GraphCamera& camera) {
    m_hulls.clear();
    if (!scene.few || !m_super.empty()) return;
    const bool dark = scene.look.dark;
    if (scene.style == GraphStyle::hulls) {
        std::vector<std::int32_t> shown;
        for (std::int32_t h = 0; h < scene.graph->hyperedges; ++h)
            if (!std::isnan(m_hx[std::size_t(h)])) shown.push_back(h);
        const std::vector<int> levels = nesting_levels(*scene.graph, shown);
        for (std::size_t i = 0; i < shown.size(); ++i) m_hulls.push_back({shown[i], hull_of(scene, camera, shown[i], levels[i])});
        std::ranges::stable_sort(m_hulls, std::greater(), [&scene](const GraphHull& hull) { return scene.graph->members.length(hull.hyperedge); });   // small ones on top
        for (const GraphHull& hull : m_hulls) {
            QColor colour = class_colour(hull.hyperedge, dark);
            painter.setPen(QPen(colour, 1.5, hull.hyperedge / kGraphPalette % 2 ? Qt::DashLine : Qt::SolidLine));
            colour.setAlphaF(0.11f);
            painter.setBrush(colour);
            painter.drawPath(hull.path);
        }
        return;
    }
    if (scene.style == GraphStyle::line_graph) return;
    painter.setBrush(Qt::NoBrush);
    const std::int64_t lines = scene.graph->members.size();
    lines_of(scene, scene.graph->nodes, line_rows(scene), [&](float x0, float y0, float x1, float y1, std::int32_t h) {
        if (std::isnan(x0) || std::isnan(x1)) return;
        QColor colour = class_colour(h, dark);
        colour.setAlphaF(lines > 2000 ? 0.35f : 0.8f);
        painter.setPen(QPen(colour, 1));
        painter.drawLine(QPointF(double(x0), double(y0)), QPointF(double(x1), double(y1)));
    });
}

void GraphRenderer::paint_super_nodes(QPainter& painter, const GraphScene& scene) const {
    for (const auto& [pair, count] : m_super_lines) {
        const SuperNode &a = m_super[std::size_t(pair.first)], &b = m_super[std::size_t(pair.second)];
        QColor colour = scene.look.text3;
        colour.setAlphaF(float(std::min(0.6, 0.12 + 0.05 * std::log2(double(count) + 1))));
        painter.setPen(QPen(colour, std::min(7.0, 0.7 + 0.45 * std::log2(double(count)))));
        const GraphCamera& camera = m_last.camera;
        painter.drawLine(camera.to_widget(a.x, a.y), camera.to_widget(b.x, b.y));
    }
    for (const SuperNode& s : m_super) {
        QColor fill = QColor::fromRgb(qAlpha(s.colour) ? s.colour : qRgb(255, 0, 255));
        painter.setPen(QPen(scene.look.canvas, 1.5));
        painter.setBrush(fill);
        painter.drawEllipse(m_last.camera.to_widget(s.x, s.y), s.radius, s.radius);
    }
}

std::vector<GraphMark> GraphRenderer::base_marks(const GraphScene& scene, const GraphCamera& camera) const {
    std::vector<GraphMark> marks;
    const QRgb canvas = scene.look.canvas.rgba();
    const QRectF seen = QRectF(QPointF(), QSizeF(camera.size)).adjusted(-20, -20, 20, 20);
    if (scene.style == GraphStyle::star || scene.style == GraphStyle::line_graph)
        for (std::int32_t h = 0; h < scene.graph->hyperedges; ++h) {
            const float x = m_hx[std::size_t(h)], y = m_hy[std::size_t(h)];
            if (!seen.contains(double(x), double(y))) continue;
            const double r = scene.hyperedge_radius(h, camera.scale);
            const QColor colour = scene.few || scene.style == GraphStyle::line_graph ? class_colour(h, scene.look.dark) : scene.look.text3;
            marks.push_back({x, y, float(r), NodeShape::square, colour.rgba(), r > 2.5 ? canvas : 0, 1});
        }
    if (scene.style == GraphStyle::line_graph) return marks;
    for (std::int32_t v = 0; v < scene.graph->nodes; ++v) {
        const float x = m_x[std::size_t(v)], y = m_y[std::size_t(v)];
        if (!seen.contains(double(x), double(y))) continue;
        if (!m_super.empty() && (*scene.clusters)[std::size_t(v)] >= 0) continue;
        const float r = float(scene.node_radius(v, camera.scale));
        const QRgb fill = scene.marks->fill[std::size_t(v)];
        const bool missing = qAlpha(fill) == 0;
        marks.push_back({x, y, r, scene.marks->shape[std::size_t(v)], missing ? canvas : fill, missing ? qRgb(255, 0, 255) : r > 2.5f ? canvas : 0, missing ? std::max(1.0f, r / 3) : 1.0f});
    }
    return marks;
}

QImage GraphRenderer::base_image(const GraphScene& scene, const GraphCamera& camera, const std::atomic<bool>& stop) {
    QImage image((QSizeF(camera.size) * camera.ratio).toSize(), QImage::Format_RGB32);
    image.fill(scene.look.canvas);
    if (m_super.empty() && !stop) paint_lines(image, scene, camera, stop);
    image.setDevicePixelRatio(camera.ratio);
    if (stop) return image;
    {
        QPainter painter(&image);
        painter.setRenderHint(QPainter::Antialiasing);
        paint_areas(painter, scene, camera);
        if (!m_super.empty()) paint_super_nodes(painter, scene);
    }
    splat_marks(image, base_marks(scene, camera));
    return image;
}

GraphPicture GraphRenderer::render(const GraphScene& scene, const GraphCamera& camera, const std::atomic<bool>& stop) {
    if (m_last.base.isNull() || m_last.serial != scene.base_serial || !(m_last.camera == camera)) {
        m_last.camera = camera;
        m_last.serial = scene.base_serial;
        prepare(scene, camera, stop);
        m_last.base = base_image(scene, camera, stop);
        if (stop) {
            m_last = {};
            return {};
        }
        m_last.centres = m_centres;
        m_last.hulls = m_hulls;
        m_last.super_nodes = m_super;
        m_last.note = m_note;
    }
    QImage top((QSizeF(camera.size) * camera.ratio).toSize(), QImage::Format_ARGB32_Premultiplied);
    top.setDevicePixelRatio(camera.ratio);
    top.fill(Qt::transparent);
    {
        QPainter painter(&top);
        painter.setRenderHint(QPainter::Antialiasing);
        paint_highlights(painter, scene, camera);
    }
    splat_marks(top, top_marks(scene, camera));
    {
        QPainter painter(&top);
        painter.setRenderHint(QPainter::Antialiasing);
        paint_labels(painter, scene, camera);
    }
    m_last.top = top;
    return m_last;
}

bool GraphRenderer::draw(QPainter& painter, const GraphScene& scene, const GraphCamera& camera, std::int64_t limit, const std::atomic<bool>& stop) {
    m_last.camera = camera;
    prepare(scene, camera, stop);
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    const bool super = !m_super.empty();
    const std::vector<GraphMark> marks = base_marks(scene, camera);
    const bool as_picture = !super && line_count(scene) + std::int64_t(marks.size()) > limit;
    if (as_picture) {
        GraphCamera fine = camera;
        fine.ratio = 2;
        painter.drawImage(QPointF(), base_image(scene, fine, stop));
    } else {
        painter.fillRect(QRect(QPoint(), camera.size), scene.look.canvas);
        QColor colour = scene.look.text2;
        colour.setAlphaF(0.34f);
        painter.setPen(QPen(colour, 1));
        const QRectF seen(QPointF(-1, -1), QSizeF(camera.size) + QSizeF(2, 2));
        const bool coloured = scene.few && scene.style != GraphStyle::line_graph;
        if (!super)
            lines_of(scene, 0, line_rows(scene), [&](float x0, float y0, float x1, float y1, std::int32_t h) {
                const QPointF a{double(x0), double(y0)}, b{double(x1), double(y1)};
                const bool here = !(coloured && h >= 0) && !std::isnan(x0) && !std::isnan(x1) && QRectF(a, b).normalized().adjusted(-1, -1, 1, 1).intersects(seen);
                if (here) painter.drawLine(a, b);
            });
        paint_areas(painter, scene, camera);
        if (super) paint_super_nodes(painter, scene);
        draw_marks(painter, marks);
    }
    paint_highlights(painter, scene, camera);
    draw_marks(painter, top_marks(scene, camera));
    paint_labels(painter, scene, camera);
    painter.restore();
    m_last = {};
    return as_picture;
}

}
