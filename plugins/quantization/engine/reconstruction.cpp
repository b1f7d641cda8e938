#include "plugins/quantization/engine/reconstruction.h"
#include "core/base/error.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <cmath>
#include <limits>
#include <numbers>
#include <sstream>

namespace lathe::quantization {
namespace {

constexpr AdamWOptions kPlainAdam{0.9, 0.999, 1e-8, 0};

NamedTensors alphas_of(const std::vector<NamedRounding>& roundings) {
    NamedTensors all;
    for (const NamedRounding& one : roundings) all.emplace_back("alpha." + one.name, one.rounding->alpha);
    return all;
}

NamedTensors with_prefix(const NamedTensors& tensors, const std::string& prefix) {
    NamedTensors all;
    for (const auto& [name, tensor] : tensors) all.emplace_back(prefix + name, tensor);
    return all;
}

void check_option(bool ok, const char* name, double value) {
    if (!ok)
        throw Error(ErrorCode::invalid_value, "An option of the reconstruction is out of its range.", std::string(name) + " = " + std::to_string(value),
            "Iterations and batch are at least 1, rates at least 0, shares from 0 to 1.");
}

void check_options(const ReconstructionOptions& o) {
    check_option(o.iterations >= 1, "iterations", static_cast<double>(o.iterations));
    check_option(o.batch >= 1, "batch", static_cast<double>(o.batch));
    check_option(o.learning_rate >= 0 && std::isfinite(o.learning_rate), "learning rate", o.learning_rate);
    check_option(o.scale_learning_rate >= 0 && std::isfinite(o.scale_learning_rate), "learning rate of scales", o.scale_learning_rate);
    check_option(o.keep >= 0 && o.keep <= 1, "share of quantized inputs", o.keep);
    check_option(o.rounding.warm_up >= 0 && o.rounding.warm_up <= 1, "warm-up", o.rounding.warm_up);
    check_option(o.rounding.weight >= 0 && std::isfinite(o.rounding.weight), "weight of the rounding loss", o.rounding.weight);
    check_option(std::min(o.rounding.start, o.rounding.end) >= 1 && std::isfinite(o.rounding.start + o.rounding.end), "temperature", std::min(o.rounding.start, o.rounding.end));
}

std::string sizes_text(at::IntArrayRef sizes) {
    std::ostringstream out;
    out << sizes;
    return out.str();
}

std::vector<SampleCache> caches_of(const std::vector<at::Tensor>& tensors) { return {tensors.begin(), tensors.end()}; }

at::Tensor in_fast_layout(const at::Tensor& t) { return t.contiguous(t.dim() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous); }

}

Reconstruction::Reconstruction(const UnitSamples& samples, RunUnit run_unit, std::vector<NamedRounding> roundings, NamedTensors scales, const ReconstructionOptions& options)
    : m_options(options), m_run_unit(std::move(run_unit)), m_roundings(std::move(roundings)), m_alphas(alphas_of(m_roundings)), m_scales(with_prefix(scales, "scale.")),
      m_inputs(caches_of(samples.inputs)), m_float_inputs(caches_of(samples.float_inputs)), m_target(samples.target), m_alpha_adam(m_alphas, kPlainAdam), m_scale_adam(m_scales, kPlainAdam) {
    check_options(options);
    for (const SampleCache& cache : m_inputs)
        if (cache.count() != m_target.count())
            throw Error(ErrorCode::invalid_value, "The cached inputs and outputs of a unit are not of the same images.",
                std::to_string(cache.count()) + " and " + std::to_string(m_target.count()) + " samples");
    if (options.keep < 1) {
        bool fit = m_float_inputs.size() == m_inputs.size();
        for (std::size_t i = 0; fit && i < m_inputs.size(); ++i) fit = m_inputs[i].shape() == m_float_inputs[i].shape();
        if (!fit)
            throw Error(ErrorCode::invalid_value, "QDrop needs the inputs of a unit in float too, in the same shapes.",
                std::to_string(m_float_inputs.size()) + " of " + std::to_string(m_inputs.size()) + " inputs", "Cache both, or keep all of the quantized ones (share 1).");
    }
    for (const auto& [name, alpha] : m_alphas) m_soft.push_back(at::empty_like(alpha).requires_grad_(true));
}

std::vector<at::Tensor> Reconstruction::draw_inputs(const std::vector<std::int64_t>& drawn, std::uint64_t seed) {
    std::vector<at::Tensor> inputs;
    for (std::size_t i = 0; i < m_inputs.size(); ++i)
        inputs.push_back(m_options.keep < 1 ? m_inputs[i].draw_mixed(drawn, m_float_inputs[i], m_options.keep, mixed_seed(seed, i + 1)) : m_inputs[i].draw(drawn));
    return inputs;
}

double Reconstruction::compare(const at::Tensor& y, const at::Tensor& target) {
    if (y.sizes() != target.sizes())
        throw Error(ErrorCode::invalid_value, "A unit gives another shape than it gave in float.", sizes_text(y.sizes()) + " where " + sizes_text(target.sizes()) + " is wanted",
            "Cache inputs and outputs of the same unit.");
    if (!m_gradient.defined() || !m_gradient.sizes().equals(target.sizes())) m_gradient = at::empty_like(target);
    const double loss = squared_error(in_fast_layout(y.detach()), target, m_gradient);
    if (!std::isfinite(loss))
        throw Error(ErrorCode::invalid_value, "A unit gives values that are not finite while it is reconstructed.", "iteration " + std::to_string(m_iteration + 1),
            "Take a smaller learning rate, or more bits.");
    return loss;
}

ReconstructionLoss Reconstruction::step() {
    const std::int64_t number = m_iteration + 1;
    const std::uint64_t seed = mixed_seed(m_options.seed, static_cast<std::uint64_t>(number));
    const std::vector<std::int64_t> drawn = drawn_samples(m_target.count(), m_options.batch, seed);
    at::manual_seed(seed);   // what quantisers inside the unit drop
    {
        const c10::NoGradGuard no_gradients;
        for (std::size_t i = 0; i < m_soft.size(); ++i) m_roundings[i].rounding->soft_into(m_soft[i]);
    }
    for (at::Tensor& soft : m_soft) soft.mutable_grad() = at::Tensor();
    m_scale_adam.drop_gradients();

    const at::Tensor y = m_run_unit(draw_inputs(drawn, seed), m_soft);
    ReconstructionLoss loss;
    loss.reconstruction = compare(y, m_target.draw(drawn));
    if (y.requires_grad()) y.backward(m_gradient);

    const double weight = rounding_weight(m_options.rounding, number, m_options.iterations), temperature = rounding_temperature(m_options.rounding, number, m_options.iterations);
    for (std::size_t i = 0; i < m_soft.size(); ++i) loss.rounding += m_roundings[i].rounding->set_gradient(m_soft[i].grad(), weight, temperature);
    loss.total = loss.reconstruction + loss.rounding;
    m_alpha_adam.step(m_options.learning_rate);
    const double turn = static_cast<double>(m_iteration) / static_cast<double>(m_options.iterations);
    m_scale_adam.step(m_options.scale_learning_rate * (1 + std::cos(std::numbers::pi * turn)) / 2);
    const c10::NoGradGuard no_gradients;
    for (auto& [name, scale] : m_scales) scale.clamp_min_(std::numeric_limits<float>::epsilon());
    m_iteration = number;
    return loss;
}

void Reconstruction::run(const std::function<void(std::int64_t, const ReconstructionLoss&)>& done) {
    const at::AutoGradMode with_gradients(true);
    while (m_iteration < m_options.iterations) {
        const ReconstructionLoss loss = step();
        if (done) done(m_iteration, loss);
    }
}

std::map<std::string, at::Tensor> Reconstruction::state() const {
    std::map<std::string, at::Tensor> all{{"iteration", at::full({1}, m_iteration, at::kLong)}};
    for (const NamedTensors* tensors : {&m_alphas, &m_scales})
        for (const auto& [key, tensor] : *tensors) all.emplace(key, tensor.detach());
    for (const AdamW* adam : {&m_alpha_adam, &m_scale_adam})
        for (const auto& [key, tensor] : adam->state()) all.emplace(key, tensor);
    return all;
}

void Reconstruction::restore(const std::map<std::string, at::Tensor>& state) {
    const auto check = [&](const std::string& key, at::IntArrayRef shape) {
        const auto found = state.find(key);
        if (found == state.end() || !found->second.sizes().equals(shape))
            throw Error(ErrorCode::wrong_format, "The saved state is not that of this reconstruction.", key, "Resume with the model and the options that it was saved with.");
    };
    for (const auto& [key, tensor] : this->state()) check(key, tensor.sizes());
    const std::int64_t iteration = state.at("iteration").item<std::int64_t>();
    if (iteration < 0 || iteration > m_options.iterations)
        throw Error(ErrorCode::wrong_format, "The saved state is of another number of iterations.", std::to_string(iteration) + " of " + std::to_string(m_options.iterations),
            "Resume with the options that it was saved with.");
    const c10::NoGradGuard no_gradients;
    for (const NamedTensors* tensors : {&m_alphas, &m_scales})
        for (const auto& [key, tensor] : *tensors) tensor.copy_(state.at(key));
    m_alpha_adam.restore(state, iteration);
    m_scale_adam.restore(state, iteration);
    m_iteration = iteration;
}

}
