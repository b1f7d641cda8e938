// Reference files of Vision Transformers in every layout.
#include "core/base/error.h"
#include "core/nn/tensor_index.h"
#include "plugins/vit_merge/engine/cases.h"
#include "plugins/vit_merge/engine/resample.h"
#include "plugins/vit_merge/engine/vit.h"
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <charconv>
#include <cmath>

namespace lathe::vit_merge {
namespace {

const at::Tensor& case_images(const VerifyInputs& inputs) {
    const auto found = inputs.tensors.find("in.images");
    return found != inputs.tensors.end() ? found->second : inputs.needed("in.image");
}

/// Recognised as a file with these tensors and this description would be; pictures of the size that is given to it.
std::unique_ptr<Vit> case_vit(const VerifyInputs& inputs) {
    std::map<std::string, at::Tensor> weights;
    for (const auto& [key, tensor] : inputs.tensors)
        if (!key.starts_with("in.") && !key.starts_with("mid.")) weights[key] = tensor;
    Json config = inputs.config;
    const at::Tensor& images = case_images(inputs);
    if (images.dim() == 4) {
        config["height"] = images.size(2);
        config["width"] = images.size(3);
    }
    const auto file = open_safetensors_bytes(std::make_shared<const std::string>(safetensors_bytes(weights, {{"config", config.dump()}})), "the reference file");
    std::string why;
    const auto found = recognise_vit(*file, &why);
    if (!found) throw Error(ErrorCode::wrong_format, "The weights of this reference file are no Vision Transformer: " + why);
    auto vit = std::make_unique<Vit>(*found);
    vit->load_canonical(canonical_tensors(*file, *found));
    vit->prepare_inference();
    return vit;
}

TensorMap run_vit(const VerifyInputs& inputs, RunContext&) {
    const c10::InferenceMode guard;
    const auto made = case_vit(inputs);
    Vit& vit = *made;
    const at::Tensor images = case_images(inputs);
    const VitTrace trace = vit.trace(images);
    TensorMap out;
    out["mid.patch_embed"] = trace.patches;
    out["mid.embed"] = trace.embed;
    out["mid.ln_pre"] = trace.pre;
    out["mid.hidden_states.0"] = trace.pre;
    for (std::size_t i = 0; i < trace.blocks.size(); ++i) {
        const std::string number = std::to_string(i);
        out["mid.block." + number] = trace.blocks[i];
        out["mid.hidden_states." + std::to_string(i + 1)] = trace.blocks[i];
        out["mid.attn." + number] = trace.attention[i];
    }
    out["mid.norm"] = trace.norm.defined() ? trace.norm : trace.blocks.back();
    out["mid.rollout"] = attention_rollout(trace.attention);
    // What is answered comes from the forward that everything else runs, not from the trace.
    const at::Tensor features = vit.features(images);
    out["out.pre_logits"] = vit.vit().dist_token ? features.mean(1) : features;
    out["out.image_features"] = features;
    out["out.image_embeds"] = features;
    if (inputs.tensors.contains("in.text_embeds"))
        out["out.logits"] = zero_shot_logits(features, inputs.tensors.at("in.text_embeds"), inputs.tensors.contains("logit_scale") ? inputs.tensors.at("logit_scale").item<double>() : std::log(100.0));
    else if (vit.vit().classes) out["out.logits"] = vit.forward({images}, nullptr);
    if (trace.logits_class.defined()) {
        out["out.logits_cls"] = trace.logits_class;
        out["out.logits_dist"] = trace.logits_dist;
    }
    return out;
}

VerifyCase vit_case(const char* id) {
    VerifyCase c;
    c.id = id;
    c.tolerances = {{"*", "max_abs", 1e-4}};
    c.run = run_vit;
    return c;
}

/// "4x6_to_7x5_prefix2"; false where a name is none of these.
bool read_resampling(std::string_view name, GridSize& from, GridSize& to, std::int64_t& prefix) {
    const char* at = name.data();
    const char* const end = at + name.size();
    const auto number = [&](std::string_view before, std::int64_t& value) {
        if (std::string_view(at, end).substr(0, before.size()) != before) return false;
        const auto read = std::from_chars(at + before.size(), end, value);
        at = read.ptr;
        return read.ec == std::errc();
    };
    return number("", from.rows) && number("x", from.columns) && number("_to_", to.rows) && number("x", to.columns) && number("_prefix", prefix);
}

TensorMap run_resampling(const VerifyInputs& inputs, RunContext&) {
    TensorMap out;
    for (const auto& [key, tensor] : inputs.tensors) {
        GridSize from, to;
        std::int64_t prefix = 0;
        if (!key.starts_with("in.") || !read_resampling(std::string_view(key).substr(3), from, to, prefix)) continue;
        const std::string name = "out." + key.substr(3) + ".";
        out[name + "timm_bicubic_aa1"] = resample_position(tensor, prefix, from, to, PositionFilter::timm);
        out[name + "timm_bicubic_aa0"] = resample_position(tensor, prefix, from, to, PositionFilter::deit);
        out[name + "timm_bilinear_aa1"] = resample_position(tensor, prefix, from, to, PositionFilter::timm_bilinear);
        out[name + "timm_bilinear_aa0"] = resample_position(tensor, prefix, from, to, PositionFilter::bilinear);
        out[name + "torchvision"] = resample_position(tensor, prefix, from, to, PositionFilter::torchvision);
    }
    if (const auto kernels = inputs.tensors.find("in.patch_w"); kernels != inputs.tensors.end()) {
        // Without a word in the description: from 8 to 6, as the published file has it.
        const auto to = inputs.config.value("patch_to", kernels->second.size(-1) * 3 / 4);
        out["out.patch_w_flexivit"] = resample_patches(kernels->second, to, to);
    }
    return out;
}

}

VerifyCase timm_case() { return vit_case("vit_merge/vit.timm"); }
VerifyCase torchvision_case() { return vit_case("vit_merge/vit.torchvision"); }
VerifyCase hf_case() { return vit_case("vit_merge/vit.hf"); }
VerifyCase deit_case() { return vit_case("vit_merge/vit.deit"); }

VerifyCase clip_case() {
    VerifyCase c = vit_case("vit_merge/vit.clip");
    c.tolerances.insert(c.tolerances.begin(), {"out.logits", "max_abs", 1e-3});
    return c;
}

VerifyCase pos_embed_case() {
    VerifyCase c;
    c.id = "vit_merge/pos_embed_interp";
    c.tolerances = {{"out.patch_w*", "max_abs", 1e-4}, {"*", "max_abs", 1e-5}};
    c.run = run_resampling;
    return c;
}

}
