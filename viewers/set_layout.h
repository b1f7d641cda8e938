#pragma once
// Orders of rows and columns of an incidence matrix, and the intersections of sets. Any thread.
#include "viewers/set_view.h"

namespace lathe {

struct SetQuestion {
    GraphDataPtr graph;
    std::vector<std::uint8_t> nodes, hyperedges;               ///< 0: hidden; empty: all
    std::vector<std::int32_t> classes;                         ///< [nodes] or empty
    std::vector<std::int32_t> sets;                            ///< asked for; empty: the largest
    NodeOrder node_order = NodeOrder::given;
    HyperedgeOrder hyperedge_order = HyperedgeOrder::given;
};

struct SetLayout {
    GraphDataPtr graph;
    std::vector<std::int32_t> rows, columns;                   ///< nodes and hyperedges in order
    std::vector<std::int32_t> row_of, column_of;               ///< [nodes], [hyperedges]; -1: hidden
    std::vector<std::int32_t> first_row, last_row;             ///< of each column; -1: no visible member
    std::vector<std::int32_t> sets;                            ///< of UpSet, largest first
    std::vector<std::int64_t> set_sizes;                       ///< visible members of each
    std::vector<SetIntersection> intersections;                ///< most nodes first, then fewer sets
    std::int64_t in_none = 0;                                  ///< visible nodes in none of the sets
};

SetLayout lay_out_sets(const SetQuestion& question);

}
