// The workspace of hypergraphs in the real window with the real engine, on a graph that is written here and, where LATHE_DATA names them, on published ones: opened, laid out, trained, asked why,
// compared, embedded, exported; and pictures of it at several widths.
#include "app/gui/workspace.h"
#include "tests/gui/window_fixture.h"
#include "viewers/graph_selection.h"
#include "viewers/graph_view.h"
#include "viewers/set_view.h"
#include "widgets/asset_chooser.h"
#include "widgets/segmented_control.h"
#include "widgets/simple_table.h"
#include "widgets/text_label.h"
#include <QComboBox>

using namespace lathe;
using namespace lathe::gui_test;

namespace {

constexpr int kLong = 60'000;   // ms; the machine may be busy

/// Three groups of twenty papers: who cites whom, and who wrote with whom.
QByteArray made_edges() {
    QByteArray text = "from,to\n";
    for (int v = 0; v < 60; ++v)
        for (int k = 1; k <= 3; ++k) text += QByteArray::number(v) + ',' + QByteArray::number(v / 20 * 20 + (v + k * k) % 20) + '\n';
    for (int v = 0; v < 60; v += 9) text += QByteArray::number(v) + ',' + QByteArray::number((v + 23) % 60) + '\n';
    return text;
}

}

class TestHypergraphWindow : public WindowFixture {
    Q_OBJECT
    Workspace* m_space = nullptr;

    template <class Widget> Widget* named(const QString& name) {
        for (Widget* widget : window().findChildren<Widget*>())
            if (widget->accessibleName() == name) return widget;
        return nullptr;
    }
    GraphView& graph() { return *named<GraphView>("Graph"); }
    QString text_of_labels() {
        QStringList texts;
        for (QLabel* label : m_space->findChildren<QLabel*>())
            if (label->isVisible()) texts << label->text();
        return texts.join(u'\n');
    }
    bool says(const QString& part) { return text_of_labels().contains(part); }
    void trigger(const char* id) {
        QAction* found = action((QByteArray("hypergraph.") + id).constData());
        QVERIFY2(found, id);
        found->trigger();
    }
    void page(const QString& title) {
        for (QToolButton* button : window().findChildren<QToolButton*>())
            if (button->text() == title && button->isVisible()) return button->click();
        QFAIL(qPrintable("no page " + title));
    }
    void open_data(const QString& path) {
        auto* chooser = window().findChildren<AssetChooser*>().value(0);
        for (AssetChooser* one : window().findChildren<AssetChooser*>())
            if (one->isVisible() && one->accessibleName() == "Graph") chooser = one;
        QVERIFY(chooser);
        const GraphDataPtr before = graph().graph();
        chooser->choose(path);
        QTRY_VERIFY_WITH_TIMEOUT(graph().graph() && graph().graph() != before, kLong);
    }
    void settle() { QTRY_VERIFY_WITH_TIMEOUT(graph().is_settled(), kLong); }
    bool busy(const QString& text) {
        for (QPushButton* button : m_space->findChildren<QPushButton*>())
            if (button->text() == text && button->isVisible()) return true;
        return false;
    }
    void wait_for_layout() {
        QTRY_VERIFY_WITH_TIMEOUT(graph().places(), kLong);
        QTRY_VERIFY_WITH_TIMEOUT(!busy("Stop"), kLong);
        settle();
    }
    void pictures(const QString& name) {
        for (const ThemeMode mode : {ThemeMode::dark, ThemeMode::light}) {
            Theme::instance().set_mode(mode);
            QTest::qWait(80);
            settle();
            QVERIFY(shot(name + (mode == ThemeMode::light ? "-light" : "-dark")));
        }
    }
    /// The whole way of somebody who has a graph; true where every step came to its end.
    void walk(const QString& path, const QString& name, bool with_compare) {
        open_data(path);
        wait_for_layout();
        pictures(name + "-opened");
        action("run.run")->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(says("best epoch"), kLong);
        pictures(name + "-trained");
        // Why, of the node with most neighbours and hyperedges.
        std::int32_t hub = 0;
        const GraphData& data = *graph().graph();
        for (std::int32_t v = 0; v < data.nodes; ++v)
            if (data.memberships.length(v) > data.memberships.length(hub) && data.memberships.length(v) < 30) hub = v;
        graph().selection()->select({hub}, {});
        trigger("explain");
        QTRY_VERIFY_WITH_TIMEOUT(says("Weight of a"), kLong);
        page("Result");
        QVERIFY(named<SimpleTable>("Results as in the Hybrid Graph Benchmark")->rowCount() >= 1);
        auto* confusion = named<SimpleTable>("Confusion of the test nodes");
        QVERIFY(confusion && confusion->rowCount() >= 2);
        pictures(name + "-result");
        trigger("statistics");
        QTRY_VERIFY_WITH_TIMEOUT(says("figures are"), kLong);
        trigger("embed");
        QTRY_VERIFY_WITH_TIMEOUT(named<GraphView>("Embedding")->places(), kLong);
        QTRY_VERIFY_WITH_TIMEOUT(says("Shown: features"), kLong);
        pictures(name + "-embedded");
        if (!with_compare) return;
        trigger("compare");
        QTRY_VERIFY_WITH_TIMEOUT(named<SimpleTable>("Results of the networks")->rowCount() >= 4 && busy("Compare"), 5 * kLong);
        pictures(name + "-compared");
    }

private Q_SLOTS:
    void initTestCase() {
        open_window();
        window().projects().create(m_folder.filePath("graphs.lathe"));
        QTRY_VERIFY_WITH_TIMEOUT(window().projects().is_open(), kLong);
        window().show_workspace("hypergraph");
        m_space = window().workspace("hypergraph");
        QVERIFY(m_space);
        QTRY_VERIFY_WITH_TIMEOUT(action("hypergraph.compare"), kLong);
        QTRY_VERIFY_WITH_TIMEOUT(named<GraphView>("Graph"), kLong);
    }

