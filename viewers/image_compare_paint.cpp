// Painting of the image compare viewer.
#include "viewers/colour_table.h"
#include "viewers/image_compare.h"
#include "viewers/view_measures.h"
#include "viewers/view_style.h"
#include <QPainter>
#include <algorithm>
#include <cmath>

namespace lathe {
namespace {

double mean_value(const ImageData& image, const QPoint& pixel) {
    double sum = 0;
    for (int c = 0; c < image.colour_channels(); ++c) sum += double(image.at(pixel.x(), pixel.y(), c));
    return sum / image.colour_channels();
}

QString range_text(double value) { return (value > 0 ? QStringLiteral("+") : QString()) + QString::number(value, 'g', 3).replace(u'-', QChar(0x2212)); }

}

void ImageCompareViewer::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    draw(painter, size(), false);
    draw_view_focus(painter, this);
}

void ImageCompareViewer::draw(QPainter& painter, const QSizeF& size, bool for_export) const {
    const ViewStyle style = ViewStyle::current();
    painter.fillRect(QRectF(QPointF(0, 0), size), style.base);
    const auto all = panes(size);
    if (all.empty()) {
        painter.setPen(style.text2);
        painter.setFont(ViewStyle::font(13));
        painter.drawText(QRectF(QPointF(24, 0), size - QSizeF(48, 0)), Qt::AlignCenter | Qt::TextWordWrap, m_empty);
        return;
    }
    for (const Pane& pane : all) {
        draw_pane(painter, pane, for_export);
        if (pane.frame.left() > 0) painter.fillRect(QRectF(pane.frame.left(), pane.frame.top(), 1, pane.frame.height()), style.line);
        if (pane.frame.top() > 0) painter.fillRect(QRectF(pane.frame.left(), pane.frame.top(), pane.frame.width(), 1), style.line);
    }
}

void ImageCompareViewer::draw_pane(QPainter& painter, const Pane& pane, bool for_export) const {
    const QFont small = ViewStyle::font(12);
    if (pane.kind == PaneKind::difference) {
        const ViewStyle style = ViewStyle::current();
        const QString title = tr("Difference"), name = m_images.size() > 2 ? m_images[std::size_t(pane.image)].title + QStringLiteral(" · ") : QString();
        painter.setFont(ViewStyle::font(13, true));
        painter.setPen(style.text);
        painter.drawText(pane.head, Qt::AlignLeft | Qt::AlignVCenter, title);
        const double used = painter.fontMetrics().horizontalAdvance(title) + 10;
        painter.setFont(small);
        painter.setPen(style.text2);
        const QString note = name + (m_signed ? tr("signed, gain %1 ×") : tr("absolute, gain %1 ×")).arg(m_gain, 0, 'g', 4);
        painter.drawText(pane.head.adjusted(used, 0, 0, 0), Qt::AlignLeft | Qt::AlignVCenter, painter.fontMetrics().elidedText(note, Qt::ElideRight, int(pane.head.width() - used)));
        draw_difference(painter, pane);
    } else if (pane.kind == PaneKind::split) {
        const double half = pane.head.width() / 2 - 6;
        draw_head(painter, QRectF(pane.head.left(), pane.head.top(), half, pane.head.height()), m_reference, head_note(m_reference, half, small), Qt::AlignLeft);
        draw_head(painter, QRectF(pane.head.right() - half, pane.head.top(), half, pane.head.height()), pane.image, head_note(pane.image, half, small), Qt::AlignRight);
        const double x = split_position(pane);
        draw_picture(painter, pane, m_reference, QRectF(pane.picture.left(), pane.picture.top(), x - pane.picture.left(), pane.picture.height()));
        draw_picture(painter, pane, pane.image, QRectF(x, pane.picture.top(), pane.picture.right() - x, pane.picture.height()));
        if (!for_export || (x > pane.picture.left() && x < pane.picture.right())) draw_split_handle(painter, pane);
    } else {
        draw_head(painter, pane.head, pane.image, head_note(pane.image, pane.head.width(), small), Qt::AlignLeft);
        draw_picture(painter, pane, pane.image, pane.picture);
    }
    draw_marks(painter, pane);
    draw_foot(painter, pane);
}

