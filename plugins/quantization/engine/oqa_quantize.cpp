#include "plugins/quantization/engine/oqa_quantize.h"
#include "core/base/error.h"
#include "plugins/quantization/engine/quantizer_kinds.h"
#include <ATen/ATen.h>
#include <cmath>

namespace lathe::quantization {

at::Tensor oqa_quantize(const at::Tensor& x, const at::Tensor& step, int bits, bool is_weight) {
    if (bits < 1 || bits > 16) throw Error(ErrorCode::invalid_value, "A tensor cannot be quantized to this number of bits.", std::to_string(bits) + " bits", "Choose 1 to 16.");
    const bool is_sign = is_weight && bits == 1;
    const double top = is_sign ? 1 : std::exp2(is_weight ? bits - 1 : bits) - 1, bottom = is_sign ? -1 : is_weight ? -std::exp2(bits - 1) : 0;
    const at::Tensor size = scaled_gradient(step, 1 / std::sqrt(static_cast<double>(x.numel()) * top)).abs();
    const at::Tensor inside = at::hardtanh(x / size, bottom, top);
    return straight_through(inside, is_sign ? at::sign(inside) : at::round(inside)) * size;
}

}