    void cleanupTestCase() { m_window.reset(); }

    void walks_through_a_small_graph() {
        const QString folder = m_folder.filePath("papers");
        QVERIFY(QDir().mkpath(folder));
        const auto write = [&](const char* file, const QByteArray& text) {
            QFile out(folder + u'/' + file);
            QVERIFY(out.open(QIODevice::WriteOnly) && out.write(text) == text.size());
        };
        QByteArray nodes = "id,class,year\n", features = "%%MatrixMarket matrix coordinate pattern general\n60 3 60\n", sets = "hyperedge,node\n";
        for (int v = 0; v < 60; ++v) {
            nodes += QByteArray::number(v) + ',' + (v < 20 ? "theory" : v < 40 ? "systems" : "vision") + ',' + QByteArray::number(1990 + v % 30);
            nodes += '\n';
            features += QByteArray::number(v + 1) + ' ' + QByteArray::number(v / 20 + 1) + '\n';
        }
        for (int h = 0; h < 18; ++h)
            for (int k = 0; k < 3 + h % 3; ++k) sets += 'h' + QByteArray::number(h) + ',' + QByteArray::number(h % 3 * 20 + (h * 3 + k) % 20) + '\n';
        write("edges.csv", made_edges());
        write("nodes.csv", nodes);
        write("features.mtx", features);
        write("hyperedges.csv", sets);
        walk(folder, "window-hypergraph-small", false);
    }

    void walks_through_published_graphs() {
        const QString data = qEnvironmentVariable("LATHE_DATA") + "/hypergraphs";
        if (!QFileInfo::exists(data) || qEnvironmentVariableIsEmpty("LATHE_LONG")) QSKIP("LATHE_LONG and LATHE_DATA/hypergraphs are wanted");
        walk(data + "/hypergcn/cora_coauthorship", "window-hypergraph-cora", true);
        walk(data + "/musae/facebook", "window-hypergraph-facebook", false);
    }

    void fits_narrow_windows() {
        for (const int width : {1280, 1440, 1600}) {
            window().resize(width, width * 10 / 16);
            QTRY_COMPARE_WITH_TIMEOUT(window().width(), width, kLong);
            QTest::qWait(100);
            settle();
            pictures(QStringLiteral("window-hypergraph-%1").arg(width));
        }
    }
};

int main(int argc, char** argv) { return run_window_test<TestHypergraphWindow>(argc, argv); }
#include "test_hypergraph_window.moc"
