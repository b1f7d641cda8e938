// hypergraph.layout: positions of the nodes, streamed while they settle.
#include "core/base/error.h"
#include "core/base/time.h"
#include "plugins/hypergraph/engine/force_atlas2.h"
#include "plugins/hypergraph/engine/fruchterman_reingold.h"
#include "plugins/hypergraph/engine/graph_source.h"
#include "plugins/hypergraph/engine/methods_structure.h"
#include "plugins/hypergraph/engine/multilevel_layout.h"
#include "plugins/hypergraph/engine/settling.h"
#include "plugins/hypergraph/engine/spectral.h"
#include <algorithm>
#include <cmath>
#include <limits>

namespace lathe::hypergraph {
namespace {

constexpr std::int64_t kMultilevelFrom = 5000;       // points from which on a multilevel start is faster
constexpr std::int64_t kManyPoints = 100;            // from which on Gephi repels less
constexpr std::int64_t kFruchtermanReingoldSteps = 100, kForceAtlas2Steps = 1000;

const char* const kForces = "Forces";

std::vector<Parameter> layout_parameters() {
    std::vector<Parameter> out = graph_parameters();
    const std::string group = "Layout";
    out.push_back(Parameter::choice("layout.algorithm", "auto",
        {{"auto", "Automatic", "ForceAtlas2; for large graphs with a multilevel start."},
            {"force_atlas2", "ForceAtlas2", "As in Gephi; far groups of nodes count as one from 1000 nodes on."},
            {"multilevel", "Multilevel", "The graph is made smaller first and laid out from coarse to fine: for large graphs."},
            {"fruchterman_reingold", "Fruchterman-Reingold", "As in networkx: cools down in a given number of steps."},
            {"spectral", "Spectral", "Two eigenvectors of the graph's Laplacian: at once, no steps."}})
        .with_label("Algorithm").with_group(group));
    out.push_back(Parameter::boolean("layout.simple_edges", true).with_label("Simple edges pull").with_group(group));
    out.push_back(Parameter::choice("layout.hyperedges", "auto",
        {{"auto", "Automatic", "Not, where there are simple edges; else as stars."},
            {"none", "Not", "Hyperedges do not matter."},
            {"star", "Star", "A point in the middle of each hyperedge, joined to its members."},
            {"clique", "Clique", "Every two members pull each other, the less the larger the hyperedge."}})
        .with_label("Hyperedges pull").with_group(group));
    out.push_back(Parameter::integer("layout.largest_clique", 64).range(2, 1000).with_label("Largest clique").with_group(group).is_advanced()
        .with_help("Hyperedges with more members pull as stars.").when("layout.hyperedges", {"clique"}));
    out.push_back(Parameter::integer("layout.iterations", 0).range(0, 100000).with_label("Most steps").with_group(group).with_help("0: as many as the algorithm usually needs."));
    out.push_back(Parameter::number("layout.settled", 1e-3).range(0, 1).is_log().with_label("Settled below").with_group(group)
        .with_help("Ends when nodes move less in a step, as a share of the layout's radius. 0: only after the most steps.").with_source("Gephi issue 2243: ForceAtlas2 never stops by itself"));
    out.push_back(Parameter::seed("layout.seed", 0).with_label("Seed").with_group(group));
    out.push_back(Parameter::table("layout.moved", {"node", "x", "y"}).with_label("Moved nodes").with_group(group).with_help("Nodes that were moved by hand: they start there."));
    out.push_back(Parameter::boolean("layout.hold_moved", false).with_label("Hold moved nodes").with_group(group));
    const std::vector<Json> fa2 = {"auto", "force_atlas2", "multilevel"}, tree = {"auto", "force_atlas2", "multilevel", "fruchterman_reingold"};
    out.push_back(Parameter::number("layout.scaling", 0).range(0, 10000).with_label("Repulsion").with_group(kForces).is_live().when("layout.algorithm", fa2).with_help("0: 10 below 100 points, else 2, as in Gephi."));
    out.push_back(Parameter::number("layout.gravity", 1).range(0, 1000).with_label("Gravity").with_group(kForces).is_live().when("layout.algorithm", fa2));
    out.push_back(Parameter::boolean("layout.strong_gravity", false).with_label("Stronger gravity").with_group(kForces).is_live().when("layout.algorithm", fa2));
    out.push_back(Parameter::boolean("layout.lin_log", false).with_label("LinLog attraction").with_group(kForces).is_live().when("layout.algorithm", fa2).with_help("Tighter groups."));
    out.push_back(Parameter::boolean("layout.dissuade_hubs", false).with_label("Dissuade hubs").with_group(kForces).is_live().when("layout.algorithm", fa2));
    out.push_back(Parameter::number("layout.weight_exponent", 1).range(0, 10).with_label("Weight exponent").with_group(kForces).when("layout.algorithm", fa2).with_help("0: all edges pull alike."));
    out.push_back(Parameter::number("layout.tolerance", 1).range(0.01, 100).is_log().with_label("Jitter tolerance").with_group(kForces).is_advanced().when("layout.algorithm", fa2));
    out.push_back(Parameter::number("layout.theta", 1.2).range(0.1, 5).with_label("Theta").with_group(kForces).is_advanced().when("layout.algorithm", tree)
        .with_help("A group of nodes counts as one where distance × theta exceeds its size (Barnes-Hut)."));
    out.push_back(Parameter::number("layout.k", 0).range(0, 1e6).with_label("Distance of neighbours").with_group(kForces).when("layout.algorithm", {"fruchterman_reingold"}).with_help("0: extent / √nodes."));
    return out;
}

HyperedgePull pull_of(const std::string& name, bool has_edges) {
    if (name == "auto") return has_edges ? HyperedgePull::none : HyperedgePull::star;
    return name == "star" ? HyperedgePull::star : name == "clique" ? HyperedgePull::clique : HyperedgePull::none;
}

ForceAtlas2Options options_from(const Json& params, std::int64_t points) {
    ForceAtlas2Options options;
    options.scaling = params.value("layout.scaling", 0.0);
    if (options.scaling <= 0) options.scaling = points < kManyPoints ? 10 : 2;
    options.gravity = params.value("layout.gravity", 1.0);
    options.strong_gravity = params.value("layout.strong_gravity", false);
    options.lin_log = params.value("layout.lin_log", false);
    options.dissuade_hubs = params.value("layout.dissuade_hubs", false);
    options.weight_exponent = params.value("layout.weight_exponent", 1.0);
    options.tolerance = params.value("layout.tolerance", 1.0);
    options.theta = params.value("layout.theta", 1.2);
    return options;
}

/// Rows node, x, y.
std::vector<std::pair<std::size_t, std::pair<double, double>>> moved_nodes(const Json& params, std::int64_t nodes) {
    std::vector<std::pair<std::size_t, std::pair<double, double>>> moved;
    if (!params.contains("layout.moved")) return moved;
    for (const Json& row : params.at("layout.moved").at("rows")) {
        const std::optional<double> node = row.at(0).is_number() ? row.at(0).get<double>() : parse_number(row.at(0).get<std::string>());
        if (!node || *node < 0 || *node >= static_cast<double>(nodes) || *node != std::floor(*node) || !row.at(1).is_number() || !row.at(2).is_number())
            throw Error(ErrorCode::invalid_value, "A moved node is not a row of node, x and y.", "parameter layout.moved: " + brief(row), "Nodes run from 0 to " + std::to_string(nodes - 1) + ".");
        moved.push_back({static_cast<std::size_t>(*node), {row.at(1).get<double>(), row.at(2).get<double>()}});
    }
    return moved;
}

double mean_edge_length(const LayoutGraph& graph, Positions positions) {
    centre(positions, 1);
    double sum = 0;
    for (const LayoutEdge& edge : graph.edges)
        sum += std::hypot(positions.x[static_cast<std::size_t>(edge.source)] - positions.x[static_cast<std::size_t>(edge.target)],
            positions.y[static_cast<std::size_t>(edge.source)] - positions.y[static_cast<std::size_t>(edge.target)]);
    return graph.edges.empty() ? 0 : sum / static_cast<double>(graph.edges.size());
}

class LayoutRun {
public:
    explicit LayoutRun(RunContext& run) : m_run(run), m_params(run.params()), m_open(open_graph(run)) {
        const HybridGraph& graph = *m_open.graph;
        const bool simple = m_params.value("layout.simple_edges", true);
        m_graph = layout_graph(graph, simple, pull_of(m_params.value("layout.hyperedges", "auto"), simple && graph.out.size() > 0), m_params.value("layout.largest_clique", std::int64_t{64}));
        m_seed = static_cast<std::uint64_t>(m_params.value("layout.seed", std::int64_t{0}));
        m_moved = moved_nodes(m_params, graph.nodes);
    }

