// Learnt or uneven levels: QIL, APoT, NNIE.
#include "core/base/error.h"
#include "plugins/quantization/engine/levels.h"
#include "plugins/quantization/engine/quantizer_kinds.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <cmath>

namespace lathe::quantization {
namespace {

/// Quantisation interval learning (Jung et al. 2019) as MQBench documents it, with gamma = 1: centre and half width of |w| are learnt.
class Qil : public Quantizer {
public:
    Qil(const QuantSpec& spec, const QuantizerOptions& options) : Quantizer(spec, options.observer), m_centre(learnable(at::full({}, 0.5))), m_width(learnable(at::full({}, 0.5))), m_is_weight(options.is_weight) {}
    std::map<std::string, at::Tensor> learnt() override { return {{"C", m_centre}, {"D", m_width}}; }
protected:
    bool has_scales() const override { return false; }
    at::Tensor observe(const at::Tensor& x) override {
        Quantizer::observe(x);
        const c10::NoGradGuard no_gradients;   // the interval starts as all of the range
        const float largest = std::max(x.abs().max().item<float>(), 1e-8f);
        m_centre.fill_(largest / 2);
        m_width.fill_(largest / 2);
        return x;
    }
    at::Tensor quantize(const at::Tensor& x) override {
        const std::int64_t levels = (std::int64_t{1} << (m_is_weight ? m_spec.bits - 1 : m_spec.bits)) - 1;
        const double factor = 1 / std::sqrt(static_cast<double>(x.numel()) * static_cast<double>(levels));
        const at::Tensor bent = interval_transform(x, scaled_gradient(m_centre, factor), scaled_gradient(m_width, factor), m_is_weight);
        return straight_through(bent, at::round(bent * static_cast<double>(levels)) / static_cast<double>(levels));
    }
private:
    at::Tensor m_centre, m_width;
    bool m_is_weight;
};

/// Additive powers of two (Li et al. 2020; yhhhli/APoT_Quantization).
class Apot : public Quantizer {
public:
    Apot(const QuantSpec& spec, const QuantizerOptions& options)
        : Quantizer(spec, options.observer), m_alpha(learnable(at::full({}, options.is_weight ? 3.0 : 8.0))), m_levels(apot_levels(options.is_weight ? spec.bits - 1 : spec.bits)), m_is_weight(options.is_weight) {}
    std::map<std::string, at::Tensor> learnt() override { return {{"alpha", m_alpha}}; }
protected:
    bool has_scales() const override { return false; }
    at::Tensor quantize(const at::Tensor& x) override {
        at::Tensor normal = x;
        if (m_is_weight) {
            const at::Tensor mean = x.mean().detach(), deviation = x.numel() < 2 ? at::zeros({}) : x.std().detach();
            normal = (x - mean) / at::clamp_min(deviation, 1e-12);
        }
        return apot_quantize(normal, m_alpha, m_levels, m_is_weight);
    }
private:
    at::Tensor m_alpha, m_levels;
    bool m_is_weight;
};

/// HiSilicon's logarithmic values: 16 to an octave.
class Nnie : public Quantizer {
public:
    Nnie(const QuantSpec& spec, const QuantizerOptions& options) : Quantizer(spec, options.observer), m_largest(at::zeros({})) {}
    std::map<std::string, at::Tensor> state() override {
        auto out = Quantizer::state();
        out["data_max"] = m_largest;
        return out;
    }
    void load(const std::map<std::string, at::Tensor>& state) override {
        Quantizer::load(state);
        const auto found = state.find("data_max");
        if (found == state.end()) return;
        if (found->second.numel() != 1) throw Error(ErrorCode::wrong_format, "The largest value of a tensor is one number.", "data_max", "Choose the backend that the file was made for.");
        m_largest = found->second.detach().to(at::kFloat).reshape({}).clone();
    }
protected:
    bool has_scales() const override { return false; }
    at::Tensor observe(const at::Tensor& x) override {
        Quantizer::observe(x);
        m_largest = at::maximum(m_largest, at::maximum(-m_observer->min(), m_observer->max()).max());
        return x;
    }
    at::Tensor quantize(const at::Tensor& x) override {
        const at::Tensor y = nnie_values(x.detach(), m_largest.item<double>());
        return x.requires_grad() ? straight_through(x, y) : y;
    }
private:
    at::Tensor m_largest;   // of all that the observer has said; 0: nothing
};

}

std::unique_ptr<Quantizer> make_nonuniform(const QuantSpec& spec, const QuantizerOptions& options) {
    if (spec.algorithm == Algorithm::qil) return std::make_unique<Qil>(spec, options);
    if (spec.algorithm == Algorithm::apot) return std::make_unique<Apot>(spec, options);
    return std::make_unique<Nnie>(spec, options);
}

}
