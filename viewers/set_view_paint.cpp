// The picture of a SetView.
#include "viewers/colour_table.h"
#include "viewers/set_view_impl.h"
#include <QFontMetricsF>
#include <QPainter>
#include <algorithm>
#include <cmath>

namespace lathe {
namespace {

constexpr double kRowHead = 116, kColumnHead = 84, kFoot = 22, kSmallHead = 10;
constexpr double kSetRow = 20, kSetColumn = 20, kSetNames = 150, kSetBars = 90;
constexpr double kNamesFrom = 11;   // pixels of a row or column that has its name

QColor with_alpha(QColor colour, double alpha) {
    colour.setAlphaF(float(alpha));
    return colour;
}

}

QRectF SetView::Impl::body() const {
    const QSizeF size = q->size();
    if (style == SetStyle::upset) {
        const double head = std::min(kSetNames + kSetBars, size.width() * 0.45);
        return {head, 8, std::max(1.0, size.width() - head - 8), std::max(1.0, size.height() - 8 - kFoot)};
    }
    // Room for names only where they can be read.
    const double left = height >= kNamesFrom ? kRowHead : kSmallHead, above = width >= kNamesFrom ? kColumnHead : kSmallHead;
    return {left, above, std::max(1.0, size.width() - left - 8), std::max(1.0, size.height() - above - kFoot - 4)};
}

double SetView::Impl::set_row_height() const { return layout->sets.empty() ? kSetRow : std::min(kSetRow, body().height() * 0.6 / double(layout->sets.size())); }
double SetView::Impl::bars_height() const { return std::max(20.0, body().height() - set_row_height() * double(layout->sets.size()) - 8); }

QRectF SetView::Impl::column_rect(int index) const {
    const QRectF room = body();
    return {room.left() - scroll + index * kSetColumn, room.top(), kSetColumn, room.height()};
}

void SetView::paintEvent(QPaintEvent*) {
    if (m->dirty) m->ask();
    QPainter painter(this);
    m->paint(painter, size());
    draw_view_focus(painter, this);
}

void SetView::Impl::paint(QPainter& painter, const QSize& size) const {
    const ViewStyle look = ViewStyle::current();
    painter.fillRect(QRect(QPoint(), size), look.canvas);
    painter.setRenderHint(QPainter::Antialiasing);
    if (is_empty()) {
        painter.setPen(look.text2);
        painter.setFont(ViewStyle::font(13));
        const QString text = !empty_text.isEmpty() ? empty_text : !graph ? SetView::tr("No hypergraph yet. Open one.") : layout ? SetView::tr("No hyperedges are visible. Build some, or show more of them by the filters.") : QString();
        painter.drawText(QRectF(QPointF(), QSizeF(size)).adjusted(24, 24, -24, -24), Qt::AlignCenter | Qt::TextWordWrap, text);
        return;
    }
    painter.setOpacity(stale ? 0.5 : 1);
    if (style == SetStyle::upset) {
        paint_upset(painter);
    } else {
        paint_bands(painter);
        painter.save();
        painter.setClipRect(body());
        paint_cells(painter);
        painter.restore();
        paint_heads(painter);
    }
    painter.setOpacity(1);
    paint_legend(painter);
}

/// Selected and hovered rows and columns, under the cells of drawn ones and over the counts.
void SetView::Impl::paint_bands(QPainter& painter) const {
    const ViewStyle look = ViewStyle::current();
    const QRectF room = body();
    painter.save();
    painter.setClipRect(QRectF(0, 0, room.right(), room.bottom()));
    const auto row_band = [&](std::int32_t node, const QColor& colour) {
        const std::int32_t row = node < graph->nodes ? layout->row_of[std::size_t(node)] : -1;
        if (row < 0) return;
        const double h = std::max(2.0, height), y = room.top() + top + (row + 0.5) * height - h / 2;
        if (y + h >= room.top() && y <= room.bottom()) painter.fillRect(QRectF(0, std::max(y, room.top()), room.right(), h), colour);
    };
    const auto column_band = [&](std::int32_t hyperedge, const QColor& colour) {
        const std::int32_t column = hyperedge < graph->hyperedges ? layout->column_of[std::size_t(hyperedge)] : -1;
        if (column < 0) return;
        const double w = std::max(2.0, width), x = room.left() + left + (column + 0.5) * width - w / 2;
        if (x + w >= room.left() && x <= room.right()) painter.fillRect(QRectF(std::max(x, room.left()), 0, w, room.bottom()), colour);
    };
    for (const std::int32_t v : selection->nodes()) row_band(v, look.sel);
    for (const std::int32_t h : selection->hyperedges()) column_band(h, look.sel);
    if (selection->hovered_node() >= 0) row_band(selection->hovered_node(), with_alpha(look.accent, 0.22));
    if (selection->hovered_hyperedge() >= 0) column_band(selection->hovered_hyperedge(), with_alpha(look.accent, 0.22));
    painter.restore();
}

void SetView::Impl::paint_cells(QPainter& painter) const {
    const ViewStyle look = ViewStyle::current();
    const QRectF room = body();
    if (is_counts()) {
        const QImage& counts = picture.counts;
        if (counts.isNull()) return;
        // The last picture where its cells are now.
        const SetCamera& then = picture.camera;
        const double by_x = width / then.width, by_y = height / then.height;
        const QRectF at(room.left() + left - then.left * by_x, room.top() + top - then.top * by_y, then.body.width() * by_x, then.body.height() * by_y);
        painter.drawImage(at, counts);
        painter.setCompositionMode(look.dark ? QPainter::CompositionMode_Lighten : QPainter::CompositionMode_Darken);
        paint_bands(painter);   // over it: the picture is opaque
        painter.setCompositionMode(QPainter::CompositionMode_SourceOver);
    } else {
        const int r0 = std::max(0, int(std::floor(-top / height))), r1 = std::min(int(layout->rows.size()), int(std::ceil((room.height() - top) / height)));
        const int c0 = std::max(0, int(std::floor(-left / width))), c1 = std::min(int(layout->columns.size()), int(std::ceil((room.width() - left) / width)));
        const double dot = std::min(width, height);
        if (dot >= 7) {
            painter.setPen(QPen(look.grid, 1));
            for (int r = r0; r < r1; ++r) {
                const double y = std::round(room.top() + top + (r + (style == SetStyle::paohvis ? 0.5 : 1)) * height) + 0.5;
                painter.drawLine(QPointF(room.left() + left + c0 * width, y), QPointF(room.left() + left + c1 * width, y));
            }
            if (style == SetStyle::matrix)
                for (int c = c0; c < c1; ++c) {
                    const double x = std::round(room.left() + left + (c + 1) * width) + 0.5;
                    painter.drawLine(QPointF(x, room.top() + top + r0 * height), QPointF(x, room.top() + top + r1 * height));
                }
        }
        if (style == SetStyle::paohvis)
            for (int c = c0; c < c1; ++c) {
                const int first = layout->first_row[std::size_t(c)], last_one = layout->last_row[std::size_t(c)];
                if (first < 0 || last_one < r0 || first >= r1) continue;
                const bool lit = selection->has_hyperedge(layout->columns[std::size_t(c)]) || selection->hovered_hyperedge() == layout->columns[std::size_t(c)];
                painter.setPen(QPen(lit ? look.text : look.text3, lit ? 2.5 : std::clamp(width / 6, 1.0, 2.0)));
                const double x = room.left() + left + (c + 0.5) * width;
                painter.drawLine(QPointF(x, std::max(room.top() - 2, room.top() + top + (first + 0.5) * height)), QPointF(x, std::min(room.bottom() + 2, room.top() + top + (last_one + 0.5) * height)));
            }
        painter.setPen(style == SetStyle::paohvis && dot >= 8 ? QPen(look.canvas, 1) : QPen(Qt::NoPen));
        for (int r = r0; r < r1; ++r) {
            const std::int32_t node = layout->rows[std::size_t(r)];
            painter.setBrush(node_colour(node, look));
            for (const std::int32_t h : graph->memberships[node]) {
                const int c = layout->column_of[std::size_t(h)];
                if (c < c0 || c >= c1) continue;
                const QRectF cell(room.left() + left + c * width, room.top() + top + r * height, width, height);
                if (style == SetStyle::matrix) {
                    const double gap = dot >= 6 ? 1 : 0;
                    painter.drawRect(cell.adjusted(gap, gap, 0, 0));
                } else {
                    const double radius = std::clamp(dot * 0.36, 1.5, 6.0);
                    painter.drawEllipse(cell.center(), radius, radius);
                }
            }
        }
    }
    if (marked.row >= 0 && marked.column >= 0) {
        QRectF cell(room.left() + left + marked.column * width, room.top() + top + marked.row * height, width, height);
        const double more = std::max(0.0, 6 - std::min(width, height)) / 2;
        cell.adjust(-more, -more, more, more);
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(Qt::black, 3));
        painter.drawRect(cell);
        painter.setPen(QPen(look.pick, 1.5));
        painter.drawRect(cell);
    }
}

