#include "app/gui/parallel_view.h"
#include "widgets/theme.h"
#include <QPainter>
#include <QPainterPath>
#include <algorithm>
#include <cmath>
#include <limits>

namespace lathe {

ParallelView::ParallelView(RunsLook& look, QWidget* parent) : QWidget(parent), m_look(look) {
    setAccessibleName(tr("Parallel coordinates of the compared runs"));
    connect(&look, &RunsLook::changed, this, qOverload<>(&QWidget::update));
}

void ParallelView::set_runs(const QList<ListedRun>& runs) {
    m_runs = runs;
    update();
}

/// Numbers are placed by value, texts by their order; an axis on which all are equal says nothing and is left out.
QList<ParallelView::Axis> ParallelView::axes() const {
    QList<Axis> found;
    for (const RunColumn& column : m_look.columns) {
        if (column.kind != RunColumn::parameter && column.kind != RunColumn::metric) continue;
        Axis axis{column.head(), {}, {}};
        QStringList texts;
        QList<double> numbers;
        bool all_numbers = true;
        for (const ListedRun& run : m_runs) {
            const QString text = cell(run, column, 6, Qt::DisplayRole, {}).toString();
            bool ok = false;
            QString plain = text;
            const double number = column.kind == RunColumn::metric && run.metrics.contains(column.key) ? run.metrics.at(column.key).last : plain.remove(QChar(0x202F)).replace(u'−', u'-').toDouble(&ok);
            all_numbers = all_numbers && (ok || column.kind == RunColumn::metric || text == u"–");
            numbers << (ok || column.kind == RunColumn::metric ? number : std::numeric_limits<double>::quiet_NaN());
            texts << text;
        }
        QStringList different = texts;
        different.removeDuplicates();
        if (different.size() < 2) continue;
        if (all_numbers) {
            double low = std::numeric_limits<double>::infinity(), high = -low;
            for (const double number : std::as_const(numbers))
                if (std::isfinite(number)) {
                    low = std::min(low, number);
                    high = std::max(high, number);
                }
            for (const double number : std::as_const(numbers)) axis.positions << (!std::isfinite(number) ? std::numeric_limits<double>::quiet_NaN() : high > low ? (number - low) / (high - low) : 0.5);
        } else {
            std::sort(different.begin(), different.end());
            for (const QString& text : std::as_const(texts)) axis.positions << double(different.indexOf(text)) / double(different.size() - 1);
        }
        axis.texts = texts;
        found << axis;
        if (found.size() == 8) break;
    }
    return found;
}

void ParallelView::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    const ThemeColours& c = theme.colours();
    QPainter painter(this);
    painter.fillRect(rect(), c.base);
    painter.setFont(theme.font(11));
    const QList<Axis> all = axes();
    if (m_runs.size() < 2 || all.size() < 2) {
        painter.setPen(c.text3);
        painter.drawText(rect().adjusted(12, 8, -12, -8), Qt::AlignCenter | Qt::TextWordWrap, tr("Compare runs that differ in two or more of the shown columns."));
        return;
    }
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF area = QRectF(rect()).adjusted(36, 12, -36, -26);
    const double step = area.width() / double(all.size() - 1);
    auto x_of = [&](qsizetype axis) { return area.left() + step * double(axis); };
    // A title is as wide as the way to the next axis. The outer ones take what their neighbour leaves, and move inwards rather than being cut off.
    const auto wanted = [&](qsizetype axis) { return painter.fontMetrics().horizontalAdvance(all[axis].title) + 2.0; };
    const auto room = [&](qsizetype axis) {
        const bool is_outer = axis == 0 || axis + 1 == all.size();
        const double own = step - 8;
        return is_outer ? area.left() - 4 + step - 8 - std::min(wanted(axis == 0 ? 1 : axis - 1), own) / 2 : own;
    };
    for (qsizetype i = 0; i < all.size(); ++i) {
        painter.setPen(QPen(c.axis, 2));
        painter.drawLine(QPointF(x_of(i), area.top()), QPointF(x_of(i), area.bottom()));
        painter.setPen(c.text2);
        const double wide = std::min(wanted(i), room(i)), left = std::clamp(x_of(i) - wide / 2, 4.0, std::max(4.0, width() - 4.0 - wide));
        painter.drawText(QRectF(left, area.bottom() + 6, wide, 18), Qt::AlignLeft | Qt::AlignTop, painter.fontMetrics().elidedText(all[i].title, Qt::ElideRight, int(wide)));
    }
    for (qsizetype run = 0; run < m_runs.size(); ++run) {
        const int index = m_look.colours.find(m_runs[run].run.id).value_or(0);
        painter.setPen(series_pen(index));
        QPainterPath path;
        bool started = false;
        for (qsizetype i = 0; i < all.size(); ++i) {
            const double position = all[i].positions[run];
            if (std::isnan(position)) {
                started = false;
                continue;
            }
            const QPointF point(x_of(i), area.bottom() - position * area.height());
            started ? path.lineTo(point) : path.moveTo(point);
            started = true;
        }
        painter.drawPath(path);
    }
}

}
