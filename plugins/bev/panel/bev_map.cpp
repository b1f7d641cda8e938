#include "plugins/bev/panel/bev_map.h"
#include "plugins/bev/panel/projection.h"
#include "viewers/accessible.h"
#include "viewers/colour_table.h"
#include "viewers/view_export.h"
#include <QContextMenuEvent>
#include <QFileDialog>
#include <QMenu>
#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>
#include <algorithm>
#include <cmath>
#include <numbers>

namespace lathe::bev {
namespace {

constexpr double kMargin = 12, kLegend = 26, kMostMapZoom = 16;
const QColor kGround(0x17, 0x19, 0x1D), kInk(0xE4, 0xE7, 0xEB), kInk2(0xA7, 0xAF, 0xBA);   // a scene: dark in both themes

/// Of the range circles: those of the metric where the map is so large, else every 10 m.
std::vector<double> rings_of(double range) { return range > 45 ? std::vector<double>{30, 40, 50} : range > 25 ? std::vector<double>{10, 20, 30} : std::vector<double>{5, 10, 15, 20}; }

}

BevMap::BevMap(QWidget* parent) : QWidget(parent) {
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setAccessibleName(tr("Bird's-eye map"));
    setAccessibleDescription(tr("Class scores on the ground with boxes. Arrow keys move the crosshair, Enter picks."));
}

void BevMap::set_frame(std::shared_ptr<const Frame> frame) {
    m_frame = std::move(frame);
    rebuild();
}

void BevMap::set_selection(const Selection& selection) {
    m_selection = selection;
    update();
}

void BevMap::set_shown(const Shown& shown) {
    m_shown = shown;
    update();
}

void BevMap::set_stale(bool stale) {
    if (std::exchange(m_stale, stale) != stale) update();
}

void BevMap::set_content(int content) {
    m_content = content;
    rebuild();
}

/// One pixel a cell; row 0 is the largest y, as the map is drawn with y up before it is turned.
void BevMap::rebuild() {
    m_map = {};
    update();
    if (!m_frame) return;
    if (m_content == camera) {
        const VoxelView& view = m_frame->view;
        if (view.is_empty()) return;
        m_map = QImage(view.n[0], view.n[1], QImage::Format_RGB32);
        for (int x = 0; x < view.n[0]; ++x)
            for (int y = 0; y < view.n[1]; ++y) {
                QColor colour = kGround;
                for (int z = view.n[2] - 1; z >= 0 && colour == kGround; --z)
                    if (const int c = view.camera[view.at(x, y, z)]; c < int(view.cameras.size())) colour = camera_colour(view.cameras[c], c).darker(170);
                m_map.setPixelColor(x, view.n[1] - 1 - y, colour);
            }
        return;
    }
    Map2d map;
    if (m_content == feature) {
        map = m_frame->bev_magnitude;
    } else if (m_content >= 0) {
        map = m_frame->heat[std::size_t(m_content)];
    } else {
        map = m_frame->heat[0];
        for (const Map2d& other : m_frame->heat)
            for (std::size_t i = 0; i < std::min(map.values.size(), other.values.size()); ++i) map.values[i] = std::max(map.values[i], other.values[i]);
    }
    if (map.values.empty() || map.values.size() != std::size_t(map.width) * std::size_t(map.height)) return;
    m_lowest = 0;
    m_highest = m_content == feature ? std::max(1e-9f, *std::max_element(map.values.begin(), map.values.end())) : 1;
    const ColourTable colours(m_content == feature ? ColourMapId::viridis : ColourMapId::inferno, kGround);
    m_map = QImage(map.width, map.height, QImage::Format_RGB32);
    for (int y = 0; y < map.height; ++y) {
        auto* line = reinterpret_cast<QRgb*>(m_map.scanLine(map.height - 1 - y));
        for (int x = 0; x < map.width; ++x) line[x] = colours.at(map.values[std::size_t(y) * std::size_t(map.width) + std::size_t(x)] / m_highest);
    }
}

QRectF BevMap::area(const QSizeF& size) const {
    const double side = std::max(40.0, std::min(size.width() - 2 * kMargin, size.height() - kMargin - kLegend));
    return {(size.width() - side) / 2, (size.height() - kLegend - side) / 2 + 4, side, side};
}

/// The lidar of nuScenes looks with y forward and x to the right, so that y up is forward up.
QTransform BevMap::placed(const QSizeF& size) const {
    const QRectF inside = area(size);
    const double scale = m_zoom * inside.width() / (2 * (m_frame ? m_frame->range() : 50));
    QTransform out;
    out.translate(inside.center().x(), inside.center().y());
    out.scale(scale, -scale);
    out.translate(-m_middle.x(), -m_middle.y());
    return out;
}

QPointF BevMap::to_widget(double x, double y) const { return placed(size()).map(QPointF(x, y)); }
QPointF BevMap::to_metres(const QPointF& position) const { return placed(size()).inverted().map(position); }
double BevMap::cell() const { return m_frame && !m_frame->view.is_empty() ? m_frame->view.size[0] : 1; }

void BevMap::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    draw(painter, size());
    if (hasFocus()) draw_view_focus(painter, this);
}