void SetView::Impl::paint_heads(QPainter& painter) const {
    const ViewStyle look = ViewStyle::current();
    const QRectF room = body();
    painter.setFont(ViewStyle::font(11));
    const QFontMetricsF metrics(painter.font());
    if (height >= kNamesFrom) {
        painter.save();
        painter.setClipRect(QRectF(0, room.top(), room.left(), room.height()));
        const int r0 = std::max(0, int(std::floor(-top / height))), r1 = std::min(int(layout->rows.size()), int(std::ceil((room.height() - top) / height)));
        const bool chips = colouring.kind == NodeColouring::Kind::classes;
        for (int r = r0; r < r1; ++r) {
            const std::int32_t node = layout->rows[std::size_t(r)];
            const QRectF line(4, room.top() + top + r * height, room.left() - 10 - (chips ? 10 : 0), height);
            painter.setPen(selection->has_node(node) ? look.text : look.text2);
            painter.drawText(line, Qt::AlignRight | Qt::AlignVCenter, metrics.elidedText(node_text(node), Qt::ElideMiddle, line.width()));
            if (!chips) continue;
            painter.setPen(Qt::NoPen);
            painter.setBrush(node_colour(node, look));
            painter.drawEllipse(QPointF(room.left() - 8, line.center().y()), 3.5, 3.5);
        }
        painter.restore();
    }
    if (width >= kNamesFrom) {
        painter.save();
        painter.setClipRect(QRectF(room.left(), 0, room.width(), room.top()));
        const int c0 = std::max(0, int(std::floor(-left / width))), c1 = std::min(int(layout->columns.size()), int(std::ceil((room.width() - left) / width)));
        for (int c = c0; c < c1; ++c) {
            const std::int32_t h = layout->columns[std::size_t(c)];
            painter.save();
            painter.translate(room.left() + left + (c + 0.5) * width, room.top() - 4);
            painter.rotate(-90);
            painter.setPen(selection->has_hyperedge(h) ? look.text : look.text2);
            painter.drawText(QRectF(0, -width / 2, room.top() - 8, width), Qt::AlignLeft | Qt::AlignVCenter, metrics.elidedText(hyperedge_text(h), Qt::ElideMiddle, room.top() - 8));
            painter.restore();
        }
        painter.restore();
    }
    // Which part is seen.
    painter.setPen(Qt::NoPen);
    painter.setBrush(look.edge);
    const double all_w = width * double(layout->columns.size()), all_h = height * double(layout->rows.size());
    if (all_w > room.width() + 1) painter.drawRoundedRect(QRectF(room.left() - left / all_w * room.width(), room.bottom() + 1, std::max(12.0, room.width() / all_w * room.width()), 3), 1.5, 1.5);
    if (all_h > room.height() + 1) painter.drawRoundedRect(QRectF(room.right() + 2, room.top() - top / all_h * room.height(), 3, std::max(12.0, room.height() / all_h * room.height())), 1.5, 1.5);
}

