// Every text format on small files made here; what is refused is tested in test_graph_refusals.cpp.
#include "core/base/json.h"
#include "engine/errors.h"
#include "engine/graph_files.h"
#include "engine/test_data.h"
#include "plugins/hypergraph/engine/graph_writer.h"
#include "plugins/hypergraph/engine/text_lines.h"
#include "plugins/hypergraph/engine/xml_pull.h"
#include <QtTest>

using namespace lathe;
using namespace lathe::hypergraph;

namespace {

using Ids = std::vector<std::int32_t>;
Ids row(const Csr& csr, std::int64_t at) { return {csr[at].begin(), csr[at].end()}; }

}

class TestGraphFiles : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void edge_lists();
    void ids_that_are_names();
    void directions_duplicates_loops();
    void memberships_and_lines();
    void musae_folder();
    void wikipedia_folder();
    void twitch_folder();
    void hypergcn_ogb_benson_folders();
    void hif();
    void hif_ids_keep_their_type();
    void simplicial_complex();
    void xgi();
    void graphml();
    void gexf();
    void sif();
    void matrix_market_and_hmetis();
    void csv_folder_with_splits();
    void the_graph_that_comes_with_the_program();
    void fields_and_numbers();

private:
    GraphFiles m_files;
};

void TestGraphFiles::edge_lists() {
    // The same graph in every dress.
    for (const char* text : {"0,1\n1,2\n2,0\n", "source,target\n0,1\n1,2\n2,0\n", "# a comment\n% another\n0\t1\n1\t2\n\n2\t0", "0 1\r\n1   2\r\n2 0\r\n", "u;v\n0;1\n1;2\n2;0\n", "\xef\xbb\xbfid_1,id_2\n0,1\n1,2\n2,0\n",
             "first,second\n0,1\n1,2\n2,0\n"}) {
        const HybridGraph graph = m_files.read("edges.csv", text).graph;
        QCOMPARE(graph.nodes, 3);
        QCOMPARE(graph.out.size(), 6);
        QCOMPARE(row(graph.out, 0), (Ids{1, 2}));
        QVERIFY(!graph.directed && graph.edge_weights.empty() && graph.node_names.label.empty());
    }
    const HybridGraph weighted = m_files.read("weighted.txt.gz", "0 1 0.5\n1 2 2\n").graph;
    QCOMPARE(weighted.edge_weights, (std::vector<float>{0.5f, 2, 0.5f, 2}));
    const HybridGraph named = m_files.read("named.csv", "source,target,kind,weight\na,b,x,3\n").graph;
    QCOMPARE(named.edge_weights, (std::vector<float>{3, 3}));
    // A list that has both directions is not doubled.
    QCOMPARE(m_files.read("both.txt", "0 1\n1 0\n1 2\n2 1\n").graph.out.size(), 4);
}

void TestGraphFiles::ids_that_are_names() {
    const HybridGraph texts = m_files.read("names.csv", "Jean Valjean,Cosette\nCosette,\"Marius, Baron\"\n").graph;
    QCOMPARE(texts.node_names.label, (std::vector<std::string>{"Jean Valjean", "Cosette", "Marius, Baron"}));
    QVERIFY(texts.node_names.are_texts);
    // Numbers with gaps rise, and stay as names.
    const HybridGraph numbers = m_files.read("gaps.txt", "900000000000 7\n7 -3\n").graph;
    QCOMPARE(numbers.node_names.label, (std::vector<std::string>{"-3", "7", "900000000000"}));
    QCOMPARE(row(numbers.out, 1), (Ids{0, 2}));
    const HybridGraph from_one = m_files.read("one.txt", "1 2\n2 3\n").graph;
    QCOMPARE(from_one.node_names.label, (std::vector<std::string>{"1", "2", "3"}));
    const HybridGraph mixed = m_files.read("mixed.txt", "1 x\n007 99999999999999999999\n").graph;
    QCOMPARE(mixed.node_names.label, (std::vector<std::string>{"1", "x", "007", "99999999999999999999"}));
}