void BevMap::draw(QPainter& painter, const QSizeF& size) const {
    const ViewStyle style = ViewStyle::current();
    painter.fillRect(QRectF(QPointF(), size), style.base);
    const QRectF inside = area(size);
    painter.fillRect(inside, kGround);
    if (!m_frame) {
        painter.setPen(kInk2);
        painter.setFont(ViewStyle::font(13));
        painter.drawText(inside.adjusted(16, 0, -16, 0), Qt::AlignCenter | Qt::TextWordWrap, tr("The ground from above: class scores and boxes."));
        return;
    }
    const QTransform to = placed(size);
    painter.save();
    painter.setClipRect(inside);
    if (!m_map.isNull()) {
        const double range = m_frame->range();
        painter.setOpacity(m_stale ? 0.5 : 1);
        painter.drawImage(to.mapRect(QRectF(-range, -range, 2 * range, 2 * range)), m_map);
        painter.setOpacity(1);
    }
    painter.setRenderHint(QPainter::Antialiasing);
    draw_rings(painter, to);
    draw_objects(painter, to);
    draw_cursor(painter, to, inside);
    painter.restore();
    draw_legend(painter, size);
}

void BevMap::draw_rings(QPainter& painter, const QTransform& to) const {
    painter.setFont(ViewStyle::font(11));
    for (const double radius : rings_of(m_frame->range())) {
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(QColor(0x8A, 0x93, 0xA0, 150), 1, Qt::DotLine));
        painter.drawEllipse(to.mapRect(QRectF(-radius, -radius, 2 * radius, 2 * radius)));
        painter.setPen(kInk2);
        const QPointF at = to.map(QPointF(radius * std::numbers::sqrt2 / 2, -radius * std::numbers::sqrt2 / 2));
        painter.drawText(at + QPointF(3, 12), tr("%1 m").arg(radius));
    }
    QPainterPath car;   // the car itself, its nose forward
    car.addPolygon(QPolygonF{{-0.9, -2.2}, {-0.9, 1.4}, {0, 2.4}, {0.9, 1.4}, {0.9, -2.2}});
    car.closeSubpath();
    painter.setPen(Qt::NoPen);
    painter.setBrush(QColor(0xC9, 0xCF, 0xD6));
    painter.drawPath(to.map(car));
}

void BevMap::draw_objects(QPainter& painter, const QTransform& to) const {
    painter.setBrush(Qt::NoBrush);
    const auto draw_one = [&](const SceneObject& object, const QColor& colour, bool picked) {
        const std::array<Point3, 8> corners = box_corners(object.centre, object.size, object.yaw);
        QPolygonF outline;
        for (const std::size_t i : {0u, 1u, 3u, 2u}) outline << to.map(QPointF(corners[i][0], corners[i][1]));
        painter.setPen(QPen(picked ? kPickColour : colour, picked ? 2.2 : 1.2));
        painter.drawPolygon(outline);
        const QPointF front = (outline[1] + outline[2]) / 2, middle = to.map(QPointF(object.centre[0], object.centre[1]));
        painter.drawLine(middle, front);   // where it looks
        if (m_shown.velocity && std::hypot(object.velocity[0], object.velocity[1]) > 0.3) {
            painter.setPen(QPen(picked ? kPickColour : colour, 1));
            painter.drawLine(front, front + to.map(QPointF(object.velocity[0], object.velocity[1])) - to.map(QPointF(0, 0)));
        }
    };
    for (std::size_t i = 0; i < m_frame->truth.size(); ++i)
        if (m_shown.shows_truth(m_frame->truth[i])) draw_one(m_frame->truth[i], kTruthColour, m_selection.is_object(Selection::Kind::truth, int(i)));
    for (std::size_t i = 0; i < m_frame->boxes.size(); ++i)
        if (m_shown.shows_box(m_frame->boxes[i])) draw_one(m_frame->boxes[i], kBoxColour, m_selection.is_object(Selection::Kind::box, int(i)));
}

