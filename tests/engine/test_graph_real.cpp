// The readers on real data: the counts of the data folder's README. Skipped where LATHE_DATA is not there.
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/time.h"
#include "engine/graph_files.h"
#include <QtTest>

using namespace lathe;
using namespace lathe::hypergraph;

class TestGraphReal : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        const std::string data = qEnvironmentVariable("LATHE_DATA").toStdString();
        m_data = std::filesystem::path(data) / "hypergraphs";
        if (data.empty() || !std::filesystem::is_directory(m_data)) QSKIP("LATHE_DATA/hypergraphs is not there.");
    }

    void musae_data();
    void musae();
    void published_hyperedges_data();
    void published_hyperedges();
    void folders_and_files_data();
    void folders_and_files();
    void same_graph_in_all_formats();
    void hif_compliance_data();
    void hif_compliance();
    void hif_samples_data();
    void hif_samples();
    void table_of_genes();
    void facebook_is_fast();

private:
    std::filesystem::path m_data;
};

void TestGraphReal::musae_data() {
    QTest::addColumn<int>("nodes");
    QTest::addColumn<int>("columns");
    QTest::addColumn<int>("features");
    QTest::addColumn<int>("entries");      // without the repeated ones (16 of GitHub); 0: not counted here
    QTest::addColumn<QList<int>>("classes");
    QTest::newRow("facebook") << 22'470 << 342'004 << 4'714 << 314'583 << QList<int>{3'327, 6'495, 6'880, 5'768};
    QTest::newRow("github") << 37'700 << 578'006 << 4'005 << 690'358 << QList<int>{27'961, 9'739};
    QTest::newRow("twitch_ENGB") << 7'126 << 70'648 << 3'170 << 0 << QList<int>{};
    QTest::newRow("twitch_RU") << 4'385 << 74'608 << 3'170 << 0 << QList<int>{};
    QTest::newRow("twitch_PTBR") << 1'912 << 62'598 << 3'170 << 0 << QList<int>{};
    QTest::newRow("twitch_DE") << 9'498 << 306'276 << 3'170 << 0 << QList<int>{};
    QTest::newRow("wikipedia_chameleon") << 2'277 << 62'742 << 3'132 << 0 << QList<int>{};
    QTest::newRow("wikipedia_squirrel") << 5'201 << 396'706 << 3'148 << 0 << QList<int>{};
    QTest::newRow("wikipedia_crocodile") << 11'631 << 341'546 << 0 << 0 << QList<int>{};
}

