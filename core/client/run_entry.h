#pragma once
// A run on its way through a session. Not part of the interface of core/client.
#include "core/client/engine_process.h"
#include "core/client/recorder.h"
#include <QPointer>

namespace lathe {

struct RunEntry {
    enum class Phase { preparing, waiting, sent };
    RunRequest request;
    std::vector<std::pair<std::string, std::string>> files;          ///< role, path: as submitted
    std::vector<std::pair<std::string, std::string>> asset_paths;    ///< sha256, path: for the engine
    std::vector<AssetRow> assets;                                    ///< for the project
    std::string title, live_key, checkpoint_file;
    SweepId sweep = 0;
    RunId id = 0;
    std::shared_ptr<Recorder> recorder;                              ///< null: not recorded
    Phase phase = Phase::preparing;
    QPointer<EngineProcess> engine;
    bool cancel_asked = false, started = false;
    std::uint64_t last_seq = 0;
    double due = 0;                                                  ///< live: not sent before (monotonic seconds)
    std::vector<std::shared_ptr<RunEvent>> held;                     ///< live: what is kept if it finishes
    std::size_t held_bytes = 0;
    bool is_live() const { return request.lane == Lane::live; }
};

/// What must be read from disk before a run can be sent: hashes of its files, the checkpoint it goes on from. Made on a helper thread.
struct PreparedFiles {
    std::vector<AssetRef> assets;
    std::vector<std::pair<std::string, std::string>> asset_paths;
    std::vector<AssetRow> rows;
    std::string checkpoint_file;
};
class AssetHashes;
/// `kind_of`: of a role. Throws Error.
PreparedFiles prepare_files(const std::vector<std::pair<std::string, std::string>>& files, const std::map<std::string, std::string>& kind_of, const std::string& resume,
    const std::shared_ptr<Project>& project, AssetHashes& hashes, const std::function<bool()>& keep_going);
/// Whether that would need no more than a look at the files.
bool is_prepared(const std::vector<std::pair<std::string, std::string>>& files, const std::string& resume, const AssetHashes& hashes);

/// Checks a request against its method: parameters completed, roles and files there. Throws Error.
RunRequest checked_request(RunRequest request, const MethodInfo& method, const std::vector<std::pair<std::string, std::string>>& files);

}
