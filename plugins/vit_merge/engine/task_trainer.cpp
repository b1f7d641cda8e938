#include "plugins/vit_merge/engine/task_trainer.h"
#include "core/base/error.h"
#include "core/nn/random_stream.h"
#include "core/nn/tensor_index.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <cmath>
#include <numbers>

namespace lathe::vit_merge {
namespace {

constexpr const char* kTaskState = "lathe.vit_merge.training";
constexpr std::uint64_t kHeadPurpose = 21;
constexpr std::int64_t kMeasureBatch = 256;

void forget_packed(Network& network) {
    network.visit_modules("", [](const std::string&, Module& module) { module.weights_changed(); });
}

at::Tensor share_right(const at::Tensor& logits, const at::Tensor& labels) { return (logits.argmax(1) == labels).to(at::kFloat).sum(); }

}

TaskTrainer::TaskTrainer(const TaskTraining& settings, TaskBatches batches) : m_settings(settings), m_batches(std::move(batches)) {
    if (m_settings.images < 1 || !(m_settings.lr > 0) || !(m_settings.warmup >= 0 && m_settings.warmup <= 1))
        throw Error(ErrorCode::invalid_value, "This training cannot be done.", std::to_string(m_settings.images) + " pictures, learning rate " + number_text(m_settings.lr) + ", warm-up " + number_text(m_settings.warmup),
            "Ask for at least one picture, a rate above 0 and a warm-up from 0 to 1.");
}

void TaskTrainer::train_on(NamedTensors parameters, NamedTensors buffers, Json identity) {
    m_parameters = std::move(parameters);
    m_buffers = std::move(buffers);
    m_identity = std::move(identity);
    m_adamw = std::make_unique<AdamW>(m_parameters, AdamWOptions{0.9, 0.999, 1e-8, m_settings.weight_decay});
}

std::int64_t TaskTrainer::steps_total() const { return (m_settings.images + m_batches.options().batch - 1) / m_batches.options().batch; }

double TaskTrainer::lr_at(std::int64_t step) const {
    const double total = static_cast<double>(steps_total()), warm = std::floor(total * m_settings.warmup), at = static_cast<double>(step);
    if (at < warm) return m_settings.lr * (at + 1) / warm;
    return m_settings.cosine ? m_settings.lr * 0.5 * (1 + std::cos(std::numbers::pi * (at - warm) / std::max(1.0, total - warm))) : m_settings.lr;
}

TrainingStep TaskTrainer::step() {
    const std::int64_t batch = m_batches.options().batch;
    if (m_settings.restart_epoch > 0 && m_step > 0 && m_step * batch / m_settings.restart_epoch != (m_step - 1) * batch / m_settings.restart_epoch)
        m_adamw = std::make_unique<AdamW>(m_parameters, AdamWOptions{0.9, 0.999, 1e-8, m_settings.weight_decay});
    TrainingStep result;
    result.lr = lr_at(m_step);
    {
        const c10::AutoGradMode gradients(true);
        const at::Tensor value = loss(m_batches(m_step), result);
        result.loss = value.item<double>();
        if (std::isfinite(result.loss)) value.backward();
    }
    result.gradient_norm = m_adamw->gradient_norm();
    ++m_step;
    if (!std::isfinite(result.loss) || !std::isfinite(result.gradient_norm)) {
        result.skipped = true;
        ++m_skipped;
    } else {
        m_adamw->step(result.lr, m_settings.clip > 0 && result.gradient_norm > m_settings.clip ? m_settings.clip / result.gradient_norm : 1.0);
    }
    m_adamw->drop_gradients();
    changed();
    return result;
}

Json TaskTrainer::identity() const {
    Json tasks = Json::array();
    for (const TrainingTask& task : m_batches.tasks()) tasks.push_back(Json{{"name", task.name}, {"images", task.set.size()}});
    return {{"of", m_identity}, {"tasks", tasks}, {"batch", m_batches.options().batch}, {"seed", m_batches.options().seed}, {"images", m_settings.images}, {"lr", m_settings.lr}, {"weight_decay", m_settings.weight_decay}};
}

std::string TaskTrainer::checkpoint() const {
    std::map<std::string, at::Tensor> all;
    for (const auto* tensors : {&m_parameters, &m_buffers})
        for (const auto& [key, tensor] : *tensors) all.emplace("model." + key, tensor.detach());
    for (const auto& [key, tensor] : m_adamw->state()) all.emplace("adamw." + key, tensor);
    const Json state{{"step", m_step}, {"updates", m_adamw->steps()}, {"skipped", m_skipped}, {"identity", identity()}};
    return safetensors_bytes(all, {{kTaskState, state.dump()}});
}

void TaskTrainer::resume(Bytes checkpoint) {
    const auto file = open_safetensors_bytes(std::move(checkpoint), "checkpoint");
    const auto found = file->metadata().find(kTaskState);
    if (found == file->metadata().end())
        throw Error(ErrorCode::wrong_format, "This is not a checkpoint of a training of Vision Transformers or gates.", std::string(kTaskState) + " is missing in the metadata", "Resume from the checkpoint of an interrupted training.");
    const Json state = parse_json(found->second, kTaskState);
    if (member(state, "identity", kTaskState) != identity())
        throw Error(ErrorCode::invalid_value, "The checkpoint was made with another network, other tasks, another batch, seed, rate or length.", found->second, "Resume with the parameters of the run that made it.");
    std::map<std::string, at::Tensor> model, adamw;
    for (const auto& entry : file->entries()) (entry.name.starts_with("model.") ? model : adamw).emplace(entry.name.substr(entry.name.find('.') + 1), file->get(entry.name));
    const c10::NoGradGuard no_gradients;
    m_adamw->restore(adamw, int_member(state, "updates", kTaskState));
    for (auto* tensors : {&m_parameters, &m_buffers})
        for (auto& [key, tensor] : *tensors) {
            const auto stored = model.find(key);
            if (stored == model.end() || stored->second.sizes() != tensor.sizes()) throw Error(ErrorCode::wrong_format, "The checkpoint lacks a tensor.", key, "Start the training anew.");
            tensor.copy_(stored->second);
        }
    m_step = int_member(state, "step", kTaskState);
    m_skipped = int_member(state, "skipped", kTaskState);
    changed();
}

HeadTensors new_head(std::int64_t classes, std::int64_t features, std::uint64_t seed) {
    at::Generator random = random_stream(seed, kHeadPurpose, classes);
    return {(at::randn({classes, features}, random) * 0.02).clamp(-0.04, 0.04), at::zeros({classes})};
}

VitTrainer::VitTrainer(const TaskTraining& settings, TaskBatches given, VitConfig config, const TensorMap& trunk, std::map<std::string, HeadTensors> heads) : TaskTrainer(settings, std::move(given)) {
    config.classes = 0;
    m_trunk = std::make_unique<Vit>(config);
    if (trunk.empty()) m_trunk->initialize(batches().options().seed);
    else {
        TensorMap only_trunk;
        for (const auto& [key, tensor] : trunk)
            if (parse_vit_key(key).group != KeyGroup::head) only_trunk.emplace(key, tensor);
        m_trunk->load_canonical(only_trunk);
    }
    m_trunk->set_training(true);
    NamedTensors parameters;
    m_trunk->visit_parameters("", [&](const std::string& key, at::Tensor& tensor) { parameters.emplace_back(key, tensor); });
    const std::int64_t features = config.projection > 0 ? config.projection : config.dim;
    Json classes = Json::object();
    for (const TrainingTask& task : batches().tasks()) {
        const auto count = static_cast<std::int64_t>(task.set.classes.size());
        const auto had = heads.find(task.name);
        HeadTensors head = had == heads.end() ? new_head(count, features, batches().options().seed) : HeadTensors{had->second.weight.to(at::kFloat).clone(), had->second.bias.to(at::kFloat).clone()};
        if (head.weight.dim() != 2 || head.weight.size(0) != count || head.weight.size(1) != features || head.bias.numel() != count)
            throw Error(ErrorCode::invalid_value, "A head does not fit its task.", task.name + ": " + c10::str(head.weight.sizes()) + " for " + std::to_string(count) + " classes", "Start without this head, or choose the data that it was made for.");
        classes[task.name] = count;
        head.weight.set_requires_grad(true);
        head.bias.set_requires_grad(true);
        parameters.emplace_back("heads." + task.name + ".weight", head.weight);
        parameters.emplace_back("heads." + task.name + ".bias", head.bias);
        m_heads.emplace(task.name, std::move(head));
    }
    train_on(std::move(parameters), {}, Json{{"vit", to_json(config)}, {"classes", classes}});
}

void VitTrainer::changed() { forget_packed(*m_trunk); }

at::Tensor VitTrainer::loss(const TaskBatches::Batch& batch, TrainingStep& told) {
    const at::Tensor features = m_trunk->features(batch.pictures, nullptr);
    at::Tensor sum;
    std::int64_t begin = 0;
    double right = 0;
    for (std::size_t t = 0; t < batch.counts.size(); ++t) {
        const std::int64_t end = begin + batch.counts[t];
        if (end == begin) continue;
        const HeadTensors& head = m_heads.at(batches().tasks()[t].name);
        const at::Tensor logits = at::linear(features.slice(0, begin, end), head.weight, head.bias), labels = batch.labels.slice(0, begin, end);
        const at::Tensor one = at::cross_entropy_loss(logits, labels) * (static_cast<double>(batch.counts[t]) / static_cast<double>(batch.labels.size(0)));
        right += share_right(logits.detach(), labels).item<double>();
        sum = sum.defined() ? sum + one : one;
        begin = end;
    }
    told.parts.emplace_back("accuracy_train", right / static_cast<double>(batch.labels.size(0)));
    return sum;
}

double VitTrainer::accuracy(const TaskImages& set, std::size_t task, std::int64_t images, const std::function<void()>& tick) {
    const c10::NoGradGuard no_gradients;
    const PictureForm& form = batches().form();
    const HeadTensors& head = m_heads.at(batches().tasks().at(task).name);
    const std::int64_t total = images > 0 ? std::min(images, set.size()) : set.size();
    double right = 0;
    for (std::int64_t begin = 0; begin < total; begin += kMeasureBatch) {
        if (tick) tick();
        const std::int64_t end = std::min(total, begin + kMeasureBatch);
        const at::Tensor x = model_pictures(set.images.slice(0, begin, end), form.channels, form.height, form.width, form.mean, form.deviation);
        right += share_right(at::linear(m_trunk->features(x, nullptr), head.weight, head.bias), set.labels.slice(0, begin, end)).item<double>();
    }
    return right / static_cast<double>(total);
}

TensorMap VitTrainer::tensors(int task) {
    TensorMap all;
    m_trunk->visit_parameters("", [&](const std::string& key, at::Tensor& tensor) { all.emplace(key, tensor.detach().clone()); });
    if (task >= 0) {
        const HeadTensors& head = m_heads.at(batches().tasks().at(static_cast<std::size_t>(task)).name);
        all.emplace("head.weight", head.weight.detach().clone());
        all.emplace("head.bias", head.bias.detach().clone());
    }
    return all;
}

GateLoss gate_loss_from(std::string_view text) {
    if (text == "official") return GateLoss::official;
    if (text == "single") return GateLoss::single;
    throw Error(ErrorCode::unknown_name, "There is no such loss of a gate.", std::string(text), "Choose official or single.");
}

at::Tensor gate_loss(GateLoss kind, const at::Tensor& logits, const at::Tensor& task) { return at::cross_entropy_loss(kind == GateLoss::official ? at::softmax(logits, 1) : logits, task); }

GateTrainer::GateTrainer(const TaskTraining& settings, TaskBatches given, std::shared_ptr<Gate> gate, GateLoss kind) : TaskTrainer(settings, std::move(given)), m_gate(std::move(gate)), m_kind(kind) {
    if (m_gate->models() != static_cast<std::int64_t>(batches().tasks().size()))
        throw Error(ErrorCode::invalid_value, "A gate has an output for each task.", std::to_string(m_gate->models()) + " outputs for " + std::to_string(batches().tasks().size()) + " tasks", "Make a gate for these tasks.");
    m_gate->set_training(true);
    m_gate->set_batch_statistics(true);
    NamedTensors parameters, buffers;
    std::map<std::string, bool> trained;
    m_gate->visit_parameters("", [&](const std::string& key, at::Tensor& tensor) {
        trained[key] = true;
        parameters.emplace_back(key, tensor);
    });
    m_gate->visit("", [&](const std::string& key, at::Tensor& tensor) {
        if (!trained.contains(key)) buffers.emplace_back(key, tensor);
    });
    train_on(std::move(parameters), std::move(buffers), Json{{"gate", m_gate->kind()}, {"models", m_gate->models()}, {"loss", m_kind == GateLoss::official ? "official" : "single"}});
}

void GateTrainer::changed() { forget_packed(*m_gate); }

at::Tensor GateTrainer::loss(const TaskBatches::Batch& batch, TrainingStep& told) {
    const at::Tensor logits = m_gate->logits(batch.pictures);
    told.parts.emplace_back("accuracy_train", share_right(logits.detach(), batch.task).item<double>() / static_cast<double>(batch.task.size(0)));
    return gate_loss(m_kind, logits, batch.task);
}

at::Tensor GateTrainer::confusion(const std::vector<TrainingTask>& tasks, std::int64_t images, const std::function<void()>& tick) {
    const c10::NoGradGuard no_gradients;
    const PictureForm& form = batches().form();
    const std::int64_t count = m_gate->models();
    at::Tensor out = at::zeros({count, count}, at::kLong);
    m_gate->set_batch_statistics(false);
    for (std::int64_t t = 0; t < static_cast<std::int64_t>(tasks.size()); ++t) {
        const TaskImages& set = tasks[static_cast<std::size_t>(t)].set;
        const std::int64_t total = images > 0 ? std::min(images, set.size()) : set.size();
        for (std::int64_t begin = 0; begin < total; begin += kMeasureBatch) {
            if (tick) tick();
            const at::Tensor x = model_pictures(set.images.slice(0, begin, std::min(total, begin + kMeasureBatch)), form.channels, form.height, form.width, form.mean, form.deviation);
            out[t] += at::bincount(m_gate->logits(x).argmax(1), {}, count);
        }
    }
    m_gate->set_batch_statistics(true);
    return out;
}

}
