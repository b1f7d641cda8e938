#include "plugins/hypergraph/engine/cases_structure.h"
#include "plugins/hypergraph/engine/force_atlas2.h"
#include "plugins/hypergraph/engine/fruchterman_reingold.h"
#include "plugins/hypergraph/engine/hierarchy.h"
#include "plugins/hypergraph/engine/nearest.h"
#include "plugins/hypergraph/engine/tensor_views.h"
#include <algorithm>
#include <cmath>
#include <sstream>

namespace lathe::hypergraph {
namespace {

constexpr double kGephiJitter = 1;
constexpr int kReferenceSteps = 50;

/// The node with the largest id decides where the file does not say how many there are.
std::int64_t node_count_of(const VerifyInputs& inputs, const at::Tensor& index) {
    if (inputs.config.contains("num_nodes")) return int_member(inputs.config, "num_nodes", "config");
    return index.numel() ? index.max().item<std::int64_t>() + 1 : 0;
}

Csr simple_of(const at::Tensor& index, std::int64_t nodes) {
    HybridGraph graph;
    graph.nodes = nodes;
    const IndexColumns edges = index_columns(index, nodes);
    set_edges(graph, edges.first, edges.second);
    return simple_neighbours(graph);
}

/// Sorted lists in lexicographic order, so that any order of cliques compares.
Csr in_order(const Csr& rows) {
    std::vector<std::vector<std::int32_t>> lists;
    for (std::int64_t r = 0; r < rows.rows(); ++r) lists.emplace_back(rows[r].begin(), rows[r].end());
    std::ranges::sort(lists);
    Csr sorted;
    for (const auto& list : lists) {
        sorted.items.insert(sorted.items.end(), list.begin(), list.end());
        sorted.offsets.push_back(sorted.size());
    }
    return sorted;
}

TensorMap run_cliques(const VerifyInputs& inputs, RunContext&) {
    const at::Tensor& index = inputs.needed("in.edge_index");
    const Csr neighbours = simple_of(index, node_count_of(inputs, index)), cliques = maximal_cliques(neighbours, 3, {});
    std::vector<std::int64_t> sizes;
    for (std::int64_t e = 0; e < cliques.rows(); ++e) {
        const auto size = static_cast<std::size_t>(cliques.length(e));
        if (sizes.size() <= size) sizes.resize(size + 1, 0);
        ++sizes[size];
    }
    return {{"out.hyperedge_index", membership_index(in_order(cliques))}, {"out.num_all_maximal_cliques", at::scalar_tensor(maximal_cliques(neighbours, 1, {}).rows(), at::kLong)},
        {"out.size_histogram", tensor_of(sizes)}};
}

TensorMap run_nearest(const VerifyInputs& inputs, RunContext&) {
    const Features embedding = features_of(inputs.needed("in.emb"));
    // k, where it is not given, is the mean out-degree.
    const std::int64_t k = inputs.config.value("k_given", true) ? inputs.config.at("k").get<std::int64_t>() : inputs.needed("in.edge_index").size(1) / std::max<std::int64_t>(1, embedding.rows);
    double threshold = 0;
    const Csr members = nearest_hyperedges(embedding, k, inputs.config.value("percentile", 80.0), {}, &threshold);
    return {{"out.hyperedge_index", membership_index(members)}, {"out.threshold", at::scalar_tensor(threshold, at::kFloat)}, {"mid.distances", at::tensor(nearest_neighbours(embedding, k, {}).distance)}};
}

TensorMap run_table(const VerifyInputs& inputs, RunContext&) {
    std::vector<std::vector<std::string>> rows;
    const std::string table = string_member(inputs.config, "table", "config");
    std::string line, cell;
    for (std::istringstream lines(table); std::getline(lines, line);) {
        rows.emplace_back();
        for (std::istringstream cells(line); std::getline(cells, cell, ',');) rows.back().push_back(cell);
    }
    if (table.ends_with('\n')) rows.emplace_back();
    const Csr members = table_hyperedges(rows, inputs.config.at("graph_nodes").get<std::vector<std::string>>(), true);
    return {{"out.hyperedge_index", membership_index(members)}, {"out.num_rows", at::scalar_tensor(members.rows(), at::kLong)}};
}

TensorMap run_greedy(const VerifyInputs& inputs, RunContext&) {
    const at::Tensor& index = inputs.needed("in.edge_index");
    const std::int64_t nodes = node_count_of(inputs, index);
    const IndexColumns edges = index_columns(index, nodes);
    const Csr neighbours = neighbours_in_order(edges.first, edges.second, nodes);
    const Clustering found = greedy_clusters(neighbours, int_member(inputs.config, "max_cluster_size", "config"));
    at::Tensor incidence = at::zeros({found.clusters, found.clusters}, at::kLong);
    for (const ClusterTie& tie : cluster_ties(neighbours, found.cluster)) {
        incidence[tie.a][tie.b] = tie.edges;
        incidence[tie.b][tie.a] = tie.edges;
    }
    return {{"out.cluster_id", tensor_of(found.cluster).to(at::kLong)}, {"out.visit_order", tensor_of(found.visit_order).to(at::kLong)}, {"out.incidence", incidence}};
}

/// Edges as they stand in the file; positions [points, 2].
LayoutGraph layout_of(const VerifyInputs& inputs, Positions& start) {
    const at::Tensor places = inputs.needed("in.pos.f64").to(at::kDouble).contiguous();
    LayoutGraph graph;
    graph.points = graph.nodes = places.size(0);
    const IndexColumns edges = index_columns(inputs.needed("in.edges"), graph.points);
    const auto weights = inputs.tensors.find("in.weights.f64");
    for (std::size_t k = 0; k < edges.first.size(); ++k)
        if (edges.first[k] != edges.second[k]) graph.edges.push_back({edges.first[k], edges.second[k], weights == inputs.tensors.end() ? 1.0 : weights->second[static_cast<std::int64_t>(k)].item<double>()});
    for (std::int64_t i = 0; i < graph.points; ++i) start.x.push_back(places[i][0].item<double>()), start.y.push_back(places[i][1].item<double>());
    return graph;
}

at::Tensor as_tensor(const Positions& positions) { return at::stack({tensor_of(positions.x), tensor_of(positions.y)}, 1); }

TensorMap run_force_atlas2(const VerifyInputs& inputs, RunContext&) {
    Positions start;
    const LayoutGraph graph = layout_of(inputs, start);
    const Json& given = member(inputs.config, "params", "config");
    ForceAtlas2Options options;
    options.scaling = given.value("scaling", options.scaling);
    options.gravity = given.value("gravity", options.gravity);
    options.strong_gravity = given.value("strong", false);
    options.lin_log = given.value("linlog", false);
    options.dissuade_hubs = given.value("outbound", false);
    options.tolerance = given.value("jitter", kGephiJitter);
    options.weight_exponent = given.value("weight_exponent", 1.0);
    options.barnes_hut_from = graph.points + 1;   // the reference sums all pairs
    ForceAtlas2 layout(graph, options, start);
    TensorMap out;
    std::vector<at::Tensor> trace;
    for (int step = 0; step < kReferenceSteps; ++step) {
        layout.step();
        trace.push_back(tensor_of(std::vector<double>{layout.speed(), layout.speed_efficiency(), layout.swinging(), layout.traction()}));
        if (step == 0) out["out.force0.f64"] = as_tensor(layout.forces());
        if (step == 0) out["out.pos1.f64"] = as_tensor(layout.current());
    }
    out["out.pos50.f64"] = as_tensor(layout.current());
    out["out.trace.f64"] = at::stack(trace);
    return out;
}

TensorMap run_fruchterman_reingold(const VerifyInputs& inputs, RunContext&) {
    Positions start;
    const LayoutGraph graph = layout_of(inputs, start);
    TensorMap out;
    for (const int iterations : {1, 10, 50}) {   // three runs: how fast it cools depends on how many steps are to come
        FruchtermanReingold layout(graph, inputs.config.value("k", 0.0), iterations, start, graph.points + 1);
        while (!layout.is_done()) layout.step();
        out["out.pos" + std::to_string(iterations) + ".f64"] = as_tensor(layout.positions());
    }
    return out;
}

}

VerifyCase cliques_case() { return {"hypergraph/cliques", {{"*", "exact", 0}}, run_cliques, {}, {}, {}}; }
VerifyCase nearest_case() { return {"hypergraph/knn_hyperedges", {{"*hyperedge_index", "exact", 0}, {"*", "max_rel", 1e-5}}, run_nearest, {}, {}, {}}; }
VerifyCase table_case() { return {"hypergraph/table_hyperedges", {{"*", "exact", 0}}, run_table, {}, {}, {}}; }
VerifyCase greedy_case() { return {"hypergraph/hierarchy_greedy", {{"*", "exact", 0}}, run_greedy, {}, {}, {}}; }
VerifyCase force_atlas2_case() { return {"hypergraph/layout.forceatlas2", {{"*", "max_rel", 1e-6}}, run_force_atlas2, {}, {}, {}}; }
VerifyCase fruchterman_reingold_case() { return {"hypergraph/layout.fruchterman_reingold", {{"*", "max_rel", 1e-5}}, run_fruchterman_reingold, {}, {}, {}}; }

}
