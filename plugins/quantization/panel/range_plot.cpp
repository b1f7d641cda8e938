#include "plugins/quantization/panel/range_plot.h"
#include "viewers/accessible.h"
#include "viewers/view_export.h"
#include "viewers/view_style.h"
#include "widgets/lathe_style.h"
#include "widgets/theme.h"
#include <QApplication>
#include <QClipboard>
#include <QFileDialog>
#include <QFileInfo>
#include <QKeyEvent>
#include <QMenu>
#include <QMouseEvent>
#include <QPainter>
#include <algorithm>

namespace lathe::quantization {
namespace {

constexpr int kMostLines = 64;                             // codes that get a line each

/// 1, 2 or 5 times a power of ten, so that about `count` lie in `range`.
double tick_step(double range, int count) {
    const double raw = range / std::max(1, count), power = std::pow(10.0, std::floor(std::log10(raw)));
    const double share = raw / power;
    return power * (share < 1.5 ? 1 : share < 3.5 ? 2 : share < 7.5 ? 5 : 10);
}

QString tick_text(double value, double step) {
    const int decimals = std::clamp(int(std::ceil(-std::log10(step) - 1e-9)), 0, 6);
    return figure(std::abs(value) < step / 1000 ? 0 : value, decimals);
}

}

RangePlot::RangePlot(const QString& name, QWidget* parent) : QWidget(parent) {
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setAccessibleName(name);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
    m_what = name;
}

void RangePlot::set_range(const RangeFacts& facts, int bits, bool mirrored, bool editable) {
    m_facts = facts;
    m_bits = bits;
    m_mirrored = mirrored;
    m_editable = editable;
    if (m_grip < 0) {
        m_low = facts.clip_low;
        m_high = facts.clip_high;
        m_from = facts.low;
        m_to = facts.high;
        if (bits > 0 && m_high > m_low) {
            m_from = std::min(m_from, m_low);
            m_to = std::max(m_to, m_high);
        }
        const double room = (m_to - m_from) * 0.06;
        m_from -= room;
        m_to += room;
    }
    update();
}

void RangePlot::set_clip(double low, double high) {
    if (m_grip >= 0) return;
    m_low = low;
    m_high = high;
    if (high > low) {
        m_from = std::min(m_from, low - (high - low) * 0.03);
        m_to = std::max(m_to, high + (high - low) * 0.03);
    }
    update();
}

void RangePlot::set_titles(const QString& what, const QString& facts) {
    m_what = what;
    m_text = facts;
    setAccessibleDescription(facts);
    update();
}

void RangePlot::set_empty_text(const QString& text) {
    m_empty = text;
    update();
}

void RangePlot::set_stale(bool stale) {
    m_stale = stale;
    update();
}

double RangePlot::clipped_share() const {
    if (!m_facts.is_known() || !has_clip()) return std::nan("");
    double all = 0, out = 0;
    const double width = (m_facts.high - m_facts.low) / double(m_facts.counts.size());
    for (std::size_t i = 0; i < m_facts.counts.size(); ++i) {
        const double middle = m_facts.low + (double(i) + 0.5) * width;
        all += double(m_facts.counts[i]);
        if (middle < m_low || middle > m_high) out += double(m_facts.counts[i]);
    }
    return all > 0 ? out / all : std::nan("");
}

QRectF RangePlot::area(const QSizeF& size) const { return QRectF(46, 34, std::max(10.0, size.width() - 58), std::max(10.0, size.height() - 58)); }
double RangePlot::x_of(const QRectF& area, double value) const { return area.left() + (value - m_from) / (m_to - m_from) * area.width(); }

double RangePlot::value_at(double x) const {
    const QRectF plot = area(size());
    return m_from + (x - plot.left()) / plot.width() * (m_to - m_from);
}

QPointF RangePlot::handle(bool upper) const {
    const QRectF plot = area(size());
    return {x_of(plot, upper ? m_high : m_low), plot.top() + 2};
}

void RangePlot::draw(QPainter& painter, const QSizeF& size) const {
    const ThemeColours& c = theme_colours();
    painter.setRenderHint(QPainter::Antialiasing, false);
    painter.setFont(Theme::instance().font(12, true));
    painter.setPen(c.text);
    const double title = painter.fontMetrics().horizontalAdvance(m_what);
    painter.drawText(QRectF(12, 4, size.width() - 24, 20), Qt::AlignLeft | Qt::AlignVCenter, m_what);
    QFont plain = Theme::instance().font(12);
    plain.setItalic(m_stale);
    painter.setFont(plain);
    painter.setPen(m_stale ? c.text3 : c.text2);
    painter.drawText(QRectF(12 + title + 6, 4, size.width() - title - 30, 20), Qt::AlignLeft | Qt::AlignVCenter, m_text);
    const QRectF plot = area(size);
    painter.setFont(Theme::instance().font(11));
    if (!m_facts.is_known()) {
        painter.setPen(c.text3);
        painter.drawText(plot, Qt::AlignCenter | Qt::TextWordWrap, m_empty);
        return;
    }
    const double most = std::max(1.0, double(*std::ranges::max_element(m_facts.counts))), top = std::log10(most) * 1.06 + 0.35;
    const auto y_of = [&](double count) { return count <= 0 ? plot.bottom() : plot.bottom() - plot.height() * (std::log10(count) + 0.3) / top; };
    for (double count = 1; count <= most; count *= 10) {   // one line a power of ten
        const double y = y_of(count);
        painter.setPen(QPen(c.grid, 1));
        painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y));
        painter.setPen(c.text2);
        painter.drawText(QRectF(0, y - 8, plot.left() - 6, 16), Qt::AlignRight | Qt::AlignVCenter, count < 1e5 ? figure(count, 0) : QStringLiteral("1e%1").arg(std::lround(std::log10(count))));
    }
    const int codes = m_bits > 0 && m_bits <= 6 ? 1 << m_bits : 0;
    if (has_clip() && codes > 0 && codes <= kMostLines) {
        QColor line = c.accent;
        line.setAlphaF(codes > 16 ? 0.30f : 0.55f);
        painter.setPen(QPen(line, 1));
        for (int i = 0; i < codes; ++i) {
            const double x = std::round(x_of(plot, m_low + (m_high - m_low) * i / (codes - 1))) + 0.5;
            painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()));
        }
    }
    const double width = (m_facts.high - m_facts.low) / double(m_facts.counts.size());
    painter.setOpacity(m_stale ? 0.5 : 1);
    for (std::size_t i = 0; i < m_facts.counts.size(); ++i) {
        if (m_facts.counts[i] <= 0) continue;
        const double low = m_facts.low + double(i) * width, middle = low + width / 2;
        const bool out = has_clip() && (middle < m_low || middle > m_high);
        const double left = x_of(plot, low), right = x_of(plot, low + width), y = y_of(double(m_facts.counts[i]));
        painter.fillRect(QRectF(left, y, std::max(1.0, right - left - 1), plot.bottom() - y), out ? c.series[4] : c.axis);
    }
    painter.setOpacity(1);
    painter.setPen(QPen(c.axis, 1));
    painter.drawLine(plot.bottomLeft(), plot.bottomRight());
    painter.drawLine(plot.topLeft(), plot.bottomLeft());
    const double step = tick_step(m_to - m_from, std::clamp(int(plot.width() / 70), 3, 7));
    for (double tick = std::ceil(m_from / step) * step; tick <= m_to; tick += step) {
        const double x = x_of(plot, tick);
        painter.setPen(QPen(c.axis, 1));
        painter.drawLine(QPointF(x, plot.bottom()), QPointF(x, plot.bottom() + 4));
        painter.setPen(c.text2);
        painter.drawText(QRectF(x - 40, plot.bottom() + 5, 80, 16), Qt::AlignHCenter | Qt::AlignTop, tick_text(tick, step));
    }
    if (!has_clip()) return;
    painter.setRenderHint(QPainter::Antialiasing);
    for (const bool upper : {false, true}) {
        const double x = x_of(plot, upper ? m_high : m_low);
        painter.setPen(QPen(c.accent, 2));
        painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()));
        painter.setPen(Qt::NoPen);
        painter.setBrush(m_editable ? c.accent : c.axis);
        const double half = m_grip == int(upper) ? 7 : 6;
        painter.drawPolygon(QPolygonF{QPointF(x - half, plot.top() - 6), QPointF(x + half, plot.top() - 6), QPointF(x, plot.top() + 3)});
    }
}

