#pragma once
// The engine that a command works with: started, waited for, and runs followed to their end. Everything on the main thread's event loop.
#include "core/client/session.h"
#include <functional>
#include <memory>
#include <optional>

namespace lathe::cli {

struct RunOutcome {
    RunState state = RunState::failed;
    RunId id = 0;                             ///< in the project; 0: not recorded
    std::string uuid;
    double seconds = 0;
    Json summary = Json::object();
    std::optional<Error> error;               ///< why it failed
    bool kept = true;                         ///< false: the project could not be written, so its last events are not there
};

class EngineHost {
public:
    EngineHost();                             ///< starts the engine and waits for its catalogue. Throws Error(engine_lost, cancelled)
    ~EngineHost();
    Session& session() const { return *m_session; }
    const Catalogue& catalogue() const { return m_session->engine().catalogue(); }
    /// Throws UsageError naming the nearest method.
    const MethodInfo& method(const std::string& id) const;

    struct Sink {
        std::function<void(const RunEvent&)> event;                      ///< for a recorded run only after the event is in the project file
        std::function<void(const event::Progress&)> progress;            ///< at once
    };
    /// Submits a run and comes back when it has ended. Ctrl+C cancels it; a second one stops the engine.
    RunOutcome run(const RunRequest& request, const std::vector<std::pair<std::string, std::string>>& files, const std::string& title, const Sink& sink, SweepId sweep = 0);
    /// A run without a project: its one JSON artifact. Throws the Error it failed with, Error(cancelled).
    Json result_of(const std::string& method, Json params);
    void wait_until_ready();                  ///< after a crash. Throws Error(engine_lost) if it does not come back

private:
    std::unique_ptr<Session> m_session;
    std::optional<Error> m_last_message;
    bool m_quiet = true;
};

}
