// What a user does with runs, by mouse and keyboard in the real window: every dialog is opened, used and looked at.
#include "app/gui/columns_dialog.h"
#include "app/gui/compare_view.h"
#include "app/gui/curves_view.h"
#include "app/gui/images_view.h"
#include "app/gui/import_dialog.h"
#include "app/gui/library_list.h"
#include "app/gui/report_action.h"
#include "app/gui/run_dialog.h"
#include "app/gui/run_drop.h"
#include "app/gui/storage_dialog.h"
#include "app/gui/sweep_dialog.h"
#include "app/gui/workspace.h"
#include "tests/gui/shell_fixture.h"
#include "viewers/image_compare.h"
#include "viewers/plot_viewer.h"
#include "viewers/table_view.h"
#include "widgets/parameter_form.h"
#include "widgets/run_delegate.h"
#include "widgets/simple_table.h"
#include "widgets/text_label.h"
#include <QComboBox>
#include <QInputDialog>
#include <QListWidget>
#include <QMessageBox>
#include <QPlainTextEdit>
#include <QTableView>
#include <QUndoStack>

using namespace lathe;
using namespace lathe::gui_test;

class TestShellRuns : public ShellFixture {
    Q_OBJECT

    bool type_into_dialog(const QString& picture, const char* id, const QString& text) {
        return with_dialog<QInputDialog>(picture, [&] { action(id)->trigger(); }, [&](QInputDialog& dialog) {
            dialog.setTextValue(text);
            dialog.accept();
        }) && activate();   // keys reach the window only when the window manager has given it the focus back
    }

private Q_SLOTS:
    void initTestCase() { open_with_runs(); }
    void cleanupTestCase() { m_window.reset(); }

