// quantization.sensitivity: what each layer costs at each number of bits, its curvature, and the best assignments of bits to layers.
#include "core/base/error.h"
#include "core/base/time.h"
#include "plugins/quantization/engine/bit_assignment.h"
#include "plugins/quantization/engine/calibration.h"
#include "plugins/quantization/engine/classification.h"
#include "plugins/quantization/engine/hessian.h"
#include "plugins/quantization/engine/methods.h"
#include "plugins/quantization/engine/sensitivity_table.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <c10/core/GradMode.h>
#include <cmath>

namespace lathe::quantization {
namespace {

constexpr double kCurvatureShare = 0.9;               // of the progress, where it is asked for
constexpr std::size_t kMostFrontPoints = 80;
constexpr std::int64_t kMostCurvatureImages = 64;     // their graph is kept twice
constexpr int kBitsOfFloat = 32;

struct Curvature { double value = 0; bool is_trace = true; };

class SensitivityRun {
public:
    explicit SensitivityRun(RunContext& run)
        : m_run(run), m_params(run.params()), m_settings(settings_from(m_params)), m_subject(open_subject(run)), m_set(open_data(run, m_params.value("split", "test") == "train")), m_bits(bits_of(m_params)) {
        const std::int64_t images = m_params.value("images", std::int64_t{256});
        if (images > m_set->size())
            throw Error(ErrorCode::invalid_value, "The data set has fewer pictures than are asked for.", "parameter images: " + std::to_string(images) + " of " + std::to_string(m_set->size()), "Lower it.");
        m_pictures = m_set->batch(0, images);
        m_labels = m_set->labels.slice(0, 0, images);
    }

    void operator()() {
        const double begin = monotonic_seconds();
        const TapsByBits taps = taps_by_bits();
        const std::string kind = m_params.value("curvature", "none");
        const double share = kind == "none" ? 1 : 1 - kCurvatureShare;
        const SensitivityTable table = measure_sensitivity(*m_subject->runner, taps, m_pictures, m_labels, m_params.value("activations", true), [this] { m_run.check_cancelled(); },
            [&](const SensitivityRow& row, std::int64_t done, std::int64_t total) {
                m_run.progress(share * static_cast<double>(done) / static_cast<double>(total), 1, row.node + (row.is_weight ? ", weight, " : ", values, ") + std::to_string(row.bits) + " bits");
            });
        check_classes(table.logits.size(1), *m_set);
        give_table(table, taps, kind == "none" ? std::map<std::string, Curvature>() : curvatures(taps.front().second->plan(), kind, share));
        give_front(table);
        m_run.tensor("perturbations", 0, table.perturbations.defined() ? table.perturbations : at::zeros({0, table.logits.size(0), table.logits.size(1)}));
        m_run.tensor("logits", 0, table.logits);
        m_run.tensor("labels", 0, m_labels.contiguous());
        m_run.summary("images", m_labels.size(0));
        m_run.summary("loss_float", table.loss);
        m_run.summary("top1_float", table.top1);
        m_run.summary("seconds", monotonic_seconds() - begin);
    }

private:
    static std::vector<int> bits_of(const Json& params) {
        std::vector<int> bits;
        for (const Json& one : params.at("bits")) {
            const double value = one.is_number() ? one.get<double>() : 0;
            if (value < 2 || value > 16 || value != std::floor(value)) throw Error(ErrorCode::invalid_value, "A number of bits is out of its range.", "parameter bits: " + one.dump(), "Give whole numbers from 2 to 16.");
            bits.push_back(static_cast<int>(value));
        }
        std::ranges::sort(bits);
        bits.erase(std::unique(bits.begin(), bits.end()), bits.end());
        if (bits.empty()) throw Error(ErrorCode::invalid_value, "No number of bits is given.", "parameter bits", "Give at least one, for example 4 and 8.");
        return bits;
    }

