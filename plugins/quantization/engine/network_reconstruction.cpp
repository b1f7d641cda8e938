#include "plugins/quantization/engine/network_reconstruction.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/base/time.h"
#include "plugins/quantization/engine/sensitivity.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <array>
#include <c10/core/GradMode.h>

namespace lathe::quantization {

struct NetworkReconstruction::Begun {
    std::shared_ptr<UnitTap> tap;
    std::vector<std::unique_ptr<AdaRound>> roundings;
    at::Tensor target;
    NodeValues float_behind;                             // what is alive behind the unit, in float
    std::unique_ptr<Reconstruction> reconstruction;
    double error_before = 0;
};

namespace {

const std::string kQuantizerKey = "quantizer.", kWeightKey = "weight.", kUnitKey = "unit.";

double error_of(const at::Tensor& target, const at::Tensor& y) {
    ErrorSums sums;
    sums.add(target, y);
    return sums.mean_squared_error();
}

[[noreturn]] void refuse_state(const std::string& key) {
    throw Error(ErrorCode::wrong_format, "The saved state is not that of this reconstruction.", key, "Resume with the model and the parameters that it was begun with.");
}

}

ReconstructionKind reconstruction_kind_from(std::string_view text) {
    static const std::vector<std::string> names{"adaround", "brecq", "qdrop"};
    const auto found = std::ranges::find(names, text);
    if (found == names.end()) throw Error(ErrorCode::unknown_name, "There is no such reconstruction.", std::string(text), "Did you mean " + nearest_name(std::string(text), names) + "?");
    return static_cast<ReconstructionKind>(found - names.begin());
}

NetworkReconstruction::NetworkReconstruction(Network& network, const PartRunner& runner, std::shared_ptr<QuantTap> tap, at::Tensor pictures, std::int64_t piece, ReconstructionKind kind, const ReconstructionOptions& options)
    : m_network(network), m_runner(runner), m_tap(std::move(tap)), m_piece(piece), m_kind(kind), m_options(options), m_units(kind == ReconstructionKind::adaround ? layer_units(runner) : block_units(runner)) {
    std::erase_if(m_units, [&](const Unit& unit) { return places_of(unit).empty(); });
    if (m_units.empty()) throw Error(ErrorCode::unsupported, "No weight is quantized, so there is nothing to reconstruct.", "backend " + m_tap->plan().backend, "Choose another backend, or leave out fewer layers.");
    m_float[0] = m_quantized[0] = std::move(pictures);
}

NetworkReconstruction::~NetworkReconstruction() = default;

NodeValues NetworkReconstruction::advanced(const NodeValues& values, int from, int to, bool quantized, const std::function<void()>& tick, at::Tensor* output) const {
    const std::vector<int> alive = m_runner.live(to);
    NodeValues out;
    for (const int node : alive)
        if (node < from || m_runner.graph().nodes[static_cast<std::size_t>(node)].type == "Input") out[node] = values.at(node);
    if (from == to) return out;
    const c10::NoGradGuard no_gradients;
    PartRunner::Asked asked;
    asked.begin = from;
    asked.end = to;
    asked.tick = tick;
    if (quantized) asked.taps = {m_tap};
    for (const int node : alive)
        if (!out.contains(node)) asked.kept.insert(node);
    std::map<int, std::vector<at::Tensor>> pieces;
    std::vector<at::Tensor> outputs;
    const std::int64_t n = values.begin()->second.size(0);
    for (std::int64_t first = 0; first < n; first += m_piece) {
        for (const auto& [node, value] : values) asked.given[node] = value.slice(0, first, std::min(first + m_piece, n));
        PartRunner::Result part = m_runner.run(asked);
        for (auto& [node, value] : part.kept) pieces[node].push_back(value);
        outputs.push_back(part.output);
    }
    for (const auto& [node, parts] : pieces) out[node] = at::cat(parts);
    if (output) *output = at::cat(outputs);
    return out;
}

std::unique_ptr<NetworkReconstruction::Begun> NetworkReconstruction::begin_unit(const std::function<void()>& tick) {
    const Unit& unit = m_units[m_done];
    m_tap->set_mode(QuantMode::quantize);
    m_float = advanced(m_float, m_at, unit.begin, false, tick);
    m_quantized = advanced(m_quantized, m_at, unit.begin, true, tick);
    m_at = unit.begin;
    auto begun = std::make_unique<Begun>();
    at::Tensor nearest;
    begun->float_behind = advanced(m_float, unit.begin, unit.end, false, tick, &begun->target);
    advanced(m_quantized, unit.begin, unit.end, true, tick, &nearest);
    begun->error_before = error_of(begun->target, nearest);
    auto tap = std::make_shared<UnitTap>(m_network, *m_tap, m_runner, unit);
    std::vector<NamedRounding> named;
    for (const UnitTap::Weighted& weighted : tap->weights()) {
        begun->roundings.push_back(std::make_unique<AdaRound>(weighted.weight, weighted.quantizer->params(), weighted.quantizer->spec()));
        named.push_back({weighted.name, begun->roundings.back().get()});
    }
    UnitSamples samples;
    samples.target = begun->target;
    for (const int node : unit.inputs) {
        const GraphNode& from = m_runner.graph().nodes[static_cast<std::size_t>(node)];
        const auto placed = std::ranges::find(m_tap->plan().activations, from.name + "_post_act_fake_quantizer", &Placed::name);
        const bool is_picture = from.type == "Input" && placed != m_tap->plan().activations.end();
        samples.inputs.push_back(is_picture ? m_tap->find(placed->name)->deployed(m_quantized.at(node)) : m_quantized.at(node));
        if (m_options.keep < 1) samples.float_inputs.push_back(m_float.at(node));
    }
    const auto run_unit = [this, &unit, tap](const std::vector<at::Tensor>& inputs, const std::vector<at::Tensor>& weights) {
        tap->use(weights);
        PartRunner::Asked asked;
        asked.begin = unit.begin;
        asked.end = unit.end;
        asked.taps = {tap};
        for (std::size_t i = 0; i < inputs.size(); ++i) asked.given[unit.inputs[i]] = inputs[i];
        return m_runner.run(asked).output;
    };
    ReconstructionOptions options = m_options;
    options.seed = mixed_seed(m_options.seed, m_done);
    begun->tap = tap;
    NamedTensors scales;
    if (m_kind == ReconstructionKind::qdrop && options.scale_learning_rate > 0) scales = tap->learnt_scales();
    begun->reconstruction = std::make_unique<Reconstruction>(samples, run_unit, std::move(named), std::move(scales), options);
    if (!m_saved_unit.empty()) begun->reconstruction->restore(std::exchange(m_saved_unit, {}));
    return begun;
}

std::vector<std::string> NetworkReconstruction::places_of(const Unit& unit) const {
    const UnitTap tap(m_network, *m_tap, m_runner, unit);
    std::vector<std::string> names;
    for (const UnitTap::Weighted& weighted : tap.weights()) names.push_back(weighted.name);
    return names;
}

at::Tensor& NetworkReconstruction::own_weight(const std::string& place) const {
    const auto placed = std::ranges::find(m_tap->plan().weights, place, &Placed::name);
    const std::string key = m_network.layers()[static_cast<std::size_t>(m_tap->plan().graph.nodes[static_cast<std::size_t>(placed->node)].layer)].name + ".weight";
    at::Tensor* found = nullptr;
    m_network.visit_parameters("", [&](const std::string& name, at::Tensor& t) {
        if (name == key) found = &t;
    });
    return *found;
}

/// On the grid, in the network: folded ones are divided by γ/σ again. Rounding to nearest finds the same whole numbers in them.
void NetworkReconstruction::put_weights(const UnitTap& unit, const std::vector<at::Tensor>& hard) {
    const c10::NoGradGuard no_gradients;
    for (std::size_t i = 0; i < hard.size(); ++i) {
        const std::string& place = unit.weights()[i].name;
        const auto placed = std::ranges::find(m_tap->plan().weights, place, &Placed::name);
        const at::Tensor factor = m_tap->divisor(m_tap->plan().graph.nodes[static_cast<std::size_t>(placed->node)]);
        at::Tensor& weight = own_weight(place);
        weight.copy_(factor.defined() ? hard[i] / factor.detach().view({-1, 1, 1, 1}) : hard[i]);
    }
    m_network.visit_modules("", [](const std::string&, Module& module) { module.weights_changed(); });
    m_tap->weights_changed();
}

UnitReport NetworkReconstruction::next(const std::function<void(std::int64_t, const ReconstructionLoss&)>& step, const std::function<void()>& tick) {
    const Unit& unit = m_units.at(m_done);
    const double start = monotonic_seconds();
    if (!m_begun) m_begun = begin_unit(tick);
    const bool drops = m_kind == ReconstructionKind::qdrop;
    const auto set_drop = [&](double keep) {
        for (const std::string& name : m_tap->names()) m_tap->find(name)->set_drop(keep);
    };
    if (drops) set_drop(m_options.keep);
    try {
        m_begun->reconstruction->run(step);
    } catch (...) {
        set_drop(1);
        throw;
    }
    set_drop(1);
    std::vector<at::Tensor> hard;
    for (const auto& rounding : m_begun->roundings) hard.push_back(rounding->hard());
    const UnitTap& tap = *m_begun->tap;
    UnitReport report{unit.name, hard.size(), m_begun->error_before, 0, 0};
    const at::Tensor target = m_begun->target;
    m_float = std::move(m_begun->float_behind);
    put_weights(tap, hard);
    at::Tensor reconstructed;
    m_quantized = advanced(m_quantized, unit.begin, unit.end, true, tick, &reconstructed);
    m_at = unit.end;
    m_begun.reset();
    ++m_done;
    report.error_after = error_of(target, reconstructed);
    report.seconds = monotonic_seconds() - start;
    return report;
}

std::map<std::string, at::Tensor> NetworkReconstruction::state() const {
    std::map<std::string, at::Tensor> all{{"done", at::full({1}, static_cast<std::int64_t>(m_done), at::kLong)}};
    for (const auto& [key, tensor] : m_tap->state()) all[kQuantizerKey + key] = tensor.detach();
    for (std::size_t u = 0; u < m_done; ++u)
        for (const std::string& place : places_of(m_units[u])) all[kWeightKey + place] = own_weight(place).detach();
    if (m_begun)
        for (const auto& [key, tensor] : m_begun->reconstruction->state()) all[kUnitKey + key] = tensor;
    return all;
}

void NetworkReconstruction::restore(const std::map<std::string, at::Tensor>& state) {
    const auto done = state.find("done");
    if (done == state.end() || done->second.numel() != 1 || done->second.item<std::int64_t>() < 0 || done->second.item<std::int64_t>() > static_cast<std::int64_t>(m_units.size())) refuse_state("done");
    const auto units = static_cast<std::size_t>(done->second.item<std::int64_t>());
    std::map<std::string, at::Tensor> quantizers;
    std::vector<std::pair<std::string, at::Tensor>> weights;
    for (const auto& [key, tensor] : state) {
        if (key.starts_with(kQuantizerKey)) quantizers[key.substr(kQuantizerKey.size())] = tensor;
        if (key.starts_with(kUnitKey)) m_saved_unit[key.substr(kUnitKey.size())] = tensor;
    }
    for (std::size_t u = 0; u < units; ++u)
        for (const std::string& place : places_of(m_units[u])) {
            const auto saved = state.find(kWeightKey + place);
            if (saved == state.end() || !saved->second.sizes().equals(own_weight(place).sizes())) refuse_state(kWeightKey + place);
            weights.emplace_back(place, saved->second);
        }
    // In the same steps as the unbroken run, so that every sum is the same; in float while the network is still the one that it was.
    const auto run_through = [&](NodeValues values, bool quantized) {
        int at = m_at;
        for (std::size_t u = 0; u < units; ++u)
            for (const int to : {m_units[u].begin, m_units[u].end}) values = advanced(values, std::exchange(at, to), to, quantized, [] {});
        return values;
    };
    m_float = run_through(m_float, false);
    const c10::NoGradGuard no_gradients;
    for (const auto& [place, tensor] : weights) own_weight(place).copy_(tensor);
    m_network.visit_modules("", [](const std::string&, Module& module) { module.weights_changed(); });
    m_tap->load(quantizers);
    m_tap->set_mode(QuantMode::quantize);
    m_quantized = run_through(m_quantized, true);
    if (units > 0) m_at = m_units[units - 1].end;
    m_done = units;
}

}
