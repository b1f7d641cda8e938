#pragma once
// The view transform of Fast-BEV as a table ("Fast-Ray"): which pixel of which camera every voxel copies. Lidar frame, metres, float32.
// Source: Sense-GVT/Fast-BEV, backproject_inplace and get_points. Pure functions without LibTorch; any thread.
#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace lathe::bev {

enum class Overlap { last, first, average };      ///< official: the last camera of the list wins
enum class Rounding { half_even, half_away };     ///< official: to even
enum class Sampling { corner, centre };           ///< official: the lower corner of each cell

struct ViewRules {
    Overlap overlap = Overlap::last;
    Rounding rounding = Rounding::half_even;
    Sampling sampling = Sampling::corner;
};

struct VoxelGrid {
    std::array<int, 3> n{200, 200, 4};
    std::array<float, 3> size{0.5f, 0.5f, 1.5f}, origin{0, 0, -1};    ///< size of a cell; centre of the grid
    std::int64_t count() const { return std::int64_t{n[0]} * n[1] * n[2]; }
    /// Where voxel i along `axis` is sampled: i * size + (origin - n / 2 * size), for Sampling::centre half a cell further.
    float sample(int axis, int i, Sampling sampling = Sampling::corner) const;
};

/// Another grid over the same ground than the one the weights were trained with: cells `cell` times as large (to a whole number of them, a multiple of four
/// along x and y, so that the encoder halves it evenly), all raised by `up` metres. Heights stay as many: the folded map has one channel for each.
struct GridChange { double cell = 1, up = 0; };
VoxelGrid changed(const VoxelGrid& grid, const GridChange& change);

/// Rows 0 to 2 of lidar2img; rows 0 and 1 divided by the stride of the feature map.
using Projection = std::array<float, 12>;
Projection projection_of(std::span<const float, 16> lidar2img, int stride);

struct FeatureSize { int height = 0, width = 0; };

/// Voxels of rows [first, end) of x. `lut` [X][Y][Z]: (camera * height + y) * width + x or -1, for Overlap::average as for last; `seen` (may be empty):
/// how many cameras see the voxel. A camera whose projection is not finite sees nothing.
void build_lut(const VoxelGrid& grid, std::span<const Projection> cameras, FeatureSize size, const ViewRules& rules, int first, int end, std::int32_t* lut, std::uint8_t* seen);

/// One camera's view of one point, and why it was refused.
enum class Refusal { none, behind, left, right, above, below };
struct Sight { float u = 0, v = 0, depth = 0; int x = 0, y = 0; Refusal refusal = Refusal::none; };
Sight sight_of(const std::array<float, 3>& point, const Projection& camera, FeatureSize size, Rounding rounding);
std::array<float, 3> sample_point(const VoxelGrid& grid, std::array<int, 3> voxel, Sampling sampling);

}
