// vit_merge.benchmark: a whole benchmark by one command into a folder: base, models, gates, set files, accuracies. The same command goes on where it was stopped.
#include "core/base/error.h"
#include "core/nn/tensor_index.h"
#include "plugins/vit_merge/engine/benchmark_training.h"
#include "plugins/vit_merge/engine/evaluation.h"
#include "plugins/vit_merge/engine/methods.h"
#include "plugins/vit_merge/engine/training_form.h"
#include <algorithm>
#include <ATen/ATen.h>
#include <cmath>

namespace lathe::vit_merge {
namespace {

namespace fs = std::filesystem;

constexpr double kTrainingShare = 0.97;                    // of the progress; the rest is evaluation

/// The run as an evaluation of one of the sets sees it: with that set as its input.
class SetView : public RunContext {
public:
    SetView(RunContext& parent, const fs::path& set) : m_parent(parent), m_set{"set", "data", "", set.string()} {}
    const RunRequest& request() const override { return m_parent.request(); }
    const Json& params() const override { return m_params; }
    bool cancelled() const override { return m_parent.cancelled(); }
    bool pause_asked() const override { return m_parent.pause_asked(); }
    const InputAsset* input(std::string_view role) const override { return role == "set" ? &m_set : role == "data" ? m_parent.input(role) : nullptr; }
    Bytes resume_checkpoint() const override { return nullptr; }
    ModelCache& models() override { return m_parent.models(); }
    TapStack& taps() override { return m_parent.taps(); }
    void progress(double, double, std::string_view) override {}
    void metric(std::string_view key, std::int64_t step, double value) override { m_parent.metric(key, step, value); }
    void artifact(Artifact artifact) override { m_parent.artifact(std::move(artifact)); }
    void log(std::string_view level, std::string_view text) override { m_parent.log(level, text); }
    void checkpoint(Bytes) override {}
    void summary(std::string_view key, Json value) override { m_parent.summary(key, std::move(value)); }

private:
    RunContext& m_parent;
    InputAsset m_set;
    Json m_params = complete_parameters(set_parameters(), Json::object());
};

class BenchmarkRun {
public:
    explicit BenchmarkRun(RunContext& run) : m_run(run), m_params(run.params()), m_plan(benchmark_plan(m_params.at("preset").get<std::string>())) {
        const std::string folder = m_params.at("folder").get<std::string>();
        if (folder.empty()) throw Error(ErrorCode::invalid_value, "A benchmark needs a folder to be written into.", "parameter folder", "Name one; it is made where it is missing. What is there already is not trained again.");
        m_folder = folder;
        m_seeds = m_params.at("seeds").get<std::int64_t>();
        for (const Json& one : m_params.at("methods")) {
            settings_of(one.get<std::string>(), MergeSettings{});
            m_labels.push_back(one.get<std::string>());
        }
        if (std::ranges::find(m_labels, "individual") == m_labels.end()) m_labels.insert(m_labels.begin(), "individual");
    }

    void operator()() {
        const std::int64_t first = m_params.at("seed").get<std::int64_t>();
        for (std::int64_t k = 0; k < m_seeds; ++k) {
            const std::int64_t seed = first + k;
            const fs::path folder = m_seeds == 1 ? m_folder : m_folder / ("seed-" + std::to_string(seed));
            const double begin = static_cast<double>(k) / static_cast<double>(m_seeds), end = static_cast<double>(k + 1) / static_cast<double>(m_seeds);
            BenchmarkTraining training(m_run, m_plan, settings(static_cast<std::uint64_t>(seed)), folder, data_root(m_run));
            training.set_progress(begin, begin + (end - begin) * kTrainingShare, 1);
            training();
            for (const BenchmarkSet& set : m_plan.sets) {
                m_run.progress(begin + (end - begin) * kTrainingShare, 1, "measuring " + set.name);
                measure(set, training.set_file(set), seed);
            }
            give();
        }
        m_run.summary("folder", m_folder.string());
        m_run.summary("seeds", m_seeds);
    }

private:
    BenchmarkSettings settings(std::uint64_t seed) const {
        const auto whole = [&](const char* id) { return m_params.at(id).get<std::int64_t>(); };
        const auto real = [&](const char* id) { return number_from(m_params.at(id), id); };
        BenchmarkSettings out;
        out.vit = small_vit();
        out.vit.patch = whole("patch");
        out.vit.dim = whole("width");
        out.vit.depth = whole("depth");
        out.vit.heads = whole("heads");
        out.vit.mlp = 2 * out.vit.dim;
        out.base_each = m_plan.first > 0 ? m_plan.first : 1000;
        out.first = m_plan.first;
        out.pictures = whole("pictures") > 0 ? whole("pictures") : m_plan.pictures;
        out.base.images = whole("base_images");
        out.base.lr = real("base_learning_rate");
        out.model.images = static_cast<std::int64_t>((real("epochs") > 0 ? real("epochs") : m_plan.epochs) * static_cast<double>(out.pictures));
        out.model.lr = real("learning_rate");
        out.gate_each = whole("gate_pictures");
        out.gate_epochs = real("gate_epochs");
        out.measured = whole("images");
        out.half = m_params.at("precision") == "fp16";
        out.checkpoint_seconds = real("checkpoint_minutes") * 60;
        out.seed = seed;
        return out;
    }

    /// Empty where it is not known.
    static Json value(double number) { return std::isfinite(number) ? Json(number) : Json(nullptr); }

