#include "plugins/vit_merge/engine/benchmark_training.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/nn/tensor_index.h"
#include "plugins/vit_merge/engine/training_stage.h"
#include <algorithm>
#include <ATen/ATen.h>

namespace lathe::vit_merge {
namespace {

namespace fs = std::filesystem;

constexpr const char *kStageKey = "lathe.stage", *kBaseHeads = "base-heads.safetensors";
constexpr double kGateCost = 0.05;                         // of a picture of a gate's training, a model's being 1

std::string file_stem(std::string name) {
    std::ranges::replace_if(name, [](char c) { return c == ' ' || c == '/'; }, '-');
    return name;
}

std::string source_of(const std::string& data) { return data.substr(0, data.find('|')); }

}

VitConfig small_vit() {
    VitConfig config;
    config.channels = 3;
    config.height = config.width = 28;
    config.patch = 7;
    config.dim = 64;
    config.depth = 6;
    config.heads = 4;
    config.mlp = 128;
    config.classes = 0;
    config.normalisation = Normalisation{{0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}};
    return config;
}

BenchmarkTraining::BenchmarkTraining(RunContext& run, BenchmarkPlan plan, BenchmarkSettings settings, fs::path folder, fs::path root)
    : m_run(run), m_plan(std::move(plan)), m_settings(std::move(settings)), m_folder(std::move(folder)), m_root(std::move(root)) {
    std::error_code error;
    fs::create_directories(m_folder, error);
    if (!fs::is_directory(m_folder)) throw Error(ErrorCode::io, "The folder for the benchmark cannot be made.", m_folder.string() + (error ? ": " + error.message() : ""), "Choose a folder that may be written.");
}

void BenchmarkTraining::set_progress(double begin, double end, double total) {
    m_begin = begin;
    m_end = end;
    m_total = total;
}

Json BenchmarkTraining::common_identity() const {
    const auto told = [](const TaskTraining& t) { return Json{{"images", t.images}, {"lr", t.lr}, {"weight_decay", t.weight_decay}, {"warmup", t.warmup}}; };
    Json base = Json::array();
    for (const NamedData& one : m_plan.base) base.push_back(one.data);
    const VitConfig& v = m_settings.vit;
    const Json vit{{"side", v.height}, {"channels", v.channels}, {"patch", v.patch}, {"width", v.dim}, {"depth", v.depth}, {"heads", v.heads}, {"mlp", v.mlp}};
    return {{"vit", vit}, {"base", base}, {"base_each", m_settings.base_each}, {"base_training", told(m_settings.base)}, {"base_batch", m_settings.base_batch}, {"shift", m_settings.shift}, {"seed", m_settings.seed}, {"half", m_settings.half}};
}

bool BenchmarkTraining::is_done(const Stage& stage) const {
    if (size_or_zero(stage.file) == 0) return false;
    const auto file = open_tensors(stage.file);
    const auto found = file->metadata().find(kStageKey);
    if (found == file->metadata().end() || parse_json(found->second, stage.file.string()) != stage.identity)
        throw Error(ErrorCode::invalid_value, "The folder holds a file that was made with other settings.", stage.file.string(), "Choose another folder, or the settings and the seed that it was made with.");
    return true;
}

TaskImages BenchmarkTraining::pictures(const std::string& data, bool train, std::int64_t first, std::int64_t count) const {
    return open_task_at_most(data, m_root, train, first, count, [this](std::int64_t) { m_run.check_cancelled(); });
}

void BenchmarkTraining::train_stage(const Stage& stage, TaskTrainer& trainer, const std::function<void(RunContext&, std::int64_t)>& measure) {
    StageRun run(m_run, stage.name, fs::path(stage.file).replace_extension(".checkpoint"), stage.begin, stage.end, m_total);
    TrainingRhythm rhythm;
    rhythm.metric_steps = 50;
    rhythm.checkpoint_seconds = m_settings.checkpoint_seconds;
    rhythm.batch = static_cast<int>(trainer.batches().options().batch);
    rhythm.speed = "images_per_s";
    train(run, trainer, rhythm, [&] { return trainer.step(); }, [&](std::int64_t step) { measure(run, step); });
}

void BenchmarkTraining::write(const Stage& stage, const std::map<std::string, at::Tensor>& tensors, const Json& config) const {
    std::map<std::string, at::Tensor> stored;
    for (const auto& [key, tensor] : tensors) stored.emplace(key, m_settings.half && tensor.is_floating_point() ? tensor.detach().to(at::kHalf) : tensor.detach());
    write_safetensors(stage.file, stored, {{"lathe.config", config.dump()}, {kStageKey, stage.identity.dump()}, {"lathe.training", m_run.params().dump()}});
    std::error_code error;
    fs::remove(fs::path(stage.file).replace_extension(".checkpoint"), error);
}

void BenchmarkTraining::make_base(const Stage& stage) {
    if (is_done(stage)) return;
    std::vector<TrainingTask> tasks;
    for (const NamedData& one : m_plan.base) tasks.push_back({one.name, pictures(one.data, true, 0, m_settings.base_each)});
    TaskBatches::Options options;
    options.batch = m_settings.base_batch;
    options.shift = m_settings.shift;
    options.seed = m_settings.seed;
    VitTrainer trainer(m_settings.base, TaskBatches(std::move(tasks), picture_form(m_settings.vit), options, true), m_settings.vit, {}, {});
    train_stage(stage, trainer, [&](RunContext& run, std::int64_t step) {
        double sum = 0;
        for (std::size_t t = 0; t < m_plan.base.size(); ++t) {
            const TaskImages test = pictures(m_plan.base[t].data, false, 0, std::min<std::int64_t>(m_settings.measured, 500));
            const double right = trainer.accuracy(test, t, 0, [this] { m_run.check_cancelled(); });
            run.metric("accuracy_" + m_plan.base[t].name, step, right);
            sum += right;
        }
        run.metric("accuracy", step, sum / static_cast<double>(m_plan.base.size()));
    });
    std::map<std::string, at::Tensor> heads;
    for (const auto& [name, head] : trainer.heads()) {
        heads.emplace(name + ".weight", head.weight.detach());
        heads.emplace(name + ".bias", head.bias.detach());
    }
    write_safetensors(m_folder / kBaseHeads, heads, {{kStageKey, stage.identity.dump()}});   // before the base, whose file says that all is done
    write(stage, trainer.tensors(-1), to_json(m_settings.vit));
}

void BenchmarkTraining::make_model(const NamedData& model, const Stage& stage) {
    if (is_done(stage)) return;
    const auto base = open_tensors(m_folder / "base.safetensors");
    std::string why;
    const auto config = recognise_vit(*base, &why);
    if (!config) throw Error(ErrorCode::wrong_format, "The base of the benchmark is no Vision Transformer.", base->path().string() + ": " + why, "Remove the file and start again.");
    std::map<std::string, HeadTensors> heads;
    for (const NamedData& one : m_plan.base)
        if (source_of(one.data) == source_of(model.data) && size_or_zero(m_folder / kBaseHeads) > 0) {
            const auto stored = open_tensors(m_folder / kBaseHeads);
            heads.emplace(model.name, HeadTensors{stored->get(one.name + ".weight").clone(), stored->get(one.name + ".bias").clone()});
        }
    std::vector<TrainingTask> tasks{{model.name, pictures(model.data, true, m_settings.first, m_settings.pictures)}};
    const std::vector<std::string> classes = tasks.front().set.classes;
    TaskBatches::Options options;
    options.batch = m_settings.batch;
    options.shift = m_settings.shift;
    options.seed = m_settings.seed;
    VitTrainer trainer(m_settings.model, TaskBatches(std::move(tasks), picture_form(*config), options, true), *config, canonical_tensors(*base, *config), std::move(heads));
    const TaskImages test = pictures(model.data, false, 0, m_settings.measured);
    train_stage(stage, trainer, [&](RunContext& run, std::int64_t step) { run.metric("accuracy", step, trainer.accuracy(test, 0, 0, [this] { m_run.check_cancelled(); })); });
    VitConfig made = *config;
    made.classes = static_cast<std::int64_t>(classes.size());
    made.classes_names = classes;
    write(stage, trainer.tensors(0), to_json(made));
}

void BenchmarkTraining::make_gate(const BenchmarkSet& set, const Stage& stage) {
    if (is_done(stage)) return;
    std::vector<TrainingTask> tasks, tests;
    for (const std::string& name : set.models) {
        const NamedData& model = *std::ranges::find_if(m_plan.models, [&](const NamedData& one) { return one.name == name; });
        tasks.push_back({name, pictures(model.data, true, 0, m_settings.gate_each)});
        tests.push_back({name, pictures(model.data, false, 0, m_settings.gate_measured)});
    }
    TaskBatches::Options options;
    options.batch = m_settings.gate_batch;
    options.shift = m_settings.shift;
    options.seed = m_settings.seed;
    std::shared_ptr<Gate> gate = make_small_gate(static_cast<std::int64_t>(tasks.size()), m_settings.vit.channels, set.models, m_settings.seed);
    TaskTraining training = m_settings.gate;
    TaskBatches batches(std::move(tasks), picture_form(m_settings.vit), options, false);
    training.images = static_cast<std::int64_t>(m_settings.gate_epochs * static_cast<double>(batches.images()));
    GateTrainer trainer(training, std::move(batches), gate, GateLoss::single);
    train_stage(stage, trainer, [&](RunContext& run, std::int64_t step) {
        const at::Tensor counts = trainer.confusion(tests, 0, [this] { m_run.check_cancelled(); });
        const at::Tensor right = counts.diagonal().to(at::kDouble) / counts.sum(1);
        for (std::size_t t = 0; t < tests.size(); ++t) run.metric("gate_" + tests[t].name, step, right[static_cast<std::int64_t>(t)].item<double>());
        run.metric("accuracy", step, right.mean().item<double>());
    });
    write(stage, gate->state(), gate->config());
}

void BenchmarkTraining::write_set(const BenchmarkSet& set) const {
    Json models = Json::array();
    for (const std::string& name : set.models) {
        const NamedData& model = *std::ranges::find_if(m_plan.models, [&](const NamedData& one) { return one.name == name; });
        models.push_back(Json{{"name", name}, {"file", file_stem(name) + ".safetensors"}, {"data", model.data}, {"weight", 1}});
    }
    const Json json{{"lathe", "vit_merge.set"}, {"version", 1}, {"title", set.title}, {"base", "base.safetensors"}, {"gate", "gate-" + set.name + ".safetensors"}, {"models", models}};
    write_file(set_file(set), json.dump(2) + "\n");
    if (set.name == m_plan.sets.front().name) write_file(m_folder / "set.json", json.dump(2) + "\n");   // what opening the folder opens
}

void BenchmarkTraining::operator()() {
    // Every stage's share of the progress is that of the pictures it sees.
    std::vector<double> costs{static_cast<double>(m_settings.base.images)};
    for (std::size_t i = 0; i < m_plan.models.size(); ++i) costs.push_back(static_cast<double>(m_settings.model.images));
    for (const BenchmarkSet& set : m_plan.sets) costs.push_back(kGateCost * m_settings.gate_epochs * static_cast<double>(m_settings.gate_each) * static_cast<double>(set.models.size()));
    double all = 0, done = 0;
    for (const double cost : costs) all += cost;
    std::size_t number = 0;
    const auto stage = [&](const std::string& name, Json identity) {
        const double begin = m_begin + (m_end - m_begin) * done / all;
        done += costs[number++];
        return Stage{name, m_folder / (file_stem(name) + ".safetensors"), std::move(identity), begin, m_begin + (m_end - m_begin) * done / all};
    };
    const Json common = common_identity();
    make_base(stage("base", common));
    for (const NamedData& model : m_plan.models)
        make_model(model, stage(model.name, {{"common", common}, {"data", model.data}, {"first", m_settings.first}, {"pictures", m_settings.pictures}, {"images", m_settings.model.images}, {"batch", m_settings.batch},
            {"lr", m_settings.model.lr}, {"weight_decay", m_settings.model.weight_decay}}));
    for (const BenchmarkSet& set : m_plan.sets) {
        Json data = Json::array();
        for (const std::string& name : set.models) data.push_back(std::ranges::find_if(m_plan.models, [&](const NamedData& one) { return one.name == name; })->data);
        make_gate(set, stage("gate-" + set.name, {{"models", set.models}, {"data", data}, {"each", m_settings.gate_each}, {"epochs", m_settings.gate_epochs}, {"lr", m_settings.gate.lr}, {"batch", m_settings.gate_batch},
            {"seed", m_settings.seed}, {"half", m_settings.half}}));
        write_set(set);
    }
}

}
