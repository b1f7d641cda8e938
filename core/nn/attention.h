#pragma once
// Multi-head self-attention over a packed qkv: the fused kernel where nobody looks inside, else products and softmax as layers of their own.
#include "core/nn/network.h"

namespace lathe {

class AttentionCore {
public:
    /// `name`: of the attention layer; its inner points are NAME.scores, NAME.softmax and NAME.values.
    AttentionCore(int heads, const AddLayer& add_layer, const std::string& name, int block);
    /// qkv [B, N, 3 * heads * size] -> [B, N, heads * size]; scale size^-0.5
    at::Tensor forward(const at::Tensor& qkv, TapStack* taps);
private:
    int m_heads, m_scores_id, m_softmax_id, m_values_id;
};

}
