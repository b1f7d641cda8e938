#pragma once
// Layers that report to Taps. Each is a Module, registers itself with its network through `add_layer` and reads its parameters under the given name.
#include "core/nn/fast_linear.h"
#include "core/nn/network.h"

namespace lathe {

/// y = x W^T + b
class Linear : public Module {
public:
    Linear(std::int64_t in, std::int64_t out, const AddLayer& add_layer, std::string name, int block = -1, bool with_bias = true);
    at::Tensor forward(const at::Tensor& x, TapStack* taps);
    /// W x without the bias, for a caller that adds it in its next pass. Only where !wanted(taps).
    at::Tensor product(const at::Tensor& x);
    bool wanted(const TapStack* taps) const { return taps && taps->wanted(m_id); }
    void prepare() { m_fast.forget(); }
    void weights_changed() override { m_fast.forget(); }
    int id() const { return m_id; }
    at::Tensor weight, bias;
private:
    FastLinear m_fast;
    int m_id;
};

/// Convolution with stride = kernel, as a product of patches: [B, C, S, S] -> [B, (S/p)^2, D], row-major tokens. weight [D, C, p, p].
class PatchEmbed : public Module {
public:
    PatchEmbed(int channels, int hidden, int patch, const AddLayer& add_layer, std::string name);
    at::Tensor forward(const at::Tensor& x, TapStack* taps);
    at::Tensor weight, bias;
private:
    int m_id, m_patch;
};

/// Gradients are recorded here and now for something that depends on this tensor.
bool records_gradients(const at::Tensor& tensor);

}
