#pragma once
// The tables behind the diffusers schedulers: training betas, spacings of time steps, forms of the sigmas. Not used elsewhere.
#include "core/base/error.h"
#include "core/base/json.h"
#include <string>
#include <vector>

namespace lathe::delta_cache::tables {

/// An option of the Python class, or its default; null counts as not given. Throws Error(invalid_value).
template <class T> T option(const Json& options, const char* key, T fallback) {
    const auto found = options.find(key);
    if (found == options.end() || found->is_null()) return fallback;
    try {
        return found->get<T>();
    } catch (const Json::exception&) {
        throw Error(ErrorCode::invalid_value, "This option of the scheduler has the wrong type.", std::string(key) + " = " + found->dump());
    }
}

/// ᾱ of every training step in float32, from trained_betas or beta_schedule (linear, scaled_linear, squaredcos_cap_v2).
std::vector<double> alphas_cumprod(const Json& options);

std::vector<double> leading(int stride, int count, int offset);             ///< (count-1)*stride … 0, plus the offset
std::vector<double> trailing(int last, double stride);                      ///< last-1, last-1-stride, … rounded half to even
std::vector<double> linspace_descending(int last, int count);               ///< last … 0
[[noreturn]] void refuse_spacing(const std::string& spacing);

enum class SigmaForm { interpolated, karras, exponential, lu };
SigmaForm sigma_form(const Json& options);
std::vector<double> reshape_sigmas(SigmaForm form, double largest, double smallest, int count);
std::vector<double> interpolate(const std::vector<double>& table, const std::vector<double>& at);
std::vector<double> sigmas_to_timesteps(const std::vector<double>& sigmas, const std::vector<double>& training_sigmas);   ///< log-linear between the training sigmas

}
