#include "plugins/quantization/engine/integer_tap.h"
#include "core/base/error.h"
#include "core/nn/conv.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <cmath>

namespace lathe::quantization {

struct IntegerTap::IntegerConv {
    int node = -1;
    ConvShape shape;
    Step in, out;
    at::Tensor weight, bias, multiplier;   // float64 whole numbers [O, I, k, k] and [O]; float32 [O]
};

namespace {

const QuantPlan& checked(const QuantPlan& plan) {
    if (plan.is_empty()) throw Error(ErrorCode::unsupported, "Nothing is quantized, so there are no integers to run.", "backend " + plan.backend, "Choose a backend that knows these layers, or quantize some.");
    for (const auto* list : {&plan.activations, &plan.weights})
        for (const Placed& placed : *list)
            if (!placed.spec.has_even_steps()) throw Error(ErrorCode::unsupported, "This grid has no integer form.", placed.name + ", " + std::string(to_text(placed.spec.algorithm)), "Integers need even steps: choose another algorithm.");
    return plan;
}

}

IntegerTap::IntegerTap(QuantTap& calibrated) : m_plan(checked(calibrated.plan())) {
    for (const Placed& placed : m_plan.activations) {
        if (placed.spec.bits > 8) {
            m_float[m_plan.graph.nodes[static_cast<std::size_t>(placed.node)].name] = "Its activations have " + std::to_string(placed.spec.bits) + " bits.";
            continue;
        }
        const Step step = step_of(*calibrated.find(placed.name));
        m_steps[placed.node] = step;
        const GraphNode& node = m_plan.graph.nodes[static_cast<std::size_t>(placed.node)];
        if (node.last_layer() >= 0) {
            m_outputs[node.last_layer()] = {step, placed.node};
            continue;
        }
        for (const int user : node.users) {
            const GraphNode& reader = m_plan.graph.nodes[static_cast<std::size_t>(user)];
            for (std::size_t i = 0; i < reader.inputs.size(); ++i)
                if (reader.inputs[i] == placed.node) m_inputs[reader.layer].emplace_back(i, placed.node);
        }
    }
    double integer_macs = 0, macs = 0;
    for (const Placed& placed : m_plan.weights) {
        const GraphNode& node = m_plan.graph.nodes[static_cast<std::size_t>(placed.node)];
        add_conv(calibrated, placed.node);
        const auto own = static_cast<double>(node.macs);
        macs += own;
        if (m_convs.contains(node.layer)) integer_macs += own;
    }
    m_share = macs > 0 ? integer_macs / macs : 0;
    for (std::size_t i = 0; i < m_plan.graph.nodes.size(); ++i) {
        const GraphNode& node = m_plan.graph.nodes[i];
        if (node.type != "AdaptiveAvgPool2d" && node.type != "AvgPool2d") continue;
        const auto in = step_behind(calibrated, node.inputs.front());
        const auto out = m_steps.find(static_cast<int>(i));
        if (in && out != m_steps.end() && node.shape.size() == 4 && node.shape[2] == 1 && node.shape[3] == 1) {
            m_pools[node.layer] = {*in, out->second};
            m_integer.push_back(node.name);
        } else {
            m_float.try_emplace(node.name, "Only a global average between two quantized values has an integer rule.");
        }
    }
    if (!m_integer.empty()) return;
    std::string why = "backend " + m_plan.backend;
    for (const Placed& placed : m_plan.weights)          // the reason of the first layer
        if (const auto found = m_float.find(m_plan.graph.nodes[static_cast<std::size_t>(placed.node)].name); found != m_float.end()) {
            why = found->first + ": " + found->second;
            break;
        }
    throw Error(ErrorCode::unsupported, "No layer of this network runs on integers with these settings.", why, "Choose a backend with weights without a zero point and at most 8 bits, such as ONNX Runtime.");
}

IntegerTap::~IntegerTap() = default;

void IntegerTap::add_conv(QuantTap& calibrated, int index) {
    const GraphNode& node = m_plan.graph.nodes[static_cast<std::size_t>(index)];
    const auto place = std::ranges::find(m_plan.weights, index, &Placed::node);
    Quantizer& quantizer = *calibrated.find(place->name);
    const QuantSpec& spec = quantizer.spec();
    const at::Tensor weight = calibrated.folded(node).weight.detach();
    const QuantTap::IntegerBias bias = calibrated.integer_bias(index);
    const auto in = step_behind(calibrated, node.inputs.front());
    const auto out = m_steps.find(index);
    const Conv2d* conv = calibrated.find_conv(node.layer);
    const QuantParams& params = quantizer.params();
    const bool is_plain = !params.zero_point.defined() || params.zero_point.abs().max().item<double>() == 0;
    std::string reason;
    if (!conv) reason = "An engine runs a " + node.type + " at the end in float.";
    else if (const Quantizer* input = calibrated.behind(node.inputs.front()); !in && input) reason = "Its input has " + std::to_string(input->spec().bits) + " bits.";
    else if (!in) reason = "Its input is not quantized.";
    else if (out == m_steps.end()) reason = "Its output is not quantized.";
    else if (!is_plain) reason = "Its weight has a zero point.";
    else if (spec.bits > 8) reason = "Its weight has " + std::to_string(spec.bits) + " bits.";
    else if (spec.channel_axis != 0) reason = "Its scales stand along another axis.";
    if (!reason.empty()) {
        m_float[node.name] = reason;
        FloatLayer made{quantizer.deployed(weight), calibrated.divisor(node), {}};
        if (bias.codes.defined()) {   // stored as that of an integer layer
            made.bias_change = bias.codes.to(at::kFloat) * bias.step - calibrated.folded(node).bias.detach();
            if (node.type != "Linear") made.bias_change = made.bias_change.view({1, -1, 1, 1});
            if (made.divisor.defined()) made.bias_change = made.bias_change / made.divisor;   // the normalisation multiplies it again
        }
        m_weights[node.layer] = std::move(made);
        return;
    }
    auto made = std::make_unique<IntegerConv>();
    made->node = index;
    made->shape = conv->shape();
    made->in = *in;
    made->out = out->second;
    const at::Tensor scale = params.scale.detach().to(at::kFloat).flatten().expand({weight.size(0)});
    const at::Tensor inverse = at::reciprocal(scale).view({-1, 1, 1, 1});
    made->weight = at::clamp(at::round(weight * inverse), spec.quant_min, spec.quant_max).to(at::kDouble);
    made->multiplier = in->scale * scale / out->second.scale;           // float32, in this order
    made->bias = bias.codes.defined() ? bias.codes : at::zeros({weight.size(0)}, at::kDouble);
    m_convs[node.layer] = std::move(made);
    for (const int part : {node.norm, node.activation})
        if (part >= 0) m_passed.insert(part);
    m_integer.push_back(node.name);
}

IntegerTap::Step IntegerTap::step_of(const Quantizer& quantizer) {
    Step step;
    step.scale = quantizer.params().scale.detach().flatten().to(at::kFloat);
    step.scale_value = step.scale.item<float>();
    step.zero = static_cast<std::int64_t>(std::nearbyint(quantizer.params().zero_point.detach().item<double>()));
    step.low = quantizer.spec().quant_min;
    step.high = quantizer.spec().quant_max;
    return step;
}

std::optional<IntegerTap::Step> IntegerTap::step_behind(QuantTap& calibrated, int index) {
    const Quantizer* quantizer = calibrated.behind(index);
    return quantizer && quantizer->spec().bits <= 8 ? std::optional(step_of(*quantizer)) : std::nullopt;
}

at::Tensor IntegerTap::codes_of(const at::Tensor& x, const Step& step) const { return at::clamp(at::round(x / step.scale_value) + static_cast<double>(step.zero), step.low, step.high); }

at::Tensor IntegerTap::values_of(const at::Tensor& codes, const Step& step) const { return (codes - static_cast<double>(step.zero)).to(at::kFloat) * step.scale_value; }

void IntegerTap::note(int index, const at::Tensor& codes) {
    const std::string& name = m_plan.graph.nodes[static_cast<std::size_t>(index)].name;
    if (m_kept.contains(name)) m_codes[name] = codes.to(m_steps.at(index).low < 0 ? at::kChar : at::kByte);
}

at::Tensor IntegerTap::requantized(const at::Tensor& x, const Step& step, int index) {
    const at::Tensor codes = codes_of(x, step);
    note(index, codes);
    return values_of(codes, step);
}

bool IntegerTap::wants(const LayerInfo& layer) {
    return m_convs.contains(layer.id) || m_outputs.contains(layer.id) || m_inputs.contains(layer.id) || m_weights.contains(layer.id) || m_passed.contains(layer.id) || m_pools.contains(layer.id);
}

Flow IntegerTap::enter(int id, TensorRefs in, at::Tensor& out) {
    if (const auto inputs = m_inputs.find(id); inputs != m_inputs.end())
        for (const auto& [position, node] : inputs->second)
            if (position < in.size()) in[position] = requantized(in[position], m_steps.at(node), node);
    if (m_passed.contains(id)) {
        out = in[0];
        return Flow::skip;
    }
    if (const auto found = m_convs.find(id); found != m_convs.end()) {
        const IntegerConv& conv = *found->second;
        const at::Tensor x = (codes_of(in[0], conv.in) - static_cast<double>(conv.in.zero)).to(at::kDouble);   // padding is a real zero, and so is 0 here
        const at::Tensor sums = at::conv2d(x, conv.weight, conv.bias, {conv.shape.stride, conv.shape.stride}, {conv.shape.padding, conv.shape.padding}, {1, 1}, conv.shape.groups);
        const at::Tensor scaled = at::round(sums.to(at::kFloat) * conv.multiplier.view({1, -1, 1, 1}));
        const GraphNode& node = m_plan.graph.nodes[static_cast<std::size_t>(conv.node)];
        const std::int64_t floor = node.activation >= 0 ? std::max(conv.out.low, conv.out.zero) : conv.out.low;   // ReLU is the clamp at zero's code
        const at::Tensor codes = at::clamp(scaled + static_cast<double>(conv.out.zero), floor, conv.out.high);
        note(conv.node, codes);
        out = values_of(codes, conv.out);
        return Flow::skip;
    }
    if (const auto pool = m_pools.find(id); pool != m_pools.end()) {
        const at::Tensor x = codes_of(in[0], pool->second.in) - static_cast<double>(pool->second.in.zero);
        const float factor = pool->second.in.scale_value / (pool->second.out.scale_value * static_cast<float>(x.size(2) * x.size(3)));
        const at::Tensor sum = x.to(at::kDouble).sum({2, 3}, true).to(at::kFloat);
        const at::Tensor codes = at::clamp(at::round(sum * factor) + static_cast<double>(pool->second.out.zero), pool->second.out.low, pool->second.out.high);
        if (const auto output = m_outputs.find(id); output != m_outputs.end()) note(output->second.second, codes);
        out = values_of(codes, pool->second.out);
        return Flow::skip;
    }
    return Flow::run;
}

void IntegerTap::weight(int id, at::Tensor& w) {
    if (const auto found = m_weights.find(id); found != m_weights.end()) w = found->second.weight;
}

void IntegerTap::leave(int id, TensorRefs, at::Tensor& out) {
    if (const auto found = m_weights.find(id); found != m_weights.end()) {
        if (found->second.divisor.defined()) out = out / found->second.divisor;
        if (const at::Tensor& change = found->second.bias_change; change.defined()) out = out + change;
    }
    if (m_passed.contains(id) || m_convs.contains(id) || m_pools.contains(id)) return;   // already on its grid
    if (const auto output = m_outputs.find(id); output != m_outputs.end()) out = requantized(out, output->second.first, output->second.second);
}

}
