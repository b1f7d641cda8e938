// Every kind of bad input in files of graphs: what is refused names file and line, what is counted stands in the report; truncated, huge and cancelled files.
#include "engine/errors.h"
#include "engine/graph_files.h"
#include <QtTest>

using namespace lathe;
using namespace lathe::hypergraph;

class TestGraphRefusals : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void refused_data();
    void refused();
    void counted_data();
    void counted();
    void truncated_and_swollen_gzip();
    void memory_is_asked_for_first();
    void files_of_ten_gigabytes_data();
    void files_of_ten_gigabytes();
    void huge_hyperedge();
    void cancelled();

private:
    GraphFiles m_files;
};

void TestGraphRefusals::refused_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("text");
    QTest::addColumn<QStringList>("says");
    const auto row = [](const char* tag, const char* name, const char* text, QStringList says) { QTest::newRow(tag) << QString(name) << QString::fromUtf8(text) << (says << name); };
    row("empty", "e.csv", "", {"empty"});
    row("ragged", "r.csv", "id_1,id_2\n0,1\n2,3,4\n", {"line 3", "3 fields instead of 2"});
    row("no second id", "n.csv", "id_1,id_2\n0,1\n2,\n", {"line 3", "missing"});
    row("weight nan", "w.txt", "0 1 2\n1 2 nan\n", {"line 2", "finite", "nan"});
    row("open quotes", "q.csv", "\"a,b\nc,d\n", {"line 1", "never closed"});
    row("behind quotes", "q2.csv", "a,b\n\"a\"x,b\n", {"line 2", "closing quotes"});
    row("json cut", "j.json", "{\"incidences\": [{\"edge\": 1,\n", {"line 2", "too early"});
    row("json bad", "j2.json", "{\"incidences\": [\n{\"edge\": 1, \"node\": tru}]}", {"line 2", "no valid JSON"});
    row("json utf8", "j5.json", "{\"incidences\": [{\"edge\": 1, \"node\": \"\\ud800\"}]}", {"line 1"});
    row("json deep", "j3.json", QByteArray("{\"metadata\": " + QByteArray(100, '[') + QByteArray(100, ']') + ", \"incidences\": []}").constData(), {"metadata"});
    row("json deep inside", "j6.json", QByteArray("{\"metadata\": {\"a\": " + QByteArray(100, '[') + QByteArray(100, ']') + "}, \"incidences\": []}").constData(), {"too deep"});
    row("json twice", "j4.json", "{\"incidences\": [], \"incidences\": []}", {"stands twice"});
    row("json key twice", "j7.json", "{\"incidences\": [{\"edge\": 1, \"edge\": 2, \"node\": 0}]}", {"stands twice"});
    row("hif big id", "b.json", "{\"incidences\": [{\"edge\": 1, \"node\": 18446744073709551615}]}", {"64 bits"});
    row("xgi no list", "x.json", "{\"edge-dict\": {\"a\":\n 5}}", {"line 2", "no list", "a"});
    row("xgi no members", "x2.json", "{\"hypergraph-data\": {}}", {"edge-dict"});
    row("entity declared", "e.graphml", "<!DOCTYPE g [<!ENTITY a \"aaaa\">]>\n<graphml><graph/></graphml>", {"line 1", "never expanded"});
    row("entity used", "e2.graphml", "<graphml><graph>\n<node id=\"&lol;\"/></graph></graphml>", {"line 2", "&lol;", "not expanded"});
    row("xml cut", "c.graphml", "<graphml><graph>\n<node id=\"a\"", {"line 2", "too early"});
    row("xml crossed", "k.graphml", "<graphml><graph>\n</graphml></graph>", {"line 2", "closes"});
    row("xml latin", "l.graphml", "<?xml version='1.0' encoding='ISO-8859-1'?><graphml/>", {"UTF-8"});
    row("no graphml", "n.graphml", "<svg></svg>", {"svg"});
    row("undeclared key", "u.graphml", "<graphml><graph><node id='a'><data key='z'>1</data></node></graph></graphml>", {"declared"});
    row("node twice", "t.graphml", "<graphml><graph><node id='a'/>\n<node id='a'/></graph></graphml>", {"line 2", "Two nodes"});
    row("gexf without graph", "g.gexf", "<gexf></gexf>", {"<graph>"});
    row("gexf entity", "e.gexf", "<!DOCTYPE g [<!ENTITY a \"aaaa\">]>\n<gexf><graph/></gexf>", {"line 1", "never expanded"});
    row("gexf node twice", "t.gexf", "<gexf><graph><nodes><node id='a'/>\n<node id='a'/></nodes></graph></gexf>", {"line 2", "Two nodes"});
    row("gexf undeclared", "u.gexf", "<gexf><graph><nodes><node id='a'><attvalues>\n<attvalue for='z' value='1'/></attvalues></node></nodes></graph></gexf>", {"line 2", "declared"});
    row("gexf weight", "w.gexf", "<gexf><graph><nodes><node id='a'/></nodes><edges>\n<edge source='a' target='a' weight='nan'/></edges></graph></gexf>", {"line 2", "finite"});
    row("gexf kind", "k.gexf", "<gexf><graph defaultedgetype='both'></graph></gexf>", {"line 1", "both"});
    row("sif", "s.sif", "a pp b\na pp\n", {"line 2", "no target"});
    row("mtx outside", "o.mtx", "%%MatrixMarket matrix coordinate pattern general\n3 2 1\n4 1\n", {"line 3", "outside"});
    row("mtx short", "s.mtx", "%%MatrixMarket matrix coordinate pattern general\n3 2 2\n1 1\n", {"1 of 2"});
    row("mtx more", "m.mtx", "%%MatrixMarket matrix coordinate pattern general\n3 2 1\n1 1\n2 2\n", {"line 4", "more entries"});
    row("mtx nan", "n.mtx", "%%MatrixMarket matrix coordinate real general\n3 2 1\n1 1 nan\n", {"line 3", "finite"});
    row("mtx array", "a.mtx", "%%MatrixMarket matrix array real general\n2 2\n1\n2\n3\n4\n", {"sparse"});
    row("mtx lie", "l.mtx", "%%MatrixMarket matrix coordinate pattern general\n2000000000 2 1\n1 1\n", {"far more"});
    row("mtx negative", "g.mtx", "%%MatrixMarket matrix coordinate pattern general\n-1 2 1\n1 1\n", {"line 2"});
    row("hgr outside", "o.hgr", "1 3\n1 4\n", {"line 2", "vertex 4 of 3"});
    row("hgr short", "s.hgr", "2 3\n1 2\n", {"1 of 2"});
    row("hgr word", "w.hgr", "1 3\n1 x\n", {"line 2", "x"});
    row("hgr lie", "l.hgr", "1 2000000000\n1 2\n", {"far more"});
    row("unknown json", "u.json", "{\"0\": [1, 2]}", {"incidences", "edge-dict"});
}

