// The docks of the workspace of hypergraphs: curves, why an answer, statistics, embedding, comparison, recorded results; and pictures of all of it.
#include "plugins/hypergraph/panel/compare_view.h"
#include "plugins/hypergraph/panel/curves_view.h"
#include "plugins/hypergraph/panel/embedding_view.h"
#include "plugins/hypergraph/panel/statistics_view.h"
#include "tests/gui/hypergraph_bench.h"
#include "viewers/plot_viewer.h"
#include "viewers/set_view.h"
#include "widgets/method_options.h"
#include "widgets/parameter_form.h"
#include "widgets/segmented_control.h"
#include "widgets/simple_table.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include <QClipboard>
#include <QPushButton>

using namespace lathe;
using namespace lathe::gui_test;
using namespace lathe::hypergraph;
using Bench = HypergraphBench;
using Nodes = std::vector<std::int32_t>;

class TestHypergraphDocks : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        QStandardPaths::setTestModeEnabled(true);
        Theme::instance().apply(*qApp, ThemeMode::light);
    }

    void trains_and_shows_what_was_learnt() {
        Bench bench;
        bench.show();
        bench.open();
        Q_EMIT bench.context.run_pressed();
        const auto asked = bench.context.last("hypergraph.train");
        QVERIFY(asked.request.lane == Lane::batch);
        QCOMPARE(asked.request.params["network"], Json("gcn"));
        bench.metric(asked.request.uuid, "train_loss", 1, 1.1);
        bench.metric(asked.request.uuid, "train_loss", 2, 0.9);
        QTRY_COMPARE_WITH_TIMEOUT(bench.panel->curves()->losses()->curves().size(), 1, 60'000);
        QTRY_COMPARE_WITH_TIMEOUT(bench.panel->curves()->losses()->curves().first().x.size(), 2, 60'000);
        Q_EMIT bench.context.run_pressed();               // one at a time
        QCOMPARE(bench.context.count("hypergraph.train"), 1);
        bench.answer("hypergraph.train", trained_network(bench.graph), {{"test_accuracy", 0.8571}, {"best_epoch", 37}});
        QVERIFY(bench.panel->training());
        QTRY_VERIFY_WITH_TIMEOUT(bench.panel->curves()->note().contains("85.71"), 60'000);
        bench.panel->pane()->set_colour("error");
        const NodeColouring error = bench.panel->pane()->shown_colouring();
        QCOMPARE(error.classes[0], 1);
        QCOMPARE(error.classes[1], 0);
        bench.panel->selection()->select_nodes({0});
        const QStringList lines = bench.panel->selected()->lines();
        QVERIFY2(std::ranges::any_of(lines, [](const QString& line) { return line.startsWith("prediction: systems") && line.endsWith("wrong"); }), qPrintable(lines.join('\n')));
        QVERIFY(!bench.panel->is_stale());
        bench.panel->form()->edit("hidden", 64);
        QVERIFY(bench.panel->is_stale());
        QVERIFY(bench.context.docks["details"].hint.contains("stale"));
        bench.context.undo.undo();
        QVERIFY(!bench.panel->is_stale());
    }

    void explains_a_node() {
        Bench bench;
        bench.show();
        bench.open();
        bench.trigger("Why this answer?");
        QCOMPARE(bench.context.count("hypergraph.explain"), 0);
        bench.train();
        bench.panel->selection()->select_nodes({7});
        QPushButton* why = nullptr;
        for (QPushButton* button : bench.panel->selected()->findChildren<QPushButton*>())
            if (button->text() == "Why?") why = button;
        QVERIFY(why && why->isEnabled());
        why->click();
        const auto asked = bench.context.last("hypergraph.explain");
        QCOMPARE(asked.request.params["node"], Json(7));
        QCOMPARE(asked.assets.size(), 2);
        QCOMPARE(asked.assets[1].first, "model");
        QFile model(asked.assets[1].second);
        QVERIFY(model.open(QIODevice::ReadOnly));
        QCOMPARE(model.readAll(), QByteArray("weights"));
        bench.answer("hypergraph.explain",
            {table_artifact("neighbours", {"node", "weight", "label", "prediction"}, {{7, 0.5, "theory", "systems"}, {3, 0.3, "theory", "theory"}}),
                table_artifact("hyperedges", {"hyperedge", "weight", "size", "share of own label"}, {{2, 1.0, 5, 0.6}}), table_artifact("members", {"hyperedge", "node", "weight", "label", "prediction"}, {{2, 3, 0.2, "theory", "theory"}})},
            {{"neighbour_weights", "degree-normalised share of the sum"}});
        QCOMPARE(bench.panel->selected()->why_neighbours()->rowCount(), 2);
        QCOMPARE(bench.panel->selected()->why_neighbours()->item(0, 0)->text(), "itself");
        QVERIFY(bench.panel->selected()->why_neighbours()->item(1, 1)->text().startsWith("30.0"));
        QCOMPARE(bench.panel->selected()->why_hyperedges()->rowCount(), 1);
        Q_EMIT bench.panel->selected()->why_neighbours()->cellClicked(1, 0);
        QCOMPARE(bench.panel->selection()->nodes(), (Nodes{3}));
        QVERIFY(bench.panel->selected()->why_neighbours()->isHidden());   // it is not of this node
    }

    void measures_statistics() {
        Bench bench;
        bench.show();
        bench.open();
        QCOMPARE(bench.panel->statistics()->plot()->curves().size(), 1);   // degrees are counted here
        bench.trigger("Measure statistics");
        bench.answer("hypergraph.statistics", measured_statistics());
        SimpleTable* figures = bench.panel->statistics()->figures();
        QCOMPARE(figures->rowCount(), 6);
        QVERIFY(figures->item(1, 1)->text().contains("sampled"));
        QVERIFY(figures->item(2, 1)->toolTip().contains("overlaps must be compared"));
        auto* which = bench.panel->statistics()->findChild<SegmentedControl*>();
        which->set_current(3);
        Q_EMIT which->chosen(3);
        QCOMPARE(bench.panel->statistics()->plot()->curves().first().x.size(), 3);
        auto* log = bench.panel->statistics()->findChild<Switch*>();
        const bool was = log->isChecked();
        log->click();
        QCOMPARE(log->isChecked(), !was);
        bench.context.undo.undo();
        QCOMPARE(log->isChecked(), was);
        bench.panel->pane()->set_colour("statistics:community");
        QVERIFY(bench.panel->pane()->shown_colouring().kind == NodeColouring::Kind::classes);
        bench.panel->form()->edit("hyperedges.keep_largest", 4);
        QVERIFY(bench.context.docks["statistics"].hint.contains("stale"));
    }

    void embeds_the_nodes() {
        Bench bench;
        bench.show();
        bench.open();
        bench.train();
        bench.panel->show_tab(Panel::Tab::embedding);
        auto* of = bench.panel->embedding()->findChild<SegmentedControl*>();
        of->set_current(1);
        bench.trigger("Embed the nodes");
        const auto asked = bench.context.last("hypergraph.embed");
        QCOMPARE(asked.assets.size(), 2);
        QCOMPARE(asked.assets[1].first, "embedding");
        QVERIFY(QFileInfo::exists(asked.assets[1].second));
        bench.panel->selection()->select_nodes({2, 9});
        bench.answer("hypergraph.embed", {made_positions(3, 0, false)});
        QVERIFY(bench.panel->embedding()->view()->places());
        QCOMPARE(bench.panel->selection()->nodes(), (Nodes{2, 9}));
        QCOMPARE(bench.panel->embedding()->view()->selection(), bench.panel->selection());
    }

    void compares_networks() {
        Bench bench;
        bench.show();
        bench.open();
        bench.panel->options("hypergraph.compare")->form()->edit("seeds", 3);
        bench.trigger("Compare networks");
        QCOMPARE(bench.context.last("hypergraph.compare").request.params["seeds"], Json(3));
        bench.context.play(bench.newest("hypergraph.compare"), event::Progress{1, 4, "lp-gcn-gcn"});
        bench.panel->form()->edit("hidden", 64);           // what is drawn anew meanwhile leaves the progress there
        QVERIFY(std::ranges::any_of(bench.panel->compare()->findChildren<ElidedLabel*>(), [](const ElidedLabel* label) { return label->text().contains("lp-gcn-gcn"); }));
        bench.context.undo.undo();
        bench.answer("hypergraph.compare", comparison());
        CompareView* view = bench.panel->compare();
        QCOMPARE(view->results()->rowCount(), 2);
        QCOMPARE(view->results()->item(1, 3)->text(), "83.10 ± 0.40");
        QVERIFY(view->sentences().contains("1.6 points higher"));
        QVERIFY(view->as_latex().contains("83.10 $\\pm$ 0.40"));
        for (QPushButton* button : view->findChildren<QPushButton*>())
            if (button->text() == "Copy as CSV") button->click();
        QVERIFY(QApplication::clipboard()->text().contains("lp-gcn-gcn"));
        QVERIFY(QApplication::clipboard()->text().contains("wins"));
        bench.context.undo.undo();
        QCOMPARE(bench.panel->options("hypergraph.compare")->values()["seeds"], Json(5));
    }

    /// What the project has of this graph is shown when it is opened, also where it is read before the graph is there.
    void shows_recorded_results() {
        Bench bench;
        const QString path = bench.file();
        PanelRun run;
        run.uuid = "recorded";
        run.id = 1;
        run.method = "hypergraph.statistics";
        run.state = RunState::finished;
        run.params = {{"graph.format", "auto"}, {"graph.direction", "auto"}, {"hyperedges.source", "as_file"}, {"hyperedges.keep_largest", 0}};
        run.assets = {{"data", path}};
        bench.context.recorded << run;
        for (const Artifact& artifact : measured_statistics()) bench.context.recorded_artifacts["recorded"] << artifact;
        bench.panel->source()->data()->choose(path);
        Q_EMIT bench.context.project_changed();
        QTest::qWait(100);
        bench.answer_open();
        QTRY_VERIFY_WITH_TIMEOUT(bench.has_graph(), 60'000);
        QTRY_COMPARE_WITH_TIMEOUT(bench.panel->statistics()->figures()->rowCount(), 6, 60'000);
        QVERIFY(!bench.context.docks["statistics"].hint.contains("stale"));
        bench.panel->pane()->set_colour("statistics:community");
        QVERIFY(bench.panel->pane()->shown_colouring().kind == NodeColouring::Kind::classes);
    }

    void looks_as_intended() {
        {
            Bench bench;
            bench.show();
            QVERIFY(save_pictures(*bench.window, "hypergraph-empty"));
        }
        Theme::instance().set_mode(ThemeMode::light);
        Bench bench;
        bench.graph = made_graph(24);
        bench.show();
        bench.open();
        bench.train();
        bench.trigger("Measure statistics");
        bench.answer("hypergraph.statistics", measured_statistics());
        bench.panel->selection()->select({7}, {4});
        bench.trigger("Why this answer?");
        bench.answer("hypergraph.explain",
            {table_artifact("neighbours", {"node", "weight", "label", "prediction"}, {{7, 0.5, "theory", "systems"}, {3, 0.3, "theory", "theory"}, {12, 0.2, "theory", "theory"}}),
                table_artifact("hyperedges", {"hyperedge", "weight", "size", "share of own label"}, {{2, 0.6, 5, 0.6}, {4, 0.4, 4, 1.0}})},
            {{"neighbour_weights", "degree-normalised share of the sum"}, {"hyperedge_weights", "an equal share of the mean over the node's hyperedges"}});
        const auto picture = [&](const QString& name) {
            GraphPane* pane = bench.panel->pane();
            pane->fit();
            for (const ThemeMode mode : {ThemeMode::dark, ThemeMode::light}) {   // views are painted on other threads: they settle after a change of theme
                Theme::instance().set_mode(mode);
                QTest::qWait(60);
                const bool is_graph = pane->shown_view() == pane->graph_view();
                QTRY_VERIFY_WITH_TIMEOUT(is_graph ? pane->graph_view()->is_settled() : pane->set_view()->is_settled(), 60'000);
                if (GraphView* embedding = bench.panel->embedding()->view(); embedding->isVisible() && embedding->graph()) QTRY_VERIFY_WITH_TIMEOUT(embedding->is_settled(), 60'000);
                QVERIFY(save_pictures_of_theme(*bench.window, name, mode));
            }
        };
        picture("hypergraph-panel");
        bench.trigger("Compare networks");
        bench.answer("hypergraph.compare", comparison());
        bench.trigger("Show filters");
        bench.panel->pane()->set_style(PaneStyle::paohvis);
        picture("hypergraph-compare");
        bench.panel->show_tab(Panel::Tab::nodes);
        bench.panel->pane()->set_style(PaneStyle::upset);
        picture("hypergraph-nodes");
        bench.trigger("Embed the nodes");
        bench.answer("hypergraph.embed", {made_positions(3, 0, false)});
        bench.panel->pane()->set_style(PaneStyle::matrix);
        picture("hypergraph-embedding");
        bench.panel->show_tab(Panel::Tab::import);
        bench.panel->pane()->set_style(PaneStyle::star);
        bench.panel->form()->edit("hidden", 64);
        picture("hypergraph-import");
        QVERIFY2(bench.panel->form()->widget()->minimumSizeHint().width() <= 312, qPrintable(QString::number(bench.panel->form()->widget()->minimumSizeHint().width())));
    }
};

QTEST_MAIN(TestHypergraphDocks)
#include "test_hypergraph_docks.moc"
