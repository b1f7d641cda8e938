#pragma once
// Small made-up graphs for tests, the same on every machine.
#include "core/base/random_numbers.h"
#include "plugins/hypergraph/engine/hybrid_graph.h"
#include <ATen/Parallel.h>
#include <algorithm>


namespace lathe::hypergraph {

/// Undirected, both directions stored.
inline HybridGraph graph_of(std::int64_t nodes, const std::vector<std::pair<std::int32_t, std::int32_t>>& edges) {
    HybridGraph graph;
    graph.nodes = nodes;
    std::vector<std::int32_t> source, target;
    for (const auto& [a, b] : edges) source.insert(source.end(), {a, b}), target.insert(target.end(), {b, a});
    set_edges(graph, source, target);
    set_hyperedges(graph, {});
    return graph;
}

inline HybridGraph random_graph(std::int64_t nodes, double density, std::uint64_t seed) {
    Random random(seed);
    std::vector<std::pair<std::int32_t, std::int32_t>> edges;
    for (std::int32_t a = 0; a < nodes; ++a)
        for (std::int32_t b = a + 1; b < nodes; ++b)
            if (random.uniform() < density) edges.emplace_back(a, b);
    return graph_of(nodes, edges);
}

/// `groups` dense groups of `size` nodes, few edges between them.
inline HybridGraph grouped_graph(std::int64_t groups, std::int64_t size, std::uint64_t seed, double inside = 0.5, double between = 0.005) {
    Random random(seed);
    std::vector<std::pair<std::int32_t, std::int32_t>> edges;
    for (std::int32_t a = 0; a < groups * size; ++a)
        for (std::int32_t b = a + 1; b < groups * size; ++b)
            if (random.uniform() < (a / size == b / size ? inside : between)) edges.emplace_back(a, b);
    return graph_of(groups * size, edges);
}

inline Csr csr_of(const std::vector<std::vector<std::int32_t>>& rows) {
    Csr csr;
    for (const auto& row : rows) {
        csr.items.insert(csr.items.end(), row.begin(), row.end());
        csr.offsets.push_back(csr.size());
    }
    return csr;
}

/// Some hyperedges may be empty or equal.
inline Csr random_hyperedges(std::int64_t count, std::int64_t nodes, std::int64_t largest, std::uint64_t seed) {
    Random random(seed);
    std::vector<std::vector<std::int32_t>> rows;
    for (std::int64_t e = 0; e < count; ++e) {
        std::vector<std::int32_t> row;
        for (std::int64_t k = random.below(largest + 1); k > 0; --k) row.push_back(static_cast<std::int32_t>(random.below(nodes)));
        std::ranges::sort(row);
        row.erase(std::unique(row.begin(), row.end()), row.end());
        rows.push_back(row);
    }
    return csr_of(rows);
}

/// The number of threads for the life of the object.
class WithThreads {
public:
    explicit WithThreads(int threads) : m_before(at::get_num_threads()) { at::set_num_threads(threads); }
    ~WithThreads() { at::set_num_threads(m_before); }
    WithThreads(const WithThreads&) = delete;
    WithThreads& operator=(const WithThreads&) = delete;

private:
    int m_before;
};

}
