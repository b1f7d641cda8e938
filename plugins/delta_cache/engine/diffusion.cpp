#include "plugins/delta_cache/engine/diffusion.h"
#include "core/base/error.h"
#include <ATen/ATen.h>
#include <charconv>
#include <cmath>
#include <set>

namespace lathe::delta_cache {
namespace {

[[noreturn]] void refuse(const std::string& what, std::string_view respacing, const std::string& hint) {
    throw Error(ErrorCode::invalid_value, what, "respacing \"" + std::string(respacing) + "\"", hint);
}

int count_from(std::string_view text, std::string_view respacing) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0) refuse("A respacing must hold step counts.", respacing, "Write a number (\"20\"), a list (\"10,5,5\") or \"ddim20\".");
    return value;
}

/// The coefficients reach the tensors as float32, as in the official code.
float single(double value) { return static_cast<float>(value); }

}

std::vector<double> linear_betas(int total) {
    std::vector<double> betas(static_cast<std::size_t>(total));
    const double scale = 1000.0 / total, first = scale * 0.0001, last = scale * 0.02;
    const double step = total > 1 ? (last - first) / (total - 1) : 0;
    for (int i = 0; i < total; ++i) betas[static_cast<std::size_t>(i)] = first + i * step;
    if (total > 1) betas.back() = last;
    return betas;
}

std::vector<int> space_timesteps(int total, std::string_view respacing) {
    std::set<int> kept;
    if (respacing.starts_with("ddim")) {
        const int wanted = count_from(respacing.substr(4), respacing);
        for (int stride = 1; stride < total; ++stride) {
            if ((total + stride - 1) / stride != wanted) continue;
            for (int t = 0; t < total; t += stride) kept.insert(t);
            return {kept.begin(), kept.end()};
        }
        refuse("No integer stride keeps exactly " + std::to_string(wanted) + " of " + std::to_string(total) + " time steps.", respacing, "Choose another count, or the form without \"ddim\".");
    }
    std::vector<int> counts;
    if (respacing.empty()) counts.push_back(total);
    for (std::string_view rest = respacing; !rest.empty();) {
        const auto comma = rest.find(',');
        counts.push_back(count_from(rest.substr(0, comma), respacing));
        if (comma != std::string_view::npos && comma + 1 == rest.size()) refuse("The respacing ends with a comma.", respacing, "Remove it.");
        rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    }
    const int sections = static_cast<int>(counts.size()), size_per = total / sections, extra = total % sections;
    int start = 0;
    for (int i = 0; i < sections; ++i) {
        const int size = size_per + (i < extra ? 1 : 0), count = counts[static_cast<std::size_t>(i)];
        if (size < count) refuse("A section of " + std::to_string(size) + " time steps cannot give " + std::to_string(count) + ".", respacing, "Ask for fewer steps.");
        const double stride = count <= 1 ? 1 : static_cast<double>(size - 1) / (count - 1);
        double at = 0;
        for (int k = 0; k < count; ++k, at += stride) kept.insert(start + static_cast<int>(std::nearbyint(at)));   // half to even, as Python
        start += size;
    }
    return {kept.begin(), kept.end()};
}

SpacedDiffusion::SpacedDiffusion(DiffusionOptions options) : m_options(std::move(options)) {
    timestep_map = space_timesteps(m_options.total_steps, m_options.respacing);
    if (timestep_map.size() < 2) refuse("The official diffusion needs at least two steps.", m_options.respacing, "Use 2 steps or more, or a diffusers sampler.");
    const std::vector<double> base = linear_betas(m_options.total_steps);
    double product = 1, last = 1;
    std::size_t next = 0;
    for (int t = 0; t < m_options.total_steps && next < timestep_map.size(); ++t) {
        product *= 1 - base[static_cast<std::size_t>(t)];
        if (timestep_map[next] != t) continue;
        betas.push_back(1 - product / last);
        last = product;
        ++next;
    }
    product = 1;
    for (double beta : betas) {
        alphas_cumprod_prev.push_back(product);
        product *= 1 - beta;
        alphas_cumprod.push_back(product);
    }
    for (std::size_t i = 0; i < betas.size(); ++i) {
        const double beta = betas[i], bar = alphas_cumprod[i], before = alphas_cumprod_prev[i];
        alphas_cumprod_next.push_back(i + 1 < betas.size() ? alphas_cumprod[i + 1] : 0.0);
        sqrt_alphas_cumprod.push_back(std::sqrt(bar));
        sqrt_one_minus_alphas_cumprod.push_back(std::sqrt(1 - bar));
        log_one_minus_alphas_cumprod.push_back(std::log(1 - bar));
        sqrt_recip_alphas_cumprod.push_back(std::sqrt(1 / bar));
        sqrt_recipm1_alphas_cumprod.push_back(std::sqrt(1 / bar - 1));
        posterior_variance.push_back(beta * (1 - before) / (1 - bar));
        posterior_mean_coef1.push_back(beta * std::sqrt(before) / (1 - bar));
        posterior_mean_coef2.push_back((1 - before) * std::sqrt(1 - beta) / (1 - bar));
    }
    // The variance of the first entry is zero: its logarithm is replaced by the second.
    for (std::size_t i = 0; i < betas.size(); ++i) posterior_log_variance_clipped.push_back(std::log(posterior_variance[std::max<std::size_t>(i, 1)]));
}

