// The docks of the workspace of quantization that take longer work: comparison, the check on an engine, pictures, learning.
#include "plugins/quantization/panel/engine_view.h"
#include "plugins/quantization/panel/learning_view.h"
#include "plugins/quantization/panel/methods_view.h"
#include "plugins/quantization/panel/note_rows.h"
#include "plugins/quantization/panel/pictures_view.h"
#include "tests/gui/quantization_bench.h"
#include "viewers/heat_map.h"
#include "viewers/plot_viewer.h"
#include "widgets/method_options.h"
#include "widgets/parameter_form.h"
#include "widgets/simple_table.h"
#include <QPushButton>

using namespace lathe;
using namespace lathe::gui_test;
using namespace lathe::quantization;
using Bench = QuantizationBench;

class TestQuantizationDocks : public QObject {
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

    /// Methods without a form in the workspace have theirs behind a button; what is set there goes with their runs and is kept, and only theirs.
    void options_go_with_their_method() {
        Bench bench;
        bench.open();
        bench.answer();
        MethodOptions* options = bench.panel->options("quantization.sensitivity");
        QVERIFY(options && options->isEnabled());
        options->form()->edit("images", 32);
        bench.panel->form()->edit("images", 500);
        Q_EMIT bench.panel->front()->sensitivity_requested();
        QCOMPARE(bench.context.last("quantization.sensitivity").request.params["images"], Json(32));
        bench.context.undo.undo();
        bench.context.undo.undo();
        QCOMPARE(options->values()["images"], Json(256));
        bench.context.undo.redo();
        QTRY_VERIFY(bench.context.state.is_object() && bench.context.state["options"]["quantization.sensitivity"]["images"] == Json(32));
        bench.show();
        options->click();
        QTRY_VERIFY(options->form()->isVisible());
        QVERIFY(save_pictures(*options->form()->window(), "quantization_options"));
        Theme::instance().set_mode(ThemeMode::light);
        options->form()->window()->close();
    }

    /// What was measured before stands in the plot, once for each assignment, and comes back with a click.
    void recorded_measurements_are_rings() {
        Bench bench;
        const QString model = bench.files.filePath("resnet20.safetensors"), data = bench.files.path();
        const auto recorded = [&](int number, int bits, double top1, const QString& of) {
            PanelRun run;
            run.uuid = QString::number(number);
            run.id = number;
            run.method = "quantization.evaluate";
            run.state = RunState::finished;
            run.params = {{"backend", "academic"}, {"weight_bits", bits}, {"images", 1000}};
            run.summary = {{"top1", top1}, {"size_bytes", 34'000.0 * bits}, {"bitops", 1e9}};
            run.assets = {{"model", of}, {"data", data}};
            bench.context.recorded << run;
        };
        recorded(1, 5, 0.9, model);
        recorded(2, 5, 0.91, model);
        recorded(3, 6, 0.915, model);
        recorded(4, 3, 0.8, "/another.safetensors");
        bench.open();
        PlotViewer* plot = bench.panel->front()->plot();
        const auto rings = [&] {
            QStringList found;
            for (const Curve& curve : plot->curves())
                if (curve.id == u"tried")
                    for (const double y : curve.y)
                        if (!std::isnan(y)) found << QString::number(y, 'f', 1);
            return found.join(' ');
        };
        QTRY_VERIFY(rings().startsWith(QStringLiteral("91.0 91.5")));   // what is measured now may be there already
        Q_EMIT plot->point_clicked("tried", 2);
        QCOMPARE(bench.panel->form()->value("weight_bits"), Json(6));
        bench.context.undo.undo();
        QVERIFY(bench.panel->form()->value("weight_bits") != Json(6));
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

    void integers_are_told() {
        Bench bench;
        bench.open();
        bench.panel->form()->edit("arithmetic", "integer");
        QTRY_COMPARE_WITH_TIMEOUT(bench.context.last("quantization.evaluate").request.params["arithmetic"], Json("integer"), 60'000);
        const std::string uuid = bench.newest();
        bench.send(uuid, text_artifact("arithmetic", "table", "node,runs on,why\r\nconv1,integers,\r\nlinear,float,Its input is not quantized.\r\n"));
        bench.finish(uuid, {{"top1", 0.9}, {"top1_float", 0.91}, {"images", 100}, {"integer_mac_share", 0.98}, {"reused", "layer2"}, {"loss", "nan"}});
        QTRY_VERIFY_WITH_TIMEOUT(bench.panel->notes()->texts().join(' ').contains("In float at linear: Its input is not quantized."), 60'000);
        QVERIFY(bench.panel->notes()->texts().join(' ').contains("98.0 %"));
        QVERIFY(bench.context.docks["result"].hint.contains("computed anew from layer2"));
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

private:
    QTemporaryDir m_data;
};

QTEST_MAIN(TestQuantizationDocks)
#include "test_quantization_docks.moc"
