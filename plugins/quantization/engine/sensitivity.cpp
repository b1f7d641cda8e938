#include "plugins/quantization/engine/sensitivity.h"
#include "core/base/error.h"
#include "plugins/quantization/engine/lanes.h"
#include <algorithm>
#include <array>
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <cmath>
#include <limits>
#include <numeric>
#include <sstream>
#include <vector>

namespace lathe::quantization {
namespace {

void check_alike(const at::Tensor& x, const at::Tensor& quantised) {
    if (x.sizes() == quantised.sizes()) return;
    std::ostringstream shapes;
    shapes << x.sizes() << " and " << quantised.sizes();
    throw Error(ErrorCode::invalid_value, "Two tensors of different shapes cannot be compared.", shapes.str(), "Compare what one layer gives in float and quantized.");
}

double sum_of_squares(const at::Tensor& x) { return x.square().sum().item<double>(); }

double per(double sum, double count) { return count > 0 ? sum / count : 0; }

constexpr std::int64_t kSumBlock = 1 << 14;   // values of one partial sum: the result does not depend on the number of threads

template <class T> ErrorSums sums_of(const T* x, const T* y, std::int64_t n) {
    std::array<double, kLanes> signal{}, noise{}, product{}, quantised{};
    const auto one = [&](std::int64_t i, std::size_t lane) {
        const double a = x[i], b = y[i], d = a - b;
        signal[lane] += a * a;
        noise[lane] += d * d;
        product[lane] += a * b;
        quantised[lane] += b * b;
    };
    by_lanes(0, n, [&](std::int64_t i) { for (std::int64_t lane = 0; lane < kLanes; ++lane) one(i + lane, static_cast<std::size_t>(lane)); }, [&](std::int64_t i) { one(i, 0); });
    const auto total = [](const auto& lanes) { return std::accumulate(lanes.begin(), lanes.end(), 0.0); };
    return {total(signal), total(noise), total(product), total(quantised), static_cast<double>(n)};
}

}

void ErrorSums::add(const at::Tensor& given, const at::Tensor& given_quantised) {
    check_alike(given, given_quantised);
    const at::ScalarType type = given.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
    at::Tensor x = given.detach().to(type), y = given_quantised.detach().to(type);
    if (x.strides() != y.strides() || !x.is_non_overlapping_and_dense()) {
        x = x.contiguous();
        y = y.contiguous();
    }
    std::vector<ErrorSums> parts(static_cast<std::size_t>((x.numel() + kSumBlock - 1) / kSumBlock));
    at::parallel_for(0, static_cast<std::int64_t>(parts.size()), 4, [&](std::int64_t first, std::int64_t end) {
        for (std::int64_t i = first; i < end; ++i) {
            const std::int64_t at = i * kSumBlock, n = std::min(kSumBlock, x.numel() - at);
            parts[static_cast<std::size_t>(i)] = type == at::kDouble ? sums_of(x.const_data_ptr<double>() + at, y.const_data_ptr<double>() + at, n) : sums_of(x.const_data_ptr<float>() + at, y.const_data_ptr<float>() + at, n);
        }
    });
    for (const ErrorSums& part : parts) {
        signal += part.signal;
        noise += part.noise;
        product += part.product;
        quantised += part.quantised;
        count += part.count;
    }
}

double ErrorSums::mean_squared_error() const { return per(noise, count); }

double ErrorSums::sqnr_db() const { return noise == 0 && !std::isnan(signal) ? std::numeric_limits<double>::infinity() : 10 * std::log10(signal / noise); }

double ErrorSums::noise_to_signal() const { return noise == 0 ? 0 : noise / signal; }

double ErrorSums::cosine() const {
    if (signal == 0 || quantised == 0) return signal == quantised ? 1 : 0;
    return std::abs(product) / std::sqrt(signal) / std::sqrt(quantised);
}

namespace {

ErrorSums sums(const at::Tensor& x, const at::Tensor& quantised) {
    ErrorSums out;
    out.add(x, quantised);
    return out;
}

}

double mean_squared_error(const at::Tensor& x, const at::Tensor& quantised) { return sums(x, quantised).mean_squared_error(); }

double sqnr_db(const at::Tensor& x, const at::Tensor& quantised) { return sums(x, quantised).sqnr_db(); }

double noise_to_signal(const at::Tensor& x, const at::Tensor& quantised) { return sums(x, quantised).noise_to_signal(); }

double cosine(const at::Tensor& x, const at::Tensor& quantised) { return sums(x, quantised).cosine(); }

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

double hawq_v2_score(double trace, const at::Tensor& weight, const at::Tensor& quantised) { return per(trace, static_cast<double>(weight.numel())) * sums(weight, quantised).noise; }

}
