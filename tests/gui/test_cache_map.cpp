// The cache map, painted by mouse and keyboard, undone, and looked at.
#include "core/base/error.h"
#include "tests/gui/gui_fixture.h"
#include "widgets/cache_map.h"
#include <QClipboard>
#include <QSignalSpy>
#include <QUndoStack>

using namespace lathe;
using namespace lathe::gui_test;

namespace {

/// 20 steps of 12 blocks, as the demo model has them.
void show_demo(CacheMap& map) {
    map.set_shape(20, 12);
    map.resize(map.sizeHint());
    map.show();
}

struct CellCentre {
    CacheMap& map;
    QPoint operator()(int step, int block) const { return map.cell_rect(step, block).center().toPoint(); }
};

}

class TestCacheMap : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { Theme::instance().apply(*qApp, ThemeMode::dark); }
    void init() { Theme::instance().set_mode(ThemeMode::dark); }

    void the_map_is_painted_by_mouse() {
        CacheMap map;
        QUndoStack undo;
        map.set_undo_stack(&undo);
        show_demo(map);
        const CellCentre at{map};
        drag(&map, at(3, 2), at(3, 8));
        for (int b = 2; b <= 8; ++b) QVERIFY(map.reuses(3, b));
        QVERIFY(!map.reuses(3, 1) && !map.reuses(3, 9) && !map.reuses(2, 4));
        QCOMPARE(map.source_step(3, 4), 2);
        QCOMPARE(undo.count(), 1);
        drag(&map, at(5, 1), at(8, 4), Qt::LeftButton, Qt::ShiftModifier);   // a rectangle
        QVERIFY(map.reuses(5, 1) && map.reuses(8, 4) && map.reuses(6, 2));
        drag(&map, at(3, 2), at(3, 4), Qt::RightButton);                     // clears
        QVERIFY(!map.reuses(3, 2) && map.reuses(3, 5));
        QCOMPARE(undo.count(), 3);
        drag(&map, at(0, 0), at(0, 5));                                      // nothing lies before the first step
        QVERIFY(!map.reuses(0, 0));
        QCOMPARE(undo.count(), 3);
        undo.undo();
        QVERIFY(map.reuses(3, 2));
        while (undo.canUndo()) undo.undo();
        QCOMPARE(map.cells(), std::vector<quint8>(240, 0));
    }
    void a_fast_hand_skips_no_cell() {
        CacheMap map;
        show_demo(map);
        const CellCentre at{map};
        QTest::mousePress(&map, Qt::LeftButton, {}, at(2, 5));
        const QPointF end = at(15, 5);
        QMouseEvent move(QEvent::MouseMove, end, map.mapToGlobal(end), Qt::NoButton, Qt::LeftButton, {});
        QApplication::sendEvent(&map, &move);
        QTest::mouseRelease(&map, Qt::LeftButton, {}, end.toPoint());
        for (int s = 2; s <= 15; ++s) QVERIFY(map.reuses(s, 5));
    }
    void the_map_is_painted_by_keyboard() {
        CacheMap map;
        QUndoStack undo;
        map.set_undo_stack(&undo);
        show_demo(map);
        map.activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(&map));
        map.setFocus();
        QTest::keyClick(&map, Qt::Key_Right);
        QTest::keyClick(&map, Qt::Key_Right);
        QTest::keyClick(&map, Qt::Key_Down);
        QTest::keyClick(&map, Qt::Key_Down, Qt::ShiftModifier);
        QTest::keyClick(&map, Qt::Key_Right, Qt::ShiftModifier);
        QCOMPARE(map.selection(), QRect(2, 1, 2, 2));
        QTest::keyClick(&map, Qt::Key_Return);
        QVERIFY(map.reuses(2, 1) && map.reuses(3, 2) && !map.reuses(4, 1));
        QTest::keyClick(&map, Qt::Key_Backspace);
        QVERIFY(!map.reuses(2, 1));
        QCOMPARE(undo.count(), 2);
        QTest::keyClick(&map, Qt::Key_A, Qt::ControlModifier);
        QCOMPARE(map.selection(), QRect(0, 0, 20, 12));
        QTest::keyClick(&map, Qt::Key_Escape);
        QVERIFY(map.selection().isEmpty());
    }
    void escape_drops_the_stroke() {
        CacheMap map;
        show_demo(map);
        QTest::mousePress(&map, Qt::LeftButton, {}, map.cell_rect(4, 4).center().toPoint());
        QVERIFY(map.reuses(4, 4));
        QTest::keyClick(&map, Qt::Key_Escape);
        QVERIFY(!map.reuses(4, 4));
        QTest::mouseRelease(&map, Qt::LeftButton, {}, map.cell_rect(6, 4).center().toPoint());
        QVERIFY(!map.reuses(6, 4));
    }
    void a_map_that_is_not_edited_only_shows_steps() {
        CacheMap map;
        map.set_shape(20, 12);
        map.resize(map.sizeHint());
        map.set_editable(false, "The policy makes this map.");
        map.show();
        QSignalSpy chosen(&map, &CacheMap::step_chosen);
        QTest::mouseClick(&map, Qt::LeftButton, {}, map.cell_rect(7, 3).center().toPoint());
        QCOMPARE(chosen.count(), 1);
        QCOMPARE(chosen[0][0].toInt(), 7);
        QVERIFY(!map.reuses(7, 3));
    }
    void a_wrong_grid_is_refused() {
        CacheMap map;
        const auto refused = [&map](const Json& grid) {
            try {
                map.set_grid(grid);
                return false;
            } catch (const Error&) {
                return true;
            }
        };
        QVERIFY(refused({{"rows", 2}, {"cols", 2}, {"data", {1, 0, 1}}}));
        QVERIFY(refused({{"rows", 2}}));
        QVERIFY(refused({{"rows", 1}, {"cols", 1}, {"data", {"x"}}}));
        QVERIFY(refused({{"rows", 100000}, {"cols", 1}, {"data", Json::array()}}));
        QVERIFY(refused(Json()));
        map.set_grid({{"rows", 2}, {"cols", 3}, {"data", {0, 1, 0, 0, 0, 1}}});
        QVERIFY(map.reuses(1, 0) && map.reuses(2, 1) && !map.reuses(0, 0));
        CacheMap copy;
        copy.set_grid(map.grid());
        QCOMPARE(copy.cells(), map.cells());
    }
    void a_dropped_preview_shows_the_one_before() {
        CacheMap map;
        map.set_shape(20, 12);
        map.resize(820, 330);
        QImage white(28, 28, QImage::Format_Grayscale8);
        white.fill(255);
        map.set_preview(4, white);
        map.show();
        const auto shade = [&map](int step) { return picture_of(map).pixelColor(map.cell_rect(step, 0).center().x(), 8 + 16).lightness(); };
        QCOMPARE(shade(4), 255);
        QVERIFY(!map.has_preview(5));
        QVERIFY(shade(5) > 100 && shade(5) < 200);   // pale
        QVERIFY(shade(3) < 60);                      // nothing came before
        map.set_streaming(5);                        // still to come: an empty frame
        QVERIFY(shade(5) < 60);
    }
    void the_map_looks_right() {
        CacheMap map;
        map.set_shape(20, 12);
        std::vector<quint8> cells(240, 0);
        for (int b = 3; b < 12; ++b)
            for (int s = 1; s < 10; s += 2) cells[std::size_t(b * 20 + s)] = 1;
        for (int b = 0; b < 9; ++b)
            for (int s = 11; s < 20; s += 2) cells[std::size_t(b * 20 + s)] = 1;
        map.set_cells(cells);
        map.set_switch(10);
        map.set_current_step(13);
        map.set_streaming(14);
        QImage noise(28, 28, QImage::Format_Grayscale8);
        for (int y = 0; y < 28; ++y)
            for (int x = 0; x < 28; ++x) noise.setPixel(x, y, qRgb((x * 37 + y * 91) % 255, 0, 0));
        for (int s = 0; s < 14; ++s) map.set_preview(s, noise);
        map.select(QRect(16, 2, 1, 5));
        map.resize(820, 330);
        map.show();
        QVERIFY(save_pictures(map, "cache-map"));
    }
};

QTEST_MAIN(TestCacheMap)
#include "test_cache_map.moc"
