#include "plugins/vit_merge/engine/mixed_linear.h"
#include "core/base/error.h"
#include "core/nn/kernels.h"
#include "plugins/vit_merge/engine/vit_block.h"
#include <ATen/ATen.h>

namespace lathe::vit_merge {

Mixture::Mixture(const at::Tensor& coefficients) : m_coefficients(coefficients.to(at::kFloat).contiguous()) {
    if (coefficients.dim() != 2) throw Error(ErrorCode::invalid_value, "Coefficients of a mixture must be [items, sources].", std::to_string(coefficients.dim()) + " dimensions");
    const std::int64_t items = m_coefficients.size(0), sources = m_coefficients.size(1);
    const float* c = m_coefficients.const_data_ptr<float>();
    std::vector<std::int64_t> only(std::size_t(items), -1);   // the one source of an item that has a single one, with all its weight
    for (std::int64_t b = 0; b < items; ++b) {
        std::int64_t used = 0, last = -1;
        for (std::int64_t s = 0; s < sources; ++s)
            if (c[b * sources + s] != 0) {
                ++used;
                last = s;
            }
        if (used == 1 && c[b * sources + last] == 1) only[std::size_t(b)] = last;
    }
    for (std::int64_t b = 0; b < items;) {                    // runs of items with the same single source
        std::int64_t end = b + 1;
        while (end < items && only[std::size_t(end)] == only[std::size_t(b)]) ++end;
        if (only[std::size_t(b)] >= 0) m_uses.push_back({only[std::size_t(b)], b, end - b, true, {}, {}});
        b = end;
    }
    std::vector<std::int64_t> mixed;
    for (std::int64_t b = 0; b < items; ++b)
        if (only[std::size_t(b)] < 0) mixed.push_back(b);
    m_mixed = at::tensor(mixed, at::kLong);
    for (std::int64_t s = 0; s < sources && !mixed.empty(); ++s) {
        std::vector<std::int64_t> parts;
        std::vector<float> shares;
        for (const std::int64_t b : mixed)
            if (c[b * sources + s] != 0) {
                parts.push_back(b);
                shares.push_back(c[b * sources + s]);
            }
        if (!parts.empty()) m_uses.push_back({s, 0, std::int64_t(parts.size()), false, at::tensor(parts, at::kLong), at::tensor(shares)});
    }
}

at::Tensor Mixture::blend(const std::vector<at::Tensor>& given) const {
    std::vector<at::Tensor> flat;
    for (const at::Tensor& source : given) flat.push_back(source.flatten());
    auto sizes = given.front().sizes().vec();
    sizes.insert(sizes.begin(), items());
    return at::matmul(m_coefficients, at::stack(flat)).view(sizes);
}

at::Tensor mixed_linear(const at::Tensor& x, const std::vector<at::Tensor>& weights, const std::vector<at::Tensor>& biases, const Mixture& mixture) {
    const std::int64_t items = x.size(0), tokens = x.size(1), out = weights.front().size(0);
    if (items != mixture.items() || std::int64_t(weights.size()) != mixture.sources() || (!biases.empty() && biases.size() != weights.size()))
        throw Error(ErrorCode::internal, "A mixture does not fit its weights.", std::to_string(weights.size()) + " weights for " + std::to_string(mixture.sources()) + " sources");
    const auto bias_of = [&](std::int64_t source) { return biases.empty() ? at::Tensor() : biases[std::size_t(source)]; };
    const auto rows_of = [](const at::Tensor& t) { return t.reshape({-1, t.size(-1)}); };
    const at::Tensor y = at::empty({items, tokens, out}, x.options());
    std::vector<fused::Linear> layers;                     // of all sources at once: many small products on one thread each keep the others busy
    std::vector<const Mixture::Use*> parts;                // those whose products are shares of what they belong to
    for (const Mixture::Use& use : mixture.uses()) {
        const at::Tensor w = weights[std::size_t(use.source)].to(at::kFloat);
        const at::Tensor rows = rows_of(use.alone ? x.narrow(0, use.first, use.count) : x.index_select(0, use.items));
        layers.push_back({rows, w, bias_of(use.source), use.alone ? rows_of(y.narrow(0, use.first, use.count)) : at::empty({rows.size(0), out}, x.options())});
        parts.push_back(use.alone ? nullptr : &use);
    }
    fused::linears(layers);
    if (!mixture.all_alone()) y.index_fill_(0, mixture.mixed_items(), 0);
    for (std::size_t i = 0; i < parts.size(); ++i)
        if (parts[i]) y.index_add_(0, parts[i]->items, layers[i].y.view({-1, tokens, out}).mul_(parts[i]->shares.view({-1, 1, 1})));
    return y;
}

at::Tensor WeMoeRouter::gate(const at::Tensor& hidden) const {
    if (!second.defined()) return constant.expand({hidden.size(0), constant.size(-1)});
    const at::Tensor inner = first.defined() ? at::relu(at::linear(hidden, first, first_bias)) : hidden;
    return at::linear(inner, second, second_bias).mean(1);
}

at::Tensor WeMoeMlp::forward(const at::Tensor& hidden, const at::Tensor& gate, bool quick_gelu) const {
    const Mixture mixture(at::cat({at::ones({gate.size(0), 1}), gate}, 1));
    return mixed_linear(vit_gelu(mixed_linear(hidden, fc1, fc1_bias, mixture), quick_gelu), fc2, fc2_bias, mixture);
}

}
