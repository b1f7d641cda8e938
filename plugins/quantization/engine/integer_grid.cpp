#include "plugins/quantization/engine/integer_grid.h"
#include "core/base/error.h"
#include "plugins/quantization/engine/tqt.h"
#include <ATen/ATen.h>
#include <cmath>

namespace lathe::quantization {
namespace {

constexpr double kOffGrid = 1e-2;   // of a step: float32 puts a code of 16 bits no further off

[[noreturn]] void refuse_grid(const std::string& place, const Quantizer& quantizer) {
    throw Error(ErrorCode::unsupported, "This grid has no integer form.", place + ", " + std::string(to_text(quantizer.spec().algorithm)), "Integers need even steps: choose another algorithm.");
}

at::Tensor along_axis(const at::Tensor& values, const IntegerGrid& grid, const at::Tensor& like) {
    if (values.numel() == 1) return values.reshape({});
    std::vector<std::int64_t> sizes(static_cast<std::size_t>(like.dim()), 1);
    sizes[static_cast<std::size_t>(grid.axis)] = values.numel();
    return values.view(sizes);
}

}

bool IntegerGrid::has_zero() const { return zero.ne(0).any().item<bool>(); }
float IntegerGrid::scale_value() const { return scale.item<float>(); }
std::int64_t IntegerGrid::zero_value() const { return zero.item<std::int64_t>(); }

IntegerGrid integer_grid(Quantizer& quantizer, const std::string& place) {
    const QuantSpec& spec = quantizer.spec();
    if (!spec.has_even_steps()) refuse_grid(place, quantizer);
    IntegerGrid grid;
    grid.scale = quantizer.params().scale.detach().to(at::kFloat).flatten().contiguous();
    if (spec.algorithm == Algorithm::tqt) grid.scale = at::full({1}, std::exp2(-vitis_exponent(grid.scale.item<float>())), at::kFloat);
    grid.zero = at::round(quantizer.params().zero_point.detach()).to(at::kLong).flatten().contiguous();
    grid.low = spec.quant_min;
    grid.high = spec.quant_max;
    grid.bits = spec.bits;
    grid.axis = spec.channel_axis;
    if (grid.scale.numel() == 1 && spec.role != Role::param) {   // what it does to numbers over its range must be what the grid says, but for ties
        const double scale = grid.scale_value(), zero = static_cast<double>(grid.zero_value()), low = static_cast<double>(grid.low), high = static_cast<double>(grid.high);
        const at::Tensor x = at::linspace((low - zero - 2) * scale, (high - zero + 2) * scale, 1001, at::kFloat);
        const at::Tensor want = (at::clamp(at::round(x / scale) + zero, low, high) - zero) * scale;
        const double off = ((quantizer.deployed(x) - want).abs() > kOffGrid * scale).to(at::kDouble).mean().item<double>();
        if (off > 0.02) refuse_grid(place, quantizer);
    }
    return grid;
}

at::Tensor integer_codes(Quantizer& quantizer, const IntegerGrid& grid, const at::Tensor& value, const std::string& place) {
    const at::Tensor held = quantizer.deployed(value), steps = held / along_axis(grid.scale, grid, held), whole = at::round(steps);
    if (whole.numel() > 0 && !((steps - whole).abs() <= kOffGrid).all().item<bool>()) refuse_grid(place, quantizer);
    return at::clamp(whole.to(at::kLong) + along_axis(grid.zero, grid, held), grid.low, grid.high);
}

}
