#pragma once
// Convolutions executed in int8: post-training static quantization, weights symmetric for each output channel, activations affine for each tensor (u8).
// LibTorch's oneDNN engine multiplies; ReLU and a residual are fused. Inference on the CPU, ungrouped convolutions only.
#include "core/nn/conv.h"
#include <ATen/core/ivalue.h>

namespace lathe {

bool has_int8_conv();                                   ///< this LibTorch has the oneDNN engine
/// Weights are whole numbers between -limit and limit: 127, but 63 on x86 processors without VNNI, whose sums would clip (microsoft/onnxruntime #14642).
int int8_weight_limit();

/// `t`, or what it stands for where it is quantized.
at::Tensor as_float(const at::Tensor& t);

/// Smallest and largest values of a tensor, averaged over those that were added.
class ValueRange {
public:
    void add(const at::Tensor& t);
    bool known() const { return m_count > 0; }
    double low() const { return m_low / m_count; }
    double high() const { return m_high / m_count; }
private:
    double m_low = 0, m_high = 0;
    int m_count = 0;
};

/// What calibration notes of one convolution: ranges of what goes in and comes out, and a small piece to check the integer form with.
struct ConvSeen {
    ValueRange in, residual, out;
    at::Tensor piece, piece_residual;                   ///< [1, C, h, w] float; residual undefined where there is none
};

struct QuantStep { double scale = 1; std::int64_t zero = 0; };   ///< of u8: (value - zero) * scale

class Int8Conv {
public:
    /// weight: normalisation folded in. Float where oneDNN is not to be trusted: is_right tells.
    Int8Conv(const at::Tensor& weight, const at::Tensor& bias, const ConvShape& shape, Activation activation, const ConvSeen& seen);
    /// Whether the piece that was seen comes out as the same integers say in float: within 1.5 steps of the output.
    bool is_right(const ConvSeen& seen) const;
    /// x, residual: float or quantized; the result is quantized (u8), channels last.
    at::Tensor operator()(const at::Tensor& x, const at::Tensor& residual) const;
    const QuantStep& in() const { return m_in; }        ///< what a float x is quantized with
private:
    static QuantStep step_of(const ValueRange& range);
    at::Tensor quantized(const at::Tensor& x, const QuantStep& step) const;
    ConvShape m_shape;
    Activation m_activation;
    QuantStep m_in, m_residual, m_out;
    at::Tensor m_weight, m_bias;                        ///< quantized
    c10::IValue m_packed;
};

/// From now on, until make_int8 or drop_int8, every convolution below `module` notes what it sees.
void observe_ranges(Module& module);
/// Turns every convolution below `module` that has seen something, and for whose key `wanted` says so, into its int8 form, where that is right. How many were.
int make_int8(Module& module, const std::function<bool(const std::string& key)>& wanted);
void drop_int8(Module& module);

}
