#include "core/engine/registry.h"
#include "plugins/quantization/engine/cases.h"
#include "plugins/quantization/engine/cases_methods.h"
#include "plugins/quantization/engine/cifar_family.h"
#include "plugins/quantization/engine/fake_quant_factory.h"
#include "plugins/quantization/engine/image_resnet_family.h"
#include "plugins/quantization/engine/methods.h"

namespace lathe::quantization {
namespace {

void register_all(Registry* registry) {
    registry->add(make_cifar_family());
    registry->add(make_image_resnet_family());
    registry->add(describe_method());
    registry->add(evaluate_method());
    registry->add(sensitivity_method());
    registry->add(reconstruct_method());
    registry->add(compare_method());
    registry->add(deploy_method());
    registry->add(train_method());
    registry->add(fake_quant_factory());
    for (auto make : {fake_quant_case, observers_case, apot_qil_oqa_case, backends_case, nodes_case, int8_exact_case, bn_fold_case, adaround_layer_case, sensitivity_case}) registry->add(make());
}

}
}

extern "C" const lathe::LatheEnginePlugin* lathe_engine_plugin() {
    static const std::string version = lathe::version();
    static const lathe::LatheEnginePlugin plugin{sizeof(lathe::LatheEnginePlugin), lathe::kPluginApi, LATHE_ABI, "quantization", version.c_str(), lathe::quantization::register_all};
    return &plugin;
}
