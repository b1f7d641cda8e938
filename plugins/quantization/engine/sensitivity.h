#pragma once
// How much a layer suffers from being quantised (specification of the module, section 3.1): the numbers that profilers of MQBench, PPQ, AIMET, ONNX Runtime
// and TensorFlow Lite show. Pure functions, sums in double; no gradients. Tensors that are compared have one shape, else Error(invalid_value).
// NaN gives NaN, no error gives infinite decibels, and an empty tensor counts as equal. Any thread.
#include "plugins/quantization/engine/quant_spec.h"
#include <functional>

namespace lathe::quantization {

/// Sums over any number of tensors, from which the ratios below come.
struct ErrorSums {
    double signal = 0, noise = 0, product = 0, quantised = 0, count = 0;   ///< Σ x², Σ (x - x̂)², Σ x x̂, Σ x̂², values
    void add(const at::Tensor& x, const at::Tensor& quantised);
    double mean_squared_error() const;
    double sqnr_db() const;
    double noise_to_signal() const;
    double cosine() const;
};

double mean_squared_error(const at::Tensor& x, const at::Tensor& quantised);
/// 10 log10(Σ x² / Σ (x - x̂)²), of weights or outputs; +6.02 dB for each bit more where the noise is uniform.
double sqnr_db(const at::Tensor& x, const at::Tensor& quantised);
/// Σ (x - x̂)² / Σ x²; PPQ calls it "snr".
double noise_to_signal(const at::Tensor& x, const at::Tensor& quantised);
/// |Σ x x̂| / (|x| |x̂|) as MQBench's profiler has it; 1 where both are 0, 0 where one is.
double cosine(const at::Tensor& x, const at::Tensor& quantised);
/// Mean over the batch of KL(softmax(logits) || softmax(quantised)), natural logarithm. [N, classes]; needs no labels.
double softmax_kl(const at::Tensor& logits, const at::Tensor& quantised);
/// Root of the mean of ((x - x̂) / s)²: 1 / √12 = 0.289 where the noise is uniform, more where values are clipped (TensorFlow Lite's debugger).
double rmse_over_scale(const at::Tensor& x, const at::Tensor& quantised, const QuantParams& params, const QuantSpec& spec);

struct RangeUse {
    double clipped = 0;                    ///< share of the values whose whole number lies outside the range
    double codes = 0;                      ///< share of the range's whole numbers that occur; per channel: the mean of the channels
};
/// Throws Error(invalid_value) for values that are not finite.
RangeUse range_use(const at::Tensor& x, const QuantParams& params, const QuantSpec& spec);

/// The loss while `weight` holds `replacement`; its own values are back afterwards, also where `loss` throws.
/// The loss delta of a layer is this less the loss in float.
double loss_with(const at::Tensor& weight, const at::Tensor& replacement, const std::function<double()>& loss);

/// curvature / numel · mean((ŵ - w)²), as MQBench has it. curvature: the largest eigenvalue (HAWQ) or the trace (HAWQ-v2) of the layer's Hessian.
double hawq_score(double curvature, const at::Tensor& weight, const at::Tensor& quantised);
/// trace / numel · Σ (ŵ - w)², as the paper of HAWQ-v2 has it.
double hawq_v2_score(double trace, const at::Tensor& weight, const at::Tensor& quantised);

}
