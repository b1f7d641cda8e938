// The picture of a GraphView: asked for, moved, and what lies over it.
#include "viewers/colour_table.h"
#include "viewers/graph_view_impl.h"
#include <QFontMetricsF>
#include <QPainter>
#include <QPainterPath>
#include <algorithm>
#include <cmath>

namespace lathe {
namespace {

constexpr int kMargin = 96;            // painted beyond each edge, so that a drag shows no gap before the next picture
constexpr double kLensRadius = 110, kLegendLine = 22;

}

double GraphView::Impl::legend_height() const { return legend_visible && graph && style != GraphStyle::line_graph && (colouring.kind != NodeColouring::Kind::plain || !sizing.title.isEmpty()) ? kLegendLine : 0; }
QSize GraphView::Impl::plane_size() const { return {q->width(), std::max(1, q->height() - int(legend_height()))}; }

GraphCamera GraphView::Impl::camera_of(const QSize& size, double ratio) const { return {x, y, scale, size, ratio}; }

void GraphView::Impl::ask() {
    if (is_empty() || plane_size().isEmpty()) return;
    dirty = false;
    const GraphCamera camera = camera_of(plane_size() + QSize(2 * kMargin, 2 * kMargin), q->devicePixelRatioF());
    worker->ask({std::make_shared<const GraphScene>(scene()), camera, ++asked});
    rest_timer.start();
}

void GraphView::Impl::take(GraphDone done) {
    if (is_empty() || done.serial <= outdated) return;
    picture = std::move(done.picture);
    shown = done.serial;
    note_of_picture = picture.note;
    update_note();
    q->update();
    if (shown == asked && !dirty) Q_EMIT q->settled();
}

bool GraphView::is_settled() const { return m->is_empty() || (m->shown == m->asked && !m->dirty && m->asked > 0); }

void GraphView::paintEvent(QPaintEvent*) {
    if (m->dirty) m->ask();
    QPainter painter(this);
    m->paint(painter);
    draw_view_focus(painter, this);
}

void GraphView::Impl::paint(QPainter& painter) {
    const ViewStyle style = ViewStyle::current();
    const QRectF plane{QPointF(), QSizeF(plane_size())};
    painter.fillRect(q->rect(), style.canvas);
    if (is_empty()) {
        painter.setPen(style.text2);
        painter.setFont(ViewStyle::font(13));
        const QString why = !graph || graph->nodes == 0 ? GraphView::tr("No graph yet. Open one.") : GraphView::tr("No layout yet. Run one to place the nodes.");
        painter.drawText(QRectF(q->rect()).adjusted(24, 24, -24, -24), Qt::AlignCenter | Qt::TextWordWrap, empty_text.isEmpty() ? why : empty_text);
        return;
    }
    if (!picture.base.isNull()) {
        // The last picture where its places are now.
        const GraphCamera now = camera_of(plane_size(), 1);
        const double factor = scale / picture.camera.scale;
        const QPointF middle = now.to_widget(picture.camera.x, picture.camera.y);
        const QSizeF size = QSizeF(picture.camera.size) * factor;
        QRectF at(middle.x() - size.width() / 2, middle.y() - size.height() / 2, size.width(), size.height());
        const double ratio = q->devicePixelRatioF();
        if (factor == 1) at.moveTopLeft({std::round(at.x() * ratio) / ratio, std::round(at.y() * ratio) / ratio});   // a copy of whole pixels is the fastest
        const bool lit = selection->hovered_node() >= 0 || selection->hovered_hyperedge() >= 0;
        const double full = stale ? 0.5 : 1;
        const auto put = [&](const QImage& image, double opacity) {
            painter.setOpacity(opacity);
            if (factor == 1) painter.drawImage(at.topLeft(), image);
            else painter.drawImage(at, image);
        };
        painter.setClipRect(plane);
        if (lens) {
            put(picture.base, full * 0.25);
            const QPointF centre = plane.contains(pointer) ? pointer : plane.center();
            QPainterPath circle;
            circle.addEllipse(centre, kLensRadius, kLensRadius);
            painter.save();
            painter.setClipPath(circle, Qt::IntersectClip);
            put(picture.base, full);
            put(picture.top, full);
            painter.restore();
            painter.setOpacity(1);
            painter.setRenderHint(QPainter::Antialiasing);
            painter.setBrush(Qt::NoBrush);
            painter.setPen(QPen(style.accent, 1.5));
            painter.drawEllipse(centre, kLensRadius, kLensRadius);
        } else {
            put(picture.base, full * (lit ? 0.4 : 1));
            put(picture.top, full);
        }
        painter.setOpacity(1);
        painter.setClipping(false);
    }
    paint_over(painter);
    paint_legend(painter, QRectF(0, plane.bottom(), q->width(), q->height() - plane.bottom()));
}

void GraphView::Impl::paint_over(QPainter& painter) const {
    const ViewStyle style = ViewStyle::current();
    painter.setRenderHint(QPainter::Antialiasing);
    if (current >= 0 && shows_node(current) && has_place(current) && (q->hasFocus() || selection->has_node(current))) {
        painter.setPen(QPen(style.accent, 2));
        painter.setBrush(Qt::NoBrush);
        painter.drawEllipse(place_in_widget(current), 13, 13);
    }
    if (grip == GraphGrip::rectangle) {
        const QRectF area = QRectF(press, last).normalized();
        QColor fill = style.accent;
        fill.setAlphaF(0.12f);
        painter.fillRect(area, fill);
        painter.setPen(QPen(style.accent, 1, Qt::DashLine));
        painter.setBrush(Qt::NoBrush);
        painter.drawRect(area);
    }
    if (note.isEmpty()) return;
    painter.setFont(ViewStyle::font(11));
    const QRectF room(8, 8, q->width() - 16, 60);
    const QRectF box = painter.fontMetrics().boundingRect(room.adjusted(6, 3, -6, -3).toRect(), Qt::AlignLeft | Qt::TextWordWrap, note);
    QColor back = style.canvas;
    back.setAlphaF(0.88f);
    painter.setPen(QPen(style.line, 1));
    painter.setBrush(back);
    painter.drawRoundedRect(box.adjusted(-6.5, -3.5, 6.5, 3.5), 4, 4);
    painter.setPen(style.text2);
    painter.drawText(box.adjusted(0, 0, 2, 2), Qt::AlignLeft | Qt::TextWordWrap, note);
}

void GraphView::Impl::paint_legend(QPainter& painter, const QRectF& area) const {
    if (area.height() < 1) return;
    const ViewStyle style = ViewStyle::current();
    const QFontMetricsF metrics(ViewStyle::font(11));
    painter.fillRect(area, style.base);
    painter.setFont(ViewStyle::font(11));
    painter.setRenderHint(QPainter::Antialiasing);
    double left = area.left() + 8;
    const auto text = [&](const QString& words, const QColor& colour) {
        const double width = metrics.horizontalAdvance(words);
        painter.setPen(colour);
        painter.drawText(QRectF(left, area.top(), width + 2, area.height()), Qt::AlignLeft | Qt::AlignVCenter, words);
        left += width + 8;
    };
    if (colouring.kind != NodeColouring::Kind::plain && !colouring.title.isEmpty()) text(colouring.title, style.text);
    const double middle = area.center().y();
    const QString sized = sizing.title.isEmpty() ? QString() : GraphView::tr("Size: %1").arg(sizing.title), without = missing ? GraphView::tr("none: %1").arg(missing) : QString();
    const double right = area.right() - 8 - (sized.isEmpty() ? 0 : metrics.horizontalAdvance(sized) + 12) - (without.isEmpty() ? 0 : metrics.horizontalAdvance(without) + 28);
    if (colouring.kind == NodeColouring::Kind::classes) {
        std::size_t placed = 0;
        for (const std::int32_t c : classes_met) {
            const QString name = metrics.elidedText(colouring.class_names.value(c, QString::number(c)), Qt::ElideRight, 140), rest = GraphView::tr("+%1 more").arg(classes_met.size() - placed);
            ++placed;
            if (left + metrics.horizontalAdvance(name) + 26 > right - (placed < classes_met.size() ? metrics.horizontalAdvance(rest) + 8 : 0)) {
                text(rest, style.text2);
                break;
            }
            const GraphMark mark{float(left + 5), float(middle), 4.5f, class_shape(c), class_colour(c, style.dark).rgba(), 0, 0};
            draw_marks(painter, {&mark, 1});
            left += 14;
            text(name, style.text2);
        }
    } else if (colouring.kind == NodeColouring::Kind::values) {
        const auto number = [this](double v) { return QString::number(v, 'g', 4).replace(u'-', QChar(0x2212)) + (colouring.unit.isEmpty() ? QString() : QChar(0xA0) + colouring.unit); };
        text(number(lowest), style.text2);
        const double width = std::clamp(right - left - metrics.horizontalAdvance(number(highest)) - 16, 40.0, 220.0);
        const ColourTable table(colouring.map, style.canvas);
        for (int i = 0; i < 64; ++i) painter.fillRect(QRectF(left + width * i / 64, middle - 4, width / 64 + 0.5, 8), QColor::fromRgb(table.at(on_canvas(colouring.map, (i + 0.5) / 64, style.dark))));
        left += width + 8;
        text(number(highest), style.text2);
    }
    if (!without.isEmpty()) {
        const bool is_value = colouring.kind == NodeColouring::Kind::values;
        const GraphMark mark{float(left + 5), float(middle), 4.5f, NodeShape::circle, is_value ? style.base.rgba() : class_colour(-1, style.dark).rgba(), is_value ? qRgb(255, 0, 255) : 0, 1.5f};
        draw_marks(painter, {&mark, 1});
        left += 14;
        text(without, style.text2);
    }
    if (!sized.isEmpty()) {
        painter.setPen(style.text2);
        painter.drawText(area.adjusted(0, 0, -8, 0), Qt::AlignRight | Qt::AlignVCenter, sized);
    }
}

// --- the camera

void GraphView::Impl::camera_moved() {
    dirty = true;
    q->update();
}

void GraphView::Impl::fit(const QRectF& plane) {
    const QSize size = plane_size();
    const double margin = std::min({36.0, size.width() / 8.0, size.height() / 8.0});
    x = plane.center().x();
    y = plane.center().y();
    const double by_width = plane.width() > 0 ? (size.width() - 2 * margin) / plane.width() : 0, by_height = plane.height() > 0 ? (size.height() - 2 * margin) / plane.height() : 0;
    const double chosen = by_width > 0 && by_height > 0 ? std::min(by_width, by_height) : std::max(by_width, by_height);
    scale = std::isfinite(chosen) && chosen > 0 ? chosen : 40;
    fitted = true;
    camera_moved();
}

void GraphView::fit() {
    if (m->is_empty()) return;
    fit_nodes(m->shown_nodes());
    m->moved_by_hand = false;
}

void GraphView::fit_nodes(const std::vector<std::int32_t>& nodes) {
    if (m->is_empty()) return;
    double left = std::numeric_limits<double>::infinity(), bottom = left, right = -left, top = -left;
    for (const std::int32_t v : nodes) {
        if (v < 0 || v >= m->graph->nodes || !m->has_place(v)) continue;
        const double px = double(m->places->x[std::size_t(v)]), py = double(m->places->y[std::size_t(v)]);
        left = std::min(left, px), right = std::max(right, px), bottom = std::min(bottom, py), top = std::max(top, py);
    }
    if (!(left <= right)) return;
    m->fit(QRectF(left, bottom, right - left, top - bottom));
    m->moved_by_hand = true;
}

void GraphView::zoom(double factor, const QPointF& about) {
    if (m->is_empty() || !(factor > 0) || !std::isfinite(factor)) return;
    const QPointF place = to_plane(about);
    // Not further than a node per screen or the graph as a speck.
    m->scale = std::clamp(m->scale * factor, 4 / (m->spacing * std::sqrt(double(m->graph->nodes) + 1)), 4000 / m->spacing);
    const QPointF moved = to_plane(about);
    m->x += place.x() - moved.x();
    m->y += place.y() - moved.y();
    m->moved_by_hand = true;
    m->camera_moved();
}

void GraphView::pan(const QPointF& by) {
    if (m->is_empty()) return;
    m->x -= by.x() / m->scale;
    m->y += by.y() / m->scale;
    m->moved_by_hand = true;
    m->camera_moved();
}

QPointF GraphView::to_widget(double x, double y) const { return m->camera_of(m->plane_size(), 1).to_widget(x, y); }
QPointF GraphView::to_plane(const QPointF& at) const { return m->camera_of(m->plane_size(), 1).to_plane(at); }
double GraphView::scale() const { return m->scale; }

void GraphView::resizeEvent(QResizeEvent*) {
    if (!m->moved_by_hand) fit();
    m->camera_moved();
}

}
