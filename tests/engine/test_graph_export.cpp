// Graphs written and read back, which hyperedges are looked at, and the methods that open, preview and export.
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/engine/registry.h"
#include "core/nn/tensor_index.h"
#include "engine/errors.h"
#include "engine/fake_run.h"
#include "engine/graph_files.h"
#include "plugins/hypergraph/engine/file_methods.h"
#include "plugins/hypergraph/engine/graph_writer.h"
#include "plugins/hypergraph/engine/hyperedge_choice.h"
#include <QtTest>

using namespace lathe;
using namespace lathe::hypergraph;

namespace {

/// Names that every format must quote, weights, directions, attributes, features, labels, a split.
HybridGraph rich_graph() {
    HybridGraph graph;
    graph.name = "rich";
    graph.nodes = 5;
    set_edges(graph, std::vector<std::int32_t>{0, 1, 1, 2, 3, 3}, std::vector<std::int32_t>{1, 0, 2, 1, 3, 3}, std::vector<float>{0.5f, 0.5f, 2, 2, 1, 1});
    set_hyperedges(graph, {{0, 3, 5, 5, 7}, {0, 1, 2, 2, 4, 4, 3}});
    graph.hyperedge_weights = {1, 2, 3, 4};
    graph.node_names.label = {"a, b", "\"quoted\"", "<x> & y", "line\nend", "#5"};
    graph.node_names.are_texts = true;
    graph.node_names.attributes = {{"colour", {"red", "", "green, blue", "x", "y"}, {}}, {"x", {}, {0, 1, 2.5, 3, -4}}, {"y", {}, {1, 1, 1, 1, 0.125}}};
    graph.hyperedge_names.label = {"h0", "h 1", "h,2", "h3"};
    graph.hyperedge_names.are_texts = true;
    graph.hyperedge_names.attributes = {{"time", {}, {10, std::numeric_limits<double>::quiet_NaN(), 30, 40}}};
    graph.labels = {0, 1, -1, 1, 0};
    graph.classes = {"left", "right"};
    graph.features = {5, 4, {{0, 1, 2, 2, 2, 4}, {0, 3, 1, 2}}, {1, 0.5f, 2, 3}, {}};
    graph.splits = {{"masks", {Part::train, Part::validation, Part::test, Part::train, Part::none}}};
    return graph;
}

/// Source, target, weight of each column, sorted: undirected edges are written once, so their order within a source may change.
std::multiset<std::tuple<std::int32_t, std::int32_t, float>> edges_of(const HybridGraph& graph) {
    std::multiset<std::tuple<std::int32_t, std::int32_t, float>> edges;
    const std::vector<std::int32_t> source = row_of_each(graph.out);
    for (std::size_t k = 0; k < source.size(); ++k) edges.emplace(source[k], graph.out.items[k], graph.edge_weights.empty() ? 1.f : graph.edge_weights[k]);
    return edges;
}

std::vector<std::string> texts_of(const Names& names, const char* name) {
    const auto at = std::ranges::find(names.attributes, name, &Attribute::name);
    return at == names.attributes.end() ? std::vector<std::string>() : at->texts;
}
std::vector<double> numbers_of(const Names& names, const char* name) {
    const auto at = std::ranges::find(names.attributes, name, &Attribute::name);
    return at == names.attributes.end() ? std::vector<double>() : at->numbers;
}

}

class TestGraphExport : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void hif();
    void graphml();
    void csv_folder();
    void safetensors();
    void matrix_market_and_hmetis();
    void nothing_is_left_of_a_cancelled_one();
    void sizes_and_controls();
    void open_tells_what_it_found();
    void open_keeps_graphs();
    void build_previews();
    void export_writes();

