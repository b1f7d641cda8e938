#include "core/engine/registry.h"
#include "plugins/delta_cache/engine/cache_tap.h"
#include "plugins/delta_cache/engine/cases.h"
#include "plugins/delta_cache/engine/dit_family.h"
#include "plugins/delta_cache/engine/methods.h"
#include "plugins/delta_cache/engine/train.h"

namespace lathe::delta_cache {
namespace {

void register_all(Registry* registry) {
    registry->add(make_dit_family());
    registry->add(sample_method());
    registry->add(study_method());
    registry->add(describe_method());
    register_training(*registry);
    registry->add(policy_tap());
    for (auto make : {forward_case, diffusers_case, samplers_case, schedulers_case, policy_case, metrics_case}) registry->add(make());
}

}
}

extern "C" const lathe::LatheEnginePlugin* lathe_engine_plugin() {
    static const std::string version = lathe::version();
    static const lathe::LatheEnginePlugin plugin{sizeof(lathe::LatheEnginePlugin), lathe::kPluginApi, LATHE_ABI, "delta_cache", version.c_str(), lathe::delta_cache::register_all};
    return &plugin;
}