void TestGraphFiles::directions_duplicates_loops() {
    const std::string text = "0 1\n0 1\n1 0\n1 2\n2 2\n";
    ReadOptions options;
    const ReadGraph kept = m_files.read("list.txt", text, options);
    QCOMPARE(kept.graph.out.size(), 10);   // each row in both directions, the loop as well
    QCOMPARE(found_in(kept.report, "repeated edges"), std::string("2"));
    QCOMPARE(found_in(kept.report, "edges from a node to itself"), std::string("1"));
    options.duplicates = "remove";
    QCOMPARE(m_files.read("list.txt", text, options).graph.out.size(), 5);
    options.loops = "remove";
    QCOMPARE(m_files.read("list.txt", text, options).graph.out.size(), 4);
    options = {};
    options.direction = "directed";
    const HybridGraph directed = m_files.read("list.txt", text, options).graph;
    QVERIFY(directed.directed);
    QCOMPARE(directed.out.size(), 5);
    QCOMPARE(row(directed.out, 0), (Ids{1, 1}));
    QCOMPARE(row(directed.in, 0), (Ids{1}));
}

void TestGraphFiles::memberships_and_lines() {
    for (const char* text : {"node,hyperedge\n0,0\n1,0\n2,0\n1,1\n2,1\n3,1\n", "hyperedge\tnode\n0\t0\n0\t1\n0\t2\n1\t1\n1\t2\n1\t3\n"}) {
        const HybridGraph graph = m_files.read("hyperedges.csv", text).graph;
        QCOMPARE(graph.hyperedge_count(), 2);
        QCOMPARE(row(graph.members, 1), (Ids{1, 2, 3}));
        QCOMPARE(row(graph.hyperedges, 1), (Ids{0, 1}));
    }
    ReadOptions memberships;
    memberships.format = "memberships";
    QCOMPARE(m_files.read("pairs.txt", "0 5\n1 5\n", memberships).graph.hyperedge_names.label, (std::vector<std::string>{"5"}));
    const HybridGraph lines = m_files.read("sets.txt", "0,1,2\n3\n1,2,3,4,\n").graph;
    QCOMPARE(lines.hyperedge_count(), 3);
    QCOMPARE(row(lines.members, 2), (Ids{1, 2, 3, 4}));
}

void TestGraphFiles::musae_folder() {
    // In any order of nodes and features, with quoted commas; a loop is doubled, as in the Hybrid Graph Benchmark.
    m_files.write("fb/musae_facebook_edges.csv", "id_1,id_2\n0,2\n1,1\n2,3\n");
    m_files.write("fb/musae_facebook_target.csv.gz", "id,facebook_id,page_name,page_type\n2,145647315578475,\"Voice, of \"\"China\"\" 中国\",tvshow\n0,1,a,government\n3,2,b,politician\n1,3,c,tvshow\n");
    m_files.write("fb/musae_facebook_features.json", "{\"3\": [1, 0, 1], \"0\": [4], \"2\": []}");
    const ReadGraph read = read_graph(m_files.path("fb"), {});
    const HybridGraph& graph = read.graph;
    QCOMPARE(graph.nodes, 4);
    QCOMPARE(graph.out.size(), 6);
    QCOMPARE(row(graph.out, 1), (Ids{1, 1}));
    QCOMPARE(graph.labels, (Ids{2, 0, 0, 3}));
    QCOMPARE(graph.classes[1], std::string("company"));
    QCOMPARE(graph.features.columns, 5);
    QCOMPARE(row(graph.features.pattern, 3), (Ids{0, 1}));
    QVERIFY(graph.features.values.empty());
    QCOMPARE(found_in(read.report, "feature entries that stand again"), std::string("1"));
    QCOMPARE(found_in(read.report, "nodes without a feature"), std::string("2"));
    const auto name = std::ranges::find(graph.node_names.attributes, "page_name", &Attribute::name);
    QCOMPARE(name->texts[2], std::string("Voice, of \"China\" 中国"));
    const auto number = std::ranges::find(graph.node_names.attributes, "facebook_id", &Attribute::name);
    QCOMPARE(number->numbers[2], 145647315578475.0);
    ReadOptions none;
    none.features = "none";
    QVERIFY(read_graph(m_files.path("fb"), none).graph.features.empty());
}

