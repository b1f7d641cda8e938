// The pictures that the image compare viewer draws from its data. Small ones are made when they are drawn; large ones on another thread, and until they are
// ready the one before stays: zooming, new steps and a dragged gain never wait.
#include "viewers/colour_table.h"
#include "viewers/image_compare.h"
#include "viewers/parallel_rows.h"
#include "viewers/view_style.h"
#include <QCoreApplication>
#include <QPainter>
#include <QThreadPool>
#include <algorithm>
#include <cmath>

namespace lathe {
namespace {

constexpr qint64 kPixelsAtOnce = 200 * 200;   // pixels: about a millisecond

bool is_small(const ImageData& data) { return qint64(data.width()) * data.height() <= kPixelsAtOnce; }

ImagePyramid pyramid_of(const ImageData& data) {
    const QImage picture = data.to_image();
    return ImagePyramid(data.has_alpha() ? picture : picture.convertToFormat(QImage::Format_RGB32));
}

/// Runs `make` on another thread and gives what it makes to `take` on this one, if the viewer still lives.
template <typename Make, typename Take> void make_elsewhere(const ImageCompareViewer* viewer, Make make, Take take) {
    QThreadPool::globalInstance()->start([self = QPointer<const ImageCompareViewer>(viewer), make = std::move(make), take = std::move(take)] {
        auto made = make();
        QMetaObject::invokeMethod(qApp, [self, made = std::move(made), take] {
            if (self) take(made);
        }, Qt::QueuedConnection);
    });
}

}

QPoint linked_pixel(const QPoint& pixel, const QSize& from, const QSize& to) {
    return {std::min(to.width() - 1, int((pixel.x() + 0.5) * to.width() / from.width())), std::min(to.height() - 1, int((pixel.y() + 0.5) * to.height() / from.height()))};
}

double mean_difference(const ImageData& image, const QPoint& a, const ImageData& reference, const QPoint& b, bool is_signed) {
    const int channels = std::min(image.colour_channels(), reference.colour_channels());
    double sum = 0;
    for (int c = 0; c < channels; ++c) {
        const double d = double(image.at(a.x(), a.y(), c)) - double(reference.at(b.x(), b.y(), c));
        sum += is_signed ? d : std::abs(d);
    }
    return sum / channels;
}

QImage difference_picture(const ImageData& data, const ImageData& reference, double limit, bool is_signed, const QColor& canvas) {
    if (reference.is_null() || data.is_null()) return {};
    const ColourTable table(is_signed ? ColourMapId::diverging : ColourMapId::magma, canvas);
    QImage image(reference.width(), reference.height(), QImage::Format_RGB32);
    const QSize own(data.width(), data.height()), whole(reference.width(), reference.height());
    const double scale = 1 / limit;
    const bool same = own == whole;
    uchar* const bits = image.bits();
    const qsizetype stride = image.bytesPerLine();
    parallel_rows(image.height(), image.width(), [&](int from, int to) {
        for (int y = from; y < to; ++y) {
            auto* out = reinterpret_cast<QRgb*>(bits + y * stride);
            for (int x = 0; x < whole.width(); ++x) {
                const double d = mean_difference(data, same ? QPoint(x, y) : linked_pixel({x, y}, whole, own), reference, {x, y}, is_signed) * scale;
                out[x] = table.at(is_signed ? 0.5 + d / 2 : d);
            }
        }
    });
    return image;
}

const ImagePyramid& ImageCompareViewer::picture_of(int index) const {
    const Slot& slot = m_slots[std::size_t(index)];
    const ImageData& data = m_images[std::size_t(index)].data;
    if (slot.drawn == slot.generation || slot.making) return slot.picture;
    if (is_small(data)) {
        slot.picture = pyramid_of(data);
        slot.drawn = slot.generation;
        return slot.picture;
    }
    slot.making = true;
    make_elsewhere(this, [data] {
        ImagePyramid pyramid = pyramid_of(data);
        pyramid.complete();
        return pyramid;
    }, [this, id = m_images[std::size_t(index)].id, generation = slot.generation](const ImagePyramid& pyramid) {
        const int at = index_of(id);
        if (at < 0) return;
        const Slot& made = m_slots[std::size_t(at)];
        made.making = false;
        if (made.drawn < generation && generation <= made.generation) {
            made.picture = pyramid;
            made.drawn = generation;
        }
        const_cast<ImageCompareViewer*>(this)->update();
    });
    return slot.picture;
}

double ImageCompareViewer::difference_limit() const {
    if (m_images.empty()) return 1;
    const ImageData& reference = m_images[std::size_t(m_reference)].data;
    return (reference.highest() - reference.lowest()) / m_gain;
}

ImageCompareViewer::DifferenceKey ImageCompareViewer::difference_key(int index) const {
    return {m_slots[std::size_t(index)].generation, m_slots[std::size_t(m_reference)].generation, difference_limit(), m_signed, ViewStyle::current().canvas.rgb()};
}

const ImagePyramid& ImageCompareViewer::difference_of(int index) const {
    const Slot& slot = m_slots[std::size_t(index)];
    const DifferenceKey key = difference_key(index);
    if (slot.difference_key == key || slot.making_difference) return slot.difference;
    const ImageData &data = m_images[std::size_t(index)].data, &reference = m_images[std::size_t(m_reference)].data;
    if (is_small(reference)) {
        slot.difference = ImagePyramid(difference_image(index));
        slot.difference_key = key;
        return slot.difference;
    }
    slot.making_difference = true;
    make_elsewhere(this, [data, reference, key] {
        ImagePyramid pyramid(difference_picture(data, reference, key.limit, key.is_signed, QColor(key.canvas)));
        pyramid.complete();
        return pyramid;
    }, [this, key, id = m_images[std::size_t(index)].id](const ImagePyramid& pyramid) {
        const int at = index_of(id);
        if (at < 0) return;
        const Slot& made = m_slots[std::size_t(at)];
        made.making_difference = false;
        made.difference = pyramid;
        made.difference_key = key;
        const_cast<ImageCompareViewer*>(this)->update();
    });
    return slot.difference;
}

/// Before the view is written to a file: no picture is still to come.
void ImageCompareViewer::finish_pictures() const {
    for (std::size_t i = 0; i < m_slots.size(); ++i) {
        const Slot& slot = m_slots[i];
        if (slot.drawn != slot.generation) {
            slot.picture = pyramid_of(m_images[i].data);
            slot.drawn = slot.generation;
        }
    }
    for (const Pane& pane : panes()) {
        if (pane.kind != PaneKind::difference) continue;
        const Slot& slot = m_slots[std::size_t(pane.image)];
        if (const DifferenceKey key = difference_key(pane.image); !(slot.difference_key == key)) {
            slot.difference = ImagePyramid(difference_image(pane.image));
            slot.difference_key = key;
        }
    }
}

QImage ImageCompareViewer::difference_image(int index) const {
    if (index < 0 || index >= int(m_images.size())) return {};
    return difference_picture(m_images[std::size_t(index)].data, m_images[std::size_t(m_reference)].data, difference_limit(), m_signed, ViewStyle::current().canvas);
}

}
