// The graph that is shown and the network that is trained on it: asking, listening, and what the project has of them.
#include "core/method/tensor_bytes.h"
#include "plugins/hypergraph/panel/curves_view.h"
#include "plugins/hypergraph/panel/embedding_view.h"
#include "plugins/hypergraph/panel/graph_pane.h"
#include "plugins/hypergraph/panel/import_view.h"
#include "plugins/hypergraph/panel/panel.h"
#include "plugins/hypergraph/panel/result_view.h"
#include "plugins/hypergraph/panel/source_bar.h"
#include "plugins/hypergraph/panel/statistics_view.h"
#include "viewers/graph_selection.h"
#include "widgets/asset_chooser.h"
#include "widgets/parameter_form.h"
#include <QFileInfo>

namespace lathe::hypergraph {
namespace {
/// The name of the file whose rows were embedded; empty: the features.
QString learnt_file(const PanelRun& run) {
    for (const auto& [role, path] : run.assets)
        if (role == u"embedding") return QFileInfo(path).fileName();
    return run.missing_assets.isEmpty() ? QString() : QFileInfo(run.missing_assets.first()).fileName();   // its file is not kept for ever
}

const QString kOpen = QStringLiteral("hypergraph.open"), kTrain = QStringLiteral("hypergraph.train"), kRecordedLayout = QStringLiteral("hypergraph.layout");
}

MethodPanel::Assets Panel::assets() const {
    Assets out;
    if (const QString data = data_path(); !data.isEmpty()) out << std::pair(QStringLiteral("data"), data);
    return out;
}

void Panel::choose_asset(const QString& role, const QString& path) {
    if (role == u"data") m_source->data()->choose(path);
}

QString Panel::data_path() const { return m_source->data()->path(); }

/// Before there is an engine the form is empty: then it asks for what is shown.
Json Panel::graph_key() const { return m_graph && m_form->parameters().empty() ? m_graph_key : graph_key_of(m_form->values()); }

Json Panel::graph_key_of(const Json& params) const {
    Json own = Json::object();
    if (params.is_object())
        for (const auto& [id, value] : params.items())
            if (id.starts_with("graph.") || id.starts_with("hyperedges.")) own[id] = value;
    return {{"data", data_path().toStdString()}, {"params", own}};
}

bool Panel::is_graph_stale() const { return m_graph ? m_graph_key != graph_key() : m_open.isEmpty() && !data_path().isEmpty(); }

bool Panel::is_training_stale() const { return m_training && (m_training->params != m_form->values() || m_training->sources != data_path()); }

bool Panel::is_stale() const { return (m_graph && m_graph_key != graph_key()) || is_training_stale(); }

bool Panel::is_ready_to_run() const { return !data_path().isEmpty() && m_context.catalogue().find("hypergraph.train"); }

void Panel::describe() {
    m_open_soon.stop();
    if (data_path().isEmpty() || !m_context.catalogue().find("hypergraph.open")) return;
    const Json key = graph_key();
    if (!m_open.isEmpty() && m_opening.key == key) return;   // just asked
    m_open = m_context.submit(request("hypergraph.open", true), assets(), kOpen);
    m_opening = {{}, {}, key};
    m_pane->set_reading(tr("The graph is being read."));
}

void Panel::send_live() {
    if (is_graph_stale()) describe();
    else if (!m_open.isEmpty() && m_opening.key != graph_key()) m_context.cancel(m_open);   // back to what is shown
}

void Panel::run() {
    if (!is_ready_to_run()) {
        if (data_path().isEmpty()) m_context.show_message(QStringLiteral("warn"), tr("There is no graph."), {}, tr("Open a file or a folder, or drop one on the window."));
        else m_context.show_message(QStringLiteral("warn"), tr("This engine does not know hypergraph.train."), {}, tr("Help > Plugins says what is loaded."));
        return;
    }
    if (m_coming) {
        m_context.show_message(QStringLiteral("info"), tr("A training is under way already."), {}, tr("Cancel it first; what it has done so far stays in Runs."));
        return;
    }
    if (is_graph_stale()) describe();
    m_form->roll_unlocked_seeds();
    const QString uuid = m_context.submit(request("hypergraph.train", false), assets(), {});
    if (uuid.isEmpty()) return;
    m_coming = std::make_shared<Training>();
    m_coming->uuid = uuid;
    m_coming->params = m_form->values();
    m_coming->sources = data_path();
    m_form->set_recorded(m_form->values());
    show_tab(Tab::curves);
    show_stale();
}

// --- answers

void Panel::take_event(const RunEvent& event) {
    const QString uuid = QString::fromStdString(event.run);
    if (const auto* failure = std::get_if<event::Failed>(&event.body)) return failed(uuid, *failure);
    if (uuid == m_open) return take_open(event);
    if (uuid == m_layout) return take_layout(event);
    if (m_coming && uuid == m_coming->uuid) {
        if (const auto* progress = std::get_if<event::Progress>(&event.body); progress && progress->total > 0)
            m_context.set_dock_hint(QStringLiteral("details"), tr("training · %1 %").arg(int(100 * progress->done / progress->total)));
        if (!m_coming->take(event)) return;
        if (m_coming->finished) {
            m_training = std::exchange(m_coming, nullptr);
            show_training();
        }
        return show_soon();
    }
    if (const QString method = job_of(uuid); !method.isEmpty()) take_job(method, event);
}

void Panel::take_open(const RunEvent& event) {
    if (const auto* made = std::get_if<event::ArtifactMade>(&event.body)) m_opening.artifacts << made->artifact;
    const auto* done = std::get_if<event::Finished>(&event.body);
    if (!done) return;
    m_opening.summary = done->summary;
    m_maker->ask(m_opening);
}

/// The graph is made: everything that shows it takes it over. Nodes that stay keep their places and their selection.
void Panel::adopt(OpenResult result) {
    if (result.problem) {
        tell(*result.problem);
        m_pane->set_reading(tr("The graph could not be read. The message above says why."));
        return show_stale();
    }
    if (text_fact(result.key, "data") != data_path()) return;   // another was chosen meanwhile
    const bool same_nodes = m_graph && m_graph_key.value("data", Json()) == result.key.value("data", Json()) && m_graph->data->nodes == result.graph->data->nodes;
    const std::vector<std::int32_t> selected = same_nodes ? m_selection->nodes() : std::vector<std::int32_t>();
    const auto measured = same_nodes ? m_values.statistics() : nullptr;
    m_graph = result.graph;
    m_graph_key = result.key;
    m_values.set_graph(m_graph);
    m_values.set_statistics(measured);
    m_values.set_training(m_training && m_training->sources == data_path() ? m_training : nullptr);
    m_embedding->set_learnt_available(m_values.training() && m_values.training()->embedding);
    m_pane->set_graph(m_graph);
    if (!same_nodes) {
        forget_layout();
        m_embedding->set_graph(m_graph);
        m_selected->show_explanation({});
        m_statistics_key = m_embedding_key = {};
    }
    if (m_statistics_key.is_null()) m_statistics->set_graph(m_graph.get());   // what was measured stays, marked as stale
    m_import->show_graph(m_graph.get());
    show_rows();
    m_pane->set_colours(m_values);
    m_selected->show_graph(m_graph, m_values);
    m_selection->select(selected, {});
    if (const bool kept = m_places_key == m_graph_key.value("data", Json()) && std::int64_t(m_places.first.size()) == m_graph->data->nodes; !kept) {
        m_places = {m_graph->x, m_graph->y};
        m_places_key = m_graph_key.value("data", Json());
        m_hyperedge_places = {};
        m_hyperedge_places_key = {};
        m_kept_places.clear();
        m_moved.clear();
    }
    if (m_places.first.empty()) start_layout(true);
    else show_places();
    for (const RecordedRun& recorded : std::exchange(m_recorded_early, {})) show_recorded(recorded);
    if (!same_nodes && !m_coming && (!m_training || m_training->sources != data_path()) && m_context.has_project()) {
        m_training.reset();   // of another graph
        read_newest(kTrain, QStringLiteral("data"), data_path());
    }
    if (!same_nodes && m_context.has_project()) find_trainings();
    if (!same_nodes)
        for (const QString& warning : m_graph->warnings) m_context.show_message(QStringLiteral("warn"), warning, data_path(), tr("The Import tab says what was found and what it became."));
    save_soon();
    show_now();
}

/// What was learnt is in colours, tables, the selection and the embedding.
void Panel::show_training() {
    m_values.set_training(m_training && m_training->sources == data_path() ? m_training : nullptr);
    m_embedding->set_learnt_available(m_values.training() && m_values.training()->embedding);
    show_rows();
    m_pane->set_colours(m_values);
    m_selected->show_graph(m_graph, m_values);
    show_stale();
}

void Panel::find_trainings() {
    constexpr int kMostTrainings = 200;
    m_result->set_trainings({});
    find_runs(kTrain, QStringLiteral("data"), data_path(), kMostTrainings, [this, path = data_path()](const QList<PanelRun>& found) {
        if (path == data_path()) m_result->set_trainings(found);
    });
}

void Panel::failed(const QString& uuid, const event::Failed& failure) {
    const bool is_coming = m_coming && uuid == m_coming->uuid;
    if (!is_coming && uuid != m_open && uuid != m_layout && job_of(uuid).isEmpty()) return;
    tell_failure(failure);
    if (is_coming) m_coming.reset();
    if (uuid == m_open) m_pane->set_reading(tr("The graph could not be read. The message above says why."));
    show_stale();
}

void Panel::run_ended(const QString& uuid, RunState state) {
    if (m_coming && uuid == m_coming->uuid && state != RunState::finished) m_coming.reset();
    if (uuid == m_open) m_open.clear();
    if (uuid == m_layout) {
        m_layout.clear();
        m_pane->set_layout_running({});
        m_kept_places.clear();
        save_soon();
    }
    if (m_training && uuid == m_training->uuid && state == RunState::finished) find_trainings();
    if (const QString method = job_of(uuid); !method.isEmpty()) {
        if (method == u"hypergraph.compare" && state != RunState::finished && m_compare_has_parts) m_unfinished = {uuid, data_path(), m_compare_asked};
        m_jobs.remove(method);
        job_progress(method, {});
    }
    show_soon();
}

// --- recorded

QStringList Panel::opened_methods() const { return {kOpen, kTrain, kRecordedLayout, QStringLiteral("hypergraph.statistics"), QStringLiteral("hypergraph.compare"), QStringLiteral("hypergraph.embed")}; }

QStringList Panel::recorded_series() const {
    return {QStringLiteral("train_loss"), QStringLiteral("val_loss"), QStringLiteral("train_accuracy"), QStringLiteral("val_accuracy"), QStringLiteral("train_mae"), QStringLiteral("val_mae")};
}

void Panel::show_recorded(const RecordedRun& recorded) {
    const PanelRun& run = recorded.run;
    if (run.method == kOpen) {   // shown until an engine has read the graph anew; all there is where there is no engine
        if (m_graph || run.state != RunState::finished) return;
        for (const auto& [role, path] : run.assets)
            if (role == u"data" && data_path().isEmpty()) choose_asset(role, path);
            else if (role == u"data" && path != data_path()) return;
        m_maker->ask({recorded.artifacts, run.summary, graph_key_of(run.params)});
        return;
    }
    if (run.method != kTrain) {
        if (m_jobs.contains(run.method) || run.state != RunState::finished) return;   // what is under way is newer
        for (const auto& [role, path] : run.assets)
            if (role == u"data" && path != data_path()) return;                        // the last one was of another graph
        if (run.method == kRecordedLayout) {
            bool took = false;
            for (const Artifact& artifact : recorded.artifacts) {
                const bool is_wanted = artifact.key == "positions" && (m_layout.isEmpty() ? m_places.first.empty() : m_layout_is_live);
                if (!is_wanted || (m_graph && tensor_of(artifact).shape.at(0) != m_graph->data->nodes)) continue;
                forget_layout();
                take_places(artifact);
                took = true;
            }
            for (const Artifact& artifact : recorded.artifacts)
                if (took && artifact.key == "hyperedge_positions" && graph_key_of(run.params) == (m_graph ? m_graph_key : graph_key())) take_hyperedge_places(artifact);
            return;
        }
        if (!m_graph || m_graph_key.value("data", Json()) != Json(data_path().toStdString())) {
            m_recorded_early << recorded;
            return;
        }
        m_job_keys[run.method] = run.method == u"hypergraph.embed" ? embedding_key(run.params, learnt_file(run)) : graph_key_of(run.params);
        for (const Artifact& artifact : recorded.artifacts) take_job_artifact(run.method, artifact);
        show_stale();
        return;
    }
    // Parameters are taken over where somebody asked for it, or where nobody has worked here yet.
    const bool takes_form = std::exchange(m_asked_for, {}) == run.uuid || (!m_coming && !m_training && !m_context.panel_state().is_object());
    if (!takes_form && (m_training || m_coming)) return;
    auto training = std::make_shared<Training>();
    training->uuid = run.uuid;
    training->finished = run.state == RunState::finished;
    for (const QString& key : recorded_series()) training->series.set(key, recorded.series.value(key));
    if (run.summary.is_object()) training->summary = run.summary;
    for (const Artifact& artifact : recorded.artifacts) training->take(artifact);
    if (takes_form) {
        m_form->set_values(run.params, tr("Open what made %1").arg(recorded.name()));
        m_coming.reset();
        show_tab(Tab::curves);
    }
    training->params = takes_form ? m_form->values() : run.params;
    training->sources = data_path();
    m_form->set_recorded(training->params);
    m_training = training;
    if (is_graph_stale()) describe();
    show_training();
    show_soon();
}

}
