// How views are arranged: the grid of the centre, docks that come late, small windows, and the columns of the runs table.
#include "app/gui/curves_view.h"
#include "app/gui/dock_area.h"
#include "app/gui/library_list.h"
#include "app/gui/pinned_columns.h"
#include "app/gui/query_field.h"
#include "app/gui/side_strip.h"
#include "app/gui/workspace.h"
#include "tests/gui/shell_fixture.h"
#include <QDockWidget>
#include <QHeaderView>
#include <QScrollBar>
#include <QTableView>
#include <QUndoStack>

using namespace lathe;
using namespace lathe::gui_test;

class TestShellViews : public ShellFixture {
    Q_OBJECT

    DockArea* docks() { return window().workspace("runs")->docks(); }
    QRect place_of(QWidget* widget) { return {widget->mapTo(&window(), QPoint()), widget->size()}; }
    QStringList columns() {
        QStringList ids;
        for (const RunColumn& column : window().runs().look().columns) ids << column.id();
        return ids;
    }
    int column(const QString& id) { return int(columns().indexOf(id)); }

private Q_SLOTS:
    void initTestCase() { open_with_runs(); }
    void cleanupTestCase() { m_window.reset(); }

    void views_stand_in_a_grid() {
        QVERIFY(!action("view.grid_2")->isEnabled());
        QVERIFY2(action("view.grid_2")->toolTip().contains("1 view"), qPrintable(action("view.grid_2")->toolTip()));
        docks()->move_to_centre("runs.curves");
        auto* curves = window().findChild<CurvesView*>();
        QTRY_VERIFY_WITH_TIMEOUT(curves->isVisible(), 60'000);
        QVERIFY(!docks()->find("runs.curves")->dock->isVisible());
        QTRY_VERIFY_WITH_TIMEOUT(action("view.grid_2")->isEnabled(), 60'000);
        QTRY_VERIFY_WITH_TIMEOUT(place_of(curves).top() > place_of(window().runs().table()).bottom(), 60'000);
        action("view.grid_2")->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(place_of(curves).left() > place_of(window().runs().table()).right(), 60'000);
        QTRY_VERIFY_WITH_TIMEOUT(std::abs(curves->width() - window().runs().table()->width()) <= 3, 60'000);   // 50:50
        QVERIFY(shots("shell-grid"));
        window().shell().undo->undo();
        QTRY_VERIFY_WITH_TIMEOUT(place_of(curves).top() > place_of(window().runs().table()).bottom(), 60'000);
        window().shell().undo->redo();
        QTRY_VERIFY_WITH_TIMEOUT(place_of(curves).left() > place_of(window().runs().table()).right(), 60'000);
        // It is the project's.
        QVERIFY(close_project());
        docks()->reset_layout();
        QTRY_VERIFY_WITH_TIMEOUT(docks()->find("runs.curves")->dock->isVisible(), 60'000);
        QVERIFY2(open(m_project), qPrintable(last_message()));
        window().show_workspace("runs");
        QTRY_VERIFY_WITH_TIMEOUT(docks()->find("runs.curves")->pane, 60'000);
        QCOMPARE(docks()->grid(), 2);
        QTRY_VERIFY_WITH_TIMEOUT(place_of(curves).left() > place_of(window().runs().table()).right(), 60'000);
        action("view.reset_layout")->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(docks()->find("runs.curves")->dock->isVisible() && docks()->centre_count() == 1, 60'000);
    }
    void a_dock_that_comes_late_leaves_the_others_in_place() {
        docks()->close_dock("runs.images");
        action("view.log")->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(docks()->find("shell.log") && docks()->find("shell.log")->dock->isVisible(), 60'000);
        QVERIFY(!docks()->find("runs.images")->dock->isVisible());
        action("view.log")->trigger();
        action("view.reset_layout")->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(docks()->find("runs.images")->dock->isVisible(), 60'000);
    }
    void a_low_window_makes_tabs_of_the_bottom() {
        window().resize(1600, 800);
        QTRY_VERIFY_WITH_TIMEOUT(docks()->tabifiedDockWidgets(docks()->find("runs.compare")->dock).contains(docks()->find("runs.curves")->dock), 60'000);
        int height = 200;   // or what the tallest of them needs: images are not shown below 160
        for (const char* id : {"runs.compare", "runs.curves", "runs.images", "runs.parallel"}) height = std::max(height, docks()->find(QLatin1String(id))->dock->minimumSizeHint().height());
        QVERIFY(height <= 240);
        QTRY_COMPARE_WITH_TIMEOUT(docks()->find("runs.compare")->dock->height(), height, 60'000);
        QVERIFY(shots("shell-low"));
        window().resize(1600, 1000);
        QTRY_VERIFY_WITH_TIMEOUT(docks()->tabifiedDockWidgets(docks()->find("runs.compare")->dock).isEmpty(), 60'000);
    }
    void a_narrow_window_folds_the_right_side() {
        if (!window().workspace_ids().contains("delta_cache")) QSKIP("the plugin delta_cache is not built");
        window().show_workspace("delta_cache");
        window().resize(1280, 1000);
        auto* strip = window().workspace("delta_cache")->findChild<SideStrip*>();
        QTRY_VERIFY_WITH_TIMEOUT(strip->isVisible(), 60'000);
        auto* name = strip->findChild<QAbstractButton*>();
        QVERIFY(name);
        QTest::mouseClick(name, Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(!strip->current().isEmpty(), 60'000);
        QVERIFY(shots("shell-strip"));
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Escape);
        QTRY_VERIFY_WITH_TIMEOUT(strip->current().isEmpty(), 60'000);
        window().resize(1600, 1000);
        QTRY_VERIFY_WITH_TIMEOUT(!strip->isVisible(), 60'000);
        window().show_workspace("runs");
    }
    void pinned_columns_stay_in_sight() {
        action("view.reset_layout")->trigger();
        RunsTable* table = window().runs().table();
        QTRY_VERIFY_WITH_TIMEOUT(column("title") > 0, 60'000);
        table->pin_column(column("title"));
        QCOMPARE(column("title"), 0);
        window().resize(1280, 1000);
        QHeaderView* head = table->top()->horizontalHeader();
        for (int i = 0; i + 1 < head->count(); ++i) {
            const QPoint edge(head->sectionViewportPosition(i) + head->sectionSize(i) - 1, head->height() / 2);
            drag(head->viewport(), edge, edge + QPoint(200 - head->sectionSize(i), 0));
            QCOMPARE(head->sectionSize(i), 200);
        }
        QScrollBar* across = table->list()->horizontalScrollBar();
        QTRY_VERIFY_WITH_TIMEOUT(across->maximum() > 0, 60'000);
        QVERIFY(!table->pinned()->isVisible());
        across->setValue(across->maximum());
        QTRY_VERIFY_WITH_TIMEOUT(table->pinned()->isVisible(), 60'000);
        QCOMPARE(table->pinned()->width(), 200);
        window().runs().model().columns_changed();   // as when runs bring new columns: what was dragged keeps its width
        QCoreApplication::processEvents();
        QCOMPARE(table->pinned()->width(), 200);
        across->setValue(across->maximum());
        QTRY_VERIFY_WITH_TIMEOUT(table->pinned()->isVisible(), 60'000);
        const int scrolled = across->value();
        for (const QString& run : {m_first, m_second, m_first}) {   // a run is selected, read again, and its columns made anew: the table stays where it is
            QVERIFY(select(run));
            QCOMPARE(across->value(), scrolled);
            QSignalSpy loaded(&window().runs().model(), &RunsModel::loaded);
            window().runs().model().reload();
            QVERIFY(loaded.wait(60'000));
            QCOMPARE(across->value(), scrolled);
            window().runs().model().columns_changed();
            QTRY_COMPARE_WITH_TIMEOUT(across->value(), scrolled, 60'000);
            QTRY_COMPARE_WITH_TIMEOUT(table->selected(), QList<RunId>{row_of(run).id}, 60'000);
        }
        QCOMPARE(table->pinned()->selectionModel()->selectedRows().size(), 1);
        QTRY_VERIFY_WITH_TIMEOUT(table->pinned()->isVisible(), 60'000);
        QVERIFY(shots("shell-pinned"));
        QTest::mouseClick(table->pinned()->viewport(), Qt::LeftButton, {}, table->pinned()->visualRect(window().runs().model().index(0, 0)).center());
        QTRY_COMPARE_WITH_TIMEOUT(table->selected().size(), 1, 60'000);
        QCOMPARE(table->selected().first(), window().runs().model().entry(0)->run.id);
        across->setValue(0);
        QTRY_VERIFY_WITH_TIMEOUT(!table->pinned()->isVisible(), 60'000);
        window().resize(1600, 1000);
    }
    void dragged_widths_are_kept_with_the_view() {
        RunsTable* table = window().runs().table();
        const auto width = [&](const QString& id) { return column(id) < 0 ? 0 : table->top()->horizontalHeader()->sectionSize(column(id)); };
        const auto open_view = [&](const QString& id) {
            auto* row = window().findChild<LibraryList*>()->findChild<LibraryRow*>(id);
            if (row) row->click();
            return row != nullptr;
        };
        QHeaderView* head = table->top()->horizontalHeader();
        const auto drag_to = [&](const QString& id, int wide) {
            QCoreApplication::processEvents();   // new columns have their widths
            const int i = column(id);
            const QPoint edge(head->sectionViewportPosition(i) + head->sectionSize(i) - 1, head->height() / 2);
            drag(head->viewport(), edge, edge + QPoint(wide - head->sectionSize(i), 0));
        };
        QVERIFY(open_view("all"));
        drag_to("title", 231);
        QCOMPARE(width("title"), 231);
        QVERIFY(open_view("failed"));
        drag_to("title", 177);
        QCOMPARE(width("title"), 177);
        QVERIFY(open_view("all"));
        QTRY_COMPARE_WITH_TIMEOUT(width("title"), 231, 60'000);
        QVERIFY(close_project());
        QVERIFY2(open(m_project), qPrintable(last_message()));
        window().show_workspace("runs");
        QTRY_COMPARE_WITH_TIMEOUT(width("title"), 231, 60'000);
        QTRY_VERIFY_WITH_TIMEOUT(window().findChild<LibraryList*>()->findChild<LibraryRow*>("failed"), 60'000);
        QVERIFY(open_view("failed"));
        QTRY_COMPARE_WITH_TIMEOUT(width("title"), 177, 60'000);
        QVERIFY(open_view("all"));
        QTRY_COMPARE_WITH_TIMEOUT(width("title"), 231, 60'000);
    }
    void each_view_keeps_its_columns() {
        LibraryList* library = window().findChild<LibraryList*>();
        const auto go = [&](const QString& id) {
            auto* row = library->findChild<LibraryRow*>(id);
            if (row) row->click();
            return row != nullptr;
        };
        QVERIFY(go("pinned"));
        QTRY_VERIFY_WITH_TIMEOUT(column("state") >= 0, 60'000);
        window().runs().table()->hide_column(column("state"));
        QVERIFY(column("state") < 0);
        QVERIFY(go("all"));
        QTRY_VERIFY_WITH_TIMEOUT(column("state") >= 0, 60'000);
        QCOMPARE(column("title"), 0);   // pinned there, in the test before
        QVERIFY(go("pinned"));
        QTRY_VERIFY_WITH_TIMEOUT(column("state") < 0, 60'000);
        QVERIFY(close_project());
        QVERIFY2(open(m_project), qPrintable(last_message()));
        window().show_workspace("runs");
        QTRY_VERIFY_WITH_TIMEOUT(column("state") >= 0, 60'000);
        QTRY_COMPARE_WITH_TIMEOUT(column("title"), 0, 60'000);
        QTRY_VERIFY_WITH_TIMEOUT(library->findChild<LibraryRow*>("pinned"), 60'000);
        QVERIFY(go("pinned"));
        QTRY_VERIFY_WITH_TIMEOUT(column("state") < 0, 60'000);
    }
    void a_run_far_down_is_found() {
        {
            QVERIFY(close_project());
            auto project = Project::open(fs_path(m_project));
            for (int i = 0; i < 700; ++i) {
                RunRequest request;
                request.uuid = make_uuid();
                request.method = "engine.selftest";
                const RunId run = project->add_run(request, "filler", "0.1");
                project->set_state(run, RunState::running);
                project->set_state(run, RunState::finished);
            }
        }
        QVERIFY2(open(m_project), qPrintable(last_message()));
        window().show_workspace("runs");
        QTRY_VERIFY_WITH_TIMEOUT(rows() > 700, 60'000);
        const RunId first = row_of(m_first).id;   // the oldest: on the last page
        QVERIFY(window().runs().model().row_of(first) < 0);
        window().runs().select_run(first);
        QTRY_COMPARE_WITH_TIMEOUT(window().runs().table()->selected(), QList<RunId>{first}, 60'000);
        QTRY_VERIFY_WITH_TIMEOUT(window().runs().table()->list()->visualRect(window().runs().table()->list()->currentIndex()).intersects(window().runs().table()->list()->viewport()->rect()), 60'000);
    }
};

int main(int argc, char** argv) { return run_window_test<TestShellViews>(argc, argv); }
#include "test_shell_views.moc"
