#include "plugins/bev/engine/voxel_features.h"
#include "core/nn/int8_conv.h"
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <cmath>
#include <limits>

namespace lathe::bev {
namespace {

constexpr std::int64_t kVoxelGrain = 4096;

/// value(cell) for every voxel; NaN where it gives none.
template <class F> at::Tensor by_voxel(std::int64_t cells, F value) {
    at::Tensor out = at::empty({cells}, at::kFloat);
    auto* to = out.mutable_data_ptr<float>();
    at::parallel_for(0, cells, kVoxelGrain, [&](std::int64_t first, std::int64_t end) {
        for (std::int64_t cell = first; cell < end; ++cell) to[cell] = value(cell);
    });
    return out;
}

constexpr float kUnseen = std::numeric_limits<float>::quiet_NaN();

}

VoxelFeatures::VoxelFeatures(const at::Tensor& maps, const ViewTables::Level& level, std::size_t frame, Overlap overlap)
    : m_rows((overlap == Overlap::average ? voxel_rows(as_float(maps), level, frame, overlap) : as_float(maps).permute({0, 2, 3, 1})).contiguous()), m_lut(level.luts.at(frame)), m_channels(maps.size(1)),
      m_by_cell(overlap == Overlap::average) {}

const float* VoxelFeatures::at(std::int64_t cell) const {
    const std::int32_t pixel = m_lut.const_data_ptr<std::int32_t>()[cell];
    return pixel < 0 ? nullptr : m_rows.const_data_ptr<float>() + (m_by_cell ? cell : pixel) * m_channels;
}

at::Tensor magnitudes(const VoxelFeatures& features) {
    return by_voxel(features.cells(), [&](std::int64_t cell) {
        const float* v = features.at(cell);
        if (!v) return kUnseen;
        float sum = 0;
        for (std::int64_t i = 0; i < features.channels(); ++i) sum += v[i] * v[i];
        return std::sqrt(sum);
    });
}

at::Tensor distances(const VoxelFeatures& a, const VoxelFeatures& b) {
    return by_voxel(a.cells(), [&](std::int64_t cell) {
        const float *v = a.at(cell), *w = b.at(cell);
        if (!v || !w) return kUnseen;
        float sum = 0;
        for (std::int64_t i = 0; i < a.channels(); ++i) sum += (v[i] - w[i]) * (v[i] - w[i]);
        return std::sqrt(sum);
    });
}

at::Tensor channel_of(const VoxelFeatures& features, std::int64_t channel) {
    return by_voxel(features.cells(), [&](std::int64_t cell) {
        const float* v = features.at(cell);
        return v ? v[channel] : kUnseen;
    });
}

}
