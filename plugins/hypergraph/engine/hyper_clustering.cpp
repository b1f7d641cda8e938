#include "plugins/hypergraph/engine/hyper_clustering.h"
#include "core/base/random_numbers.h"
#include "core/nn/parallel.h"
#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

namespace lathe::hypergraph {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t kPairsOfNode = 400;       // drawn for each node of a sample

bool are_neighbours(const HyperSets& sets, std::int32_t u, std::int32_t v) {
    auto a = sets.hyperedges[u], b = sets.hyperedges[v];
    if (a.size() > b.size()) std::swap(a, b);
    if (a.size() * 8 < b.size()) return std::ranges::any_of(a, [&](std::int32_t e) { return std::ranges::binary_search(b, e); });
    for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
        if (a[i] == b[j]) return true;
        a[i] < b[j] ? ++i : ++j;
    }
    return false;
}

/// Hyperedges of v -> its neighbours, ascending; `shared`: hyperedges that each shares with v.
void neighbours_of(const HyperSets& sets, std::int32_t v, std::vector<std::int32_t>& neighbours, std::vector<std::int32_t>& shared) {
    neighbours.clear();
    for (const std::int32_t e : sets.hyperedges[v]) {
        const auto members = sets.members[e];
        neighbours.insert(neighbours.end(), members.begin(), members.end());
    }
    std::ranges::sort(neighbours);
    shared.clear();
    std::size_t kept = 0;
    for (std::size_t k = 0, end; k < neighbours.size(); k = end) {
        for (end = k + 1; end < neighbours.size() && neighbours[end] == neighbours[k]; ++end) {}
        if (neighbours[k] == v) continue;
        neighbours[kept++] = neighbours[k];
        shared.push_back(static_cast<std::int32_t>(end - k));
    }
    neighbours.resize(kept);
}

/// XGI's extra overlap of two hyperedges: members of one alone that are neighbours of some of the other alone, and the other way round.
double extra_overlap(const HyperSets& sets, std::int32_t e, std::int32_t f) {
    std::vector<std::int32_t> alone_e, alone_f;
    std::ranges::set_difference(sets.members[e], sets.members[f], std::back_inserter(alone_e));
    std::ranges::set_difference(sets.members[f], sets.members[e], std::back_inserter(alone_f));
    if (alone_e.empty() && alone_f.empty()) return 0;
    std::vector<bool> met(alone_f.size(), false);
    double joined = 0;
    for (const std::int32_t u : alone_e) {
        bool any = false;
        for (std::size_t k = 0; k < alone_f.size(); ++k) {
            if (any && met[k]) continue;
            if (!are_neighbours(sets, u, alone_f[k])) continue;
            any = met[k] = true;
        }
        joined += any;
    }
    joined += static_cast<double>(std::ranges::count(met, true));
    return joined / static_cast<double>(alone_e.size() + alone_f.size());
}

/// The mean of `of(a, b)` over all pairs a < b of `count`, or over some drawn ones.
template <class Of> double mean_of_pairs(std::int64_t count, bool sampled, Random& random, const Of& of) {
    if (count < 2) return 0;
    double sum = 0;
    if (!sampled || count * (count - 1) / 2 <= kPairsOfNode) {
        for (std::int64_t a = 0; a < count; ++a)
            for (std::int64_t b = a + 1; b < count; ++b) sum += of(a, b);
        return 2 * sum / (static_cast<double>(count) * static_cast<double>(count - 1));
    }
    for (std::int64_t k = 0; k < kPairsOfNode; ++k) {
        const std::int64_t a = random.below(count), b = random.below(count - 1);
        sum += of(a, b + (b >= a));
    }
    return sum / kPairsOfNode;
}

/// Which nodes are looked at, and whether pairs within them are drawn.
struct NodeChoice {
    std::vector<std::int64_t> nodes;
    bool sampled = false;
};

NodeChoice choose_nodes(std::span<const double> exact_costs, std::span<const double> sampled_costs, const Effort& effort) {
    NodeChoice choice;
    double total = 0;
    for (const double cost : exact_costs) total += cost;
    choice.sampled = total > effort.most;
    choice.nodes = affordable(choice.sampled ? sampled_costs : exact_costs, effort.most, effort.seed);
    return choice;
}

template <class Work> void for_nodes(const NodeChoice& choice, const Effort& effort, const Work& work) {
    const auto count = static_cast<std::int64_t>(choice.nodes.size());
    parallel_each(
        count, [&](int, std::int64_t k) { work(static_cast<std::int32_t>(choice.nodes[static_cast<std::size_t>(k)])); },
        [&](std::int64_t done) {
            if (effort.tick && done % 64 == 0) effort.tick(static_cast<double>(done), static_cast<double>(count));
        });
}

}