void ImageCompareViewer::draw_head(QPainter& painter, const QRectF& area, int index, const Note& said, Qt::Alignment side) const {
    const ViewStyle style = ViewStyle::current();
    const ViewImage& image = m_images[std::size_t(index)];
    const QString& note = said.text;
    const QFont bold = ViewStyle::font(13, true), small = ViewStyle::font(12);
    const QFontMetricsF bold_metrics(bold), metrics(small);
    const double swatch = image.colour.isValid() ? 18 : 0;
    const QString title = bold_metrics.elidedText(image.title, Qt::ElideMiddle, area.width() - swatch);
    const double title_width = bold_metrics.horizontalAdvance(title), note_width = note.isEmpty() ? 0 : metrics.horizontalAdvance(note) + 10;
    double x = side & Qt::AlignRight ? std::max(area.left(), area.right() - swatch - title_width - note_width) : area.left();
    if (swatch > 0) {
        painter.setRenderHint(QPainter::Antialiasing);
        painter.setBrush(image.colour);
        painter.setPen(Qt::NoPen);
        painter.drawRoundedRect(QRectF(x, std::round(area.center().y() - 5), 10, 10), 2, 2);
        painter.setRenderHint(QPainter::Antialiasing, false);
        x += swatch;
    }
    painter.setFont(bold);
    painter.setPen(image.stale ? style.text3 : style.text);
    painter.drawText(QRectF(x, area.top(), title_width + 2, area.height()), Qt::AlignLeft | Qt::AlignVCenter, title);
    x += title_width + 10;
    if (area.right() - x < 24) return;
    QFont note_font = small;
    note_font.setItalic(image.stale || said.is_old);
    painter.setFont(note_font);
    painter.setPen(image.stale || said.is_old ? style.text3 : style.text2);
    painter.drawText(QRectF(x, area.top(), area.right() - x, area.height()), Qt::AlignLeft | Qt::AlignVCenter, metrics.elidedText(note, Qt::ElideRight, area.right() - x));
}

/// The note of the image, and how near the view is to the reference where there is room for both.
ImageCompareViewer::Note ImageCompareViewer::head_note(int index, double room, const QFont& font) const {
    const ViewImage& image = m_images[std::size_t(index)];
    QString note = image.note;
    if (image.stale) note = note.isEmpty() ? tr("stale") : note + tr(" · stale");
    if (index == m_reference) return {note.isEmpty() && m_images.size() > 1 ? tr("reference") : note};
    const ImageData& reference = m_images[std::size_t(m_reference)].data;
    if (reference.width() != image.data.width() || reference.height() != image.data.height() || reference.channels() != image.data.channels() || image.data.is_null()) return {note};
    const auto values = m_measures->values(index, m_slots[std::size_t(m_reference)].generation, reference, m_slots[std::size_t(index)].generation, image.data, visible_part(m_reference));
    if (!values) return {note};
    const QString measures = std::isnan(values->psnr) ? tr("NaN in the view") : std::isinf(values->psnr) ? tr("equal to the reference") : tr("PSNR %1 dB · SSIM %2").arg(values->psnr, 0, 'f', 1).arg(values->ssim, 0, 'f', 3);
    if (note.isEmpty()) return {measures, !values->is_current};
    const QString both = note + QStringLiteral(" · ") + measures;
    const QFontMetricsF title(ViewStyle::font(13, true));
    return title.horizontalAdvance(image.title) + QFontMetricsF(font).horizontalAdvance(both) + 40 < room ? Note{both, !values->is_current} : Note{note};
}

void ImageCompareViewer::draw_picture(QPainter& painter, const Pane& pane, int index, const QRectF& clip) const {
    const ViewImage& image = m_images[std::size_t(index)];
    if (image.data.is_null() || clip.isEmpty()) return;
    const ViewStyle style = ViewStyle::current();
    const QRectF area = picture_area(pane, index) & clip;
    if (image.stale) painter.fillRect(area, style.canvas);
    if (image.data.has_alpha()) {
        constexpr int kCell = 8;
        painter.save();
        painter.setClipRect(area, Qt::IntersectClip);
        painter.fillRect(area, style.checker2);
        for (int y = 0; y * kCell < area.height(); ++y)
            for (int x = y % 2; x * kCell < area.width(); x += 2) painter.fillRect(QRectF(area.left() + x * kCell, area.top() + y * kCell, kCell, kCell), style.checker1);
        painter.restore();
    }
    painter.setOpacity(image.stale ? 0.5 : 1);
    if (const ImagePyramid& picture = picture_of(index); picture.size() == QSize(image.data.width(), image.data.height())) picture.draw(painter, to_widget(pane, index), area);
    painter.setOpacity(1);
    draw_grid_and_values(painter, pane, index, area);
}

void ImageCompareViewer::draw_difference(QPainter& painter, const Pane& pane) const {
    const QRectF area = picture_area(pane, m_reference);
    const ViewStyle style = ViewStyle::current();
    const bool stale = m_images[std::size_t(pane.image)].stale || m_images[std::size_t(m_reference)].stale;
    if (stale) painter.fillRect(area, style.canvas);
    painter.setOpacity(stale ? 0.5 : 1);
    const ImageData& reference = m_images[std::size_t(m_reference)].data;
    if (const ImagePyramid& picture = difference_of(pane.image); picture.size() == QSize(reference.width(), reference.height())) picture.draw(painter, to_widget(pane, m_reference), area);
    painter.setOpacity(1);
    draw_grid_and_values(painter, pane, m_reference, area);
}