    /// The settings with every layer at these bits, whatever the backend has for the first and last.
    Settings settings_at(int bits) const {
        Settings at = m_settings;
        for (Scheme* scheme : {&at.placement.weights, &at.placement.activations}) {
            if (scheme->bits != bits) scheme->narrow = false;
            scheme->bits = bits;
        }
        const NetworkGraph graph = m_settings.target->folds_norm ? fuse(m_subject->traced) : m_subject->traced;
        for (const GraphNode& node : graph.nodes) {
            NodeChoice& choice = at.placement.nodes[node.name];
            choice.weight_bits = choice.activation_bits = bits;
        }
        return at;
    }

    TapsByBits taps_by_bits() {
        TapsByBits taps;
        const std::vector<at::Tensor> batches = calibration_batches(m_run, m_settings);
        for (const int bits : m_bits) {
            auto tap = std::make_shared<QuantTap>(m_subject->network(), plan_of(*m_subject, settings_at(bits)));
            calibrate(m_subject->network(), tap, batches, [&](std::int64_t) { m_run.check_cancelled(); });
            taps.emplace_back(bits, std::move(tap));
        }
        return taps;
    }

    /// Of each layer's own weight, on the first pictures; by node.
    std::map<std::string, Curvature> curvatures(const QuantPlan& plan, const std::string& kind, double from) {
        Network& network = m_subject->network();
        std::map<std::string, at::Tensor> tensors;
        network.visit_parameters("", [&](const std::string& key, at::Tensor& t) { tensors[key] = t; });
        std::vector<std::string> nodes;
        std::vector<at::Tensor> weights;
        for (const Placed& placed : plan.weights) {
            const GraphNode& node = plan.graph.nodes[static_cast<std::size_t>(placed.node)];
            nodes.push_back(node.name);
            weights.push_back(tensors.at(network.layers()[static_cast<std::size_t>(node.layer)].name + ".weight"));
        }
        const std::int64_t images = std::min(kMostCurvatureImages, m_labels.size(0));
        const auto loss = [&] {
            TapStack taps;
            taps.set_tick([this] { m_run.check_cancelled(); });
            taps.attach(network.layers());
            return at::cross_entropy_loss(network.forward({m_pictures.slice(0, 0, images)}, &taps), m_labels.slice(0, 0, images));
        };
        HessianOptions options;
        options.most = m_params.value("probes", std::int64_t{100});
        options.seed = static_cast<std::uint64_t>(m_run.request().seed);
        const auto progress = [&](std::int64_t done, std::int64_t most) {
            m_run.check_cancelled();
            m_run.progress(from + (1 - from) * static_cast<double>(done) / static_cast<double>(most), 1, "curvature, product " + std::to_string(done) + " of at most " + std::to_string(most));
        };
        const c10::AutoGradMode with_gradients(true);
        std::map<std::string, Curvature> out;
        if (kind == "trace") {
            const std::vector<TraceEstimate> traces = hutchinson_trace(loss, weights, options, progress);
            for (std::size_t i = 0; i < nodes.size(); ++i) out[nodes[i]] = {traces[i].trace, true};
        } else {
            const std::vector<EigenvalueEstimate> values = largest_eigenvalues(loss, weights, options, progress);
            for (std::size_t i = 0; i < nodes.size(); ++i) out[nodes[i]] = {values[i].value, false};
        }
        return out;
    }

    /// Of the weight itself: where the normalisation is folded in, its error is divided by that factor again, as the curvature is that of the weight.
    static double hawq(QuantTap& tap, const std::string& name, const Curvature& curvature) {
        const GraphNode& node = *std::ranges::find(tap.plan().graph.nodes, name, &GraphNode::name);
        const auto place = std::ranges::find_if(tap.plan().weights, [&](const Placed& placed) { return tap.plan().graph.nodes[static_cast<std::size_t>(placed.node)].name == name; });
        at::Tensor weight = tap.folded(node).weight.detach(), on_grid = tap.find(place->name)->deployed(weight);
        if (const at::Tensor factor = tap.divisor(node); factor.defined()) {
            weight = weight / factor.detach().view({-1, 1, 1, 1});
            on_grid = on_grid / factor.detach().view({-1, 1, 1, 1});
        }
        return curvature.is_trace ? hawq_v2_score(curvature.value, weight, on_grid) : hawq_score(curvature.value, weight, on_grid);
    }

