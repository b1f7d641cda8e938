// hypergraph.statistics: what the graph looks like in numbers, each of them exact or sampled and labelled so.
#include "core/base/time.h"
#include "plugins/hypergraph/engine/degeneracy.h"
#include "plugins/hypergraph/engine/graph_measures.h"
#include "plugins/hypergraph/engine/graph_source.h"
#include "plugins/hypergraph/engine/hierarchy.h"
#include "plugins/hypergraph/engine/hyper_centrality.h"
#include "plugins/hypergraph/engine/hyper_clustering.h"
#include "plugins/hypergraph/engine/methods_structure.h"
#include "plugins/hypergraph/engine/overlaps.h"
#include "plugins/hypergraph/engine/shortest_paths.h"
#include "plugins/hypergraph/engine/tensor_views.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace lathe::hypergraph {
namespace {

Json cell(double value) { return std::isfinite(value) ? Json(value) : Json(); }

std::vector<Parameter> statistics_parameters() {
    std::vector<Parameter> out = graph_parameters();
    const std::string group = "Statistics";
    out.push_back(Parameter::number("statistics.steps", 1e8).range(1e3, 1e12).is_log().with_label("Exact up to").with_unit("steps").with_group(group)
        .with_help("A measure that needs more is sampled, and labelled with its error; about a second for 10⁸ steps. What cannot be sampled is left out, with what it needs."));
    out.push_back(Parameter::list("statistics.s", Json::array({1, 2, 3})).range(1, 1000).with_label("Shared nodes (s)").with_group(group).with_help("Hyperedges are neighbours when they share at least s nodes (HyperNetX)."));
    out.push_back(Parameter::boolean("statistics.centralities", true).with_label("Centralities").with_group(group));
    out.push_back(Parameter::choice("statistics.communities", "louvain",
        {{"none", "None", ""}, {"louvain", "Louvain", "Groups of high modularity."}, {"greedy", "Greedy (HGB)", "Clusters of limited size."}, {"spectral", "Spectral (HGB)", "A given number of clusters."}})
        .with_label("Groups of nodes").with_group(group));
    out.push_back(Parameter::number("statistics.resolution", 1).range(0.01, 100).is_log().with_label("Resolution").with_group(group).when("statistics.communities", {"louvain"}).with_help("Larger: more and smaller groups."));
    out.push_back(Parameter::integer("statistics.cluster_size", 50).range(1, 100000).with_label("Largest cluster").with_group(group).when("statistics.communities", {"greedy"}));
    out.push_back(Parameter::integer("statistics.clusters", 8).range(1, 1000).with_label("Clusters").with_group(group).when("statistics.communities", {"spectral"}));
    out.push_back(Parameter::seed("statistics.seed", 0).with_label("Seed").with_group(group));
    return out;
}

class StatisticsRun {
public:
    explicit StatisticsRun(RunContext& run) : m_run(run), m_params(run.params()), m_open(open_graph(run)), m_graph(*m_open.graph) {
        m_effort.most = m_params.value("statistics.steps", 1e8);
        m_effort.seed = static_cast<std::uint64_t>(m_params.value("statistics.seed", std::int64_t{0}));
        m_effort.tick = [this](double done, double total) {
            m_run.check_cancelled();
            m_run.progress(m_part + done / std::max(1.0, total), kParts, m_doing);
        };
    }

    void operator()() {
        const double begin = monotonic_seconds();
        m_sets = hyper_sets(m_graph.members, m_graph.nodes);
        m_neighbours = simple_neighbours(m_graph);
        simple_part();
        overlap_part();
        line_graph_part();
        clustering_part();
        if (m_params.value("statistics.centralities", true)) centrality_part();
        community_part();
        m_run.table("nodes", m_node_columns, rows_of_columns(m_node_values));
        m_run.table("hyperedges", m_hyperedge_columns, rows_of_columns(m_hyperedge_values));
        m_run.table("components", {"s", "components", "largest"}, m_components);
        m_run.table("figures", {"figure", "value", "error", "how"}, m_figures);
        m_run.summary("nodes", m_graph.nodes);
        m_run.summary("hyperedges", m_graph.hyperedge_count());
        m_run.summary("sampled", m_sampled);
        m_run.summary("seconds", monotonic_seconds() - begin);
    }

private:
    static constexpr double kParts = 6;

    void start_part(const char* doing) {
        m_doing = doing;
        m_effort.tick(0, 1);
    }

