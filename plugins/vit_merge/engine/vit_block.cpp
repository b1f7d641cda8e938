#include "plugins/vit_merge/engine/vit_block.h"
#include "core/nn/kernels.h"
#include <ATen/ATen.h>
#include <cmath>

namespace lathe::vit_merge {
namespace {

std::string block_key(int index, const char* rest) { return "blocks." + std::to_string(index) + rest; }

}

VitNorm::VitNorm(std::int64_t width, double eps, const AddLayer& add, std::string name, int block)
    : weight(at::empty({width})), bias(at::empty({width})), m_eps(eps), m_id(add(std::move(name), "LayerNorm", "norm", block)) {
    own("weight", weight);
    own("bias", bias);
}

at::Tensor VitNorm::forward(const at::Tensor& x, TapStack* taps) {
    return at_point(taps, m_id, x, [&](const at::Tensor& in) { return at::layer_norm(in, {in.size(-1)}, weight, bias, m_eps); });
}

VitPatches::VitPatches(const VitConfig& c, const AddLayer& add)
    : weight(at::empty({c.dim, c.channels, c.patch, c.patch})), bias(c.patch_bias ? at::empty({c.dim}) : at::Tensor()), m_patch(c.patch), m_id(add("patch_embed.proj", "Conv2d", "conv", -1)) {
    own("weight", weight);
    if (c.patch_bias) own("bias", bias);
}

at::Tensor VitPatches::forward(const at::Tensor& images, TapStack* taps) {
    return at_point(taps, m_id, images, [&](const at::Tensor& in) {
        const at::Tensor rows = patch_rows(in, m_patch);
        at::Tensor w = weight;
        if (taps) taps->weight(m_id, w);
        if (w.is_same(weight) && !records_gradients(w) && !records_gradients(rows)) return m_fast(rows, weight.flatten(1), bias);
        return bias.defined() ? at::linear(rows, w.flatten(1), bias) : at::linear(rows, w.flatten(1));
    });
}

VitBlock::VitBlock(const VitConfig& c, const AddLayer& add, int i)
    : m_id(add(block_key(i, ""), "VitBlock", "block", i)), m_norm1(c.dim, c.eps, add, block_key(i, ".norm1"), i), m_attn_id(add(block_key(i, ".attn"), "Attention", "attn", i)),
      m_qkv(c.dim, 3 * c.dim, add, block_key(i, ".attn.qkv"), i, c.qkv_bias),
      m_q_norm(c.qk_norm ? std::make_unique<VitNorm>(c.dim / c.heads, c.eps, add, block_key(i, ".attn.q_norm"), i) : nullptr),
      m_k_norm(c.qk_norm ? std::make_unique<VitNorm>(c.dim / c.heads, c.eps, add, block_key(i, ".attn.k_norm"), i) : nullptr), m_core(int(c.heads), add, block_key(i, ".attn"), i),
      m_proj(c.dim, c.dim, add, block_key(i, ".attn.proj"), i), m_norm2(c.dim, c.eps, add, block_key(i, ".norm2"), i), m_mlp_id(add(block_key(i, ".mlp"), "Mlp", "mlp", i)),
      m_fc1(c.dim, c.mlp, add, block_key(i, ".mlp.fc1"), i), m_act_id(add(block_key(i, ".mlp.act"), "GELU", "act", i)), m_fc2(c.mlp, c.dim, add, block_key(i, ".mlp.fc2"), i),
      m_heads(c.heads), m_quick(c.quick_gelu) {
    own("norm1", m_norm1);
    own("attn.qkv", m_qkv);
    if (m_q_norm) own("attn.q_norm", *m_q_norm);
    if (m_k_norm) own("attn.k_norm", *m_k_norm);
    own("attn.proj", m_proj);
    own("norm2", m_norm2);
    own("mlp.fc1", m_fc1);
    own("mlp.fc2", m_fc2);
    if (!c.layer_scale) return;
    m_scale1 = at::empty({c.dim});
    m_scale2 = at::empty({c.dim});
    own("ls1.gamma", m_scale1);
    own("ls2.gamma", m_scale2);
}

at::Tensor VitBlock::forward(const at::Tensor& x, TapStack* taps) {
    return at_point(taps, m_id, x, [&](const at::Tensor& in) { return compute(in, taps); });
}

at::Tensor VitBlock::compute(const at::Tensor& x, TapStack* taps) {
    const at::Tensor attended = at_point(taps, m_attn_id, m_norm1.forward(x, taps), [&](const at::Tensor& in) { return m_proj.forward(m_core.forward(qkv(in, taps), taps), taps); });
    const at::Tensor h = m_scale1.defined() ? at::addcmul(x, attended, m_scale1) : x + attended;
    const at::Tensor mixed = at_point(taps, m_mlp_id, m_norm2.forward(h, taps), [&](const at::Tensor& in) { return mlp(in, taps); });
    return m_scale2.defined() ? at::addcmul(h, mixed, m_scale2) : h + mixed;
}

at::Tensor VitBlock::traced(const at::Tensor& x, at::Tensor* attention) {
    const at::Tensor packed = qkv(m_norm1.forward(x, nullptr), nullptr);
    const std::int64_t items = x.size(0), tokens = x.size(1);
    *attention = attention_maps(packed, m_heads);
    const at::Tensor values = packed.narrow(2, 2 * x.size(2), x.size(2)).view({items, tokens, m_heads, -1}).transpose(1, 2);
    const at::Tensor attended = m_proj.forward(at::matmul(*attention, values).transpose(1, 2).reshape(x.sizes()), nullptr);
    const at::Tensor h = m_scale1.defined() ? at::addcmul(x, attended, m_scale1) : x + attended;
    const at::Tensor mixed = mlp(m_norm2.forward(h, nullptr), nullptr);
    return m_scale2.defined() ? at::addcmul(h, mixed, m_scale2) : h + mixed;
}

at::Tensor VitBlock::qkv(const at::Tensor& x, TapStack* taps) {
    const at::Tensor packed = m_qkv.forward(x, taps);
    if (!m_q_norm) return packed;
    const auto parts = packed.view({x.size(0), x.size(1), 3, m_heads, -1}).unbind(2);
    return at::stack({m_q_norm->forward(parts[0], taps), m_k_norm->forward(parts[1], taps), parts[2]}, 2).view(packed.sizes());
}

at::Tensor VitBlock::mlp(const at::Tensor& x, TapStack* taps) {
    const bool looked_at = m_fc1.wanted(taps) || (taps && taps->wanted(m_act_id));
    if (!looked_at && fused::usable(x) && !records_gradients(x) && !records_gradients(m_fc1.weight)) {
        if (taps) taps->tick();
        return m_fc2.forward(fused::gelu(m_fc1.product(x), m_fc1.bias, true, m_quick ? fused::Gelu::sigmoid : fused::Gelu::exact), taps);
    }
    return m_fc2.forward(at_point(taps, m_act_id, m_fc1.forward(x, taps), [&](const at::Tensor& u) { return vit_gelu(u, m_quick); }), taps);
}

at::Tensor with_prefix_tokens(const VitConfig& c, const at::Tensor& patches, const PrefixTokens& tokens, const at::Tensor& position) {
    std::vector<at::Tensor> parts;
    for (const at::Tensor& token : {tokens.cls, tokens.dist, tokens.reg})
        if (token.defined()) parts.push_back(token.expand({patches.size(0), -1, -1}));
    parts.push_back(c.embed_prefix ? patches : patches + position);
    const at::Tensor all = parts.size() == 1 ? parts.front() : at::cat(parts, 1);
    return c.embed_prefix ? all + position : all;
}

at::Tensor pool_tokens(const VitConfig& c, const at::Tensor& x) {
    if (c.pool_average) return x.narrow(1, c.prefix_tokens(), x.size(1) - c.prefix_tokens()).mean(1);
    return c.dist_token ? x.narrow(1, 0, 2) : x.select(1, 0);
}

at::Tensor patch_rows(const at::Tensor& images, std::int64_t patch) {
    const std::int64_t items = images.size(0), channels = images.size(1), rows = images.size(2) / patch, columns = images.size(3) / patch;
    return images.reshape({items, channels, rows, patch, columns, patch}).permute({0, 2, 4, 1, 3, 5}).reshape({items, rows * columns, channels * patch * patch});
}

at::Tensor attention_maps(const at::Tensor& qkv, std::int64_t heads) {
    const std::int64_t items = qkv.size(0), tokens = qkv.size(1), size = qkv.size(2) / 3 / heads;
    const auto parts = qkv.view({items, tokens, 3, heads, size}).permute({2, 0, 3, 1, 4});
    return at::softmax(at::matmul(parts[0] * (1 / std::sqrt(double(size))), parts[1].transpose(-2, -1)), -1);
}

at::Tensor vit_gelu(const at::Tensor& x, bool quick) { return quick ? x * at::sigmoid(1.702 * x) : at::gelu(x); }

}
