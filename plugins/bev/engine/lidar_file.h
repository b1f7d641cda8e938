#pragma once
// Point clouds of nuScenes (.pcd.bin): float32 x, y, z, intensity, ring for each point, lidar frame.
#include <ATen/core/Tensor.h>
#include <filesystem>

namespace lathe::bev {

/// [n, 4]: x, y, z, intensity; points that are not finite are left out. No file: none. Throws Error(io, wrong_format) naming the file.
at::Tensor read_lidar(const std::filesystem::path& file);

}
