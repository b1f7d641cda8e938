#include "viewers/image_pyramid.h"
#include "viewers/parallel_rows.h"
#include <QPainter>
#include <QPaintEngine>
#include <QTransform>
#include <cmath>

namespace lathe {
namespace {

/// Both picture formats have four bytes a pixel and no colour beyond their alpha, so the bytes may be averaged each for itself.
QImage halved(const QImage& picture) {
    QImage half((picture.width() + 1) / 2, (picture.height() + 1) / 2, picture.format());
    uchar* const bits = half.bits();
    const qsizetype stride = half.bytesPerLine();
    parallel_rows(half.height(), half.width(), [&](int from, int to) {
        for (int y = from; y < to; ++y) {
            const uchar* above = picture.constScanLine(2 * y);
            const uchar* below = picture.constScanLine(std::min(2 * y + 1, picture.height() - 1));
            uchar* out = bits + y * stride;
            for (int x = 0; x < half.width(); ++x) {
                const int left = 8 * x, right = std::min(left + 4, 4 * (picture.width() - 1));
                for (int c = 0; c < 4; ++c) *out++ = uchar((above[left + c] + above[right + c] + below[left + c] + below[right + c] + 2) / 4);
            }
        }
    });
    return half;
}

}

ImagePyramid::ImagePyramid(const QImage& picture) {
    if (!picture.isNull()) m_levels.push_back(picture.convertToFormat(picture.hasAlphaChannel() ? QImage::Format_ARGB32_Premultiplied : QImage::Format_RGB32));
}

const QImage& ImagePyramid::level(int n) const {
    while (int(m_levels.size()) <= n && m_levels.back().width() > 1 && m_levels.back().height() > 1) m_levels.push_back(halved(m_levels.back()));
    return m_levels[std::size_t(std::min(n, int(m_levels.size()) - 1))];
}

void ImagePyramid::draw(QPainter& painter, const QTransform& transform, const QRectF& clip) const {
    if (is_null() || clip.isEmpty()) return;
    if (painter.paintEngine()->type() == QPaintEngine::Raster) {
        draw_raster(painter, transform, clip, transform.m11() * painter.device()->devicePixelRatioF());
        return;
    }
    constexpr double kScale = 3;
    QImage tile((clip.size() * kScale).toSize().expandedTo({1, 1}), QImage::Format_ARGB32_Premultiplied);
    tile.fill(Qt::transparent);
    {
        QPainter onto(&tile);
        draw_raster(onto, transform * QTransform::fromTranslate(-clip.left(), -clip.top()) * QTransform::fromScale(kScale, kScale), QRectF(tile.rect()), transform.m11() * kScale);
    }
    painter.drawImage(clip, tile);
}

void ImagePyramid::draw_raster(QPainter& painter, const QTransform& transform, const QRectF& clip, double device_zoom) const {
    const QRectF whole(QPointF(0, 0), QSizeF(size()));
    const QRectF seen = transform.inverted().mapRect(clip).adjusted(-2, -2, 2, 2).intersected(whole);
    if (seen.isEmpty()) return;
    const int n = device_zoom < 1 ? int(std::floor(std::log2(1 / std::max(device_zoom, 1e-9)))) : 0;
    const QImage& picture = level(n);
    const double factor = std::exp2(std::min(n, int(m_levels.size()) - 1));
    // Whole pixels of the level, so that filtering does not depend on where the view is cut off.
    const QRectF source = QRectF(QRectF(seen.topLeft() / factor, seen.size() / factor).toAlignedRect()).intersected(QRectF(QPointF(0, 0), QSizeF(picture.size())));
    painter.save();
    painter.setClipRect(clip & transform.mapRect(whole), Qt::IntersectClip);
    painter.setRenderHint(QPainter::SmoothPixmapTransform, device_zoom < 2);
    painter.drawImage(transform.mapRect(QRectF(source.topLeft() * factor, source.size() * factor)), picture, source);
    painter.restore();
}

}
