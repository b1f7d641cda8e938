#include "core/client/engine_process.h"
#include "core/client/qt_text.h"
#include "core/base/log.h"
#include "core/base/time.h"
#include "core/base/version.h"
#include "core/client/engine_channel.h"
#include "core/client/engine_exit.h"
#include "core/client/last_words.h"
#include <QElapsedTimer>
#include <QProcess>
#include <QTimer>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

namespace lathe {
namespace {

constexpr double kSilence = 10;                 // seconds without pong: not responding
constexpr int kPingMs = 1000, kSlowCancelMs = 2000, kRestartDelayMs = 100, kEndMs = 1000;
constexpr int kMaxCrashes = 3;
constexpr int kTurnMs = 4;                      // of the owner's event loop, then others have a turn


struct Pipe {
    int read = -1, write = -1;
    Pipe() {
        int fds[2];
        if (::pipe2(fds, O_CLOEXEC) != 0) throw Error(ErrorCode::io, "No pipe to the engine can be made.", "pipe", "Too many files may be open.");
        read = fds[0];
        write = fds[1];
        ::fcntl(write, F_SETPIPE_SZ, 1 << 20);   // fewer turns for an image; a refusal does no harm
    }
};

/// In the child, between fork and exec: only calls that are safe there.
void become(int fd, int target) {
    if (fd == target) ::fcntl(fd, F_SETFD, 0);
    else ::dup2(fd, target);
}

}

struct EngineProcess::Impl {
    struct Sent { std::string uuid, method; bool is_live = false; std::uint64_t seq = 0; bool cancelling = false; };

    EngineProcess& q;
    Launcher launcher;
    EngineState state = EngineState::stopped;
    std::unique_ptr<QProcess> process;
    std::unique_ptr<EngineChannel> channel;
    quint64 generation = 0;                     ///< of the connection: what a stale one has queued is dropped
    EngineHello hello;
    Catalogue catalogue;
    bool greeted = false;
    std::optional<Rates> rates;
    std::vector<Sent> runs;
    std::string current, connection_error;
    LastWords words;
    std::int64_t rss = 0, pings = 0;
    int crashes = 0, handshake_ms;
    bool closed = false, exited = false, wanted = false, restart_asked = false, held = false;
    int exit_code = 0;
    QProcess::ExitStatus exit_status = QProcess::NormalExit;
    QTimer ping, handshake, restart, slow_cancel, end, grace;
    double last_tick = 0, exit_time = 0;

    Impl(EngineProcess& owner, Launcher l) : q(owner), launcher(std::move(l)), handshake_ms(launcher.is_local ? 30'000 : 120'000) {
        std::signal(SIGPIPE, SIG_IGN);          // a dead engine shows as an error of write()
        for (QTimer* timer : {&handshake, &restart, &slow_cancel, &end, &grace}) timer->setSingleShot(true);
        connect(&ping, &QTimer::timeout, &q, [this] { beat(); });
        connect(&handshake, &QTimer::timeout, &q, [this] { handshake_failed("It did not answer within " + std::to_string(handshake_ms / 1000) + " s.", "The computer may be very busy, or the launcher waits for a password."); });
        connect(&restart, &QTimer::timeout, &q, [this] { launch(); });
        connect(&slow_cancel, &QTimer::timeout, &q, [this] { if (state == EngineState::cancelling) Q_EMIT q.cancel_is_slow(); });
        connect(&end, &QTimer::timeout, &q, [this] { if (process) process->kill(); });
        connect(&grace, &QTimer::timeout, &q, [this] { conclude(); });
    }

    void set_state(EngineState next) {
        if (next == state) return;
        if (!is_legal(state, next)) {
            log(LogLevel::error, "client", "illegal engine state: " + std::string(name(state)) + " -> " + std::string(name(next)));
            Q_ASSERT(false);
        }
        state = next;
        Q_EMIT q.state_changed(next);
    }

    // --- start and end of a connection