    void give_table(const SensitivityTable& table, const TapsByBits& taps, const std::map<std::string, Curvature>& curvature) {
        std::vector<std::vector<Json>> rows;
        for (const SensitivityRow& row : table.rows) {
            Json of_curvature, of_hawq;
            if (const auto found = curvature.find(row.node); row.is_weight && found != curvature.end()) {
                of_curvature = number_json(found->second.value);
                of_hawq = number_json(hawq(*std::ranges::find(taps, row.bits, &TapsByBits::value_type::first)->second, row.node, found->second));
            }
            rows.push_back({row.node, row.is_weight ? "weight" : "activation", row.bits, number_json(row.own.sqnr_db()), number_json(row.output.sqnr_db()), row.own.mean_squared_error(), number_json(row.own.noise_to_signal()),
                row.output.cosine(), number_json(row.loss_delta), number_json(row.kl), row.top1_delta, number_json(row.rmse_over_scale), row.use.clipped, row.use.codes, of_curvature, of_hawq});
        }
        m_run.table("sensitivity", {"node", "kind", "bits", "SQNR dB", "output SQNR dB", "MSE", "noise to signal", "cosine", "loss delta", "KL", "top1 delta", "RMSE / s", "clipped", "codes used", "curvature", "HAWQ"}, rows);
    }

    /// Every best assignment of weight bits by size, of the smallest sum of KL divergences (a loss delta of some hundred pictures may be below 0 by chance); where there are many, evenly spaced ones. Values between layers keep the bits that the form gives them.
    void give_front(const SensitivityTable& table) {
        QuantTap tap(m_subject->network(), plan_of(*m_subject, m_settings));
        const QuantPlan& plan = tap.plan();
        std::vector<std::string> nodes;
        std::vector<std::int64_t> weights;
        std::vector<double> macs_by_input_bits;
        double rest = 0, at_float = 0;
        m_subject->network().visit_parameters("", [&](const std::string&, at::Tensor& t) { rest += static_cast<double>(t.numel()) * kBitsOfFloat / 8; });
        for (const Placed& placed : plan.weights) {
            const GraphNode& node = plan.graph.nodes[static_cast<std::size_t>(placed.node)];
            nodes.push_back(node.name);
            weights.push_back(tap.folded(node).weight.numel());
            rest -= static_cast<double>(weights.back()) * kBitsOfFloat / 8;
            const Quantizer* input = node.inputs.empty() ? nullptr : tap.behind(node.inputs.front());
            macs_by_input_bits.push_back(static_cast<double>(node.macs) * (input ? input->spec().bits : kBitsOfFloat));
        }
        for (const GraphNode& node : plan.graph.nodes)
            if (node.has_weight() && std::ranges::find(nodes, node.name) == nodes.end()) at_float += static_cast<double>(node.macs) * kBitsOfFloat * kBitsOfFloat;
        BitProblem problem;
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            problem.sensitivity.emplace_back();
            for (std::size_t b = 0; b < m_bits.size(); ++b) problem.sensitivity.back().push_back(std::max(0.0, table.rows[i * m_bits.size() + b].kl));
        }
        problem.cost = size_costs(weights, m_bits);
        std::vector<BitAssignment> front = exact_front(problem).value_or(std::vector<BitAssignment>());
        if (front.empty()) front = convex_front(problem);
        const at::Tensor of_values = changes_of_values(table, plan);
        std::vector<std::vector<Json>> rows;
        const std::size_t points = std::min(front.size(), kMostFrontPoints);
        for (std::size_t k = 0; k < points; ++k) {
            const BitAssignment& point = front[points == 1 ? 0 : k * (front.size() - 1) / (points - 1)];
            at::Tensor logits = table.logits + of_values;
            double bitops = at_float;
            std::vector<Json> row(4);
            for (std::size_t i = 0; i < nodes.size(); ++i) {
                const auto b = static_cast<std::size_t>(point.choice[i]);
                logits = logits + table.perturbations[static_cast<std::int64_t>(i * m_bits.size() + b)];
                bitops += macs_by_input_bits[i] * m_bits[b];
                row.emplace_back(m_bits[b]);
            }
            const ClassificationResult estimate = scored(logits, m_labels);
            row[0] = (static_cast<double>(point.cost) / 8 + rest) / 1000;
            row[1] = bitops;
            row[2] = estimate.loss;
            row[3] = estimate.top1;
            rows.push_back(std::move(row));
        }
        std::vector<std::string> columns{"size kB", "bitops", "estimated loss", "estimated top1"};
        columns.insert(columns.end(), nodes.begin(), nodes.end());
        m_run.table("front", columns, rows);
    }

