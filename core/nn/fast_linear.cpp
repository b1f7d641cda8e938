#include "core/nn/fast_linear.h"
#include "core/base/time.h"
#include "core/nn/kernels.h"
#include "core/nn/onednn_linear.h"
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <array>
#include <mutex>
#include <optional>

namespace lathe {

enum class LinearWay : int { own, blas, prepacked };

namespace {

constexpr double kAgreement = 1e-4;          // of oneDNN with at::linear; rounding alone stays far below
constexpr double kWorthACopy = 0.9;          // of the time without one, which is a second weight in memory

using LinearShape = std::array<std::int64_t, 4>;   // rows, in, out, threads
std::mutex g_lock;
std::map<LinearShape, LinearWay>& choices() {
    static std::map<LinearShape, LinearWay> all;
    return all;
}

at::Tensor plain(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
    return bias.defined() ? at::linear(x, weight, bias) : at::linear(x, weight);
}

at::Tensor own(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
    at::Tensor y = at::empty({x.size(0), weight.size(0)}, x.options());
    fused::linears({{x, weight, bias, y}});
    return y;
}

template <class F> double best_of(int times, F f) {
    f();
    double best = 1e9;
    for (int i = 0; i < times; ++i) {
        const double start = monotonic_seconds();
        f();
        best = std::min(best, monotonic_seconds() - start);
    }
    return best;
}

}

const at::Tensor& FastLinear::packed(const at::Tensor& weight, std::int64_t rows) {
    auto [it, is_new] = m_packed.try_emplace(rows);
    if (is_new) it->second = onednn_prepack(weight, rows);
    return it->second;
}

at::Tensor FastLinear::operator()(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
    const std::int64_t in = weight.size(1), out = weight.size(0), rows = x.numel() / std::max<std::int64_t>(1, in);
    const auto plain_floats = [](const at::Tensor& t) { return t.scalar_type() == at::kFloat && t.device().is_cpu(); };
    if (!plain_floats(x) || !plain_floats(weight) || !weight.is_contiguous() || (bias.defined() && (!plain_floats(bias) || !bias.is_contiguous()))) return plain(x, weight, bias);
    auto sizes = x.sizes().vec();
    sizes.back() = out;
    const at::Tensor flat = x.reshape({rows, in}).contiguous();
    if (rows <= fused::thin_rows()) return fused::thin_linear(flat, weight, bias).view(sizes);
    constexpr std::int64_t worth_choosing = 1 << 22;   // multiply-adds; below, the call itself is what costs
    if (rows * in * out < worth_choosing) return own(flat, weight, bias).view(sizes);
    const LinearShape shape{rows, in, out, at::get_num_threads()};
    std::optional<LinearWay> way;
    {
        const std::lock_guard lock(g_lock);
        if (const auto it = choices().find(shape); it != choices().end()) way = it->second;
    }
    if (!way) {
        way = choose(flat, weight, bias);
        const std::lock_guard lock(g_lock);
        choices()[shape] = *way;
    }
    switch (*way) {
        case LinearWay::own: return own(flat, weight, bias).view(sizes);
        case LinearWay::blas: return plain(flat, weight, bias).view(sizes);
        case LinearWay::prepacked: break;
    }
    return onednn_linear(flat, packed(weight, rows), bias).view(sizes);
}

LinearWay FastLinear::choose(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
    const double ours = best_of(3, [&] { own(x, weight, bias); }), blas = best_of(3, [&] { plain(x, weight, bias); });
    const LinearWay way = blas < 0.97 * ours ? LinearWay::blas : LinearWay::own;
    if (!has_onednn_linear()) return way;
    const at::Tensor& other = packed(weight, x.size(0));
    // Random inputs: those of the call may be all zero or not finite, and would prove nothing.
    const at::Tensor probe = at::rand_like(x) - 0.5;
    if (relative_difference(onednn_linear(probe, other, bias), plain(probe, weight, bias)) < kAgreement
        && best_of(3, [&] { onednn_linear(x, other, bias); }) < kWorthACopy * std::min(ours, blas))
        return LinearWay::prepacked;
    m_packed.erase(x.size(0));
    return way;
}

}
