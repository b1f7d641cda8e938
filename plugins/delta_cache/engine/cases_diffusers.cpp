#include "core/nn/tensor_index.h"
#include "plugins/delta_cache/engine/cases.h"
#include "plugins/delta_cache/engine/dit_family.h"
#include <ATen/ATen.h>

namespace lathe::delta_cache {
namespace {

TensorMap run_diffusers(const VerifyInputs& inputs, RunContext&) {
    const c10::InferenceMode guard;
    TensorMap weights;
    for (const auto& [key, tensor] : inputs.tensors)
        if (!key.starts_with("in.") && !key.starts_with("mid.")) weights.emplace(key, tensor);
    auto bytes = std::make_shared<const std::string>(safetensors_bytes(weights, {{"config", inputs.config.dump()}}));
    const auto dit = std::dynamic_pointer_cast<Dit>(make_dit_family()->load(*open_safetensors_bytes(std::move(bytes), "weights of the reference file"), Json::object()));
    dit->prepare_inference();
    const at::Tensor x = case_input(inputs, "", "x"), t = case_input(inputs, "", "t"), y = case_input(inputs, "", "y");
    TensorMap out;
    out["out.diffusers"] = dit->forward({x, t, y}, nullptr);
    // The same weights in the official class: other time frequencies, another epsilon.
    DitConfig config = dit->dit_config();
    config.freq_shift = 0;
    config.norm2_eps = 1e-6;
    Dit official(config);
    const auto state = dit->state();
    std::vector<std::string> keys;
    for (const auto& [key, tensor] : state) keys.push_back(key);
    official.load([&](const std::string& key) { return state.at(key); }, keys, true);
    official.prepare_inference();
    out["out.official_same_weights"] = official.forward({x, t, y}, nullptr);
    return out;
}

}

VerifyCase diffusers_case() {
    VerifyCase out;
    out.id = "delta_cache/dit.diffusers";
    out.tolerances = {{"*", "rel_l2", kForwardTolerance}};
    out.run = run_diffusers;
    return out;
}

}
