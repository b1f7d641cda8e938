// The workspace of quantization with a context that answers as the engine does: sliders, one selection, undo, estimates, ranges, the graph, faults.
#include "plugins/quantization/panel/budget_rows.h"
#include "plugins/quantization/panel/graph_view.h"
#include "plugins/quantization/panel/engine_view.h"
#include "plugins/quantization/panel/learning_view.h"
#include "plugins/quantization/panel/methods_view.h"
#include "plugins/quantization/panel/note_rows.h"
#include "plugins/quantization/panel/panel.h"
#include "plugins/quantization/panel/pictures_view.h"
#include "plugins/quantization/panel/range_plot.h"
#include "plugins/quantization/panel/ranges_view.h"
#include "plugins/quantization/panel/result_view.h"
#include "plugins/quantization/panel/source_bar.h"
#include "tests/gui/fake_panel_context.h"
#include "tests/gui/gui_fixture.h"
#include "tests/gui/quantization_answers.h"
#include "viewers/heat_map.h"
#include "viewers/plot_viewer.h"
#include "widgets/asset_chooser.h"
#include "widgets/dock_title.h"
#include "widgets/parameter_form.h"
#include "widgets/simple_table.h"
#include <QAccessible>
#include <QGridLayout>
#include <QPushButton>
#include <QTemporaryDir>

using namespace lathe;
using namespace lathe::gui_test;
using namespace lathe::quantization;

namespace {

/// A dock as the window frames it.
void fill_as_dock(QWidget* frame) {
    const auto fill = [frame] {
        QPalette palette = Theme::instance().palette();
        palette.setColor(QPalette::Window, theme_colours().base);
        frame->setPalette(palette);
    };
    fill();
    frame->setAutoFillBackground(true);
    QObject::connect(&Theme::instance(), &Theme::changed, frame, fill);
}

QWidget* framed(const FakePanelContext& context, const QString& id) {
    auto* frame = new QWidget;
    fill_as_dock(frame);
    auto* column = new QVBoxLayout(frame);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    const auto& dock = context.docks[id];
    column->addWidget(new DockTitle(dock.title, dock.hint));
    column->addWidget(dock.content, 1);
    return frame;
}

struct Bench {
    FakePanelContext context;
    QTemporaryDir files;
    std::unique_ptr<QWidget> window = std::make_unique<QWidget>();
    Panel* panel = nullptr;

