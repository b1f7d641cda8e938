#include "plugins/hypergraph/engine/quadtree.h"
#include "core/nn/parallel.h"
#include "plugins/hypergraph/engine/simd_clones.h"
#include <algorithm>
#include <array>
#include <cmath>

namespace lathe::hypergraph {
namespace {

constexpr std::int32_t kPointsInLeaf = 24;
constexpr int kBitsOfAxis = 16;
constexpr std::size_t kWide = 16;        // partial sums of the inner loops
constexpr std::int64_t kLeavesInPiece = 16;
constexpr float kFar = 1e18f;            // where the padding of a list lies

std::uint32_t spread_bits(std::uint32_t v) {
    v = (v | v << 8) & 0x00ff00ff;
    v = (v | v << 4) & 0x0f0f0f0f;
    v = (v | v << 2) & 0x33333333;
    return (v | v << 1) & 0x55555555;
}

/// What acts on the points of a leaf: far groups and single points, padded to whole vectors.
struct Actors {
    std::vector<float> x, y, mass;
    void clear() { x.clear(), y.clear(), mass.clear(); }
    void add(float px, float py, float m) { x.push_back(px), y.push_back(py), mass.push_back(m); }
    void pad() {
        while (x.size() % kWide) add(kFar, kFar, 0);
    }
};

LATHE_SIMD_CLONES void sum_inverse_distance(const float* x, const float* y, const float* mass, std::size_t size, float px, float py, float* out) {
    float sum_x[kWide] = {}, sum_y[kWide] = {};
    for (std::size_t k = 0; k < size; k += kWide)
        for (std::size_t l = 0; l < kWide; ++l) {
            const float dx = px - x[k + l], dy = py - y[k + l];
            const float f = mass[k + l] / (dx * dx + dy * dy + 1e-30f);
            sum_x[l] += dx * f;
            sum_y[l] += dy * f;
        }
    out[0] = out[1] = 0;
    for (std::size_t l = 0; l < kWide; ++l) out[0] += sum_x[l], out[1] += sum_y[l];
}

LATHE_SIMD_CLONES void sum_student_t(const float* x, const float* y, const float* mass, std::size_t size, float px, float py, float* out) {
    float sum_x[kWide] = {}, sum_y[kWide] = {}, sum_q[kWide] = {};
    for (std::size_t k = 0; k < size; k += kWide)
        for (std::size_t l = 0; l < kWide; ++l) {
            const float dx = px - x[k + l], dy = py - y[k + l];
            const float q = 1 / (1 + dx * dx + dy * dy), m = mass[k + l] * q;
            sum_q[l] += m;
            sum_x[l] += dx * m * q;
            sum_y[l] += dy * m * q;
        }
    out[0] = out[1] = out[2] = 0;
    for (std::size_t l = 0; l < kWide; ++l) out[0] += sum_x[l], out[1] += sum_y[l], out[2] += sum_q[l];
}

}

void Quadtree::build(std::span<const double> x, std::span<const double> y, std::span<const float> mass) {
    const std::size_t n = x.size();
    m_cells.clear();
    m_leaves.clear();
    m_order.resize(n);
    m_codes.resize(n);
    m_spare.resize(n);
    if (n == 0) return;
    const auto [left, right] = std::ranges::minmax(x);
    const auto [bottom, top] = std::ranges::minmax(y);
    const double extent = std::max({right - left, top - bottom, 1e-30}), cells = static_cast<double>((1 << kBitsOfAxis) - 1) / extent;
    const double middle_x = (left + right) / 2, middle_y = (bottom + top) / 2;
    for (std::size_t i = 0; i < n; ++i) {
        const std::uint32_t code = spread_bits(static_cast<std::uint32_t>((x[i] - left) * cells)) | spread_bits(static_cast<std::uint32_t>((y[i] - bottom) * cells)) << 1;
        m_codes[i] = std::uint64_t{code} << 32 | i;
    }
    for (int shift = 32; shift < 32 + 2 * kBitsOfAxis; shift += 11) {   // radix sort by the code; equal codes keep the order of the points
        std::array<std::uint32_t, 2049> count{};
        for (const std::uint64_t code : m_codes) ++count[(code >> shift & 2047) + 1];
        for (std::size_t d = 1; d < count.size(); ++d) count[d] += count[d - 1];
        for (const std::uint64_t code : m_codes) m_spare[count[code >> shift & 2047]++] = code;
        m_codes.swap(m_spare);
    }
    m_x.resize(n), m_y.resize(n), m_mass.resize(n);
    for (std::size_t k = 0; k < n; ++k) {
        const std::size_t i = m_codes[k] & 0xffffffffu;
        m_order[k] = static_cast<std::int32_t>(i);
        m_x[k] = static_cast<float>(x[i] - middle_x);
        m_y[k] = static_cast<float>(y[i] - middle_y);
        m_mass[k] = mass[i];
    }
    split(0, static_cast<std::int32_t>(n), 32 + 2 * kBitsOfAxis - 2);
}

/// Adds the cell of these points and all below it. `shift`: where the two bits of the code lie that tell the quarters apart; below 32 the points share one code.
void Quadtree::split(std::int32_t first, std::int32_t end, int shift) {
    // Levels at which all points lie in one quarter make no cell of their own.
    while (shift >= 32 && end - first > kPointsInLeaf && (m_codes[static_cast<std::size_t>(first)] >> shift) == (m_codes[static_cast<std::size_t>(end) - 1] >> shift)) shift -= 2;
    const std::size_t index = m_cells.size();
    Cell cell{first, end, 0, shift < 32 || end - first <= kPointsInLeaf, 0, 0, 0, 0, m_x[static_cast<std::size_t>(first)], m_x[static_cast<std::size_t>(first)], m_y[static_cast<std::size_t>(first)],
        m_y[static_cast<std::size_t>(first)]};
    double x = 0, y = 0, mass = 0;
    for (auto k = static_cast<std::size_t>(first); k < static_cast<std::size_t>(end); ++k) {
        const double m = m_mass[k];
        mass += m, x += m * m_x[k], y += m * m_y[k];
        cell.left = std::min(cell.left, m_x[k]), cell.right = std::max(cell.right, m_x[k]);
        cell.bottom = std::min(cell.bottom, m_y[k]), cell.top = std::max(cell.top, m_y[k]);
    }
    cell.mass = static_cast<float>(mass), cell.x = static_cast<float>(x / mass), cell.y = static_cast<float>(y / mass);
    float farthest = 0;
    for (auto k = static_cast<std::size_t>(first); k < static_cast<std::size_t>(end); ++k) {
        const float dx = m_x[k] - cell.x, dy = m_y[k] - cell.y;
        farthest = std::max(farthest, dx * dx + dy * dy);
    }
    cell.size = 2 * std::sqrt(farthest);
    m_cells.push_back(cell);
    if (cell.is_leaf) m_leaves.push_back(static_cast<std::int32_t>(index));
    else
        for (std::int32_t begin = first; begin < end;) {
            const std::uint64_t quarter = m_codes[static_cast<std::size_t>(begin)] >> shift;
            const auto stop = std::partition_point(m_codes.begin() + begin, m_codes.begin() + end, [&](std::uint64_t code) { return (code >> shift) == quarter; });
            const auto next = static_cast<std::int32_t>(stop - m_codes.begin());
            split(begin, next, shift - 2);
            begin = next;
        }
    m_cells[index].next = static_cast<std::int32_t>(m_cells.size());
}

template <class Accumulate> void Quadtree::for_leaves(float theta, const Accumulate& accumulate) const {
    parallel_blocks(static_cast<std::int64_t>(m_leaves.size()), kLeavesInPiece, [&](std::int64_t first, std::int64_t end) {
        Actors actors;
        for (std::int64_t k = first; k < end; ++k) {
            const Cell& leaf = m_cells[static_cast<std::size_t>(m_leaves[static_cast<std::size_t>(k)])];
            actors.clear();
            for (std::size_t c = 0; c < m_cells.size();) {
                const Cell& cell = m_cells[c];
                // The nearest that a point of the leaf can be to the mass centre decides for all of them.
                const float dx = std::max({cell.x - leaf.right, leaf.left - cell.x, 0.0f}), dy = std::max({cell.y - leaf.top, leaf.bottom - cell.y, 0.0f});
                const bool holds_leaf = cell.first <= leaf.first && leaf.end <= cell.end;
                if (!holds_leaf && (dx * dx + dy * dy) * theta * theta > cell.size * cell.size) {
                    actors.add(cell.x, cell.y, cell.mass);
                    c = static_cast<std::size_t>(cell.next);
                } else if (cell.is_leaf) {
                    for (auto p = static_cast<std::size_t>(cell.first); p < static_cast<std::size_t>(cell.end); ++p) actors.add(m_x[p], m_y[p], m_mass[p]);
                    c = static_cast<std::size_t>(cell.next);
                } else ++c;
            }
            actors.pad();
            for (std::int32_t p = leaf.first; p < leaf.end; ++p) accumulate(static_cast<std::size_t>(p), actors.x.data(), actors.y.data(), actors.mass.data(), actors.x.size());
        }
    });
}

void Quadtree::inverse_distance(float theta, std::span<float> fx, std::span<float> fy) const {
    for_leaves(theta, [&](std::size_t p, const float* x, const float* y, const float* mass, std::size_t size) {
        float out[2];
        sum_inverse_distance(x, y, mass, size, m_x[p], m_y[p], out);
        fx[static_cast<std::size_t>(m_order[p])] = out[0];
        fy[static_cast<std::size_t>(m_order[p])] = out[1];
    });
}

double Quadtree::student_t(float theta, std::span<float> fx, std::span<float> fy) const {
    std::vector<float> q(m_order.size());
    for_leaves(theta, [&](std::size_t p, const float* x, const float* y, const float* mass, std::size_t size) {
        float out[3];
        sum_student_t(x, y, mass, size, m_x[p], m_y[p], out);
        fx[static_cast<std::size_t>(m_order[p])] = out[0];
        fy[static_cast<std::size_t>(m_order[p])] = out[1];
        q[p] = out[2] - 1;   // without the point itself
    });
    double sum = 0;
    for (const float value : q) sum += value;
    return sum;
}

}
