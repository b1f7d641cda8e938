#include "core/client/session.h"
#include "core/client/qt_text.h"
#include "core/base/log.h"
#include "core/base/process.h"
#include "core/base/time.h"
#include "core/client/asset_hashes.h"
#include "core/client/run_entry.h"
#include <QThreadPool>
#include <QTimer>
#include <algorithm>
#include <set>

namespace lathe {
namespace {

using Phase = RunEntry::Phase;
constexpr double kDebounce = 0.03, kMaxDebounce = 0.12;              // seconds of rest, and at most, before a live run is sent
constexpr int kLiveEngineIdleMs = 5 * 60 * 1000, kCommitPatienceMs = 10'000;
constexpr std::size_t kHoldAbove = 96u << 20, kReleaseBelow = 32u << 20, kMaxHeld = 256u << 20;


RunState state_of(const RunEventBody& body) {
    if (std::holds_alternative<event::Finished>(body)) return RunState::finished;
    if (std::holds_alternative<event::Cancelled>(body)) return RunState::cancelled;
    if (std::holds_alternative<event::Paused>(body)) return RunState::paused;
    return RunState::failed;
}

event::Failed failed_with(const Error& error) { return {error.code(), error.summary(), error.where(), error.hint()}; }

bool can_take_runs(const EngineProcess& engine) {
    const EngineState s = engine.state();
    return s == EngineState::idle || s == EngineState::running || s == EngineState::cancelling || s == EngineState::not_responding;
}

}

struct Session::Impl {
    using Entry = std::shared_ptr<RunEntry>;
    struct Ending { std::uint64_t seq = 0; RunState state = RunState::finished; };

    Session& q;
    std::unique_ptr<EngineProcess> engine, live;
    std::shared_ptr<Project> project;
    std::shared_ptr<Recorder> recorder;
    std::vector<Entry> entries;                       ///< active, oldest first
    std::map<std::string, RunId> ids;
    std::map<RunId, std::string> uuids;
    bool store_waits = false;
    std::map<std::string, Ending> endings;            ///< ended, not committed yet
    std::map<std::string, double> live_since;         ///< live_key -> when the first unsent one came
    std::set<std::string> described;                  ///< methods whose metrics the project knows
    std::size_t live_history = 50;
    AssetHashes hashes;
    std::shared_ptr<std::atomic<bool>> alive = std::make_shared<std::atomic<bool>>(true);
    QThreadPool helpers;
    QTimer live_due, live_idle, flow;
    std::string last_engine_message;

    explicit Impl(Session& session) : q(session) {
        helpers.setMaxThreadCount(2);
        live_due.setSingleShot(true);
        live_idle.setSingleShot(true);
        connect(&live_due, &QTimer::timeout, &q, [this] { pump(); });
        connect(&live_idle, &QTimer::timeout, &q, [this] { end_live_engine(); });
        connect(&flow, &QTimer::timeout, &q, [this] { regulate(); });
        Launcher launcher;
        try {
            launcher = default_launcher();
        } catch (const Error& error) {
            launcher = local_launcher();
            QMetaObject::invokeMethod(&q, [this, error] { tell("error", error); }, Qt::QueuedConnection);
        }
        engine = make_engine(launcher);
        connect(engine.get(), &EngineProcess::ready, &q, &Session::catalogue_ready);
    }

    void tell(const char* level, const Error& error) { Q_EMIT q.message(QString::fromLatin1(level), qs(error.summary()), qs(error.where()), qs(error.hint())); }

    std::unique_ptr<EngineProcess> make_engine(const Launcher& launcher) {
        auto made = std::make_unique<EngineProcess>(launcher);
        EngineProcess* p = made.get();
        connect(p, &EngineProcess::event, &q, [this](const std::shared_ptr<RunEvent>& e) { accept(e); });
        connect(p, &EngineProcess::ready, &q, [this] { pump(); });
        connect(p, &EngineProcess::message, &q, [this](const QString& level, const QString& what, const QString& where, const QString& hint) {
            last_engine_message = what.toStdString();
            Q_EMIT q.message(level, what, where, hint);
        });
        connect(p, &EngineProcess::state_changed, &q, [this, p](EngineState state) {
            // Queued: give_up() tells its reason right after the state.
            if (state == EngineState::failed) QMetaObject::invokeMethod(&q, [this, p] { fail_waiting(p); }, Qt::QueuedConnection);
        });
        return made;
    }

