#include "plugins/quantization/engine/levels.h"
#include "core/base/error.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <cmath>
#include <set>
#include <torch/csrc/autograd/custom_function.h>
#include <vector>

namespace lathe::quantization {
namespace {

using Exponents = std::vector<std::vector<int>>;

Exponents apot_exponents(int bits) {
    switch (bits) {
    case 2: return {{1, 2, 3}};
    case 3: return {{1, 2, 4}, {3}};
    case 4: return {{1, 3, 5}, {2, 4, 6}};
    case 5: return {{1, 3, 6}, {2, 4, 7}, {5}};
    case 6: return {{1, 4, 7}, {2, 5, 8}, {3, 6, 9}};
    default: throw Error(ErrorCode::invalid_value, "APoT has no levels for this number of bits.", std::to_string(bits) + " bits without the sign", "Choose 2 to 7 bits for weights, 2 to 6 for activations.");
    }
}

struct ApotFunction : torch::autograd::Function<ApotFunction> {
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, const at::Tensor& alpha, const at::Tensor& levels, bool is_signed) {
        const at::Tensor v = x / alpha, size = at::clamp(is_signed ? v.abs() : v, 0, 1);
        const at::Tensor middles = (levels.slice(0, 1) + levels.slice(0, 0, levels.size(0) - 1)) / 2;
        const at::Tensor level = at::take(levels, at::bucketize(size.contiguous(), middles.contiguous()));   // right: a middle belongs to the lower level
        const at::Tensor q = is_signed ? level * at::sign(v) : level;
        context->save_for_backward({v, q});
        context->saved_data["signed"] = is_signed;
        return q * alpha;
    }
    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
        const auto saved = context->get_saved_variables();
        const at::Tensor &g = gradients[0], &v = saved[0], &q = saved[1];
        if (context->saved_data["signed"].toBool()) return {g, (g * at::where(v.abs() > 1, at::sign(v), q - v)).sum(), at::Tensor(), at::Tensor()};
        const at::Tensor outside = v > 1;
        return {at::where(outside, at::zeros_like(g), g), (g * at::where(outside, at::ones_like(v), q - v)).sum(), at::Tensor(), at::Tensor()};
    }
};

}

at::Tensor apot_levels(int bits) {
    if (bits == 1) return at::tensor({0.0f, 1.0f});
    std::set<double> sums{0};
    for (const std::vector<int>& exponents : apot_exponents(bits)) {
        std::set<double> longer = sums;
        for (const double sum : sums)
            for (const int e : exponents) longer.insert(sum + std::exp2(-e));
        sums = std::move(longer);
    }
    std::vector<float> levels;
    for (const double sum : sums) levels.push_back(static_cast<float>(sum / *sums.rbegin()));
    return at::tensor(levels);
}

at::Tensor apot_quantize(const at::Tensor& x, const at::Tensor& alpha, const at::Tensor& levels, bool is_signed) { return ApotFunction::apply(x, alpha, levels, is_signed); }

at::Tensor interval_transform(const at::Tensor& x, const at::Tensor& centre, const at::Tensor& width, bool is_signed) {
    const at::Tensor slope = 0.5 / width, shift = 0.5 - centre * slope;
    const at::Tensor inside = at::clamp((is_signed ? x.abs() : x) * slope + shift, 0, 1);
    return is_signed ? at::sign(x) * inside : inside;
}

at::Tensor nnie_values(const at::Tensor& x, double largest) {
    if (!(largest > 0)) return at::zeros_like(x);
    const double lowest = std::nearbyint(16 * std::log2(largest)) - 127;
    const at::Tensor wide = x.to(at::kDouble);
    const auto grid = [&](const at::Tensor& size, double first) { return at::exp2((at::clamp(at::round(16 * at::log2(at::clamp_min(size, 1e-300)) - lowest), first, 127) + lowest) / 16); };
    const at::Tensor positive = grid(wide, 0), negative = -grid(-wide, 1), zero = at::zeros_like(wide);
    const at::Tensor out = at::where(wide >= std::exp2((lowest - 16) / 16), positive, at::where(wide < -std::exp2((lowest + 1 - 16) / 16), negative, zero));
    return out.to(x.scalar_type());
}

}
