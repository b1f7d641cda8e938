#include "core/engine/registry.h"
#include "plugins/bev/engine/cases.h"
#include "plugins/bev/engine/cases_data.h"
#include "plugins/bev/engine/family.h"
#include "plugins/bev/engine/methods.h"
#include "plugins/bev/engine/street_method.h"

namespace lathe::bev {
namespace {

void register_all(Registry* registry) {
    registry->add(make_family());
    for (auto make : {ablation_method, detect_method, describe_method, evaluate_method, train_method, street_method}) registry->add(make());
    for (auto make : {view_case, projected_case, image_net_case, encoder_case, head_case, loss_case, detect_case, overlap_case, align_case, image_aug_case, result_case, metric_case}) registry->add(make());
}

}
}

extern "C" const lathe::LatheEnginePlugin* lathe_engine_plugin() {
    static const std::string version = lathe::version();
    static const lathe::LatheEnginePlugin plugin{sizeof(lathe::LatheEnginePlugin), lathe::kPluginApi, LATHE_ABI, "bev", version.c_str(), lathe::bev::register_all};
    return &plugin;
}
