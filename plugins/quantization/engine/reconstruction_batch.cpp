#include "plugins/quantization/engine/reconstruction_batch.h"
#include "core/base/error.h"
#include "core/base/split_mix.h"
#include "plugins/quantization/engine/lanes.h"
#include <algorithm>
#include <array>
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>

namespace lathe::quantization {
namespace {

constexpr std::int64_t kBlock = 4096;   // floats that one thread takes at a time; also a sum's length in float

/// y = a where 16 random bits are below `limit`, else b. Without a branch, which chance would mislead half of the time.
void mix_lanes(const float* __restrict a, const float* __restrict b, float* __restrict y, std::uint64_t& state, std::int32_t limit) {
    std::array<std::uint64_t, kLanes / 4> random;
    for (std::uint64_t& bits : random) bits = next_split_mix(state);
    const auto draws = std::bit_cast<std::array<std::uint16_t, kLanes>>(random);
    std::array<std::int32_t, kLanes> one, other;
    std::memcpy(one.data(), a, sizeof one);
    std::memcpy(other.data(), b, sizeof other);
    for (std::size_t i = 0; i < kLanes; ++i) {
        const std::int32_t mask = -static_cast<std::int32_t>(static_cast<std::int32_t>(draws[i]) < limit);
        one[i] = (one[i] & mask) | (other[i] & ~mask);
    }
    std::memcpy(y, one.data(), sizeof one);
}

/// Adds (a - b)² to the sums and writes factor (a - b).
void square_lanes(const float* __restrict a, const float* __restrict b, float* __restrict y, float* __restrict sums, float factor) {
    for (std::int64_t i = 0; i < kLanes; ++i) {
        const float difference = a[i] - b[i];
        y[i] = factor * difference;
        sums[i] += difference * difference;
    }
}

}

std::uint64_t mixed_seed(std::uint64_t seed, std::uint64_t number) {
    std::uint64_t state = seed;
    state = next_split_mix(state) ^ number;
    return next_split_mix(state);
}

std::vector<std::int64_t> drawn_samples(std::int64_t n, std::int64_t batch, std::uint64_t seed) {
    std::vector<std::int64_t> all(static_cast<std::size_t>(n));
    std::iota(all.begin(), all.end(), 0);
    if (batch >= n) return all;
    for (std::size_t i = 0; i < static_cast<std::size_t>(batch); ++i) std::swap(all[i], all[i + next_split_mix(seed) % (all.size() - i)]);
    all.resize(static_cast<std::size_t>(batch));
    return all;
}

SampleCache::SampleCache(const at::Tensor& samples) : m_shape(samples.sizes().vec()) {
    if (samples.dim() < 2 || samples.numel() == 0)
        throw Error(ErrorCode::invalid_value, "A reconstruction needs cached samples [n, ...].", std::to_string(samples.numel()) + " values in " + std::to_string(samples.dim()) + " dimensions",
            "Give at least one calibration image.");
    if (!at::isfinite(samples).all().item<bool>())
        throw Error(ErrorCode::invalid_value, "The cached samples of a reconstruction hold NaN or infinite values.", std::to_string(samples.size(0)) + " samples",
            "Check the checkpoint and the images: in float the network must give finite numbers.");
    const at::Tensor x = samples.detach().to(at::kFloat);
    m_rows = (x.dim() == 4 ? x.permute({0, 2, 3, 1}) : x).contiguous().view({x.size(0), -1});
}

void SampleCache::make_room(std::int64_t batch) {
    if (m_batch_rows.defined() && m_batch_rows.size(0) == batch) return;
    m_batch_rows = at::empty({batch, m_rows.size(1)});
    std::vector<std::int64_t> shape = m_shape;
    shape[0] = batch;
    if (shape.size() == 4) m_batch = m_batch_rows.view({batch, shape[2], shape[3], shape[1]}).permute({0, 3, 1, 2});
    else m_batch = m_batch_rows.view(shape);
}

const at::Tensor& SampleCache::draw(const std::vector<std::int64_t>& indices) {
    make_room(static_cast<std::int64_t>(indices.size()));
    const std::int64_t values = m_rows.size(1);
    const float* from = m_rows.const_data_ptr<float>();
    float* to = m_batch_rows.mutable_data_ptr<float>();
    at::parallel_for(0, static_cast<std::int64_t>(indices.size()), std::max<std::int64_t>(1, 4 * kBlock / values), [&](std::int64_t first, std::int64_t end) {
        for (std::int64_t i = first; i < end; ++i) std::memcpy(to + i * values, from + indices[static_cast<std::size_t>(i)] * values, static_cast<std::size_t>(values) * sizeof(float));
    });
    return m_batch;
}

const at::Tensor& SampleCache::draw_mixed(const std::vector<std::int64_t>& indices, const SampleCache& other, double keep, std::uint64_t seed) {
    make_room(static_cast<std::int64_t>(indices.size()));
    const std::int64_t values = m_rows.size(1);
    const auto limit = static_cast<std::int32_t>(std::lround(std::clamp(keep, 0.0, 1.0) * 65536));
    at::parallel_for(0, static_cast<std::int64_t>(indices.size()), std::max<std::int64_t>(1, kBlock / values), [&](std::int64_t first, std::int64_t end) {
        for (std::int64_t i = first; i < end; ++i) {
            const std::int64_t row = indices[static_cast<std::size_t>(i)] * values;
            const float *own = m_rows.const_data_ptr<float>() + row, *others = other.m_rows.const_data_ptr<float>() + row;
            float* to = m_batch_rows.mutable_data_ptr<float>() + i * values;
            std::uint64_t state = mixed_seed(seed, static_cast<std::uint64_t>(i));
            by_lanes(
                0, values, [&](std::int64_t k) { mix_lanes(own + k, others + k, to + k, state, limit); },
                [&](std::int64_t k) { to[k] = static_cast<std::int32_t>(next_split_mix(state) & 0xffff) < limit ? own[k] : others[k]; });
        }
    });
    return m_batch;
}

double squared_error(const at::Tensor& y, const at::Tensor& target, const at::Tensor& gradient) {
    const std::int64_t count = y.numel(), blocks = (count + kBlock - 1) / kBlock;
    const double positions = static_cast<double>(count / y.size(1));
    const float factor = static_cast<float>(2 / positions);
    const float *a = y.const_data_ptr<float>(), *b = target.const_data_ptr<float>();
    float* to = gradient.mutable_data_ptr<float>();
    std::vector<double> sums(static_cast<std::size_t>(blocks));   // by block, so that the sum does not depend on the number of threads
    at::parallel_for(0, blocks, 4, [&](std::int64_t first, std::int64_t end) {
        for (std::int64_t block = first; block < end; ++block) {
            std::array<float, kLanes> lanes{};
            by_lanes(
                block * kBlock, std::min(count, (block + 1) * kBlock), [&](std::int64_t i) { square_lanes(a + i, b + i, to + i, lanes.data(), factor); },
                [&](std::int64_t i) {
                    const float difference = a[i] - b[i];
                    to[i] = factor * difference;
                    lanes[0] += difference * difference;
                });
            sums[static_cast<std::size_t>(block)] = std::accumulate(lanes.begin(), lanes.end(), 0.0);
        }
    });
    return std::accumulate(sums.begin(), sums.end(), 0.0) / positions;
}

}