    // --- tables
    void figure(const std::string& name, double value, bool exact = true, double error = 0) {
        m_figures.push_back({name, cell(value), exact ? Json(0) : cell(error), exact ? "exact" : "sampled"});
        if (!exact) m_sampled.push_back(name);
    }
    void figure(const std::string& name, const Measure& measure) { figure("mean " + name, measure.mean, measure.exact, measure.error); }
    void left_out(const std::string& name, const std::string& why) {
        m_figures.push_back({name, Json(), Json(), "left out: " + why});
        m_run.log("info", name + " is left out: " + why);
    }

    void add_column(std::vector<std::string>& names, std::vector<std::vector<Json>>& columns, const std::string& name, std::vector<Json> values) {
        names.push_back(name);
        columns.push_back(std::move(values));
    }
    template <class Values> void node_column(const std::string& name, const Values& values) { add_column(m_node_columns, m_node_values, name, cells_of(values)); }
    template <class Values> void hyperedge_column(const std::string& name, const Values& values) { add_column(m_hyperedge_columns, m_hyperedge_values, name, cells_of(values)); }
    static std::vector<Json> cells_of(const std::vector<double>& values) {
        std::vector<Json> cells;
        cells.reserve(values.size());
        for (const double value : values) cells.push_back(cell(value));
        return cells;
    }
    template <class Whole> static std::vector<Json> cells_of(const std::vector<Whole>& values) { return {values.begin(), values.end()}; }
    static std::vector<Json> cells_of(const Csr& rows) {
        std::vector<Json> cells;
        for (std::int64_t r = 0; r < rows.rows(); ++r) cells.push_back(rows.length(r));
        return cells;
    }
    static std::vector<std::vector<Json>> rows_of_columns(const std::vector<std::vector<Json>>& columns) {
        std::vector<std::vector<Json>> rows(columns.empty() ? 0 : columns.front().size());
        for (std::size_t r = 0; r < rows.size(); ++r)
            for (const auto& column : columns) rows[r].push_back(column[r]);
        return rows;
    }
    static std::vector<Json> numbers_to(std::int64_t count) {
        std::vector<Json> cells;
        for (std::int64_t k = 0; k < count; ++k) cells.push_back(k);
        return cells;
    }

    /// Rows value, count, share of a histogram; values that do not occur are left out.
    void histogram(const std::string& key, const std::vector<double>& counts) {
        double total = 0;
        for (const double count : counts) total += count;
        std::vector<std::vector<Json>> rows;
        for (std::size_t value = 0; value < counts.size(); ++value)
            if (counts[value] > 0) rows.push_back({value, counts[value] == std::floor(counts[value]) ? Json(static_cast<std::int64_t>(counts[value])) : Json(counts[value]), counts[value] / total});
        m_run.table(key, {"value", "count", "share"}, rows);
    }
    void histogram(const std::string& key, const Csr& rows) {
        const std::vector<std::int64_t> counts = length_histogram(rows);
        histogram(key, std::vector<double>(counts.begin(), counts.end()));
    }

    void component_row(std::int64_t s, const std::vector<std::int32_t>& component) {
        std::map<std::int32_t, std::int64_t> sizes;
        std::int64_t largest = 0;
        for (const std::int32_t c : component)
            if (c >= 0) largest = std::max(largest, ++sizes[c]);
        m_components.push_back({s, sizes.size(), largest});
    }

