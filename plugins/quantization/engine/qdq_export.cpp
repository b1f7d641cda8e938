#include "plugins/quantization/engine/qdq_export.h"
#include "core/base/error.h"
#include "core/nn/conv.h"
#include "plugins/quantization/engine/integer_grid.h"
#include "plugins/quantization/engine/node_operators.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <cmath>

namespace lathe::quantization {
namespace {

constexpr double kMostInt32 = 2147483647;

std::vector<std::int64_t> twice(std::int64_t n) { return {n, n}; }
std::vector<std::int64_t> four_times(std::int64_t n) { return {n, n, n, n}; }

const Placed* placed_for(const std::vector<Placed>& list, const NetworkGraph& graph, const GraphNode& node, int GraphNode::*layer_member, int layer) {
    const auto found = std::ranges::find_if(list, [&](const Placed& placed) {
        const GraphNode& other = graph.nodes[static_cast<std::size_t>(placed.node)];
        return &other == &node || (layer >= 0 && (layer_member ? other.*layer_member : other.last_layer()) == layer);   // a layer that runs again has one quantiser
    });
    return found == list.end() ? nullptr : &*found;
}

std::string counted_text(std::size_t n, const char* one, const char* many) { return std::to_string(n) + " " + (n == 1 ? one : many); }

class QdqWriter {
public:
    QdqWriter(Network& network, QuantTap& calibrated, const QdqSettings& settings)
        : m_network(network), m_calibrated(calibrated), m_plan(calibrated.plan()), m_settings(settings), m_out{OnnxModel("lathe_" + m_plan.backend, settings.opset), "logits", {}, {}, {}, {}} {
        if (m_plan.is_empty())
            throw Error(ErrorCode::unsupported, "Nothing is quantized, so there is nothing to export as int8.", "backend " + m_plan.backend, "Choose a backend that knows these layers, or quantize some.");
    }

    QdqExport operator()() {
        const std::vector<NodeOperator> operators = node_operators(m_network, m_calibrated);
        m_values.resize(m_plan.graph.nodes.size());
        m_names.resize(m_plan.graph.nodes.size());
        for (std::size_t i = 0; i < operators.size(); ++i) write(i, operators[i]);
        warn();
        m_out.model.set_metadata("lathe.backend", m_plan.backend);
        std::string all;
        for (const std::string& warning : m_out.warnings) all += (all.empty() ? "" : " ") + warning;
        if (!all.empty()) m_out.model.set_metadata("lathe.warnings", all);
        return std::move(m_out);
    }

private:
    OnnxModel& model() { return m_out.model; }
    const std::string& input(const GraphNode& node, std::size_t i = 0) const { return m_values[static_cast<std::size_t>(node.inputs[i])]; }
    std::string module_of(const GraphNode& node) const { return m_network.layers()[static_cast<std::size_t>(node.layer)].name; }

    void write(std::size_t index, const NodeOperator& op) {
        const GraphNode& node = m_plan.graph.nodes[index];
        const Placed* placed = placed_for(m_plan.activations, m_plan.graph, node, nullptr, node.last_layer());
        const std::string name = node.is_output && !placed ? m_out.output : node.name;
        if (op.kind == OperatorKind::input) {
            std::vector<std::int64_t> shape = node.shape;
            if (!shape.empty()) shape.front() = -1;
            model().add_input(name, at::kFloat, shape);
        } else {
            const bool has_relu = node.activation >= 0;
            const std::string before = has_relu ? node.name + ".sum" : name;
            write_operator(static_cast<int>(index), node, op, before);
            if (has_relu) model().add_node("Relu", {before}, {name});
        }
        m_names[index] = name;
        m_values[index] = placed ? quantized(node, *placed, name) : regridded(static_cast<int>(index), node, op, name);
        if (!node.is_output) return;
        m_out.output = m_values[index];
        std::vector<std::int64_t> shape = node.shape;
        if (!shape.empty()) shape.front() = -1;
        model().add_output(m_out.output, at::kFloat, shape);
    }