void ImageCompareViewer::draw_grid_and_values(QPainter& painter, const Pane& pane, int index, const QRectF& clip) const {
    const double zoom = zoom_of(pane, index);
    if (zoom < 6 || clip.isEmpty()) return;
    const ViewStyle style = ViewStyle::current();
    const QTransform transform = to_widget(pane, index);
    const ImageData& data = m_images[std::size_t(index)].data;
    const QRect seen = transform.inverted().mapRect(clip).toAlignedRect() & QRect(0, 0, data.width(), data.height());
    const ImageData& variant = m_images[std::size_t(pane.image)].data;
    const bool difference = pane.kind == PaneKind::difference;
    if (data.missing() > 0 || (difference && variant.missing() > 0)) {
        painter.save();
        painter.setClipRect(clip, Qt::IntersectClip);
        for (int y = seen.top(); y <= seen.bottom(); ++y)
            for (int x = seen.left(); x <= seen.right(); ++x) {
                const QPoint pixel(x, y);
                if (std::isnan(difference ? mean_difference(variant, map_pixel(pixel, index, pane.image), data, pixel, true) : mean_value(data, pixel))) fill_missing(painter, transform.mapRect(QRectF(x, y, 1, 1)));
            }
        painter.restore();
    }
    if (zoom < 16) return;
    QColor line = style.axis;
    line.setAlphaF(0.5f);
    for (int x = seen.left(); x <= seen.right() + 1; ++x) painter.fillRect(QRectF(std::round(transform.map(QPointF(x, 0)).x()), clip.top(), 1, clip.height()) & clip, line);
    for (int y = seen.top(); y <= seen.bottom() + 1; ++y) painter.fillRect(QRectF(clip.left(), std::round(transform.map(QPointF(0, y)).y()), clip.width(), 1) & clip, line);
    if (zoom < 48) return;
    painter.save();
    painter.setClipRect(clip, Qt::IntersectClip);
    painter.setFont(ViewStyle::mono(11));
    const ColourTable table(m_signed ? ColourMapId::diverging : ColourMapId::magma, style.canvas);
    const auto difference_colour = [&](const ImageData& image, const QPoint& a, const ImageData& reference, const QPoint& b) {
        const double d = mean_difference(image, a, reference, b, m_signed) / difference_limit();
        return table.at(m_signed ? 0.5 + d / 2 : d);
    };
    for (int y = seen.top(); y <= seen.bottom(); ++y)
        for (int x = seen.left(); x <= seen.right(); ++x) {
            const QPoint pixel(x, y);
            const QString text = difference ? QString::number(mean_difference(variant, map_pixel(pixel, index, pane.image), data, pixel, m_signed), 'f', data.is_integer() ? 0 : 3)
                                            : data.value_text(x, y).replace(QStringLiteral(", "), QStringLiteral("\n"));
            const double value = difference ? 0.5 : (mean_value(data, pixel) - data.lowest()) / (data.highest() - data.lowest());
            const bool light = difference ? qGray(difference_colour(variant, map_pixel(pixel, index, pane.image), data, pixel)) > 140 : value > 0.55;
            painter.setPen(light ? Qt::black : Qt::white);
            painter.drawText(transform.mapRect(QRectF(x, y, 1, 1)), Qt::AlignCenter, text);
        }
    painter.restore();
}

void ImageCompareViewer::draw_marks(QPainter& painter, const Pane& pane) const {
    if (m_pick.x() < 0) return;
    const int index = fit_image(pane);
    const QPoint pixel = map_pixel(m_pick, m_reference, index);
    QRectF cell = to_widget(pane, index).mapRect(QRectF(pixel, QSizeF(1, 1)));
    if (cell.width() < 6) cell = QRectF(cell.center() - QPointF(3, 3), QSizeF(6, 6));   // always large enough to be seen
    painter.save();
    painter.setClipRect(pane.picture, Qt::IntersectClip);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(QColor(0, 0, 0, 220), 4, Qt::SolidLine, Qt::SquareCap, Qt::MiterJoin));
    painter.drawRect(cell);
    painter.setPen(QPen(ViewStyle::current().pick, 2, Qt::SolidLine, Qt::SquareCap, Qt::MiterJoin));
    painter.drawRect(cell);
    painter.restore();
}

double ImageCompareViewer::split_position(const Pane& pane) const {
    const QRectF area = picture_area(pane, m_reference);
    return std::round(area.left() + m_split * area.width());
}

