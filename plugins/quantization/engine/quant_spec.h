#pragma once
// What a quantiser is asked to do: whole-number range, scheme, and which rules find and apply its scale. Source: specs of MQBench (arXiv 2111.03759) and
// its code, section 1 of the specification. Pure values; any thread.
#include "core/nn/kernels.h"
#include <ATen/core/Tensor.h>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lathe::quantization {

/// Which fake-quantiser: how a tensor is put on its grid and what is learnt of it.
enum class Algorithm { lsq, dsq, dorefa, pact, qil, apot, tqt, fixed, nnie, qdrop, adaround };
/// Which observer finds the range.
enum class ObserverKind { minmax, ema_minmax, ema_quantile, clip_std, lsq, lsq_plus, mse, ema_mse, minmax_floor, pot_mode };
/// What a power-of-two quantiser stands on (Vitis): weights and biases, activations, the network's input.
enum class Role { param, tensor, input };

std::string_view to_text(Algorithm algorithm);      ///< "lsq", "dsq", …
std::string_view to_text(ObserverKind observer);
Algorithm algorithm_from(std::string_view text);    ///< also takes MQBench's class names ("LearnableFakeQuantize"). Throws Error(unknown_name) with the nearest
ObserverKind observer_from(std::string_view text);  ///< also "MinMaxObserver", …
Role role_from(std::string_view text);

struct QuantSpec {
    std::int64_t quant_min = -128, quant_max = 127;
    int bits = 8;                         ///< as configured; [-127, 127] is 8 bits although it holds fewer values than 2^8
    bool symmetric = true;                ///< zero point 0
    bool per_channel = false;
    int channel_axis = 0;                 ///< of a per-channel scale: 0, for weights of transposed convolutions 1
    bool power_of_two = false;
    Algorithm algorithm = Algorithm::fixed;
    ObserverKind observer = ObserverKind::minmax;
    Role role = Role::tensor;
    bool operator==(const QuantSpec&) const = default;

    bool is_unsigned() const { return quant_min == 0; }
    /// Its values are whole numbers of one step size (for each channel): not those of APoT, QIL and NNIE.
    bool has_even_steps() const { return algorithm != Algorithm::apot && algorithm != Algorithm::qil && algorithm != Algorithm::nnie; }
};

/// The full range of `bits`: symmetric [-2^(b-1), 2^(b-1) - 1], asymmetric [0, 2^b - 1]. Throws Error(invalid_value) for bits outside 2..16.
QuantSpec full_range(int bits, bool symmetric, bool per_channel);


/// s and z of x ≈ (q - z) s: float32, [1] per tensor or [C] per channel; z holds whole numbers (learnt ones may be between).
struct QuantParams { at::Tensor scale, zero_point; };

/// From a range [1] or [C] (specification 1): zero is taken in; symmetric s = max(-min, max) / ((p - n) / 2), or / p where the range is unsigned and
/// `full_unsigned` is set (MQBench's own symmetric formula wastes half of an unsigned range); asymmetric s = (max - min) / (p - n), z = n - round(min / s)
/// within [n, p]; s at least float32's epsilon, then to the nearest power of two where the spec asks for it.
QuantParams params_from_range(const at::Tensor& min, const at::Tensor& max, const QuantSpec& spec, bool full_unsigned = false);

/// x on the grid, round half to even of x / s before z is added, as LibTorch's fake_quantize_*_affine do it; straight-through gradient within the range.
at::Tensor fake_quantize(const at::Tensor& x, const QuantParams& params, const QuantSpec& spec);

/// The grid of one scale as the fused passes take it; its zero point is a whole number within the range.
fused::EvenGrid even_grid_of(const QuantParams& params, const QuantSpec& spec);
/// Floats in memory of their own and no graph: what the fused passes take.
bool is_plain_float(const at::Tensor& x);
/// `t` with one dimension per channel, [C, n], along the axis; a per-tensor spec: [1, n].
at::Tensor by_channel(const at::Tensor& t, const QuantSpec& spec);
/// [C] or [1] shaped so that it multiplies `t` along the spec's axis.
at::Tensor along_channels(const at::Tensor& values, const at::Tensor& t, const QuantSpec& spec);

}
