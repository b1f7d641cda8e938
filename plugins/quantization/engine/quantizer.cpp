#include "plugins/quantization/engine/quantizer.h"
#include "core/base/error.h"
#include "plugins/quantization/engine/quantizer_kinds.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <algorithm>
#include <cmath>

namespace lathe::quantization {
namespace {

constexpr const char *kMinKey = "activation_post_process.min_val", *kMaxKey = "activation_post_process.max_val";

}

Quantizer::Quantizer(const QuantSpec& spec, const ObserverOptions& options)
    : m_spec(spec), m_observer(make_observer(spec, options)), m_params{at::ones({1}), at::zeros({1})} {
    if (spec.quant_min > 0 || spec.quant_max < 1)
        throw Error(ErrorCode::invalid_value, "This range of whole numbers does not hold zero and something above it.", "[" + std::to_string(spec.quant_min) + ", " + std::to_string(spec.quant_max) + "]", "Padding needs a zero: let the range reach over it.");
}

at::Tensor Quantizer::operator()(const at::Tensor& x) {
    if (!observes && (!quantizes || x.numel() == 0)) return x;
    at::Tensor seen = x.numel() == 0 ? x : prepared(x);
    if (observes) seen = observe(seen);
    if (!quantizes) return seen;
    check_channels(seen);
    return quantize(seen);
}

void Quantizer::check_channels(const at::Tensor& x) const {
    if (!m_spec.per_channel || !has_scales()) return;
    const std::int64_t channels = x.dim() > m_spec.channel_axis ? x.size(m_spec.channel_axis) : 0;
    if (channels != m_params.scale.numel())
        throw Error(ErrorCode::invalid_value, "A tensor has another number of channels than its quantizer has scales.", std::to_string(channels) + " channels, " + std::to_string(m_params.scale.numel()) + " scales", "Calibrate with this network first.");
}

at::Tensor Quantizer::observe(const at::Tensor& x) {
    const c10::NoGradGuard no_gradients;
    m_observer->observe(x);
    set_params(m_observer->params());
    return x;
}

void Quantizer::set_params(QuantParams params) {
    const std::int64_t channels = params.scale.numel();
    if (params.zero_point.numel() != channels || channels == 0 || (!m_spec.per_channel && channels != 1))
        throw Error(ErrorCode::invalid_value, "Scale and zero point do not fit this quantizer.", std::to_string(channels) + " scales, " + std::to_string(params.zero_point.numel()) + " zero points");
    const c10::NoGradGuard no_gradients;
    const auto put = [](at::Tensor& to, const at::Tensor& from) {
        const at::Tensor value = from.detach().to(at::kFloat).reshape({-1});
        if (!to.requires_grad()) to = value.clone();
        else if (to.sizes() == value.sizes()) to.variable_data().copy_(value);   // an optimiser may hold it
        else to = learnable(value);
    };
    put(m_params.scale, params.scale);
    put(m_params.zero_point, params.zero_point);
}

std::map<std::string, at::Tensor> Quantizer::state() {
    std::map<std::string, at::Tensor> out = learnt();
    if (has_scales()) out.insert({{"scale", m_params.scale}, {"zero_point", m_params.zero_point}});
    if (m_observer->seen()) out.insert({{kMinKey, m_observer->min()}, {kMaxKey, m_observer->max()}});
    return out;
}

void Quantizer::load(const std::map<std::string, at::Tensor>& state) {
    const auto scale = state.find("scale"), zero = state.find("zero_point");
    if (scale != state.end() && zero != state.end()) {
        try {
            set_params({scale->second, zero->second});
        } catch (const Error& error) {
            throw Error(ErrorCode::wrong_format, error.summary(), "scale, zero_point", "Choose the backend that the file was made for.");
        }
    }
    if (const auto low = state.find(kMinKey), high = state.find(kMaxKey); low != state.end() && high != state.end()) m_observer->restore(low->second, high->second);
    for (auto& [name, tensor] : learnt()) {
        const auto found = state.find(name);
        if (found == state.end() || name == "scale" || name == "zero_point") continue;
        if (found->second.numel() != tensor.numel()) throw Error(ErrorCode::wrong_format, "A learnt value does not fit this quantizer.", name, "Choose the backend that the file was made for.");
        const c10::NoGradGuard no_gradients;
        at::Tensor(tensor).copy_(found->second.reshape(tensor.sizes()));
    }
}

at::Tensor Quantizer::deployed(const at::Tensor& x) {
    const c10::NoGradGuard no_gradients;
    if (x.numel() == 0) return x.detach();
    check_channels(x);
    return quantize(prepared(x.detach())).detach();
}

at::Tensor straight_through(const at::Tensor& path, const at::Tensor& value) { return path + (value - path).detach(); }

at::Tensor rounded_straight_through(const at::Tensor& x) { return straight_through(x, at::round(x)); }

at::Tensor scaled_gradient(const at::Tensor& x, double factor) { return straight_through(x * factor, x); }

at::Tensor learnable(const at::Tensor& value) { return value.detach().to(at::kFloat).clone().set_requires_grad(true); }

double lsq_gradient_factor(const at::Tensor& x, const QuantSpec& spec) {
    const std::int64_t channels = spec.per_channel ? std::max<std::int64_t>(x.size(spec.channel_axis), 1) : 1;
    return 1 / std::sqrt(static_cast<double>(x.numel() / channels) * static_cast<double>(spec.quant_max));
}

std::unique_ptr<Quantizer> make_quantizer(const QuantSpec& spec, const QuantizerOptions& options) {
    switch (spec.algorithm) {
    case Algorithm::lsq: case Algorithm::fixed: case Algorithm::qdrop: case Algorithm::tqt: case Algorithm::adaround: return make_stepped(spec, options);
    case Algorithm::dsq: case Algorithm::dorefa: case Algorithm::pact: return make_reshaped(spec, options);
    case Algorithm::qil: case Algorithm::apot: case Algorithm::nnie: return make_nonuniform(spec, options);
    }
    throw Error(ErrorCode::internal, "An algorithm without a rule.", std::string(to_text(spec.algorithm)));
}

}
