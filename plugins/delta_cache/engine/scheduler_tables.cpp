#include "plugins/delta_cache/engine/scheduler_tables.h"
#include <ATen/ATen.h>
#include <cmath>

namespace lathe::delta_cache::tables {
namespace {

constexpr double kKarrasRho = 7.0;

/// Glide's cosine schedule: β_i = 1 - ᾱ(i+1) / ᾱ(i), at most 0.999.
at::Tensor cosine_betas(int count) {
    at::Tensor betas = at::empty({count}, at::kFloat);
    const auto bar = [](double t) {
        const double c = std::cos((t + 0.008) / 1.008 * M_PI / 2);
        return c * c;
    };
    for (int i = 0; i < count; ++i) betas.mutable_data_ptr<float>()[i] = static_cast<float>(std::min(1 - bar(double(i + 1) / count) / bar(double(i) / count), 0.999));
    return betas;
}

/// Shifts and scales sqrt(ᾱ) so that the last step has no signal left.
at::Tensor zero_terminal_snr(const at::Tensor& betas) {
    at::Tensor root = at::cumprod(1.0 - betas, 0).sqrt();
    const at::Tensor first = root[0].clone(), last = root[-1].clone();
    root = (root - last) * (first / (first - last));
    const at::Tensor bar = root.square();
    return 1 - at::cat({bar.narrow(0, 0, 1), bar.narrow(0, 1, bar.size(0) - 1) / bar.narrow(0, 0, bar.size(0) - 1)});
}

}

std::vector<double> alphas_cumprod(const Json& options) {
    const int count = option(options, "num_train_timesteps", 1000);
    if (count < 2 || count > 100'000) throw Error(ErrorCode::invalid_value, "The number of training steps must be between 2 and 100000.", "num_train_timesteps " + std::to_string(count));
    const double first = option(options, "beta_start", 0.0001), last = option(options, "beta_end", 0.02);
    const std::string schedule = option<std::string>(options, "beta_schedule", "linear");
    at::Tensor betas;
    if (const auto trained = option(options, "trained_betas", std::vector<double>()); !trained.empty()) betas = at::tensor(trained, at::kFloat);
    else if (schedule == "linear") betas = at::linspace(first, last, count, at::kFloat);
    else if (schedule == "scaled_linear") betas = at::linspace(std::sqrt(first), std::sqrt(last), count, at::kFloat).square();
    else if (schedule == "squaredcos_cap_v2") betas = cosine_betas(count);
    else throw Error(ErrorCode::unsupported, "This beta schedule is not known.", "beta_schedule " + schedule, "Use linear, scaled_linear or squaredcos_cap_v2.");
    const bool zero_snr = option(options, "rescale_betas_zero_snr", false);
    if (zero_snr) betas = zero_terminal_snr(betas);
    const at::Tensor bar = at::cumprod(1.0 - betas, 0);
    std::vector<double> out;
    for (std::int64_t i = 0; i < bar.size(0); ++i) out.push_back(bar.const_data_ptr<float>()[i]);
    if (zero_snr) out.back() = std::ldexp(1.0, -24);   // close to 0, so that the first sigma is finite
    return out;
}

std::vector<double> leading(int stride, int count, int offset) {
    std::vector<double> out;
    for (int k = count - 1; k >= 0; --k) out.push_back(k * stride + offset);
    return out;
}

std::vector<double> trailing(int last, double stride) {
    std::vector<double> out;
    const int count = static_cast<int>(std::ceil(last / stride));
    for (int k = 0; k < count; ++k) out.push_back(std::nearbyint(last - k * stride) - 1);
    return out;
}

std::vector<double> linspace_descending(int last, int count) {
    std::vector<double> out(static_cast<std::size_t>(count));
    const double step = count > 1 ? static_cast<double>(last) / (count - 1) : 0;
    for (int k = 0; k < count; ++k) out[static_cast<std::size_t>(count - 1 - k)] = k * step;
    if (count > 1) out.front() = last;
    return out;
}

void refuse_spacing(const std::string& spacing) {
    throw Error(ErrorCode::unsupported, "This spacing of time steps is not known.", "timestep_spacing " + spacing, "Use linspace, leading or trailing.");
}

SigmaForm sigma_form(const Json& options) {
    if (option(options, "use_beta_sigmas", false) || option(options, "use_flow_sigmas", false))
        throw Error(ErrorCode::unsupported, "Beta and flow sigmas are not supported.", "use_beta_sigmas / use_flow_sigmas", "Use karras, exponential, lu or plain sigmas.");
    if (option(options, "use_karras_sigmas", false)) return SigmaForm::karras;
    if (option(options, "use_exponential_sigmas", false)) return SigmaForm::exponential;
    if (option(options, "use_lu_lambdas", false)) return SigmaForm::lu;
    return SigmaForm::interpolated;
}

std::vector<double> reshape_sigmas(SigmaForm form, double largest, double smallest, int count) {
    std::vector<double> out;
    for (int k = 0; k < count; ++k) {
        const double ramp = count > 1 ? static_cast<double>(k) / (count - 1) : 0;
        if (form == SigmaForm::karras) {
            const double high = std::pow(largest, 1 / kKarrasRho), low = std::pow(smallest, 1 / kKarrasRho);
            out.push_back(std::pow(high + ramp * (low - high), kKarrasRho));
        } else {   // equal steps of the logarithm
            out.push_back(std::exp(std::log(largest) + ramp * (std::log(smallest) - std::log(largest))));
        }
    }
    return out;
}

std::vector<double> interpolate(const std::vector<double>& table, const std::vector<double>& at) {
    std::vector<double> out;
    const double last = static_cast<double>(table.size() - 1);
    for (double t : at) {
        const double x = std::clamp(t, 0.0, last);
        const auto low = std::min(static_cast<std::size_t>(x), table.size() - 2);
        const double w = x - static_cast<double>(low);
        out.push_back(w == 0 ? table[low] : table[low] + w * (table[low + 1] - table[low]));
    }
    return out;
}

std::vector<double> sigmas_to_timesteps(const std::vector<double>& sigmas, const std::vector<double>& training_sigmas) {
    std::vector<double> logs, out;
    for (double sigma : training_sigmas) logs.push_back(std::log(static_cast<float>(sigma)));   // float32 as in the Python class
    for (double sigma : sigmas) {
        const double wanted = std::log(std::max(sigma, 1e-10));
        const auto above = std::upper_bound(logs.begin(), logs.end(), wanted);
        const auto low = std::min<std::size_t>(above == logs.begin() ? 0 : static_cast<std::size_t>(above - logs.begin() - 1), logs.size() - 2);
        const double w = std::clamp((logs[low] - wanted) / (logs[low] - logs[low + 1]), 0.0, 1.0);
        out.push_back((1 - w) * static_cast<double>(low) + w * static_cast<double>(low + 1));
    }
    return out;
}

}
