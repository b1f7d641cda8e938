#include "plugins/quantization/engine/sensitivity.h"
#include "core/base/error.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <cmath>
#include <limits>
#include <sstream>

namespace lathe::quantization {
namespace {

struct Energies {
    double signal = 0, noise = 0, count = 0;
};

void check_alike(const at::Tensor& x, const at::Tensor& quantised) {
    if (x.sizes() == quantised.sizes()) return;
    std::ostringstream shapes;
    shapes << x.sizes() << " and " << quantised.sizes();
    throw Error(ErrorCode::invalid_value, "Two tensors of different shapes cannot be compared.", shapes.str(), "Compare what one layer gives in float and quantized.");
}

double sum_of_squares(const at::Tensor& x) { return x.square().sum().item<double>(); }

Energies energies(const at::Tensor& given, const at::Tensor& given_quantised) {
    check_alike(given, given_quantised);
    const at::Tensor x = given.detach().to(at::kDouble);
    return {sum_of_squares(x), sum_of_squares(x - given_quantised.detach()), static_cast<double>(x.numel())};
}

double per(double sum, double count) { return count > 0 ? sum / count : 0; }

}

double mean_squared_error(const at::Tensor& x, const at::Tensor& quantised) {
    const Energies e = energies(x, quantised);
    return per(e.noise, e.count);
}

double sqnr_db(const at::Tensor& x, const at::Tensor& quantised) {
    const Energies e = energies(x, quantised);
    return e.noise == 0 && !std::isnan(e.signal) ? std::numeric_limits<double>::infinity() : 10 * std::log10(e.signal / e.noise);
}

double noise_to_signal(const at::Tensor& x, const at::Tensor& quantised) {
    const Energies e = energies(x, quantised);
    return e.noise == 0 ? 0 : e.noise / e.signal;
}

double cosine(const at::Tensor& given, const at::Tensor& given_quantised) {
    check_alike(given, given_quantised);
    const at::Tensor x = given.detach().to(at::kDouble), y = given_quantised.detach().to(at::kDouble);
    const double a = std::sqrt(sum_of_squares(x)), b = std::sqrt(sum_of_squares(y));
    if (a == 0 || b == 0) return a == b ? 1 : 0;
    return std::abs((x * y).sum().item<double>()) / a / b;
}

double softmax_kl(const at::Tensor& logits, const at::Tensor& quantised) {
    check_alike(logits, quantised);
    if (logits.dim() != 2) throw Error(ErrorCode::invalid_value, "Class probabilities are compared for logits [N, classes].", std::to_string(logits.dim()) + " dimensions");
    const at::Tensor p = at::log_softmax(logits.detach().to(at::kDouble), 1), q = at::log_softmax(quantised.detach().to(at::kDouble), 1);
    return per((p.exp() * (p - q)).sum().item<double>(), static_cast<double>(logits.size(0)));
}

double rmse_over_scale(const at::Tensor& x, const at::Tensor& quantised, const QuantParams& params, const QuantSpec& spec) {
    check_alike(x, quantised);
    const at::Tensor steps = (x.detach().to(at::kDouble) - quantised.detach()) / along_channels(params.scale.detach(), x, spec);
    return std::sqrt(per(sum_of_squares(steps), static_cast<double>(x.numel())));
}

RangeUse range_use(const at::Tensor& given, const QuantParams& params, const QuantSpec& spec) {
    const at::Tensor x = given.detach().to(at::kFloat);
    if (x.numel() == 0) return {};
    if (!at::isfinite(x).all().item<bool>())
        throw Error(
            ErrorCode::invalid_value, "A tensor whose use of its range is asked for holds NaN or infinite values.", std::to_string(x.numel()) + " values", "Check the checkpoint and the images.");
    const at::Tensor codes = at::round(x / along_channels(params.scale.detach(), x, spec)) + along_channels(at::round(params.zero_point.detach()), x, spec);
    RangeUse use;
    use.clipped = at::logical_or(codes<spec.quant_min, codes> spec.quant_max).to(at::kDouble).mean().item<double>();
    const at::Tensor rows = (by_channel(codes.clamp(spec.quant_min, spec.quant_max), spec) - spec.quant_min).to(at::kLong);
    const std::int64_t levels = spec.quant_max - spec.quant_min + 1;
    for (std::int64_t c = 0; c < rows.size(0); ++c) use.codes += static_cast<double>((at::bincount(rows[c]) > 0).sum().item<std::int64_t>()) / static_cast<double>(levels);
    use.codes /= static_cast<double>(rows.size(0));
    return use;
}

double loss_with(const at::Tensor& weight, const at::Tensor& replacement, const std::function<double()>& loss) {
    check_alike(weight, replacement);
    struct Exchange {
        Exchange(const at::Tensor& held, const at::Tensor& other) : weight(held), own(held.detach().clone()) { put(other.detach()); }
        ~Exchange() { put(own); }
        void put(const at::Tensor& values) const {
            const c10::NoGradGuard no_gradients;
            weight.copy_(values);
        }
        at::Tensor weight, own;
    };
    const Exchange exchanged(weight, replacement);
    return loss();
}

double hawq_score(double curvature, const at::Tensor& weight, const at::Tensor& quantised) { return per(curvature, static_cast<double>(weight.numel())) * mean_squared_error(weight, quantised); }

double hawq_v2_score(double trace, const at::Tensor& weight, const at::Tensor& quantised) { return per(trace, static_cast<double>(weight.numel())) * energies(weight, quantised).noise; }

}
