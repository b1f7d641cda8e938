#include "plugins/delta_cache/engine/schedulers.h"
#include "core/base/error.h"
#include "plugins/delta_cache/engine/scheduler_tables.h"
#include <ATen/ATen.h>
#include <cmath>

namespace lathe::delta_cache {

using tables::option;

DiffusersScheduler::DiffusersScheduler(const Json& options) : m_options(options.is_null() ? Json::object() : options) {
    if (!m_options.is_object()) throw Error(ErrorCode::wrong_format, "The options of a scheduler must be an object.", m_options.dump());
    const std::string prediction = option<std::string>(m_options, "prediction_type", "epsilon");
    if (prediction == "epsilon") m_prediction = Prediction::epsilon;
    else if (prediction == "v_prediction") m_prediction = Prediction::v_prediction;
    else if (prediction == "sample") m_prediction = Prediction::sample;
    else throw Error(ErrorCode::unsupported, "This prediction type is not known.", "prediction_type " + prediction, "Use epsilon, v_prediction or sample.");
    m_offset = option(m_options, "steps_offset", 0);
    m_alphas_cumprod = tables::alphas_cumprod(m_options);
}

void DiffusersScheduler::threshold(at::Tensor& x0) const {
    const at::Tensor flat = x0.flatten(1);
    const at::Tensor limit = at::quantile(flat.abs(), option(m_options, "dynamic_thresholding_ratio", 0.995), 1, true).clamp(1, option(m_options, "sample_max_value", 1.0));
    x0 = (at::minimum(at::maximum(flat, -limit), limit) / limit).view(x0.sizes());
}

std::vector<double> DiffusersScheduler::training_sigmas() const {
    std::vector<double> sigmas;
    sigmas.reserve(m_alphas_cumprod.size());
    for (double value : m_alphas_cumprod) {
        const float bar = static_cast<float>(value);
        sigmas.push_back(std::sqrt((1.0F - bar) / bar));
    }
    return sigmas;
}

void DiffusersScheduler::set_final_sigma() {
    const std::string final_type = option<std::string>(m_options, "final_sigmas_type", "zero");
    if (final_type != "zero" && final_type != "sigma_min")
        throw Error(ErrorCode::unsupported, "This final sigma is not known.", "final_sigmas_type " + final_type, "Use zero or sigma_min.");
    m_sigmas.push_back(final_type == "zero" ? 0.0 : training_sigmas().front());
    for (double& sigma : m_sigmas) sigma = static_cast<float>(sigma);
}

// --- DPM-Solver ------------------------------------------------------------------------------------------------------

DpmSolverMultistep::DpmSolverMultistep(int steps, const Json& options) : DiffusersScheduler(options) {
    const std::string algorithm = option<std::string>(m_options, "algorithm_type", "dpmsolver++");
    if (algorithm == "dpmsolver++" || algorithm == "deis") m_algorithm = Algorithm::plus;
    else if (algorithm == "dpmsolver") m_algorithm = Algorithm::plain;
    else if (algorithm == "sde-dpmsolver++") m_algorithm = Algorithm::sde_plus;
    else throw Error(ErrorCode::unsupported, "This form of DPM-Solver is not known.", "algorithm_type " + algorithm, "Use dpmsolver++, dpmsolver or sde-dpmsolver++.");
    m_heun = option<std::string>(m_options, "solver_type", "midpoint") == "heun";
    m_lower_final = option(m_options, "lower_order_final", true);
    m_euler_final = option(m_options, "euler_at_final", false);
    m_order = option(m_options, "solver_order", 2);
    if (m_order < 1 || m_order > 3) throw Error(ErrorCode::invalid_value, "DPM-Solver has the orders 1, 2 and 3.", "solver_order " + std::to_string(m_order));
    m_spacing = option<std::string>(m_options, "timestep_spacing", "linspace");
    make_timesteps(steps);
    if (m_algorithm == Algorithm::plain && m_sigmas.back() == 0)
        throw Error(ErrorCode::invalid_value, "algorithm_type dpmsolver cannot end at sigma 0.", "final_sigmas_type zero", "Set final_sigmas_type to sigma_min.");
}

void DpmSolverMultistep::make_timesteps(int steps) {
    const std::vector<double> sigmas = training_sigmas();
    // The noisiest steps are left out where lambda = ln(alpha/sigma) is below the limit.
    const double lambda_min = option(m_options, "lambda_min_clipped", -HUGE_VAL);
    int last = train_steps();
    while (last > 1 && -std::log(sigmas[static_cast<std::size_t>(last - 1)]) < lambda_min) --last;
    if (m_spacing == "leading") {
        m_timesteps = tables::leading(last / (steps + 1), steps + 1, m_offset);
        m_timesteps.pop_back();
    } else if (m_spacing == "trailing") {
        m_timesteps = tables::trailing(last, static_cast<double>(train_steps()) / steps);
    } else if (m_spacing == "linspace") {
        m_timesteps = tables::linspace_descending(last - 1, steps + 1);
        m_timesteps.pop_back();
        for (double& t : m_timesteps) t = std::nearbyint(t);
    } else {
        tables::refuse_spacing(m_spacing);
    }
    const tables::SigmaForm form = tables::sigma_form(m_options);
    if (form == tables::SigmaForm::interpolated) {
        m_sigmas = tables::interpolate(sigmas, m_timesteps);
    } else {
        m_sigmas = tables::reshape_sigmas(form, sigmas.back(), sigmas.front(), steps);
        m_timesteps = tables::sigmas_to_timesteps(m_sigmas, sigmas);
        if (option<std::string>(m_options, "beta_schedule", "linear") != "squaredcos_cap_v2")
            for (double& t : m_timesteps) t = std::nearbyint(t);
    }
    set_final_sigma();
}

void DpmSolverMultistep::reset() {
    m_outputs.clear();
    m_known = 0;
}

DpmSolverMultistep::Point DpmSolverMultistep::point(int index) const {
    const double ratio = m_sigmas[static_cast<std::size_t>(index)], alpha = 1 / std::sqrt(ratio * ratio + 1);
    return {alpha, ratio * alpha, -std::log(ratio)};
}

SampleStep DpmSolverMultistep::step(int step, const at::Tensor& x, const at::Tensor& output, const at::Tensor& noise) {
    const Point now = point(step);
    at::Tensor x0, eps;
    switch (m_prediction) {
    case Prediction::epsilon: x0 = (x - output * now.sigma) / now.alpha; break;
    case Prediction::v_prediction: x0 = x * now.alpha - output * now.sigma; break;
    case Prediction::sample: x0 = output.clone(); break;
    }
    if (option(m_options, "thresholding", false)) threshold(x0);
    const bool data = m_algorithm != Algorithm::plain;
    m_outputs.insert(m_outputs.begin(), data ? x0 : (x - x0 * now.alpha) / now.sigma);
    if (m_outputs.size() > 3) m_outputs.pop_back();

    const bool last = step == steps() - 1, few = m_lower_final && steps() < 15;
    int order = std::min(m_order, m_known + 1);
    if (last && (m_euler_final || few || m_sigmas.back() == 0)) order = 1;
    if (step == steps() - 2 && few) order = std::min(order, 2);
    m_known = std::min(m_known + 1, m_order);
    return {update(order, step, x, noise), std::move(x0)};
}

at::Tensor DpmSolverMultistep::update(int order, int step, const at::Tensor& x, const at::Tensor& noise) const {
    const Point t = point(step + 1), s = point(step);
    const double h = t.lambda - s.lambda;             // infinite where the last sigma is 0: then order is 1
    // x_t = keep * x + c0 * D0 + c1 * D1 + c2 * D2 (+ spread * noise), D the divided differences of the model's outputs.
    double keep = 0, c0 = 0, c1 = 0, c2 = 0, spread = 0;
    switch (m_algorithm) {
    case Algorithm::plus: {
        const double phi = std::expm1(-h);
        keep = t.sigma / s.sigma;
        c0 = -t.alpha * phi;
        c1 = order == 3 || m_heun ? t.alpha * (phi / h + 1) : -0.5 * t.alpha * phi;
        c2 = -t.alpha * ((phi + h) / (h * h) - 0.5);
        break;
    }
    case Algorithm::plain: {
        const double phi = std::expm1(h);
        keep = t.alpha / s.alpha;
        c0 = -t.sigma * phi;
        c1 = order == 3 || m_heun ? -t.sigma * (phi / h - 1) : -0.5 * t.sigma * phi;
        c2 = -t.sigma * ((phi - h) / (h * h) - 0.5);
        break;
    }
    case Algorithm::sde_plus: {
        if (order == 3) throw Error(ErrorCode::unsupported, "The stochastic DPM-Solver has no third order here.", "solver_order 3", "Use solver_order 2.");
        const double phi = -std::expm1(-2 * h);
        keep = t.sigma / s.sigma * std::exp(-h);
        c0 = t.alpha * phi;
        c1 = m_heun ? t.alpha * (phi / (-2 * h) + 1) : 0.5 * t.alpha * phi;
        spread = t.sigma * std::sqrt(phi);
        break;
    }
    }
    at::Tensor out = x * keep + m_outputs[0] * c0;
    if (order >= 2) {
        const double h0 = s.lambda - point(step - 1).lambda, r0 = h0 / h;
        const at::Tensor newer = (m_outputs[0] - m_outputs[1]) * (1 / r0);
        if (order == 2) {
            out += newer * c1;
        } else {
            const double r1 = (point(step - 1).lambda - point(step - 2).lambda) / h;
            const at::Tensor bend = newer - (m_outputs[1] - m_outputs[2]) * (1 / r1);
            out += (newer + bend * (r0 / (r0 + r1))) * c1 + bend * (c2 / (r0 + r1));
        }
    }
    if (spread != 0) out += noise * spread;
    return out;
}

// --- Euler -----------------------------------------------------------------------------------------------------------

EulerDiscrete::EulerDiscrete(int steps, const Json& options) : DiffusersScheduler(options) {
    m_spacing = option<std::string>(m_options, "timestep_spacing", "linspace");
    if (m_spacing == "leading") m_timesteps = tables::leading(train_steps() / steps, steps, m_offset);
    else if (m_spacing == "trailing") m_timesteps = tables::trailing(train_steps(), static_cast<double>(train_steps()) / steps);
    else if (m_spacing == "linspace") m_timesteps = tables::linspace_descending(train_steps() - 1, steps);
    else tables::refuse_spacing(m_spacing);
    for (double& t : m_timesteps) t = static_cast<float>(t);
    const std::vector<double> sigmas = training_sigmas();
    const std::string interpolation = option<std::string>(m_options, "interpolation_type", "linear");
    if (interpolation == "log_linear") {
        m_sigmas = tables::reshape_sigmas(tables::SigmaForm::exponential, sigmas.back(), sigmas.front(), steps + 1);
        m_sigmas.pop_back();
    } else if (interpolation == "linear") {
        m_sigmas = tables::interpolate(sigmas, m_timesteps);
    } else {
        throw Error(ErrorCode::unsupported, "This interpolation is not known.", "interpolation_type " + interpolation, "Use linear or log_linear.");
    }
    const tables::SigmaForm form = tables::sigma_form(m_options);
    if (form != tables::SigmaForm::interpolated) {
        // Unlike DPM-Solver, the limits are those of the steps in use, and the time steps stay fractional.
        m_sigmas = tables::reshape_sigmas(form, option(m_options, "sigma_max", m_sigmas.front()), option(m_options, "sigma_min", m_sigmas.back()), steps);
        m_timesteps = tables::sigmas_to_timesteps(m_sigmas, sigmas);
    }
    set_final_sigma();
    if (m_prediction == Prediction::v_prediction && option<std::string>(m_options, "timestep_type", "discrete") == "continuous")
        for (std::size_t i = 0; i < m_timesteps.size(); ++i) m_timesteps[i] = 0.25 * std::log(m_sigmas[i]);
    for (double& t : m_timesteps) t = static_cast<float>(t);
}

double EulerDiscrete::initial_scale() const {
    const double largest = *std::max_element(m_sigmas.begin(), m_sigmas.end());
    return m_spacing == "leading" ? std::sqrt(largest * largest + 1) : largest;
}

at::Tensor EulerDiscrete::model_input(const at::Tensor& x, int step) const {
    const double sigma = m_sigmas[static_cast<std::size_t>(step)];
    return x / std::sqrt(sigma * sigma + 1);
}

SampleStep EulerDiscrete::step(int step, const at::Tensor& x, const at::Tensor& output, const at::Tensor&) {
    const double sigma = m_sigmas[static_cast<std::size_t>(step)], next = m_sigmas[static_cast<std::size_t>(step) + 1], norm = sigma * sigma + 1;
    at::Tensor x0;
    switch (m_prediction) {
    case Prediction::epsilon: x0 = x - output * sigma; break;
    case Prediction::v_prediction: x0 = output * (-sigma / std::sqrt(norm)) + x / norm; break;
    case Prediction::sample: x0 = output.clone(); break;
    }
    at::Tensor sample = x + (x - x0) * ((next - sigma) / sigma);
    return {std::move(sample), std::move(x0)};
}

// --- DDIM ------------------------------------------------------------------------------------------------------------

DdimScheduler::DdimScheduler(int steps, const Json& options, double eta) : DiffusersScheduler(options), m_eta(eta) {
    m_clip = option(m_options, "clip_sample", true);
    m_clip_range = option(m_options, "clip_sample_range", 1.0);
    m_spacing = option<std::string>(m_options, "timestep_spacing", "leading");
    m_stride = train_steps() / steps;
    m_final_bar = option(m_options, "set_alpha_to_one", true) ? 1.0 : bar(0);
    if (m_spacing == "leading") m_timesteps = tables::leading(m_stride, steps, m_offset);
    else if (m_spacing == "trailing") m_timesteps = tables::trailing(train_steps(), static_cast<double>(train_steps()) / steps);
    else if (m_spacing == "linspace") m_timesteps = tables::linspace_descending(train_steps() - 1, steps);
    else tables::refuse_spacing(m_spacing);
    for (double& t : m_timesteps) t = std::nearbyint(t);
    if (m_timesteps.front() >= train_steps())
        throw Error(ErrorCode::invalid_value, "The offset leads beyond the training steps.", "steps_offset " + std::to_string(m_offset), "Use 0 or 1.");
}

SampleStep DdimScheduler::step(int step, const at::Tensor& x, const at::Tensor& output, const at::Tensor& noise) {
    const int t = static_cast<int>(timestep(step)), before = t - m_stride;
    const double now = bar(t), previous = before >= 0 ? bar(before) : m_final_bar, alpha = std::sqrt(now), sigma = std::sqrt(1 - now);
    at::Tensor x0, eps = output;
    switch (m_prediction) {
    case Prediction::epsilon: x0 = (x - output * sigma) / alpha; break;
    case Prediction::sample:
        x0 = output.clone();
        eps = (x - x0 * alpha) / sigma;
        break;
    case Prediction::v_prediction:
        x0 = x * alpha - output * sigma;
        eps = output * alpha + x * sigma;
        break;
    }
    if (option(m_options, "thresholding", false)) threshold(x0);
    else if (m_clip) x0.clamp_(-m_clip_range, m_clip_range);
    const double deviation = m_eta * std::sqrt(std::max(0.0, (1 - previous) / (1 - now) * (1 - now / previous)));
    at::Tensor sample = x0 * std::sqrt(previous) + eps * std::sqrt(std::max(0.0, 1 - previous - deviation * deviation));
    if (m_eta > 0) sample += noise * deviation;
    return {std::move(sample), std::move(x0)};
}

std::unique_ptr<DiffusersScheduler> make_scheduler(std::string_view class_name, int steps, const Json& options, double eta) {
    if (steps < 1 || steps > 1000) throw Error(ErrorCode::invalid_value, "A scheduler takes 1 to 1000 steps.", "steps " + std::to_string(steps));
    if (class_name == "DPMSolverMultistepScheduler") return std::make_unique<DpmSolverMultistep>(steps, options);
    if (class_name == "EulerDiscreteScheduler") return std::make_unique<EulerDiscrete>(steps, options);
    if (class_name == "DDIMScheduler") return std::make_unique<DdimScheduler>(steps, options, eta);
    throw Error(ErrorCode::unsupported, "This scheduler is not known.", std::string(class_name), "Known: DPMSolverMultistepScheduler, EulerDiscreteScheduler, DDIMScheduler.");
}

}