    void operator()() {
        m_run.summary("points", m_graph.points);
        m_run.summary("edges", m_graph.edges.size());
        std::string algorithm = m_params.value("layout.algorithm", "auto");
        const std::vector<float> start = start_positions();
        if (algorithm == "auto") algorithm = start.empty() && m_graph.points >= kMultilevelFrom ? "multilevel" : "force_atlas2";
        if (algorithm == "multilevel" && !start.empty()) algorithm = "force_atlas2";   // it would begin anew
        m_run.summary("algorithm", algorithm);
        Positions last;
        if (algorithm == "spectral") last = spectral();
        else {
            const std::unique_ptr<Layout> layout = make(algorithm, start);
            SettleOptions options;
            options.most_steps = steps_of(algorithm);
            options.settled = m_params.value("layout.settled", 1e-3);
            if (m_params.value("layout.hold_moved", false)) options.held = m_moved;
            settle(m_run, *layout, m_graph.nodes, options);
            last = layout->positions();
        }
        give_phantoms(last);
        m_run.summary("mean_edge_length", mean_edge_length(m_graph, last));
    }

private:
    std::int64_t steps_of(const std::string& algorithm) const {
        const std::int64_t asked = m_params.value("layout.iterations", std::int64_t{0});
        return asked > 0 ? asked : algorithm == "fruchterman_reingold" ? kFruchtermanReingoldSteps : kForceAtlas2Steps;
    }

