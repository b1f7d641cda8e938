#include "plugins/quantization/panel/engine_view.h"
#include "core/base/error.h"
#include "core/method/tensor_bytes.h"
#include "plugins/quantization/panel/note_rows.h"
#include "viewers/plot_viewer.h"
#include "viewers/table_view.h"
#include "widgets/segmented_control.h"
#include "widgets/simple_table.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include <QHBoxLayout>
#include <QPushButton>
#include <QVBoxLayout>
#include <algorithm>

namespace lathe::quantization {
namespace {

constexpr int kSteps = 33;                                 // differences from -16 to 16

/// "17 of 4.2 M values by at most one step".
QString difference_words(const CsvTable& table, const QString& node) {
    for (std::size_t i = 0; i < table.rows.size(); ++i) {
        if (text_in(table, i, "node") != node) continue;
        const double largest = number_in(table, i, "largest step").value_or(1);
        const QString counts = EngineView::tr("%1 of %2 values").arg(amount(number_in(table, i, "differing").value_or(0)), amount(number_in(table, i, "values").value_or(0)));
        return counts + (largest <= 1 ? EngineView::tr(" by one step") : EngineView::tr(" by up to %1 steps").arg(largest, 0, 'f', 0));
    }
    return {};
}

}

EngineView::EngineView(QWidget* options, QWidget* parent)
    : QWidget(parent), m_lines(new NoteRows(this)), m_details(new QWidget(this)), m_check(make_button(tr("Check on engine"), QStringLiteral("check"), false, this)),
      m_open(make_button(tr("Step differences"), QStringLiteral("diff"), false, this)),
      m_export(make_button(tr("Save…"), QStringLiteral("export"), false, this)), m_progress(new TextLabel({}, 12, false, TextRole::secondary, this)),
      m_which(new SegmentedControl({tr("Integers"), tr("In float")}, this)), m_table(new TableView(this)), m_plot(new PlotViewer(this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(12, 8, 12, 8);
    column->setSpacing(8);
    column->addWidget(m_lines);
    auto* row = new QHBoxLayout;
    row->setSpacing(6);
    for (QPushButton* button : {m_check, m_open, m_export}) {
        button->setProperty("lathe_tool", true);
        row->addWidget(button);
    }
    row->addWidget(options);
    m_open->setCheckable(true);
    row->addStretch(1);
    column->addLayout(row);
    m_progress->setWordWrap(true);
    column->addWidget(m_progress);
    m_progress->hide();
    auto* details = new QVBoxLayout(m_details);
    details->setContentsMargins(0, 0, 0, 0);
    details->setSpacing(6);
    m_which->set_tool_size(true);
    m_which->set_current(0);
    m_which->set_tool_tip(0, tr("The simulation on integers against ONNX Runtime"));
    m_which->set_tool_tip(1, tr("Fake quantization in float against ONNX Runtime"));
    details->addWidget(m_which);
    m_table->setAccessibleName(tr("Divergence by layer"));
    prepare_table(m_table);
    m_table->setMinimumHeight(120);
    details->addWidget(m_table, 1);
    m_plot->setMinimumHeight(130);
    m_plot->set_titles(tr("Difference, steps"), tr("Values"));
    m_plot->set_log_y(true);
    m_plot->set_legend_visible(false);
    m_plot->set_empty_text(tr("No value of this layer differs."));
    details->addWidget(m_plot, 1);
    m_details->hide();
    column->addWidget(m_details, 1);
    column->addStretch(0);
    connect(m_check, &QPushButton::clicked, this, &EngineView::check_requested);
    connect(m_export, &QPushButton::clicked, this, &EngineView::export_requested);
    connect(m_open, &QPushButton::toggled, this, [this](bool open) {
        m_details->setVisible(open);
        m_open->setText(open ? tr("Hide steps") : tr("Step differences"));
        updateGeometry();
    });
    connect(m_which, &SegmentedControl::chosen, this, &EngineView::show_divergence);
    connect(m_table->selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this](const QModelIndex& now) {
        if (!now.isValid()) return;
        m_node = m_table->sort_model()->mapToSource(now).row();
        show_steps();
        const CsvTable& table = m_which->current() == 1 ? m_shown.in_float : m_shown.integer;
        Q_EMIT node_chosen(text_in(table, std::size_t(m_node), "node"));
    });
    show_result();
}

void EngineView::begin() { m_coming = {}; }

void EngineView::take(const Artifact& artifact) {
    if (artifact.key == "divergence") {
        m_coming.integer = table_of(artifact, kMostRows);
    } else if (artifact.key == "divergence_float") {
        m_coming.in_float = table_of(artifact, kMostRows);
    } else if (artifact.key == "step_histograms") {
        const TensorBytes tensor = tensor_of(artifact);
        if (tensor.shape.size() != 3 || tensor.shape[0] != 2 || tensor.shape[2] != kSteps)
            throw Error(ErrorCode::wrong_format, "The differences cannot be shown.", artifact.key + ": it is not [2, nodes, 33]", "Check it on the engine again.");
        m_coming.nodes = int(tensor.shape[1]);
        m_coming.steps = tensor.values<float>();
    } else if (artifact.key == "onnx") {
        m_coming.onnx = artifact.bytes;
    } else if (artifact.key == "clip_ranges") {
        m_coming.clip_ranges = artifact.bytes;
    }
}

void EngineView::finish(const Json& summary) {
    m_coming.summary = summary.is_object() ? summary : Json::object();
    m_shown = std::exchange(m_coming, {});
    show_result();
}

void EngineView::set_running(const QString& text) {
    m_check->setText(text.isEmpty() ? tr("Check on engine") : tr("Cancel"));
    m_progress->setText(text);
    m_progress->setVisible(!text.isEmpty());
}

void EngineView::set_stale(bool stale) { m_lines->setEnabled(!stale); }
QStringList EngineView::sentences() const { return m_lines->texts(); }

void EngineView::show_result() {
    QList<Note> notes;
    const Json& summary = m_shown.summary;
    const auto say = [&](const QString& text, bool good) { notes << Note{text, good ? Note::Mark::good : Note::Mark::warning}; };
    const bool has = summary.is_object();
    m_open->setVisible(has);
    m_export->setVisible(bool(m_shown.onnx));
    if (!has) {
        m_lines->set_notes({{tr("Exports the network as ONNX, runs it on integers in ONNX Runtime and compares every layer with the simulation."), Note::Mark::none}});
        m_details->hide();
        return;
    }
    const double images = fact(summary, "images"), equal = fact(summary, "equal_images"), equal_float = fact(summary, "float_equal_images");
    const QString first = text_fact(summary, "first_diverging"), first_float = text_fact(summary, "first_diverging_float");
    const auto bold = [](const QString& name) { return QStringLiteral("<b>%1</b>").arg(name.toHtmlEscaped()); };
    if (equal == images) say(tr("Simulation and ONNX Runtime agree bit for bit, %1 images.").arg(figure(images, 0)), true);
    else say(tr("Simulation and ONNX Runtime agree on %1 of %2 images.").arg(figure(equal, 0), figure(images, 0)), false);
    if (!first.isEmpty()) say(tr("They differ first at %1: %2.").arg(bold(first), difference_words(m_shown.integer, first)), false);
    if (!first_float.isEmpty()) say(tr("Float fake-quant differs first at %1: %2.").arg(bold(first_float), difference_words(m_shown.in_float, first_float)), false);
    else if (equal_float == images) say(tr("Float fake-quant gives the same values, too."), true);
    const double there = fact(summary, "top1_runtime"), here = fact(summary, "top1_integer"), ms = fact(summary, "ms_runtime");
    const QString pace = std::isnan(ms) ? QString() : u' ' + tr("%1 ms a batch there.").arg(ms, 0, 'f', 1);
    if (!std::isnan(there)) say(tr("Top-1 in ONNX Runtime %1 %, in the simulation %2 %.").arg(there * 100, 0, 'f', 1).arg(here * 100, 0, 'f', 1) + pace, std::abs(there - here) < 1e-9);
    const Json runtime = summary.value("runtime", Json::object());
    if (runtime.is_object() && runtime.contains("exact") && runtime["exact"] == false) say(tr("This ONNX Runtime %1 clips sums of 16 bits on this processor: differences are its own.").arg(text_fact(runtime, "version")), false);
    const Json warnings = summary.value("warnings", Json::array());
    if (warnings.is_array())
        for (const Json& warning : warnings)
            if (warning.is_string()) say(QString::fromStdString(warning.get<std::string>()).toHtmlEscaped(), false);
    m_lines->set_notes(notes);
    show_divergence();
}

void EngineView::show_divergence() {
    const CsvTable& table = m_which->current() == 1 ? m_shown.in_float : m_shown.integer;
    m_table->set_table(heads_of(table), rows_of(table));
    m_node = 0;
    const QString first = text_fact(m_shown.summary, m_which->current() == 1 ? "first_diverging_float" : "first_diverging");
    for (std::size_t i = 0; i < table.rows.size(); ++i)
        if (text_in(table, i, "node") == first) m_node = int(i);
    show_steps();
}

void EngineView::show_steps() {
    const int which = m_which->current() == 1 ? 1 : 0;
    constexpr double kFoot = 0.7;   // below a count of one, on a log axis
    Curve curve{QStringLiteral("steps"), tr("values"), {}, {}, 0, false, false, false, {}};
    double most = 1;
    if (m_node < m_shown.nodes)
        for (int i = 0; i < kSteps; ++i) {
            const double count = m_shown.steps[(std::size_t(which) * std::size_t(m_shown.nodes) + std::size_t(m_node)) * kSteps + std::size_t(i)], x = i - kSteps / 2;
            if (count <= 0) continue;
            curve.x << x << x << x;   // a stem each, and a gap
            curve.y << kFoot << count << std::nan("");
            most = std::max(most, count);
        }
    m_plot->set_x_range(-kSteps / 2 - 0.5, kSteps / 2 + 0.5);
    m_plot->set_y_range(kFoot, most * 2);
    m_plot->set_curves(curve.x.isEmpty() ? QVector<Curve>() : QVector<Curve>{curve});
}

QString EngineView::as_csv() const { return csv_of(m_shown.integer); }

}
