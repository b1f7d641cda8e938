#pragma once
// Graphs and hypergraphs as the viewers draw them: what is joined to what, without places, colours or names. Unchanged once made, so that any thread may read it.
#include <QMetaType>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace lathe {

/// Rows of whole numbers one behind the other (compressed sparse rows): row r is items[offsets[r]] to items[offsets[r + 1] - 1].
struct GraphRows {
    std::vector<std::int64_t> offsets{0};
    std::vector<std::int32_t> items;

    std::int64_t rows() const { return std::int64_t(offsets.size()) - 1; }
    std::int64_t size() const { return std::int64_t(items.size()); }
    std::int64_t length(std::int64_t row) const { return offsets[std::size_t(row) + 1] - offsets[std::size_t(row)]; }
    std::span<const std::int32_t> operator[](std::int64_t row) const { return {items.data() + offsets[std::size_t(row)], std::size_t(length(row))}; }
};

/// Nodes 0 to nodes - 1 and hyperedges 0 to hyperedges - 1.
struct GraphData {
    std::int64_t nodes = 0, hyperedges = 0;
    GraphRows edges;              ///< row: the smaller node, items: the larger; each simple edge once, ascending; no self-loops
    GraphRows neighbours;         ///< both directions of `edges`
    GraphRows members;            ///< row: hyperedge, items: its nodes, ascending, each once
    GraphRows memberships;        ///< row: node, items: its hyperedges, ascending

    /// From the columns of an edge list (`from`, `to`; directions and repeats are dropped) and from the pairs (member, hyperedge) of an incidence list.
    /// Error (invalid_value): lists of different lengths, or an id outside. Any thread; about 0.1 s for a million pairs, so not on the GUI thread for large graphs.
    static std::shared_ptr<const GraphData> make(std::int64_t nodes, std::int64_t hyperedges, std::span<const std::int32_t> from, std::span<const std::int32_t> to,
        std::span<const std::int32_t> member, std::span<const std::int32_t> hyperedge);
};
using GraphDataPtr = std::shared_ptr<const GraphData>;

/// Places of the nodes in a plane, y upward, in any unit. A node whose place is not finite is not drawn.
struct GraphPlaces {
    std::vector<float> x, y;      ///< [nodes] each
};
using GraphPlacesPtr = std::shared_ptr<const GraphPlaces>;

}

Q_DECLARE_METATYPE(lathe::GraphDataPtr)
