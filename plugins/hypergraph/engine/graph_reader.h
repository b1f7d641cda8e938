#pragma once
// Reading graphs and hypergraphs from files and folders of all the formats that are in use (see graph_formats()). No LibTorch here; reader_tensors.cpp needs it. Any thread.
#include "plugins/hypergraph/engine/construction.h"
#include "plugins/hypergraph/engine/import_report.h"
#include <filesystem>

namespace lathe::hypergraph {

struct ReadOptions {
    std::string format = "auto";                ///< of graph_formats()
    std::string direction = "auto";             ///< auto, undirected, directed
    std::string duplicates = "auto";            ///< of edges and of whole hyperedges: auto, keep, remove
    std::string loops = "auto";                 ///< auto, keep, remove
    std::string matrix = "ask";                 ///< a square MatrixMarket file: ask, adjacency, incidence
    std::string features = "file";              ///< file, raw, none, other
    std::filesystem::path feature_file;         ///< for "other": .npy, .npz, .safetensors or MatrixMarket
    bool log_target = false;                    ///< regression targets become their natural logarithm
    bool all_faces = false;                     ///< abstract simplicial complexes: every face of two nodes and more becomes a hyperedge
    std::int64_t most_bytes = 0;                ///< memory that may be used; 0: what is free
    Tick tick;                                  ///< called often with the share that was read; may throw to stop
};

struct ReadGraph {
    HybridGraph graph;
    ImportReport report;
};

/// Throws Error(not_found, io, wrong_format, unsupported, out_of_memory), naming file and line where there is one.
ReadGraph read_graph(const std::filesystem::path& path, const ReadOptions& options);

struct GraphFormat { std::string id, label, help; };
const std::vector<GraphFormat>& graph_formats();   ///< the first is "auto"

/// The format of a file (by content) or folder (by the names in it). Throws Error(unsupported, wrong_format) that says what was looked for.
std::string detect_format(const std::filesystem::path& path);

/// Rows of comma- or tab-separated names, each line a row, also an empty one: the table of HyperAug's several perspectives. Throws Error with file and line.
std::vector<std::vector<std::string>> read_table(const std::filesystem::path& path, const Tick& tick);

/// A matrix of `rows` rows from .npy, .npz or .safetensors (the array "emb", "embedding", "features", "x", or the only one) or MatrixMarket.
Features read_features(const std::filesystem::path& path, std::int64_t rows, const Tick& tick);

}