void TestGraphFiles::wikipedia_folder() {
    m_files.write("wiki/musae_chameleon_edges.csv", "id1,id2\n0,1\n1,0\n1,2\n2,2\n");
    m_files.write("wiki/musae_chameleon_target.csv", "id,target\n0,171\n1,15\n2,0\n");
    ReadOptions options;
    const ReadGraph read = read_graph(m_files.path("wiki"), options);
    QCOMPARE(read.graph.out.size(), 4);   // both directions of two edges; no loop, no duplicate
    QCOMPARE(read.graph.targets, (std::vector<float>{171, 15, 0}));
    QVERIFY(read.graph.labels.empty());
    options.log_target = true;
    const ReadGraph scaled = read_graph(m_files.path("wiki"), options);
    QVERIFY(std::abs(scaled.graph.targets[0] - std::log(171.f)) < 1e-6);
    QVERIFY(std::isnan(scaled.graph.targets[2]));
    QCOMPARE(found_in(scaled.report, "targets of 0 and less"), std::string("1"));
    options.duplicates = options.loops = "keep";
    QCOMPARE(read_graph(m_files.path("wiki"), options).graph.out.size(), 8);
}

void TestGraphFiles::twitch_folder() {
    m_files.write("fr/edges.csv", "from,to\n0,1\n1,2\n");
    m_files.write("fr/target.csv", "id,days,mature,views,partner,new_id\n77,10,True,5,False,2\n88,11,False,6,False,0\n99,12,True,7,True,1\n88,11,False,6,False,0\n");
    m_files.write("fr/hgb_hyperedges.csv.gz", "node,hyperedge\n0,0\n1,0\n2,0\n");
    const ReadGraph read = read_graph(m_files.path("fr"), {});
    QCOMPARE(read.graph.nodes, 3);
    QCOMPARE(read.graph.labels, (Ids{0, 1, 1}));
    QCOMPARE(read.graph.hyperedge_count(), 1);
    QCOMPARE(found_in(read.report, "rows of nodes that stand again"), std::string("1"));
    const auto id = std::ranges::find(read.graph.node_names.attributes, "id", &Attribute::name);
    QCOMPARE(id->numbers, (std::vector<double>{88, 99, 77}));
}

