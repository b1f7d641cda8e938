// hypergraph.embed: nodes placed by their features, or by what a network learnt of them.
#include "core/base/error.h"
#include "core/base/time.h"
#include "core/nn/tensor_index.h"
#include "plugins/hypergraph/engine/graph_source.h"
#include "plugins/hypergraph/engine/methods_structure.h"
#include "plugins/hypergraph/engine/principal_components.h"
#include "plugins/hypergraph/engine/settling.h"
#include "plugins/hypergraph/engine/tensor_views.h"
#include "plugins/hypergraph/engine/tsne.h"

namespace lathe::hypergraph {
namespace {

std::vector<Parameter> embed_parameters() {
    std::vector<Parameter> out = graph_parameters();
    const std::string group = "Embedding";
    out.push_back(Parameter::choice("embed.algorithm", "pca",
        {{"pca", "PCA", "The two directions in which the features vary most."}, {"tsne", "t-SNE", "What is near in the features is near in the picture; distances beyond that mean little."}})
        .with_label("Algorithm").with_group(group));
    const std::vector<Json> tsne = {"tsne"};
    out.push_back(Parameter::number("embed.perplexity", 30).range(1, 1000).with_label("Perplexity").with_group(group).when("embed.algorithm", tsne).with_help("About how many neighbours a node looks at."));
    out.push_back(Parameter::integer("embed.iterations", 1000).range(1, 100000).with_label("Most steps").with_group(group).when("embed.algorithm", tsne));
    out.push_back(Parameter::number("embed.exaggeration", 12).range(1, 100).with_label("Early exaggeration").with_group(group).is_advanced().when("embed.algorithm", tsne));
    out.push_back(Parameter::number("embed.learning_rate", 0).range(0, 1e6).with_label("Learning rate").with_group(group).is_advanced().when("embed.algorithm", tsne).with_help("0: nodes / exaggeration / 4, at least 50."));
    out.push_back(Parameter::number("embed.theta", 0.5).range(0.05, 2).with_label("Theta").with_group(group).is_advanced().when("embed.algorithm", tsne));
    out.push_back(Parameter::number("embed.settled", 2e-4).range(0, 1).is_log().with_label("Settled below").with_group(group).is_advanced().when("embed.algorithm", tsne)
        .with_help("Ends when nodes move less in a step, as a share of the radius. 0: only after the most steps."));
    out.push_back(Parameter::seed("embed.seed", 0).with_label("Seed").with_group(group));
    return out;
}

/// The learnt embedding where one is given, else the features of the graph.
Features embedded_rows(RunContext& run, std::shared_ptr<const HybridGraph> graph) {
    const InputAsset* asset = run.input("embedding");
    if (!asset) {
        if (graph->features.empty()) throw Error(ErrorCode::invalid_value, "The graph has no features.", graph->name, "Give an embedding of a trained network, or lay the graph out instead.");
        return graph->features;
    }
    const auto file = open_tensors(asset->path);
    const Features rows = features_of(file->get(file->find("value") ? "value" : "embedding"));
    if (rows.rows != graph->nodes)
        throw Error(ErrorCode::invalid_value, "The embedding does not fit the graph.", asset->path + ": " + std::to_string(rows.rows) + " rows for " + std::to_string(graph->nodes) + " nodes", "Give the embedding of this graph.");
    return rows;
}

void give_components(RunContext& run, const Features& rows, std::uint64_t seed, const Tick& tick) {
    const PrincipalComponents found = principal_components(rows, 2, seed, tick);
    Positions positions;
    for (std::int64_t i = 0; i < found.scores.rows; ++i) {
        positions.x.push_back(found.scores.columns > 0 ? found.scores.row(i)[0] : 0);
        positions.y.push_back(found.scores.columns > 1 ? found.scores.row(i)[1] : 0);
    }
    give_positions(run, "positions", 0, positions, 0, found.scores.rows, false);
    std::vector<double> shares;
    for (const double variance : found.variance) shares.push_back(found.total_variance > 0 ? variance / found.total_variance : 0);
    run.summary("explained_variance", shares);
}

void embed(RunContext& run) {
    const double begin = monotonic_seconds();
    const OpenGraph open = open_graph(run);
    const Features rows = embedded_rows(run, open.graph);
    const auto seed = static_cast<std::uint64_t>(run.params().value("embed.seed", std::int64_t{0}));
    const Tick tick = [&](double done, double total) {
        run.check_cancelled();
        run.progress(done, total, "neighbours and components");
    };
    run.summary("columns", rows.columns);
    if (run.params().value("embed.algorithm", "pca") == "pca") give_components(run, rows, seed, tick);
    else {
        TsneOptions options;
        options.perplexity = run.params().value("embed.perplexity", options.perplexity);
        options.exaggeration = run.params().value("embed.exaggeration", options.exaggeration);
        options.learning_rate = run.params().value("embed.learning_rate", 0.0);
        options.theta = run.params().value("embed.theta", options.theta);
        Tsne layout(rows, options, seed, tick);
        SettleOptions settling;
        settling.most_steps = run.params().value("embed.iterations", std::int64_t{1000});
        settling.settled = run.params().value("embed.settled", 2e-4);
        settling.after_step = [&](std::int64_t step) { run.metric("divergence", step, layout.divergence()); };
        settle(run, layout, rows.rows, settling);
        run.summary("divergence", layout.divergence());
    }
    run.summary("seconds", monotonic_seconds() - begin);
}

}

Method embed_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "hypergraph.embed";
    info.title = "Place nodes by their features";
    info.help = "Two dimensions of the features, or of the embedding that a network learnt.";
    info.source = "t-SNE (van der Maaten 2014)";
    info.parameters = embed_parameters();
    info.inputs = {graph_input(), {"embedding", "data", "Embedding", "A tensor [nodes, width] as `value` or `embedding`, as training gives it; without one the graph's features are taken.", false}};
    info.outputs = {{"positions", "tensor", "Positions", "", ""}, {"divergence", "metric", "Kullback-Leibler divergence", "", "lower"}, {"movement", "metric", "Movement in a step", "", "lower"},
        {"step_ms", "metric", "Time of a step", "ms", "lower"}};
    method.run = embed;
    return method;
}

}
