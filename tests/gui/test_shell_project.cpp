// What stays with a project, what comes in and goes out by files, and the end of runs and of the engine.
#include "app/gui/dock_area.h"
#include "app/gui/workspace.h"
#include "app/gui/curves_view.h"
#include "app/gui/images_view.h"
#include "app/gui/undo_keeper.h"
#include "tests/gui/shell_fixture.h"
#include "viewers/image_compare.h"
#include "viewers/plot_viewer.h"
#include "widgets/small_widgets.h"
#include <QComboBox>
#include <QDockWidget>
#include <QMessageBox>
#include <QTableView>
#include <QToolButton>
#include <QUndoStack>

using namespace lathe;
using namespace lathe::gui_test;

class TestShellProject : public ShellFixture {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { open_with_runs(); }
    void cleanupTestCase() { m_window.reset(); }

    // --- layouts and undo stay with the project
    void what_can_be_undone_is_kept_with_the_project() {
        window().show_workspace("runs");
        QVERIFY(select(m_third));
        QTest::keyClick(window().runs().table()->list(), Qt::Key_Delete);
        const RunId third = row_of(m_third).id;
        QTRY_VERIFY_WITH_TIMEOUT(window().runs().model().row_of(third) < 0, 60'000);
        window().workspace("runs")->docks()->close_dock("runs.images");
        const int steps = window().shell().undo->count();
        QVERIFY(steps >= 2);
        QVERIFY(close_project());
        QCOMPARE(window().shell().undo->count(), 0);
        QVERIFY2(open(m_project), qPrintable(last_message()));
        window().show_workspace("runs");
        QCOMPARE(window().shell().undo->count(), steps);
        QTRY_VERIFY_WITH_TIMEOUT(!window().workspace("runs")->docks()->find("runs.images")->dock->isVisible(), 60'000);   // the layout is the project's
        QVERIFY(action("edit.undo")->isEnabled());
        action("edit.undo")->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(window().workspace("runs")->docks()->find("runs.images")->dock->isVisible(), 60'000);
        action("edit.undo")->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(window().runs().model().row_of(third) >= 0, 60'000);
        QVERIFY(action("edit.redo")->isEnabled());
    }
    void an_unknown_dock_is_reported() {
        QVERIFY(close_project());
        {
            auto project = Project::open(fs_path(m_project));
            const auto kept = project->reader()->panel_state("shell.layout.runs");
            QVERIFY(kept.has_value());
            Json layout = kept->second;
            layout["docks"].push_back("runs.gone");
            project->set_panel_state("shell.layout.runs", 1, layout);
        }
        window().messages().clear();
        QVERIFY2(open(m_project), qPrintable(last_message()));
        QTRY_VERIFY_WITH_TIMEOUT(has_message("runs.gone"), 60'000);
        QVERIFY(shot("shell-unknown-dock"));
        window().messages().clear();
        QTest::keyClick(&window(), Qt::Key_0, Qt::ControlModifier | Qt::ShiftModifier);
        QTRY_VERIFY_WITH_TIMEOUT(window().workspace("runs")->docks()->find("runs.images")->dock->isVisible(), 60'000);
    }

    // --- files that come in
    void a_checkpoint_goes_to_the_workspace_of_its_family() {
        if (!window().workspace_ids().contains("delta_cache")) QSKIP("the plugin delta_cache is not built");
        const QString model = m_folder.filePath("boots.safetensors");
        QVERIFY(QFile::copy(qEnvironmentVariable("LATHE_TEST_DATA") + "/../../resources/models/demo-dit-12.safetensors", model));
        window().show_workspace("engine");
        drop_file(model, "shell-drop-checkpoint");
        QTRY_COMPARE_WITH_TIMEOUT(window().current_workspace(), QStringLiteral("delta_cache"), 60'000);
        const auto shown = [&] {
            for (const QComboBox* box : window().findChildren<QComboBox*>())
                if (box->isVisible() && box->currentText().contains("boots")) return true;
            return false;
        };
        QTRY_VERIFY_WITH_TIMEOUT(shown(), 60'000);
        // One that is of no family, and one that is no checkpoint.
        window().messages().clear();
        const QByteArray head = R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
        QByteArray bytes(8, '\0');
        bytes[0] = char(head.size());
        for (const auto& [name, content, told] : {std::tuple{"strange.safetensors", bytes + head + QByteArray(4, '\0'), "no known model family"}, std::tuple{"broken.safetensors", QByteArray("abc"), "Checkpoint not opened"}}) {
            QFile file(m_folder.filePath(name));
            QVERIFY(file.open(QIODevice::WriteOnly) && file.write(content) == content.size());
            file.close();
            drop_file(file.fileName());
            QTRY_VERIFY2_WITH_TIMEOUT(has_message(told), told, 60'000);
            QVERIFY2(has_message(name), name);
            QVERIFY(shown());   // the one that is open stays
        }
        QVERIFY(shot("shell-checkpoint-refused"));
        window().messages().clear();
    }
    void a_folder_goes_to_the_workspace() {
        if (!window().workspace_ids().contains("delta_cache")) QSKIP("the plugin delta_cache is not built");
        window().show_workspace("delta_cache");
        drop_file(m_folder.path());
        QTRY_VERIFY_WITH_TIMEOUT(has_message("needs no data set"), 60'000);
        window().messages().clear();
        drop_file(m_folder.filePath("not-there"));
        QTRY_VERIFY_WITH_TIMEOUT(has_message("not there"), 60'000);
        window().messages().clear();
        window().show_workspace("runs");
    }

    // --- files that go out
    void views_are_exported_by_their_dialogs() {
        QVERIFY(activate());
        window().show_workspace("runs");
        QVERIFY(select(m_third));
        auto* plot = window().findChild<CurvesView*>()->plot();
        auto* images = window().findChild<ImagesView*>()->viewer();
        QTRY_VERIFY_WITH_TIMEOUT(!plot->curves().isEmpty() && !images->images().empty(), 60'000);
        struct Kind { const char *suffix, *begins; };
        for (const Kind& kind : {Kind{"png", "\x89PNG"}, Kind{"svg", "<?xml"}, Kind{"pdf", "%PDF"}, Kind{"csv", "Step,"}}) {
            const QString file = m_folder.filePath(QStringLiteral("curves.") + kind.suffix);
            plot->setFocus();
            QVERIFY(choose_file(file, [&] { action("view.export")->trigger(); }, QLatin1String(kind.suffix) == QLatin1String("png") ? "dialog-export" : ""));
            QTRY_VERIFY2_WITH_TIMEOUT(QFile::exists(file), kind.suffix, 60'000);
            QFile written(file);
            QVERIFY(written.open(QIODevice::ReadOnly));
            QVERIFY2(written.readAll().startsWith(kind.begins), kind.suffix);
        }
        images->setFocus();
        QVERIFY(choose_file(m_folder.filePath("pictures.png"), [&] { action("view.export")->trigger(); }));
        QTRY_VERIFY_WITH_TIMEOUT(QImage(m_folder.filePath("pictures.png")).width() > 100, 60'000);
        window().messages().clear();
        QVERIFY(QDir(m_folder.path()).mkdir("all"));
        QVERIFY(choose_file(m_folder.filePath("all"), [&] { action("view.export_all")->trigger(); }));
        QTRY_VERIFY_WITH_TIMEOUT(has_message("views exported"), 60'000);
        QVERIFY(QDir(m_folder.filePath("all")).entryList(QDir::Files).size() >= 2);
        window().messages().clear();
        images->setFocus();
        QVERIFY(choose_file(m_folder.filePath("curves.png/inside.png"), [&] { action("view.export")->trigger(); }));   // no folder: nothing is written
        window().messages().clear();
    }
    void a_shared_file_leaves_undo_and_the_bin_out() {
        QVERIFY(select(m_second));
        QTest::keyClick(window().runs().table()->list(), Qt::Key_Delete);
        QTRY_VERIFY_WITH_TIMEOUT(window().runs().model().row_of(row_of(m_second).id) < 0, 60'000);
        QVERIFY(window().shell().undo->canUndo());
        const QString target = m_folder.filePath("shared.lathe");
        QTimer answer;
        answer.setInterval(50);
        QObject::connect(&answer, &QTimer::timeout, this, [&] {
            if (auto* question = qobject_cast<QMessageBox*>(QApplication::activeModalWidget())) {
                question->grab().save(picture_folder() + "/dialog-share.png");
                question->button(QMessageBox::Ok)->click();
            } else if (auto* dialog = qobject_cast<QFileDialog*>(QApplication::activeModalWidget())) {
                answer.stop();
                type_file(*dialog, target);
            }
        });
        answer.start();
        action("project.share")->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(has_message("shared file is ready"), 60'000);
        {
            auto shared = Project::open(fs_path(target));
            QVERIFY(!shared->reader()->panel_state(ss(UndoKeeper::state_name())).has_value());
            QVERIFY(shared->reader()->find_run(ss(m_third)).has_value());
            QVERIFY(!shared->reader()->find_run(ss(m_second)).has_value());
        }
        window().messages().clear();
        action("edit.undo")->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(window().runs().model().row_of(row_of(m_second).id) >= 0, 60'000);
    }
    void a_read_only_project_wears_a_lock() {
        const auto lock = [&]() -> Chip* {
            for (Chip* chip : window().findChildren<Chip*>())
                if (chip->isVisible() && chip->accessibleName().startsWith("Read-only")) return chip;
            return nullptr;
        };
        QVERIFY(!lock());
        const QString file = m_folder.filePath("newer.lathe");
        { auto made = Project::create(fs_path(file)); }
        QFile newer(file);
        QVERIFY(newer.open(QIODevice::ReadWrite) && newer.seek(60) && newer.write(QByteArray::fromHex("00000063")) == 4);   // user_version
        newer.close();
        QVERIFY2(open(file), qPrintable(last_message()));
        QTRY_VERIFY_WITH_TIMEOUT(lock(), 60'000);
        QVERIFY(lock()->toolTip().contains("Save a copy as"));
        QVERIFY(lock()->width() >= lock()->fontMetrics().horizontalAdvance("read-only"));
        window().show_workspace("runs");
        QVERIFY(shots("shell-read-only"));
        QVERIFY(!action("project.snapshot")->isEnabled() && action("project.snapshot")->toolTip().contains("read-only"));
        QVERIFY2(open(m_project), qPrintable(last_message()));
        QTRY_VERIFY_WITH_TIMEOUT(!lock(), 60'000);
        window().show_workspace("runs");
    }

    // --- the end of runs and of the engine
    void a_crash_is_counted_in_the_status_bar() {
        window().messages().clear();
        QString seen;
        const auto watch = QObject::connect(&window().session().engine(), &EngineProcess::state_changed, this, [&](EngineState state) {
            if (state != EngineState::restarting) return;
            shot("shell-engine-lost");
            for (const QToolButton* button : window().findChildren<QToolButton*>())
                if (button->text().startsWith("Engine stopped")) {
                    seen = button->text();
                    if (button->width() < button->fontMetrics().horizontalAdvance(seen)) seen += " (cut)";
                }
        });
        const QString run = start_run({{"steps", 5}, {"fault", "crash"}, {"fault_step", 2}}, "crashes");
        QTRY_COMPARE_WITH_TIMEOUT(state_of(run), RunState::failed, 60'000);
        QTRY_COMPARE_WITH_TIMEOUT(window().session().engine().state(), EngineState::idle, 60'000);
        QObject::disconnect(watch);
        QCOMPARE(seen, QStringLiteral("Engine stopped, restarting (1 of 3)"));
        window().messages().clear();
    }
    void closing_asks_while_runs_are_under_way() {
        const QString run = start_run({{"steps", 10'000}, {"seconds", 600}, {"images", 0}}, "long");
        QTRY_COMPARE_WITH_TIMEOUT(window().session().engine().state(), EngineState::running, 60'000);
        QVERIFY(with_dialog<QMessageBox>("dialog-close-running", [&] { window().close(); }, [](QMessageBox& box) { press(box, "Back"); }));
        QVERIFY(window().isVisible());
        QVERIFY(with_dialog<QMessageBox>("dialog-leave-running", [&] { action("project.close")->trigger(); }, [](QMessageBox& box) { press(box, "Back"); }));
        QVERIFY(window().projects().is_open());
        QVERIFY(with_dialog<QMessageBox>({}, [&] { window().close(); }, [](QMessageBox& box) { press(box, "Stop and close"); }));
        QTRY_VERIFY_WITH_TIMEOUT(!window().isVisible(), 60'000);
        QTRY_COMPARE_WITH_TIMEOUT(state_of(run), RunState::cancelled, 60'000);
    }
    void runs_go_on_in_the_background() {
        window().show();
        QVERIFY(activate());
        const QString run = start_run({{"steps", 20}, {"seconds", 2}, {"images", 0}}, "background");
        QTRY_COMPARE_WITH_TIMEOUT(window().session().engine().state(), EngineState::running, 60'000);
        QVERIFY(with_dialog<QMessageBox>({}, [&] { window().close(); }, [](QMessageBox& box) { press(box, "Keep running in background"); }));
        QVERIFY(!window().isVisible());
        QVERIFY(!QApplication::quitOnLastWindowClosed());
        QTRY_COMPARE_WITH_TIMEOUT(state_of(run), RunState::finished, 60'000);
    }
};

int main(int argc, char** argv) { return run_window_test<TestShellProject>(argc, argv); }
#include "test_shell_project.moc"
