#pragma once
// Graphs for the tests of the graph and set views.
#include "viewers/graph_data.h"
#include <cmath>
#include <numbers>
#include <random>
#include <vector>

namespace lathe::gui_test {

struct GraphLists {
    std::int64_t nodes = 0, hyperedges = 0;
    std::vector<std::int32_t> from, to, member, hyperedge;
    void join(std::int32_t a, std::int32_t b) {
        from.push_back(a);
        to.push_back(b);
    }
    void add_set(const std::vector<std::int32_t>& nodes_of_it) {
        for (const std::int32_t v : nodes_of_it) {
            member.push_back(v);
            hyperedge.push_back(std::int32_t(hyperedges));
        }
        ++hyperedges;
    }
    GraphDataPtr make() const { return GraphData::make(nodes, hyperedges, from, to, member, hyperedge); }
};

struct Places {
    std::vector<float> x, y;
};

/// Eight nodes on two squares side by side; hyperedges {0, 1, 2, 3}, {2, 3, 4, 5}, {6, 7}, {0}; simple edges 0-1, 4-7 and 6-7.
inline GraphLists two_squares() {
    GraphLists g;
    g.nodes = 8;
    g.add_set({0, 1, 2, 3});
    g.add_set({2, 3, 4, 5});
    g.add_set({6, 7});
    g.add_set({0});
    g.join(0, 1);
    g.join(7, 4);
    g.join(6, 7);
    return g;
}
inline Places places_of_two_squares() { return {{0, 0, 1, 1, 2, 2, 3, 3}, {0, 1, 0, 1, 0, 1, 0, 1}}; }

/// Communities on a spiral, with `degree` edges a node, most of them inside.
inline GraphLists communities(int nodes, int groups, int degree, int sets, Places& places, std::vector<std::int32_t>& group, unsigned seed = 1) {
    GraphLists g;
    g.nodes = nodes;
    std::mt19937 random(seed);
    std::normal_distribution<float> spread(0, 1);
    const auto within = [&random](int n) { return int(random() % unsigned(n)); };
    group.resize(std::size_t(nodes));
    std::vector<std::vector<std::int32_t>> of(static_cast<std::size_t>(groups));
    for (int v = 0; v < nodes; ++v) {
        const int k = int(std::sqrt(double(within(groups * groups))));
        group[std::size_t(v)] = k;
        of[std::size_t(k)].push_back(v);
        const double angle = k * 2.4, far = 6 * std::sqrt(k + 0.5);
        places.x.push_back(float(far * std::cos(angle)) + 2 * spread(random));
        places.y.push_back(float(far * std::sin(angle)) + 2 * spread(random));
    }
    for (int v = 0; v < nodes; ++v)
        for (int e = 0; e < degree / 2; ++e) {
            const auto& mine = of[std::size_t(group[std::size_t(v)])];
            g.join(v, within(8) ? mine[std::size_t(within(int(mine.size())))] : within(nodes));
        }
    for (int s = 0; s < sets; ++s) {
        const auto& mine = of[std::size_t(group[std::size_t(within(nodes))])];
        std::vector<std::int32_t> set;
        const int size = 3 + within(6);
        for (int i = 0; i < size; ++i) set.push_back(mine[std::size_t(within(int(mine.size())))]);
        g.add_set(set);
    }
    return g;
}

}
