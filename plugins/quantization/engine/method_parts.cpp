#include "core/base/error.h"
#include "core/nn/tensor_index.h"
#include "plugins/quantization/engine/calibration.h"
#include "plugins/quantization/engine/layer_table.h"
#include "plugins/quantization/engine/methods.h"
#include "plugins/quantization/engine/train_settings.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <c10/core/GradMode.h>
#include <map>

namespace lathe::quantization {
namespace {

constexpr int kFloatBits = 32;
constexpr std::int64_t kMostValueBytesKept = std::int64_t{256} << 20;
constexpr const char* kSchemeKey = "lathe.quantization";   // of a file of quantisers: the parameters of the run that wrote it

/// Read sets by path and split, the last few; a data set of 60 000 small pictures takes 180 MB.
class SetCache {
public:
    static std::string key_of(const std::string& path, bool train) {
        std::error_code error;
        const auto changed = std::filesystem::last_write_time(path, error).time_since_epoch().count();
        return path + (train ? "\ntrain\n" : "\ntest\n") + std::to_string(changed);
    }
    std::shared_ptr<const ClassificationSet> get(const std::string& path, bool train, const std::function<void(std::int64_t)>& done) {
        const std::string key = key_of(path, train);
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

std::string range_text(const QuantSpec& spec) { return "[" + std::to_string(spec.quant_min) + ", " + std::to_string(spec.quant_max) + "]"; }

std::string scheme_text(const QuantSpec& spec) { return std::string(spec.symmetric ? "symmetric" : "asymmetric") + (spec.per_channel ? ", per channel" : ", per tensor") + (spec.power_of_two ? ", powers of two" : ""); }

}

std::shared_ptr<const Subject> open_subject(RunContext& run) {
    static std::shared_ptr<const Subject> last;   // work thread only
    const InputAsset* model = run.input("model");
    if (!model) throw Error(ErrorCode::invalid_value, "No model was given.", "input model", "Choose a checkpoint, for example resnet20 of pytorch_resnet_cifar10.");
    const auto opened = run.models().open(model->path, model->sha256, "", Json::object(), run);
    if (last && last->model == opened) return last;
    auto subject = std::make_shared<Subject>();
    subject->model = opened;
    subject->traced = trace(*opened->network, opened->family->example(*opened->network, 1, 0));
    subject->runner = std::make_unique<PartRunner>(*opened->network, subject->traced);
    last = subject;
    return subject;
}

std::shared_ptr<const ClassificationSet> open_data(RunContext& run, bool train) {
    static SetCache cache;   // work thread only
    const InputAsset* data = run.input("data");
    if (!data) throw Error(ErrorCode::invalid_value, "No data set was given.", "input data", "Choose a folder with CIFAR-10, idx files or pictures in folders of classes.");
    return cache.get(data->path, train, [&](std::int64_t) { run.check_cancelled(); });
}

std::string source_key(RunContext& run, const Subject& subject, bool train) {
    const InputAsset* data = run.input("data");
    return subject.model->key + "\n" + (data ? SetCache::key_of(data->path, train) : std::string());
}

QuantPlan plan_of(const Subject& subject, const Settings& settings) {
    QuantPlan plan = place(subject.traced, subject.network().layers(), *settings.target, settings.placement);
    if (plan.is_empty())
        throw Error(ErrorCode::unsupported, "Nothing was quantized: backend " + settings.target->title + " finds no supported layer in this network.", "parameter backend", "Choose Academic, or leave out fewer layers. The result is not called int8.");
    return plan;
}

std::vector<at::Tensor> calibration_batches(RunContext& run, const Settings& settings) {
    const auto set = open_data(run, true);
    const std::int64_t end = settings.calibration_first + settings.calibration_images;
    if (end > set->size())
        throw Error(ErrorCode::invalid_value, "The training split has fewer pictures than are asked for.", std::to_string(end) + " of " + std::to_string(set->size()), "Lower the number of images to calibrate or learn with, or of seeds.");
    std::vector<at::Tensor> batches;
    for (std::int64_t begin = settings.calibration_first; begin < end; begin += settings.calibration_batch) batches.push_back(set->batch(begin, std::min(begin + settings.calibration_batch, end)));
    return batches;
}

namespace {

/// With the scheme and scales of a file that reconstruct or train wrote.
std::shared_ptr<QuantTap> learnt_tap(const std::string& path, const Subject& subject) {
    const auto file = open_tensors(path);
    const auto scheme = file->metadata().find(kSchemeKey);
    if (scheme == file->metadata().end()) throw Error(ErrorCode::wrong_format, "This is no file of quantizers.", path, "Choose one that quantization.reconstruct or quantization.train wrote.");
    const Json params = parse_json(scheme->second, path);
    const bool is_trained = params.contains("mode");
    const Settings settings = is_trained ? train_settings_from(params).scheme : settings_from(params);
    QuantPlan plan = plan_of(subject, settings);
    if (is_trained) use_lsq_at_ends(plan, settings.placement);
    auto tap = std::make_shared<QuantTap>(subject.network(), std::move(plan));
    std::map<std::string, at::Tensor> state;
    for (const TensorEntry& entry : file->entries()) state[entry.name] = file->get(entry.name).clone();   // the map is read-only
    for (const std::string& name : tap->names())
        if (const auto member = state.lower_bound(name + "."); member == state.end() || !member->first.starts_with(name + "."))
            throw Error(ErrorCode::wrong_format, "The file of quantizers belongs to another network.", path + ", " + name, "Choose the model that was written beside it.");
    tap->load(state);
    tap->set_mode(QuantMode::quantize);
    return tap;
}

}

std::shared_ptr<QuantTap> calibrated_tap(RunContext& run, const Subject& subject, const Settings& settings, double share) {
    static CalibrationMemory memory;   // work thread only
    if (const InputAsset* learnt = run.input("quantizers")) return learnt_tap(learnt->path, subject);
    auto tap = std::make_shared<QuantTap>(subject.network(), plan_of(subject, settings));
    for (const Placed& placed : tap->plan().weights) {
        const GraphNode& node = tap->plan().graph.nodes[static_cast<std::size_t>(placed.node)];
        if (const std::int64_t off = tap->channels_off(node); off > 0)
            run.log("warn", node.name + ": " + std::to_string(off) + " of " + std::to_string(node.shape.size() > 1 ? node.shape[1] : 0) + " channels are switched off by their normalization (gamma is 0 or tiny); they give its bias only.");
    }
    const auto batches = calibration_batches(run, settings);
    memory.start(source_key(run, subject, true) + "\n" + tap->plan().backend + "\n" + std::to_string(settings.calibration_images) + "\n" + std::to_string(settings.calibration_batch));
    calibrate(subject.network(), tap, batches, [&](std::int64_t done) {
        run.check_cancelled();
        run.progress(share * static_cast<double>(done) / static_cast<double>(batches.size()), 1, "calibrating, batch " + std::to_string(done) + " of " + std::to_string(batches.size()));
    }, memory.recall(*tap));
    memory.remember(*tap);
    return tap;
}

std::shared_ptr<const NodeValues> float_values(RunContext& run, const Subject& subject, const Settings& settings, const QuantPlan& plan) {
    static std::string key;   // work thread only
    static std::shared_ptr<const NodeValues> values;
    if (!subject.runner->is_possible()) return nullptr;
    const std::string asked = source_key(run, subject, true) + "\n" + std::to_string(std::min(settings.calibration_images, settings.calibration_batch));
    if (asked == key) return values;
    const c10::NoGradGuard no_gradients;
    PartRunner::Asked whole;
    whole.kept = read_nodes(plan, *subject.runner);
    std::int64_t bytes = 1;   // of one picture
    for (const int node : whole.kept) {
        std::int64_t own = sizeof(float);
        const std::vector<std::int64_t>& shape = subject.traced.nodes[static_cast<std::size_t>(node)].shape;
        for (std::size_t i = 1; i < shape.size(); ++i) own *= shape[i];
        bytes += own;
    }
    const at::Tensor batch = calibration_batches(run, settings).front();
    whole.given = {{0, batch.slice(0, 0, std::clamp<std::int64_t>(kMostValueBytesKept / bytes, 1, batch.size(0)))}};
    whole.tick = [&] { run.check_cancelled(); };
    auto found = std::make_shared<NodeValues>(subject.runner->run(whole).kept);
    (*found)[0] = whole.given.at(0);
    values = std::move(found);
    key = asked;
    return values;
}

void give_nodes(RunContext& run, const Subject& subject, const QuantPlan& plan) {
    std::vector<std::vector<Json>> rows;
    for (std::size_t i = 0; i < plan.graph.nodes.size(); ++i) {
        const GraphNode& node = plan.graph.nodes[i];
        const Placed *weight = place_at(plan.weights, static_cast<int>(i)), *activation = place_at(plan.activations, static_cast<int>(i));
        const auto quoted = [](const Placed* placed, auto text) { return placed ? Json(text(placed->spec)) : Json(); };
        const auto bits = [](const QuantSpec& spec) { return spec.bits; };
        std::string inputs;
        for (const int from : node.inputs) inputs += (inputs.empty() ? "" : " ") + plan.graph.nodes[static_cast<std::size_t>(from)].name;
        rows.push_back({node.name, node.type, node.layer >= 0 ? Json(subject.network().layers()[static_cast<std::size_t>(node.layer)].name) : Json(), Json(node.shape).dump(), inputs, quoted(weight, bits), quoted(weight, range_text),
            quoted(weight, scheme_text), quoted(activation, bits), quoted(activation, range_text), quoted(activation, scheme_text), activation ? activation->why : plan.why_not[i]});
    }
    run.table("nodes", {"node", "type", "layer", "shape", "inputs", "weight bits", "weight range", "weight scheme", "activation bits", "activation range", "activation scheme", "why"}, rows);
}

void give_costs(RunContext& run, const Subject& subject, QuantTap& tap) {
    const QuantPlan& plan = tap.plan();
    double bytes = 0, float_bytes = 0, bitops = 0, float_bitops = 0;
    subject.network().visit_parameters("", [&](const std::string&, at::Tensor& t) { float_bytes += static_cast<double>(t.numel()) * kFloatBits / 8; });
    bytes = float_bytes;
    for (std::size_t i = 0; i < plan.graph.nodes.size(); ++i) {
        const GraphNode& node = plan.graph.nodes[i];
        if (!node.has_weight()) continue;
        const auto macs = static_cast<double>(node.macs);
        const Placed* own = place_at(plan.weights, static_cast<int>(i));
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

void give_file(RunContext& run, const char* key, const std::string& name, const char* media, std::string bytes, Json meta, std::int64_t step) {
    Artifact file;
    file.key = key;
    file.kind = "file";
    file.media = media;
    file.step = step;
    file.meta = std::move(meta);
    file.meta["name"] = name;
    file.bytes = std::make_shared<const std::string>(std::move(bytes));
    run.artifact(std::move(file));
}

void give_quantizers(RunContext& run, QuantTap& tap, std::int64_t step) {
    std::map<std::string, at::Tensor> state;
    for (const auto& [key, tensor] : tap.state()) state[key] = tensor.detach().to(at::kFloat).contiguous();
    give_file(run, "quantizers", "quantizers.safetensors", "application/safetensors", safetensors_bytes(state, {{kSchemeKey, run.params().dump()}}), Json::object(), step);
}

std::shared_ptr<Network> copy_of(const CachedModel& model) {
    auto copy = model.family->make(model.network->config(), 0);
    const std::map<std::string, at::Tensor> state = model.network->state();
    std::vector<std::string> keys;
    for (const auto& [key, tensor] : state) keys.push_back(key);
    copy->load([&](const std::string& key) { return state.at(key); }, keys, true);
    copy->prepare_inference();
    return copy;
}

}