    // --- parts
    void simple_part() {
        start_part("degrees and triangles");
        add_column(m_node_columns, m_node_values, "node", numbers_to(m_graph.nodes));
        add_column(m_hyperedge_columns, m_hyperedge_values, "hyperedge", numbers_to(m_graph.hyperedge_count()));
        histogram("degree", m_neighbours);
        histogram("hyperdegree", m_sets.hyperedges);
        histogram("sizes", m_sets.members);
        node_column("degree", m_neighbours);
        node_column("hyperdegree", m_sets.hyperedges);
        hyperedge_column("size", m_sets.members);
        const std::vector<std::int64_t> corners = triangles(m_neighbours, m_effort.tick);
        const Measure clustering = summarised(local_clustering(m_neighbours, corners), false);
        const DegeneracyOrder order = degeneracy_order(m_neighbours);
        node_column("triangles", corners);
        node_column("clustering", clustering.values);
        node_column("core", order.core);
        const double n = static_cast<double>(m_graph.nodes), columns = static_cast<double>(m_graph.out.size()), none = std::numeric_limits<double>::quiet_NaN();
        figure("nodes", n);
        figure("columns of edge_index", columns);
        figure("undirected simple edges", static_cast<double>(m_neighbours.size()) / 2);
        figure("hyperedges", static_cast<double>(m_graph.hyperedge_count()));
        figure("memberships", static_cast<double>(m_graph.members.size()));
        figure("mean degree", n > 0 ? static_cast<double>(m_neighbours.size()) / n : none);
        figure("average degree (HGB)", n > 0 ? 2 * columns / n : none);
        figure("density (HGB)", n > 1 ? 2 * columns / (n * (n - 1)) : none);
        figure("mean hyperedge size (HGB)", m_graph.hyperedge_count() ? static_cast<double>(m_graph.members.size()) / static_cast<double>(m_graph.hyperedge_count()) : none);
        figure("mean local clustering (HGB)", clustering.mean);
        std::int64_t triangle_corners = 0, covered = 0;
        for (const std::int64_t count : corners) triangle_corners += count;
        for (std::int64_t v = 0; v < m_graph.nodes; ++v) covered += m_sets.hyperedges.length(v) > 0;
        figure("triangles", static_cast<double>(triangle_corners / 3));
        figure("nodes in hyperedges", static_cast<double>(covered));
        figure("degeneracy", order.degeneracy);
        figure("degree assortativity", degree_assortativity(m_neighbours));
        figure("hyperdegree assortativity", hyperdegree_assortativity(m_sets));
        const auto largest_of = [](const std::vector<std::int32_t>& c) { return c.empty() ? 0 : *std::ranges::max_element(c) + 1; };
        const std::vector<std::int32_t> by_edges = components(m_neighbours), by_hyperedges = hyper_components(m_sets);
        node_column("component", by_edges);
        node_column("hyper component", by_hyperedges);
        figure("components by simple edges", largest_of(by_edges));
        figure("components by hyperedges", largest_of(by_hyperedges));
        ++m_part;
    }

    void overlap_part() {
        start_part("overlaps");
        const Measure jhos = jaccard_with_edges(m_graph, m_sets, m_neighbours, m_effort);
        hyperedge_column("JHOS", jhos.values);
        figure("J-HOS", jhos);
        const Overlaps overlaps = count_overlaps(m_sets, m_effort);
        histogram("overlaps", overlaps.pairs);
        double touching = 0, error = 0;
        for (std::size_t size = 1; size < overlaps.pairs.size(); ++size) touching += overlaps.pairs[size], error += overlaps.exact ? 0 : overlaps.error[size] * overlaps.error[size];
        figure("pairs of hyperedges that overlap", touching / 2, overlaps.exact, std::sqrt(error) / 2);
        if (overlaps.exact) {
            const Simpliciality faces = simpliciality(m_sets, overlaps);
            figure("simplicial fraction", faces.simplicial_fraction);
            figure("face edit simpliciality", faces.face_edit);
            hyperedge_column("faces", overlaps.faces);
        } else left_out("simpliciality", "all overlaps must be compared; raise the steps");
        ++m_part;
    }

    void line_graph_part() {
        start_part("s-line graphs");
        std::vector<bool> filled;
        for (std::int64_t e = 0; e < m_sets.members.rows(); ++e) filled.push_back(m_sets.members.length(e) > 0);
        for (const Json& one : m_params.value("statistics.s", Json::array({1, 2, 3}))) {
            const auto s = static_cast<std::int64_t>(one.is_number() ? one.get<double>() : 1);
            const std::string name = "s = " + std::to_string(s);
            const auto component = s_components(m_sets, s, m_effort);
            if (component) {
                component_row(s, *component);
                hyperedge_column(std::to_string(s) + "-component", *component);
            } else left_out("components, " + name, "the line graph is too large; raise the steps");
            const auto graph = line_graph(m_sets, s, m_effort);
            if (!graph) {
                left_out("betweenness and closeness, " + name, "the line graph is too large; raise the steps");
                continue;
            }
            figure("edges of the line graph, " + name, static_cast<double>(graph->size()) / 2);
            if (!m_params.value("statistics.centralities", true)) continue;
            const PathCentralities paths = path_centralities(*graph, filled, m_effort);
            hyperedge_column(std::to_string(s) + "-betweenness", paths.betweenness.values);
            hyperedge_column(std::to_string(s) + "-closeness", paths.closeness.values);
            figure("betweenness, " + name, paths.betweenness);
            figure("closeness, " + name, paths.closeness);
        }
        ++m_part;
    }

