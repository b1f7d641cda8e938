#include "core/nn/layers.h"
#include "core/base/error.h"
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace lathe {

bool records_gradients(const at::Tensor& tensor) { return at::GradMode::is_enabled() && tensor.requires_grad(); }

Linear::Linear(std::int64_t in, std::int64_t out, const AddLayer& add_layer, std::string name, int block, bool with_bias)
    : weight(at::empty({out, in})), bias(with_bias ? at::empty({out}) : at::Tensor()), m_id(add_layer(std::move(name), "Linear", "linear", block)) {
    own("weight", weight);
    if (with_bias) own("bias", bias);
}

at::Tensor Linear::forward(const at::Tensor& x, TapStack* taps) {
    const auto plain = [&](const at::Tensor& in, const at::Tensor& w) { return bias.defined() ? at::linear(in, w, bias) : at::linear(in, w); };
    if (!wanted(taps)) {
        if (taps) taps->tick();
        return records_gradients(weight) || records_gradients(x) ? plain(x, weight) : m_fast(x, weight, bias);
    }
    return at_point(taps, m_id, x, [&](const at::Tensor& in) {
        at::Tensor w = weight;
        taps->weight(m_id, w);
        const bool same = w.is_same(weight);
        return same && !records_gradients(weight) && !records_gradients(in) ? m_fast(in, weight, bias) : plain(in, w);
    });
}

at::Tensor Linear::product(const at::Tensor& x) { return m_fast(x, weight, {}); }

PatchEmbed::PatchEmbed(int channels, int hidden, int patch, const AddLayer& add_layer, std::string name)
    : weight(at::empty({hidden, channels, patch, patch})), bias(at::empty({hidden})), m_id(add_layer(std::move(name), "Conv2d", "conv", -1)), m_patch(patch) {
    own("weight", weight);
    own("bias", bias);
}

at::Tensor PatchEmbed::forward(const at::Tensor& x, TapStack* taps) {
    return at_point(taps, m_id, x, [&](const at::Tensor& in) {
        if (in.dim() != 4 || in.size(1) != weight.size(1) || in.size(2) % m_patch || in.size(3) % m_patch)
            throw Error(ErrorCode::invalid_value, "The image does not fit the patch embedding.", "image " + std::to_string(in.dim()) + "-dimensional, " + std::to_string(in.size(1)) + " channels",
                "It must be [batch, " + std::to_string(weight.size(1)) + ", height, width] with sides that are multiples of " + std::to_string(m_patch) + ".");
        at::Tensor w = weight;
        if (taps) taps->weight(m_id, w);
        const std::int64_t rows = in.size(2) / m_patch, cols = in.size(3) / m_patch;
        const at::Tensor patches = in.view({in.size(0), in.size(1), rows, m_patch, cols, m_patch}).permute({0, 2, 4, 1, 3, 5}).reshape({in.size(0), rows * cols, -1});
        return at::linear(patches, w.flatten(1), bias);
    });
}

}
