#include "plugins/hypergraph/engine/multilevel_layout.h"
#include "core/base/random_numbers.h"
#include <algorithm>
#include <cmath>
#include <numeric>

namespace lathe::hypergraph {
namespace {

constexpr std::int64_t kCoarsest = 50;
constexpr double kLeastReduction = 0.9;
constexpr int kMostInGroup = 6;
constexpr double kMemory = 0.8;      // of the smoothed movement

/// Group of each point, numbered from 0.
std::vector<std::int32_t> merged_points(const LayoutGraph& graph, Random& random, std::int64_t& groups) {
    const LayoutNeighbours neighbours = layout_neighbours(graph);
    const auto n = static_cast<std::size_t>(graph.points);
    std::vector<std::int32_t> order(n), group(n, -1), size;
    std::iota(order.begin(), order.end(), 0);
    for (std::size_t k = n; k > 1; --k) std::swap(order[k - 1], order[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(k)))]);
    // Points with few neighbours choose first: the others still find someone.
    std::ranges::stable_sort(order, {}, [&](std::int32_t v) { return neighbours.points.length(v); });
    std::int32_t lonely = -1;
    for (const std::int32_t v : order) {
        if (group[static_cast<std::size_t>(v)] >= 0) continue;
        std::int32_t free = -1, taken = -1;
        double best_free = -1, best_taken = -1;
        for (auto k = neighbours.points.offsets[static_cast<std::size_t>(v)]; k < neighbours.points.offsets[static_cast<std::size_t>(v) + 1]; ++k) {
            const std::int32_t u = neighbours.points.items[static_cast<std::size_t>(k)];
            const double weight = graph.edges[static_cast<std::size_t>(neighbours.edge[static_cast<std::size_t>(k)])].weight / graph.mass[static_cast<std::size_t>(u)];   // light partners keep groups even
            if (group[static_cast<std::size_t>(u)] < 0) {
                if (weight > best_free) best_free = weight, free = u;
            } else if (weight > best_taken && size[static_cast<std::size_t>(group[static_cast<std::size_t>(u)])] < kMostInGroup) best_taken = weight, taken = u;
        }
        if (free < 0 && taken < 0 && lonely >= 0 && size[static_cast<std::size_t>(lonely)] < kMostInGroup && neighbours.points.length(v) == 0) group[static_cast<std::size_t>(v)] = lonely;
        else if (free >= 0 || taken < 0) {
            group[static_cast<std::size_t>(v)] = static_cast<std::int32_t>(size.size());
            if (neighbours.points.length(v) == 0) lonely = static_cast<std::int32_t>(size.size());
            size.push_back(0);
            if (free >= 0) group[static_cast<std::size_t>(free)] = group[static_cast<std::size_t>(v)], ++size.back();
        } else group[static_cast<std::size_t>(v)] = group[static_cast<std::size_t>(taken)];
        ++size[static_cast<std::size_t>(group[static_cast<std::size_t>(v)])];
    }
    groups = static_cast<std::int64_t>(size.size());
    return group;
}

LayoutGraph merged_graph(const LayoutGraph& graph, const std::vector<std::int32_t>& group, std::int64_t groups) {
    LayoutGraph coarse;
    coarse.points = coarse.nodes = groups;
    coarse.mass.assign(static_cast<std::size_t>(groups), 0);
    for (std::size_t v = 0; v < group.size(); ++v) coarse.mass[static_cast<std::size_t>(group[v])] += graph.mass[v];
    for (const LayoutEdge& edge : graph.edges) {
        const auto [a, b] = std::minmax(group[static_cast<std::size_t>(edge.source)], group[static_cast<std::size_t>(edge.target)]);
        if (a != b) coarse.edges.push_back({a, b, edge.weight});
    }
    std::ranges::stable_sort(coarse.edges, {}, [](const LayoutEdge& edge) { return std::pair(edge.source, edge.target); });
    std::size_t kept = 0;
    for (const LayoutEdge& edge : coarse.edges) {
        if (kept && coarse.edges[kept - 1].source == edge.source && coarse.edges[kept - 1].target == edge.target) coarse.edges[kept - 1].weight += edge.weight;
        else coarse.edges[kept++] = edge;
    }
    coarse.edges.resize(kept);
    return coarse;
}

/// Weights as the layout takes them: those of merged edges add up afterwards.
LayoutGraph raised(LayoutGraph graph, double exponent) {
    if (exponent != 1)
        for (LayoutEdge& edge : graph.edges) edge.weight = std::pow(edge.weight, exponent);
    return graph;
}

}

Coarsening coarsened(LayoutGraph graph, std::uint64_t seed) {
    Coarsening coarsening;
    Random random(seed);
    if (graph.mass.empty()) graph.mass = masses_of(graph);
    coarsening.graphs.push_back(std::move(graph));
    while (coarsening.graphs.back().points > kCoarsest) {
        const LayoutGraph& fine = coarsening.graphs.back();
        std::int64_t groups = 0;
        std::vector<std::int32_t> group = merged_points(fine, random, groups);
        if (static_cast<double>(groups) > kLeastReduction * static_cast<double>(fine.points)) break;
        LayoutGraph coarse = merged_graph(fine, group, groups);
        coarsening.parent.push_back(std::move(group));
        coarsening.graphs.push_back(std::move(coarse));
    }
    return coarsening;
}

MultilevelLayout::MultilevelLayout(const LayoutGraph& graph, const ForceAtlas2Options& options, std::uint64_t seed, double settled, int most_steps)
    : m_coarsening(coarsened(raised(graph, options.weight_exponent), seed)), m_options(options), m_seed(seed), m_settled(settled), m_most_steps(most_steps), m_level(m_coarsening.graphs.size() - 1) {
    m_options.weight_exponent = 1;
    start(random_positions(m_coarsening.graphs.back().points, 1000, seed));
}

void MultilevelLayout::start(Positions positions) {
    m_layout = std::make_unique<ForceAtlas2>(m_coarsening.graphs[m_level], m_options, std::move(positions));
    m_steps = 0;
    m_smoothed = 1;
}

void MultilevelLayout::step() {
    m_layout->step();
    ++m_steps;
    m_smoothed = kMemory * m_smoothed + (1 - kMemory) * m_layout->moved();
    if (m_level == 0 || (m_smoothed > m_settled && m_steps < m_most_steps)) return;
    Positions fine = prolonged(m_layout->current(), m_level - 1);
    --m_level;
    start(std::move(fine));
}

/// Points of `level` around the places of their groups.
Positions MultilevelLayout::prolonged(const Positions& coarse, std::size_t level) const {
    const std::vector<std::int32_t>& parent = m_coarsening.parent[level];
    double square = 0;
    for (std::size_t i = 0; i < coarse.size(); ++i) square += coarse.x[i] * coarse.x[i] + coarse.y[i] * coarse.y[i];
    const double step = std::sqrt(square) / static_cast<double>(coarse.size()) + 1e-3;   // about the distance of neighbours
    Positions fine;
    Random random(m_seed + level);
    for (const std::int32_t group : parent) {
        fine.x.push_back(coarse.x[static_cast<std::size_t>(group)] + step * (random.uniform() - 0.5));
        fine.y.push_back(coarse.y[static_cast<std::size_t>(group)] + step * (random.uniform() - 0.5));
    }
    return fine;
}

Positions MultilevelLayout::positions() const {
    Positions positions = m_layout->current();
    for (std::size_t level = m_level; level > 0; --level) positions = prolonged(positions, level - 1);
    return positions;
}

}
