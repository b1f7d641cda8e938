// Where things are in the image compare viewer: panes, zoom, which pixel lies under a position.
#include "viewers/image_compare.h"
#include "viewers/view_style.h"
#include <QFontMetricsF>
#include <QTransform>
#include <algorithm>
#include <cmath>

namespace lathe {
namespace {

constexpr double kPad = 12, kGapBelow = 4, kSmallest = 1.0 / 256, kLargest = 512;

}

std::vector<ImageCompareViewer::Pane> ImageCompareViewer::panes(const QSizeF& size) const {
    std::vector<Pane> panes;
    if (m_images.empty()) return panes;
    const auto add = [&panes](PaneKind kind, int image) {
        Pane pane;
        pane.kind = kind;
        pane.image = image;
        panes.push_back(pane);
    };
    if (m_mode == CompareMode::side_by_side || !has_variant()) {
        for (std::size_t i = 0; i < m_images.size(); ++i) add(PaneKind::image, int(i));
        if (has_difference_pane()) add(PaneKind::difference, shown_variant());
    } else if (m_mode == CompareMode::difference) {
        add(PaneKind::difference, shown_variant());
    } else {
        add(m_mode == CompareMode::split ? PaneKind::split : PaneKind::image, m_mode == CompareMode::split ? shown_variant() : blinking_image());
    }
    const double head = std::max(24.0, std::ceil(QFontMetricsF(ViewStyle::font(13, true)).height()) + 8), foot = std::max(20.0, std::ceil(QFontMetricsF(ViewStyle::mono(11)).height()) + 6);
    const ImageData& first = m_images[std::size_t(m_reference)].data;
    const double aspect = first.is_null() ? 1 : double(first.width()) / first.height();
    // The number of columns that shows the images largest.
    int columns = 1;
    double best = 0;
    const int count = int(panes.size());
    for (int n = 1; n <= count; ++n) {
        const int rows = (count + n - 1) / n;
        const double wide = size.width() / n - 2 * kPad, high = size.height() / rows - head - foot - kGapBelow;
        if (const double height = std::min(high, wide / aspect); height > best) {
            best = height;
            columns = n;
        }
    }
    const int rows = (count + columns - 1) / columns;
    // All pictures have the same size, so that all fitted images have the same zoom.
    const double wide = std::max(1.0, std::floor(size.width() / columns) - 2 * kPad), high = std::max(1.0, std::floor(size.height() / rows) - head - foot - kGapBelow);
    for (int i = 0; i < count; ++i) {
        const int column = i % columns, row = i / columns;
        const double left = std::round(size.width() * column / columns), right = std::round(size.width() * (column + 1) / columns);
        const double top = std::round(size.height() * row / rows), bottom = std::round(size.height() * (row + 1) / rows);
        Pane& pane = panes[std::size_t(i)];
        pane.frame = QRectF(left, top, right - left, bottom - top);
        pane.head = QRectF(left + kPad, top + 2, right - left - 2 * kPad, head - 2);
        pane.picture = QRectF(left + kPad, top + head, wide, high);
        pane.foot = QRectF(left + kPad, pane.picture.bottom() + 1, pane.head.width(), foot);
    }
    return panes;
}

const ImageCompareViewer::Pane* ImageCompareViewer::pane_at(const std::vector<Pane>& panes, const QPointF& position) const {
    for (const Pane& pane : panes)
        if (pane.frame.contains(position)) return &pane;
    return nullptr;
}

const ImageCompareViewer::Pane* ImageCompareViewer::pane_of(const std::vector<Pane>& panes, int image) const {
    for (const Pane& pane : panes)
        if (pane.kind == PaneKind::image && pane.image == image) return &pane;
    return panes.empty() ? nullptr : &panes.front();
}

/// Split and difference count in pixels of the reference.
int ImageCompareViewer::fit_image(const Pane& pane) const { return pane.kind == PaneKind::image ? pane.image : m_reference; }

double ImageCompareViewer::fit_zoom(const Pane& pane, int image) const {
    const ImageData& data = m_images[std::size_t(image)].data;
    if (data.is_null()) return 1;
    return std::clamp(std::min(pane.picture.width() / data.width(), pane.picture.height() / data.height()), kSmallest, kLargest);
}

/// Equal sizes are linked by pixel, others by ratio: both follow from the width of the reference.
double ImageCompareViewer::zoom_of(const Pane& pane, int image) const {
    if (m_fit) return fit_zoom(pane, image);
    if (!m_linked) return m_slots[std::size_t(image)].sight.zoom;
    const int width = m_images[std::size_t(image)].data.width(), reference = m_images[std::size_t(m_reference)].data.width();
    return width > 0 && reference > 0 ? m_shared.zoom * reference / width : m_shared.zoom;
}

QPointF ImageCompareViewer::centre_of(int image) const { return m_fit ? QPointF(0.5, 0.5) : m_linked ? m_shared.centre : m_slots[std::size_t(image)].sight.centre; }

QTransform ImageCompareViewer::to_widget(const Pane& pane, int image) const {
    const ImageData& data = m_images[std::size_t(image)].data;
    const double zoom = zoom_of(pane, image);
    const QPointF centre = centre_of(image), middle = pane.picture.center();
    return QTransform(zoom, 0, 0, zoom, middle.x() - centre.x() * data.width() * zoom, middle.y() - centre.y() * data.height() * zoom);
}

QRectF ImageCompareViewer::picture_area(const Pane& pane, int image) const {
    const ImageData& data = m_images[std::size_t(image)].data;
    return to_widget(pane, image).mapRect(QRectF(0, 0, data.width(), data.height())) & pane.picture;
}

QPoint ImageCompareViewer::pixel_at(const Pane& pane, const QPointF& position) const {
    const int image = fit_image(pane);
    const ImageData& data = m_images[std::size_t(image)].data;
    if (data.is_null() || !pane.picture.contains(position)) return {-1, -1};
    const QPointF p = to_widget(pane, image).inverted().map(position);
    const QPoint pixel(int(std::floor(p.x())), int(std::floor(p.y())));
    return QRect(0, 0, data.width(), data.height()).contains(pixel) ? pixel : QPoint(-1, -1);
}

QPoint ImageCompareViewer::map_pixel(const QPoint& pixel, int from, int to) const {
    if (pixel.x() < 0) return pixel;
    const ImageData &a = m_images[std::size_t(from)].data, &b = m_images[std::size_t(to)].data;
    if (a.is_null() || b.is_null()) return {-1, -1};
    return linked_pixel(pixel, {a.width(), a.height()}, {b.width(), b.height()});
}

QRect ImageCompareViewer::visible_part(int image) const {
    const ImageData& data = m_images[std::size_t(image)].data;
    const QRect whole(0, 0, data.width(), data.height());
    const auto all = panes();
    const Pane* pane = pane_of(all, image);
    if (!pane || m_fit) return whole;
    return to_widget(*pane, image).inverted().mapRect(pane->picture).toAlignedRect() & whole;
}

// --- zoom and pan

double ImageCompareViewer::zoom() const {
    const auto all = panes();
    const Pane* pane = pane_of(all, m_reference);
    return pane ? zoom_of(*pane, m_reference) : m_shared.zoom;
}

void ImageCompareViewer::leave_fit() {
    if (!m_fit) return;
    const auto all = panes();
    for (std::size_t i = 0; i < m_slots.size(); ++i)
        if (const Pane* pane = pane_of(all, int(i))) m_slots[i].sight = {fit_zoom(*pane, int(i)), {0.5, 0.5}};
    m_shared = {zoom(), {0.5, 0.5}};
    m_fit = false;
}

void ImageCompareViewer::fit() {
    m_fit = true;
    update();
    Q_EMIT view_changed();
}

void ImageCompareViewer::set_zoom(double zoom) {
    if (!std::isfinite(zoom) || zoom <= 0) return;
    const QPointF centre = m_images.empty() ? QPointF(0.5, 0.5) : centre_of(m_reference);
    leave_fit();
    m_shared = {std::clamp(zoom, kSmallest, kLargest), centre};
    for (Slot& slot : m_slots) slot.sight.zoom = m_shared.zoom;
    update();
    Q_EMIT view_changed();
}

/// `relative`: the point of the image that stays where it is.
void ImageCompareViewer::zoom_about(int image, const QPointF& relative, double factor) {
    if (m_images.empty()) return;
    leave_fit();
    const auto apply = [&](Sight& sight) {
        const double zoom = std::clamp(sight.zoom * factor, kSmallest, kLargest), kept = sight.zoom / zoom;
        sight = {zoom, relative + (sight.centre - relative) * kept};
        sight.centre = {std::clamp(sight.centre.x(), 0.0, 1.0), std::clamp(sight.centre.y(), 0.0, 1.0)};
    };
    apply(m_linked ? m_shared : m_slots[std::size_t(image)].sight);
    update();
    Q_EMIT view_changed();
}

void ImageCompareViewer::pan(int image, const QPointF& by) {
    const ImageData& data = m_images[std::size_t(image)].data;
    if (data.is_null()) return;
    leave_fit();
    const auto all = panes();
    const Pane* pane = pane_of(all, image);
    const double zoom = pane ? zoom_of(*pane, image) : 1;
    QPointF& centre = m_linked ? m_shared.centre : m_slots[std::size_t(image)].sight.centre;
    centre = {std::clamp(centre.x() - by.x() / (data.width() * zoom), 0.0, 1.0), std::clamp(centre.y() - by.y() / (data.height() * zoom), 0.0, 1.0)};
    update();
    Q_EMIT view_changed();
}

}