void SetView::Impl::paint_upset(QPainter& painter) const {
    const ViewStyle look = ViewStyle::current();
    const QRectF room = body();
    const double bars = bars_height(), row = set_row_height(), dots = room.top() + bars + 8;
    painter.setFont(ViewStyle::font(11));
    const QFontMetricsF metrics(painter.font());
    // Sets: name, size to the left.
    std::int64_t largest_set = 1;
    for (const std::int64_t n : layout->set_sizes) largest_set = std::max(largest_set, n);
    const double names = std::max(40.0, room.left() - std::min(kSetBars, room.left() * 0.38)), bar_room = room.left() - names - 12;
    for (std::size_t i = 0; i < layout->sets.size(); ++i) {
        const std::int32_t h = layout->sets[i];
        const QRectF line(0, dots + double(i) * row, room.right(), row);
        const bool lit = selection->has_hyperedge(h) || selection->hovered_hyperedge() == h;
        painter.fillRect(line, selection->has_hyperedge(h) ? look.sel : i % 2 ? look.canvas : look.alt);
        const QString count = QLocale().toString(qlonglong(layout->set_sizes[i]));
        const double count_width = metrics.horizontalAdvance(count) + 6, length = std::max(1.0, (bar_room - count_width) * double(layout->set_sizes[i]) / double(largest_set));
        if (row >= 9) {
            painter.setPen(lit ? look.text : look.text2);
            painter.drawText(QRectF(8, line.top(), names - 16, row), Qt::AlignRight | Qt::AlignVCenter, metrics.elidedText(hyperedge_text(h), Qt::ElideMiddle, names - 16));
            painter.drawText(QRectF(names + length + 4, line.top(), count_width, row), Qt::AlignLeft | Qt::AlignVCenter, count);
        }
        painter.fillRect(QRectF(names, line.top() + row * 0.2, length, row * 0.6), lit ? look.accent : look.text3);
    }
    // Intersections.
    const std::size_t first = std::size_t(std::max(0.0, scroll / kSetColumn)), last_one = std::min(layout->intersections.size(), first + std::size_t(room.width() / kSetColumn) + 2);
    const double largest = layout->intersections.empty() ? 1 : double(layout->intersections.front().nodes.size());
    std::vector<int> row_of_set(std::size_t(graph->hyperedges), -1);
    for (std::size_t i = 0; i < layout->sets.size(); ++i) row_of_set[std::size_t(layout->sets[i])] = int(i);
    painter.save();
    painter.setClipRect(room.adjusted(0, -8, 8, 0));
    const double bar_top = room.top() + 16, bar_height = std::max(4.0, bars - 16);
    painter.setPen(QPen(look.axis, 1));
    painter.drawLine(QPointF(room.left(), room.top() + bars + 0.5), QPointF(room.right(), room.top() + bars + 0.5));
    for (std::size_t i = first; i < last_one; ++i) {
        const SetIntersection& part = layout->intersections[i];
        const QRectF column = column_rect(int(i));
        const bool hot = hovered.column == int(i) || marked.column == int(i);
        const bool chosen = std::ranges::includes(selection->nodes(), part.nodes);
        if (hot) painter.fillRect(column, with_alpha(look.accent, 0.12));
        const double length = std::max(1.0, bar_height * double(part.nodes.size()) / largest);
        const QRectF bar(column.center().x() - 6, bar_top + bar_height - length, 12, length);
        painter.fillRect(bar, hot ? look.accent : look.text2);
        if (chosen) {
            painter.setBrush(Qt::NoBrush);
            painter.setPen(QPen(Qt::black, 3));
            painter.drawRect(bar);
            painter.setPen(QPen(look.pick, 1.5));
            painter.drawRect(bar);
        }
        const QString count = QString::number(part.nodes.size());
        if (metrics.horizontalAdvance(count) <= kSetColumn + 2) {
            painter.setPen(look.text2);
            painter.drawText(QRectF(column.left() - 4, bar.top() - 15, column.width() + 8, 14), Qt::AlignCenter, count);
        } else if (i == 0 || hot) {
            painter.setPen(look.text2);
            painter.drawText(QRectF(column.left(), bar.top() - 15, 80, 14), Qt::AlignLeft | Qt::AlignVCenter, count);
        }
        int top_dot = -1, low_dot = -1;
        const double radius = std::clamp(row * 0.3, 1.5, 5.0);
        painter.setPen(Qt::NoPen);
        painter.setBrush(look.line);
        for (std::size_t s = 0; s < layout->sets.size(); ++s) painter.drawEllipse(QPointF(column.center().x(), dots + (double(s) + 0.5) * row), radius, radius);
        for (const std::int32_t h : part.hyperedges) {
            const int s = row_of_set[std::size_t(h)];
            top_dot = top_dot < 0 ? s : std::min(top_dot, s);
            low_dot = std::max(low_dot, s);
        }
        painter.setPen(QPen(hot ? look.accent : look.text2, 2));
        if (low_dot > top_dot) painter.drawLine(QPointF(column.center().x(), dots + (top_dot + 0.5) * row), QPointF(column.center().x(), dots + (low_dot + 0.5) * row));
        painter.setPen(Qt::NoPen);
        painter.setBrush(hot ? look.accent : look.text2);
        for (const std::int32_t h : part.hyperedges) painter.drawEllipse(QPointF(column.center().x(), dots + (row_of_set[std::size_t(h)] + 0.5) * row), radius, radius);
    }
    painter.restore();
    painter.setPen(look.text2);
    painter.drawText(QRectF(8, room.top(), room.left() - 20, 16), Qt::AlignRight | Qt::AlignVCenter, metrics.elidedText(SetView::tr("Nodes in exactly these"), Qt::ElideRight, room.left() - 20));
    const double all = double(layout->intersections.size()) * kSetColumn;
    if (all > room.width() + 1) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(look.edge);
        painter.drawRoundedRect(QRectF(room.left() + scroll / all * room.width(), room.bottom() + 1, std::max(12.0, room.width() / all * room.width()), 3), 1.5, 1.5);
    }
}

