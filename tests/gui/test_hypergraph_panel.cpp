// The workspace of hypergraphs with a context that answers as the engine does: opening, styles, one selection, layout, training, statistics, comparison, undo, faults.
#include "plugins/hypergraph/panel/build_row.h"
#include "plugins/hypergraph/panel/compare_view.h"
#include "plugins/hypergraph/panel/curves_view.h"
#include "plugins/hypergraph/panel/embedding_view.h"
#include "plugins/hypergraph/panel/import_view.h"
#include "plugins/hypergraph/panel/rows_view.h"
#include "plugins/hypergraph/panel/statistics_view.h"
#include "tests/gui/hypergraph_bench.h"
#include "viewers/plot_viewer.h"
#include "viewers/set_view.h"
#include "viewers/table_view.h"
#include "widgets/method_options.h"
#include "widgets/parameter_form.h"
#include "widgets/segmented_control.h"
#include "widgets/simple_table.h"
#include "widgets/small_widgets.h"
#include <QClipboard>
#include <QComboBox>
#include <QLineEdit>
#include <QPushButton>

using namespace lathe;
using namespace lathe::gui_test;
using namespace lathe::hypergraph;
using Bench = HypergraphBench;
using Nodes = std::vector<std::int32_t>;

class TestHypergraphPanel : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        QStandardPaths::setTestModeEnabled(true);
        Theme::instance().apply(*qApp, ThemeMode::light);
    }

    void is_empty_without_a_graph() {
        Bench bench;
        QVERIFY(bench.panel->is_empty());
        QCOMPARE(bench.context.submitted.size(), 0);
        Q_EMIT bench.context.run_pressed();
        QCOMPARE(bench.context.submitted.size(), 0);
        QVERIFY(bench.context.messages.last().contains("There is no graph"));
        bench.trigger("Measure statistics");
        bench.trigger("Lay out the graph");
        bench.trigger("Why this answer?");
        QCOMPARE(bench.context.submitted.size(), 0);
        QCOMPARE(bench.context.messages.size(), 4);
    }

    void opens_a_graph() {
        Bench bench;
        bench.panel->source()->data()->choose(bench.file());
        QVERIFY(!bench.panel->is_empty());
        QCOMPARE(bench.context.count("hypergraph.open"), 1);
        QCOMPARE(bench.context.last("hypergraph.open").live_key, "hypergraph.open");
        QCOMPARE(bench.context.last("hypergraph.open").assets.size(), 1);
        bench.answer_open();
        QTRY_VERIFY_WITH_TIMEOUT(bench.has_graph(), 60'000);
        QVERIFY(bench.panel->source()->facts().contains("24 hyperedges"));
        QCOMPARE(bench.panel->import()->table()->rowCount(), 3);
        QVERIFY(bench.panel->import()->warnings().contains("left out"));
        QVERIFY(bench.context.messages.last().contains("2 hyperedges were empty"));
        QCOMPARE(bench.panel->node_rows()->model()->rowCount(), kMadeNodes);
        QCOMPARE(bench.panel->hyperedge_rows()->model()->rowCount(), 24);
        QCOMPARE(bench.panel->pane()->shown_colouring().title, "Label");
        // No places in the file: a layout is asked for, which is no run of the project.
        QCOMPARE(bench.context.count("hypergraph.layout"), 1);
        QVERIFY(bench.context.last("hypergraph.layout").request.lane == Lane::live);
        QVERIFY(!bench.panel->is_stale());
    }

    void drops_a_file_and_a_folder() {
        Bench bench;
        Q_EMIT bench.context.model_dropped(bench.file("a.graphml"));
        QCOMPARE(bench.context.count("hypergraph.open"), 1);
        Q_EMIT bench.context.data_dropped(bench.files.path());
        QCOMPARE(bench.context.count("hypergraph.open"), 2);
    }

    void reads_again_when_hyperedges_change() {
        Bench bench;
        bench.open();
        const int opened = bench.context.count("hypergraph.open"), laid_out = bench.context.count("hypergraph.layout");
        bench.panel->selection()->select_nodes({3, 4});
        bench.panel->form()->edit("hyperedges.source", "cliques");
        QVERIFY(bench.panel->is_graph_stale());
        QTRY_COMPARE_WITH_TIMEOUT(bench.context.count("hypergraph.open"), opened + 1, 60'000);
        QCOMPARE(bench.context.last("hypergraph.open").request.params["hyperedges.source"], Json("cliques"));
        bench.graph = made_graph(90);
        bench.answer_open();
        QTRY_VERIFY_WITH_TIMEOUT(bench.has_graph(), 60'000);
        QVERIFY(!bench.panel->is_stale());
        QCOMPARE(bench.panel->selection()->nodes(), (Nodes{3, 4}));       // the same nodes: selection and places stay
        QCOMPARE(bench.context.count("hypergraph.layout"), laid_out);
        QVERIFY(bench.panel->pane()->graph_view()->places());
        QVERIFY(bench.panel->pane()->graph_view()->shown_style() == GraphStyle::star);   // above 80 hyperedges, with a note
        QVERIFY(!bench.panel->pane()->graph_view()->note().isEmpty());
        bench.context.undo.undo();
        QVERIFY(bench.panel->is_graph_stale());
        // A parameter of the training does not read the graph again.
        bench.panel->form()->edit("epochs", 10);
        QTRY_COMPARE_WITH_TIMEOUT(bench.context.count("hypergraph.open"), opened + 2, 60'000);
    }

    void previews_hyperedges() {
        Bench bench;
        bench.open();
        Q_EMIT bench.panel->build()->preview_requested();
        QVERIFY(bench.context.last("hypergraph.build").request.lane == Lane::live);
        bench.answer("hypergraph.build", {table_artifact("sizes", {"size", "hyperedges"}, {{3, 10}, {4, 6}})}, {{"hyperedges", 16}, {"largest", 4}, {"uncovered", 5}, {"threshold", 0.75}});
        QVERIFY(bench.panel->build()->text().contains("16 hyperedges"));
        QVERIFY(bench.panel->build()->text().contains("0.75"));
        QCOMPARE(bench.panel->build()->plot()->curves().size(), 1);
        bench.panel->form()->edit("hyperedges.keep_largest", 3);
        QVERIFY(bench.panel->build()->text().contains("stale"));
    }

    void switches_styles_and_undoes() {
        Bench bench;
        bench.show();
        bench.open();
        auto* styles = bench.panel->pane()->findChild<SegmentedControl*>();
        const int steps = bench.context.undo.count();
        for (int i = 1; i < styles->count(); ++i) Q_EMIT styles->chosen(i);
        QCOMPARE(bench.context.undo.count(), steps + styles->count() - 1);
        QVERIFY(bench.panel->pane()->shown_view() == bench.panel->pane()->set_view());
        QVERIFY(bench.panel->pane()->set_view()->style() == SetStyle::upset);
        bench.context.undo.undo();
        QVERIFY(bench.panel->pane()->style() == PaneStyle::paohvis);
        bench.context.undo.undo();
        bench.context.undo.undo();
        QVERIFY(bench.panel->pane()->style() == PaneStyle::line_graph);
        QVERIFY(bench.panel->pane()->shown_view() == bench.panel->pane()->graph_view());
        QVERIFY(bench.panel->pane()->graph_view()->style() == GraphStyle::line_graph);
    }

    void colours_and_filters() {
        Bench bench;
        bench.show();
        bench.open();
        GraphPane* pane = bench.panel->pane();
        auto* colours = named<QComboBox>(*pane, "Colour by");
        QVERIFY(colours->findText("venue") > 0);
        QVERIFY(colours->findText("Prediction") < 0);
        colours->setCurrentIndex(colours->findText("year"));
        Q_EMIT colours->activated(colours->currentIndex());
        QVERIFY(pane->shown_colouring().kind == NodeColouring::Kind::values);
        pane->set_colour("file:venue");
        QVERIFY(pane->shown_colouring().kind == NodeColouring::Kind::classes);
        QCOMPARE(pane->shown_colouring().class_names.size(), 2);
        pane->set_colour("degree");
        QCOMPARE(pane->shown_colouring().values.size(), std::size_t(kMadeNodes));
        // Filters: the tables follow.
        GraphFilter filter;
        filter.label = 1;
        filter.largest = 3;
        const int steps = bench.context.undo.count();
        Q_EMIT pane->findChild<FilterRow*>()->edited(filter);
        QCOMPARE(bench.panel->node_rows()->model()->rowCount(), kGroupNodes);
        for (int row = 0; row < bench.panel->hyperedge_rows()->model()->rowCount(); ++row)
            QVERIFY(bench.panel->graph()->data->members.length(bench.panel->hyperedge_rows()->model()->id_of(row)) <= 3);
        QVERIFY(pane->count_text().contains("16 of 48"));
        QCOMPARE(bench.context.undo.count(), steps + 1);
        bench.context.undo.undo();
        QCOMPARE(bench.panel->node_rows()->model()->rowCount(), kMadeNodes);
    }

    void has_one_selection() {
        Bench bench;
        bench.show();
        bench.open();
        bench.panel->show_tab(Panel::Tab::nodes);
        TableView* table = bench.panel->node_rows()->table();
        table->selectRow(5);
        QCOMPARE(bench.panel->selection()->nodes(), (Nodes{5}));
        QVERIFY(bench.panel->pane()->graph_view()->selection()->has_node(5));
        QCOMPARE(bench.panel->selected()->title(), "paper 5");
        QVERIFY(bench.panel->selected()->lines().contains("label: theory"));
        QVERIFY(bench.panel->selected()->lines().contains("year: 1995"));
        const auto own = bench.panel->graph()->data->memberships[5];
        QCOMPARE(bench.panel->selected()->hyperedges()->rowCount(), int(own.size()));
        // From the graph to the table, also where it is sorted.
        table->set_sort_keys({{0, Qt::DescendingOrder}});
        bench.panel->selection()->select_nodes({40, 41});
        QTRY_COMPARE_WITH_TIMEOUT(table->selectionModel()->selectedRows().size(), 2, 60'000);
        QStringList ids;
        for (const QModelIndex& row : table->selectionModel()->selectedRows()) ids << row.data().toString();
        ids.sort();
        QCOMPARE(ids, (QStringList{"40", "41"}));
        // A hyperedge of the node, by a click; then its members.
        if (own.empty()) QSKIP("the node is in no hyperedge");
        bench.panel->selection()->select_nodes({5});
        Q_EMIT bench.panel->selected()->hyperedges()->cellClicked(0, 0);
        QCOMPARE(bench.panel->selection()->hyperedges(), (Nodes{own[0]}));
        QCOMPARE(bench.panel->selected()->members()->rowCount(), int(bench.panel->graph()->data->members.length(own[0])));
        QCOMPARE(bench.panel->hyperedge_rows()->table()->selectionModel()->selectedRows().size(), 1);
        // Found by a part of its name, or told.
        QVERIFY(bench.panel->pane()->find("paper 33"));
        QCOMPARE(bench.panel->selection()->nodes(), (Nodes{33}));
        QVERIFY(!bench.panel->pane()->find("nobody"));
        QVERIFY(bench.context.messages.last().contains("nobody"));
    }

    void streams_a_layout() {
        Bench bench;
        bench.show();
        bench.panel->source()->data()->choose(bench.file());
        bench.answer_open();
        QTRY_VERIFY_WITH_TIMEOUT(bench.has_graph(), 60'000);
        const std::string uuid = bench.newest("hypergraph.layout");
        bench.send(uuid, made_positions(0.2F, 5, true));
        const auto early = bench.panel->pane()->graph_view()->places();
        QVERIFY(early);
        bench.send(uuid, made_positions(1, 40, true));
        QVERIFY(std::abs(bench.panel->pane()->graph_view()->places()->x[0] - 5 * early->x[0]) < 1e-3);
        Q_EMIT bench.panel->pane()->layout_requested();   // stop
        QCOMPARE(bench.context.cancelled, QStringList{QString::fromStdString(uuid)});
        bench.end(uuid, RunState::cancelled);
        Q_EMIT bench.panel->pane()->layout_requested();   // again, as a run of the project, with its options
        const auto again = bench.context.last("hypergraph.layout");
        QVERIFY(again.request.lane == Lane::batch);
        QVERIFY(again.live_key.isEmpty());
        QVERIFY(again.request.params.contains("layout.algorithm"));
        bench.answer("hypergraph.layout", {made_positions(2, 100, false)});
        // A node moved by hand is a step of undo.
        const float x = bench.panel->pane()->graph_view()->places()->x[0];
        const int steps = bench.context.undo.count();
        Q_EMIT bench.panel->pane()->graph_view()->node_moved(0, 99, 98);
        QCOMPARE(bench.context.undo.count(), steps + 1);
        bench.context.undo.undo();
        QCOMPARE(bench.panel->pane()->graph_view()->places()->x[0], x);
        bench.context.undo.redo();
        QCOMPARE(bench.panel->pane()->graph_view()->places()->x[0], 99.0F);
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

    void exports() {
        Bench bench;
        bench.show();
        bench.open();
        QVERIFY(bench.panel->write_graph(bench.files.filePath("out.graphml")));
        const auto asked = bench.context.last("hypergraph.export");
        QCOMPARE(asked.request.params["export.format"], Json("graphml"));
        bench.answer("hypergraph.export", {}, {{"path", "out.graphml"}, {"left_out", {"Features are left out."}}});
        QVERIFY(bench.context.messages.last().contains("Features are left out"));
        for (const char* name : {"graph.png", "graph.svg", "graph.pdf", "graph.csv"}) {
            QVERIFY(bench.panel->write_picture(bench.files.filePath(name)));
            QVERIFY(QFileInfo(bench.files.filePath(name)).size() > 0);
        }
        QVERIFY(!bench.panel->write_picture("/nowhere/graph.svg"));
        QVERIFY(bench.context.messages.last().startsWith("err"));
        bench.panel->selection()->select_nodes({1, 2});
        QCOMPARE(bench.panel->selected()->as_csv().count("paper"), 2);
        bench.trigger("Copy as command line");
        QCOMPARE(bench.context.command_lines, QStringList{"hypergraph.train"});
    }

    void faults_are_told_and_the_graph_stays() {
        Bench bench;
        bench.open();
        bench.panel->form()->edit("graph.direction", "directed");
        QTRY_COMPARE_WITH_TIMEOUT(bench.context.count("hypergraph.open"), 2, 60'000);
        // A tensor that is none.
        const std::string uuid = bench.newest("hypergraph.open");
        bench.send(uuid, text_artifact("edge_index", "tensor", "garbage"));
        bench.finish(uuid, graph_summary(bench.graph));
        QTRY_VERIFY_WITH_TIMEOUT(bench.context.messages.last().startsWith("err"), 60'000);
        QVERIFY(bench.has_graph());
        // Ids outside.
        bench.panel->form()->edit("graph.direction", "auto");
        bench.panel->form()->edit("hyperedges.keep_largest", 9);
        QTRY_COMPARE_WITH_TIMEOUT(bench.context.count("hypergraph.open"), 3, 60'000);
        const qsizetype told = bench.context.messages.size();
        bench.answer("hypergraph.open", {i32_artifact("edge_index", {2, 1}, {0, 4000}), i32_artifact("memberships", {2, 0}, {})}, graph_summary(bench.graph));
        QTRY_COMPARE_WITH_TIMEOUT(bench.context.messages.size(), told + 1, 60'000);
        QVERIFY(bench.has_graph());
        // The engine refuses the file.
        Q_EMIT bench.context.run_pressed();
        event::Failed failure;
        failure.what = "The file is damaged.";
        failure.where = "made.hif.json, line 3";
        bench.context.play(bench.newest("hypergraph.open"), failure);
        bench.end(bench.newest("hypergraph.open"), RunState::failed);
        QVERIFY(bench.context.messages.last().contains("line 3"));
        QVERIFY(bench.has_graph());
        QVERIFY(bench.panel->is_stale());
        // Places of another graph are refused.
        bench.context.play(bench.newest("hypergraph.train"), failure);
        bench.end(bench.newest("hypergraph.train"), RunState::failed);
        Q_EMIT bench.panel->pane()->layout_requested();
        bench.send(bench.newest("hypergraph.layout"), f32_artifact("positions", {1, 2}, {0, 0}));
        QVERIFY(bench.context.messages.last().contains("positions"));
        QCOMPARE(bench.panel->pane()->graph_view()->places()->x.size(), std::size_t(kMadeNodes));
    }

    void is_kept_with_the_project() {
        QTemporaryDir folder;
        QFile file(folder.filePath("kept.hif.json"));
        QVERIFY(file.open(QIODevice::WriteOnly));
        Json kept;
        float x = 0;
        {
            Bench bench;
            bench.show();
            bench.panel->source()->data()->choose(file.fileName());
            bench.answer_open();
            QTRY_VERIFY_WITH_TIMEOUT(bench.has_graph(), 60'000);
            bench.answer("hypergraph.layout", {made_positions(1, 100, false)});
            x = bench.panel->pane()->graph_view()->places()->x[0];
            auto* styles = bench.panel->pane()->findChild<SegmentedControl*>();
            Q_EMIT styles->chosen(1);
            bench.panel->form()->edit("hidden", 48);
            QTRY_COMPARE_WITH_TIMEOUT(bench.context.state.is_object() ? bench.context.state["params"]["hidden"] : Json(), Json(48), 60'000);
            kept = bench.context.state;
        }
        Bench again;
        again.context.state = kept;
        Q_EMIT again.context.project_changed();
        QCOMPARE(again.panel->form()->value("hidden"), Json(48));
        QVERIFY(again.panel->pane()->style() == PaneStyle::star);
        again.answer_open();
        QTRY_VERIFY_WITH_TIMEOUT(again.has_graph(), 60'000);
        QCOMPARE(again.context.count("hypergraph.layout"), 0);             // the places are there
        QCOMPARE(again.panel->pane()->graph_view()->places()->x[0], x);
        // The network that was trained on it is there again; the form stays as it was left.
        Bench trained;
        PanelRun run;
        run.uuid = "trained";
        run.id = 1;
        run.method = "hypergraph.train";
        run.state = RunState::finished;
        run.params = kept["params"];
        run.params["hidden"] = 16;
        run.summary = {{"test_accuracy", 0.5}};
        run.assets = {{"data", file.fileName()}};
        trained.context.recorded << run;
        for (const Artifact& artifact : trained_network(trained.graph)) trained.context.recorded_artifacts["trained"] << artifact;
        trained.context.recorded_series["trained/train_accuracy"] = {{1, 0.4}, {2, 0.5}};
        trained.context.state = kept;
        Q_EMIT trained.context.project_changed();
        trained.answer_open();
        QTRY_VERIFY_WITH_TIMEOUT(trained.panel->training(), 60'000);
        QCOMPARE(trained.panel->form()->value("hidden"), Json(48));
        QVERIFY(trained.panel->is_stale());
        QTRY_COMPARE_WITH_TIMEOUT(trained.panel->curves()->scores()->curves().size(), 1, 60'000);
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

    /// A hundred thousand nodes: what is read is made into a graph on another thread, and the window answers meanwhile.
    void opens_a_large_graph() {
        constexpr int kManyNodes = 100'000, kManyEdges = 300'000, kManyHyperedges = 50'000;
        std::vector<std::int32_t> edges, pairs, of, labels;
        std::mt19937 random(3);
        for (int i = 0; i < 2 * kManyEdges; ++i) edges.push_back(std::int32_t(random() % kManyNodes));
        std::vector<std::vector<Json>> nodes, hyperedges;
        for (int h = 0; h < kManyHyperedges; ++h) {
            for (int k = 0; k < 4; ++k) pairs.push_back(std::int32_t((random() + unsigned(k)) % kManyNodes)), of.push_back(h);
            hyperedges.push_back({h, "h" + std::to_string(h), 4});
        }
        pairs.insert(pairs.end(), of.begin(), of.end());
        std::vector<float> places;
        for (int node = 0; node < kManyNodes; ++node) {
            labels.push_back(node % 5);
            nodes.push_back({node, "n" + std::to_string(node), "c" + std::to_string(node % 5), node % 97});
            places.push_back(float(random() % 1000));
            places.push_back(float(random() % 1000));
        }
        const std::vector<Artifact> artifacts{i32_artifact("edge_index", {2, kManyEdges}, edges), i32_artifact("memberships", {2, 4 * kManyHyperedges}, pairs), i32_artifact("labels", {kManyNodes}, labels),
            f32_artifact("positions", {kManyNodes, 2}, places), table_artifact("nodes", {"id", "name", "class", "x"}, nodes), table_artifact("hyperedges", {"id", "name", "size"}, hyperedges)};
        Bench bench;
        bench.show();
        bench.panel->source()->data()->choose(bench.file());
        qint64 longest = 0;
        QElapsedTimer since;
        since.start();
        QTimer tick;
        connect(&tick, &QTimer::timeout, this, [&] { longest = std::max(longest, since.restart()); });
        tick.start(5);
        bench.answer("hypergraph.open", artifacts, {{"nodes", kManyNodes}, {"hyperedges", kManyHyperedges}, {"classes", {"a", "b", "c", "d", "e"}}});
        QTRY_VERIFY_WITH_TIMEOUT(bench.panel->graph(), 60'000);
        QTRY_VERIFY_WITH_TIMEOUT(bench.panel->pane()->graph_view()->is_settled(), 60'000);
        QCOMPARE(bench.context.count("hypergraph.layout"), 0);   // the file has positions
        since.restart();
        bench.panel->selection()->select_nodes({7, 70, 700});
        QCoreApplication::processEvents();
        const qint64 selecting = since.elapsed();
        qInfo("longest wait of the window %lld ms, selection %lld ms", longest, selecting);
        QVERIFY(longest < 1500);                                 // under load; alone about 100
        QVERIFY(selecting < 1000);
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

QTEST_MAIN(TestHypergraphPanel)
#include "test_hypergraph_panel.moc"
