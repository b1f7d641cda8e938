#include "plugins/hypergraph/engine/hierarchy.h"
#include "core/base/error.h"
#include "core/base/random_numbers.h"
#include "plugins/hypergraph/engine/spectral.h"
#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_set>

namespace lathe::hypergraph {
namespace {

constexpr std::int64_t kTicksEvery = 256;
constexpr double kMostSpectralWork = 2e9;    // entries of the eigenvectors times clusters

/// Clusters renumbered from the largest on, ties by the first node.
Clustering by_size(std::vector<std::int32_t> cluster) {
    Clustering result;
    const std::int32_t most = cluster.empty() ? 0 : *std::ranges::max_element(cluster) + 1;
    std::vector<std::int64_t> size(static_cast<std::size_t>(most), 0), first(static_cast<std::size_t>(most), 0);
    for (std::size_t v = cluster.size(); v-- > 0;) ++size[static_cast<std::size_t>(cluster[v])], first[static_cast<std::size_t>(cluster[v])] = static_cast<std::int64_t>(v);
    std::vector<std::int32_t> order;
    for (std::int32_t c = 0; c < most; ++c)
        if (size[static_cast<std::size_t>(c)]) order.push_back(c);
    std::ranges::sort(order, {}, [&](std::int32_t c) { return std::pair(-size[static_cast<std::size_t>(c)], first[static_cast<std::size_t>(c)]); });
    std::vector<std::int32_t> number(static_cast<std::size_t>(most), -1);
    for (std::size_t k = 0; k < order.size(); ++k) number[static_cast<std::size_t>(order[k])] = static_cast<std::int32_t>(k);
    for (std::int32_t& c : cluster) c = number[static_cast<std::size_t>(c)];
    result.cluster = std::move(cluster);
    result.clusters = static_cast<std::int64_t>(order.size());
    return result;
}

/// A graph whose points are communities of the one before. `loop`: twice the weight inside each point.
struct WeightedGraph {
    Csr neighbours;
    std::vector<double> weights, loop;
    double degree(std::int64_t v) const {
        double sum = loop[static_cast<std::size_t>(v)];
        for (auto k = neighbours.offsets[static_cast<std::size_t>(v)]; k < neighbours.offsets[static_cast<std::size_t>(v) + 1]; ++k) sum += weights[static_cast<std::size_t>(k)];
        return sum;
    }
};

/// Moves points to the neighbouring community that gains most, until none moves. Returns whether any did.
bool move_points(const WeightedGraph& graph, double resolution, double twice_edges, Random& random, std::vector<std::int32_t>& community, const Tick& tick) {
    const auto n = static_cast<std::size_t>(graph.neighbours.rows());
    std::vector<double> degree(n), total(n, 0), to(n, 0);
    for (std::size_t v = 0; v < n; ++v) degree[v] = graph.degree(static_cast<std::int64_t>(v)), total[static_cast<std::size_t>(community[v])] += degree[v];
    std::vector<std::int32_t> order(n), met;
    std::iota(order.begin(), order.end(), 0);
    for (std::size_t k = n; k > 1; --k) std::swap(order[k - 1], order[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(k)))]);
    bool any = false;
    for (int round = 0; round < 50; ++round) {
        std::size_t moves = 0;
        for (std::size_t k = 0; k < n; ++k) {
            if (tick && k % kTicksEvery == 0) tick(static_cast<double>(k), static_cast<double>(n));
            const auto v = static_cast<std::size_t>(order[k]);
            met.clear();
            for (auto p = graph.neighbours.offsets[v]; p < graph.neighbours.offsets[v + 1]; ++p) {
                const std::int32_t c = community[static_cast<std::size_t>(graph.neighbours.items[static_cast<std::size_t>(p)])];
                if (to[static_cast<std::size_t>(c)] == 0) met.push_back(c);
                to[static_cast<std::size_t>(c)] += graph.weights[static_cast<std::size_t>(p)];
            }
            const std::int32_t own = community[v];
            total[static_cast<std::size_t>(own)] -= degree[v];
            const auto gain = [&](std::int32_t c) { return to[static_cast<std::size_t>(c)] - resolution * degree[v] * total[static_cast<std::size_t>(c)] / twice_edges; };
            std::int32_t best = own;
            double best_gain = gain(own);
            for (const std::int32_t c : met)
                if (const double g = gain(c); g > best_gain + 1e-12 * (1 + std::abs(best_gain))) best_gain = g, best = c;
            total[static_cast<std::size_t>(best)] += degree[v];
            for (const std::int32_t c : met) to[static_cast<std::size_t>(c)] = 0;
            if (best != own) community[v] = best, ++moves;
        }
        any = any || moves > 0;
        if (moves * 1000 <= n) break;   // what is left gains next to nothing
    }
    return any;
}

