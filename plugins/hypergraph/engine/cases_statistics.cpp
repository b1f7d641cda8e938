#include "core/engine/run_context.h"
#include "plugins/hypergraph/engine/cases_structure.h"
#include "plugins/hypergraph/engine/graph_measures.h"
#include "plugins/hypergraph/engine/hyper_clustering.h"
#include "plugins/hypergraph/engine/overlaps.h"
#include "plugins/hypergraph/engine/shortest_paths.h"
#include "plugins/hypergraph/engine/tensor_views.h"

namespace lathe::hypergraph {
namespace {

at::Tensor as_float(const Measure& measure) { return tensor_of(measure.values).to(at::kFloat); }
at::Tensor as_whole(const std::vector<std::int32_t>& values) { return tensor_of(values).to(at::kLong); }
at::Tensor single(double value) { return at::scalar_tensor(value, at::kFloat); }

std::vector<std::int64_t> lengths(const Csr& rows) {
    std::vector<std::int64_t> result;
    for (std::int64_t r = 0; r < rows.rows(); ++r) result.push_back(rows.length(r));
    return result;
}

void line_graph_outputs(TensorMap& out, const HyperSets& sets, const Effort& effort) {
    std::vector<bool> filled;
    for (std::int64_t e = 0; e < sets.members.rows(); ++e) filled.push_back(sets.members.length(e) > 0);
    for (const std::int64_t s : {1, 2, 3}) {
        const std::string key = "out.hnx.s" + std::to_string(s) + ".";
        out[key + "edge_component"] = as_whole(*s_components(sets, s, effort));
        out[key + "node_component"] = as_whole(*s_components(dual(sets), s, effort));
        const PathCentralities paths = path_centralities(*line_graph(sets, s, effort), filled, effort);
        out[key + "edge_betweenness"] = as_float(paths.betweenness);
        out[key + "edge_closeness"] = as_float(paths.closeness);
    }
}

TensorMap run_statistics(const VerifyInputs& inputs, RunContext& run) {
    HybridGraph graph;
    graph.nodes = int_member(inputs.config, "num_nodes", "config");
    const std::int64_t hyperedges = int_member(inputs.config, "num_hyperedges", "config");
    const IndexColumns edges = index_columns(inputs.needed("in.edge_index"), graph.nodes), memberships = index_columns(inputs.needed("in.hyperedge_index"), graph.nodes);
    set_edges(graph, edges.first, edges.second);
    for (const std::int32_t e : memberships.second)
        if (e >= hyperedges) throw Error(ErrorCode::invalid_value, "A membership names a hyperedge that does not exist.", std::to_string(e) + " of " + std::to_string(hyperedges), "Check the file.");
    set_hyperedges(graph, rows_of(memberships.second, memberships.first, hyperedges));
    const Effort effort{1e18, 0, [&](double, double) { run.check_cancelled(); }};
    const HyperSets sets = hyper_sets(graph.members, graph.nodes);
    const Csr neighbours = simple_neighbours(graph);
    TensorMap out;
    out["out.degree"] = tensor_of(lengths(neighbours));
    out["out.degree_histogram"] = tensor_of(length_histogram(neighbours));
    out["out.hyperdegree"] = tensor_of(lengths(sets.hyperedges));
    out["out.hyperdegree_histogram"] = tensor_of(length_histogram(sets.hyperedges));
    out["out.hyperedge_size_histogram"] = tensor_of(length_histogram(sets.members));
    out["out.graph_component"] = as_whole(components(neighbours));
    out["out.hypergraph_component"] = as_whole(hyper_components(sets));
    const std::vector<std::int64_t> corners = triangles(neighbours);
    const Measure clustering = summarised(local_clustering(neighbours, corners), false);
    out["out.triangles"] = tensor_of(corners);
    out["out.clustering"] = as_float(clustering);
    const double n = static_cast<double>(graph.nodes), columns = static_cast<double>(graph.out.size());
    out["out.hgb.average_degree"] = single(2 * columns / n);
    out["out.hgb.density"] = single(2 * columns / (n * (n - 1)));
    out["out.hgb.average_hyperedge_size"] = single(static_cast<double>(graph.members.size()) / static_cast<double>(hyperedges));
    out["out.hgb.clustering"] = single(clustering.mean);
    out["out.hgb.j_hos"] = as_float(jaccard_with_edges(graph, sets, neighbours, effort));
    out["out.hgb.intersection_distribution"] = tensor_of(hgb_overlap_distribution(count_overlaps(sets, effort), hyperedges));
    at::Tensor overlap = at::zeros({hyperedges, hyperedges}), motif = at::zeros({graph.nodes, graph.nodes});
    for (std::int64_t e = 0; e < hyperedges; ++e)
        for (std::int64_t f = 0; f < hyperedges; ++f) overlap[e][f] = shared_hyperedges(dual(sets), static_cast<std::int32_t>(e), static_cast<std::int32_t>(f));
    for (std::int64_t u = 0; u < graph.nodes; ++u)
        for (std::int64_t v = 0; v < graph.nodes; ++v)
            if (u != v) motif[u][v] = shared_hyperedges(sets, static_cast<std::int32_t>(u), static_cast<std::int32_t>(v));
    out["out.overlap"] = overlap;
    out["out.xgi.clique_motif_matrix"] = motif;
    const HyperClustering xgi = hyper_clustering(sets, effort);
    out["out.xgi.clustering"] = as_float(xgi.clustering);
    out["out.xgi.local_clustering"] = as_float(xgi.extra_overlap);
    out["out.xgi.two_node_clustering_union"] = as_float(xgi.two_node_union);
    out["out.xgi.two_node_clustering_min"] = as_float(xgi.two_node_min);
    out["out.xgi.two_node_clustering_max"] = as_float(xgi.two_node_max);
    line_graph_outputs(out, sets, effort);
    return out;
}

}

VerifyCase statistics_case() {
    return {"hypergraph/statistics",
        {{"out.hgb.intersection_distribution", "exact", 0}, {"out.hgb.*", "max_rel", 1e-6}, {"out.xgi.clique_motif_matrix", "exact", 0}, {"out.xgi.*", "max_rel", 1e-6}, {"out.clustering", "max_rel", 1e-6},
            {"out.*betweenness", "max_rel", 1e-6}, {"out.*closeness", "max_rel", 1e-6}, {"*", "exact", 0}},
        run_statistics, {}, {}, {}};
}

}