void RangePlot::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    draw(painter, size());
    draw_view_focus(painter, this);
}

// --- dragging

void RangePlot::move(double value, bool dragging) {
    const double least = (m_to - m_from) / 400, zero_snap = (m_to - m_from) / 150;
    double low = m_low, high = m_high;
    const int grip = m_grip >= 0 ? m_grip : m_active;
    if (m_mirrored) {
        high = std::max(least, std::abs(value));
        low = -high;
    } else if (grip == 0) {
        low = std::min(std::abs(value) < zero_snap ? 0.0 : value, high - least);
    } else {
        high = std::max(value, low + least);
    }
    const auto three = [](double v) { return QString::number(v, 'g', 4).toDouble(); };
    low = three(low);
    high = three(high);
    if (dragging && low == m_low && high == m_high) return;
    m_low = low;
    m_high = high;
    m_moved = true;
    announce_value(this);
    update();
    Q_EMIT clip_moved(low, high, dragging);
}

void RangePlot::mousePressEvent(QMouseEvent* event) {
    m_moved = false;
    if (event->button() != Qt::LeftButton || !m_editable || !has_clip() || !m_facts.is_known()) return;
    const double to_low = std::abs(event->position().x() - handle(false).x()), to_high = std::abs(event->position().x() - handle(true).x());
    if (std::min(to_low, to_high) > 12) return;
    m_grip = m_active = to_low < to_high ? 0 : 1;
    update();
}

