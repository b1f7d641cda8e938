#include "plugins/quantization/engine/observer_search.h"
#include "core/nn/kernels.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <vector>

namespace lathe::quantization {
std::pair<at::Tensor, at::Tensor> smallest_error_range(const at::Tensor& x, const at::Tensor& low, const at::Tensor& high, const QuantSpec& spec, const ObserverOptions& options) {
    const int tries = spec.per_channel ? 80 : 95;
    const auto channels = static_cast<std::size_t>(low.numel());
    std::vector<std::vector<fused::EvenGrid>> grids(channels);
    for (int i = 0; i < tries; ++i) {
        const double factor = 1.0 - 0.01 * i;
        const QuantParams params = params_from_range(low * factor, high * factor, spec, options.full_unsigned);
        const at::Tensor scale = params.scale.contiguous(), zero = params.zero_point.contiguous();
        for (std::size_t c = 0; c < channels; ++c) {
            const float s = scale.const_data_ptr<float>()[c], z = zero.const_data_ptr<float>()[c];
            grids[c].push_back({1 / s, s, static_cast<float>(spec.quant_min) - z, static_cast<float>(spec.quant_max) - z});
        }
    }
    // Of a tensor as a whole the order of its values does not matter: channels-last ones are not copied.
    const at::Tensor rows = spec.per_channel ? by_channel(x, spec).contiguous() : x.is_non_overlapping_and_dense() ? x : x.contiguous();
    at::Tensor factors = at::empty({static_cast<std::int64_t>(channels)}, at::kFloat);
    for (std::size_t c = 0; c < channels; ++c) {
        const std::vector<double> errors = fused::grid_errors(spec.per_channel ? rows[static_cast<std::int64_t>(c)] : rows, grids[c]);
        const auto best = std::ranges::min_element(errors);   // the first of equals: the widest
        factors.data_ptr<float>()[c] = static_cast<float>(1.0 - 0.01 * static_cast<double>(best - errors.begin()));
    }
    factors = factors.reshape(low.sizes());
    return {low * factors, high * factors};
}

}
