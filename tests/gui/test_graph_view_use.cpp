// The graph view, used by mouse and keyboard: clicks, drags, selection, filters, focus, and the files it writes.
#include "tests/gui/graph_view_fixture.h"
#include <QClipboard>
#include <QMenu>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QThread>
#include <atomic>

using namespace lathe;
using namespace lathe::gui_test;

class TestGraphViewUse : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { Theme::instance().apply(*qApp, ThemeMode::dark); }
    void init() { Theme::instance().set_mode(ThemeMode::dark); }

    // --- the pointer
    void a_click_selects_a_node_or_a_hyperedge() {
        GraphView view;
        show_squares(view);
        QVERIFY(settle(view));
        QSignalSpy changed(view.selection(), &GraphSelection::selection_changed);
        QTest::mouseClick(&view, Qt::LeftButton, {}, at_node(view, 4));
        QCOMPARE(view.selection()->nodes(), Ids{4});
        QCOMPARE(changed.count(), 1);
        QTest::mouseClick(&view, Qt::LeftButton, Qt::ControlModifier, at_node(view, 6));
        QCOMPARE(view.selection()->nodes(), (Ids{4, 6}));
        QTest::mouseClick(&view, Qt::LeftButton, Qt::ControlModifier, at_node(view, 4));
        QCOMPARE(view.selection()->nodes(), Ids{6});
        const QPoint inside = (at_node(view, 0) + at_node(view, 3)) / 2;   // of the first square, and of no other hull
        QCOMPARE(view.hyperedge_at(inside), 0);
        QTest::mouseClick(&view, Qt::LeftButton, {}, inside);
        QCOMPARE(view.selection()->hyperedges(), Ids{0});
        QVERIFY(view.selection()->nodes().empty());
        QTest::mouseClick(&view, Qt::LeftButton, {}, QPoint(4, 4));
        QVERIFY(view.selection()->is_empty());
    }
    void the_pointer_brings_out_hyperedges_and_members() {
        GraphView view;
        show_squares(view);
        view.set_style(GraphStyle::star);
        QVERIFY(settle(view));
        const QImage before = picture_of(view);
        QTest::mouseMove(&view, QPoint(2, 2));
        QTest::mouseMove(&view, at_node(view, 2));
        QTRY_COMPARE_WITH_TIMEOUT(view.selection()->hovered_node(), 2, kSoon);
        QVERIFY(settle(view));
        const QImage lit = picture_of(view);
        const auto at = [&](const QImage& image, std::int32_t v) { return image.pixelColor(at_node(view, v)); };
        QCOMPARE(at(lit, 5), at(before, 5));    // a member of its second hyperedge stays bright
        QVERIFY(at(lit, 6) != at(before, 6));   // one that shares nothing is dimmed
        QTest::mouseMove(&view, QPoint(2, 2));
        QTRY_COMPARE_WITH_TIMEOUT(view.selection()->hovered_node(), -1, kSoon);
        QVERIFY(settle(view));
        QCOMPARE(at(picture_of(view), 6), at(before, 6));
    }
    void a_rectangle_selects() {
        GraphView view;
        show_squares(view);
        QVERIFY(settle(view));
        drag(&view, at_node(view, 0) + QPoint(-20, 20), at_node(view, 3) + QPoint(20, -20), Qt::LeftButton, Qt::ShiftModifier);
        QCOMPARE(view.selection()->nodes(), (Ids{0, 1, 2, 3}));
        drag(&view, at_node(view, 6) + QPoint(-20, 20), at_node(view, 7) + QPoint(20, -20), Qt::LeftButton, Qt::ShiftModifier | Qt::ControlModifier);
        QCOMPARE(view.selection()->nodes(), (Ids{0, 1, 2, 3, 6, 7}));
    }
    void a_node_follows_the_hand() {
        GraphView view;
        show_squares(view);
        QVERIFY(settle(view));
        QSignalSpy moved(&view, &GraphView::node_moved);
        const QPoint from = at_node(view, 5), to = from + QPoint(-30, 40);
        drag(&view, from, to);
        QCOMPARE(moved.count(), 1);
        QCOMPARE(moved[0][0].toInt(), 5);
        QVERIFY((at_node(view, 5) - to).manhattanLength() <= 3);
        QVERIFY(settle(view));
        QCOMPARE(view.node_at(to), 5);
        view.set_nodes_movable(false);
        const QPoint other = at_node(view, 0);
        drag(&view, other, other + QPoint(25, 10));
        QCOMPARE(moved.count(), 1);
        QVERIFY((at_node(view, 0) - other - QPoint(25, 10)).manhattanLength() <= 3);   // it panned instead
    }
    void a_streaming_layout_does_not_take_the_node_from_the_hand() {
        GraphView view;
        show_squares(view);
        QVERIFY(settle(view));
        const QPoint from = at_node(view, 5);
        QTest::mousePress(&view, Qt::LeftButton, {}, from);
        for (int i = 1; i <= 20; ++i) {
            QMouseEvent move(QEvent::MouseMove, QPointF(from + QPoint(2 * i, 0)), view.mapToGlobal(QPointF(from + QPoint(2 * i, 0))), Qt::NoButton, Qt::LeftButton, {});
            QApplication::sendEvent(&view, &move);
            const Places at = places_of_two_squares();
            view.set_places(at.x, at.y);
        }
        QVERIFY((at_node(view, 5) - from - QPoint(40, 0)).manhattanLength() <= 3);
        QTest::mouseRelease(&view, Qt::LeftButton, {}, from + QPoint(40, 0));
    }
    void the_wheel_zooms_about_the_pointer() {
        GraphView view;
        show_squares(view);
        QVERIFY(settle(view));
        const QPoint at = at_node(view, 6);
        const double before = view.scale();
        QWheelEvent wheel(QPointF(at), view.mapToGlobal(QPointF(at)), {}, {0, 240}, {}, {}, Qt::NoScrollPhase, false);
        QApplication::sendEvent(&view, &wheel);
        QCOMPARE(view.scale(), before * 2);
        QVERIFY((at_node(view, 6) - at).manhattanLength() <= 1);
        const QPointF place = view.to_plane(at);
        for (int i = 0; i < 400; ++i) QApplication::sendEvent(&view, &wheel);
        QVERIFY(std::isfinite(view.scale()));
        QVERIFY((view.to_widget(place.x(), place.y()) - at).manhattanLength() < 0.01);
        QVERIFY(settle(view));
        view.fit();
        QCOMPARE(view.scale(), before);
    }
    void the_lens_dims_what_lies_outside() {
        GraphView view;
        show_squares(view, {900, 300});
        view.set_style(GraphStyle::star);
        QVERIFY(settle(view));
        const QImage before = picture_of(view);
        view.set_lens(true);
        QTest::mouseMove(&view, QPoint(2, 2));
        QTest::mouseMove(&view, at_node(view, 0) + QPoint(40, -60));
        QTRY_COMPARE_WITH_TIMEOUT(picture_of(view).pixelColor(at_node(view, 0)), before.pixelColor(at_node(view, 0)), kSoon);
        QVERIFY(picture_of(view).pixelColor(at_node(view, 7)) != before.pixelColor(at_node(view, 7)));
    }

    // --- filters, focus, selection
    void filters_hide_nodes_and_hyperedges() {
        GraphView view;
        show_squares(view);
        QVERIFY(settle(view));
        view.set_visible_nodes({1, 1, 1, 1, 0, 0, 0, 0});
        QVERIFY(settle(view));
        QCOMPARE(view.node_at(at_node(view, 4)), -1);
        QCOMPARE(view.node_at(at_node(view, 3)), 3);
        QTest::keyClick(&view, Qt::Key_A, Qt::ControlModifier);
        QCOMPARE(view.selection()->nodes(), (Ids{0, 1, 2, 3}));
        view.set_visible_hyperedges({0, 1, 1, 1});
        QVERIFY(settle(view));
        QCOMPARE(view.hyperedge_at((at_node(view, 0) + at_node(view, 3)) / 2), -1);
        view.set_visible_nodes({1, 1});   // a wrong length is not taken
        QCOMPARE(view.node_at(at_node(view, 4)), -1);
        view.set_visible_nodes(std::vector<std::uint8_t>(8, 0));
        QVERIFY(view.note().contains("filters"));
        view.set_visible_nodes({});
        QVERIFY(view.note().isEmpty());
        QVERIFY(settle(view));
        QCOMPARE(view.node_at(at_node(view, 4)), 4);
    }
    void a_focus_shows_the_neighbourhood() {
        GraphView view;
        show_squares(view);
        QVERIFY(settle(view));
        QSignalSpy focus(&view, &GraphView::focus_changed);
        view.focus_on(7, 1);   // 4 and 6 by edges and by {6, 7}
        QVERIFY(settle(view));
        for (const std::int32_t v : {4, 6, 7}) QCOMPARE(view.node_at(at_node(view, v)), v);
        QCOMPARE(view.node_at(at_node(view, 5)), -1);
        view.focus_on(7, 2);
        QVERIFY(settle(view));
        QCOMPARE(view.node_at(at_node(view, 3)), 3);
        QCOMPARE(view.node_at(at_node(view, 0)), -1);
        view.setFocus();
        QTest::keyClick(&view, Qt::Key_Escape);
        QCOMPARE(view.focused(), -1);
        QCOMPARE(focus.count(), 3);
    }
    void the_selection_is_shared() {
        GraphSelection shared;
        GraphView one, two;
        show_squares(one);
        show_squares(two);
        one.set_selection(&shared);
        two.set_selection(&shared);
        QVERIFY(settle(one) && settle(two));
        const QImage before = picture_of(two);
        QTest::mouseClick(&one, Qt::LeftButton, {}, at_node(one, 6));
        QCOMPARE(two.selection()->nodes(), Ids{6});
        QVERIFY(settle(two));
        QVERIFY(picture_of(two) != before);
        auto* gone = new GraphSelection;
        one.set_selection(gone);
        delete gone;
        QVERIFY(one.selection() && one.selection() != gone);
        shared.select({3, 2, 3, 99}, {1, 99});   // ids of another graph do no harm
        QVERIFY(settle(two));
    }

    // --- keyboard
    void all_by_keyboard() {
        GraphView view;
        show_squares(view);
        QVERIFY(settle(view));
        view.activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(&view));
        view.setFocus();
        const QPoint before = at_node(view, 0);
        QTest::keyClick(&view, Qt::Key_Right);
        QCOMPARE(at_node(view, 0) - before, QPoint(-48, 0));
        QTest::keyClick(&view, Qt::Key_F);
        QTest::keyClick(&view, Qt::Key_Plus);
        QTest::keyClick(&view, Qt::Key_Minus);
        QVERIFY((at_node(view, 0) - before).manhattanLength() <= 1);
        view.set_current(0);
        QTest::keyClick(&view, Qt::Key_Right, Qt::ShiftModifier);
        QCOMPARE(view.current(), 2);
        QTest::keyClick(&view, Qt::Key_Up, Qt::ShiftModifier);
        QCOMPARE(view.current(), 3);
        QTest::keyClick(&view, Qt::Key_Return);
        QCOMPARE(view.selection()->nodes(), Ids{3});
        Ids round;
        for (int i = 0; i < 6; ++i) {
            QTest::keyClick(&view, Qt::Key_N);
            round.push_back(view.current());
        }
        QCOMPARE(round, (Ids{0, 1, 2, 4, 5, 0}));   // all that share a hyperedge with 3
        QTest::keyClick(&view, Qt::Key_N, Qt::ShiftModifier);
        QCOMPARE(view.current(), 5);
        QTest::keyClick(&view, Qt::Key_Space);
        QCOMPARE(view.selection()->nodes(), (Ids{3, 5}));
        QTest::keyClick(&view, Qt::Key_E);
        QCOMPARE(view.selection()->hovered_hyperedge(), 1);
        QTest::keyClick(&view, Qt::Key_Return);
        QCOMPARE(view.selection()->hyperedges(), Ids{1});
        QTest::keyClick(&view, Qt::Key_C, Qt::ControlModifier);
        QCOMPARE(QApplication::clipboard()->text(), QString("node d\nnode f\nset 1"));
        QTest::keyClick(&view, Qt::Key_G);
        QCOMPARE(view.focused(), 5);
        QTest::keyClick(&view, Qt::Key_Escape);
        QCOMPARE(view.focused(), -1);
        QTest::keyClick(&view, Qt::Key_Escape);
        QVERIFY(view.selection()->is_empty());
        QTest::keyClick(&view, Qt::Key_L);
        QVERIFY(view.lens());
        QSignalSpy activated(&view, &GraphView::node_activated);
        QTest::keyClick(&view, Qt::Key_Return);
        QTest::keyClick(&view, Qt::Key_Return);
        QCOMPARE(activated.count(), 1);
    }
    void a_node_is_moved_by_keyboard() {
        GraphView view;
        show_squares(view);
        QVERIFY(settle(view));
        QSignalSpy moved(&view, &GraphView::node_moved);
        QTest::keyClick(&view, Qt::Key_Right, Qt::ControlModifier);
        QCOMPARE(moved.count(), 0);   // no current node
        view.set_current(5);
        const QPoint before = at_node(view, 5), other = at_node(view, 4);
        QTest::keyClick(&view, Qt::Key_Right, Qt::ControlModifier);
        QTest::keyClick(&view, Qt::Key_Down, Qt::ControlModifier);
        QCOMPARE(moved.count(), 2);
        QCOMPARE(moved[0][0].toInt(), 5);
        QVERIFY((at_node(view, 5) - before - QPoint(8, 8)).manhattanLength() <= 2);
        QCOMPARE(at_node(view, 4), other);
        view.set_nodes_movable(false);
        QTest::keyClick(&view, Qt::Key_Right, Qt::ControlModifier);
        QCOMPARE(moved.count(), 2);
    }
    void the_menu_chooses_which_hyperedges_are_joined() {
        GraphView view;
        show_squares(view);
        view.set_style(GraphStyle::line_graph);
        const auto checked_after = [&view](const QString& trigger) {
            QMenu menu;
            view.fill_menu(&menu);
            QString checked;
            for (const QMenu* sub : menu.findChildren<QMenu*>())
                for (QAction* action : sub->actions()) {
                    if (action->isChecked()) checked = action->text();
                    if (action->text() == trigger) action->trigger();
                }
            return checked;
        };
        QCOMPARE(checked_after("3 node(s) or more"), QString("1 node(s) or more"));
        QCOMPARE(checked_after({}), QString("3 node(s) or more"));
    }
    void tab_leaves() {
        QWidget window;
        GraphView view(&window);
        QWidget other(&window);
        other.setFocusPolicy(Qt::StrongFocus);
        show_squares(view);
        window.show();
        window.activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(&window));
        view.setFocus();
        QTest::keyClick(&view, Qt::Key_Tab);
        QVERIFY(other.hasFocus());
    }
    void nodes_are_found_by_name() {
        GraphView view;
        show_squares(view);
        QVERIFY(settle(view));
        for (int i = 0; i < 6; ++i) view.zoom(2, {10, 10});
        QVERIFY(view.find("NODE G"));
        QCOMPARE(view.current(), 6);
        QVERIFY(view.rect().contains(at_node(view, 6)));
        QVERIFY(!view.find("nobody"));
        QVERIFY(view.find("node") && view.current() == 7);   // the next one
        QVERIFY(view.find("node") && view.current() == 0);
    }
    void a_screen_reader_sees_a_table() {
        GraphView view;
        show_squares(view);
        view.set_colouring(NodeColouring::by_class("Label", {0, 0, 1, 1, -1, 0, 1, 1}, {"x", "y"}));
        QCOMPARE(view.accessible_size(), QSize(4, 8));
        QCOMPARE(view.accessible_head(3, false), QString("Label"));
        QCOMPARE(view.accessible_head(2, true), QString("node c"));
        QCOMPARE(view.accessible_cell(3, 0), QString("node d"));
        QCOMPARE(view.accessible_cell(3, 2), QString("2"));
        QCOMPARE(view.accessible_cell(3, 3), QString("y"));
        QCOMPARE(view.accessible_cell(0, 1), QString("1"));
        QVERIFY(view.accessible_cell(99, 0).isEmpty() && view.accessible_cell(-1, 0).isEmpty());
        view.set_current(3);
        QCOMPARE(view.accessible_selection(), QRect(0, 3, 4, 1));
        QVERIFY(view.accessible_cell_rect(3, 0).contains(at_node(view, 3)));
        QVERIFY(!view.accessibleName().isEmpty());
    }

    // --- out
    void files_hold_what_is_seen() {
        QTemporaryDir folder;
        GraphView view;
        show_squares(view);
        view.set_colouring(NodeColouring::by_class("Label", {0, 0, 1, 1, 2, 2, -1, 0}, {"x", "y", "z"}));
        QVERIFY(settle(view));
        QSignalSpy exported(&view, &GraphView::exported);
        for (const char* suffix : {"png", "svg", "pdf", "csv"}) QVERIFY(view.export_file(folder.filePath(QString("graph.") + suffix)));
        QCOMPARE(exported.count(), 4);
        QVERIFY(!view.export_file(folder.filePath("graph.xyz")));
        // The same on another thread; the file that is there stays where it is cancelled or fails.
        for (const char* suffix : {"png", "svg", "pdf", "csv"}) {
            const QString file = folder.filePath(QString("later.") + suffix);
            view.start_export(file);
            QVERIFY(view.is_exporting());
            QTRY_VERIFY_WITH_TIMEOUT(!view.is_exporting(), kSoon);
            QVERIFY(QFileInfo(file).size() > 0);
            if (QLatin1String(suffix) != QLatin1String("pdf")) QCOMPARE(text_in(file).size(), text_in(folder.filePath(QString("graph.") + suffix)).size());   // a pdf has a date
        }
        QSignalSpy failed(&view, &GraphView::export_failed), cancelled(&view, &GraphView::export_cancelled);
        view.start_export(folder.filePath("graph.xyz"));
        QTRY_COMPARE_WITH_TIMEOUT(failed.count(), 1, kSoon);
        const QByteArray old = text_in(folder.filePath("later.svg")).toUtf8();
        std::atomic<bool> go = false;                      // its names come late: it cannot be done before it is cancelled
        view.set_names([&go](std::int32_t) { while (!go) QThread::msleep(1); return QStringLiteral("late"); }, {});
        view.start_export(folder.filePath("later.svg"));
        view.cancel_export();
        go = true;
        QTRY_VERIFY_WITH_TIMEOUT(cancelled.count() == 1 && !view.is_exporting(), kSoon);
        QCOMPARE(text_in(folder.filePath("later.svg")).toUtf8(), old);
        QVERIFY(ink(QImage(folder.filePath("graph.png"))) > 5000);
        const auto text = [&folder](const QString& name) { return text_in(folder.filePath(name)); };
        QVERIFY(text("graph.svg").contains("node a") && !text("graph.svg").contains("<image"));
        QVERIFY(text("graph.csv").startsWith("Node,Degree,Hyperedges,Label,x,y\r\nnode a,1,2,x,0,0\r\n"));
        show_squares(view);
        QVERIFY(settle(view));
        view.selection()->select_nodes({4});
        QCOMPARE(view.as_csv(true).count('\n'), 2);
        view.set_drawing_limit(5);
        QVERIFY(view.export_file(folder.filePath("large.svg")));
        QVERIFY(text("large.svg").contains("<image") && text("large.svg").contains("node a"));
        QVERIFY(view.export_note().contains("5"));
        QSignalSpy table(&view, &GraphView::table_requested);
        view.show_as_table();
        QCOMPARE(table.count(), 1);
        QCOMPARE(table[0][1].value<QList<QVariantList>>().size(), 8);
    }
};

QTEST_MAIN(TestGraphViewUse)
#include "test_graph_view_use.moc"