void TestGraphRefusals::refused() {
    QFETCH(const QString, name);
    QFETCH(const QString, text);
    QFETCH(const QStringList, says);
    for (const char* end : {"", ".gz"}) {
        const std::string error = error_of([&] { m_files.read(name.toStdString() + end, text.toStdString()); });
        QVERIFY2(has_all(error, says), error.c_str());
    }
}

/// What is bad but can be read is counted.
void TestGraphRefusals::counted_data() {
    QTest::addColumn<QStringList>("files");   // name, text, name, text
    QTest::addColumn<QString>("open");
    QTest::addColumn<QString>("what");
    QTest::addColumn<QString>("number");
    const QString nodes = "id,label\n0,a\n1,b\n2,a\n";
    QTest::newRow("dangling edge") << QStringList{"d/nodes.csv", nodes, "d/edges.csv", "source,target\n0,1\n1,9\n"} << "d" << "nodes that only edges name" << "1";
    QTest::newRow("dangling member") << QStringList{"d/nodes.csv", nodes, "d/edges.csv", "source,target\n0,1\n", "d/hyperedges.csv", "node,hyperedge\n0,0\n7,0\n"} << "d" << "nodes that only memberships name" << "1";
    QTest::newRow("features of no node") << QStringList{"d/nodes.csv", nodes, "d/edges.csv", "source,target\n0,1\n", "d/features.json", "{\"0\": [1], \"77\": [2]}"} << "d" << "nodes with features that are not" << "1";
    QTest::newRow("features twice") << QStringList{"d/nodes.csv", nodes, "d/features.json", "{\"0\": [1], \"0\": [2]}"} << "d" << "nodes whose features stand again" << "1";
    QTest::newRow("missing label") << QStringList{"d/nodes.csv", "id,label\n0,a\n1,\n2,a\n"} << "d" << "nodes without a label" << "1";
    QTest::newRow("missing features") << QStringList{"d/nodes.csv", nodes, "d/features.json", "{\"0\": [1]}"} << "d" << "nodes without a feature" << "2";
    QTest::newRow("isolated") << QStringList{"d/nodes.csv", nodes, "d/edges.csv", "source,target\n0,1\n"} << "d" << "nodes without an edge" << "1";
    QTest::newRow("repeated hyperedge") << QStringList{"s.txt", "0,1,2\n2,1,0\n3,4\n"} << "s.txt" << "hyperedges with the members" << "1";
    QTest::newRow("repeated member") << QStringList{"s.txt", "0,1,0\n3,4\n"} << "s.txt" << "nodes that a hyperedge names again" << "1";
}

