#include "plugins/quantization/engine/quant_spec.h"
#include "core/base/error.h"
#include "core/nn/kernels.h"
#include "core/nn/layers.h"
#include "core/base/text.h"
#include <algorithm>
#include <ATen/ATen.h>
#include <cmath>
#include <limits>

namespace lathe::quantization {
namespace {

template <class T> struct Named { T value; std::string_view text, official; };

constexpr Named<Algorithm> kAlgorithms[] = {{Algorithm::lsq, "lsq", "LearnableFakeQuantize"}, {Algorithm::dsq, "dsq", "DSQFakeQuantize"}, {Algorithm::dorefa, "dorefa", "DoReFaFakeQuantize"},
    {Algorithm::pact, "pact", "PACTFakeQuantize"}, {Algorithm::qil, "qil", "QIL"}, {Algorithm::apot, "apot", "APoT"}, {Algorithm::tqt, "tqt", "TqtFakeQuantize"}, {Algorithm::fixed, "fixed", "FixedFakeQuantize"},
    {Algorithm::nnie, "nnie", "NNIEFakeQuantize"}, {Algorithm::qdrop, "qdrop", "QDropFakeQuantize"}, {Algorithm::adaround, "adaround", "AdaRoundFakeQuantize"}};
constexpr Named<ObserverKind> kObservers[] = {{ObserverKind::minmax, "minmax", "MinMaxObserver"}, {ObserverKind::ema_minmax, "ema_minmax", "EMAMinMaxObserver"},
    {ObserverKind::ema_quantile, "ema_quantile", "EMAQuantileObserver"}, {ObserverKind::clip_std, "clip_std", "ClipStdObserver"}, {ObserverKind::lsq, "lsq", "LSQObserver"},
    {ObserverKind::lsq_plus, "lsq_plus", "LSQPlusObserver"}, {ObserverKind::mse, "mse", "MSEObserver"}, {ObserverKind::ema_mse, "ema_mse", "EMAMSEObserver"},
    {ObserverKind::minmax_floor, "minmax_floor", "MinMaxFloorObserver"}, {ObserverKind::pot_mode, "pot_mode", "PoTModeObserver"}};
constexpr Named<Role> kRoles[] = {{Role::param, "param", "param"}, {Role::tensor, "tensor", "tensor"}, {Role::input, "input", "input"}};

template <class T, std::size_t n> const Named<T>& named(const Named<T> (&all)[n], T value) {
    for (const Named<T>& one : all)
        if (one.value == value) return one;
    return all[0];   // the tables hold every value
}

template <class T, std::size_t n> T parsed(const Named<T> (&all)[n], std::string_view text, const char* kind) {
    std::vector<std::string> known;
    for (const Named<T>& one : all) {
        if (one.text == text || one.official == text) return one.value;
        known.emplace_back(one.text);
    }
    const std::string nearest = nearest_name(text, known);
    throw Error(ErrorCode::unknown_name, std::string("There is no such ") + kind + ".", std::string(text), nearest.empty() ? "" : "Did you mean " + nearest + "?");
}

constexpr int kFewestSpecBits = 2, kMostSpecBits = 16;
constexpr float kSmallestScale = std::numeric_limits<float>::epsilon();

}

std::string_view to_text(Algorithm algorithm) { return named(kAlgorithms, algorithm).text; }
std::string_view to_text(ObserverKind observer) { return named(kObservers, observer).text; }
Algorithm algorithm_from(std::string_view text) { return parsed(kAlgorithms, text, "quantization algorithm"); }
ObserverKind observer_from(std::string_view text) { return parsed(kObservers, text, "observer"); }
Role role_from(std::string_view text) { return parsed(kRoles, text, "role of a quantizer"); }

QuantSpec full_range(int bits, bool symmetric, bool per_channel) {
    if (bits < kFewestSpecBits || bits > kMostSpecBits)
        throw Error(ErrorCode::invalid_value, "A tensor cannot be quantized to this number of bits.", std::to_string(bits) + " bits", "Choose 2 to 16; more is no quantization, and 1 is binarization.");
    QuantSpec spec;
    spec.bits = bits;
    spec.symmetric = symmetric;
    spec.per_channel = per_channel;
    spec.quant_min = symmetric ? -(std::int64_t{1} << (bits - 1)) : 0;
    spec.quant_max = symmetric ? (std::int64_t{1} << (bits - 1)) - 1 : (std::int64_t{1} << bits) - 1;
    return spec;
}

QuantParams params_from_range(const at::Tensor& min, const at::Tensor& max, const QuantSpec& spec, bool full_unsigned) {
    const at::Tensor low = at::clamp_max(min.detach().to(at::kFloat).reshape({-1}), 0), high = at::clamp_min(max.detach().to(at::kFloat).reshape({-1}), 0);
    const double steps = static_cast<double>(spec.quant_max - spec.quant_min);
    QuantParams out;
    if (spec.symmetric) {
        const double positive = full_unsigned && spec.is_unsigned() ? static_cast<double>(spec.quant_max) : steps / 2;
        out.scale = at::clamp_min(at::maximum(-low, high) / positive, kSmallestScale);
        out.zero_point = at::zeros_like(out.scale);
    } else {
        out.scale = at::clamp_min((high - low) / steps, kSmallestScale);
        out.zero_point = at::clamp(static_cast<double>(spec.quant_min) - at::round(low / out.scale), spec.quant_min, spec.quant_max);
    }
    if (spec.power_of_two) out.scale = at::exp2(at::round(at::log2(out.scale)));
    return out;
}

fused::EvenGrid even_grid_of(const QuantParams& params, const QuantSpec& spec) {
    const auto zero = std::clamp(static_cast<std::int64_t>(std::nearbyint(params.zero_point.item<double>())), spec.quant_min, spec.quant_max);
    const auto scale = params.scale.item<float>();
    return {1.0f / scale, scale, static_cast<float>(spec.quant_min - zero), static_cast<float>(spec.quant_max - zero)};
}

bool is_plain_float(const at::Tensor& x) { return x.scalar_type() == at::kFloat && x.device().is_cpu() && x.is_non_overlapping_and_dense() && !records_gradients(x); }

at::Tensor fake_quantize(const at::Tensor& x, const QuantParams& params, const QuantSpec& spec) {
    const at::Tensor scale = params.scale.detach().to(at::kFloat).reshape({-1}).contiguous();
    // LSQ's observer may leave the zero point outside of the range, which LibTorch's operators refuse.
    const at::Tensor zero = at::clamp(at::round(params.zero_point.detach()), spec.quant_min, spec.quant_max).to(at::kInt).reshape({-1}).contiguous();
    if (scale.numel() == 1 && is_plain_float(x)) return fused::on_grid(x, even_grid_of({scale, zero}, spec));   // the same numbers as LibTorch's operator, which writes a mask too
    if (scale.numel() == 1) return at::fake_quantize_per_tensor_affine(x, scale, zero, spec.quant_min, spec.quant_max);
    return at::fake_quantize_per_channel_affine(x, scale, zero, spec.channel_axis, spec.quant_min, spec.quant_max);
}

at::Tensor by_channel(const at::Tensor& t, const QuantSpec& spec) {
    if (!spec.per_channel) return t.reshape({1, -1});
    const at::Tensor first = spec.channel_axis == 0 ? t : t.transpose(0, spec.channel_axis);
    return first.reshape({first.size(0), -1});
}

at::Tensor along_channels(const at::Tensor& values, const at::Tensor& t, const QuantSpec& spec) {
    if (values.numel() == 1) return values.reshape(std::vector<std::int64_t>(static_cast<std::size_t>(t.dim()), 1));
    std::vector<std::int64_t> shape(static_cast<std::size_t>(t.dim()), 1);
    shape[static_cast<std::size_t>(spec.channel_axis)] = -1;
    return values.reshape(shape);
}

}
