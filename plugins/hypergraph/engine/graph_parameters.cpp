#include "plugins/hypergraph/engine/graph_reader.h"
#include "plugins/hypergraph/engine/graph_source.h"

namespace lathe::hypergraph {

InputSlot graph_input() {
    return {"data", "data", "Graph", "A file or folder: edge list, MUSAE or CSV folder, HIF, XGI JSON, GraphML, GEXF, SIF, MatrixMarket, hMETIS, npz, safetensors, HyperGCN, OGB or Benson folder; also as .gz.", true};
}

std::vector<Parameter> graph_parameters() {
    std::vector<Parameter> made;
    const auto add = [&](Parameter parameter, const char* group) -> Parameter& { return made.emplace_back(std::move(parameter.with_group(group))); };
    constexpr const char *kGraph = "Graph", *kHyperedges = "Hyperedges";
    std::vector<Choice> formats;
    for (const GraphFormat& format : graph_formats()) formats.push_back({format.id, format.label, format.help});
    add(Parameter::choice("graph.format", "auto", formats).with_label("Format"), kGraph);
    add(Parameter::choice("graph.direction", "auto", {{"auto", "As the format says", ""}, {"undirected", "Undirected", "each edge stands in both directions"}, {"directed", "Directed", "each edge as it is listed"}}).with_label("Edges"), kGraph);
    add(Parameter::choice("graph.duplicates", "auto", {{"auto", "As the format says", "removed for MUSAE's Wikipedia and gnn-benchmark, else kept"}, {"keep", "Keep", ""}, {"remove", "Remove", "also hyperedges with the members of an earlier one"}})
            .with_label("Duplicates"), kGraph);
    add(Parameter::choice("graph.loops", "auto", {{"auto", "As the format says", "removed for MUSAE's Wikipedia, else kept"}, {"keep", "Keep", ""}, {"remove", "Remove", ""}}).with_label("Edges to oneself"), kGraph);
    add(Parameter::choice("graph.matrix", "ask", {{"ask", "Ask", "a square matrix is refused until this is said"}, {"adjacency", "Adjacency", "rows and columns are nodes"}, {"incidence", "Incidence", "rows are nodes, columns are hyperedges"}})
            .with_label("Matrix").with_help("What a square MatrixMarket file means."), kGraph);
    add(Parameter::choice("graph.features", "file", {{"file", "Of the file", ""}, {"raw", "Raw ones", "where the file has embeddings and raw features (Hybrid Graph Benchmark)"}, {"none", "None", ""}, {"other", "Another file", ".npy, .npz, .safetensors or MatrixMarket"}})
            .with_label("Features"), kGraph);
    add(Parameter::path("graph.feature_file").with_label("File of features").with_help("One row for each node.").when("graph.features", {"other"}), kGraph);
    add(Parameter::choice("graph.target_scale", "raw", {{"raw", "As in the file", ""}, {"log", "Natural logarithm", ""}})
            .with_label("Regression targets").with_help("MUSAE's Wikipedia files hold monthly visits as raw counts. Which of the two the Hybrid Graph Benchmark trains on could not be verified."), kGraph);
    add(Parameter::boolean("graph.all_faces", false).with_label("All faces of simplices").with_help("For abstract simplicial complexes (HIF type asc), whose files may list the largest simplices only.").is_advanced(), kGraph);

    const char* source = "hyperedges.source";
    add(Parameter::choice(source, "as_file", {{"as_file", "Of the file", ""}, {"cliques", "Maximal cliques", "graph statistics"}, {"table", "Rows of a table", "several perspectives: nodes that a row names"},
            {"window", "Windows of a number", "several perspectives: nodes within a window, for example of base pairs"}, {"nearest", "Nearest neighbours", "several modalities: around each node the nearest in an embedding"}, {"none", "None", ""}})
            .with_label("Hyperedges").with_source("HyperAug, arXiv 2402.13033, section 3"), kHyperedges);
    add(Parameter::integer("hyperedges.smallest", 3).range(1, 1'000'000).with_label("Smallest clique").when(source, {"cliques"}), kHyperedges);
    add(Parameter::integer("hyperedges.largest", 0).range(0, 1'000'000).with_label("Largest clique").with_help("0: no limit.").when(source, {"cliques"}), kHyperedges);
    add(Parameter::path("hyperedges.table").with_label("Table").with_help("Names of nodes, separated by commas or tabs; each row is a hyperedge.").when(source, {"table"}), kHyperedges);
    add(Parameter::boolean("hyperedges.strip_version", true).with_label("Strip versions").with_help("ENSG00000263551.6 in the table is ENSG00000263551 in the graph.").when(source, {"table"}), kHyperedges);
    add(Parameter::text("hyperedges.position", "start").with_label("Attribute of the position").when(source, {"window"}), kHyperedges);
    add(Parameter::text("hyperedges.group", "chromosome").with_label("Attribute of the group").with_help("Windows do not reach over its borders; empty: one group.").when(source, {"window"}), kHyperedges);
    add(Parameter::number("hyperedges.width", 200'000).range(1e-9, 1e15).with_label("Width").when(source, {"window"}), kHyperedges);
    add(Parameter::number("hyperedges.step", 200'000).range(1e-9, 1e15).with_label("Step").when(source, {"window"}), kHyperedges);
    add(Parameter::integer("hyperedges.k", 0).range(0, 10'000).with_label("Neighbours").with_help("With the node itself. 0: the mean number of edges that leave a node, rounded down, as for HGB's Amazon graphs.").when(source, {"nearest"}), kHyperedges);
    add(Parameter::number("hyperedges.percentile", 80).range(0, 100).with_label("Percentile").with_help("Pairs strictly nearer than this percentile of all distances stay.").when(source, {"nearest"}), kHyperedges);
    add(Parameter::path("hyperedges.embedding").with_label("Embedding").with_help("File of one row for each node; empty: the features of the graph.").when(source, {"nearest"}), kHyperedges);
    add(Parameter::integer("hyperedges.keep_smallest", 0).range(0, 1'000'000'000).with_label("Keep from").with_unit("members").with_help("Ablation: smaller hyperedges are left out."), kHyperedges);
    add(Parameter::integer("hyperedges.keep_largest", 0).range(0, 1'000'000'000).with_label("Keep to").with_unit("members").with_help("Ablation: larger hyperedges are left out. 0: no limit."), kHyperedges);
    add(Parameter::choice("hyperedges.rewire", "none", {{"none", "No", ""}, {"sizes", "Random members", "each hyperedge keeps its size"}, {"degrees", "Exchanged members", "hyperedges keep their sizes, nodes the number of their hyperedges"}})
            .with_label("Random control").with_help("Whether it is these hyperedges that help, or any of their sizes."), kHyperedges);
    add(Parameter::seed("hyperedges.rewire_seed", 1).with_label("Seed of the control").when("hyperedges.rewire", {"sizes", "degrees"}), kHyperedges);
    return made;
}

}
