// quantization.evaluate: calibrates, quantises after training, and measures on the test split, in float beside it.
#include "core/base/error.h"
#include "core/base/time.h"
#include "plugins/quantization/engine/classification.h"
#include "plugins/quantization/engine/evaluation_memory.h"
#include "plugins/quantization/engine/int8_engine.h"
#include "plugins/quantization/engine/integer_tap.h"
#include "plugins/quantization/engine/layer_table.h"
#include "plugins/quantization/engine/methods.h"
#include "plugins/quantization/engine/sensitivity.h"
#include <algorithm>
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

namespace lathe::quantization {
namespace {

constexpr double kCalibrationShare = 0.2, kFloatShare = 0.5;   // of the progress: up to here
constexpr std::int64_t kWorstPictures = 24, kTimedBatch = 64;
constexpr int kTimedTurns = 5;

class Evaluation {
public:
    explicit Evaluation(RunContext& run) : m_run(run), m_settings(settings_from(run.params())), m_subject(open_subject(run)), m_set(open_data(run, false)) {}

    void operator()() {
        const auto tap = calibrated_tap(m_run, *m_subject, m_settings, kCalibrationShare);
        const auto values = float_values(m_run, *m_subject, m_settings, tap->plan());
        static const NodeValues none;
        give_nodes(m_run, *m_subject, tap->plan());
        give_layers(m_run, *m_subject->model, *tap, *m_subject->runner, values ? values.get() : &none);
        give_costs(m_run, *m_subject, *tap);
        const ClassificationResult exact = in_float();
        const std::string arithmetic = m_run.params().value("arithmetic", "simulated");
        compare(exact, arithmetic == "int8" ? by_engine(*tap) : arithmetic == "integer" ? on_integers(*tap) : simulated(tap));
    }

private:
    std::function<void(std::int64_t, std::int64_t)> progress(double from, double to, const char* what) {
        return [=, this](std::int64_t done, std::int64_t total) {
            m_run.progress(from + (to - from) * static_cast<double>(done) / static_cast<double>(total), 1, "accuracy " + std::string(what) + ", picture " + std::to_string(done) + " of " + std::to_string(total));
        };
    }

    ClassificationResult measure(const std::shared_ptr<Tap>& tap, double from, double to, const char* what) {
        TapStack taps;
        if (tap) taps.add(tap);
        taps.set_tick([this] { m_run.check_cancelled(); });
        taps.attach(m_subject->network().layers());
        return classify(m_subject->network(), *m_set, m_settings.images, m_settings.batch, &taps, progress(from, to, what));
    }

    /// Of the last model and set; it does not change while bits do.
    ClassificationResult in_float() {
        static std::string key;   // work thread only
        static ClassificationResult result;
        const std::string asked = source_key(m_run, *m_subject, false) + "\n" + std::to_string(m_settings.images) + "\n" + std::to_string(m_settings.batch);
        if (asked != key) {
            result = measure(nullptr, kCalibrationShare, kFloatShare, "in float");
            key = asked;
        }
        return result;
    }

    ClassificationResult simulated(const std::shared_ptr<QuantTap>& tap) {
        static EvaluationMemory memory;   // work thread only
        const EvaluationMemory::Answer answer = memory.classify(source_key(m_run, *m_subject, false), *m_subject->runner, tap, *m_set, m_settings.images, m_settings.batch, [this] { m_run.check_cancelled(); }, progress(kFloatShare, 1, "quantized"));
        m_run.summary("reused", answer.is_whole ? "all of it" : answer.from);
        return answer.result;
    }

    ClassificationResult on_integers(QuantTap& tap) {
        const auto integers = std::make_shared<IntegerTap>(tap);
        give_integers(integers->integer_nodes(), integers->float_nodes(), integers->integer_mac_share());
        return measure(integers, kFloatShare, 1, "on integers");
    }

    ClassificationResult by_engine(QuantTap& tap) {
        Int8Engine engine(m_subject->network(), tap);
        give_integers(engine.integer_nodes(), engine.float_nodes(), engine.integer_mac_share());
        const ClassificationResult result = classify([&](std::int64_t begin, std::int64_t end) {
            m_run.check_cancelled();
            return engine.forward(m_set->batch(begin, end));
        }, *m_set, m_settings.images, m_settings.batch, progress(kFloatShare, 1, "in int8"));
        give_times(engine);
        return result;
    }

