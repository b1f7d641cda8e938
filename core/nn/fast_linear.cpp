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
namespace {

constexpr double kAgreement = 1e-4;          // of oneDNN with at::linear; rounding alone stays far below

using LinearShape = std::array<std::int64_t, 4>;   // rows, in, out, threads
std::mutex g_lock;
std::map<LinearShape, bool>& choices() {            // true: prepacked is right and faster
    static std::map<LinearShape, bool> all;
    return all;
}

at::Tensor plain(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
    return bias.defined() ? at::linear(x, weight, bias) : at::linear(x, weight);
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
    const bool plain_floats = x.scalar_type() == at::kFloat && weight.scalar_type() == at::kFloat && x.device().is_cpu() && weight.is_contiguous();
    auto sizes = x.sizes().vec();
    sizes.back() = out;
    if (plain_floats && rows <= fused::thin_rows() && (!bias.defined() || (bias.scalar_type() == at::kFloat && bias.is_contiguous())))
        return fused::thin_linear(x.reshape({rows, in}).contiguous(), weight, bias).view(sizes);
    constexpr std::int64_t worth_choosing = 1 << 22;   // multiply-adds; below, the call itself is what costs
    if (!plain_floats || rows * in * out < worth_choosing || !has_onednn_linear())
        return plain(x, weight, bias);
    const LinearShape shape{rows, in, out, at::get_num_threads()};
    std::optional<bool> prepacked;
    {
        const std::lock_guard lock(g_lock);
        if (const auto it = choices().find(shape); it != choices().end()) prepacked = it->second;
    }
    const at::Tensor flat = x.reshape({rows, in});
    if (!prepacked) {
        const at::Tensor& other = packed(weight, rows);
        // Random inputs: those of the call may be all zero or not finite, and would prove nothing.
        const at::Tensor probe = at::rand_like(flat) - 0.5;
        prepacked = relative_difference(onednn_linear(probe, other, bias), plain(probe, weight, bias)) < kAgreement;
        if (*prepacked) {
            const double by_blas = best_of(3, [&] { plain(flat, weight, bias); }), by_onednn = best_of(3, [&] { onednn_linear(flat, other, bias); });
            prepacked = by_onednn < 0.97 * by_blas;    // the copy of the weight has to be worth it
        }
        if (!*prepacked) m_packed.erase(rows);
        const std::lock_guard lock(g_lock);
        choices()[shape] = *prepacked;
    }
    return (*prepacked ? onednn_linear(flat, packed(weight, rows), bias) : plain(flat, weight, bias)).view(sizes);
}

std::string FastLinear::choice(std::int64_t rows, std::int64_t in, std::int64_t out) {
    const std::lock_guard lock(g_lock);
    const auto it = choices().find({rows, in, out, at::get_num_threads()});
    return it == choices().end() ? "" : it->second ? "prepacked" : "at::linear";
}

}