    void launch() {
        if (state != EngineState::restarting && state != EngineState::stopped && state != EngineState::failed) return;
        drop_connection();
        set_state(EngineState::starting);
        wanted = true;
        greeted = closed = exited = restart_asked = false;
        connection_error.clear();
        words.clear();
        current.clear();
        // Offered to every engine: one on another machine does not find the nonce and uses the pipe.
        auto slots = qEnvironmentVariable("LATHE_SHARED_MEMORY") == QLatin1String("0") ? nullptr : SharedSlots::make();
        ClientHello greeting{kProtocol, kProtocol, "lathe " + version(), slots ? std::optional(slots->offer()) : std::nullopt};
        const Pipe to_engine, from_engine;
        start_process(to_engine.read, from_engine.write);
        ::close(to_engine.read);
        ::close(from_engine.write);
        const quint64 mine = generation;
        channel = std::make_unique<EngineChannel>(from_engine.read, to_engine.write, std::move(slots),
            [this, mine] { QMetaObject::invokeMethod(&q, [this, mine] { if (mine == generation) drain(); }, Qt::QueuedConnection); });
        if (held) channel->hold(true);
        channel->send(encode(greeting));
        channel->send(simple("describe"));
        handshake.start(handshake_ms);
        last_tick = monotonic_seconds();
        ping.start(kPingMs);
    }

    void start_process(int child_in, int child_out) {
        process = std::make_unique<QProcess>();
        // Descriptors 0 and 1 are ours: QProcess would read them on this thread.
        process->setInputChannelMode(QProcess::ForwardedInputChannel);
        process->setProcessChannelMode(QProcess::ForwardedOutputChannel);
        process->setChildProcessModifier([child_in, child_out] {
            become(child_in, 0);
            become(child_out, 1);
            std::signal(SIGINT, SIG_IGN);
        });
        auto environment = QProcessEnvironment::systemEnvironment();
        environment.insert(QStringLiteral("UCX_HANDLE_ERRORS"), QStringLiteral("none"));
        // A thread that waits for another one spins for milliseconds by default. Where other programs use the processor too, that takes its time from the
        // very thread it waits for: a run of one second then takes minutes.
        if (!environment.contains(QStringLiteral("OMP_WAIT_POLICY")) && !environment.contains(QStringLiteral("GOMP_SPINCOUNT"))) environment.insert(QStringLiteral("GOMP_SPINCOUNT"), QStringLiteral("10000"));
        process->setProcessEnvironment(environment);
        const quint64 mine = generation;
        connect(process.get(), &QProcess::readyReadStandardError, &q, [this] { listen_to_stderr(); });
        connect(process.get(), &QProcess::errorOccurred, &q, [this, mine](QProcess::ProcessError error) {
            if (mine == generation && error == QProcess::FailedToStart) QMetaObject::invokeMethod(&q, [this, mine] { if (mine == generation) failed_to_start(); }, Qt::QueuedConnection);
        });
        connect(process.get(), &QProcess::finished, &q, [this, mine](int code, QProcess::ExitStatus status) {
            if (mine != generation) return;
            exited = true;
            exit_code = code;
            exit_status = status;
            exit_time = monotonic_seconds();
            listen_to_stderr();
            if (closed) conclude();
            else grace.start(500);   // what it wrote last is still on its way; a grandchild may keep the pipe open
        });
        process->start(launcher.command.front(), launcher.command.mid(1), QIODevice::ReadOnly);
    }

    void drop_connection() {
        ++generation;
        for (QTimer* timer : {&ping, &handshake, &restart, &slow_cancel, &end, &grace}) timer->stop();
        channel.reset();
        if (process) {
            process->disconnect();
            if (process->state() != QProcess::NotRunning) {
                process->kill();
                process->waitForFinished(500);
            }
            process.release()->deleteLater();   // this may be one of its signals
        }
    }

    void listen_to_stderr() {
        if (!process) return;
        for (const std::string& line : words.add(process->readAllStandardError().toStdString(), monotonic_seconds())) log(LogLevel::info, "engine", line);
    }

