// Reference files of the gate, of linears with weights of each picture, and of a weight-ensembling mixture of experts.
#include "core/base/error.h"
#include "core/nn/tensor_index.h"
#include "plugins/vit_merge/engine/cases.h"
#include "plugins/vit_merge/engine/gate.h"
#include "plugins/vit_merge/engine/mixed_linear.h"
#include "plugins/vit_merge/engine/vit_block.h"
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

namespace lathe::vit_merge {
namespace {

TensorMap run_gate(const VerifyInputs& inputs, RunContext&) {
    const c10::InferenceMode guard;
    std::map<std::string, at::Tensor> weights;
    for (const auto& [key, tensor] : inputs.tensors)
        if (!key.starts_with("in.") && !key.starts_with("mid.")) weights[key] = tensor;
    const auto file = open_safetensors_bytes(std::make_shared<const std::string>(safetensors_bytes(weights)), "the reference file");
    const auto gate = open_gate(*file);
    const auto images = inputs.tensors.contains("in.images") ? inputs.tensors.at("in.images") : inputs.needed("in.image");
    TensorMap out;
    out["mid.features"] = gate->features(images).contiguous();
    const at::Tensor logits = gate->logits(images);
    out["mid.pre_softmax"] = logits;
    const at::Tensor probabilities = out["out.probs"] = gate_probabilities(logits, 1);
    if (const auto labels = inputs.tensors.find("in.task_label"); labels != inputs.tensors.end()) {
        const at::Tensor label = labels->second.to(at::kLong);
        out["out.loss_single_softmax"] = at::cross_entropy_loss(logits, label);
        out["out.loss_official_double_softmax"] = at::cross_entropy_loss(probabilities, label);
    }
    return out;
}

TensorMap run_per_sample_linear(const VerifyInputs& inputs, RunContext&) {
    const c10::InferenceMode guard;
    const at::Tensor x = inputs.needed("in.x");
    const bool tokens = x.dim() == 3;
    const auto weights = inputs.needed("in.weights").unbind(0);
    const std::vector<at::Tensor> biases = inputs.tensors.contains("in.biases") ? inputs.tensors.at("in.biases").unbind(0) : std::vector<at::Tensor>();
    const at::Tensor y = mixed_linear(tokens ? x : x.unsqueeze(1), weights, biases, Mixture(inputs.needed("in.probs")));
    return {{"out.y", tokens ? y : y.squeeze(1)}};
}

TensorMap run_we_moe(const VerifyInputs& inputs, RunContext&) {
    const c10::InferenceMode guard;
    const at::Tensor hidden = inputs.needed("in.hidden");
    WeMoeMlp mlp;
    for (std::size_t i = 0; inputs.tensors.contains("m" + std::to_string(i) + ".fc1.weight"); ++i) {
        const std::string model = "m" + std::to_string(i) + ".";
        for (auto& [part, key] : mlp.parts()) part->push_back(inputs.needed(model + key) - inputs.needed("base." + key));
    }
    for (auto& [part, key] : mlp.parts()) part->insert(part->begin(), inputs.needed("base." + key));
    const auto optional = [&](const char* key) { return inputs.tensors.contains(key) ? inputs.tensors.at(key) : at::Tensor(); };
    WeMoeRouter router{optional("gate.fc1.weight"), optional("gate.fc1.bias"), optional("gate.fc2.weight"), optional("gate.fc2.bias"), optional("gate.weight")};
    if (!router.second.defined() && !router.constant.defined()) {   // a router of one layer, whatever it is called
        router.second = router.first.defined() ? router.first : inputs.needed("gate.fc.weight");
        router.second_bias = router.first.defined() ? router.first_bias : inputs.needed("gate.fc.bias");
        router.first = router.first_bias = at::Tensor();
    }
    const at::Tensor gate = router.gate(hidden);
    return {{"mid.gate_mean_tokens", gate}, {"out.per_sample", mlp.forward(hidden, gate)}, {"out.batch_reduced", mlp.forward(hidden, gate.mean(0, true).expand_as(gate))}};
}

}

VerifyCase mobilenet_case() {
    VerifyCase c;
    c.id = "vit_merge/gate_mobilenetv2";
    c.tolerances = {{"mid.*", "max_abs", 1e-3}, {"*", "max_abs", 1e-4}};
    c.run = run_gate;
    return c;
}

VerifyCase per_sample_linear_case() {
    VerifyCase c;
    c.id = "vit_merge/per_sample_linear";
    c.tolerances = {{"*", "max_abs", 1e-4}};
    c.run = run_per_sample_linear;
    return c;
}

VerifyCase we_moe_case() {
    VerifyCase c;
    c.id = "vit_merge/wemoe_mlp";
    c.tolerances = {{"*", "max_abs", 1e-4}};
    c.run = run_we_moe;
    return c;
}

}
