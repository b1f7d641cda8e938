#pragma once
// A picture with its halvings, each pixel the average of four, so that any part of a large image is drawn at any zoom from about as many pixels as the screen
// has. Any thread, one at a time.
#include <QImage>
#include <vector>

class QPainter;
class QTransform;

namespace lathe {

class ImagePyramid {
public:
    ImagePyramid() = default;
    explicit ImagePyramid(const QImage& picture);
    bool is_null() const { return m_levels.empty(); }
    void complete() { level(64); }                         ///< makes all levels now, so that drawing never does
    QSize size() const { return is_null() ? QSize() : m_levels.front().size(); }
    /// The part inside `clip` (in the painter's coordinates), placed by `transform`: nearest neighbour at and above 200 % of device pixels, bilinear from 100 %,
    /// area average below. On vector devices the part is drawn as one picture of three times the resolution.
    void draw(QPainter& painter, const QTransform& transform, const QRectF& clip) const;

private:
    const QImage& level(int n) const;                      // makes the levels up to n
    void draw_raster(QPainter& painter, const QTransform& transform, const QRectF& clip, double device_zoom) const;
    mutable std::vector<QImage> m_levels;
};

}
