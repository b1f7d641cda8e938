#include "plugins/quantization/engine/observer_search.h"
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <algorithm>
#include <array>
#include <mutex>
#include <vector>

namespace lathe::quantization {
namespace {

constexpr std::int64_t kLanes = 16, kBlock = 8192;
constexpr float kRounder = 12582912.0f;   // 1.5 · 2^23: adding and taking it away rounds to the nearest whole number, halves to even, below 2^22

struct Grid { float inverse, scale, low, high; };   // low, high: the range of q - z

/// Sum of (x^ - x)^2 over a block.
__attribute__((target_clones("avx2", "default"))) double block_error(const float* x, std::int64_t n, const Grid& grid) {
    std::array<float, kLanes> sums{};
    const std::int64_t whole = n / kLanes * kLanes;
    for (std::int64_t i = 0; i < whole; i += kLanes)
        for (std::int64_t j = 0; j < kLanes; ++j) {
            float v = x[i + j] * grid.inverse;
            v = v < grid.low ? grid.low : v;
            v = v > grid.high ? grid.high : v;
            const float error = ((v + kRounder) - kRounder) * grid.scale - x[i + j];
            sums[static_cast<std::size_t>(j)] += error * error;
        }
    double sum = 0;
    for (const float lane : sums) sum += lane;
    for (std::int64_t i = whole; i < n; ++i) {
        const float v = std::min(std::max(x[i] * grid.inverse, grid.low), grid.high), error = ((v + kRounder) - kRounder) * grid.scale - x[i];
        sum += error * error;
    }
    return sum;
}

/// Mean squared error of one row under each grid.
std::vector<double> row_errors(const float* x, std::int64_t n, const std::vector<Grid>& grids) {
    std::vector<double> sums(grids.size());
    std::mutex mutex;
    at::parallel_for(0, (n + kBlock - 1) / kBlock, 4, [&](std::int64_t begin, std::int64_t end) {
        std::vector<double> own(grids.size());
        for (std::int64_t block = begin; block < end; ++block)   // a block stays in the cache while all grids are tried on it
            for (std::size_t g = 0; g < grids.size(); ++g) own[g] += block_error(x + block * kBlock, std::min(kBlock, n - block * kBlock), grids[g]);
        const std::lock_guard lock(mutex);
        for (std::size_t g = 0; g < grids.size(); ++g) sums[g] += own[g];
    });
    for (double& sum : sums) sum /= static_cast<double>(n);
    return sums;
}

}

std::pair<at::Tensor, at::Tensor> smallest_error_range(const at::Tensor& x, const at::Tensor& low, const at::Tensor& high, const QuantSpec& spec, const ObserverOptions& options) {
    const int tries = spec.per_channel ? 80 : 95;
    const auto channels = static_cast<std::size_t>(low.numel());
    std::vector<std::vector<Grid>> grids(channels);
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
    const std::int64_t n = rows.numel() / static_cast<std::int64_t>(channels);
    at::Tensor factors = at::empty({static_cast<std::int64_t>(channels)}, at::kFloat);
    for (std::size_t c = 0; c < channels; ++c) {
        const std::vector<double> errors = row_errors(rows.const_data_ptr<float>() + static_cast<std::int64_t>(c) * n, n, grids[c]);
        const auto best = std::ranges::min_element(errors);   // the first of equals: the widest
        factors.data_ptr<float>()[c] = static_cast<float>(1.0 - 0.01 * static_cast<double>(best - errors.begin()));
    }
    factors = factors.reshape(low.sizes());
    return {low * factors, high * factors};
}

}
