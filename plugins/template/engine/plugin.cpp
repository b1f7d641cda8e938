// Engine half: one method that makes a picture. It includes LibTorch and never Qt.
#include "core/engine/registry.h"
#include <ATen/ATen.h>

namespace {

using namespace lathe;

void waves(RunContext& run) {
    const Json& p = run.params();
    const auto size = p.at("size").get<std::int64_t>();
    const double frequency = number_from(p.at("frequency"), "frequency");
    run.check_cancelled();   // long methods ask often, or set it as the tick of their taps
    const at::Tensor axis = at::linspace(0, 6.283185307179586, size) * frequency;
    const at::Tensor value = axis.sin().unsqueeze(0) * axis.cos().unsqueeze(1);
    run.image("waves", 0, (value * 127.5 + 127.5).round().to(at::kByte));
    run.summary("mean", value.mean().item<double>());
}

Method waves_method() {
    Method method;
    method.info.id = "template.waves";
    method.info.title = "Waves";
    method.info.help = "Draws a pattern of waves.";
    method.info.parameters = {
        Parameter::number("frequency", 3.0).range(0.1, 50).with_label("Frequency").with_help("Waves across the picture.").is_live(),
        Parameter::integer("size", 128).range(16, 1024).with_label("Size").with_unit("px").is_live(),
    };
    method.info.outputs = {{"waves", "image", "Waves", "", ""}};
    method.run = waves;
    return method;
}

void register_all(Registry* registry) { registry->add(waves_method()); }

}

extern "C" const lathe::LatheEnginePlugin* lathe_engine_plugin() {
    static const lathe::LatheEnginePlugin plugin{sizeof(lathe::LatheEnginePlugin), lathe::kPluginApi, LATHE_ABI, "template", "1.0.0", register_all};
    return &plugin;
}
