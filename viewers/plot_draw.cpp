// How PlotViewer turns its curves into graphs of QCustomPlot.
#include "viewers/plot_impl.h"
#include "viewers/view_style.h"
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace lathe {

QPen PlotViewer::Impl::pen_of(const Curve& curve) const {
    const ViewStyle style = ViewStyle::current();
    if (curve.stale) {
        QPen pen(style.text3, 1.5, Qt::SolidLine, Qt::FlatCap);
        pen.setDashPattern({1, 2});
        return pen;
    }
    if (curve.reference) return QPen(style.text, 1.5);
    // Pens wider than 1 are slow to draw: long curves get thinner ones.
    QPen pen = style.series_pen(curve.series, curve.y.size() > 20000 ? 1 : 2);
    if (curve.colour.isValid()) pen.setColor(curve.colour);
    return pen;
}

void PlotViewer::Impl::restyle() {
    const ViewStyle style = ViewStyle::current();
    const QFont font = ViewStyle::font(11);
    plot->setBackground(QBrush(style.base));
    plot->axisRect()->setBackground(QBrush(Qt::NoBrush));
    plot->axisRect()->setMinimumMargins(QMargins(8, 6, 12, 8));
    for (QCPAxis* axis : {plot->xAxis, plot->yAxis}) {
        const bool log = axis == plot->xAxis ? log_x : log_y;
        axis->setScaleType(log ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
        if (log) axis->setTicker(QSharedPointer<QCPAxisTickerLog>(new QCPAxisTickerLog));
        else axis->setTicker(axis == plot->xAxis ? x_ticker : y_ticker);
        axis->setNumberFormat(log ? QStringLiteral("gbc") : QStringLiteral("gb"));
        axis->setNumberPrecision(log ? 2 : 5);   // "12" and "10" are different ticks of a short axis
        axis->setBasePen(QPen(style.axis, 1));
        axis->setTickPen(QPen(style.axis, 1));
        axis->setTickLength(0, 4);
        axis->setSubTicks(false);
        axis->setTickLabelFont(font);
        axis->setTickLabelColor(style.text2);
        axis->setTickLabelPadding(4);
        axis->setLabelFont(font);
        axis->setLabelColor(style.text2);
        axis->setLabelPadding(4);
        axis->grid()->setPen(QPen(style.grid, 1));
        axis->grid()->setZeroLinePen(Qt::NoPen);
        axis->grid()->setSubGridVisible(false);
    }
    plot->xAxis->grid()->setVisible(false);
    plot->xAxis->setTickLabels(x_axis);
    plot->xAxis->setTicks(x_axis);
    zero->setPen(QPen(style.axis, 1));
    plot->legend->setFont(font);
    plot->legend->setTextColor(style.text);
    empty->setFont(ViewStyle::font(13));
    empty->setColor(style.text2);
    cursor->colour = style.text;
    box->text = style.text;
    box->text2 = style.text2;
    box->back = style.window;
    box->edge = style.edge;
    box->line = style.axis;
    box->font = font;
    box->bold = ViewStyle::font(11, true);
    notes->font = font;
    notes->text = style.text;
    notes->back = style.base;
    place();
}

void PlotViewer::Impl::place() {
    auto* rect = plot->axisRect();
    if (!span) {
        rect->setAutoMargins(QCP::msAll);
        return;
    }
    rect->setAutoMargins(QCP::msTop | QCP::msBottom);
    const int right = std::max(0, int(std::lround(plot->width() - span->second)));
    rect->setMargins(QMargins(int(std::lround(span->first)), rect->margins().top(), right, rect->margins().bottom()));
}

void PlotViewer::Impl::rebuild() {
    keyboard_point = -1;
    show_values(std::nullopt);
    plot->clearGraphs();
    drawn.clear();
    const ViewStyle style = ViewStyle::current();
    static const QCPScatterStyle::ScatterShape shapes[] = {QCPScatterStyle::ssCircle, QCPScatterStyle::ssSquare, QCPScatterStyle::ssTriangle};
    for (qsizetype i = 0; i < curves.size(); ++i) {
        const Curve& curve = curves[i];
        Drawn d;
        const QPen pen = pen_of(curve);
        if (smoothing > 0 && !curve.stale) {
            d.raw = plot->addGraph();
            QPen pale = pen;
            QColor colour = pen.color();
            colour.setAlphaF(0.35f);
            pale.setColor(colour);
            pale.setStyle(Qt::SolidLine);
            pale.setWidthF(1);
            d.raw->setPen(pale);
        }
        d.line = plot->addGraph();
        d.line->setPen(pen);
        d.line->setAntialiased(true);
        const int round = curve.series / 5;
        if ((curve.markers || round > 0 || curve.series % 5 == 4) && !curve.stale && curve.y.size() <= 400)
            d.line->setScatterStyle(QCPScatterStyle(shapes[std::max(0, round - (curve.markers ? 0 : 1)) % 3], QPen(pen.color(), 1.5), QBrush(style.base), 6));
        d.line->setAdaptiveSampling(true);
        drawn << d;
        prepare(int(i));
    }
    refresh_legend();
    refresh();
}

/// A logarithmic axis has no place for values of 0 and below: they become gaps, as values that are not finite.
void PlotViewer::Impl::prepare(int index) {
    const Curve& curve = curves[index];
    Drawn& d = drawn[index];
    d.changed = false;
    const qsizetype count = std::min(curve.x.size(), curve.y.size());
    d.x = count == curve.x.size() ? curve.x : curve.x.first(count);   // shared until one of them grows
    d.y = count == curve.y.size() ? curve.y : curve.y.first(count);
    const bool in_order = std::all_of(d.x.cbegin(), d.x.cend(), [](double x) { return std::isfinite(x); }) && std::is_sorted(d.x.cbegin(), d.x.cend());
    if (!in_order) {
        std::vector<std::pair<double, double>> points;
        for (qsizetype i = 0; i < count; ++i)
            if (std::isfinite(curve.x[i])) points.emplace_back(curve.x[i], curve.y[i]);
        std::stable_sort(points.begin(), points.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
        d.x.resize(qsizetype(points.size()));
        d.y.resize(qsizetype(points.size()));
        for (std::size_t i = 0; i < points.size(); ++i) {
            d.x[qsizetype(i)] = points[i].first;
            d.y[qsizetype(i)] = points[i].second;
        }
    }
    d.raw_y = d.raw ? d.y : QVector<double>();
    if (d.raw) d.y = smoothed(d.y, smoothing);
    d.lowest = std::numeric_limits<double>::infinity();
    d.highest = -d.lowest;
    for (QVector<double>* values : {&d.y, &d.raw_y}) {
        const auto drawable = [&](qsizetype i) { return std::isfinite(std::as_const(*values)[i]) && !(log_y && std::as_const(*values)[i] <= 0) && !(log_x && d.x[i] <= 0); };
        for (qsizetype i = 0; i < values->size(); ++i) {
            if (!drawable(i)) {
                if (!std::isnan(std::as_const(*values)[i])) (*values)[i] = std::numeric_limits<double>::quiet_NaN();
                continue;
            }
            d.lowest = std::min(d.lowest, std::as_const(*values)[i]);
            d.highest = std::max(d.highest, std::as_const(*values)[i]);
        }
    }
    fill(d);
}

/// Points at the end of a curve that is drawn as it is; false: it has to be prepared again.
bool PlotViewer::Impl::append(int index, const QVector<double>& x, const QVector<double>& y) {
    Drawn& d = drawn[index];
    if (d.changed || d.raw || !std::is_sorted(x.begin(), x.end()) || (!d.x.isEmpty() && !(x.first() >= d.x.last()))) return false;
    for (qsizetype i = 0; i < x.size(); ++i) {
        if (!std::isfinite(x[i])) return false;
        const bool drawable = std::isfinite(y[i]) && !(log_y && y[i] <= 0) && !(log_x && x[i] <= 0);
        d.x << x[i];
        d.y << (drawable ? y[i] : std::numeric_limits<double>::quiet_NaN());
        if (!drawable) continue;
        d.lowest = std::min(d.lowest, y[i]);
        d.highest = std::max(d.highest, y[i]);
    }
    d.grown = true;
    return true;
}

namespace {

constexpr qsizetype kLong = 20'000;   // points; longer curves are thinned to what a screen can show

/// First, lowest, highest and last point of each of `parts` parts of [from, to): their picture is that of all points. Gaps stay.
void thin(const QVector<double>& x, const QVector<double>& y, qsizetype from, qsizetype to, qsizetype parts, QVector<QCPGraphData>& out) {
    const qsizetype count = to - from;
    const double *const xs = x.constData(), *const ys = y.constData();
    for (qsizetype part = 0; part < parts; ++part) {
        const qsizetype first = from + count * part / parts, end = from + count * (part + 1) / parts;
        qsizetype low = -1, high = -1, gap = -1;
        for (qsizetype i = first; i < end; ++i) {
            if (std::isnan(ys[i])) {
                gap = i;
                continue;
            }
            if (low < 0 || ys[i] < ys[low]) low = i;
            if (high < 0 || ys[i] > ys[high]) high = i;
        }
        std::array<qsizetype, 5> chosen{first, low, high, gap, end - 1};
        std::sort(chosen.begin(), chosen.end());
        qsizetype before = -1;
        for (const qsizetype i : chosen)
            if (i >= first && i < end && i != before) {
                out.append(QCPGraphData(xs[i], ys[i]));
                before = i;
            }
    }
}

}

void PlotViewer::Impl::fill(Drawn& d) {
    const bool is_long = d.x.size() > kLong;
    const QCPRange range = plot->xAxis->range();
    d.grown = false;
    d.seen = {range.lower, range.upper, is_long ? plot->axisRect()->width() : -1};
    for (auto [graph, values] : {std::pair{d.raw, &d.raw_y}, std::pair{d.line, &d.y}}) {
        if (!graph) continue;
        if (!is_long) {
            graph->setData(d.x, *values, true);
            continue;
        }
        // One point beyond each edge: the line runs out of the picture.
        const qsizetype from = std::max<qsizetype>(0, std::lower_bound(d.x.cbegin(), d.x.cend(), range.lower) - d.x.cbegin() - 1);
        const qsizetype to = std::min(d.x.size(), qsizetype(std::upper_bound(d.x.cbegin(), d.x.cend(), range.upper) - d.x.cbegin()) + 1);
        QVector<QCPGraphData> points;
        const qsizetype parts = std::max<qsizetype>(1, std::min<qsizetype>(to - from, 2 * std::max(200, plot->axisRect()->width())));
        points.reserve(5 * parts);
        if (from < to) thin(d.x, *values, from, to, parts, points);
        graph->data()->set(points, true);
    }
}

void PlotViewer::Impl::fill_for_view() {
    const QCPRange range = plot->xAxis->range();
    const std::tuple<double, double, int> seen{range.lower, range.upper, plot->axisRect()->width()};
    for (Drawn& d : drawn)
        if (d.grown || (d.x.size() > kLong && d.seen != seen)) fill(d);
}

void PlotViewer::Impl::refresh_legend() {
    plot->legend->clearItems();
    int named = 0;
    double wide = 0;
    const QFontMetricsF metrics(plot->legend->font());
    for (qsizetype i = 0; i < drawn.size(); ++i) {
        if (curves[i].name.isEmpty()) continue;
        drawn[i].line->setName(curves[i].name.size() > 48 ? curves[i].name.left(30) + QStringLiteral(" … ") + curves[i].name.right(14) : curves[i].name);
        ++named;
        wide = std::max(wide, metrics.horizontalAdvance(drawn[i].line->name()) + 22 + 14 + 8);
    }
    const bool shown = legend && named > 0 && (named > 1 || !curves.isEmpty());
    plot->legend->setVisible(shown);
    if (!shown) {
        plot->legend->setMaximumSize(QSize(QWIDGETSIZE_MAX, 0));
        plot->legend->setMargins({});
        return;
    }
    plot->legend->setMargins(QMargins(2, 2, 2, 0));
    const int columns = std::clamp(int((plot->width() - 24) / std::max(1.0, wide)), 1, named);
    plot->legend->setWrap(columns);
    for (qsizetype i = 0; i < drawn.size(); ++i)
        if (!curves[i].name.isEmpty()) drawn[i].line->addToLegend();
    plot->legend->setMaximumSize(QSize(int(std::min(double(plot->width()), columns * wide)), QWIDGETSIZE_MAX));
    plot->plotLayout()->setRowStretchFactor(0, 0.0001);
}

void PlotViewer::Impl::rescale() {
    for (qsizetype i = 0; i < drawn.size(); ++i)
        if (drawn[i].changed) prepare(int(i));
    const bool any = std::any_of(curves.begin(), curves.end(), [](const Curve& c) { return !c.y.isEmpty(); });
    empty->setVisible(!any);
    plot->xAxis->setVisible(any || x_range);
    plot->yAxis->setVisible(any || x_range);
    bool whole = true;
    for (const Curve& curve : std::as_const(curves)) whole = whole && std::all_of(curve.x.begin(), curve.x.begin() + std::min<qsizetype>(64, curve.x.size()), [](double v) { return v == std::floor(v); });
    x_ticker->set_integer(whole);
    y_ticker->setTickCount(std::clamp(plot->axisRect()->height() / 28, 2, 5));
    if (!follows) return fill_for_view();
    const auto extent = [this](bool of_x, const QCPRange& inside) {
        double low = std::numeric_limits<double>::infinity(), high = -low;
        for (const Drawn& d : std::as_const(drawn)) {
            if (d.x.isEmpty() || d.lowest > d.highest) continue;
            if (of_x) {
                const auto first = log_x ? std::upper_bound(d.x.cbegin(), d.x.cend(), 0.0) : d.x.cbegin();
                if (first == d.x.cend()) continue;
                low = std::min(low, *first);
                high = std::max(high, d.x.last());
            } else if (d.x.first() >= inside.lower && d.x.last() <= inside.upper) {
                low = std::min(low, d.lowest);
                high = std::max(high, d.highest);
            } else {
                const qsizetype from = std::lower_bound(d.x.cbegin(), d.x.cend(), inside.lower) - d.x.cbegin(), to = std::upper_bound(d.x.cbegin(), d.x.cend(), inside.upper) - d.x.cbegin();
                for (const QVector<double>* values : {&d.y, &d.raw_y})
                    for (qsizetype i = from; i < std::min(to, values->size()); ++i)
                        if (const double v = (*values)[i]; !std::isnan(v)) {
                            low = std::min(low, v);
                            high = std::max(high, v);
                        }
            }
        }
        return std::pair{low, high};
    };
    QCPRange x = x_range.value_or(QCPRange(0, 1));
    if (!x_range) {
        const auto [low, high] = extent(true, {});
        if (low < high) x = QCPRange(low, high);
        else if (low == high) x = log_x ? QCPRange(low / 2, low * 2) : QCPRange(low - 0.5, low + 0.5);
        if (!log_x && low < high) x = QCPRange(low - 0.01 * (high - low), high + 0.02 * (high - low));
    }
    plot->xAxis->setRange(x);
    QCPRange y = y_range.value_or(QCPRange(0, 1));
    if (!y_range) {
        const auto [low, high] = extent(false, x);
        if (log_y && low > 0 && low <= high) {
            y = QCPRange(low / 1.2, high * 1.2);
        } else if (low <= high) {
            const double room = high > low ? 0.06 * (high - low) : std::max(0.5, std::abs(high) * 0.1);
            y = QCPRange(low >= 0 && low - room < 0 ? 0 : low - room, high + room);
            if (low >= 0 && low < 0.35 * high) y.lower = 0;   // near 0: the axis begins there
            if (!notes->notes.isEmpty()) {   // room for a label above the highest point
                const double room = std::min(0.5, 28.0 / std::max(60, plot->axisRect()->height()));
                y.upper += room / (1 - room) * (y.upper - y.lower);
            }
        }
    }
    plot->yAxis->setRange(y);
    zero->setVisible(!log_y && any && y.lower <= 0 && y.upper >= 0);
    fill_for_view();
}

void PlotViewer::Impl::refresh() {
    if (!redraw.isActive()) redraw.start();
}

/// The layer of cursor and values alone; before the first drawing there is nothing to draw on.
void PlotViewer::Impl::redraw_overlay() {
    if (was_drawn) plot->layer(QStringLiteral("overlay"))->replot();
}

// --- values at the pointer

QString PlotViewer::Impl::value_text(double value) const { return QString::number(value, 'g', 4).replace(u'-', QChar(0x2212)); }

QString PlotViewer::Impl::x_text(double x) const {
    const QString label = plot->xAxis->label().section(u',', 0, 0);
    return (label.isEmpty() ? QStringLiteral("x") : label) + u' ' + QString::number(x, 'g', 6);
}

/// For each curve the point nearest to x, if it is near enough to be meant.
void PlotViewer::Impl::show_values(std::optional<double> x) {
    box->rows.clear();
    if (x && !curves.isEmpty()) {
        double best = std::numeric_limits<double>::infinity();
        const auto nearest = [](const Drawn& d, double at) {   // index of the point
            const qsizetype after = std::lower_bound(d.x.cbegin(), d.x.cend(), at) - d.x.cbegin();
            if (after == 0) return after;
            return after == d.x.size() || at - d.x[after - 1] <= d.x[after] - at ? after - 1 : after;
        };
        for (const Drawn& d : std::as_const(drawn))
            if (!d.x.isEmpty())
                if (const double key = d.x[nearest(d, *x)]; std::abs(key - *x) < std::abs(best - *x)) best = key;
        if (std::isfinite(best)) {
            box->x = best;
            box->head = x_text(best);
            for (qsizetype i = 0; i < drawn.size(); ++i) {
                const Drawn& d = drawn[i];
                if (d.x.isEmpty()) continue;
                const qsizetype index = nearest(d, best);
                const double key = d.x[index], value = d.y[index], near = std::max(1e-12, plot->xAxis->range().size() * 0.02);
                if (!std::isfinite(value) || std::abs(key - best) > near) continue;
                box->rows << ValueBox::Row{d.line->pen(), curves[i].name, value_text(value), key, value};
            }
        }
    }
    box->setVisible(!box->rows.isEmpty());
    redraw_overlay();
}

}
