#pragma once
// A hybrid graph: simple edges, hyperedges and a hierarchy on one set of nodes (Hybrid Graph Benchmark, arXiv 2306.05108, section 3). Everything is stored once, as rows in
// both directions, with 32-bit ids from 0. No LibTorch. Immutable once it is built (share it by shared_ptr<const HybridGraph>); any thread.
#include "plugins/hypergraph/engine/csr.h"
#include <string>

namespace lathe::hypergraph {

/// A matrix [rows, columns] of node or hyperedge features, sparse or dense.
struct Features {
    std::int64_t rows = 0, columns = 0;
    Csr pattern;                  ///< sparse: the columns of each row that are not 0, ascending, each once
    std::vector<float> values;    ///< sparse: by place in the pattern; empty: all 1
    std::vector<float> dense;     ///< dense: [rows, columns], row after row; not empty means dense
    bool is_dense() const { return !dense.empty(); }
    bool empty() const { return columns == 0; }
};

/// Sparse rows written into zeros [rows, columns]; `values` by place, null: all 1. What stands twice is added.
void add_rows(const Csr& pattern, const float* values, std::int64_t columns, float* out);
/// All values, row after row.
std::vector<float> dense_values(const Features& features);
/// The features of some rows, in the order asked for.
Features picked_rows(const Features& all, std::span<const std::int32_t> rows);
/// Throws Error(invalid_value) naming the first row with a value that is not finite, "so " + `consequence`.
void require_finite(const Features& features, const std::string& consequence);

/// A named attribute of all nodes or of all hyperedges: texts or numbers (NaN: none), the other one is empty.
struct Attribute {
    std::string name;
    std::vector<std::string> texts;
    std::vector<double> numbers;
};

/// What the file says of nodes or hyperedges.
struct Names {
    std::vector<std::string> label;    ///< the file's own ids as text, for display; empty: the numbers
    bool are_texts = false;            ///< ids are texts also where they look like numbers (HIF tells "1" from 1)
    std::vector<Attribute> attributes;
};

enum class Part : std::uint8_t { none, train, validation, test };
/// A split of the nodes for learning that came with the file.
struct Split { std::string name; std::vector<Part> part; };

/// Groups of nodes: row c holds the nodes of cluster c, each node in one cluster.
struct Hierarchy { Csr clusters; };

struct HybridGraph {
    std::string name;
    std::int64_t nodes = 0;

    // Simple edges. Undirected ones stand in both directions, as in PyG's edge_index; `columns` of edge_index = out.size(). Duplicates and loops are kept unless the
    // reader was told otherwise.
    bool directed = false;
    Csr out;                                ///< source -> targets, in the file's order within a source
    Csr in;                                 ///< target -> sources, ascending
    std::vector<std::int64_t> in_place;     ///< for each place of `in`, the place of the same edge in `out`
    std::vector<float> edge_weights;        ///< by place in `out`; empty: all 1

    // Hyperedges.
    Csr members;                            ///< hyperedge -> nodes, in the file's order; may have empty rows
    Csr hyperedges;                         ///< node -> hyperedges, ascending
    std::vector<std::int64_t> member_place; ///< for each place of `hyperedges`, the place of the same membership in `members`
    std::vector<float> hyperedge_weights;   ///< by hyperedge; empty: all 1
    std::vector<std::int8_t> direction;     ///< by place in `members`: -1 tail, +1 head, 0 none; empty: undirected

    Hierarchy hierarchy;                    ///< no clusters: none
    Features features, hyperedge_features;
    std::vector<std::int32_t> labels;       ///< class of each node, -1: none; empty: no classes
    std::vector<std::string> classes;       ///< their names
    std::vector<float> targets;             ///< regression target of each node (NaN: none); empty: no regression
    Names node_names, hyperedge_names;
    std::vector<Split> splits;

    std::int64_t hyperedge_count() const { return members.rows(); }
    bool is_regression() const { return !targets.empty(); }
};

/// Fills out, in and in_place from columns of edge_index (weights: empty or one for each column). Throws Error(invalid_value) for an id outside [0, nodes).
void set_edges(HybridGraph& graph, std::span<const std::int32_t> source, std::span<const std::int32_t> target, std::span<const float> weights = {});

/// Fills members, hyperedges and member_place, dropping what hung on earlier hyperedges (weights, directions, features, names). Throws Error(invalid_value) for a node
/// outside [0, nodes).
void set_hyperedges(HybridGraph& graph, Csr members);

/// Each undirected simple edge once as a neighbour of both ends, ascending, without loops and duplicates: what cliques, statistics and layouts look at.
Csr simple_neighbours(const HybridGraph& graph);

}