void ImageCompareViewer::draw_split_handle(QPainter& painter, const Pane& pane) const {
    const ViewStyle style = ViewStyle::current();
    const QRectF area = picture_area(pane, m_reference);
    const double x = split_position(pane);
    painter.fillRect(QRectF(x - 2, area.top(), 4, area.height()), QColor(0, 0, 0, 160));
    painter.fillRect(QRectF(x - 1, area.top(), 2, area.height()), Qt::white);
    const QPointF middle(x, area.center().y());
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(QColor(0, 0, 0, 160), 1));
    painter.setBrush(Qt::white);
    painter.drawEllipse(middle, 9, 9);
    painter.setPen(QPen(style.dark ? style.window : style.text, 1.5, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    painter.setBrush(Qt::NoBrush);
    painter.drawPolyline(QPolygonF{middle + QPointF(-2, -3), middle + QPointF(-5, 0), middle + QPointF(-2, 3)});
    painter.drawPolyline(QPolygonF{middle + QPointF(2, -3), middle + QPointF(5, 0), middle + QPointF(2, 3)});
    painter.setRenderHint(QPainter::Antialiasing, false);
}

void ImageCompareViewer::draw_foot(QPainter& painter, const Pane& pane) const {
    const ViewStyle style = ViewStyle::current();
    double right = pane.foot.right();
    painter.setFont(ViewStyle::mono(11));
    painter.setPen(style.text2);
    const QFontMetricsF metrics(painter.font());
    if (pane.kind == PaneKind::difference) {   // the legend is part of the view
        const double limit = difference_limit();
        const QString high = m_signed ? range_text(limit) : QString::number(limit, 'g', 3), low = m_signed ? range_text(-limit) : QStringLiteral("0");
        constexpr double kBar = 96;
        const double high_width = metrics.horizontalAdvance(high), low_width = metrics.horizontalAdvance(low);
        const QString value = value_line(pane);
        const double bar = std::min(kBar, pane.foot.width() - high_width - low_width - 16 - metrics.horizontalAdvance(value) - 12);
        if (bar > 24) {
            painter.drawText(QRectF(right - high_width - 1, pane.foot.top(), high_width + 1, pane.foot.height()), Qt::AlignRight | Qt::AlignVCenter, high);
            const QRectF strip(right - high_width - 8 - bar, std::round(pane.foot.center().y() - 4), bar, 8);
            draw_colour_bar(painter, strip, ColourTable(m_signed ? ColourMapId::diverging : ColourMapId::magma, style.canvas));
            painter.drawText(QRectF(strip.left() - low_width - 9, pane.foot.top(), low_width + 1, pane.foot.height()), Qt::AlignRight | Qt::AlignVCenter, low);
            right = strip.left() - low_width - 20;
        }
    }
    painter.drawText(QRectF(pane.foot.left(), pane.foot.top(), right - pane.foot.left(), pane.foot.height()), Qt::AlignLeft | Qt::AlignVCenter, value_line(pane));
}

/// How many pixels hold no number; for the difference, of both images together.
QString ImageCompareViewer::missing_text(const Pane& pane) const {
    qint64 missing = m_images[std::size_t(pane.image)].data.missing();
    if (pane.kind == PaneKind::difference) missing = std::max(missing, m_images[std::size_t(m_reference)].data.missing());
    return missing > 0 ? tr("NaN: %1").arg(missing) : QString();
}

QString ImageCompareViewer::value_line(const Pane& pane) const {
    const QPoint pixel = shown_pixel();
    const ImageData& reference = m_images[std::size_t(m_reference)].data;
    const ImageData& data = m_images[std::size_t(pane.image)].data;
    if (pixel.x() < 0) {
        if (pane.kind == PaneKind::difference || data.is_null()) return missing_text(pane);
        const QString size = tr("%1 × %2 px").arg(data.width()).arg(data.height()), missing = missing_text(pane);
        return missing.isEmpty() ? size : size + QStringLiteral(" · ") + missing;
    }
    const QPoint own = map_pixel(pixel, m_reference, pane.image);
    if (own.x() < 0) return {};
    if (pane.kind == PaneKind::difference) {
        const double d = mean_difference(data, own, reference, pixel, m_signed);
        const QString number = QString::number(d, 'f', reference.is_integer() && reference.colour_channels() == 1 ? 0 : 3);
        return QStringLiteral("Δ  ") + QString(number).replace(u'-', QChar(0x2212));
    }
    const QString place = tr("px (%1, %2)").arg(own.x()).arg(own.y());
    if (pane.kind == PaneKind::split) return QStringLiteral("%1  %2 | %3").arg(place, reference.value_text(pixel.x(), pixel.y()), data.value_text(own.x(), own.y()));
    return place + QStringLiteral("  ") + data.value_text(own.x(), own.y());
}

}