    /// What the values between layers do to the logits at the bits that the form gives them, where that was measured.
    at::Tensor changes_of_values(const SensitivityTable& table, const QuantPlan& plan) const {
        at::Tensor sum = at::zeros_like(table.logits);
        for (std::size_t i = 0; i < table.rows.size(); ++i) {
            const SensitivityRow& row = table.rows[i];
            if (row.is_weight) continue;
            const auto placed = std::ranges::find_if(plan.activations, [&](const Placed& one) { return plan.graph.nodes[static_cast<std::size_t>(one.node)].name == row.node; });
            if (placed != plan.activations.end() && placed->spec.bits == row.bits) sum = sum + table.perturbations[static_cast<std::int64_t>(i)];
        }
        return sum;
    }

    RunContext& m_run;
    const Json& m_params;
    const Settings m_settings;
    const std::shared_ptr<const Subject> m_subject;
    const std::shared_ptr<const ClassificationSet> m_set;
    const std::vector<int> m_bits;
    at::Tensor m_pictures, m_labels;
};

}

Method sensitivity_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "quantization.sensitivity";
    info.title = "Measure what each layer costs";
    info.help = "Quantizes one layer at a time, at each number of bits, and measures what that does to its output, the loss and the logits; then finds the best assignments of bits for every size.";
    info.source = "MQBench (arXiv 2111.03759), HAWQ (arXiv 1905.03696), HAWQ-v2 (arXiv 1911.03852)";
    info.parameters = scheme_parameters();
    for (Parameter& parameter : calibration_parameters()) info.parameters.push_back(std::move(parameter));
    info.parameters.push_back(Parameter::integer("images", 256).range(1, 10'000).with_label("Images").with_group("Measure").with_help("The first of the split.").is_log());
    info.parameters.push_back(Parameter::choice("split", "test", {{"test", "Test", ""}, {"train", "Training", "nothing is learnt of the test split"}}).with_label("Of").with_group("Measure"));
    info.parameters.push_back(Parameter::list("bits", Json::array({2, 3, 4, 5, 6, 8, 16})).with_label("Bits").with_group("Measure"));
    info.parameters.push_back(Parameter::boolean("activations", true).with_label("Values between layers too").with_group("Measure"));
    info.parameters.push_back(Parameter::choice("curvature", "none", {{"none", "None", ""}, {"trace", "Trace (HAWQ-v2)", "Hutchinson's estimate, on at most 64 pictures"}, {"eigenvalue", "Largest eigenvalue (HAWQ)", "power iteration, on at most 64 pictures"}})
                                  .with_label("Curvature").with_group("Measure"));
    info.parameters.push_back(Parameter::integer("probes", 100).range(1, 10'000).with_label("Probes").with_group("Measure").with_help("Products with the Hessian, at most.").is_advanced());
    info.inputs = {{"model", "model", "Model", "A classifier.", true}, {"data", "data", "Data set", "CIFAR-10 or CIFAR-100 in binary form, idx files, or pictures in folders of classes.", true}};
    info.outputs = {{"sensitivity", "table", "Sensitivity", "", ""}, {"front", "table", "Best assignments of bits", "", ""}, {"perturbations", "tensor", "Changes of the logits", "", ""}, {"logits", "tensor", "Logits in float", "", ""},
        {"labels", "tensor", "Labels", "", ""}};
    info.families = {"cifar_resnet", "resnet"};
    method.run = [](RunContext& run) { SensitivityRun{run}(); };
    return method;
}

}
