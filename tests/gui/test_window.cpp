// The real window with a real engine: projects open, runs stream into the table, are compared, deleted and brought back; the engine is restarted and killed;
// foreign, damaged and read-only projects end in the message bar. Every state is saved as a picture.
#include "app/gui/compare_view.h"
#include "app/gui/curves_view.h"
#include "app/gui/dock_area.h"
#include "app/gui/images_view.h"
#include "app/gui/job_list.h"
#include "app/gui/query_field.h"
#include "app/gui/report_action.h"
#include "app/gui/run_actions.h"
#include "app/gui/run_dialog.h"
#include "app/gui/settings.h"
#include "app/gui/stall_monitor.h"
#include "app/gui/workspace.h"
#include "tests/gui/window_fixture.h"
#include "viewers/image_compare.h"
#include "viewers/plot_viewer.h"
#include "widgets/command_palette.h"
#include "widgets/parameter_form.h"
#include "widgets/simple_table.h"
#include <QDockWidget>
#include <QLabel>
#include <QLineEdit>
#include <QUndoStack>
#include <csignal>

using namespace lathe;
using namespace lathe::gui_test;

class TestWindow : public WindowFixture {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { open_window(); }
    void cleanupTestCase() { m_window.reset(); }

    void the_engine_becomes_idle() {
        QVERIFY(QTest::qWaitFor([&] { return window().is_settled(); }, 60'000));
        QCOMPARE(window().session().engine().state(), EngineState::idle);
        QVERIFY(window().shell().has_catalogue());
        QCOMPARE(window().current_workspace(), QStringLiteral("start"));
        QVERIFY(shots("window-start"));
        if (window().workspace_ids().contains("delta_cache")) {
            window().show_workspace("delta_cache");
            const auto drawn = [&] {   // the first live run
                for (const auto* images : window().workspace("delta_cache")->findChildren<ImageCompareViewer*>())
                    if (images->isVisible() && images->images().size() >= 2 && !images->images()[1].data.is_null()) return true;
                return false;
            };
            QTRY_VERIFY_WITH_TIMEOUT(drawn() && window().is_settled(), 160'000);
            QVERIFY(shots("window-delta-cache"));
            window().show_workspace("start");
        }
    }
    void without_a_project_a_run_says_why() {
        QVERIFY(!action("run.new")->isEnabled());
        QVERIFY2(action("run.new")->toolTip().contains("No project is open"), qPrintable(action("run.new")->toolTip()));
    }
    void a_new_project_opens() {
        QSignalSpy opened(&window().projects(), &ProjectHost::opened);
        window().projects().create(m_folder.filePath("boots.lathe"));
        QVERIFY(opened.wait(60'000));
        QCOMPARE(window().projects().title(), QStringLiteral("boots.lathe"));
        window().show_workspace("runs");
        QVERIFY(shots("window-runs-empty"));
    }
    void a_run_from_the_palette() {
        QTest::keyClick(&window(), Qt::Key_K, Qt::ControlModifier);
        QVERIFY(window().palette().isVisible());
        QTest::keyClicks(window().palette().field(), "new run");
        QCOMPARE(window().palette().model().entry(0).id, QStringLiteral("run.new"));
        QVERIFY(shot("window-palette"));
        QTest::keyClick(window().palette().field(), Qt::Key_Return);
        RunDialog* dialog = nullptr;
        QVERIFY(QTest::qWaitFor([&] { return (dialog = window().findChild<RunDialog*>()) != nullptr; }, 60'000));
        dialog->choose("engine.selftest", {{"steps", 12}, {"metrics", 2}}, {});
        dialog->form()->edit("steps", 15);
        QTest::qWait(100);
        QVERIFY(dialog->grab().save(picture_folder() + "/window-run-dialog.png"));
        QSignalSpy submitted(dialog, &RunDialog::submitted);
        for (QPushButton* button : dialog->findChildren<QPushButton*>())
            if (button->text() == "Run") QTest::mouseClick(button, Qt::LeftButton);
        QCOMPARE(submitted.count(), 1);
        QTRY_COMPARE_WITH_TIMEOUT(state_of(submitted[0][0].toString()), RunState::finished, 60'000);
        QTRY_COMPARE_WITH_TIMEOUT(rows(), 1, 60'000);
    }
    void runs_are_compared_by_their_differences() {
        const QString thirty = start_run({{"steps", 30}, {"metrics", 2}, {"images", 3}}, "thirty");
        const QString small = start_run({{"steps", 15}, {"metrics", 2}, {"images", 1}, {"height", 32}}, "small");
        QTRY_VERIFY_WITH_TIMEOUT(state_of(thirty) == RunState::finished && state_of(small) == RunState::finished, 60'000);
        QTRY_COMPARE_WITH_TIMEOUT(rows(), 3, 60'000);
        QTRY_VERIFY_WITH_TIMEOUT(window().is_settled(), 60'000);
        QList<RunId> all;
        for (int row = 0; row < 3; ++row) {
            QTRY_VERIFY_WITH_TIMEOUT(window().runs().model().entry(row), 60'000);
            all << window().runs().model().entry(row)->run.id;
        }
        window().runs().select_run(all[0]);
        QTRY_VERIFY_WITH_TIMEOUT(window().runs().table()->selected() == QList<RunId>{all[0]} && action("runs.baseline")->isEnabled(), 60'000);
        action("runs.baseline")->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(window().runs().look().baseline, 60'000);
        window().runs().table()->select({all[1], all[2]});
        QTRY_VERIFY_WITH_TIMEOUT(window().runs().table()->selected().size() == 2 && action("runs.compare")->isEnabled(), 60'000);
        QVERIFY(activate());
        QTest::keyClick(&window(), Qt::Key_D, Qt::ControlModifier);
        QTRY_VERIFY_WITH_TIMEOUT(window().runs().compare()->table() && window().runs().compare()->table()->rowCount() > 0, 60'000);
        QTRY_VERIFY_WITH_TIMEOUT(window().is_settled(), 60'000);
        QStringList names;
        for (int row = 0; row < window().runs().compare()->table()->rowCount(); ++row)
            if (auto* item = window().runs().compare()->table()->item(row, 0)) names << item->text().toLower();
        QVERIFY2(names.contains("steps"), qPrintable(names.join('|')));
        QVERIFY2(!names.contains("channels") && !names.contains("pixels"), qPrintable(names.join('|')));
        QVERIFY(window().runs().compare()->hidden_count() > 0);
        auto* curves = window().findChild<CurvesView*>();
        QTRY_VERIFY_WITH_TIMEOUT(curves->plot()->curves().size() >= 2, 60'000);
        auto* images = window().findChild<ImagesView*>();
        QTRY_VERIFY_WITH_TIMEOUT(images->viewer()->images().size() >= 2, 60'000);
        QVERIFY(shots("window-runs"));
        action("runs.percent")->setChecked(true);
        QVERIFY(shot("window-runs-percent"));
        action("runs.percent")->setChecked(false);
        window().runs().select_run(all[0]);
        window().shell().undo->undo();   // the baseline
        QTRY_VERIFY_WITH_TIMEOUT(!window().runs().look().baseline, 60'000);
        QTRY_COMPARE_WITH_TIMEOUT(rows(), 3, 60'000);
    }
    void a_query_narrows_and_a_wrong_one_changes_nothing() {
        QueryField* field = window().runs().query_field();
        field->setFocus();
        field->clear();
        QTest::keyClicks(field, "steps > 20");
        QTRY_COMPARE_WITH_TIMEOUT(rows(), 1, 60'000);
        QVERIFY(field->error().isEmpty());
        QVERIFY(shot("window-query"));
        field->setFocus();
        QTest::keyClicks(field, " and (");
        QTRY_VERIFY_WITH_TIMEOUT(!field->error().isEmpty(), 60'000);
        QCOMPARE(rows(), 1);
        QVERIFY(shot("window-query-wrong"));
        field->set_query({});
        QTRY_COMPARE_WITH_TIMEOUT(rows(), 3, 60'000);
    }
    void a_deleted_run_comes_back_with_undo() {
        const RunId run = window().runs().model().entry(0)->run.id;
        window().runs().select_run(run);
        QTRY_VERIFY_WITH_TIMEOUT(action("runs.delete")->isEnabled(), 60'000);
        action("runs.delete")->trigger();
        QTRY_COMPARE_WITH_TIMEOUT(rows(), 2, 60'000);
        QCOMPARE(window().shell().undo->undoText().isEmpty(), false);
        action("edit.undo")->trigger();
        QTRY_COMPARE_WITH_TIMEOUT(rows(), 3, 60'000);
        action("edit.redo")->trigger();
        QTRY_COMPARE_WITH_TIMEOUT(rows(), 2, 60'000);
        action("edit.undo")->trigger();
        QTRY_COMPARE_WITH_TIMEOUT(rows(), 3, 60'000);
    }
    void a_report_holds_the_runs() {
        std::vector<RunId> runs;
        for (int row = 0; row < rows(); ++row) runs.push_back(window().runs().model().entry(row)->run.id);
        for (const char* suffix : {"html", "md", "pdf"}) {
            QSignalSpy written(&window().report(), &ReportAction::written);
            const QString file = m_folder.filePath(QStringLiteral("report.") + suffix);
            window().report().write(file, runs);
            QVERIFY2(written.wait(60'000), suffix);
            QFile report(file);
            QVERIFY(report.open(QIODevice::ReadOnly));
            const QByteArray bytes = report.readAll();
            QVERIFY(bytes.size() > 2000);
            if (QLatin1String(suffix) == QLatin1String("pdf")) QVERIFY(bytes.startsWith("%PDF"));
            else QVERIFY(bytes.contains("lathe-cli run engine.selftest"));
        }
    }
    void the_engine_page_and_its_restart() {
        window().show_workspace("engine");
        QVERIFY(shots("window-engine"));
        const std::int64_t before = window().session().engine().hello().pid;
        action("engine.restart")->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(window().session().engine().state() == EngineState::idle && window().session().engine().hello().pid != before, 60'000);
        const QString run = start_run({{"steps", 5}}, "after the restart");
        QTRY_COMPARE_WITH_TIMEOUT(state_of(run), RunState::finished, 60'000);
    }
    void a_cancelled_run_ends_soon() {
        const QString run = start_run({{"steps", 60'000}, {"seconds", 600}, {"images", 0}}, "long");
        QTRY_COMPARE_WITH_TIMEOUT(window().session().engine().state(), EngineState::running, 60'000);
        const auto is_under_way = [&] {
            const Job* job = window().shell().jobs->find(run);
            return job && job->done > 0;
        };
        QTRY_VERIFY_WITH_TIMEOUT(is_under_way(), 60'000);
        QVERIFY(shot("window-running"));
        QVERIFY(action("run.cancel")->isEnabled());
        QTest::keyClick(&window(), Qt::Key_Period, Qt::ControlModifier);
        QTRY_COMPARE_WITH_TIMEOUT(window().session().engine().state(), EngineState::idle, 60'000);
        QTRY_COMPARE_WITH_TIMEOUT(state_of(run), RunState::cancelled, 60'000);   // the run itself would take ten minutes; ./dev bench holds the bar
    }
    void a_killed_engine_is_told_and_started_again() {
        const QString run = start_run({{"steps", 60'000}, {"seconds", 600}, {"images", 0}}, "killed");
        QTRY_COMPARE_WITH_TIMEOUT(window().session().engine().state(), EngineState::running, 60'000);
        const auto pid = pid_t(window().session().engine().hello().pid);
        QElapsedTimer clock;
        clock.start();
        ::kill(pid, SIGKILL);
        QTRY_VERIFY_WITH_TIMEOUT(has_message("engine"), 60'000);
        QVERIFY(shot("window-engine-killed"));
        QTRY_VERIFY_WITH_TIMEOUT(window().session().engine().state() == EngineState::idle && window().session().engine().hello().pid != pid, 60'000);
        qInfo("engine back after %lld ms", clock.elapsed());
        QTRY_VERIFY_WITH_TIMEOUT(state_of(run) == RunState::failed || state_of(run) == RunState::interrupted, 60'000);
        const QString next = start_run({{"steps", 5}}, "after the kill");
        QTRY_COMPARE_WITH_TIMEOUT(state_of(next), RunState::finished, 60'000);
        window().messages().clear();
    }
    void the_window_stays_alive_while_a_run_streams() {
        window().show_workspace("runs");
        QTRY_VERIFY_WITH_TIMEOUT(window().is_settled(), 60'000);
        StallMonitor monitor;
        const QString run = start_run({{"steps", 300}, {"seconds", 3.0}, {"metrics", 10}, {"images", 60}, {"height", 128}, {"width", 128}}, "stream");
        monitor.start();
        QTRY_VERIFY_WITH_TIMEOUT(window().session().run_id(ss(run)) > 0, 60'000);
        window().runs().select_run(window().session().run_id(ss(run)));
        QTRY_COMPARE_WITH_TIMEOUT(state_of(run), RunState::finished, 60'000);
        qInfo("longest stall %.1f ms, with painting %.1f ms, in %lld turns", monitor.longest_ms(), monitor.longest_with_paint_ms(), monitor.turns());
        QVERIFY(monitor.turns() > 5);   // it turned while the run streamed; ./dev bench holds the bar of its stalls
    }
    void dialogs_and_help() {
        for (const char* id : {"help.about", "help.plugins", "help.keys", "project.storage", "app.settings"}) {
            QVERIFY2(action(id), id);
            QVERIFY2(dialog_shot(QStringLiteral("dialog-") + QString(QLatin1String(id)).replace('.', '-'), [&] { action(id)->trigger(); }), id);
        }
        action("help.contents")->trigger();
        QWidget* help = nullptr;
        QTRY_VERIFY_WITH_TIMEOUT([&] {
            for (QWidget* top : QApplication::topLevelWidgets())
                if (top->windowTitle() == "Lathe help") help = top;
            return help != nullptr;
        }(), 60'000);
        QVERIFY(help->grab().save(picture_folder() + "/help.png"));
        help->close();
        action("help.diagnostics")->trigger();
        QVERIFY(last_message().contains("diagnostics", Qt::CaseInsensitive));
    }
    void the_theme_switches() {
        const bool dark = Theme::instance().is_dark();
        action("view.theme")->trigger();
        QCOMPARE(Theme::instance().is_dark(), !dark);
        action("view.theme")->trigger();
        QCOMPARE(Theme::instance().is_dark(), dark);
    }
    void docks_are_moved_reset_and_undone() {
        window().show_workspace("runs");
        DockArea* docks = window().workspace("runs")->docks();
        docks->close_dock("runs.curves");
        QVERIFY(!docks->find("runs.curves")->dock->isVisible());
        window().shell().undo->undo();
        QTRY_VERIFY_WITH_TIMEOUT(docks->find("runs.curves")->dock->isVisible(), 60'000);
        docks->close_dock("runs.images");
        action("view.reset_layout")->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(docks->find("runs.images")->dock->isVisible(), 60'000);
        action("view.log")->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(docks->find("shell.log") && docks->find("shell.log")->dock->isVisible(), 60'000);
        QVERIFY(shot("window-log"));
        action("view.log")->trigger();
    }
    void a_small_window_folds() {
        window().resize(1280, 800);
        for (const QString& id : window().workspace_ids()) {
            window().show_workspace(id);
            QTRY_VERIFY_WITH_TIMEOUT(window().size() == QSize(1280, 800) && window().workspace(id)->isVisible(), 60'000);
            QVERIFY(shots("window-small-" + id));
        }
        window().resize(1600, 1000);
        QTRY_COMPARE_WITH_TIMEOUT(window().size(), QSize(1600, 1000), 60'000);
    }
    void no_text_is_left_with_an_open_plural() {
        for (const QString& id : window().workspace_ids()) {
            window().show_workspace(id);
            for (const QLabel* label : window().findChildren<QLabel*>()) QVERIFY2(!label->text().contains("(s)"), qPrintable(label->text()));
        }
    }

    // --- projects that are not right
    void a_missing_project() {
        window().open_files({m_folder.filePath("gone.lathe")});
        QTRY_VERIFY_WITH_TIMEOUT(has_message("gone.lathe"), 60'000);
        window().messages().clear();
    }
    void a_file_that_is_no_project() {
        const QString file = m_folder.filePath("noise.lathe");
        QFile noise(file);
        QVERIFY(noise.open(QIODevice::WriteOnly));
        noise.write(QByteArray(60'000, 'x'));
        noise.close();
        const QString before = window().projects().title();
        QVERIFY(!open(file));
        QVERIFY2(last_message().contains("noise.lathe"), qPrintable(last_message()));
        QCOMPARE(window().projects().title(), before);   // the open one stays
        QVERIFY(shot("window-not-a-project"));
        window().messages().clear();
    }
    void a_newer_and_a_read_only_project() {
        { auto made = Project::create(fs_path(m_folder.filePath("newer.lathe"))); }
        QFile newer(m_folder.filePath("newer.lathe"));
        QVERIFY(newer.open(QIODevice::ReadWrite));
        QVERIFY(newer.seek(60));   // user_version of the SQLite header
        newer.write(QByteArray::fromHex("00000063"));
        newer.close();
        QVERIFY2(open(newer.fileName()), qPrintable(last_message()));
        QVERIFY(!window().projects().read_only_reason().isEmpty());
        QVERIFY(!action("run.new")->isEnabled());
        QVERIFY2(action("run.new")->toolTip().contains("read-only"), qPrintable(action("run.new")->toolTip()));
        window().show_workspace("runs");
        QVERIFY(shot("window-read-only"));

        QVERIFY(QDir(m_folder.path()).mkdir("locked"));
        const QString locked = m_folder.filePath("locked/kept.lathe");
        { auto made = Project::create(fs_path(locked)); }
        QVERIFY(QFile::setPermissions(locked, QFile::ReadOwner));
        QVERIFY(QFile::setPermissions(m_folder.filePath("locked"), QFile::ReadOwner | QFile::ExeOwner));
        const bool opened = open(locked);
        const QString reason = window().projects().read_only_reason();
        QFile::setPermissions(m_folder.filePath("locked"), QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
        QVERIFY2(opened, qPrintable(last_message()));
        if (::geteuid() != 0) QVERIFY(!reason.isEmpty());
    }
    void the_project_opens_again_with_its_runs() {
        QVERIFY2(open(m_folder.filePath("boots.lathe")), qPrintable(last_message()));
        window().show_workspace("runs");
        QTRY_VERIFY_WITH_TIMEOUT(rows() >= 6, 60'000);
        action("project.close")->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(!window().projects().is_open(), 60'000);
        QTRY_VERIFY_WITH_TIMEOUT(!QFile::exists(m_folder.filePath("boots.lathe-wal")), 60'000);   // a closed project is one file
    }
};

int main(int argc, char** argv) { return run_window_test<TestWindow>(argc, argv); }
#include "test_window.moc"
