#include "core/engine/verify_measures.h"
#include <ATen/ATen.h>
#include <cmath>
#include <sstream>

namespace lathe {
namespace {

constexpr double kFlippedFrom = 0.02, kFlippedMost = 0.05;   // of rows_flipped: what counts as a difference; what share of the row's largest value it may be

Measured refused(std::string note) { return {HUGE_VAL, std::move(note)}; }

std::string shape_text(const at::Tensor& tensor) {
    std::ostringstream out;
    out << tensor.sizes();
    return out.str();
}

/// What writing a reference in 16 bits may have changed: half a unit in the last place of each value, which no result can be blamed for.
at::Tensor rounding_of(const at::Tensor& expected, const at::Tensor& values) {
    const double half_unit = expected.scalar_type() == at::kHalf ? 0x1p-11 : expected.scalar_type() == at::kBFloat16 ? 0x1p-8 : 0;
    const double least = expected.scalar_type() == at::kHalf ? 0x1p-25 : 0;   // below 2^-14 the units are of one size
    return (values.abs() * half_unit).clamp_min(least);
}

at::Tensor as_double(const at::Tensor& tensor) { return tensor.detach().to(at::kCPU, at::kDouble).contiguous(); }

/// NaN and infinities must agree; then they are taken out of both. Empty text: they do.
std::string settle_non_finite(at::Tensor& result, at::Tensor& expected) {
    const at::Tensor finite = at::isfinite(expected);
    if (finite.all().item<bool>() && at::isfinite(result).all().item<bool>()) return {};
    const at::Tensor same = at::logical_or(at::logical_and(at::isnan(result), at::isnan(expected)), result == expected);
    const at::Tensor both = at::logical_and(finite, at::isfinite(result));
    const std::int64_t wrong = at::logical_not(at::logical_or(same, both)).sum().item<std::int64_t>();
    if (wrong > 0) return std::to_string(wrong) + " values are NaN or infinite where the reference is not, or the other way round";
    result = at::where(finite, result, 0.0);
    expected = at::where(finite, expected, 0.0);
    return {};
}

Measured exact(const at::Tensor& result, const at::Tensor& expected) {
    const bool integral = !result.is_floating_point() && !expected.is_floating_point();
    const at::Tensor r = integral ? result.to(at::kLong) : as_double(result), e = integral ? expected.to(at::kLong) : as_double(expected);
    const at::Tensor equal = at::logical_or(r == e, at::logical_and(at::isnan(r), at::isnan(e)));
    return {static_cast<double>(equal.numel() - equal.sum().item<std::int64_t>()), {}};   // how many differ
}

}

bool matches(std::string_view pattern, std::string_view text) {
    const auto star = pattern.find('*');
    if (star == std::string_view::npos) return pattern == text;
    if (!text.starts_with(pattern.substr(0, star))) return false;
    const std::string_view rest = pattern.substr(star + 1);
    for (std::size_t at = star; at <= text.size(); ++at)
        if (matches(rest, text.substr(at))) return true;
    return false;
}

Measured measure(std::string_view name, const at::Tensor& result, const at::Tensor& expected) {
    at::Tensor fitted = result.detach().to(at::kCPU);
    if (fitted.numel() == 1 && expected.numel() == 1) fitted = fitted.reshape(expected.sizes());   // a number is a number, whatever its dimensions
    if (!fitted.sizes().equals(expected.sizes())) return refused("shape " + shape_text(result) + " where the reference has " + shape_text(expected));
    if (expected.numel() == 0) return {};
    if (name == "exact") return exact(fitted, expected);

    at::Tensor r = as_double(fitted), e = as_double(expected);
    if (name == "max_rel_finite") {
        if (!at::isfinite(r).all().item<bool>()) return refused("a value is NaN or infinite");
        r = at::where(at::isfinite(e), r, 0.0);
        e = at::where(at::isfinite(e), e, 0.0);
        name = "max_rel";
    }
    if (std::string note = settle_non_finite(r, e); !note.empty()) return refused(std::move(note));
    const at::Tensor difference = ((r - e).abs() - rounding_of(expected, e)).clamp_min(0);
    if (name == "rel_l2") {
        const double error = difference.norm().item<double>(), scale = e.norm().item<double>();
        return {error == 0 ? 0 : error / scale, {}};   // infinite against zeros
    }
    if (name == "max_abs") return {difference.max().item<double>(), {}};
    if (name == "max_rel") return {(difference / (e.abs() + 1)).max().item<double>(), {}};
    if (name == "row_rel") {
        if (e.dim() == 0) return refused("a number has no rows");
        const at::Tensor largest = std::get<0>(e.abs().max(-1));
        return {(std::get<0>(difference.max(-1)) / at::where(largest > 0, largest, 1.0)).max().item<double>(), {}};
    }
    if (name == "image_u8") {
        if (const double levels = difference.max().item<double>(); levels > 1) return refused("pixels differ by up to " + std::to_string(static_cast<int>(levels)) + " levels");
        return {(difference > 0).to(at::kDouble).mean().item<double>(), {}};
    }
    if (name == "rows_flipped") {
        if (e.dim() == 0) return refused("a number has no rows");
        const auto [largest, place] = e.max(-1);
        const std::int64_t moved = (r.argmax(-1) != place).sum().item<std::int64_t>();
        if (moved > 0) return refused("the largest value stands elsewhere in " + std::to_string(moved) + " rows");
        const at::Tensor worst = std::get<0>(difference.max(-1)), size = std::get<0>(e.abs().max(-1));
        if ((worst > kFlippedMost * size).any().item<bool>()) return refused("a row differs by more than a twentieth of its largest value");
        return {(worst > kFlippedFrom).to(at::kDouble).mean().item<double>(), {}};
    }
    return refused("unknown measure \"" + std::string(name) + "\"");
}

}
