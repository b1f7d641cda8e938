// The set of models and the strip of pictures: asking, listening, and what the project has of them.
#include "plugins/vit_merge/panel/accuracy_view.h"
#include "plugins/vit_merge/panel/confusion_view.h"
#include "plugins/vit_merge/panel/inspector_view.h"
#include "plugins/vit_merge/panel/panel.h"
#include "plugins/vit_merge/panel/source_bar.h"
#include "plugins/vit_merge/panel/sweep_view.h"
#include "plugins/vit_merge/panel/training_view.h"
#include "widgets/asset_chooser.h"
#include "widgets/parameter_form.h"
#include <QFileInfo>
#include <algorithm>

namespace lathe::vit_merge {
namespace {

const QString kStrip = QStringLiteral("vit_merge.strip");
/// What the description depends on; gated blocks are found here, so m and tau are not among them.
const char* const kDescribed[] = {"models", "scope", "similarity", "task_vectors"};

/// What the inspector asked for by itself (Panel::ask_difference): nobody looked at two models.
bool is_inspected_difference(const PanelRun& run) { return run.method == u"vit_merge.compare" && texts_fact(run.params, "what") == QStringList{QStringLiteral("layers")}; }

}

MethodPanel::Assets Panel::assets() const {
    Assets out;
    for (const auto& [role, chooser] : {std::pair("set", m_source->set()), std::pair("data", m_source->data()), std::pair("gate", m_gate)})
        if (!chooser->path().isEmpty()) out << std::pair(QString::fromLatin1(role), chooser->path());
    return out;
}

void Panel::choose_asset(const QString& role, const QString& path) {
    if (role == u"set") m_source->set()->choose(path);
    else if (role == u"data") m_source->data()->choose(path);
    else if (role == u"gate") m_gate->choose(path);
}

bool Panel::has_models() const {
    if (!m_source->set()->path().isEmpty()) return true;
    const QList<ModelEntry> rows = models_from(m_form->value(QStringLiteral("models")), {});
    return std::ranges::any_of(rows, [](const ModelEntry& entry) { return !entry.path.isEmpty(); });
}

Json Panel::source_key() const {
    Json out = Json::object();
    for (const auto& [role, path] : assets()) out[role.toStdString()] = path.toStdString();
    return out;
}

Json Panel::describe_key() const {
    Json out = source_key();
    out.erase("data");
    for (const char* id : kDescribed)
        if (m_form->values().contains(id)) out[id] = m_form->values()[id];
    return out;
}

Json Panel::strip_key(const Json& params) const { return {{"source", source_key()}, {"params", params}}; }

Json Panel::job_key(const QString& method, const QString& axis, const Json& params) const {
    QStringList without{QStringLiteral("pictures"), QStringLiteral("first"), QStringLiteral("files"), QStringLiteral("tasks")};   // of the strip alone
    if (method == u"vit_merge.sweep") without << (axis == u"m" || axis == u"tau" ? QStringList{QStringLiteral("m"), QStringLiteral("tau")} : QStringList{axis});
    else without << QStringLiteral("method");              // it measures several
    Json own = Json::object();
    for (const Parameter& parameter : m_form->parameters())
        if (params.is_object() && params.contains(parameter.id) && !without.contains(QString::fromStdString(parameter.id))) own[parameter.id] = params[parameter.id];
    return {{"source", source_key()}, {"params", own}};
}

bool Panel::is_stale() const { return m_strip.finished && m_strip.key != strip_key(m_form->values()); }

bool Panel::wants_live() const { return has_models() && (is_stale() || !m_strip.finished); }

bool Panel::is_ready_to_run() const { return has_models() && m_context.catalogue().find("vit_merge.strip"); }

void Panel::describe() {
    m_describe_soon.stop();
    if (m_keys_wait && !m_form->parameters().empty()) {    // now it can be told whether what was read is of these parameters
        m_keys_wait = false;
        find_measured();
    }
    if (!has_models() || !m_context.catalogue().find("vit_merge.describe")) return;
    const Json key = describe_key();
    if (key == m_description.key || (!m_describe.isEmpty() && m_description_coming.key == key)) {
        if (m_description.depth() > 0) limit_m(m_description.depth());   // the catalogue may have come anew
        if (wants_live() && is_live() && m_strip_coming.uuid.isEmpty()) send_live();
        return;
    }
    m_description_coming = {};
    m_description_coming.key = key;
    m_describe = m_context.submit(request("vit_merge.describe", true), assets(), QStringLiteral("vit_merge.describe"));
    show_facts();
}

void Panel::send_live() {
    if (!has_models() || !m_context.catalogue().find("vit_merge.strip")) return;
    if (describe_key() != m_description.key && m_describe.isEmpty()) describe();
    const Json key = strip_key(m_form->values());
    if (!m_strip_coming.uuid.isEmpty()) {
        if (m_strip_coming.key == key) return;             // just asked
    } else if (m_strip.finished && m_strip.key == key) {
        return;                                            // back to what is shown
    }
    m_strip_coming = {};
    m_strip_coming.key = key;
    m_strip_coming.uuid = m_context.submit(request("vit_merge.strip", true), assets(), kStrip);
}

void Panel::run() {
    if (!is_ready_to_run()) {
        if (!has_models()) m_context.show_message(QStringLiteral("warn"), tr("There are no models."), {}, tr("Open a set, add models, or drop them on the window."));
        else m_context.show_message(QStringLiteral("warn"), tr("This engine does not know vit_merge.strip."), {}, tr("Help > Plugins says what is loaded."));
        return;
    }
    m_form->roll_unlocked_seeds();
    m_strip_coming = {};
    m_strip_coming.key = strip_key(m_form->values());
    m_strip_coming.uuid = m_context.submit(request("vit_merge.strip", false), assets(), {});
    m_form->set_recorded(m_form->values());
    show_stale();
}

// --- answers

void Panel::take_event(const RunEvent& event) {
    const QString uuid = QString::fromStdString(event.run);
    if (const auto* failure = std::get_if<event::Failed>(&event.body)) return failed(uuid, *failure);
    if (uuid == m_describe) return take_description(event);
    if (!m_strip_coming.uuid.isEmpty() && uuid == m_strip_coming.uuid) return take_strip(event);
    if (uuid == m_inspect) {
        if (const auto* made = std::get_if<event::ArtifactMade>(&event.body)) m_inspector->take(made->artifact);
        return;
    }
    if (uuid == m_difference) {
        const auto* made = std::get_if<event::ArtifactMade>(&event.body);
        if (made && made->artifact.key == "layers") m_inspector->show_difference(made->artifact, m_difference_model);
        return;
    }
    if (const QString method = job_of(uuid); !method.isEmpty()) take_job(method, event);
}

void Panel::take_description(const RunEvent& event) {
    if (const auto* made = std::get_if<event::ArtifactMade>(&event.body)) m_description_coming.take(made->artifact);
    const auto* done = std::get_if<event::Finished>(&event.body);
    if (!done) return;
    m_description_coming.finish(done->summary);
    m_description = m_description_coming;
    adopt_description();
    save_soon();
    if (m_description.has_error())
        for (const FindingRow& finding : m_description.findings)
            if (finding.level == u"error") return m_context.show_message(QStringLiteral("err"), finding.what, {}, finding.hint);   // one names the rest below the parameters
    if (!m_model.isEmpty()) ask_difference();
    if (is_live() && wants_live()) send_live();
}

void Panel::take_strip(const RunEvent& event) {
    if (!m_strip_coming.take(event)) return;
    m_strip = m_strip_coming;
    adopt_strip();
    if (!m_picture.is_none()) m_inspect_soon.start();      // not while a slider moves
    show_soon();
}

void Panel::failed(const QString& uuid, const event::Failed& failure) {
    const bool is_strip = !m_strip_coming.uuid.isEmpty() && uuid == m_strip_coming.uuid;
    if (!is_strip && uuid != m_describe && uuid != m_inspect && uuid != m_difference && job_of(uuid).isEmpty()) return;
    if (uuid != m_difference) tell_failure(failure);       // nobody asked for that one
    show_stale();
}

void Panel::run_ended(const QString& uuid, RunState) {
    if (!m_strip_coming.uuid.isEmpty() && uuid == m_strip_coming.uuid) m_strip_coming = {};
    if (uuid == m_describe) m_describe.clear();
    if (uuid == m_inspect) {
        m_inspect.clear();
        m_inspector->set_running(false);
    }
    if (uuid == m_difference) m_difference.clear();
    if (const QString method = job_of(uuid); !method.isEmpty()) {
        m_jobs.remove(method);
        job_progress(method, {});
    }
    show_soon();
}

// --- recorded

QStringList Panel::opened_methods() const {
    return QStringList{kStrip, QStringLiteral("vit_merge.evaluate"), QStringLiteral("vit_merge.sweep"), QStringLiteral("vit_merge.compare")} + TrainingView::methods();
}

QStringList Panel::recorded_series() const {
    return {QStringLiteral("merge_ms"), QStringLiteral("forward_ms"), QStringLiteral("gate_ms"), QStringLiteral("loss"), QStringLiteral("train_loss"), QStringLiteral("test_loss"), QStringLiteral("accuracy"), QStringLiteral("train_accuracy"),
        QStringLiteral("test_accuracy")};
}

/// What the project has of this set: the newest evaluation and comparison, and the newest sweep of each axis.
void Panel::find_measured() {
    const QString set = m_source->set()->path();
    if (set.isEmpty() || !m_context.has_project()) return;
    constexpr int kRunsLookedAt = 20;
    read_newest(QStringLiteral("vit_merge.evaluate"), QStringLiteral("set"), set);
    find_runs(QStringLiteral("vit_merge.compare"), QStringLiteral("set"), set, kRunsLookedAt, [this](const QList<PanelRun>& found) {
        const auto whole = std::ranges::find_if(found, [](const PanelRun& run) { return !is_inspected_difference(run); });
        if (whole != found.end()) read_recorded(whole->uuid, false);
    });
    find_runs(QStringLiteral("vit_merge.sweep"), QStringLiteral("set"), set, kRunsLookedAt, [this](const QList<PanelRun>& found) {
        QStringList axes;
        for (const PanelRun& run : found)
            if (const QString axis = text_fact(run.params, "axis"); !axes.contains(axis)) {
                axes << axis;
                read_recorded(run.uuid, false);
            }
    });
}

void Panel::show_recorded(const RecordedRun& recorded) {
    const PanelRun& run = recorded.run;
    if (run.method != kStrip) {
        if (m_jobs.contains(run.method) || run.state != RunState::finished) return;   // what is under way is newer
        const bool is_training = TrainingView::methods().contains(run.method);
        const bool asked = m_asked_for.removeAll(run.uuid) > 0;
        if (!asked && is_inspected_difference(run)) return;
        for (const auto& [role, path] : run.assets)
            if (!asked && !is_training && role == u"set" && QFileInfo(path) != QFileInfo(m_source->set()->path())) return;   // the last one was of another set
        if (run.method == u"vit_merge.sweep") m_sweep_axis = text_fact(run.params, "axis");
        m_job_keys[run.method] = job_key(run.method, m_sweep_axis, run.params);
        m_keys_wait = m_keys_wait || m_form->parameters().empty();
        if (run.method == u"vit_merge.compare") m_compare->choose(text_fact(run.params, "first"), text_fact(run.params, "second"));   // whose numbers they are
        for (const Artifact& artifact : recorded.artifacts) take_job_artifact(run.method, artifact);
        if (is_training) {
            for (const Artifact& artifact : recorded.artifacts) m_training->take(run.method, artifact);
            for (auto series = recorded.series.cbegin(); series != recorded.series.cend(); ++series) m_training->show_series(run.method, series.key(), series.value());
            m_training->finish(run.method, run.summary);
        }
        if (asked) show_tab(is_training ? Tab::training : run.method == u"vit_merge.compare" ? Tab::compare : Tab::accuracy);
        return show_stale();
    }
    // Parameters are taken over where somebody asked for it, or where nobody has worked here yet.
    const bool takes_form = m_asked_for.removeAll(run.uuid) > 0 || !m_context.panel_state().is_object();
    if (!takes_form && (m_strip.finished || !m_strip_coming.uuid.isEmpty())) return;
    Strip strip;
    strip.uuid = run.uuid;
    if (run.summary.is_object()) strip.summary = run.summary;
    for (const Artifact& artifact : recorded.artifacts) strip.take(artifact);
    for (const char* key : {"merge_ms", "forward_ms", "gate_ms"})
        if (const auto points = recorded.series.value(QString::fromLatin1(key)); !points.isEmpty()) strip.metrics[QString::fromLatin1(key)] = points.last().second;
    strip.assemble();
    if (takes_form) m_form->set_values(run.params, tr("Open what made %1").arg(recorded.name()));
    strip.key = strip_key(takes_form ? m_form->values() : run.params);
    m_form->set_recorded(takes_form ? m_form->values() : run.params);
    m_strip = strip;
    adopt_strip();
    if (takes_form) describe();
    show_soon();
}

}