void TestGraphFiles::hypergcn_ogb_benson_folders() {
    m_files.write("cora/hyperedges.tsv.gz", "V Gupta\t0,2\nV Gupta\t1,2,3\n");
    m_files.write("cora/features.mtx", "%%MatrixMarket matrix coordinate pattern general\n4 3 2\n1 1\n4 3\n");
    m_files.write("cora/labels.txt", "2\n0\n1\n0\n");
    m_files.write("cora/splits_train.json", "{\"1\": [0, 3], \"2\": [1]}");
    const HybridGraph cora = read_graph(m_files.path("cora"), {}).graph;
    QCOMPARE(cora.hyperedge_count(), 2);   // authors of the same name stay two
    QCOMPARE(cora.labels, (Ids{2, 0, 1, 0}));
    QCOMPARE(cora.features.columns, 3);
    QCOMPARE(cora.splits[1].part, (std::vector<Part>{Part::test, Part::train, Part::test, Part::test}));

    m_files.write("ogb/raw/num-node-list.csv.gz", "4\n");
    m_files.write("ogb/raw/num-edge-list.csv.gz", "2\n");
    m_files.write("ogb/raw/edge.csv.gz", "0,1\n3,1\n");
    m_files.write("ogb/raw/node-feat.csv.gz", "0.5,1\n0.25,2\n1,3\n2,4\n");
    m_files.write("ogb/raw/node-label.csv.gz", "0\n1\nnan\n1\n");
    for (const char* name : {"train", "valid", "test"}) m_files.write(std::string("ogb/split/time/") + name + ".csv.gz", std::string(name) == "train" ? "0\n2\n" : std::string(name) == "valid" ? "1\n" : "3\n");
    const HybridGraph ogb = read_graph(m_files.path("ogb"), {}).graph;
    QVERIFY(ogb.directed);
    QCOMPARE(ogb.nodes, 4);
    QCOMPARE(ogb.out.size(), 2);
    QCOMPARE(ogb.features.dense, (std::vector<float>{0.5, 1, 0.25, 2, 1, 3, 2, 4}));
    QCOMPARE(ogb.labels, (Ids{0, 1, -1, 1}));
    QCOMPARE(ogb.splits[0].part, (std::vector<Part>{Part::train, Part::validation, Part::train, Part::test}));

    m_files.write("benson/hyperedges-walmart.txt", "1,2,3\n2,4\n");
    m_files.write("benson/node-labels-walmart.txt", "1\n2\n2\n1\n");
    m_files.write("benson/label-names-walmart.txt", "food\ntoys\n");
    const HybridGraph benson = read_graph(m_files.path("benson"), {}).graph;
    QCOMPARE(benson.name, std::string("walmart"));
    QCOMPARE(row(benson.members, 0), (Ids{0, 1, 2}));
    QCOMPARE(benson.classes, (std::vector<std::string>{"food", "toys"}));
    QCOMPARE(benson.node_names.label[0], std::string("1"));

    m_files.write("triple/email-nverts.txt", "2\n3\n");
    m_files.write("triple/email-simplices.txt", "5\n6\n5\n6\n7\n");
    m_files.write("triple/email-times.txt", "100\n200\n");
    const HybridGraph triple = read_graph(m_files.path("triple"), {}).graph;
    QCOMPARE(row(triple.members, 1), (Ids{0, 1, 2}));
    QCOMPARE(triple.hyperedge_names.attributes[0].numbers, (std::vector<double>{100, 200}));
}

void TestGraphFiles::hif() {
    const ReadGraph read = m_files.read("directed.json", R"({"network-type": "directed", "metadata": {"name": "two reactions"},
        "nodes": [{"node": "a", "weight": 2, "attrs": {"mass": 1.5, "tags": ["x", "y"]}}, {"node": "alone"}], "edges": [{"edge": "empty"}, {"edge": "r", "weight": 3, "attrs": {"kind": "fast"}}],
        "incidences": [{"edge": "r", "node": "a", "direction": "tail"}, {"edge": "r", "node": "b", "direction": "head", "weight": 5}, {"edge": "r", "node": "a", "direction": "head"}, {"edge": "r", "node": "b", "direction": "head"}]})");
    const HybridGraph& graph = read.graph;
    QCOMPARE(graph.name, std::string("two reactions"));
    QCOMPARE(graph.node_names.label, (std::vector<std::string>{"a", "alone", "b"}));
    QCOMPARE(row(graph.members, 1), (Ids{0, 2, 0}));
    QCOMPARE(graph.direction, (std::vector<std::int8_t>{-1, 1, 1}));
    QCOMPARE(graph.hyperedge_weights, (std::vector<float>{1, 3}));
    QCOMPARE(found_in(read.report, "hyperedges without a member"), std::string("1"));
    QCOMPARE(found_in(read.report, "nodes that a hyperedge names again"), std::string("1"));
    QCOMPARE(found_in(read.report, "weights of incidences"), std::string("1"));
    QVERIFY(std::ranges::any_of(read.report.warnings, [](const std::string& text) { return text.starts_with("1 memberships have a weight other than 1"); }));
    const ReadGraph ones = m_files.read("ones.json", R"({"incidences": [{"edge": 0, "node": 0, "weight": 1}, {"edge": 0, "node": 1, "weight": 1.0}]})");
    QCOMPARE(found_in(ones.report, "weights of incidences"), std::string("2"));
    QVERIFY(ones.report.warnings.empty());
    const auto tags = std::ranges::find(graph.node_names.attributes, "tags", &Attribute::name);
    QCOMPARE(tags->texts[0], std::string("[\"x\",\"y\"]"));
}

