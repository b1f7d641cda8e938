#pragma once
// What the engine would answer for a small hybrid graph of three groups, made up but consistent, in the form of hypergraph.open, .train, .layout, …
#include "core/method/method_info.h"
#include "tests/gui/made_artifacts.h"
#include <algorithm>
#include <cmath>
#include <random>

namespace lathe::gui_test {

inline constexpr int kGroups = 3, kGroupNodes = 16, kMadeNodes = kGroups * kGroupNodes;

struct MadeGraph {
    std::vector<std::int32_t> from, to, labels;
    std::vector<std::vector<std::int32_t>> hyperedges;
};

/// `hyperedges`: how many; the groups take turns.
inline MadeGraph made_graph(int hyperedges = 24) {
    MadeGraph out;
    std::mt19937 random(7);
    const auto below = [&](int end) { return int(random() % unsigned(end)); };
    for (int node = 0; node < kMadeNodes; ++node) {
        out.labels.push_back(node / kGroupNodes);
        for (int k = 0; k < 3; ++k) {
            const bool inside = k < 2 || node % 5 != 0;
            const int other = inside ? node / kGroupNodes * kGroupNodes + below(kGroupNodes) : below(kMadeNodes);
            if (other != node) out.from.push_back(node), out.to.push_back(other);
        }
    }
    for (int h = 0; h < hyperedges; ++h) {
        std::vector<std::int32_t> members;
        const int group = h % kGroups, size = 3 + h % 4;
        const int begin = below(kGroupNodes);
        for (int k = 0; k < size; ++k) members.push_back(group * kGroupNodes + (begin + k) % kGroupNodes);
        if (h % 6 == 5) members.push_back((group + 1) % kGroups * kGroupNodes + begin);
        std::ranges::sort(members);
        out.hyperedges.push_back(std::move(members));
    }
    return out;
}

inline std::vector<MethodInfo> hypergraph_methods() {
    const std::vector<Parameter> graph{Parameter::choice("graph.format", "auto", {{"auto", "Automatic", ""}, {"hif", "HIF", ""}}).with_label("Format").with_group("Graph"),
        Parameter::choice("graph.direction", "auto", {{"auto", "As the format says", ""}, {"directed", "Directed", ""}}).with_label("Edges").with_group("Graph"),
        Parameter::choice("hyperedges.source", "as_file", {{"as_file", "Of the file", ""}, {"cliques", "Maximal cliques", ""}, {"nearest", "Nearest neighbours", ""}}).with_label("Hyperedges").with_group("Hyperedges"),
        Parameter::integer("hyperedges.keep_largest", 0).range(0, 1000).with_label("Keep to").with_unit("members").with_group("Hyperedges")};
    const auto method = [&](const char* id, const char* title, std::vector<Parameter> own) {
        MethodInfo info;
        info.id = id;
        info.title = title;
        info.parameters = graph;
        for (Parameter& parameter : own) info.parameters.push_back(std::move(parameter));
        return info;
    };
    const std::vector<Parameter> training{Parameter::choice("network", "gcn", {{"gcn", "GCN", ""}, {"hyper_gcn", "HyperGCN", ""}}).with_label("Network").with_group("Model"),
        Parameter::integer("hidden", 32).range(1, 4096).with_label("Width").with_group("Model"), Parameter::integer("epochs", 50).range(1, 10'000).with_label("Epochs").with_group("Training"),
        Parameter::number("learning_rate", 0.01).range(1e-6, 1).is_log().with_label("Learning rate").with_group("Training"), Parameter::seed("seed", 1).with_label("Seed").with_group("Training")};
    return {method("hypergraph.open", "Open a graph", {}), method("hypergraph.build", "Preview hyperedges", {Parameter::boolean("preview", true).with_group("Hyperedges")}),
        method("hypergraph.export", "Export a graph", {Parameter::choice("export.format", "hif", {{"hif", "HIF", ""}, {"graphml", "GraphML", ""}, {"csv", "CSV", ""}, {"safetensors", "safetensors", ""}}), Parameter::path("export.path"), Parameter::path("export.positions")}),
        method("hypergraph.train", "Train a graph network", training),
        method("hypergraph.layout", "Lay out a graph", {Parameter::choice("layout.algorithm", "auto", {{"auto", "Automatic", ""}, {"spectral", "Spectral", ""}}).with_label("Algorithm").with_group("Layout"),
                                                           Parameter::seed("layout.seed", 0).with_label("Seed").with_group("Layout"), Parameter::table("layout.moved", {"node", "x", "y"}).with_group("Layout"),
                                                           Parameter::boolean("layout.hold_moved", false).with_label("Hold moved nodes").with_group("Layout")}),
        method("hypergraph.statistics", "Statistics of a graph", {Parameter::seed("statistics.seed", 0).with_label("Seed").with_group("Statistics")}),
        method("hypergraph.embed", "Place nodes by their features", {Parameter::choice("embed.algorithm", "pca", {{"pca", "PCA", ""}, {"tsne", "t-SNE", ""}}).with_label("Algorithm").with_group("Embedding")}),
        method("hypergraph.compare", "Compare networks", [&] {
            std::vector<Parameter> own = training;
            own.push_back(Parameter::integer("seeds", 5).range(1, 100).with_label("Seeds").with_group("Compare"));
            return own;
        }()),
        method("hypergraph.explain", "Explain a node", {Parameter::integer("node", 0).range(0, 2'000'000'000).with_label("Node").with_group("Explain").is_live()})};
}

inline Json graph_summary(const MadeGraph& graph) {
    std::size_t memberships = 0;
    for (const auto& members : graph.hyperedges) memberships += members.size();
    return {{"nodes", kMadeNodes}, {"edges", graph.from.size()}, {"hyperedges", graph.hyperedges.size()}, {"memberships", memberships}, {"features", 12}, {"classes", {"theory", "systems", "vision"}}, {"regression", false}, {"directed", false},
        {"format", "HIF"}, {"name", "made"}, {"warnings", {"2 hyperedges were empty and are left out."}}};
}

inline std::vector<Artifact> opened_graph(const MadeGraph& graph) {
    std::vector<std::int32_t> edges = graph.from, pairs;
    edges.insert(edges.end(), graph.to.begin(), graph.to.end());
    std::vector<std::int32_t> hyperedge_of;
    std::vector<std::vector<Json>> nodes, hyperedges;
    const char* const classes[] = {"theory", "systems", "vision"};
    for (int node = 0; node < kMadeNodes; ++node) nodes.push_back({node, "paper " + std::to_string(node), classes[graph.labels[std::size_t(node)]], 1990 + node % 30, node % 3 == 0 ? "ICML" : "KDD"});
    for (std::size_t h = 0; h < graph.hyperedges.size(); ++h) {
        for (const std::int32_t node : graph.hyperedges[h]) pairs.push_back(node), hyperedge_of.push_back(std::int32_t(h));
        hyperedges.push_back({h, "author " + std::to_string(h), graph.hyperedges[h].size()});
    }
    pairs.insert(pairs.end(), hyperedge_of.begin(), hyperedge_of.end());
    return {table_artifact("import", {"what", "found", "became"}, {{"nodes", kMadeNodes, "all kept"}, {"edges", graph.from.size(), "undirected"}, {"empty hyperedges", 2, "left out"}}),
        i32_artifact("edge_index", {2, std::int64_t(graph.from.size())}, edges), i32_artifact("memberships", {2, std::int64_t(pairs.size() / 2)}, pairs), i32_artifact("labels", {kMadeNodes}, graph.labels),
        table_artifact("nodes", {"id", "name", "class", "year", "venue"}, nodes), table_artifact("hyperedges", {"id", "name", "size"}, hyperedges)};
}

/// The groups on a circle, each a circle of its own; `spread` grows while a layout settles.
inline Artifact made_positions(float spread, std::int64_t step, bool preview) {
    std::vector<float> places;
    for (int node = 0; node < kMadeNodes; ++node) {
        const double group = 2 * M_PI * (node / kGroupNodes) / kGroups, own = 2 * M_PI * (node % kGroupNodes) / kGroupNodes, radius = 2.2 + 0.9 * ((node * 7) % 5) / 4;
        places.push_back(spread * float(6 * std::cos(group) + radius * std::cos(own)));
        places.push_back(spread * float(6 * std::sin(group) + radius * std::sin(own)));
    }
    Artifact out = f32_artifact("positions", {kMadeNodes, 2}, places);
    out.step = step;
    out.preview = preview;
    return out;
}

inline std::vector<std::int32_t> made_predictions(const MadeGraph& graph) {
    std::vector<std::int32_t> out = graph.labels;
    for (std::size_t node = 0; node < out.size(); node += 7) out[node] = (out[node] + 1) % kGroups;   // node 0 is wrong
    return out;
}

inline std::vector<Artifact> trained_network(const MadeGraph& graph) {
    const std::vector<std::int32_t> predictions = made_predictions(graph);
    std::vector<float> logits, embedding;
    std::vector<std::uint8_t> parts;
    for (int node = 0; node < kMadeNodes; ++node) {
        for (int c = 0; c < kGroups; ++c) logits.push_back(c == predictions[std::size_t(node)] ? 2.0F : 0.0F);
        for (int d = 0; d < 4; ++d) embedding.push_back(float(node % (d + 2)));
        parts.push_back(std::uint8_t(1 + node % 3));
    }
    return {f32_artifact("logits", {kMadeNodes, kGroups}, logits), i32_artifact("predictions", {kMadeNodes}, predictions), f32_artifact("embedding", {kMadeNodes, 4}, embedding), tensor_artifact("parts", "U8", {kMadeNodes}, parts.data(), parts.size()),
        table_artifact("confusion", {"class", "theory", "systems", "vision"}, {{"theory", 4, 1, 0}, {"systems", 0, 4, 1}, {"vision", 1, 0, 5}}), text_artifact("model.safetensors", "file", "weights")};
}

inline std::vector<Artifact> measured_statistics() {
    std::vector<std::vector<Json>> nodes;
    for (int node = 0; node < kMadeNodes; ++node) nodes.push_back({node, 3, 2, 0.25 + 0.01 * node, node / kGroupNodes});
    return {table_artifact("overlaps", {"value", "count", "share"}, {{1, 40, 0.5}, {2, 30, 0.375}, {3, 10, 0.125}}), table_artifact("components", {"s", "components", "largest"}, {{1, 2, 20}, {2, 5, 9}}),
        table_artifact("nodes", {"node", "degree", "hyperdegree", "clustering", "community"}, nodes),
        table_artifact("figures", {"figure", "value", "error", "how"},
            {{"mean degree", 5.25, 0, "exact"}, {"mean clustering", 0.4173, 0.012, "sampled"}, {"simpliciality", "", "", "left out: all overlaps must be compared; raise the steps"}, {"triangles", 1234, 0, "exact"}})};
}

inline std::vector<Artifact> comparison() {
    return {table_artifact("results", {"net", "behaviour", "parameters", "seeds", "mean", "std", "seconds", "as in HGB"}, {{"gcn", "", 1442, 5, 0.815, 0.006, 1.2, "81.50 ± 0.60"}, {"lp-gcn-gcn", "fixed", 3010, 5, 0.831, 0.004, 2.9, "83.10 ± 0.40"}}),
        table_artifact("runs", {"net", "seed", "test", "val", "epoch"}, {{"gcn", 0, 0.81, 0.8, 31}, {"gcn", 1, 0.82, 0.8, 44}}),
        table_artifact("pairs", {"without", "with", "difference", "std", "t", "p", "wins", "sentence"},
            {{"gcn", "lp-gcn-gcn", 0.016, 0.005, 7.1, 0.002, 5, "With hyperedges the test accuracy is 1.6 points higher in 5 of 5 seeds (p = 0.002)."}})};
}

}
