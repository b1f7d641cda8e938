#include "core/client/run_files.h"
#include "core/base/paths.h"

namespace lathe {
namespace fs = std::filesystem;

RunFiles files_of_run(const ProjectReader& reader, RunId run, const fs::path& project) {
    RunFiles found;
    std::error_code none;
    for (const auto& [role, asset] : reader.assets_of(run)) {
        const fs::path beside = asset.rel_path.empty() ? fs::path() : project.parent_path() / asset.rel_path;
        if (!beside.empty() && fs::exists(beside, none)) {
            found.paths.emplace_back(role, beside.string());
            continue;
        }
        if (!asset.hint.empty() && fs::exists(asset.hint, none)) {
            found.paths.emplace_back(role, asset.hint);
            continue;
        }
        const fs::path kept = user_cache_folder() / "assets" / (asset.sha256 + fs::path(asset.name).extension().string());
        fs::create_directories(kept.parent_path(), none);
        if (asset.embedded && (fs::exists(kept, none) || reader.extract_asset(asset.id, kept))) found.paths.emplace_back(role, kept.string());
        else found.missing.push_back(asset.name.empty() ? asset.hint : asset.name);
    }
    return found;
}

}
