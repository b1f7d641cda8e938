#include "app/cli/engine_host.h"
#include "app/cli/interrupt.h"
#include "app/cli/options.h"
#include "app/cli/terminal.h"
#include "core/base/text.h"
#include "core/base/uuid.h"
#include <QEventLoop>
#include <deque>

namespace lathe::cli {
namespace {

bool is_ready(const EngineProcess& engine) { return !engine.catalogue().methods.empty() && (engine.state() == EngineState::idle || engine.state() == EngineState::running); }

void note_end(RunOutcome& out, const RunEventBody& body) {
    if (const auto* finished = std::get_if<event::Finished>(&body)) {
        out.seconds = finished->seconds;
        if (finished->summary.is_object()) out.summary = finished->summary;
    } else if (const auto* failed = std::get_if<event::Failed>(&body)) {
        out.error = Error(failed->code, failed->what, failed->where, failed->hint);
    } else if (const auto* cancelled = std::get_if<event::Cancelled>(&body)) {
        out.seconds = cancelled->seconds;
    } else if (const auto* paused = std::get_if<event::Paused>(&body)) {
        out.seconds = paused->seconds;
    }
}

}

EngineHost::EngineHost() : m_session(std::make_unique<Session>()) {
    QObject::connect(m_session.get(), &Session::message, m_session.get(), [this](const QString& level, const QString& what, const QString& where, const QString& hint) {
        if (level == QLatin1String("error") || m_quiet) m_last_message = Error(ErrorCode::engine_lost, what.toStdString(), where.toStdString(), hint.toStdString());
        if (!m_quiet) say(level.toStdString(), what.toStdString(), where.toStdString(), hint.toStdString());
    });
    m_session->start_engine();
    wait_until_ready();
    m_quiet = false;
}

EngineHost::~EngineHost() = default;

void EngineHost::wait_until_ready() {
    QEventLoop loop;
    EngineProcess& engine = m_session->engine();
    QObject context;
    QObject::connect(&engine, &EngineProcess::ready, &context, [&] { loop.quit(); });
    // Queued: the reason of a failure is told right after the state.
    QObject::connect(&engine, &EngineProcess::state_changed, &context, [&](EngineState state) { if (state == EngineState::failed) loop.quit(); }, Qt::QueuedConnection);
    const InterruptWatch watch([&](int) { loop.quit(); });
    while (!is_ready(engine) && engine.state() != EngineState::failed) {
        throw_if_interrupted();
        loop.exec();
    }
    throw_if_interrupted();
    if (!is_ready(engine))
        throw m_last_message.value_or(Error(ErrorCode::engine_lost, "The engine does not start.", engine.launcher().title, "Check LATHE_ENGINE and the settings."));
}

const MethodInfo& EngineHost::method(const std::string& id) const {
    if (const MethodInfo* found = catalogue().find(id)) return *found;
    std::vector<std::string> known;
    for (const MethodInfo& m : catalogue().methods) known.push_back(m.id);
    const std::string near = nearest_name(id, known);
    throw UsageError(ErrorCode::unknown_name, "There is no method \"" + id + "\"", {}, near.empty() ? "See lathe-cli methods and lathe-cli plugins" : "Did you mean " + near + "? See lathe-cli methods");
}

RunOutcome EngineHost::run(const RunRequest& request, const std::vector<std::pair<std::string, std::string>>& files, const std::string& title, const Sink& sink, SweepId sweep) {
    Session& session = *m_session;
    const bool recorded = session.project() != nullptr;
    RunOutcome out;
    bool over = false, announced = false;
    std::deque<std::shared_ptr<RunEvent>> waiting;   // for their commit
    std::string uuid = request.uuid;
    QEventLoop loop;
    QObject context;
    const auto hand_on = [&](std::uint64_t up_to) {
        for (; !waiting.empty() && waiting.front()->seq <= up_to; waiting.pop_front())
            if (sink.event) sink.event(*waiting.front());
    };
    QObject::connect(&session, &Session::run_event, &context, [&](const std::shared_ptr<RunEvent>& e) {
        if (e->run != uuid) return;
        if (const auto* progress = std::get_if<event::Progress>(&e->body)) {
            if (sink.progress) sink.progress(*progress);
            return;
        }
        const auto* made = std::get_if<event::ArtifactMade>(&e->body);
        if (made && made->artifact.preview) return;
        note_end(out, e->body);
        waiting.push_back(e);
        if (!recorded) hand_on(e->seq);
    });
    QObject::connect(&session, &Session::run_committed, &context, [&](const QString& run, quint64 seq) { if (run.toStdString() == uuid) hand_on(seq); });
    QObject::connect(&session, &Session::run_ended, &context, [&](const QString& run, RunState state) {
        if (run.toStdString() != uuid) return;
        out.state = state;
        over = true;
        loop.quit();
    });
    const InterruptWatch watch([&](int times) {
        if (times == 1 && !std::exchange(announced, true)) {
            say("info", "Cancelling", {}, "Ctrl+C again stops the engine");
            session.cancel(uuid);
        } else if (times > 1) {
            session.engine().kill_and_restart();   // its run ends as cancelled
        }
    });
    session.submit(request, files, title, {}, sweep);
    if (interrupts() > 0) session.cancel(uuid);
    while (!over) loop.exec();
    out.uuid = uuid;
    out.id = session.run_id(uuid);
    if (out.id == 0) hand_on(std::uint64_t(-1));   // it ended before it had a row
    out.kept = waiting.empty();
    return out;
}

Json EngineHost::result_of(const std::string& method_id, Json params) {
    const MethodInfo& info = method(method_id);
    RunRequest request;
    request.uuid = make_uuid();
    request.method = info.id;
    request.version = info.version;
    request.params = std::move(params);
    Json result;
    ProgressBar bar;
    Sink sink;
    sink.progress = [&](const event::Progress& p) { bar.update(p.done, p.total, p.note); };
    sink.event = [&](const RunEvent& e) {
        if (const auto* made = std::get_if<event::ArtifactMade>(&e.body); made && made->artifact.media == "application/json" && made->artifact.bytes)
            result = parse_json(*made->artifact.bytes, method_id, {32, 100'000'000, std::size_t(1) << 30});
    };
    const RunOutcome outcome = run(request, {}, {}, sink);
    if (outcome.state == RunState::cancelled) throw Error(ErrorCode::cancelled, "Cancelled.");
    if (outcome.error) throw *outcome.error;
    return result;
}

}
