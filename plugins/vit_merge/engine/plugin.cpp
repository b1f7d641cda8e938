#include "core/engine/registry.h"
#include "plugins/vit_merge/engine/cases.h"
#include "plugins/vit_merge/engine/methods.h"
#include "plugins/vit_merge/engine/vit_family.h"

namespace lathe::vit_merge {
namespace {

void register_all(Registry* registry) {
    registry->add(make_vit_family());
    for (auto make : {describe_method, merge_method, compare_method, strip_method, inspect_method, evaluate_method, sweep_method, train_method, train_gate_method, benchmark_method}) registry->add(make());
    for (auto make : {timm_case, torchvision_case, hf_case, deit_case, clip_case, pos_embed_case, mobilenet_case, per_sample_linear_case, we_moe_case, merge_methods_case, mow_case, cka_case}) registry->add(make());
}

}
}

extern "C" const lathe::LatheEnginePlugin* lathe_engine_plugin() {
    static const std::string version = lathe::version();
    static const lathe::LatheEnginePlugin plugin{sizeof(lathe::LatheEnginePlugin), lathe::kPluginApi, LATHE_ABI, "vit_merge", version.c_str(), lathe::vit_merge::register_all};
    return &plugin;
}
