#include "plugins/hypergraph/engine/train_settings.h"
#include "core/base/error.h"
#include <algorithm>
#include <cmath>

namespace lathe::hypergraph {
namespace {

const std::vector<Json> kOwn{"custom"};

/// The file's split of that name. HyperGCN's published ones have no validation part.
const Split& file_split(const HybridGraph& graph, const std::string& wanted) {
    if (graph.splits.empty()) throw Error(ErrorCode::invalid_value, "The data set has no split of its own.", "parameter \"Split\"", "Choose HGB's split or a random one.");
    if (wanted.empty()) return graph.splits.front();
    std::string known;
    for (const Split& split : graph.splits) {
        if (split.name == wanted) return split;
        known += (known.empty() ? "" : ", ") + split.name;
    }
    throw Error(ErrorCode::unknown_name, "The data set has no split of this name.", wanted, "There are: " + known + ".");
}

/// One column for each node, or classes of the degree (0, 1, 2, 3-4, 5-8, …): features for graphs that have none.
Features structural(const HybridGraph& graph, bool by_degree) {
    Features features;
    features.rows = graph.nodes;
    std::int64_t columns = graph.nodes;
    if (by_degree) columns = 0;
    for (std::int64_t node = 0; node < graph.nodes; ++node) {
        std::int32_t column = static_cast<std::int32_t>(node);
        if (by_degree) {
            const std::int64_t degree = graph.in.length(node) + (graph.hyperedges.rows() > 0 ? graph.hyperedges.length(node) : 0);
            column = degree < 2 ? static_cast<std::int32_t>(degree) : 1 + static_cast<std::int32_t>(std::ceil(std::log2(static_cast<double>(degree))));
            columns = std::max<std::int64_t>(columns, column + 1);
        }
        features.pattern.items.push_back(column);
        features.pattern.offsets.push_back(features.pattern.size());
    }
    features.columns = columns;
    return features;
}

}

std::vector<Parameter> network_parameters(bool with_choice) {
    std::vector<Parameter> out;
    std::vector<Choice> choices;
    for (const NetworkKind& kind : network_kinds()) choices.push_back({kind.id, kind.title, kind.hyperedges ? kind.edges ? "simple edges and hyperedges" : "hyperedges" : "simple edges"});
    if (with_choice) out.push_back(Parameter::choice("network", "gcn", choices).with_label("Network").with_group("Network").with_source("arXiv 2306.05108, 2402.13033"));
    out.push_back(Parameter::choice("behaviour", "fixed", {{"released", "Released", "with the errors of the released code: lp-gat-hyper-gcn takes hyperedge numbers for nodes, ED-HNN + HypergraphConv takes edges for hyperedges, DiffPool's softmax runs over the nodes"}, {"fixed", "Fixed", "as it was meant"}})
        .with_label("Behaviour").with_group("Network").with_help("Of networks whose released code has a known error."));
    out.push_back(Parameter::integer("hidden", 0).range(0, 4096).with_label("Width").with_group("Network").with_help("0: that of the reference, 32, with two branches 64.").is_advanced());
    out.push_back(Parameter::choice("node_features", "given", {{"given", "Of the data set", "where it has none, one column for each node"}, {"identity", "One column for each node", ""}, {"degree", "Classes of the degree", ""}}).with_label("Features").with_group("Network"));
    out.push_back(Parameter::integer("classes", 0).range(0, 100'000).with_label("Classes").with_group("Network").with_help("0: as many as the labels have. HGB gives GitHub 4, of which 2 occur.").is_advanced());
    out.push_back(Parameter::integer("edhnn_hidden", 256).range(1, 4096).with_label("ED-HNN width").with_group("Network").is_advanced());
    out.push_back(Parameter::integer("edhnn_layers", 2).range(1, 16).with_label("ED-HNN layers").with_group("Network").is_advanced());
    out.push_back(Parameter::boolean("mediators", true).with_label("Mediators").with_group("Network").with_help("HyperGCN: two stars for each hyperedge instead of one edge.").is_advanced());
    out.push_back(Parameter::boolean("fast", true).with_label("One Laplacian").with_group("Network").with_help("HyperGCN: found once from the features instead of anew in each layer.").is_advanced());
    out.push_back(Parameter::choice("ensemble_first", "gcn", choices).with_label("First of the ensemble").with_group("Network").is_advanced());
    out.push_back(Parameter::choice("ensemble_second", "hyper-gcn", choices).with_label("Second of the ensemble").with_group("Network").is_advanced());
    return out;
}

std::vector<Parameter> training_parameters() {
    return {
        Parameter::choice("protocol", "hgb", {{"hgb", "Hybrid Graph Benchmark", "50 epochs, Adam 0.01 with a cosine to 1e-6, its split, weights of seed 1"}, {"topoaug", "HyperAug / TopoAug", "500 epochs, Adam 0.001, random 50/25/25"},
            {"hypergcn", "HyperGCN", "200 epochs, Adam 0.01, weight decay 5e-4, the published splits, last epoch"}, {"custom", "Own", "all of it below"}}).with_label("Protocol").with_group("Training"),
        Parameter::integer("epochs", 0).range(0, 100'000).with_label("Epochs").with_group("Training").with_help("0: as the protocol has it."),
        Parameter::choice("optimizer", "adam", {{"adam", "Adam", ""}, {"sgd", "SGD", "Nesterov momentum 0.9"}}).with_label("Optimiser").with_group("Training").when("protocol", kOwn),
        Parameter::number("lr", 0.01).range(1e-6, 10).is_log().with_label("Learning rate").with_group("Training").when("protocol", kOwn),
        Parameter::number("weight_decay", 0).range(0, 1).with_label("Weight decay").with_group("Training").when("protocol", kOwn),
        Parameter::choice("schedule", "cosine", {{"cosine", "Cosine", "to 1e-6 at the last epoch"}, {"constant", "Constant", ""}}).with_label("Schedule").with_group("Training").when("protocol", kOwn),
        Parameter::choice("keep", "best", {{"best", "Best validation", ""}, {"last", "Last epoch", ""}}).with_label("Weights kept").with_group("Training").when("protocol", kOwn),
        Parameter::choice("split", "protocol", {{"protocol", "Of the protocol", ""}, {"hgb", "HGB", "60/20/20, the same in every run"}, {"random", "Random", "by the run's seed"}, {"file", "Of the data set", ""}}).with_label("Split").with_group("Split"),
        Parameter::text("split_name", "").with_label("Name").with_group("Split").with_help("Of the data set's splits; empty: the first.").when("split", {"protocol", "file"}),
        Parameter::number("train_share", 0.6).range(0.001, 0.999).with_label("Training").with_group("Split").when("split", {"random"}),
        Parameter::number("validation_share", 0.2).range(0, 0.999).with_label("Validation").with_group("Split").when("split", {"random"}),
        Parameter::seed("seed", 0).with_label("Seed").with_group("Training").with_help("Of dropout and samplers, and of what the protocol draws anew in each run."),
        Parameter::integer("initial_seed", 0).range(0, kMaxSeed).with_label("Seed of the weights").with_group("Training").with_help("0: of the protocol (HGB: 1 in every run; else the run's seed).").is_advanced(),
        Parameter::choice("part_hyperedges", "all", {{"all", "All", ""}, {"joint", "Joint", "memberships of training nodes"}, {"strict", "Strict", "hyperedges with training nodes only"}}).with_label("Hyperedges seen").with_group("Split").is_advanced(),
        Parameter::choice("sampler", "none", {{"none", "None: full batch", ""}, {"saint-node", "GraphSAINT, nodes", ""}, {"saint-edge", "GraphSAINT, edges", ""}, {"saint-walk", "GraphSAINT, walks", ""}, {"shadow", "ShaDow", "a neighbourhood for each root"},
            {"random-node", "Random nodes", ""}, {"random-hyperedge", "Random hyperedges", ""}}).with_label("Sampler").with_group("Sampling"),
        Parameter::integer("batch", 6000).range(1, 10'000'000).with_label("Batch").with_group("Sampling").with_help("Edges, start nodes, roots or nodes that are drawn."),
        Parameter::integer("steps", 5).range(1, 10'000).with_label("Batches of an epoch").with_group("Sampling"),
        Parameter::integer("walk_length", 2).range(1, 100).with_label("Walk").with_unit("steps").with_group("Sampling").when("sampler", {"saint-walk"}),
        Parameter::integer("depth", 2).range(1, 10).with_label("Depth").with_group("Sampling").when("sampler", {"shadow"}),
        Parameter::integer("neighbours", 10).range(1, 10'000).with_label("Neighbours").with_group("Sampling").when("sampler", {"shadow"}),
        Parameter::integer("coverage", 0).range(0, 1000).with_label("Coverage").with_group("Sampling").with_help("GraphSAINT's normalisation: how often each node is met on average before training. 0: none.").is_advanced(),
        Parameter::choice("augmentation", "none", {{"none", "None", ""}, {"edge-drop", "EdgeDrop", "5 %"}, {"node-drop", "NodeDrop", "5 %"}, {"feature-mask", "Feature mask", "15 % of the columns"}, {"mixup", "Mixup", "0.9 and 0.1 of another node"}})
            .with_label("Augmentation").with_group("Augmentation").with_help("Applied once, before training, to the whole graph.").with_source("arXiv 2402.13033"),
        Parameter::number("checkpoint_minutes", 5).range(0.05, 600).with_label("Checkpoint").with_unit("min").with_group("Training").is_advanced(),
    };
}

std::string TrainSettings::varied() const {
    std::string what = "only dropout differs between the runs";
    const bool varies_split = split == "random", varies_weights = protocol != "hgb";
    if (varies_split && varies_weights) what = "split, initial weights and dropout differ between the runs";
    else if (varies_weights) what = "initial weights and dropout differ between the runs, the split is the same";
    else if (varies_split) what = "split and dropout differ between the runs";
    return what;
}

TrainSettings train_settings_from(const Json& params, std::uint64_t seed) {
    TrainSettings s;
    NetworkOptions& net = s.network;
    net.kind = params.value("network", net.kind);
    net.released = params.value("behaviour", "fixed") == "released";
    net.hidden = params.value("hidden", net.hidden);
    net.edhnn.hidden = params.value("edhnn_hidden", net.edhnn.hidden);
    net.edhnn.layers = params.value("edhnn_layers", net.edhnn.layers);
    net.mediators = params.value("mediators", true);
    net.fast = params.value("fast", true);
    net.first = params.value("ensemble_first", net.first);
    net.second = params.value("ensemble_second", net.second);
    s.features = params.value("node_features", s.features);
    s.classes = params.value("classes", s.classes);
    s.protocol = params.value("protocol", "hgb");
    GraphTraining& t = s.training;
    t.seed = seed;
    t.initial_seed = s.protocol == "hgb" ? 1 : seed;
    s.split = params.value("split", "protocol");
    s.split_name = params.value("split_name", "");
    s.train_share = params.value("train_share", s.train_share);
    s.validation_share = params.value("validation_share", s.validation_share);
    bool has_cosine = true;
    if (s.protocol == "hgb") {
        if (s.split == "protocol") s.split = "hgb";
    } else if (s.protocol == "topoaug") {
        t.epochs = 500;
        t.optimizer.lr = 0.001;
        has_cosine = false;
        if (s.split == "protocol") {
            s.split = "random";
            s.train_share = 0.5;
            s.validation_share = 0.25;
        }
    } else if (s.protocol == "hypergcn") {
        t.epochs = 200;
        t.optimizer.weight_decay = 5e-4;
        t.keep_best = has_cosine = false;
        if (s.split == "protocol") s.split = "file";
    } else {
        t.optimizer.kind = optimizer_kind(params.value("optimizer", "adam"));
        t.optimizer.lr = params.value("lr", t.optimizer.lr);
        t.optimizer.weight_decay = params.value("weight_decay", 0.0);
        has_cosine = params.value("schedule", "cosine") == "cosine";
        t.keep_best = params.value("keep", "best") == "best";
        if (s.split == "protocol") s.split = "hgb";
    }
    if (s.split == "random" && s.train_share + s.validation_share > 1)
        throw Error(ErrorCode::invalid_value, "Training and validation together are more than all nodes.", number_text(s.train_share) + " and " + number_text(s.validation_share), "Choose shares that add up to less than 1.");
    if (const auto epochs = params.value("epochs", std::int64_t{0}); epochs > 0) t.epochs = epochs;
    if (const auto initial = params.value("initial_seed", std::int64_t{0}); initial > 0) t.initial_seed = static_cast<std::uint64_t>(initial);
    t.optimizer.schedule_steps = has_cosine ? t.epochs : 0;
    t.sampler = {sampler_kind(params.value("sampler", "none")), params.value("batch", std::int64_t{6000}), params.value("walk_length", 2), params.value("depth", 2), params.value("neighbours", 10)};
    t.steps = params.value("steps", t.steps);
    t.coverage = params.value("coverage", t.coverage);
    s.augmentation = augmentation(params.value("augmentation", "none"));
    s.part_hyperedges = params.value("part_hyperedges", "all");
    s.checkpoint_minutes = params.value("checkpoint_minutes", s.checkpoint_minutes);
    return s;
}

std::shared_ptr<const HybridGraph> with_features(const std::shared_ptr<const HybridGraph>& graph, const std::string& features) {
    if (features == "given" && !graph->features.empty()) return graph;
    auto changed = std::make_shared<HybridGraph>(*graph);
    changed->features = structural(*graph, features == "degree");
    return changed;
}

TrainingData data_for(const std::shared_ptr<const HybridGraph>& given, const TrainSettings& s, std::uint64_t seed, std::vector<std::int32_t>* kept) {
    std::vector<Part> part;
    if (given->labels.empty() && given->targets.empty()) part.assign(static_cast<std::size_t>(given->nodes), Part::none);   // training_data says what is missing
    else if (s.split == "file") part = file_split(*given, s.split_name).part;
    else if (s.split == "random") part = labelled_split(*given, seed, s.train_share, s.validation_share);
    else part = hgb_split(given->nodes);
    std::shared_ptr<const HybridGraph> graph = with_features(given, s.features);
    std::vector<std::int32_t> nodes;
    if (s.augmentation != Augmentation::none) {
        graph = std::make_shared<const HybridGraph>(augmented(*graph, s.augmentation, seed, nodes));
        std::vector<Part> own;
        for (const std::int32_t node : nodes) own.push_back(part[static_cast<std::size_t>(node)]);
        part = std::move(own);
    }
    if (kept) *kept = nodes;
    if (s.part_hyperedges != "all") {
        auto changed = std::make_shared<HybridGraph>(*graph);
        set_hyperedges(*changed, hyperedges_of_part(graph->members, part, Part::train, s.part_hyperedges == "joint" ? HyperedgePolicy::joint : HyperedgePolicy::strict));
        graph = changed;
    }
    return training_data(graph, std::move(part), s.classes);
}

NetworkOptions network_for(const TrainSettings& settings, const TrainingData& data) {
    NetworkOptions options = settings.network;
    options.features = data.view->x.columns();
    options.classes = data.classes;
    options.is_regression = data.classes == 0;
    options.nodes = data.graph->nodes;
    return options;
}

}
