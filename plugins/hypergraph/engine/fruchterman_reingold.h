#pragma once
// Fruchterman and Reingold's layout (1991) as networkx computes it: every point moves by the temperature, which falls linearly. No LibTorch.
#include "plugins/hypergraph/engine/layout_graph.h"
#include "plugins/hypergraph/engine/quadtree.h"

namespace lathe::hypergraph {

class FruchtermanReingold : public Layout {
public:
    /// k: wished distance of neighbours, 0: 1 / sqrt(points). From `barnes_hut_from` points on far groups count as one. The layout is done after `iterations` steps.
    FruchtermanReingold(const LayoutGraph& graph, double k, std::int64_t iterations, Positions start, std::int64_t barnes_hut_from = 2000, double theta = 1.2);

    void step() override;
    Positions positions() const override { return m_positions; }
    double moved() const override { return m_moved; }
    void put(std::size_t point, double x, double y) override { m_positions.x[point] = x, m_positions.y[point] = y; }
    bool is_done() const override { return m_step >= m_iterations; }

private:
    void displace_exactly(std::int64_t first, std::int64_t end, std::vector<double>& row);
    void displace(std::int64_t first, std::int64_t end);

    Positions m_positions, m_displacement;
    Csr m_neighbours;
    std::vector<double> m_weights;   ///< by place in m_neighbours
    double m_k, m_temperature, m_cooling, m_theta, m_moved = 0;
    std::int64_t m_iterations, m_step = 0;
    bool m_exact;
    Quadtree m_tree;
    std::vector<float> m_mass, m_repulsion_x, m_repulsion_y;
};

}
