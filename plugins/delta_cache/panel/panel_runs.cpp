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
#include <QUuid>
#include <cmath>

namespace lathe::delta_cache {
namespace {

constexpr int kStateVersion = 1;

}

// --- asking

RunRequest Panel::request(const char* method, bool live) const {
    RunRequest request;
    request.uuid = QUuid::createUuid().toString(QUuid::WithoutBraces).toStdString();
    request.method = method;
    if (const MethodInfo* info = m_context.catalogue().find(method)) {
        request.version = info->version;
        for (const Parameter& p : info->parameters)
            if (m_form->values().contains(p.id)) request.params[p.id] = m_form->values()[p.id];
    }
    request.seed = request.params.value("seed", std::int64_t{0});
    request.lane = live ? Lane::live : Lane::batch;
    return request;
}

QList<std::pair<QString, QString>> Panel::assets() const {
    if (m_model->path().isEmpty()) return {};
    return {{QStringLiteral("model"), m_model->path()}};
}

/// What depends on the model (limits, classes, the height of the map) is asked first; a live run waits for it.
void Panel::describe_model() {
    if (m_model->path().isEmpty() || !m_context.catalogue().find("delta_cache.describe")) return;
    m_describe = m_context.submit(request("delta_cache.describe", true), assets(), QStringLiteral("delta_cache.describe"));
}

void Panel::send_live() {
    if (m_model->path().isEmpty() || !m_context.catalogue().find("delta_cache.sample")) return;
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

void Panel::open_model(const QString& path) { m_model->choose(path); }

// --- answers

void Panel::take_event(const RunEvent& event) {
    const QString uuid = QString::fromStdString(event.run);
    if (const auto* failure = std::get_if<event::Failed>(&event.body)) return failed(uuid, *failure);
    try {
        if (uuid == m_describe) {
            if (const auto* done = std::get_if<event::Finished>(&event.body)) {
                m_facts = done->summary.value("model", Json::object());
                m_macs_block = done->summary.value("macs_block", 0.0);
                m_macs_outside = done->summary.value("macs_outside", 0.0);
                const double blocks = m_macs_block * depth();
                m_schedule->set_block_share(blocks > 0 ? blocks / (blocks + m_macs_outside) : 1);
                m_model->set_facts(m_facts);
                const bool stale = is_stale();
                m_loading = true;
                m_form->set_facts({m_facts});
                m_loading = false;
                if (m_result && !stale) m_result->params = m_form->values();   // values fitted to the model are no change
                parameters_changed();
                if (std::exchange(m_live_waits, false) || (m_live && !m_coming && (!m_result || was_stopped()))) send_live();
            }
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
    } catch (const Error& error) {
        m_context.show_message(QStringLiteral("err"), QString::fromStdString(error.summary()), QString::fromStdString(error.where()), QString::fromStdString(error.hint()));
    }
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
    const QString where = QString::fromStdString(failure.where), what = QString::fromStdString(failure.what);
    for (const Parameter& p : m_form->parameters())
        if (where.startsWith(QString::fromStdString(p.id) + u' ') || where == QString::fromStdString(p.id)) m_form->set_error(QString::fromStdString(p.id), what);
    m_context.show_message(QStringLiteral("err"), what, where, QString::fromStdString(failure.hint));
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

namespace {

/// All that is kept of one run. On a worker thread: a project may hold many runs, and pictures are decoded.
std::shared_ptr<RecordedRun> read_run(const PanelContext& context, const QString& uuid) {
    auto out = std::make_shared<RecordedRun>();
    try {
        const QList<PanelRun> runs = context.runs(QStringLiteral("method:delta_cache.sample"), 100'000);
        const auto found = std::find_if(runs.begin(), runs.end(), [&uuid](const PanelRun& run) { return run.uuid == uuid; });
        if (found != runs.end()) out->run = *found;
        out->artifacts = context.artifacts(uuid);
        if (found == runs.end()) return out;
        out->deviation = context.series(uuid, QStringLiteral("deviation.rel_l2"));
    } catch (const Error& error) {
        out->problem = error;
    }
    return out;
}

}

/// Parameters and pictures of a recorded run; of a study its table.
void Panel::restore_run(const QString& uuid) { read_recorded(uuid, true); }

void Panel::read_recorded(const QString& uuid, bool undoable) {
    m_readers.start([this, uuid, undoable, context = &m_context] {   // the pool ends before this does
        auto read = read_run(*context, uuid);
        QMetaObject::invokeMethod(this, [this, read, undoable] {
            if (!undoable) m_form->set_undo_stack(nullptr);
            show_recorded(*read);
            m_form->set_undo_stack(m_context.undo_stack());
        }, Qt::QueuedConnection);
    });
}

void Panel::show_recorded(const RecordedRun& recorded) {
    try {
        if (recorded.problem) throw *recorded.problem;
        for (const Artifact& artifact : recorded.artifacts)
            if (artifact.key == "roles") m_roles->show_roles(artifact);
        if (recorded.run.uuid.isEmpty()) return;
        auto result = std::make_shared<SampleResult>();
        result->uuid = recorded.run.uuid;
        result->finished = recorded.run.state == RunState::finished;
        for (const Artifact& artifact : recorded.artifacts) result->take(artifact);
        for (const auto& [step, value] : recorded.deviation) {
            result->steps << step;
            result->deviation << value * 100;
        }
        if (recorded.run.summary.is_object()) result->summary = recorded.run.summary;
        m_form->set_values(recorded.run.params, tr("Open what made %1").arg(recorded.run.title.isEmpty() ? tr("run #%1").arg(recorded.run.id) : recorded.run.title));
        result->params = m_form->values();
        m_before = m_result && m_result->finished ? m_result : nullptr;
        m_result = result;
        m_coming.reset();
        m_step = -1;
        m_form->set_recorded(m_form->values());
        m_schedule->map()->clear_previews();
        m_cost->show_result(*result, m_before.get());
        show_now();
    } catch (const Error& error) {
        m_context.show_message(QStringLiteral("err"), QString::fromStdString(error.summary()), QString::fromStdString(error.where()), QString::fromStdString(error.hint()));
    }
}

/// A project that was opened: its state; its newest study; and where it was never worked in here, its newest run.
void Panel::project_opened() {
    load_state();
    if (!m_context.has_project()) return;
    const bool fresh = !m_context.panel_state().is_object();
    m_readers.start([this, fresh, context = &m_context] {
        QString study, sample;
        try {
            if (const auto runs = context->runs(QStringLiteral("method:delta_cache.study and state:finished"), 1); !runs.isEmpty()) study = runs.first().uuid;
            if (const auto runs = fresh ? context->runs(QStringLiteral("method:delta_cache.sample and state:finished"), 1) : QList<PanelRun>(); !runs.isEmpty()) sample = runs.first().uuid;
        } catch (const Error&) {
            return;   // the project was closed meanwhile
        }
        QMetaObject::invokeMethod(this, [this, study, sample] {
            for (const QString& uuid : {study, sample})
                if (!uuid.isEmpty()) read_recorded(uuid, false);
        }, Qt::QueuedConnection);
    });
}

void Panel::load_state() {
    const Json state = m_context.panel_state();
    if (!state.is_object() || state.value("version", 0) != kStateVersion) return;
    m_loading = true;
    m_form->set_undo_stack(nullptr);   // opening is nothing to undo
    if (const Json params = state.value("params", Json()); params.is_object() && !m_form->parameters().empty() && params != m_form->values()) m_form->set_values(params, tr("Open the project"));
    m_history->set_note(QString::fromStdString(state.value("note", std::string())));
    m_compare->set_wants_control(state.value("control", false));
    m_images->set_gain(state.value("gain", 4.0));
    m_images->set_signed(state.value("signed", true));
    m_saved.clear();
    for (const Json& preset : state.value("presets", Json::array()))
        if (preset.is_object() && preset.contains("params")) m_saved << Preset{QString::fromStdString(preset.value("name", std::string())), preset["params"], 1};
    QStringList recent;
    for (const Json& path : state.value("recent", Json::array()))
        if (path.is_string()) recent << QString::fromStdString(path.get<std::string>());
    m_model->set_recent(recent);
    if (const std::string model = state.value("model", std::string()); !model.empty()) m_model->choose(QString::fromStdString(model));
    m_form->set_undo_stack(m_context.undo_stack());
    m_loading = false;
    parameters_changed();
}

void Panel::save_state() {
    if (!m_context.has_project() || m_form->parameters().empty()) return;
    Json presets = Json::array(), recent = Json::array();
    for (const Preset& preset : m_saved) presets.push_back({{"name", preset.name.toStdString()}, {"params", preset.params}});
    for (const QString& path : m_model->recent()) recent.push_back(path.toStdString());
    m_context.set_panel_state({{"version", kStateVersion}, {"params", m_form->values()}, {"model", m_model->path().toStdString()}, {"recent", recent}, {"note", m_history->note().toStdString()},
        {"control", m_compare->wants_control()}, {"gain", m_images->gain()}, {"signed", m_images->is_signed()}, {"presets", presets}});
}

}
