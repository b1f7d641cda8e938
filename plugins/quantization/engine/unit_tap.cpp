#include "plugins/quantization/engine/unit_tap.h"
#include "core/nn/conv.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <torch/csrc/autograd/custom_function.h>

namespace lathe::quantization {
namespace {

/// Four passes without a graph of their own; LibTorch's operator takes 15 times as long where gradients are recorded.
struct EvenGridFunction : torch::autograd::Function<EvenGridFunction> {
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, double scale, double zero, double low, double high, bool rectify) {
        context->save_for_backward({x});
        context->saved_data["low"] = rectify ? 0.0 : (low - zero - 0.5) * scale;
        context->saved_data["high"] = (high - zero + 0.5) * scale;
        at::Tensor y = x * (1 / scale);
        y.round_();
        if (zero != 0) y.add_(zero);
        y.clamp_(rectify ? std::max(low, zero) : low, high);
        if (zero != 0) y.sub_(zero);
        return y.mul_(scale);
    }
    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
        const at::Tensor x = context->get_saved_variables().front();
        return {at::hardtanh_backward(gradients.front(), x, context->saved_data["low"].toDouble(), context->saved_data["high"].toDouble()), {}, {}, {}, {}, {}};
    }
};

bool is_fixed(const Quantizer& quantizer) { return quantizer.spec().algorithm == Algorithm::fixed && !quantizer.spec().per_channel; }

at::Tensor by_fixed(const Quantizer& quantizer, const at::Tensor& x, bool rectify) {
    const QuantParams& params = quantizer.params();
    return on_even_grid(x, params.scale.item<double>(), params.zero_point.item<double>(), quantizer.spec().quant_min, quantizer.spec().quant_max, rectify);
}

}

at::Tensor on_even_grid(const at::Tensor& x, double scale, double zero_point, std::int64_t quant_min, std::int64_t quant_max, bool rectify) {
    return EvenGridFunction::apply(x, scale, zero_point, static_cast<double>(quant_min), static_cast<double>(quant_max), rectify);
}

UnitTap::UnitTap(Network& network, QuantTap& calibrated, const PartRunner& runner, const Unit& unit) {
    const QuantPlan& plan = calibrated.plan();
    std::map<int, BatchNorm2d*> norm_of;
    network.visit_modules("", [&](const std::string&, Module& module) {
        if (auto* norm = dynamic_cast<BatchNorm2d*>(&module)) norm_of[norm->id()] = norm;
    });
    const std::vector<GraphNode>& traced = runner.graph().nodes;
    const auto in_unit = [&](int layer) {
        const int node = runner.position(layer);
        return node >= unit.begin && node < unit.end;
    };
    for (const int index : unit.weighted) {
        const GraphNode& own = traced[static_cast<std::size_t>(index)];
        const auto placed = std::ranges::find_if(plan.weights, [&](const Placed& one) { return plan.graph.nodes[static_cast<std::size_t>(one.node)].layer == own.layer; });
        if (placed == plan.weights.end()) continue;      // left in float
        const GraphNode& node = plan.graph.nodes[static_cast<std::size_t>(placed->node)];
        const FoldedConv folded = calibrated.folded(node);
        m_weights.push_back({placed->name, folded.weight.detach(), calibrated.find(placed->name)});
        Product product;
        product.index = m_weights.size() - 1;
        product.conv = calibrated.find_conv(own.layer);
        if (!product.conv && own.type != "Linear") {
            m_plain[own.layer] = product.index;
            continue;
        }
        if (folded.bias.defined()) product.bias = folded.bias.detach();
        const int next = own.users.size() == 1 ? own.users.front() : -1;
        const auto norm = next >= 0 ? norm_of.find(traced[static_cast<std::size_t>(next)].layer) : norm_of.end();
        if (product.conv && norm != norm_of.end() && in_unit(norm->first)) {
            m_passed.insert(norm->first);
            if (node.norm < 0) {                         // the backend keeps it apart: here it only is computed together
                const BatchNorm2d& n = *norm->second;
                const FoldedConv whole = folded_conv(folded.weight, folded.bias, {n.weight, n.bias, n.running_mean, n.running_var, n.eps()});
                product.factor = (n.weight / (n.running_var + n.eps()).sqrt()).detach().view({-1, 1, 1, 1});
                product.bias = whole.bias.detach();
            }
        }
        m_products[own.layer] = std::move(product);
    }
    for (const Placed& placed : plan.activations) {
        const int layer = plan.graph.nodes[static_cast<std::size_t>(placed.node)].last_layer();
        if (layer < 0 || !in_unit(layer)) continue;
        Quantizer* quantizer = calibrated.find(placed.name);
        m_outputs[layer] = {placed.name, quantizer};
        const GraphNode& last = traced[static_cast<std::size_t>(runner.position(layer))];
        if (last.type == "ReLU" && is_fixed(*quantizer)) m_rectified.insert(layer);
    }
}

std::vector<std::pair<std::string, at::Tensor>> UnitTap::learnt_scales() const {
    std::vector<std::pair<std::string, at::Tensor>> out;
    for (const auto& [layer, output] : m_outputs)
        for (const auto& [name, tensor] : output.second->learnt())
            if (name == "scale") out.emplace_back(output.first, tensor);
    return out;
}

bool UnitTap::wants(const LayerInfo& layer) { return m_products.contains(layer.id) || m_plain.contains(layer.id) || m_passed.contains(layer.id) || m_outputs.contains(layer.id); }

Flow UnitTap::enter(int id, TensorRefs in, at::Tensor& out) {
    if (const auto found = m_products.find(id); found != m_products.end()) {
        const Product& product = found->second;
        at::Tensor weight = m_used ? (*m_used)[product.index] : m_weights[product.index].weight;
        if (product.factor.defined()) weight = weight * product.factor;
        out = product.conv ? convolve(in[0], weight, product.bias, product.conv->shape()) : at::linear(in[0], weight, product.bias.defined() ? std::optional(product.bias) : std::nullopt);
        return Flow::skip;
    }
    if (m_passed.contains(id)) {
        out = in[0];
        return Flow::skip;
    }
    if (m_rectified.contains(id)) {
        out = by_fixed(*m_outputs.at(id).second, in[0], true);
        return Flow::skip;
    }
    return Flow::run;
}

void UnitTap::weight(int id, at::Tensor& w) {
    if (const auto found = m_plain.find(id); found != m_plain.end()) w = m_used ? (*m_used)[found->second] : m_weights[found->second].weight;
}

void UnitTap::leave(int id, TensorRefs, at::Tensor& out) {
    const auto found = m_outputs.find(id);
    if (found == m_outputs.end() || m_rectified.contains(id)) return;
    Quantizer& quantizer = *found->second.second;
    out = is_fixed(quantizer) ? by_fixed(quantizer, out, false) : quantizer(out);
}

}