std::int64_t shared_hyperedges(const HyperSets& sets, std::int32_t u, std::int32_t v) {
    std::vector<std::int32_t> both;
    std::ranges::set_intersection(sets.hyperedges[u], sets.hyperedges[v], std::back_inserter(both));
    return static_cast<std::int64_t>(both.size());
}

HyperClustering hyper_clustering(const HyperSets& sets, const Effort& effort) {
    const auto n = static_cast<std::size_t>(sets.hyperedges.rows());
    std::vector<double> reach(n, 1), pairs(n, 1), overlap(n, 1), drawn(n, 1), drawn_overlap(n, 1);
    for (std::size_t v = 0; v < n; ++v) {
        double members = 0;
        for (const std::int32_t e : sets.hyperedges[static_cast<std::int64_t>(v)]) members += static_cast<double>(sets.members.length(e));
        const double degree = static_cast<double>(sets.hyperedges.length(static_cast<std::int64_t>(v)));
        const double tests = std::min(static_cast<double>(n), members);   // at most so many neighbours
        reach[v] += 8 * members;
        pairs[v] = reach[v] + 8 * tests * tests;
        overlap[v] += 16 * members * members;
        drawn[v] = reach[v] + 64 * kPairsOfNode;
        const double mean = degree > 0 ? members / degree : 0;
        drawn_overlap[v] += 32 * std::min(degree * std::max(0.0, degree - 1) / 2, static_cast<double>(kPairsOfNode)) * mean * mean;
    }
    HyperClustering result;
    std::vector<double> clustering(n, kUnknown), extra(n, kUnknown), by_union(n, kUnknown), by_min(n, kUnknown), by_max(n, kUnknown);
    const NodeChoice two_node = choose_nodes(reach, reach, effort);
    for_nodes(two_node, effort, [&](std::int32_t v) {
        std::vector<std::int32_t> neighbours, shared;
        neighbours_of(sets, v, neighbours, shared);
        double sum_union = 0, sum_min = 0, sum_max = 0;
        const double own = static_cast<double>(sets.hyperedges.length(v));
        for (std::size_t k = 0; k < neighbours.size(); ++k) {
            const double both = shared[k], other = static_cast<double>(sets.hyperedges.length(neighbours[k]));
            sum_union += both / (own + other - both), sum_min += both / std::min(own, other), sum_max += both / std::max(own, other);
        }
        const double count = std::max<double>(1, static_cast<double>(neighbours.size()));
        by_union[static_cast<std::size_t>(v)] = sum_union / count, by_min[static_cast<std::size_t>(v)] = sum_min / count, by_max[static_cast<std::size_t>(v)] = sum_max / count;
    });
    const NodeChoice closed = choose_nodes(pairs, drawn, effort);
    for_nodes(closed, effort, [&](std::int32_t v) {
        std::vector<std::int32_t> neighbours, shared;
        neighbours_of(sets, v, neighbours, shared);
        Random random(effort.seed + static_cast<std::uint64_t>(v));
        clustering[static_cast<std::size_t>(v)] = mean_of_pairs(static_cast<std::int64_t>(neighbours.size()), closed.sampled, random,
            [&](std::int64_t a, std::int64_t b) { return are_neighbours(sets, neighbours[static_cast<std::size_t>(a)], neighbours[static_cast<std::size_t>(b)]) ? 1.0 : 0.0; });
    });
    const NodeChoice joined = choose_nodes(overlap, drawn_overlap, effort);
    for_nodes(joined, effort, [&](std::int32_t v) {
        const auto hyperedges = sets.hyperedges[v];
        Random random(effort.seed + static_cast<std::uint64_t>(v));
        extra[static_cast<std::size_t>(v)] = mean_of_pairs(static_cast<std::int64_t>(hyperedges.size()), joined.sampled, random,
            [&](std::int64_t a, std::int64_t b) { return extra_overlap(sets, hyperedges[static_cast<std::size_t>(a)], hyperedges[static_cast<std::size_t>(b)]); });
    });
    const bool some = two_node.nodes.size() < n;
    result.two_node_union = summarised(std::move(by_union), some);
    result.two_node_min = summarised(std::move(by_min), some);
    result.two_node_max = summarised(std::move(by_max), some);
    result.clustering = summarised(std::move(clustering), closed.sampled);
    result.extra_overlap = summarised(std::move(extra), joined.sampled);
    return result;
}

}