    void clustering_part() {
        start_part("clustering of the hypergraph");
        const HyperClustering found = hyper_clustering(m_sets, m_effort);
        const std::pair<const char*, const Measure*> all[] = {{"hyper clustering", &found.clustering}, {"extra overlap", &found.extra_overlap}, {"two-node clustering (union)", &found.two_node_union},
            {"two-node clustering (min)", &found.two_node_min}, {"two-node clustering (max)", &found.two_node_max}};
        for (const auto& [name, measure] : all) {
            node_column(name, measure->values);
            figure(name, *measure);
        }
        ++m_part;
    }

    void centrality_part() {
        start_part("centralities");
        const std::pair<const char*, Centrality (*)(const HyperSets&, const Effort&)> all[] = {{"clique eigenvector", clique_centrality}, {"Z-eigenvector", z_centrality}, {"H-eigenvector", h_centrality}};
        for (const auto& [name, look] : all) {
            const Centrality found = look(m_sets, m_effort);
            if (found.values.empty()) left_out(std::string(name) + " centrality", found.why_not);
            else {
                node_column(name, found.values);
                figure(std::string(name) + ": eigenvalue", found.eigenvalue);
            }
        }
        ++m_part;
    }

    void community_part() {
        const std::string kind = m_params.value("statistics.communities", "louvain");
        if (kind == "none") return;
        start_part("groups of nodes");
        const Clustering found = kind == "greedy" ? greedy_clusters(m_neighbours, m_params.value("statistics.cluster_size", std::int64_t{50}), m_effort.tick)
            : kind == "spectral" ? spectral_clusters(m_neighbours, m_params.value("statistics.clusters", std::int64_t{8}), m_effort.seed, m_effort.tick)
                                 : louvain_communities(m_neighbours, m_params.value("statistics.resolution", 1.0), m_effort.seed, m_effort.tick);
        node_column("community", found.cluster);
        m_run.tensor("community", 0, tensor_of(found.cluster).to(at::kInt));
        std::vector<std::int64_t> size(static_cast<std::size_t>(found.clusters), 0), inside(size), outside(size);
        for (std::int64_t v = 0; v < m_graph.nodes; ++v) {
            const auto c = static_cast<std::size_t>(found.cluster[static_cast<std::size_t>(v)]);
            ++size[c];
            for (const std::int32_t u : m_neighbours[v]) ++(static_cast<std::size_t>(found.cluster[static_cast<std::size_t>(u)]) == c ? inside : outside)[c];
        }
        std::vector<std::vector<Json>> rows, ties;
        for (std::size_t c = 0; c < size.size(); ++c) rows.push_back({c, size[c], inside[c] / 2, outside[c]});
        for (const ClusterTie& tie : cluster_ties(m_neighbours, found.cluster)) ties.push_back({tie.a, tie.b, tie.edges});
        m_run.table("communities", {"community", "nodes", "edges inside", "edges to others"}, rows);
        m_run.table("community_ties", {"a", "b", "edges"}, ties);
        figure("communities", static_cast<double>(found.clusters));
        if (m_graph.nodes > 0) figure("modularity", modularity(m_neighbours, found.cluster));
    }

    RunContext& m_run;
    const Json& m_params;
    OpenGraph m_open;
    const HybridGraph& m_graph;
    Effort m_effort;
    HyperSets m_sets;
    Csr m_neighbours;
    double m_part = 0;
    std::string m_doing;
    std::vector<std::string> m_node_columns, m_hyperedge_columns, m_sampled;
    std::vector<std::vector<Json>> m_node_values, m_hyperedge_values, m_components, m_figures;
};

}

Method statistics_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "hypergraph.statistics";
    info.title = "Statistics of a graph";
    info.help = "Degrees, sizes, overlaps, components, clustering and centralities of the simple edges and of the hyperedges.";
    info.source = "Hybrid Graph Benchmark (arXiv 2306.05108), HyperNetX, XGI, Benson (2019), Landry et al. (2024)";
    info.parameters = statistics_parameters();
    info.inputs = {graph_input()};
    info.outputs = {{"figures", "table", "Figures", "", ""}, {"degree", "table", "Degrees", "", ""}, {"hyperdegree", "table", "Hyperdegrees", "", ""}, {"sizes", "table", "Sizes of hyperedges", "", ""},
        {"overlaps", "table", "Overlaps of two hyperedges", "", ""}, {"components", "table", "s-components", "", ""}, {"nodes", "table", "Nodes", "", ""}, {"hyperedges", "table", "Hyperedges", "", ""},
        {"communities", "table", "Groups of nodes", "", ""}, {"community_ties", "table", "Edges between groups", "", ""}, {"community", "tensor", "Group of each node", "", ""}};
    method.run = [](RunContext& run) { StatisticsRun{run}(); };
    return method;
}

}
