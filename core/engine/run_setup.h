#pragma once
// What happens between a run request and its method: version, inputs, model facts, complete parameters, taps. Work thread.
#include "core/engine/engine_run.h"
#include "core/engine/registry.h"
#include <set>

namespace lathe {

/// Where the file of a hash is, and what it looked like when it was named.
struct AssetPath {
    std::string path;
    bool verify = false;                     ///< hash it here: the asker may see another file under this path
    std::int64_t size = -1, changed_ns = 0;  ///< size -1: it was not there
    static AssetPath look_at(std::string path, bool verify);
    bool is_same_file() const;
};
using AssetPaths = std::map<std::string, AssetPath>;   ///< by sha256

Json run_environment(const RunRequest& request);
/// Brings stored parameters of an older version up. Throws Error(version).
RunRequest at_current_version(RunRequest request, const Method& method);
/// Checks roles and files; what was hashed once is remembered in `verified`. Throws Error(not_found, invalid_value).
std::vector<InputAsset> run_inputs(const RunRequest& request, const AssetPaths& paths, const MethodInfo& info, std::set<std::string>& verified, const std::function<bool()>& keep_going);
/// Facts of the model (loaded through the cache where a parameter refers to them), complete parameters, taps.
void prepare_run(EngineRun& run, const Method& method, const Registry& registry);

}
