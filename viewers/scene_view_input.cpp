// Mouse, keys and menu of a SceneView.
#include "viewers/scene_view_impl.h"
#include "viewers/view_export.h"
#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QFileDialog>
#include <QMenu>
#include <QMouseEvent>
#include <limits>

namespace lathe {

void SceneView::mousePressEvent(QMouseEvent* event) {
    m->pressed = m->last = event->position();
    m->dragged = false;
}

void SceneView::mouseMoveEvent(QMouseEvent* event) {
    if (!(event->buttons() & (Qt::LeftButton | Qt::MiddleButton))) return;
    if ((event->position() - m->pressed).manhattanLength() > 4) m->dragged = true;
    if (!m->dragged) return;
    const QPointF by = event->position() - m->last;
    m->last = event->position();
    const double high = std::max(1, height());
    if ((event->buttons() & Qt::MiddleButton) || (event->modifiers() & Qt::ShiftModifier)) pan(by.x() / high, -by.y() / high);
    else orbit(by.x() * 0.008, by.y() * 0.008);
}

void SceneView::mouseReleaseEvent(QMouseEvent* event) {
    if (std::exchange(m->dragged, false)) return changed();   // once more, at full size
    if (event->button() == Qt::LeftButton) pick(event->position(), event->modifiers() & Qt::ControlModifier);
}

void SceneView::wheelEvent(QWheelEvent* event) {
    if (event->angleDelta().y() != 0) approach(event->angleDelta().y() > 0 ? 1.15 : 1 / 1.15);
    event->accept();
}

/// A box counts before the voxels in and about it; of several the nearest.
void SceneView::pick(const QPointF& position, bool through_boxes) {
    const Ray ray = ray_through(position);
    double nearest = std::numeric_limits<double>::infinity();
    const SceneBox* box = nullptr;
    if (has_layer(Layer::boxes) && !through_boxes)
        for (const SceneBox& candidate : m->boxes)
            if (const auto at = ray_meets_box(ray.from, ray.way, candidate.centre, {candidate.size[1], candidate.size[0], candidate.size[2]}, candidate.yaw); at && *at < nearest) {
                nearest = *at;
                box = &candidate;
            }
    const auto voxel = has_layer(Layer::voxels) ? first_voxel(m->grid, m->drawn, ray.from, ray.way) : std::nullopt;
    const double tolerance = 2 * (m->grid.size[0] + m->grid.size[1] + m->grid.size[2]);
    if (box && (!voxel || nearest <= voxel->distance + tolerance)) Q_EMIT box_clicked(box->id);
    else if (voxel) Q_EMIT voxel_clicked(voxel->voxel[0], voxel->voxel[1], voxel->voxel[2]);
    else Q_EMIT empty_clicked();
}

void SceneView::keyPressEvent(QKeyEvent* event) {
    if (event->modifiers() & (Qt::ControlModifier | Qt::AltModifier | Qt::MetaModifier)) return QWidget::keyPressEvent(event);
    const bool pans = event->modifiers() & Qt::ShiftModifier;
    const auto move = [&](double right, double up) {
        if (pans) pan(-right * 0.05, -up * 0.05);
        else orbit(right * 0.1, up * 0.1);
    };
    switch (event->key()) {
    case Qt::Key_Left: return move(-1, 0);
    case Qt::Key_Right: return move(1, 0);
    case Qt::Key_Up: return move(0, 1);
    case Qt::Key_Down: return move(0, -1);
    case Qt::Key_Plus:
    case Qt::Key_Equal: return approach(1.15);
    case Qt::Key_Minus: return approach(1 / 1.15);
    case Qt::Key_T: Q_EMIT down_asked(); return;
    case Qt::Key_O: Q_EMIT around_asked(); return;
    case Qt::Key_E: Q_EMIT vehicle_asked(); return;
    case Qt::Key_C: Q_EMIT next_camera_asked(); return;
    case Qt::Key_PageUp: Q_EMIT slice_asked(1); return;
    case Qt::Key_PageDown: Q_EMIT slice_asked(-1); return;
    case Qt::Key_Return:
    case Qt::Key_Enter: return pick(QRectF(rect()).center(), pans);
    default: QWidget::keyPressEvent(event);
    }
}

void SceneView::export_with_dialog() {
    const QString file = QFileDialog::getSaveFileName(window(), tr("Export the scene"), QStringLiteral("scene.png"), tr("Picture (*.png);;Drawing (*.svg);;Document (*.pdf)"));
    if (!file.isEmpty() && !export_file(file)) show_export_failed(file);
}

void SceneView::contextMenuEvent(QContextMenuEvent* event) {
    QMenu menu(this);
    menu.addAction(tr("Orbit"), this, &SceneView::around_asked);
    menu.addAction(tr("From above"), this, &SceneView::down_asked);
    menu.addAction(tr("From the vehicle"), this, &SceneView::vehicle_asked);
    menu.addAction(tr("Next camera"), this, &SceneView::next_camera_asked);
    menu.addSeparator();
    const bool has_picture = m->stage != nullptr;
    menu.addAction(tr("Copy image"), this, [this] { QApplication::clipboard()->setImage(render(2)); })->setEnabled(has_picture);
    menu.addAction(tr("Export…"), this, &SceneView::export_with_dialog)->setEnabled(has_picture);
    menu.exec(event->globalPos());
}

}
