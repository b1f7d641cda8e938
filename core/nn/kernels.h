#pragma once
// Fused element-wise passes and attention for CPU tensors: one read and one write where ATen needs several. AVX-512, AVX2 or plain code is chosen at run time.
// None of them records gradients: the *_backward functions are the derivatives. Tensors are contiguous, float or bfloat16 where T is written, else float.
// Throws Error(internal) for anything else, so callers ask usable() first.
#include <ATen/core/Tensor.h>
#include <vector>

namespace lathe::fused {

bool usable(const at::Tensor& x);        ///< float [B, N, D], contiguous, on the CPU
const char* instruction_set();           ///< "avx512", "avx2", "base"

/// LayerNorm without affine of x [B, N, D], then * (1 + scale[b]) + shift[b] (undefined: none). shift, scale: [B, D], rows may be strided alike.
at::Tensor modulated_norm(const at::Tensor& x, const at::Tensor& shift, const at::Tensor& scale, double eps, at::ScalarType type = at::kFloat, at::Tensor* mean = nullptr,
    at::Tensor* rstd = nullptr);
/// dx += …; dshift and dscale are overwritten.
void modulated_norm_backward(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& mean, const at::Tensor& rstd, const at::Tensor& scale, const at::Tensor& dx,
    const at::Tensor& dshift, const at::Tensor& dscale);

/// h + gate[b] * x
at::Tensor gated_sum(const at::Tensor& h, const at::Tensor& x, const at::Tensor& gate);
/// Returns the gradient of x; dgate is overwritten. The gradient of h is dy.
at::Tensor gated_sum_backward(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& gate, const at::Tensor& dgate);

/// tanh: with the tanh approximation, relative error below 1e-6; exact: by the error function, absolute error below 1e-7 |x|; sigmoid: x σ(1.702 x), QuickGELU.
enum class Gelu { tanh, exact, sigmoid };
/// GELU of x + bias (undefined: none).
at::Tensor gelu(const at::Tensor& x, const at::Tensor& bias = {}, bool in_place = false, Gelu form = Gelu::tanh);
at::Tensor gelu_backward(const at::Tensor& dy, const at::Tensor& x);   ///< of the tanh form

/// x [rows <= thin_rows(), in] times w [out, in] transposed, plus bias [out] (undefined: none): reads the weight once, where a matrix product packs it first.
at::Tensor thin_linear(const at::Tensor& x, const at::Tensor& w, const at::Tensor& bias);
std::int64_t thin_rows();

/// y = x w^T + bias; x [rows, in], w [out, in], bias [out] (undefined: none), y [rows, out]. All float and contiguous.
struct Linear { at::Tensor x, w, bias, y; };
/// Several linear layers of one `in` and `out`, on all threads: each weight is packed as it is used, nothing is kept. Meant for more than thin_rows() rows.
void linears(const std::vector<Linear>& layers);

at::Tensor column_sum(const at::Tensor& x);   ///< over all but the last dimension, in float

/// Softmax attention of packed qkv [B, N, 3 * heads * size] -> [B, N, heads * size]. `probabilities` [B * heads, N, N] are kept for the derivative.
at::Tensor attention(const at::Tensor& qkv, std::int64_t heads, at::Tensor* probabilities = nullptr);
at::Tensor attention_backward(const at::Tensor& qkv, std::int64_t heads, const at::Tensor& probabilities, const at::Tensor& dout);

/// y = max(y + x, 0) in one pass, in place; float, of one shape and memory format.
void add_relu_(const at::Tensor& y, const at::Tensor& x);

/// x on an even grid: clamp(round(x inverse), low, high) scale, ties to even; low <= 0 <= high, whole numbers below 2^22.
struct EvenGrid { float inverse, scale, low, high; };
/// Every value on the grid, in one pass on all threads; x: float, dense. The memory format is kept.
at::Tensor on_grid(const at::Tensor& x, const EvenGrid& grid);
/// The mean of (x on the grid - x)^2 for each grid, x read from memory once. x: float, dense, not empty; the order of its values does not matter. On all threads.
std::vector<double> grid_errors(const at::Tensor& x, const std::vector<EvenGrid>& grids);

/// Float x to u8, round(x / scale) + zero, ties to even; the memory format is kept. As at::quantize_per_tensor, on all threads.
at::Tensor quantize_u8(const at::Tensor& x, double scale, std::int64_t zero);
at::Tensor dequantize_u8(const at::Tensor& x);                ///< of a tensor quantized as a whole
/// Maps [N, C_i, h_i, w_i], float; each is brought to the size of the first one (bilinear, corners not aligned) and quantized: [N, sum of C_i, h_0, w_0],
/// channels last, in one pass.
at::Tensor upsampled_cat_u8(const std::vector<at::Tensor>& maps, double scale, std::int64_t zero);

/// Rows picked from several maps, side by side: y[i][k] = maps[k] row indices[k][i], or `none` in each byte where that is negative. Maps [rows, ...] of one row size
/// and contiguous, indices int [n], y of n * maps rows. A y that would not stay in the cache is written past it. On all threads.
void gather_rows(const std::vector<at::Tensor>& maps, std::int64_t row_bytes, const std::vector<at::Tensor>& indices, std::uint8_t none, const at::Tensor& y);

}
