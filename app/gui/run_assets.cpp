#include "app/gui/run_assets.h"
#include "app/gui/text.h"
#include "core/base/hash.h"
#include "core/base/paths.h"
#include <filesystem>

namespace lathe {

namespace {

/// A model that came with the program that made the run, where this one has the same; empty: it has not.
std::filesystem::path shipped(const AssetRow& asset) {
    std::error_code none;
    const std::filesystem::path file = asset.name.empty() ? std::filesystem::path() : resource("models/" + std::filesystem::path(asset.name).filename().string());
    if (file.empty() || !std::filesystem::is_regular_file(file, none) || static_cast<std::int64_t>(std::filesystem::file_size(file, none)) != asset.size) return {};
    return sha256_file(file) == asset.sha256 ? file : std::filesystem::path();
}

}

/// A path beside the project first, else the place where it was; an asset that travels in the project is taken out into the cache by its hash.
RunAssets assets_of(const ProjectReader& reader, RunId run) {
    RunAssets found;
    for (const auto& [role, asset] : reader.assets_of(run)) {
        const std::filesystem::path beside = asset.rel_path.empty() ? std::filesystem::path() : reader.file().parent_path() / asset.rel_path;
        std::error_code none;
        if (!beside.empty() && std::filesystem::exists(beside, none)) {
            found.paths << std::pair(qs(role), path_text(beside));
        } else if (!asset.hint.empty() && std::filesystem::exists(asset.hint, none)) {
            found.paths << std::pair(qs(role), qs(asset.hint));
        } else if (asset.embedded) {
            const std::filesystem::path out = user_cache_folder() / "assets" / (asset.sha256 + std::filesystem::path(asset.name).extension().string());
            std::filesystem::create_directories(out.parent_path(), none);
            if (std::filesystem::exists(out, none) || reader.extract_asset(asset.id, out)) found.paths << std::pair(qs(role), path_text(out));
        } else if (const std::filesystem::path file = shipped(asset); !file.empty()) {
            found.paths << std::pair(qs(role), path_text(file));
        } else {
            found.missing << qs(asset.name.empty() ? asset.hint : asset.name);
        }
    }
    return found;
}

}
