#include "viewers/voxel_mesh.h"
#include <algorithm>
#include <cmath>
#include <limits>

namespace lathe {
namespace {

// Corners of the faces, counter-clockwise from outside.
constexpr int kCorners[6][4][3] = {{{0, 0, 0}, {0, 0, 1}, {0, 1, 1}, {0, 1, 0}}, {{1, 0, 0}, {1, 1, 0}, {1, 1, 1}, {1, 0, 1}}, {{0, 0, 0}, {1, 0, 0}, {1, 0, 1}, {0, 0, 1}},
                                   {{0, 1, 0}, {0, 1, 1}, {1, 1, 1}, {1, 1, 0}}, {{0, 0, 0}, {0, 1, 0}, {1, 1, 0}, {1, 0, 0}}, {{0, 0, 1}, {1, 0, 1}, {1, 1, 1}, {0, 1, 1}}};
constexpr double kNever = std::numeric_limits<double>::infinity();

/// The part of a ray between two planes; false: none of it.
bool clip(double from, double way, double low, double high, double& enter, double& leave) {
    if (way == 0) return from >= low && from <= high;
    const double a = (low - from) / way, b = (high - from) / way;
    enter = std::max(enter, std::min(a, b));
    leave = std::min(leave, std::max(a, b));
    return enter <= leave;
}

}

std::array<int, 3> VoxelGridShape::index(std::size_t voxel) const {
    const auto i = std::uint32_t(voxel), z = std::uint32_t(n[2]), y = std::uint32_t(n[1]), row = i / z;   // 32 bit divide much faster than 64
    return {int(row / y), int(row % y), int(i % z)};
}

VoxelFaces exposed_faces(const VoxelGridShape& grid, const std::vector<std::uint8_t>& shown) {
    VoxelFaces faces;
    if (std::ranges::any_of(grid.n, [](int n) { return n < 1; }) || shown.size() != grid.count()) return faces;
    const auto nx = std::size_t(grid.n[0]), ny = std::size_t(grid.n[1]), nz = std::size_t(grid.n[2]), row = ny * nz;
    std::array<std::vector<std::uint32_t>, 6> sides;
    std::size_t i = 0;
    for (std::size_t x = 0; x < nx; ++x)
        for (std::size_t y = 0; y < ny; ++y)
            for (std::size_t z = 0; z < nz; ++z, ++i) {
                if (!shown[i]) continue;
                const auto voxel = std::uint32_t(i);
                if (x == 0 || !shown[i - row]) sides[0].push_back(voxel);
                if (x + 1 == nx || !shown[i + row]) sides[1].push_back(voxel);
                if (y == 0 || !shown[i - nz]) sides[2].push_back(voxel);
                if (y + 1 == ny || !shown[i + nz]) sides[3].push_back(voxel);
                if (z == 0 || !shown[i - 1]) sides[4].push_back(voxel);
                if (z + 1 == nz || !shown[i + 1]) sides[5].push_back(voxel);
            }
    std::array<std::vector<float>, 3> planes;              // between voxels, along each axis
    for (std::size_t axis = 0; axis < 3; ++axis)
        for (int k = 0; k <= grid.n[axis]; ++k) planes[axis].push_back(float(grid.low[axis] + k * grid.size[axis]));
    for (std::size_t s = 0; s < 6; ++s) {
        faces.first[s] = faces.voxel.size();
        faces.voxel.insert(faces.voxel.end(), sides[s].begin(), sides[s].end());
    }
    faces.first[6] = faces.voxel.size();
    faces.corners.resize(faces.count() * 12);
    faces.side.resize(faces.count());
    float* out = faces.corners.data();
    for (std::size_t s = 0; s < 6; ++s)
        for (std::size_t f = faces.first[s]; f < faces.first[s + 1]; ++f) {
            faces.side[f] = std::uint8_t(s);
            const std::array<int, 3> at = grid.index(faces.voxel[f]);
            for (const auto& corner : kCorners[s])
                for (std::size_t axis = 0; axis < 3; ++axis) *out++ = planes[axis][std::size_t(at[axis]) + std::size_t(corner[axis])];
        }
    return faces;
}

std::optional<VoxelHit> first_voxel(const VoxelGridShape& grid, const std::vector<std::uint8_t>& shown, const Vector3& eye, const Vector3& direction) {
    if (std::ranges::any_of(grid.n, [](int n) { return n < 1; }) || shown.size() != grid.count()) return std::nullopt;
    double enter = 0, leave = kNever;
    for (std::size_t k = 0; k < 3; ++k)
        if (!clip(eye[k], direction[k], grid.low[k], grid.low[k] + grid.n[k] * grid.size[k], enter, leave)) return std::nullopt;
    std::array<int, 3> at{}, step{};
    Vector3 next{}, across{};                              // along the ray: to the next plane of each axis, and from one plane to the one behind it
    for (std::size_t k = 0; k < 3; ++k) {
        at[k] = std::clamp(int(std::floor((eye[k] + direction[k] * enter - grid.low[k]) / grid.size[k])), 0, grid.n[k] - 1);
        step[k] = direction[k] > 0 ? 1 : -1;
        across[k] = direction[k] == 0 ? kNever : grid.size[k] / std::abs(direction[k]);
        next[k] = direction[k] == 0 ? kNever : (grid.low[k] + (at[k] + (step[k] > 0)) * grid.size[k] - eye[k]) / direction[k];
    }
    for (double distance = enter;;) {
        if (shown[grid.at(at[0], at[1], at[2])]) return VoxelHit{at, distance};
        const auto k = std::size_t(std::ranges::min_element(next) - next.begin());
        distance = next[k];
        next[k] += across[k];
        at[k] += step[k];
        if (at[k] < 0 || at[k] >= grid.n[k]) return std::nullopt;
    }
}

std::optional<double> ray_meets_box(const Vector3& eye, const Vector3& direction, const Vector3& centre, const Vector3& extent, double yaw) {
    const double c = std::cos(yaw), s = std::sin(yaw), x = eye[0] - centre[0], y = eye[1] - centre[1];
    const Vector3 from{c * x + s * y, c * y - s * x, eye[2] - centre[2]}, way{c * direction[0] + s * direction[1], c * direction[1] - s * direction[0], direction[2]};
    double enter = 0, leave = kNever;
    for (std::size_t k = 0; k < 3; ++k)
        if (!clip(from[k], way[k], -extent[k] / 2, extent[k] / 2, enter, leave)) return std::nullopt;
    return enter;
}

}
