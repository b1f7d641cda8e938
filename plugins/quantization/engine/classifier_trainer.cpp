#include "plugins/quantization/engine/classifier_trainer.h"
#include "core/base/error.h"
#include "core/nn/conv.h"
#include "core/nn/tensor_index.h"
#include <algorithm>
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <cmath>
#include <numbers>

namespace lathe::quantization {
namespace {

constexpr const char* kState = "lathe.quantization.train";
constexpr std::int64_t kRiseShare = 20;   // of the steps: the rate rises over one in so many

/// Folded once, a normalisation is a bias; what it multiplies by is not learnt.
bool is_normalised_away(const QuantTap* tap, const BatchNorm2d& norm) { return tap && tap->fold() == BnFold::once && tap->folds_norm(norm.id()); }

/// Batch statistics, in a normalisation that runs as a layer of its own. Where a folded one does not, the tap knows what to do.
bool takes_batch_statistics(const QuantTap* tap, const BatchNorm2d& norm) { return !tap || !tap->folds_norm(norm.id()) || tap->fold() == BnFold::rescaled; }

}

ClassifierTrainer::ClassifierTrainer(const ClassifierTraining& settings, std::shared_ptr<Network> network, TrainingBatches batches, std::shared_ptr<QuantTap> tap, std::shared_ptr<Network> teacher)
    : m_settings(settings), m_network(std::move(network)), m_batches(std::move(batches)), m_tap(std::move(tap)), m_teacher(std::move(teacher)) {
    if (!(settings.epochs > 0) || settings.distillation < 0 || settings.distillation > 1 || !(settings.temperature > 0) || (settings.distillation > 0 && !m_teacher))
        throw Error(ErrorCode::invalid_value, "These settings train nothing.", "epochs " + number_text(settings.epochs) + ", distillation " + number_text(settings.distillation) + ", temperature " + number_text(settings.temperature),
            "Epochs and temperature are above 0, distillation is from 0 to 1 and needs a model that teaches.");
    m_total = std::max<std::int64_t>(1, std::llround(settings.epochs * static_cast<double>(m_batches.images()) / static_cast<double>(m_batches.batch())));
    if (m_tap) m_taps.add(m_tap);
    set_learning(true);
    NamedTensors decayed, plain;
    m_network->visit_parameters("", [&](const std::string& key, at::Tensor& tensor) {
        if (tensor.requires_grad()) (tensor.dim() >= 2 ? decayed : plain).emplace_back(key, tensor);
    });
    for (const std::string& name : m_tap ? m_tap->names() : std::vector<std::string>()) {
        Quantizer& quantizer = *m_tap->find(name);
        for (const auto& [member, tensor] : quantizer.learnt()) {
            if (member == "zero_point" && quantizer.spec().symmetric) continue;   // it stays 0
            (quantizer.spec().algorithm == Algorithm::pact ? decayed : plain).emplace_back(name + "." + member, tensor);
        }
    }
    m_sgd.emplace_back(std::move(decayed), SgdOptions{settings.momentum, settings.weight_decay});
    m_sgd.emplace_back(std::move(plain), SgdOptions{settings.momentum, 0});
}

std::int64_t ClassifierTrainer::steps_of_epoch() const { return std::max<std::int64_t>(1, m_batches.images() / m_batches.batch()); }

double ClassifierTrainer::lr_at(std::int64_t step) const {
    const auto total = static_cast<double>(m_total), now = static_cast<double>(step);
    const auto rise = static_cast<double>(std::clamp<std::int64_t>(m_total / kRiseShare, 1, steps_of_epoch()));
    return m_settings.learning_rate * std::min(1.0, (now + 1) / rise) * 0.5 * (1 + std::cos(std::numbers::pi * now / total));
}

void ClassifierTrainer::set_learning(bool on) {
    m_network->set_training(on);
    m_network->visit_modules("", [&](const std::string&, Module& module) {
        auto* norm = dynamic_cast<BatchNorm2d*>(&module);
        if (!norm) return;
        norm->batch_statistics = on && takes_batch_statistics(m_tap.get(), *norm);
        if (on && is_normalised_away(m_tap.get(), *norm)) norm->weight.set_requires_grad(false);
    });
    if (!m_tap) return;
    m_tap->set_mode(on ? QuantMode::train : QuantMode::quantize);
    m_taps.attach(m_network->layers());
}

at::Tensor ClassifierTrainer::loss_of(const TrainingBatches::Batch& batch, TrainingStep& told) {
    const at::Tensor logits = m_network->forward({batch.pictures}, m_tap ? &m_taps : nullptr);
    const at::Tensor by_labels = at::cross_entropy_loss(logits, batch.labels);
    told.parts.emplace_back("top1_train", (logits.argmax(1) == batch.labels).to(at::kDouble).mean().item<double>());
    if (m_settings.distillation <= 0) return by_labels;
    at::Tensor taught;
    {
        const c10::NoGradGuard no_gradients;
        taught = at::log_softmax(m_teacher->forward({batch.pictures}, nullptr) / m_settings.temperature, 1);
    }
    const at::Tensor learnt = at::log_softmax(logits / m_settings.temperature, 1);
    const at::Tensor by_teacher = (taught.exp() * (taught - learnt)).sum(1).mean() * (m_settings.temperature * m_settings.temperature);
    told.parts.emplace_back("loss.labels", by_labels.item<double>());
    told.parts.emplace_back("loss.teacher", by_teacher.item<double>());
    return by_labels * (1 - m_settings.distillation) + by_teacher * m_settings.distillation;
}

TrainingStep ClassifierTrainer::step() {
    const TrainingBatches::Batch batch = m_batches(m_step);
    TrainingStep result;
    result.lr = lr_at(m_step);
    {
        const c10::AutoGradMode gradients(true);
        const at::Tensor loss = loss_of(batch, result);
        result.loss = loss.item<double>();
        if (std::isfinite(result.loss)) loss.backward();
    }
    result.gradient_norm = std::hypot(m_sgd[0].gradient_norm(), m_sgd[1].gradient_norm());
    ++m_step;
    if (!std::isfinite(result.loss) || !std::isfinite(result.gradient_norm)) {
        result.skipped = true;
        ++m_skipped;
    } else {
        const double scale = m_settings.clip > 0 && result.gradient_norm > m_settings.clip ? m_settings.clip / result.gradient_norm : 1.0;
        for (Sgd& sgd : m_sgd) sgd.step(result.lr, scale);
    }
    for (Sgd& sgd : m_sgd) sgd.drop_gradients();
    if (m_tap) m_tap->weights_changed();
    return result;
}

Json ClassifierTrainer::identity() const {
    return {{"network", m_network->config()}, {"images", m_batches.images()}, {"batch", m_batches.batch()}, {"seed", m_batches.seed()}, {"epochs", m_settings.epochs}, {"quantized", m_tap != nullptr}};
}

std::string ClassifierTrainer::checkpoint() const {
    std::map<std::string, at::Tensor> all;
    for (const auto& [key, tensor] : m_network->state()) all.emplace("model." + key, tensor);
    for (const Sgd& sgd : m_sgd)
        for (const auto& [key, tensor] : sgd.state()) all.emplace("sgd." + key, tensor);
    if (m_tap)
        for (const auto& [key, tensor] : m_tap->state()) all.emplace("quantizers." + key, tensor.detach());
    const Json state{{"step", m_step}, {"skipped", m_skipped}, {"identity", identity()}, {"notes", notes}};
    return safetensors_bytes(all, {{kState, state.dump()}});
}

void ClassifierTrainer::resume(Bytes checkpoint) {
    const auto file = open_safetensors_bytes(std::move(checkpoint), "checkpoint");
    const auto found = file->metadata().find(kState);
    if (found == file->metadata().end())
        throw Error(ErrorCode::wrong_format, "This is not a checkpoint of quantization.train.", std::string(kState) + " is missing in the metadata", "Resume from the checkpoint of an interrupted training.");
    const Json state = parse_json(found->second, kState);
    if (member(state, "identity", kState) != identity())
        throw Error(ErrorCode::invalid_value, "The checkpoint was made with another network, data set, batch, seed or number of epochs.", found->second, "Resume with the parameters of the run that made it.");
    std::map<std::string, std::map<std::string, at::Tensor>> parts;
    for (const auto& entry : file->entries()) {
        const auto dot = entry.name.find('.');
        parts[entry.name.substr(0, dot)].emplace(entry.name.substr(dot + 1), file->get(entry.name));
    }
    const c10::NoGradGuard no_gradients;
    for (Sgd& sgd : m_sgd) sgd.restore(parts["sgd"]);
    m_network->load([&](const std::string& key) {
        const auto it = parts["model"].find(key);
        return it == parts["model"].end() ? at::Tensor() : it->second;
    }, {}, false);
    if (m_tap) m_tap->load(parts["quantizers"]);
    m_step = int_member(state, "step", kState);
    m_skipped = int_member(state, "skipped", kState);
    notes.clear();
    for (const auto& [key, value] : member(state, "notes", kState).items()) notes[key] = number_from(value, key);
}

}
