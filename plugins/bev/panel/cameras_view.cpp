#include "plugins/bev/panel/cameras_view.h"
#include "plugins/bev/panel/projection.h"
#include "viewers/accessible.h"
#include "viewers/view_export.h"
#include "viewers/view_style.h"
#include <QContextMenuEvent>
#include <QFileDialog>
#include <QMenu>
#include <QMouseEvent>
#include <QPainter>
#include <algorithm>
#include <cmath>
#include <numbers>

namespace lathe::bev {
namespace {

constexpr double kHead = 22, kGap = 1, kMostZoom = 32;
// Order of the ring: front-left, front, front-right above back-left, back, back-right.
const QStringList& ring() {
    static const QStringList order{QStringLiteral("CAM_FRONT_LEFT"), QStringLiteral("CAM_FRONT"), QStringLiteral("CAM_FRONT_RIGHT"), QStringLiteral("CAM_BACK_LEFT"), QStringLiteral("CAM_BACK"), QStringLiteral("CAM_BACK_RIGHT")};
    return order;
}

}

CamerasView::CamerasView(QWidget* parent) : QWidget(parent) {
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(tr("Cameras"));
    setAccessibleDescription(tr("Pictures of the rig with boxes. Arrow keys choose a camera, Enter picks its middle."));
}

void CamerasView::set_frame(std::shared_ptr<const Frame> frame) {
    m_frame = std::move(frame);
    if (m_frame && m_current >= int(m_frame->cameras.size())) m_current = 0;
    m_shares.clear();
    if (m_frame) {
        std::array<std::size_t, 256> cells{};
        for (const std::uint8_t camera : m_frame->view.camera) ++cells[camera];
        for (const CameraPicture& camera : m_frame->cameras) {
            const auto at = m_frame->view.cameras.indexOf(camera.channel);
            m_shares.push_back(at < 0 || m_frame->view.is_empty() ? -1 : double(cells[std::size_t(at)]) / double(m_frame->view.camera.size()));
        }
    }
    update();
}

void CamerasView::set_selection(const Selection& selection) {
    m_selection = selection;
    update();
}

void CamerasView::set_shown(const Shown& shown) {
    m_shown = shown;
    update();
}

void CamerasView::set_stale(bool stale) {
    if (std::exchange(m_stale, stale) != stale) update();
}

void CamerasView::set_empty_text(const QString& text) {
    m_empty = text;
    update();
}

void CamerasView::fit() {
    m_zoom = 1;
    m_middle = {0.5, 0.5};
    update();
}

void CamerasView::set_current_camera(int camera) {
    if (!m_frame || camera < 0 || camera >= int(m_frame->cameras.size()) || camera == m_current) return;
    m_current = camera;
    announce_value(this);
    update();
    Q_EMIT current_changed(camera);
}

std::vector<CamerasView::Pane> CamerasView::panes(const QSizeF& size) const {
    if (!m_frame || m_frame->cameras.empty()) return {};
    std::vector<int> order;
    const int count = int(m_frame->cameras.size());
    if (count == 6)
        for (const QString& channel : ring())
            for (int i = 0; i < count; ++i)
                if (m_frame->cameras[std::size_t(i)].channel == channel) order.push_back(i);
    if (int(order.size()) != count) {   // another rig, or other names: as they came
        order.clear();
        for (int i = 0; i < count; ++i) order.push_back(i);
    }
    const int rows = count <= 3 ? 1 : count <= 8 ? 2 : 3, columns = (count + rows - 1) / rows;
    const double width = (size.width() - kGap * (columns - 1)) / columns, height = (size.height() - kGap * (rows - 1)) / rows;
    std::vector<Pane> out;
    for (int i = 0; i < count; ++i) {
        const QPointF corner((i % columns) * (width + kGap), (i / columns) * (height + kGap));
        out.push_back({order[std::size_t(i)], QRectF(corner, QSizeF(width, kHead)), QRectF(corner + QPointF(0, kHead), QSizeF(width, std::max(1.0, height - kHead)))});
    }
    return out;
}

QRectF CamerasView::picture_rect(int camera) const {
    for (const Pane& pane : panes(size()))
        if (pane.camera == camera) return pane.picture;
    return {};
}

/// From the pixels of a picture (0, 0: the centre of the first) to the widget: as large as it fits, then the zoom.
QTransform CamerasView::to_widget(const Pane& pane, const QSize& picture) const {
    const double scale = m_zoom * std::min(pane.picture.width() / picture.width(), pane.picture.height() / picture.height());
    const QPointF middle(m_middle.x() * picture.width(), m_middle.y() * picture.height());
    QTransform out;
    out.translate(pane.picture.center().x(), pane.picture.center().y());
    out.scale(scale, scale);
    out.translate(0.5 - middle.x(), 0.5 - middle.y());
    return out;
}

void CamerasView::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    draw(painter, size());
    if (hasFocus()) draw_view_focus(painter, this);
}

