#include "plugins/quantization/engine/quant_tap.h"
#include "core/base/error.h"
#include "core/nn/conv.h"
#include "core/nn/layers.h"
#include <ATen/ATen.h>
#include <algorithm>

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
    for (const Placed& placed : m_plan.weights) m_weights[node(placed).layer] = {&make(placed, options), placed.node, {}};
    for (const Placed& placed : m_plan.biases)
        if (folded_bias(node(placed)).defined()) m_biases[node(placed).norm >= 0 ? node(placed).norm : node(placed).layer] = {&make(placed, options), placed.node};
    if (m_plan.bias == Backend::Bias::accumulator)
        for (const Placed& placed : m_plan.weights)
            if (folded_bias(node(placed)).defined()) m_biases[node(placed).norm >= 0 ? node(placed).norm : node(placed).layer] = {nullptr, placed.node};
    for (const Placed& placed : m_plan.activations) {
        Quantizer& quantizer = make(placed, options);
        if (node(placed).last_layer() >= 0) {
            m_outputs[node(placed).last_layer()] = &quantizer;
            continue;
        }
        // No layer gives this value: it is met where it is read, and looked at once however many read it.
        const auto last = std::make_shared<std::pair<at::Tensor, at::Tensor>>();
        for (const int user : node(placed).users) {
            const GraphNode& reader = m_plan.graph.nodes[static_cast<std::size_t>(user)];
            for (std::size_t i = 0; i < reader.inputs.size(); ++i)
                if (reader.inputs[i] == placed.node && reader.layer >= 0) m_inputs[reader.layer].push_back({i, &quantizer, last});
        }
    }
}

QuantTap::~QuantTap() = default;

