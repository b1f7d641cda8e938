// How a QuantTap trains a convolution together with the normalisation behind it.
#include "core/nn/conv.h"
#include "core/nn/layers.h"
#include "plugins/quantization/engine/quant_tap.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

namespace lathe::quantization {

void QuantTap::set_fold(BnFold strategy) {
    m_fold = strategy;
    if (strategy != BnFold::once) return;
    const c10::NoGradGuard no_gradients;
    for (const auto& [layer, weight] : m_weights) {
        const GraphNode& node = m_plan.graph.nodes[static_cast<std::size_t>(weight.node)];
        if (!m_folded_norms.contains(node.norm)) continue;
        const FoldedConv whole = folded(node);
        Conv2d& conv = *m_convs.at(layer);
        BatchNorm2d& norm = *m_norms.at(node.norm);
        conv.weight.copy_(whole.weight);
        if (conv.bias.defined()) conv.bias.zero_();
        norm.weight.fill_(1);
        norm.bias.copy_(whole.bias);
        norm.running_mean.zero_();
        norm.running_var.fill_(1 - norm.eps());   // σ is 1
    }
    m_network.visit_modules("", [](const std::string&, Module& module) { module.weights_changed(); });
    weights_changed();
}

at::Tensor QuantTap::with_norm(AtWeight& weight, const at::Tensor& x) {
    const GraphNode& node = m_plan.graph.nodes[static_cast<std::size_t>(weight.node)];
    const Conv2d& conv = *m_convs.at(node.layer);
    if (m_mode == QuantMode::quantize) {
        if (!weight.ready.defined()) {
            const FoldedConv whole = folded(node);
            weight.ready = applied(*weight.quantizer, whole.weight);
            weight.bias = whole.bias;
        }
        const at::Tensor y = convolve(x, weight.ready, weight.bias, conv.shape());
        if (records_gradients(weight.ready)) weight.ready = at::Tensor();
        return y;
    }
    NormTensors norm = norm_of(node);
    // A network that was folded once is one whose normalisations are frozen.
    const BnFold strategy = m_fold == BnFold::once ? BnFold::frozen : m_fold;
    return folded_training(strategy, x, conv.weight, conv.bias, norm, [&](const at::Tensor& in, const at::Tensor& w) { return convolve(in, w, {}, conv.shape()); },
        [&](const at::Tensor& w) { return applied(*weight.quantizer, w); });
}

}