void TestGraphFiles::hif_ids_keep_their_type() {
    const HybridGraph graph = m_files.read("types.json", R"({"incidences": [{"edge": 1, "node": 1}, {"edge": "1", "node": "1"}, {"edge": 1, "node": "x"}]})").graph;
    QCOMPARE(graph.nodes, 3);
    QCOMPARE(graph.hyperedge_count(), 2);
    QCOMPARE(graph.node_names.label, (std::vector<std::string>{"1", "\"1\"", "x"}));
}

void TestGraphFiles::simplicial_complex() {
    const std::string text = R"({"network-type": "asc", "incidences": [{"edge": 0, "node": 0}, {"edge": 0, "node": 1}, {"edge": 0, "node": 2}, {"edge": 1, "node": 0}, {"edge": 1, "node": 1}]})";
    QCOMPARE(m_files.read("asc.json", text).graph.hyperedge_count(), 2);
    ReadOptions options;
    options.all_faces = true;
    QCOMPARE(member_sets(m_files.read("asc.json", text, options).graph.members), (Sets{{0, 1, 2}, {0, 1}, {0, 2}, {1, 2}}));
}

void TestGraphFiles::xgi() {
    const HybridGraph graph = m_files.read("x.json", R"({"type": "hypergraph", "hypergraph-data": {"name": "small"}, "node-data": {"0": {"color": "red"}, "1": {}, "2": {}, "3": {}},
        "edge-data": {"a": {"w": 2}, "b": {}}, "edge-dict": {"a": ["0", "2"], "b": [1, 2]}})").graph;
    QCOMPARE(graph.nodes, 4);
    QCOMPARE(row(graph.members, 1), (Ids{1, 2}));
    QCOMPARE(graph.node_names.attributes[0].texts[0], std::string("red"));
    for (const char* members : {R"({"tail": ["0"], "head": ["1", "2"]})", R"([["0"], ["1", "2"]])"}) {
        const HybridGraph directed = m_files.read("d.json", std::string(R"({"node-data": {"0": {}, "1": {}, "2": {}}, "edge-data": {}, "edge-dict": {"e": )") + members + "}}").graph;
        std::map<std::int32_t, int> side;
        for (std::size_t k = 0; k < 3; ++k) side[directed.members.items[k]] = directed.direction[k];
        QCOMPARE(side, (std::map<std::int32_t, int>{{0, -1}, {1, 1}, {2, 1}}));
    }
    const std::string collection = error_of([&] { m_files.read("c.json", R"({"type": "collection", "datasets": {"a": {"relative-path": "a.json"}}})"); });
    QVERIFY2(has_all(collection, {"collection", "c.json", "relative-path"}), collection.c_str());
}

