#include "widgets/slider.h"
#include "widgets/lathe_style.h"
#include "widgets/theme.h"
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>

namespace lathe {

Slider::Slider(QWidget* parent) : QWidget(parent) {
    setFocusPolicy(Qt::StrongFocus);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setAttribute(Qt::WA_Hover);
}

void Slider::set_range(double lowest, double highest, bool logarithmic) {
    m_lowest = lowest;
    m_highest = std::max(lowest, highest);
    m_log = logarithmic && lowest > 0;
    m_value = std::clamp(m_value, m_lowest, m_highest);
    update();
}

void Slider::set_value(double value) {
    if (m_value == value) return;
    m_value = value;
    update();
}

double Slider::to_position(double value) const {
    if (m_highest <= m_lowest) return 0;
    const double v = std::clamp(value, m_lowest, m_highest);
    return m_log ? std::log(v / m_lowest) / std::log(m_highest / m_lowest) : (v - m_lowest) / (m_highest - m_lowest);
}

double Slider::to_value(double position, double step) const {
    const double p = std::clamp(position, 0.0, 1.0);
    double value = m_log ? m_lowest * std::pow(m_highest / m_lowest, p) : m_lowest + (m_highest - m_lowest) * p;
    if (step > 0) value = std::round(value / step) * step;
    else if (m_log) {   // two figures are enough for a hand on a log axis
        const double unit = std::pow(10.0, std::floor(std::log10(value)) - 1);
        value = std::round(value / unit) * unit;
    } else {
        const double unit = std::pow(10.0, std::floor(std::log10(std::max(1e-300, m_highest - m_lowest))) - 2);
        value = std::round(value / unit) * unit;
    }
    // 0.30000000000000004 would be stored and shown otherwise
    value = QString::number(value, 'g', 12).toDouble();
    return std::clamp(value, m_lowest, m_highest);
}

QRectF Slider::track() const { return QRectF(rect()).adjusted(7, 0, -7, 0); }

QSize Slider::sizeHint() const { return {84, metric::control}; }
QSize Slider::minimumSizeHint() const { return {40, metric::tool}; }

void Slider::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    draw_slider(painter, track(), to_position(m_value), isEnabled(), m_dragging || keyboard_focus(this), m_hovered);
}

void Slider::mousePressEvent(QMouseEvent* event) {
    if (event->button() != Qt::LeftButton) { event->ignore(); return; }
    const QRectF t = track();
    if (t.width() <= 0) return;
    m_value_at_press = m_value;
    m_last_x = event->position().x();
    const double handle = t.left() + t.width() * to_position(m_value);
    m_drag_position = to_position(m_value);
    m_dragging = true;
    if (std::abs(m_last_x - handle) > 8) {   // beside the handle: jump there
        m_drag_position = (m_last_x - t.left()) / t.width();
        const double value = to_value(m_drag_position, m_step);
        if (value != m_value) {
            m_value = value;
            Q_EMIT moved(m_value, true);
        }
    }
    update();
}

void Slider::mouseMoveEvent(QMouseEvent* event) {
    if (!m_dragging) return;
    const bool fine = event->modifiers() & Qt::ShiftModifier;
    m_drag_position += (event->position().x() - m_last_x) / std::max(1.0, track().width()) * (fine ? 0.1 : 1.0);
    m_last_x = event->position().x();
    const bool whole = m_step >= 1 && m_step == std::floor(m_step);   // integers have no tenths: only the movement is finer
    const double value = to_value(m_drag_position, fine && !whole ? m_step / 10 : m_step);
    if (value == m_value) return;
    m_value = value;
    update();
    Q_EMIT moved(m_value, true);
}

void Slider::mouseReleaseEvent(QMouseEvent* event) {
    if (!m_dragging || event->button() != Qt::LeftButton) return;
    m_dragging = false;
    update();
    if (m_value != m_value_at_press) Q_EMIT moved(m_value, false);
}

void Slider::mouseDoubleClickEvent(QMouseEvent* event) {
    if (event->button() == Qt::LeftButton) Q_EMIT reset_requested();
}

void Slider::nudge(double steps) {
    const double value = m_step > 0 && !m_log ? std::clamp(QString::number(std::round((m_value + steps * m_step) / m_step) * m_step, 'g', 12).toDouble(), m_lowest, m_highest)
                                              : to_value(to_position(m_value) + steps * 0.01, m_step);
    if (value == m_value) return;
    m_value = value;
    update();
    Q_EMIT moved(m_value, false);
}

void Slider::keyPressEvent(QKeyEvent* event) {
    const bool shift = event->modifiers() & Qt::ShiftModifier;
    const bool whole = m_step >= 1;
    const double by = shift && !whole ? 0.1 : 1;
    switch (event->key()) {
    case Qt::Key_Right: case Qt::Key_Up: nudge(by); return;
    case Qt::Key_Left: case Qt::Key_Down: nudge(-by); return;
    case Qt::Key_PageUp: nudge(10); return;
    case Qt::Key_PageDown: nudge(-10); return;
    case Qt::Key_Home: if (m_value != m_lowest) { m_value = m_lowest; update(); Q_EMIT moved(m_value, false); } return;
    case Qt::Key_End: if (m_value != m_highest) { m_value = m_highest; update(); Q_EMIT moved(m_value, false); } return;
    case Qt::Key_Backspace: case Qt::Key_Delete: Q_EMIT reset_requested(); return;
    default: QWidget::keyPressEvent(event);
    }
}

void Slider::wheelEvent(QWheelEvent* event) {
    if (!keyboard_focus(this) || event->angleDelta().y() == 0) { event->ignore(); return; }   // scrolling past must not change a value
    nudge(event->angleDelta().y() > 0 ? 1 : -1);
    event->accept();
}

void Slider::enterEvent(QEnterEvent*) { m_hovered = true; update(); }
void Slider::leaveEvent(QEvent*) { m_hovered = false; update(); }

}