    Entry find(const std::string& uuid) const {
        const auto it = std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e->request.uuid == uuid; });
        return it == entries.end() ? nullptr : *it;
    }

    // --- projects

    void set_project(std::shared_ptr<Project> next) {
        if (next == project) return;
        for (const Entry& e : std::vector<Entry>(entries)) cancel(e);
        project = std::move(next);
        recorder.reset();
        described.clear();
        set_waits(false);
        if (!project || !project->read_only_reason().empty()) return;
        // The callbacks come on other threads, possibly after this session: the token says whether it still lives (it ends on this thread, so a queued
        // call that finds it alive is safe).
        const auto later = [this, token = alive](const auto& call) {
            if (*token) QMetaObject::invokeMethod(&q, [token, call] { if (*token) call(); }, Qt::QueuedConnection);
        };
        recorder = std::make_shared<Recorder>(project, Recorder::Callbacks{
            [this, later](RunId run, std::uint64_t seq) { later([this, run, seq] { committed(run, seq); }); },
            [this, later](const std::string& uuid, RunId run) { later([this, uuid, run] { remember(uuid, run); Q_EMIT q.run_kept(qs(uuid)); }); },
            [this, later](const Error& error) { later([this, error] {
                tell("error", error);
                set_waits(error.code() == ErrorCode::io || error.code() == ErrorCode::busy);
            }); }});
    }

    void set_waits(bool now) {
        if (std::exchange(store_waits, now) != now) Q_EMIT q.storing(now);
    }

    void remember(const std::string& uuid, RunId run) {
        ids[uuid] = run;
        uuids[run] = uuid;
    }

    void committed(RunId run, std::uint64_t seq) {
        const auto known = uuids.find(run);
        if (known == uuids.end()) return;
        const std::string uuid = known->second;
        set_waits(false);
        Q_EMIT q.run_committed(qs(uuid), seq);
        const auto ending = endings.find(uuid);
        if (ending != endings.end() && seq >= ending->second.seq) announce_end(uuid);
    }

    void announce_end(const std::string& uuid) {
        const auto ending = endings.find(uuid);
        if (ending == endings.end()) return;
        const RunState state = ending->second.state;
        endings.erase(ending);
        Q_EMIT q.run_ended(qs(uuid), state);
    }

    // --- a run comes in

    std::string submit(RunRequest request, const std::vector<std::pair<std::string, std::string>>& files, const std::string& title, const std::string& live_key, SweepId sweep) {
        const Catalogue& catalogue = engine->catalogue();
        if (catalogue.methods.empty()) throw Error(ErrorCode::busy, "The engine is not ready yet.", request.method, "Wait until it is idle.");
        const MethodInfo* method = catalogue.find(request.method);
        if (!method) throw Error(ErrorCode::unknown_name, "The engine has no method \"" + request.method + "\".", request.method, "Its plugin may be missing: see Help > Plugins or lathe-cli plugins.");
        auto entry = std::make_shared<RunEntry>();
        entry->request = checked_request(std::move(request), *method, files);
        if (find(entry->request.uuid)) throw Error(ErrorCode::invalid_value, "This run is under way already.", entry->request.uuid);
        entry->files = files;
        entry->title = title.empty() ? method->title : title;
        entry->live_key = live_key;
        entry->sweep = sweep;
        entry->recorder = recorder;
        if (entry->is_live()) debounce(*entry);
        describe_metrics(*method);
        std::map<std::string, std::string> kinds;
        for (const auto& slot : method->inputs) kinds[slot.role] = slot.kind;
        const std::string uuid = entry->request.uuid;
        if (is_prepared(files, entry->request.resume, hashes)) {
            take(*entry, prepare_files(files, kinds, {}, project, hashes, {}));
            entries.push_back(entry);
            Q_EMIT q.run_added(qs(uuid));
            pump();
            return uuid;
        }
        entries.push_back(entry);
        Q_EMIT q.run_added(qs(uuid));
        helpers.start([this, token = alive, uuid, files, kinds, resume = entry->request.resume, from = project] {
            PreparedFiles prepared;
            std::optional<Error> problem;
            try {
                prepared = prepare_files(files, kinds, resume, from, hashes, [&] { return token->load(); });
            } catch (...) {
                problem = current_error("reading the files of a run");
            }
            if (*token) QMetaObject::invokeMethod(&q, [this, uuid, prepared = std::move(prepared), problem = std::move(problem)] { files_ready(uuid, prepared, problem); }, Qt::QueuedConnection);
        });
        return uuid;
    }

    void files_ready(const std::string& uuid, const PreparedFiles& prepared, const std::optional<Error>& problem) {
        const Entry entry = find(uuid);
        if (!entry) return;
        try {
            if (problem) throw *problem;
            take(*entry, prepared);
        } catch (const Error& error) {
            end_here(entry, failed_with(error));
            return;
        }
        pump();
    }

    /// Everything is known: the row of a recorded run is made.
    void take(RunEntry& entry, const PreparedFiles& prepared) {
        entry.request.assets = prepared.assets;
        entry.asset_paths = prepared.asset_paths;
        entry.assets = prepared.rows;
        entry.checkpoint_file = prepared.checkpoint_file;
        if (entry.recorder && !entry.is_live()) {
            Project& target = *entry.recorder->project();
            for (const auto& row : entry.assets) target.add_asset(row);
            entry.id = target.add_run(stored_request(entry), entry.title, engine_text(), {}, entry.sweep);
            remember(entry.request.uuid, entry.id);
        }
        entry.phase = Phase::waiting;
    }

    /// Without the checkpoint, which is a temporary file and no asset.
    static RunRequest stored_request(const RunEntry& entry) {
        RunRequest request = entry.request;
        std::erase_if(request.assets, [&](const AssetRef& a) {
            return std::none_of(entry.assets.begin(), entry.assets.end(), [&](const AssetRow& row) { return row.sha256 == a.sha256; });
        });
        return request;
    }

    std::string engine_text() const { return engine->hello().engine + ", LibTorch " + engine->hello().torch; }

    void describe_metrics(const MethodInfo& method) {
        if (!recorder || !described.insert(method.id).second) return;
        std::vector<std::array<std::string, 3>> metrics;
        for (const auto& output : method.outputs)
            if (output.kind == "metric") metrics.push_back({output.key, output.unit, output.better});
        if (!metrics.empty()) recorder->describe_metrics(metrics);
    }

    void debounce(RunEntry& entry) {
        const double now = monotonic_seconds();
        bool busy = false;
        for (const Entry& older : std::vector<Entry>(entries)) {
            if (!older->is_live() || older->live_key != entry.live_key) continue;
            busy = true;
            if (older->phase != Phase::sent) end_here(older, event::Cancelled{});
        }
        if (!busy) live_since.erase(entry.live_key);
        const auto since = live_since.try_emplace(entry.live_key, now).first->second;
        entry.due = busy ? std::min(now + kDebounce, since + kMaxDebounce) : now;   // the first of a movement goes at once
    }

    // --- to the engines

    void pump() {
        if (can_take_runs(*engine) && !is_batch_under_way()) {
            const auto next = std::find_if(entries.begin(), entries.end(), [](const Entry& e) { return !e->is_live() && e->phase == Phase::waiting; });
            if (next != entries.end()) send(Entry(*next), *engine);
        }
        double soonest = -1;
        for (const Entry& e : std::vector<Entry>(entries)) {
            if (!e->is_live() || e->phase != Phase::waiting) continue;
            const double wait = e->due - monotonic_seconds();
            if (wait > 0) soonest = soonest < 0 ? wait : std::min(soonest, wait);
            else if (EngineProcess* free_engine = engine_for_live()) send_live(e, *free_engine);
        }
        if (soonest >= 0) live_due.start(std::max(1, static_cast<int>(soonest * 1000)));
    }

    bool is_batch_under_way() const {
        return std::any_of(entries.begin(), entries.end(), [](const Entry& e) { return !e->is_live() && e->phase == Phase::sent; });
    }

    /// null: it has to be waited for.
    EngineProcess* engine_for_live() {
        if (!is_batch_under_way()) return can_take_runs(*engine) ? engine.get() : nullptr;
        live_idle.stop();
        if (!live) {
            if (available_memory_bytes() < engine->resident_bytes() + (std::int64_t{1} << 30))
                tell("warning", Error(ErrorCode::out_of_memory, "Memory is short for a second engine.", "live runs beside a recorded run", "Pause live work until the recorded run has ended, or use a smaller model."));
            live = make_engine(engine->launcher());
            live->start();
        } else if (live->state() == EngineState::stopped || live->state() == EngineState::failed) {
            live->start();
        }
        return can_take_runs(*live) ? live.get() : nullptr;
    }

    void send_live(const Entry& entry, EngineProcess& to) {
        live_since.erase(entry->live_key);
        for (const Entry& older : std::vector<Entry>(entries))
            if (older != entry && older->is_live() && older->live_key == entry->live_key) cancel(older);
        send(entry, to);
    }

    void send(const Entry& entry, EngineProcess& to) {
        try {
            to.run(entry->request, entry->asset_paths);
            entry->engine = &to;
            entry->phase = Phase::sent;
        } catch (const Error& error) {
            end_here(entry, failed_with(error));
        }
    }

    void cancel(const Entry& entry) {
        if (std::exchange(entry->cancel_asked, true)) return;
        if (entry->phase == Phase::sent && entry->engine) entry->engine->cancel(entry->request.uuid);
        else end_here(entry, event::Cancelled{});
    }

    void fail_waiting(EngineProcess* broken) {
        const bool is_live = broken == live.get();
        for (const Entry& e : std::vector<Entry>(entries)) {
            if (e->phase == Phase::sent || (is_live && (!e->is_live() || !is_batch_under_way()))) continue;
            end_here(e, event::Failed{ErrorCode::engine_lost, last_engine_message.empty() ? "The engine does not work." : last_engine_message, broken->launcher().title, "Start the engine again."});
        }
    }

    void end_live_engine() {
        const bool used = std::any_of(entries.begin(), entries.end(), [&](const Entry& e) { return e->engine == live.get(); });
        if (!used && live) live.release()->deleteLater();
    }

    // --- what comes back

    void end_here(const Entry& entry, RunEventBody body) { accept(std::make_shared<RunEvent>(RunEvent{entry->request.uuid, entry->last_seq + 1, std::move(body)})); }

    void accept(const std::shared_ptr<RunEvent>& e) {
        const Entry entry = find(e->run);
        if (!entry) return;
        entry->last_seq = e->seq;
        if (std::holds_alternative<event::Started>(e->body)) entry->started = true;
        const bool ends = e->is_terminal();
        if (ends) std::erase(entries, entry);
        keep(*entry, e);
        Q_EMIT q.run_event(e);
        if (ends) ended(*entry, *e);
    }

    void keep(RunEntry& entry, const std::shared_ptr<RunEvent>& e) {
        if (!entry.recorder) return;
        const auto* made = std::get_if<event::ArtifactMade>(&e->body);
        if ((made && made->artifact.preview) || std::holds_alternative<event::Progress>(e->body)) return;
        if (!entry.is_live()) {
            if (entry.id == 0) return;   // it ended before it had a row
            entry.recorder->add(entry.id, e);
            if (entry.recorder->waiting_bytes() > kHoldAbove && entry.engine) {
                entry.engine->hold_events(true);
                flow.start(50);
            }
            return;
        }
        entry.held_bytes += made && made->artifact.bytes ? made->artifact.bytes->size() : 0;
        if (entry.held_bytes <= kMaxHeld) entry.held.push_back(e);
    }

    void ended(RunEntry& entry, const RunEvent& last) {
        const std::string uuid = entry.request.uuid;
        const RunState state = state_of(last.body);
        if (!entry.checkpoint_file.empty()) {
            std::error_code error;
            std::filesystem::remove(entry.checkpoint_file, error);
        }
        // One that only said something in its summary (what a model is, say) leaves nothing to come back to.
        const bool has_results = std::any_of(entry.held.begin(), entry.held.end(), [](const auto& e) { return std::holds_alternative<event::ArtifactMade>(e->body) || std::holds_alternative<event::Metrics>(e->body); });
        if (entry.is_live() && entry.recorder && has_results && state == RunState::finished && entry.held_bytes <= kMaxHeld)
            entry.recorder->keep({stored_request(entry), entry.title, engine_text(), entry.assets, std::move(entry.held)}, live_history);
        if (live && entry.engine == live.get()) live_idle.start(kLiveEngineIdleMs);
        if (entry.id != 0 && entry.recorder) {
            endings[uuid] = {last.seq, state};
            // A project that cannot be written must not keep anybody waiting for the end of a run.
            QTimer::singleShot(kCommitPatienceMs, &q, [this, uuid] { announce_end(uuid); });
        } else {
            Q_EMIT q.run_ended(qs(uuid), state);
        }
        QMetaObject::invokeMethod(&q, [this] { pump(); }, Qt::QueuedConnection);
    }

    /// Engines go on once the recorder has caught up.
    void regulate() {
        std::size_t waiting = recorder ? recorder->waiting_bytes() : 0;
        for (const Entry& e : entries)
            if (e->recorder) waiting = std::max(waiting, e->recorder->waiting_bytes());
        if (waiting > kReleaseBelow) return;
        flow.stop();
        engine->hold_events(false);
        if (live) live->hold_events(false);
    }

    void close() {
        *alive = false;
        helpers.clear();
        helpers.waitForDone();
        for (EngineProcess* e : {engine.get(), live.get()}) {
            if (!e) continue;
            e->disconnect();
            e->stop();   // both at once; their destructors wait
        }
        live.reset();
        engine.reset();
        recorder.reset();
        for (const Entry& entry : std::exchange(entries, {})) interrupt(*entry);
    }

    /// The row of a run that this program leaves behind.
    static void interrupt(RunEntry& entry) {
        std::error_code ignored;
        if (!entry.checkpoint_file.empty()) std::filesystem::remove(entry.checkpoint_file, ignored);
        if (entry.id == 0 || !entry.recorder) return;
        const std::shared_ptr<Project> project = entry.recorder->project();
        entry.recorder.reset();   // writes what it still holds
        try {
            project->set_state(entry.id, entry.started ? RunState::interrupted : RunState::cancelled, {{"code", "engine_lost"}, {"what", "The program was closed while the run was under way."}, {"where", ""}, {"hint", "Run it again, or go on from its checkpoint."}});
        } catch (const Error& error) {
            log(LogLevel::warning, "client", error.what());
        }
    }
};

