#include "core/base/error.h"
#include "core/nn/tap.h"
#include "core/nn/tensor_index.h"
#include "plugins/delta_cache/engine/cases.h"
#include <ATen/ATen.h>

namespace lathe::delta_cache {
namespace {

/// Copies the outputs of the layers it is asked for.
class CaptureTap : public Tap {
public:
    explicit CaptureTap(std::map<std::string, std::string> key_of_layer) : m_key_of_layer(std::move(key_of_layer)) {}
    bool wants(const LayerInfo& layer) override {
        const auto found = m_key_of_layer.find(layer.name);
        if (found == m_key_of_layer.end()) return false;
        m_key_of_id[layer.id] = found->second;
        return true;
    }
    void leave(int id, TensorRefs, at::Tensor& out) override { captured[m_key_of_id.at(id)] = out.clone(); }
    TensorMap captured;
private:
    std::map<std::string, std::string> m_key_of_layer;
    std::map<int, std::string> m_key_of_id;
};

/// Patch tokens as [B, N, D], whatever form the projection leaves them in.
at::Tensor as_tokens(const at::Tensor& patches) { return patches.dim() == 4 ? patches.flatten(2).transpose(1, 2).contiguous() : patches; }

TensorMap run_forward(const VerifyInputs& inputs, RunContext&) {
    const c10::InferenceMode guard;
    const auto dit = case_network(inputs);
    const at::Tensor x = case_input(inputs, "", "x"), t = case_input(inputs, "", "t"), y = case_input(inputs, "", "y");

    std::map<std::string, std::string> layers{{"x_embedder.proj", "mid.x_embed_nopos"}, {"t_embedder.mlp.2", "mid.t_emb"}, {"final_layer.linear", "mid.final_tokens"}};
    for (int i = 0; i < dit->dit_config().depth; ++i) {
        const std::string block = "blocks." + std::to_string(i), key = "mid.block" + std::to_string(i);
        layers.insert({{block, key}, {block + ".attn", key + ".attn"}, {block + ".mlp", key + ".mlp"}});
    }
    const auto capture = std::make_shared<CaptureTap>(layers);
    TapStack taps;
    taps.add(capture);
    taps.attach(dit->layers());
    TensorMap out;
    out["out.forward"] = dit->forward({x, t, y}, &taps);
    out.merge(capture->captured);
    if (const auto patches = out.find("mid.x_embed_nopos"); patches != out.end()) patches->second = as_tokens(patches->second);
    out["mid.t_freq"] = dit->time_features(t);
    out["mid.y_emb"] = dit->state().at("y_embedder.embedding_table.weight").index_select(0, y.to(at::kLong));

    for (const Json& scale : inputs.config.value("cfg_scales", Json::array())) out["out.cfg_" + scale.dump()] = dit->forward_with_cfg(x, t, y, scale.get<double>(), 3);
    if (has_case_input(inputs, "", "t_frac")) {
        const at::Tensor fractional = case_input(inputs, "", "t_frac");
        capture->captured.clear();
        dit->condition(fractional, at::zeros({fractional.size(0)}, at::kLong), &taps);
        out["out.t_frac_emb"] = capture->captured["mid.t_emb"];
    }
    return out;
}

}

VerifyCase forward_case() {
    VerifyCase out;
    out.id = "delta_cache/dit.forward";
    out.tolerances = {{"*", "rel_l2", kForwardTolerance}};
    out.run = run_forward;
    return out;
}

}
