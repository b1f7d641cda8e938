#include "plugins/quantization/panel/front_view.h"
#include "viewers/plot_viewer.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include "widgets/theme.h"
#include <QHBoxLayout>
#include <QPointF>
#include <QPushButton>
#include <QVBoxLayout>
#include <algorithm>
#include <numeric>

namespace lathe::quantization {

FrontView::FrontView(QWidget* options, QWidget* parent) : QWidget(parent), m_plot(new PlotViewer(this)), m_note(new TextLabel({}, 11, false, TextRole::secondary, this)),
      m_measure(make_button(tr("Measure sensitivity"), QStringLiteral("curve"), false, this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(4, 4, 4, 6);
    column->setSpacing(2);
    m_plot->setMinimumHeight(150);
    m_plot->setAccessibleName(tr("Accuracy against size"));
    m_plot->set_titles(tr("Weights, kB"), tr("Top-1, %"));
    m_plot->set_legend_visible(false);
    m_plot->set_empty_text(tr("Measure sensitivity to see the best bits for each size."));
    column->addWidget(m_plot, 1);
    m_note->setWordWrap(true);
    m_measure->setToolTip(tr("What each weight and each value costs at every number of bits: for estimates, and the best bits for a budget"));
    m_measure->setProperty("lathe_tool", true);
    auto* foot = new QHBoxLayout;
    foot->setContentsMargins(8, 0, 8, 0);
    foot->setSpacing(8);
    foot->addWidget(m_note, 1);
    foot->addWidget(options, 0, Qt::AlignTop);
    foot->addWidget(m_measure, 0, Qt::AlignTop);
    column->addLayout(foot);
    connect(m_measure, &QPushButton::clicked, this, &FrontView::sensitivity_requested);
    connect(m_plot, &PlotViewer::point_clicked, this, [this](const QString& id, int point) {
        if (id == u"front") Q_EMIT front_chosen(point);
        else if (id == u"tried" && point / 2 < m_tried_order.size()) Q_EMIT tried_chosen(m_tried_order[point / 2]);
        else if (id == u"all8") Q_EMIT uniform_chosen(8);
        else if (id == u"all4") Q_EMIT uniform_chosen(4);
    });
    show_note();
}

void FrontView::show_front(const QList<FrontMark>& estimated, const QList<Tried>& tried, const FrontMark& now, bool now_is_measured, const FrontMark& all_8, const FrontMark& all_4, double float_top1) {
    const ThemeColours& c = theme_colours();
    QVector<Curve> curves;
    m_plot->clear_notes();
    QList<std::pair<QPointF, QString>> notes;
    double least = 1e300, most = 0;
    const auto span = [&](double bytes) {
        least = std::min(least, bytes / 1000);
        most = std::max(most, bytes / 1000);
    };
    Curve rings{QStringLiteral("tried"), tr("measured"), {}, {}, 0, false, true, false, c.axis};
    m_tried_order.resize(tried.size());
    std::iota(m_tried_order.begin(), m_tried_order.end(), 0);
    std::ranges::stable_sort(m_tried_order, {}, [&](int i) { return tried[i].bytes; });
    for (const int i : std::as_const(m_tried_order)) {
        rings.x << tried[i].bytes / 1000 << tried[i].bytes / 1000;   // a gap after each: rings, no line
        rings.y << tried[i].top1 << std::nan("");
        span(tried[i].bytes);
    }
    if (!rings.x.isEmpty()) curves << rings;
    Curve line{QStringLiteral("front"), tr("best, estimated"), {}, {}, 0, false, true, false, c.accent};
    for (const FrontMark& mark : estimated) {
        line.x << mark.bytes / 1000;
        line.y << mark.top1;
        span(mark.bytes);
    }
    if (!line.x.isEmpty()) curves << line;
    const auto point = [&](const char* id, const QString& name, const FrontMark& mark, int series, const QColor& colour) {
        if (std::isnan(mark.top1) || mark.bytes <= 0) return;
        curves << Curve{QString::fromLatin1(id), name, {mark.bytes / 1000}, {mark.top1}, series, false, true, false, colour};
        notes << std::pair(QPointF(mark.bytes / 1000, mark.top1), name);
        span(mark.bytes);
    };
    constexpr int kSquares = 5;   // series of the second round are drawn with squares
    point("all8", tr("all 8 bit"), all_8, kSquares, c.text);
    point("all4", tr("all 4 bit"), all_4, kSquares, c.text);
    point("this", now_is_measured ? tr("this, measured") : tr("this, estimated"), now, 0, c.series[4]);
    if (!std::isnan(float_top1) && most > 0) {
        const double room = std::max(1.0, (most - least) * 0.04);
        Curve level{QStringLiteral("float"), tr("float"), {least - room, most + room}, {float_top1, float_top1}, 1, false, false, false, c.text};
        curves << level;
        notes << std::pair(QPointF(most, float_top1), tr("float %1").arg(float_top1, 0, 'f', 2));
    }
    // What is far below float is of no use and would flatten the rest; a double click on the plot shows it.
    constexpr double kShown = 15;
    double lowest = 1e300, highest = 0;
    for (const Curve& curve : std::as_const(curves))
        for (const double y : curve.y)
            if (!std::isnan(y)) {
                lowest = std::min(lowest, y);
                highest = std::max(highest, y);
            }
    const double foot = std::min(std::max(lowest, highest - kShown), std::isnan(now.top1) ? highest : now.top1) - 0.5;
    if (highest > 0) m_plot->set_y_range(foot, highest + 0.7);
    for (const auto& [at, text] : std::as_const(notes))
        if (at.y() >= foot) m_plot->add_note(at.x(), at.y(), text);
    m_plot->set_curves(curves);
    m_tried = int(tried.size());
    show_note();
}

void FrontView::set_running(const QString& progress) {
    m_progress = progress;
    m_measure->setText(progress.isEmpty() ? tr("Measure sensitivity") : tr("Cancel"));
    show_note();
}

void FrontView::show_note() {
    m_note->setText(m_progress.isEmpty() ? tr("Line: best found for each size, estimated. Rings: every assignment measured (%1).").arg(m_tried) : tr("Measuring sensitivity: %1").arg(m_progress));
}

}