void TestGraphReal::musae() {
    QFETCH(const int, nodes);
    QFETCH(const int, columns);
    QFETCH(const int, features);
    QFETCH(const int, entries);
    QFETCH(const QList<int>, classes);
    const std::string name = QTest::currentDataTag();
    const HybridGraph graph = read_graph(m_data / "musae" / name, {}).graph;
    QCOMPARE(graph.nodes, std::int64_t{nodes});
    QCOMPARE(graph.out.size(), std::int64_t{columns});
    QVERIFY(!graph.directed);
    QCOMPARE(graph.features.columns, std::int64_t{features});
    if (entries > 0) QCOMPARE(graph.features.pattern.size(), std::int64_t{entries});
    QVERIFY(graph.node_names.label.empty());   // ids run from 0
    if (name.starts_with("wikipedia")) {
        QVERIFY(graph.labels.empty());
        QCOMPARE(graph.targets.size(), static_cast<std::size_t>(nodes));
        if (name.ends_with("chameleon")) {
            QCOMPARE(*std::ranges::min_element(graph.targets), 15.f);
            QCOMPARE(*std::ranges::max_element(graph.targets), 508'957.f);
        }
        ReadOptions logarithm;
        logarithm.log_target = true;
        const HybridGraph scaled = read_graph(m_data / "musae" / name, logarithm).graph;
        QVERIFY(std::abs(scaled.targets[5] - std::log(graph.targets[5])) < 1e-5);
        return;
    }
    for (qsizetype k = 0; k < classes.size(); ++k) QCOMPARE(std::ranges::count(graph.labels, static_cast<std::int32_t>(k)), classes[k]);
    QCOMPARE(graph.classes.size(), classes.isEmpty() ? 2u : static_cast<std::size_t>(classes.size()));
    if (name == "facebook") QCOMPARE(graph.classes, (std::vector<std::string>{"tvshow", "company", "government", "politician"}));
    if (name.starts_with("twitch")) QCOMPARE(graph.classes, (std::vector<std::string>{"False", "True"}));
}

void TestGraphReal::published_hyperedges_data() {
    QTest::addColumn<int>("hyperedges");
    QTest::addColumn<int>("memberships");
    QTest::newRow("twitch_ENGB") << 13'248 << 48'560;
    QTest::newRow("twitch_RU") << 25'673 << 123'572;
    QTest::newRow("wikipedia_chameleon") << 14'650 << 113'444;
}

void TestGraphReal::published_hyperedges() {
    QFETCH(const int, hyperedges);
    QFETCH(const int, memberships);
    const HybridGraph graph = read_graph(m_data / "musae" / QTest::currentDataTag(), {}).graph;
    QCOMPARE(graph.hyperedge_count(), std::int64_t{hyperedges});
    QCOMPARE(graph.members.size(), std::int64_t{memberships});
    QCOMPARE(member_sets(graph.members), member_sets(maximal_cliques(simple_neighbours(graph), 3, {})));   // they are the maximal cliques, as sets
}

void TestGraphReal::folders_and_files_data() {
    QTest::addColumn<QString>("matrix");
    QTest::addColumn<int>("nodes");
    QTest::addColumn<int>("columns");
    QTest::addColumn<int>("hyperedges");
    QTest::addColumn<int>("memberships");
    QTest::addColumn<int>("features");
    QTest::addColumn<int>("entries");
    QTest::addColumn<int>("classes");
    QTest::newRow("hypergcn/cora_coauthorship") << "ask" << 2'708 << 0 << 1'072 << 4'585 << 1'433 << 49'216 << 7;
    QTest::newRow("hypergcn/cora_cocitation") << "ask" << 2'708 << 0 << 1'579 << 4'786 << 1'433 << 49'216 << 7;
    QTest::newRow("hypergcn/citeseer_cocitation") << "ask" << 3'312 << 0 << 1'079 << 3'453 << 3'703 << 105'165 << 6;
    QTest::newRow("hypergcn/dblp_coauthorship") << "ask" << 41'302 << 0 << 22'363 << 99'561 << 0 << 0 << 6;
    QTest::newRow("amazon_photo/amazon_photo.npz") << "ask" << 7'650 << 238'163 << 0 << 0 << 745 << 0 << 8;
    QTest::newRow("amazon_computers/amazon_computers.npz") << "ask" << 13'752 << 491'722 << 0 << 0 << 767 << 0 << 10;
    QTest::newRow("cora_citation/cora.npz") << "ask" << 2'708 << 10'556 << 0 << 0 << 1'433 << 0 << 7;
    QTest::newRow("amazon_photo/adjacency.mtx.gz") << "adjacency" << 7'650 << 143'663 << 0 << 0 << 0 << 0 << 0;
    QTest::newRow("xgi_json/lesmis.xgi.json.gz") << "ask" << 80 << 0 << 402 << 0 << 0 << 0 << 0;
    QTest::newRow("graphml/lesmis_bipartite.graphml.gz") << "ask" << 80 << 0 << 402 << 862 << 0 << 0 << 0;
}

void TestGraphReal::folders_and_files() {
    QFETCH(const QString, matrix);
    QFETCH(const int, nodes);
    QFETCH(const int, columns);
    QFETCH(const int, hyperedges);
    QFETCH(const int, memberships);
    QFETCH(const int, features);
    QFETCH(const int, entries);
    QFETCH(const int, classes);
    ReadOptions options;
    options.matrix = matrix.toStdString();
    const HybridGraph graph = read_graph(m_data / QTest::currentDataTag(), options).graph;
    QCOMPARE(graph.nodes, std::int64_t{nodes});
    QCOMPARE(graph.out.size(), std::int64_t{columns});
    QCOMPARE(graph.hyperedge_count(), std::int64_t{hyperedges});
    if (memberships > 0) QCOMPARE(graph.members.size(), std::int64_t{memberships});
    QCOMPARE(graph.features.columns, std::int64_t{features});
    if (entries > 0) QCOMPARE(graph.features.pattern.size(), std::int64_t{entries});
    QCOMPARE(static_cast<int>(graph.classes.size()), classes);
    if (std::string_view(QTest::currentDataTag()).starts_with("hypergcn/c")) {
        QCOMPARE(graph.splits.size(), 10u);
        QCOMPARE(graph.splits[0].name, std::string("1"));
        QCOMPARE(std::ranges::count(graph.splits[0].part, Part::none), 0);
    }
}

/// HyperGCN's folder, hMETIS, MatrixMarket and HIF hold the same hypergraph of authors.
void TestGraphReal::same_graph_in_all_formats() {
    const std::filesystem::path folder = m_data / "hypergcn" / "cora_coauthorship";
    const HybridGraph first = read_graph(folder, {}).graph;
    for (const char* name : {"hypergraph.hgr.gz", "incidence.mtx.gz"}) QCOMPARE(member_sets(read_graph(folder / name, {}).graph.members), member_sets(first.members));
    const HybridGraph hif = read_graph(folder / "hypergraph.hif.json.gz", {}).graph;   // its file lists no isolated nodes, or all: ids are the same numbers
    Csr named = hif.members;
    if (!hif.node_names.label.empty())
        for (std::int32_t& node : named.items) node = std::stoi(hif.node_names.label[static_cast<std::size_t>(node)]);
    // Authors of the same name are one hyperedge in HIF, whose ids are names.
    QVERIFY(hif.hyperedge_count() <= first.hyperedge_count());
    QCOMPARE(std::set<std::int32_t>(named.items.begin(), named.items.end()), std::set<std::int32_t>(first.members.items.begin(), first.members.items.end()));
}

void TestGraphReal::hif_compliance_data() {
    QTest::addColumn<QString>("path");
    QTest::addColumn<bool>("good");
    for (const bool good : {true, false}) {
        int count = 0;
        for (const auto& entry : std::filesystem::directory_iterator(m_data / "hif" / (good ? "HIF-compliant" : "HIF-non-compliant"))) {
            QTest::newRow(entry.path().filename().c_str()) << QString::fromStdString(entry.path().string()) << good;
            ++count;
        }
        QVERIFY(count == (good ? 15 : 16));
    }
}

void TestGraphReal::hif_compliance() {
    QFETCH(const QString, path);
    QFETCH(const bool, good);
    for (const char* format : {"auto", "hif"}) {
        ReadOptions options;
        options.format = format;
        std::string refused;
        try {
            read_graph(path.toStdString(), options);
        } catch (const Error& error) {
            refused = error.what();
        }
        QVERIFY2(refused.empty() == good, refused.c_str());
        if (!good) QVERIFY2(refused.find(std::filesystem::path(path.toStdString()).filename().string()) != refused.npos, refused.c_str());
    }
}

void TestGraphReal::hif_samples_data() {
    QTest::addColumn<int>("nodes");
    QTest::addColumn<int>("hyperedges");
    QTest::addColumn<bool>("directed");
    QTest::newRow("lesmis.hif.json.gz") << 80 << 402 << false;
    QTest::newRow("publications.hif.json.gz") << 1'960 << 533 << false;
    QTest::newRow("publications_main_component.hif.json.gz") << 108 << 33 << false;
    QTest::newRow("email-enron.json.gz") << 148 << 10'885 << false;
    QTest::newRow("e-coli.json.gz") << 72 << 141 << true;
    QTest::newRow("diseasome.json.gz") << 516 << 938 << false;
    QTest::newRow("tiny_directed.hif.json") << 4 << 2 << true;
}

void TestGraphReal::hif_samples() {
    QFETCH(const int, nodes);
    QFETCH(const int, hyperedges);
    QFETCH(const bool, directed);
    ReadOptions options;
    options.all_faces = true;
    const HybridGraph graph = read_graph(m_data / "hif" / "samples" / QTest::currentDataTag(), options).graph;
    QCOMPARE(graph.nodes, std::int64_t{nodes});
    QCOMPARE(graph.hyperedge_count(), std::int64_t{hyperedges});
    QCOMPARE(!graph.direction.empty(), directed);
    if (std::string_view(QTest::currentDataTag()).starts_with("tiny")) {
        QCOMPARE(graph.members.items, (std::vector<std::int32_t>{0, 1, 2, 2, 0, 3}));
        QCOMPARE(graph.direction, (std::vector<std::int8_t>{-1, -1, 1, -1, 1, 1}));
    }
}

void TestGraphReal::table_of_genes() {
    const auto rows = read_table(m_data / "grand" / "ensembl_ids.csv.gz", {});
    QCOMPARE(rows.size(), 38'171u);
    QCOMPARE(std::ranges::count_if(rows, [](const auto& row) { return row.empty(); }), 2'709);
    std::set<std::string> genes;
    for (const auto& row : rows)
        for (const std::string& name : row) genes.insert(name.substr(0, name.find('.')));
    QCOMPARE(genes.size(), 56'917u);
}

void TestGraphReal::facebook_is_fast() {
    double best = 1e9;
    for (int round = 0; round < 3; ++round) {
        const double begin = monotonic_seconds();
        const ReadGraph read = read_graph(m_data / "musae" / "facebook", {});
        best = std::min(best, monotonic_seconds() - begin);
        QCOMPARE(found_in(read.report, "edges from a node to itself"), std::string("179"));
    }
    qInfo("Facebook: %.3f s", best);
    QVERIFY2(best < 15, "ten times the bar, for slow and busy machines");
}

QTEST_GUILESS_MAIN(TestGraphReal)
#include "test_graph_real.moc"
