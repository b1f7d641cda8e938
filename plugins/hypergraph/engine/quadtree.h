#pragma once
// Sums over all pairs of points in the plane, far groups of points taken as one (Barnes, Hut 1986). Points are kept in Morton order, so neighbours in the plane are neighbours in
// memory; all points of a leaf share one list of what acts on them, over which the inner loop runs with vector instructions. No LibTorch. One object, one caller.
#include <cstdint>
#include <span>
#include <vector>

namespace lathe::hypergraph {

class Quadtree {
public:
    /// x, y: [points], finite; mass [points], positive. Everything is copied.
    void build(std::span<const double> x, std::span<const double> y, std::span<const float> mass);

    /// For each point i: (fx, fy)[i] = sum over the others j of mass_j * (p_i - p_j) / |p_i - p_j|². A group counts as one where its distance times `theta` exceeds its size (twice the
    /// largest distance of its points to their mass centre). Coincident points do not act on each other. Threads of the run; the result does not depend on their number.
    void inverse_distance(float theta, std::span<float> fx, std::span<float> fy) const;

    /// The repulsion of t-SNE: with q = 1 / (1 + |p_i - p_j|²), (fx, fy)[i] = sum of q² (p_i - p_j); returns the sum of q over all ordered pairs. Masses must be 1.
    double student_t(float theta, std::span<float> fx, std::span<float> fy) const;

    /// How the points lie in memory: points near each other in the plane stand near each other.
    const std::vector<std::int32_t>& order() const { return m_order; }

private:
    struct Cell {
        std::int32_t first, end;        ///< points, by place in the order
        std::int32_t next;              ///< the cell after this one and all below it
        bool is_leaf;
        float x, y, mass, size;         ///< mass centre
        float left, right, bottom, top; ///< what the points take up
    };
    template <class Accumulate> void for_leaves(float theta, const Accumulate& accumulate) const;
    void split(std::int32_t first, std::int32_t end, int shift);

    std::vector<std::int32_t> m_order;
    std::vector<std::uint64_t> m_codes, m_spare;   ///< Morton code in the upper half, point in the lower
    std::vector<float> m_x, m_y, m_mass;           ///< in Morton order, relative to the middle
    std::vector<Cell> m_cells;                     ///< parents before children
    std::vector<std::int32_t> m_leaves;
};

}
