#include "plugins/quantization/engine/placement.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "plugins/quantization/engine/placement_rules.h"
#include <algorithm>

namespace lathe::quantization {
namespace {

constexpr int kOuterBits = 8;

/// The name of the node's module as the checkpoint has it.
std::string module_of(const GraphNode& node, const std::vector<LayerInfo>& layers) { return layers[static_cast<std::size_t>(node.layer)].name; }

const NodeChoice& choice_of(const PlacementOptions& options, const std::string& name) {
    static const NodeChoice none;
    const auto found = options.nodes.find(name);
    return found == options.nodes.end() ? none : found->second;
}

void check_names(const NetworkGraph& graph, const PlacementOptions& options) {
    const auto check = [&](const std::string& name) {
        if (graph.find(name) >= 0) return;
        std::vector<std::string> names;
        for (const GraphNode& node : graph.nodes) names.push_back(node.name);
        const std::string nearest = nearest_name(name, names);
        throw Error(ErrorCode::unknown_name, "The network has no such node.", name, nearest.empty() ? "The layer table lists the nodes of this backend." : "Did you mean " + nearest + "?");
    };
    for (const auto& [name, choice] : options.nodes) check(name);
    for (const std::string& name : options.additional) check(name);
}

QuantSpec weight_spec(const Backend& backend, const PlacementOptions& options, const NodeChoice& choice, bool is_outer, const std::string& type) {
    Scheme scheme = options.weights;
    if (is_outer) scheme.bits = kOuterBits;
    scheme.bits = choice.weight_bits.value_or(scheme.bits);
    scheme.symmetric = choice.weight_symmetric.value_or(scheme.symmetric);
    scheme.per_channel = choice.weight_per_channel.value_or(scheme.per_channel);
    const bool reduced = backend.reduced_weights && scheme.bits == 8;
    if (reduced) scheme.bits = 7;
    QuantSpec spec = spec_of(scheme);
    if (reduced) spec.bits = 8;                    // stored in 8, of which it uses 7
    spec.channel_axis = type == "ConvTranspose2d" ? 1 : 0;
    spec.algorithm = options.weight_algorithm;
    spec.observer = options.weight_observer;
    spec.role = Role::param;
    return spec;
}

QuantSpec activation_spec(const PlacementOptions& options, const NodeChoice& choice, bool is_outer, bool is_unsigned) {
    Scheme scheme = options.activations;
    if (is_outer) scheme.bits = kOuterBits;
    scheme.bits = choice.activation_bits.value_or(scheme.bits);
    scheme.symmetric = choice.activation_symmetric.value_or(scheme.symmetric);
    QuantSpec spec = spec_of(scheme);
    if (is_unsigned && scheme.symmetric) {
        spec.quant_min = 0;
        spec.quant_max = (std::int64_t{1} << scheme.bits) - 1;
    }
    spec.algorithm = options.activation_algorithm;
    spec.observer = options.activation_observer;
    spec.role = Role::tensor;
    return spec;
}

std::string why_nothing(const QuantPlan& plan, const PlacementOptions& options, const Backend& backend, const GraphNode& node) {
    if (!options.quantize_activations) return "Activations are not quantized.";
    if (node.is_output) return "It is the output of the network, which " + backend.title + " leaves in float.";
    if (node.users.empty()) return "No layer that reports reads it.";
    std::string readers;
    for (const int next : node.users) readers += (readers.empty() ? "" : ", ") + plan.graph.nodes[static_cast<std::size_t>(next)].type;
    return backend.title + " does not quantize between " + node.type + " and " + readers + ".";
}

}

const Placed* place_at(const std::vector<Placed>& list, int node) {
    const auto found = std::ranges::find(list, node, &Placed::node);
    return found == list.end() ? nullptr : &*found;
}

PlacementOptions defaults_of(const Backend& backend) {
    PlacementOptions out;
    out.weights = backend.weights;
    out.activations = backend.activations;
    out.weight_algorithm = backend.weight_algorithm;
    out.activation_algorithm = backend.activation_algorithm;
    out.weight_observer = backend.weight_observer;
    out.activation_observer = backend.activation_observer;
    out.bias = backend.bias;
    return out;
}

QuantPlan place(const NetworkGraph& traced, const std::vector<LayerInfo>& layers, const Backend& backend, const PlacementOptions& options) {
    QuantPlan plan;
    plan.backend = backend.id;
    plan.graph = backend.folds_norm ? fuse(traced) : traced;
    plan.full_unsigned = backend.full_unsigned;
    plan.bias = options.bias;
    check_names(plan.graph, options);
    const std::vector<GraphNode>& nodes = plan.graph.nodes;
    const bool is_academic = backend.policy == Policy::academic;
    const std::set<int> outer = is_academic ? outer_layers(plan.graph) : std::set<int>();

    std::map<int, std::string> done;                // by last layer: one that runs again has one quantiser for all its runs
    std::vector<std::optional<bool>> is_unsigned(nodes.size());
    plan.why_not.resize(nodes.size());
    if (options.quantize_activations)
        for (const Wanted& wanted : wanted_activations(plan.graph, backend, options)) {
            const auto index = static_cast<std::size_t>(wanted.node);
            const GraphNode& node = nodes[index];
            if (node.last_layer() >= 0) {
                const auto [first, fresh] = done.try_emplace(node.last_layer(), node.name);
                if (!fresh) {
                    plan.why_not[index] = "It shares the quantizer of " + first->second + ".";
                    continue;
                }
            }
            bool feeds_outer = false;
            for (const int next : node.users) feeds_outer = feeds_outer || outer.contains(next);
            const bool positive = backend.policy == Policy::openvino && openvino_unsigned(plan.graph, wanted.node, is_unsigned);
            const QuantSpec spec = activation_spec(options, choice_of(options, node.name), feeds_outer, positive);
            is_unsigned[index] = spec.is_unsigned();
            plan.activations.push_back({wanted.node, node.name + "_post_act_fake_quantizer", spec, wanted.why, choice_of(options, node.name).activation_range});
        }
    std::vector<bool> has(nodes.size());
    for (const Placed& placed : plan.activations) has[static_cast<std::size_t>(placed.node)] = true;
    for (std::size_t i = 0; i < nodes.size(); ++i)
        if (!has[i] && plan.why_not[i].empty()) plan.why_not[i] = why_nothing(plan, options, backend, nodes[i]);

    std::set<int> weighted;
    for (std::size_t i = 0; options.quantize_weights && i < nodes.size(); ++i) {
        const GraphNode& node = nodes[i];
        const NodeChoice& choice = choice_of(options, node.name);
        if (!node.has_weight() || choice.excluded || !weighted.insert(node.layer).second) continue;
        if (node.type == "Linear" && !backend.linear_weights) continue;
        const std::string module = module_of(node, layers);
        const QuantSpec spec = weight_spec(backend, options, choice, outer.contains(static_cast<int>(i)), node.type);
        plan.weights.push_back({static_cast<int>(i), module + ".weight_fake_quant", spec, "The weight of a " + node.type + ".", {}});
        if (choice.weight_clip) plan.weights.back().range = std::pair(-*choice.weight_clip, *choice.weight_clip);
        if (options.bias == Backend::Bias::own) {
            QuantSpec bias = spec;
            bias.per_channel = false;
            plan.biases.push_back({static_cast<int>(i), module + ".bias_fake_quant", bias, "Biases are quantized too.", {}});
        }
    }
    return plan;
}

}
