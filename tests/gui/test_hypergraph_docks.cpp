// The docks of the workspace of hypergraphs: curves, why an answer, statistics, embedding, comparison, recorded results; and pictures of all of it.
#include "plugins/hypergraph/panel/compare_view.h"
#include "plugins/hypergraph/panel/curves_view.h"
#include "plugins/hypergraph/panel/embedding_view.h"
#include "plugins/hypergraph/panel/result_view.h"
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
        bench.panel->selection()->select({7}, {});
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
                table_artifact("hyperedges", {"hyperedge", "weight", "size", "share of own label"}, {{2, 0.7, 5, 0.6}, {4, 0.3, 4, 1.0}}), table_artifact("members", {"hyperedge", "node", "weight", "label", "prediction"}, {{2, 3, 0.2, "theory", "theory"}, {2, 7, 0.5, "theory", "systems"}, {4, 9, 0.3, "theory", "theory"}})},
            {{"neighbour_weights", "degree-normalised share of the sum"}});
        QCOMPARE(bench.panel->selected()->why_neighbours()->rowCount(), 2);
        QCOMPARE(bench.panel->selected()->why_neighbours()->item(0, 0)->text(), "itself");
        QVERIFY(bench.panel->selected()->why_neighbours()->item(1, 1)->text().startsWith("30.0"));
        QCOMPARE(bench.panel->selected()->why_hyperedges()->rowCount(), 2);
        // The members of the hyperedge that weighs most, those first that weigh most; of another one where that is selected.
        SimpleTable* members = bench.panel->selected()->why_members();
        QCOMPARE(members->rowCount(), 2);
        QCOMPARE(members->item(0, 0)->text(), "itself");
        QVERIFY(members->item(0, 1)->text().startsWith("50.0"));
        Q_EMIT bench.panel->selected()->why_hyperedges()->cellClicked(1, 0);
        QCOMPARE(bench.panel->selection()->hyperedges(), (Nodes{4}));
        QCOMPARE(members->rowCount(), 1);
        QCOMPARE(members->item(0, 0)->text(), "paper 9");
        QVERIFY(bench.panel->selected()->members()->isHidden());          // the same with less
        Q_EMIT members->cellClicked(0, 0);
        QCOMPARE(bench.panel->selection()->nodes(), (Nodes{9}));
        QVERIFY(members->isHidden());
        QVERIFY(!bench.panel->selected()->members()->isHidden());
        bench.panel->selection()->select({7}, {});
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
        Q_EMIT of->chosen(1);
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
        QVERIFY(bench.panel->embedding()->note().startsWith("Shown: what"));
        // Hyperedges are nothing to it; another training and another way of reading are.
        bench.panel->form()->edit("hyperedges.keep_largest", 4);
        QVERIFY(bench.panel->embedding()->note().startsWith("Shown"));
        bench.context.undo.undo();
        bench.panel->form()->edit("graph.direction", "directed");
        QVERIFY(bench.panel->embedding()->note().startsWith("Stale"));
        bench.context.undo.undo();
        QVERIFY(bench.panel->embedding()->note().startsWith("Shown"));
        Q_EMIT bench.context.run_pressed();
        std::vector<Artifact> other = trained_network(bench.graph);
        const std::vector<float> learnt(std::size_t(kMadeNodes) * 4, 0.5F);
        for (Artifact& artifact : other)
            if (artifact.key == "embedding") artifact = f32_artifact("embedding", {kMadeNodes, 4}, learnt);
        bench.answer("hypergraph.train", other, {{"test_accuracy", 0.8}});
        QVERIFY(bench.panel->embedding()->note().startsWith("Stale"));
        // Of the features: a training is nothing to it.
        of->set_current(0);
        Q_EMIT of->chosen(0);
        bench.trigger("Embed the nodes");
        QCOMPARE(bench.context.last("hypergraph.embed").assets.size(), 1);
        bench.answer("hypergraph.embed", {made_positions(3, 0, false)});
        QCOMPARE(bench.panel->embedding()->note(), "Shown: features");
        bench.context.undo.undo();                         // the choice is a step of undo
        QCOMPARE(of->current(), 1);
    }

    /// What was chosen is kept with the project, also while there is nothing learnt yet.
    void keeps_what_is_embedded() {
        Bench bench;
        bench.show();
        bench.open();
        bench.train();
        auto* of = bench.panel->embedding()->findChild<SegmentedControl*>();
        of->set_current(1);
        Q_EMIT of->chosen(1);
        QTRY_VERIFY_WITH_TIMEOUT(bench.context.state.is_object() && bench.context.state["view"]["embedding"]["of"] == "learnt", 60'000);
        Bench again;
        again.context.state = bench.context.state;
        Q_EMIT again.context.project_changed();
        again.answer_open();
        QTRY_VERIFY_WITH_TIMEOUT(again.has_graph(), 60'000);
        QVERIFY(!again.panel->embedding()->uses_learnt());
        again.train();
        QVERIFY(again.panel->embedding()->uses_learnt());
    }

    void shows_the_result_as_papers_do() {
        Bench bench;
        bench.show();
        bench.panel->show_tab(Panel::Tab::result);
        const auto recorded = [&](const char* uuid, int seed, double test, int hidden) {
            PanelRun run;
            run.uuid = uuid;
            run.method = "hypergraph.train";
            run.state = RunState::finished;
            run.params = bench.panel->form()->values();
            run.params["seed"] = seed;
            run.params["hidden"] = hidden;
            run.summary = {{"network", "gcn"}, {"test_accuracy", test}, {"val_accuracy", test}, {"train_accuracy", 0.9}};
            run.assets = {{"data", bench.files.filePath("made.hif.json")}};
            bench.context.recorded << run;
        };
        recorded("a", 1, 0.79, 32);                        // an older run of the seed that is trained below
        recorded("b", 2, 0.83, 32);
        recorded("c", 1, 0.70, 64);
        bench.open();
        QTRY_VERIFY_WITH_TIMEOUT(bench.panel->result()->groups()->rowCount() == 2, 60'000);
        QVERIFY(bench.panel->result()->confusion()->isHidden());
        bench.panel->form()->edit("hidden", 32);
        Q_EMIT bench.context.run_pressed();
        bench.answer("hypergraph.train", trained_network(bench.graph), {{"network", "gcn"}, {"test_accuracy", 0.81}, {"val_accuracy", 0.82}, {"train_accuracy", 0.95}});
        SimpleTable* groups = bench.panel->result()->groups();
        QTRY_COMPARE_WITH_TIMEOUT(groups->item(0, 1)->text(), "82.00 ± 1.41", 60'000);
        QCOMPARE(groups->rowCount(), 2);
        QCOMPARE(groups->item(0, 2)->text(), "2");
        QCOMPARE(groups->item(1, 1)->text(), "70.00");
        QCOMPARE(groups->item(1, 6)->text(), "hidden 64");
        QVERIFY(bench.panel->result()->as_latex().contains("82.00 $\\pm$ 1.41"));
        QVERIFY(bench.panel->result()->as_csv().contains("82.00 ± 1.41"));
        // The confusion table: a click selects the test nodes of its cell.
        SimpleTable* confusion = bench.panel->result()->confusion();
        QCOMPARE(confusion->rowCount(), 3);
        QCOMPARE(confusion->columnCount(), 5);
        QVERIFY(confusion->item(0, 1)->text().startsWith("80.0"));
        Q_EMIT confusion->cellClicked(0, 3);
        const std::vector<std::int32_t> said = made_predictions(bench.graph);
        Nodes expected;
        for (std::int32_t v = 0; v < kMadeNodes; ++v)
            if (bench.graph.labels[std::size_t(v)] == 0 && said[std::size_t(v)] == 1 && v % 3 == 2) expected.push_back(v);
        QVERIFY(!expected.empty());
        QCOMPARE(bench.panel->selection()->nodes(), expected);
        QVERIFY(bench.panel->result()->confusion_csv().startsWith("class"));
        bench.panel->form()->edit("epochs", 51);
        bench.panel->form()->edit("hidden", 48);           // what is shown is marked
        QVERIFY(std::ranges::any_of(bench.panel->result()->findChildren<ElidedLabel*>(), [](const ElidedLabel* label) { return label->text().startsWith("Stale"); }));
    }

    /// A comparison that ended early goes on where it was, unless it would be another one.
    void resumes_a_comparison() {
        Bench bench;
        bench.show();
        bench.open();
        bench.trigger("Compare networks");
        const std::string first = bench.newest("hypergraph.compare");
        bench.end(first, RunState::interrupted);           // nothing was finished yet: it begins anew
        bench.trigger("Compare networks");
        const auto second = bench.context.last("hypergraph.compare");
        QVERIFY(second.request.resume.empty());
        for (const Artifact& artifact : comparison()) bench.send(second.request.uuid, artifact);
        bench.end(second.request.uuid, RunState::paused);
        const auto offers = [&](const char* text) { return std::ranges::any_of(bench.panel->compare()->findChildren<QPushButton*>(), [&](const QPushButton* button) { return button->text() == text; }); };
        QTRY_VERIFY_WITH_TIMEOUT(offers("Resume"), 60'000);
        bench.panel->form()->edit("hidden", 64);
        QVERIFY(offers("Compare"));
        bench.context.undo.undo();
        QVERIFY(offers("Resume"));
        bench.trigger("Compare networks");
        QCOMPARE(bench.context.last("hypergraph.compare").request.resume, second.request.uuid);
        bench.answer("hypergraph.compare", comparison());
        QTRY_VERIFY_WITH_TIMEOUT(offers("Compare"), 60'000);
        QCOMPARE(bench.panel->compare()->results()->rowCount(), 2);
        QCOMPARE(bench.panel->compare()->results()->item(0, 3)->toolTip(), "seed 0: 81.00, epoch 31\nseed 1: 82.00, epoch 44");
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
        bench.panel->show_tab(Panel::Tab::result);
        picture("hypergraph-result");
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
