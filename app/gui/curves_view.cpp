#include "app/gui/curves_view.h"
#include "app/gui/project_host.h"
#include "app/gui/shell.h"
#include "app/gui/text.h"
#include "viewers/plot_viewer.h"
#include "widgets/dock_title.h"
#include "widgets/number_field.h"
#include "widgets/segmented_control.h"
#include "widgets/text_label.h"
#include "widgets/theme.h"
#include <QFileDialog>
#include <QHBoxLayout>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

namespace lathe {

CurvesView::CurvesView(const Shell& shell, RunColours& colours, QWidget* parent) : QWidget(parent), m_shell(shell), m_colours(colours) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* row = new QHBoxLayout;
    row->setContentsMargins(8, 4, 8, 4);
    row->setSpacing(8);
    m_key = new QComboBox(this);
    m_key->setAccessibleName(tr("Metric"));
    m_key->setToolTip(tr("Which metric is drawn"));
    m_key->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_key->setMinimumContentsLength(12);
    m_axis = new SegmentedControl({tr("Step"), tr("Time")}, this);
    m_axis->set_current(0);
    m_smooth = new NumberField(this);
    m_smooth->set_limits(0.0, 0.999);
    m_smooth->set_step(0.05);
    m_smooth->set_decimals(2);
    m_smooth->set_value(0);
    m_smooth->setFixedWidth(52);
    m_smooth->setAccessibleName(tr("Smoothing"));
    m_smooth->set_help(tr("Weight of the moving average, from 0 (as it is) to 0.999. Its start is not biased towards 0; the raw curve stays behind at 35 %."));
    m_log = new QToolButton(this);
    m_log->setText(tr("log y"));
    m_log->setCheckable(true);
    m_log->setToolTip(tr("Logarithmic y axis"));
    row->addWidget(m_key, 1);
    row->addWidget(m_axis);
    row->addWidget(new TextLabel(tr("Smooth"), 12, false, TextRole::secondary, this));
    row->addWidget(m_smooth);
    row->addWidget(m_log);
    m_plot = new PlotViewer(this);
    m_plot->set_empty_text(tr("Select runs that have curves."));
    column->addLayout(row);
    column->addWidget(m_plot, 1);
    connect(m_key, &QComboBox::activated, this, &CurvesView::refresh);
    connect(m_axis, &SegmentedControl::chosen, this, &CurvesView::refresh);
    connect(m_smooth, &NumberField::value_edited, m_plot, &PlotViewer::set_smoothing);
    connect(m_log, &QToolButton::toggled, m_plot, &PlotViewer::set_log_y);
    connect(m_plot, &PlotViewer::cursor_moved, this, [this](double x) {
        if (m_bar) m_bar->set_hint(std::isnan(x) ? QString() : m_axis->current() == 0 ? tr("step %1 under the cursor").arg(qRound64(x)) : tr("%1 s under the cursor").arg(x, 0, 'f', 2));
    });
}

void CurvesView::set_runs(const QList<RunId>& runs) {
    m_runs = runs;
    refresh();
}

void CurvesView::refresh() {
    const quint64 serial = ++m_serial;
    if (m_runs.isEmpty()) {
        take({});
        return;
    }
    m_shell.projects->read<Answer>(this, [ids = std::vector<RunId>(m_runs.begin(), m_runs.end()), wanted = ss(m_key->currentData().toString())](const ProjectReader& reader) {
        Answer answer;
        std::map<std::string, std::int64_t> points;
        for (const RunId id : ids)
            for (const MetricSummary& summary : reader.metrics(id)) points[summary.key] = std::max(points[summary.key], summary.n);
        // Curves first: what has one value only says nothing as a curve.
        for (const auto& [key, n] : points)
            if (n > 1) answer.keys.push_back(key);
        for (const auto& [key, n] : points)
            if (n <= 1) answer.keys.push_back(key);
        if (answer.keys.empty()) return answer;
        answer.key = points.contains(wanted) && (points[wanted] > 1 || points[answer.keys.front()] <= 1) ? wanted : answer.keys.front();
        for (const RunId id : ids) {
            const RunRow run = reader.run(id);
            answer.lines.push_back({id, run.uuid, run.title, reader.series(id, answer.key, 4000)});
        }
        return answer;
    }, [this, serial](const Answer& answer) {
        if (serial == m_serial) take(answer);
    });
}

void CurvesView::take(const Answer& answer) {
    QStringList keys;
    for (const std::string& key : answer.keys) keys << qs(key);
    QStringList shown;
    for (int i = 0; i < m_key->count(); ++i) shown << m_key->itemData(i).toString();
    const QSignalBlocker quiet(m_key);
    if (keys != shown) {
        m_key->clear();
        for (const QString& key : std::as_const(keys)) m_key->addItem(metric_column(ss(key), nullptr, m_shell.catalogue()).label, key);
    }
    m_key->setCurrentIndex(m_key->findData(qs(answer.key)));
    const bool by_time = m_axis->current() == 1;
    m_plot->setProperty("lathe_run", answer.lines.empty() ? QString() : qs(answer.lines.back().uuid));   // an export finds it again
    QVector<Curve> curves;
    for (const Line& line : answer.lines) {
        if (line.series.value.empty()) continue;
        Curve curve;
        curve.id = QString::number(line.run);
        curve.name = QStringLiteral("%1 %2").arg(run_number(line.run), qs(line.title)).trimmed();
        const std::vector<double>& x = by_time ? line.series.time : line.series.step;
        curve.x = QVector<double>(x.begin(), x.end());
        curve.y = QVector<double>(line.series.value.begin(), line.series.value.end());
        curve.series = m_colours.index(line.run);
        curve.markers = curve.x.size() <= 40;
        curves << curve;
    }
    const RunColumn metric = metric_column(answer.key, nullptr, m_shell.catalogue());
    m_plot->set_titles(by_time ? tr("Time, s") : tr("Step"), metric.unit.isEmpty() ? metric.label : metric.label + QStringLiteral(", ") + metric.unit);
    m_plot->set_curves(curves);
    m_plot->autoscale();
}

void CurvesView::show_as_table() { m_plot->show_as_table(); }

void CurvesView::export_dialog() {
    const QString file = QFileDialog::getSaveFileName(this, tr("Export the curves"), QStringLiteral("curves.png"), tr("Picture (*.png);;Drawing (*.svg);;Document (*.pdf);;Table (*.csv)"));
    if (file.isEmpty()) return;
    if (m_plot->export_file(file)) m_shell.say(QStringLiteral("info"), tr("Exported."), file);
    else m_shell.say(QStringLiteral("err"), tr("The curves were not exported."), file, tr("Choose a folder you may write to, and one of png, svg, pdf, csv."));
}

}
