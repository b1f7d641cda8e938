#pragma once
// One DiT block as a single differentiable function with its derivative written by hand: every pass over the activations is fused, and products may run
// in bfloat16 while the residual stream, the parameters and their gradients stay float.
#include <ATen/core/Tensor.h>

namespace lathe::delta_cache {

struct BlockWeights { at::Tensor qkv, qkv_bias, proj, proj_bias, fc1, fc1_bias, fc2, fc2_bias; };

/// h [B, N, D] float contiguous, modulation [B, 6D] float; `type`: float or bfloat16.
at::Tensor train_dit_block(const at::Tensor& h, const at::Tensor& modulation, const BlockWeights& weights, std::int64_t heads, double norm2_eps, at::ScalarType type);

}
