#pragma once
// The families of fake-quantisers that make_quantizer chooses from. Internal to quantizer*.cpp.
#include "plugins/quantization/engine/quantizer.h"

namespace lathe::quantization {

std::unique_ptr<Quantizer> make_stepped(const QuantSpec& spec, const QuantizerOptions& options);      ///< fixed, LSQ, QDrop, TQT: quantizer_stepped.cpp
std::unique_ptr<Quantizer> make_reshaped(const QuantSpec& spec, const QuantizerOptions& options);     ///< DSQ, DoReFa, PACT: quantizer_reshaped.cpp
std::unique_ptr<Quantizer> make_nonuniform(const QuantSpec& spec, const QuantizerOptions& options);   ///< QIL, APoT, NNIE: quantizer_nonuniform.cpp

/// The value of `value` with the gradient of `path` (straight-through estimators): path + (value - path), the difference without gradient.
at::Tensor straight_through(const at::Tensor& path, const at::Tensor& value);
at::Tensor rounded_straight_through(const at::Tensor& x);
/// x with its gradient multiplied by `factor`.
at::Tensor scaled_gradient(const at::Tensor& x, double factor);
/// A copy that is a leaf of the autograd graph.
at::Tensor learnable(const at::Tensor& value);
/// 1 / sqrt(M p), M: elements that share a step size.
double lsq_gradient_factor(const at::Tensor& x, const QuantSpec& spec);

}