void CamerasView::draw(QPainter& painter, const QSizeF& size) const {
    const ViewStyle style = ViewStyle::current();
    painter.fillRect(QRectF(QPointF(), size), style.canvas);
    const std::vector<Pane> all = panes(size);
    if (all.empty()) {
        painter.setPen(style.text2);
        painter.setFont(ViewStyle::font(13));
        painter.drawText(QRectF(QPointF(), size).adjusted(24, 0, -24, 0), Qt::AlignCenter | Qt::TextWordWrap, m_empty);
        return;
    }
    for (const Pane& pane : all) draw_pane(painter, pane);
}

void CamerasView::draw_pane(QPainter& painter, const Pane& pane) const {
    const ViewStyle style = ViewStyle::current();
    const CameraPicture& camera = m_frame->cameras[std::size_t(pane.camera)];
    painter.fillRect(pane.head, pane.camera == m_current ? style.sel : style.base);
    painter.setPen(Qt::NoPen);
    painter.setBrush(camera_colour(camera.channel, pane.camera));
    painter.drawRoundedRect(QRectF(pane.head.left() + 8, pane.head.center().y() - 5, 10, 10), 2, 2);
    painter.setPen(style.text);
    painter.setFont(ViewStyle::font(12, true));
    painter.drawText(pane.head.adjusted(26, 0, -8, 0), Qt::AlignLeft | Qt::AlignVCenter, short_name(camera.channel));
    if (const double share = m_shares[std::size_t(pane.camera)]; share >= 0) {
        painter.setPen(style.text2);
        painter.setFont(ViewStyle::font(12));
        painter.drawText(pane.head.adjusted(26, 0, -8, 0), Qt::AlignRight | Qt::AlignVCenter, tr("%1 % of cells").arg(100 * share, 0, 'f', 1));
    }
    painter.save();
    painter.setClipRect(pane.picture);
    painter.setRenderHint(QPainter::SmoothPixmapTransform, m_zoom < 4);
    const QTransform placed = to_widget(pane, camera.picture.size());
    painter.setOpacity(m_stale ? 0.5 : 1);
    painter.drawImage(placed.mapRect(QRectF(-0.5, -0.5, camera.picture.width(), camera.picture.height())), camera.picture);
    painter.setOpacity(1);
    painter.setRenderHint(QPainter::Antialiasing);
    draw_objects(painter, pane, camera);
    draw_picked_voxel(painter, pane, camera);
    painter.restore();
}

