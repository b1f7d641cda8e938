#pragma once
// What a layout moves: points joined by weighted edges. No LibTorch. Any thread.
#include "plugins/hypergraph/engine/hybrid_graph.h"
#include "plugins/hypergraph/engine/layout.h"

namespace lathe::hypergraph {

struct LayoutEdge { std::int32_t source = 0, target = 0; double weight = 1; };

struct LayoutGraph {
    std::int64_t points = 0;            ///< the nodes of the graph, then phantom points of hyperedges
    std::int64_t nodes = 0;
    std::vector<LayoutEdge> edges;      ///< each once, without loops
    std::vector<double> mass;           ///< by point; empty: 1 + number of edges
    std::vector<std::int32_t> phantoms; ///< hyperedge of each point behind the nodes
};

/// How hyperedges pull: not at all; as a phantom point in their middle, joined to every member (star); or every two members by an edge of weight 1 / (size - 1) (clique).
enum class HyperedgePull { none, star, clique };

/// Hyperedges with more members than `largest_clique` are drawn as stars also under `clique`. Hyperedges with fewer than two members pull nothing. Throws Error(invalid_value) above
/// 400 million edges.
LayoutGraph layout_graph(const HybridGraph& graph, bool simple_edges, HyperedgePull pull, std::int64_t largest_clique = 64);

/// The neighbours of each point in the order of the edges, and by place in `points` the number of the edge that leads there.
struct LayoutNeighbours {
    Csr points;
    std::vector<std::int64_t> edge;
};
LayoutNeighbours layout_neighbours(const LayoutGraph& graph);

/// 1 + number of edges of each point.
std::vector<double> masses_of(const LayoutGraph& graph);

/// Uniform in a square of the given side around 0. The same on every machine.
Positions random_positions(std::int64_t points, double side, std::uint64_t seed);

/// Takes over the given start [2 × nodes: x, y alternating]; a phantom point starts in the middle of its neighbours, nodes without a finite position beside them, and points that coincide
/// are moved apart a little.
Positions started_at(const LayoutGraph& graph, std::span<const float> start, std::uint64_t seed);

/// Brings the middle to 0 and the root of the mean squared distance from it to `radius` (0: left as it is).
void centre(Positions& positions, double radius = 0);

}
