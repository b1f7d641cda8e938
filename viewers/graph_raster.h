#pragma once
// Lines and marks put straight into images, for graphs that are too large for a painter. Any thread.
#include "viewers/graph_look.h"
#include <QImage>
#include <span>
#include <vector>

class QPainter;

namespace lathe {

/// How much of lines covers each pixel: smooth lines one pixel wide add up, so that many of them become a picture of their density.
class LineDensity {
public:
    LineDensity(int width, int height);
    void add(double x0, double y0, double x1, double y1);      ///< in pixels, clipped; not finite: left out
    void add(const LineDensity& other);                        ///< of the same size
    /// Blends the colour over an RGB32 image of this size: the alpha rises with the logarithm of the density, up to `strongest` where the densest half percent lies.
    void blend(QImage& image, const QColor& colour, double strongest) const;
private:
    int m_width, m_height;
    std::vector<std::uint32_t> m_sum;                          // a line counts kWhole over its width
};

struct GraphMark {
    float x = 0, y = 0, radius = 0;                            ///< pixels of the widget
    NodeShape shape = NodeShape::circle;
    QRgb fill = 0, ring = 0;                                   ///< alpha 0: none
    float ring_width = 0;                                      ///< inward from the radius
};

void splat_marks(QImage& image, std::span<const GraphMark> marks);       ///< RGB32 or ARGB32_Premultiplied, at its device pixel ratio
void draw_marks(QPainter& painter, std::span<const GraphMark> marks);    ///< the same as a drawing

}