    void measure(const BenchmarkSet& set, const fs::path& file, std::int64_t seed) {
        SetView view(m_run, file);
        const TaskSetup setup = open_setup(view);
        setup.set->require_mergeable(false);
        EvaluationOptions options;
        options.images = m_params.at("images").get<std::int64_t>();
        std::optional<MethodScores> individual;
        std::vector<MethodScores> all;
        for (const std::string& label : m_labels) {
            const MergeSettings settings = settings_of(label, MergeSettings{});
            try {
                const std::shared_ptr<MergedModel> merged = kept_merged(view, setup, settings, 0, 1);
                MethodScores scores = score(view, setup, *merged, settings, options, [&](std::int64_t, std::int64_t) { m_run.check_cancelled(); });
                scores.label = label;
                if (label == "individual") individual = scores;
                all.push_back(std::move(scores));
            } catch (const Error& error) {
                if (error.code() != ErrorCode::invalid_value && error.code() != ErrorCode::unsupported) throw;
                m_run.log("warning", set.name + ": " + label + " is left out: " + error.what());
            }
        }
        for (const MethodScores& scores : all)
            for (std::size_t t = 0; t < scores.tasks.size(); ++t) {
                const TaskScores& task = scores.tasks[t];
                const double own = individual ? individual->tasks[t].oracle : std::nan("");
                m_accuracy.push_back({set.name, seed, scores.label, setup.model(static_cast<int>(t)).name, task.images, value(task.joint), value(task.oracle), value(task.gate), value(own), value(task.oracle / own)});
            }
        for (const MethodScores& scores : all) m_methods.push_back({set.name, seed, scores.label, value(scores.joint()), value(scores.oracle()), value(scores.gate()), scores.bytes, scores.bytes_half});
    }

    void give() {
        m_run.table("accuracy", {"set", "seed", "method", "task", "images", "joint", "oracle", "gate", "individual", "normalised"}, m_accuracy);
        m_run.table("methods", {"set", "seed", "method", "joint", "oracle", "gate", "bytes", "bytes_fp16"}, m_methods);
    }

    RunContext& m_run;
    const Json& m_params;
    BenchmarkPlan m_plan;
    fs::path m_folder;
    std::int64_t m_seeds = 1;
    std::vector<std::string> m_labels;
    std::vector<std::vector<Json>> m_accuracy, m_methods;
};

}

Method benchmark_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "vit_merge.benchmark";
    info.title = "Make a benchmark";
    info.help = "Trains a shared base, fine-tunes a model for each task or domain from it, trains a gate, and measures merging methods. Everything is written into a folder; the same command goes on where it was stopped.";
    info.source = "specification of vit_merge, section 8";
    std::vector<Choice> presets;
    for (const BenchmarkPreset& preset : benchmark_presets()) presets.push_back({preset.name, preset.title, preset.help});
    const auto in = [](Parameter parameter, const char* group) { return parameter.with_group(group); };
    info.parameters = {in(Parameter::choice("preset", "tasks", presets).with_label("Benchmark"), "Benchmark"),
        in(Parameter::path("folder").with_label("Folder").with_help("Where everything is written. Files that were made with other settings are not written over."), "Benchmark"),
        in(Parameter::seed("seed", 0).with_label("Seed"), "Benchmark"), in(Parameter::integer("seeds", 1).range(1, 100).with_label("Seeds").with_help("So many benchmarks, from the seed on, each in a folder of its own."), "Benchmark"),
        in(Parameter::integer("base_images", 100'000).range(1, 1'000'000'000).with_label("Pictures seen by the base").with_help("In all; there are 1000 different ones of each task."), "Training"),
        in(Parameter::number("base_learning_rate", 1.5e-3).range(1e-7, 1).is_log().with_label("Learning rate of the base"), "Training"),
        in(Parameter::integer("pictures", 0).range(0, 10'000'000).with_label("Pictures of a model").with_help("Different ones; 0: as the benchmark has it."), "Training"),
        in(Parameter::number("epochs", 0).range(0, 1000).with_label("Epochs").with_help("Of each model; 0: as the benchmark has it (10, with vit-tasks 20)."), "Training"),
        in(Parameter::number("learning_rate", 1e-3).range(1e-7, 1).is_log().with_label("Learning rate").with_help("Of the models. With 1e-3 they move so far from the base that averaging them fails."), "Training"),
        in(Parameter::integer("gate_pictures", 1500).range(10, 1'000'000).with_label("Pictures of the gate").with_help("Training pictures of each task, without their classes."), "Training"),
        in(Parameter::number("gate_epochs", 13).range(0.01, 1000).with_label("Epochs of the gate"), "Training"),
        in(Parameter::integer("patch", 7).range(1, 28).with_label("Patch").with_unit("pixels"), "Network"), in(Parameter::integer("width", 64).range(8, 1024).with_label("Width"), "Network"),
        in(Parameter::integer("depth", 6).range(1, 32).with_label("Blocks"), "Network"), in(Parameter::integer("heads", 4).range(1, 32).with_label("Heads"), "Network"),
        in(Parameter::choice("precision", "fp16", {{"fp16", "float16", ""}, {"fp32", "float32", ""}}).with_label("Stored as"), "Network"),
        in(Parameter::list("methods", Json::array({"individual", "average", "task_arithmetic", "ties", "hard_routing", "gated m=0", "gated m=2", "gated m=4", "gated m=6"})).with_label("Methods").with_help("What is measured at the end; settings can be added: gated m=3."), "Evaluation"),
        in(Parameter::integer("images", 2000).range(1, 1'000'000).with_label("Test pictures").with_help("Of each task."), "Evaluation"),
        in(Parameter::number("checkpoint_minutes", 1).range(0.001, 60).with_label("Checkpoint every").with_unit("min").is_advanced(), "Training")};
    info.inputs = {data_slot()};
    info.outputs = {{"accuracy", "table", "Accuracy by task", "", ""}, {"methods", "table", "Methods", "", ""}};
    info.is_long = true;
    method.run = [](RunContext& run) { BenchmarkRun{run}(); };
    return method;
}

}
