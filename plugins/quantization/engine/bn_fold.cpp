#include "plugins/quantization/engine/bn_fold.h"
#include "core/base/error.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

namespace lathe::quantization {
namespace {

constexpr double kSmallestGamma = 1e-8;

at::Tensor on_filters(const at::Tensor& channel, const at::Tensor& weight) {
    std::vector<std::int64_t> shape(static_cast<std::size_t>(weight.dim()), 1);
    shape[0] = -1;
    return channel.view(shape);
}

at::Tensor on_maps(const at::Tensor& channel) { return channel.view({1, -1, 1, 1}); }

at::Tensor running_sigma(const NormTensors& norm) { return (norm.running_var + norm.eps).sqrt(); }

void check_channels(const at::Tensor& weight, const at::Tensor& bias, const NormTensors& norm) {
    const std::int64_t channels = weight.dim() > 0 ? weight.size(0) : 0;
    for (const at::Tensor& t : {norm.gamma, norm.beta, norm.running_mean, norm.running_var, bias.defined() ? bias : norm.beta})
        if (t.dim() != 1 || t.size(0) != channels)
            throw Error(ErrorCode::invalid_value, "A normalization cannot be folded into a convolution with another number of channels.",
                std::to_string(t.numel()) + " values for " + std::to_string(channels) + " filters", "Pair each convolution with the normalization that reads its output.");
}

struct BatchStatistics {
    at::Tensor mean, variance;   // biased variance
};

/// Of z [N, C, H, W]; the running statistics follow, which also know a bias of the convolution that z lacks (a batch's own mean takes it out again).
BatchStatistics observed_batch(const at::Tensor& z, const at::Tensor& bias, NormTensors& norm) {
    const std::int64_t count = z.numel() / std::max<std::int64_t>(1, z.size(1));
    if (count < 2)
        throw Error(ErrorCode::invalid_value, "One value for each channel has no variance.",
            std::to_string(z.size(0)) + " images of " + std::to_string(z.size(2)) + " x " + std::to_string(z.size(3)) + " pixels",
            "Train with larger batches, or freeze the statistics of the normalization.");
    const auto [variance, mean] = at::var_mean(z, at::IntArrayRef{0, 2, 3}, std::optional<at::Scalar>(0));
    const c10::NoGradGuard no_gradients;
    norm.running_mean.lerp_(bias.defined() ? mean.detach() + bias.detach() : mean.detach(), norm.momentum);
    norm.running_var.lerp_(variance.detach() * (static_cast<double>(count) / static_cast<double>(count - 1)), norm.momentum);
    return {mean, variance};
}

at::Tensor with_batch(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, NormTensors& norm, const Convolve& convolve, const QuantizeWeight& quantize) {
    const BatchStatistics seen = observed_batch(convolve(x, weight), bias, norm);
    const at::Tensor factor = norm.gamma / (seen.variance + norm.eps).sqrt();
    return convolve(x, quantize(weight * on_filters(factor, weight))) + on_maps(norm.beta - seen.mean * factor);
}

at::Tensor with_corrected(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, NormTensors& norm, const Convolve& convolve, const QuantizeWeight& quantize) {
    const at::Tensor before = running_sigma(norm);   // of the statistics that the quantised weight was folded with
    const BatchStatistics seen = observed_batch(convolve(x, weight), bias, norm);
    const at::Tensor sigma = (seen.variance + norm.eps).sqrt();
    const at::Tensor y = convolve(x, quantize(weight * on_filters(norm.gamma / before, weight)));
    return y * on_maps(before / sigma) + on_maps(norm.beta - seen.mean * norm.gamma / sigma);
}

at::Tensor with_rescaled(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, NormTensors& norm, const Convolve& convolve, const QuantizeWeight& quantize) {
    const at::Tensor gamma = at::where(norm.gamma.abs() < kSmallestGamma, at::full_like(norm.gamma, kSmallestGamma), norm.gamma);
    const at::Tensor factor = gamma / running_sigma(norm);
    const at::Tensor z = convolve(x, quantize(weight * on_filters(factor, weight))) / on_maps(factor);
    const BatchStatistics seen = observed_batch(z, bias, norm);
    return (z - on_maps(seen.mean)) * on_maps(norm.gamma / (seen.variance + norm.eps).sqrt()) + on_maps(norm.beta);
}

}

FoldedConv folded_conv(const at::Tensor& weight, const at::Tensor& bias, const NormTensors& norm) {
    check_channels(weight, bias, norm);
    const at::Tensor factor = norm.gamma / running_sigma(norm);
    const at::Tensor shift = bias.defined() ? bias - norm.running_mean : -norm.running_mean;
    return {weight * on_filters(factor, weight), norm.beta + shift * factor};
}

at::Tensor folded_eval(const at::Tensor& x, const FoldedConv& folded, const Convolve& convolve, const QuantizeWeight& quantize) {
    const at::Tensor y = convolve(x, quantize(folded.weight));
    return folded.bias.defined() ? y + on_maps(folded.bias) : y;
}

at::Tensor folded_training(BnFold strategy, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, NormTensors& norm, const Convolve& convolve, const QuantizeWeight& quantize) {
    if (strategy == BnFold::once) return folded_eval(x, {weight, bias}, convolve, quantize);
    check_channels(weight, bias, norm);
    switch (strategy) {
    case BnFold::batch:
        return with_batch(x, weight, bias, norm, convolve, quantize);
    case BnFold::corrected:
        return with_corrected(x, weight, bias, norm, convolve, quantize);
    case BnFold::rescaled:
        return with_rescaled(x, weight, bias, norm, convolve, quantize);
    default:
        return folded_eval(x, folded_conv(weight, bias, norm), convolve, quantize);
    }
}

}