void BevMap::draw_cursor(QPainter& painter, const QTransform& to, const QRectF& inside) const {
    const VoxelView& view = m_frame->view;
    painter.setBrush(Qt::NoBrush);
    const auto column = [&](const std::array<int, 3>& voxel, const QColor& colour) {
        const Point3 centre = view.centre(voxel);
        painter.setPen(QPen(colour, 1.5));
        painter.drawRect(to.mapRect(QRectF(centre[0] - view.size[0] / 2, centre[1] - view.size[1] / 2, view.size[0], view.size[1])));
    };
    if (!view.is_empty()) {
        for (const std::size_t at : m_selection.ray)
            if (at < view.camera.size()) column(view.index_of(at), kPickColour);
        if (m_selection.kind == Selection::Kind::voxel && m_selection.voxel[0] >= 0) column(m_selection.voxel, kPickColour);
    }
    if (!m_has_cursor) return;
    const QPointF at = to.map(m_cursor);
    painter.setPen(QPen(QColor(kPickColour.red(), kPickColour.green(), kPickColour.blue(), 150), 1));
    painter.drawLine(QPointF(inside.left(), at.y()), QPointF(inside.right(), at.y()));
    painter.drawLine(QPointF(at.x(), inside.top()), QPointF(at.x(), inside.bottom()));
    const QString text = tr("x %1 m, y %2 m").arg(m_cursor.x(), 0, 'f', 1).arg(m_cursor.y(), 0, 'f', 1);
    painter.setFont(ViewStyle::font(11));
    const QRectF label(inside.right() - 140, at.y() < inside.top() + 20 ? at.y() + 3 : at.y() - 17, 136, 15);
    painter.setPen(kPickColour);
    painter.drawText(label, Qt::AlignRight | Qt::AlignVCenter, text);
}

void BevMap::draw_legend(QPainter& painter, const QSizeF& size) const {
    const ViewStyle style = ViewStyle::current();
    painter.setFont(ViewStyle::font(11));
    painter.setPen(style.text2);
    const QRectF row(kMargin, size.height() - kLegend + 2, size.width() - 2 * kMargin, kLegend - 6);
    if (m_content == camera) {
        painter.drawText(row, Qt::AlignLeft | Qt::AlignVCenter, tr("Camera of the topmost covered voxel"));
        return;
    }
    const QString title = m_content == feature ? tr("Length of the BEV feature") : m_content >= 0 ? tr("Score of %1").arg(class_names()[m_content]) : tr("Largest class score");
    painter.drawText(row, Qt::AlignLeft | Qt::AlignVCenter, title);
    const QRectF bar(row.right() - 150, row.center().y() - 5, 100, 10);
    draw_colour_bar(painter, bar, ColourTable(m_content == feature ? ColourMapId::viridis : ColourMapId::inferno, kGround));
    painter.setPen(style.text2);
    painter.drawText(QRectF(bar.left() - 44, row.top(), 40, row.height()), Qt::AlignRight | Qt::AlignVCenter, QStringLiteral("0"));
    painter.drawText(QRectF(bar.right() + 5, row.top(), 46, row.height()), Qt::AlignLeft | Qt::AlignVCenter, QString::number(m_highest, 'g', 3));
}

bool BevMap::export_file(const QString& file, double scale) const {
    return write_view(file, size(), [this](QPainter& painter) { draw(painter, size()); }, shown_run(this), scale);
}

// --- input

void BevMap::zoom_by(double factor, const QPointF& about) {
    const QPointF before = to_metres(about);
    m_zoom = std::clamp(m_zoom * factor, 1.0, kMostMapZoom);
    m_middle += before - to_metres(about);
    if (m_zoom == 1) m_middle = {};
    update();
}

