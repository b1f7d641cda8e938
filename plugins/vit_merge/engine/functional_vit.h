#pragma once
// One Vision Transformer whose trunk weights are given from outside, heads of the set's models beside it. Work thread.
#include "plugins/vit_merge/engine/model_set.h"
#include "plugins/vit_merge/engine/vit.h"

namespace lathe::vit_merge {

class FunctionalVit {
public:
    explicit FunctionalVit(const ModelSet& set);
    /// A trunk under the names of ModelSet::keys (and, where they are in it, of the rest); tensors that record gradients get them. Borrowed, not copied.
    void use(const TensorMap& trunk);
    at::Tensor features(const at::Tensor& images, TapStack* taps = nullptr) { return m_vit.features(images, taps); }
    /// Of model i's head. Throws Error(invalid_value) where it has none.
    at::Tensor logits(int model, const at::Tensor& images, TapStack* taps = nullptr) { return head(model, features(images, taps)); }
    at::Tensor head(int model, const at::Tensor& features) const;
    Vit& vit() { return m_vit; }
private:
    const ModelSet& m_set;
    Vit m_vit;
    TensorMap m_rest;
    std::vector<TensorMap> m_heads;
};

/// The trunk of one model as float32; with `gradients`, leaves that record them.
TensorMap trunk_floats(const ModelSet& set, int model, bool gradients);

/// LibTorch refuses to keep tensors of inference mode for gradients.
at::Tensor for_gradients(const at::Tensor& tensor);

}
