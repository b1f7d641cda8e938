#include "core/engine/plugins.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/plugin_headers.h"
#include <algorithm>
#include <dlfcn.h>
#include <set>

namespace lathe {
namespace fs = std::filesystem;
namespace {

std::vector<fs::path> plugin_files(const fs::path& folder) {
    std::vector<fs::path> files;
    std::error_code error;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
        if (it->path().filename().string().ends_with("_engine.so")) files.push_back(it->path());
    std::sort(files.begin(), files.end());
    return files;
}

std::string text_or_empty(const char* text) { return text ? text : ""; }

/// Opens one file and registers it. Throws Error with the reason; `status` holds what was learnt until then.
void load(const fs::path& file, const std::set<std::string>& known, Registry& registry, PluginStatus& status) {
    void* library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) throw Error(ErrorCode::wrong_format, text_or_empty(::dlerror()), file.string(), "Build it again for this Lathe.");
    const auto entry = reinterpret_cast<decltype(&lathe_engine_plugin)>(::dlsym(library, "lathe_engine_plugin"));
    if (!entry) throw Error(ErrorCode::wrong_format, "It exports no lathe_engine_plugin().", file.string(), "It is not an engine plugin of Lathe.");
    const LatheEnginePlugin* plugin = entry();
    if (!plugin) throw Error(ErrorCode::wrong_format, "lathe_engine_plugin() returned nothing.", file.string());
    // Size and API come first: the rest of the struct is only as trustworthy as these.
    if (plugin->api != static_cast<std::uint32_t>(kPluginApi))
        throw Error(ErrorCode::version, "It was built for plugin API " + std::to_string(plugin->api) + "; this engine has API " + std::to_string(kPluginApi) + ".", file.string(),
            "Install the version of the plugin that belongs to this Lathe.");
    if (plugin->size != sizeof(LatheEnginePlugin)) throw Error(ErrorCode::version, "Its description has " + std::to_string(plugin->size) + " bytes instead of " + std::to_string(sizeof(LatheEnginePlugin)) + ".", file.string());
    status.id = text_or_empty(plugin->id);
    status.version = text_or_empty(plugin->version);
    if (text_or_empty(plugin->abi) != lathe_abi())
        throw Error(ErrorCode::version, "It was built with " + text_or_empty(plugin->abi) + "; this engine is " + lathe_abi() + ".", file.string(), "Build it again for this Lathe.");
    if (const std::string reason = headers_reason(file, PluginHalf::engine); !reason.empty()) throw Error(ErrorCode::version, reason, file.string());
    if (status.id.empty() || !plugin->register_all) throw Error(ErrorCode::wrong_format, "It has no id or registers nothing.", file.string());
    if (known.contains(status.id)) throw Error(ErrorCode::invalid_value, "A plugin \"" + status.id + "\" is loaded already.", file.string(), "Remove one of the two files.");
    Registry staged;
    plugin->register_all(&staged);
    staged.set_plugin(status.id);
    registry.merge(std::move(staged));
}

}

std::vector<PluginStatus> load_plugins(const std::vector<fs::path>& folders, Registry& registry) {
    std::vector<PluginStatus> plugins;
    std::set<std::string> known;
    for (const auto& folder : folders) {
        for (const auto& file : plugin_files(folder)) {
            PluginStatus status;
            status.file = file.string();
            try {
                load(file, known, registry, status);
                status.ok = true;
                known.insert(status.id);
            } catch (...) {
                const Error error = current_error("registering the plugin");
                status.reason = error.summary() + (error.hint().empty() ? "" : " " + error.hint());
                log(LogLevel::warning, "plugins", file.string() + ": " + status.reason);
            }
            if (status.id.empty()) status.id = file.stem().string();
            plugins.push_back(std::move(status));
        }
    }
    return plugins;
}

}