Quantizer& QuantTap::make(const Placed& placed, const QuantizerOptions& options) {
    QuantizerOptions own = options;
    own.is_weight = placed.spec.role == Role::param;
    own.observer.full_unsigned = m_plan.full_unsigned;
    try {
        m_names.push_back(placed.name);
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

at::Tensor QuantTap::accumulator_step(int index) {
    const GraphNode& node = m_plan.graph.nodes[static_cast<std::size_t>(index)];
    const auto weight = m_weights.find(node.layer);
    const Quantizer* input = behind(node.inputs.front());
    if (weight == m_weights.end() || !input) return {};
    return input->params().scale.detach() * weight->second.quantizer->params().scale.detach();
}

void QuantTap::set_mode(QuantMode mode) {
    m_mode = mode;
    for (auto& [name, quantizer] : m_quantizers) {
        const Algorithm algorithm = quantizer->spec().algorithm;
        // Their range is a part of what they learn (PACT: without its observer alpha has no gradient; DSQ and DoReFa follow the weight).
        const bool follows = algorithm == Algorithm::pact || algorithm == Algorithm::dsq || algorithm == Algorithm::dorefa;
        quantizer->observes = mode == QuantMode::calibrate || (mode == QuantMode::train && follows);
        quantizer->quantizes = mode == QuantMode::quantize || mode == QuantMode::train;
    }
    weights_changed();
}

void QuantTap::set_quantizes(const std::string& name, bool on) {
    if (Quantizer* quantizer = find(name)) quantizer->quantizes = on;
    weights_changed();
}

Quantizer* QuantTap::find(const std::string& name) {
    const auto found = m_quantizers.find(name);
    return found == m_quantizers.end() ? nullptr : found->second.get();
}

void QuantTap::weights_changed() {
    for (auto& [id, at_weight] : m_weights) at_weight.ready = at::Tensor();
    for (auto& [id, inputs] : m_inputs)
        for (AtInput& input : inputs) *input.last = {};
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

bool QuantTap::wants(const LayerInfo& layer) {
    // A folded layer is looked at as a whole, its normalisation too, so that nothing runs fused across it.
    return m_weights.contains(layer.id) || m_outputs.contains(layer.id) || m_inputs.contains(layer.id) || m_biases.contains(layer.id);
}

Flow QuantTap::enter(int id, TensorRefs in, at::Tensor&) {
    if (const auto found = m_inputs.find(id); found != m_inputs.end())
        for (AtInput& input : found->second) {
            if (input.position >= in.size()) continue;
            at::Tensor& value = in[input.position];
            if (!input.last->first.defined() || !input.last->first.is_same(value)) *input.last = {value, (*input.quantizer)(value)};
            value = input.last->second;
        }
    return Flow::run;
}

at::Tensor QuantTap::norm_factor(const GraphNode& node) const {
    const auto norm = m_norms.find(node.norm);
    if (norm == m_norms.end()) return {};
    return norm->second->weight / (norm->second->running_var + norm->second->eps()).sqrt();
}

const at::Tensor* QuantTap::layer_tensor(int layer, const char* member) const {
    const auto found = m_tensors.find(m_network.layers()[static_cast<std::size_t>(layer)].name + "." + member);
    return found == m_tensors.end() ? nullptr : found->second;
}

const Conv2d* QuantTap::find_conv(int layer) const {
    const auto found = m_convs.find(layer);
    return found == m_convs.end() ? nullptr : found->second;
}

at::Tensor QuantTap::folded_weight(const GraphNode& node) const {
    const at::Tensor* weight = layer_tensor(node.layer, "weight");
    if (!weight) return {};
    const at::Tensor factor = norm_factor(node);
    return factor.defined() ? *weight * factor.view({-1, 1, 1, 1}) : *weight;
}

at::Tensor QuantTap::folded_bias(const GraphNode& node) const {
    const at::Tensor* own = layer_tensor(node.layer, "bias");
    const at::Tensor factor = norm_factor(node);
    if (!factor.defined()) return own ? *own : at::Tensor();
    const BatchNorm2d& norm = *m_norms.at(node.norm);
    const at::Tensor shift = own ? *own - norm.running_mean : -norm.running_mean;
    return norm.bias + shift * factor;
}

at::Tensor QuantTap::divisor(const GraphNode& node) const {
    const at::Tensor factor = norm_factor(node);
    if (!factor.defined()) return factor;
    return at::where(factor.abs() < kSmallestFactor, at::ones_like(factor), factor).view({1, -1, 1, 1});
}

void QuantTap::weight(int id, at::Tensor& w) {
    const auto found = m_weights.find(id);
    if (found == m_weights.end()) return;
    AtWeight& at_weight = found->second;
    Quantizer& quantizer = *at_weight.quantizer;
    if (!quantizer.observes && !quantizer.quantizes) return;
    if (!at_weight.ready.defined() || m_mode != QuantMode::quantize) {
        const at::Tensor factor = norm_factor(m_plan.graph.nodes[static_cast<std::size_t>(at_weight.node)]);
        at_weight.ready = quantizer(factor.defined() ? w * factor.view({-1, 1, 1, 1}) : w);
    }
    w = at_weight.ready;
    if (m_mode != QuantMode::quantize || records_gradients(w)) at_weight.ready = at::Tensor();   // only what stays the same is kept
}

void QuantTap::leave(int id, TensorRefs, at::Tensor& out) {
    // The convolution ran with the folded weight; what comes out belongs before the normalisation.
    if (const auto found = m_weights.find(id); found != m_weights.end() && (found->second.quantizer->observes || found->second.quantizer->quantizes))
        if (const at::Tensor by = divisor(m_plan.graph.nodes[static_cast<std::size_t>(found->second.node)]); by.defined()) out = out / by;
    if (const auto bias = m_biases.find(id); bias != m_biases.end() && m_mode != QuantMode::off) {
        const at::Tensor exact = folded_bias(m_plan.graph.nodes[static_cast<std::size_t>(bias->second.node)]);
        at::Tensor change;
        if (bias->second.quantizer) change = (*bias->second.quantizer)(exact) - exact;
        else if (const at::Tensor step = accumulator_step(bias->second.node); step.defined() && m_mode != QuantMode::calibrate) change = at::round(exact / step) * step - exact;
        if (change.defined()) out = out + (out.dim() == 4 ? change.view({1, -1, 1, 1}) : change);
    }
    if (const auto output = m_outputs.find(id); output != m_outputs.end()) out = (*output->second)(out);
}

}
