#include "core/nn/attention.h"
#include "core/nn/kernels.h"
#include "core/nn/layers.h"
#include <ATen/ATen.h>
#include <array>
#include <cmath>

namespace lathe {

AttentionCore::AttentionCore(int heads, const AddLayer& add_layer, const std::string& name, int block)
    : m_heads(heads), m_scores_id(add_layer(name + ".scores", "MatMul", "matmul", block)), m_softmax_id(add_layer(name + ".softmax", "Softmax", "softmax", block)),
      m_values_id(add_layer(name + ".values", "MatMul", "matmul", block)) {}

at::Tensor AttentionCore::forward(const at::Tensor& qkv, TapStack* taps) {
    const bool looked_at = taps && (taps->wanted(m_scores_id) || taps->wanted(m_softmax_id) || taps->wanted(m_values_id));
    if (!looked_at) {
        if (taps) taps->tick();
        if (fused::usable(qkv) && !records_gradients(qkv)) return fused::attention(qkv, m_heads);
    }
    const std::int64_t items = qkv.size(0), tokens = qkv.size(1), size = qkv.size(2) / 3 / m_heads;
    const at::Tensor parts = qkv.view({items, tokens, 3, m_heads, size}).permute({2, 0, 3, 1, 4});
    const at::Tensor q = parts[0], k = parts[1], v = parts[2];
    const auto merged = [&](const at::Tensor& heads) { return heads.transpose(1, 2).reshape({items, tokens, m_heads * size}); };
    if (!looked_at) return merged(at::scaled_dot_product_attention(q, k, v));
    const auto product = [taps](int id, at::Tensor a, at::Tensor b) {
        std::array<at::Tensor, 2> in{std::move(a), std::move(b)};
        at::Tensor out;
        if (taps->enter(id, in, out) == Flow::run) out = at::matmul(in[0], in[1]);
        taps->leave(id, in, out);
        return out;
    };
    const at::Tensor scores = product(m_scores_id, q * (1.0 / std::sqrt(double(size))), k.transpose(-2, -1));
    const at::Tensor weights = at_point(taps, m_softmax_id, scores, [](const at::Tensor& s) { return at::softmax(s, -1); });
    return merged(product(m_values_id, weights, v));
}

}
