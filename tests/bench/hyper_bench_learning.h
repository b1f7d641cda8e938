#pragma once
// Bars of learning on hypergraphs: the convolution against the memory and against Python, an epoch of GCN, and Cora by HyperGCN's original training.
#include "plugins/hypergraph/engine/hybrid_graph.h"
#include <filesystem>
#include <string>

namespace lathe::bench {

/// `facebook`: MUSAE Facebook with its raw features; its hyperedges are made here. `data`: the folder of the published hypergraphs. `script`: tests/bench/ref/hypergraph.py.
void measure_hypergraph_learning(const std::string& script, int threads, hypergraph::HybridGraph facebook, const std::filesystem::path& data);

}
