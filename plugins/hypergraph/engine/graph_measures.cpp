#include "plugins/hypergraph/engine/graph_measures.h"
#include "plugins/hypergraph/engine/degeneracy.h"
#include "core/nn/parallel.h"
#include <algorithm>
#include <cmath>
#include <limits>

namespace lathe::hypergraph {
namespace {

constexpr std::int64_t kMeasuredInPiece = 64;
constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

/// Sums over pairs (a, b), counted in both orders, from which a correlation follows.
struct PairSums {
    double count = 0, sum = 0, square = 0, product = 0;
    double correlation() const {
        if (count == 0) return kUndefined;
        const double mean = sum / count, variance = square / count - mean * mean;
        return variance > 1e-12 * (1 + mean * mean) ? (product / count - mean * mean) / variance : kUndefined;
    }
};

}

std::vector<std::int64_t> length_histogram(const Csr& rows) {
    std::vector<std::int64_t> count;
    for (std::int64_t r = 0; r < rows.rows(); ++r) {
        const auto length = static_cast<std::size_t>(rows.length(r));
        if (count.size() <= length) count.resize(length + 1, 0);
        ++count[length];
    }
    return count;
}

std::vector<std::int64_t> triangles(const Csr& neighbours, const Tick& tick) {
    const DegeneracyOrder order = degeneracy_order(neighbours);
    const auto n = static_cast<std::size_t>(neighbours.rows());
    Csr later;   // by rank: ranks of later neighbours
    later.offsets.reserve(n + 1);
    for (std::size_t r = 0; r < n; ++r) {
        for (const std::int32_t u : neighbours[order.node[r]])
            if (order.rank[static_cast<std::size_t>(u)] > static_cast<std::int32_t>(r)) later.items.push_back(order.rank[static_cast<std::size_t>(u)]);
        later.offsets.push_back(later.size());
    }
    struct Worker { std::vector<std::int64_t> count; std::vector<bool> marked; };
    std::vector<Worker> workers(static_cast<std::size_t>(thread_count()));
    const std::int64_t pieces = (neighbours.rows() + kMeasuredInPiece - 1) / kMeasuredInPiece;
    parallel_each(
        pieces,
        [&](int worker, std::int64_t piece) {
            Worker& mine = workers[static_cast<std::size_t>(worker)];
            mine.count.resize(n, 0);
            mine.marked.resize(n, false);
            for (std::int64_t r = piece * kMeasuredInPiece; r < std::min(neighbours.rows(), (piece + 1) * kMeasuredInPiece); ++r) {
                for (const std::int32_t u : later[r]) mine.marked[static_cast<std::size_t>(u)] = true;
                for (const std::int32_t u : later[r])
                    for (const std::int32_t w : later[u])
                        if (mine.marked[static_cast<std::size_t>(w)]) ++mine.count[static_cast<std::size_t>(r)], ++mine.count[static_cast<std::size_t>(u)], ++mine.count[static_cast<std::size_t>(w)];
                for (const std::int32_t u : later[r]) mine.marked[static_cast<std::size_t>(u)] = false;
            }
        },
        [&](std::int64_t done) {
            if (tick) tick(static_cast<double>(done), static_cast<double>(pieces));
        });
    std::vector<std::int64_t> result(n, 0);
    for (const Worker& worker : workers)
        for (std::size_t r = 0; r < worker.count.size(); ++r) result[static_cast<std::size_t>(order.node[r])] += worker.count[r];
    return result;
}

std::vector<double> local_clustering(const Csr& neighbours, std::span<const std::int64_t> triangles) {
    std::vector<double> values(triangles.size(), 0);
    for (std::size_t v = 0; v < values.size(); ++v)
        if (const double d = static_cast<double>(neighbours.length(static_cast<std::int64_t>(v))); d > 1) values[v] = 2 * static_cast<double>(triangles[v]) / (d * (d - 1));
    return values;
}

std::vector<std::int32_t> components(const Csr& neighbours) {
    UnionFind groups(neighbours.rows());
    for (std::int64_t v = 0; v < neighbours.rows(); ++v)
        for (const std::int32_t u : neighbours[v]) groups.join(static_cast<std::int32_t>(v), u);
    return groups.numbered(std::vector<bool>(static_cast<std::size_t>(neighbours.rows()), true));
}

std::vector<std::int32_t> hyper_components(const HyperSets& sets) {
    UnionFind groups(sets.hyperedges.rows());
    for (std::int64_t e = 0; e < sets.members.rows(); ++e)
        for (const std::int32_t v : sets.members[e]) groups.join(sets.members[e].front(), v);
    return groups.numbered(std::vector<bool>(static_cast<std::size_t>(sets.hyperedges.rows()), true));
}

double degree_assortativity(const Csr& neighbours) {
    PairSums sums;
    for (std::int64_t v = 0; v < neighbours.rows(); ++v) {
        const double a = static_cast<double>(neighbours.length(v));
        for (const std::int32_t u : neighbours[v]) ++sums.count, sums.sum += a, sums.square += a * a, sums.product += a * static_cast<double>(neighbours.length(u));
    }
    return sums.correlation();
}

double hyperdegree_assortativity(const HyperSets& sets) {
    PairSums sums;
    for (std::int64_t e = 0; e < sets.members.rows(); ++e) {
        double sum = 0, square = 0;
        const double others = static_cast<double>(sets.members.length(e)) - 1;
        for (const std::int32_t v : sets.members[e]) {
            const double d = static_cast<double>(sets.hyperedges.length(v));
            sum += d, square += d * d;
        }
        if (others < 1) continue;
        sums.count += others * (others + 1), sums.sum += others * sum, sums.square += others * square, sums.product += sum * sum - square;
    }
    return sums.correlation();
}

Measure jaccard_with_edges(const HybridGraph& graph, const HyperSets& sets, const Csr& neighbours, const Effort& effort) {
    const auto m = static_cast<std::size_t>(sets.members.rows()), n = static_cast<std::size_t>(graph.nodes);
    std::vector<double> costs(m, 0), values(m, kUndefined);
    for (std::size_t e = 0; e < m; ++e)
        for (const std::int32_t v : sets.members[static_cast<std::int64_t>(e)]) costs[e] += 1 + static_cast<double>(neighbours.length(v));
    const std::vector<std::int64_t> chosen = affordable(costs, effort.most, effort.seed);
    std::vector<std::vector<std::int64_t>> seen(static_cast<std::size_t>(thread_count()));   // by worker: the hyperedge (+ 1) that met a node last
    const auto pieces = (static_cast<std::int64_t>(chosen.size()) + kMeasuredInPiece - 1) / kMeasuredInPiece;
    parallel_each(
        pieces,
        [&](int worker, std::int64_t piece) {
            std::vector<std::int64_t>& met = seen[static_cast<std::size_t>(worker)];
            met.resize(n, 0);
            for (auto k = static_cast<std::size_t>(piece * kMeasuredInPiece); k < std::min(chosen.size(), static_cast<std::size_t>((piece + 1) * kMeasuredInPiece)); ++k) {
                const std::int64_t e = chosen[k];
                const auto members = sets.members[e];
                if (members.empty()) continue;
                double partners = 0, both = 0;
                const auto meet = [&](std::int32_t u) {
                    if (met[static_cast<std::size_t>(u)] == e + 1) return;
                    met[static_cast<std::size_t>(u)] = e + 1;
                    ++partners;
                    both += std::ranges::binary_search(members, u);
                };
                for (const std::int32_t v : members) {
                    if (graph.out.length(v) == 0 && graph.in.length(v) == 0) continue;   // a loop touches, too
                    meet(v);
                    for (const std::int32_t u : neighbours[v]) meet(u);
                }
                values[static_cast<std::size_t>(e)] = both / (static_cast<double>(members.size()) + partners - both);
            }
        },
        [&](std::int64_t done) {
            if (effort.tick) effort.tick(static_cast<double>(done), static_cast<double>(pieces));
        });
    return summarised(std::move(values), chosen.size() < m);
}

}
