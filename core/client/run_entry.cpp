#include "core/client/run_entry.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/hash.h"
#include "core/base/paths.h"
#include "core/base/uuid.h"
#include "core/client/asset_hashes.h"
#include "core/method/parameter_defaults.h"
#include <algorithm>

namespace lathe {
namespace fs = std::filesystem;
namespace {

constexpr const char* kCheckpointRole = "checkpoint";

bool names_role(const std::vector<std::pair<std::string, std::string>>& files, std::string_view role) {
    return std::any_of(files.begin(), files.end(), [&](const auto& f) { return f.first == role; });
}

/// The last checkpoint of a run, as a file that the engine can read.
std::string extract_checkpoint(const std::string& resume, const std::shared_ptr<Project>& project, std::string& sha256) {
    if (!project) throw Error(ErrorCode::not_found, "There is no project with the run to go on from.", resume, "Open the project of that run first.");
    const auto reader = project->reader();
    const auto run = reader->find_run(resume);
    if (!run) throw Error(ErrorCode::not_found, "The run to go on from is not in the project.", resume);
    std::optional<ArtifactRow> last;
    for (const auto& artifact : reader->artifacts(*run))
        if (artifact.kind == "state" && (!last || artifact.id > last->id)) last = artifact;
    if (!last) throw Error(ErrorCode::not_found, "The run to go on from has left no checkpoint.", resume, "Start it again from the beginning.");
    const std::string bytes = reader->artifact_bytes(last->id);
    sha256 = sha256_hex(bytes);
    const fs::path folder = user_cache_folder() / "checkpoints";
    fs::create_directories(folder);
    const fs::path file = folder / (make_uuid() + ".safetensors");
    write_file(file, bytes);
    return file.string();
}

}

bool is_prepared(const std::vector<std::pair<std::string, std::string>>& files, const std::string& resume, const AssetHashes& hashes) {
    return resume.empty() && std::all_of(files.begin(), files.end(), [&](const auto& f) { return hashes.known(f.second).has_value(); });
}

PreparedFiles prepare_files(const std::vector<std::pair<std::string, std::string>>& files, const std::map<std::string, std::string>& kind_of, const std::string& resume,
    const std::shared_ptr<Project>& project, AssetHashes& hashes, const std::function<bool()>& keep_going) {
    PreparedFiles out;
    for (const auto& [role, path] : files) {
        const std::string full = fs::absolute(path).lexically_normal().string(), sha256 = hashes.hash(full, keep_going);
        out.assets.push_back({role, sha256});
        out.asset_paths.emplace_back(sha256, full);
        AssetRow row;
        row.sha256 = sha256;
        const auto kind = kind_of.find(role);
        row.kind = kind == kind_of.end() ? "model" : kind->second;
        row.name = fs::path(full).filename().string();
        row.rel_path = full;
        row.size = static_cast<std::int64_t>(size_or_zero(full));
        out.rows.push_back(std::move(row));
    }
    if (!resume.empty() && !names_role(files, kCheckpointRole)) {
        std::string sha256;
        out.checkpoint_file = extract_checkpoint(resume, project, sha256);
        out.assets.push_back({kCheckpointRole, sha256});
        out.asset_paths.emplace_back(sha256, out.checkpoint_file);
    }
    return out;
}

RunRequest checked_request(RunRequest request, const MethodInfo& method, const std::vector<std::pair<std::string, std::string>>& files) {
    if (request.uuid.empty()) request.uuid = make_uuid();
    if (!is_uuid(request.uuid)) throw Error(ErrorCode::invalid_value, "The name of a run must be a uuid.", request.uuid);
    if (request.seed < 0 || request.seed > kMaxSeed) throw Error(ErrorCode::invalid_value, "The seed " + std::to_string(request.seed) + " is outside 0 to 2^53-1.", "seed");
    if (request.threads < 0 || request.threads > 1024) throw Error(ErrorCode::invalid_value, std::to_string(request.threads) + " threads are outside 0 to 1024.", "threads");
    if (request.version > method.version)
        throw Error(ErrorCode::version, "The parameters were stored by a newer version of " + method.id + " (" + std::to_string(request.version) + "); the engine has version " + std::to_string(method.version) + ".",
            method.id, "Update Lathe or the plugin.");
    if (request.version == method.version) request.params = complete_without_model(method.parameters, request.params);
    // A method with a seed of its own: the seed of the run is that one, whoever asks for it.
    if (const auto seed = request.params.find("seed"); seed != request.params.end() && seed->is_number_integer()) request.seed = seed->get<std::int64_t>();
    if (!request.taps.empty() && !method.takes_taps) throw Error(ErrorCode::invalid_value, method.title + " takes no taps.", request.taps.front().id, "Remove them from the run.");
    for (const auto& [role, path] : files) {
        const auto slot = std::find_if(method.inputs.begin(), method.inputs.end(), [&](const InputSlot& s) { return s.role == role; });
        if (slot == method.inputs.end() && role != kCheckpointRole) throw Error(ErrorCode::unknown_name, method.title + " has no input \"" + role + "\".", role + " = " + path);
        const bool may_be_folder = slot != method.inputs.end() && slot->kind == "data";
        if (!fs::is_regular_file(path) && !(may_be_folder && fs::is_directory(path)))
            throw Error(ErrorCode::not_found, std::string("There is no such file") + (may_be_folder ? " or folder" : "") + " for the input \"" + role + "\".", path, "Check the name, or choose it again.");
    }
    for (const auto& slot : method.inputs)
        if (slot.required && !names_role(files, slot.role))
            throw Error(ErrorCode::invalid_value, method.title + " needs the input \"" + (slot.label.empty() ? slot.role : slot.label) + "\".", "input " + slot.role, slot.help);
    return request;
}

}
