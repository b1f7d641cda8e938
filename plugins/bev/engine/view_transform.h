#pragma once
// Copies image features into voxels by the tables of view.h. A volume lies in memory as [X][Y][Z][T][C]: seen as [1, Z * T * C, X, Y] with channels last
// that is the folded map of the BEV encoder (channel = (z * T + t) * C + c), so space-to-channel costs nothing.
#include "plugins/bev/engine/view.h"
#include <ATen/core/Tensor.h>
#include <vector>

namespace lathe::bev {

/// The tables of one sample: for every used level, for every frame.
struct ViewTables {
    struct Level {
        VoxelGrid grid;
        FeatureSize size;                          ///< of its feature maps
        std::vector<at::Tensor> luts;              ///< for each frame: int32 [X, Y, Z]
        std::vector<at::Tensor> seen;              ///< for each frame: uint8 [X, Y, Z], cameras that see the voxel
        std::vector<std::vector<at::Tensor>> each; ///< for Overlap::average only: for each frame one table for each camera alone
    };
    std::vector<Level> levels;
};

/// lidar2img: float32 [frames * cameras, 4, 4] for the network's input picture, current frame first. Uses all threads.
ViewTables::Level make_tables(const VoxelGrid& grid, const at::Tensor& lidar2img, int cameras, FeatureSize size, int stride, const ViewRules& rules);

/// For each frame [cameras, C, H, W], float or quantized (u8; the volume too, unless cameras are averaged) -> [1, Z * T * C, X, Y], channels last. Records gradients where the features do.
at::Tensor to_voxels(const std::vector<at::Tensor>& frames, const ViewTables::Level& level, int cameras, Overlap overlap);
/// The frames one after the other: [frames * cameras, C, H, W].
at::Tensor to_voxels(const at::Tensor& features, const ViewTables::Level& level, int cameras, Overlap overlap);
/// What the voxels of one frame get, [X * Y * Z, C]; zeros where no camera sees.
at::Tensor voxel_rows(const at::Tensor& maps, const ViewTables::Level& level, std::size_t frame, Overlap overlap);
/// The frames of features that lie one after the other, as views.
std::vector<at::Tensor> by_frame(const at::Tensor& features, int cameras);

}
