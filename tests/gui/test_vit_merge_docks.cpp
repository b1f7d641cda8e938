// The docks of the workspace of merging: tables of accuracy, confusion, sweeps, model differences, training, merging into a file, recorded results; and pictures of all of it.
#include "plugins/vit_merge/panel/accuracy_view.h"
#include "plugins/vit_merge/panel/attention_view.h"
#include "plugins/vit_merge/panel/confusion_view.h"
#include "plugins/vit_merge/panel/inspector_view.h"
#include "plugins/vit_merge/panel/sweep_view.h"
#include "plugins/vit_merge/panel/training_view.h"
#include "tests/gui/vit_merge_bench.h"
#include "viewers/heat_map.h"
#include "viewers/plot_viewer.h"
#include "viewers/table_view.h"
#include "widgets/segmented_control.h"
#include "widgets/simple_table.h"
#include <QClipboard>
#include <QToolButton>

using namespace lathe;
using namespace lathe::gui_test;
using namespace lathe::vit_merge;
using Bench = VitMergeBench;
using Tab = vit_merge::Panel::Tab;

class TestVitMergeDocks : public QObject {
    Q_OBJECT

    static int column_named(const AccuracyModel& model, const QString& head) { return int(model.heads().indexOf(head)); }

private Q_SLOTS:
    void initTestCase() {
        QStandardPaths::setTestModeEnabled(true);
        Theme::instance().apply(*qApp, ThemeMode::light);
    }