    // --- runs
    void a_run_is_tagged_and_undone() {
        QVERIFY(select(m_first));
        QVERIFY(type_into_dialog("dialog-tags", "runs.tag", "paper, demo"));
        QTRY_COMPARE_WITH_TIMEOUT(row_of(m_first).tags, (std::vector<std::string>{"demo", "paper"}), 60'000);
        QTRY_VERIFY_WITH_TIMEOUT(window().findChild<LibraryList*>()->findChildren<LibraryRow*>().size() >= 7, 60'000);   // the tags stand in the library
        QTest::keyClick(&window(), Qt::Key_Z, Qt::ControlModifier);
        QTRY_VERIFY_WITH_TIMEOUT(row_of(m_first).tags.empty(), 60'000);
        QTest::keyClick(&window(), Qt::Key_Z, Qt::ControlModifier | Qt::ShiftModifier);
        QTRY_COMPARE_WITH_TIMEOUT(row_of(m_first).tags.size(), std::size_t(2), 60'000);
    }
    void a_run_is_renamed_in_place() {
        QVERIFY(select(m_first));
        window().runs().table()->list()->setFocus();
        QTest::keyClick(window().runs().table()->list(), Qt::Key_F2);
        QLineEdit* editor = nullptr;
        QTRY_VERIFY_WITH_TIMEOUT((editor = window().runs().table()->list()->viewport()->findChild<QLineEdit*>()) != nullptr, 60'000);
        editor->selectAll();
        QTest::keyClicks(editor, "Boot, every block");
        QVERIFY(shot("shell-rename"));
        QTest::keyClick(editor, Qt::Key_Return);
        QTRY_COMPARE_WITH_TIMEOUT(row_of(m_first).title, std::string("Boot, every block"), 60'000);
    }
    void a_run_gets_notes_and_a_pin() {
        QVERIFY(select(m_first));
        QVERIFY(type_into_dialog("dialog-notes", "runs.notes", "Reference for figure 4.\nSeed fixed."));
        QTRY_COMPARE_WITH_TIMEOUT(row_of(m_first).notes, std::string("Reference for figure 4.\nSeed fixed."), 60'000);
        QVERIFY(select(m_first));
        action("runs.pin")->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(row_of(m_first).pinned, 60'000);
    }
    void a_baseline_shows_differences_in_units_and_percent() {
        QVERIFY(select(m_first));
        QTest::keyClick(&window(), Qt::Key_B, Qt::ControlModifier);
        QTRY_VERIFY_WITH_TIMEOUT(window().runs().look().baseline.has_value(), 60'000);
        QTRY_COMPARE_WITH_TIMEOUT(rows(), 2, 60'000);   // it stands above the others
        QTRY_VERIFY_WITH_TIMEOUT(window().is_settled(), 60'000);
        const RunsModel& model = window().runs().model();
        const auto deltas = [&] {
            QStringList found;
            for (int row = 0; row < model.rowCount(); ++row)
                for (int column = 0; column < model.columnCount(); ++column)
                    if (const QString text = model.data(model.index(row, column), run_role::Delta).toString(); !text.isEmpty()) found << text;
            return found;
        };
        QVERIFY(!deltas().isEmpty());
        QVERIFY(!deltas().join(' ').contains('%'));
        action("runs.percent")->setChecked(true);
        QVERIFY2(deltas().join(' ').contains('%'), qPrintable(deltas().join('|')));
        QVERIFY(shots("shell-percent"));
        action("runs.percent")->setChecked(false);
    }
    void runs_dropped_on_compare_join_it() {
        window().runs().table()->select({row_of(m_second).id});
        QTest::keyClick(&window(), Qt::Key_D, Qt::ControlModifier);   // one run: the action is grey
        QVERIFY(!action("runs.compare")->isEnabled());
        QVERIFY(action("runs.compare")->toolTip().contains("two or more"));
        const std::unique_ptr<QMimeData> mime(run_mime({row_of(m_second).id, row_of(m_third).id}, {"second", "third"}));
        drop(window().runs().compare(), mime.get(), "shell-drop-runs");
        QTRY_VERIFY_WITH_TIMEOUT(window().runs().compared().size() == 3, 60'000);   // with the baseline
        QTRY_VERIFY_WITH_TIMEOUT(window().runs().compare()->table() && window().runs().compare()->hidden_count() > 0, 60'000);
        QStringList names;
        for (int row = 0; row < window().runs().compare()->table()->rowCount(); ++row)
            if (auto* item = window().runs().compare()->table()->item(row, 0)) names << item->text().toLower();
        QVERIFY2(names.contains("steps") && !names.contains("channels"), qPrintable(names.join('|')));
        QTest::qWait(300);
        QVERIFY(shots("shell-compare"));
    }
    void a_run_is_duplicated_with_changes() {
        QVERIFY(select(m_second));
        action("runs.duplicate")->trigger();
        RunDialog* dialog = nullptr;
        QTRY_VERIFY_WITH_TIMEOUT((dialog = window().findChild<RunDialog*>()) && dialog->isVisible(), 60'000);
        QCOMPARE(dialog->form()->value("steps"), Json(30));
        dialog->form()->edit("steps", 12);
        QSignalSpy submitted(dialog, &RunDialog::submitted);
        QTest::qWait(100);
        QVERIFY(dialog->grab().save(picture_folder() + "/dialog-duplicate.png"));
        QVERIFY(press(*dialog, "Run"));
        QCOMPARE(submitted.count(), 1);
        const QString run = submitted[0][0].toString();
        QTRY_COMPARE_WITH_TIMEOUT(state_of(run), RunState::finished, 60'000);
        QCOMPARE(row_of(run).params.value("steps", 0), 12);
        QCOMPARE(row_of(run).params.value("height", 0), 48);
    }
    void a_run_is_run_again() {
        QTRY_VERIFY_WITH_TIMEOUT(window().is_settled(), 60'000);
        QTRY_COMPARE_WITH_TIMEOUT(rows(), 3, 60'000);   // the baseline stands above; the duplicate is in
        QVERIFY(select(m_second));
        const int before = rows();
        action("runs.rerun")->trigger();
        QTRY_COMPARE_WITH_TIMEOUT(rows(), before + 1, 60'000);
        QTRY_COMPARE_WITH_TIMEOUT(window().session().active().size(), std::size_t(0), 60'000);
        QTRY_VERIFY_WITH_TIMEOUT(window().runs().model().entry(0), 60'000);
        const RunRow again = window().runs().model().entry(0)->run, first = row_of(m_second);   // the newest stands first
        QVERIFY(again.id > first.id);
        QCOMPARE(again.params, first.params);
        QCOMPARE(again.seed, first.seed);
    }
    void a_failed_run_offers_its_remedies() {
        window().messages().clear();
        const QString run = start_run({{"steps", 5}, {"fault", "error"}, {"fault_step", 3}}, "fails");
        QTRY_COMPARE_WITH_TIMEOUT(state_of(run), RunState::failed, 60'000);
        QTRY_VERIFY_WITH_TIMEOUT(has_message("asked to fail"), 60'000);
        QVERIFY(shots("shell-failed-run"));
        QVERIFY(press(window().messages(), "Show"));
        QTRY_COMPARE_WITH_TIMEOUT(window().runs().table()->selected(), QList<RunId>{row_of(run).id}, 60'000);
        window().messages().clear();
    }
    void a_sweep_runs_and_its_failures_are_retried() {
        QVERIFY(with_dialog<SweepDialog>({}, [&] { action("run.sweep")->trigger(); }, [&](SweepDialog& dialog) {
            auto* methods = named<QComboBox>(dialog, "Method");
            methods->setCurrentIndex(methods->findData("engine.selftest"));
            auto* axes = dialog.findChild<QPlainTextEdit*>();
            axes->setPlainText("steps=2,3\nno_such=1..3");
            bool told = false;
            for (QPushButton* button : dialog.findChildren<QPushButton*>())
                if (button->text() == "Start") told = !button->isEnabled() && button->toolTip().contains("no_such");
            dialog.grab().save(picture_folder() + "/dialog-sweep-wrong.png");
            axes->setPlainText("steps=2,3\nfault=none,error");
            named<QLineEdit>(dialog, "Name of the sweep")->setText("Faults");
            dialog.grab().save(picture_folder() + "/dialog-sweep.png");
            if (!told || !press(dialog, "Start")) dialog.reject();
        }));
        const auto sweep = [&] {
            SweepRow row;
            window().projects().with_reader([&](const ProjectReader& reader) { if (const auto all = reader.sweeps(); !all.empty()) row = all.front(); });
            return row;
        };
        QTRY_VERIFY_WITH_TIMEOUT(sweep().total == 4 && sweep().done == 2 && sweep().failed == 2, 60'000);
        window().messages().clear();
        QTRY_VERIFY_WITH_TIMEOUT([&] {
            for (const QPushButton* button : window().findChild<LibraryList*>()->findChildren<QPushButton*>())
                if (button->text() == "Retry 2") return true;
            return false;
        }(), 60'000);
        QTRY_VERIFY_WITH_TIMEOUT(window().is_settled(), 60'000);
        QVERIFY(shots("shell-sweep"));
        const std::int64_t before = window().runs().model().total();
        QVERIFY(press(*window().findChild<LibraryList*>(), "Retry 2"));   // the list may have been made anew since
        QTRY_VERIFY_WITH_TIMEOUT(window().runs().model().total() >= before + 2, 60'000);
        QTRY_COMPARE_WITH_TIMEOUT(window().session().active().size(), std::size_t(0), 60'000);
        window().messages().clear();
    }
    void runs_come_from_another_project() {
        const QString other = m_folder.filePath("other.lathe");
        {
            auto project = Project::create(fs_path(other));
            RunRequest request;
            request.uuid = make_uuid();
            request.method = "engine.selftest";
            request.params = {{"steps", 99}};
            const RunId run = project->add_run(request, "from elsewhere", "0.1");
            project->set_state(run, RunState::running);
            project->set_state(run, RunState::finished);
        }
        const std::int64_t before = window().runs().model().total();
        QVERIFY(choose_file(other, [&] { action("runs.import")->trigger(); }));
        ImportDialog* dialog = nullptr;
        QTRY_VERIFY_WITH_TIMEOUT((dialog = window().findChild<ImportDialog*>()) && dialog->isVisible(), 60'000);
        QTRY_VERIFY_WITH_TIMEOUT(dialog->findChild<TableView*>()->sort_model()->rowCount() == 1, 60'000);
        QTest::qWait(100);
        QVERIFY(dialog->grab().save(picture_folder() + "/dialog-import.png"));
        QVERIFY(press(*dialog, "Import"));
        QTRY_COMPARE_WITH_TIMEOUT(window().runs().model().total(), before + 1, 60'000);
        QVERIFY(has_message("1 run imported"));
        ImportDialog wrong(window().shell(), m_folder.filePath("none.lathe"), &window());
        wrong.show();
        QTRY_VERIFY_WITH_TIMEOUT(!wrong.findChild<TextLabel*>()->text().contains("Reading"), 60'000);
        QVERIFY(wrong.findChild<TextLabel*>()->text().contains("none.lathe"));
    }
    void columns_are_chosen_and_restored() {
        const auto titles = [&] {
            QStringList all;
            for (const RunColumn& column : window().runs().look().columns) all << column.id();
            return all;
        };
        QVERIFY(with_dialog<ColumnsDialog>({}, [&] { action("runs.columns")->trigger(); }, [&](ColumnsDialog& dialog) {
            auto* list = dialog.findChild<QListWidget*>();
            for (int i = 0; i < list->count(); ++i) {
                if (list->item(i)->text() == "Status") list->item(i)->setCheckState(Qt::Unchecked);
                if (list->item(i)->text() == "Notes") list->item(i)->setCheckState(Qt::Checked);
            }
            dialog.grab().save(picture_folder() + "/dialog-columns.png");
            press(dialog, "OK");
        }));
        QTRY_VERIFY_WITH_TIMEOUT(!titles().contains("state") && titles().contains("notes"), 60'000);
        QTRY_VERIFY_WITH_TIMEOUT(window().is_settled(), 60'000);
        QTest::qWait(100);
        QVERIFY(shot("shell-columns"));
        QVERIFY(with_dialog<ColumnsDialog>({}, [&] { action("runs.columns")->trigger(); }, [&](ColumnsDialog& dialog) { press(dialog, "Restore Defaults"); }));
        QTRY_VERIFY_WITH_TIMEOUT(titles().contains("state") && !titles().contains("notes"), 60'000);
    }
    void what_was_exported_finds_its_run_again() {
        QVERIFY(select(m_third));
        auto* images = window().findChild<ImagesView*>()->viewer();
        QTRY_VERIFY_WITH_TIMEOUT(!images->images().empty() && images->property("lathe_run").toString() == m_third, 60'000);
        const QString picture = m_folder.filePath("third.png"), table = m_folder.filePath("third.csv"), drawing = m_folder.filePath("third.svg"), page = m_folder.filePath("third.html"), text = m_folder.filePath("third.md");
        QVERIFY(images->export_png(picture));
        auto* plot = window().findChild<CurvesView*>()->plot();
        QTRY_COMPARE_WITH_TIMEOUT(plot->property("lathe_run").toString(), m_third, 60'000);
        QVERIFY(plot->export_file(table) && plot->export_file(drawing));
        QSignalSpy written(&window().report(), &ReportAction::written);
        for (const QString& report : {page, text}) {
            window().report().write(report, {row_of(m_third).id});
            QTRY_VERIFY_WITH_TIMEOUT(QFile::exists(report) && written.count() == (report == page ? 1 : 2), 60'000);
        }
        for (const QString& file : {picture, table, drawing, page, text}) {
            window().show_workspace("engine");
            window().runs().table()->select({});
            drop_file(file, file == picture ? "shell-drop-file" : QString());
            QTRY_COMPARE_WITH_TIMEOUT(window().current_workspace(), QStringLiteral("runs"), 60'000);
            QTRY_COMPARE_WITH_TIMEOUT(window().runs().table()->selected(), QList<RunId>{row_of(m_third).id}, 60'000);
        }
        QFile strange(m_folder.filePath("holiday.png"));
        QVERIFY(strange.open(QIODevice::WriteOnly) && strange.write("no picture of ours") > 0);
        strange.close();
        window().messages().clear();
        drop_file(strange.fileName());
        QTRY_VERIFY_WITH_TIMEOUT(last_message().contains("does not say which run"), 60'000);
        window().messages().clear();
    }
    void an_export_that_fails_is_told_in_the_bar() {
        auto* images = window().findChild<ImagesView*>()->viewer();
        QVERIFY(!images->export_png(m_folder.filePath("no/such/folder/x.png")));
        QVERIFY(!QApplication::activeModalWidget());
    }
    void the_bin_is_emptied_by_cleaning_up() {
        QVERIFY(select(m_second));
        QTest::keyClick(window().runs().table()->list(), Qt::Key_Delete);
        QTRY_VERIFY_WITH_TIMEOUT(window().runs().model().row_of(row_of(m_second).id) < 0, 60'000);
        const auto in_bin = [&] {
            std::int64_t n = -1;
            RunQuery bin;
            bin.bin = true;
            window().projects().with_reader([&](const ProjectReader& reader) { n = reader.count_runs(bin); });
            return n;
        };
        QTRY_VERIFY_WITH_TIMEOUT(in_bin() == 1, 60'000);
        QTimer confirm;
        confirm.setInterval(50);
        QObject::connect(&confirm, &QTimer::timeout, this, [] {
            if (auto* question = qobject_cast<QMessageBox*>(QApplication::activeModalWidget())) {
                question->grab().save(picture_folder() + "/dialog-clean-up.png");
                question->button(QMessageBox::Yes)->click();
            }
        });
        confirm.start();
        QTimer finish;
        finish.setInterval(100);
        bool pressed = false;
        QObject::connect(&finish, &QTimer::timeout, this, [&] {
            auto* dialog = qobject_cast<StorageDialog*>(QApplication::activeModalWidget());
            if (!dialog) return;
            if (!pressed) {
                dialog->grab().save(picture_folder() + "/dialog-storage.png");
                pressed = press(*dialog, "Clean up…");
            } else if (in_bin() == 0) {
                dialog->close();
            }
        });
        finish.start();
        action("project.storage")->trigger();
        QVERIFY(pressed);
        QVERIFY(in_bin() == 0);
        window().shell().undo->undo();   // the runs are gone for good: told, nothing breaks
        QTest::qWait(300);
        window().messages().clear();
    }
    void a_run_that_failed_goes_on_from_its_checkpoint() {
        const QString run = start_run({{"steps", 30}, {"seconds", 0.3}, {"checkpoint_every", 5}, {"fault", "kill"}, {"fault_step", 12}}, "breaks off");
        QTRY_COMPARE_WITH_TIMEOUT(state_of(run), RunState::failed, 60'000);
        QTRY_VERIFY_WITH_TIMEOUT(has_message("was killed"), 60'000);
        QTRY_VERIFY_WITH_TIMEOUT(window().is_settled(), 160'000);
        const auto resume = [&] {
            for (QPushButton* button : window().messages().findChildren<QPushButton*>())
                if (button->text() == "Resume") return true;
            return false;
        };
        QTRY_VERIFY_WITH_TIMEOUT(resume(), 60'000);   // the remedy first
        QVERIFY(shots("shell-resume"));
        const RunsModel& model = window().runs().model();
        RunId finished = 0;
        for (int row = 0; row < model.rowCount() && !finished; ++row)
            if (const ListedRun* entry = model.entry(row); entry && entry->run.state == RunState::finished) finished = entry->run.id;
        QVERIFY(finished);
        window().runs().table()->select({finished});
        QVERIFY(!action("runs.resume")->isEnabled());   // it is finished
        QVERIFY2(action("runs.resume")->toolTip().contains("ended early"), qPrintable(action("runs.resume")->toolTip()));
        QVERIFY(select(run));
        QVERIFY(action("runs.resume")->isEnabled());
        const RunId before = row_of(run).id;
        action("runs.resume")->trigger();   // it breaks off at the same step, but goes on from the tenth
        RunRow next;
        QTRY_VERIFY_WITH_TIMEOUT([&] {
            window().projects().with_reader([&](const ProjectReader& reader) {
                for (const RunRow& row : reader.runs({}))
                    if (row.id > before) next = row;
            });
            return next.id > before && next.state == RunState::failed;
        }(), 60'000);
        QCOMPARE(next.parent, ss(run));
        QTRY_VERIFY_WITH_TIMEOUT(window().is_settled(), 160'000);
        window().messages().clear();
    }
};

int main(int argc, char** argv) { return run_window_test<TestShellRuns>(argc, argv); }
#include "test_shell_runs.moc"
