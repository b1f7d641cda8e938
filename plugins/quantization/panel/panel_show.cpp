// What the workspace shows of the results.
#include "core/base/error.h"
#include "plugins/quantization/panel/budget_rows.h"
#include "plugins/quantization/panel/engine_view.h"
#include "plugins/quantization/panel/graph_view.h"
#include "plugins/quantization/panel/methods_view.h"
#include "plugins/quantization/panel/note_rows.h"
#include "plugins/quantization/panel/panel.h"
#include "plugins/quantization/panel/pictures_view.h"
#include "plugins/quantization/panel/range_plot.h"
#include "plugins/quantization/panel/ranges_view.h"
#include "plugins/quantization/panel/result_view.h"
#include "plugins/quantization/panel/source_bar.h"
#include "viewers/plot_viewer.h"
#include "viewers/view_export.h"
#include "widgets/asset_chooser.h"
#include "widgets/dock_title.h"
#include "widgets/number_field.h"
#include "widgets/parameter_form.h"
#include "widgets/simple_table.h"
#include "widgets/small_widgets.h"
#include <QDir>
#include <QElapsedTimer>
#include <QFileDialog>
#include <QInputDialog>
#include <QStackedWidget>

namespace lathe::quantization {
namespace {

constexpr double kMostWork = 4e7;                          // additions for the whole front: about 20 ms

/// What decides ranges: sensitivities measured with other ones are still shown, and marked.
Json ranges_key(const Json& params) {
    Json out = Json::object();
    if (!params.is_object()) return out;
    for (const char* key : {"backend", "weight_scheme", "weight_granularity", "activation_scheme", "weight_observer", "activation_observer", "calibration_images"})
        if (params.contains(key)) out[key] = params[key];
    return out;
}

}

bool Panel::is_stale() const { return m_result && (m_result->params != m_form->values() || m_result->sources != sources()); }

void Panel::show_now() {
    show_centre();
    const QString uuid = m_result ? m_result->uuid : QString();
    for (QWidget* view : {static_cast<QWidget*>(m_ranges->weights()), static_cast<QWidget*>(m_ranges->inputs()), static_cast<QWidget*>(m_layers->graph()), static_cast<QWidget*>(m_front->plot())}) view->setProperty("lathe_run", uuid);
    if (m_layers->current().isEmpty() && !m_network.layers.isEmpty()) m_layers->select({m_network.layers.first().node}, m_network.layers.first().node);
    m_result_view->show_measured(m_result ? m_result->summary : Json());
    QList<Note> notes = backend_notes(m_network);
    if (m_result) notes += arithmetic_notes(m_result->arithmetic, fact(m_result->summary, "integer_mac_share"));
    m_notes->set_notes(notes);
    if (m_result && m_pictured != m_result->uuid) {
        m_pictured = m_result->uuid;
        m_pictures->show_measurement(m_result.get());
    }
    refresh_assignment();
    show_facts();
    show_stale();
}

void Panel::show_centre() {
    m_centre->setCurrentWidget(m_source->model()->path().isEmpty() && m_network.is_empty() ? static_cast<QWidget*>(m_empty) : m_layers);
    m_result_view->set_hint(is_classifier() && m_source->data()->path().isEmpty() && !m_source->model()->path().isEmpty() ? tr("No data set yet. Choose one above: then the accuracy is measured after each change.") : QString());
    if (is_classifier()) m_result_view->show_only_costs({});
    else m_result_view->show_only_costs(tr("This network is no classifier, so only what it costs is known here. Measure it in its own workspace: the section “Fake quantization” of Δ-Cache or BEV quantizes it while it runs."));
}

void Panel::show_facts() {
    QStringList facts;
    if (!m_network.layers.isEmpty()) facts << tr("%n layer(s)", nullptr, int(m_network.layers.size()));
    const double told = fact(m_network.facts, "weights");
    if (const double weights = told > 0 ? told : m_network.weights(); weights > 0) facts << tr("%1 weights").arg(grouped_number(weights, 0));
    if (m_result && m_result->sources == sources() && !std::isnan(m_result->float_top1())) facts << tr("float %1 %").arg(m_result->float_top1(), 0, 'f', 2);
    m_source->set_facts(facts.join(QStringLiteral(" · ")));
}

void Panel::show_costs() {
    if (m_network.layers.isEmpty()) return;
    const Costs in_float = costs_of(m_network, uniform(m_assignment, 0, 0)), now = costs_of(m_network, m_assignment), all_8 = costs_of(m_network, all_at(8)), all_2 = costs_of(m_network, uniform(m_assignment, 2, 2));
    m_result_view->show_costs(in_float, all_8, now);
    m_budget->set_limits(all_2.bytes, all_8.bytes, all_2.bitops, all_8.bitops);
    m_budget->set_best_available(!m_sensitivity.front().isEmpty(), tr("Measure the sensitivity of the layers first."));
}

void Panel::show_estimate() {
    QElapsedTimer clock;
    clock.start();
    m_estimate = m_sensitivity.estimate(m_network, m_assignment);
    const double ms = double(clock.nsecsElapsed()) / 1e6;
    const Json then = ranges_key(m_sensitivity.params()), now = ranges_key(m_form->values());
    bool other = false;
    for (const auto& [key, value] : then.items()) other = other || (now.contains(key) && now[key] != value);
    m_result_view->show_estimate(m_estimate, ms, m_estimate && other, tr("Measure the sensitivity of the layers: from then on every assignment is estimated at once."));
}

/// The front is estimated with the activations as they are now; a point each, so it is kept until they change.
void Panel::show_front() {
    const QList<FrontPoint>& front = m_sensitivity.front();
    Json key = Json::array({front.size(), m_sensitivity.is_ready(), m_network.layers.size()});
    for (const LayerBits& bits : std::as_const(m_assignment)) key.push_back(bits.weight > 0 ? bits.activation : -bits.activation);
    const auto mark_of = [&](const Assignment& bits) {
        const auto estimate = m_sensitivity.estimate(m_network, bits);
        return FrontMark{costs_of(m_network, bits).bytes, estimate ? estimate->top1 : std::nan("")};
    };
    if (key != m_front_key) {
        m_front_key = key;
        m_front_marks.clear();
        m_all_8 = mark_of(all_at(8));
        m_all_4 = mark_of(all_at(4));
        const double work = double(front.size()) * double(m_network.layers.size()) * double(m_sensitivity.table().rows.empty() ? 0 : 2560);
        for (const FrontPoint& point : front) {
            const Assignment bits = with_weights(m_network, m_assignment, point);
            const auto estimate = work < kMostWork ? m_sensitivity.estimate(m_network, bits) : std::nullopt;
            m_front_marks << FrontMark{m_network.layers.isEmpty() ? point.bytes : costs_of(m_network, bits).bytes, estimate ? estimate->top1 : point.top1};
        }
    }
    const bool is_measured = m_result && !is_stale() && !std::isnan(m_result->top1());
    FrontMark now{costs_of(m_network, m_assignment).bytes, is_measured ? m_result->top1() : m_estimate ? m_estimate->top1 : std::nan("")};
    const double in_float = m_result && !std::isnan(m_result->float_top1()) ? m_result->float_top1() : m_sensitivity.float_top1();
    if (m_network.layers.isEmpty()) m_front->show_front({}, {}, {}, false, {}, {}, std::nan(""));
    else m_front->show_front(m_front_marks, m_tried, now, is_measured, m_all_8, m_all_4, in_float);
}

void Panel::show_ranges() {
    const QString node = m_layers->current();
    const int at = m_network.index_of(node);
    const ShownLayer* layer = at >= 0 && at < m_shown.size() ? &m_shown[at] : nullptr;
    const Json table = m_form->value(QStringLiteral("layers"));
    m_ranges->show_layer(layer, m_choices.of(node), layer ? m_choices.of(layer->row.input) : NodeChoice{}, LayerChoices::has_column(table, "weight_clip") && LayerChoices::has_column(table, "activation_low"));
    m_context.set_dock_hint(QStringLiteral("ranges"), layer ? (layer->stale ? tr("%1 · stale").arg(layer->row.name()) : layer->row.name()) : tr("select a layer"));
}

QString Panel::result_hint() const {
    QStringList parts{m_result->live ? tr("live") : tr("recorded")};
    const Json& summary = m_result->summary;
    if (const double seconds = fact(summary, "seconds"); !std::isnan(seconds)) parts << tr("%1 s").arg(seconds, 0, 'f', 1);
    if (const QString from = text_fact(summary, "reused"); !from.isEmpty()) parts << tr("computed anew from %1").arg(from);
    return parts.join(QStringLiteral(" · "));
}

/// What is shown is stale when the parameters have moved on, until the new result is there.
void Panel::show_stale() {
    const bool stale = is_stale();
    m_result_view->set_measured_stale(stale);
    if (!m_coming) m_context.set_dock_hint(QStringLiteral("result"), stale ? (is_live() ? tr("stale") : tr("stale · changes wait for Run")) : m_result ? result_hint() : QString());
    m_pictures->set_stale(stale);
    const bool other = m_engine->has_result() && !is_checked();
    m_engine->set_stale(other);
    m_context.set_dock_hint(QStringLiteral("engine"), other ? tr("stale: of other bits") : QString());
    m_layers->title()->set_loading(m_coming || !m_describe.isEmpty());
}

// --- files

void Panel::export_results() {
    if (m_network.layers.isEmpty()) {
        m_context.show_message(QStringLiteral("info"), tr("There is nothing to export yet."), {}, tr("Open a model first."));
        return;
    }
    const QStringList sizes{tr("as on the screen"), tr("2 × (print)"), tr("4 × (poster)")};
    bool chosen = false;
    const auto size = sizes.indexOf(QInputDialog::getItem(window(), tr("Export results"), tr("Size of the pictures"), sizes, 1, false, &chosen));
    const QString folder = chosen ? QFileDialog::getExistingDirectory(window(), tr("Export the results into a folder")) : QString();
    if (folder.isEmpty()) return;
    write_results(QDir(folder), size == 0 ? 1 : size == 1 ? 2 : 4);
}

void Panel::write_results(const QDir& target, double scale) {
    QStringList failed;
    const QString run = m_result ? m_result->uuid : QString();
    const auto table = [&](const char* name, const QString& csv) {
        if (!csv.isEmpty() && !write_text(target.filePath(QString::fromLatin1(name)), csv_of_run(csv, run))) failed << QString::fromLatin1(name);
    };
    const auto picture = [&](const char* name, QWidget* view) {
        if (!write_view(target.filePath(QString::fromLatin1(name)), view->size(), [view](QPainter& painter) { view->render(&painter); }, run, scale)) failed << QString::fromLatin1(name);
    };
    table("layers.csv", m_layers->table()->as_csv());
    table("costs.csv", m_result_view->table()->as_csv());
    table("comparison.csv", m_methods->as_csv());
    table("divergence.csv", m_engine->as_csv());
    table("assignments.csv", m_front->plot()->as_csv());
    if (!m_sensitivity.is_empty()) table("sensitivity.csv", csv_of(m_sensitivity.table()));
    if (m_result && !m_result->confusion.columns.empty()) table("confusion.csv", csv_of(m_result->confusion));
    picture("layers.png", m_layers->table());
    picture("ranges.png", m_ranges);
    picture("assignments.png", m_front);
    if (!m_layers->graph()->export_file(target.filePath(QStringLiteral("graph.svg")))) failed << QStringLiteral("graph.svg");
    if (failed.isEmpty()) m_context.show_message(QStringLiteral("info"), tr("The results were exported."), target.path(), {});
    else m_context.show_message(QStringLiteral("err"), tr("Not everything could be written."), target.path() + QStringLiteral(": ") + failed.join(QStringLiteral(", ")), tr("Check the free space and your right to write there."));
}

}
