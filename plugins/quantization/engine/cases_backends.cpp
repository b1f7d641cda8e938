// ResNet-20 as MQBench prepares it for each backend: where quantisers stand, their scales, the logits; and as an integer engine runs it.
#include "core/base/error.h"
#include "core/engine/classification_data.h"
#include "core/engine/run_context.h"
#include "core/nn/tensor_index.h"
#include "plugins/quantization/engine/calibration.h"
#include "plugins/quantization/engine/cases.h"
#include "plugins/quantization/engine/cifar_family.h"
#include "plugins/quantization/engine/integer_tap.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <regex>

namespace lathe::quantization {
namespace {

constexpr double kScaleTolerance = 1e-5;   // relative
constexpr double kFlippedRows = 0.25;      // float sums in another order put about one activation in some thousands over a rounding boundary

bool is_scale_or_zero(std::string_view key) { return key.ends_with(".scale") || key.ends_with(".zero_point") || key.ends_with(".zp"); }

/// A run is named after its backend and what it changes: "tensorrt", "academic_w4a8_mse", "tensorrt_w4a4_mse".
struct NamedRun { const Backend* target = nullptr; PlacementOptions options; };

NamedRun named_run(const std::string& name) {
    static const std::regex changes("_w([0-9]+)a([0-9]+)((?:_[a-z]+)*)$");
    std::smatch found;
    const bool is_changed = std::regex_search(name, found, changes);
    std::string id = is_changed ? name.substr(0, static_cast<std::size_t>(found.position(0))) : name;
    if (id == "openvino") id = "openvino_official";
    NamedRun run{&backend(id), defaults_of(backend(id))};
    if (!is_changed) return run;
    const int weight_bits = std::stoi(found[1]), activation_bits = std::stoi(found[2]);
    run.options.weights = {weight_bits, true, true, false, false};
    // Activations below 8 bits are unsigned in these runs; at 8 bits they are as the backend has them.
    run.options.activations = {activation_bits, activation_bits >= 8 && run.target->activations.symmetric, false, false, false};
    if (found[3].str().find("mse") != std::string::npos) {
        run.options.weight_observer = ObserverKind::mse;
        run.options.activation_observer = ObserverKind::ema_mse;
    }
    return run;
}

std::shared_ptr<Network> network_of(const VerifyInputs& inputs) {
    const std::string name = inputs.config.at("data").at("weights").get<std::string>();
    return make_cifar_family()->load(*open_tensors(inputs.locate(name)), Json::object());
}

std::vector<at::Tensor> calibration_batches(const VerifyInputs& inputs) {
    const Json& data = inputs.config.at("data");
    const ClassificationSet set = open_classification_set(inputs.locate(data.at("calibration").get<std::string>()), true);
    std::vector<at::Tensor> batches;
    const Json ranges = data.value("calibration_batches", Json::array({Json::array({0, 64})}));
    for (const Json& range : ranges) batches.push_back(set.batch(range.at(0).get<std::int64_t>(), range.at(1).get<std::int64_t>()));
    return batches;
}

NetworkGraph example_graph(Network& network) { return trace(network, {at::zeros({1, 3, 32, 32})}); }

at::Tensor logits(Network& network, const at::Tensor& images, const std::shared_ptr<Tap>& tap) {
    const c10::NoGradGuard no_gradients;
    TapStack taps;
    if (tap) taps.add(tap);
    taps.attach(network.layers());
    return network.forward({images}, &taps);
}

/// A reference gives the scales that it found. Ours, found from the same pictures, must be those; then its own are taken, since a scale that differs in its
/// last bit moves values over a rounding boundary.
void take_scales(QuantTap& tap, const std::string& place, const at::Tensor& scale, const at::Tensor& zero) {
    Quantizer& quantizer = *tap.find(place);
    const QuantParams& own = quantizer.params();
    const bool fits = own.scale.numel() == scale.numel() && own.zero_point.numel() == zero.numel();
    if (!fits || ((own.scale - scale.reshape({-1})).abs() > kScaleTolerance * scale.reshape({-1})).any().item<bool>() || (own.zero_point != zero.reshape({-1})).any().item<bool>())
        throw Error(ErrorCode::wrong_format, "Calibration finds another scale or zero point than the reference.", place);
    quantizer.set_params({scale, zero});
}

TensorMap run_backends(const VerifyInputs& inputs, RunContext& run) {
    TensorMap out;
    const std::shared_ptr<Network> network = network_of(inputs);
    const std::vector<at::Tensor> batches = calibration_batches(inputs);
    const at::Tensor images = inputs.needed("in.images");
    const NetworkGraph graph = example_graph(*network);
    out["out.fp32.logits"] = logits(*network, images, nullptr);
    for (const auto& [name, unused] : inputs.config.at("acc_top1_full_test").items()) {
        run.check_cancelled();
        const NamedRun named = named_run(name);
        const auto tap = std::make_shared<QuantTap>(*network, place(graph, network->layers(), *named.target, named.options));
        calibrate(*network, tap, batches);
        for (const std::string& place : tap->names()) {
            const std::string key = "mid." + name + "." + place;
            if (inputs.tensors.contains(key + ".scale")) take_scales(*tap, place, inputs.needed(key + ".scale"), inputs.needed(key + ".zero_point"));
        }
        tap->weights_changed();
        out["out." + name + ".logits"] = logits(*network, images, tap);
        for (const auto& [key, value] : tap->state()) out["mid." + name + "." + key] = value.detach();
    }
    return out;
}

// --- where quantisers stand
constexpr std::size_t kNodeNumbers = 7;

at::Tensor node_numbers(std::int64_t low, std::int64_t high, bool per_channel, bool symmetric, bool pot, Algorithm algorithm, ObserverKind observer) {
    const std::array<double, kNodeNumbers> numbers{static_cast<double>(low), static_cast<double>(high), double(per_channel), double(symmetric), double(pot), static_cast<double>(algorithm), static_cast<double>(observer)};
    return at::tensor(at::ArrayRef<double>(numbers.data(), numbers.size()), at::kDouble);
}

std::string node_key(const std::string& run, const char* kind, const std::string& node) { return "out." + run + "." + kind + "." + node; }

VerifyJson split_nodes(const Json& file) {
    VerifyJson out;
    out.config = file;
    Json names = Json::array();
    for (const auto& [name, run] : file.at("backends").items()) {
        names.push_back(name);
        for (const auto& [member, kind] : {std::pair{"activation_nodes", "activation"}, std::pair{"weight_modules", "weight"}}) {
            for (const auto& [node, q] : run.at(member).items())
                out.expected[node_key(name, kind, node)] = node_numbers(q.at("quant_min"), q.at("quant_max"), q.at("per_channel"), q.at("symmetric"), q.at("pot"), algorithm_from(q.at("cls").get<std::string>()), observer_from(q.at("observer").get<std::string>()));
            out.expected["out." + name + "." + kind + "_count"] = at::tensor({static_cast<double>(run.at(member).size())}, at::kDouble);
        }
    }
    out.config["backends"] = names;
    return out;
}

TensorMap run_nodes(const VerifyInputs& inputs, RunContext&) {
    TensorMap out;
    const std::shared_ptr<Network> network = network_of(inputs);
    const NetworkGraph graph = example_graph(*network);
    for (const Json& name_json : inputs.config.at("backends")) {
        const std::string name = name_json.get<std::string>();
        const NamedRun named = named_run(name);
        const QuantPlan plan = place(graph, network->layers(), *named.target, named.options);
        const auto add = [&](const std::vector<Placed>& placed, const char* kind, std::string_view ending) {
            for (const Placed& one : placed) {
                const QuantSpec& s = one.spec;
                out[node_key(name, kind, one.name.substr(0, one.name.size() - ending.size()))] = node_numbers(s.quant_min, s.quant_max, s.per_channel, s.symmetric, s.power_of_two, s.algorithm, s.observer);
            }
            out["out." + name + "." + kind + "_count"] = at::tensor({static_cast<double>(placed.size())}, at::kDouble);
        };
        add(plan.activations, "activation", "_post_act_fake_quantizer");
        add(plan.weights, "weight", ".weight_fake_quant");
    }
    return out;
}

// --- integers
/// "layer1_0_conv2" -> "l0b0c2", "layer2_0_relu2" -> "l1b0o", "pad" -> "l1b0sc": the names of the reference.
std::map<std::string, std::string> reference_names(const NetworkGraph& graph) {
    std::map<std::string, std::string> out{{"x", "x"}, {"conv1", "stem"}, {"avgpool", "pool"}};
    static const std::regex layer("layer([0-9]+)_([0-9]+)_(conv1|conv2|relu2)");
    int block_stage = 0, block = 0;
    for (const GraphNode& node : graph.nodes) {
        std::smatch found;
        if (std::regex_match(node.name, found, layer)) {
            block_stage = std::stoi(found[1]) - 1;
            block = std::stoi(found[2]);
            const std::string part = found[3] == "relu2" ? "o" : found[3] == "conv1" ? "c1" : "c2";
            out[node.name] = "l" + std::to_string(block_stage) + "b" + std::to_string(block) + part;
        } else if (node.type == "Pad") {   // it runs behind the first convolution of its block
            out[node.name] = "l" + std::to_string(block_stage) + "b" + std::to_string(block) + "sc";
        }
    }
    return out;
}

TensorMap run_int8_exact(const VerifyInputs& inputs, RunContext&) {
    constexpr std::int64_t kKeptImages = 4;
    TensorMap out;
    const std::shared_ptr<Network> network = network_of(inputs);
    const NetworkGraph graph = example_graph(*network);
    const Backend& target = backend("onnxruntime");
    const auto tap = std::make_shared<QuantTap>(*network, place(graph, network->layers(), target, defaults_of(target)));
    calibrate(*network, tap, calibration_batches(inputs));
    const at::Tensor images = inputs.needed("in.images");
    out["out.fp32_logits"] = logits(*network, images, nullptr);
    const std::map<std::string, std::string> names = reference_names(tap->plan().graph);
    std::set<std::string> kept;
    for (const Placed& placed : tap->plan().activations) {
        const std::string& node = tap->plan().graph.nodes[static_cast<std::size_t>(placed.node)].name;
        const auto name = names.find(node);
        if (name == names.end()) continue;
        kept.insert(node);
        if (const std::string key = "mid." + name->second; inputs.tensors.contains(key + ".scale")) take_scales(*tap, placed.name, inputs.needed(key + ".scale"), inputs.needed(key + ".zp"));
    }
    tap->weights_changed();
    out["out.fakequant_logits"] = logits(*network, images, tap);
    const auto integers = std::make_shared<IntegerTap>(*tap);
    integers->keep(kept);
    out["out.int_logits"] = logits(*network, images, integers);
    for (const auto& [node, codes] : integers->codes()) out["mid." + names.at(node) + ".q"] = codes.slice(0, 0, kKeptImages);
    return out;
}

}

VerifyCase backends_case() {
    VerifyCase out;
    out.id = "quantization/resnet20_backends";
    out.tolerances = {{"out.fp32.logits", "max_abs", 1e-4}, {"out.*", "rows_flipped", kFlippedRows}, {"*", "max_rel", kScaleTolerance}};
    out.run = run_backends;
    out.mid_is_input = is_scale_or_zero;
    return out;
}

VerifyCase nodes_case() {
    VerifyCase out;
    out.id = "quantization/resnet20_nodes";
    out.tolerances = {{"*", "exact", 0}};
    out.run = run_nodes;
    out.split_json = split_nodes;
    return out;
}

VerifyCase int8_exact_case() {
    VerifyCase out;
    out.id = "quantization/resnet20_int8_exact";
    out.tolerances = {{"out.int_logits", "max_abs", 1e-5}, {"out.fp32_logits", "max_abs", 1e-4}, {"out.fakequant_logits", "rows_flipped", kFlippedRows}, {"*", "exact", 0}};
    out.run = run_int8_exact;
    out.mid_is_input = is_scale_or_zero;
    return out;
}

}
