#pragma once
// A small hybrid graph that can be learnt: two groups of nodes with their own edges, hyperedges and columns of features.
#include "core/base/random_numbers.h"
#include "plugins/hypergraph/engine/hybrid_graph.h"

namespace lathe::hypergraph {

inline HybridGraph learnable_graph(std::int64_t nodes = 60, std::uint64_t seed = 1) {
    Random random(seed);
    HybridGraph graph;
    graph.name = "made";
    graph.nodes = nodes;
    std::vector<std::int32_t> source, target;
    for (std::int32_t a = 0; a < nodes; ++a)
        for (std::int32_t b = 0; b < a; ++b)
            if (random.uniform() < (a % 2 == b % 2 ? 0.15 : 0.02)) {
                source.insert(source.end(), {a, b});
                target.insert(target.end(), {b, a});
            }
    set_edges(graph, source, target);
    Csr members;
    for (std::int64_t e = 0; e < nodes / 2; ++e) {
        const std::int64_t group = e % 2, size = 2 + random.below(4);
        for (std::int64_t k = 0; k < size; ++k) members.items.push_back(static_cast<std::int32_t>(2 * random.below(nodes / 2) + group));
        members.offsets.push_back(members.size());
    }
    set_hyperedges(graph, std::move(members));
    graph.features.rows = nodes;
    graph.features.columns = 12;
    graph.classes = {"0", "1"};
    for (std::int32_t node = 0; node < nodes; ++node) {
        graph.labels.push_back(node % 2);
        for (std::int32_t c = 0; c < 12; ++c)
            if (random.uniform() < (c % 2 == node % 2 ? 0.5 : 0.2)) graph.features.pattern.items.push_back(c);
        graph.features.pattern.offsets.push_back(graph.features.pattern.size());
    }
    return graph;
}

}
