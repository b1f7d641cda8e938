#pragma once
// Finds and opens engine plugins: *_engine.so in the plugin folders. A plugin that does not fit is listed with its reason; the rest keeps working.
#include "core/engine/registry.h"
#include "core/protocol/messages.h"

namespace lathe {

/// Adds what the plugins register to `registry`. Never throws. Plugins are never unloaded.
std::vector<PluginStatus> load_plugins(const std::vector<std::filesystem::path>& folders, Registry& registry);

}
