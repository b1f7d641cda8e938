#include "app/gui/engine_watch.h"
#include "app/gui/job_list.h"
#include "app/gui/settings.h"
#include "app/gui/shell.h"
#include "app/gui/status_strip.h"
#include "app/gui/text.h"
#include "core/base/process.h"
#include "core/base/time.h"
#include "widgets/progress_strip.h"
#include <QLocale>
#include <QWidget>

namespace lathe {
namespace {
constexpr double kLongRun = 30;   // seconds

QString number(double value) { return QLocale(QLocale::English).toString(qRound64(value)).replace(u',', QChar(0x202F)); }
}

EngineWatch::EngineWatch(const Shell& shell, JobList& jobs, StatusStrip& status, QObject* parent) : QObject(parent), m_shell(shell), m_jobs(jobs), m_status(status) {
    EngineProcess& engine = shell.session->engine();
    connect(&engine, &EngineProcess::state_changed, this, [this](EngineState state) {
        if (state == EngineState::lost) ++m_crashes;
        refresh();
    });
    connect(&engine, &EngineProcess::ready, this, &EngineWatch::refresh);
    connect(&engine, &EngineProcess::rates_arrived, this, [this] {
        if (const auto& rates = m_shell.session->engine().rates(); rates && !rates->warn.empty())
            m_shell.say(QStringLiteral("warn"), tr("This computer calculates slowly."), {}, qs(rates->warn));
        refresh();
    });
    connect(&jobs, &JobList::progressed, this, &EngineWatch::refresh_progress);
    connect(&jobs, &JobList::ended, this, &EngineWatch::job_ended);
    connect(shell.session, &Session::run_added, this, &EngineWatch::refresh_progress);
    connect(status.progress(), &ProgressStrip::cancel_requested, this, [this] {
        if (!m_shown_job.isEmpty()) m_shell.session->cancel(ss(m_shown_job));
    });
    m_tick.setInterval(2000);
    connect(&m_tick, &QTimer::timeout, this, &EngineWatch::refresh);
    m_tick.start();
    refresh();
}

QString EngineWatch::state_text(EngineState state) {
    switch (state) {
    case EngineState::stopped: return tr("Engine not started");
    case EngineState::starting: return tr("Engine starting");
    case EngineState::idle: return tr("Engine idle");
    case EngineState::running: return tr("Running");
    case EngineState::cancelling: return tr("Cancelling");
    case EngineState::not_responding: return tr("Engine does not respond");
    case EngineState::lost: return tr("Engine stopped");
    case EngineState::restarting: return tr("Engine stopped, restarting");
    case EngineState::failed: return tr("Engine failed");
    }
    return {};
}

bool EngineWatch::is_settled() const {
    const EngineState state = m_shell.session->engine().state();
    if (state == EngineState::failed || state == EngineState::stopped) return true;
    return state == EngineState::idle && m_shell.session->engine().rates().has_value();
}

QString EngineWatch::device_text() const {
    const EngineProcess& engine = m_shell.session->engine();
    const auto& rates = engine.rates();
    QString device = engine.hello().devices.empty() ? QString() : qs(engine.hello().devices.front().id).toUpper();
    if (rates && rates->threads > 0) device = tr("%1, %n thread(s)", nullptr, rates->threads).arg(device.isEmpty() ? tr("CPU") : device);
    return device;
}

QString EngineWatch::rate_text() const {
    const auto& rates = m_shell.session->engine().rates();
    return rates && rates->gemm_f32 > 0 ? tr("%1 GFLOPS").arg(number(rates->gemm_f32)) : QString();
}

void EngineWatch::refresh() {
    const EngineProcess& engine = m_shell.session->engine();
    const EngineState state = engine.state();
    const Job* job = m_jobs.current();
    QString text = state_text(state);
    EngineTone tone = EngineTone::ok;
    switch (state) {
    case EngineState::stopped: tone = EngineTone::off; break;
    case EngineState::starting: case EngineState::running: tone = EngineTone::busy; break;
    case EngineState::cancelling: case EngineState::not_responding: tone = EngineTone::warn; break;
    case EngineState::lost: case EngineState::restarting: case EngineState::failed: tone = EngineTone::err; break;
    case EngineState::idle: break;
    }
    if (state == EngineState::restarting && m_crashes > 0) text = tr("Engine stopped, restarting (%1 of 3)").arg(m_crashes);
    if (state == EngineState::running && job) text = job->live ? tr("Live run") : tr("Running %1").arg(job->method.isEmpty() ? job->title : job->method);
    m_status.set_engine(tone, text);
    m_status.set_device(device_text());
    m_status.set_rate(rate_text(), tr("Measured on this machine: float32 matrix product of the engine"));
    const std::int64_t used = engine.resident_bytes(), total = total_memory_bytes();
    m_status.set_memory(used > 0 ? tr("Memory %1 of %2").arg(size_text(used), size_text(total)) : QString(), tr("Memory of the engine, of what this computer has"));
    if (job && double(job->clock.elapsed()) / 1000 > kLongRun && Settings::instance().value(QStringLiteral("desktop/inhibit_sleep")).toBool())
        m_desktop.set_awake(true, tr("A run is under way"));
    else if (!job) m_desktop.set_awake(false, {});
    Q_EMIT changed();
}

void EngineWatch::refresh_progress() {
    const Job* job = m_jobs.current();
    ProgressStrip* strip = m_status.progress();
    if (!job) {
        if (strip->is_running()) strip->finish();
        m_shown_job.clear();
        return;
    }
    if (m_shown_job != job->uuid) {
        m_shown_job = job->uuid;
        strip->start(job->note.isEmpty() ? tr("Running") : job->note);
    }
    strip->set_progress(job->done, job->total, job->note);
}

void EngineWatch::job_ended(const QString& uuid, RunState state, double seconds) {
    refresh_progress();
    const Job* job = m_jobs.find(uuid);
    if (!job) return;
    const RunId id = m_shell.session->run_id(ss(uuid));
    const QString run = id > 0 && !job->live ? QStringLiteral("#%1").arg(id, 4, 10, QLatin1Char('0')) : QString();
    const QString what = run.isEmpty() ? tr("Last result") : tr("Last run %1").arg(run);
    if (state == RunState::finished) m_crashes = 0;
    if (state == RunState::finished) m_status.set_note(tr("%1 finished in %2").arg(what, qs(duration_text(seconds))));
    else m_status.set_note(tr("%1: %2").arg(what, qs(name(state))));
    if (state == RunState::failed && !job->live && !job->error.isEmpty()) {
        QString where = job->error_where;
        if (job->total > 0) where = (where.isEmpty() ? QString() : where + QStringLiteral(", ")) + tr("step %1 of %2").arg(job->done).arg(job->total);
        QList<MessageButton> buttons{{tr("Run again"), QStringLiteral("retry"), [this, uuid] { m_shell.run_again(uuid); }}, {tr("Show"), QStringLiteral("list"), [this, uuid] { m_shell.show_run(uuid); }}};
        if (job->has_checkpoint) buttons.prepend({tr("Resume"), QStringLiteral("run"), [this, uuid] { m_shell.resume_run(uuid); }});
        m_shell.say(QStringLiteral("err"), tr("Run %1 stopped: %2").arg(run, job->error), where, job->error_hint, buttons);
    }
    const bool is_away = !m_shell.window->isActiveWindow();
    if (seconds > kLongRun && is_away && Settings::instance().value(QStringLiteral("desktop/notify")).toBool())
        m_desktop.notify(tr("Run %1 %2").arg(run, qs(name(state))), tr("%1, %2").arg(job->title.isEmpty() ? job->method : job->title, qs(duration_text(seconds))));
    refresh();
}

}
