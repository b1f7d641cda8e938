#pragma once
// t-SNE with Barnes and Hut's tree (van der Maaten 2014), settings as in scikit-learn. No LibTorch.
#include "plugins/hypergraph/engine/construction.h"
#include "plugins/hypergraph/engine/layout.h"
#include "plugins/hypergraph/engine/quadtree.h"

namespace lathe::hypergraph {

struct TsneOptions {
    double perplexity = 30;            ///< cut to a third of the points
    double exaggeration = 12;
    int exaggerated_steps = 250;
    double learning_rate = 0;          ///< 0: points / exaggeration / 4, at least 50
    double theta = 0.5;
};

class Tsne : public Layout {
public:
    /// `rows`: what lies near what; features of more than 50 columns are brought to 50 principal components first. Start: the first two components. Throws Error(invalid_value) for features that
    /// are not finite, or none; what `tick` throws while neighbours are looked for.
    Tsne(const Features& rows, const TsneOptions& options, std::uint64_t seed, const Tick& tick);

    void step() override;
    Positions positions() const override { return m_positions; }
    double moved() const override { return m_moved; }
    void put(std::size_t point, double x, double y) override { m_positions.x[point] = x, m_positions.y[point] = y; }
    bool may_settle() const override { return m_step > m_options.exaggerated_steps; }
    double divergence() const { return m_divergence; }   ///< Kullback-Leibler, at the last step; without the exaggeration

private:
    void set_affinities(const Features& rows, const Tick& tick);

    TsneOptions m_options;
    Positions m_positions, m_velocity, m_gain;
    Csr m_neighbours;                  ///< of each point, both ways
    std::vector<float> m_affinity;     ///< by place in m_neighbours; all of them sum up to 1
    double m_affinity_entropy = 0;     ///< sum of p log p
    Quadtree m_tree;
    std::vector<float> m_mass, m_repulsion_x, m_repulsion_y;
    double m_moved = 0, m_divergence = 0;
    int m_step = 0;
};

}