void TestGraphRefusals::counted() {
    QFETCH(const QStringList, files);
    QFETCH(const QString, open);
    QFETCH(const QString, what);
    QFETCH(const QString, number);
    const GraphFiles own;
    for (qsizetype k = 0; k < files.size(); k += 2) own.write(files[k].toStdString(), files[k + 1].toStdString());
    const ReadGraph read = read_graph(own.path(open.toStdString()), {});
    QCOMPARE(QString::fromStdString(found_in(read.report, what.toStdString())), number);
    // Edgeless ones are opened, with a warning.
    if (read.graph.out.size() == 0 && read.graph.hyperedge_count() == 0) QVERIFY(std::ranges::any_of(read.report.warnings, [](const std::string& text) { return text.find("neither edges") != text.npos; }));
    if (what.startsWith("nodes that only")) QVERIFY2(has_all(read.report.warnings.at(0), {what.contains("edges name") ? "edges.csv, line 3" : "hyperedges.csv, line 3"}), read.report.warnings[0].c_str());
    ReadOptions remove;
    remove.duplicates = "remove";
    if (what == "hyperedges with the members") QCOMPARE(read_graph(own.path(open.toStdString()), remove).graph.hyperedge_count(), 2);
}

void TestGraphRefusals::truncated_and_swollen_gzip() {
    std::string text;
    for (int k = 0; k < 20'000; ++k) text += std::to_string(k % 500) + " " + std::to_string(k * 7 % 501) + "\n";
    const std::string packed = gzipped(text);
    QVERIFY(error_of([&] { m_files.read("whole.txt.gz", text); }).empty());
    write_file(m_files.path("cut.txt.gz"), packed.substr(0, packed.size() / 2));
    QVERIFY2(has_all(error_of([&] { read_graph(m_files.path("cut.txt.gz"), {}); }), {"cut off", "cut.txt.gz"}), "cut");
    write_file(m_files.path("no_end.txt.gz"), packed.substr(0, packed.size() - 4));
    QVERIFY2(has_all(error_of([&] { read_graph(m_files.path("no_end.txt.gz"), {}); }), {"cut off"}), "without its end");
    std::string damaged = packed;
    damaged[packed.size() / 2] ^= 0x55;
    write_file(m_files.path("damaged.txt.gz"), damaged);
    QVERIFY(!error_of([&] { read_graph(m_files.path("damaged.txt.gz"), {}); }).empty());
    // Members one behind the other are one text.
    write_file(m_files.path("two.txt.gz"), gzipped("0 1\n1 ") + gzipped("2\n2 3\n"));
    QCOMPARE(read_graph(m_files.path("two.txt.gz"), {}).graph.out.size(), 6);
    write_file(m_files.path("bomb.txt.gz"), gzipped("0 1\n" + std::string(300u << 20, '\n')));
    QVERIFY2(has_all(error_of([&] { read_graph(m_files.path("bomb.txt.gz"), {}); }), {"300 times", "bomb.txt.gz"}), "bomb");
}

void TestGraphRefusals::memory_is_asked_for_first() {
    std::string text;
    for (int k = 0; k < 300'000; ++k) text += std::to_string(k) + " " + std::to_string(k + 1) + "\n";
    ReadOptions options;
    options.most_bytes = 10'000'000;
    const std::string error = error_of([&] { m_files.read("large.txt", text, options); });
    QVERIFY2(has_all(error, {"large.txt", "GB", "free"}), error.c_str());
    options.most_bytes = 1'000'000'000;
    QCOMPARE(m_files.read("large.txt", text, options).graph.nodes, 300'001);
}

/// Sparse files: what begins well is refused with the need stated, what ends in a hole is no text. Neither takes memory or time.
void TestGraphRefusals::files_of_ten_gigabytes_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("head");   // before the hole
    QTest::addColumn<QStringList>("says");
    QString pairs, incidences = "{\"incidences\": [", nodes;
    for (int k = 0; k < 100'000; ++k) {
        pairs += QString::number(k) + " " + QString::number(k + 1) + "\n";
        incidences += QString(R"({"edge": %1, "node": %2},)").arg(k / 3).arg(k) + "\n";
        nodes += QString("<node id='%1'/>\n").arg(k);
    }
    QTest::newRow("edge list") << "e.txt" << pairs << QStringList{"e.txt", "GB of memory", "1 GB are free"};
    QTest::newRow("hyperedges") << "h.txt" << QString(pairs).replace(" ", ",7,8,9,10,11,") << QStringList{"h.txt", "GB of memory"};
    QTest::newRow("HIF") << "i.json" << incidences << QStringList{"i.json", "GB of memory"};
    QTest::newRow("GraphML") << "g.graphml" << "<graphml><graph>" + nodes << QStringList{"g.graphml", "GB of memory"};
    QTest::newRow("no text") << "n.txt" << "0 1\n" << QStringList{"n.txt", "no text file"};
    QTest::newRow("a hole behind text") << "b.hgr" << "2 3\n1 2\n" << QStringList{"b.hgr", "line 3", "zero bytes"};
    QTest::newRow("a hole in JSON") << "j.json" << "{\"incidences\": [" << QStringList{"j.json", "no valid JSON"};
    QTest::newRow("a hole in XML") << "x.graphml" << "<graphml><graph>" << QStringList{"x.graphml", "control character"};
    QTest::newRow("MatrixMarket") << "m.mtx" << "%%MatrixMarket matrix coordinate pattern general\n3 2 2\n" << QStringList{"m.mtx", "line 3"};
}

void TestGraphRefusals::files_of_ten_gigabytes() {
    QFETCH(const QString, name);
    QFETCH(const QString, head);
    QFETCH(const QStringList, says);
    const GraphFiles own;
    const auto file = own.write(name.toStdString(), head.toStdString());
    std::filesystem::resize_file(file, 10'000'000'000);
    ReadOptions options;
    options.most_bytes = 1'000'000'000;
    QElapsedTimer clock;
    clock.start();
    const std::string error = error_of([&] { read_graph(file, options); });
    QVERIFY2(has_all(error, says), error.c_str());
    QVERIFY2(clock.elapsed() < 30'000, "a file of 10 GB was read whole");
}

void TestGraphRefusals::huge_hyperedge() {
    std::string line;
    for (int k = 0; k < 100'000; ++k) line += (k ? "," : "") + std::to_string(k);
    const ReadGraph read = m_files.read("huge.txt", line + "\n0,1\n");
    QCOMPARE(read.graph.members.length(0), 100'000);
    QCOMPARE(found_in(read.report, "members of the largest hyperedge"), std::string("100 000"));
    std::string json = "{\"edge-dict\": {\"a\": [" + line + "]}}";
    QCOMPARE(m_files.read("huge.json", json).graph.members.length(0), 100'000);
}

void TestGraphRefusals::cancelled() {
    std::string text, members;
    for (int k = 0; k < 200'000; ++k) {
        text += std::to_string(k) + " " + std::to_string(k + 1) + "\n";
        members += (k ? ",\n" : "") + std::string("{\"edge\": ") + std::to_string(k / 3) + ", \"node\": " + std::to_string(k) + "}";
    }
    for (const auto& [name, content] : {std::pair<const char*, std::string>{"long.txt", text}, {"long.txt.gz", text}, {"long.json", "{\"incidences\": [" + members + "]}"}}) {
        m_files.write(name, content);
        int looks = 0;
        ReadOptions options;
        options.tick = [&](double done, double total) {
            QVERIFY(done <= total);
            if (++looks == 2) throw Ended{};
        };
        QVERIFY_THROWS_EXCEPTION(Ended, read_graph(m_files.path(name), options));
    }
}

QTEST_GUILESS_MAIN(TestGraphRefusals)
#include "test_graph_refusals.moc"
