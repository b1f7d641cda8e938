#pragma once
// The Vision Transformer (Dosovitskiy et al. 2021) in all the forms of VitConfig, built from layers that report to Taps. Parameters carry canonical keys (vit_keys.h).
// On the engine's work thread; records gradients in training.
#include "core/nn/network.h"
#include "plugins/vit_merge/engine/vit_keys.h"

namespace lathe::vit_merge {

struct VitTrace {
    at::Tensor patches;                                    ///< [N, rows * columns, D]: the patch projection alone
    at::Tensor embed;                                      ///< [N, T, D]: tokens and position
    at::Tensor pre;                                        ///< [N, T, D] what the first block reads: after norm_pre, where there is one
    std::vector<at::Tensor> blocks;                        ///< [N, T, D] after each block
    std::vector<at::Tensor> attention;                     ///< [N, heads, T, T] softmax of each block
    at::Tensor norm;                                       ///< [N, T, D] after the final norm (before pooling); undefined with fc_norm
    at::Tensor features;                                   ///< [N, D] or [N, P]: what the head reads (CLIP: after the projection)
    at::Tensor logits;                                     ///< [N, classes]; undefined without a head
    at::Tensor logits_class, logits_dist;                  ///< of a distilled DeiT, each [N, classes]
};

class Vit : public Network {
public:
    explicit Vit(const VitConfig& config);                 ///< throws Error(invalid_value) for sizes that cannot be
    ~Vit() override;
    const VitConfig& vit() const { return m_vit; }

    /// {images [N, C, H, W] normalised} -> logits [N, classes]; features where there is no head.
    at::Tensor forward(std::vector<at::Tensor> inputs, TapStack* taps) override;
    /// [N, D or P]: what the head reads; for a distilled DeiT [N, 2, D].
    at::Tensor features(const at::Tensor& images, TapStack* taps = nullptr);
    at::Tensor head(const at::Tensor& features, TapStack* taps = nullptr);
    /// Everything on the way; slower (attention is written out).
    VitTrace trace(const at::Tensor& images);

    /// Loads tensors under canonical keys, in any floating dtype; `head.*` may be missing where the config has no classes. Throws Error(wrong_format) listing all that is wrong.
    void load_canonical(const TensorMap& tensors);
    /// Truncated normal 0.02 (timm), norms 1 and 0.
    void initialize(std::uint64_t seed);
private:
    struct Parts;
    at::Tensor embed(const at::Tensor& images, TapStack* taps);
    at::Tensor pooled(const at::Tensor& x, TapStack* taps);
    at::Tensor last_rows(const at::Tensor& x, const TapStack* taps) const;
    VitConfig m_vit;
    std::unique_ptr<Parts> m_parts;
};

/// exp(logit_scale) * normalised(features) @ text^T (CLIP's zero-shot head). features [N, P], text [classes, P].
at::Tensor zero_shot_logits(const at::Tensor& features, const at::Tensor& text, double logit_scale);

/// Attention rollout (Abnar and Zuidema 2020): heads averaged, 0.5 A + 0.5 I, rows normalised, R_l = A_l R_(l-1). attention: [N, heads, T, T] for each block -> [N, T, T].
at::Tensor attention_rollout(const std::vector<at::Tensor>& attention);

}