void CamerasView::draw_objects(QPainter& painter, const Pane& pane, const CameraPicture& camera) const {
    const QTransform placed = to_widget(pane, camera.picture.size());
    const QRectF area = placed.mapRect(QRectF(-0.5, -0.5, camera.picture.width(), camera.picture.height())).intersected(pane.picture);   // without the bars beside it
    painter.setClipRect(area);
    struct Label { QRectF box; QString text; bool picked; };
    std::vector<Label> labels;   // drawn last, over all lines
    painter.setFont(ViewStyle::font(11));
    const auto draw_one = [&](const SceneObject& object, const QColor& colour, bool picked, const QString& text) {
        const std::vector<PictureEdge> edges = edges_in(object, camera);
        const QRectF bounds = placed.mapRect(bounds_of_edges(edges));
        if (edges.empty() || !bounds.intersects(area)) return;
        for (const PictureEdge& edge : edges) {
            painter.setPen(QPen(picked ? kPickColour : colour, picked ? 2 : edge.front ? 1.4 : 1));
            painter.drawLine(placed.map(edge.line));
        }
        const QRectF visible = bounds.intersected(area);
        if (text.isEmpty() || (visible.width() < 34 && !picked)) return;
        const double width = QFontMetricsF(painter.font()).horizontalAdvance(text) + 8;
        const QRectF label(std::clamp(visible.center().x() - width / 2, area.left(), std::max(area.left(), area.right() - width)), std::max(area.top(), visible.top() - 17), width, 15);
        if (!picked && std::ranges::any_of(labels, [&label](const Label& other) { return other.box.intersects(label); })) return;
        labels.push_back({label, text, picked});
    };
    const auto& truth = m_frame->truth;
    const auto& boxes = m_frame->boxes;
    for (std::size_t i = 0; i < truth.size(); ++i)
        if (m_shown.shows_truth(truth[i]) && !m_selection.is_object(Selection::Kind::truth, int(i))) draw_one(truth[i], kTruthColour, false, {});
    for (std::size_t i = 0; i < boxes.size(); ++i)
        if (m_shown.shows_box(boxes[i]) && !m_selection.is_object(Selection::Kind::box, int(i)))
            draw_one(boxes[i], kBoxColour, false, QStringLiteral("%1 %2").arg(class_names()[boxes[i].label]).arg(boxes[i].score, 0, 'f', 2));
    const int picked = m_selection.object;
    if (m_selection.kind == Selection::Kind::truth && picked < int(truth.size())) draw_one(truth[std::size_t(picked)], kPickColour, true, class_names()[truth[std::size_t(picked)].label]);
    if (m_selection.kind == Selection::Kind::box && picked < int(boxes.size()))
        draw_one(boxes[std::size_t(picked)], kPickColour, true, QStringLiteral("%1 %2").arg(class_names()[boxes[std::size_t(picked)].label]).arg(boxes[std::size_t(picked)].score, 0, 'f', 2));
    for (const Label& label : labels) {
        QColor ground = kSceneCanvas;
        ground.setAlpha(205);
        painter.fillRect(label.box, ground);
        painter.setPen(label.picked ? kPickColour : kSceneText);
        painter.drawText(label.box, Qt::AlignCenter, label.text);
    }
    painter.setClipRect(pane.picture);
}

/// The cell of the feature map that the picked voxel copies from, or would copy from; and the cell that was clicked.
void CamerasView::draw_picked_voxel(QPainter& painter, const Pane& pane, const CameraPicture& camera) const {
    const VoxelView& view = m_frame->view;
    if (view.is_empty()) return;
    const QTransform placed = to_widget(pane, camera.picture.size());
    const auto mark = [&](double x, double y, bool used) {
        const QRectF cell((x - 0.5) * view.stride, (y - 0.5) * view.stride, view.stride, view.stride);
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(Qt::black, 3));
        painter.drawRect(placed.mapRect(cell));
        painter.setPen(QPen(kPickColour, used ? 2 : 1, used ? Qt::SolidLine : Qt::DotLine));
        painter.drawRect(placed.mapRect(cell));
    };
    const int index = int(view.cameras.indexOf(camera.channel));
    if (m_selection.kind == Selection::Kind::voxel && m_selection.voxel[0] >= 0) {
        const Sight sight = sight_of(view.sample_point(m_selection.voxel), camera, view);
        if (sight.verdict == Sight::Verdict::seen) mark(std::nearbyint(sight.u), std::nearbyint(sight.v), view.camera[view.at(m_selection.voxel[0], m_selection.voxel[1], m_selection.voxel[2])] == index);
    }
    if (m_selection.camera == index && index >= 0) mark(m_selection.cell.x(), m_selection.cell.y(), true);
}

bool CamerasView::export_file(const QString& file, double scale) const {
    return write_view(file, size(), [this](QPainter& painter) { draw(painter, size()); }, shown_run(this), scale);
}

// --- input

void CamerasView::keep_inside() {
    const double half = 0.5 / m_zoom;
    m_middle = {std::clamp(m_middle.x(), std::min(half, 0.5), std::max(1 - half, 0.5)), std::clamp(m_middle.y(), std::min(half, 0.5), std::max(1 - half, 0.5))};
    update();
}

/// relative: the point that stays where it is, from the middle of the pane, in parts of the picture at zoom 1.
void CamerasView::zoom_by(double factor, const QPointF& relative) {
    const double next = std::clamp(m_zoom * factor, 1.0, kMostZoom);
    m_middle += relative / m_zoom - relative / next;
    m_zoom = next;
    keep_inside();
}

void CamerasView::mousePressEvent(QMouseEvent* event) {
    m_pressed = m_last = event->position();
    m_dragged = false;
}