    explicit Bench(bool with_data = true) {
        context.methods.methods = quantization_methods();
        panel = new Panel(context);
        fill_as_dock(panel);
        auto* grid = new QGridLayout(window.get());
        grid->setContentsMargins(0, 0, 0, 0);
        grid->setSpacing(1);
        grid->addWidget(context.bar, 0, 0, 1, 3);
        grid->addWidget(framed(context, "parameters"), 1, 0, 2, 1);
        grid->addWidget(panel, 1, 1);
        grid->addWidget(framed(context, "ranges"), 2, 1);
        auto* right = new QWidget;
        auto* column = new QVBoxLayout(right);
        column->setContentsMargins(0, 0, 0, 0);
        column->setSpacing(1);
        for (const char* id : {"result", "front"}) column->addWidget(framed(context, id), id[0] == 'f' ? 1 : 0);
        for (const char* id : {"methods", "engine"})
            if (context.docks.contains(id)) column->addWidget(framed(context, id));
        grid->addWidget(right, 1, 2, 2, 1);
        grid->setColumnStretch(1, 1);
        grid->setColumnMinimumWidth(0, 304);
        grid->setColumnMinimumWidth(2, 422);
        grid->setRowStretch(1, 1);
        grid->setRowMinimumHeight(2, 280);
        window->resize(1528, 928);
        if (with_data) panel->source()->data()->choose(files.path());
    }
    void send(const std::string& uuid, Artifact artifact) { context.play(uuid, event::ArtifactMade{std::move(artifact)}); }
    void finish(const std::string& uuid, const Json& summary) {
        event::Finished done;
        done.seconds = 0.1;
        done.summary = summary;
        context.play(uuid, done);
        Q_EMIT context.run_ended(QString::fromStdString(uuid), RunState::finished);
    }
    std::string newest(const char* method = "quantization.evaluate") const { return context.last(method).request.uuid; }
    void open() {
        panel->source()->model()->choose(files.filePath("resnet20.safetensors"));
        answer_description();
    }
    void answer_description(const Json& extra = Json::object()) {
        const auto asked = context.last("quantization.describe");
        for (const Artifact& artifact : description_of(asked.request.params)) send(asked.request.uuid, artifact);
        Json summary = costs_of_params(asked.request.params);
        summary["family"] = "cifar_resnet";
        summary.update(extra);
        finish(asked.request.uuid, summary);
    }
    void answer(double top1 = 0.909) {
        const auto asked = context.last("quantization.evaluate");
        for (const Artifact& artifact : evaluation_of(asked.request.params)) send(asked.request.uuid, artifact);
        Json summary = costs_of_params(asked.request.params);
        summary.update({{"top1", top1}, {"top1_float", 0.9173}, {"images", 1000}, {"loss", 0.31}, {"seconds", 1.4}});
        finish(asked.request.uuid, summary);
    }
    void measure_sensitivity() {
        for (QAction* action : context.actions)
            if (action->text() == "Measure sensitivity") action->trigger();
        const std::string uuid = newest("quantization.sensitivity");
        for (const Artifact& artifact : sensitivity_of()) send(uuid, artifact);
        finish(uuid, {{"images", kSensitivityImages}});
    }
    void show() {
        window->show();
        QVERIFY(QTest::qWaitForWindowExposed(window.get()));
    }
    LayerTable* table() { return panel->layers()->table(); }
    const ShownLayer& layer(const QString& node) { return table()->layer_model()->layers()[table()->layer_model()->row_of(node)]; }
};

Network small_network() {
    Network network;
    for (const Artifact& artifact : description_of({{"backend", "academic"}})) network.take(artifact);
    network.facts = costs_of_params(Json::object());
    return network;
}

}

class TestQuantizationPanel : public QObject {
    Q_OBJECT

    /// Pictures of one dock alone, out of its place.
    static void alone(QWidget& view, const QSize& size, const QString& name) {
        QWidget* place = view.parentWidget();
        view.setParent(nullptr);
        fill_as_dock(&view);
        view.resize(size);
        view.show();
        QVERIFY(QTest::qWaitForWindowExposed(&view));
        view.resize(size);
        QCoreApplication::processEvents();
        QVERIFY(save_pictures(view, name));
        Theme::instance().set_mode(ThemeMode::light);
        view.setParent(place);
    }

private Q_SLOTS:
    void initTestCase() {
        Theme::instance().apply(*qApp, ThemeMode::light);
        qputenv("XDG_DATA_HOME", m_data.path().toLocal8Bit());   // what is learnt here must not stay with the user
    }

    // --- plain values

    void choices_survive_a_round_trip() {
        const Json table{{"columns", all_layer_columns()}, {"rows", Json::array()}};
        LayerChoices choices;
        choices.change("conv1").weight_bits = 4;
        choices.change("conv1").weight_symmetric = false;
        choices.change("relu").activation_low = 0;
        choices.change("relu").activation_high = 2.5;
        choices.change("fc").excluded = true;
        choices.change("nothing");
        const Json written = choices.to_table(table);
        QCOMPARE(written["rows"].size(), std::size_t(3));
        QVERIFY(LayerChoices(written) == choices);
        QVERIFY(LayerChoices(written).of("conv1").weight_symmetric == std::optional(false));
        QVERIFY(LayerChoices(written).of("relu").activation_low == std::optional(0.0));
        // A method that declares fewer columns gets those.
        const Json few = choices.to_table({{"columns", {"node", "weight_bits"}}, {"rows", Json::array()}});
        QCOMPARE(few["rows"].size(), std::size_t(3));
        QCOMPARE(few["rows"][0].size(), std::size_t(2));
        QVERIFY(LayerChoices(Json{{"columns", {"node"}}, {"rows", {{3}, "x", {"a", "b"}}}}) == LayerChoices());
    }

