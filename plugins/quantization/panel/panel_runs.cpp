// What the workspace asks of the engine, and how it takes the answers.
#include "core/base/error.h"
#include "plugins/quantization/panel/learning_view.h"
#include "plugins/quantization/panel/panel.h"
#include "plugins/quantization/panel/source_bar.h"
#include "widgets/asset_chooser.h"
#include "widgets/dock_title.h"
#include "widgets/parameter_form.h"
#include <algorithm>

namespace lathe::quantization {
// --- asking

MethodPanel::Assets Panel::assets() const {
    Assets out;
    if (const QString model = m_source->model()->path(); !model.isEmpty()) out << std::pair(QStringLiteral("model"), model);
    if (const QString data = m_source->data()->path(); !data.isEmpty()) out << std::pair(QStringLiteral("data"), data);
    if (!m_quantizers.isEmpty()) out << std::pair(QStringLiteral("quantizers"), m_quantizers);
    return out;
}

void Panel::choose_asset(const QString& role, const QString& path) {
    if (role == u"model") m_source->model()->choose(path);
    if (role == u"data") m_source->data()->choose(path);
    if (role == u"quantizers") take_quantizers(path);
}

QString Panel::sources() const { return m_source->model()->path() + u'\n' + m_source->data()->path() + u'\n' + m_quantizers; }

/// Families that the method names are classifiers; what the engine does not tell is given a try.
bool Panel::is_classifier() const {
    const QString family = text_fact(m_facts, "family");
    const MethodInfo* evaluate = m_context.catalogue().find("quantization.evaluate");
    return family.isEmpty() || !evaluate || evaluate->families.empty() || std::ranges::find(evaluate->families, family.toStdString()) != evaluate->families.end();
}

bool Panel::is_ready_to_run() const { return !m_source->model()->path().isEmpty() && !m_source->data()->path().isEmpty() && is_classifier() && m_context.catalogue().find("quantization.evaluate"); }

/// The graph and the layers are asked first; a live run waits for them.
void Panel::describe() {
    if (m_source->model()->path().isEmpty() || !m_context.catalogue().find("quantization.describe")) return;
    const RunRequest asked = request("quantization.describe", true);
    Assets model = assets();
    model.removeIf([](const auto& asset) { return asset.first != u"model"; });
    m_describe = m_context.submit(asked, model, QStringLiteral("quantization.describe"));
    m_described_params = asked.params;
    m_description = {};
}

void Panel::send_live() {
    if (m_source->model()->path().isEmpty()) return;
    const bool ready = is_ready_to_run();
    Json wanted = request("quantization.describe", true).params, before = m_described_params;
    if (ready)   // what single layers have comes back with the measurement
        for (Json* params : {&wanted, &before})
            if (params->is_object()) params->erase("layers");
    if (wanted != before) describe();
    if (!ready) return;
    if (!m_facts.is_object()) {
        m_live_waits = true;
        return;
    }
    if (m_result && m_result->finished && !is_stale()) {   // back to what is shown
        if (m_coming && m_coming->live) m_context.cancel(m_coming->uuid);
        if (m_coming && m_coming->live) m_coming.reset();
        return;
    }
    if (m_coming && m_coming->live && m_coming->params == m_form->values() && m_coming->sources == sources()) return;   // just asked
    const QString uuid = m_context.submit(request("quantization.evaluate", true), assets(), QStringLiteral("quantization.evaluate"));
    if (uuid.isEmpty()) return;
    m_coming = std::make_shared<Measurement>();
    m_coming->uuid = uuid;
    m_coming->live = true;
    m_coming->params = m_form->values();
    m_coming->sources = sources();
}

void Panel::run() {
    if (!is_ready_to_run()) {
        if (m_source->model()->path().isEmpty()) m_context.show_message(QStringLiteral("warn"), tr("There is no model."), {}, tr("Open a checkpoint of a classifier, or drop one on the window."));
        else if (!is_classifier())
            m_context.show_message(QStringLiteral("info"), tr("This network is no classifier: only its quantizers are described here."), {}, tr("Measure it in its own workspace, with “Fake quantization” there."));
        else m_context.show_message(QStringLiteral("warn"), tr("There is no data set."), {}, tr("Open a folder with CIFAR-10, idx files, or pictures in folders of classes."));
        return;
    }
    m_form->roll_unlocked_seeds();
    const QString uuid = m_context.submit(request("quantization.evaluate", false), assets(), {});
    if (uuid.isEmpty()) return;
    m_coming = std::make_shared<Measurement>();
    m_coming->uuid = uuid;
    m_coming->params = m_form->values();
    m_coming->sources = sources();
    m_form->set_recorded(m_form->values());
}

// --- answers

void Panel::take_event(const RunEvent& event) {
    const QString uuid = QString::fromStdString(event.run);
    if (const auto* failure = std::get_if<event::Failed>(&event.body)) return failed(uuid, *failure);
    if (uuid == m_describe) return take_description(event);
    if (m_coming && uuid == m_coming->uuid) return take_measurement(event);
    if (const QString method = job_of(uuid); !method.isEmpty()) take_job(method, event);
}

void Panel::take_description(const RunEvent& event) {
    if (const auto* made = std::get_if<event::ArtifactMade>(&event.body)) m_description.take(made->artifact);
    const auto* done = std::get_if<event::Finished>(&event.body);
    if (!done) return;
    m_facts = done->summary.is_object() ? done->summary : Json::object();
    m_description.facts = m_facts;
    if (m_description.layers.isEmpty() && !m_description.nodes.isEmpty()) {   // an engine that tells the nodes only: those with weights are the layers
        for (const NodeRow& node : std::as_const(m_description.nodes))
            if (node.weight_bits > 0) {
                LayerRow row;
                row.node = node.node;
                row.layer = node.layer;
                row.type = node.type;
                row.input = node.inputs.value(0);
                row.weight_bits = node.weight_bits;
                const NodeRow* input = m_description.node(row.input);
                row.activation_bits = input ? input->activation_bits : 0;
                row.weight.scheme = node.weight_scheme;
                m_description.layers << row;
            }
    }
    m_description.keep_calibrated(m_network);
    adopt(m_description, m_described_params);
    find_sensitivity();
    find_tried();
    if (std::exchange(m_live_waits, false) || (is_live() && is_ready_to_run() && !m_coming && (!m_result || is_stale()))) send_live();
}

/// Layers and ranges are shown as soon as they are there; the accuracy follows.
void Panel::take_measurement(const RunEvent& event) {
    const bool something = m_coming->take(event);
    if (const auto* progress = std::get_if<event::Progress>(&event.body); progress && progress->total > 0)
        m_context.set_dock_hint(QStringLiteral("result"), tr("%1 % · %2").arg(int(100 * progress->done / progress->total)).arg(QString::fromStdString(progress->note)));
    if (!something) return;
    if (m_coming->finished) return finished(std::exchange(m_coming, nullptr));
    const auto* made = std::get_if<event::ArtifactMade>(&event.body);
    if (made && made->artifact.key == "input_histograms" && m_coming->params == m_form->values()) {
        Network network = m_coming->network;
        network.facts = m_network.facts;
        network.keep_calibrated(m_network);
        adopt(network, m_coming->params);
    }
}

void Panel::adopt(const Network& network, const Json& params) {
    m_network = network;
    take_own_bits(network, params);
    show_soon();
}

void Panel::finished(const std::shared_ptr<Measurement>& measurement) {
    m_result = measurement;
    if (measurement->has_layers) {
        Network network = measurement->network;
        network.keep_calibrated(m_network);
        if (network.nodes.isEmpty()) network.nodes = m_network.nodes;
        if (m_network.facts.is_object() && network.facts.is_object())   // of the description: family, warnings
            for (const auto& [key, value] : m_network.facts.items())
                if (!network.facts.contains(key)) network.facts[key] = value;
        m_network = network;
        take_own_bits(network, measurement->params);
    }
    refresh_assignment();
    if (!std::isnan(measurement->top1()) && !is_stale()) {
        const Costs costs = costs_of(m_network, m_assignment);
        add_tried({measurement->params, costs.bytes, costs.bitops, measurement->top1()});
        save_soon();
    }
    show_soon();
}

void Panel::failed(const QString& uuid, const event::Failed& failure) {
    const QString method = job_of(uuid);
    const bool is_coming = m_coming && uuid == m_coming->uuid;
    if (!is_coming && uuid != m_describe && method.isEmpty()) return;
    tell_failure(failure);
    if (is_coming) m_coming.reset();
    if (uuid == m_describe && m_network.is_empty()) m_layers->title()->set_loading(false);
    show_stale();
}

void Panel::run_ended(const QString& uuid, RunState state) {
    if (m_coming && uuid == m_coming->uuid && state != RunState::finished) m_coming.reset();
    if (const QString method = job_of(uuid); !method.isEmpty()) job_ended(method);
    if (uuid == m_describe) m_describe.clear();
    show_stale();
}

// --- recorded

QStringList Panel::opened_methods() const {
    // The measurement first: the others are shown where they are of its model.
    return QStringList{QStringLiteral("quantization.evaluate"), QStringLiteral("quantization.compare"), QStringLiteral("quantization.deploy")} + LearningView::methods();
}
QStringList Panel::recorded_series() const { return {QStringLiteral("reconstruction_loss"), QStringLiteral("rounding_loss"), QStringLiteral("loss"), QStringLiteral("top1")}; }

void Panel::show_recorded(const RecordedRun& recorded) {
    if (recorded.run.method != u"quantization.evaluate") {
        if (m_jobs.contains(recorded.run.method)) return;   // what is under way is newer
        if (std::exchange(m_asked_for, {}) == recorded.run.uuid)
            for (const auto& [role, path] : recorded.run.assets) choose_asset(role, path);
        for (const auto& [role, path] : recorded.run.assets)
            if (role == u"model" && path != m_source->model()->path()) return;   // on opening: the last one was of another model
        for (const Artifact& artifact : recorded.artifacts) take_job_artifact(recorded.run.method, artifact);
        for (const QString& key : recorded_series()) m_learning->show_series(recorded.run.method, key, recorded.series.value(key));
        m_sensitivity_coming.set_params(recorded.run.params);
        if (recorded.run.state == RunState::finished) job_finished(recorded.run.method, recorded.run.params, recorded.run.summary);
        return;
    }
    auto measurement = std::make_shared<Measurement>();
    measurement->uuid = recorded.run.uuid;
    measurement->finished = recorded.run.state == RunState::finished;
    for (const char* first : {"nodes", "layers"})   // the rest belongs to their rows
        for (const Artifact& artifact : recorded.artifacts)
            if (artifact.key == first) measurement->take(artifact);
    for (const Artifact& artifact : recorded.artifacts)
        if (artifact.key != "nodes" && artifact.key != "layers") measurement->take(artifact);
    if (recorded.run.summary.is_object()) measurement->summary = measurement->network.facts = recorded.run.summary;
    if (std::ranges::find(recorded.run.assets, QStringLiteral("quantizers"), &std::pair<QString, QString>::first) == recorded.run.assets.end()) take_quantizers({});
    m_form->set_values(recorded.run.params, tr("Open what made %1").arg(recorded.name()));
    measurement->params = m_form->values();
    measurement->sources = sources();
    m_coming.reset();
    m_form->set_recorded(m_form->values());
    finished(measurement);
    find_sensitivity();   // the model may be the one that was chosen before the project was opened
}

}
