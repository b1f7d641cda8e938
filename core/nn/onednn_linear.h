#pragma once
// oneDNN's linear layer with a weight in its own layout, for float on the CPU. LibTorch registers it without a C++ function.
// Its results must be compared with at::linear before they are used: with oneDNN 3.5 on AMD Zen 5 most output widths that are no multiple of 64
// give wrong numbers (errors of 70 %), while 384, 512, 1152, 3072 and 4608 are right.
#include <ATen/core/Tensor.h>

namespace lathe {

bool has_onednn_linear();
/// weight [out, in] -> a copy in oneDNN's layout for inputs of `rows` rows. Throws c10::Error.
at::Tensor onednn_prepack(const at::Tensor& weight, std::int64_t rows);
/// x [rows, in], bias [out] or undefined -> [rows, out].
at::Tensor onednn_linear(const at::Tensor& x, const at::Tensor& packed, const at::Tensor& bias);
/// Largest difference between two results, relative to the largest value of `expected`.
double relative_difference(const at::Tensor& result, const at::Tensor& expected);

}