at::Tensor SpacedDiffusion::predict_x0(int index, const at::Tensor& x, const at::Tensor& output) const {
    const auto i = static_cast<std::size_t>(index);
    const at::Tensor model = output.narrow(1, 0, x.size(1));
    at::Tensor x0 = m_options.predict_xstart ? model.clone() : x * single(sqrt_recip_alphas_cumprod[i]) - model * single(sqrt_recipm1_alphas_cumprod[i]);
    if (m_options.clip_denoised) x0.clamp_(-1, 1);
    return x0;
}

at::Tensor SpacedDiffusion::log_variance(int index, const at::Tensor& x, const at::Tensor& output) const {
    const auto i = static_cast<std::size_t>(index);
    const double low = posterior_log_variance_clipped[i];
    if (m_options.variance == Variance::learned_range) {
        const at::Tensor fraction = (output.narrow(1, x.size(1), x.size(1)) + 1) / 2;
        return fraction * single(std::log(betas[i])) + (1 - fraction) * single(low);
    }
    if (m_options.variance == Variance::fixed_small) return at::full({}, low, x.options());
    return at::full({}, std::log(i == 0 ? posterior_variance[1] : betas[i]), x.options());
}

SampleStep SpacedDiffusion::ddpm_step(int index, const at::Tensor& x, const at::Tensor& output, const at::Tensor& noise) const {
    const auto i = static_cast<std::size_t>(index);
    at::Tensor x0 = predict_x0(index, x, output);
    at::Tensor sample = x0 * single(posterior_mean_coef1[i]) + x * single(posterior_mean_coef2[i]);
    if (index != 0) sample += at::exp(log_variance(index, x, output) * 0.5) * noise;
    return {std::move(sample), std::move(x0)};
}

SampleStep SpacedDiffusion::ddim_step(int index, const at::Tensor& x, const at::Tensor& output, double eta, const at::Tensor& noise) const {
    const auto i = static_cast<std::size_t>(index);
    at::Tensor x0 = predict_x0(index, x, output);
    // The noise is derived from x0 again, in case x0 was clipped.
    const at::Tensor eps = (x * single(sqrt_recip_alphas_cumprod[i]) - x0) / single(sqrt_recipm1_alphas_cumprod[i]);
    const double bar = alphas_cumprod[i], before = alphas_cumprod_prev[i];
    const double sigma = eta * std::sqrt((1 - before) / (1 - bar)) * std::sqrt(1 - bar / before);
    at::Tensor sample = x0 * single(std::sqrt(before)) + eps * single(std::sqrt(std::max(0.0, 1 - before - sigma * sigma)));
    if (index != 0 && sigma != 0) sample += noise * single(sigma);
    return {std::move(sample), std::move(x0)};
}

namespace {

std::vector<double> descending(const std::vector<int>& map) { return {map.rbegin(), map.rend()}; }

}

DdpmSampler::DdpmSampler(DiffusionOptions options) : m_diffusion(std::move(options)) { m_timesteps = descending(m_diffusion.timestep_map); }

SampleStep DdpmSampler::step(int step, const at::Tensor& x, const at::Tensor& output, const at::Tensor& noise) {
    return m_diffusion.ddpm_step(steps() - 1 - step, x, output, noise);
}

DdimSampler::DdimSampler(DiffusionOptions options, double eta) : m_diffusion(std::move(options)), m_eta(eta) { m_timesteps = descending(m_diffusion.timestep_map); }

SampleStep DdimSampler::step(int step, const at::Tensor& x, const at::Tensor& output, const at::Tensor& noise) {
    return m_diffusion.ddim_step(steps() - 1 - step, x, output, m_eta, noise);
}

}
