#include "core/engine/registry.h"
#include "plugins/hypergraph/engine/registrations.h"

namespace lathe::hypergraph {
namespace {

void register_all(Registry* registry) {
    register_files(*registry);
    register_structure(*registry);
    register_learning(*registry);
}

}
}

extern "C" const lathe::LatheEnginePlugin* lathe_engine_plugin() {
    static const std::string version = lathe::version();
    static const lathe::LatheEnginePlugin plugin{sizeof(lathe::LatheEnginePlugin), lathe::kPluginApi, LATHE_ABI, "hypergraph", version.c_str(), lathe::hypergraph::register_all};
    return &plugin;
}