void CamerasView::mouseMoveEvent(QMouseEvent* event) {
    if (!(event->buttons() & (Qt::LeftButton | Qt::MiddleButton))) return;
    if ((event->position() - m_pressed).manhattanLength() > 4) m_dragged = true;
    if (!m_dragged || m_zoom <= 1) return;
    for (const Pane& pane : panes(size()))
        if (pane.picture.contains(m_pressed)) {
            const QSize picture = m_frame->cameras[std::size_t(pane.camera)].picture.size();
            const double scale = to_widget(pane, picture).m11();
            const QPointF moved = event->position() - m_last;
            m_middle -= QPointF(moved.x() / scale / picture.width(), moved.y() / scale / picture.height());
        }
    m_last = event->position();
    keep_inside();
}

void CamerasView::mouseReleaseEvent(QMouseEvent* event) {
    if (event->button() == Qt::LeftButton && !m_dragged) pick(event->position());
}

/// The box whose projection is smallest around the point; else the pixel.
void CamerasView::pick(const QPointF& position) {
    for (const Pane& pane : panes(size())) {
        if (pane.head.contains(position)) return set_current_camera(pane.camera);
        if (!pane.picture.contains(position)) continue;
        set_current_camera(pane.camera);
        const CameraPicture& camera = m_frame->cameras[std::size_t(pane.camera)];
        bool invertible = false;
        const QPointF pixel = to_widget(pane, camera.picture.size()).inverted(&invertible).map(position);
        double least = 1e30;
        int found = -1;
        bool is_truth = false;
        const auto look = [&](const std::vector<SceneObject>& objects, bool truth) {
            for (std::size_t i = 0; i < objects.size(); ++i) {
                if (truth ? !m_shown.shows_truth(objects[i]) : !m_shown.shows_box(objects[i])) continue;
                const QRectF bounds = bounds_of_edges(edges_in(objects[i], camera));
                const double area = bounds.width() * bounds.height();
                if (bounds.contains(pixel) && area < least) {
                    least = area;
                    found = int(i);
                    is_truth = truth;
                }
            }
        };
        look(m_frame->truth, true);
        look(m_frame->boxes, false);   // of two alike the predicted one counts
        if (found >= 0) Q_EMIT object_picked(is_truth, found);
        else if (QRectF(-0.5, -0.5, camera.picture.width(), camera.picture.height()).contains(pixel)) Q_EMIT pixel_picked(pane.camera, pixel);
        return;
    }
}

void CamerasView::wheelEvent(QWheelEvent* event) {
    for (const Pane& pane : panes(size()))
        if (pane.picture.contains(event->position())) {
            const QSize picture = m_frame->cameras[std::size_t(pane.camera)].picture.size();
            const double scale = to_widget(pane, picture).m11() / m_zoom;
            const QPointF from_middle = event->position() - pane.picture.center();
            zoom_by(event->angleDelta().y() > 0 ? std::numbers::sqrt2 : 1 / std::numbers::sqrt2, {from_middle.x() / scale / picture.width(), from_middle.y() / scale / picture.height()});
            return event->accept();
        }
}

void CamerasView::keyPressEvent(QKeyEvent* event) {
    const std::vector<Pane> all = panes(size());
    const auto place = std::find_if(all.begin(), all.end(), [this](const Pane& pane) { return pane.camera == m_current; });
    const int at = place == all.end() ? 0 : int(place - all.begin()), columns = all.size() <= 3 ? int(all.size()) : int(all.size() <= 8 ? (all.size() + 1) / 2 : (all.size() + 2) / 3);
    const auto go = [&](int to) {
        if (to >= 0 && to < int(all.size())) set_current_camera(all[std::size_t(to)].camera);
    };
    switch (event->key()) {
    case Qt::Key_Left: return go(at - 1);
    case Qt::Key_Right: return go(at + 1);
    case Qt::Key_Up: return go(at - columns);
    case Qt::Key_Down: return go(at + columns);
    case Qt::Key_Plus: return zoom_by(std::numbers::sqrt2, {});
    case Qt::Key_Minus: return zoom_by(1 / std::numbers::sqrt2, {});
    case Qt::Key_F: return fit();
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (place != all.end()) pick(place->picture.center());
        return;
    default: QWidget::keyPressEvent(event);
    }
}

void CamerasView::contextMenuEvent(QContextMenuEvent* event) {
    QMenu menu(this);
    menu.addAction(tr("Fit"), this, &CamerasView::fit);
    menu.addAction(tr("Export…"), this, [this] {
        const QString file = QFileDialog::getSaveFileName(window(), tr("Export the cameras"), QStringLiteral("cameras.png"), tr("Pictures (*.png *.svg *.pdf)"));
        if (!file.isEmpty() && !export_file(file)) show_export_failed(file);
    });
    menu.exec(event->globalPos());
}

}
