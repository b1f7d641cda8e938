// Even steps, whose size is found or learnt: fixed, LSQ and LSQ+, QDrop, TQT.
#include "core/base/error.h"
#include "plugins/quantization/engine/quantizer_kinds.h"
#include "plugins/quantization/engine/tqt.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <limits>
#include <torch/csrc/autograd/custom_function.h>

namespace lathe::quantization {
namespace {

class Fixed : public Quantizer {
public:
    Fixed(const QuantSpec& spec, const QuantizerOptions& options) : Quantizer(spec, options.observer) {}
    std::optional<fused::EvenGrid> even_grid() const override { return m_params.scale.numel() == 1 ? std::optional(even_grid_of(m_params, m_spec)) : std::nullopt; }
protected:
    at::Tensor quantize(const at::Tensor& x) override { return fake_quantize(x, m_params, m_spec); }
};

class Lsq : public Quantizer {
public:
    Lsq(const QuantSpec& spec, const QuantizerOptions& options) : Quantizer(spec, options.observer), m_scales_gradient(options.gradient_scaling) {
        m_params = {learnable(m_params.scale), learnable(m_params.zero_point)};
    }
    std::map<std::string, at::Tensor> learnt() override { return {{"scale", m_params.scale}, {"zero_point", m_params.zero_point}}; }
    std::optional<fused::EvenGrid> even_grid() const override {
        if (m_params.scale.numel() != 1) return {};
        const at::Tensor zero = m_spec.symmetric ? at::zeros({1}) : at::floor(m_params.zero_point.detach() + 0.5);   // as LibTorch's operator rounds one that was learnt
        return even_grid_of({m_params.scale.detach().abs().clamp_min(std::numeric_limits<float>::epsilon()), zero}, m_spec);
    }
protected:
    at::Tensor quantize(const at::Tensor& x) override {
        // Not part of any graph: what an earlier forward saved stays valid.
        const at::Tensor scale = m_params.scale.variable_data(), zero = m_params.zero_point.variable_data();
        if (!observes) scale.abs_().clamp_min_(std::numeric_limits<float>::epsilon());
        if (m_spec.symmetric) zero.zero_();
        else zero.clamp_(static_cast<double>(m_spec.quant_min), static_cast<double>(m_spec.quant_max));
        if (!at::GradMode::is_enabled() && !m_spec.per_channel && is_plain_float(x)) return fused::on_grid(x, *even_grid());
        const double factor = m_scales_gradient ? lsq_gradient_factor(x, m_spec) : 1;
        if (!m_spec.per_channel) return at::_fake_quantize_learnable_per_tensor_affine(x, m_params.scale, m_params.zero_point, m_spec.quant_min, m_spec.quant_max, factor);
        return at::_fake_quantize_learnable_per_channel_affine(x, m_params.scale, m_params.zero_point, m_spec.channel_axis, m_spec.quant_min, m_spec.quant_max, factor);
    }
private:
    bool m_scales_gradient;
};

class QDrop : public Quantizer {
public:
    QDrop(const QuantSpec& spec, const QuantizerOptions& options) : Quantizer(spec, options.observer), m_keep(options.qdrop_keep) { m_params.scale = learnable(m_params.scale); }
    std::map<std::string, at::Tensor> learnt() override { return {{"scale", m_params.scale}}; }
    void set_drop(double keep) override { m_keep = keep; }
    at::Tensor deployed(const at::Tensor& x) override {
        const c10::NoGradGuard no_gradients;
        return on_grid(x.detach());
    }
protected:
    at::Tensor quantize(const at::Tensor& x) override {
        const at::Tensor y = on_grid(x);
        return m_keep >= 1 ? y : at::where(at::rand_like(x) < m_keep, y, x);
    }
private:
    at::Tensor on_grid(const at::Tensor& x) const {
        const at::Tensor zero = at::round(m_params.zero_point);
        const at::Tensor q = at::clamp(rounded_straight_through(x / m_params.scale) + zero, m_spec.quant_min, m_spec.quant_max);
        return (q - zero) * m_params.scale;
    }
    double m_keep;
};

struct TqtFunction : torch::autograd::Function<TqtFunction> {
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, double scale, const QuantSpec& spec) {
        const double snapped = std::exp2(-vitis_exponent(static_cast<float>(scale)));
        context->saved_data["scale"] = scale;
        context->saved_data["low"] = spec.quant_min;
        context->saved_data["high"] = spec.quant_max;
        context->save_for_backward({x});
        return vitis_round(x / snapped, spec) * snapped;
    }
    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
        const at::Tensor steps = vitis_nearest(context->get_saved_variables()[0] / context->saved_data["scale"].toDouble());
        const at::Tensor inside = at::logical_and(steps >= context->saved_data["low"].toInt(), steps <= context->saved_data["high"].toInt());
        return {gradients[0] * inside, at::Tensor(), at::Tensor()};
    }
};

class Tqt : public Quantizer {
public:
    Tqt(const QuantSpec& spec, const QuantizerOptions& options) : Quantizer(spec, options.observer) {
        if (spec.per_channel) throw Error(ErrorCode::invalid_value, "Vitis has one scale for each tensor.", "algorithm tqt, per channel", "Choose scales per tensor.");
    }
protected:
    at::Tensor quantize(const at::Tensor& x) override { return TqtFunction::apply(x, m_params.scale.item<double>(), m_spec); }
};

}

std::unique_ptr<Quantizer> make_stepped(const QuantSpec& spec, const QuantizerOptions& options) {
    switch (spec.algorithm) {
    case Algorithm::lsq: return std::make_unique<Lsq>(spec, options);
    case Algorithm::qdrop:
        if (spec.per_channel) throw Error(ErrorCode::invalid_value, "QDrop quantizes activations, with one scale for each tensor.", "algorithm qdrop, per channel", "Choose AdaRound for weights.");
        return std::make_unique<QDrop>(spec, options);
    case Algorithm::tqt: return std::make_unique<Tqt>(spec, options);
    default: return std::make_unique<Fixed>(spec, options);   // AdaRound outside of its reconstruction rounds to nearest
    }
}

}
