#include "core/nn/int8_conv.h"
#include "core/nn/kernels.h"
#include "core/nn/operator_call.h"
#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <algorithm>
#include <cmath>

namespace lathe {
namespace {

template <class F> void each_unit(Module& module, F f) {
    module.visit_modules("", [&](const std::string& key, Module& part) {
        if (auto* unit = dynamic_cast<ConvUnit*>(&part)) f(key, *unit);
    });
}

/// Processors without VNNI add two products of u8 and s8 in 16 bits, which clip: 255 * 127 * 2 is too much, 255 * 63 * 2 is not.
bool sums_clip() {
#if defined(__x86_64__)
    static const bool clips = [] {
        __builtin_cpu_init();
        return !__builtin_cpu_supports("avx512vnni") && !__builtin_cpu_supports("avxvnni");
    }();
    return clips;
#else
    return false;
#endif
}

}

bool has_int8_conv() {
    const auto& engines = at::globalContext().supportedQEngines();
    return std::find(engines.begin(), engines.end(), at::QEngine::ONEDNN) != engines.end();
}

int int8_weight_limit() { return sums_clip() ? 63 : 127; }

at::Tensor as_float(const at::Tensor& t) {
    if (!t.defined() || !t.is_quantized()) return t;
    return t.scalar_type() == at::kQUInt8 && t.qscheme() == at::kPerTensorAffine ? fused::dequantize_u8(t) : t.dequantize();
}

void ValueRange::add(const at::Tensor& t) {
    const auto [low, high] = at::aminmax(t);
    m_low += low.item<double>();
    m_high += high.item<double>();
    ++m_count;
}

QuantStep Int8Conv::step_of(const ValueRange& range) {
    const double low = std::min(0.0, range.low()), high = std::max(0.0, range.high()), scale = std::max((high - low) / 255, 1e-12);   // zero is always one of the values
    return {scale, std::clamp<std::int64_t>(std::llround(-low / scale), 0, 255)};
}

Int8Conv::Int8Conv(const at::Tensor& weight, const at::Tensor& bias, const ConvShape& shape, Activation activation, const ConvSeen& seen)
    : m_shape(shape), m_activation(activation), m_in(step_of(seen.in)), m_residual(seen.residual.known() ? step_of(seen.residual) : QuantStep{}), m_out(step_of(seen.out)), m_bias(bias.defined() ? bias : at::zeros({shape.out})) {
    const at::Tensor scales = (weight.abs().amax({1, 2, 3}).to(at::kDouble) / int8_weight_limit()).clamp_min(1e-12);
    m_weight = at::quantize_per_channel(weight.contiguous(), scales, at::zeros({shape.out}, at::kLong), 0, at::kQInt8);
    at::globalContext().setQEngine(at::QEngine::ONEDNN);
    m_packed = call_operator("quantized::conv2d_prepack", "", {m_weight, std::optional<at::Tensor>(m_bias), on_both_axes(shape.stride), on_both_axes(shape.padding), on_both_axes(1), std::int64_t{1}});
}

at::Tensor Int8Conv::quantized(const at::Tensor& x, const QuantStep& step) const {
    return x.is_quantized() ? x : fused::quantize_u8(x.contiguous(at::MemoryFormat::ChannelsLast), step.scale, step.zero);
}

at::Tensor Int8Conv::operator()(const at::Tensor& x, const at::Tensor& residual) const {
    at::globalContext().setQEngine(at::QEngine::ONEDNN);
    const at::Tensor in = quantized(x, m_in);
    const bool relu = m_activation == Activation::relu;
    if (!residual.defined()) return call_operator(relu ? "quantized::conv2d_relu" : "quantized::conv2d", "new", {in, m_packed, m_out.scale, m_out.zero}).toTensor();
    const at::Tensor sum = residual.is_quantized() ? residual.clone() : quantized(residual, m_residual);   // the operator writes its result into it
    return call_operator(relu ? "quantized::conv2d_add_relu" : "quantized::conv2d_add", "", {in, sum, m_packed, m_out.scale, m_out.zero}).toTensor();
}

bool Int8Conv::is_right(const ConvSeen& seen) const {
    const at::Tensor in = quantized(seen.piece, m_in), residual = seen.piece_residual.defined() ? quantized(seen.piece_residual, m_residual) : at::Tensor();
    const at::Tensor got = (*this)(in, residual).dequantize();
    at::Tensor want = at::conv2d(in.dequantize().to(at::kDouble), m_weight.dequantize().to(at::kDouble), m_bias.to(at::kDouble), {m_shape.stride, m_shape.stride}, {m_shape.padding, m_shape.padding});
    if (residual.defined()) want += residual.dequantize();
    if (m_activation == Activation::relu) want.relu_();
    want.clamp_(-m_out.scale * static_cast<double>(m_out.zero), m_out.scale * static_cast<double>(255 - m_out.zero));
    return (got.to(at::kDouble) - want).abs().max().item<double>() <= 1.5 * m_out.scale;
}

void observe_ranges(Module& module) {
    each_unit(module, [](const std::string&, ConvUnit& unit) { unit.observe(); });
}

int make_int8(Module& module, const std::function<bool(const std::string&)>& wanted) {
    int made = 0;
    each_unit(module, [&](const std::string& key, ConvUnit& unit) { made += wanted(key) && unit.make_int8(); });
    each_unit(module, [](const std::string&, ConvUnit& unit) { unit.stop_observing(); });
    return made;
}

void drop_int8(Module& module) {
    each_unit(module, [](const std::string&, ConvUnit& unit) { unit.drop_int8(); });
}

}
