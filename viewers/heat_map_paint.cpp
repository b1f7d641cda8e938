// Painting of the heat map: cells with labels, the marked cell, the legend.
#include "viewers/colour_table.h"
#include "viewers/heat_map.h"
#include "viewers/view_style.h"
#include <QFontMetricsF>
#include <QPainter>
#include <algorithm>
#include <cmath>

namespace lathe {
namespace {

constexpr double kLegend = 22, kLine = 18;

double widest(const QStringList& texts, const QFontMetricsF& metrics) {
    double width = 0;
    for (const QString& text : texts) width = std::max(width, metrics.horizontalAdvance(text));
    return width;
}

QStringList numbered(const QStringList& labels, int count) {
    QStringList texts;
    for (int i = 0; i < count; ++i) texts << labels.value(i, QString::number(i));
    return texts;
}

}

HeatMapView::Layout HeatMapView::layout(const QSizeF& size) const {
    const QFontMetricsF metrics(ViewStyle::font(11));
    const double left = std::min(size.width() * 0.4, widest(numbered(m_rows, m_row_count), metrics) + 10 + (m_row_title.isEmpty() ? 0 : kLine));
    const double below = kLine + (m_column_title.isEmpty() ? 0 : 16) + kLegend;
    Layout l;
    l.cells = QRectF(left, 4, std::max(8.0, size.width() - left - 2), std::max(8.0, size.height() - 4 - below));
    l.legend = QRectF(0, size.height() - kLegend, size.width(), kLegend);
    return l;
}

void HeatMapView::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    draw(painter, size());
    draw_view_focus(painter, this);
}

