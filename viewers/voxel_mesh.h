#pragma once
// Voxels as the faces one can see: those between a shown voxel and one that is not. And what a ray meets first. Plain arrays, no OpenGL; any thread.
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace lathe {

using Vector3 = std::array<double, 3>;

/// Voxels lie in memory as [x][y][z].
struct VoxelGridShape {
    std::array<int, 3> n{};
    Vector3 low{}, size{1, 1, 1};                          ///< the low corner of voxel 0, and the size of each
    std::size_t count() const { return std::size_t(n[0]) * std::size_t(n[1]) * std::size_t(n[2]); }
    std::size_t at(int x, int y, int z) const { return (std::size_t(x) * std::size_t(n[1]) + std::size_t(y)) * std::size_t(n[2]) + std::size_t(z); }
    std::array<int, 3> index(std::size_t voxel) const;     ///< of a voxel below 2^32
};

/// Sorted by the side that a face looks to: 0 to 5 for -x, +x, -y, +y, -z, +z.
struct VoxelFaces {
    std::vector<float> corners;                            ///< 4 x 3 a face, counter-clockwise as seen from outside
    std::vector<std::uint32_t> voxel;                      ///< whose face it is
    std::vector<std::uint8_t> side;
    std::array<std::size_t, 7> first{};                    ///< face of each side, and one beyond the last
    std::size_t count() const { return voxel.size(); }
};

/// shown: one value a voxel, 0: nothing there. None where the sizes do not fit together.
VoxelFaces exposed_faces(const VoxelGridShape& grid, const std::vector<std::uint8_t>& shown);

struct VoxelHit { std::array<int, 3> voxel{}; double distance = 0; };
/// The first shown voxel on the way from `eye` along `direction` (of length 1); an eye inside a shown voxel meets that one.
std::optional<VoxelHit> first_voxel(const VoxelGridShape& grid, const std::vector<std::uint8_t>& shown, const Vector3& eye, const Vector3& direction);

/// How far it is to a box of that extent, turned by yaw about its upright axis; 0: the eye is inside.
std::optional<double> ray_meets_box(const Vector3& eye, const Vector3& direction, const Vector3& centre, const Vector3& extent, double yaw);

}
