#include "plugins/hypergraph/engine/degeneracy.h"
#include <algorithm>

namespace lathe::hypergraph {

DegeneracyOrder degeneracy_order(const Csr& neighbours) {
    const auto nodes = static_cast<std::size_t>(neighbours.rows());
    DegeneracyOrder order;
    order.node.resize(nodes);
    order.rank.resize(nodes);
    order.core.resize(nodes);
    std::size_t largest = 0;
    for (std::size_t v = 0; v < nodes; ++v) {
        order.core[v] = static_cast<std::int32_t>(neighbours.length(static_cast<std::int64_t>(v)));
        largest = std::max(largest, static_cast<std::size_t>(order.core[v]));
    }
    // Nodes sorted by remaining degree; a node whose degree falls by one swaps places with the first of its bin (Batagelj, Zaversnik 2003).
    std::vector<std::int32_t> bin(largest + 2, 0);
    for (std::size_t v = 0; v < nodes; ++v) ++bin[static_cast<std::size_t>(order.core[v]) + 1];
    for (std::size_t d = 1; d < bin.size(); ++d) bin[d] += bin[d - 1];
    std::vector<std::int32_t> next = bin;
    for (std::size_t v = 0; v < nodes; ++v) {
        order.rank[v] = next[static_cast<std::size_t>(order.core[v])]++;
        order.node[static_cast<std::size_t>(order.rank[v])] = static_cast<std::int32_t>(v);
    }
    for (std::size_t r = 0; r < nodes; ++r) {
        const auto v = static_cast<std::size_t>(order.node[r]);
        order.degeneracy = std::max(order.degeneracy, order.core[v]);
        for (const std::int32_t other : neighbours[static_cast<std::int64_t>(v)]) {
            const auto u = static_cast<std::size_t>(other);
            if (order.core[u] <= order.core[v]) continue;
            const auto degree = static_cast<std::size_t>(order.core[u]);
            const auto first = static_cast<std::size_t>(bin[degree]);
            const auto w = static_cast<std::size_t>(order.node[first]);
            std::swap(order.node[first], order.node[static_cast<std::size_t>(order.rank[u])]);
            std::swap(order.rank[u], order.rank[w]);
            ++bin[degree];
            --order.core[u];
        }
    }
    return order;
}

}
