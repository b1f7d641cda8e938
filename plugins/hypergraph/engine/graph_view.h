#pragma once
// A graph as layers look at it: patterns of simple edges and of hyperedges, features, and what several layers derive from them, made once when it is first asked for. One thread.
#include "plugins/hypergraph/engine/graph_ops.h"
#include "plugins/hypergraph/engine/hybrid_graph.h"
#include <map>
#include <optional>

namespace lathe::hypergraph {

/// Rows of features: dense [N, F], or a sparse pattern (rows -> columns) with values by place (undefined: all 1).
struct NodeMatrix {
    at::Tensor dense;
    Pattern pattern;
    at::Tensor values;
    std::int64_t rows() const { return dense.defined() ? dense.size(0) : pattern->row_count(); }
    std::int64_t columns() const { return dense.defined() ? dense.size(1) : pattern->item_count(); }
    at::Tensor to_dense() const;
};

/// Simple edges where every loop was replaced by exactly one loop for each node (behind the other sources of its row).
struct LoopedEdges {
    Pattern pattern;                          ///< target -> sources
    std::vector<std::int64_t> edge;           ///< by place: the place of the edge it was; -1: a loop that is new. For a loop: the last one the node had
    std::vector<std::int64_t> place_of_loop;  ///< by node
    std::vector<std::int64_t> place_of_edge;  ///< by place of the edge; -1: it was a loop
    std::vector<std::pair<std::int64_t, std::int64_t>> other_loops;   ///< earlier loops of a node: place of the edge, place of the node's loop
    at::Tensor is_loop;                       ///< bool [entries]
};

/// D^-1/2 (A + I) D^-1/2 with weights of the edges, differentiable: one weight for each place of the pattern.
struct NormalizedEdges { Pattern pattern; at::Tensor weights; };

class GraphView {
public:
    GraphView(std::int64_t nodes, Pattern edges, Pattern members);   ///< null: none
    std::int64_t nodes() const { return m_nodes; }
    const Pattern& edges() const { return m_edges; }              ///< target -> sources
    /// hyperedge -> nodes. Throws Error(invalid_value) where the graph has no hyperedges.
    const Pattern& members() const;
    bool has_hyperedges() const { return m_members && m_members->entries() > 0; }

    NodeMatrix x;
    at::Tensor edge_weights;                                      ///< [entries] by place of edges; undefined: all 1
    at::Tensor edge_attributes;                                   ///< [entries, D] by place of edges
    at::Tensor hyperedge_weights;                                 ///< [hyperedges]; undefined: all 1

    const LoopedEdges& looped() const;
    /// With loops of 1, `improved` of 2, or the edges as they are. Kept unless the edges' weights are learnt. Throws Error(invalid_value) where weights into a node add up to less than 0.
    NormalizedEdges normalized(bool loops, bool improved) const;
    /// (1 / sqrt(degree)) of the looped edges without weights.
    const at::Tensor& degree_scale() const;
    /// 1 / members of each hyperedge, 1 / hyperedges of each node (0 where there are none).
    const at::Tensor& member_scale() const;
    const at::Tensor& hyperedge_scale() const;
    /// The hypergraph of ED-HNN: members once each, and a hyperedge of size 1 for every node that has none.
    const Pattern& completed_members() const;
    /// Memberships as if they were edges from column 0 to column 1 (node -> hyperedge id), which is what released lp-gat-hyper-gcn does. Same number of nodes: ids of hyperedges
    /// beyond it throw Error(invalid_value).
    const GraphView& members_as_edges() const;
    /// Edges as if column 1 were a hyperedge id, which is what the released ED-HNN + HypergraphConv does.
    const GraphView& edges_as_members() const;
    /// Memberships of the completed hypergraph, numbered by place: node -> its memberships, hyperedge -> its memberships.
    const Pattern& memberships_of_nodes() const;
    const Pattern& memberships_of_hyperedges() const;

private:
    std::int64_t m_nodes;
    NormalizedEdges normalized_now(bool loops, bool improved) const;
    Pattern m_edges, m_members;
    mutable std::optional<LoopedEdges> m_looped;
    struct KeptEdges { NormalizedEdges edges; at::Tensor of; };   ///< of: the weights it was made of
    mutable std::map<std::pair<bool, bool>, KeptEdges> m_normalized;
    mutable at::Tensor m_degree_scale, m_member_scale, m_hyperedge_scale;
    mutable Pattern m_completed, m_of_nodes, m_of_hyperedges;
    mutable std::shared_ptr<GraphView> m_members_as_edges, m_edges_as_members;
};

/// With the features, weights and hyperedges of the graph. Features without any column: one column of ones is not invented; x stays empty.
std::shared_ptr<GraphView> view_of(const HybridGraph& graph);

}
