#pragma once
// Rounding and scales of Vitis' power-of-two quantisers (MQBench's TqtFakeQuantize, MinMaxFloorObserver; specification of MQBench, section 2 "TQT").
#include "plugins/quantization/engine/quant_spec.h"

namespace lathe::quantization {

inline constexpr float kSmallestVitisScale = 1.0f / 32768;   ///< 2^-15; below it the exponent counts as 0

/// To the nearest whole number; halves of positive numbers to the even one, of negative numbers towards zero.
at::Tensor vitis_nearest(const at::Tensor& v);
/// The whole numbers of v = x / s within the range: weights ("param") round half to even and then clamp; activations clamp first, and halves of negative
/// numbers go towards zero.
at::Tensor vitis_round(const at::Tensor& v, const QuantSpec& spec);
/// e of a scale 2^-e: floor(log2(1 / s)), 0 below 2^-15. In float32, as the official code has it: next to a power of two the last bit decides.
float vitis_exponent(float scale);

}
