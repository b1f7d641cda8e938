#pragma once
// Grids whose steps are not even, and transforms onto them: APoT (Li et al. 2020), QIL (Jung et al. 2019), NNIE. Pure functions on the autograd graph.
#include <ATen/core/Tensor.h>

namespace lathe::quantization {

/// APoT's non-negative levels of B bits, rising, the largest 1: 2^B of them, each the sum of one power of two (or none) from every set. 1 bit: {0, 1}.
/// Throws Error(invalid_value) for more than 6 bits.
at::Tensor apot_levels(int bits);
/// alpha · (nearest level of x / alpha within [-1, 1], or [0, 1] without sign). Gradients: to x as it comes where weights are signed, else where
/// x <= alpha; to alpha: sign(x) where |x / alpha| > 1, else level - x / alpha.
at::Tensor apot_quantize(const at::Tensor& x, const at::Tensor& alpha, const at::Tensor& levels, bool is_signed);

/// sign(x) · clip(a |x| + b, 0, 1) with a = 1 / (2 D), b = 0.5 - C / (2 D); without the sign for activations.
at::Tensor interval_transform(const at::Tensor& x, const at::Tensor& centre, const at::Tensor& width, bool is_signed);

/// NNIE's values, computed in double: 2^(k / 16), within 128 such steps below `largest`.
at::Tensor nnie_values(const at::Tensor& x, double largest);

}