    void costs_are_the_engines() {
        const Network network = small_network();
        Assignment bits(network.layers.size(), LayerBits{8, 8});
        const Costs costs = costs_of(network, bits);
        double weights = 0, macs = 0;
        for (const LayerRow& row : network.layers) {
            weights += row.weights;
            macs += row.macs;
        }
        QCOMPARE(costs.bytes, network.float_bytes() + weights * (8 - 32) / 8);
        QCOMPARE(costs.bitops, macs * 64);
        bits[0] = {0, 0};
        QCOMPARE(costs_of(network, bits).bitops, (macs - network.layers[0].macs) * 64 + network.layers[0].macs * 1024);
    }

    void estimates_add_up() {
        const Network network = small_network();
        Sensitivity sensitivity;
        for (const Artifact& artifact : sensitivity_of()) QVERIFY(sensitivity.take(artifact));
        QVERIFY(sensitivity.is_ready());
        const Assignment in_float(network.layers.size(), LayerBits{0, 0});
        const auto exact = sensitivity.estimate(network, in_float);
        QVERIFY(exact);
        QCOMPARE(exact->top1, sensitivity.float_top1());
        double before = exact->loss;
        for (const int bits : {8, 4, 3, 2}) {
            const auto estimate = sensitivity.estimate(network, uniform(Assignment(network.layers.size(), LayerBits{8, 8}), bits, 8));
            QVERIFY2(estimate->loss > before - 1e-9, qPrintable(QString::number(bits)));
            before = estimate->loss;
        }
        // Between measured bits: 7 lies between 6 and 8.
        QVERIFY(sensitivity.loss_delta("conv1", true, 7) <= sensitivity.loss_delta("conv1", true, 6));
        QVERIFY(std::isnan(sensitivity.loss_delta("nobody", true, 4)));
        QVERIFY(!sensitivity.estimate(network, {}));
    }

    void the_front_is_searched() {
        const Network network = small_network();
        Sensitivity sensitivity;
        for (const Artifact& artifact : sensitivity_of()) sensitivity.take(artifact);
        const Assignment bits(network.layers.size(), LayerBits{8, 8});
        const FrontPoint* all = best_within(sensitivity, network, bits, 1e12, 1e15);
        QVERIFY(all == &sensitivity.front().last());
        QVERIFY(!best_within(sensitivity, network, bits, 1000, 1e15));
        const double half = (sensitivity.front().first().bytes + sensitivity.front().last().bytes) / 2;
        const FrontPoint* some = best_within(sensitivity, network, bits, half, 1e15);
        QVERIFY(some && costs_of(network, with_weights(network, bits, *some)).bytes <= half);
    }

    void a_damaged_sensitivity_is_refused() {
        Sensitivity sensitivity;
        QVERIFY_THROWS_EXCEPTION(Error, sensitivity.take(f32_artifact("perturbations", {4}, {1, 2, 3, 4})));
        QVERIFY(!sensitivity.is_ready());
        QVERIFY(!sensitivity.take(text_artifact("other", "table", "a,b\r\n")));
    }

    void graphs_have_places() {
        const GraphPlaces places = lay_out(5, {{0, 1}, {1, 2}, {0, 3}, {2, 4}, {3, 4}, {4, 0}});
        QCOMPARE(places.layers, 4);
        QVERIFY(places.edges.last().isEmpty());   // it runs backwards
        QCOMPARE(places.edges[4].size(), 3);      // it passes a layer
        for (const auto& [from, to] : {std::pair(0, 1), std::pair(1, 2), std::pair(2, 4), std::pair(3, 4)}) QVERIFY(places.centre[from].y() < places.centre[to].y());
        QVERIFY(std::abs(places.centre[1].x() - places.centre[3].x()) >= 1);
        QCOMPARE(lay_out(0, {}).layers, 0);
    }

    void layers_are_filtered() {
        ShownLayer layer;
        layer.row.layer = "layer1.0.conv1";
        layer.row.type = "conv";
        layer.row.sqnr = 9.4;
        layer.bits = {3, 8};
        QVERIFY(passes_filter(layer, ""));
        QVERIFY(passes_filter(layer, "layer1 conv"));
        QVERIFY(passes_filter(layer, "conv and sqnr < 10 bits<=3"));
        QVERIFY(!passes_filter(layer, "sqnr>10"));
        QVERIFY(!passes_filter(layer, "linear"));
        QString problem;
        QVERIFY(!passes_filter(layer, "speed>3", &problem));
        QCOMPARE(problem, QString("speed"));
    }