void RangePlot::mouseMoveEvent(QMouseEvent* event) {
    if (m_grip < 0) {
        const bool near = m_editable && has_clip() && std::min(std::abs(event->position().x() - handle(false).x()), std::abs(event->position().x() - handle(true).x())) <= 12;
        setCursor(near ? Qt::SizeHorCursor : Qt::ArrowCursor);
        return;
    }
    move(std::clamp(value_at(event->position().x()), m_from, m_to), true);
}

void RangePlot::mouseReleaseEvent(QMouseEvent* event) {
    if (m_grip < 0 || event->button() != Qt::LeftButton) return;
    m_grip = -1;
    update();
    if (m_moved) Q_EMIT clip_moved(m_low, m_high, false);
}

void RangePlot::mouseDoubleClickEvent(QMouseEvent* event) {
    if (event->button() == Qt::LeftButton && m_editable) Q_EMIT reset_wanted();
}

void RangePlot::keyPressEvent(QKeyEvent* event) {
    const bool can = m_editable && has_clip() && m_facts.is_known();
    const double bin = m_facts.counts.empty() ? 0 : (m_facts.high - m_facts.low) / double(m_facts.counts.size()) * (event->modifiers() & Qt::ShiftModifier ? 0.25 : 1);
    switch (event->key()) {
    case Qt::Key_Left: case Qt::Key_Right:
        if (can) move((m_active == 1 ? m_high : m_low) + (event->key() == Qt::Key_Right ? bin : -bin), false);
        return;
    case Qt::Key_Up: case Qt::Key_Down:
        m_active = event->key() == Qt::Key_Up ? 1 : 0;
        return;
    case Qt::Key_Backspace: case Qt::Key_Delete:
        if (can) Q_EMIT reset_wanted();
        return;
    default: QWidget::keyPressEvent(event);
    }
}

void RangePlot::contextMenuEvent(QContextMenuEvent* event) {
    QMenu menu(this);
    menu.addAction(tr("The observer's range"), this, &RangePlot::reset_wanted)->setEnabled(m_editable);
    menu.addAction(tr("Copy table"), this, [this] { QApplication::clipboard()->setText(as_csv()); });
    menu.addAction(tr("Copy range"), this, [this] { QApplication::clipboard()->setText(QStringLiteral("%1\t%2").arg(m_low).arg(m_high)); })->setEnabled(has_clip());
    menu.addAction(tr("Export…"), this, [this] {
        const QString file = QFileDialog::getSaveFileName(window(), tr("Export the histogram"), QStringLiteral("histogram.png"), tr("Picture (*.png);;Drawing (*.svg);;Document (*.pdf);;Table (*.csv)"));
        if (!file.isEmpty() && !export_file(file)) show_export_failed(file);
    });
    menu.exec(event->globalPos());
}

// --- out

QString RangePlot::as_csv() const {
    QString csv = QStringLiteral("from,to,count\r\n");
    const double width = m_facts.counts.empty() ? 0 : (m_facts.high - m_facts.low) / double(m_facts.counts.size());
    for (std::size_t i = 0; i < m_facts.counts.size(); ++i)
        csv += QStringLiteral("%1,%2,%3\r\n").arg(m_facts.low + double(i) * width, 0, 'g', 8).arg(m_facts.low + double(i + 1) * width, 0, 'g', 8).arg(double(m_facts.counts[i]), 0, 'f', 0);
    return csv;
}

bool RangePlot::export_file(const QString& file) const {
    if (QFileInfo(file).suffix().toLower() == u"csv") return write_text(file, csv_of_run(as_csv(), shown_run(this)));
    return write_view(file, size(), [this](QPainter& painter) {
        painter.fillRect(rect(), theme_colours().base);
        draw(painter, size());
    }, shown_run(this));
}

QString RangePlot::accessible_head(int index, bool is_row) const {
    if (is_row) return tr("Count");
    const double width = m_facts.counts.empty() ? 0 : (m_facts.high - m_facts.low) / double(m_facts.counts.size());
    return QString::number(m_facts.low + (index + 0.5) * width, 'g', 3);
}

QString RangePlot::accessible_cell(int, int column) const { return column >= 0 && std::size_t(column) < m_facts.counts.size() ? QString::number(double(m_facts.counts[std::size_t(column)])) : QString(); }

QRect RangePlot::accessible_cell_rect(int, int column) const {
    const QRectF plot = area(size());
    const double width = m_facts.counts.empty() ? 0 : (m_facts.high - m_facts.low) / double(m_facts.counts.size());
    const double left = x_of(plot, m_facts.low + column * width), right = x_of(plot, m_facts.low + (column + 1) * width);
    return QRectF(left, plot.top(), right - left, plot.height()).toRect();
}

}
