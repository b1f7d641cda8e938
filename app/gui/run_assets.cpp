#include "app/gui/run_assets.h"
#include "app/gui/text.h"
#include "core/base/hash.h"
#include "core/base/paths.h"
#include <filesystem>

namespace lathe {

namespace {

/// A model, a set of models or a graph (a file or folder) that came with the program that made the run, where this one has the same; empty: it has not.
std::filesystem::path shipped(const AssetRow& asset) {
    namespace fs = std::filesystem;
    if (asset.name.empty()) return {};
    for (const char* folder : {"models", "models/vit-merge", "graphs"}) {
        const fs::path found = resource(fs::path(folder) / fs::path(asset.name).filename());
        std::error_code none;
        const bool fits = fs::is_directory(found, none) || (fs::is_regular_file(found, none) && static_cast<std::int64_t>(fs::file_size(found, none)) == asset.size);
        if (fits && sha256_path(found) == asset.sha256) return found;
    }
    return {};
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