    // --- the workspace

    void asks_for_the_layers_first() {
        Bench bench;
        QCOMPARE(bench.context.count("quantization.evaluate"), 0);
        bench.panel->source()->model()->choose(bench.files.filePath("resnet20.safetensors"));
        QCOMPARE(bench.context.count("quantization.describe"), 1);
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
        bench.open();
        bench.answer();
        bench.measure_sensitivity();
        const int steps = bench.context.undo.count();
        Q_EMIT bench.panel->front()->plot()->point_clicked("front", 0);
        QCOMPARE(bench.context.undo.count(), steps + 1);
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

    void methods_are_compared() {
        Bench bench;
        bench.open();
        bench.answer();
        Q_EMIT bench.panel->methods()->run_requested();
        const std::string uuid = bench.newest("quantization.compare");
        QVERIFY(!uuid.empty());
        QCOMPARE(bench.context.last("quantization.compare").request.params["backend"], Json("academic"));
        bench.context.play(uuid, event::Progress{3, 12, "academic, brecq, 4/8"});
        bench.send(uuid, comparison_table());
        MethodsView* view = bench.panel->methods();
        QCOMPARE(view->table()->rowCount(), 4);
        QCOMPARE(view->table()->item(0, 1)->text(), QString("91.6 ± 0.1"));
        QCOMPARE(view->table()->item(3, 4)->text(), QString("2 of 3"));
        QVERIFY(view->table()->item(2, 2)->font().weight() > QFont::Normal);      // the best of W4A8
        QVERIFY(view->as_latex().contains("\\textbf{91.4 $\\pm$ 0.1}"));
        QVERIFY(view->as_csv().startsWith("backend,method"));
        Q_EMIT view->run_requested();   // the button says Cancel now
        QCOMPARE(bench.context.cancelled.last(), QString::fromStdString(uuid));
        bench.finish(uuid, {{"best", "brecq"}});
        alone(*view, {422, 220}, "quantization-methods");
    }

    void the_engine_is_checked() {
        Bench bench;
        bench.open();
        bench.answer();
        EngineView* view = bench.panel->engine();
        Q_EMIT view->check_requested();
        const std::string uuid = bench.newest("quantization.deploy");
        for (const Artifact& artifact : deployment_of()) bench.send(uuid, artifact);
        QVERIFY(!view->has_result());
        bench.finish(uuid, {{"equal_images", 256}, {"images", 256}, {"float_equal_images", 250}, {"first_diverging", ""}, {"first_diverging_float", "layer2_0_conv1"}, {"top1_runtime", 0.916}, {"top1_integer", 0.916}, {"runtime", {{"version", "1.21"}, {"exact", true}}}});
        QVERIFY(view->sentences().first().contains("agree bit for bit, 256 images"));
        QVERIFY2(view->sentences()[1].contains("layer2_0_conv1: 17 of 4.20 M values by one step"), qPrintable(view->sentences()[1]));
        QVERIFY(view->onnx());
        QTemporaryDir target;
        bench.panel->write_onnx(target.filePath("net.onnx"));
        QVERIFY(QFileInfo(target.filePath("net.onnx")).size() > 0);
        QVERIFY(QFileInfo(target.filePath("net_clip_ranges.json")).size() > 0);
        bench.panel->write_onnx(target.filePath("not/there.onnx"));
        QVERIFY(bench.context.messages.last().startsWith("err"));
        for (QPushButton* button : view->findChildren<QPushButton*>())
            if (button->isCheckable()) button->setChecked(true);
        alone(*view, {422, 620}, "quantization-engine");
        bench.send(uuid, f32_artifact("step_histograms", {2, 3, 33}, std::vector<float>(198, 1)));   // late: nothing asks for it
        // One that is damaged is told.
        Q_EMIT view->check_requested();
        bench.send(bench.newest("quantization.deploy"), f32_artifact("step_histograms", {4}, {1, 2, 3, 4}));
        QVERIFY(bench.context.messages.last().contains("step_histograms"));
    }

    void pictures_are_filtered() {
        Bench bench;
        bench.open();
        bench.answer();
        PicturesView* view = bench.panel->pictures();
        QTRY_COMPARE_WITH_TIMEOUT(view->strip()->accessible_size().height(), 24, 60'000);
        alone(*view, {820, 260}, "quantization-pictures");
        Q_EMIT view->confusion()->clicked(0, 1);
        QVERIFY(view->strip()->accessible_size().height() < 24);
        Q_EMIT view->confusion()->clicked(0, 1);   // again: all
        QCOMPARE(view->strip()->accessible_size().height(), 24);
        QTest::keyClick(view->strip(), Qt::Key_Right);
        QCOMPARE(view->strip()->current(), 0);
        QTest::keyClick(view->strip(), Qt::Key_Right);
        QCOMPARE(view->strip()->current(), 1);
    }

    void learning_shows_its_curves() {
        Bench bench;
        bench.open();
        bench.answer();
        LearningView* view = bench.panel->learning();
        const QString method = "quantization.reconstruct";
        QVERIFY(view->values(method).contains("iterations"));
        QVERIFY(!view->values(method).contains("backend"));   // the workspace's form has it
        view->set_values(method, {{"iterations", 50}});
        Q_EMIT view->start_requested(method);
        const auto asked = bench.context.last("quantization.reconstruct");
        QCOMPARE(asked.request.params["iterations"], Json(50));
        QCOMPARE(asked.request.params["backend"], Json("academic"));
        QVERIFY(asked.request.lane == Lane::batch);
        const std::string uuid = asked.request.uuid;
        event::Metrics metrics;
        metrics.keys = {"reconstruction_loss", "rounding_loss", "top1"};
        for (int i = 0; i < 200; ++i) {
            metrics.points.push_back({0, i, 0.1 * i, 0.05 * std::exp(-0.02 * (i % 50)) + 0.002});
            metrics.points.push_back({1, i, 0.1 * i, 12.0 * std::exp(-0.03 * (i % 50)) + 0.1});
            if (i % 50 == 49) metrics.points.push_back({2, i / 50 + 1, 0.1 * i, 0.80 + 0.03 * i / 50});
        }
        bench.context.play(uuid, metrics);
        bench.context.play(uuid, event::Progress{2, 20, "unit 3 of 20, iteration 12 of 50"});
        QVERIFY(view->note().contains("unit 3 of 20"));
        QCOMPARE(view->losses()->curves().size(), 2);
        Artifact quantizers = text_artifact("quantizers", "file", "safetensors, made up");
        bench.send(uuid, quantizers);
        bench.finish(uuid, {{"top1", 0.911}, {"top1_before", 0.89}, {"top1_float", 0.9173}, {"seconds", 42}});
        QVERIFY(view->note().contains("91.10"));
        alone(*view, {820, 260}, "quantization-learning");
        // What was learnt takes the place of calibration: one step of undo.
        const int steps = bench.context.undo.count(), measured = bench.context.count("quantization.evaluate");
        Q_EMIT view->use_requested(method);
        QCOMPARE(bench.context.undo.count(), steps + 1);
        QVERIFY(bench.panel->is_stale());
        QCOMPARE(bench.context.count("quantization.evaluate"), measured + 1);
        QCOMPARE(bench.context.last("quantization.evaluate").assets.last().first, QString("quantizers"));
        bench.context.undo.undo();
        QVERIFY(!bench.panel->is_stale());
        // One that is stopped says how to go on.
        Q_EMIT view->start_requested(method);
        const std::string second = bench.newest("quantization.reconstruct");
        bench.context.play(second, metrics);
        Q_EMIT view->start_requested(method);
        QCOMPARE(bench.context.cancelled.last(), QString::fromStdString(second));
        Q_EMIT bench.context.run_ended(QString::fromStdString(second), RunState::cancelled);
        QVERIFY(view->note().contains("Resume"));
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

private:
    QTemporaryDir m_data;
};

QTEST_MAIN(TestQuantizationPanel)
#include "test_quantization_panel.moc"
