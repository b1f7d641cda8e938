// Mouse and keyboard of the image compare viewer.
#include "viewers/image_compare.h"
#include <QApplication>
#include <QClipboard>
#include <QKeyEvent>
#include <QMenu>
#include <QMetaMethod>
#include <QMouseEvent>
#include <QTransform>
#include <QWheelEvent>
#include <cmath>
#include <numbers>

namespace lathe {
namespace {

/// 1 to 9, also with Shift, where the layout makes other signs of them; 0: another key.
int digit_of(const QKeyEvent& event) {
    if (event.key() >= Qt::Key_1 && event.key() <= Qt::Key_9) return event.key() - Qt::Key_0;
    if (!(event.modifiers() & Qt::ShiftModifier)) return 0;
    if (event.nativeScanCode() >= 10 && event.nativeScanCode() <= 18) return int(event.nativeScanCode()) - 9;   // the digit row of evdev and X11 keyboards
    static const QString signs = QStringLiteral("!@#$%^&*(");
    return event.text().size() == 1 ? int(signs.indexOf(event.text())) + 1 : 0;
}

}

// --- mouse

void ImageCompareViewer::mousePressEvent(QMouseEvent* event) {
    const auto all = panes();
    const Pane* pane = pane_at(all, event->position());
    if (!pane || (event->button() != Qt::LeftButton && event->button() != Qt::MiddleButton)) {
        event->ignore();
        return;
    }
    m_press = m_last = event->position();
    m_press_image = fit_image(*pane);
    m_moved = false;
    m_dragging_split = pane->kind == PaneKind::split && event->button() == Qt::LeftButton && pane->picture.contains(event->position()) && std::abs(event->position().x() - split_position(*pane)) <= 12;
    m_panning = !m_dragging_split;
}

void ImageCompareViewer::mouseMoveEvent(QMouseEvent* event) {
    const auto all = panes();
    if (m_dragging_split) {
        m_moved = true;
        const Pane& pane = all.front();
        const QRectF area = picture_area(pane, m_reference);
        if (area.width() > 0) set_split((event->position().x() - area.left()) / area.width());
        return;
    }
    if (m_panning) {
        if (!m_moved && (event->position() - m_press).manhattanLength() < QApplication::startDragDistance()) return;
        m_moved = true;
        setCursor(Qt::ClosedHandCursor);
        pan(m_press_image, event->position() - m_last);
        m_last = event->position();
        return;
    }
    const Pane* pane = pane_at(all, event->position());
    QPoint pixel(-1, -1);
    bool on_split = false;
    if (pane) {
        pixel = map_pixel(pixel_at(*pane, event->position()), fit_image(*pane), m_reference);
        on_split = pane->kind == PaneKind::split && std::abs(event->position().x() - split_position(*pane)) <= 12;
    }
    setCursor(on_split ? Qt::SplitHCursor : pixel.x() >= 0 ? Qt::CrossCursor : Qt::ArrowCursor);
    if (pixel == m_hover) return;
    m_hover = pixel;
    update();
    Q_EMIT hovered_pixel(pixel);
}

void ImageCompareViewer::mouseReleaseEvent(QMouseEvent* event) {
    const bool clicked = m_panning && !m_moved && event->button() == Qt::LeftButton;
    m_panning = m_dragging_split = false;
    unsetCursor();
    if (!clicked) return;
    const auto all = panes();
    const Pane* pane = pane_at(all, event->position());
    if (!pane) return;
    if (pane->kind == PaneKind::image && pane->image != m_reference && m_images.size() > 2) set_current(pane->image);
    const QPoint pixel = map_pixel(pixel_at(*pane, event->position()), fit_image(*pane), m_reference);
    pick(pixel);
    Q_EMIT picked_pixel(m_pick);
}

void ImageCompareViewer::mouseDoubleClickEvent(QMouseEvent* event) {
    if (event->button() == Qt::LeftButton) fit();
}

void ImageCompareViewer::wheelEvent(QWheelEvent* event) {
    const auto all = panes();
    const Pane* pane = pane_at(all, event->position());
    const double delta = event->angleDelta().y();
    if (!pane || delta == 0) {
        event->ignore();
        return;
    }
    const int image = fit_image(*pane);
    const ImageData& data = m_images[std::size_t(image)].data;
    if (data.is_null()) return;
    const QPointF at = to_widget(*pane, image).inverted().map(event->position());
    zoom_about(image, {at.x() / data.width(), at.y() / data.height()}, std::pow(std::numbers::sqrt2, delta / 120));
    event->accept();
}

void ImageCompareViewer::leaveEvent(QEvent*) {
    if (m_hover.x() < 0) return;
    m_hover = {-1, -1};
    update();
    Q_EMIT hovered_pixel(m_hover);
}

void ImageCompareViewer::resizeEvent(QResizeEvent*) { Q_EMIT view_changed(); }

// --- keyboard

void ImageCompareViewer::move_pick(const QPoint& by) {
    if (m_images.empty() || m_images[std::size_t(m_reference)].data.is_null()) return;
    const ImageData& data = m_images[std::size_t(m_reference)].data;
    const QRect seen = visible_part(m_reference);
    const QPoint from = m_pick.x() >= 0 ? m_pick + by : seen.center();
    pick({std::clamp(from.x(), 0, data.width() - 1), std::clamp(from.y(), 0, data.height() - 1)});
    if (!m_fit && !visible_part(m_reference).contains(m_pick)) {   // keep the marked pixel in sight
        QPointF& centre = m_linked ? m_shared.centre : m_slots[std::size_t(m_reference)].sight.centre;
        centre = {(m_pick.x() + 0.5) / data.width(), (m_pick.y() + 0.5) / data.height()};
        Q_EMIT view_changed();
    }
    Q_EMIT picked_pixel(m_pick);
}

void ImageCompareViewer::keyPressEvent(QKeyEvent* event) {
    const bool shift = event->modifiers() & Qt::ShiftModifier, control = event->modifiers() & Qt::ControlModifier, alt = event->modifiers() & Qt::AltModifier;
    const QPoint arrow = event->key() == Qt::Key_Left ? QPoint(-1, 0) : event->key() == Qt::Key_Right ? QPoint(1, 0) : event->key() == Qt::Key_Up ? QPoint(0, -1) : event->key() == Qt::Key_Down ? QPoint(0, 1) : QPoint();
    if (!arrow.isNull() && !m_images.empty()) {
        if (m_mode == CompareMode::split && alt) set_split(m_split + 0.01 * arrow.x());
        else if (control) pan(m_reference, QPointF(arrow) * -40);
        else move_pick(arrow * (shift ? 10 : 1));
        return;
    }
    const QPointF middle = m_pick.x() >= 0 && !m_images.empty() ? QPointF((m_pick.x() + 0.5) / m_images[std::size_t(m_reference)].data.width(), (m_pick.y() + 0.5) / m_images[std::size_t(m_reference)].data.height())
                                                                : m_images.empty() ? QPointF(0.5, 0.5) : centre_of(m_reference);
    switch (event->key()) {
    case Qt::Key_Plus: case Qt::Key_Equal: zoom_about(m_reference, middle, std::numbers::sqrt2); return;
    case Qt::Key_Minus: case Qt::Key_Underscore: zoom_about(m_reference, middle, 1 / std::numbers::sqrt2); return;
    case Qt::Key_Home: request_step(0); return;
    case Qt::Key_End: request_step(m_steps - 1); return;
    case Qt::Key_BracketLeft: request_step(m_step - 1); return;
    case Qt::Key_BracketRight: request_step(m_step + 1); return;
    case Qt::Key_Space: set_playing(!m_playing); return;
    case Qt::Key_Escape:
        if (m_pick.x() < 0) break;
        pick({-1, -1});
        Q_EMIT picked_pixel(m_pick);
        return;
    default: break;
    }
    if (event->matches(QKeySequence::Copy) && !m_images.empty()) {
        QApplication::clipboard()->setImage(render(size(), devicePixelRatioF()));
        return;
    }
    if (control || alt || !m_letter_keys) {
        QWidget::keyPressEvent(event);
        return;
    }
    if (const int digit = digit_of(*event); digit > 0) {
        if (digit > int(m_images.size())) return;
        if (shift) set_reference(digit - 1);
        else set_current(digit - 1);
        return;
    }
    const auto toggle = [this](CompareMode mode) { set_mode(m_mode == mode ? CompareMode::side_by_side : mode); };
    switch (event->key()) {
    case Qt::Key_F: fit(); return;
    case Qt::Key_Z: set_zoom(1); return;
    case Qt::Key_S: toggle(CompareMode::split); return;
    case Qt::Key_B:
        if (m_mode == CompareMode::blink && !m_blink.isActive() && !m_blink_on) {   // reduced motion: the key changes the picture
            m_blink_on = true;
            content_changed();
        } else {
            toggle(CompareMode::blink);
        }
        return;
    case Qt::Key_D: toggle(CompareMode::difference); return;
    case Qt::Key_A: set_signed(!m_signed); return;
    case Qt::Key_G: set_gain(shift ? m_gain / 2 : m_gain * 2); return;
    case Qt::Key_P: Q_EMIT pin_requested(); return;
    default: QWidget::keyPressEvent(event);
    }
}

void ImageCompareViewer::contextMenuEvent(QContextMenuEvent* event) {
    const auto all = panes();
    const Pane* pane = event->reason() == QContextMenuEvent::Keyboard ? pane_of(all, shown_variant()) : pane_at(all, QPointF(event->pos()));
    if (!pane) return;
    const int image = pane->image;
    const QString id = m_images[std::size_t(image)].id, value = value_line(*pane);
    const bool difference = pane->kind == PaneKind::difference;
    QMenu menu(this);
    menu.addAction(tr("Fit"), this, &ImageCompareViewer::fit);
    menu.addAction(tr("100 %"), this, [this] { set_zoom(1); });
    menu.addSeparator();
    menu.addAction(tr("Copy value"), this, [value] { QApplication::clipboard()->setText(value); })->setEnabled(shown_pixel().x() >= 0);
    menu.addAction(tr("Copy image"), this, [this, image, difference] { QApplication::clipboard()->setImage(difference ? difference_image(image) : image_of(image)); });
    menu.addAction(tr("Copy view"), this, [this] { QApplication::clipboard()->setImage(render(size(), devicePixelRatioF())); });
    menu.addAction(tr("Copy as command line"), this, [this, id] { Q_EMIT copy_command_line_requested(id); })->setEnabled(isSignalConnected(QMetaMethod::fromSignal(&ImageCompareViewer::copy_command_line_requested)));
    menu.addAction(tr("Export…"), this, &ImageCompareViewer::export_dialog);
    menu.addSeparator();
    if (difference) {
        QAction* sign = menu.addAction(tr("Signed difference"), this, &ImageCompareViewer::set_signed);
        sign->setCheckable(true);
        sign->setChecked(m_signed);
    }
    menu.addAction(tr("Set as reference"), this, [this, image] { set_reference(image); })->setEnabled(image != m_reference && !difference);
    menu.addAction(tr("Show in Runs"), this, [this, id] { Q_EMIT show_in_runs_requested(id); })->setEnabled(isSignalConnected(QMetaMethod::fromSignal(&ImageCompareViewer::show_in_runs_requested)));
    menu.exec(event->globalPos());
}

}
