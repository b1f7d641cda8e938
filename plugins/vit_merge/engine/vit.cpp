#include "plugins/vit_merge/engine/vit.h"
#include "core/base/error.h"
#include "core/nn/layers.h"
#include "plugins/vit_merge/engine/vit_block.h"
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>
#include <cmath>

namespace lathe::vit_merge {
namespace {

std::string vit_shape_text(const at::Tensor& t) {
    std::string text = "[";
    for (std::int64_t i = 0; i < t.dim(); ++i) text += (i ? ", " : "") + std::to_string(t.size(i));
    return text + "]";
}

}

struct Vit::Parts {
    Parts(const VitConfig& c, const AddLayer& add)
        : patch(c, add), pre(c.norm_pre ? std::make_unique<VitNorm>(c.dim, c.eps, add, "norm_pre", -1) : nullptr) {
        for (std::int64_t i = 0; i < c.depth; ++i) blocks.push_back(std::make_unique<VitBlock>(c, add, int(i)));
        norm = std::make_unique<VitNorm>(c.dim, c.eps, add, c.fc_norm ? "fc_norm" : "norm", -1);
        const std::int64_t features = c.projection ? c.projection : c.dim;
        if (c.projection) {
            proj = at::empty({c.dim, c.projection});
            proj_id = add("proj", "Linear", "linear", -1);
        }
        if (c.classes) head = std::make_unique<Linear>(features, c.classes, add, "head");
        if (c.classes && c.dist_token) head_dist = std::make_unique<Linear>(features, c.classes, add, "head_dist");
    }
    at::Tensor cls, dist, reg, position;
    VitPatches patch;
    std::unique_ptr<VitNorm> pre;
    std::vector<std::unique_ptr<VitBlock>> blocks;
    std::unique_ptr<VitNorm> norm;
    at::Tensor proj;                                       // [D, P]
    int proj_id = -1;
    std::unique_ptr<Linear> head, head_dist;
};

Vit::Vit(const VitConfig& c) : m_vit(c) {
    check(c);
    m_parts = std::make_unique<Parts>(c, layer_adder());
    Parts& p = *m_parts;
    m_config = to_json(c);
    const auto token = [&](const char* key, at::Tensor& tensor, std::int64_t rows) {
        tensor = at::empty({1, rows, c.dim});
        own(key, tensor);
    };
    if (c.class_token) token("cls_token", p.cls, 1);
    if (c.dist_token) token("dist_token", p.dist, 1);
    if (c.registers) token("reg_token", p.reg, c.registers);
    token("pos_embed", p.position, c.tokens() - (c.embed_prefix ? 0 : c.prefix_tokens()));
    own("patch_embed.proj", p.patch);
    if (p.pre) own("norm_pre", *p.pre);
    for (std::size_t i = 0; i < p.blocks.size(); ++i) own("blocks." + std::to_string(i), *p.blocks[i]);
    own(c.fc_norm ? "fc_norm" : "norm", *p.norm);
    if (c.projection) own("proj", p.proj);
    if (p.head) own("head", *p.head);
    if (p.head_dist) own("head_dist", *p.head_dist);
}

Vit::~Vit() = default;

at::Tensor Vit::embed(const at::Tensor& images, TapStack* taps) {
    Parts& p = *m_parts;
    if (images.dim() != 4 || images.size(1) != m_vit.channels || images.size(2) != m_vit.height || images.size(3) != m_vit.width || !images.is_floating_point())
        throw Error(ErrorCode::invalid_value, "The pictures do not fit this Vision Transformer.", vit_shape_text(images),
            "It takes [batch, " + std::to_string(m_vit.channels) + ", " + std::to_string(m_vit.height) + ", " + std::to_string(m_vit.width) + "] of floating numbers.");
    const at::Tensor x = p.patch.forward(images.to(p.patch.weight.scalar_type()), taps);
    return with_prefix_tokens(m_vit, x, {p.cls, p.dist, p.reg}, p.position);
}

at::Tensor Vit::pooled(const at::Tensor& x, TapStack* taps) {
    Parts& p = *m_parts;
    const at::Tensor normed = m_vit.fc_norm ? x : p.norm->forward(last_rows(x, taps), taps);
    at::Tensor y = pool_tokens(m_vit, normed);
    if (m_vit.fc_norm) y = p.norm->forward(y, taps);
    if (!p.proj.defined()) return y;
    return at_point(taps, p.proj_id, y, [&](const at::Tensor& in) {
        at::Tensor w = p.proj;
        if (taps && taps->wanted(p.proj_id)) {
            at::Tensor turned = p.proj.t();                // taps see weights as [out, in]
            taps->weight(p.proj_id, turned);
            w = turned.t();
        }
        return at::matmul(in, w);
    });
}

/// The final norm works on each token by itself: where nobody looks, those that are read are enough.
at::Tensor Vit::last_rows(const at::Tensor& x, const TapStack* taps) const {
    if (m_vit.pool_average || (taps && taps->wanted(m_parts->norm->id()))) return x;
    return x.narrow(1, 0, m_vit.dist_token ? 2 : 1);
}

at::Tensor Vit::features(const at::Tensor& images, TapStack* taps) {
    at::Tensor x = embed(images, taps);
    if (m_parts->pre) x = m_parts->pre->forward(x, taps);
    for (auto& block : m_parts->blocks) x = block->forward(x, taps);
    return pooled(x, taps);
}

at::Tensor Vit::head(const at::Tensor& features, TapStack* taps) {
    Parts& p = *m_parts;
    if (!p.head) return features;
    if (!p.head_dist) return p.head->forward(features, taps);
    if (features.dim() != 3 || features.size(1) != 2)
        throw Error(ErrorCode::invalid_value, "A distilled DeiT's head reads two tokens.", vit_shape_text(features), "Give it the features of this network: [batch, 2, width].");
    return (p.head->forward(features.select(1, 0), taps) + p.head_dist->forward(features.select(1, 1), taps)) / 2;
}

at::Tensor Vit::forward(std::vector<at::Tensor> inputs, TapStack* taps) {
    if (inputs.size() != 1) throw Error(ErrorCode::invalid_value, "A Vision Transformer has one input: pictures.", std::to_string(inputs.size()) + " given");
    return head(features(inputs.front(), taps), taps);
}

VitTrace Vit::trace(const at::Tensor& images) {
    Parts& p = *m_parts;
    VitTrace trace;
    trace.embed = embed(images, nullptr);
    trace.patches = p.patch.forward(images.to(p.patch.weight.scalar_type()), nullptr);
    at::Tensor x = trace.pre = p.pre ? p.pre->forward(trace.embed, nullptr) : trace.embed;
    for (auto& block : p.blocks) {
        at::Tensor attention;
        x = block->traced(x, &attention);
        trace.blocks.push_back(x);
        trace.attention.push_back(attention);
    }
    if (!m_vit.fc_norm) trace.norm = p.norm->forward(x, nullptr);
    const at::Tensor read = pooled(x, nullptr);
    trace.features = m_vit.dist_token && read.dim() == 3 ? read.select(1, 0) : read;
    if (!p.head) return trace;
    trace.logits = head(read, nullptr);
    if (p.head_dist) {
        trace.logits_class = p.head->forward(read.select(1, 0), nullptr);
        trace.logits_dist = p.head_dist->forward(read.select(1, 1), nullptr);
    }
    return trace;
}

void Vit::load_canonical(const TensorMap& tensors) {
    std::vector<std::string> available;
    for (const auto& [key, tensor] : tensors)
        if (m_vit.classes || !key.starts_with("head")) available.push_back(key);
    load(
        [&](const std::string& key) {
            const auto found = tensors.find(key);
            return found == tensors.end() ? at::Tensor() : found->second;
        },
        available, true);
}

void Vit::initialize(std::uint64_t seed) {
    const c10::NoGradGuard no_grad;
    auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
    visit("", [&](const std::string& key, at::Tensor& tensor) {
        if (key.ends_with(".gamma")) tensor.fill_(1e-5);
        else if (parse_vit_key(key).group == KeyGroup::norm || key.find("_norm.") != key.npos) tensor.fill_(key.ends_with(".weight") ? 1 : 0);
        else if (key.ends_with(".bias")) tensor.zero_();
        else {
            // A normal cut off at two deviations, by the inverse of its distribution.
            const double low = std::erfc(2 / std::sqrt(2.0)) / 2;
            const at::Tensor share = at::rand(tensor.sizes(), generator, at::TensorOptions(at::kDouble)) * (1 - 2 * low) + low;
            tensor.copy_(at::erfinv(2 * share - 1) * (std::sqrt(2.0) * 0.02));
        }
    });
    visit_modules("", [](const std::string&, Module& module) { module.weights_changed(); });
}

at::Tensor zero_shot_logits(const at::Tensor& features, const at::Tensor& text, double logit_scale) {
    const at::Tensor directions = features / features.norm(2, {-1}, true);
    return std::exp(logit_scale) * at::matmul(directions, text.t());
}

at::Tensor attention_rollout(const std::vector<at::Tensor>& attention) {
    at::Tensor rollout;
    for (const at::Tensor& layer : attention) {
        const at::Tensor mixed = 0.5 * layer.mean(1) + 0.5 * at::eye(layer.size(-1), layer.options());
        const at::Tensor step = mixed / mixed.sum(-1, true);
        rollout = rollout.defined() ? at::matmul(step, rollout) : step;
    }
    return rollout;
}

}
