#include "core/nn/kernels.h"
#include "plugins/delta_cache/engine/dit.h"
#include "plugins/delta_cache/engine/dit_block_grad.h"
#include <ATen/ATen.h>

namespace lathe::delta_cache {
namespace {
std::string key(int index, const char* rest) { return "blocks." + std::to_string(index) + rest; }
}

DitBlock::DitBlock(const DitConfig& c, const AddLayer& add, int i)
    : m_id(add(key(i, ""), "DiTBlock", "block", i)), m_norm1_id(add(key(i, ".norm1"), "LayerNorm", "norm", i)), m_attn_id(add(key(i, ".attn"), "Attention", "attn", i)),
      m_qkv(c.hidden, 3 * c.hidden, add, key(i, ".attn.qkv"), i), m_core(c.heads, add, key(i, ".attn"), i), m_proj(c.hidden, c.hidden, add, key(i, ".attn.proj"), i),
      m_norm2_id(add(key(i, ".norm2"), "LayerNorm", "norm", i)), m_mlp_id(add(key(i, ".mlp"), "Mlp", "mlp", i)), m_fc1(c.hidden, c.mlp_hidden(), add, key(i, ".mlp.fc1"), i),
      m_act_id(add(key(i, ".mlp.act"), "GELU", "act", i)), m_fc2(c.mlp_hidden(), c.hidden, add, key(i, ".mlp.fc2"), i),
      m_modulation(c.hidden, 6 * c.hidden, add, key(i, ".adaLN_modulation.1"), i), m_last_id(m_fc2.id()), m_heads(c.heads), m_norm2_eps(c.norm2_eps) {
    own("attn.qkv", m_qkv);
    own("attn.proj", m_proj);
    own("mlp.fc1", m_fc1);
    own("mlp.fc2", m_fc2);
    own("adaLN_modulation.1", m_modulation);
}

bool DitBlock::looked_into(const TapStack* taps) const {
    if (!taps || taps->empty()) return false;
    for (int id = m_id + 1; id <= m_last_id; ++id)
        if (taps->wanted(id)) return true;
    return false;
}

at::Tensor DitBlock::forward(const at::Tensor& h, const at::Tensor& modulation, TapStack* taps) {
    return at_point(taps, m_id, h, [&](const at::Tensor& in) { return compute(in, modulation, taps); });
}

at::Tensor DitBlock::compute(const at::Tensor& in, const at::Tensor& modulation, TapStack* taps) {
    const at::Tensor h = in.contiguous();
    const bool train = records_gradients(h) || records_gradients(modulation) || records_gradients(m_qkv.weight);
    if (train && fused::usable(h) && !looked_into(taps)) {
        const BlockWeights weights{m_qkv.weight, m_qkv.bias, m_proj.weight, m_proj.bias, m_fc1.weight, m_fc1.bias, m_fc2.weight, m_fc2.bias};
        return train_dit_block(h, modulation, weights, m_heads, m_norm2_eps, m_training_type);
    }
    const auto m = modulation.chunk(6, 1);   // shift1, scale1, gate1, shift2, scale2, gate2
    const auto add_gated = [&](const at::Tensor& residual, const at::Tensor& branch, const at::Tensor& gate) {
        if (!train && fused::usable(residual) && fused::usable(branch)) return fused::gated_sum(residual, branch, gate);
        return residual + gate.unsqueeze(1) * branch;
    };
    const at::Tensor attended = at_point(taps, m_attn_id, normed(h, m[0], m[1], 1e-6, m_norm1_id, taps),
        [&](const at::Tensor& x) { return m_proj.forward(m_core.forward(m_qkv.forward(x, taps), taps), taps); });
    const at::Tensor h1 = add_gated(h, attended, m[2]);
    const at::Tensor mixed = at_point(taps, m_mlp_id, normed(h1, m[3], m[4], m_norm2_eps, m_norm2_id, taps), [&](const at::Tensor& x) { return mlp(x, taps); });
    return add_gated(h1, mixed, m[5]);
}

at::Tensor DitBlock::normed(const at::Tensor& h, const at::Tensor& shift, const at::Tensor& scale, double eps, int layer, TapStack* taps) {
    const bool looked_at = taps && taps->wanted(layer);
    if (!looked_at && fused::usable(h) && !records_gradients(h) && !records_gradients(shift)) {
        if (taps) taps->tick();
        return fused::modulated_norm(h, shift, scale, eps);
    }
    const at::Tensor n = at_point(taps, layer, h, [&](const at::Tensor& x) { return at::layer_norm(x, {x.size(-1)}, {}, {}, eps); });
    return n * (1 + scale.unsqueeze(1)) + shift.unsqueeze(1);
}

at::Tensor DitBlock::mlp(const at::Tensor& x, TapStack* taps) {
    const bool looked_at = m_fc1.wanted(taps) || (taps && taps->wanted(m_act_id));
    if (!looked_at && fused::usable(x) && !records_gradients(x) && !records_gradients(m_fc1.weight)) {
        if (taps) taps->tick();
        return m_fc2.forward(fused::gelu(m_fc1.product(x), m_fc1.bias, true), taps);
    }
    const at::Tensor hidden = m_fc1.forward(x, taps);
    return m_fc2.forward(at_point(taps, m_act_id, hidden, [](const at::Tensor& u) { return at::gelu(u, "tanh"); }), taps);
}

}
