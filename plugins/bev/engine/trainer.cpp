#include "plugins/bev/engine/trainer.h"
#include "core/base/error.h"
#include "core/base/split_mix.h"
#include "core/nn/tensor_index.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <algorithm>
#include <cmath>
#include <numeric>

namespace lathe::bev {
namespace {

constexpr std::size_t kPictureBudget = std::size_t{2} << 30;

Draws draws_for(std::uint64_t seed, std::uint64_t purpose, std::int64_t number) { return Draws(stream_seed(seed, purpose, number)); }

void shuffle(std::vector<std::size_t>& order, Draws& draws) {
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[static_cast<std::size_t>(draws.uniform() * static_cast<double>(i))]);
}

const std::vector<SampleInfo>& checked(const std::vector<SampleInfo>& samples, const TrainSettings& s) {
    if (samples.empty()) throw Error(ErrorCode::invalid_value, "There are no samples to train on.", {}, "Choose a split of the data set that has scenes.");
    if (s.batch < 1 || !(s.epochs > 0)) throw Error(ErrorCode::invalid_value, "Training needs a batch and epochs above 0.", "batch " + std::to_string(s.batch));
    return samples;
}

}

Trainer::Trainer(TrainSettings settings, std::vector<SampleInfo> samples, std::filesystem::path root, const std::function<at::Tensor(const std::string&)>& start)
    : m_settings(std::move(settings)), m_samples(checked(samples, m_settings)), m_root(std::move(root)), m_net(m_settings.model), m_backbone({}, {}), m_rest({}, {}), m_pictures(kPictureBudget) {
    m_net.initialize(m_settings.seed);
    if (start) {
        const c10::NoGradGuard no_grad;
        m_net.visit("", [&](const std::string& key, at::Tensor& tensor) {
            const at::Tensor found = start(key);
            if (found.defined() && found.sizes() == tensor.sizes()) tensor.copy_(found);
            else m_left_out.push_back(key);
        });
    }
    m_net.set_training(true);
    set_evaluating(false);
    const AdamWOptions options{0.9, 0.999, 1e-8, m_settings.weight_decay};
    m_backbone = AdamW(parameters_of(true), options);
    m_rest = AdamW(parameters_of(false), options);
    m_total = std::max<std::int64_t>(1, std::llround(m_settings.epochs * static_cast<double>(m_samples.size()) / m_settings.batch));
}

NamedTensors Trainer::parameters_of(bool backbone) {
    NamedTensors out;
    m_net.visit_parameters("", [&](const std::string& key, at::Tensor& tensor) {
        const bool frozen = m_settings.freeze_stem && (key.starts_with("backbone.conv1.") || key.starts_with("backbone.bn1.") || key.starts_with("backbone.layer1."));
        if (frozen) tensor.set_requires_grad(false);
        else if (key.starts_with("backbone.") == backbone) out.emplace_back(key, tensor);
    });
    return out;
}

void Trainer::set_evaluating(bool on) {
    m_net.set_training(!on);
    m_net.visit_modules("", [&](const std::string& key, Module& module) {
        if (auto* norm = dynamic_cast<BatchNorm2d*>(&module)) norm->batch_statistics = !on && !(m_settings.norm_eval && key.starts_with("backbone."));
    });
    if (!on) parameters_of(true);   // what is frozen stays frozen
}

double Trainer::lr_at(std::int64_t step) const {
    const auto total = static_cast<double>(m_total), now = static_cast<double>(step);
    const double warmup = std::min(static_cast<double>(m_settings.warmup), total / 10);
    const double rise = warmup < 1 || now >= warmup ? 1.0 : 1e-6 + (1 - 1e-6) * now / warmup;
    return m_settings.lr * rise * std::max(0.0, 1 - now / total);
}