private:
    HybridGraph again(const HybridGraph& graph, const std::string& format, const std::string& name, ReadOptions options = {}) {
        m_left_out = write_graph(graph, format, m_files.path(name), {});
        return read_graph(m_files.path(name), options).graph;
    }
    FakeRun run_of(const Method& method, const std::filesystem::path& path, const Json& given) const {
        FakeRun run;
        run.inputs = {{"data", "data", "hash of " + path.string(), path.string()}};
        run.set_params(complete_parameters(method.info.parameters, given));
        method.run(run);
        return run;
    }
    GraphFiles m_files;
    std::vector<std::string> m_left_out;
};

void TestGraphExport::hif() {
    HybridGraph graph = rich_graph();
    graph.direction = {-1, 0, 1, -1, 1, 0, 1};
    const HybridGraph read = again(graph, "hif", "g.hif.json");
    QCOMPARE(read.nodes, 5);
    QCOMPARE(read.name, std::string("rich"));
    QCOMPARE(read.node_names.label, graph.node_names.label);
    QCOMPARE(read.members, graph.members);   // with the empty hyperedge
    QCOMPARE(read.direction, graph.direction);
    QCOMPARE(read.hyperedge_weights, graph.hyperedge_weights);
    QCOMPARE(texts_of(read.node_names, "colour"), texts_of(graph.node_names, "colour"));
    QCOMPARE(numbers_of(read.node_names, "x"), numbers_of(graph.node_names, "x"));
    QVERIFY(m_left_out.size() == 3);   // edges, features, splits
    // Ids keep their type: numbers, texts that look like numbers, and both side by side.
    for (const char* ids : {R"("incidences": [{"edge": 1, "node": 5}, {"edge": 2, "node": 9}])", R"("incidences": [{"edge": "1", "node": "5"}, {"edge": "2", "node": "05"}])",
             R"("incidences": [{"edge": 1, "node": 5}, {"edge": "1", "node": "5"}, {"edge": "1", "node": "x"}])"}) {
        const HybridGraph first = m_files.read("ids.json", std::string("{") + ids + "}").graph;
        const HybridGraph second = again(first, "hif", "ids2.json");
        QCOMPARE(second.node_names.label, first.node_names.label);
        QCOMPARE(second.node_names.are_texts, first.node_names.are_texts);
        QCOMPARE(second.hyperedge_names.label, first.hyperedge_names.label);
        QCOMPARE(second.members, first.members);
    }
}

void TestGraphExport::graphml() {
    const HybridGraph graph = rich_graph(), read = again(graph, "graphml", "g.graphml");
    QCOMPARE(read.node_names.label, graph.node_names.label);
    QCOMPARE(read.members, graph.members);
    QCOMPARE(edges_of(read), edges_of(graph));
    QCOMPARE(read.labels, graph.labels);
    QCOMPARE(texts_of(read.node_names, "colour"), texts_of(graph.node_names, "colour"));
    QVERIFY(std::isnan(numbers_of(read.hyperedge_names, "time")[1]));
    QCOMPARE(positions_of(read), positions_of(graph));
}

