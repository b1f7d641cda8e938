#pragma once
// A session ties a project to engines: queues runs, records what they yield, keeps the live lane apart from recorded work, and marks what was interrupted.
// The window and the command line both use it; everything is on the owner's thread, hashing, encoding and writing on threads of its own.
#include "core/client/engine_process.h"
#include "core/project/project.h"
#include <QObject>
#include <memory>

namespace lathe {

class Session : public QObject {
    Q_OBJECT
public:
    explicit Session(QObject* parent = nullptr);                      ///< with default_launcher(); a wrong one is told by message() and the local engine used
    ~Session() override;                                              ///< ends the engines; what is still under way becomes interrupted

    void start_engine();                                              ///< the batch/first engine; a second one for live runs is started when needed
    EngineProcess& engine();                                          ///< the same object for the life of the session
    EngineProcess* live_engine();                                     ///< null: none is up beside the first
    void use_launcher(const Launcher& launcher);                      ///< from the next start or restart of the engine on
    /// null: none (runs are still shown, nothing is kept). Runs of the project before are cancelled; it stays open until they have ended.
    void set_project(std::shared_ptr<Project> project);
    std::shared_ptr<Project> project() const;
    void set_live_history(std::size_t runs);                          ///< how many live results are kept, default 50

    /// Checks and completes the parameters and queues the run. Returns the uuid. Throws Error(busy) before the catalogue is there, Error(unknown_name,
    /// invalid_value, not_found) for a request that cannot be run. request.version is that of the method the parameters were made for: those of an older
    /// one go to the engine as they are, and it upgrades them.
    /// `assets`: role -> path; hashed on a helper thread before the run starts (the hash is remembered by path, size and time of change).
    /// A batch run gets its row in the project here, or once its assets are hashed. Live runs wait a moment for newer ones; a new one with the same
    /// `live_key` cancels the older; only a finished one is kept, among the last 50.
    /// request.resume: the run whose last checkpoint this one goes on from (it must be in the project).
    std::string submit(RunRequest request, const std::vector<std::pair<std::string, std::string>>& assets, const std::string& title = {}, const std::string& live_key = {}, SweepId sweep = 0);
    void cancel(const std::string& uuid);                             ///< idempotent
    void pause(const std::string& uuid);
    RunId run_id(const std::string& uuid) const;                      ///< 0: not recorded (yet)
    std::vector<std::string> active() const;                          ///< uuids queued or running, oldest first

Q_SIGNALS:
    void catalogue_ready();
    void run_added(QString uuid);                                     ///< accepted and queued
    void run_event(std::shared_ptr<lathe::RunEvent> event);           ///< as soon as it arrives
    void run_committed(QString uuid, quint64 seq);                    ///< that event and all before it are in the project file
    void storing(bool waits);                                         ///< waits: the project cannot be written now, what is to be kept stays in memory; false: it could again
    void run_kept(QString uuid);                                      ///< a live result got its row: run_id() knows it
    void run_ended(QString uuid, lathe::RunState state);              ///< recorded runs: after their last event was committed
    void message(QString level, QString what, QString where, QString hint);
private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

}
