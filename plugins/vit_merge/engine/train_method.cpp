// vit_merge.train: a shared trunk with a head for each of several tasks, or a model of one task, from a given one or from nothing.
#include "core/base/error.h"
#include "core/nn/tensor_index.h"
#include "plugins/vit_merge/engine/methods.h"
#include "plugins/vit_merge/engine/training_form.h"
#include <ATen/ATen.h>

namespace lathe::vit_merge {
namespace {

class VitTraining {
public:
    explicit VitTraining(RunContext& run) : m_run(run), m_params(run.params()), m_tasks(tasks_from(m_params, "tasks")) {
        const bool base = m_params.at("what") == "base";
        if (!base && m_tasks.size() != 1)
            throw Error(ErrorCode::invalid_value, "A model is made for one task.", "parameter tasks: " + std::to_string(m_tasks.size()) + " rows", "Give one row, or train a shared trunk (what = base).");
    }

    void operator()() {
        const bool base = m_params.at("what") == "base";
        std::vector<TrainingTask> train_tasks = open_tasks(m_run, m_tasks, true, m_params.at("first").get<std::int64_t>(), m_params.at("pictures").get<std::int64_t>());
        m_tests = open_tasks(m_run, m_tasks, false, 0, 0);
        TensorMap start;
        std::map<std::string, HeadTensors> heads;
        VitConfig config = given_or_new(start, heads);
        std::vector<std::string> classes = train_tasks.front().set.classes;
        if (base) config.classes_names.clear();
        std::int64_t images = 0;
        for (const TrainingTask& task : train_tasks) images += task.set.size();
        VitTrainer trainer(training_from(m_params, images), TaskBatches(std::move(train_tasks), picture_form(config), batch_options_from(m_params), true), config, start, std::move(heads));
        TrainingRhythm rhythm;
        rhythm.measure_steps = std::max<std::int64_t>(1, images / trainer.batches().options().batch);
        rhythm.checkpoint_seconds = number_from(m_params.at("checkpoint_minutes"), "checkpoint_minutes") * 60;
        rhythm.batch = static_cast<int>(trainer.batches().options().batch);
        rhythm.speed = "images_per_s";
        train(m_run, trainer, rhythm, [&] { return trainer.step(); }, [&](std::int64_t step) { measure(trainer, step); });
        give(trainer, config, base, classes);
    }

private:
    VitConfig given_or_new(TensorMap& start, std::map<std::string, HeadTensors>& heads) const {
        if (const InputAsset* given = m_run.input("model")) {
            const auto file = open_tensors(given->path);
            std::string why;
            const std::optional<VitConfig> config = recognise_vit(*file, &why);
            if (!config) throw Error(ErrorCode::wrong_format, "This file is no Vision Transformer.", std::string(given->path) + ": " + why, "Give a checkpoint of a ViT, or none to begin from nothing.");
            if (config->dist_token) throw Error(ErrorCode::unsupported, "A distilled DeiT has two heads and is not trained here.", given->path, "Give a model without distillation token.");
            start = canonical_tensors(*file, *config);
            if (const auto weight = start.find("head.weight"), bias = start.find("head.bias"); m_tasks.size() == 1 && weight != start.end() && bias != start.end() && config->classes > 0 &&
                config->classes == static_cast<std::int64_t>(m_tests.front().set.classes.size()))
                heads.emplace(m_tasks.front().name, HeadTensors{weight->second, bias->second});
            return *config;
        }
        VitConfig config;
        const auto number = [&](const char* id) { return m_params.at(id).get<std::int64_t>(); };
        config.channels = number("channels");
        config.height = config.width = number("side");
        config.patch = number("patch");
        config.dim = number("width");
        config.depth = number("depth");
        config.heads = number("heads");
        config.mlp = static_cast<std::int64_t>(number_from(m_params.at("mlp_ratio"), "mlp_ratio") * static_cast<double>(config.dim));
        const auto channels = static_cast<std::size_t>(config.channels);
        config.normalisation = Normalisation{std::vector<double>(channels, 0.5), std::vector<double>(channels, 0.5)};
        return config;
    }

