// The graph view, used by mouse and keyboard, and looked at.
#include "core/base/error.h"
#include "tests/gui/graph_fixture.h"
#include "tests/gui/gui_fixture.h"
#include "viewers/graph_hulls.h"
#include "viewers/graph_raster.h"
#include "viewers/graph_view.h"
#include "viewers/view_style.h"
#include <QClipboard>
#include <QPainter>
#include <QSignalSpy>
#include <QTemporaryDir>

using namespace lathe;
using namespace lathe::gui_test;

namespace {

using Ids = std::vector<std::int32_t>;
constexpr int kSoon = 20'000;   // ms; the machine may be busy

bool settle(GraphView& view) {
    if (!view.isVisible()) {
        view.show();
        if (!QTest::qWaitForWindowExposed(&view)) return false;
    }
    return QTest::qWaitFor([&view] { return view.is_settled(); }, kSoon);
}

void show_squares(GraphView& view, const QSize& size = {640, 420}) {
    view.resize(size);
    view.set_graph(two_squares().make());
    const Places at = places_of_two_squares();
    view.set_places(at.x, at.y);
    view.set_names([](std::int32_t v) { return QStringLiteral("node %1").arg(QChar(u'a' + v)); }, [](std::int32_t h) { return QStringLiteral("set %1").arg(h); });
}

QPoint at_node(const GraphView& view, std::int32_t v) { return view.to_widget(double(view.places()->x[std::size_t(v)]), double(view.places()->y[std::size_t(v)])).toPoint(); }

/// Pixels that differ from the canvas.
int ink(const QImage& image) {
    const QRgb canvas = ViewStyle::current().canvas.rgb();
    int count = 0;
    for (int y = 0; y < image.height(); ++y)
        for (int x = 0; x < image.width(); ++x) count += (image.pixel(x, y) | 0xff000000u) != (canvas | 0xff000000u);
    return count;
}

}