void TestGraphFiles::graphml() {
    const HybridGraph simple = m_files.read("g.graphml", R"(<?xml version="1.0" encoding="UTF-8"?>
<!-- by hand --><graphml xmlns="http://graphml.graphdrawing.org/xmlns"><key id="d0" for="node" attr.name="color" attr.type="string"><default>yellow</default></key>
<key id="d1" for="edge" attr.name="weight" attr.type="double"/><key id="x" for="node" attr.name="x" attr.type="double"/><key id="y" for="node" attr.name="y" attr.type="double"/>
<graph edgedefault="directed"><node id="n&lt;0"><data key="d0">&#x67;r<![CDATA[<e]]>en</data><data key="x">1.5</data><data key="y">-2</data></node><node id="n1"/>
<edge source="n&lt;0" target="n1"><data key="d1">0.5</data></edge><edge source="n1" target="n1"/></graph></graphml>)").graph;
    QVERIFY(simple.directed);
    QCOMPARE(simple.node_names.label, (std::vector<std::string>{"n<0", "n1"}));
    QCOMPARE(simple.edge_weights, (std::vector<float>{0.5f, 1}));
    QCOMPARE(simple.node_names.attributes[0].texts, (std::vector<std::string>{"gr<een", "yellow"}));
    const HybridGraph hyper = m_files.read("h.graphml", "<graphml><graph edgedefault='undirected'><node id='0'/><node id='1'/><node id='2'/>"
                                                        "<hyperedge id='h'><endpoint node='0'/><endpoint node='2'/></hyperedge><edge source='0' target='1'/></graph></graphml>").graph;
    QCOMPARE(hyper.out.size(), 2);
    QCOMPARE(row(hyper.members, 0), (Ids{0, 2}));
    const HybridGraph bipartite = m_files.read("b.graphml", "<graphml><key id='b' for='node' attr.name='bipartite' attr.type='int'/><graph edgedefault='undirected'><node id='e0'><data key='b'>1</data></node>"
                                                            "<node id='v0'><data key='b'>0</data></node><node id='v1'><data key='b'>0</data></node><edge source='e0' target='v1'/><edge source='v0' target='e0'/></graph></graphml>").graph;
    QCOMPARE(bipartite.nodes, 2);
    QCOMPARE(bipartite.hyperedge_names.label, (std::vector<std::string>{"e0"}));
    QCOMPARE(row(bipartite.members, 0), (Ids{1, 0}));
}

void TestGraphFiles::gexf() {
    const ReadGraph read = m_files.read("g.gexf", R"(<?xml version="1.0" encoding="UTF-8"?><gexf xmlns="http://gexf.net/1.3" xmlns:viz="http://gexf.net/1.3/viz" version="1.3"><graph defaultedgetype="undirected">
<attributes class="node"><attribute id="0" title="class" type="string"><default>minor</default></attribute><attribute id="1" title="age" type="integer"/></attributes>
<attributes class="edge"><attribute id="0" title="since" type="integer"/></attributes>
<nodes><node id="v" label="Valjean"><attvalues><attvalue for="0" value="main"/><attvalue for="1" value="60"/></attvalues><viz:position x="1.5" y="-2" z="0"/>
<nodes><node id="c" label="Cosette"/></nodes></node><node id="m" label="Marius &amp; Co"/></nodes>
<edges><edge id="0" source="v" target="c" weight="2.5"><attvalues><attvalue for="0" value="1823"/></attvalues></edge><edge id="1" source="c" target="x"/></edges></graph></gexf>)");
    const HybridGraph& graph = read.graph;
    QCOMPARE(graph.node_names.label, (std::vector<std::string>{"v", "c", "m", "x"}));
    QCOMPARE(graph.out.size(), 4);
    QCOMPARE(graph.edge_weights, (std::vector<float>{2.5f, 1, 2.5f, 1}));   // rows of v, c, x
    QCOMPARE(graph.classes, (std::vector<std::string>{"main", "minor"}));
    QCOMPARE(graph.labels, (Ids{0, 1, 1, 1}));
    const auto y = std::ranges::find(graph.node_names.attributes, "y", &Attribute::name);
    QCOMPARE(y->numbers[0], -2.0);
    QVERIFY(positions_of(graph).empty());   // only one node has a place
    const auto name = std::ranges::find(graph.node_names.attributes, "name", &Attribute::name);
    QCOMPARE(name->texts[2], std::string("Marius & Co"));
    QCOMPARE(found_in(read.report, "nodes that only edges name"), std::string("1"));
    QCOMPARE(found_in(read.report, "attributes of edges"), std::string("1"));
    const HybridGraph placed = m_files.read("d.gexf", "<gexf><graph defaultedgetype='directed'><nodes><node id='0'><position x='1' y='2'/></node><node id='1'><position x='3' y='-4'/></node></nodes>"
                                                      "<edges><edge source='0' target='1'/></edges></graph></gexf>").graph;
    QVERIFY(placed.directed);
    QCOMPARE(positions_of(placed), (std::vector<float>{1, 2, 3, -4}));
}