void TestGraphExport::csv_folder() {
    const HybridGraph graph = rich_graph(), read = again(graph, "csv", "folder");
    QCOMPARE(read.node_names.label, graph.node_names.label);
    QCOMPARE(read.members, graph.members);
    QCOMPARE(edges_of(read), edges_of(graph));
    QCOMPARE(read.labels, graph.labels);
    QCOMPARE(read.classes, graph.classes);
    QCOMPARE(read.features.pattern, graph.features.pattern);
    QCOMPARE(read.features.values, graph.features.values);
    QCOMPARE(read.features.columns, graph.features.columns);
    QCOMPARE(texts_of(read.node_names, "colour"), texts_of(graph.node_names, "colour"));
    write_positions(graph, positions_of(graph), m_files.path("positions.csv"));
    QVERIFY(read_file(m_files.path("positions.csv"), 10'000).starts_with("id,x,y\n\"a, b\",0,1\n"));
}

void TestGraphExport::safetensors() {
    HybridGraph graph = rich_graph();
    const HybridGraph read = again(graph, "safetensors", "g.safetensors");
    QCOMPARE(read.out, graph.out);
    QCOMPARE(read.edge_weights, graph.edge_weights);
    QCOMPARE(read.members, graph.members);
    QCOMPARE(read.hyperedge_weights, graph.hyperedge_weights);
    QCOMPARE(read.labels, graph.labels);
    QCOMPARE(read.splits.at(0).part, graph.splits[0].part);
    QCOMPARE(read.features.columns, 4);
    QCOMPARE(read.features.dense.size(), 20u);   // a fifth is filled: dense
    QCOMPARE(read.features.dense[7], 0.5f);
    graph.labels = {};
    graph.targets = {1, std::numeric_limits<float>::quiet_NaN(), 3, 4, 5};
    QVERIFY(std::isnan(again(graph, "safetensors", "r.safetensors").targets[1]));
}

void TestGraphExport::matrix_market_and_hmetis() {
    const HybridGraph graph = rich_graph();
    QCOMPARE(again(graph, "mtx_incidence", "i.mtx").members, graph.members);
    ReadOptions adjacency;
    adjacency.matrix = "adjacency";
    const HybridGraph read = again(graph, "mtx_adjacency", "a.mtx", adjacency);
    QCOMPARE(read.out, graph.out);
    QCOMPARE(read.edge_weights, graph.edge_weights);
    const HybridGraph hmetis = again(graph, "hgr", "g.hgr");
    QCOMPARE(hmetis.members, graph.members);
    QCOMPARE(hmetis.hyperedge_weights, graph.hyperedge_weights);
}

void TestGraphExport::nothing_is_left_of_a_cancelled_one() {
    HybridGraph graph;
    graph.nodes = 300'000;
    set_hyperedges(graph, {{0, 1}, {0}});
    for (const char* format : {"hif", "graphml", "csv", "mtx_incidence", "hgr"}) {
        const auto path = m_files.path(std::string("cancelled_") + format);
        QVERIFY_THROWS_EXCEPTION(Ended, write_graph(graph, format, path, [](double, double) { throw Ended{}; }));
        if (std::filesystem::is_directory(path)) QVERIFY(std::filesystem::is_empty(path));
        else QVERIFY(!std::filesystem::exists(path));
    }
}

void TestGraphExport::sizes_and_controls() {
    HybridGraph graph = rich_graph();
    graph.direction = {-1, 0, 1, -1, 1, 0, 1};
    QCOMPARE(keep_sizes(graph, 2, 2), 2);
    QCOMPARE(graph.members, (Csr{{0, 2, 4}, {2, 4, 4, 3}}));
    QCOMPARE(graph.hyperedge_weights, (std::vector<float>{2, 4}));
    QCOMPARE(graph.direction, (std::vector<std::int8_t>{-1, 1, 0, 1}));
    QCOMPARE(graph.hyperedge_names.label, (std::vector<std::string>{"h 1", "h3"}));
    QCOMPARE(graph.hyperedge_names.attributes[0].numbers[1], 40.0);

    HybridGraph large;
    large.nodes = 200;
    Csr members;
    for (std::int32_t h = 0; h < 300; ++h) {
        for (std::int32_t k = 0; k <= h % 7; ++k) members.items.push_back((h * 13 + k * 29) % 200);
        members.offsets.push_back(members.size());
    }
    set_hyperedges(large, members);
    for (const bool swap : {false, true}) {
        const auto make = [&](std::uint64_t seed) { return swap ? swapped_members(large, seed, {}) : random_members(large, seed, {}); };
        const Csr made = make(3);
        QCOMPARE(made.offsets, members.offsets);
        QCOMPARE(made, make(3));
        QVERIFY(made != make(4) && made != members);
        for (std::int64_t h = 0; h < made.rows(); ++h) QCOMPARE(std::set<std::int32_t>(made[h].begin(), made[h].end()).size(), static_cast<std::size_t>(made.length(h)));
        if (!swap) continue;
        const Csr before = transposed(members, 200), after = transposed(made, 200);
        QCOMPARE(after.offsets, before.offsets);
    }
}

void TestGraphExport::open_tells_what_it_found() {
    write_graph(rich_graph(), "csv", m_files.path("opened"), {});
    const FakeRun run = run_of(open_method(), m_files.path("opened"), Json::object());
    QCOMPARE(run.summaries.at("nodes"), 5);
    QCOMPARE(run.summaries.at("edges"), 6);
    QCOMPARE(run.summaries.at("hyperedges"), 4);
    QCOMPARE(run.summaries.at("memberships"), 7);
    QCOMPARE(run.summaries.at("features"), 4);
    QCOMPARE(run.summaries.at("classes"), Json({"left", "right"}));
    QCOMPARE(run.summaries.at("regression"), false);
    QCOMPARE(run.summaries.at("directed"), false);
    QCOMPARE(run.tensor("edge_index").sizes().vec(), (std::vector<std::int64_t>{2, 6}));
    QCOMPARE(run.tensor("edge_index").scalar_type(), at::kInt);
    QVERIFY(run.tensor("memberships").equal(at::tensor({0, 1, 2, 2, 4, 4, 3, 0, 0, 0, 1, 1, 3, 3}, at::kInt).reshape({2, 7})));
    QVERIFY(run.tensor("labels").equal(at::tensor({0, 1, -1, 1, 0}, at::kInt)));
    QCOMPARE(run.tensor("positions").sizes().vec(), (std::vector<std::int64_t>{5, 2}));
    const std::string nodes = *run.find("nodes")->bytes;
    QVERIFY2(nodes.starts_with("id,name,class,colour,x,y\r\n0,\"a, b\",left,red,0,1\r\n"), nodes.c_str());
    QVERIFY(run.find("hyperedges")->bytes->starts_with("id,name,size,time\r\n0,h0,3,10\r\n1,h 1,2,\r\n"));
    QVERIFY(run.find("import")->bytes->starts_with("what,found,became\r\nnodes,5,"));
    QVERIFY(!run.find("targets") && !run.find("parts"));
}

void TestGraphExport::open_keeps_graphs() {
    m_files.write("kept.txt", "0 1\n1 2\n2 0\n");
    const auto nodes = [&](const Json& given) { return run_of(open_method(), m_files.path("kept.txt"), given).summaries.at("edges").get<int>(); };
    QCOMPARE(nodes(Json::object()), 6);
    QCOMPARE(nodes({{"graph.direction", "directed"}}), 3);
    m_files.write("kept.txt", "0 1\n");   // the same path with other content
    QCOMPARE(nodes(Json::object()), 2);
    // A bad file leaves what was opened before.
    m_files.write("bad.txt", "0\n1,2,3 4\n\"");
    QVERIFY(!error_of([&] { run_of(open_method(), m_files.path("bad.txt"), Json::object()); }).empty());
    QCOMPARE(nodes(Json::object()), 2);
    FakeRun run;
    run.inputs = {{"data", "data", "x", m_files.write("never.txt", "0 1\n2 3\n").string()}};
    run.set_params(complete_parameters(open_method().info.parameters, Json::object()));
    run.cancel_after = 0;
    QVERIFY_THROWS_EXCEPTION(Cancelled, open_method().run(run));
}

void TestGraphExport::build_previews() {
    // Two triangles that share an edge, and a tail.
    m_files.write("built/edges.csv", "source,target\n0,1\n1,2\n2,0\n1,3\n2,3\n3,4\n");
    m_files.write("built/nodes.csv", "id,start,chromosome\n0,10,a\n1,20,a\n2,150,a\n3,20,b\n4,30,b\n");
    const auto build = [&](const Json& given) { return run_of(build_method(), m_files.path("built"), given); };
    const FakeRun cliques = build({{"hyperedges.source", "cliques"}, {"preview", false}});
    QCOMPARE(cliques.summaries.at("hyperedges"), 2);
    QCOMPARE(cliques.summaries.at("largest"), 3);
    QCOMPARE(cliques.summaries.at("uncovered"), 1);
    QCOMPARE(*cliques.find("sizes")->bytes, std::string("size,hyperedges\r\n3,2\r\n"));
    QCOMPARE(cliques.tensor("memberships").size(1), 6);
    QCOMPARE(build({{"hyperedges.source", "cliques"}, {"hyperedges.smallest", 2}}).summaries.at("hyperedges"), 3);
    QCOMPARE(build({{"hyperedges.source", "cliques"}, {"hyperedges.smallest", 2}, {"hyperedges.largest", 2}}).summaries.at("hyperedges"), 1);
    QCOMPARE(build({{"hyperedges.source", "window"}, {"hyperedges.width", 100}, {"hyperedges.step", 100}}).summaries.at("memberships"), 5);
    m_files.write("table.csv", "0.1, 1.2\n\n3.4,99\n");
    const FakeRun table = build({{"hyperedges.source", "table"}, {"hyperedges.table", m_files.path("table.csv").string()}});
    QCOMPARE(table.summaries.at("hyperedges"), 3);   // row numbers are ids: the empty row is one
    QCOMPARE(table.summaries.at("memberships"), 3);
    write_safetensors(m_files.path("emb.safetensors"), {{"emb", at::tensor({0.f, 1.f, 2.f, 10.f, 11.f}).reshape({5, 1})}});
    const FakeRun nearest = build({{"hyperedges.source", "nearest"}, {"hyperedges.k", 2}, {"hyperedges.embedding", m_files.path("emb.safetensors").string()}});
    QCOMPARE(nearest.summaries.at("hyperedges"), 5);
    QCOMPARE(nearest.summaries.at("threshold"), 1.0);
    const FakeRun control = build({{"hyperedges.source", "cliques"}, {"hyperedges.rewire", "sizes"}});
    QCOMPARE(control.summaries.at("hyperedges"), 2);
    QVERIFY(std::ranges::any_of(control.logs, [](const std::string& line) { return line.find("random control") != line.npos; }));
    QCOMPARE(build({{"hyperedges.source", "none"}}).summaries.at("hyperedges"), 0);
    const std::string attribute = error_of([&] { build({{"hyperedges.source", "window"}, {"hyperedges.position", "nowhere"}}); });
    QVERIFY2(has_all(attribute, {"nowhere", "start"}), attribute.c_str());
}

void TestGraphExport::export_writes() {
    m_files.write("in.txt", "0,1,2\n2,3\n");
    const auto out = m_files.path("out.graphml");
    const FakeRun run = run_of(export_method(), m_files.path("in.txt"), {{"export.format", "graphml"}, {"export.path", out.string()}, {"hyperedges.keep_smallest", 3}});
    QCOMPARE(run.summaries.at("path"), out.string());
    QCOMPARE(read_graph(out, {}).graph.hyperedge_count(), 1);
    write_safetensors(m_files.path("layout.safetensors"), {{"value", at::zeros({4, 2})}});
    run_of(export_method(), m_files.path("in.txt"), {{"export.format", "positions"}, {"export.path", m_files.path("p.csv").string()}, {"export.positions", m_files.path("layout.safetensors").string()}});
    QCOMPARE(read_file(m_files.path("p.csv"), 1000), std::string("id,x,y\n0,0,0\n1,0,0\n2,0,0\n3,0,0\n"));
    const std::string error = error_of([&] { run_of(export_method(), m_files.path("in.txt"), {{"export.path", "/nowhere/at/all.json"}}); });
    QVERIFY2(has_all(error, {"/nowhere/at"}), error.c_str());
}

QTEST_GUILESS_MAIN(TestGraphExport)
#include "test_graph_export.moc"
