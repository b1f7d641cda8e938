#pragma once
// What single voxels get from the feature maps of one frame, without building the whole volume.
#include "plugins/bev/engine/view_transform.h"

namespace lathe::bev {

class VoxelFeatures {
public:
    /// maps: [cameras, C, h, w] of one frame, float or quantized.
    VoxelFeatures(const at::Tensor& maps, const ViewTables::Level& level, std::size_t frame, Overlap overlap);
    std::int64_t channels() const { return m_channels; }
    std::int64_t cells() const { return m_lut.numel(); }
    const float* at(std::int64_t cell) const;         ///< C numbers; null: no camera sees the voxel
private:
    at::Tensor m_rows, m_lut;                         ///< rows by pixel, or by voxel where cameras are averaged
    std::int64_t m_channels;
    bool m_by_cell;
};

/// Length of each voxel's vector, float [cells]; NaN where no camera sees it. Uses all threads, as those below.
at::Tensor magnitudes(const VoxelFeatures& features);
/// Length of the difference; NaN unless both are seen.
at::Tensor distances(const VoxelFeatures& a, const VoxelFeatures& b);
at::Tensor channel_of(const VoxelFeatures& features, std::int64_t channel);

}
