// The workspace of merging with a context that answers as the engine does: sets, models, pictures, m, one selection, undo, keyboard, readers, kept state, recorded runs, faults.
#include "plugins/vit_merge/panel/cost_view.h"
#include "plugins/vit_merge/panel/finding_rows.h"
#include "plugins/vit_merge/panel/inspector_view.h"
#include "plugins/vit_merge/panel/sweep_view.h"
#include "tests/gui/vit_merge_bench.h"
#include "widgets/slider.h"
#include <QAccessible>
#include <QCheckBox>
#include <QMimeData>

using namespace lathe;
using namespace lathe::gui_test;
using namespace lathe::vit_merge;
using Bench = VitMergeBench;

class TestVitMergePanel : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        QStandardPaths::setTestModeEnabled(true);
        Theme::instance().apply(*qApp, ThemeMode::light);
    }

    void is_empty_without_models() {
        Bench bench;
        QVERIFY(bench.panel->is_empty());
        Q_EMIT bench.context.run_pressed();
        QVERIFY(bench.context.messages.last().contains("There are no models"));
        bench.trigger("Evaluate");
        bench.trigger("Compare two models");
        bench.trigger("Merge and save…");
        QCOMPARE(bench.context.submitted.size(), 0);
        QCOMPARE(bench.context.messages.size(), 4);
    }

    void opens_a_set() {
        Bench bench;
        bench.panel->source()->set()->choose(bench.file());
        QVERIFY(!bench.panel->is_empty());
        QCOMPARE(bench.context.count("vit_merge.describe"), 1);
        QCOMPARE(bench.context.last("vit_merge.describe").assets.first().first, "set");
        QCOMPARE(bench.context.count("vit_merge.strip"), 0);
        bench.answer_describe();
        QCOMPARE(bench.context.last("vit_merge.strip").live_key, "vit_merge.strip");
        QVERIFY(bench.context.last("vit_merge.strip").request.lane == Lane::live);
        bench.answer_strip();
        QCOMPARE(bench.strip()->pictures().size(), kMergePictures);
        QCOMPARE(bench.panel->models()->models().size(), 4);
        QVERIFY(bench.panel->source()->facts().contains("4 models"));
        QVERIFY(bench.panel->source()->facts().contains("small gate"));
        QCOMPARE(bench.panel->findings()->texts().size(), 2);
        QVERIFY(bench.panel->findings()->texts().first().startsWith("Warning"));
        QVERIFY(bench.panel->strip_view()->note().contains("Joint 87.5"));
        QVERIFY(bench.panel->strip_view()->note().contains("Oracle head 93.8"));
        QVERIFY(bench.panel->strip_view()->warning().isEmpty());
        QVERIFY(bench.panel->costs()->storage_text().contains(" of "));
        QVERIFY(bench.panel->costs()->sentence().contains("baseline to beat"));
        QVERIFY(!bench.panel->is_stale());
        QCOMPARE(bench.context.submitted.size(), 2);
        const auto most = [&] {
            for (const Parameter& parameter : bench.panel->form()->parameters())
                if (parameter.id == "m") return parameter.max;
            return Json();
        };
        QCOMPARE(most(), Json(kMergeDepth));               // the slider goes as far as there are blocks
        Q_EMIT bench.context.catalogue_changed();          // the engine was started again
        QCOMPARE(most(), Json(kMergeDepth));
        QCOMPARE(bench.context.undo.count(), 0);
    }

    void moves_m_live_and_undoes() {
        Bench bench;
        bench.open();
        const Strip before = bench.panel->strip();
        bench.panel->form()->edit("m", 5);
        QVERIFY(bench.panel->is_stale());
        QTRY_COMPARE_WITH_TIMEOUT(bench.context.count("vit_merge.strip"), 2, 60'000);
        QCOMPARE(bench.asked("vit_merge.strip")["m"], Json(5));
        QCOMPARE(bench.strip()->pictures().size(), before.pictures.size());   // what was there stays until the new is
        bench.answer_strip();
        QVERIFY(!bench.panel->is_stale());
        QCOMPARE(bench.context.count("vit_merge.describe"), 1);               // which blocks are gated is found here
        bench.context.undo.undo();
        QVERIFY(bench.panel->is_stale());
        QTRY_COMPARE_WITH_TIMEOUT(bench.context.count("vit_merge.strip"), 3, 60'000);
    }

    void asks_for_the_description_where_it_changes() {
        Bench bench;
        bench.open();
        bench.panel->form()->edit("similarity", "l1");
        QTRY_COMPARE_WITH_TIMEOUT(bench.context.count("vit_merge.describe"), 2, 60'000);
        QCOMPARE(bench.asked("vit_merge.describe")["similarity"], Json("l1"));
    }

    void waits_while_live_is_off() {
        Bench bench;
        bench.open();
        Q_EMIT bench.context.live_toggled(false);
        bench.panel->form()->edit("m", 1);
        QTest::qWait(300);
        QCOMPARE(bench.context.count("vit_merge.strip"), 1);
        QVERIFY(bench.context.docks["costs"].hint.contains("changes wait for Run"));
        Q_EMIT bench.context.run_pressed();
        QVERIFY(bench.context.last("vit_merge.strip").request.lane == Lane::batch);
        bench.answer_strip();
        QVERIFY(!bench.panel->is_stale());
    }

    /// The least alike block of a kind comes in first; a click takes in or out up to the block that was clicked.
    void gates_blocks_by_a_click() {
        Bench bench;
        bench.show();
        bench.open();
        SimilarityMap* map = bench.panel->similarity()->full();
        std::vector<int> order{0, 1, 2, 3, 4, 5};
        std::ranges::sort(order, std::ranges::less{}, [](int block) { return made_similarity(block, true); });
        QCOMPARE(bench.panel->form()->value("m"), Json(3));
        for (int rank = 0; rank < kMergeDepth; ++rank) QCOMPARE(map->is_gated(order[std::size_t(rank)], 0), rank < 3);
        QTest::mouseClick(map, Qt::LeftButton, {}, map->accessible_cell_rect(order[4], 0).center());
        QCOMPARE(bench.panel->form()->value("m"), Json(5));
        QCOMPARE(bench.panel->selected_block(), order[4]);
        QVERIFY(map->is_gated(order[4], 0));
        QTest::mouseClick(map, Qt::LeftButton, {}, map->accessible_cell_rect(order[1], 0).center());
        QCOMPARE(bench.panel->form()->value("m"), Json(1));
        QVERIFY(!map->is_gated(order[1], 0));
        QVERIFY(map->accessible_cell(order[0], 0).contains("gated"));
        bench.context.undo.undo();
        QCOMPARE(bench.panel->form()->value("m"), Json(5));
        bench.context.undo.undo();
        QCOMPARE(bench.panel->form()->value("m"), Json(3));
        // By the keyboard, too; a threshold gives way in the same step.
        bench.panel->form()->edit("tau", 0.85);
        const int gated = int(std::ranges::count_if(order, [](int block) { return made_similarity(block, true) < 0.85; }));
        QCOMPARE(bench.panel->description().gated(3, 0.85).count() > 0, true);
        map->setFocus();
        map->set_marked({0, order[std::size_t(gated)]});
        QTest::keyClick(map, Qt::Key_Return);
        QCOMPARE(bench.panel->form()->value("m"), Json(gated + 1));
        QCOMPARE(bench.panel->form()->value("tau"), Json(-1.0));
        bench.context.undo.undo();
        QCOMPARE(bench.panel->form()->value("tau"), Json(0.85));
    }

    void edits_models_and_undoes() {
        Bench bench;
        bench.show();
        bench.open();
        ModelList* list = bench.panel->models();
        QTest::mouseClick(list->row(1)->box(), Qt::LeftButton, {}, QPoint(8, list->row(1)->box()->height() / 2));
        QVERIFY(!list->models()[1].use);
        QTRY_COMPARE_WITH_TIMEOUT(bench.context.count("vit_merge.describe"), 2, 60'000);
        const Json rows = bench.asked("vit_merge.describe")["models"]["rows"];
        QCOMPARE(rows.size(), std::size_t(4));
        QCOMPARE(rows[1], Json::array({"fashion", "", "", 1.0, 0}));
        Q_EMIT list->row(0)->weight_changed(1.5, false);
        QCOMPARE(list->models()[0].weight, 1.5);
        Q_EMIT list->row(0)->weight_changed(1.2, true);    // a drag is one step
        Q_EMIT list->row(0)->weight_changed(1.1, false);
        bench.context.undo.undo();
        QCOMPARE(list->models()[0].weight, 1.5);
        bench.context.undo.undo();
        bench.context.undo.undo();
        QVERIFY(list->models()[1].use);
        QVERIFY(bench.panel->form()->value("models")["rows"].empty());
    }

    void moves_models_by_keyboard_and_keeps_colours() {
        Bench bench;
        bench.show();
        bench.open();
        ModelList* list = bench.panel->models();
        list->row(0)->setFocus();
        QTest::keyClick(list->row(0), Qt::Key_Down, Qt::AltModifier);
        QCOMPARE(list->models()[0].name, "fashion");
        QCOMPARE(list->models()[1].name, "digits");
        QTest::keyClick(list->row(1), Qt::Key_Up, Qt::AltModifier);
        QCOMPARE(list->models()[0].name, "digits");
        QTest::keyClick(list->row(2), Qt::Key_Space);
        QVERIFY(!list->models()[2].use);
        QTest::keyClick(list->row(2), Qt::Key_Return);
        QCOMPARE(bench.panel->selected_model(), "letters");
        QCOMPARE(bench.panel->inspector()->title(), "No picture is picked");
    }

    void adds_and_removes_models() {
        Bench bench;
        bench.open();
        const QString extra = bench.file("digits.safetensors");
        Q_EMIT bench.context.model_dropped(extra);
        QCOMPARE(bench.panel->models()->models().size(), 5);
        QCOMPARE(bench.panel->models()->models().last().name, "digits-2");
        QCOMPARE(bench.panel->models()->models().last().path, extra);
        Q_EMIT bench.context.model_dropped(extra);         // it is there already
        QCOMPARE(bench.panel->models()->models().size(), 5);
        Q_EMIT bench.panel->models()->row(4)->remove_requested();
        QCOMPARE(bench.panel->models()->models().size(), 4);
        bench.context.undo.undo();
        QCOMPARE(bench.panel->models()->models().size(), 5);
        Q_EMIT bench.context.model_dropped(bench.file("notes.txt"));
        QVERIFY(bench.context.messages.last().contains("neither a set nor a model"));
        // Another set: rows of the old one go, what was added stays.
        bench.panel->source()->set()->choose(bench.file("domains.json"));
        QCOMPARE(bench.panel->models()->models().size(), 1);
        QVERIFY(bench.panel->strip().pictures.isEmpty());
    }

    void merges_files_without_a_set() {
        Bench bench;
        bench.panel->models()->add_files({bench.file("a.safetensors"), bench.file("b.pth"), bench.file("c.txt")});
        QTRY_COMPARE_WITH_TIMEOUT(bench.context.count("vit_merge.describe"), 1, 60'000);
        QVERIFY(bench.context.last("vit_merge.describe").assets.isEmpty());
        QVERIFY(!bench.panel->is_empty());
        QCOMPARE(bench.asked("vit_merge.describe")["models"]["rows"].size(), std::size_t(2));
    }

    void drops_folders() {
        Bench bench;
        bench.file("one.safetensors");
        Q_EMIT bench.context.data_dropped(bench.files.path());
        QCOMPARE(bench.panel->source()->set()->path(), bench.files.path());
        QTemporaryDir pictures;
        Q_EMIT bench.context.data_dropped(pictures.path());
        QCOMPARE(bench.panel->source()->data()->path(), pictures.path());
        QCOMPARE(bench.panel->source()->set()->path(), bench.files.path());
    }

    void takes_pictures_of_ones_own() {
        Bench bench;
        bench.show();
        bench.open();
        const QString picture = bench.file("cat.png");
        QMimeData data;
        data.setUrls({QUrl::fromLocalFile(picture), QUrl::fromLocalFile(bench.file("model.safetensors"))});
        QDragEnterEvent enter(QPoint(20, 20), Qt::CopyAction, &data, Qt::LeftButton, {});
        QApplication::sendEvent(bench.strip(), &enter);
        QVERIFY(enter.isAccepted());
        QDropEvent drop(QPointF(20, 20), Qt::CopyAction, &data, Qt::LeftButton, {});
        QApplication::sendEvent(bench.strip(), &drop);
        QCOMPARE(bench.panel->form()->value("files"), Json::array({picture.toStdString()}));
        QTRY_COMPARE_WITH_TIMEOUT(bench.context.count("vit_merge.strip"), 2, 60'000);
        bench.answer_strip();
        QCOMPARE(bench.strip()->pictures().size(), kMergePictures + 1);
        const StripPicture& own = bench.strip()->pictures().last();
        QVERIFY(own.joint == Verdict::unknown);
        QCOMPARE(own.name(), "cat.png");
        bench.strip()->setFocus();
        QTest::keyClick(bench.strip(), Qt::Key_End);
        QCOMPARE(bench.asked("vit_merge.inspect")["file"], Json(picture.toStdString()));
        QTest::keyClick(bench.strip(), Qt::Key_Delete);
        QVERIFY(bench.panel->form()->value("files").empty());
        bench.context.undo.undo();
        QCOMPARE(bench.panel->form()->value("files").size(), std::size_t(1));
        QMimeData other;
        other.setUrls({QUrl::fromLocalFile(bench.file("model.safetensors"))});
        QDragEnterEvent refused(QPoint(20, 20), Qt::CopyAction, &other, Qt::LeftButton, {});
        QApplication::sendEvent(bench.strip(), &refused);
        QVERIFY(!refused.isAccepted());
    }

    void chooses_tasks() {
        Bench bench;
        bench.open();
        Q_EMIT bench.panel->strip_view()->tasks_chosen({"digits", "shapes"});
        QCOMPARE(bench.panel->form()->value("tasks"), Json::array({"digits", "shapes"}));
        QTRY_COMPARE_WITH_TIMEOUT(bench.asked("vit_merge.strip")["tasks"].size(), std::size_t(2), 60'000);
        bench.context.undo.undo();
        QVERIFY(bench.panel->form()->value("tasks").empty());
    }

    void warns_of_a_mixed_batch() {
        Bench bench;
        bench.open();
        bench.panel->form()->edit("granularity", "per_batch");
        QTRY_COMPARE_WITH_TIMEOUT(bench.context.count("vit_merge.strip"), 2, 60'000);
        bench.answer_strip(true);
        QVERIFY(bench.panel->strip_view()->warning().contains("most heads are wrong"));
        Q_EMIT bench.panel->strip_view()->per_sample_wanted();
        QCOMPARE(bench.panel->form()->value("granularity"), Json("per_sample"));
        QTRY_COMPARE_WITH_TIMEOUT(bench.context.count("vit_merge.strip"), 3, 60'000);
        bench.answer_strip();
        QVERIFY(bench.panel->strip_view()->warning().isEmpty());
        bench.context.undo.undo();
        QCOMPARE(bench.panel->form()->value("granularity"), Json("per_batch"));
    }

    void says_right_and_wrong_in_words() {
        Bench bench;
        bench.open();
        QCOMPARE(verdict_text(bench.strip()->pictures()[0]), "right");
        QVERIFY(verdict_text(bench.strip()->pictures()[6]).startsWith("wrong: is"));
        QVERIFY(verdict_text(bench.strip()->pictures()[13]).startsWith("wrong head: is of"));
    }

    void moves_in_the_strip_by_keyboard() {
        Bench bench;
        bench.show();
        bench.open();
        ImageStrip* strip = bench.strip();
        strip->setFocus();
        QTest::keyClick(strip, Qt::Key_Home);
        QCOMPARE(strip->picked(), 0);
        QTest::keyClick(strip, Qt::Key_Right);
        QTest::keyClick(strip, Qt::Key_Right);
        QCOMPARE(strip->picked(), 2);
        const int across = strip->width() / strip->cell(0).width();
        QTest::keyClick(strip, Qt::Key_Down);
        QCOMPARE(strip->picked(), 2 + across);
        QTest::keyClick(strip, Qt::Key_Up);
        QTest::keyClick(strip, Qt::Key_Left);
        QCOMPARE(strip->picked(), 1);
        const int size = strip->size_of_picture();
        QTest::keyClick(strip, Qt::Key_Plus);
        QVERIFY(strip->size_of_picture() > size);
        bench.context.undo.undo();
        QCOMPARE(strip->size_of_picture(), size);
        QTest::keyClick(strip, Qt::Key_Minus);
        QVERIFY(strip->size_of_picture() < size);
        QTest::mouseClick(strip, Qt::LeftButton, {}, strip->cell(5).center());
        QCOMPARE(strip->picked(), 5);
        QCOMPARE(bench.asked("vit_merge.inspect")["task"], Json("digits"));
        QCOMPARE(bench.asked("vit_merge.inspect")["index"], Json(5));
    }

    void is_a_table_for_readers() {
        Bench bench;
        bench.show();
        bench.open();
        QAccessible::setActive(true);
        QAccessibleInterface* shown = QAccessible::queryAccessibleInterface(bench.strip());
        QVERIFY(shown && shown->tableInterface());
        QCOMPARE(shown->tableInterface()->rowCount(), kMergePictures);
        QCOMPARE(shown->tableInterface()->columnCount(), 8 + 4);
        QCOMPARE(shown->tableInterface()->columnDescription(5), "Joint");
        QCOMPARE(shown->tableInterface()->cellAt(0, 5)->text(QAccessible::Name), "right");
        QVERIFY(shown->tableInterface()->cellAt(6, 0)->text(QAccessible::Name).contains("wrong"));
        bench.strip()->pick(bench.strip()->pictures()[3].key);
        QVERIFY(shown->tableInterface()->cellAt(3, 0)->state().selected);
        QAccessibleInterface* map = QAccessible::queryAccessibleInterface(bench.panel->similarity()->full());
        QVERIFY(map && map->tableInterface());
        QCOMPARE(map->tableInterface()->rowCount(), kMergeDepth);
        for (QWidget* widget : bench.window->findChildren<QWidget*>())
            if (widget->focusPolicy() & Qt::TabFocus && widget->isVisible()) {
                const QAccessibleInterface* one = QAccessible::queryAccessibleInterface(widget);
                QVERIFY2(one && !one->text(QAccessible::Name).isEmpty(), qPrintable(QString(widget->metaObject()->className()) + u' ' + widget->toolTip() + u' ' + widget->parentWidget()->metaObject()->className()));
            }
    }

    void keeps_its_state() {
        Json kept;
        {
            Bench bench;
            bench.show();
            bench.open();
            Q_EMIT bench.panel->models()->row(2)->weight_changed(1.5, false);
            bench.panel->form()->edit("m", 2);
            Q_EMIT bench.strip()->picked_changed(9);
            bench.panel->sweep()->set_axis("tau");
            Q_EMIT bench.panel->sweep()->axis_changed("tau");
            QTRY_VERIFY_WITH_TIMEOUT(bench.context.state.is_object() && bench.context.state.value("picture", Json()).value("index", -1) == 1, 60'000);
            kept = bench.context.state;
            Bench again(kept);
            QVERIFY(!again.panel->is_empty());
            QCOMPARE(again.panel->source()->set()->path(), bench.panel->source()->set()->path());
            QCOMPARE(again.panel->form()->value("m"), Json(2));
            QCOMPARE(again.panel->models()->models()[2].weight, 1.5);
            QCOMPARE(again.panel->sweep()->axis(), "tau");
            QCOMPARE(again.context.undo.count(), 0);
        }
        // The description is read back without an engine where it is of the same set and parameters.
        Bench gone(kept);
        const QString path = gone.panel->source()->set()->path();
        QVERIFY(path.isEmpty() || path.endsWith(QStringLiteral("models/vit-merge/tasks.json")));   // the file is not there any more: what comes with the program, if anything
    }

    void survives_damaged_state() {
        for (const char* text : {R"([])", R"({"state_version":1,"set":5,"view":[],"picture":"x","description":{"tables":{"similarity":"block\n-4\n"}},"options":7,"training":[]})", R"({"view":{"size":-3,"columns":99,"page":-2,"block":1e9}})"}) {
            Bench bench(Json::parse(text));
            QVERIFY(bench.panel->is_empty() || !bench.panel->source()->set()->path().isEmpty());
        }
    }

    void shows_a_recorded_strip() {
        Bench bench;
        const QString set = bench.file();
        PanelRun run;
        run.uuid = "recorded";
        run.id = 7;
        run.method = "vit_merge.strip";
        run.state = RunState::finished;
        run.params = bench.panel->form()->values();
        run.params["m"] = 6;
        run.summary = strip_summary();
        run.assets = {{"set", set}};
        bench.context.recorded << run;
        for (const Artifact& artifact : strip_answer()) bench.context.recorded_artifacts["recorded"] << artifact;
        bench.context.recorded_series["recorded/merge_ms"] = {{0, 3.5}};
        bench.context.methods.methods.clear();             // there is no engine
        Q_EMIT bench.context.restore_run("recorded");
        QTRY_COMPARE_WITH_TIMEOUT(bench.strip()->pictures().size(), kMergePictures, 60'000);
        QCOMPARE(bench.panel->form()->value("m"), Json(6));
        QCOMPARE(bench.panel->source()->set()->path(), set);
        QVERIFY(!bench.panel->is_stale());
        QVERIFY(!bench.panel->is_empty());
        QCOMPARE(bench.panel->strip().metrics.value("merge_ms"), 3.5);
        bench.context.undo.undo();
        QCOMPARE(bench.panel->form()->value("m"), Json(3));
        QVERIFY(bench.panel->is_stale());
    }

    void tells_what_fails() {
        Bench bench;
        bench.panel->source()->set()->choose(bench.file());
        bench.fail(bench.newest("vit_merge.describe"), "No model is in this file.", "tasks.json");
        QVERIFY(bench.context.messages.last().startsWith("err|No model is in this file."));
        bench.panel->source()->set()->choose(bench.file("other.json"));
        bench.answer_describe(true);
        QVERIFY(bench.context.messages.last().contains("letters has 24 classes less"));
        QVERIFY(bench.panel->findings()->texts().first().startsWith("Error"));
        QCOMPARE(bench.context.count("vit_merge.strip"), 0);   // it would fail
        bench.panel->form()->edit("lambda", 0.7);
        QTRY_COMPARE_WITH_TIMEOUT(bench.context.count("vit_merge.strip"), 1, 60'000);
        bench.fail(bench.newest("vit_merge.strip"), "λ is out of range.", "lambda = 0.7");
        QVERIFY(bench.context.messages.last().contains("out of range"));
        QVERIFY(bench.panel->form()->has_errors());
        bench.panel->form()->edit("lambda", 0.5);
        QVERIFY(!bench.panel->form()->has_errors());
    }

    void survives_bad_answers() {
        Bench bench;
        bench.panel->source()->set()->choose(bench.file());
        const std::string describe = bench.newest("vit_merge.describe");
        bench.send(describe, f32_artifact("cosine", {4}, {1, 2, 3, 4}));
        QVERIFY(bench.context.messages.last().contains("dimensions"));
        bench.send(describe, table_artifact("similarity", {"block", "kind", "similarity"}, {{-4, "attn", 0.5}}));
        QVERIFY(bench.context.messages.last().contains("no block"));
        bench.send(describe, table_artifact("models", {"nothing"}, {{"x"}}));
        bench.send(describe, text_artifact("findings", "table", "\xff\xfe,,\n\"open"));
        bench.finish(describe, Json::array());
        const std::string strip = bench.newest("vit_merge.strip");
        bench.send(strip, table_artifact("strip", {"index", "task"}, {{-1, ""}, {"x", "digits"}, {1e300, "y"}}));
        bench.send(strip, f32_artifact("gate", {2, 2}, {0.5F, 0.5F, std::nanf(""), 9.0F}));   // of other pictures
        Artifact broken = made_task_picture(0, 0, 0);
        broken.shape = {99, 99, 3};
        bench.send(strip, broken);
        bench.finish(strip, {{"mixed_batch", "perhaps"}, {"bytes", "many"}});
        QCOMPARE(bench.strip()->pictures().size(), 3);
        QVERIFY(bench.strip()->pictures()[0].gate.isEmpty());
        Q_EMIT bench.strip()->picked_changed(1);
        bench.panel->form()->edit("m", 2);
        QTRY_COMPARE_WITH_TIMEOUT(bench.context.count("vit_merge.strip"), 2, 60'000);
        bench.answer_strip();
        QCOMPARE(bench.strip()->pictures().size(), kMergePictures);
    }

    void drops_answers_to_old_questions() {
        Bench bench;
        bench.panel->source()->set()->choose(bench.file());
        const std::string old = bench.newest("vit_merge.describe");
        bench.panel->source()->set()->choose(bench.file("other.json"));
        for (const Artifact& artifact : described_models()) bench.send(old, artifact);
        bench.finish(old, described_summary());
        QVERIFY(bench.panel->description().models.isEmpty());
        bench.answer_describe();
        QCOMPARE(bench.panel->description().models.size(), 4);
    }

    void holds_thirty_models() {
        Bench bench;
        QStringList files;
        for (int i = 0; i < 33; ++i) files << bench.file(QStringLiteral("model%1.safetensors").arg(i));
        bench.panel->models()->add_files(files);
        QCOMPARE(bench.panel->models()->models().size(), 30);
    }
};

QTEST_MAIN(TestVitMergePanel)
#include "test_vit_merge_panel.moc"