    void measure(VitTrainer& trainer, std::int64_t step) {
        double sum = 0;
        for (std::size_t t = 0; t < m_tests.size(); ++t) {
            const double right = trainer.accuracy(m_tests[t].set, t, m_params.at("test_images").get<std::int64_t>(), [this] { m_run.check_cancelled(); });
            if (m_tests.size() > 1) m_run.metric("accuracy." + m_tests[t].name, step, right);
            sum += right;
        }
        m_accuracy = sum / static_cast<double>(m_tests.size());
        m_run.metric("accuracy", step, m_accuracy);
    }

    void give(VitTrainer& trainer, VitConfig config, bool base, const std::vector<std::string>& classes) {
        config.classes = base ? 0 : static_cast<std::int64_t>(classes.size());
        config.classes_names = base ? std::vector<std::string>() : classes;
        const at::ScalarType type = m_params.at("precision") == "fp16" ? at::kHalf : at::kFloat;
        give_model(m_run, trainer.steps_done(), base ? "base.safetensors" : m_tasks.front().name + ".safetensors", checkpoint_tensors(trainer.tensors(base ? -1 : 0), config, config.layout, config.prefix), to_json(config), type);
        m_run.summary("accuracy", m_accuracy);
        m_run.summary("images", trainer.steps_done() * trainer.batches().options().batch);
    }

    RunContext& m_run;
    const Json& m_params;
    std::vector<NamedTask> m_tasks;
    std::vector<TrainingTask> m_tests;
    double m_accuracy = 0;
};

}

Method train_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "vit_merge.train";
    info.title = "Train a Vision Transformer";
    info.help = "A shared trunk with a head for each of several tasks (the base), or a model of one task: fine-tuned from a base, or from nothing. Models that are to be merged must come from one base.";
    info.source = "Dosovitskiy et al., arXiv 2010.11929";
    info.parameters = {Parameter::choice("what", "task", {{"task", "Model of one task", "trunk and head"}, {"base", "Shared base", "a trunk, with a head for each task while it is trained"}}).with_label("What").with_group("Pictures"),
        tasks_parameter("tasks", Json::array({Json::array({"fashion", "fashion"})}), "A name and its pictures, one row a task: fashion, drawn:digits, mnist|rotate90, or a path."),
        Parameter::integer("first", 0).range(0, 10'000'000).with_label("First picture").with_group("Pictures").with_help("Of the training split."),
        Parameter::integer("pictures", 8000).range(0, 10'000'000).with_label("Pictures").with_group("Pictures").with_help("Of each task, from the first on; 0: all."),
        Parameter::integer("test_images", 2000).range(0, 10'000'000).with_label("Test pictures").with_group("Pictures").with_help("Of each task, measured after every epoch; 0: all.")};
    for (Parameter& parameter : training_parameters(1e-3, 0.05, 64, 20)) info.parameters.push_back(std::move(parameter));
    for (Parameter& parameter : std::vector<Parameter>{Parameter::integer("side", 28).range(4, 1024).with_label("Side of the pictures").with_unit("pixels"), Parameter::integer("channels", 3).range(1, 3).with_label("Channels"),
             Parameter::integer("patch", 7).range(1, 64).with_label("Patch").with_unit("pixels"), Parameter::integer("width", 64).range(8, 4096).with_label("Width"), Parameter::integer("depth", 6).range(1, 64).with_label("Blocks"),
             Parameter::integer("heads", 4).range(1, 64).with_label("Heads"), Parameter::number("mlp_ratio", 2).range(0.5, 8).with_label("MLP ratio")})
        info.parameters.push_back(parameter.with_group("Network").with_help("Of a model that begins from nothing; a given one has its own."));
    info.parameters.push_back(Parameter::choice("precision", "fp16", {{"fp16", "float16", "half the size"}, {"fp32", "float32", ""}}).with_label("Stored as").with_group("Network"));
    info.inputs = {{"model", "model", "Start from", "The shared base, or any ViT. Empty: from nothing.", false}, data_slot()};
    info.outputs = training_outputs();
    info.outputs.push_back({"model", "file", "Model", "", ""});
    info.is_long = true;
    method.run = [](RunContext& run) { VitTraining{run}(); };
    return method;
}

}