void BevMap::mousePressEvent(QMouseEvent* event) {
    m_pressed = m_last = event->position();
    m_dragged = false;
}

void BevMap::mouseMoveEvent(QMouseEvent* event) {
    if (!m_frame) return;
    if (event->buttons() & (Qt::LeftButton | Qt::MiddleButton)) {
        if ((event->position() - m_pressed).manhattanLength() > 4) m_dragged = true;
        if (m_dragged && m_zoom > 1) m_middle -= to_metres(event->position()) - to_metres(m_last);
    }
    m_last = event->position();
    m_cursor = to_metres(event->position());
    m_has_cursor = area(size()).contains(event->position());
    update();
}

void BevMap::mouseReleaseEvent(QMouseEvent* event) {
    if (event->button() == Qt::LeftButton && !m_dragged) pick(event->position());
}

void BevMap::leaveEvent(QEvent*) {
    m_has_cursor = hasFocus() && m_has_cursor;
    update();
}

void BevMap::wheelEvent(QWheelEvent* event) {
    zoom_by(event->angleDelta().y() > 0 ? std::numbers::sqrt2 : 1 / std::numbers::sqrt2, event->position());
    event->accept();
}

void BevMap::pick(const QPointF& position) {
    if (!m_frame || !area(size()).contains(position)) return;
    const QPointF at = to_metres(position);
    double nearest = 1e30;
    int found = -1;
    bool is_truth = false;
    const auto look = [&](const std::vector<SceneObject>& objects, bool truth) {
        for (std::size_t i = 0; i < objects.size(); ++i) {
            const SceneObject& o = objects[i];
            if (truth ? !m_shown.shows_truth(o) : !m_shown.shows_box(o)) continue;
            const double dx = at.x() - o.centre[0], dy = at.y() - o.centre[1], c = std::cos(o.yaw), s = std::sin(o.yaw);
            if (std::abs(c * dx + s * dy) > o.size[1] / 2 + 0.4 || std::abs(c * dy - s * dx) > o.size[0] / 2 + 0.4) continue;
            if (const double distance = std::hypot(dx, dy) + (truth ? 0.01 : 0); distance < nearest) {
                nearest = distance;
                found = int(i);
                is_truth = truth;
            }
        }
    };
    look(m_frame->truth, true);
    look(m_frame->boxes, false);
    if (found >= 0) Q_EMIT object_picked(is_truth, found);
    else Q_EMIT ground_picked(at);
}

void BevMap::keyPressEvent(QKeyEvent* event) {
    const auto move = [&](double x, double y) {
        const double range = m_frame ? m_frame->range() : 50;
        m_cursor = {std::clamp(m_cursor.x() + x * cell(), -range, range), std::clamp(m_cursor.y() + y * cell(), -range, range)};
        m_has_cursor = true;
        announce_value(this);
        update();
    };
    const int step = event->modifiers() & Qt::ShiftModifier ? 10 : 1;
    switch (event->key()) {
    case Qt::Key_Left: return move(-step, 0);
    case Qt::Key_Right: return move(step, 0);
    case Qt::Key_Up: return move(0, step);
    case Qt::Key_Down: return move(0, -step);
    case Qt::Key_Plus: return zoom_by(std::numbers::sqrt2, area(size()).center());
    case Qt::Key_Minus: return zoom_by(1 / std::numbers::sqrt2, area(size()).center());
    case Qt::Key_F:
        m_zoom = 1;
        m_middle = {};
        return update();
    case Qt::Key_Return:
    case Qt::Key_Enter: return pick(to_widget(m_cursor.x(), m_cursor.y()));
    default: QWidget::keyPressEvent(event);
    }
}

void BevMap::contextMenuEvent(QContextMenuEvent* event) {
    QMenu menu(this);
    menu.addAction(tr("Export…"), this, [this] {
        const QString file = QFileDialog::getSaveFileName(window(), tr("Export the map"), QStringLiteral("birds-eye.png"), tr("Pictures (*.png *.svg *.pdf)"));
        if (!file.isEmpty() && !export_file(file)) show_export_failed(file);
    });
    menu.exec(event->globalPos());
}

}
