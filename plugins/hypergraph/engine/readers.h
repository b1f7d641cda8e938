#pragma once
// The readers, one for each family of formats. They fill `reading.raw`; errors name file and line. No LibTorch but in reader_tensors.cpp.
#include "plugins/hypergraph/engine/raw_graph.h"

namespace lathe::hypergraph {

/// Pairs with an optional third column of weights, with or without a header. A header of "node,hyperedge" (or the other way round) makes memberships.
void read_pairs(ByteStream& stream, Reading& reading, bool memberships);
bool is_pair_header(const std::vector<std::string_view>& fields);   ///< whether the first two are words that such a header has
/// Cytoscape's Simple Interaction Format: a node, the kind of its edges, targets; or a node alone. Separated by tabs where there are any, else by blanks.
void read_sif(ByteStream& stream, Reading& reading);
/// One hyperedge on each line: its nodes, separated by commas or blanks (Benson's text sets).
void read_hyperedge_lines(ByteStream& stream, Reading& reading);
/// Columns of nodes: id (or new_id, or the first), a label or target, other attributes.
void read_node_table(ByteStream& stream, Reading& reading);
/// Columns of hyperedges, found by name or number; those without a member are made.
void read_hyperedge_table(ByteStream& stream, Reading& reading);
/// {"node": [indices], …}; values of 1.
void read_feature_lists(ByteStream& stream, Reading& reading);

/// MUSAE (Rozemberczki 2019) and plain folders of csv files: *edges.csv, *target.csv or *nodes.csv, *features.json or *features.mtx, *hyperedges.csv,
/// *hyperedge_names.csv, splits_train.json.
void read_csv_folder(const std::filesystem::path& folder, Reading& reading);
/// Converted HyperGCN sets: hyperedges.tsv, features.mtx, labels.txt, splits_train.json.
void read_hypergcn_folder(const std::filesystem::path& folder, Reading& reading);
/// Folders of the Open Graph Benchmark: raw/edge.csv, num-node-list.csv, node-feat.csv, node-label.csv, split/.
void read_ogb_folder(const std::filesystem::path& folder, Reading& reading);
/// hyperedges-NAME.txt with node-labels-NAME.txt, or the triple NAME-nverts.txt, -simplices.txt, -times.txt.
void read_benson_folder(const std::filesystem::path& folder, Reading& reading);

void read_hif(ByteStream& stream, Reading& reading);             ///< Hypergraph Interchange Format, as strict as its schema
void read_xgi(ByteStream& stream, Reading& reading);
void read_graphml(ByteStream& stream, Reading& reading);
void read_gexf(ByteStream& stream, Reading& reading);            ///< Gephi's; a graph that changes is read as a whole
void read_matrix_market(ByteStream& stream, Reading& reading);
void read_hmetis(ByteStream& stream, Reading& reading);

/// npz (gnn-benchmark's CSR, the Hybrid Graph Benchmark's pair), safetensors, dicts of tensors from PyTorch. `files`: those of one data set.
void read_tensors(const std::vector<std::filesystem::path>& files, Reading& reading);
/// The files of a folder in the Hybrid Graph Benchmark's download layout: raw/NAME.npz and raw/NAME_preprocessed.npz, or one of them.
std::vector<std::filesystem::path> hgb_files(const std::filesystem::path& folder);

/// A matrix of MatrixMarket's coordinate form. `entry` receives row and column from 0 and the value (1 for a pattern); `sizes` is told first.
struct MatrixSizes { std::int64_t rows = 0, columns = 0, entries = 0; bool symmetric = false, pattern = false; };
void read_coordinates(ByteStream& stream, const std::function<void(const MatrixSizes&)>& sizes, const std::function<void(std::int64_t row, std::int64_t column, double value)>& entry, const Tick& tick);
/// As features of the nodes.
void read_feature_matrix(ByteStream& stream, Reading& reading);

/// FILE or FILE.gz in a folder, whichever is there; empty: neither.
std::filesystem::path with_or_without_gz(const std::filesystem::path& file);

}
