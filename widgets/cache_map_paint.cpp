// How the cache map lies and looks.
#include "widgets/cache_map.h"
#include "widgets/lathe_style.h"
#include "widgets/theme.h"
#include <QPainter>
#include <QPainterPath>
#include <algorithm>
#include <cmath>

namespace lathe {
namespace {

constexpr double kLeft = 92, kRight = 12, kAxis = 22, kBracket = 20;


}

CacheMap::Layout CacheMap::layout() const {
    Layout l;
    const double left = std::min(kLeft, width() * 0.16), inner = std::max(10.0, width() - left - kRight);
    l.column = inner / m_steps;
    double y = 8;
    if (m_show_previews) {
        const double side = std::clamp(l.column - 2, 8.0, 44.0);
        l.previews = QRectF(left, y, inner, side);
        y += side + 4;
    }
    if (m_switch >= 0) {
        l.brackets = QRectF(left, y, inner, kBracket);
        y += kBracket;
    } else {
        y += 4;
    }
    l.cells = QRectF(left, y, inner, std::max(1.0, height() - y - kAxis));
    l.line = l.cells.height() / m_blocks;
    if (l.line > 28) {   // a tall widget does not make towers of cells
        l.line = 28;
        l.cells.setHeight(l.line * m_blocks);
    }
    l.axis = QRectF(left, l.cells.bottom(), inner, kAxis);
    l.labels = QRectF(0, 0, left, height());
    return l;
}

QRectF CacheMap::cell_rect(int step, int block) const {
    const Layout l = layout();
    return QRectF(l.cells.left() + step * l.column, l.cells.top() + block * l.line, l.column, l.line);
}

std::pair<double, double> CacheMap::step_span() const {
    const Layout l = layout();
    return {l.cells.left(), l.cells.right()};
}

QPoint CacheMap::cell_at(const QPointF& position, bool clamp) const {
    const Layout l = layout();
    if (!clamp && !l.cells.contains(position)) return {-1, -1};
    const int step = int(std::floor((position.x() - l.cells.left()) / l.column)), block = int(std::floor((position.y() - l.cells.top()) / l.line));
    return {std::clamp(step, 0, m_steps - 1), std::clamp(block, 0, m_blocks - 1)};
}

void CacheMap::paint_cells(QPainter& painter, const Layout& l) const {
    const ThemeColours& c = theme_colours();
    const double gap_x = l.column >= 10 ? 2 : l.column >= 4 ? 1 : 0, gap_y = l.line >= 10 ? 2 : l.line >= 4 ? 1 : 0;
    const auto shade = [&](const QColor& colour) { return m_stale ? blend(c.canvas, colour, 0.5) : colour; };
    const QColor full = shade(c.map_full), rear = shade(c.map_rear), front = shade(c.map_front);
    const bool strokes = l.column >= 12 && l.line >= 9;
    // edges on whole device pixels: all gaps look alike
    const double scale = devicePixelRatioF();
    const auto snap = [scale](double v) { return std::round(v * scale) / scale; };
    QList<QLineF> marks;
    for (int s = 0; s < m_steps; ++s) {
        const double x0 = snap(l.cells.left() + s * l.column), x1 = snap(l.cells.left() + (s + 1) * l.column) - gap_x;
        for (int b = 0; b < m_blocks; ++b) {
            const double y0 = snap(l.cells.top() + b * l.line), y1 = snap(l.cells.top() + (b + 1) * l.line) - gap_y;
            const bool reuse = reuses(s, b), is_front = reuse && m_switch >= 0 && s >= m_switch;
            painter.fillRect(QRectF(x0, y0, x1 - x0, y1 - y0), !reuse ? full : is_front ? front : rear);
            if (is_front && strokes) marks << QLineF(x1 - 9, y0 + (y1 - y0) / 2 + 3, x1 - 4, y0 + (y1 - y0) / 2 - 2);
        }
    }
    if (!marks.isEmpty()) {   // the front range is told apart without colour, too
        painter.save();
        painter.setRenderHint(QPainter::Antialiasing);
        painter.setPen(QPen(QColor(255, 255, 255, m_stale ? 120 : 220), 1.25, Qt::SolidLine, Qt::RoundCap));
        painter.drawLines(marks);
        painter.restore();
    }
}

void CacheMap::paint_previews(QPainter& painter, const Layout& l) const {
    const ThemeColours& c = theme_colours();
    for (int s = 0; s < m_steps; ++s) {
        const QRectF place(std::round(l.previews.left() + s * l.column), l.previews.top(), std::floor(l.column) - 2, l.previews.height());
        if (place.width() < 3) continue;
        const bool coming = m_streaming >= 0 && s >= m_streaming;
        int shown = s;   // a step whose preview was dropped on the way shows the one before it, pale
        while (shown > 0 && m_previews[std::size_t(shown)].isNull()) --shown;
        const QImage& image = m_previews[std::size_t(shown)];
        if (image.isNull() || coming) {
            painter.save();
            painter.setPen(QPen(c.line2, 1, Qt::DotLine));
            painter.setBrush(Qt::NoBrush);
            painter.drawRect(place.adjusted(0.5, 0.5, -0.5, -0.5));
            painter.restore();
            continue;
        }
        const double side = std::min(place.width() / image.width(), place.height() / image.height());
        const QRectF target(place.left() + (place.width() - image.width() * side) / 2, place.top() + (place.height() - image.height() * side) / 2, image.width() * side, image.height() * side);
        painter.save();
        painter.setRenderHint(QPainter::SmoothPixmapTransform, side * devicePixelRatioF() < 2);
        painter.setOpacity(m_stale || shown != s ? 0.5 : 1);
        painter.drawImage(target, image);
        painter.restore();
    }
}

void CacheMap::paint_brackets(QPainter& painter, const Layout& l) const {
    const ThemeColours& c = theme_colours();
    painter.save();
    painter.setFont(Theme::instance().font(11));
    const int steps[3] = {0, std::clamp(m_switch, 0, m_steps), m_steps};
    for (int part = 0; part < 2; ++part) {
        if (steps[part] >= steps[part + 1]) continue;
        const double x0 = l.brackets.left() + steps[part] * l.column + 0.75, x1 = l.brackets.left() + steps[part + 1] * l.column - 2.75;
        const double y = l.brackets.top() + 7.5;
        const QString text = painter.fontMetrics().elidedText(part == 0 ? m_outline : m_detail, Qt::ElideRight, int(std::max(0.0, x1 - x0 - 24)));
        const double words = painter.fontMetrics().horizontalAdvance(text) + 16;
        double middle = (x0 + x1) / 2;
        // The words stand beside the frame of the current step, not across its edges.
        const double frame_left = l.brackets.left() + m_current * l.column - 2, frame_right = frame_left + l.column + 2;
        if (m_current >= 0 && frame_right > middle - words / 2 && frame_left < middle + words / 2) {
            if (frame_right + words <= x1 - 8) middle = frame_right + words / 2;
            else if (frame_left - words >= x0 + 8) middle = frame_left - words / 2;
        }
        painter.setPen(QPen(part == 0 ? c.map_rear : c.map_front, 1.5));
        painter.drawPolyline(QPolygonF{QPointF(x0, y + 6), QPointF(x0, y), QPointF(std::max(x0, middle - words / 2), y)});
        painter.drawPolyline(QPolygonF{QPointF(std::min(x1, middle + words / 2), y), QPointF(x1, y), QPointF(x1, y + 6)});
        painter.setPen(c.text2);
        painter.drawText(QRectF(middle - words / 2, l.brackets.top(), words, 15), Qt::AlignCenter, text);
    }
    painter.restore();
}

void CacheMap::paint_axes(QPainter& painter, const Layout& l) const {
    const ThemeColours& c = theme_colours();
    painter.save();
    painter.setFont(Theme::instance().font(11));
    const QFontMetrics metrics = painter.fontMetrics();
    painter.setPen(c.text2);
    const double right = l.cells.left() - 11;
    if (m_show_previews) painter.drawText(QRectF(0, l.previews.top(), right, l.previews.height()), Qt::AlignRight | Qt::AlignVCenter, tr("Preview"));
    painter.drawText(QRectF(0, l.axis.top(), right, l.axis.height()), Qt::AlignRight | Qt::AlignVCenter, tr("Step"));
    const auto every = [](double room, double each) {
        for (const int n : {1, 2, 5, 10, 20, 50, 100, 200, 500})
            if (each * n >= room) return n;
        return 1000;
    };
    const int blocks_every = every(metrics.height() - 2, l.line);
    for (int b = 0; b < m_blocks; b += blocks_every)
        painter.drawText(QRectF(0, l.cells.top() + b * l.line - 4, right, l.line + 6), Qt::AlignRight | Qt::AlignVCenter, QString::number(b));
    const int steps_every = every(metrics.horizontalAdvance(QString::number(m_steps)) + 8, l.column);
    for (int s = 0; s < m_steps; ++s) {
        const bool current = s == m_current;
        if (s % steps_every != 0 && !current) continue;
        if (!current && m_current >= 0 && steps_every > 1 && std::abs(s - m_current) < steps_every) continue;   // room for the current number
        painter.setFont(Theme::instance().font(11, current));
        painter.setPen(current ? c.text : c.text2);
        painter.drawText(QRectF(l.axis.left() + s * l.column - 20, l.axis.top(), l.column + 38, l.axis.height()), Qt::AlignCenter, QString::number(s));
    }
    painter.setFont(Theme::instance().font(11));
    painter.setPen(c.text2);
    const QString title = tr("Block (input on top)");
    if (l.cells.height() > metrics.horizontalAdvance(title) && l.cells.left() > 60) {
        painter.translate(16, l.cells.center().y());
        painter.rotate(-90);
        painter.drawText(QRectF(-l.cells.height() / 2, -8, l.cells.height(), 16), Qt::AlignCenter, title);
    }
    painter.restore();
}

void CacheMap::paint_marks(QPainter& painter, const Layout& l) const {
    const ThemeColours& c = theme_colours();
    painter.save();
    painter.setBrush(Qt::NoBrush);
    if (m_current >= 0) {
        const double x0 = std::round(l.cells.left() + m_current * l.column) - 1.5, x1 = std::round(l.cells.left() + (m_current + 1) * l.column) - 0.5;
        const double top = (m_show_previews ? l.previews.top() : l.cells.top()) - 4.5, bottom = m_frame_open ? height() + 2 : l.axis.bottom() - 1.5;
        painter.setPen(QPen(c.text, 1.5));
        painter.drawRect(QRectF(QPointF(x0, top), QPointF(x1, bottom)));
    }
    if (!m_selection.isEmpty()) {
        const QRectF box(cell_rect(m_selection.left(), m_selection.top()).topLeft(), cell_rect(m_selection.right(), m_selection.bottom()).bottomRight());
        painter.setPen(QPen(c.accent, 2));
        painter.drawRect(box.adjusted(-0.5, -0.5, -1, -1));
    }
    if (hasFocus() && keyboard_focus(this)) {
        painter.setPen(QPen(c.accent, 2));
        painter.drawRect(QRectF(rect()).adjusted(1, 1, -1, -1));
    }
    painter.restore();
}

void CacheMap::paint_label(QPainter& painter, const Layout&) const {
    QRect cells;
    if (m_gesture == Gesture::stroke || m_gesture == Gesture::rectangle) cells = m_touched;
    else if (m_gesture == Gesture::select || (!m_selection.isEmpty() && (m_hover.x() < 0 || m_selection.contains(m_hover)) && hasFocus())) cells = m_selection;
    else if (m_hover.x() >= 0) cells = run_at(m_hover);
    if (cells.isEmpty()) return;
    QStringList lines = describe(cells);
    if (!m_editable && !m_reason.isEmpty()) lines << m_reason;
    const ThemeColours& c = theme_colours();
    painter.save();
    painter.setFont(Theme::instance().font(12));
    const QFontMetrics metrics = painter.fontMetrics();
    const double line = metrics.height() + 1;
    double wide = 0;
    for (const QString& text : std::as_const(lines)) wide = std::max(wide, double(metrics.horizontalAdvance(text)));
    QRectF box(0, 0, std::ceil(wide) + 17, lines.size() * line + 10);
    const QRectF anchor(cell_rect(cells.left(), cells.top()).topLeft(), cell_rect(cells.right(), cells.bottom()).bottomRight());
    box.moveTopLeft(QPointF(anchor.center().x() - box.width() * 0.25, anchor.bottom() + 6));
    if (box.bottom() > height() - 2) box.moveBottom(anchor.top() - 6);
    if (box.top() < 2) box.moveTopLeft({anchor.right() + 8, std::max(2.0, height() - 2 - box.height())});
    box.moveLeft(std::clamp(box.left(), 2.0, std::max(2.0, width() - 2 - box.width())));
    box.moveTopLeft({std::round(box.left()) + 0.5, std::round(box.top()) + 0.5});
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(c.line2);
    painter.setBrush(c.window);
    painter.drawRoundedRect(box, 3, 3);
    for (qsizetype i = 0; i < lines.size(); ++i) {
        painter.setPen(i == 0 ? c.text : c.text2);
        painter.drawText(QRectF(box.left() + 8, box.top() + 5 + i * line, box.width(), line), Qt::AlignLeft | Qt::AlignVCenter, lines[i]);
    }
    painter.restore();
}

void CacheMap::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.fillRect(rect(), theme_colours().base);
    const Layout l = layout();
    if (m_show_previews) paint_previews(painter, l);
    if (m_switch >= 0) paint_brackets(painter, l);
    paint_cells(painter, l);
    paint_axes(painter, l);
    paint_marks(painter, l);
    paint_label(painter, l);
}

}