std::vector<std::size_t> Trainer::order_of(std::int64_t epoch) const {
    Draws draws = draws_for(m_settings.seed, 1, epoch);
    std::vector<std::size_t> order;
    if (!m_settings.class_balanced) {
        order.resize(m_samples.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
    } else {   // as many samples with each class, with repetition; together as many as there are
        std::array<std::vector<std::size_t>, kClasses.size()> with;
        for (std::size_t i = 0; i < m_samples.size(); ++i)
            for (std::size_t k = 0; k < with.size(); ++k)
                if (std::any_of(m_samples[i].boxes.begin(), m_samples[i].boxes.end(), [k](const TrueBox& b) { return b.label == static_cast<int>(k); })) with[k].push_back(i);
        const auto present = static_cast<std::size_t>(std::count_if(with.begin(), with.end(), [](const auto& of) { return !of.empty(); }));
        for (const auto& of : with)
            for (std::size_t n = 0; !of.empty() && n < (m_samples.size() + present - 1) / present; ++n) order.push_back(of[static_cast<std::size_t>(draws.uniform() * static_cast<double>(of.size()))]);
        if (order.empty()) throw Error(ErrorCode::invalid_value, "No sample holds a box of a known class.", {}, "Switch class-balanced sampling off, or choose another split.");
    }
    shuffle(order, draws);
    return order;
}

TrainingStep Trainer::step(const std::function<void()>& tick) {
    Draws draws = draws_for(m_settings.seed, 2, m_step);
    std::vector<NetworkInput> inputs;
    for (int i = 0; i < m_settings.batch; ++i) {
        const std::int64_t number = m_step * m_settings.batch + i, size = static_cast<std::int64_t>(m_samples.size());
        if (number / size != m_epoch) {
            m_epoch = number / size;
            m_order = order_of(m_epoch);
        }
        inputs.push_back(training_input(m_samples[m_order[static_cast<std::size_t>(number % size) % m_order.size()]], m_root, m_settings.model, m_settings.ranges, draws, m_pictures));
        if (tick) tick();
    }
    TrainingStep result;
    result.lr = lr_at(m_step);
    {
        const c10::AutoGradMode grad(true);
        std::vector<at::Tensor> images, volumes;
        std::vector<GroundTruth> truth;
        for (const NetworkInput& input : inputs) {
            images.push_back(input.images);
            truth.push_back(input.truth);
        }
        const std::vector<at::Tensor> maps = m_net.image_features(at::cat(images), nullptr);
        if (tick) tick();
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            const std::int64_t count = inputs[i].images.size(0);
            std::vector<at::Tensor> own;
            for (const at::Tensor& map : maps) own.push_back(map.narrow(0, static_cast<std::int64_t>(i) * count, count));
            volumes.push_back(m_net.folded(own, m_net.tables(inputs[i].lidar2img, {}), Overlap::last));
        }
        const HeadMaps head = m_net.head(m_net.encode(m_net.fuse(at::cat(volumes), nullptr), nullptr), nullptr);
        const FreeAnchorLoss loss = free_anchor_loss(head, truth, m_settings.model.range);
        if (tick) tick();
        const at::Tensor sum = loss.positive + loss.negative;
        result.parts = {{"loss.positive", loss.positive.item<double>()}, {"loss.negative", loss.negative.item<double>()}};
        result.loss = result.parts[0].second + result.parts[1].second;
        if (std::isfinite(result.loss)) sum.backward();
    }
    result.gradient_norm = std::hypot(m_backbone.gradient_norm(), m_rest.gradient_norm());
    ++m_step;
    if (!std::isfinite(result.loss) || !std::isfinite(result.gradient_norm)) {
        result.skipped = true;
        ++m_skipped;
    } else {
        const double scale = m_settings.clip > 0 && result.gradient_norm > m_settings.clip ? m_settings.clip / result.gradient_norm : 1.0;
        m_backbone.step(result.lr * m_settings.backbone_lr, scale);
        m_rest.step(result.lr, scale);
    }
    m_backbone.drop_gradients();
    m_rest.drop_gradients();
    return result;
}

std::string Trainer::checkpoint() const {
    std::map<std::string, at::Tensor> all;
    for (const auto& [key, tensor] : const_cast<Detector&>(m_net).state()) all.emplace("model." + key, tensor);
    for (const auto& [key, tensor] : m_backbone.state()) all.emplace("adamw." + key, tensor);
    for (const auto& [key, tensor] : m_rest.state()) all.emplace("adamw." + key, tensor);
    const Json state{{"step", m_step}, {"updates", m_rest.steps()}, {"skipped", m_skipped}, {"seed", m_settings.seed}, {"batch", m_settings.batch}, {"model", to_json(m_settings.model)}};
    return safetensors_bytes(all, {{"lathe.bev.train", state.dump()}});
}

void Trainer::resume(Bytes checkpoint) {
    const auto file = open_safetensors_bytes(std::move(checkpoint), "checkpoint");
    const auto found = file->metadata().find("lathe.bev.train");
    if (found == file->metadata().end())
        throw Error(ErrorCode::wrong_format, "This is not a checkpoint of bev.train.", "lathe.bev.train is missing in the metadata", "Resume from the checkpoint of an interrupted training.");
    const Json state = parse_json(found->second, "lathe.bev.train");
    if (member(state, "model", "lathe.bev.train") != to_json(m_settings.model) || int_member(state, "batch", "lathe.bev.train") != m_settings.batch ||
        int_member(state, "seed", "lathe.bev.train") != static_cast<std::int64_t>(m_settings.seed))
        throw Error(ErrorCode::invalid_value, "The checkpoint was made with another network, batch or seed.", found->second, "Resume with the parameters of the run that made it.");
    std::map<std::string, at::Tensor> model, adamw;
    for (const auto& entry : file->entries()) {
        const auto dot = entry.name.find('.');
        (entry.name.starts_with("model.") ? model : adamw).emplace(entry.name.substr(dot + 1), file->get(entry.name));
    }
    const c10::NoGradGuard no_grad;
    const std::int64_t updates = int_member(state, "updates", "lathe.bev.train");
    m_backbone.restore(adamw, updates);
    m_rest.restore(adamw, updates);
    m_net.load([&](const std::string& key) {
        const auto it = model.find(key);
        return it == model.end() ? at::Tensor() : it->second;
    }, {}, false);
    m_step = int_member(state, "step", "lathe.bev.train");
    m_skipped = int_member(state, "skipped", "lathe.bev.train");
}

}
