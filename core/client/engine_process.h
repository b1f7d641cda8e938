#pragma once
// One engine process: launch, handshake, messages, heartbeat, restart after a crash. Lives on the main thread (PDEATHSIG is tied to the thread
// that starts the process); reading and decoding of frames happens on an own I/O thread; signals arrive on the owner's thread.
#include "core/client/launcher.h"
#include "core/protocol/messages.h"
#include <QObject>
#include <memory>

namespace lathe {

enum class EngineState { stopped, starting, idle, running, cancelling, not_responding, lost, restarting, failed };
std::string_view name(EngineState state);
bool is_legal(EngineState from, EngineState to);     ///< the table; tested entry by entry

class EngineProcess : public QObject {
    Q_OBJECT
public:
    explicit EngineProcess(Launcher launcher, QObject* parent = nullptr);
    ~EngineProcess() override;                       ///< ends the process: end of stdin, then kill after 1 s

    void start();
    void stop();
    void kill_and_restart();                         ///< "Stop now"
    EngineState state() const;
    const EngineHello& hello() const;
    const Catalogue& catalogue() const;              ///< empty before ready()
    const std::optional<Rates>& rates() const;
    const std::string& current_run() const;
    std::int64_t resident_bytes() const;             ///< from the last pong

    /// Sends a run. The engine queues it behind those before it. Events come by event().
    void run(const RunRequest& request, const std::vector<std::pair<std::string, std::string>>& asset_paths);   ///< (sha256, path)
    void cancel(const std::string& run_uuid);
    void pause(const std::string& run_uuid);
    void drop_cache();
    void hold_events(bool on);                       ///< true: nothing more is read from the engine for now, so it waits when its queue is full
    const Launcher& launcher() const;
    void set_launcher(Launcher launcher);            ///< from the next start on
    void set_handshake_limit(int ms);                ///< default 30 s, 120 s where the launcher leads elsewhere

Q_SIGNALS:
    void state_changed(lathe::EngineState state);
    void ready();                                    ///< handshake and catalogue are there; again after each restart
    void event(std::shared_ptr<lathe::RunEvent> event);   ///< artifact bytes already copied out of shared memory
    void rates_arrived();
    void lost(QString reason, QStringList runs);     ///< the runs that were under way; each also gets a Failed event (engine_lost)
    void cancel_is_slow();                           ///< not idle 2 s after cancel: the time to offer "Stop now"
    void message(QString level, QString what, QString where, QString hint);   ///< level: "info", "warning", "error"
private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

}
