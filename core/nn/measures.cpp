#include "core/nn/measures.h"
#include "core/base/error.h"
#include <ATen/ATen.h>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>

namespace lathe {
namespace {

std::string shape_text(const at::Tensor& tensor) {
    std::string text = "[";
    for (const std::int64_t size : tensor.sizes())
        text += (text.size() > 1 ? "," : "") + std::to_string(size);
    return text + "]";
}

[[noreturn]] void refuse(const std::string& what, const std::string& where, const char* hint) { throw Error(ErrorCode::invalid_value, what, where, hint); }

at::Tensor as_double(const at::Tensor& tensor) { return tensor.detach().to(at::kCPU, at::kDouble); }

void check_pair(const at::Tensor& a, const at::Tensor& b) {
    if (a.sizes() != b.sizes() || a.numel() == 0)
        refuse("The two tensors must have the same shape and not be empty", shape_text(a) + " and " + shape_text(b), "compare results of the same size");
}

double total_of(const at::Tensor& tensor) { return tensor.sum().item<double>(); }
double ratio(double a, double b) { return b > 0 || std::isnan(a) || std::isnan(b) ? a / b : a == 0 ? 0 : std::numeric_limits<double>::infinity(); }

/// Power by frequency, summed over all dimensions but the last two, constant term removed.
at::Tensor power_spectrum(const at::Tensor& images) {
    if (images.dim() < 2 || images.numel() == 0)
        refuse("A spectrum needs at least two dimensions and some values", shape_text(images), "give images or latents as […,height,width]");
    const at::Tensor spectrum = at::fft_fft2(as_double(images), std::nullopt, {-2, -1}, "ortho");
    at::Tensor power = at::view_as_real(spectrum).square().sum(-1);
    power = power.reshape({-1, images.size(-2), images.size(-1)}).sum(0);
    power[0][0] = 0;
    return power;
}

at::Tensor radius(std::int64_t height, std::int64_t width) {
    const at::Tensor y = at::fft_fftfreq(height, 1.0, at::dtype(at::kDouble)).unsqueeze(1), x = at::fft_fftfreq(width, 1.0, at::dtype(at::kDouble)).unsqueeze(0);
    return (y.square() + x.square()).sqrt() / 0.5;
}

std::array<double, 3> band_energy(const at::Tensor& images) {
    const at::Tensor power = power_spectrum(images), r = radius(images.size(-2), images.size(-1));
    const at::Tensor low = r.lt(0.25), high = r.ge(0.5);
    return {total_of(power * low), total_of(power * at::logical_or(low, high).logical_not()), total_of(power * high)};
}

at::Tensor covariance(const at::Tensor& centred) { return centred.t().matmul(centred) / double(centred.size(0) - 1); }

/// Square roots of eigenvalues; what rounding made negative counts as zero.
at::Tensor roots(const at::Tensor& eigenvalues) { return eigenvalues.clamp_min(0).sqrt(); }

}

RelativeError relative_error(const at::Tensor& test, const at::Tensor& reference) {
    check_pair(test, reference);
    const at::Tensor t = as_double(test), r = as_double(reference), difference = t - r;
    RelativeError error;
    error.l1 = ratio(total_of(difference.abs()), total_of(r.abs()));
    error.l2 = ratio(std::sqrt(total_of(difference.square())), std::sqrt(total_of(r.square())));
    const double norms = std::sqrt(total_of(t.square())) * std::sqrt(total_of(r.square()));
    error.cosine = norms != 0 ? total_of(t * r) / norms : error.l2 == 0 ? 1 : 0;
    return error;
}

double psnr(const at::Tensor& a, const at::Tensor& b, double peak) {
    check_pair(a, b);
    return 10 * std::log10(peak * peak / (as_double(a) - as_double(b)).square().mean().item<double>());
}

double ssim(const at::Tensor& a, const at::Tensor& b, double peak) {
    constexpr std::int64_t kWindow = 11;
    check_pair(a, b);
    if (a.dim() < 2 || a.dim() > 3 || a.size(0) < kWindow || a.size(1) < kWindow)
        refuse("SSIM needs images [height,width] or [height,width,channels] of at least 11 x 11 pixels", shape_text(a), "use PSNR for smaller images");
    const auto planes = [](const at::Tensor& image) {
        const at::Tensor value = as_double(image);
        return (value.dim() == 2 ? value.unsqueeze(0) : value.permute({2, 0, 1})).unsqueeze(1).contiguous();   // channels as a batch
    };
    at::Tensor window = at::arange(kWindow, at::kDouble) - kWindow / 2;
    window = (-window.square() / (2 * 1.5 * 1.5)).exp();
    window /= window.sum();
    const auto blur = [&window](const at::Tensor& x) { return at::conv2d(at::conv2d(x, window.view({1, 1, -1, 1})), window.view({1, 1, 1, -1})); };
    const at::Tensor x = planes(a), y = planes(b);
    const at::Tensor mean_x = blur(x), mean_y = blur(y);
    const at::Tensor var_x = blur(x.square()) - mean_x.square(), var_y = blur(y.square()) - mean_y.square(), cov = blur(x * y) - mean_x * mean_y;
    const double c1 = std::pow(0.01 * peak, 2), c2 = std::pow(0.03 * peak, 2);
    const at::Tensor map = (2 * mean_x * mean_y + c1) * (2 * cov + c2) / ((mean_x.square() + mean_y.square() + c1) * (var_x + var_y + c2));
    return map.mean().item<double>();
}

SpectrumBands spectrum_bands(const at::Tensor& images) {
    SpectrumBands bands;
    bands.energy = band_energy(images);
    const double total = bands.energy[0] + bands.energy[1] + bands.energy[2];
    for (std::size_t i = 0; i < 3; ++i)
        bands.fraction[i] = total > 0 ? bands.energy[i] / total : 0;
    return bands;
}

std::array<double, 3> band_errors(const at::Tensor& test, const at::Tensor& reference) {
    check_pair(test, reference);
    const std::array<double, 3> error = band_energy(as_double(test) - as_double(reference)), whole = band_energy(reference);
    std::array<double, 3> result{};
    for (std::size_t i = 0; i < 3; ++i)
        result[i] = ratio(std::sqrt(error[i]), std::sqrt(whole[i]));
    return result;
}

RadialProfile radial_profile(const at::Tensor& images, int bins) {
    if (bins < 1)
        refuse("A radial profile needs at least one ring", "bins = " + std::to_string(bins), "choose 1 or more");
    const at::Tensor power = power_spectrum(images), r = radius(images.size(-2), images.size(-1));
    const double width = std::numbers::sqrt2 / bins;
    const at::Tensor ring = (r / width).floor().clamp_max(bins - 1).to(at::kLong).flatten();
    const std::int64_t maps = images.numel() / (images.size(-2) * images.size(-1));
    at::Tensor weight = at::full({ring.numel()}, double(maps), at::kDouble);
    weight[0] = 0;   // the constant term
    const at::Tensor total = at::zeros({bins}, at::kDouble).index_add_(0, ring, power.flatten());
    const at::Tensor count = at::zeros({bins}, at::kDouble).index_add_(0, ring, weight);
    RadialProfile profile;
    for (int i = 0; i < bins; ++i) {
        if (const double n = count[i].item<double>(); n > 0) {
            profile.radius.push_back((i + 0.5) * width);
            profile.power.push_back(total[i].item<double>() / n);
        }
    }
    return profile;
}

double frechet_distance(const at::Tensor& features_a, const at::Tensor& features_b) {
    if (features_a.dim() != 2 || features_b.dim() != 2 || features_a.size(1) != features_b.size(1) || features_a.size(0) < 2 || features_b.size(0) < 2)
        refuse("The Fréchet distance needs two sets [n,d] of the same d, with at least two samples each", shape_text(features_a) + " and " + shape_text(features_b),
               "use features of the same network for both sets");
    const at::Tensor a = as_double(features_a), b = as_double(features_b), mean_a = a.mean(0), mean_b = b.mean(0);
    return frechet_distance(mean_a, covariance(a - mean_a), mean_b, covariance(b - mean_b));
}

double frechet_distance(const at::Tensor& mean_a, const at::Tensor& covariance_a, const at::Tensor& mean_b, const at::Tensor& covariance_b) {
    const std::int64_t d = mean_a.numel();
    for (const at::Tensor& matrix : {covariance_a, covariance_b}) {
        if (mean_a.dim() != 1 || mean_b.sizes() != mean_a.sizes() || matrix.dim() != 2 || matrix.size(0) != d || matrix.size(1) != d)
            refuse("Means [d] and covariances [d,d] do not fit together", shape_text(mean_a) + ", " + shape_text(matrix), "use statistics of the same network");
        if (!at::isfinite(matrix).all().item<bool>())
            refuse("A covariance is not finite", shape_text(matrix), "look for NaN in the features");
    }
    const at::Tensor sigma_a = as_double(covariance_a), sigma_b = as_double(covariance_b);
    const auto [values, vectors] = at::linalg_eigh(sigma_a);
    const at::Tensor root = (vectors * roots(values)).matmul(vectors.t());
    const at::Tensor product = root.matmul(sigma_b).matmul(root);
    const at::Tensor mixed = roots(at::linalg_eigvalsh((product + product.t()) / 2));
    return total_of((as_double(mean_a) - as_double(mean_b)).square()) + total_of(sigma_a.diagonal()) + total_of(sigma_b.diagonal()) - 2 * total_of(mixed);
}

InceptionScore inception_score(const at::Tensor& probabilities, int splits) {
    if (probabilities.dim() != 2 || splits < 1 || probabilities.size(0) < splits)
        refuse("The inception score needs probabilities [n,classes] with at least one sample in each split", shape_text(probabilities) + ", splits = " + std::to_string(splits),
               "use fewer splits or more samples");
    const at::Tensor p = as_double(probabilities);
    if (!p.ge(0).all().item<bool>())
        refuse("Probabilities must not be negative or NaN", shape_text(probabilities), "give the outputs of a softmax");
    std::vector<double> scores;
    for (const at::Tensor& part : p.tensor_split(splits)) {
        const at::Tensor mean = part.mean(0, true);
        const at::Tensor divergence = (at::xlogy(part, part) - at::xlogy(part, mean)).sum(1);
        scores.push_back(std::exp(divergence.mean().item<double>()));
    }
    InceptionScore score;
    for (const double s : scores)
        score.mean += s / splits;
    for (const double s : scores)
        score.deviation += (s - score.mean) * (s - score.mean) / splits;
    score.deviation = std::sqrt(score.deviation);
    return score;
}

}
