#include "widgets/range_strip.h"
#include "widgets/lathe_style.h"
#include "widgets/theme.h"
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <algorithm>
#include <cmath>

namespace lathe {

RangeStrip::RangeStrip(QWidget* parent) : QWidget(parent) {
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void RangeStrip::set_limits(int lowest, int highest) {
    m_lowest = lowest;
    m_highest = std::max(lowest, highest);
    update();
}

void RangeStrip::set_range(int first, int end) {
    m_first = first;
    m_end = end;
    describe();
    update();
}

void RangeStrip::describe() { setAccessibleDescription(m_end > m_first ? tr("%1 to %2 of %3 to %4").arg(m_first).arg(m_end - 1).arg(m_lowest).arg(m_highest - 1) : tr("empty")); }

QSize RangeStrip::sizeHint() const { return {120, metric::control}; }
QSize RangeStrip::minimumSizeHint() const { return {48, metric::tool}; }

QRectF RangeStrip::strip() const { return QRectF(4, (height() - 14) / 2.0, width() - 8, 14); }

double RangeStrip::boundary(const QPointF& position) const {
    const QRectF s = strip();
    return m_lowest + (position.x() - s.left()) / std::max(1.0, s.width()) * (m_highest - m_lowest);
}

void RangeStrip::paintEvent(QPaintEvent*) {
    const ThemeColours& c = Theme::instance().colours();
    const QRectF s = strip();
    const int count = m_highest - m_lowest;
    QPainter painter(this);
    if (count <= 0) return;
    const double cell = s.width() / count;
    const double gap = cell >= 5 ? 1 : 0;
    const QColor inside = isEnabled() ? c.accent : c.text3;
    for (int i = 0; i < count; ++i) {
        const bool on = m_lowest + i >= m_first && m_lowest + i < m_end;
        painter.fillRect(QRectF(s.left() + i * cell, s.top(), cell - gap, s.height()), on ? inside : c.map_full);
    }
    painter.setRenderHint(QPainter::Antialiasing);
    if (m_end > m_first) {
        painter.setPen(QPen(isEnabled() ? c.text : c.text3, 2, Qt::SolidLine, Qt::RoundCap));
        for (const int edge : {m_first, m_end}) {
            const double x = s.left() + (edge - m_lowest) * cell - (edge == m_end ? gap : 0);
            painter.drawLine(QPointF(x, s.top() - 2), QPointF(x, s.bottom() + 2));
        }
    }
    if (keyboard_focus(this)) draw_focus_ring(painter, s, 1);
}

void RangeStrip::change(int first, int end, bool dragging) {
    first = std::clamp(first, m_lowest, m_highest);
    end = std::clamp(end, first, m_highest);
    if (first == m_first && end == m_end && dragging) return;
    m_first = first;
    m_end = end;
    describe();
    update();
    Q_EMIT moved(m_first, m_end, dragging);
}

void RangeStrip::mousePressEvent(QMouseEvent* event) {
    if (event->button() != Qt::LeftButton || m_highest <= m_lowest) { event->ignore(); return; }
    const double at = boundary(event->position()), reach = 5 * (m_highest - m_lowest) / std::max(1.0, strip().width());
    m_first_at_press = m_first;
    m_end_at_press = m_end;
    m_anchor = std::clamp(int(std::floor(at)), m_lowest, m_highest - 1);
    if (std::abs(at - m_end) <= reach && m_end > m_first) m_grip = Grip::end;
    else if (std::abs(at - m_first) <= reach && m_end > m_first) m_grip = Grip::first;
    else if (at > m_first && at < m_end) m_grip = Grip::body;
    else {
        m_grip = Grip::fresh;
        change(m_anchor, m_anchor + 1, true);
    }
}

void RangeStrip::mouseMoveEvent(QMouseEvent* event) {
    const double at = boundary(event->position());
    if (m_grip == Grip::none) {
        const double reach = 5 * (m_highest - m_lowest) / std::max(1.0, strip().width());
        const bool edge = m_end > m_first && (std::abs(at - m_first) <= reach || std::abs(at - m_end) <= reach);
        setCursor(edge ? Qt::SizeHorCursor : at > m_first && at < m_end ? Qt::OpenHandCursor : Qt::ArrowCursor);
        return;
    }
    const int nearest = int(std::lround(at)), cell = int(std::floor(at));
    switch (m_grip) {
    case Grip::first: change(std::min(nearest, m_end), m_end, true); break;
    case Grip::end: change(m_first, std::max(nearest, m_first), true); break;
    case Grip::body: {
        const int by = std::clamp(cell - m_anchor, m_lowest - m_first_at_press, m_highest - m_end_at_press);
        change(m_first_at_press + by, m_end_at_press + by, true);
        break;
    }
    case Grip::fresh: change(std::min(m_anchor, cell), std::max(m_anchor, cell) + 1, true); break;
    case Grip::none: break;
    }
}

void RangeStrip::mouseReleaseEvent(QMouseEvent*) {
    if (m_grip == Grip::none) return;
    m_grip = Grip::none;
    if (m_first != m_first_at_press || m_end != m_end_at_press) Q_EMIT moved(m_first, m_end, false);
}

void RangeStrip::mouseDoubleClickEvent(QMouseEvent*) { Q_EMIT reset_requested(); }

void RangeStrip::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Escape && m_grip != Grip::none) {   // drop the drag
        m_grip = Grip::none;
        change(m_first_at_press, m_end_at_press, false);
        return;
    }
    const int by = event->key() == Qt::Key_Right ? 1 : event->key() == Qt::Key_Left ? -1 : 0;
    if (event->key() == Qt::Key_Backspace || event->key() == Qt::Key_Delete) { Q_EMIT reset_requested(); return; }
    if (by == 0) { QWidget::keyPressEvent(event); return; }
    if (event->modifiers() & Qt::ShiftModifier) {
        if (m_end + by >= m_first && m_end + by <= m_highest) change(m_first, m_end + by, false);
    } else if (m_first + by >= m_lowest && m_end + by <= m_highest) {
        change(m_first + by, m_end + by, false);
    }
}

}
