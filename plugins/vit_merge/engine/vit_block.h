#pragma once
// The parts of a Vision Transformer: modules that report to taps, and the steps between them as functions, which merged models use too. Work thread.
#include "core/nn/attention.h"
#include "core/nn/layers.h"
#include "plugins/vit_merge/engine/vit_config.h"

namespace lathe::vit_merge {

/// LayerNorm with weight and bias over the last dimension.
class VitNorm : public Module {
public:
    VitNorm(std::int64_t width, double eps, const AddLayer& add, std::string name, int block);
    at::Tensor forward(const at::Tensor& x, TapStack* taps);
    int id() const { return m_id; }
    at::Tensor weight, bias;
private:
    double m_eps;
    int m_id;
};

/// Patches times a matrix: [N, C, H, W] -> [N, rows * columns, D], row by row.
class VitPatches : public Module {
public:
    VitPatches(const VitConfig& config, const AddLayer& add);
    at::Tensor forward(const at::Tensor& images, TapStack* taps);
    void weights_changed() override { m_fast.forget(); }
    at::Tensor weight, bias;                               ///< [D, C, p, p]; [D] or undefined
private:
    FastLinear m_fast;
    std::int64_t m_patch;
    int m_id;
};

class VitBlock : public Module {
public:
    VitBlock(const VitConfig& config, const AddLayer& add, int index);
    at::Tensor forward(const at::Tensor& x, TapStack* taps);
    /// The same with the attention written out: [N, heads, T, T].
    at::Tensor traced(const at::Tensor& x, at::Tensor* attention);
private:
    at::Tensor compute(const at::Tensor& x, TapStack* taps);
    at::Tensor qkv(const at::Tensor& x, TapStack* taps);
    at::Tensor mlp(const at::Tensor& x, TapStack* taps);
    int m_id;
    VitNorm m_norm1;
    int m_attn_id;
    Linear m_qkv;
    std::unique_ptr<VitNorm> m_q_norm, m_k_norm;
    AttentionCore m_core;
    Linear m_proj;
    VitNorm m_norm2;
    int m_mlp_id;
    Linear m_fc1;
    int m_act_id;
    Linear m_fc2;
    at::Tensor m_scale1, m_scale2;                         // LayerScale, or undefined
    std::int64_t m_heads;
    bool m_quick;
};

struct PrefixTokens { at::Tensor cls, dist, reg; };       ///< [1 or N, n, D] or undefined
/// Patch tokens [N, n, D] with prefix tokens in front and the position embedding [1 or N, …, D] added -> [N, T, D].
at::Tensor with_prefix_tokens(const VitConfig& config, const at::Tensor& patches, const PrefixTokens& tokens, const at::Tensor& position);
/// [N, T, D] -> what is read of it: the mean of the patch tokens, token 0, or tokens 0 and 1 ([N, 2, D]) of a distilled DeiT.
at::Tensor pool_tokens(const VitConfig& config, const at::Tensor& x);
/// [N, C, H, W] -> [N, rows * columns, C * p * p]
at::Tensor patch_rows(const at::Tensor& images, std::int64_t patch);
/// Softmax of q k^T / sqrt(size) of packed qkv [N, T, 3 D] -> [N, heads, T, T].
at::Tensor attention_maps(const at::Tensor& qkv, std::int64_t heads);
/// Exact GELU, or x * sigmoid(1.702 x).
at::Tensor vit_gelu(const at::Tensor& x, bool quick);

}
