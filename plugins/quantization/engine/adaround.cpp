#include "plugins/quantization/engine/adaround.h"
#include "core/base/error.h"
#include "plugins/quantization/engine/lanes.h"
#include <algorithm>
#include <array>
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <cmath>
#include <numeric>

namespace lathe::quantization {
namespace {

constexpr std::int64_t kElementsForThread = 16384;

void check_scales(const at::Tensor& weight, const QuantParams& params, const QuantSpec& spec) {
    const std::int64_t channels = spec.per_channel && weight.dim() > spec.channel_axis ? weight.size(spec.channel_axis) : 1;
    if (!params.scale.defined() || !params.zero_point.defined() || (params.scale.numel() != 1 && params.scale.numel() != channels) || params.zero_point.numel() != params.scale.numel())
        throw Error(ErrorCode::invalid_value, "The scales of a weight do not fit its channels.",
            std::to_string(params.scale.defined() ? params.scale.numel() : 0) + " scales for " + std::to_string(channels) + " channels", "Calibrate the quantizers before weights are rounded.");
    if (!at::logical_and(at::isfinite(params.scale), params.scale > 0).all().item<bool>())
        throw Error(ErrorCode::invalid_value, "A scale is not a positive number, so nothing can be rounded with it.", "weight of " + std::to_string(weight.numel()) + " values",
            "Calibrate the quantizers again.");
    if (!at::isfinite(weight).all().item<bool>())
        throw Error(ErrorCode::invalid_value, "A weight to be rounded holds NaN or infinite values.", "weight of " + std::to_string(weight.numel()) + " values", "Check the checkpoint.");
}

/// floor(w / s), and the scale and the range less z along the weight's channels.
struct OnGrid {
    at::Tensor scale, floor, low, high;
};

OnGrid on_grid(const at::Tensor& weight, const QuantParams& params, const QuantSpec& spec) {
    const at::Tensor scale = along_channels(params.scale.detach().to(at::kFloat), weight, spec), zero = along_channels(at::round(params.zero_point.detach().to(at::kFloat)), weight, spec);
    return {scale, at::floor(weight / scale), static_cast<double>(spec.quant_min) - zero, static_cast<double>(spec.quant_max) - zero};
}

float* floats(const at::Tensor& t) { return t.mutable_data_ptr<float>(); }

/// |2 h - 1|
void stretched_distance(const float* __restrict sigmoid, float* __restrict to, std::int64_t count, float width, float gamma) {
    const auto one = [&](std::int64_t i) { to[i] = std::abs(2 * std::min(std::max(sigmoid[i] * width + gamma, 0.0f), 1.0f) - 1); };
    by_lanes(
        0, count,
        [&](std::int64_t i) {
            for (std::int64_t k = 0; k < kLanes; ++k) one(i + k);
        },
        one);
}

/// Sum of 1 - power · distance.
double undecided(const float* power, const float* distance, std::int64_t count) {
    std::array<double, kLanes> sums{};
    const auto add = [&](std::int64_t i, std::size_t lane) { sums[lane] += static_cast<double>(1 - power[i] * distance[i]); };
    by_lanes(
        0, count,
        [&](std::int64_t i) {
            for (std::size_t k = 0; k < kLanes; ++k) add(i + static_cast<std::int64_t>(k), k);
        },
        [&](std::int64_t i) { add(i, 0); });
    return std::accumulate(sums.begin(), sums.end(), 0.0);
}

struct Descent {
    const float *gradient, *sigmoid, *step, *power;
    float width, gamma, pull;
};

/// The gradient of alpha for n weights from i on. power is 0 at h = 0.5, where the sign of the regulariser's slope jumps.
template <bool regular, std::int64_t n> void descend(const Descent& d, std::int64_t i, float* __restrict to) {
    const float* __restrict gradient = d.gradient + i, * __restrict sigmoid = d.sigmoid + i, * __restrict step = d.step + i, * __restrict power = d.power + i;
    const float width = d.width, gamma = d.gamma, pull = d.pull;
    to += i;
    for (std::int64_t k = 0; k < n; ++k) {
        const float raw = sigmoid[k] * width + gamma;
        const float slope = std::clamp(raw, 0.0f, 1.0f) == raw ? width * sigmoid[k] * (1 - sigmoid[k]) : 0.0f;   // h is clamped beyond
        const float pulled = regular ? std::copysign(pull, raw - 0.5f) * power[k] : 0.0f;
        to[k] = (gradient[k] * step[k] - pulled) * slope;
    }
}

}

AdaRound::AdaRound(const at::Tensor& weight, const QuantParams& params, const QuantSpec& spec, const SigmoidStretch& stretch)
    : m_weight(weight.detach().to(at::kFloat).contiguous()), m_params(params), m_spec(spec), m_stretch(stretch) {
    check_scales(m_weight, params, spec);
    const OnGrid grid = on_grid(m_weight, params, spec);
    const at::Tensor rest = m_weight / grid.scale - grid.floor;
    alpha = (-at::log((stretch.zeta - stretch.gamma) / (rest - stretch.gamma) - 1)).contiguous();
    const at::Tensor inside = at::logical_and(grid.floor >= grid.low, grid.floor < grid.high);
    m_low = (at::clamp(grid.floor, grid.low, grid.high) * grid.scale).contiguous();
    m_step = at::where(inside, grid.scale, 0.0f).contiguous();
    m_sigmoid = at::sigmoid(alpha);
    m_distance = at::empty_like(alpha);
    m_power = at::empty_like(alpha);
    alpha.mutable_grad() = at::zeros_like(alpha);
}

at::Tensor AdaRound::h() const { return at::clamp(at::sigmoid(alpha) * (m_stretch.zeta - m_stretch.gamma) + m_stretch.gamma, 0, 1); }

void AdaRound::soft_into(const at::Tensor& out) {
    at::sigmoid_out(m_sigmoid, alpha);
    const float *sigmoid = floats(m_sigmoid), *low = floats(m_low), *step = floats(m_step);
    const float width = static_cast<float>(m_stretch.zeta - m_stretch.gamma), gamma = static_cast<float>(m_stretch.gamma);
    float* to = floats(out);
    at::parallel_for(0, alpha.numel(), kElementsForThread, [&](std::int64_t first, std::int64_t end) {
        for (std::int64_t i = first; i < end; ++i) to[i] = low[i] + step[i] * std::min(std::max(sigmoid[i] * width + gamma, 0.0f), 1.0f);
    });
}

at::Tensor AdaRound::hard() const {
    const OnGrid grid = on_grid(m_weight, m_params, m_spec);
    return at::clamp(grid.floor + (alpha >= 0).to(at::kFloat), grid.low, grid.high) * grid.scale;
}

double AdaRound::set_gradient(const at::Tensor& soft_gradient, double rounding_weight, double temperature) {
    const at::Tensor given = soft_gradient.defined() ? soft_gradient.contiguous() : at::zeros_like(alpha);
    const std::int64_t count = alpha.numel();
    const float width = static_cast<float>(m_stretch.zeta - m_stretch.gamma), gamma = static_cast<float>(m_stretch.gamma);
    const bool regular = rounding_weight != 0;
    if (regular) {
        stretched_distance(floats(m_sigmoid), floats(m_distance), count, width, gamma);
        at::log_out(m_power, m_distance).mul_(temperature - 1).exp_();   // several times as fast as pow, and as exact: where the logarithm is large, the power is small
    }
    const Descent from{given.const_data_ptr<float>(), floats(m_sigmoid), floats(m_step), floats(m_power), width, gamma, static_cast<float>(2 * rounding_weight * temperature)};
    float* to = floats(alpha.grad());
    at::parallel_for(0, count, kElementsForThread, [&](std::int64_t first, std::int64_t end) {
        if (regular) by_lanes(first, end, [&](std::int64_t i) { descend<true, kLanes>(from, i, to); }, [&](std::int64_t i) { descend<true, 1>(from, i, to); });
        else by_lanes(first, end, [&](std::int64_t i) { descend<false, kLanes>(from, i, to); }, [&](std::int64_t i) { descend<false, 1>(from, i, to); });
    });
    if (!regular) return 0;
    return rounding_weight * undecided(floats(m_power), floats(m_distance), count);
}

double rounding_temperature(const RoundingSchedule& schedule, std::int64_t iteration, std::int64_t iterations) {
    const double begin = schedule.warm_up * static_cast<double>(iterations), t = static_cast<double>(iteration);
    if (t < begin) return schedule.start;
    const double left = static_cast<double>(iterations) - begin;
    return schedule.end + (schedule.start - schedule.end) * (left > 0 ? std::max(0.0, 1 - (t - begin) / left) : 0);
}

double rounding_weight(const RoundingSchedule& schedule, std::int64_t iteration, std::int64_t iterations) {
    return static_cast<double>(iteration) < schedule.warm_up * static_cast<double>(iterations) ? 0 : schedule.weight;
}

}
