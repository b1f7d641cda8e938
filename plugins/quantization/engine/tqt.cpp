#include "plugins/quantization/engine/tqt.h"
#include <ATen/ATen.h>
#include <cmath>

namespace lathe::quantization {

at::Tensor vitis_nearest(const at::Tensor& v) {
    const at::Tensor is_negative_half = at::logical_and(v < 0, (v - at::floor(v)) == 0.5);
    return at::where(is_negative_half, at::ceil(v), at::round(v));
}

at::Tensor vitis_round(const at::Tensor& v, const QuantSpec& spec) {
    const double low = static_cast<double>(spec.quant_min), high = static_cast<double>(spec.quant_max);
    if (spec.role == Role::param) return at::clamp(at::round(v), low, high);
    return vitis_nearest(at::clamp(v, low, high));
}

float vitis_exponent(float scale) { return scale < kSmallestVitisScale ? 0 : std::floor(std::log2(1 / scale)); }

}