void TestGraphFiles::sif() {
    const ReadGraph read = m_files.read("c.sif.gz", "a pp b c\nd\n\nb pd  d\r\n");
    QCOMPARE(read.graph.node_names.label, (std::vector<std::string>{"a", "b", "c", "d"}));
    QCOMPARE(read.graph.out.size(), 6);
    QCOMPARE(found_in(read.report, "kinds of edges"), std::string("2"));
    QCOMPARE(m_files.read("t.sif", "node a\tpp\tnode b\n").graph.node_names.label, (std::vector<std::string>{"node a", "node b"}));
}

void TestGraphFiles::matrix_market_and_hmetis() {
    const HybridGraph incidence = m_files.read("i.mtx", "%%MatrixMarket matrix coordinate pattern general\n% comment\n4 2 5\n1 1\n2 1\n2 2\n3 2\n4 2\n").graph;
    QCOMPARE(incidence.nodes, 4);
    QCOMPARE(row(incidence.members, 1), (Ids{1, 2, 3}));
    const std::string square = "%%MatrixMarket matrix coordinate real general\n2 2 2\n1 2 0.5\n2 2 3\n";
    const std::string asked = error_of([&] { m_files.read("s.mtx", square); });
    QVERIFY2(has_all(asked, {"adjacency", "incidence", "s.mtx"}), asked.c_str());
    ReadOptions options;
    options.matrix = "adjacency";
    const HybridGraph adjacency = m_files.read("s.mtx", square, options).graph;
    QVERIFY(adjacency.directed);
    QCOMPARE(adjacency.edge_weights, (std::vector<float>{0.5f, 3}));
    options.matrix = "incidence";
    QCOMPARE(m_files.read("s.mtx", square, options).graph.hyperedge_count(), 2);
    const HybridGraph symmetric = m_files.read("y.mtx", "%%MatrixMarket matrix coordinate pattern symmetric\n3 3 3\n2 1\n3 2\n3 3\n").graph;
    QVERIFY(!symmetric.directed);
    QCOMPARE(symmetric.out.size(), 5);

    const HybridGraph hmetis = m_files.read("w.hgr", "% comment\n2 4 11\n5 1 2\n% comment\n7 2 3 4\n1\n2\n3\n4\n").graph;
    QCOMPARE(hmetis.hyperedge_weights, (std::vector<float>{5, 7}));
    QCOMPARE(row(hmetis.members, 1), (Ids{1, 2, 3}));
    QCOMPARE(hmetis.node_names.attributes[0].numbers, (std::vector<double>{1, 2, 3, 4}));
    QCOMPARE(m_files.read("p.hgr", "1 3\n1 3\n").graph.nodes, 3);
}

void TestGraphFiles::csv_folder_with_splits() {
    m_files.write("split/nodes.csv", "id,label\n10,a\n30,b\n20,a\n");   // ids rise, whatever the order of the rows
    m_files.write("split/edges.csv", "source,target\n10,20\n");
    m_files.write("split/splits_train.json", "{\"one\": [30], \"two\": [10, 20]}");
    const HybridGraph graph = read_graph(m_files.path("split"), {}).graph;
    QCOMPARE(graph.splits.size(), 2u);
    QCOMPARE(graph.splits[0].part, (std::vector<Part>{Part::test, Part::test, Part::train}));
    QCOMPARE(graph.splits[1].part, (std::vector<Part>{Part::train, Part::train, Part::test}));
    m_files.write("split/splits_train.json", "{\"one\": [0]}");
    const std::string error = error_of([&] { read_graph(m_files.path("split"), {}); });
    QVERIFY2(has_all(error, {"splits_train.json", "split one", "does not exist"}), error.c_str());
}

