#include "plugins/delta_cache/engine/dit_trainer.h"
#include "core/base/error.h"
#include "core/nn/random_stream.h"
#include "core/nn/tensor_index.h"
#include "plugins/delta_cache/engine/diffusion.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>
#include <cmath>

namespace lathe::delta_cache {
namespace {

constexpr int kTimes = 1000;

NamedTensors trained_parameters(Dit& dit, std::uint64_t seed) {
    dit.initialize(seed);
    dit.set_training(true);
    NamedTensors all;
    dit.visit("", [&all](const std::string& key, at::Tensor& tensor) {
        if (key == "pos_embed") tensor.set_requires_grad(false);
        else all.emplace_back(key, tensor);
    });
    return all;
}

const LabelledImages& checked(const LabelledImages& data, const TrainOptions& o) {
    const DitConfig& c = o.model;
    if (data.images.size(0) == 0 || data.images.size(1) != c.input_size || data.images.size(2) != c.input_size || c.in_channels != 1)
        throw Error(ErrorCode::invalid_value, "The pictures do not fit the network.", std::to_string(data.images.size(0)) + " pictures of " + std::to_string(data.images.size(1)) + " x " +
            std::to_string(data.images.size(2)), "Set input_size to the side of the pictures and in_channels to 1.");
    if (c.learn_sigma) throw Error(ErrorCode::unsupported, "This training predicts noise only.", "learn_sigma", "Set it to false.");
    if (o.batch < 1 || o.images < o.batch) throw Error(ErrorCode::invalid_value, "There must be at least one whole batch.", std::to_string(o.images) + " images, batch " + std::to_string(o.batch));
    return data;
}

at::Tensor alphas_cumprod() {
    std::vector<double> product;
    double last = 1;
    for (const double beta : linear_betas(kTimes)) product.push_back(last *= 1 - beta);
    return at::tensor(product, at::kDouble).to(at::kFloat);
}

}

DitTrainer::DitTrainer(TrainOptions options, LabelledImages data)
    : m_options(std::move(options)), m_data(checked(data, m_options)), m_dit(m_options.model), m_parameters(trained_parameters(m_dit, m_options.seed)),
      m_adamw(m_parameters, {0.9, m_options.beta2, 1e-8, m_options.weight_decay}), m_average(m_parameters), m_alphas_cumprod(alphas_cumprod()) {
    m_dit.set_training_type(m_options.half ? at::kBFloat16 : at::kFloat);
}

std::int64_t DitTrainer::steps_total() const { return m_options.images / m_options.batch; }

double DitTrainer::lr_at(std::int64_t step) const {
    const double rise = std::min(1.0, double(step + 1) / std::max(1, m_options.warmup));
    const double total = double(steps_total()), fall_steps = std::max(1.0, total * m_options.decay_share);
    return m_options.lr * rise * std::clamp((total - double(step)) / fall_steps, 0.0, 1.0);
}

DitTrainer::Batch DitTrainer::draw(std::int64_t step) {
    const std::int64_t count = m_data.images.size(0), batch = m_options.batch;
    std::vector<std::int64_t> picked;
    picked.reserve(static_cast<std::size_t>(batch));
    for (std::int64_t i = step * batch; i < (step + 1) * batch; ++i) {
        if (i / count != m_epoch) {
            m_epoch = i / count;
            m_order = at::randperm(count, random_stream(m_options.seed, 1, m_epoch), at::kLong);
        }
        picked.push_back(m_order.const_data_ptr<std::int64_t>()[i % count]);
    }
    const at::Tensor index = at::tensor(picked, at::kLong);
    auto random = random_stream(m_options.seed, 2, step);
    Batch b;
    b.x0 = m_data.images.index_select(0, index).unsqueeze(1).to(at::kFloat) / 127.5 - 1;
    b.noise = at::randn(b.x0.sizes(), random);
    // one time from each of `batch` equal parts of the range, in random order: less noise in the loss than independent draws
    const at::Tensor parts = at::randperm(batch, random, at::kLong).to(at::kFloat) + at::rand({batch}, random);
    b.t = (parts * (double(kTimes) / double(batch))).floor().clamp(0, kTimes - 1).to(at::kLong);
    const at::Tensor dropped = at::rand({batch}, random) < m_options.model.class_dropout;
    b.y = at::where(dropped, at::full({batch}, m_options.model.null_class(), at::kLong), m_data.labels.index_select(0, index));
    return b;
}

TrainingStep DitTrainer::step(TapStack* taps) {
    const Batch b = draw(m_step);
    const at::Tensor signal = m_alphas_cumprod.index_select(0, b.t).view({-1, 1, 1, 1});
    const at::Tensor x = signal.sqrt() * b.x0 + (1 - signal).sqrt() * b.noise;
    at::Tensor loss;
    {
        const c10::AutoGradMode grad(true);
        at::Tensor error = (m_dit.forward({x, b.t, b.y}, taps) - b.noise).square().mean({1, 2, 3});
        if (m_options.snr_limit > 0) {
            const at::Tensor snr = (signal / (1 - signal)).flatten();
            error = error * (snr.clamp_max(m_options.snr_limit) / snr);
        }
        loss = error.mean();
        loss.backward();
    }
    TrainingStep result;
    result.loss = loss.item<double>();
    result.lr = lr_at(m_step);
    result.gradient_norm = m_adamw.gradient_norm();
    ++m_step;
    if (!std::isfinite(result.loss) || !std::isfinite(result.gradient_norm)) {
        result.skipped = true;
        ++m_skipped;
    } else {
        const double scale = m_options.clip > 0 && result.gradient_norm > m_options.clip ? m_options.clip / result.gradient_norm : 1.0;
        m_adamw.step(result.lr, scale);
        m_average.update(std::min(m_options.ema, double(1 + m_step) / double(10 + m_step)));
    }
    m_adamw.drop_gradients();
    return result;
}

std::map<std::string, at::Tensor> DitTrainer::average() const {
    auto all = m_average.state();
    all.emplace("pos_embed", m_dit.pos_embed.detach());
    for (auto& [key, tensor] : all) tensor = tensor.clone();
    return all;
}

std::string DitTrainer::checkpoint() const {
    std::map<std::string, at::Tensor> all;
    for (const auto& [key, tensor] : m_parameters) all.emplace("model." + key, tensor.detach());
    for (const auto& [key, tensor] : m_average.state()) all.emplace("ema." + key, tensor);
    for (const auto& [key, tensor] : m_adamw.state()) all.emplace("adamw." + key, tensor);
    const Json state{{"step", m_step}, {"updates", m_adamw.steps()}, {"skipped", m_skipped}, {"seed", m_options.seed}, {"batch", m_options.batch}, {"model", to_json(m_options.model)}};
    return safetensors_bytes(all, {{"lathe.train", state.dump()}});
}

void DitTrainer::resume(Bytes checkpoint) {
    const auto file = open_safetensors_bytes(std::move(checkpoint), "checkpoint");
    const auto it = file->metadata().find("lathe.train");
    if (it == file->metadata().end())
        throw Error(ErrorCode::wrong_format, "This is not a checkpoint of delta_cache.train.", "lathe.train is missing in the metadata", "Resume from the checkpoint of an interrupted training.");
    const Json state = parse_json(it->second, "lathe.train");
    if (member(state, "model", "lathe.train") != to_json(m_options.model) || int_member(state, "batch", "lathe.train") != m_options.batch ||
        int_member(state, "seed", "lathe.train") != std::int64_t(m_options.seed))
        throw Error(ErrorCode::invalid_value, "The checkpoint was made with another network, batch or seed.", it->second, "Resume with the parameters of the run that made it; only the number of images may differ.");
    std::map<std::string, at::Tensor> model, ema, adamw;
    for (const auto& entry : file->entries()) {
        const auto dot = entry.name.find('.');
        auto& part = entry.name.starts_with("model.") ? model : entry.name.starts_with("ema.") ? ema : adamw;
        part.emplace(entry.name.substr(dot + 1), file->get(entry.name));
    }
    const c10::NoGradGuard no_grad;
    m_adamw.restore(adamw, int_member(state, "updates", "lathe.train"));
    m_average.restore(ema);
    for (auto& [key, tensor] : m_parameters) {
        const auto found = model.find(key);
        if (found == model.end() || found->second.sizes() != tensor.sizes()) throw Error(ErrorCode::wrong_format, "The checkpoint lacks a parameter.", key);
        tensor.copy_(found->second);
    }
    m_step = int_member(state, "step", "lathe.train");
    m_skipped = int_member(state, "skipped", "lathe.train");
}

at::Tensor sample_pixels(Dit& dit, const at::Tensor& labels, int steps, double guidance, std::uint64_t seed, const std::function<void()>& tick) {
    const c10::InferenceMode inference;
    const DitConfig& config = dit.dit_config();
    DiffusionOptions options;
    options.respacing = std::to_string(steps);
    options.variance = config.learn_sigma ? Variance::learned_range : Variance::fixed_large;
    options.clip_denoised = true;
    DdimSampler sampler(options, 0);
    const std::int64_t count = labels.size(0), side = config.input_size;
    at::Tensor x = at::randn({count, config.in_channels, side, side}, random_stream(seed, 3, 0));
    DitSchedule schedule(dit, sampler.timesteps(), at::cat({labels, at::full({count}, config.null_class(), at::kLong)}));
    for (int step = 0; step < sampler.steps(); ++step) {
        if (tick) tick();
        const at::Tensor out = guide(dit.run(at::cat({x, x}), schedule.at(step), nullptr), guidance, config.in_channels);
        x = sampler.step(step, x, out.narrow(0, 0, count), {}).sample;
    }
    return x.clamp(-1, 1);
}

at::Tensor sample_pixels(const DitConfig& config, const std::map<std::string, at::Tensor>& weights, const at::Tensor& labels, int steps, double guidance, std::uint64_t seed,
    const std::function<void()>& tick) {
    const c10::InferenceMode inference;
    Dit dit(config);
    dit.load([&weights](const std::string& key) { return weights.at(key); }, {}, false);
    dit.prepare_inference();
    return sample_pixels(dit, labels, steps, guidance, seed, tick);
}

at::Tensor picture_grid(const at::Tensor& pictures, int columns) {
    const std::int64_t count = pictures.size(0), side = pictures.size(2), rows = (count + columns - 1) / columns;
    at::Tensor grid = at::full({rows * (side + 1) - 1, columns * (side + 1) - 1, 1}, 128, at::kByte);
    const at::Tensor bytes = ((pictures + 1) * 127.5).round().clamp(0, 255).to(at::kByte);
    for (std::int64_t i = 0; i < count; ++i)
        grid.narrow(0, i / columns * (side + 1), side).narrow(1, i % columns * (side + 1), side).copy_(bytes[i].permute({1, 2, 0}));
    return grid;
}

}
