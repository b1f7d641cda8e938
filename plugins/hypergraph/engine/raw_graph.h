#pragma once
// What readers gather while a file goes by, and how it becomes a hybrid graph. No LibTorch. One thread at a time.
#include "plugins/hypergraph/engine/graph_reader.h"
#include "plugins/hypergraph/engine/id_table.h"
#include "plugins/hypergraph/engine/text_lines.h"
#include <algorithm>
#include <map>

namespace lathe::hypergraph {

/// Values of nodes or hyperedges by their place in the id table; nothing where none was given.
class Columns {
public:
    /// Counts and leaves out what goes beyond 200 columns.
    void set(std::string_view name, std::int32_t place, std::string_view value);
    void set_missing(std::string_view name, std::int64_t size, std::string_view value);   ///< of the first `size` places, those that have none
    std::int64_t left_out() const { return m_left_out; }
    bool has(std::string_view name) const { return m_columns.contains(name); }
    const std::vector<std::string>& names() const { return m_names; }     ///< in order of appearance
    const std::vector<std::string>* texts(std::string_view name) const;   ///< by place, may be shorter than the table; null: no such column
    /// Each column in final order: numbers where all that is given is a number, else texts.
    std::vector<Attribute> attributes(std::int64_t size, const IdTable::Order& order, std::span<const std::string> without = {}) const;

private:
    std::map<std::string, std::vector<std::string>, std::less<>> m_columns;
    std::vector<std::string> m_names;   ///< in order of appearance
    std::int64_t m_left_out = 0;
};

/// Nodes that a file has a list of, in any order, and where another one is named first.
class DeclaredNodes {
public:
    bool declare(std::int32_t node);                     ///< false: it was declared before
    template <typename Place> void name(std::int32_t node, Place place) {
        grow(node);
        if (!m_declared[static_cast<std::size_t>(node)] && m_first.empty()) m_first = place();
    }
    void tell(struct Reading& reading) const;            ///< into the report, where there are any

private:
    void grow(std::int32_t node) { m_declared.resize(std::max(m_declared.size(), static_cast<std::size_t>(node) + 1)); }
    std::vector<char> m_declared;
    std::string m_first;
};

/// Everything is by place in the id tables (order of appearance).
struct RawGraph {
    IdTable nodes, hyperedges;
    std::vector<std::int32_t> source, target;             ///< edges as the file lists them
    std::vector<float> edge_weights;                      ///< empty or one for each edge
    std::vector<std::int32_t> member, member_of;          ///< memberships: node, hyperedge
    std::vector<std::int8_t> direction;                   ///< empty or one for each membership: -1 tail, +1 head, 0 none
    std::vector<float> hyperedge_weights;                 ///< by hyperedge, may be shorter; empty: all 1
    Columns node_columns, hyperedge_columns;
    std::string class_column, target_column;              ///< of node_columns: what becomes labels or regression targets; empty: none
    std::vector<std::string> class_order;                 ///< names of classes in their order; empty: by number or alphabet
    std::vector<std::int32_t> feature_node, feature_column;   ///< sparse features: entries
    std::vector<float> feature_values;                    ///< empty: all 1
    std::int64_t feature_columns = 0;                     ///< at least this many
    std::vector<std::pair<std::string, std::vector<std::pair<std::int32_t, Part>>>> splits;
    Part rest_of_split = Part::none;                      ///< of nodes that a split does not name

    std::int64_t bytes() const;                           ///< memory that the finished graph will need, about
    void add_member(std::int32_t node, std::int32_t hyperedge) { member.push_back(node); member_of.push_back(hyperedge); }
    void add_edge(std::int32_t a, std::int32_t b) { source.push_back(a); target.push_back(b); }
};

/// Bytes that the finished graph needs for each edge, membership, feature and node, with what its making needs.
inline constexpr std::int64_t kEdgeBytes = 120, kMembershipBytes = 48, kFeatureBytes = 24, kDenseBytes = 8, kNodeBytes = 120;
/// Throws Error(out_of_memory) where a graph of `need` bytes does not fit into `most` (0: what is free).
void check_memory(double need, const std::string& where, std::int64_t most);

/// What "auto" means for a format.
struct FormatRules {
    bool edges_are_columns = false;    ///< the list has both directions of an undirected edge, as edge_index does: never add the other one
    bool remove_duplicates = false, remove_loops = false, directed = false;
};

/// One file or folder being read.
struct Reading {
    explicit Reading(const ReadOptions& asked) : options(asked) {}
    const ReadOptions& options;
    ImportReport report;
    RawGraph raw;
    FormatRules rules;
    std::string where;                 ///< the file or folder, for messages
    std::string name;                  ///< of the graph, where the file says it
    bool is_complex = false;           ///< an abstract simplicial complex
    // What some formats give by final node instead of by place in the id table.
    Features features;
    std::vector<std::int32_t> labels;
    std::vector<std::string> classes;
    std::vector<float> targets;

    /// To be called after every few thousand entries: tells the progress, and refuses a file whose graph will not fit into memory, saying what it needs.
    void look(const ByteStream& stream);
    /// Ids 0 … count-1, as a header announces them. Throws where the file is far too small for so many, or the memory is.
    void declare(IdTable& table, std::int64_t count, const ByteStream& stream) const;
    void found(std::string what, std::int64_t number, std::string became);
    /// Notes a node that the file's own list of nodes does not have (`listed` of them, 0: no list), and where it is named first.
    struct Dangling { std::int64_t listed = 0; std::string first; };
    template <typename Place> void look_for_dangling(Dangling& dangling, std::int32_t node, Place place) const {
        if (dangling.listed > 0 && node >= dangling.listed && dangling.first.empty()) dangling.first = place();
    }
    void tell_dangling(const Dangling& dangling, const char* what);
    void warn(std::string sentence) { report.warnings.push_back(std::move(sentence)); }
};

/// Ids by their place in a table become final ids.
void reorder(std::vector<std::int32_t>& ids, const IdTable::Order& order);

/// Edges and hyperedges, whose nodes have final ids already.
void finish_structure(HybridGraph& graph, Reading& reading);

/// Applies options and rules. Throws Error(wrong_format) for what does not fit together.
HybridGraph finish(Reading& reading);

/// A dense matrix [rows, columns] as features: sparse where less than a tenth of it is not 0. Throws Error(wrong_format) for NaN and infinities, naming `where` and the row.
Features features_from(std::vector<float> values, std::int64_t rows, std::int64_t columns, const std::string& where);

/// Counts what is no number among the targets, and takes the logarithm where that is asked for.
void finish_targets(HybridGraph& graph, Reading& reading);

std::string counted(std::int64_t number);                 ///< "12 345"

}