    /// Those of the input, then those moved by hand; empty: neither.
    std::vector<float> start_positions() const {
        std::vector<float> start = given_start(m_run, m_graph.nodes);
        if (start.empty() && !m_moved.empty()) start.assign(2 * static_cast<std::size_t>(m_graph.nodes), std::numeric_limits<float>::quiet_NaN());
        for (const auto& [node, place] : m_moved) start[2 * node] = static_cast<float>(place.first), start[2 * node + 1] = static_cast<float>(place.second);
        return start;
    }

    std::unique_ptr<Layout> make(const std::string& algorithm, const std::vector<float>& start) const {
        const ForceAtlas2Options options = options_from(m_params, m_graph.points);
        if (algorithm == "multilevel") return std::make_unique<MultilevelLayout>(m_graph, options, m_seed);
        const bool reingold = algorithm == "fruchterman_reingold";
        const double side = reingold ? 1 : 10 * std::sqrt(static_cast<double>(m_graph.points));
        Positions positions = start.empty() ? random_positions(m_graph.points, side, m_seed) : started_at(m_graph, start, m_seed);
        if (!reingold) return std::make_unique<ForceAtlas2>(m_graph, options, std::move(positions));
        double k = m_params.value("layout.k", 0.0), extent = 0;
        for (const std::vector<double>* axis : {&positions.x, &positions.y})
            if (!axis->empty()) extent = std::max(extent, *std::ranges::max_element(*axis) - *std::ranges::min_element(*axis));
        if (k <= 0) k = std::max(extent, 1e-6) / std::sqrt(std::max(1.0, static_cast<double>(m_graph.points)));
        return std::make_unique<FruchtermanReingold>(m_graph, k, steps_of(algorithm), std::move(positions), 2000, options.theta);
    }

    Positions spectral() const {
        const double begin = monotonic_seconds();
        Positions positions = spectral_layout(m_graph, m_seed, [&](double done, double total) {
            m_run.check_cancelled();
            m_run.progress(done, total, "eigenvectors");
        });
        give_positions(m_run, "positions", 0, positions, 0, m_graph.nodes, false);
        m_run.summary("iterations", 0);
        m_run.summary("converged", true);
        m_run.summary("seconds", monotonic_seconds() - begin);
        return positions;
    }

    /// Middles of hyperedges that are drawn as stars; NaN for the others.
    void give_phantoms(const Positions& positions) const {
        if (m_graph.phantoms.empty()) return;
        Positions middles;
        middles.x.assign(static_cast<std::size_t>(m_open.graph->hyperedge_count()), std::numeric_limits<double>::quiet_NaN());
        middles.y = middles.x;
        for (std::size_t k = 0; k < m_graph.phantoms.size(); ++k) {
            const auto e = static_cast<std::size_t>(m_graph.phantoms[k]), point = static_cast<std::size_t>(m_graph.nodes) + k;
            middles.x[e] = positions.x[point], middles.y[e] = positions.y[point];
        }
        give_positions(m_run, "hyperedge_positions", 0, middles, 0, m_open.graph->hyperedge_count(), false);
    }

    RunContext& m_run;
    const Json& m_params;
    OpenGraph m_open;
    LayoutGraph m_graph;
    std::uint64_t m_seed = 0;
    std::vector<std::pair<std::size_t, std::pair<double, double>>> m_moved;
};

}

Method layout_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "hypergraph.layout";
    info.title = "Lay out a graph";
    info.help = "Places the nodes so that what belongs together lies together, and stops when little moves.";
    info.source = "ForceAtlas2 (Jacomy et al. 2014), Fruchterman and Reingold (1991), Walshaw (2003), Koren (2005)";
    info.parameters = layout_parameters();
    info.inputs = {graph_input(), start_input()};
    info.outputs = {{"positions", "tensor", "Positions", "", ""}, {"hyperedge_positions", "tensor", "Middles of the hyperedges", "", ""}, {"movement", "metric", "Movement in a step", "", "lower"},
        {"step_ms", "metric", "Time of a step", "ms", "lower"}};
    method.run = [](RunContext& run) { LayoutRun{run}(); };
    return method;
}

}
