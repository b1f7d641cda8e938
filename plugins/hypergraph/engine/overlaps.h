#pragma once
// How hyperedges overlap: counted through the hyperedges of each node, never as a matrix of all pairs. No LibTorch. Any thread.
#include "plugins/hypergraph/engine/hyper_sets.h"
#include <optional>

namespace lathe::hypergraph {

struct Overlaps {
    std::vector<double> pairs;       ///< by size of the overlap: ordered pairs of different hyperedges (estimated where sampled); the diagonal is not counted
    std::vector<double> error;       ///< standard error of each, empty where exact
    bool exact = true;
    std::int64_t looked_at = 0;      ///< hyperedges that were compared with all
    std::vector<std::int32_t> faces; ///< exact only: for each hyperedge, the different smaller ones of two or more members that lie within it
    std::vector<bool> is_maximal;    ///< exact only: no other hyperedge is a proper superset
};
Overlaps count_overlaps(const HyperSets& sets, const Effort& effort);

/// HGB's distribution: overlaps of all ordered pairs, a hyperedge with itself counted as 0, divided by the number of hyperedges without rest.
std::vector<std::int64_t> hgb_overlap_distribution(const Overlaps& overlaps, std::int64_t hyperedges);

/// Hyperedges that share at least s nodes are neighbours: both directions, ascending. nullopt where counting would take more than `effort` or give more than 100 million entries.
std::optional<Csr> line_graph(const HyperSets& sets, std::int64_t s, const Effort& effort);

/// s-component of each hyperedge (HyperNetX), numbered by the smallest member; -1 for empty ones. For s = 1 without a line graph.
std::optional<std::vector<std::int32_t>> s_components(const HyperSets& sets, std::int64_t s, const Effort& effort);

/// The dual: nodes are hyperedges, hyperedges are nodes.
HyperSets dual(const HyperSets& sets);

/// Shares of subfaces that are hyperedges, too (Landry, Young, Eikmeier 2024), of hyperedges with three or more members; NaN: there are none.
struct Simpliciality {
    double simplicial_fraction = 0;   ///< hyperedges all of whose faces of two or more nodes are there
    double face_edit = 0;             ///< mean share of the faces of maximal hyperedges that are there
};
Simpliciality simpliciality(const HyperSets& sets, const Overlaps& exact);

}
