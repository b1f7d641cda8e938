#pragma once
// An engine process with what it said, for tests that use the real lathe-engine.
#include "core/base/uuid.h"
#include "core/client/engine_process.h"
#include "core/client/launcher.h"
#include <QCoreApplication>
#include <QElapsedTimer>
#include <QEventLoop>
#include <QTimer>
#include <csignal>
#include <functional>
#include <memory>

namespace lathe::testing {

/// The limit is long: a computer that builds something else at the same time is slow, not wrong. How fast things are, `./dev bench` measures.
inline bool wait_until(const std::function<bool()>& condition, int ms = 120'000) {
    QElapsedTimer clock;
    clock.start();
    while (!condition() && clock.elapsed() < ms) QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents | QEventLoop::AllEvents, 20);
    return condition();
}

inline RunRequest selftest(Json params = Json::object()) {
    RunRequest r;
    r.uuid = make_uuid();
    r.method = "engine.selftest";
    r.params = std::move(params);
    return r;
}

struct Heard {
    explicit Heard(EngineProcess& engine) {
        QObject::connect(&engine, &EngineProcess::event, &context, [this](const std::shared_ptr<RunEvent>& e) { events.push_back(e); });
        QObject::connect(&engine, &EngineProcess::state_changed, &context, [this](EngineState s) { states.push_back(s); });
        QObject::connect(&engine, &EngineProcess::lost, &context, [this](const QString& reason, const QStringList& runs) { lost_reason = reason; lost_runs = runs; ++lost; });
        QObject::connect(&engine, &EngineProcess::message, &context, [this](const QString& level, const QString& what, const QString& where, const QString& hint) {
            messages << QStringLiteral("%1: %2 | %3 | %4").arg(level, what, where, hint);
        });
        QObject::connect(&engine, &EngineProcess::ready, &context, [this] { ++ready; });
    }
    std::shared_ptr<RunEvent> end_of(const std::string& uuid) const {
        for (const auto& e : events)
            if (e->run == uuid && e->is_terminal()) return e;
        return nullptr;
    }
    template <class T> std::vector<T> all(const std::string& uuid) const {
        std::vector<T> out;
        for (const auto& e : events)
            if (e->run == uuid)
                if (const T* body = std::get_if<T>(&e->body)) out.push_back(*body);
        return out;
    }
    QObject context;
    std::vector<std::shared_ptr<RunEvent>> events;
    std::vector<EngineState> states;
    QString lost_reason;
    QStringList lost_runs, messages;
    int ready = 0, lost = 0;
};

inline std::unique_ptr<EngineProcess> started(Heard** heard = nullptr, const QString& command = {}) {
    auto engine = std::make_unique<EngineProcess>(command.isEmpty() ? default_launcher() : launcher_from(command));
    auto* h = new Heard(*engine);
    QObject::connect(engine.get(), &QObject::destroyed, [h] { delete h; });
    if (heard) *heard = h;
    engine->start();
    if (!wait_until([&] { return engine->state() == EngineState::idle || engine->state() == EngineState::failed; })) qWarning("engine did not start");
    return engine;
}

inline bool run_to_end(EngineProcess& engine, Heard& heard, const RunRequest& request) {
    engine.run(request, {});
    return wait_until([&] { return heard.end_of(request.uuid) != nullptr; });
}

inline bool process_exists(std::int64_t pid) { return ::kill(static_cast<pid_t>(pid), 0) == 0; }

}