    void write_operator(int index, const GraphNode& node, const NodeOperator& op, const std::string& name) {
        switch (op.kind) {
        case OperatorKind::input: break;
        case OperatorKind::conv: {
            const ConvShape& s = op.conv->shape();
            std::vector<std::string> inputs{input(node), weight_of(index, node)};
            if (const std::string bias = bias_of(index, node); !bias.empty()) inputs.push_back(bias);
            model().add_node("Conv", inputs, {name},
                {{"kernel_shape", twice(s.kernel)}, {"strides", twice(s.stride)}, {"pads", four_times(s.padding)}, {"group", std::int64_t{s.groups}}});
            break;
        }
        case OperatorKind::linear: {
            if (node.shape.size() == 2) {
                std::vector<std::string> inputs{input(node), weight_of(index, node)};
                if (const std::string bias = bias_of(index, node); !bias.empty()) inputs.push_back(bias);
                model().add_node("Gemm", inputs, {name}, {{"transB", std::int64_t{1}}});
                break;
            }
            const std::string bias = bias_of(index, node), product = bias.empty() ? name : node.name + ".product", turned = node.name + ".turned";
            model().add_node("Transpose", {weight_of(index, node)}, {turned}, {{"perm", std::vector<std::int64_t>{1, 0}}});
            model().add_node("MatMul", {input(node), turned}, {product});
            if (!bias.empty()) model().add_node("Add", {product, bias}, {name});
            break;
        }
        case OperatorKind::norm: {
            const std::string module = module_of(node);
            const auto add = [&](const char* member, const at::Tensor& value) {
                if (!model().defines(module + "." + member)) model().add_initializer(module + "." + member, value);
                return module + "." + member;
            };
            model().add_node("BatchNormalization", {input(node), add("weight", op.norm->weight), add("bias", op.norm->bias), add("running_mean", op.norm->running_mean), add("running_var", op.norm->running_var)}, {name},
                {{"epsilon", static_cast<float>(op.norm->eps())}});
            break;
        }
        case OperatorKind::relu: model().add_node("Relu", {input(node)}, {name}); break;
        case OperatorKind::add: model().add_node("Add", {input(node, 0), input(node, 1)}, {name}); break;
        case OperatorKind::concat: {
            std::vector<std::string> inputs;
            for (std::size_t i = 0; i < node.inputs.size(); ++i) inputs.push_back(input(node, i));
            model().add_node("Concat", inputs, {name}, {{"axis", op.axis}});
            break;
        }
        case OperatorKind::slice: {
            const GraphNode& from = m_plan.graph.nodes[static_cast<std::size_t>(node.inputs.front())];
            std::vector<std::int64_t> starts, ends, axes, steps;
            for (std::size_t d = 0; d < op.steps.size(); ++d) {
                if (from.shape[d] == node.shape[d]) continue;
                starts.push_back(op.starts[d]);
                ends.push_back(op.steps[d] == 1 ? op.starts[d] + node.shape[d] : from.shape[d]);
                axes.push_back(static_cast<std::int64_t>(d));
                steps.push_back(op.steps[d]);
            }
            for (const auto& [ending, values] : {std::pair(".starts", starts), std::pair(".ends", ends), std::pair(".axes", axes), std::pair(".steps", steps)}) model().add_initializer(node.name + ending, values);
            model().add_node("Slice", {input(node), node.name + ".starts", node.name + ".ends", node.name + ".axes", node.name + ".steps"}, {name});
            break;
        }
        case OperatorKind::pad: {
            std::vector<std::int64_t> pads = op.before;
            pads.insert(pads.end(), op.after.begin(), op.after.end());
            model().add_initializer(node.name + ".pads", pads);
            model().add_node("Pad", {input(node), node.name + ".pads"}, {name});
            break;
        }
        case OperatorKind::max_pool:
            model().add_node("MaxPool", {input(node)}, {name}, {{"kernel_shape", twice(op.kernel)}, {"strides", twice(op.stride)}, {"pads", four_times(op.padding)}});
            break;
        case OperatorKind::global_average: model().add_node("GlobalAveragePool", {input(node)}, {name}); break;
        case OperatorKind::flatten:
            model().add_node("Flatten", {input(node)}, {name}, {{"axis", std::int64_t{1}}});
            m_out.views.emplace_back(m_names[static_cast<std::size_t>(node.inputs.front())], name);
            break;
        case OperatorKind::softmax: model().add_node("Softmax", {input(node)}, {name}, {{"axis", op.axis}}); break;
        }
    }

    // --- tensors that stay as they are
    /// An int8 or uint8 initializer and its DequantizeLinear, whose output has the name; a grid of more bits: float32.
    void add_constant(const std::string& name, Quantizer& quantizer, const at::Tensor& value, const std::string& place) {
        const IntegerGrid grid = integer_grid(quantizer, place);
        m_out.ranges.push_back(range_of(grid, name, true));
        const bool is_uneven = grid.zero.ne(grid.zero[0]).any().item<bool>();
        if (!grid.is_byte() || is_uneven) {
            ++(is_uneven ? m_uneven_weights : m_wide_weights);
            model().add_initializer(name, quantizer.deployed(value));
            return;
        }
        m_narrow_weights += grid.bits < 8;
        m_zero_weights += grid.has_zero();
        const at::ScalarType type = grid.is_signed() ? at::kChar : at::kByte;
        const bool per_channel = grid.scale.numel() > 1;
        model().add_initializer(name + ".codes", integer_codes(quantizer, grid, value, place).to(type));
        model().add_initializer(name + ".scale", per_channel ? grid.scale : grid.scale.reshape({}));
        model().add_initializer(name + ".zero", (per_channel ? grid.zero : grid.zero.reshape({})).to(type));
        OnnxAttributes attributes;
        if (per_channel) attributes["axis"] = std::int64_t{grid.axis};
        model().add_node("DequantizeLinear", {name + ".codes", name + ".scale", name + ".zero"}, {name}, attributes);
    }