void TestGraphFiles::the_graph_that_comes_with_the_program() {
    const ReadGraph read = read_graph(test_data("../../resources/graphs/cora-hybrid"), {});
    const HybridGraph& graph = read.graph;
    QVERIFY(read.report.warnings.empty() && !graph.directed);
    QCOMPARE(graph.nodes, 2708);
    QCOMPARE(graph.out.size(), 2 * 5278);
    QCOMPARE(graph.hyperedge_count(), 1072);
    QCOMPARE(graph.members.size(), 4585);
    QCOMPARE(graph.features.columns, 1433);
    QCOMPARE(graph.features.pattern.size(), 49'216);
    QCOMPARE(graph.classes.size(), 7u);
    QCOMPARE(graph.splits.size(), 10u);
    for (const Split& split : graph.splits) QCOMPARE(std::ranges::count(split.part, Part::train), 140);
    // Known of Cora: paper 31336, on neural networks, cites and is cited by five others.
    QCOMPARE(graph.classes[static_cast<std::size_t>(graph.labels[0])], std::string("Neural Networks"));
    const auto papers = std::ranges::find(graph.node_names.attributes, "paper", &Attribute::name);
    QCOMPARE(papers->numbers[0], 31336.0);
    QCOMPARE(graph.out.length(0), 5);
    // Authors write on few subjects: most pairs of papers of one author have the same label.
    std::int64_t same = 0, pairs = 0;
    for (std::int64_t h = 0; h < graph.hyperedge_count(); ++h)
        for (const std::int32_t a : graph.members[h])
            for (const std::int32_t b : graph.members[h])
                if (a < b) {
                    ++pairs;
                    same += graph.labels[static_cast<std::size_t>(a)] == graph.labels[static_cast<std::size_t>(b)];
                }
    QVERIFY(2 * same > pairs);
    std::int64_t joined = 0;
    for (std::int32_t a = 0; a < graph.nodes; ++a)
        for (const std::int32_t b : graph.out[a]) joined += graph.labels[static_cast<std::size_t>(a)] == graph.labels[static_cast<std::size_t>(b)];
    QVERIFY(joined * 10 > graph.out.size() * 8);   // 81 % of Cora's citations stay within a class: the two forms are joined rightly
}

void TestGraphFiles::fields_and_numbers() {
    QCOMPARE(whole_number("12"), std::optional<std::int64_t>(12));
    for (const char* text : {"", "1.0", "+1", "1 ", "9223372036854775808", "0x1"}) QVERIFY(!whole_number(text));
    QVERIFY(!real_number("") && !real_number("1,5") && real_number("+1e-3") == 1e-3);
    const std::string text = "a,\"b\nc\",\"d\"\"e\"\n\n# no\nx, y ,\n";
    ByteStream stream(text, "t");
    FieldReader rows(stream);
    std::vector<std::string_view> fields;
    QVERIFY(rows.next(fields));
    QCOMPARE(std::vector<std::string>(fields.begin(), fields.end()), (std::vector<std::string>{"a", "b\nc", "d\"e"}));
    QVERIFY(rows.next(fields));
    QCOMPARE(rows.row(), 5);
    QCOMPARE(std::vector<std::string>(fields.begin(), fields.end()), (std::vector<std::string>{"x", "y", ""}));
    QVERIFY(!rows.next(fields));
}

QTEST_GUILESS_MAIN(TestGraphFiles)
#include "test_graph_files.moc"