class TestGraphView : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { Theme::instance().apply(*qApp, ThemeMode::dark); }
    void init() { Theme::instance().set_mode(ThemeMode::dark); }

    // --- data and geometry
    void lists_become_rows() {
        const GraphDataPtr g = GraphData::make(4, 2, Ids{1, 0, 1, 2, 3}, Ids{0, 1, 0, 3, 3}, Ids{3, 0, 0, 2}, Ids{1, 0, 0, 1});
        QCOMPARE(g->edges.size(), 2);
        QCOMPARE(g->edges[0][0], 1);
        QCOMPARE(g->edges[2][0], 3);
        QCOMPARE(g->loops, 1);
        QCOMPARE(g->neighbours.length(1), 1);
        QCOMPARE(g->members.length(0), 1);   // a repeat counts once
        QCOMPARE(Ids(g->members[1].begin(), g->members[1].end()), (Ids{2, 3}));
        QCOMPARE(g->memberships[3][0], 1);
        const auto refused = [](const Ids& from, const Ids& to, const Ids& member, const Ids& set) {
            try {
                (void)GraphData::make(3, 1, from, to, member, set);
                return false;
            } catch (const Error&) {
                return true;
            }
        };
        QVERIFY(refused({0}, {3}, {}, {}) && refused({-1}, {0}, {}, {}) && refused({0}, {}, {}, {}) && refused({}, {}, {0}, {1}) && refused({}, {}, {3}, {0}));
        QVERIFY(!refused({0}, {1}, {2}, {0}));
    }
    void hulls_are_convex_and_padded() {
        std::mt19937 random(3);
        std::vector<QPointF> points;
        for (int i = 0; i < 300; ++i) points.emplace_back(random() % 1000 / 10.0, random() % 700 / 10.0);
        points.emplace_back(std::nan(""), 0);
        const std::vector<QPointF> hull = convex_hull(points);
        for (std::size_t i = 0; i < hull.size(); ++i) {
            const QPointF a = hull[i], b = hull[(i + 1) % hull.size()];
            for (const QPointF& p : points)
                if (std::isfinite(p.x())) QVERIFY((b.x() - a.x()) * (p.y() - a.y()) - (b.y() - a.y()) * (p.x() - a.x()) >= -1e-9);
        }
        const QPainterPath path = padded_hull(points, 8);
        const QRectF box = path.boundingRect();
        QRectF inner;
        for (const QPointF& p : hull) inner = inner.isNull() ? QRectF(p, QSizeF(1e-9, 1e-9)) : inner.united(QRectF(p, QSizeF(1e-9, 1e-9)));
        QVERIFY(std::abs(box.left() - inner.left() + 8) < 0.05 && std::abs(box.bottom() - inner.bottom() - 8) < 0.05);
        for (const QPointF& p : points)
            if (std::isfinite(p.x())) QVERIFY(path.contains(p));
        QVERIFY(padded_hull({}, 5).isEmpty());
        QCOMPARE(padded_hull({{1, 1}, {1, 1}}, 5).boundingRect(), QRectF(-4, -4, 10, 10));
        const QPainterPath capsule = padded_hull({{0, 0}, {10, 0}}, 2);
        QVERIFY(capsule.contains({-1.5, 0}) && capsule.contains({5, 1.9}) && !capsule.contains({5, 2.2}) && !capsule.contains({-1.8, 1.8}));
        QCOMPARE(convex_hull({{0, 0}, {1, 1}, {2, 2}, {3, 3}}).size(), 2u);
    }
    void larger_sets_lie_outside() {
        GraphLists g;
        g.nodes = 6;
        g.add_set({0, 1, 2, 3, 4, 5});
        g.add_set({0, 1});
        g.add_set({0, 1, 2});
        g.add_set({5});
        QCOMPARE(nesting_levels(*g.make(), {0, 1, 2, 3}), (std::vector<int>{2, 0, 1, 0}));
    }
    void lines_add_up_and_are_clipped() {
        const auto painted = [](const auto& add) {
            LineDensity lines(60, 40);
            add(lines);
            QImage image(60, 40, QImage::Format_RGB32);
            image.fill(Qt::black);
            lines.blend(image, Qt::white, 1);
            return image;
        };
        const QImage one = painted([](LineDensity& l) { l.add(-1e7, 20.5, 1e7, 20.5); });
        for (int x = 2; x < 58; ++x) QVERIFY(qRed(one.pixel(x, 20)) > 90 && qRed(one.pixel(x, 18)) == 0 && qRed(one.pixel(x, 22)) == 0);
        const QImage steep = painted([](LineDensity& l) { l.add(30.5, 500, 30.5, -500); });
        QVERIFY(qRed(steep.pixel(30, 20)) > 90 && qRed(steep.pixel(28, 20)) == 0);
        const QImage many = painted([](LineDensity& l) {
            for (int i = 0; i < 100; ++i) l.add(0, 10.5, 60, 10.5);
            l.add(0, 30.5, 60, 30.5);
            l.add(std::nan(""), 0, 60, 40);
            l.add(-50, -5, 100, -5);
        });
        QVERIFY(qRed(many.pixel(30, 10)) > 240 && qRed(many.pixel(30, 30)) > 10 && qRed(many.pixel(30, 30)) < 100);
    }
    void marks_are_the_same_painted_or_drawn() {
        for (const NodeShape shape : {NodeShape::circle, NodeShape::square, NodeShape::triangle, NodeShape::diamond}) {
            const GraphMark mark{30, 30, 14, shape, qRgb(250, 120, 20), qRgb(255, 255, 255), 2};
            QImage splat(60, 60, QImage::Format_RGB32), drawn(60, 60, QImage::Format_RGB32);
            splat.fill(Qt::black);
            drawn.fill(Qt::black);
            splat_marks(splat, {&mark, 1});
            QPainter painter(&drawn);
            painter.setRenderHint(QPainter::Antialiasing);
            draw_marks(painter, {&mark, 1});
            painter.end();
            int different = 0;
            for (int y = 0; y < 60; ++y)
                for (int x = 0; x < 60; ++x) different += std::abs(qRed(splat.pixel(x, y)) - qRed(drawn.pixel(x, y))) > 110;
            QVERIFY2(different < 12, qPrintable(QString::number(int(shape)) + " differs in " + QString::number(different)));
        }
    }
    void colours_stand_out_from_the_canvas() {
        for (const ThemeMode mode : {ThemeMode::light, ThemeMode::dark}) {
            Theme::instance().set_mode(mode);
            const ViewStyle style = ViewStyle::current();
            for (int c = -1; c < kGraphPalette; ++c) QVERIFY2(contrast(class_colour(c, style.dark), style.canvas) >= 3, qPrintable(QString::number(c)));
        }
        QVERIFY(class_colour(3, true) == class_colour(13, true) && class_shape(3) != class_shape(13));
    }

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

    // --- filters, focus, styles
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
        view.set_visible_nodes({});
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
    void many_hulls_become_stars_with_a_note() {
        GraphView view;
        view.resize(600, 400);
        GraphLists g;
        g.nodes = 100;
        for (int i = 0; i + 2 < 100; ++i) g.add_set({i, i + 1, i + 2});
        view.set_graph(g.make());
        std::vector<float> x, y;
        for (int i = 0; i < 100; ++i) x.push_back(float(i % 10)), y.push_back(float(i / 10));
        view.set_places(x, y);
        QSignalSpy noted(&view, &GraphView::note_changed);
        view.set_style(GraphStyle::hulls);
        QVERIFY(settle(view));
        QCOMPARE(view.style(), GraphStyle::hulls);
        QCOMPARE(view.shown_style(), GraphStyle::star);
        QVERIFY(view.note().contains("98"));
        const QImage before = view.render(1);
        view.selection()->select_hyperedges({50});
        QVERIFY(ink(view.render(1)) > ink(before) + 60);   // its hull stays
        std::vector<std::uint8_t> some(98, 0);
        std::fill_n(some.begin(), 20, std::uint8_t(1));
        view.set_visible_hyperedges(some);
        QCOMPARE(view.shown_style(), GraphStyle::hulls);
        QVERIFY(view.note().isEmpty());
    }
    void the_line_graph_joins_hyperedges_that_share_nodes() {
        GraphView view;
        show_squares(view);
        view.set_style(GraphStyle::line_graph);
        QVERIFY(settle(view));
        const QPoint first = view.to_widget(0.5, 0.5).toPoint(), second = view.to_widget(1.5, 0.5).toPoint(), third = view.to_widget(3, 0.5).toPoint();
        QCOMPARE(view.hyperedge_at(first), 0);
        QCOMPARE(view.hyperedge_at(third), 2);
        QCOMPARE(view.node_at(at_node(view, 7)), -1);
        view.set_labels_visible(false);
        QVERIFY(settle(view));
        const QColor canvas = ViewStyle::current().canvas;
        const auto lines_at = [&](const QPoint& p) {
            const QImage image = picture_of(view);
            int n = 0;
            for (int dy = -3; dy <= 3; ++dy) n += image.pixelColor(p + QPoint(0, dy)) != canvas;
            return n;
        };
        QVERIFY(lines_at((first + second) / 2) > 0);
        QCOMPARE(lines_at((second + third) / 2), 0);
        view.set_overlap(3);   // they share two
        QVERIFY(settle(view));
        QCOMPARE(lines_at((first + second) / 2), 0);
        QTest::mouseClick(&view, Qt::LeftButton, {}, second);
        QCOMPARE(view.selection()->hyperedges(), Ids{1});
    }
    void clusters_stand_for_nodes_far_out() {
        GraphView view;
        view.resize(700, 500);
        Places at;
        std::vector<std::int32_t> group;
        view.set_graph(communities(20000, 6, 6, 0, at, group).make());
        view.set_places(at.x, at.y);
        view.set_colouring(NodeColouring::by_class("Group", group, {"one", "two", "three", "four", "five", "six"}));
        view.set_clusters(group, {"one", "two", "three", "four", "five", "six"});
        QVERIFY(settle(view));
        QCOMPARE(view.node_at(at_node(view, 0)), -1);   // they are not there one by one
        double x = 0, y = 0, n = 0;
        for (std::size_t v = 0; v < group.size(); ++v)
            if (group[v] == 5) x += double(at.x[v]), y += double(at.y[v]), ++n;
        const QPoint centre = view.to_widget(x / n, y / n).toPoint();
        QTest::mouseClick(&view, Qt::LeftButton, {}, centre);
        QCOMPARE(double(view.selection()->nodes().size()), n);
        QVERIFY(save_scene(view, "graph-super-nodes"));
        view.selection()->clear();
        const double before = view.scale();
        QTest::mouseDClick(&view, Qt::LeftButton, {}, centre);
        QVERIFY(view.scale() > before);
        for (int i = 0; i < 8; ++i) view.zoom(2, view.rect().center());
        QVERIFY(settle(view));
        QVERIFY(view.is_settled());
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

    // --- odd graphs
    void nothing_and_next_to_nothing() {
        GraphView view;
        view.resize(300, 200);
        QVERIFY(settle(view));
        QVERIFY(ink(picture_of(view)) > 50);   // says that there is no graph
        QTest::keyClick(&view, Qt::Key_F);
        QTest::mouseClick(&view, Qt::LeftButton, {}, QPoint(50, 50));
        view.zoom(2, {5, 5});
        view.show_as_table();
        QVERIFY(!view.find("x"));
        view.set_graph(GraphData::make(0, 0, {}, {}, {}, {}));
        view.set_places({}, {});
        QVERIFY(settle(view));
        for (const GraphStyle style : {GraphStyle::hulls, GraphStyle::star, GraphStyle::clique, GraphStyle::line_graph}) {
            view.set_graph(GraphData::make(1, 1, {}, {}, Ids{0}, Ids{0}));
            view.set_places({5}, {-3});
            view.set_style(style);
            QVERIFY(settle(view));
            QCOMPARE(view.node_at(view.to_widget(5, -3)), style == GraphStyle::line_graph ? -1 : 0);
            view.set_graph(GraphData::make(3, 2, Ids{0, 1}, Ids{1, 2}, {}, {}));   // empty hyperedges, no places
            QVERIFY(settle(view));
            QVERIFY(view.grab().toImage().width() > 0);
        }
        view.set_graph(nullptr);
        QVERIFY(settle(view));
        for (QWidget* window : QApplication::topLevelWidgets())
            if (window != &view) window->close();
    }
    void coincident_missing_and_far_places() {
        GraphView view;
        show_squares(view);
        for (const GraphStyle style : {GraphStyle::hulls, GraphStyle::star, GraphStyle::clique, GraphStyle::line_graph}) {
            view.set_style(style);
            view.set_places(std::vector<float>(8, 2), std::vector<float>(8, 2));
            view.fit();
            QVERIFY(settle(view));
            const float none = std::nanf(""), far = std::numeric_limits<float>::infinity();
            view.set_places({0, 1, none, 3, far, 1e30f, 0, 1}, {0, 1, 2, 3, 4, 5, none, -1e30f});
            view.fit();
            QVERIFY(settle(view));
            view.set_places(std::vector<float>(8, none), std::vector<float>(8, none));
            view.fit();
            QVERIFY(settle(view));
            QCOMPARE(view.node_at(view.rect().center()), -1);
        }
        view.set_places({1, 2}, {1, 2});   // a wrong length is not taken
        QCOMPARE(view.places()->x.size(), 8u);
    }
    void a_huge_hyperedge() {
        GraphView view;
        view.resize(600, 400);
        constexpr int kMembers = 100'000;
        GraphLists g;
        g.nodes = kMembers;
        Ids all(kMembers);
        std::vector<float> x, y;
        std::mt19937 random(5);
        for (int i = 0; i < kMembers; ++i) {
            all[std::size_t(i)] = i;
            x.push_back(float(random() % 10000));
            y.push_back(float(random() % 10000));
        }
        g.add_set(all);
        g.add_set({1, 2});
        view.set_graph(g.make());
        view.set_places(x, y);
        for (const GraphStyle style : {GraphStyle::hulls, GraphStyle::star, GraphStyle::clique, GraphStyle::line_graph}) {
            view.set_style(style);
            QVERIFY(settle(view));
        }
        view.set_style(GraphStyle::clique);
        QVERIFY(settle(view));
        QVERIFY(view.note().contains("60"));
        view.set_style(GraphStyle::hulls);
        view.selection()->hover(17, -1);
        view.selection()->select_hyperedges({0});
        QVERIFY(settle(view));
    }
    void the_gui_thread_is_never_held_up() {
        GraphView view;
        view.resize(1000, 700);
        Places at;
        std::vector<std::int32_t> group;
        view.set_graph(communities(100'000, 12, 10, 20'000, at, group).make());
        view.set_places(at.x, at.y);
        QVERIFY(settle(view));
        QElapsedTimer clock;
        qint64 longest = 0;
        for (int i = 0; i < 60; ++i) {
            clock.restart();
            view.pan({i % 2 ? 7.0 : -9.0, 3.0});
            if (i % 5 == 0) view.zoom(1.05, {300, 300});
            view.repaint();
            longest = std::max(longest, clock.elapsed());
            QCoreApplication::processEvents();
        }
        qInfo("longest paint while panning: %lld ms", longest);
        QVERIFY(longest < 150);   // on a busy machine; alone it is about a tenth
        QVERIFY(settle(view));
        view.deleteLater();   // while the worker may be painting
        view.pan({1, 1});
        view.repaint();
        QVERIFY(true);
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
        QVERIFY(ink(QImage(folder.filePath("graph.png"))) > 5000);
        const auto text = [&](const QString& name) {
            QFile file(folder.filePath(name));
            return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
        };
        QVERIFY(text("graph.svg").contains("node a") && !text("graph.svg").contains("<image"));
        QVERIFY(text("graph.csv").startsWith("Node,Degree,Hyperedges,Label,x,y\r\nnode a,1,2,x,0,0\r\n"));
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

    // --- looks
    void the_styles_look_right() {
        GraphView view;
        view.resize(760, 520);
        Places at;
        std::vector<std::int32_t> group;
        const GraphLists g = communities(160, 6, 4, 24, at, group, 4);
        view.set_graph(g.make());
        view.set_places(at.x, at.y);
        view.set_names([](std::int32_t v) { return QStringLiteral("Person %1").arg(v); }, nullptr);
        view.set_colouring(NodeColouring::by_class("Label", group, {"politician", "company", "government", "tvshow", "other", "more"}));
        const std::pair<GraphStyle, const char*> styles[] = {{GraphStyle::hulls, "hulls"}, {GraphStyle::star, "star"}, {GraphStyle::clique, "clique"}, {GraphStyle::line_graph, "line"}};
        for (const auto& [style, name] : styles) {
            view.set_style(style);
            QVERIFY(settle(view));
            QVERIFY(save_scene(view, QString("graph-") + name));
        }
        view.set_style(GraphStyle::hulls);
        view.selection()->select({5, 9}, {3});
        view.selection()->hover(12, -1);
        QVERIFY(settle(view));
        QVERIFY(save_scene(view, "graph-hover"));
    }
    void a_large_graph_looks_right() {
        GraphView view;
        view.resize(1000, 700);
        Places at;
        std::vector<std::int32_t> group;
        view.set_graph(communities(22'470, 9, 15, 2000, at, group).make());
        view.set_places(at.x, at.y);
        std::vector<float> error(group.size());
        for (std::size_t i = 0; i < error.size(); ++i) error[i] = i % 50 ? float(i % 97) / 97 : std::nanf("");
        view.set_colouring(NodeColouring::by_value("Error", error, ColourMapId::magma));
        view.set_sizing({"degree", std::vector<float>(error.begin(), error.end())});
        view.set_style(GraphStyle::hulls);
        QVERIFY(settle(view));
        QVERIFY(save_scene(view, "graph-large"));
        view.set_colouring(NodeColouring::by_class("Label", group, {}));
        view.set_sizing({});
        for (int i = 0; i < 5; ++i) view.zoom(2, view.rect().center());
        view.selection()->select_hyperedges({1, 2, 3});
        QVERIFY(settle(view));
        QVERIFY(save_scene(view, "graph-near"));
    }

private:
    /// At both themes and scales, and after each change full detail.
    static bool save_scene(GraphView& view, const QString& name) {
        bool good = true;
        for (const ThemeMode mode : {ThemeMode::light, ThemeMode::dark}) {
            Theme::instance().set_mode(mode);
            QCoreApplication::processEvents();
            good = good && settle(view);
            for (const int scale : {1, 2}) {
                const QImage image = view.render(scale);
                good = good && ink(image) > 3000 && image.save(QStringLiteral("%1/%2-%3%4.png").arg(picture_folder(), name, mode == ThemeMode::dark ? "dark" : "light", scale == 2 ? "-2x" : ""));
            }
        }
        return good;
    }
};

QTEST_MAIN(TestGraphView)
#include "test_graph_view.moc"