Session::Session(QObject* parent) : QObject(parent), m_impl(std::make_unique<Impl>(*this)) {}

Session::~Session() {
    blockSignals(true);
    m_impl->close();
}

void Session::start_engine() { m_impl->engine->start(); }
EngineProcess& Session::engine() { return *m_impl->engine; }
EngineProcess* Session::live_engine() { return m_impl->live.get(); }

void Session::use_launcher(const Launcher& launcher) {
    m_impl->engine->set_launcher(launcher);
    if (m_impl->live) m_impl->live->set_launcher(launcher);
}

void Session::set_project(std::shared_ptr<Project> project) { m_impl->set_project(std::move(project)); }
std::shared_ptr<Project> Session::project() const { return m_impl->project; }
void Session::set_live_history(std::size_t runs) { m_impl->live_history = runs; }

std::string Session::submit(RunRequest request, const std::vector<std::pair<std::string, std::string>>& assets, const std::string& title, const std::string& live_key, SweepId sweep) {
    return m_impl->submit(std::move(request), assets, title, live_key, sweep);
}

void Session::cancel(const std::string& uuid) {
    if (const auto entry = m_impl->find(uuid)) m_impl->cancel(entry);
}

void Session::pause(const std::string& uuid) {
    if (const auto entry = m_impl->find(uuid); entry && entry->engine) entry->engine->pause(uuid);
}

RunId Session::run_id(const std::string& uuid) const {
    const auto it = m_impl->ids.find(uuid);
    return it == m_impl->ids.end() ? 0 : it->second;
}

std::vector<std::string> Session::active() const {
    std::vector<std::string> out;
    for (const auto& entry : m_impl->entries) out.push_back(entry->request.uuid);
    return out;
}

}
