#include "viewers/plot_items.h"
#include <algorithm>
#include <cmath>
#include <limits>

namespace lathe {

double HouseTicker::getTickStep(const QCPRange& range) {
    const double exact = range.size() / (mTickCount + 1e-10);
    if (!(exact > 0) || !std::isfinite(exact)) return 1;
    const double power = std::pow(10.0, std::floor(std::log10(exact))), mantissa = exact / power;
    const double step = (mantissa < 1.42 ? 1 : mantissa < 3.17 ? 2 : mantissa < 7.08 ? 5 : 10) * power;
    return m_integer ? std::max(1.0, step) : step;
}

CursorItem::CursorItem(QCustomPlot* plot) : QCPAbstractItem(plot) {
    setLayer(QStringLiteral("overlay"));
    setClipToAxisRect(false);   // the frame reaches from edge to edge of the widget
}

void CursorItem::draw(QCPPainter* painter) {
    if (!x) return;
    const QCPAxis* axis = parentPlot()->xAxis;
    const QRectF area = parentPlot()->axisRect()->rect();
    painter->setBrush(Qt::NoBrush);
    if (width <= 0) {
        const double at = axis->coordToPixel(*x);
        if (at < area.left() || at > area.right()) return;
        painter->setPen(QPen(colour, 1));
        painter->drawLine(QLineF(at, area.top(), at, area.bottom()));
        return;
    }
    // Open at the top: the frame of the map above runs on into it.
    if (*x + width / 2 < axis->range().lower || *x - width / 2 > axis->range().upper) return;
    const auto pixel = [&](double at) { return span ? span->first + (at - axis->range().lower) / axis->range().size() * (span->second - span->first) : axis->coordToPixel(at); };
    const double left = std::round(pixel(*x - width / 2)) - 1.5, right = std::round(pixel(*x + width / 2)) - 0.5, bottom = parentPlot()->height() - 2.5;
    painter->setPen(QPen(colour, 1.5));
    painter->drawPolyline(QPolygonF{QPointF(left, 0), QPointF(left, bottom), QPointF(right, bottom), QPointF(right, 0)});
}

NotesItem::NotesItem(QCustomPlot* plot) : QCPAbstractItem(plot) {
    setLayer(QStringLiteral("overlay"));   // over the cursor
    setClipToAxisRect(false);
}

QList<QRectF> NotesItem::boxes() const {
    QList<QRectF> placed;
    if (notes.isEmpty()) return placed;
    const QRectF area = parentPlot()->axisRect()->rect();
    const QFontMetricsF metrics(font);
    QList<QLineF> lines;
    for (int g = 0; g < parentPlot()->graphCount(); ++g) {
        const QCPGraph* graph = parentPlot()->graph(g);
        QPointF last(std::numeric_limits<double>::quiet_NaN(), 0);
        for (auto it = graph->data()->constBegin(); it != graph->data()->constEnd(); ++it) {
            const QPointF at = std::isfinite(it->value) ? QPointF(graph->keyAxis()->coordToPixel(it->key), graph->valueAxis()->coordToPixel(it->value)) : QPointF(std::numeric_limits<double>::quiet_NaN(), 0);
            if (std::isfinite(at.x()) && std::isfinite(last.x())) lines << QLineF(last, at);
            last = at;
        }
    }
    const auto is_free = [&](const QRectF& box) {
        for (const QRectF& other : std::as_const(placed))
            if (box.intersects(other)) return false;
        for (const QLineF& line : std::as_const(lines)) {
            const QRectF around = box.adjusted(-3, -3, 3, 3);
            if (std::max(line.x1(), line.x2()) < around.left() || std::min(line.x1(), line.x2()) > around.right()) continue;
            // The part of the line above and below the box's width.
            const double dx = line.x2() - line.x1();
            const auto y_at = [&](double x) { return std::abs(dx) < 1e-9 ? line.y1() : line.y1() + (std::clamp(x, std::min(line.x1(), line.x2()), std::max(line.x1(), line.x2())) - line.x1()) / dx * line.dy(); };
            const double a = std::abs(dx) < 1e-9 ? line.y1() : y_at(around.left()), b = std::abs(dx) < 1e-9 ? line.y2() : y_at(around.right());
            if (std::max(a, b) >= around.top() && std::min(a, b) <= around.bottom()) return false;
        }
        return true;
    };
    for (const Note& note : notes) {
        const QSizeF size(std::ceil(metrics.horizontalAdvance(note.text)) + 8, std::ceil(metrics.height()) + 2);
        const QPointF at(parentPlot()->xAxis->coordToPixel(note.x), parentPlot()->yAxis->coordToPixel(note.y));
        const double left = std::clamp(at.x() + 8 - size.width(), area.left(), std::max(area.left(), area.right() - size.width()));
        const double highest = area.top() - 2, lowest = area.bottom() - size.height();
        QRectF best(QPointF(left, std::clamp(at.y() - 7 - size.height(), highest, std::max(highest, lowest))), size);
        for (int off = 7; off < area.height(); off += 3) {   // the nearest free place, above before below
            const QRectF above(QPointF(left, at.y() - off - size.height()), size), below(QPointF(left, at.y() + off), size);
            if (above.top() >= highest && is_free(above)) { best = above; break; }
            if (below.top() <= lowest && is_free(below)) { best = below; break; }
        }
        placed << best;
    }
    return placed;
}

void NotesItem::draw(QCPPainter* painter) {
    const QList<QRectF> places = boxes();
    painter->setFont(font);
    for (qsizetype i = 0; i < places.size(); ++i) {
        painter->fillRect(places[i], back);
        painter->setPen(text);
        painter->drawText(places[i], Qt::AlignCenter, notes[i].text);
    }
}

ValueBox::ValueBox(QCustomPlot* plot) : QCPAbstractItem(plot) {
    setLayer(QStringLiteral("overlay"));
    setClipToAxisRect(false);
    setVisible(false);
}

void ValueBox::draw(QCPPainter* painter) {
    if (rows.isEmpty()) return;
    constexpr double kPad = 8, kSample = 20, kGap = 8;
    const QRectF area = parentPlot()->axisRect()->rect();
    const double at = parentPlot()->xAxis->coordToPixel(x);
    painter->setPen(QPen(line, 1));
    painter->drawLine(QLineF(at, area.top(), at, area.bottom()));
    painter->setAntialiasing(true);
    for (const Row& row : std::as_const(rows)) {
        painter->setPen(QPen(back, 2));
        painter->setBrush(row.pen.color());
        painter->drawEllipse(QPointF(parentPlot()->xAxis->coordToPixel(row.x), parentPlot()->yAxis->coordToPixel(row.y)), 4, 4);
    }
    const QFontMetricsF metrics(font), bold_metrics(bold);
    double names = 0, values = 0;
    for (const Row& row : std::as_const(rows)) {
        names = std::max(names, metrics.horizontalAdvance(row.name));
        values = std::max(values, bold_metrics.horizontalAdvance(row.value));
    }
    names = std::min(names, 180.0);
    const double high = std::ceil(metrics.height()) + 3;
    const QSizeF size(std::max(2 * kPad + kSample + kGap + names + 2 * kGap + values, 2 * kPad + metrics.horizontalAdvance(head)), 2 * kPad - 3 + high * double(rows.size() + 1));
    double left = at + 12;
    if (left + size.width() > area.right()) left = at - 12 - size.width();
    const QRectF box(std::max(2.0, left), std::clamp(area.top() + 4, 0.0, std::max(0.0, parentPlot()->height() - size.height() - 2)), size.width(), size.height());
    painter->setPen(QPen(edge, 1));
    painter->setBrush(back);
    painter->drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4);
    double y = box.top() + kPad - 2;
    painter->setFont(font);
    painter->setPen(text2);
    painter->drawText(QRectF(box.left() + kPad, y, box.width() - 2 * kPad, high), Qt::AlignLeft | Qt::AlignVCenter, head);
    for (const Row& row : std::as_const(rows)) {
        y += high;
        painter->setPen(row.pen);
        painter->drawLine(QLineF(box.left() + kPad, y + high / 2, box.left() + kPad + kSample, y + high / 2));
        painter->setFont(font);
        painter->setPen(text);
        painter->drawText(QRectF(box.left() + kPad + kSample + kGap, y, names + 1, high), Qt::AlignLeft | Qt::AlignVCenter, metrics.elidedText(row.name, Qt::ElideMiddle, names));
        painter->setFont(bold);
        painter->drawText(QRectF(box.left(), y, box.width() - kPad, high), Qt::AlignRight | Qt::AlignVCenter, row.value);
    }
}

}