    std::string weight_of(int index, const GraphNode& node) {
        const std::string name = module_of(node) + ".weight";
        if (model().defines(name)) return name;
        const at::Tensor value = m_calibrated.folded(m_plan.graph.nodes[static_cast<std::size_t>(index)]).weight.detach();
        const Placed* placed = placed_for(m_plan.weights, m_plan.graph, node, &GraphNode::layer, node.layer);
        if (placed) add_constant(name, *m_calibrated.find(placed->name), value, placed->name);
        else model().add_initializer(name, value);
        return name;
    }

    std::string bias_of(int index, const GraphNode& node) {
        const at::Tensor value = m_calibrated.folded(node).bias;
        if (!value.defined()) return {};
        const std::string name = node.name + ".bias";   // of the node: another run of the layer may have another input scale
        if (const Placed* own = placed_for(m_plan.biases, m_plan.graph, node, &GraphNode::layer, node.layer)) {
            add_constant(name, *m_calibrated.find(own->name), value.detach(), own->name);
            return name;
        }
        const QuantTap::IntegerBias whole = m_settings.integer_bias ? m_calibrated.integer_bias(index) : QuantTap::IntegerBias{};
        const bool fits = whole.codes.defined() && whole.codes.abs().max().item<double>() <= kMostInt32;
        if (!fits || has_wide_part(index, node)) {
            m_large_biases += whole.codes.defined() && !fits;
            model().add_initializer(name, value.detach());
            return name;
        }
        model().add_initializer(name + ".codes", whole.codes.to(at::kInt));
        model().add_initializer(name + ".scale", whole.step.to(at::kFloat));
        model().add_initializer(name + ".zero", at::zeros(whole.codes.sizes(), at::kInt));
        model().add_node("DequantizeLinear", {name + ".codes", name + ".scale", name + ".zero"}, {name}, {{"axis", std::int64_t{0}}});
        return name;
    }

    /// No integer operator will run it: its weight or input has more than 8 bits.
    bool has_wide_part(int index, const GraphNode& node) {
        const Placed* weight = placed_for(m_plan.weights, m_plan.graph, node, &GraphNode::layer, node.layer);
        const Quantizer* from = m_calibrated.behind(m_plan.graph.nodes[static_cast<std::size_t>(index)].inputs.front());
        return !weight || weight->spec.bits > 8 || !from || from->spec().bits > 8;
    }

    // --- activations
    static TensorRange range_of(const IntegerGrid& grid, const std::string& name, bool is_weight) {
        TensorRange range{name, {}, {}, grid.low, grid.high, is_weight};
        for (std::int64_t c = 0; c < grid.scale.numel(); ++c) {
            range.scale.push_back(static_cast<double>(grid.scale[c].item<float>()));
            range.zero_point.push_back(grid.zero[c].item<std::int64_t>());
        }
        return range;
    }

    std::string quantized(const GraphNode& node, const Placed& placed, const std::string& name) {
        const IntegerGrid grid = integer_grid(*m_calibrated.find(placed.name), placed.name);
        m_out.ranges.push_back(range_of(grid, name, false));
        const bool positive = node.activation >= 0 || node.type == "ReLU";
        m_signed_relus += positive && grid.is_signed();
        m_narrow_activations += grid.bits < 8;
        return grid.is_byte() ? as_bytes(node, grid, name, positive) : as_float(grid, name);
    }

    std::string as_bytes(const GraphNode& node, const IntegerGrid& grid, const std::string& name, bool positive) {
        const at::ScalarType type = grid.is_signed() ? at::kChar : at::kByte;
        const IntegerGrid whole{{}, {}, grid.is_signed() ? -128 : 0, grid.is_signed() ? 127 : 255, 8, 0};
        const bool reaches_below = grid.low > whole.low && !(positive && grid.zero_value() >= grid.low), reaches_above = grid.high < whole.high;
        model().add_initializer(name + ".scale", grid.scale.reshape({}));
        model().add_initializer(name + ".zero", grid.zero.reshape({}).to(type));
        std::string codes = name + ".q";
        model().add_node("QuantizeLinear", {name, name + ".scale", name + ".zero"}, {codes});
        if (reaches_below || reaches_above) {   // of the integers, so that the operator before them can still be fused
            ++m_clips;
            model().add_initializer(name + ".low", at::scalar_tensor(grid.low, type));
            model().add_initializer(name + ".high", at::scalar_tensor(grid.high, type));
            codes = name + ".clipped";
            model().add_node("Clip", {name + ".q", name + ".low", name + ".high"}, {codes});
        }
        model().add_node("DequantizeLinear", {codes, name + ".scale", name + ".zero"}, {name + ".dq"});
        m_out.codes[node.name] = codes;
        return name + ".dq";
    }

