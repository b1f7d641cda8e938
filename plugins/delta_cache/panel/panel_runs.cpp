// What the workspace asks of the engine, and how it takes the answers.
#include "core/base/error.h"
#include "plugins/delta_cache/panel/cost_view.h"
#include "plugins/delta_cache/panel/history_view.h"
#include "plugins/delta_cache/panel/model_chooser.h"
#include "plugins/delta_cache/panel/panel.h"
#include "plugins/delta_cache/panel/roles_view.h"
#include "plugins/delta_cache/panel/schedule_view.h"
#include "viewers/image_compare.h"
#include "widgets/cache_map.h"
#include "widgets/parameter_form.h"
#include <QFileInfo>
#include <cmath>

namespace lathe::delta_cache {

// --- asking

MethodPanel::Assets Panel::assets() const {
    if (m_model->path().isEmpty()) return {};
    return {{QStringLiteral("model"), m_model->path()}};
}

void Panel::choose_asset(const QString& role, const QString& path) {
    if (role == u"model") m_model->choose(path);
}

bool Panel::is_ready_to_run() const { return !m_model->path().isEmpty() && m_context.catalogue().find("delta_cache.sample"); }

/// What depends on the model (limits, classes, the height of the map) is asked first; a live run waits for it.
void Panel::describe() {
    if (m_model->path().isEmpty() || !m_context.catalogue().find("delta_cache.describe")) return;
    m_describe = m_context.submit(request("delta_cache.describe", true), assets(), QStringLiteral("delta_cache.describe"));
}

void Panel::send_live() {
    if (!is_ready_to_run()) return;
    if (!m_facts.is_object()) {
        m_live_waits = true;
        return;
    }
    if (m_result && m_result->finished && !is_stale()) {   // back to what is shown, or just taken over from it
        if (m_coming && m_coming->live) m_context.cancel(m_coming->uuid);
        if (m_coming && m_coming->live) m_coming.reset();
        return;
    }
    if (m_coming && m_coming->live && m_coming_sent == m_form->values()) return;   // just asked
    const RunRequest asked = request("delta_cache.sample", true);
    const QString uuid = m_context.submit(asked, assets(), QStringLiteral("delta_cache.sample"));
    if (uuid.isEmpty()) return;
    m_coming = std::make_shared<SampleResult>();
    m_coming->uuid = uuid;
    m_coming->live = true;
    m_coming->params = m_coming_sent = m_form->values();
    if (m_compare->wants_control() && !m_form->is_dragging()) send_control();
}

/// The same image with the hidden state itself reused: by the stage rule, as a painted map has no such form.
void Panel::send_control() {
    if (!m_facts.is_object() || m_model->path().isEmpty()) return;
    RunRequest asked = request("delta_cache.sample", true);
    asked.params["policy"] = "feature";
    const QString uuid = m_context.submit(asked, assets(), QStringLiteral("delta_cache.control"));
    if (uuid.isEmpty()) return;
    m_control = std::make_shared<SampleResult>();
    m_control->uuid = uuid;
    m_control->params = asked.params;
    m_compare->set_control_speedup(schedule_of(asked.params, steps(), depth()).speedup());
}

void Panel::run() {
    if (m_model->path().isEmpty()) {
        m_context.show_message(QStringLiteral("warn"), tr("There is no model."), {}, tr("Open a DiT checkpoint, or drop one on the window."));
        return;
    }
    m_form->roll_unlocked_seeds();
    const QString uuid = m_context.submit(request("delta_cache.sample", false), assets(), {});
    if (uuid.isEmpty()) return;
    m_coming = std::make_shared<SampleResult>();
    m_coming->uuid = uuid;
    m_coming->params = m_coming_sent = m_form->values();
    m_form->set_recorded(m_form->values());
}

void Panel::run_study() {
    if (!m_study.isEmpty()) return;
    RunRequest asked = request("delta_cache.study", false);
    m_study = m_context.submit(asked, assets(), {});
    if (!m_study.isEmpty()) m_roles->set_running(tr("Waiting for the engine…"));
}

// --- answers

void Panel::take_event(const RunEvent& event) {
    const QString uuid = QString::fromStdString(event.run);
    if (const auto* failure = std::get_if<event::Failed>(&event.body)) return failed(uuid, *failure);
    if (uuid == m_describe) {
        if (const auto* done = std::get_if<event::Finished>(&event.body)) take_facts(done->summary);
        return;
    }
    if (uuid == m_study) {
        if (const auto* made = std::get_if<event::ArtifactMade>(&event.body); made && made->artifact.key == "roles") m_roles->show_roles(made->artifact);
        if (const auto* progress = std::get_if<event::Progress>(&event.body); progress && progress->total > 0)
            m_roles->set_running(tr("%1 % · %2").arg(int(100 * progress->done / progress->total)).arg(QString::fromStdString(progress->note)));
        return;
    }
    if (m_control && uuid == m_control->uuid) {
        m_control->take(event);
        return show_soon();
    }
    const Result taker = m_coming && uuid == m_coming->uuid ? m_coming : m_result && uuid == m_result->uuid ? m_result : nullptr;
    if (!taker) return;
    taker->take(event);
    if (taker == m_coming && (taker->newest >= 0 || taker->finished)) {   // the first picture takes the place of the old ones
        if (m_result && m_result->finished) m_before = m_result;
        m_result = m_coming;
        m_coming.reset();
        m_schedule->map()->clear_previews();
    }
    if (std::holds_alternative<event::Finished>(event.body)) finished(taker);
    if (taker == m_result) show_soon();
}

void Panel::take_facts(const Json& summary) {
    m_facts = summary.value("model", Json::object());
    m_macs_block = summary.value("macs_block", 0.0);
    m_macs_outside = summary.value("macs_outside", 0.0);
    const double blocks = m_macs_block * depth();
    m_schedule->set_block_share(blocks > 0 ? blocks / (blocks + m_macs_outside) : 1);
    m_model->set_facts(m_facts);
    const bool stale = is_stale();
    m_fitting = true;
    m_form->set_facts({m_facts});
    m_fitting = false;
    if (m_result && !stale) m_result->params = m_form->values();   // values fitted to the model are no change
    parameters_changed();
    if (std::exchange(m_live_waits, false) || (is_live() && !m_coming && (!m_result || was_stopped()))) send_live();
}

void Panel::finished(const Result& result) {
    m_cost->show_result(*result, m_before && m_before != result ? m_before.get() : nullptr);
    m_kept.insert(result->uuid, result);
    m_kept_order.removeAll(result->uuid);
    m_kept_order << result->uuid;
    while (m_kept_order.size() > 3 * HistoryView::kKept) m_kept.remove(m_kept_order.takeFirst());
    if (!result->live) return;
    const auto predicted = result->number("speedup_predicted");
    m_history->add({result->uuid, predicted ? QStringLiteral("%1 ×").arg(*predicted, 0, 'f', 2) : QString(), result->final_variant.to_image()});
}

void Panel::failed(const QString& uuid, const event::Failed& failure) {
    const bool ours = (m_coming && uuid == m_coming->uuid) || (m_result && uuid == m_result->uuid) || (m_control && uuid == m_control->uuid) || uuid == m_describe || uuid == m_study;
    if (!ours) return;
    tell_failure(failure);
    if (m_coming && uuid == m_coming->uuid) m_coming.reset();
    if (uuid == m_describe) m_images->set_empty_text(tr("The model could not be opened. Choose another one."));
}

void Panel::run_ended(const QString& uuid, RunState state) {
    if (uuid == m_study) {
        m_study.clear();
        m_roles->set_running({});
    }
    if (m_coming && uuid == m_coming->uuid && state != RunState::finished) m_coming.reset();
    for (const Result& result : {m_result, m_control})
        if (result && uuid == result->uuid && state != RunState::finished) result->stopped = true;
    show_soon();
}

void Panel::pin() {
    if (!m_result || !m_result->live || !m_result->finished) {
        m_context.show_message(QStringLiteral("info"), tr("There is no finished live result to pin."), {}, tr("Recorded runs are kept anyway."));
        return;
    }
    m_context.pin_live(m_result->uuid);
    m_history->set_pinned(m_result->uuid);
}

void Panel::choose_result(const QString& uuid) {
    const Result chosen = m_kept.value(uuid);
    if (!chosen) return;
    if (m_result && m_result->finished && m_result != chosen) m_before = m_result;
    m_result = chosen;
    m_coming.reset();
    m_step = -1;
    m_form->set_values(chosen->params, tr("Take over a live result"));
    m_schedule->map()->clear_previews();
    m_cost->show_result(*chosen, m_before.get());
    show_now();
}

// --- kept

QStringList Panel::opened_methods() const { return {QStringLiteral("delta_cache.study"), QStringLiteral("delta_cache.sample")}; }
QStringList Panel::recorded_series() const { return {QStringLiteral("deviation.rel_l2")}; }

/// Parameters and pictures of a recorded run; of a study its table.
void Panel::show_recorded(const RecordedRun& recorded) {
    for (const Artifact& artifact : recorded.artifacts)
        if (artifact.key == "roles") m_roles->show_roles(artifact);
    if (recorded.run.method != u"delta_cache.sample") return;
    auto result = std::make_shared<SampleResult>();
    result->uuid = recorded.run.uuid;
    result->finished = recorded.run.state == RunState::finished;
    for (const Artifact& artifact : recorded.artifacts) result->take(artifact);
    for (const auto& [step, value] : recorded.series.value(QStringLiteral("deviation.rel_l2"))) {
        result->steps << step;
        result->deviation << value * 100;
    }
    if (recorded.run.summary.is_object()) result->summary = recorded.run.summary;
    m_form->set_values(recorded.run.params, tr("Open what made %1").arg(recorded.name()));
    result->params = m_form->values();
    m_before = m_result && m_result->finished ? m_result : nullptr;
    m_result = result;
    m_coming.reset();
    m_step = -1;
    m_form->set_recorded(m_form->values());
    m_schedule->map()->clear_previews();
    m_cost->show_result(*result, m_before.get());
    show_now();
}

void Panel::load(const Json& state) {
    m_history->set_note(QString::fromStdString(state.value("note", std::string())));
    m_compare->set_wants_control(state.value("control", false));
    m_images->set_gain(state.value("gain", 4.0));
    m_images->set_signed(state.value("signed", true));
    m_saved.clear();
    for (const Json& preset : state.value("presets", Json::array()))
        if (preset.is_object() && preset.contains("params")) m_saved << Preset{QString::fromStdString(preset.value("name", std::string())), preset["params"], 1};
    m_model->set_recent(texts_of(state.value("recent", Json())));
    if (const QString model = QString::fromStdString(state.value("model", std::string())); QFileInfo::exists(model)) m_model->choose(model);
}

Json Panel::state() const {
    Json presets = Json::array();
    for (const Preset& preset : m_saved) presets.push_back({{"name", preset.name.toStdString()}, {"params", preset.params}});
    return {{"model", m_model->path().toStdString()}, {"recent", array_of(m_model->recent())}, {"note", m_history->note().toStdString()}, {"control", m_compare->wants_control()}, {"gain", m_images->gain()},
        {"signed", m_images->is_signed()}, {"presets", presets}};
}

}
