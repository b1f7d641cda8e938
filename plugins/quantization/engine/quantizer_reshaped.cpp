// Even steps over a tensor whose shape is changed first, or whose gradient is: DSQ, DoReFa, PACT.
#include "core/base/error.h"
#include "plugins/quantization/engine/quantizer_kinds.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <cmath>

namespace lathe::quantization {
namespace {

/// Differentiable soft quantisation (Gong et al. 2019): the slope of tanh between steps.
class Dsq : public Quantizer {
public:
    Dsq(const QuantSpec& spec, const QuantizerOptions& options) : Quantizer(spec, options.observer) {
        m_top = 1 / (1 - options.dsq_alpha);
        m_slope = std::log((m_top + 1) / (m_top - 1));
    }
protected:
    at::Tensor quantize(const at::Tensor& x) override {
        const at::Tensor scale = along_channels(m_params.scale, x, m_spec), zero = along_channels(at::round(m_params.zero_point), x, m_spec);
        const at::Tensor u = at::clamp(x / scale + zero, m_spec.quant_min, m_spec.quant_max);
        const at::Tensor floor = at::floor(u).detach();
        const at::Tensor soft = floor + 0.5 * m_top * at::tanh(m_slope * (u - floor - 0.5)) + 0.5;
        return (rounded_straight_through(soft) - zero) * scale;
    }
private:
    double m_top = 0, m_slope = 0;
};

/// Weights as tanh(w) / max |tanh(w)| (Zhou et al. 2016, as MQBench has it: not scaled back).
class DoReFa : public Quantizer {
public:
    DoReFa(const QuantSpec& spec, const QuantizerOptions& options) : Quantizer(spec, options.observer) {}
protected:
    at::Tensor prepared(const at::Tensor& x) override {
        const at::Tensor bent = at::tanh(x);
        return bent / (bent.abs().max() + 1e-5);
    }
    at::Tensor quantize(const at::Tensor& x) override { return fake_quantize(x, m_params, m_spec); }
};

/// A learnt clipping level (Choi et al. 2018). Where its observer is off it does not clip, and the level learns nothing, as in MQBench.
class Pact : public Quantizer {
public:
    Pact(const QuantSpec& spec, const QuantizerOptions& options)
        : Quantizer(spec, options.observer), m_full_unsigned(options.observer.full_unsigned), m_high(learnable(at::full({1}, options.pact_alpha))), m_low(learnable(at::full({1}, -options.pact_alpha))) {
        if (spec.per_channel) throw Error(ErrorCode::invalid_value, "PACT quantizes activations, with one scale for each tensor.", "algorithm pact, per channel", "Choose DoReFa for weights.");
    }
    std::map<std::string, at::Tensor> learnt() override {
        if (m_spec.symmetric) return {{"alpha", m_high}};
        return {{"alpha", m_high}, {"n_alpha", m_low}};
    }
protected:
    at::Tensor observe(const at::Tensor& x) override {
        m_observer->observe(x);   // refuses what is not finite
        at::Tensor clipped = at::where(x > m_high, m_high, x);
        at::Tensor lower = at::zeros_like(m_high);
        if (clipped.min().item<float>() < 0) {
            lower = m_spec.symmetric ? -m_high : m_low;
            clipped = at::where(clipped < lower, lower, clipped);
        }
        set_params(params_from_range(lower.detach(), m_high.detach(), m_spec, m_full_unsigned));
        return clipped;
    }
    at::Tensor quantize(const at::Tensor& x) override { return fake_quantize(x, m_params, m_spec); }
private:
    bool m_full_unsigned;
    at::Tensor m_high, m_low;
};

}

std::unique_ptr<Quantizer> make_reshaped(const QuantSpec& spec, const QuantizerOptions& options) {
    switch (spec.algorithm) {
    case Algorithm::dsq: return std::make_unique<Dsq>(spec, options);
    case Algorithm::dorefa: return std::make_unique<DoReFa>(spec, options);
    default: return std::make_unique<Pact>(spec, options);
    }
}

}
