#include "viewers/colour_table.h"
#include <QPainter>
#include <algorithm>
#include <cmath>

namespace lathe {

ColourTable::ColourTable(ColourMapId map, const QColor& canvas) {
    const Rgb middle{std::uint8_t(canvas.red()), std::uint8_t(canvas.green()), std::uint8_t(canvas.blue())};
    for (std::size_t i = 0; i < m_colours.size(); ++i) {
        const Rgb c = colour_at(map, double(i) / double(m_colours.size() - 1), middle);
        m_colours[i] = qRgb(c.r, c.g, c.b);
    }
}

QRgb ColourTable::at(double t) const {
    if (std::isnan(t)) return qRgb(255, 0, 255);
    return m_colours[std::size_t(std::lround(std::clamp(t, 0.0, 1.0) * double(m_colours.size() - 1)))];
}

void fill_missing(QPainter& painter, const QRectF& cell) {
    painter.fillRect(cell, QColor(255, 0, 255));
    painter.fillRect(cell, QBrush(Qt::black, Qt::BDiagPattern));
}

void draw_colour_bar(QPainter& painter, const QRectF& bar, const ColourTable& table) {
    if (bar.width() < 1) return;
    QImage strip(std::max(2, int(std::ceil(bar.width() * 2))), 1, QImage::Format_RGB32);
    auto* pixel = reinterpret_cast<QRgb*>(strip.scanLine(0));
    for (int x = 0; x < strip.width(); ++x) pixel[x] = table.at((x + 0.5) / strip.width());
    painter.drawImage(bar, strip);
}

}
