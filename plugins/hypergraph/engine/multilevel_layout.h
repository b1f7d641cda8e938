#pragma once
// A layout for large graphs: the graph is made smaller by merging neighbours again and again, the smallest one laid out by ForceAtlas2, and every larger one started where the smaller one
// came to rest (Walshaw 2003; Hu 2005). Masses and weights add up, so the forces between groups stay those between their points. No LibTorch.
#include "plugins/hypergraph/engine/force_atlas2.h"
#include <memory>

namespace lathe::hypergraph {

struct Coarsening {
    std::vector<LayoutGraph> graphs;                    ///< the finest first, down to the coarsest
    std::vector<std::vector<std::int32_t>> parent;      ///< for each graph but the coarsest: its points -> points of the next
};
/// Heavy edges are merged first; a point whose neighbours are all taken joins the group of its heaviest one. Ends at 50 points, or where a level would keep more than 90 %.
Coarsening coarsened(LayoutGraph graph, std::uint64_t seed);

class MultilevelLayout : public Layout {
public:
    /// A level but the finest is left when less than `settled` moved (smoothed), or after `most_steps`.
    MultilevelLayout(const LayoutGraph& graph, const ForceAtlas2Options& options, std::uint64_t seed, double settled = 0.01, int most_steps = 150);

    void step() override;
    Positions positions() const override;
    double moved() const override { return m_layout->moved(); }
    void put(std::size_t point, double x, double y) override {   // coarser graphs have no such point
        if (m_level == 0) m_layout->put(point, x, y);
    }
    bool may_settle() const override { return m_level == 0; }
    std::size_t level() const { return m_level; }       ///< 0: the finest
    std::size_t levels() const { return m_coarsening.graphs.size(); }

private:
    Positions prolonged(const Positions& coarse, std::size_t level) const;
    void start(Positions positions);

    Coarsening m_coarsening;
    ForceAtlas2Options m_options;
    std::uint64_t m_seed;
    double m_settled, m_smoothed = 1;
    int m_most_steps, m_steps = 0;
    std::size_t m_level;
    std::unique_ptr<ForceAtlas2> m_layout;
};

}
