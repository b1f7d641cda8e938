#include "plugins/quantization/engine/quant_tap.h"
#include "core/base/error.h"
#include "core/nn/conv.h"
#include "core/nn/layers.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <utility>

namespace lathe::quantization {
namespace {

constexpr double kSmallestFactor = 1e-8;   // a channel with less is off: nothing can be divided by it

}

QuantTap::QuantTap(Network& network, QuantPlan plan, const QuantizerOptions& options) : m_network(network), m_plan(std::move(plan)) {
    network.visit_modules("", [&](const std::string&, Module& module) {
        if (auto* norm = dynamic_cast<BatchNorm2d*>(&module)) m_norms[norm->id()] = norm;
        if (auto* conv = dynamic_cast<Conv2d*>(&module)) m_convs[conv->id()] = conv;
    });
    network.visit("", [&](const std::string& key, at::Tensor& tensor) { m_tensors[key] = &tensor; });
    const auto node = [&](const Placed& placed) -> const GraphNode& { return m_plan.graph.nodes[static_cast<std::size_t>(placed.node)]; };
    for (const Placed& placed : m_plan.weights) {
        m_weights[node(placed).layer] = {&make(placed, options), placed.node, {}};
        if (m_norms.contains(node(placed).norm) && m_convs.contains(node(placed).layer)) m_folded_norms.insert(node(placed).norm);
    }
    for (const Placed& placed : m_plan.biases)
        if (folded(node(placed)).bias.defined()) m_biases[node(placed).norm >= 0 ? node(placed).norm : node(placed).layer] = {&make(placed, options), placed.node, {}};
    if (m_plan.bias == Backend::Bias::accumulator)
        for (const Placed& placed : m_plan.weights)
            if (folded(node(placed)).bias.defined()) m_biases[node(placed).norm >= 0 ? node(placed).norm : node(placed).layer] = {nullptr, placed.node, {}};
    for (const Placed& placed : m_plan.activations) {
        Quantizer& quantizer = make(placed, options);
        if (node(placed).last_layer() >= 0) {
            m_outputs[node(placed).last_layer()] = &quantizer;
            if (network.layers()[static_cast<std::size_t>(node(placed).last_layer())].type == "ReLU") m_rectifiers.insert(node(placed).last_layer());
            continue;
        }
        // No layer gives this value: it is met where it is read, and looked at once however many read it.
        const auto met = std::make_shared<Met>();
        for (const int user : node(placed).users) {
            const GraphNode& reader = m_plan.graph.nodes[static_cast<std::size_t>(user)];
            for (std::size_t i = 0; i < reader.inputs.size(); ++i)
                if (reader.inputs[i] == placed.node && reader.layer >= 0) {
                    m_inputs[reader.layer].push_back({i, &quantizer, met});
                    ++met->readers;
                }
        }
    }
}

QuantTap::~QuantTap() = default;

Quantizer& QuantTap::make(const Placed& placed, const QuantizerOptions& options) {
    QuantizerOptions own = options;
    own.is_weight = placed.spec.role == Role::param;
    own.observer.full_unsigned = m_plan.full_unsigned;
    try {
        return *(m_quantizers[placed.name] = make_quantizer(placed.spec, own));
    } catch (const Error& error) {
        throw Error(error.code(), error.summary(), placed.name + ", " + error.where(), error.hint());
    }
}

Quantizer* QuantTap::behind(int index) {
    const GraphNode& node = m_plan.graph.nodes[static_cast<std::size_t>(index)];
    const auto placed = std::ranges::find(m_plan.activations, index, &Placed::node);
    if (placed != m_plan.activations.end()) return find(placed->name);
    const bool keeps_grid = node.type == "Flatten" || node.type == "MaxPool2d" || node.type == "Slice";
    return keeps_grid ? behind(node.inputs.front()) : nullptr;
}

QuantTap::IntegerBias QuantTap::integer_bias(int index) {
    const GraphNode& node = m_plan.graph.nodes[static_cast<std::size_t>(index)];
    const auto weight = m_weights.find(node.layer);
    const Quantizer* input = behind(node.inputs.front());
    const at::Tensor bias = folded(node).bias;
    if (weight == m_weights.end() || !input || !bias.defined()) return {};
    const at::Tensor step = (input->params().scale.detach() * weight->second.quantizer->params().scale.detach()).expand(bias.sizes());   // float32, in this order
    return {step, at::round(bias.detach().to(at::kDouble) / step.to(at::kDouble))};
}

at::Tensor QuantTap::applied(Quantizer& quantizer, const at::Tensor& x) const {
    try {
        return quantizer(x);
    } catch (const Error& error) {
        const auto place = std::ranges::find_if(m_quantizers, [&](const auto& one) { return one.second.get() == &quantizer; });
        throw Error(error.code(), error.summary(), place->first + ", " + error.where(), error.hint());
    }
}

void QuantTap::set_mode(QuantMode mode) {
    m_mode = mode;
    m_focus = nullptr;
    for (auto& [name, quantizer] : m_quantizers) {
        const Algorithm algorithm = quantizer->spec().algorithm;
        // Their range is a part of what they learn (PACT: without its observer alpha has no gradient; DSQ and DoReFa follow the weight).
        const bool follows = algorithm == Algorithm::pact || algorithm == Algorithm::dsq || algorithm == Algorithm::dorefa;
        quantizer->observes = mode == QuantMode::calibrate || (mode == QuantMode::train && follows);
        quantizer->quantizes = mode == QuantMode::quantize || mode == QuantMode::train;
    }
    weights_changed();
}

std::vector<std::string> QuantTap::names() const {
    std::vector<std::string> all;
    for (const auto& [name, quantizer] : m_quantizers) all.push_back(name);
    return all;
}

Quantizer* QuantTap::find(const std::string& name) {
    const auto found = m_quantizers.find(name);
    return found == m_quantizers.end() ? nullptr : found->second.get();
}

void QuantTap::weights_changed() {
    for (auto& [id, at_weight] : m_weights) at_weight.ready = at_weight.bias = at::Tensor();
    for (auto& [id, bias] : m_biases) bias.ready = at::Tensor();
}

std::map<std::string, at::Tensor> QuantTap::state() {
    std::map<std::string, at::Tensor> out;
    for (auto& [name, quantizer] : m_quantizers)
        for (auto& [member, tensor] : quantizer->state()) out[name + "." + member] = tensor;
    return out;
}

void QuantTap::load(const std::map<std::string, at::Tensor>& state) {
    for (auto& [name, quantizer] : m_quantizers) {
        std::map<std::string, at::Tensor> members;
        for (auto i = state.lower_bound(name + "."); i != state.end() && i->first.starts_with(name + "."); ++i) members[i->first.substr(name.size() + 1)] = i->second;
        if (!members.empty()) quantizer->load(members);
    }
    weights_changed();
}

void QuantTap::focus(const std::string& name) {
    Quantizer* wanted = find(name);
    if (!wanted) throw Error(ErrorCode::unknown_name, "There is no such quantizer.", name);
    m_focus = wanted;
    for (auto& [place, quantizer] : m_quantizers) quantizer->observes = quantizer->quantizes = false;
    wanted->quantizes = true;
    weights_changed();
}

bool QuantTap::wants(const LayerInfo& layer) {
    if (m_focus) {
        const auto weight = std::ranges::find_if(m_weights, [&](const auto& one) { return one.first == layer.id || (m_plan.graph.nodes[static_cast<std::size_t>(one.second.node)].norm == layer.id && m_folded_norms.contains(layer.id)); });
        const auto output = m_outputs.find(layer.id);
        const auto inputs = m_inputs.find(layer.id);
        return (weight != m_weights.end() && weight->second.quantizer == m_focus) || (output != m_outputs.end() && output->second == m_focus) ||
            (inputs != m_inputs.end() && std::ranges::any_of(inputs->second, [&](const AtInput& input) { return input.quantizer == m_focus; }));
    }
    // A folded layer is looked at as a whole, its normalisation too, so that nothing runs fused across it.
    return m_weights.contains(layer.id) || m_outputs.contains(layer.id) || m_inputs.contains(layer.id) || m_biases.contains(layer.id) || m_folded_norms.contains(layer.id);
}

Flow QuantTap::enter(int id, TensorRefs in, at::Tensor& out) {
    if (const auto found = m_inputs.find(id); found != m_inputs.end())
        for (AtInput& input : found->second) {
            if (input.position >= in.size()) continue;
            at::Tensor& value = in[input.position];
            Met& met = *input.met;
            if (met.left == 0 || !met.value.is_same(value)) met = {value, applied(*input.quantizer, value), met.readers, met.readers};
            value = met.quantized;
            if (--met.left == 0) met.value = met.quantized = at::Tensor();   // it may be filled anew for the next run
        }
    if (out.defined()) return Flow::run;             // another tap has skipped it
    if (const auto grid = rectified(id, in[0])) {
        out = fused::on_grid(in[0], {grid->inverse, grid->scale, std::max(grid->low, 0.0f), grid->high});
        m_passed = id;
        return Flow::skip;
    }
    if (!replaces_norms()) return Flow::run;
    if (m_folded_norms.contains(id)) {
        out = in[0];
        return Flow::skip;
    }
    const auto weight = m_weights.find(id);
    if (weight == m_weights.end() || !m_folded_norms.contains(m_plan.graph.nodes[static_cast<std::size_t>(weight->second.node)].norm)) return Flow::run;
    out = with_norm(weight->second, in[0]);
    return Flow::skip;
}

std::optional<fused::EvenGrid> QuantTap::rectified(int layer, const at::Tensor& x) const {
    if (m_mode != QuantMode::quantize || !m_rectifiers.contains(layer) || !is_plain_float(x)) return {};
    const Quantizer& quantizer = *m_outputs.at(layer);
    return quantizer.quantizes && !quantizer.observes ? quantizer.even_grid() : std::nullopt;
}

NormTensors QuantTap::norm_of(const GraphNode& node) const {
    const auto found = m_norms.find(node.norm);
    if (found == m_norms.end()) return {};
    const BatchNorm2d& norm = *found->second;
    return {norm.weight, norm.bias, norm.running_mean, norm.running_var, norm.eps()};
}

const at::Tensor* QuantTap::layer_tensor(int layer, const char* member) const {
    const auto found = m_tensors.find(m_network.layers()[static_cast<std::size_t>(layer)].name + "." + member);
    return found == m_tensors.end() ? nullptr : found->second;
}

const Conv2d* QuantTap::find_conv(int layer) const {
    const auto found = m_convs.find(layer);
    return found == m_convs.end() ? nullptr : found->second;
}

FoldedConv QuantTap::folded(const GraphNode& node) const {
    const at::Tensor *weight = layer_tensor(node.layer, "weight"), *bias = layer_tensor(node.layer, "bias");
    const FoldedConv own{weight ? *weight : at::Tensor(), bias ? *bias : at::Tensor()};
    const NormTensors norm = norm_of(node);
    return weight && norm.gamma.defined() ? folded_conv(own.weight, own.bias, norm) : own;
}

at::Tensor QuantTap::divisor(const GraphNode& node) const {
    const NormTensors norm = norm_of(node);
    if (!norm.gamma.defined()) return {};
    const at::Tensor factor = norm.gamma / (norm.running_var + norm.eps).sqrt();
    return at::where(factor.abs() < kSmallestFactor, at::ones_like(factor), factor).view({1, -1, 1, 1});
}

std::int64_t QuantTap::channels_off(const GraphNode& node) const {
    const NormTensors norm = norm_of(node);
    return norm.gamma.defined() ? ((norm.gamma / (norm.running_var + norm.eps).sqrt()).abs() < kSmallestFactor).sum().item<std::int64_t>() : 0;
}

void QuantTap::weight(int id, at::Tensor& w) {
    const auto found = m_weights.find(id);
    if (found == m_weights.end()) return;
    AtWeight& at_weight = found->second;
    Quantizer& quantizer = *at_weight.quantizer;
    if (!quantizer.observes && !quantizer.quantizes) return;
    if (!at_weight.ready.defined()) {
        const NormTensors norm = norm_of(m_plan.graph.nodes[static_cast<std::size_t>(at_weight.node)]);
        at_weight.ready = applied(quantizer, norm.gamma.defined() ? folded_conv(w, {}, norm).weight : w);   // w: what other taps may have made of it
    }
    w = at_weight.ready;
    if (m_mode != QuantMode::quantize || records_gradients(w)) at_weight.ready = at::Tensor();   // only what stays the same is kept
}

at::Tensor QuantTap::bias_change(const AtBias& bias) {
    const GraphNode& node = m_plan.graph.nodes[static_cast<std::size_t>(bias.node)];
    const at::Tensor exact = folded(node).bias;
    at::Tensor held;
    if (bias.quantizer) {
        held = applied(*bias.quantizer, exact);
    } else {
        const IntegerBias whole = integer_bias(bias.node);
        if (m_mode == QuantMode::calibrate || !whole.codes.defined()) return {};
        held = whole.codes.to(at::kFloat) * whole.step;
    }
    const at::Tensor change = held - exact;
    return node.type == "Linear" ? change : change.view({1, -1, 1, 1});
}

void QuantTap::leave(int id, TensorRefs, at::Tensor& out) {
    // The convolution ran with the folded weight; what comes out belongs before the normalisation.
    if (const auto found = m_weights.find(id); found != m_weights.end() && !replaces_norms() && (found->second.quantizer->observes || found->second.quantizer->quantizes))
        if (const at::Tensor by = divisor(m_plan.graph.nodes[static_cast<std::size_t>(found->second.node)]); by.defined()) out = out / by;
    if (const auto found = m_biases.find(id); found != m_biases.end() && m_mode != QuantMode::off && !m_focus) {
        AtBias& bias = found->second;
        if (!bias.ready.defined()) bias.ready = bias_change(bias);
        if (bias.ready.defined()) out = out + bias.ready;
        if (m_mode != QuantMode::quantize || !bias.ready.defined() || records_gradients(bias.ready)) bias.ready = at::Tensor();
    }
    if (std::exchange(m_passed, -1) == id) return;
    if (const auto output = m_outputs.find(id); output != m_outputs.end()) out = applied(*output->second, out);
}

}
