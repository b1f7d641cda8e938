#pragma once
// The colour maps of core/base as the painters need them: a table of colours on the current canvas, the bar of a legend, the hatch of missing values.
#include "core/base/colour_map.h"
#include "viewers/view_style.h"
#include <array>

class QPainter;
class QRectF;

namespace lathe {

class ColourTable {
public:
    ColourTable(ColourMapId map, const QColor& canvas);
    QRgb at(double t) const;                                             ///< t in [0, 1], clamped; NaN: the colour of missing values
private:
    std::array<QRgb, 512> m_colours;
};

void fill_missing(QPainter& painter, const QRectF& cell);                ///< #FF00FF with a hatch
void draw_colour_bar(QPainter& painter, const QRectF& bar, const ColourTable& table);   ///< 0 left, 1 right

}