void HeatMapView::draw(QPainter& painter, const QSizeF& size) const {
    const ViewStyle style = ViewStyle::current();
    painter.fillRect(QRectF(QPointF(0, 0), size), style.base);
    if (m_values.empty()) return;
    const Layout l = layout(size);
    const ColourTable table(m_map, style.canvas);
    const double w = l.cells.width() / m_column_count, h = l.cells.height() / m_row_count;
    const double gap = std::min(w, h) >= 6 ? 1 : 0;
    painter.setOpacity(m_stale ? 0.5 : 1);
    if (std::min(w, h) >= 2) {
        for (int r = 0; r < m_row_count; ++r)
            for (int c = 0; c < m_column_count; ++c) {
                const double x0 = std::round(l.cells.left() + c * w), x1 = std::round(l.cells.left() + (c + 1) * w), y0 = std::round(l.cells.top() + r * h), y1 = std::round(l.cells.top() + (r + 1) * h);
                const QRectF cell(x0, y0, x1 - x0 - gap, y1 - y0 - gap);
                const double value = m_values[std::size_t(r) * std::size_t(m_column_count) + std::size_t(c)];
                if (std::isnan(value)) fill_missing(painter, cell);
                else painter.fillRect(cell, QColor(table.at(position_of(value))));
            }
    } else {   // more cells than pixels: one picture
        QImage picture(m_column_count, m_row_count, QImage::Format_RGB32);
        for (int r = 0; r < m_row_count; ++r) {
            auto* line = reinterpret_cast<QRgb*>(picture.scanLine(r));
            for (int c = 0; c < m_column_count; ++c) line[c] = table.at(position_of(m_values[std::size_t(r) * std::size_t(m_column_count) + std::size_t(c)]));
        }
        painter.setRenderHint(QPainter::SmoothPixmapTransform);
        painter.drawImage(l.cells, picture);
    }
    painter.setOpacity(1);

    painter.setFont(ViewStyle::font(11));
    painter.setPen(style.text2);
    const QFontMetricsF metrics(painter.font());
    const double label_left = m_row_title.isEmpty() ? 0 : kLine;
    double free_from = -1;
    for (int r = 0; r < m_row_count; ++r) {
        const double middle = l.cells.top() + (r + 0.5) * h;
        if (middle - metrics.height() / 2 < free_from) continue;
        const QString text = metrics.elidedText(m_rows.value(r, QString::number(r)), Qt::ElideRight, l.cells.left() - label_left - 8);
        painter.drawText(QRectF(label_left, middle - kLine / 2, l.cells.left() - label_left - 8, kLine), Qt::AlignLeft | Qt::AlignVCenter, text);
        free_from = middle + metrics.height() / 2;
    }
    free_from = -1e9;
    for (int c = 0; c < m_column_count; ++c) {
        const QString text = m_columns.value(c, QString::number(c));
        const double middle = l.cells.left() + (c + 0.5) * w, wide = metrics.horizontalAdvance(text);
        if (middle - wide / 2 < free_from || middle + wide / 2 > size.width() + 2) continue;
        painter.drawText(QRectF(middle - wide / 2 - 2, l.cells.bottom() + 1, wide + 4, kLine), Qt::AlignCenter, text);
        free_from = middle + wide / 2 + 6;
    }
    if (!m_column_title.isEmpty())
        painter.drawText(QRectF(l.cells.left(), l.cells.bottom() + kLine - 1, l.cells.width(), 16), Qt::AlignLeft | Qt::AlignVCenter, metrics.elidedText(m_column_title, Qt::ElideRight, l.cells.width()));
    if (!m_row_title.isEmpty()) {
        painter.save();
        painter.translate(kLine / 2, l.cells.center().y());
        painter.rotate(-90);
        painter.drawText(QRectF(-l.cells.height() / 2, -kLine / 2, l.cells.height(), kLine), Qt::AlignCenter, metrics.elidedText(m_row_title, Qt::ElideRight, l.cells.height()));
        painter.restore();
    }
    for (const QPoint& cell : {m_hover, m_marked}) {
        if (cell.x() < 0) continue;
        const bool marked = cell == m_marked;
        const QRectF rect(std::round(l.cells.left() + cell.x() * w), std::round(l.cells.top() + cell.y() * h), std::round(w) - gap, std::round(h) - gap);
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(QColor(0, 0, 0, 200), marked ? 4 : 3, Qt::SolidLine, Qt::SquareCap, Qt::MiterJoin));
        painter.drawRect(rect);
        painter.setPen(QPen(marked ? style.pick : QColor(Qt::white), marked ? 2 : 1, Qt::SolidLine, Qt::SquareCap, Qt::MiterJoin));
        painter.drawRect(rect);
    }
    draw_legend(painter, l.legend);
}

/// Text, lowest, bar, highest with the unit; beside it how many values are missing.
void HeatMapView::draw_legend(QPainter& painter, const QRectF& area) const {
    const ViewStyle style = ViewStyle::current();
    const auto [low, high] = range();
    painter.setFont(ViewStyle::font(11));
    painter.setPen(m_stale ? style.text3 : style.text2);
    const QFontMetricsF metrics(painter.font());
    double left = area.left(), right = area.right();
    const auto put_left = [&](const QString& text) {
        if (text.isEmpty()) return;
        const double wide = metrics.horizontalAdvance(text);
        painter.drawText(QRectF(left, area.top(), wide + 2, area.height()), Qt::AlignLeft | Qt::AlignVCenter, text);
        left += wide + 8;
    };
    put_left(m_legend_text);
    if (m_missing > 0) {
        fill_missing(painter, QRectF(left, std::round(area.center().y() - 4), 8, 8));
        left += 12;
        put_left(tr("NaN: %1").arg(m_missing));
    }
    put_left(text_of(low).section(QChar(0xA0), 0, 0));
    const QString top = text_of(high) + (m_log ? tr(", log") : QString());
    const double wide = metrics.horizontalAdvance(top);
    painter.drawText(QRectF(right - wide - 1, area.top(), wide + 1, area.height()), Qt::AlignRight | Qt::AlignVCenter, top);
    right -= wide + 8;
    draw_colour_bar(painter, QRectF(left, std::round(area.center().y() - 4), std::max(0.0, right - left), 8), ColourTable(m_map, style.canvas));
}

}
