#include "plugins/quantization/engine/hessian.h"
#include "core/base/error.h"
#include "plugins/quantization/engine/plain_convolution.h"
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>
#include <cmath>
#include <torch/csrc/autograd/autograd.h>

namespace lathe::quantization {
namespace {

constexpr std::int64_t kMostExact = 65536;

/// The gradient of the loss, kept on its own graph so that it can be differentiated again and again.
class Gradients {
public:
    Gradients(const DifferentiableLoss& loss, const std::vector<at::Tensor>& parameters) : m_parameters(parameters) {
        for (at::Tensor& p : m_parameters) {
            m_recorded.push_back(p.requires_grad());
            p.requires_grad_(true);
        }
        try {
            take(loss);
        } catch (...) {
            give_back();
            throw;
        }
    }
    ~Gradients() { give_back(); }
    Gradients(const Gradients&) = delete;
    Gradients& operator=(const Gradients&) = delete;

    std::size_t count() const { return m_parameters.size(); }
    const at::Tensor& parameter(std::size_t i) const { return m_parameters[i]; }
    bool depends_on(std::size_t i) const { return m_gradients[i].defined() && m_gradients[i].requires_grad(); }
    /// Rows `i` of H times the vector that is `along` in the parameters `of` and 0 elsewhere; undefined where that is 0 throughout.
    std::vector<at::Tensor> product(const std::vector<std::size_t>& of, const std::vector<at::Tensor>& along) const {
        std::vector<at::Tensor> gradients, parameters;
        for (const std::size_t i : of) {
            gradients.push_back(m_gradients[i]);
            parameters.push_back(m_parameters[i]);
        }
        return torch::autograd::grad(gradients, parameters, along, true, false, true);
    }

private:
    void take(const DifferentiableLoss& loss) {
        const at::Tensor value = loss();
        if (!value.defined() || value.numel() != 1 || !std::isfinite(value.item<double>()))
            throw Error(ErrorCode::invalid_value, "The curvature of a loss needs a loss that is one finite number.", value.defined() ? std::to_string(value.numel()) + " values" : "nothing",
                "Check the checkpoint, the images and the labels.");
        if (value.requires_grad()) m_gradients = torch::autograd::grad({value}, m_parameters, {}, true, true, true);
        bool any = false;
        for (std::size_t i = 0; i < m_gradients.size(); ++i) any = any || m_gradients[i].defined();
        if (!any)
            throw Error(ErrorCode::invalid_value, "The loss does not depend on any of the parameters.", std::to_string(m_parameters.size()) + " parameters",
                "Compute it with gradients recorded, from the network that owns them.");
    }
    void give_back() {
        for (std::size_t i = 0; i < m_parameters.size(); ++i) m_parameters[i].requires_grad_(m_recorded[i]);
    }
    std::vector<at::Tensor> m_parameters, m_gradients;
    std::vector<bool> m_recorded;
};

void check_hessian_options(const HessianOptions& options) {
    if (options.most < 1 || !(options.tolerance >= 0))
        throw Error(
            ErrorCode::invalid_value, "A curvature needs at least one probe and a tolerance of at least 0.", std::to_string(options.most) + " probes, tolerance " + std::to_string(options.tolerance));
}

double dot_in_double(const at::Tensor& a, const at::Tensor& b) { return (a.detach().to(at::kDouble) * b.detach().to(at::kDouble)).sum().item<double>(); }

bool has_settled(double value, double before, double tolerance) { return std::abs(value - before) < tolerance * (std::abs(before) + 1e-12); }

EigenvalueEstimate power_iteration(const Gradients& gradients, std::size_t i, const HessianOptions& options, at::Generator& generator, const std::function<void()>& told) {
    EigenvalueEstimate out;
    at::Tensor v = at::randn(gradients.parameter(i).sizes(), generator, gradients.parameter(i).options());
    for (double norm = std::sqrt(dot_in_double(v, v)); out.iterations < options.most && norm > 0 && !out.settled; told()) {
        v = v / norm;
        const at::Tensor product = gradients.product({i}, {v})[0];
        const double before = out.value;
        out.value = product.defined() ? dot_in_double(v, product) : 0;
        ++out.iterations;
        out.settled = (out.iterations > 1 && has_settled(out.value, before, options.tolerance)) || !product.defined();
        norm = product.defined() ? std::sqrt(dot_in_double(product, product)) : 0;
        v = product;
        if (norm == 0) out.settled = true;
    }
    return out;
}

}

std::vector<TraceEstimate> hutchinson_trace(const DifferentiableLoss& loss, const std::vector<at::Tensor>& parameters, const HessianOptions& options, const HessianProgress& progress) {
    check_hessian_options(options);
    const at::AutoGradMode with_gradients(true);
    const PlainConvolution plain;
    const Gradients gradients(loss, parameters);
    at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(options.seed);
    std::vector<TraceEstimate> out(gradients.count());
    std::vector<double> squares(gradients.count());   // sums of squared deviations (Welford)
    std::vector<std::size_t> asked;
    for (std::size_t i = 0; i < gradients.count(); ++i)
        if (gradients.depends_on(i)) asked.push_back(i);
    bool settled = asked.empty();
    for (std::int64_t probe = 1; probe <= options.most && !settled; ++probe) {
        std::vector<at::Tensor> signs;
        for (const std::size_t i : asked) signs.push_back(at::randint(0, 2, gradients.parameter(i).sizes(), generator, gradients.parameter(i).options()) * 2 - 1);
        const std::vector<at::Tensor> products = gradients.product(asked, signs);
        settled = probe > 1;
        for (std::size_t k = 0; k < asked.size(); ++k) {
            TraceEstimate& estimate = out[asked[k]];
            const double value = products[k].defined() ? dot_in_double(signs[k], products[k]) : 0, before = estimate.trace, n = static_cast<double>(probe);
            estimate.trace += (value - before) / n;
            squares[asked[k]] += (value - before) * (value - estimate.trace);
            estimate.standard_error = probe > 1 ? std::sqrt(squares[asked[k]] / (n - 1) / n) : 0;
            estimate.probes = probe;
            settled = settled && has_settled(estimate.trace, before, options.tolerance);
        }
        if (progress) progress(probe, options.most);
    }
    for (TraceEstimate& estimate : out) estimate.settled = settled;
    return out;
}

std::vector<double> exact_trace(const DifferentiableLoss& loss, const std::vector<at::Tensor>& parameters, const HessianProgress& progress) {
    std::int64_t elements = 0, done = 0;
    for (const at::Tensor& p : parameters) elements += p.numel();
    if (elements > kMostExact)
        throw Error(ErrorCode::unsupported, "An exact Hessian trace takes one product for each parameter, which is too many here.", std::to_string(elements) + " parameters",
            "Take Hutchinson's estimate, or fewer layers.");
    const at::AutoGradMode with_gradients(true);
    const PlainConvolution plain;
    const Gradients gradients(loss, parameters);
    std::vector<double> out(gradients.count());
    for (std::size_t i = 0; i < gradients.count(); ++i) {
        const at::Tensor& p = gradients.parameter(i);
        for (std::int64_t k = 0; gradients.depends_on(i) && k < p.numel(); ++k) {
            at::Tensor unit = at::zeros_like(p, p.options().requires_grad(false), at::MemoryFormat::Contiguous);
            unit.view(-1)[k] = 1;
            const at::Tensor row = gradients.product({i}, {unit})[0];
            if (row.defined()) out[i] += row.reshape(-1)[k].item<double>();
            if (progress) progress(++done, elements);
        }
    }
    return out;
}

std::vector<EigenvalueEstimate> largest_eigenvalues(const DifferentiableLoss& loss, const std::vector<at::Tensor>& parameters, const HessianOptions& options, const HessianProgress& progress) {
    check_hessian_options(options);
    const at::AutoGradMode with_gradients(true);
    const PlainConvolution plain;
    const Gradients gradients(loss, parameters);
    at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(options.seed);
    std::vector<EigenvalueEstimate> out;
    std::int64_t done = 0;
    for (std::size_t i = 0; i < gradients.count(); ++i) {
        const auto told = [&] {
            if (progress) progress(++done, options.most * static_cast<std::int64_t>(gradients.count()));
        };
        if (gradients.depends_on(i)) out.push_back(power_iteration(gradients, i, options, generator, told));
        else out.push_back({0, 0, true});
    }
    return out;
}

}