    void failed_to_start() {
        const std::string program = launcher.command.front().toStdString();
        give_up("The engine cannot be started: " + process->errorString().toStdString(), program, "Check the launcher in the settings, LATHE_ENGINE, and that the program exists.");
    }

    void handshake_failed(const std::string& what, const std::string& hint) { give_up("The engine cannot be used. " + what, launcher.title, hint); }

    void give_up(const std::string& what, const std::string& where, const std::string& hint) {
        drop_connection();
        fail_runs(what, hint);
        wanted = false;
        set_state(EngineState::failed);
        Q_EMIT q.message(QStringLiteral("error"), qs(what), qs(where), qs(hint));
    }

    /// The process is gone or the stream has ended, and everything that arrived has been handled.
    void conclude() {
        if (!exited && process && process->state() != QProcess::NotRunning) {   // a launcher that outlives its engine
            process->kill();
            return;   // finished() comes back here
        }
        grace.stop();
        drain_all();
        const EngineExit reason = explain_exit(exit_status, exit_code, connection_error, words.reason(exit_status, exit_code, exit_time));
        const bool asked_to_stop = !wanted, asked_to_restart = restart_asked;
        drop_connection();
        if (asked_to_stop) {
            fail_runs("The engine was stopped.", {});
            set_state(EngineState::stopped);
            return;
        }
        if (asked_to_restart) {
            fail_runs("The engine was stopped by you.", {});
            restart.start(0);
            return;
        }
        ++crashes;
        const std::string where = launcher.title + under_way();
        set_state(EngineState::lost);
        const QStringList lost_runs = fail_runs(reason.what, reason.hint);
        Q_EMIT q.lost(qs(reason.what), lost_runs);
        if (state != EngineState::lost) return;   // a slot has decided otherwise
        if (crashes >= kMaxCrashes) {
            wanted = false;
            set_state(EngineState::failed);
            Q_EMIT q.message(QStringLiteral("error"), qs("The engine stopped " + std::to_string(crashes) + " times in a row and is not started again. " + reason.what), qs(where), qs(reason.hint));
            return;
        }
        Q_EMIT q.message(QStringLiteral("warning"), qs(reason.what + " It is started again."), qs(where), qs(reason.hint));
        set_state(EngineState::restarting);
        restart.start(kRestartDelayMs);
    }

    /// ", during delta_cache.sample (live)"
    std::string under_way() const {
        const auto run = std::find_if(runs.begin(), runs.end(), [&](const Sent& s) { return s.uuid == current; });
        return run == runs.end() ? std::string() : ", during " + run->method + (run->is_live ? " (live)" : "");
    }

    QStringList fail_runs(const std::string& what, const std::string& hint) {
        QStringList names;
        for (const Sent& run : std::exchange(runs, {})) {
            names << qs(run.uuid);
            auto end = std::make_shared<RunEvent>(RunEvent{run.uuid, run.seq + 1, {}});
            // A run that was being cancelled and takes its engine along has ended as its owner wished.
            if (run.cancelling) end->body = event::Cancelled{};
            else end->body = event::Failed{ErrorCode::engine_lost, what, launcher.title, hint};
            Q_EMIT q.event(end);
        }
        current.clear();
        return names;
    }

    // --- what arrives

    void drain() {
        QElapsedTimer clock;
        clock.start();
        const quint64 mine = generation;
        EngineChannel::Received item;
        while (mine == generation && channel && channel->take(item)) {
            accept(item);
            if (clock.elapsed() < kTurnMs || mine != generation) continue;
            QMetaObject::invokeMethod(&q, [this, mine] { if (mine == generation) drain(); }, Qt::QueuedConnection);
            return;
        }
    }

    void drain_all() {
        EngineChannel::Received item;
        while (channel && channel->take(item))
            if (!std::holds_alternative<EngineChannel::Closed>(item)) accept(item);
    }

