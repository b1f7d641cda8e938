// The workspace of hypergraphs with a context that answers as the engine does: opening, styles, one selection, layout, undo, files, faults, and a large graph.
#include "plugins/hypergraph/panel/build_row.h"
#include "plugins/hypergraph/panel/curves_view.h"
#include "plugins/hypergraph/panel/import_view.h"
#include "plugins/hypergraph/panel/rows_view.h"
#include "tests/gui/hypergraph_bench.h"
#include "viewers/plot_viewer.h"
#include "viewers/set_view.h"
#include "viewers/table_view.h"
#include "widgets/parameter_form.h"
#include "widgets/segmented_control.h"
#include "widgets/simple_table.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include <QComboBox>

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
        // Sizes: a step of undo, kept with the project; a column of texts is none.
        auto* sizes = named<QComboBox>(*pane, "Size by");
        QVERIFY(sizes->findText("year") > 0 && sizes->findText("venue") < 0 && sizes->findText("id") < 0);
        const int before = bench.context.undo.count();
        sizes->setCurrentIndex(sizes->findText("Hyperdegree"));
        Q_EMIT sizes->activated(sizes->currentIndex());
        QCOMPARE(pane->shown_sizing().values.size(), std::size_t(kMadeNodes));
        QCOMPARE(pane->shown_sizing().values[5], float(bench.panel->graph()->data->memberships.length(5)));
        QCOMPARE(pane->view()["size"], Json("hyperdegree"));
        QCOMPARE(bench.context.undo.count(), before + 1);
        bench.context.undo.undo();
        QVERIFY(pane->shown_sizing().values.empty());
        QCOMPARE(sizes->currentIndex(), 0);
        bench.context.undo.redo();
        QCOMPARE(sizes->currentText(), "Hyperdegree");
        pane->set_size("statistics:clustering");           // not measured yet: it comes with its figures
        QVERIFY(pane->shown_sizing().values.empty());
        bench.trigger("Measure statistics");
        bench.answer("hypergraph.statistics", measured_statistics());
        QVERIFY(std::abs(pane->shown_sizing().values[1] - 0.26F) < 1e-6F);
        QVERIFY(sizes->findText("community") < 0);
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
        // Squares of hyperedges stand where the layout puts them, until the next one or other hyperedges.
        std::vector<float> middles(2 * bench.graph.hyperedges.size(), std::nanf(""));
        middles[0] = 7, middles[1] = 8;
        const auto square = [&] { return bench.panel->pane()->graph_view()->hyperedge_places(); };
        bench.answer("hypergraph.layout", {made_positions(2, 100, false), f32_artifact("hyperedge_positions", {std::int64_t(bench.graph.hyperedges.size()), 2}, middles)});
        QVERIFY(square() && square()->x[0] == 7.0F && square()->y[0] == 8.0F && std::isnan(square()->x[1]));
        Q_EMIT bench.panel->pane()->layout_requested();
        bench.answer("hypergraph.layout", {made_positions(2, 100, false)});
        QVERIFY(!square());
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

    void exports() {
        Bench bench;
        bench.show();
        bench.open();
        QVERIFY(bench.panel->write_graph(bench.files.filePath("out.graphml")));
        const auto asked = bench.context.last("hypergraph.export");
        QCOMPARE(asked.request.params["export.format"], Json("graphml"));
        bench.answer("hypergraph.export", {}, {{"path", "out.graphml"}, {"left_out", {"Features are left out."}}});
        QVERIFY(bench.context.messages.last().contains("Features are left out"));
        QVERIFY(bench.panel->write_graph(bench.files.filePath("out.mtx")));
        QCOMPARE(bench.context.last("hypergraph.export").request.params["export.format"], Json("mtx_incidence"));
        QVERIFY(bench.panel->write_graph(bench.files.filePath("out.mtx")) == false);      // that one runs still: it is cancelled
        bench.end(bench.newest("hypergraph.export"), RunState::cancelled);
        QVERIFY(bench.panel->write_graph(bench.files.filePath("out.mtx"), "mtx_adjacency"));
        QCOMPARE(bench.context.last("hypergraph.export").request.params["export.format"], Json("mtx_adjacency"));
        // Its progress is seen, and it can be cancelled there.
        auto* cancel = [&]() -> IconButton* {
            for (IconButton* button : bench.panel->pane()->findChildren<IconButton*>())
                if (button->toolTip() == "Cancel the export") return button;
            return nullptr;
        }();
        QVERIFY(cancel && cancel->isVisible());
        bench.context.play(bench.newest("hypergraph.export"), event::Progress{0, 0, "3 MB written"});
        QVERIFY(std::ranges::any_of(bench.panel->pane()->findChildren<ElidedLabel*>(), [](const ElidedLabel* label) { return label->text() == "3 MB written"; }));
        cancel->click();
        QVERIFY(bench.context.cancelled.contains(QString::fromStdString(bench.newest("hypergraph.export"))));
        bench.end(bench.newest("hypergraph.export"), RunState::cancelled);
        QVERIFY(!cancel->isVisible());
        // Positions: those on the screen, as a file of theirs.
        QVERIFY(bench.panel->write_graph(bench.files.filePath("places.csv"), "positions"));
        const auto places = bench.context.last("hypergraph.export").request.params;
        QCOMPARE(places["export.format"], Json("positions"));
        QFile kept(QString::fromStdString(places["export.positions"].get<std::string>()));
        QVERIFY(kept.open(QIODevice::ReadOnly));
        QVERIFY(kept.readAll().contains("[48,2]"));
        bench.end(bench.newest("hypergraph.export"));
        for (const char* name : {"graph.png", "graph.svg", "graph.pdf", "graph.csv"}) {
            const qsizetype told = bench.context.messages.size();
            bench.panel->write_picture(bench.files.filePath(name));
            QTRY_COMPARE_WITH_TIMEOUT(bench.context.messages.size(), told + 1, 60'000);
            QVERIFY(QFileInfo(bench.files.filePath(name)).size() > 0);
        }
        bench.panel->write_picture("/nowhere/graph.svg");
        QTRY_VERIFY_WITH_TIMEOUT(bench.context.messages.last().startsWith("err"), 60'000);
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
        // Its picture is written on another thread.
        for (const char* name : {"large.png", "large.svg", "large.pdf"}) {
            const qsizetype told = bench.context.messages.size();
            longest = 0;
            since.restart();
            bench.panel->write_picture(bench.files.filePath(name));
            QTRY_COMPARE_WITH_TIMEOUT(bench.context.messages.size(), told + 1, 60'000);
            qInfo("%s: longest wait of the window %lld ms", name, longest);
            QVERIFY(longest < 500);                              // under load; alone below 100
            QVERIFY(QFileInfo(bench.files.filePath(name)).size() > 0);
        }
        bench.panel->write_picture(bench.files.filePath("cancelled.png"));
        Q_EMIT bench.panel->pane()->export_cancel_requested();
        QTRY_VERIFY_WITH_TIMEOUT(!bench.panel->pane()->graph_view()->is_exporting(), 60'000);
        QVERIFY(!QFileInfo::exists(bench.files.filePath("cancelled.png")));
    }
};

QTEST_MAIN(TestHypergraphPanel)
#include "test_hypergraph_panel.moc"
