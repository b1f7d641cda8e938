#include "plugins/hypergraph/panel/statistics_view.h"
#include "viewers/plot_viewer.h"
#include "widgets/number_field.h"
#include "widgets/segmented_control.h"
#include "widgets/simple_table.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include <QHBoxLayout>
#include <QPushButton>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

namespace lathe::hypergraph {
namespace {

enum Histogram { kDegree, kHyperdegree, kSize, kOverlap };

QString figure_text(const std::optional<double>& value) {
    if (!value || !std::isfinite(*value)) return QStringLiteral("–");
    return *value == std::floor(*value) && std::abs(*value) < 1e12 ? grouped_number(*value, 0) : QString::number(*value, 'g', 4);
}

}

StatisticsView::StatisticsView(QWidget* options, QWidget* parent)
    : QWidget(parent), m_which(new SegmentedControl({tr("Degree"), tr("Hyperdegree"), tr("Size"), tr("Overlap")}, this)), m_log(new Switch(tr("Log-log"), this)), m_plot(new PlotViewer(this)),
      m_run(make_button(tr("Measure"), QStringLiteral("curve"), false, this)), m_figures(new SimpleTable({tr("Figure"), tr("Value")}, this)), m_note(new TextLabel({}, 11, false, TextRole::secondary, this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 6, 0, 6);
    column->setSpacing(4);
    auto* heads = new QHBoxLayout;
    heads->setContentsMargins(12, 0, 12, 0);
    m_which->set_tool_size(true);
    m_which->set_current(kDegree);
    m_which->set_tool_tip(kDegree, tr("Neighbours of a node over simple edges"));
    m_which->set_tool_tip(kHyperdegree, tr("Hyperedges of a node"));
    m_which->set_tool_tip(kSize, tr("Members of a hyperedge"));
    m_which->set_tool_tip(kOverlap, tr("Nodes that two hyperedges share; measured by the engine"));
    heads->addWidget(m_which);
    heads->addStretch(1);
    column->addLayout(heads);
    m_plot->setMinimumHeight(150);
    m_plot->setMaximumHeight(220);
    m_plot->set_legend_visible(false);
    m_plot->setAccessibleName(tr("Histogram"));
    column->addWidget(m_plot, 1);
    auto* row = new QHBoxLayout;
    row->setContentsMargins(12, 0, 12, 0);
    row->setSpacing(8);
    m_run->setProperty("lathe_tool", true);
    m_run->setToolTip(tr("Overlaps, components, clustering, centralities and groups of nodes"));
    m_log->setToolTip(tr("Both axes logarithmic; zeros are left out"));
    m_log->setChecked(true);
    row->addWidget(m_log);
    row->addStretch(1);
    if (options) row->addWidget(options);
    row->addWidget(m_run);
    column->addLayout(row);
    m_note->setWordWrap(true);
    m_note->setContentsMargins(12, 0, 12, 0);
    column->addWidget(m_note);
    m_figures->setAccessibleName(tr("Figures"));
    m_figures->set_fit_rows(false);
    m_figures->setMinimumHeight(80);
    column->addWidget(m_figures, 1);
    column->addStretch(0);   // where there are no figures yet
    connect(m_which, &SegmentedControl::chosen, this, [this](int index) {
        show_histogram();
        Q_EMIT view_changed(tr("Histogram %1").arg(index + 1));
    });
    connect(m_log, &QAbstractButton::clicked, this, [this](bool on) {
        show_histogram();
        Q_EMIT view_changed(on ? tr("Log-log") : tr("Linear axes"));
    });
    connect(m_run, &QPushButton::clicked, this, &StatisticsView::run_requested);
    set_graph(nullptr);
}

void StatisticsView::set_graph(const ShownGraph* graph) {
    m_histograms.clear();
    m_figures_table = m_components = {};
    m_stale = false;
    if (graph) {
        m_histograms[kDegree] = length_counts(graph->data->neighbours);
        m_histograms[kHyperdegree] = length_counts(graph->data->memberships);
        m_histograms[kSize] = length_counts(graph->data->members);
        if (m_which->current() == kDegree && graph->data->edges.size() == 0 && graph->data->members.size() > 0) m_which->set_current(kSize);   // all degrees are 0
    }
    m_run->setEnabled(graph);
    show_histogram();
    show_figures();
}

void StatisticsView::take(const Artifact& artifact) {
    static const QHash<QString, int> places{{QStringLiteral("degree"), kDegree}, {QStringLiteral("hyperdegree"), kHyperdegree}, {QStringLiteral("sizes"), kSize}, {QStringLiteral("overlaps"), kOverlap}};
    const QString key = QString::fromStdString(artifact.key);
    if (places.contains(key)) {
        const CsvTable table = table_of(artifact);
        const int value = column_of(table, "value"), count = column_of(table, "count");
        std::vector<std::pair<double, double>> points;
        for (std::size_t r = 0; r < table.rows.size(); ++r)
            if (const auto x = number_in(table, r, value), y = number_in(table, r, count); x && y) points.emplace_back(*x, *y);
        std::ranges::sort(points);
        m_histograms[places[key]] = std::move(points);
        show_histogram();
    } else if (key == u"components" || key == u"figures") {
        (key == u"figures" ? m_figures_table : m_components) = table_of(artifact);
        m_stale = false;
        show_figures();
    }
}

void StatisticsView::set_running(const QString& text) {
    m_run->setText(text.isEmpty() ? tr("Measure") : tr("Cancel"));
    m_running = text;
    show_note();
}

void StatisticsView::set_stale(bool stale) {
    if (stale == m_stale) return;
    m_stale = stale;
    show_figures();
    show_histogram();
}

void StatisticsView::show_histogram() {
    const int which = std::max(0, m_which->current());
    const bool log = m_log->isChecked();
    Curve curve{QStringLiteral("count"), m_which->current() == kSize || m_which->current() == kOverlap ? tr("hyperedges") : tr("nodes"), {}, {}, 0, false, true, m_stale, {}};
    for (const auto& [value, count] : m_histograms.value(which)) {
        if (log && (value <= 0 || count <= 0)) continue;
        curve.x << value;
        curve.y << count;
    }
    static const QStringList titles{tr("Degree"), tr("Hyperedges of a node"), tr("Members"), tr("Shared nodes")}, counted{tr("Nodes"), tr("Nodes"), tr("Hyperedges"), tr("Pairs of hyperedges")};
    m_plot->set_log_x(log);
    m_plot->set_log_y(log);
    m_plot->set_titles(titles[which], counted[which]);
    m_plot->set_empty_text(which == kOverlap ? tr("Measure to see overlaps.") : tr("Nothing to count."));
    m_plot->set_curves(curve.x.isEmpty() ? QVector<Curve>() : QVector<Curve>{curve});
    m_plot->autoscale();
}

void StatisticsView::show_figures() {
    const int name = column_of(m_figures_table, "figure"), value = column_of(m_figures_table, "value"), error = column_of(m_figures_table, "error"), how = column_of(m_figures_table, "how");
    QList<QStringList> rows;
    QList<int> left_out;
    for (std::size_t r = 0; r < m_figures_table.rows.size(); ++r) {
        const QString label = text_in(m_figures_table, r, how);
        QString text = figure_text(number_in(m_figures_table, r, value));
        if (label == u"sampled") {
            text = tr("%1 ± %2, sampled").arg(text, figure_text(number_in(m_figures_table, r, error)));
        } else if (label != u"exact") {
            left_out << int(rows.size());
            text = tr("left out");
        }
        rows << QStringList{text_in(m_figures_table, r, name), text};
    }
    const int s = column_of(m_components, "s"), count = column_of(m_components, "components"), largest = column_of(m_components, "largest");
    for (std::size_t r = 0; r < m_components.rows.size(); ++r)
        rows << QStringList{tr("components, s = %1").arg(text_in(m_components, r, s)), tr("%1, largest %2").arg(figure_text(number_in(m_components, r, count)), figure_text(number_in(m_components, r, largest)))};
    m_figures->set_rows(rows);
    for (int r = 0; r < m_figures->rowCount(); ++r)
        for (int c = 0; c < m_figures->columnCount(); ++c)
            if (QTableWidgetItem* item = m_figures->item(r, c)) item->setToolTip(left_out.contains(r) ? text_in(m_figures_table, std::size_t(r), how) : item->text());
    for (const int r : std::as_const(left_out)) m_figures->set_tone(r, 1, CellTone::secondary);
    m_figures->set_stale(m_stale);
    m_figures->setVisible(!rows.isEmpty());
    show_note();
}

void StatisticsView::show_note() {
    const int shown = m_figures->rowCount();
    const int how = column_of(m_figures_table, "how");
    int sampled = 0;
    for (std::size_t r = 0; r < m_figures_table.rows.size(); ++r) sampled += text_in(m_figures_table, r, how) == u"sampled" ? 1 : 0;
    if (!m_running.isEmpty()) m_note->setText(m_running);
    else if (shown == 0) m_note->setText(tr("Degrees and sizes are counted; measure for overlaps, components, clustering and centralities."));
    else if (m_stale) m_note->setText(tr("Stale: of other hyperedges or data."));
    else m_note->setText(sampled == 0 ? tr("All figures are exact.") : tr("%1 of %2 figures are sampled, with their standard error.").arg(sampled).arg(shown));
}

Json StatisticsView::view() const { return {{"histogram", m_which->current()}, {"log", m_log->isChecked()}}; }

void StatisticsView::set_view(const Json& view) {
    const double which = fact(view, "histogram");
    m_which->set_current(which >= 0 && which <= int(kOverlap) ? int(which) : kDegree);
    m_log->setChecked(!view.is_object() || !view.contains("log") || !view["log"].is_boolean() || view["log"].get<bool>());
    show_histogram();
}

}
