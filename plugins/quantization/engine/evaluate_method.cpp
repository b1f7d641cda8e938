// quantization.evaluate: calibrates, quantises after training, and measures on the test split, in float beside it.
#include "core/base/error.h"
#include "plugins/quantization/engine/classification.h"
#include "plugins/quantization/engine/integer_tap.h"
#include "plugins/quantization/engine/methods.h"
#include "plugins/quantization/engine/sensitivity.h"
#include <ATen/ATen.h>

namespace lathe::quantization {
namespace {

constexpr double kCalibrationShare = 0.2, kFloatShare = 0.5;   // of the progress: up to here

class Evaluation {
public:
    explicit Evaluation(RunContext& run) : m_run(run), m_settings(settings_from(run.params())), m_model(open_model(run)), m_set(open_data(run, false)) {}

    void operator()() {
        const auto tap = calibrated_tap(m_run, *m_model, m_settings, kCalibrationShare);
        give_nodes(m_run, *m_model, tap->plan());
        give_costs(m_run, *m_model, *tap);
        give_layers(*tap);
        const ClassificationResult exact = measure(nullptr, kCalibrationShare, kFloatShare, "in float");
        std::shared_ptr<Tap> runs = tap;
        if (m_run.params().value("arithmetic", "simulated") == "integer") {
            const auto integers = std::make_shared<IntegerTap>(*tap);
            give_integers(*integers);
            runs = integers;
        }
        const ClassificationResult quantized = measure(runs, kFloatShare, 1, "quantized");
        compare(exact, quantized);
    }

private:
    ClassificationResult measure(const std::shared_ptr<Tap>& tap, double from, double to, const char* what) {
        TapStack taps;
        if (tap) taps.add(tap);
        taps.set_tick([this] { m_run.check_cancelled(); });
        taps.attach(m_model->network->layers());
        return classify(*m_model->network, *m_set, m_settings.images, m_settings.batch, &taps, [&](std::int64_t done, std::int64_t total) {
            m_run.progress(from + (to - from) * static_cast<double>(done) / static_cast<double>(total), 1, "accuracy " + std::string(what) + ", picture " + std::to_string(done) + " of " + std::to_string(total));
        });
    }

    /// What quantisation does to each weight.
    void give_layers(QuantTap& tap) {
        std::vector<std::vector<Json>> rows;
        for (const Placed& placed : tap.plan().weights) {
            const GraphNode& node = tap.plan().graph.nodes[static_cast<std::size_t>(placed.node)];
            const at::Tensor weight = tap.folded(node).weight.detach();
            Quantizer& quantizer = *tap.find(placed.name);
            const at::Tensor on_grid = quantizer.deployed(weight);
            const RangeUse use = range_use(weight, quantizer.params(), placed.spec);
            rows.push_back({node.name, placed.spec.bits, weight.numel(), sqnr_db(weight, on_grid), rmse_over_scale(weight, on_grid, quantizer.params(), placed.spec), use.clipped, use.codes});
        }
        m_run.table("layers", {"node", "weight bits", "weights", "SQNR dB", "RMSE / s", "clipped", "codes used"}, rows);
    }

    void give_integers(const IntegerTap& integers) {
        std::vector<std::vector<Json>> rows;
        for (const std::string& node : integers.integer_nodes()) rows.push_back({node, "integers", ""});
        for (const auto& [node, reason] : integers.float_nodes()) rows.push_back({node, "float", reason});
        m_run.table("arithmetic", {"node", "runs on", "why"}, rows);
        m_run.summary("integer_mac_share", integers.integer_mac_share());
    }

    void compare(const ClassificationResult& exact, const ClassificationResult& quantized) {
        const double agreement = (exact.predicted == quantized.predicted).to(at::kDouble).mean().item<double>();
        m_run.metric("top1", 0, quantized.top1);
        m_run.metric("top1_float", 0, exact.top1);
        m_run.metric("loss", 0, quantized.loss);
        m_run.summary("top1", quantized.top1);
        m_run.summary("top1_float", exact.top1);
        m_run.summary("top5", quantized.top5);
        m_run.summary("loss", quantized.loss);
        m_run.summary("loss_float", exact.loss);
        m_run.summary("agreement", agreement);
        m_run.summary("logit_sqnr_db", sqnr_db(exact.logits, quantized.logits));
        m_run.summary("kl", softmax_kl(exact.logits, quantized.logits));
        m_run.summary("images", quantized.images);
        m_run.summary("seconds", quantized.seconds);
        std::vector<std::string> columns{"true class"};
        columns.insert(columns.end(), m_set->classes.begin(), m_set->classes.end());
        std::vector<std::vector<Json>> rows;
        for (std::int64_t i = 0; i < quantized.confusion.size(0); ++i) {
            std::vector<Json> row{m_set->classes[static_cast<std::size_t>(i)]};
            for (std::int64_t j = 0; j < quantized.confusion.size(1); ++j) row.emplace_back(quantized.confusion[i][j].item<std::int64_t>());
            rows.push_back(std::move(row));
        }
        m_run.table("confusion", columns, rows);
    }

    RunContext& m_run;
    Settings m_settings;
    std::shared_ptr<CachedModel> m_model;
    std::shared_ptr<const ClassificationSet> m_set;
};

}

Method evaluate_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "quantization.evaluate";
    info.title = "Measure a quantized classifier";
    info.help = "Quantizes a classifier after training as a backend does, and measures its accuracy beside that in float; in simulation, or on integers as an engine computes.";
    info.source = "MQBench (arXiv 2111.03759)";
    info.parameters = scheme_parameters();
    for (Parameter& parameter : calibration_parameters()) info.parameters.push_back(std::move(parameter));
    for (Parameter& parameter : evaluation_parameters()) info.parameters.push_back(std::move(parameter));
    info.parameters.push_back(Parameter::choice("arithmetic", "simulated", {{"simulated", "Simulated", "float numbers on the grid, as in training"}, {"integer", "Integers", "whole numbers, bit for bit as an integer engine"}})
                                  .with_label("Arithmetic").with_group("Evaluate").is_live());
    info.inputs = {{"model", "model", "Model", "A classifier: ResNet for small or large pictures.", true}, {"data", "data", "Data set", "CIFAR-10 or CIFAR-100 in binary form, idx files, or pictures in folders of classes.", true}};
    info.outputs = {{"top1", "metric", "Top-1", "", "higher"}, {"top1_float", "metric", "Top-1 in float", "", "higher"}, {"loss", "metric", "Cross-entropy", "", "lower"}, {"nodes", "table", "Nodes and quantizers", "", ""},
        {"layers", "table", "Weights", "", ""}, {"arithmetic", "table", "What runs on integers", "", ""}, {"confusion", "table", "Confusion", "", ""}};
    info.families = {"cifar_resnet", "resnet"};
    method.run = [](RunContext& run) { Evaluation{run}(); };
    return method;
}

}
