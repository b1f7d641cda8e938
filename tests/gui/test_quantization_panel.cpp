// The workspace of quantization with a context that answers as the engine does: sliders, one selection, undo, estimates, ranges, the graph, faults.
#include "plugins/quantization/panel/budget_rows.h"
#include "plugins/quantization/panel/graph_view.h"
#include "plugins/quantization/panel/note_rows.h"
#include "plugins/quantization/panel/range_plot.h"
#include "plugins/quantization/panel/ranges_view.h"
#include "plugins/quantization/panel/result_view.h"
#include "tests/gui/quantization_bench.h"
#include "viewers/plot_viewer.h"
#include "widgets/parameter_form.h"
#include <QAccessible>
#include <QSignalSpy>

using namespace lathe;
using namespace lathe::gui_test;
using namespace lathe::quantization;
using Bench = QuantizationBench;

class TestQuantizationPanel : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { Theme::instance().apply(*qApp, ThemeMode::light); }

    void asks_for_the_layers_first() {
        Bench bench;
        QCOMPARE(bench.context.count("quantization.evaluate"), 0);
        const int described = bench.context.count("quantization.describe");   // the model that comes with the program was asked about
        bench.panel->source()->model()->choose(bench.files.filePath("resnet20.safetensors"));
        QCOMPARE(bench.context.count("quantization.describe"), described + 1);
        QCOMPARE(bench.context.last("quantization.describe").assets.size(), 1);
        QCOMPARE(bench.context.count("quantization.evaluate"), 0);
        bench.answer_description();
        QCOMPARE(bench.panel->network().layers.size(), 20);
        QCOMPARE(bench.context.count("quantization.evaluate"), 1);
        QVERIFY(bench.context.last("quantization.evaluate").request.lane == Lane::live);
        QCOMPARE(bench.context.last("quantization.evaluate").assets.size(), 2);
        bench.answer();
        QVERIFY(bench.panel->result());
        QVERIFY(!bench.panel->is_stale());
        QTRY_VERIFY_WITH_TIMEOUT(bench.panel->source()->facts().contains("91.73"), 60'000);
        QVERIFY(bench.panel->source()->facts().contains("20 layer"));
        QVERIFY(bench.panel->result_view()->measured_text().contains("90.9"));
    }

    void a_slider_is_dragged() {
        Bench bench;
        bench.show();
        bench.open();
        bench.answer();
        bench.measure_sensitivity();
        QVERIFY(bench.panel->sensitivity().is_ready());
        const int asked = bench.context.count("quantization.evaluate"), steps = bench.context.undo.count();
        const double loss = bench.panel->estimate()->loss;
        const QRect track = bench.table()->slider_rect("layer1_0_conv1", true);
        QVERIFY(track.width() > 40);
        const int slot = track.width() / 8;
        drag(bench.table()->viewport(), {track.left() + 6 * slot, track.center().y()}, {track.left() + 1 * slot, track.center().y()});
        QCOMPARE(bench.layer("layer1_0_conv1").bits.weight, 3);
        QCOMPARE(bench.layer("layer1_0_conv2").bits.weight, 8);
        QCOMPARE(bench.context.undo.count(), steps + 1);   // one drag, one step
        QVERIFY(bench.panel->is_stale());
        QTRY_VERIFY_WITH_TIMEOUT(bench.panel->result_view()->measured_text().contains("stale"), 60'000);
        QVERIFY(bench.panel->estimate()->loss > loss);
        QVERIFY2(bench.panel->estimate_ms() < 100, qPrintable(QString::number(bench.panel->estimate_ms())));
        QTRY_VERIFY_WITH_TIMEOUT(bench.context.count("quantization.evaluate") > asked, 60'000);
        const Json layers = bench.context.last("quantization.evaluate").request.params["layers"];
        QCOMPARE(LayerChoices(layers).of("layer1_0_conv1").weight_bits, 3);
        bench.answer(0.88);
        QVERIFY(!bench.panel->is_stale());
        QTRY_VERIFY_WITH_TIMEOUT(bench.panel->result_view()->measured_text().contains("88.0"), 60'000);
        bench.context.undo.undo();
        QCOMPARE(bench.layer("layer1_0_conv1").bits.weight, 8);
        QVERIFY(bench.panel->is_stale());
    }

    void selected_rows_move_together() {
        Bench bench;
        bench.show();
        bench.open();
        bench.answer();
        bench.panel->layers()->select({"conv1", "linear"}, "conv1");
        QVERIFY(bench.panel->layers()->selected().size() == 2);
        bench.table()->setFocus();
        const int steps = bench.context.undo.count();
        QTest::keyClick(bench.table(), Qt::Key_Left);
        QTest::keyClick(bench.table(), Qt::Key_Minus);
        QCOMPARE(bench.layer("conv1").bits.weight, 6);
        QCOMPARE(bench.layer("linear").bits.weight, 6);
        QCOMPARE(bench.layer("layer1_0_conv1").bits.weight, 8);
        QCOMPARE(bench.context.undo.count(), steps + 2);
        QTest::keyClick(bench.table(), Qt::Key_Return);   // the other slider
        QTest::keyClick(bench.table(), Qt::Key_Left);
        QCOMPARE(bench.layer("linear").bits.activation, 7);
        QCOMPARE(bench.layer("linear").bits.weight, 6);
        for (int i = 0; i < 9; ++i) QTest::keyClick(bench.table(), Qt::Key_Right);
        QCOMPARE(bench.layer("linear").bits.activation, 16);   // a value is not left in float alone
        QTest::keyClick(bench.table(), Qt::Key_Return);
        for (int i = 0; i < 9; ++i) QTest::keyClick(bench.table(), Qt::Key_Right);
        QCOMPARE(bench.layer("linear").bits.weight, 0);
        QVERIFY(bench.layer("linear").excluded);
        QTest::keyClick(bench.table(), Qt::Key_Delete);        // all are excluded: back in
        QVERIFY(!bench.layer("linear").excluded);
        // Down moves, Tab leaves.
        QTest::keyClick(bench.table(), Qt::Key_Down);
        QCOMPARE(bench.panel->layers()->selected(), QStringList{"layer1_0_conv1"});
        QTest::keyClick(bench.table(), Qt::Key_Tab);
        QVERIFY(!bench.table()->hasFocus());
    }

    void schemes_are_set_for_the_selection() {
        Bench bench;
        bench.open();
        bench.answer();
        bench.panel->layers()->select({"conv1", "layer1_0_conv1"}, "conv1");
        Q_EMIT bench.panel->layers()->scheme_chosen(LayersView::Scheme::per_tensor);
        Q_EMIT bench.panel->layers()->scheme_chosen(LayersView::Scheme::activations_symmetric);
        const LayerChoices choices(bench.panel->form()->value("layers"));
        QVERIFY(choices.of("conv1").weight_per_channel == std::optional(false));
        QVERIFY(choices.of("layer1_0_conv1").weight_per_channel == std::optional(false));
        QVERIFY(choices.of(bench.panel->network().layer("layer1_0_conv1")->input).activation_symmetric == std::optional(true));
        Q_EMIT bench.panel->layers()->scheme_chosen(LayersView::Scheme::clear_all);
        QCOMPARE(bench.panel->form()->value("layers")["rows"].size(), std::size_t(0));
        QCOMPARE(bench.context.undo.count(), 3);
        bench.context.undo.undo();
        QVERIFY(LayerChoices(bench.panel->form()->value("layers")) == choices);
    }

    void clip_ranges_are_dragged() {
        Bench bench;
        bench.show();
        bench.open();
        bench.answer();
        bench.panel->layers()->select({"layer3_2_conv1"}, "layer3_2_conv1");
        Q_EMIT bench.panel->layers()->selection_changed();
        RangePlot* plot = bench.panel->ranges()->weights();
        QVERIFY(plot->clip_high() > plot->clip_low());
        const QPoint grip = plot->handle(true).toPoint();
        const int steps = bench.context.undo.count();
        const double before = plot->clip_high();
        drag(plot, grip, grip - QPoint(60, 0));
        QCOMPARE(bench.context.undo.count(), steps + 1);
        const auto clip = LayerChoices(bench.panel->form()->value("layers")).of("layer3_2_conv1").weight_clip;
        QVERIFY(clip && *clip < before);
        QCOMPARE(plot->clip_low(), -*clip);   // a magnitude: both handles move
        QVERIFY(bench.panel->ranges()->note().contains("clipped (orange)"));
        QVERIFY(plot->clipped_share() > 0);
        Q_EMIT plot->reset_wanted();
        QVERIFY(!LayerChoices(bench.panel->form()->value("layers")).of("layer3_2_conv1").weight_clip);
        RangePlot* inputs = bench.panel->ranges()->inputs();
        inputs->setFocus();
        QTest::keyClick(inputs, Qt::Key_Left);
        const QString input = bench.panel->network().layer("layer3_2_conv1")->input;
        const NodeChoice choice = LayerChoices(bench.panel->form()->value("layers")).of(input);
        QVERIFY(choice.activation_high && choice.activation_low && *choice.activation_low == 0);
        QVERIFY(plot->as_csv().startsWith("from,to,count"));
    }

    void a_point_is_applied() {
        Bench bench;
        bench.show();
        bench.open();
        bench.answer();
        bench.measure_sensitivity();
        // The mouse finds a mark; the keyboard goes along the longest curve.
        PlotViewer* plot = bench.panel->front()->plot();
        QSignalSpy clicks(plot, &PlotViewer::point_clicked);
        QWidget* surface = nullptr;
        for (QWidget* child : plot->findChildren<QWidget*>())
            if (child->inherits("QCustomPlot")) surface = child;
        QVERIFY(surface);
        QTest::qWait(150);   // curves are drawn at most 30 times a second
        for (int y = 4; y < surface->height() && clicks.isEmpty(); y += 9)
            for (int x = 40; x < surface->width() && clicks.isEmpty(); x += 9) QTest::mouseClick(surface, Qt::LeftButton, {}, {x, y});
        QVERIFY(!clicks.isEmpty());
        while (bench.context.undo.canUndo()) bench.context.undo.undo();
        QTest::keyClick(plot, Qt::Key_Home);
        QTest::keyClick(plot, Qt::Key_Return);
        QCOMPARE(clicks.last().at(0).toString(), QString("front"));
        QCOMPARE(clicks.last().at(1).toInt(), 0);
        const FrontPoint& first = bench.panel->sensitivity().front().first();
        for (const auto& [node, bits] : first.weight_bits) QCOMPARE(bench.layer(node).bits.weight, bits);
        Q_EMIT bench.panel->front()->plot()->point_clicked("all4", 0);
        QCOMPARE(bench.layer("conv1").bits.weight, 4);
        QCOMPARE(bench.layer("layer1_0_conv1").bits.activation, 4);
        Q_EMIT bench.panel->front()->plot()->point_clicked("tried", 0);   // the one that was measured
        QCOMPARE(bench.layer("conv1").bits.weight, 8);
        bench.context.undo.undo();
        bench.context.undo.undo();
        bench.context.undo.undo();
        QCOMPARE(bench.panel->form()->value("layers")["rows"].size(), std::size_t(0));
        // The budget.
        bench.panel->budget()->set_budget({{"bytes", 140'000.0}, {"bitops", 1e12}});
        Q_EMIT bench.panel->budget()->best_wanted();
        QVERIFY(costs_of(bench.panel->network(), bench.panel->assignment()).bytes <= 140'000);
    }

    void the_graph_shows_every_quantizer() {
        Bench bench;
        bench.show();
        bench.open();
        bench.answer();
        bench.panel->layers()->set_graph(true);
        GraphView* graph = bench.panel->layers()->graph();
        QCoreApplication::processEvents();
        const QRectF at = graph->node_rect("layer1_0_conv2");
        QVERIFY(at.isValid());
        graph->select({"layer1_0_conv2"}, "layer1_0_conv2");
        QTest::mouseClick(graph, Qt::LeftButton, {}, graph->node_rect("layer1_0_conv2").center().toPoint());
        QCOMPARE(bench.panel->layers()->selected(), QStringList{"layer1_0_conv2"});
        QCOMPARE(bench.table()->current(), QString("layer1_0_conv2"));
        QVERIFY(graph->line().contains("8 bit"));
        QVERIFY(save_pictures(*bench.window, "quantization-graph"));
        Theme::instance().set_mode(ThemeMode::light);
        QTest::keyClick(graph, Qt::Key_Down);
        QVERIFY(graph->chosen() != "layer1_0_conv2");
        QVERIFY(!graph->line().isEmpty());
        QAccessibleInterface* table = QAccessible::queryAccessibleInterface(graph);
        QVERIFY(table && table->tableInterface());
        QCOMPARE(table->tableInterface()->rowCount(), int(bench.panel->network().nodes.size()));
        bench.panel->layers()->set_graph(false);
        QCOMPARE(bench.panel->notes()->texts().isEmpty(), false);
    }

    void other_networks_are_described() {
        Bench bench;
        bench.panel->source()->model()->choose(bench.files.filePath("dit.safetensors"));
        bench.answer_description({{"family", "dit"}});
        QVERIFY(!bench.panel->is_classifier());
        QCOMPARE(bench.context.count("quantization.evaluate"), 0);
        QCOMPARE(bench.panel->network().layers.size(), 20);
        Q_EMIT bench.context.run_pressed();
        QVERIFY(bench.context.messages.last().contains("no classifier"));
        const int asked = bench.context.count("quantization.describe");
        bench.panel->form()->edit("backend", "vitis");
        QTRY_VERIFY_WITH_TIMEOUT(bench.context.count("quantization.describe") > asked, 60'000);
        QCOMPARE(bench.context.count("quantization.evaluate"), 0);
    }

    void an_engine_that_tells_less() {
        Bench bench;
        bench.panel->source()->model()->choose(bench.files.filePath("resnet20.safetensors"));
        const std::string uuid = bench.newest("quantization.describe");
        for (const Artifact& artifact : description_of(Json::object()))
            if (artifact.key == "nodes") bench.send(uuid, artifact);
        bench.finish(uuid, {{"size_bytes", 1}});
        QCOMPARE(bench.panel->network().layers.size(), 20);
        bench.send(bench.newest(), text_artifact("layers", "table", "node,weight bits,weights,SQNR dB,RMSE / s,clipped,codes used\r\nconv1,8,432,44.9,0.263,0,255\r\n"));
        bench.finish(bench.newest(), {{"top1", 0.5}, {"top1_float", 0.6}, {"images", 10}});
        QCOMPARE(bench.panel->network().layers.size(), 1);
        QCOMPARE(bench.layer("conv1").row.sqnr, 44.9);
    }

    void faults_are_told() {
        Bench bench;
        bench.open();
        const std::string uuid = bench.newest();
        bench.send(uuid, f32_artifact("weight_histograms", {3, 2}, {1, 2, 3, 4, 5, 6}));
        QCOMPARE(bench.context.messages.size(), 1);
        event::Failed failure;
        failure.what = "Nothing was quantized.";
        failure.where = "parameter backend";
        failure.hint = "Choose Academic.";
        bench.context.play(uuid, failure);
        QVERIFY(bench.context.messages.last().contains("Nothing was quantized"));
        bench.panel->form()->edit("backend", "vitis");
        QTRY_VERIFY_WITH_TIMEOUT(bench.newest() != uuid, 60'000);
        bench.answer_description();
        bench.answer();
        QVERIFY(bench.panel->result());
    }

    void a_recorded_run_brings_its_files() {
        Bench bench;
        bench.open();
        bench.answer();
        Json params = bench.panel->form()->values();
        params["weight_bits"] = 4;
        const QString model = bench.files.filePath("other.safetensors");
        bench.context.recorded << PanelRun{"run-7", 7, "Seventh", "quantization.evaluate", RunState::finished, params, {{"top1", 0.8}, {"top1_float", 0.9}, {"images", 10000}}, {{"model", model}}, {}};
        bench.context.recorded_artifacts["run-7"] = evaluation_of(params);
        Q_EMIT bench.context.restore_run("run-7");
        QTRY_COMPARE_WITH_TIMEOUT(bench.panel->form()->value("weight_bits"), Json(4), 60'000);
        QCOMPARE(bench.panel->source()->model()->path(), model);
        QVERIFY(!bench.panel->is_stale());
        QTRY_VERIFY_WITH_TIMEOUT(bench.panel->result_view()->measured_text().contains("80.0"), 60'000);
    }

    void the_last_sensitivity_of_the_model_is_taken() {
        Bench bench;
        const QString model = bench.files.filePath("resnet20.safetensors");
        bench.context.recorded << PanelRun{"run-8", 8, {}, "quantization.sensitivity", RunState::finished, {}, {}, {{"model", "/elsewhere"}}, {}} << PanelRun{"run-9", 9, {}, "quantization.sensitivity", RunState::finished, {}, {}, {{"model", model}}, {}};
        bench.context.recorded_artifacts["run-9"] = sensitivity_of();
        bench.open();
        QTRY_VERIFY_WITH_TIMEOUT(bench.panel->sensitivity().is_ready(), 60'000);
    }

    void results_are_written() {
        Bench bench;
        bench.show();
        bench.open();
        bench.answer();
        bench.measure_sensitivity();
        QTemporaryDir target;
        bench.panel->write_results(QDir(target.path()), 2);
        QVERIFY2(bench.context.messages.last().startsWith("info"), qPrintable(bench.context.messages.last()));
        for (const char* name : {"layers.csv", "costs.csv", "assignments.csv", "sensitivity.csv", "confusion.csv", "layers.png", "ranges.png", "graph.svg"}) QVERIFY2(QFileInfo(target.filePath(name)).size() > 0, name);
        bench.panel->write_results(QDir(target.filePath("not/there")), 1);
        QVERIFY(bench.context.messages.last().startsWith("err"));
    }

    void state_is_kept() {
        Json kept;
        {
            Bench bench;
            bench.open();
            bench.answer();
            bench.panel->layers()->set_hidden_columns({"Shape"});
            bench.panel->layers()->set_graph(true);
            bench.panel->layers()->select({"linear"}, "linear");
            bench.panel->form()->edit("weight_bits", 4);
            QTRY_COMPARE_WITH_TIMEOUT(bench.context.state.is_object() ? bench.context.state["params"]["weight_bits"] : Json(), Json(4), 60'000);
            kept = bench.context.state;
        }
        Bench again(false);
        again.context.state = kept;
        Q_EMIT again.context.project_changed();
        QCOMPARE(again.panel->form()->value("weight_bits"), Json(4));
        QVERIFY(again.panel->layers()->is_graph());
        QCOMPARE(again.panel->layers()->hidden_columns(), QStringList{"Shape"});
        QCOMPARE(again.panel->layers()->selected(), QStringList{"linear"});
    }

    void looks_as_intended() {
        Bench bench;
        bench.show();
        bench.open();
        bench.answer(0.9173);
        bench.measure_sensitivity();
        // A few assignments, as somebody would try them.
        for (const int bits : {7, 5, 4}) {
            bench.panel->form()->edit("layers", mixed_layers(bits));
            const int asked = bench.context.count("quantization.evaluate");
            QTRY_VERIFY_WITH_TIMEOUT(bench.context.count("quantization.evaluate") > asked || !bench.panel->is_stale(), 60'000);
            bench.answer(0.917 - 0.02 / bits);
        }
        bench.panel->layers()->select({"layer3_1_conv2", "layer3_2_conv1", "layer3_2_conv2"}, "layer3_2_conv1");
        Q_EMIT bench.panel->layers()->selection_changed();
        QTest::qWait(80);
        QVERIFY(save_pictures(*bench.window, "quantization-panel"));
        Theme::instance().set_mode(ThemeMode::light);
        QVERIFY2(bench.panel->form()->widget()->minimumSizeHint().width() <= 304, qPrintable(QString::number(bench.panel->form()->widget()->minimumSizeHint().width())));
    }
};

QTEST_MAIN(TestQuantizationPanel)
#include "test_quantization_panel.moc"
