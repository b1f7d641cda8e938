// vit_merge.train_gate: the network that says from a picture which of the models it is for.
#include "core/base/error.h"
#include "core/nn/random_stream.h"
#include "plugins/vit_merge/engine/methods.h"
#include "plugins/vit_merge/engine/model_set.h"
#include "plugins/vit_merge/engine/training_form.h"
#include <ATen/ATen.h>

namespace lathe::vit_merge {
namespace {

constexpr double kOfficialShare = 0.03;                    // of the test pictures of all sets
constexpr std::int64_t kOfficialLeast = 1000;              // a smaller set counts as this many

class GateTraining {
public:
    explicit GateTraining(RunContext& run) : m_run(run), m_params(run.params()), m_set(open_model_set(run)), m_official(m_params.at("pictures_from") == "official_test") {
        for (const ModelSource& model : m_set->models) {
            if (model.data.empty())
                throw Error(ErrorCode::invalid_value, "It is not known which pictures a model is for.", model.name, "Name them in the column \"data\" of the table of models, or in set.json.");
            m_tasks.push_back({model.name, model.data});
            m_names.push_back(model.name);
        }
        m_form = picture_form(m_set->models.front().config);
    }

    void operator()() {
        const std::int64_t each = m_params.at("pictures").get<std::int64_t>();
        std::vector<TrainingTask> tasks = open_tasks(m_run, m_tasks, !m_official, 0, m_official ? 0 : each);
        m_tests = open_tasks(m_run, m_tasks, false, 0, m_params.at("test_images").get<std::int64_t>());
        TaskBatches::Options options = batch_options_from(m_params);
        const std::string change = m_params.at("augment").get<std::string>();
        options.change = change == "trivial" ? TaskBatches::Change::trivial : change == "shift" ? TaskBatches::Change::shift : TaskBatches::Change::none;
        if (m_official) {
            m_run.log("warning", "This gate uses unlabelled test images, as the official code does.");
            tasks = official_part(std::move(tasks), options.seed);
        }
        TaskBatches batches(std::move(tasks), m_form, options, false);
        TaskTraining training = training_from(m_params, batches.images());
        if (m_params.at("schedule") == "constant") {
            training.cosine = false;
            training.warmup = 0;
            training.restart_epoch = batches.images();
        }
        GateTrainer trainer(training, std::move(batches), made_gate(), gate_loss_from(m_params.at("loss").get<std::string>()));
        TrainingRhythm rhythm;
        rhythm.measure_steps = std::max<std::int64_t>(1, trainer.batches().images() / options.batch);
        rhythm.checkpoint_seconds = number_from(m_params.at("checkpoint_minutes"), "checkpoint_minutes") * 60;
        rhythm.batch = static_cast<int>(options.batch);
        rhythm.speed = "images_per_s";
        train(m_run, trainer, rhythm, [&] { return trainer.step(); }, [&](std::int64_t step) { measure(trainer, step); });
        give(trainer);
    }

private:
    std::shared_ptr<Gate> made_gate() const {
        const auto count = static_cast<std::int64_t>(m_names.size());
        const std::uint64_t seed = m_params.at("seed").get<std::uint64_t>();
        if (m_params.at("kind") == "small") return make_small_gate(count, m_form.channels, m_names, seed);
        if (m_form.channels != 3) throw Error(ErrorCode::invalid_value, "MobileNetV2 takes pictures of three channels.", std::to_string(m_form.channels) + " channels of the models", "Choose the small gate.");
        if (const InputAsset* given = m_run.input("start")) return open_gate(given->path, count);
        return make_mobilenet_gate(count, m_names, seed);
    }

    /// A random 3 % of the union of all sets, each of which counts as at least 1000 pictures.
    std::vector<TrainingTask> official_part(std::vector<TrainingTask> tasks, std::uint64_t seed) const {
        std::vector<std::int64_t> sizes;
        std::int64_t all = 0;
        for (const TrainingTask& task : tasks) {
            sizes.push_back(std::max(task.set.size(), kOfficialLeast));
            all += sizes.back();
        }
        const at::Tensor order = at::randperm(all, random_stream(seed, 31, 0), at::kLong).slice(0, 0, std::max<std::int64_t>(2, static_cast<std::int64_t>(kOfficialShare * static_cast<double>(all))));
        std::vector<TrainingTask> out;
        std::int64_t begin = 0;
        for (std::size_t t = 0; t < tasks.size(); ++t) {
            const at::Tensor places = order.masked_select(order.ge(begin).logical_and(order.lt(begin + sizes[t]))).sub(begin).remainder(tasks[t].set.size());
            begin += sizes[t];
            if (places.numel() == 0)
                throw Error(ErrorCode::invalid_value, "The random 3 % of the test pictures hold none of a task.", tasks[t].name, "Use more test pictures, another seed, or train on training pictures.");
            out.push_back({tasks[t].name, {tasks[t].set.images.index_select(0, places), tasks[t].set.labels.index_select(0, places), tasks[t].set.classes}});
        }
        return out;
    }

