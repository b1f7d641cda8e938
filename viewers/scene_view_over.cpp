// What is written over the picture of a SceneView: metres of the rings, names of boxes, axes, the note.
#include "viewers/scene_view_impl.h"
#include "viewers/view_style.h"
#include <QPainter>
#include <QPainterPath>
#include <algorithm>

namespace lathe {
namespace {

constexpr double kLeastBox = 34;                           // pixels across, for a box that is named

/// Dark around the letters, so that they are read on voxels too.
void draw_outlined(QPainter& painter, const QPointF& at, const QString& text) {
    QPainterPath path;
    path.addText(at, painter.font(), text);
    painter.strokePath(path, QPen(kSceneCanvas, 3, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    painter.drawText(at, text);
}

}

void SceneView::draw_over(QPainter& painter) const {
    painter.setRenderHint(QPainter::Antialiasing);
    if (has_layer(Layer::rings)) draw_ring_labels(painter);
    painter.setPen(kSceneText2);
    painter.setFont(ViewStyle::font(12));
    const QFontMetricsF metrics(painter.font());
    QRectF note(10, 8, 0, 0);
    for (const QString& line : m->note.split(u'\n', Qt::SkipEmptyParts)) {
        draw_outlined(painter, {note.left(), note.bottom() + metrics.ascent()}, line);
        note.setSize({std::max(note.width(), metrics.horizontalAdvance(line)), note.height() + metrics.height() + 2});
    }
    if (has_layer(Layer::boxes)) draw_box_labels(painter, note);
    draw_axes(painter);
}

/// On the side of the rings that is turned to the viewer, to the right.
void SceneView::draw_ring_labels(QPainter& painter) const {
    const EyeFrame f = frame_of(m->eye);
    const Vector3 ahead = std::abs(f.forward[2]) < 0.999 ? f.forward : f.up;
    const double angle = std::atan2(-ahead[1], -ahead[0]) + 0.85;
    painter.setFont(ViewStyle::font(11));
    painter.setPen(kSceneText2);
    for (const double radius : m->rings) {
        const auto at = place_of({radius * std::cos(angle), radius * std::sin(angle), m->ground});
        if (at && QRectF(rect()).adjusted(0, 12, -34, -4).contains(*at)) draw_outlined(painter, *at + QPointF(4, 4), tr("%1 m").arg(radius));
    }
}

/// Beside the boxes that are large enough and where no other name lies; the picked one first, then the nearest.
void SceneView::draw_box_labels(QPainter& painter, const QRectF& note) const {
    std::vector<std::pair<double, const SceneBox*>> order;
    for (const SceneBox& box : m->boxes)
        if (!box.label.isEmpty()) order.emplace_back(box.picked ? -1 : length(minus(box.centre, m->eye.eye)), &box);
    std::ranges::stable_sort(order, {}, [](const auto& entry) { return entry.first; });
    painter.setFont(ViewStyle::font(11));
    const QFontMetricsF metrics(painter.font());
    std::vector<QRectF> taken{note};
    for (const auto& [distance, box] : order) {
        QRectF seen;
        bool whole = true;
        for (const Vector3& corner : box_corners(box->centre, box->size, box->yaw)) {
            const auto at = place_of(corner);
            whole = whole && at;
            if (at) seen = seen.isNull() ? QRectF(*at, QSizeF(0.01, 0.01)) : seen.united(QRectF(*at, QSizeF(0.01, 0.01)));
        }
        if (!whole || (!box->picked && seen.width() < kLeastBox)) continue;
        const QSizeF size(metrics.horizontalAdvance(box->label) + 8, metrics.height() + 2);
        const QRectF label(QPointF(seen.center().x() - size.width() / 2, seen.top() - size.height() - 2), size);
        if (!QRectF(rect()).contains(label) || std::ranges::any_of(taken, [&](const QRectF& other) { return other.intersects(label); })) continue;
        taken.push_back(label);
        painter.fillRect(label, QColor(kSceneCanvas.red(), kSceneCanvas.green(), kSceneCanvas.blue(), 200));
        painter.setPen(box->picked ? kScenePick : kSceneText);
        painter.drawText(label, Qt::AlignCenter, box->label);
    }
}

/// Small axes in the lower right corner.
void SceneView::draw_axes(QPainter& painter) const {
    const EyeFrame f = frame_of(m->eye);
    const QPointF origin(width() - 46, height() - 40);
    painter.setFont(ViewStyle::font(11));
    const std::array<std::pair<Vector3, QColor>, 3> axes{{{{1, 0, 0}, QColor(0xE6, 0x9F, 0x00)}, {{0, 1, 0}, QColor(0x56, 0xB4, 0xE9)}, {{0, 0, 1}, kSceneText}}};
    const QString names = QStringLiteral("xyz");
    for (std::size_t k = 0; k < 3; ++k) {
        const QPointF tip = 26 * QPointF(dot(axes[k].first, f.right), -dot(axes[k].first, f.up));
        const double seen = std::hypot(tip.x(), tip.y());
        if (seen < 4) continue;                            // it points at the viewer
        painter.setPen(QPen(axes[k].second, 2));
        painter.drawLine(origin, origin + tip);
        painter.setPen(kSceneText2);
        painter.drawText(QRectF(origin + tip * ((seen + 9) / seen) - QPointF(8, 8), QSizeF(16, 16)), Qt::AlignCenter, names.mid(qsizetype(k), 1));
    }
}

}