    void accept(EngineChannel::Received& item) {
        if (auto* event = std::get_if<std::shared_ptr<RunEvent>>(&item)) return accept_event(std::move(*event));
        if (const auto* error = std::get_if<Error>(&item)) return report("warning", *error);
        if (const auto* end_of_stream = std::get_if<EngineChannel::Closed>(&item)) {
            closed = true;
            connection_error = end_of_stream->reason;
            if (exited) conclude();
            else grace.start(200);   // finished() usually follows at once and knows more
            return;
        }
        try {
            accept_message(std::get<Message>(item));
        } catch (const Error& error) {
            if (!greeted) handshake_failed(error.what(), "Install the same version of Lathe on both sides.");
            else report("warning", error);
        }
    }

    void accept_message(const Message& m) {
        if (m.op == "pong") return accept_pong(pong_from(m));
        if (m.op == "hello") {
            hello = engine_hello_from(m);
            if (hello.proto != kProtocol) handshake_failed("It speaks protocol " + std::to_string(hello.proto) + ".", "Install the same version of Lathe on both sides.");
        } else if (m.op == "methods") {
            catalogue = catalogue_from_message(m);
            greeted = true;
            handshake.stop();
            settle();
            Q_EMIT q.ready();
        } else if (m.op == "rates") {
            rates = rates_from(m);
            if (!rates->warn.empty()) Q_EMIT q.message(QStringLiteral("warning"), qs(rates->warn), qs(rates->device), {});
            Q_EMIT q.rates_arrived();
        } else if (m.op == "error") {
            const Error error = error_from(m);
            if (!greeted) return handshake_failed(error.summary(), error.hint());
            report("warning", error);
        }   // asset, cache and what a newer engine may say need no answer
    }

    void accept_pong(const Pong& pong) {
        rss = pong.rss;
        if (state == EngineState::not_responding) settle();
    }

    void accept_event(std::shared_ptr<RunEvent> event) {
        const auto run = std::find_if(runs.begin(), runs.end(), [&](const Sent& s) { return s.uuid == event->run; });
        if (run == runs.end()) return;   // after its end, or not ours
        run->seq = event->seq;
        if (std::holds_alternative<event::Started>(event->body)) current = event->run;
        const bool ends = event->is_terminal();
        if (ends) {
            if (std::holds_alternative<event::Finished>(event->body)) crashes = 0;
            if (current == event->run) current.clear();
            runs.erase(run);
            settle();
        }
        Q_EMIT q.event(event);
    }

    void report(const char* level, const Error& error) { Q_EMIT q.message(QString::fromLatin1(level), qs(error.summary()), qs(error.where()), qs(error.hint())); }

    // --- states while it lives

    void settle() {
        if (!greeted || !channel || state == EngineState::restarting || state == EngineState::stopped) return;
        const auto cancelling = std::any_of(runs.begin(), runs.end(), [&](const Sent& s) { return s.cancelling; });
        const EngineState next = runs.empty() ? EngineState::idle : cancelling ? EngineState::cancelling : EngineState::running;
        if (state == EngineState::starting || (state == EngineState::idle && next == EngineState::cancelling)) set_state(state == EngineState::starting ? EngineState::idle : EngineState::running);
        set_state(next);
        if (next != EngineState::cancelling) slow_cancel.stop();
    }

