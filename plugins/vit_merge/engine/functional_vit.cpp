#include "plugins/vit_merge/engine/functional_vit.h"
#include "core/base/error.h"
#include <ATen/ATen.h>

namespace lathe::vit_merge {
namespace {

VitConfig trunk_config(const ModelSet& set) {
    VitConfig config = set.reference();
    config.classes = 0;
    return config;
}

}

FunctionalVit::FunctionalVit(const ModelSet& set) : m_set(set), m_vit(trunk_config(set)) {
    for (auto& [name, tensor] : set.rest()) m_rest.emplace(name, tensor.to(at::kFloat));
    for (int i = 0; i < static_cast<int>(set.models.size()); ++i) {
        TensorMap& head = m_heads.emplace_back();
        for (auto& [name, tensor] : set.head(i)) head.emplace(name, tensor.to(at::kFloat));
    }
}

void FunctionalVit::use(const TensorMap& trunk) {
    TensorMap whole = trunk;
    whole.insert(m_rest.begin(), m_rest.end());
    const TensorMap canonical = m_set.canonical(whole);
    m_vit.visit("", [&](const std::string& key, at::Tensor& parameter) {
        const auto found = canonical.find(key);
        if (found == canonical.end()) throw Error(ErrorCode::wrong_format, "The merged trunk lacks a tensor.", key, "Leave out the model that lacks it.");
        parameter = found->second;
    });
    m_vit.visit_modules("", [](const std::string&, Module& module) { module.weights_changed(); });
}

at::Tensor FunctionalVit::head(int model, const at::Tensor& features) const {
    const TensorMap& head = m_heads[static_cast<std::size_t>(model)];
    const auto apply = [&](const std::string& name, const at::Tensor& x) {
        const auto weight = head.find(name + ".weight"), bias = head.find(name + ".bias");
        if (weight == head.end())
            throw Error(ErrorCode::invalid_value, "This model has no head, so it answers nothing that the method could look at.", m_set.models[static_cast<std::size_t>(model)].name,
                "Choose a method without pictures (average, task arithmetic, TIES), or give models with heads.");
        return bias == head.end() ? at::linear(x, weight->second) : at::linear(x, weight->second, bias->second);
    };
    if (!m_vit.vit().dist_token) return apply("head", features);
    return (apply("head", features.select(1, 0)) + apply("head_dist", features.select(1, 1))) / 2;
}

TensorMap trunk_floats(const ModelSet& set, int model, bool gradients) {
    TensorMap out;
    for (const SharedKey& key : set.keys) {
        at::Tensor t = set.tensor(model, key).to(at::kFloat).contiguous();
        if (gradients) t = t.detach().clone().set_requires_grad(true);   // the file's map must not be written to
        out.emplace(key.key, t);
    }
    return out;
}

at::Tensor for_gradients(const at::Tensor& tensor) { return tensor.is_inference() ? tensor.clone() : tensor; }

}
