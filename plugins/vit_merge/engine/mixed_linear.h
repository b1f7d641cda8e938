#pragma once
// Layers whose weights differ from picture to picture: y_b = (sum_s c_bs W_s) x_b + sum_s c_bs b_s, computed without ever making the sums (specification 6, e).
// Work thread; records no gradients.
#include <ATen/core/Tensor.h>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace lathe::vit_merge {

/// How much of every source goes into every item of a batch.
class Mixture {
public:
    /// coefficients [B, S], any sign and sum.
    explicit Mixture(const at::Tensor& coefficients);
    /// The items of a batch that a source has a part in. `alone`: the source is all that these items are made of, and they stand side by side.
    struct Use { std::int64_t source = 0, first = 0, count = 0; bool alone = false; at::Tensor items, shares; };
    const std::vector<Use>& uses() const { return m_uses; }
    std::int64_t items() const { return m_coefficients.size(0); }
    std::int64_t sources() const { return m_coefficients.size(1); }
    bool all_alone() const { return m_mixed.numel() == 0; }
    const at::Tensor& mixed_items() const { return m_mixed; }          ///< int64: items that are not `alone`
    /// sum_s c_bs v_s of tensors of one shape -> [B, …]
    at::Tensor blend(const std::vector<at::Tensor>& sources) const;
private:
    at::Tensor m_coefficients, m_mixed;
    std::vector<Use> m_uses;
};

/// x [B, T, in], weights [out, in] of each source, biases [out] of each source or empty -> [B, T, out]. float32, but weights may be of half precision; contiguous.
at::Tensor mixed_linear(const at::Tensor& x, const std::vector<at::Tensor>& weights, const std::vector<at::Tensor>& biases, const Mixture& mixture);

/// The gate of a weight-ensembling mixture of experts (Tang et al. 2024): one or two linears on every token, then their mean; or a constant.
struct WeMoeRouter {
    at::Tensor first, first_bias, second, second_bias, constant;       ///< undefined where it has none
    at::Tensor gate(const at::Tensor& hidden) const;                   ///< [B, T, D] -> [B, N], neither normalised nor bounded
};

/// An MLP with the weights W_0 + sum_i g_i T_i. Source 0 is the base; the others are differences to it.
struct WeMoeMlp {
    std::vector<at::Tensor> fc1, fc1_bias, fc2, fc2_bias;
    std::vector<std::pair<std::vector<at::Tensor>*, std::string>> parts() { return {{&fc1, "fc1.weight"}, {&fc1_bias, "fc1.bias"}, {&fc2, "fc2.weight"}, {&fc2_bias, "fc2.bias"}}; }
    at::Tensor forward(const at::Tensor& hidden, const at::Tensor& gate, bool quick_gelu = false) const;   ///< hidden [B, T, D], gate [B, N]
};

}
