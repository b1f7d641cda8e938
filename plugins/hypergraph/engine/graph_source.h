#pragma once
// How every method of the plugin gets its graph: from the data asset and the parameters of the groups "Graph" and "Hyperedges", kept in memory between runs (by content and
// parameters, the last few). Called on the engine's work thread.
#include "core/engine/run_context.h"
#include "core/method/method_info.h"
#include "plugins/hypergraph/engine/hybrid_graph.h"
#include "plugins/hypergraph/engine/import_report.h"
#include <limits>
#include <memory>

namespace lathe::hypergraph {

/// Of groups "Graph" (how the file is read) and "Hyperedges" (which ones there are: those of the file, or virtual ones built by HyperAug's strategies). Their ids start with
/// "graph." and "hyperedges.".
std::vector<Parameter> graph_parameters();
InputSlot graph_input();   ///< role "data"

struct OpenGraph {
    std::shared_ptr<const HybridGraph> graph;
    std::shared_ptr<const ImportReport> report;
    double threshold = std::numeric_limits<double>::quiet_NaN();   ///< of nearest neighbours: the distance from which on a pair is cut; NaN: another source
    double seconds = 0;                                            ///< that the hyperedges took to build, when they were built
};

/// Throws Error naming file and line where the file is bad; Cancelled.
OpenGraph open_graph(RunContext& run);

}
