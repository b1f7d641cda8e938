#include "core/base/error.h"
#include "plugins/quantization/engine/calibration.h"
#include "plugins/quantization/engine/methods.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <map>

namespace lathe::quantization {
namespace {

constexpr int kFloatBits = 32;

/// Read sets by path and split, the last few; a data set of 60 000 small pictures takes 180 MB.
class SetCache {
public:
    std::shared_ptr<const ClassificationSet> get(const std::string& path, bool train, const std::function<void(std::int64_t)>& done) {
        std::error_code error;
        const auto changed = std::filesystem::last_write_time(path, error).time_since_epoch().count();
        const std::string key = path + (train ? "\ntrain\n" : "\ntest\n") + std::to_string(changed);
        if (const auto found = m_sets.find(key); found != m_sets.end()) return found->second;
        SetOptions options;
        options.train = train;
        options.done = done;
        auto set = std::make_shared<const ClassificationSet>(open_classification_set(path, options));
        if (m_sets.size() >= kKept) m_sets.clear();
        m_sets[key] = set;
        return set;
    }
private:
    static constexpr std::size_t kKept = 4;
    std::map<std::string, std::shared_ptr<const ClassificationSet>> m_sets;
};

const Placed* placed_at(const std::vector<Placed>& list, int node) {
    const auto found = std::ranges::find(list, node, &Placed::node);
    return found == list.end() ? nullptr : &*found;
}

std::string range_text(const QuantSpec& spec) { return "[" + std::to_string(spec.quant_min) + ", " + std::to_string(spec.quant_max) + "]"; }

std::string scheme_text(const QuantSpec& spec) { return std::string(spec.symmetric ? "symmetric" : "asymmetric") + (spec.per_channel ? ", per channel" : ", per tensor") + (spec.power_of_two ? ", powers of two" : ""); }

}

std::shared_ptr<CachedModel> open_model(RunContext& run) {
    const InputAsset* model = run.input("model");
    if (!model) throw Error(ErrorCode::invalid_value, "No model was given.", "input model", "Choose a checkpoint, for example resnet20 of pytorch_resnet_cifar10.");
    return run.models().open(model->path, model->sha256, "", Json::object(), run);
}

std::shared_ptr<const ClassificationSet> open_data(RunContext& run, bool train) {
    static SetCache cache;   // work thread only
    const InputAsset* data = run.input("data");
    if (!data) throw Error(ErrorCode::invalid_value, "No data set was given.", "input data", "Choose a folder with CIFAR-10, idx files or pictures in folders of classes.");
    return cache.get(data->path, train, [&](std::int64_t) { run.check_cancelled(); });
}

NetworkGraph traced_graph(const CachedModel& model) { return trace(*model.network, model.family->example(*model.network, 1, 0)); }

QuantPlan plan_of(const CachedModel& model, const Settings& settings) {
    QuantPlan plan = place(traced_graph(model), model.network->layers(), *settings.target, settings.placement);
    if (plan.is_empty())
        throw Error(ErrorCode::unsupported, "Nothing was quantized: backend " + settings.target->title + " finds no supported layer in this network.", "parameter backend", "Choose Academic, or leave out fewer layers. The result is not called int8.");
    return plan;
}

std::shared_ptr<QuantTap> calibrated_tap(RunContext& run, const CachedModel& model, const Settings& settings, double share) {
    auto tap = std::make_shared<QuantTap>(*model.network, plan_of(model, settings));
    const auto set = open_data(run, true);
    if (settings.calibration_images > set->size())
        throw Error(ErrorCode::invalid_value, "The training split has fewer pictures than calibration asks for.", std::to_string(settings.calibration_images) + " of " + std::to_string(set->size()), "Lower the number of calibration images.");
    std::vector<at::Tensor> batches;
    for (std::int64_t begin = 0; begin < settings.calibration_images; begin += settings.calibration_batch)
        batches.push_back(set->batch(begin, std::min(begin + settings.calibration_batch, settings.calibration_images)));
    calibrate(*model.network, tap, batches, [&](std::int64_t done) {
        run.check_cancelled();
        run.progress(share * static_cast<double>(done) / static_cast<double>(batches.size()), 1, "calibrating, batch " + std::to_string(done) + " of " + std::to_string(batches.size()));
    });
    return tap;
}

void give_nodes(RunContext& run, const CachedModel& model, const QuantPlan& plan) {
    std::vector<std::vector<Json>> rows;
    for (std::size_t i = 0; i < plan.graph.nodes.size(); ++i) {
        const GraphNode& node = plan.graph.nodes[i];
        const Placed *weight = placed_at(plan.weights, static_cast<int>(i)), *activation = placed_at(plan.activations, static_cast<int>(i));
        const auto quoted = [](const Placed* placed, auto text) { return placed ? Json(text(placed->spec)) : Json(); };
        const auto bits = [](const QuantSpec& spec) { return spec.bits; };
        std::string inputs;
        for (const int from : node.inputs) inputs += (inputs.empty() ? "" : " ") + plan.graph.nodes[static_cast<std::size_t>(from)].name;
        rows.push_back({node.name, node.type, node.layer >= 0 ? Json(model.network->layers()[static_cast<std::size_t>(node.layer)].name) : Json(), Json(node.shape).dump(), inputs, quoted(weight, bits), quoted(weight, range_text),
            quoted(weight, scheme_text), quoted(activation, bits), quoted(activation, range_text), quoted(activation, scheme_text), activation ? activation->why : plan.why_not[i]});
    }
    run.table("nodes", {"node", "type", "layer", "shape", "inputs", "weight bits", "weight range", "weight scheme", "activation bits", "activation range", "activation scheme", "why"}, rows);
}

void give_costs(RunContext& run, const CachedModel& model, QuantTap& tap) {
    const QuantPlan& plan = tap.plan();
    double bytes = 0, float_bytes = 0, bitops = 0, float_bitops = 0;
    model.network->visit_parameters("", [&](const std::string&, at::Tensor& t) { float_bytes += static_cast<double>(t.numel()) * kFloatBits / 8; });
    bytes = float_bytes;
    for (std::size_t i = 0; i < plan.graph.nodes.size(); ++i) {
        const GraphNode& node = plan.graph.nodes[i];
        if (!node.has_weight()) continue;
        const auto macs = static_cast<double>(node.macs);
        const Placed* own = placed_at(plan.weights, static_cast<int>(i));
        const Quantizer* input = node.inputs.empty() ? nullptr : tap.behind(node.inputs.front());
        const int weight_bits = own ? own->spec.bits : kFloatBits, input_bits = input ? input->spec().bits : kFloatBits;
        bytes += static_cast<double>(tap.folded(node).weight.numel()) * (weight_bits - kFloatBits) / 8;
        bitops += macs * weight_bits * input_bits;
        float_bitops += macs * kFloatBits * kFloatBits;
    }
    run.summary("size_bytes", bytes);
    run.summary("float_bytes", float_bytes);
    run.summary("bitops", bitops);
    run.summary("float_bitops", float_bitops);
}

}
