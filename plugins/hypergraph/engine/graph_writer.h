#pragma once
// Graphs into files, each written whole or not at all. No LibTorch; writer_tensors.cpp needs it. Any thread.
#include "plugins/hypergraph/engine/construction.h"
#include "plugins/hypergraph/engine/hybrid_graph.h"
#include <filesystem>

namespace lathe::hypergraph {

struct WriteFormat { std::string id, label, help; };
const std::vector<WriteFormat>& write_formats();

/// Writes `format` of write_formats() to `path`; for "csv" a folder, made where it is missing. What the format cannot hold is left out, as the list that comes back says,
/// in whole sentences. Throws Error(io, busy, invalid_value) and what `tick` throws: then nothing is left behind.
std::vector<std::string> write_graph(const HybridGraph& graph, const std::string& format, const std::filesystem::path& path, const Tick& tick);

/// id,x,y of each node. positions [nodes, 2]. Throws Error(io).
void write_positions(const HybridGraph& graph, std::span<const float> positions, const std::filesystem::path& path);

/// Positions that a file came with: its attributes "x" and "y" of nodes, [nodes, 2]; empty: none.
std::vector<float> positions_of(const HybridGraph& graph);

/// The file's own id of a node or hyperedge; its number where it has none.
std::string label_of(const Names& names, std::int64_t id);

}
