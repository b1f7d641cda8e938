// How the graph view looks: what it is made of, its styles, its level of detail, and graphs that are odd or large.
#include "core/base/error.h"
#include "tests/gui/graph_view_fixture.h"
#include "viewers/graph_hulls.h"
#include "viewers/graph_raster.h"
#include <QElapsedTimer>
#include <QPainter>
#include <QSignalSpy>

using namespace lathe;
using namespace lathe::gui_test;

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

    // --- styles and level of detail
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
    /// A node in so many hyperedges that all pairs of them would be too many: it joins none, and the view says so.
    void the_line_graph_says_what_it_leaves_out() {
        constexpr int kSets = 9000;
        GraphView view;
        GraphLists g;
        g.nodes = kSets + 1;
        std::vector<float> x{0}, y{0};
        for (int i = 0; i < kSets; ++i) {
            g.add_set({0, i + 1});
            x.push_back(float(i % 100));
            y.push_back(float(i / 100));
        }
        view.resize(400, 300);
        view.set_graph(g.make());
        view.set_places(x, y);
        view.set_style(GraphStyle::line_graph);
        QVERIFY(settle(view));
        QVERIFY2(view.note().contains("more than 1 of them; such nodes: 1"), qPrintable(view.note()));
    }
    void squares_stand_where_a_layout_puts_them() {
        GraphView view;
        show_squares(view);
        view.set_style(GraphStyle::star);
        QVERIFY(settle(view));
        const QPointF middle = view.to_widget(0.5, 0.5), other = view.to_widget(0.5, 0.85);
        QCOMPARE(view.hyperedge_at(middle), 0);            // the middle of its members
        const float none = std::nanf("");
        view.set_hyperedge_places({0.5F, none, none, none}, {0.85F, none, none, none});
        QVERIFY(settle(view));
        QCOMPARE(view.hyperedge_at(other), 0);
        QCOMPARE(view.hyperedge_at(middle), -1);
        QCOMPARE(view.hyperedge_at(view.to_widget(1.5, 0.5)), 1);
        view.set_hyperedge_places({1, 2}, {1, 2});         // of another graph: nothing changes
        QCOMPARE(view.hyperedge_places()->x.size(), std::size_t(4));
        view.set_hyperedge_places({}, {});
        QVERIFY(settle(view));
        QCOMPARE(view.hyperedge_at(middle), 0);
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
        view.pan({1, 1});
        view.repaint();   // the view goes while its worker paints: that must end well
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
        QVERIFY2(view.note().startsWith("1 of 2") && view.note().contains("60"), qPrintable(view.note()));
        view.set_style(GraphStyle::hulls);
        view.selection()->hover(17, -1);
        view.selection()->select_hyperedges({0});
        QVERIFY(settle(view));
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
};

QTEST_MAIN(TestGraphView)
#include "test_graph_view.moc"