WeightedGraph merged(const WeightedGraph& graph, const std::vector<std::int32_t>& community, std::int64_t communities) {
    std::vector<std::pair<std::pair<std::int32_t, std::int32_t>, double>> ties;
    WeightedGraph result;
    result.loop.assign(static_cast<std::size_t>(communities), 0);
    for (std::int64_t v = 0; v < graph.neighbours.rows(); ++v) {
        const std::int32_t a = community[static_cast<std::size_t>(v)];
        result.loop[static_cast<std::size_t>(a)] += graph.loop[static_cast<std::size_t>(v)];
        for (auto k = graph.neighbours.offsets[static_cast<std::size_t>(v)]; k < graph.neighbours.offsets[static_cast<std::size_t>(v) + 1]; ++k) {
            const std::int32_t b = community[static_cast<std::size_t>(graph.neighbours.items[static_cast<std::size_t>(k)])];
            if (a == b) result.loop[static_cast<std::size_t>(a)] += graph.weights[static_cast<std::size_t>(k)];
            else ties.push_back({{a, b}, graph.weights[static_cast<std::size_t>(k)]});
        }
    }
    std::ranges::stable_sort(ties, {}, [](const auto& tie) { return tie.first; });
    std::vector<std::int32_t> from, to;
    for (std::size_t k = 0; k < ties.size(); ++k) {
        if (k == 0 || ties[k].first != ties[k - 1].first) from.push_back(ties[k].first.first), to.push_back(ties[k].first.second), result.weights.push_back(0);
        result.weights.back() += ties[k].second;
    }
    result.neighbours = rows_of(from, to, communities);   // sorted already, so the weights keep their places
    return result;
}

}

Csr neighbours_in_order(std::span<const std::int32_t> source, std::span<const std::int32_t> target, std::int64_t nodes) {
    std::vector<std::int32_t> from, to;
    std::unordered_set<std::uint64_t> seen;
    seen.reserve(source.size());
    for (std::size_t k = 0; k < source.size(); ++k) {
        const auto [a, b] = std::minmax(source[k], target[k]);
        if (a == b || !seen.insert(static_cast<std::uint64_t>(a) << 32 | static_cast<std::uint64_t>(b)).second) continue;
        from.insert(from.end(), {source[k], target[k]});
        to.insert(to.end(), {target[k], source[k]});
    }
    return rows_of(from, to, nodes);
}

Clustering greedy_clusters(const Csr& neighbours, std::int64_t most, const Tick& tick) {
    if (most < 1) throw Error(ErrorCode::invalid_value, "A cluster holds at least one node.", "largest cluster " + std::to_string(most), "Choose 1 or more.");
    const auto n = static_cast<std::size_t>(neighbours.rows());
    Clustering result;
    result.cluster.assign(n, -1);
    std::vector<bool> visited(n, false), waits(n, false);
    std::vector<std::int32_t> frontier, inside(n, 0);   // inside: neighbours within the frontier, kept as it changes
    const auto wait = [&](std::int32_t v) {
        frontier.push_back(v);
        waits[static_cast<std::size_t>(v)] = true;
        inside[static_cast<std::size_t>(v)] = 0;
        for (const std::int32_t u : neighbours[v])
            if (waits[static_cast<std::size_t>(u)]) ++inside[static_cast<std::size_t>(u)], ++inside[static_cast<std::size_t>(v)];
    };
    for (std::size_t start = 0; start < n; ++start) {
        if (visited[start]) continue;
        if (tick && result.clusters % kTicksEvery == 0) tick(static_cast<double>(start), static_cast<double>(n));
        const auto cluster = static_cast<std::int32_t>(result.clusters++);
        std::int64_t size = 1;
        visited[start] = true;
        result.cluster[start] = cluster;
        result.visit_order.push_back(static_cast<std::int32_t>(start));
        frontier.clear();
        for (const std::int32_t u : neighbours[static_cast<std::int64_t>(start)])
            if (!visited[static_cast<std::size_t>(u)]) wait(u);
        while (!frontier.empty() && size < most) {
            const auto chosen = std::ranges::max_element(frontier, {}, [&](std::int32_t v) { return inside[static_cast<std::size_t>(v)]; });
            const std::int32_t v = *chosen;
            const auto place = chosen - frontier.begin();
            result.cluster[static_cast<std::size_t>(v)] = cluster;
            result.visit_order.push_back(v);
            ++size;
            for (const std::int32_t u : neighbours[v])   // v itself still waits while they are added, as in the reference
                if (!visited[static_cast<std::size_t>(u)] && !waits[static_cast<std::size_t>(u)]) wait(u);
            frontier.erase(frontier.begin() + place);
            waits[static_cast<std::size_t>(v)] = false;
            for (const std::int32_t u : neighbours[v])
                if (waits[static_cast<std::size_t>(u)]) --inside[static_cast<std::size_t>(u)];
            visited[static_cast<std::size_t>(v)] = true;
        }
        for (const std::int32_t v : frontier) waits[static_cast<std::size_t>(v)] = false;
    }
    return result;
}

