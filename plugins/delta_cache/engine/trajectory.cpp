#include "plugins/delta_cache/engine/trajectory.h"
#include "core/base/error.h"
#include "core/base/time.h"
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

namespace lathe::delta_cache {

NoiseSource::NoiseSource(std::int64_t seed, std::vector<std::int64_t> shape) : m_shape(std::move(shape)) {
    for (std::int64_t k = 0; k < m_shape.at(0); ++k) m_generators.push_back(at::make_generator<at::CPUGeneratorImpl>(static_cast<std::uint64_t>(seed + k)));
    m_shape[0] = 1;
}

at::Tensor NoiseSource::next() {
    std::vector<at::Tensor> images;
    for (at::Generator& generator : m_generators) images.push_back(at::randn(m_shape, generator, at::kFloat));
    return images.size() == 1 ? images.front() : at::cat(images);
}

StepPlan CountingPolicy::plan(int step, double t, const at::Tensor& h0, const Cond& cond) {
    StepPlan plan = m_inner->plan(step, t, h0, cond);
    m_computed = plan.computed(m_depth);
    return plan;
}

Trajectory::Trajectory(Dit& dit, Sampler& sampler, at::Tensor labels, Guidance guidance, NoiseSource noise, CachePolicy* policy)
    : m_dit(dit), m_sampler(sampler), m_guidance(guidance), m_noise(std::move(noise)), m_policy(policy), m_labels(std::move(labels)), m_batch(m_labels.size(0)) {
    const DitConfig& config = dit.dit_config();
    if (m_labels.min().item<std::int64_t>() < 0 || m_labels.max().item<std::int64_t>() >= config.label_rows())
        throw Error(ErrorCode::invalid_value, "The model does not know this class.", "class " + std::to_string(m_labels.max().item<std::int64_t>()), "Choose 0 to " + std::to_string(config.num_classes - 1) + ".");
    if (m_guidance.scale != 1) {
        if (config.label_rows() == config.num_classes)
            throw Error(ErrorCode::invalid_value, "This model has no null class, so it cannot be guided.", "guidance " + number_text(m_guidance.scale), "Set the guidance to 1.");
        m_labels = at::cat({m_labels, at::full_like(m_labels, config.null_class())});
    }
    m_start = m_noise.next();
    m_x = m_sampler.initial_scale() == 1 ? m_start : m_start * m_sampler.initial_scale();
    m_sampler.reset();
    if (m_policy) m_policy->reset();
    m_schedule.emplace(m_dit, m_sampler.timesteps(), m_labels);
}

at::Tensor Trajectory::model(int step, int& computed, TapStack* taps) {
    const DitConfig& config = m_dit.dit_config();
    at::Tensor input = m_sampler.model_input(m_x, step);
    const bool guided = m_guidance.scale != 1;
    if (guided) input = at::cat({input, input});
    const double t = m_sampler.timestep(step);
    const DitModulation& modulation = m_schedule->at(step);
    at::Tensor output;
    computed = config.depth;
    if (m_policy) {
        CountingPolicy counting(m_policy, config.depth);
        output = m_dit.run(input, modulation, taps, &counting, step, t, {at::full({input.size(0)}, t), m_labels, modulation.blocks});
        computed = counting.computed();
    } else {
        output = m_dit.run(input, modulation, taps);
    }
    if (guided) output = guide(output, m_guidance.scale, m_guidance.channels).narrow(0, 0, m_batch);
    return m_sampler.takes_variance() ? output : output.narrow(1, 0, config.in_channels);
}

StepReport Trajectory::advance(TapStack* taps) {
    StepReport report;
    report.step = m_step;
    const double started = monotonic_seconds();
    const at::Tensor output = model(m_step, report.computed_blocks, taps);
    report.seconds = monotonic_seconds() - started;
    const at::Tensor noise = m_noise.next();
    SampleStep made = m_sampler.step(m_step, m_x, output, noise);
    if (!at::isfinite(made.sample).all().item<bool>())
        throw Error(ErrorCode::invalid_value, "The model produced values that are not finite.", "step " + std::to_string(m_step) + ", t = " + number_text(m_sampler.timestep(m_step)),
            "Its weights may hold NaN or infinite values (look at them in the model inspector), or the guidance is too large.");
    m_x = std::move(made.sample);
    m_pred_x0 = std::move(made.pred_x0);
    ++m_step;
    return report;
}

}