    /// More than 8 bits: opset 13 has no such type.
    std::string as_float(const IntegerGrid& grid, const std::string& name) {
        ++m_wide_activations;
        const auto add = [&](const char* ending, double value) { model().add_initializer(name + ending, at::scalar_tensor(value, at::kFloat)); };
        add(".scale", grid.scale_value());
        add(".low", static_cast<double>(grid.low - grid.zero_value()));
        add(".high", static_cast<double>(grid.high - grid.zero_value()));
        model().add_node("Div", {name, name + ".scale"}, {name + ".steps"});
        model().add_node("Round", {name + ".steps"}, {name + ".whole"});
        model().add_node("Clip", {name + ".whole", name + ".low", name + ".high"}, {name + ".clipped"});
        model().add_node("Mul", {name + ".clipped", name + ".scale"}, {name + ".dq"});
        return name + ".dq";
    }

    /// A pool leaves the grid as it is: said again behind it, its readers find a quantised input, and no number changes.
    std::string regridded(int index, const GraphNode& node, const NodeOperator& op, const std::string& name) {
        Quantizer* quantizer = op.kind == OperatorKind::max_pool && !node.is_output ? m_calibrated.behind(index) : nullptr;
        if (!quantizer) return name;
        const IntegerGrid grid = integer_grid(*quantizer, node.name);
        if (!grid.is_byte()) return name;
        model().add_initializer(name + ".scale", grid.scale.reshape({}));
        model().add_initializer(name + ".zero", grid.zero.reshape({}).to(grid.is_signed() ? at::kChar : at::kByte));
        model().add_node("QuantizeLinear", {name, name + ".scale", name + ".zero"}, {name + ".q"});
        model().add_node("DequantizeLinear", {name + ".q", name + ".scale", name + ".zero"}, {name + ".dq"});
        return name + ".dq";
    }

    void warn() {
        const auto say = [&](std::size_t n, const std::string& text) {
            if (n > 0) m_out.warnings.push_back(text);
        };
        say(m_narrow_weights, counted_text(m_narrow_weights, "weight has", "weights have") + " fewer than 8 bits and stand in int8 or uint8.");
        say(m_narrow_activations, counted_text(m_narrow_activations, "activation has", "activations have") + " fewer than 8 bits and stand in int8 or uint8.");
        say(m_clips, counted_text(m_clips, "activation does", "activations do") + " not use the whole range of its type: a Clip of the integers keeps it.");
        say(m_wide_activations, counted_text(m_wide_activations, "activation has", "activations have") + " more than 8 bits and are put on their grid in float.");
        say(m_wide_weights, counted_text(m_wide_weights, "weight has", "weights have") + " more than 8 bits and stand in float32, on their grid.");
        say(m_zero_weights, counted_text(m_zero_weights, "weight has", "weights have") + " a zero point, which few integer operators take.");
        say(m_uneven_weights, counted_text(m_uneven_weights, "weight has", "weights have") + " another zero point in each channel, at which ONNX Runtime's integer operators stop, and stand in float32, on their grid.");
        say(m_large_biases, counted_text(m_large_biases, "bias does", "biases do") + " not fit int32 at its scale and stays float32.");
        say(m_signed_relus, counted_text(m_signed_relus, "activation behind a ReLU is", "activations behind a ReLU are") + " signed: ONNX Runtime runs these layers in float. Choose unsigned activations for it.");
    }

    Network& m_network;
    QuantTap& m_calibrated;
    const QuantPlan& m_plan;
    const QdqSettings m_settings;
    QdqExport m_out;
    std::vector<std::string> m_names, m_values; // by node: its float tensor; the one that its readers take
    std::size_t m_narrow_weights = 0, m_narrow_activations = 0, m_clips = 0, m_wide_activations = 0, m_wide_weights = 0, m_zero_weights = 0, m_uneven_weights = 0, m_large_biases = 0, m_signed_relus = 0;
};

}

QdqExport export_qdq(Network& network, QuantTap& calibrated, const QdqSettings& settings) { return QdqWriter(network, calibrated, settings)(); }

}
