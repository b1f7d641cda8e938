#include "plugins/hypergraph/engine/layout_graph.h"
#include "core/base/error.h"
#include "core/base/random_numbers.h"
#include <algorithm>
#include <cmath>
#include <numeric>

namespace lathe::hypergraph {
namespace {

constexpr double kMostEdges = 400e6;
constexpr double kApart = 1e-4;          // of the extent: how far coincident points are moved

void move_apart(Positions& positions, Random& random) {
    if (positions.size() == 0) return;
    const auto [left, right] = std::ranges::minmax(positions.x);
    const auto [bottom, top] = std::ranges::minmax(positions.y);
    const double step = std::max({right - left, top - bottom, 1.0}) * kApart;
    std::vector<std::size_t> order(positions.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto place = [&](std::size_t i) { return std::pair(positions.x[i], positions.y[i]); };
    std::ranges::stable_sort(order, {}, place);
    for (std::size_t begin = 0, end; begin < order.size(); begin = end) {
        const auto here = place(order[begin]);
        for (end = begin + 1; end < order.size() && place(order[end]) == here; ++end) {
            positions.x[order[end]] += step * (random.uniform() - 0.5);
            positions.y[order[end]] += step * (random.uniform() - 0.5);
        }
    }
}

}

LayoutGraph layout_graph(const HybridGraph& graph, bool simple_edges, HyperedgePull pull, std::int64_t largest_clique) {
    LayoutGraph layout;
    layout.nodes = layout.points = graph.nodes;
    if (simple_edges) {
        // Both directions of an edge are one; its weight is the larger of theirs, so that a graph stored one way or both ways lies the same.
        std::vector<std::pair<std::pair<std::int32_t, std::int32_t>, float>> pairs;
        pairs.reserve(graph.out.items.size());
        for (std::int64_t v = 0; v < graph.nodes; ++v)
            for (std::int64_t k = graph.out.offsets[static_cast<std::size_t>(v)]; k < graph.out.offsets[static_cast<std::size_t>(v) + 1]; ++k) {
                const std::int32_t a = static_cast<std::int32_t>(v), b = graph.out.items[static_cast<std::size_t>(k)];
                const float weight = graph.edge_weights.empty() ? 1.0f : graph.edge_weights[static_cast<std::size_t>(k)];
                if (a != b) pairs.push_back({std::minmax(a, b), std::isfinite(weight) ? std::max(0.0f, weight) : 1.0f});
            }
        std::ranges::sort(pairs);
        for (std::size_t k = 0; k < pairs.size(); ++k)
            if (k + 1 == pairs.size() || pairs[k + 1].first != pairs[k].first) layout.edges.push_back({pairs[k].first.first, pairs[k].first.second, pairs[k].second});
    }
    if (pull == HyperedgePull::none) return layout;
    const auto drawn_as_star = [&](std::int64_t size) { return pull == HyperedgePull::star || size > largest_clique; };
    double edges = static_cast<double>(layout.edges.size());
    for (std::int64_t e = 0; e < graph.members.rows(); ++e)
        if (const std::int64_t size = graph.members.length(e); size >= 2) edges += drawn_as_star(size) ? static_cast<double>(size) : static_cast<double>(size) * static_cast<double>(size - 1) / 2;
    if (edges > kMostEdges)
        throw Error(ErrorCode::invalid_value, "The layout would have too many edges.", std::to_string(static_cast<std::int64_t>(edges)), "Draw hyperedges as stars, or lay out the simple edges only.");
    for (std::int64_t e = 0; e < graph.members.rows(); ++e) {
        const auto members = graph.members[e];
        if (members.size() < 2) continue;
        const double weight = graph.hyperedge_weights.empty() ? 1.0 : std::max(0.0f, graph.hyperedge_weights[static_cast<std::size_t>(e)]);
        if (drawn_as_star(static_cast<std::int64_t>(members.size()))) {
            for (const std::int32_t v : members) layout.edges.push_back({v, static_cast<std::int32_t>(layout.points), weight});
            layout.phantoms.push_back(static_cast<std::int32_t>(e));
            ++layout.points;
        } else
            for (std::size_t a = 0; a < members.size(); ++a)
                for (std::size_t b = a + 1; b < members.size(); ++b)
                    if (members[a] != members[b]) layout.edges.push_back({members[a], members[b], weight / static_cast<double>(members.size() - 1)});
    }
    return layout;
}

LayoutNeighbours layout_neighbours(const LayoutGraph& graph) {
    std::vector<std::int32_t> from, to;
    from.reserve(2 * graph.edges.size());
    to.reserve(2 * graph.edges.size());
    for (const LayoutEdge& edge : graph.edges) from.insert(from.end(), {edge.source, edge.target}), to.insert(to.end(), {edge.target, edge.source});
    LayoutNeighbours neighbours;
    neighbours.points = rows_of(from, to, graph.points, &neighbours.edge);
    for (std::int64_t& pair : neighbours.edge) pair /= 2;
    return neighbours;
}

std::vector<double> masses_of(const LayoutGraph& graph) {
    std::vector<double> mass(static_cast<std::size_t>(graph.points), 1);
    for (const LayoutEdge& edge : graph.edges) ++mass[static_cast<std::size_t>(edge.source)], ++mass[static_cast<std::size_t>(edge.target)];
    return mass;
}

Positions random_positions(std::int64_t points, double side, std::uint64_t seed) {
    Positions positions;
    positions.x.resize(static_cast<std::size_t>(points));
    positions.y.resize(static_cast<std::size_t>(points));
    Random random(seed);
    for (std::size_t i = 0; i < positions.size(); ++i) {
        positions.x[i] = side * (random.uniform() - 0.5);
        positions.y[i] = side * (random.uniform() - 0.5);
    }
    return positions;
}

Positions started_at(const LayoutGraph& graph, std::span<const float> start, std::uint64_t seed) {
    const auto points = static_cast<std::size_t>(graph.points);
    Positions positions;
    positions.x.assign(points, 0);
    positions.y.assign(points, 0);
    std::vector<bool> known(points, false);
    for (std::size_t i = 0; i < std::min(points, start.size() / 2); ++i) {
        known[i] = std::isfinite(start[2 * i]) && std::isfinite(start[2 * i + 1]);
        if (known[i]) positions.x[i] = start[2 * i], positions.y[i] = start[2 * i + 1];
    }
    // The others: the middle of the neighbours that have a place; a second round reaches nodes behind a phantom point.
    for (int round = 0; round < 2; ++round) {
        std::vector<double> x(points, 0), y(points, 0), count(points, 0);
        for (const LayoutEdge& edge : graph.edges)
            for (const auto& [a, b] : {std::pair(static_cast<std::size_t>(edge.source), static_cast<std::size_t>(edge.target)), std::pair(static_cast<std::size_t>(edge.target), static_cast<std::size_t>(edge.source))})
                if (!known[a] && known[b]) x[a] += positions.x[b], y[a] += positions.y[b], ++count[a];
        for (std::size_t i = 0; i < points; ++i)
            if (count[i] > 0) positions.x[i] = x[i] / count[i], positions.y[i] = y[i] / count[i], known[i] = true;
    }
    Random random(seed);
    move_apart(positions, random);
    return positions;
}

void centre(Positions& positions, double radius) {
    const auto n = static_cast<double>(positions.size());
    if (positions.size() == 0) return;
    const double x = std::accumulate(positions.x.begin(), positions.x.end(), 0.0) / n, y = std::accumulate(positions.y.begin(), positions.y.end(), 0.0) / n;
    double square = 0;
    for (std::size_t i = 0; i < positions.size(); ++i) {
        positions.x[i] -= x, positions.y[i] -= y;
        square += positions.x[i] * positions.x[i] + positions.y[i] * positions.y[i];
    }
    if (radius <= 0 || square <= 0) return;
    const double scale = radius / std::sqrt(square / n);
    for (std::size_t i = 0; i < positions.size(); ++i) positions.x[i] *= scale, positions.y[i] *= scale;
}

}