Clustering spectral_clusters(const Csr& neighbours, std::int64_t clusters, std::uint64_t seed, const Tick& tick) {
    if (clusters < 1) throw Error(ErrorCode::invalid_value, "There must be at least one cluster.", std::to_string(clusters) + " clusters", "Choose 1 or more.");
    clusters = std::min(clusters, std::max<std::int64_t>(1, neighbours.rows()));
    if (static_cast<double>(neighbours.rows()) * static_cast<double>(clusters) * static_cast<double>(clusters) > kMostSpectralWork)
        throw Error(ErrorCode::invalid_value, "Spectral clustering of this graph needs too much.", std::to_string(neighbours.rows()) + " nodes, " + std::to_string(clusters) + " clusters",
            "Choose fewer clusters, or greedy clusters or communities.");
    LayoutGraph graph;
    graph.points = graph.nodes = neighbours.rows();
    for (std::int64_t v = 0; v < neighbours.rows(); ++v)
        for (const std::int32_t u : neighbours[v])
            if (u > v) graph.edges.push_back({static_cast<std::int32_t>(v), u, 1});
    Eigenvectors found = laplacian_eigenvectors(graph, clusters, seed, tick);
    for (std::int64_t r = 0; r < found.vectors.rows; ++r) {
        double* row = found.vectors.row(r);
        const double length = std::sqrt(std::inner_product(row, row + found.vectors.columns, row, 0.0));
        if (length > 0)
            for (std::int64_t c = 0; c < found.vectors.columns; ++c) row[c] /= length;
    }
    Clustering result;
    result.cluster = k_means(found.vectors, clusters, seed, tick);
    result.clusters = result.cluster.empty() ? 0 : *std::ranges::max_element(result.cluster) + 1;
    return result;
}

Clustering louvain_communities(const Csr& neighbours, double resolution, std::uint64_t seed, const Tick& tick) {
    const auto n = static_cast<std::size_t>(neighbours.rows());
    std::vector<std::int32_t> community(n);
    std::iota(community.begin(), community.end(), 0);
    if (neighbours.items.empty()) return by_size(std::move(community));
    WeightedGraph graph{neighbours, std::vector<double>(neighbours.items.size(), 1), std::vector<double>(n, 0)};
    const double twice_edges = static_cast<double>(neighbours.items.size());
    Random random(seed);
    while (true) {
        std::vector<std::int32_t> level(static_cast<std::size_t>(graph.neighbours.rows()));
        std::iota(level.begin(), level.end(), 0);
        if (!move_points(graph, resolution, twice_edges, random, level, tick)) break;
        const Clustering found = by_size(std::move(level));
        for (std::int32_t& c : community) c = found.cluster[static_cast<std::size_t>(c)];
        if (found.clusters == graph.neighbours.rows()) break;
        graph = merged(graph, found.cluster, found.clusters);
    }
    return by_size(std::move(community));
}

double modularity(const Csr& neighbours, std::span<const std::int32_t> cluster, double resolution) {
    const double twice_edges = static_cast<double>(neighbours.items.size());
    if (twice_edges == 0) return 0;
    const std::int32_t clusters = *std::ranges::max_element(cluster) + 1;
    std::vector<double> degree(static_cast<std::size_t>(clusters), 0);
    double inside = 0;
    for (std::int64_t v = 0; v < neighbours.rows(); ++v) {
        degree[static_cast<std::size_t>(cluster[static_cast<std::size_t>(v)])] += static_cast<double>(neighbours.length(v));
        for (const std::int32_t u : neighbours[v]) inside += cluster[static_cast<std::size_t>(u)] == cluster[static_cast<std::size_t>(v)];
    }
    double expected = 0;
    for (const double d : degree) expected += d / twice_edges * d / twice_edges;
    return inside / twice_edges - resolution * expected;
}

std::vector<ClusterTie> cluster_ties(const Csr& neighbours, std::span<const std::int32_t> cluster) {
    std::vector<std::pair<std::int32_t, std::int32_t>> pairs;
    for (std::int64_t v = 0; v < neighbours.rows(); ++v)
        for (const std::int32_t u : neighbours[v]) {
            const std::int32_t a = cluster[static_cast<std::size_t>(v)], b = cluster[static_cast<std::size_t>(u)];
            if (a < b) pairs.emplace_back(a, b);   // each edge is met from both sides, once with a < b
        }
    std::ranges::sort(pairs);
    std::vector<ClusterTie> ties;
    for (const auto& [a, b] : pairs) {
        if (ties.empty() || ties.back().a != a || ties.back().b != b) ties.push_back({a, b, 0});
        ++ties.back().edges;
    }
    return ties;
}

}