void SetView::Impl::paint_legend(QPainter& painter) const {
    const ViewStyle look = ViewStyle::current();
    painter.setFont(ViewStyle::font(11));
    const QFontMetricsF metrics(painter.font());
    QRectF foot(8, q->height() - kFoot + 2, q->width() - 16, kFoot - 4);
    if (is_counts() && picture.most > 0) {
        const QString low = SetView::tr("memberships  1"), high = QLocale().toString(qlonglong(picture.most));
        const double width_high = metrics.horizontalAdvance(high) + 4, bar = 90;
        painter.setPen(look.text2);
        painter.drawText(foot, Qt::AlignRight | Qt::AlignVCenter, high);
        const ColourTable table(ColourMapId::cividis, look.canvas);
        const QRectF strip(foot.right() - width_high - bar - 4, foot.center().y() - 4, bar, 8);
        for (int i = 0; i < 8; ++i) {
            const double stepped = 0.25 + 0.75 * i / 7.0;
            painter.fillRect(QRectF(strip.left() + strip.width() * i / 8, strip.top(), strip.width() / 8 + 0.5, strip.height()), QColor::fromRgb(table.at(look.dark ? stepped : 1 - stepped)));
        }
        foot.setRight(strip.left() - 6);
        painter.drawText(foot, Qt::AlignRight | Qt::AlignVCenter, low);
        foot.setRight(foot.right() - metrics.horizontalAdvance(low) - 12);
    }
    painter.setPen(look.text2);
    painter.drawText(foot, Qt::AlignLeft | Qt::AlignVCenter, metrics.elidedText(note, Qt::ElideRight, foot.width()));
}

}
