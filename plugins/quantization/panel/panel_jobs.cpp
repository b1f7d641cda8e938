// Recorded work that takes longer than a measurement: each method at most once at a time, shown as it goes in its own dock.
#include "core/base/error.h"
#include "plugins/quantization/panel/panel.h"
#include "plugins/quantization/panel/source_bar.h"
#include "widgets/asset_chooser.h"
#include "widgets/parameter_form.h"

namespace lathe::quantization {
namespace {
const QString kSensitivity = QStringLiteral("quantization.sensitivity");
constexpr int kRunsLookedAt = 20;
}

/// While it runs: cancels it. False where nothing was started.
bool Panel::start_job(const char* method, const Json& extra) {
    const QString id = QString::fromLatin1(method);
    if (const QString uuid = m_jobs.value(id); !uuid.isEmpty()) {
        m_context.cancel(uuid);
        return false;
    }
    const MethodInfo* info = m_context.catalogue().find(method);
    if (!info) {
        m_context.show_message(QStringLiteral("warn"), tr("This engine does not know %1.").arg(id), {}, tr("Help > Plugins says what is loaded."));
        return false;
    }
    if (!is_ready_to_run()) {
        run();   // says what is missing
        return false;
    }
    RunRequest asked = request(method, false);
    for (const auto& [key, value] : extra.items()) asked.params[key] = value;
    asked.seed = asked.params.value("seed", std::int64_t{0});
    const QString uuid = m_context.submit(asked, assets(), {});
    if (uuid.isEmpty()) return false;
    m_jobs.insert(id, uuid);
    job_progress(id, tr("Waiting for the engine…"));
    return true;
}

QString Panel::job_of(const QString& uuid) const { return uuid.isEmpty() ? QString() : m_jobs.key(uuid); }

void Panel::take_job(const QString& method, const RunEvent& event) {
    if (const auto* made = std::get_if<event::ArtifactMade>(&event.body)) take_job_artifact(method, made->artifact);
    if (const auto* progress = std::get_if<event::Progress>(&event.body); progress && progress->total > 0)
        job_progress(method, tr("%1 % · %2").arg(int(100 * progress->done / progress->total)).arg(QString::fromStdString(progress->note)));
    if (!std::holds_alternative<event::Finished>(event.body)) return;
    if (method == kSensitivity && m_sensitivity_coming.is_ready()) {
        const Json params = m_sensitivity_coming.params();
        m_sensitivity = std::exchange(m_sensitivity_coming, {});
        m_sensitivity.set_params(params);
        m_sensitivity_source = m_source->model()->path();
        m_front_key = {};
        refresh_assignment();
    }
}

void Panel::take_job_artifact(const QString& method, const Artifact& artifact) {
    if (method == kSensitivity) m_sensitivity_coming.take(artifact);
}

void Panel::job_ended(const QString& method, RunState) {
    m_jobs.remove(method);
    job_progress(method, {});
}

/// An empty text: it does not run any more.
void Panel::job_progress(const QString& method, const QString& text) {
    if (method == kSensitivity) m_front->set_note(text.isEmpty() ? QString() : tr("Measuring sensitivity: %1").arg(text));
}

void Panel::measure_sensitivity() {
    const bool cancels = m_jobs.contains(kSensitivity);
    if (!start_job("quantization.sensitivity", Json::object()) || cancels) return;
    m_sensitivity_coming = {};
    m_sensitivity_coming.set_params(request("quantization.sensitivity", false).params);
}

/// The last finished one of this model, from the project.
void Panel::find_sensitivity() {
    if (!m_sensitivity.is_empty() || !m_context.has_project() || m_jobs.contains(kSensitivity)) return;
    try {
        for (const PanelRun& found : m_context.runs(QStringLiteral("method:quantization.sensitivity and state:finished"), kRunsLookedAt)) {
            if (found.method != kSensitivity) continue;
            const auto whole = m_context.run(found.uuid);
            if (!whole) continue;
            for (const auto& [role, path] : whole->assets)
                if (role == u"model" && path == m_source->model()->path()) {
                    m_sensitivity_source = path;
                    m_sensitivity_coming = {};
                    read_recorded(found.uuid, false);
                    return;
                }
        }
    } catch (const Error& error) {
        tell(error);
    }
}

}
