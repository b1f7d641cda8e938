#pragma once
// The five ways to train a quantised convolution together with the batch normalisation behind it (MQBench, section on BN folding; specification of MQBench,
// section 4). All end in the same deployed layer, conv(x, fq(w γ/σ_r)) + β - μ_r γ/σ_r. Everything stays on the autograd graph. Any thread.
#include <ATen/core/Tensor.h>
#include <functional>

namespace lathe::quantization {

/// The numbers are the paper's; σ_r from running statistics, σ_b from the batch.
enum class BnFold {
    once = 0,              ///< before training; weight and bias of the fold are trained, the normalisation is gone
    frozen = 1,            ///< conv(x, fq(w γ/σ_r)), running statistics stay
    batch = 2,             ///< a float convolution first, for the batch statistics: conv(x, fq(w γ/σ_b))
    corrected = 3,         ///< the same, but conv(x, fq(w γ/σ_r)) σ_r/σ_b
    rescaled = 4           ///< conv(x, fq(w γ/σ_r)) σ_r/γ and an ordinary normalisation of that: MQBench's and torch.ao's ConvBn2d
};

/// Tensors [C]; the running ones are written to in training.
struct NormTensors {
    at::Tensor gamma, beta, running_mean, running_var;
    double eps = 1e-5, momentum = 0.1;
};

struct FoldedConv {
    at::Tensor weight, bias;
};

using QuantizeWeight = std::function<at::Tensor(const at::Tensor& weight)>;
/// A convolution [N, C_in, H, W] -> [N, C, H', W'] without bias.
using Convolve = std::function<at::Tensor(const at::Tensor& x, const at::Tensor& weight)>;

/// w γ/σ_r and β - μ_r γ/σ_r, the latter with a bias of the convolution where `bias` is defined. weight [C, ...].
/// Throws Error(invalid_value) where the normalisation has another number of channels.
FoldedConv folded_conv(const at::Tensor& weight, const at::Tensor& bias, const NormTensors& norm);

/// The deployed layer in float arithmetic, which is what all strategies do in evaluation.
at::Tensor folded_eval(const at::Tensor& x, const FoldedConv& folded, const Convolve& convolve, const QuantizeWeight& quantize);

/// One forward pass of training. For `once`, weight and bias are those that folded_conv gave, and the normalisation is not read. Running statistics follow with
/// `momentum` (unbiased variance) in batch, corrected and rescaled. Where |γ| < 1e-8, `rescaled` multiplies and divides by 1e-8 in its place: the channel gives β.
/// Throws what folded_conv throws, and Error(invalid_value) for a batch of one value for each channel where its variance is needed.
at::Tensor folded_training(BnFold strategy, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, NormTensors& norm, const Convolve& convolve, const QuantizeWeight& quantize);

}