    void measure(GateTrainer& trainer, std::int64_t step) {
        m_confusion = trainer.confusion(m_tests, 0, [this] { m_run.check_cancelled(); });
        const at::Tensor right = m_confusion.diagonal().to(at::kDouble) / m_confusion.sum(1);
        for (std::size_t t = 0; t < m_names.size(); ++t) m_run.metric("accuracy." + m_names[t], step, right[static_cast<std::int64_t>(t)].item<double>());
        m_accuracy = right.mean().item<double>();
        m_run.metric("accuracy", step, m_accuracy);
    }

    void give(GateTrainer& trainer) {
        give_model(m_run, trainer.steps_done(), "gate.safetensors", trainer.gate().state(), trainer.gate().config(), at::kFloat);
        m_run.tensor("gate_confusion", trainer.steps_done(), m_confusion, {{"models", m_names}});
        std::vector<std::vector<Json>> rows;
        for (std::int64_t t = 0; t < m_confusion.size(0); ++t)
            rows.push_back({m_names[static_cast<std::size_t>(t)], m_confusion[t].sum().item<std::int64_t>(), m_confusion[t][t].item<double>() / m_confusion[t].sum().item<double>()});
        m_run.table("gate_accuracy", {"model", "images", "gate"}, rows);
        m_run.summary("accuracy", m_accuracy);
        m_run.summary("models", m_names);
        m_run.summary("data", m_official ? "uses unlabelled test images" : "training images");
    }

    RunContext& m_run;
    const Json& m_params;
    std::shared_ptr<const ModelSet> m_set;
    bool m_official;
    std::vector<NamedTask> m_tasks;
    std::vector<std::string> m_names;
    PictureForm m_form;
    std::vector<TrainingTask> m_tests;
    at::Tensor m_confusion;
    double m_accuracy = 0;
};

}

Method train_gate_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "vit_merge.train_gate";
    info.title = "Train a gate";
    info.help = "A small network that says from a picture which of the models it is for. Class labels are not used: what it learns is which set a picture comes from.";
    info.source = "MoW-Merging (IEEE TCSVT 2025)";
    info.parameters = {
        Parameter::choice("kind", "small", {{"small", "Small", "three convolutions, some 24 thousand weights"}, {"mobilenet_v2", "MobileNetV2", "as in the official code; 2.2 million weights"}}).with_label("Gate").with_group("Gate"),
        Parameter::choice("loss", "single", {{"single", "Cross-entropy", "of one softmax"}, {"official", "As the official code", "of a softmax of the softmax: it cannot fall below ln(e + N - 1) - 1, and the gate is less sure"}}).with_label("Loss").with_group("Gate"),
        Parameter::choice("pictures_from", "train", {{"train", "Training pictures", ""}, {"official_test", "3 % of the test pictures", "as the official code: uses unlabelled test images"}})
            .with_label("Learns from").with_group("Gate").with_help("The official gate uses unlabelled test images; results then say so."),
        Parameter::integer("pictures", 1500).range(2, 10'000'000).with_label("Pictures").with_group("Gate").with_help("Training pictures of each task.").when("pictures_from", {"train"}),
        Parameter::choice("augment", "shift", {{"shift", "Shift", ""}, {"trivial", "TrivialAugmentWide", "as the official code"}, {"none", "None", ""}}).with_label("Changes").with_group("Gate"),
        Parameter::choice("schedule", "cosine", {{"cosine", "Warm-up and cosine", ""}, {"constant", "As the official code", "constant; the optimiser begins anew every epoch"}}).with_label("Rate").with_group("Gate"),
        Parameter::integer("test_images", 500).range(1, 10'000'000).with_label("Test pictures").with_group("Gate").with_help("Of each task, for the accuracy.")};
    for (Parameter& parameter : training_parameters(3e-3, 0, 64, 13)) info.parameters.push_back(std::move(parameter));
    for (Parameter& parameter : set_parameters()) info.parameters.push_back(std::move(parameter));
    info.inputs = {set_slot(), data_slot(), {"start", "model", "Start from", "An ImageNet MobileNetV2, whose trunk is taken. Empty: from nothing.", false}};
    info.outputs = training_outputs();
    for (const OutputInfo& output : std::vector<OutputInfo>{{"model", "file", "Gate", "", ""}, {"gate_confusion", "tensor", "Which model the gate chooses", "", ""}, {"gate_accuracy", "table", "Accuracy of the gate", "", ""}}) info.outputs.push_back(output);
    info.is_long = true;
    method.run = [](RunContext& run) { GateTraining{run}(); };
    return method;
}

}
