#pragma once
// ForceAtlas2 (Jacomy, Venturini, Heymann, Bastian 2014) as Gephi computes it. No LibTorch.
#include "plugins/hypergraph/engine/layout_graph.h"
#include "plugins/hypergraph/engine/quadtree.h"

namespace lathe::hypergraph {

struct ForceAtlas2Options {
    double scaling = 2;             ///< repulsion; Gephi: 10 below 100 nodes
    double gravity = 1;
    bool strong_gravity = false;    ///< grows with the distance from the middle
    bool lin_log = false;           ///< attraction log(1 + d) instead of d
    bool dissuade_hubs = false;     ///< attraction divided by the mass of the source
    double weight_exponent = 1;
    double tolerance = 1;           ///< jitter
    std::int64_t barnes_hut_from = 1000;   ///< points from which on far groups count as one
    double theta = 1.2;
};

class ForceAtlas2 : public Layout {
public:
    ForceAtlas2(const LayoutGraph& graph, const ForceAtlas2Options& options, Positions start);

    /// Moves all points once. Threads of the run; the result does not depend on their number.
    void step() override;

    Positions positions() const override { return m_positions; }
    const Positions& current() const { return m_positions; }
    const Positions& forces() const { return m_force; }               ///< of the last step
    double speed() const { return m_speed; }
    double speed_efficiency() const { return m_efficiency; }
    double swinging() const { return m_swinging; }                     ///< of all points in the last step, weighted by mass
    double traction() const { return m_traction; }
    double moved() const override { return m_moved; }
    void put(std::size_t point, double x, double y) override { m_positions.x[point] = x, m_positions.y[point] = y; }

private:
    void compute_forces();
    void repel_exactly(std::int64_t first, std::int64_t end);
    void attract(std::int64_t first, std::int64_t end);
    void adjust_speed();

    ForceAtlas2Options m_options;
    Positions m_positions, m_force, m_old_force;
    std::vector<double> m_mass, m_swing;   ///< m_swing: mass × |force - old force|
    std::vector<float> m_float_mass, m_repulsion_x, m_repulsion_y;
    Csr m_neighbours;
    std::vector<double> m_pull;         ///< by place in m_neighbours: weight × what the options make of it
    Quadtree m_tree;
    double m_speed = 1, m_efficiency = 1, m_swinging = 0, m_traction = 0, m_square = 0, m_moved = 0;   ///< m_square: sum of the squared distances from 0
};

}
