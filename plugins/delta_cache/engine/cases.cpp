#include "plugins/delta_cache/engine/cases.h"
#include "core/base/error.h"
#include "core/nn/tensor_index.h"
#include <ATen/ATen.h>

namespace lathe::delta_cache {

namespace {

std::shared_ptr<Dit> network(const Json& config, const std::vector<std::string>& keys, const std::function<at::Tensor(const std::string&)>& find) {
    auto dit = std::make_shared<Dit>(dit_config_from(config));
    dit->load(find, keys, true);
    dit->prepare_inference();
    return dit;
}

}

std::shared_ptr<Dit> case_network(const TensorIndex& weights) {
    const auto config = weights.metadata().find("config");
    if (config == weights.metadata().end()) throw Error(ErrorCode::wrong_format, "The weights file says nothing of its network.", weights.path().string(), "Its metadata \"config\" must hold the sizes.");
    std::vector<std::string> keys;
    for (const TensorEntry& entry : weights.entries()) keys.push_back(entry.name);
    return network(parse_json(config->second, weights.path().string()), keys, [&](const std::string& key) { return weights.find(key) ? weights.get(key) : at::Tensor(); });
}

std::shared_ptr<Dit> case_network(const VerifyInputs& inputs) {
    std::vector<std::string> keys;
    for (const auto& [key, tensor] : inputs.tensors)
        if (!key.starts_with("in.") && !key.starts_with("mid.")) keys.push_back(key);
    return network(inputs.config, keys, [&](const std::string& key) {
        const auto found = inputs.tensors.find(key);
        return found == inputs.tensors.end() ? at::Tensor() : found->second;
    });
}

std::shared_ptr<Dit> case_network(const VerifyInputs& inputs, const Json& run) {
    const std::string name = case_option(inputs, run, "weights", "").get<std::string>();
    const auto found = inputs.files.find(name);
    return found == inputs.files.end() ? case_network(inputs) : case_network(*found->second);
}

namespace {

const at::Tensor* find_input(const VerifyInputs& inputs, const std::string& tag, const std::string& name) {
    for (const std::string& key : {"in." + tag + "." + name, "in." + tag.substr(0, tag.find('_')) + "." + name, "in." + name})
        if (const auto found = inputs.tensors.find(key); found != inputs.tensors.end()) return &found->second;
    return nullptr;
}

}

at::Tensor case_input(const VerifyInputs& inputs, const std::string& tag, const std::string& name) {
    if (const at::Tensor* found = find_input(inputs, tag, name)) return *found;
    throw Error(ErrorCode::wrong_format, "The reference file lacks an input.", "in." + tag + "." + name + " or in." + name);
}

bool has_case_input(const VerifyInputs& inputs, const std::string& tag, const std::string& name) { return find_input(inputs, tag, name) != nullptr; }

Json case_option(const VerifyInputs& inputs, const Json& run, const char* key, Json fallback) {
    // A null is an answer in the run itself ("scale": null means unguided), nowhere else.
    if (const auto own = run.find(key); own != run.end()) return own->is_null() ? Json(nullptr) : *own;
    if (const auto defaults = inputs.config.find("default"); defaults != inputs.config.end())
        if (const auto found = defaults->find(key); found != defaults->end() && !found->is_null()) return *found;
    if (const auto found = inputs.config.find(key); found != inputs.config.end() && !found->is_null()) return *found;
    return fallback;
}

at::Tensor table(const std::vector<double>& values) { return at::tensor(values, at::kDouble).to(at::kFloat); }

at::Tensor times(std::int64_t batch, double t) { return at::full({batch}, t, at::kFloat); }

}