    /// A batch in float and in int8, in turns.
    void give_times(Int8Engine& engine) {
        const c10::NoGradGuard no_gradients;
        const at::Tensor batch = m_set->batch(0, std::min(kTimedBatch, m_set->size()));
        std::vector<double> in_float, in_int8;
        for (int turn = 0; turn <= kTimedTurns; ++turn) {   // the first of each is not counted
            m_run.check_cancelled();
            double start = monotonic_seconds();
            m_subject->network().forward({batch}, nullptr);
            in_float.push_back(monotonic_seconds() - start);
            start = monotonic_seconds();
            engine.forward(batch);
            in_int8.push_back(monotonic_seconds() - start);
        }
        const auto median = [](std::vector<double>& seconds) {
            std::ranges::sort(seconds.begin() + 1, seconds.end());
            return 1e3 * seconds[(seconds.size() + 1) / 2];
        };
        m_run.summary("timed_images", batch.size(0));
        m_run.summary("ms_per_batch_float", median(in_float));
        m_run.summary("ms_per_batch_int8", median(in_int8));
    }

    void give_integers(const std::vector<std::string>& integer_nodes, const std::map<std::string, std::string>& float_nodes, double share) {
        std::vector<std::vector<Json>> rows;
        for (const std::string& node : integer_nodes) rows.push_back({node, "integers", ""});
        for (const auto& [node, reason] : float_nodes) rows.push_back({node, "float", reason});
        m_run.table("arithmetic", {"node", "runs on", "why"}, rows);
        m_run.summary("integer_mac_share", share);
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
        give_worst(quantized);
    }

    /// The pictures with the largest loss.
    void give_worst(const ClassificationResult& quantized) {
        const auto [losses, indices] = quantized.losses.topk(std::min(kWorstPictures, quantized.images));
        for (std::int64_t rank = 0; rank < indices.numel(); ++rank) {
            const std::int64_t index = indices[rank].item<std::int64_t>();
            const auto name = [&](std::int64_t label) { return m_set->classes[static_cast<std::size_t>(label)]; };
            at::Tensor picture = m_set->images[index].permute({1, 2, 0});
            if (picture.size(2) != 3) picture = picture.slice(2, 0, 1).expand({-1, -1, 3});
            m_run.image("worst", rank, picture.contiguous(), false,
                {{"index", index}, {"true", name(m_set->labels[index].item<std::int64_t>())}, {"predicted", name(quantized.predicted[index].item<std::int64_t>())}, {"loss", number_json(losses[rank].item<double>())}});
        }
    }

    RunContext& m_run;
    Settings m_settings;
    std::shared_ptr<const Subject> m_subject;
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
    info.parameters.push_back(Parameter::choice("arithmetic", "simulated", {{"simulated", "Simulated", "float numbers on the grid, as in training"}, {"integer", "Integers", "whole numbers, bit for bit as ONNX Runtime; slow, every layer can be looked at"}, {"int8", "int8 engine", "the same whole numbers, fast"}})
                                  .with_label("Arithmetic").with_group("Evaluate").is_live());
    info.inputs = {{"model", "model", "Model", "A classifier: ResNet for small or large pictures.", true}, {"data", "data", "Data set", "CIFAR-10 or CIFAR-100 in binary form, idx files, or pictures in folders of classes.", true},
        {"quantizers", "model", "Quantizers", "Learnt scales, of a reconstruction or training; they take the place of calibration.", false}};
    info.outputs = {{"top1", "metric", "Top-1", "", "higher"}, {"top1_float", "metric", "Top-1 in float", "", "higher"}, {"loss", "metric", "Cross-entropy", "", "lower"}, {"nodes", "table", "Nodes and quantizers", "", ""},
        {"layers", "table", "Layers", "", ""}, {"weight_histograms", "tensor", "Histograms of the weights", "", ""}, {"input_histograms", "tensor", "Histograms of the inputs", "", ""}, {"arithmetic", "table", "What runs on integers", "", ""}, {"confusion", "table", "Confusion", "", ""}, {"worst", "image", "Worst pictures", "", ""}};
    info.families = {"cifar_resnet", "resnet"};
    method.run = [](RunContext& run) { Evaluation{run}(); };
    return method;
}

}
