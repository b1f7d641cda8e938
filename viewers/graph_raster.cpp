#include "viewers/graph_raster.h"
#include <QPainter>
#include <QPainterPath>
#include <algorithm>
#include <array>
#include <cmath>

namespace lathe {
namespace {

constexpr std::uint32_t kWhole = 255;
constexpr int kFrame = 2;   // pixels about the picture that are not shown

/// The part of the line inside [0, w] x [0, h]; false: none (Liang and Barsky).
bool clip_line(double& x0, double& y0, double& x1, double& y1, double w, double h) {
    const double dx = x1 - x0, dy = y1 - y0;
    double t0 = 0, t1 = 1;
    const auto side = [&](double p, double q) {
        if (p == 0) return q >= 0;
        const double t = q / p;
        if (p < 0) t0 = std::max(t0, t);
        else t1 = std::min(t1, t);
        return t0 <= t1;
    };
    if (!side(-dx, x0) || !side(dx, w - x0) || !side(-dy, y0) || !side(dy, h - y0)) return false;
    x1 = x0 + t1 * dx;
    y1 = y0 + t1 * dy;
    x0 += t0 * dx;
    y0 += t0 * dy;
    return true;
}

QRgb blended(QRgb below, QRgb over, int alpha) {   // alpha 0 to 255; both premultiplied or opaque
    const int a = alpha * qAlpha(over) / 255, rest = 255 - a;
    const auto mix = [&](int b, int o) { return (b * rest + o * a + 127) / 255; };
    return qRgba(mix(qRed(below), qRed(over)), mix(qGreen(below), qGreen(over)), mix(qBlue(below), qBlue(over)), a + (qAlpha(below) * rest + 127) / 255);
}

/// Distance to the edge of the shape, negative inside. Shapes of one radius look equally large.
float outside(NodeShape shape, float dx, float dy, float r) {
    switch (shape) {
        case NodeShape::circle: return std::sqrt(dx * dx + dy * dy) - r;
        case NodeShape::square: return std::max(std::abs(dx), std::abs(dy)) - r * 0.89f;
        case NodeShape::diamond: return (std::abs(dx) + std::abs(dy)) * 0.7071f - r * 0.89f;
        case NodeShape::triangle: return std::max(std::abs(dx) * 0.866f + dy * -0.5f - r * 0.62f, dy - r * 0.62f);
    }
    return 1;
}

}

LineDensity::LineDensity(int width, int height) : m_width(width), m_height(height), m_sum(std::size_t(width + 2 * kFrame) * std::size_t(height + 2 * kFrame)) {}

void LineDensity::add(double x0, double y0, double x1, double y1) {
    if (!(std::isfinite(x0) && std::isfinite(y0) && std::isfinite(x1) && std::isfinite(y1))) return;
    x0 -= 0.5, x1 -= 0.5, y0 -= 0.5, y1 -= 0.5;   // a pixel's value stands at its centre
    if (!clip_line(x0, y0, x1, y1, m_width - 1, m_height - 1)) return;
    const std::ptrdiff_t row = m_width + 2 * kFrame;
    const auto one = [&](double major0, double minor0, double major1, double minor1, std::ptrdiff_t step, std::ptrdiff_t side) {
        if (major1 < major0) {
            std::swap(major0, major1);
            std::swap(minor0, minor1);
        }
        const int from = int(std::lround(major0)), to = int(std::lround(major1));
        const double slope = major1 > major0 ? (minor1 - minor0) / (major1 - major0) : 0;
        std::int64_t minor = std::int64_t((minor0 + (from - major0) * slope) * 65536);
        const std::int64_t by = std::int64_t(slope * 65536);
        std::uint32_t* at = m_sum.data() + kFrame * (row + 1) + from * step;
        for (int i = from; i <= to; ++i, at += step) {
            std::uint32_t* pixel = at + (minor >> 16) * side;   // the ends are rounded along the line, so it may leave the picture by a pixel: hence the frame
            const std::uint32_t share = std::uint32_t(minor >> 8) & 255;
            pixel[0] += kWhole - share;
            pixel[side] += share;
            minor += by;
        }
    };
    if (std::abs(x1 - x0) >= std::abs(y1 - y0)) one(x0, y0, x1, y1, 1, row);
    else one(y0, x0, y1, x1, row, 1);
}

void LineDensity::add(const LineDensity& other) {
    for (std::size_t i = 0; i < m_sum.size(); ++i) m_sum[i] += other.m_sum[i];
}

void LineDensity::blend(QImage& image, const QColor& colour, double strongest) const {
    std::vector<std::uint32_t> some;
    double total = 0;
    for (std::size_t i = 0; i < m_sum.size(); i += 5) {
        total += m_sum[i];
        if (m_sum[i]) some.push_back(m_sum[i]);
    }
    if (some.empty()) return;
    const double crowd = 5 * total / (double(m_sum.size()) * kWhole);   // lines over a pixel, on average
    const auto high = some.begin() + std::ptrdiff_t(some.size() * 995 / 1000);
    std::ranges::nth_element(some, high);
    const double densest = std::max(double(*high), kWhole * (2 + 10 * std::min(1.0, 2 * crowd)));   // a few lines stand clear, a web of them stays behind the nodes
    std::array<std::uint8_t, 4096> alpha;
    for (std::size_t i = 0; i < alpha.size(); ++i) {
        const double d = densest * double(i) / double(alpha.size() - 1);
        alpha[i] = std::uint8_t(std::lround(255 * strongest * std::log1p(d / kWhole) / std::log1p(densest / kWhole)));
    }
    const QRgb over = colour.rgb();
    const double index = double(alpha.size() - 1) / densest;
    for (int y = 0; y < m_height; ++y) {
        auto* pixel = reinterpret_cast<QRgb*>(image.scanLine(y));
        const std::uint32_t* sum = m_sum.data() + std::ptrdiff_t(y + kFrame) * (m_width + 2 * kFrame) + kFrame;
        for (int x = 0; x < m_width; ++x)
            if (sum[x]) pixel[x] = blended(pixel[x], over, alpha[std::min(alpha.size() - 1, std::size_t(sum[x] * index))]);
    }
}

void splat_marks(QImage& image, std::span<const GraphMark> marks) {
    const float ratio = float(image.devicePixelRatio());
    const int width = image.width(), height = image.height();
    const std::ptrdiff_t stride = image.bytesPerLine() / 4;
    auto* pixels = reinterpret_cast<QRgb*>(image.bits());
    for (const GraphMark& mark : marks) {
        const float x = mark.x * ratio, y = mark.y * ratio, r = mark.radius * ratio;
        if (!(x + r > -1 && y + r > -1 && x - r < float(width) + 1 && y - r < float(height) + 1)) continue;   // outside, or NaN
        const int x0 = std::max(0, int(std::floor(x - r * 1.3f - 1))), x1 = std::min(width - 1, int(std::ceil(x + r * 1.3f)));
        const int y0 = std::max(0, int(std::floor(y - r * 1.3f - 1))), y1 = std::min(height - 1, int(std::ceil(y + r * 1.3f)));
        for (int py = y0; py <= y1; ++py)
            for (int px = x0; px <= x1; ++px) {
                const float d = outside(mark.shape, float(px) + 0.5f - x, float(py) + 0.5f - y, r);
                if (d >= 0.5f) continue;
                QRgb& pixel = pixels[py * stride + px];
                const float covered = std::min(1.0f, 0.5f - d);
                if (qAlpha(mark.fill)) pixel = blended(pixel, mark.fill, int(covered * 255));
                if (!qAlpha(mark.ring)) continue;
                const float in_ring = std::clamp(d + mark.ring_width * ratio + 0.5f, 0.0f, 1.0f) * covered;
                if (in_ring > 0) pixel = blended(pixel, mark.ring, int(in_ring * 255));
            }
    }
}

void draw_marks(QPainter& painter, std::span<const GraphMark> marks) {
    for (const GraphMark& mark : marks) {
        if (!std::isfinite(mark.x) || !std::isfinite(mark.y)) continue;
        const double inset = qAlpha(mark.ring) ? mark.ring_width / 2 : 0, r = std::max(0.1, mark.radius - inset);
        painter.setPen(qAlpha(mark.ring) ? QPen(QColor::fromRgba(mark.ring), mark.ring_width) : QPen(Qt::NoPen));
        painter.setBrush(qAlpha(mark.fill) ? QBrush(QColor::fromRgba(mark.fill)) : QBrush(Qt::NoBrush));
        const QPointF at(mark.x, mark.y);
        switch (mark.shape) {
            case NodeShape::circle: painter.drawEllipse(at, r, r); break;
            case NodeShape::square: painter.drawRect(QRectF(at.x() - r * 0.89, at.y() - r * 0.89, r * 1.78, r * 1.78)); break;
            case NodeShape::diamond: painter.drawPolygon(QPolygonF({at + QPointF(0, -r * 1.26), at + QPointF(r * 1.26, 0), at + QPointF(0, r * 1.26), at + QPointF(-r * 1.26, 0)})); break;
            case NodeShape::triangle: painter.drawPolygon(QPolygonF({at + QPointF(0, -r * 1.24), at + QPointF(r * 1.07, r * 0.62), at + QPointF(-r * 1.07, r * 0.62)})); break;
        }
    }
}

}
