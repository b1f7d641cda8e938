#include "plugins/vit_merge/engine/mixed_vit.h"
#include "core/base/error.h"
#include "core/nn/kernels.h"
#include "plugins/vit_merge/engine/vit_block.h"
#include <ATen/ATen.h>

namespace lathe::vit_merge {

struct MixedVit::Pass {
    const Mixture& mixture;
    const Units& units;
};

MixedVit::MixedVit(const VitConfig& config, const TensorMap& shared, SourceMap sources) : m_vit(config), m_sources(std::move(sources)) {
    std::string missing;
    for (const auto& [key, shape] : canonical_shapes(config)) {
        if (key.starts_with("head")) continue;
        if (const auto own = m_sources.find(key); own != m_sources.end()) {
            for (at::Tensor& tensor : own->second) {
                if (tensor.sizes() != at::IntArrayRef(shape)) throw Error(ErrorCode::wrong_format, "A model's tensor does not fit the network.", key);
                tensor = tensor.contiguous();
                if (tensor.dim() != 2 && tensor.dim() != 4) tensor = tensor.to(at::kFloat);   // vectors are small
            }
            continue;
        }
        const auto found = shared.find(key);
        if (found == shared.end()) missing += (missing.empty() ? "" : ", ") + key;
        else m_shared[key] = found->second.to(at::kFloat).contiguous();
    }
    if (!missing.empty()) throw Error(ErrorCode::wrong_format, "The merged network lacks tensors.", missing, "Merge models that have them all.");
    if (m_shared.contains("proj")) m_shared["proj.turned"] = m_shared.at("proj").t().contiguous();
}

std::int64_t MixedVit::source_matrix_elements() const {
    std::int64_t sum = 0;
    for (const auto& [key, tensors] : m_sources)
        if (tensors.front().dim() == 2) sum += tensors.front().numel();
    return sum;
}

std::vector<at::Tensor> MixedVit::sources_of(const Pass& pass, const std::string& key) const {
    std::vector<at::Tensor> all = m_sources.at(key);
    for (const TensorMap* unit : pass.units) all.push_back(unit->at(key));
    return all;
}

/// The tensor as it is for all, or [B, …] mixed for each picture (a leading 1 of its own is dropped); [1, …] where `each_item` is false and nothing differs.
at::Tensor MixedVit::blended(const Pass& pass, const std::string& key, bool each_item) const {
    if (const auto found = m_shared.find(key); found != m_shared.end()) {
        const at::Tensor one = found->second.dim() == 3 ? found->second : found->second.unsqueeze(0);
        return each_item ? one.expand({pass.mixture.items(), one.size(1)}) : one;
    }
    const at::Tensor all = pass.mixture.blend(sources_of(pass, key));
    return all.dim() == 4 ? all.squeeze(1) : all;
}

at::Tensor MixedVit::linear(const Pass& pass, const std::string& key, const at::Tensor& x) {
    const std::string weight = key + ".weight", bias = key + ".bias";
    if (const auto shared = m_shared.find(weight); shared != m_shared.end()) {
        const auto same_bias = m_shared.find(bias);
        const at::Tensor y = m_fast[key](x, shared->second.flatten(1), same_bias == m_shared.end() ? at::Tensor() : same_bias->second);
        return m_sources.contains(bias) ? y + blended(pass, bias, true).unsqueeze(1) : y;
    }
    std::vector<at::Tensor> weights = sources_of(pass, weight), biases;
    for (at::Tensor& w : weights) w = w.flatten(1);
    if (m_sources.contains(bias)) biases = sources_of(pass, bias);
    const at::Tensor y = mixed_linear(x, weights, biases, pass.mixture);
    return m_shared.contains(bias) ? y + m_shared.at(bias) : y;
}

at::Tensor MixedVit::norm(const Pass& pass, const std::string& key, const at::Tensor& x) {
    const std::string weight = key + ".weight", bias = key + ".bias";
    if (m_shared.contains(weight) && m_shared.contains(bias)) return at::layer_norm(x, {x.size(-1)}, m_shared.at(weight), m_shared.at(bias), m_vit.eps);
    const at::Tensor w = blended(pass, weight, true).contiguous(), b = blended(pass, bias, true).contiguous();
    if (fused::usable(x)) return fused::modulated_norm(x, b, w - 1, m_vit.eps);
    const std::vector<std::int64_t> shape = x.dim() == 4 ? std::vector<std::int64_t>{x.size(0), 1, 1, x.size(-1)}
        : x.dim() == 3                                   ? std::vector<std::int64_t>{x.size(0), 1, x.size(-1)}
                                                         : x.sizes().vec();
    return at::layer_norm(x, {x.size(-1)}, {}, {}, m_vit.eps) * w.view(shape) + b.view(shape);
}

at::Tensor MixedVit::qkv(const Pass& pass, const std::string& block, const at::Tensor& x) {
    const at::Tensor packed = linear(pass, block + "attn.qkv", x);
    if (!m_vit.qk_norm) return packed;
    const auto parts = packed.view({x.size(0), x.size(1), 3, m_vit.heads, -1}).unbind(2);
    return at::stack({norm(pass, block + "attn.q_norm", parts[0]), norm(pass, block + "attn.k_norm", parts[1]), parts[2]}, 2).view(packed.sizes());
}

at::Tensor MixedVit::features(const at::Tensor& images, const Mixture& mixture, const Units& units) {
    if (images.dim() != 4 || images.size(0) != mixture.items() || images.size(1) != m_vit.channels || images.size(2) != m_vit.height || images.size(3) != m_vit.width)
        throw Error(ErrorCode::invalid_value, "The pictures do not fit the merged network.", std::to_string(images.dim()) + " dimensions",
            "It takes [batch, " + std::to_string(m_vit.channels) + ", " + std::to_string(m_vit.height) + ", " + std::to_string(m_vit.width) + "] of floating numbers.");
    const Pass pass{mixture, units};
    const auto known = [&](const std::string& key) { return m_shared.contains(key) || m_sources.contains(key); };
    const auto token = [&](bool there, const char* key) { return there ? blended(pass, key, false) : at::Tensor(); };
    at::Tensor x = linear(pass, "patch_embed.proj", patch_rows(images, m_vit.patch));
    x = with_prefix_tokens(m_vit, x, {token(m_vit.class_token, "cls_token"), token(m_vit.dist_token, "dist_token"), token(m_vit.registers > 0, "reg_token")}, blended(pass, "pos_embed", false));
    if (m_vit.norm_pre) x = norm(pass, "norm_pre", x);
    const auto add = [&](const at::Tensor& residual, const at::Tensor& branch, const std::string& gamma) {
        if (!known(gamma)) return residual + branch;
        return at::addcmul(residual, branch, blended(pass, gamma, false).unsqueeze(1));
    };
    for (std::int64_t i = 0; i < m_vit.depth; ++i) {
        const std::string block = "blocks." + std::to_string(i) + ".";
        const at::Tensor packed = qkv(pass, block, norm(pass, block + "norm1", x)).contiguous();
        x = add(x, linear(pass, block + "attn.proj", fused::attention(packed, m_vit.heads)), block + "ls1.gamma");
        const at::Tensor inner = fused::gelu(linear(pass, block + "mlp.fc1", norm(pass, block + "norm2", x)).contiguous(), {}, true, m_vit.quick_gelu ? fused::Gelu::sigmoid : fused::Gelu::exact);
        x = add(x, linear(pass, block + "mlp.fc2", inner), block + "ls2.gamma");
    }
    at::Tensor y = pool_tokens(m_vit, m_vit.fc_norm ? x : norm(pass, "norm", x));
    if (m_vit.fc_norm) y = norm(pass, "fc_norm", y);
    if (m_vit.projection == 0) return y;
    if (const auto turned = m_shared.find("proj.turned"); turned != m_shared.end()) return at::linear(y, turned->second);
    std::vector<at::Tensor> projections = sources_of(pass, "proj");
    for (at::Tensor& projection : projections) projection = projection.t().contiguous();
    return mixed_linear(y.unsqueeze(1), projections, {}, mixture).squeeze(1);
}

}
