#include "plugins/bev/engine/view.h"
// Loops over cells become vectors at -O3 only; without fused multiply-adds the table is the same on every processor.
#pragma GCC optimize("O3", "fp-contract=off")
#include <algorithm>
#include <cmath>

namespace lathe::bev {
namespace {

/// To the nearest integer, halves to even: exact for |x| < 2^22, and beyond that still far outside any picture.
inline __attribute__((always_inline)) float rounded_even(float x) {
    const float magic = 12582912.0f;   // 1.5 * 2^23
    return (x + magic) - magic;
}
inline __attribute__((always_inline)) float rounded_away(float x) {
    const float even = rounded_even(x), rest = x - even;    // the difference is exact
    const bool up = (rest == 0.5f) & (x > 0), down = (rest == -0.5f) & (x < 0);
    return even + (up ? 1.0f : 0.0f) - (down ? 1.0f : 0.0f);
}

/// One camera over the cells of one x. Where it sees a cell: its pixel is written (unless the cell is taken and `keep`), and it is counted.
/// The loops are plain so that the compiler makes vectors of them, for the instruction sets named.
template <bool Away>
inline __attribute__((always_inline)) void look(const Projection& p, float x, const float* y, const float* z, int count, float height, float width, std::int32_t base, std::int32_t row,
    bool keep, std::int32_t* lut, std::int32_t* seen) {
    const float a0 = p[0] * x + p[3], b0 = p[4] * x + p[7], d0 = p[8] * x + p[11];
    for (int i = 0; i < count; ++i) {
        const float a = a0 + p[1] * y[i] + p[2] * z[i], b = b0 + p[5] * y[i] + p[6] * z[i], d = d0 + p[9] * y[i] + p[10] * z[i];
        const float u = a / d, v = b / d;
        const float column = Away ? rounded_away(u) : rounded_even(u), line = Away ? rounded_away(v) : rounded_even(v);
        const bool hit = (d > 0) & (column >= 0) & (column < width) & (line >= 0) & (line < height);
        const std::int32_t pixel = base + static_cast<std::int32_t>(hit ? line : 0.0f) * row + static_cast<std::int32_t>(hit ? column : 0.0f);
        const bool write = hit & !(keep & (seen[i] > 0));
        lut[i] = write ? pixel : lut[i];
        seen[i] += hit ? 1 : 0;
    }
}

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define LATHE_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define LATHE_CLONES
#endif
LATHE_CLONES void look_even(const Projection& p, float x, const float* y, const float* z, int count, float height, float width, std::int32_t base, std::int32_t row, bool keep, std::int32_t* lut,
    std::int32_t* seen) {
    look<false>(p, x, y, z, count, height, width, base, row, keep, lut, seen);
}
LATHE_CLONES void look_away(const Projection& p, float x, const float* y, const float* z, int count, float height, float width, std::int32_t base, std::int32_t row, bool keep, std::int32_t* lut,
    std::int32_t* seen) {
    look<true>(p, x, y, z, count, height, width, base, row, keep, lut, seen);
}

}

VoxelGrid changed(const VoxelGrid& grid, const GridChange& change) {
    VoxelGrid out = grid;
    for (std::size_t axis = 0; axis < 2 && change.cell != 1; ++axis) {
        out.n[axis] = std::max(8, 4 * static_cast<int>(std::lround(grid.n[axis] / change.cell / 4)));
        out.size[axis] = grid.size[axis] * static_cast<float>(grid.n[axis]) / static_cast<float>(out.n[axis]);
    }
    out.origin[2] += static_cast<float>(change.up);
    return out;
}

float VoxelGrid::sample(int axis, int i, Sampling sampling) const {
    const auto k = static_cast<std::size_t>(axis);
    const float low = origin[k] - static_cast<float>(n[k]) / 2.0f * size[k];
    return (static_cast<float>(i) + (sampling == Sampling::centre ? 0.5f : 0.0f)) * size[k] + low;
}

Projection projection_of(std::span<const float, 16> lidar2img, int stride) {
    Projection p;
    for (std::size_t i = 0; i < 12; ++i) p[i] = i < 8 ? lidar2img[i] / static_cast<float>(stride) : lidar2img[i];
    return p;
}

void build_lut(const VoxelGrid& grid, std::span<const Projection> cameras, FeatureSize size, const ViewRules& rules, int first, int end, std::int32_t* lut, std::uint8_t* seen) {
    const int line = grid.n[1] * grid.n[2];
    std::vector<float> y(static_cast<std::size_t>(line)), z(y.size());
    for (int j = 0; j < grid.n[1]; ++j)
        for (int k = 0; k < grid.n[2]; ++k) {
            const auto i = static_cast<std::size_t>(j * grid.n[2] + k);
            y[i] = grid.sample(1, j, rules.sampling);
            z[i] = grid.sample(2, k, rules.sampling);
        }
    std::vector<std::int32_t> count(y.size());
    const auto one = rules.rounding == Rounding::half_even ? look_even : look_away;
    const int pixels = size.height * size.width;
    for (int x = first; x < end; ++x) {
        std::int32_t* row = lut + std::int64_t{x} * line;
        std::fill_n(row, line, -1);
        std::fill(count.begin(), count.end(), 0);
        for (std::size_t camera = 0; camera < cameras.size(); ++camera)   // a later one writes over an earlier one, or is kept from it
            one(cameras[camera], grid.sample(0, x, rules.sampling), y.data(), z.data(), line, static_cast<float>(size.height), static_cast<float>(size.width),
                static_cast<std::int32_t>(camera) * pixels, size.width, rules.overlap == Overlap::first, row, count.data());
        if (seen) std::transform(count.begin(), count.end(), seen + std::int64_t{x} * line, [](std::int32_t n) { return static_cast<std::uint8_t>(n); });
    }
}

std::array<float, 3> sample_point(const VoxelGrid& grid, std::array<int, 3> voxel, Sampling sampling) {
    return {grid.sample(0, voxel[0], sampling), grid.sample(1, voxel[1], sampling), grid.sample(2, voxel[2], sampling)};
}

Sight sight_of(const std::array<float, 3>& q, const Projection& p, FeatureSize size, Rounding rounding) {
    Sight out;
    out.depth = p[8] * q[0] + p[11] + p[9] * q[1] + p[10] * q[2];
    out.u = (p[0] * q[0] + p[3] + p[1] * q[1] + p[2] * q[2]) / out.depth;
    out.v = (p[4] * q[0] + p[7] + p[5] * q[1] + p[6] * q[2]) / out.depth;
    const float column = rounding == Rounding::half_even ? rounded_even(out.u) : rounded_away(out.u), line = rounding == Rounding::half_even ? rounded_even(out.v) : rounded_away(out.v);
    if (!(out.depth > 0)) out.refusal = Refusal::behind;
    else if (!(column >= 0)) out.refusal = Refusal::left;
    else if (!(column < static_cast<float>(size.width))) out.refusal = Refusal::right;
    else if (!(line >= 0)) out.refusal = Refusal::above;
    else if (!(line < static_cast<float>(size.height))) out.refusal = Refusal::below;
    else {
        out.x = static_cast<int>(column);
        out.y = static_cast<int>(line);
    }
    return out;
}

}