    void picks_and_inspects() {
        Bench bench;
        bench.show();
        bench.open();
        Q_EMIT bench.strip()->picked_changed(1);
        QCOMPARE(bench.asked("vit_merge.inspect")["model"], Json(""));
        bench.answer("vit_merge.inspect", inspected_picture());
        SimpleTable* top = bench.panel->inspector()->top();
        QCOMPARE(top->rowCount(), 5);
        QCOMPARE(top->item(0, 0)->text(), "Merged");
        QVERIFY(top->item(1, 1)->text().contains("97"));
        QVERIFY(bench.panel->inspector()->title().contains("digits 1"));
        QCOMPARE(bench.panel->inspector()->attention()->map()->accessible_size(), QSize(4, 4));
        QVERIFY(bench.panel->inspector()->attention()->map()->accessible_cell(0, 0).contains("0.15"));   // the mean of the heads
        bench.panel->inspector()->attention()->set_head("rollout");
        QVERIFY(bench.panel->inspector()->attention()->map()->accessible_cell(1, 1).contains("0.4"));
        // A model: asked for again, and how far it is from the base.
        Q_EMIT bench.panel->inspector()->model_chosen("fashion");
        QCOMPARE(bench.asked("vit_merge.inspect")["model"], Json("fashion"));
        QCOMPARE(bench.asked("vit_merge.compare")["second"], Json("fashion"));
        QVERIFY(bench.context.last("vit_merge.compare").request.lane == Lane::live);
        QCOMPARE(bench.panel->models()->selected(), "fashion");
        bench.answer("vit_merge.compare", compared_models());
        QCOMPARE(bench.panel->inspector()->difference()->curves().size(), 3);
        // A block: in the map and in the attention.
        bench.answer("vit_merge.inspect", inspected_picture());
        Q_EMIT bench.panel->inspector()->attention()->block_changed(4);
        QCOMPARE(bench.panel->selected_block(), 4);
        QCOMPARE(bench.panel->similarity()->full()->marked().y(), 4);
        // The picture is asked about again once the merge is another.
        const int asked = bench.context.count("vit_merge.inspect");
        bench.panel->form()->edit("m", 6);
        QTRY_COMPARE_WITH_TIMEOUT(bench.context.count("vit_merge.strip"), 2, 60'000);
        bench.answer_strip();
        QTRY_COMPARE_WITH_TIMEOUT(bench.context.count("vit_merge.inspect"), asked + 1, 60'000);
    }

    void never_mixes_joint_and_oracle() {
        Bench bench;
        bench.show();
        bench.open();
        bench.panel->options("vit_merge.evaluate")->form()->edit("images", 100);
        bench.trigger("Evaluate");
        QCOMPARE(bench.asked("vit_merge.evaluate")["images"], Json(100));
        QVERIFY(bench.context.last("vit_merge.evaluate").request.lane == Lane::batch);
        bench.context.play(bench.newest("vit_merge.evaluate"), event::Progress{1, 5, "average"});
        QVERIFY(bench.panel->accuracy()->note().contains("20 % · average"));
        bench.trigger("Evaluate");                         // while it runs: cancel
        QCOMPARE(bench.context.cancelled.size(), 1);
        bench.answer("vit_merge.evaluate", evaluated_methods());
        AccuracyView* view = bench.panel->accuracy();
        AccuracyModel* model = view->model();
        QCOMPARE(view->methods().first(), "hard_routing"); // the baseline stays on top
        QVERIFY(model->text(0, 0).contains("baseline to beat"));
        QVERIFY(model->data(model->index(0, 0), Qt::ToolTipRole).toString().contains("baseline to beat"));
        QCOMPARE(model->text(1, column_named(*model, "Joint, %")), "91.5");
        QCOMPARE(model->text(1, column_named(*model, "Oracle head, %")), "92.7");
        QVERIFY(model->text(1, column_named(*model, "Joint, %") + 1).contains("1.5"));       // Δ to hard routing
        for (const auto& [columns, value, count] : {std::tuple(AccuracyView::Columns::joint, "93.0", 1 + 5), std::tuple(AccuracyView::Columns::oracle, "94.2", 1 + 5), std::tuple(AccuracyView::Columns::gate, "99.0", 1 + 5)}) {
            view->set_columns(columns);
            QCOMPARE(model->columnCount(), count);
            QCOMPARE(model->text(1, 1), value);
        }
        view->set_columns(AccuracyView::Columns::side_by_side);
        QCOMPARE(model->columnCount(), 1 + 3 * 5);
        QCOMPARE(model->text(1, column_named(*model, "digits, joint")), "93.0");
        QCOMPARE(model->text(1, column_named(*model, "digits, oracle head")), "94.2");
        QVERIFY(view->as_latex().contains("\\toprule"));
        QVERIFY(view->as_latex().contains("99.0"));
        named<QToolButton>(*view, "Copy as CSV")->click();
        QVERIFY(QApplication::clipboard()->text().contains("normalised_joint"));
        // Numbers sort as numbers.
        view->set_columns(AccuracyView::Columns::joint);
        view->table()->set_sort_keys({{1, Qt::DescendingOrder}});
        QCOMPARE(view->table()->model()->index(0, 1).data().toString(), "95.0");
        QVERIFY(!view->note().contains("Stale"));
        bench.panel->form()->edit("method", "average");    // what is measured are several methods
        QVERIFY(!view->note().contains("Stale"));
        bench.panel->form()->edit("m", 1);
        QVERIFY(view->note().contains("Stale"));
    }

    void averages_the_seeds_of_a_benchmark() {
        AccuracyView view(nullptr);
        view.set_method_titles({{"gated", "Gated merging"}});
        view.take(table_artifact("accuracy", {"set", "seed", "method", "task", "joint", "oracle", "gate"}, {{"tasks", 0, "gated m=3", "digits", 0.9, 0.92, 0.99}, {"tasks", 1, "gated m=3", "digits", 0.8, 0.82, 0.97}}));
        view.take(table_artifact("methods", {"set", "seed", "method", "joint", "oracle"}, {{"tasks", 0, "gated m=3", 0.9, 0.92}, {"tasks", 1, "gated m=3", 0.8, 0.82}}));
        QCOMPARE(view.model()->text(0, 0), "Gated merging, m=3");
        QCOMPARE(view.model()->text(0, column_named(*view.model(), "Joint, %")), "85.0");
        view.set_columns(AccuracyView::Columns::joint);
        QCOMPARE(view.model()->text(0, 1), "85.0");
        QVERIFY(view.note().contains("2 seeds"));
    }

    void undoes_how_tables_are_looked_at() {
        Bench bench;
        bench.show();
        bench.open();
        bench.answer("vit_merge.strip", {});
        auto* columns = bench.panel->accuracy()->findChild<SegmentedControl*>();
        columns->set_current(2);
        Q_EMIT columns->chosen(2);
        QVERIFY(bench.panel->accuracy()->columns() == AccuracyView::Columns::oracle);
        bench.context.undo.undo();
        QVERIFY(bench.panel->accuracy()->columns() == AccuracyView::Columns::summary);
        auto* axes = bench.panel->sweep()->findChild<SegmentedControl*>();
        axes->set_current(1);
        Q_EMIT axes->chosen(1);
        QCOMPARE(bench.panel->sweep()->axis(), "lambda");
        bench.context.undo.undo();
        QCOMPARE(bench.panel->sweep()->axis(), "m");
    }

    void counts_what_is_taken_for_what() {
        Bench bench;
        bench.show();
        bench.open();
        bench.trigger("Evaluate");
        bench.answer("vit_merge.evaluate", evaluated_methods());
        bench.panel->show_tab(Tab::confusion);
        ConfusionView* view = bench.panel->confusion();
        QCOMPARE(view->gate()->accessible_size(), QSize(4, 4));
        QVERIFY(view->gate()->accessible_cell(0, 0).contains("494"));
        QVERIFY(view->gate()->accessible_cell(0, 0).contains("digits"));
        QCOMPARE(view->entropy()->curves().first().x.size(), 5);
        QVERIFY(view->classes()->accessible_cell(0, 0).contains("100"));
        auto* less = named<QComboBox>(*view, "Less the method");
        less->setCurrentIndex(less->findData("individual"));
        Q_EMIT less->activated(less->currentIndex());
        QVERIFY(view->classes()->accessible_cell(0, 0).contains(QChar(0x2212) + QStringLiteral("4")));
    }

    void sweeps_m_and_takes_a_point() {
        Bench bench;
        bench.show();
        bench.open();
        SweepView* view = bench.panel->sweep();
        QCOMPARE(view->storage()->curves().size(), 2);     // known without a measurement
        QCOMPARE(view->storage()->curves().first().x.size(), kMergeDepth + 1);
        bench.panel->options("vit_merge.sweep")->form()->edit("points", 5);
        bench.trigger("Sweep this axis");
        QCOMPARE(bench.asked("vit_merge.sweep")["axis"], Json("m"));
        QCOMPARE(bench.asked("vit_merge.sweep")["points"], Json(5));
        bench.answer("vit_merge.sweep", {swept_m()});
        QStringList names;
        for (const Curve& curve : view->accuracy()->curves()) names << curve.name;
        QCOMPARE(names, QStringList({"joint", "oracle head", "gate"}));
        QVERIFY(!view->note().contains("other models"));
        Q_EMIT view->accuracy()->point_clicked("joint", 5);
        QCOMPARE(bench.panel->form()->value("m"), Json(5));
        QVERIFY(!view->accuracy()->curves().first().stale); // m is what was swept
        bench.context.undo.undo();
        QCOMPARE(bench.panel->form()->value("m"), Json(3));
        bench.panel->form()->edit("temperature", 2.0);
        QVERIFY(view->accuracy()->curves().first().stale);
        view->set_axis("plane");
        bench.trigger("Sweep this axis");
        bench.answer("vit_merge.sweep", {swept_plane()});
        QCOMPARE(view->plane()->accessible_size(), QSize(5, 5));
        QVERIFY(view->plane()->accessible_cell(4, 0).contains("0.2"));   // y grows upwards
        view->set_axis("m");
        QVERIFY(view->as_csv().contains("joint"));
    }

    void compares_two_models() {
        Bench bench;
        bench.show();
        bench.open();
        bench.panel->show_tab(Tab::compare);
        CompareView* view = bench.panel->compare();
        QCOMPARE(view->first(), "");                       // the base
        QCOMPARE(view->second(), "digits");
        bench.trigger("Compare two models");
        QCOMPARE(bench.asked("vit_merge.compare")["first"], Json(""));   // the strip has a number of that name
        QCOMPARE(bench.asked("vit_merge.compare")["second"], Json("digits"));
        QVERIFY(bench.context.last("vit_merge.compare").request.lane == Lane::batch);
        bench.answer("vit_merge.compare", compared_models());
        QCOMPARE(view->layers()->model()->rowCount(), 4 * kMergeDepth);
        QCOMPARE(view->layer_plot()->curves().size(), 3);
        QCOMPARE(view->cka()->accessible_size(), QSize(kMergeDepth + 1, kMergeDepth + 1));
        QVERIFY(!view->spectra()->curves().isEmpty());
        QCOMPARE(view->keys()->model()->rowCount(), 1);
        QCOMPARE(view->embedding()->curves().size(), 4);
        // One block in all views.
        Q_EMIT view->layer_plot()->point_clicked(view->layer_plot()->curves().first().id, 2);
        QCOMPARE(bench.panel->selected_block(), 2);
        QCOMPARE(view->layers()->selectionModel()->selectedRows().size(), 4);
        // All pairs, and a click on one chooses it.
        view->set_page(CompareView::Page::pairs);
        QVERIFY(view->pairs()->accessible_cell(0, 1).contains("0.98"));
        Q_EMIT view->pairs()->clicked(1, 2);
        QCOMPARE(view->first(), "fashion");
        QCOMPARE(view->second(), "letters");
        QVERIFY(view->note().contains("Stale"));
        QCOMPARE(bench.panel->selected_model(), "letters");
    }

    void trains_a_gate() {
        Bench bench;
        bench.show();
        bench.open();
        TrainingView* view = bench.panel->training();
        view->form("vit_merge.train_gate")->edit("epochs", 3.0);
        bench.trigger("Train a gate");
        const std::string uuid = bench.newest("vit_merge.train_gate");
        QCOMPARE(bench.asked("vit_merge.train_gate")["epochs"], Json(3.0));
        for (int step = 1; step <= 5; ++step) bench.context.play(uuid, event::Metrics{{"loss", "accuracy", "rate"}, {{0, step, 0.1, 1.4 / step}, {1, step, 0.1, 1 - 0.5 / step}, {2, step, 0.1, 0.003}}});
        QCOMPARE(view->losses()->curves().size(), 1);
        QCOMPARE(view->scores()->curves().first().y.last(), 90.0);
        bench.answer("vit_merge.train_gate", {text_artifact("gate", "file", "weights")}, {{"accuracy", 0.991}});
        QVERIFY(view->note().contains("99.1"));
        QCOMPARE(view->files("vit_merge.train_gate").size(), 1);
        bench.context.undo.undo();
        QCOMPARE(view->values("vit_merge.train_gate")["epochs"], Json(13.0));
        // Parameters that the workspace has under the same name are the training's own.
        QVERIFY(!view->values("vit_merge.train").contains("models"));
        view->form("vit_merge.train")->edit("learning_rate", 0.01);
        Q_EMIT view->start_requested("vit_merge.train");
        QCOMPARE(bench.asked("vit_merge.train")["learning_rate"], Json(0.01));
        QVERIFY(bench.asked("vit_merge.train")["tasks"].is_object());
        bench.end(bench.newest("vit_merge.train"), RunState::cancelled);
        bench.context.methods.methods.clear();
        Q_EMIT view->start_requested("vit_merge.train");
        QVERIFY(bench.context.messages.last().contains("does not know vit_merge.train"));
    }

    void writes_the_merged_model() {
        Bench bench;
        bench.open();
        const QString target = bench.files.filePath("merged");
        QVERIFY(bench.panel->merge_to(target));
        QVERIFY(!QFileInfo::exists(target + ".safetensors"));   // nothing half-written
        bench.answer("vit_merge.merge", {text_artifact("model", "file", "weights"), text_artifact("recipe", "file", "{}"), table_artifact("left_out", {"model", "key", "why"}, {{"letters", "head_dist.weight", "no other model has it"}})});
        QFile model(target + ".safetensors");
        QVERIFY(model.open(QIODevice::ReadOnly));
        QCOMPARE(model.readAll(), "weights");
        QVERIFY(QFileInfo::exists(target + ".recipe.json"));
        QVERIFY(bench.context.messages.last().startsWith("warn|The merged model was saved."));
        QVERIFY(bench.context.messages.last().contains("head_dist.weight"));
        // An engine that gives no model, and a place that cannot be written.
        QVERIFY(bench.panel->merge_to(bench.files.filePath("none.safetensors")));
        bench.answer("vit_merge.merge", {});
        QVERIFY(bench.context.messages.last().contains("no model"));
        QVERIFY(bench.panel->merge_to("/proc/nowhere/merged.safetensors"));
        bench.answer("vit_merge.merge", {text_artifact("model", "file", "weights")});
        QVERIFY(bench.context.messages.last().contains("could not be written"));
        // One that writes the file itself, and one that says it did.
        for (MethodInfo& method : bench.context.methods.methods)
            if (method.id == "vit_merge.merge") method.parameters.push_back(Parameter::path("file"));
        Q_EMIT bench.context.catalogue_changed();
        QVERIFY(bench.panel->merge_to(bench.files.filePath("large")));
        const QString large = bench.files.filePath("large.safetensors");
        QCOMPARE(bench.asked("vit_merge.merge")["file"], Json(large.toStdString()));
        bench.answer("vit_merge.merge", {});
        QVERIFY(bench.context.messages.last().contains("no model"));
        QVERIFY(bench.panel->merge_to(large));
        bench.file("large.safetensors");
        bench.answer("vit_merge.merge", {});
        QVERIFY(bench.context.messages.last().startsWith("info|The merged model was saved."));
    }

    void shows_recorded_results() {
        Bench bench;
        bench.open();
        const auto record = [&](const QString& uuid, const QString& method, const Json& more, const std::vector<Artifact>& artifacts) {
            PanelRun run;
            run.uuid = uuid;
            run.method = method;
            run.state = RunState::finished;
            run.params = bench.panel->form()->values();
            run.params.update(more);
            run.assets = {{"set", bench.panel->source()->set()->path()}};
            bench.context.recorded << run;
            for (const Artifact& artifact : artifacts) bench.context.recorded_artifacts[uuid] << artifact;
        };
        record("e", "vit_merge.evaluate", {{"images", 500}}, evaluated_methods());
        record("s", "vit_merge.sweep", {{"axis", "lambda"}, {"points", 7}}, {swept_m()});
        record("c", "vit_merge.compare", {{"first", ""}, {"second", "letters"}, {"what", {"layers", "cka"}}}, compared_models());
        record("g", "vit_merge.train_gate", Json::object(), {text_artifact("gate", "file", "weights")});
        bench.context.recorded_series["g/loss"] = {{1, 1.0}, {2, 0.5}};
        bench.context.methods.methods.clear();             // there is no engine
        for (const char* uuid : {"e", "s", "c", "g"}) Q_EMIT bench.context.restore_run(uuid);
        QTRY_VERIFY_WITH_TIMEOUT(bench.panel->training()->files("vit_merge.train_gate").size() == 1, 60'000);
        QCOMPARE(bench.panel->accuracy()->methods().size(), 5);
        QVERIFY(!bench.panel->accuracy()->note().contains("Stale"));
        bench.panel->sweep()->set_axis("lambda");
        QVERIFY(!bench.panel->sweep()->accuracy()->curves().isEmpty());
        QVERIFY(!bench.panel->sweep()->accuracy()->curves().first().stale);
        QCOMPARE(bench.panel->compare()->layers()->model()->rowCount(), 4 * kMergeDepth);
        QCOMPARE(bench.panel->compare()->second(), "letters");   // whose numbers they are
        QCOMPARE(bench.panel->training()->losses()->curves().size(), 1);
        // Another set and back: what was measured of this one is found again.
        const QString set = bench.panel->source()->set()->path();
        bench.panel->source()->set()->choose(bench.file("other.json"));
        QCOMPARE(bench.panel->accuracy()->methods().size(), 0);
        bench.panel->source()->set()->choose(set);
        QTRY_COMPARE_WITH_TIMEOUT(bench.panel->accuracy()->methods().size(), 5, 60'000);
        QTRY_VERIFY_WITH_TIMEOUT(!bench.panel->sweep()->accuracy()->curves().isEmpty(), 60'000);
    }

    void looks_as_intended() {
        const auto picture = [](Bench& bench, const QString& name) {
            for (const ThemeMode mode : {ThemeMode::dark, ThemeMode::light}) {   // plots are drawn some milliseconds later
                Theme::instance().set_mode(mode);
                QTest::qWait(120);
                QVERIFY(save_pictures_of_theme(*bench.window, name, mode));
            }
        };
        {
            Bench bench;
            bench.show();
            picture(bench, "vit-merge-empty");
        }
        Theme::instance().set_mode(ThemeMode::light);
        Bench bench;
        bench.show();
        bench.open();
        bench.trigger("Evaluate");
        bench.answer("vit_merge.evaluate", evaluated_methods());
        bench.trigger("Sweep this axis");
        bench.answer("vit_merge.sweep", {swept_m()});
        Q_EMIT bench.strip()->picked_changed(6);
        bench.strip()->pick(bench.strip()->pictures()[6].key);
        bench.panel->models()->set_selected("fashion");
        Q_EMIT bench.panel->models()->selected_changed("fashion");
        bench.answer("vit_merge.inspect", inspected_picture());
        bench.answer("vit_merge.compare", compared_models());
        picture(bench, "vit-merge-panel");
        bench.trigger("Compare two models");
        bench.answer("vit_merge.compare", compared_models());
        bench.panel->form()->edit("granularity", "per_batch");
        QTRY_COMPARE_WITH_TIMEOUT(bench.context.count("vit_merge.strip"), 2, 60'000);
        bench.answer_strip(true);
        bench.panel->sweep()->set_axis("path");
        picture(bench, "vit-merge-compare");
        for (const auto& [page, name] : {std::pair(CompareView::Page::cka, "vit-merge-cka"), std::pair(CompareView::Page::pairs, "vit-merge-pairs"), std::pair(CompareView::Page::embedding, "vit-merge-features")}) {
            bench.panel->compare()->set_page(page);
            picture(bench, name);
        }
        bench.panel->show_tab(Tab::confusion);
        bench.panel->sweep()->set_axis("plane");
        bench.trigger("Sweep this axis");
        bench.answer("vit_merge.sweep", {swept_plane()});
        bench.panel->form()->edit("m", 5);
        picture(bench, "vit-merge-confusion");
        bench.panel->show_tab(Tab::training);
        bench.trigger("Train a gate");
        for (int step = 1; step <= 30; ++step) bench.context.play(bench.newest("vit_merge.train_gate"), event::Metrics{{"loss", "accuracy"}, {{0, step, 0.1, 1.4 / step}, {1, step, 0.1, 1 - 0.5 / step}}});
        bench.window->resize(1216, 770);
        picture(bench, "vit-merge-training");
        QVERIFY2(bench.panel->form()->widget()->minimumSizeHint().width() <= 320, qPrintable(QString::number(bench.panel->form()->widget()->minimumSizeHint().width())));
    }
};

QTEST_MAIN(TestVitMergeDocks)
#include "test_vit_merge_docks.moc"