    void beat() {
        const double now = monotonic_seconds();
        if (now - last_tick > 3 * kPingMs / 1000.0 && channel) channel->forgive();   // this program was stopped or very busy itself
        last_tick = now;
        if (!channel || !greeted) return;
        channel->send(simple("ping", {{"n", ++pings}}));
        if (held || now - channel->last_pong() < kSilence) return;
        if (state != EngineState::idle && state != EngineState::running && state != EngineState::cancelling) return;
        set_state(EngineState::not_responding);
        Q_EMIT q.message(QStringLiteral("warning"), qs("The engine has not answered for 10 s."), qs(launcher.title), qs("It may be swapping or stopped. Wait, or choose Stop now."));
    }
};

EngineProcess::EngineProcess(Launcher launcher, QObject* parent) : QObject(parent), m_impl(std::make_unique<Impl>(*this, std::move(launcher))) {}

EngineProcess::~EngineProcess() {
    Impl& m = *m_impl;
    blockSignals(true);
    m.wanted = false;
    if (m.process && m.process->state() != QProcess::NotRunning) {
        m.process->disconnect();
        if (m.channel) {
            m.channel->hold(false);
            m.channel->close_input();
        }
        m.process->waitForFinished(kEndMs);
    }
    m.drop_connection();
}

void EngineProcess::start() {
    if (m_impl->state != EngineState::stopped && m_impl->state != EngineState::failed) return;
    m_impl->crashes = 0;
    m_impl->launch();
}

void EngineProcess::stop() {
    Impl& m = *m_impl;
    m.wanted = false;
    if (m.process && m.process->state() != QProcess::NotRunning && m.channel) {
        m.channel->close_input();
        m.end.start(kEndMs);
        return;   // conclude() follows
    }
    m.drop_connection();
    m.fail_runs("The engine was stopped.", {});
    m.set_state(EngineState::stopped);
}

void EngineProcess::kill_and_restart() {
    Impl& m = *m_impl;
    m.crashes = 0;
    if (m.state == EngineState::stopped || m.state == EngineState::failed) return start();
    if (m.state == EngineState::restarting) return;
    m.wanted = true;
    m.restart_asked = true;
    m.set_state(EngineState::restarting);
    if (m.process && m.process->state() != QProcess::NotRunning) m.process->kill();
    else m.conclude();
}

EngineState EngineProcess::state() const { return m_impl->state; }
const EngineHello& EngineProcess::hello() const { return m_impl->hello; }
const Catalogue& EngineProcess::catalogue() const { return m_impl->catalogue; }
const std::optional<Rates>& EngineProcess::rates() const { return m_impl->rates; }
const std::string& EngineProcess::current_run() const { return m_impl->current; }
std::int64_t EngineProcess::resident_bytes() const { return m_impl->rss; }
const Launcher& EngineProcess::launcher() const { return m_impl->launcher; }
void EngineProcess::set_launcher(Launcher launcher) { m_impl->launcher = std::move(launcher); }
void EngineProcess::set_handshake_limit(int ms) { m_impl->handshake_ms = ms; }

void EngineProcess::run(const RunRequest& request, const std::vector<std::pair<std::string, std::string>>& asset_paths) {
    Impl& m = *m_impl;
    if (!m.greeted || !m.channel) throw Error(ErrorCode::busy, "The engine is not ready.", m.launcher.title, "Wait until it is idle, or restart it.");
    for (const auto& [sha256, path] : asset_paths) {
        Json fields = {{"sha256", sha256}, {"path", path}};
        if (!m.launcher.is_local) fields["verify"] = true;   // another machine may hold another file there
        m.channel->send(simple("asset_path", std::move(fields)));
    }
    m.channel->send(encode(request));
    m.runs.push_back({request.uuid, request.method, request.lane == Lane::live});
    m.settle();
}

void EngineProcess::cancel(const std::string& run_uuid) {
    Impl& m = *m_impl;
    const auto run = std::find_if(m.runs.begin(), m.runs.end(), [&](const Impl::Sent& s) { return s.uuid == run_uuid; });
    if (run == m.runs.end() || !m.channel) return;
    m.channel->send(simple("cancel", {{"run", run_uuid}}));
    if (std::exchange(run->cancelling, true)) return;
    if (m.state != EngineState::not_responding) m.settle();
    m.slow_cancel.start(kSlowCancelMs);
}

void EngineProcess::pause(const std::string& run_uuid) {
    if (m_impl->channel) m_impl->channel->send(simple("pause", {{"run", run_uuid}}));
}

void EngineProcess::drop_cache() {
    if (m_impl->channel) m_impl->channel->send(simple("cache", {{"action", "drop"}}));
}

void EngineProcess::hold_events(bool on) {
    if (std::exchange(m_impl->held, on) == on || !m_impl->channel) return;
    if (!on) m_impl->channel->forgive();
    m_impl->channel->hold(on);
}

}
