#include "plugins/vit_merge/engine/trivial_augment.h"
#include <ATen/ATen.h>
#include <ATen/core/Generator.h>
#include <cmath>
#include <numbers>

namespace lathe::vit_merge {
namespace {

constexpr int kChanges = 14, kStrengths = 31;

/// The picture [C, H, W] in float moved by the matrix {a, b, c, d, e, f} (from output to input, in pixels about the middle); black comes in. Nearest pixels, as the published one.
at::Tensor moved(const at::Tensor& x, double a, double b, double c, double d, double e, double f) {
    const std::int64_t height = x.size(1), width = x.size(2);
    at::Tensor out = at::zeros_like(x);
    for (std::int64_t row = 0; row < height; ++row)
        for (std::int64_t column = 0; column < width; ++column) {
            const double dx = static_cast<double>(column) - static_cast<double>(width - 1) / 2, dy = static_cast<double>(row) - static_cast<double>(height - 1) / 2;
            const auto u = static_cast<std::int64_t>(std::lround(a * dx + b * dy + c + static_cast<double>(width - 1) / 2)), v = static_cast<std::int64_t>(std::lround(d * dx + e * dy + f + static_cast<double>(height - 1) / 2));
            if (u < 0 || v < 0 || u >= width || v >= height) continue;
            for (std::int64_t plane = 0; plane < x.size(0); ++plane)
                out.mutable_data_ptr<float>()[(plane * height + row) * width + column] = x.const_data_ptr<float>()[(plane * height + v) * width + u];
        }
    return out;
}

at::Tensor grey_of(const at::Tensor& x) { return x.size(0) == 3 ? 0.299 * x.narrow(0, 0, 1) + 0.587 * x.narrow(0, 1, 1) + 0.114 * x.narrow(0, 2, 1) : x; }

at::Tensor blended(const at::Tensor& ground, const at::Tensor& x, double factor) { return (ground + factor * (x - ground)).clamp(0, 255); }

at::Tensor equalized(const at::Tensor& x) {
    at::Tensor out = x.clone();
    for (std::int64_t plane = 0; plane < x.size(0); ++plane) {
        const at::Tensor levels = x[plane].to(at::kLong), counts = at::bincount(levels.flatten(), {}, 256);
        const std::int64_t last = counts.index_select(0, counts.nonzero().flatten().slice(0, -1)).item<std::int64_t>(), step = (counts.sum().item<std::int64_t>() - last) / 255;
        if (step == 0) continue;
        const at::Tensor table = at::constant_pad_nd((counts.cumsum(0) + step / 2).floor_divide(step).slice(0, 0, 255), {1, 0}, 0).clamp(0, 255);
        out[plane].copy_(table.index_select(0, levels.flatten()).view_as(levels).to(at::kFloat));
    }
    return out;
}

at::Tensor stretched(const at::Tensor& x) {
    const at::Tensor low = x.amin({1, 2}, true), high = x.amax({1, 2}, true), range = high - low;
    return at::where(range > 0, ((x - low) * 255 / range.clamp_min(1)).clamp(0, 255), x);
}

at::Tensor sharpened(const at::Tensor& x, double factor) {
    at::Tensor smooth = x.clone();
    const std::int64_t height = x.size(1), width = x.size(2);
    if (height < 3 || width < 3) return x;
    at::Tensor sum = 4 * x.slice(1, 1, height - 1).slice(2, 1, width - 1);
    for (std::int64_t i = 0; i < 3; ++i)
        for (std::int64_t k = 0; k < 3; ++k) sum = sum + x.slice(1, i, height - 2 + i).slice(2, k, width - 2 + k);
    smooth.slice(1, 1, height - 1).slice(2, 1, width - 1).copy_((sum / 13).round());
    return blended(smooth, x, factor);
}

at::Tensor one_change(const at::Tensor& x, int change, int bin, bool negative) {
    const double share = static_cast<double>(bin) / (kStrengths - 1), sign = negative ? -1 : 1;
    const double slope = 0.99 * share * sign, shift = 32 * share * sign, factor = 1 + slope;
    switch (change) {
    case 1: return moved(x, 1, -slope, 0, 0, 1, 0);
    case 2: return moved(x, 1, 0, 0, -slope, 1, 0);
    case 3: return moved(x, 1, 0, -shift, 0, 1, 0);
    case 4: return moved(x, 1, 0, 0, 0, 1, -shift);
    case 5: {
        const double angle = 135 * share * sign * std::numbers::pi / 180, c = std::cos(angle), s = std::sin(angle);
        return moved(x, c, -s, 0, s, c, 0);
    }
    case 6: return (x * factor).clamp(0, 255);                                                   // brightness
    case 7: return blended(grey_of(x).expand_as(x), x, factor);                                  // colour
    case 8: return blended(at::full_like(x, grey_of(x).mean().round().item<double>()), x, factor); // contrast
    case 9: return sharpened(x, factor);
    case 10: {                                                                                   // fewer bits: 8 down to 2
        const double levels = std::exp2(8 - std::round(6 * share));
        return (x * levels / 256).floor() * (256 / levels);
    }
    case 11: return at::where(x >= 255 * (1 - share), 255 - x, x);                               // solarize
    case 12: return stretched(x);
    case 13: return equalized(x);
    default: return x;
    }
}

}

at::Tensor trivially_augmented(const at::Tensor& pictures, at::Generator random) {
    const std::int64_t count = pictures.size(0);
    const at::Tensor changes = at::randint(kChanges, {count}, random, at::kLong), bins = at::randint(kStrengths, {count}, random, at::kLong), signs = at::randint(2, {count}, random, at::kLong);
    at::Tensor out = at::empty_like(pictures, at::MemoryFormat::Contiguous);
    for (std::int64_t i = 0; i < count; ++i)
        out[i].copy_(one_change(pictures[i].to(at::kFloat).contiguous(), static_cast<int>(changes[i].item<std::int64_t>()), static_cast<int>(bins[i].item<std::int64_t>()), signs[i].item<std::int64_t>() != 0).round().clamp(0, 255).to(at::kByte));
    return out;
}

}
