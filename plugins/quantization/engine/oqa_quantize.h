#pragma once
// The quantiser of Once Quantization-Aware training (LaVieEnRoseSMZ/OQA, lsq_conv.py quantize(); specification of OQA, section 3).
#include <ATen/core/Tensor.h>

namespace lathe::quantization {

/// v |s~| with v = round(hardtanh(x / |s~|)): weights of b bits in [-2^(b-1), 2^(b-1) - 1] (1 bit: the sign), activations in [0, 2^b - 1]. `step` [1] gets its
/// gradient scaled by 1 / sqrt(numel Qp); a negative one works. Throws Error(invalid_value) for bits outside 1..16.
at::Tensor oqa_quantize(const at::Tensor& x, const at::Tensor& step, int bits, bool is_weight);

}
