// The set view, used by mouse and keyboard, and looked at.
#include "tests/gui/graph_view_fixture.h"
#include "viewers/set_layout.h"
#include "viewers/set_view.h"
#include <QElapsedTimer>
#include <QMenu>
#include <QSignalSpy>
#include <QTemporaryDir>

using namespace lathe;
using namespace lathe::gui_test;

namespace {

void show_squares(SetView& view, SetStyle style) {
    set_squares(view, {640, 420});
    view.set_style(style);
}

}

class TestSetView : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { Theme::instance().apply(*qApp, ThemeMode::dark); }
    void init() { Theme::instance().set_mode(ThemeMode::dark); }

    void rows_and_columns_have_an_order() {
        SetQuestion question;
        question.graph = two_squares().make();
        QCOMPARE(lay_out_sets(question).rows, (Ids{0, 1, 2, 3, 4, 5, 6, 7}));
        question.node_order = NodeOrder::degree;
        question.hyperedge_order = HyperedgeOrder::size;
        SetLayout layout = lay_out_sets(question);
        QCOMPARE(layout.rows, (Ids{0, 2, 3, 1, 4, 5, 6, 7}));
        QCOMPARE(layout.columns, (Ids{0, 1, 2, 3}));
        QCOMPARE(layout.first_row, (Ids{0, 1, 6, 0}));
        QCOMPARE(layout.last_row, (Ids{3, 5, 7, 0}));
        question.node_order = NodeOrder::classes;
        question.classes = {1, 1, -1, 0, 0, 2, 2, 2};
        question.nodes = {1, 1, 1, 1, 1, 1, 0, 0};
        question.hyperedge_order = HyperedgeOrder::first_member;
        layout = lay_out_sets(question);
        QCOMPARE(layout.rows, (Ids{3, 4, 0, 1, 5, 2}));
        QCOMPARE(layout.columns, (Ids{0, 1, 3, 2}));   // the one without visible members last
        QCOMPARE(layout.row_of[6], -1);
        QCOMPARE(layout.first_row.back(), -1);
        question.node_order = NodeOrder::clusters;
        question.nodes.clear();
        QCOMPARE(lay_out_sets(question).rows, (Ids{1, 2, 3, 0, 4, 5, 6, 7}));
    }
    void intersections_are_counted_as_a_naive_program_does() {
        std::vector<std::int32_t> group;
        Places at;
        const GraphDataPtr graph = communities(400, 4, 2, 60, at, group, 9).make();
        SetQuestion question;
        question.graph = graph;
        question.sets = {7, 3, 12, 44, 21, 3000};
        question.nodes.assign(400, 1);
        for (int v = 0; v < 400; v += 7) question.nodes[std::size_t(v)] = 0;
        const SetLayout layout = lay_out_sets(question);
        QCOMPARE(layout.sets.size(), 5u);
        std::map<Ids, Ids> naive;
        std::int64_t none = 0;
        for (std::int32_t v = 0; v < 400; ++v) {
            if (v % 7 == 0) continue;
            Ids in;
            for (const std::int32_t h : {3, 7, 12, 21, 44}) {
                const auto members = graph->members[h];
                if (std::find(members.begin(), members.end(), v) != members.end()) in.push_back(h);
            }
            if (in.empty()) ++none;
            else naive[in].push_back(v);
        }
        QCOMPARE(layout.in_none, none);
        QCOMPARE(layout.intersections.size(), naive.size());
        for (const SetIntersection& part : layout.intersections) QCOMPARE(part.nodes, naive.at(part.hyperedges));
        for (std::size_t i = 1; i < layout.intersections.size(); ++i) QVERIFY(layout.intersections[i - 1].nodes.size() >= layout.intersections[i].nodes.size());
    }
    void a_click_on_the_matrix_selects() {
        for (const SetStyle style : {SetStyle::matrix, SetStyle::paohvis}) {
            SetView view;
            show_squares(view, style);
            QVERIFY(settle(view));
            const QPoint cell = view.cell_centre(4, 1).toPoint();
            QTest::mouseClick(&view, Qt::LeftButton, {}, cell);
            QCOMPARE(view.selection()->nodes(), Ids{4});
            QCOMPARE(view.selection()->hyperedges(), Ids{1});
            QTest::mouseClick(&view, Qt::LeftButton, {}, QPoint(30, cell.y()));   // the name of the row
            QCOMPARE(view.selection()->nodes(), Ids{4});
            QVERIFY(view.selection()->hyperedges().empty());
            QTest::mouseClick(&view, Qt::LeftButton, Qt::ControlModifier, QPoint(cell.x(), 20));   // that of the column
            QCOMPARE(view.selection()->hyperedges(), Ids{1});
            QCOMPARE(view.selection()->nodes(), Ids{4});
            QTest::mouseClick(&view, Qt::LeftButton, {}, QPoint(view.width() - 20, view.height() - 60));   // nothing is there
            QVERIFY(view.selection()->is_empty());
        }
    }
    void the_pointer_lights_row_and_column() {
        SetView view;
        show_squares(view, SetStyle::matrix);
        QVERIFY(settle(view));
        QTest::mouseMove(&view, QPoint(2, 2));
        QTest::mouseMove(&view, view.cell_centre(2, 1).toPoint());
        QTRY_COMPARE_WITH_TIMEOUT(view.selection()->hovered_node(), 2, kSoon);
        QCOMPARE(view.selection()->hovered_hyperedge(), 1);
    }
    void the_matrix_is_used_by_keyboard() {
        SetView view;
        show_squares(view, SetStyle::matrix);
        view.set_order(NodeOrder::given, HyperedgeOrder::given);
        QVERIFY(settle(view));
        view.setFocus();
        QTest::keyClick(&view, Qt::Key_Down);
        QCOMPARE(view.accessible_selection(), QRect(0, 0, 1, 1));
        QTest::keyClick(&view, Qt::Key_Down);
        QTest::keyClick(&view, Qt::Key_Right);
        QCOMPARE(view.accessible_selection(), QRect(1, 1, 1, 1));
        QCOMPARE(view.accessible_cell(1, 1), QString("node b, set 1 (4 member(s)): no member"));
        QTest::keyClick(&view, Qt::Key_Return);
        QCOMPARE(view.selection()->nodes(), Ids{1});
        QCOMPARE(view.selection()->hyperedges(), Ids{1});
        QTest::keyClick(&view, Qt::Key_Escape);
        QVERIFY(view.selection()->is_empty());
        for (int i = 0; i < 30; ++i) QTest::keyClick(&view, Qt::Key_Down);
        for (int i = 0; i < 30; ++i) QTest::keyClick(&view, Qt::Key_Right);
        QCOMPARE(view.accessible_selection(), QRect(3, 7, 1, 1));
    }
    void upset_selects_the_nodes_of_an_intersection() {
        SetView view;
        show_squares(view, SetStyle::upset);
        QVERIFY(settle(view));
        QCOMPARE(view.shown_sets(), (Ids{0, 1, 2, 3}));
        QCOMPARE(view.intersections().size(), 5u);   // {0,1} {1} {2} with two nodes each, {0} and {0,3} with one
        QCOMPARE(view.intersections()[2].nodes.size(), 2u);
        for (int i = 0; i < 5; ++i) {
            QTest::mouseClick(&view, Qt::LeftButton, {}, view.intersection_rect(i).center().toPoint());
            QCOMPARE(view.selection()->nodes(), view.intersections()[std::size_t(i)].nodes);
        }
        view.setFocus();
        QTest::keyClick(&view, Qt::Key_Escape);
        QTest::keyClick(&view, Qt::Key_Right);
        QTest::keyClick(&view, Qt::Key_Right);
        QTest::keyClick(&view, Qt::Key_Return);
        QCOMPARE(view.selection()->nodes(), view.intersections()[1].nodes);
        QTest::keyClick(&view, Qt::Key_Down);
        QTest::keyClick(&view, Qt::Key_Return);
        QCOMPARE(view.selection()->hyperedges(), Ids{0});
        view.set_shown_sets({2, 1});
        QVERIFY(settle(view));
        QCOMPARE(view.shown_sets(), (Ids{1, 2}));
        QCOMPARE(view.intersections().size(), 2u);
        QVERIFY(view.note().contains("2 of 4"));
        QCOMPARE(view.accessible_size(), QSize(2, 2));
        QCOMPARE(view.accessible_cell(0, 1), QString("4"));
    }
    void the_menu_chooses_the_orders() {
        SetView view;
        show_squares(view, SetStyle::matrix);
        QVERIFY(settle(view));
        QCOMPARE(view.rows(), (Ids{0, 2, 3, 1, 4, 5, 6, 7}));
        QMenu menu;
        view.fill_menu(&menu);
        const QList<QMenu*> orders = menu.findChildren<QMenu*>();
        QCOMPARE(orders.size(), 2);
        for (QAction* action : orders[0]->actions())
            if (action->text() == "As given") action->trigger();
        QVERIFY(settle(view));
        QCOMPARE(view.rows(), (Ids{0, 1, 2, 3, 4, 5, 6, 7}));
        for (QAction* action : orders[1]->actions())
            if (action->text() == "By the first member") action->trigger();
        QVERIFY(settle(view));
        QCOMPARE(view.rows(), (Ids{0, 1, 2, 3, 4, 5, 6, 7}));
        QCOMPARE(view.columns(), (Ids{3, 0, 1, 2}));   // both of the first two begin in the first row, the one ends there
    }
    void filters_and_zoom() {
        SetView view;
        show_squares(view, SetStyle::matrix);
        QVERIFY(settle(view));
        view.set_visible_nodes({1, 1, 1, 0, 0, 0, 0, 0});
        view.set_visible_hyperedges({1, 0, 0, 1});
        QVERIFY(settle(view));
        QCOMPARE(view.rows().size(), 3u);
        QCOMPARE(view.columns(), (Ids{0, 3}));
        QCOMPARE(view.cell_centre(4, 1), QPointF(-1, -1));
        view.set_visible_nodes({0, 0, 0, 0, 0, 0, 0, 0});
        QVERIFY(settle(view));
        QVERIFY(view.rows().empty());
        QTest::mouseClick(&view, Qt::LeftButton, {}, QPoint(100, 100));
        view.zoom(2, {10, 10});
        view.set_visible_nodes({});
        QVERIFY(settle(view));
        const QPointF at = view.cell_centre(4, 0);
        for (int i = 0; i < 20; ++i) view.zoom(1.4, at);
        for (int i = 0; i < 40; ++i) view.zoom(0.7, at);
        QVERIFY(settle(view));
        QVERIFY(QRectF(view.rect()).contains(view.cell_centre(4, 0)));
    }
    void a_matrix_larger_than_the_screen_shows_counts() {
        SetView view;
        view.resize(700, 500);
        std::vector<std::int32_t> group;
        Places at;
        view.set_graph(communities(100'000, 12, 2, 60'000, at, group).make());
        view.set_order(NodeOrder::clusters, HyperedgeOrder::first_member);
        QVERIFY(settle(view));
        QVERIFY(view.note().startsWith("Counts"));
        QElapsedTimer clock;
        qint64 longest = 0;
        for (int i = 0; i < 40; ++i) {
            clock.restart();
            view.zoom(i < 30 ? 1.5 : 0.8, {300, 200});
            view.repaint();
            longest = std::max(longest, clock.elapsed());
            QCoreApplication::processEvents();
        }
        qInfo("longest paint while zooming: %lld ms", longest);
        QVERIFY(longest < 150);
        QVERIFY(settle(view));
        view.fit();
        QVERIFY(settle(view));
        QVERIFY(save_scene(view, "sets-counts", 2000));
        view.set_style(SetStyle::paohvis);
        QVERIFY(settle(view));
        QVERIFY(view.note().contains("100"));
        view.set_style(SetStyle::upset);
        QVERIFY(settle(view));
        QVERIFY(!view.intersections().empty());
    }
    void a_huge_hyperedge_and_empty_ones() {
        SetView view;
        view.resize(500, 400);
        GraphLists g;
        g.nodes = 100'000;
        Ids all(100'000);
        for (int i = 0; i < 100'000; ++i) all[std::size_t(i)] = i;
        g.add_set(all);
        g.add_set({});
        view.set_graph(g.make());
        for (const SetStyle style : {SetStyle::matrix, SetStyle::paohvis, SetStyle::upset}) {
            view.set_style(style);
            QVERIFY(settle(view));
            QVERIFY(!view.grab().isNull());
        }
        view.set_graph(GraphData::make(0, 0, {}, {}, {}, {}));
        QVERIFY(settle(view));
        view.set_graph(GraphData::make(1, 1, {}, {}, Ids{0}, Ids{0}));
        for (const SetStyle style : {SetStyle::matrix, SetStyle::paohvis, SetStyle::upset}) {
            view.set_style(style);
            QVERIFY(settle(view));
        }
        view.set_graph(nullptr);
        QVERIFY(settle(view));
        QVERIFY(view.as_csv().startsWith("Hyperedges"));
    }
    void files_hold_what_is_seen() {
        QTemporaryDir folder;
        SetView view;
        show_squares(view, SetStyle::matrix);
        QVERIFY(settle(view));
        const auto text = [&folder](const QString& name) { return text_in(folder.filePath(name)); };
        for (const char* suffix : {"png", "svg", "pdf", "csv"}) QVERIFY(view.export_file(folder.filePath(QString("sets.") + suffix)));
        QCOMPARE(text("sets.csv").count('\n'), 1 + 11);
        QVERIFY(text("sets.svg").contains("node a"));
        view.set_style(SetStyle::upset);
        QVERIFY(settle(view));
        QVERIFY(view.as_csv().contains("set 0 + set 1,2"));
        QSignalSpy table(&view, &SetView::table_requested);
        view.show_as_table();
        QCOMPARE(table[0][1].value<QList<QVariantList>>().size(), 5);
    }
    void the_styles_look_right() {
        SetView view;
        view.resize(760, 520);
        std::vector<std::int32_t> group;
        Places at;
        view.set_graph(communities(60, 4, 2, 26, at, group, 4).make());
        view.set_names([](std::int32_t v) { return QStringLiteral("Person %1").arg(v); }, [](std::int32_t h) { return QStringLiteral("Paper %1").arg(h); });
        view.set_colouring(NodeColouring::by_class("Label", group, {}));
        view.set_order(NodeOrder::clusters, HyperedgeOrder::first_member);
        view.selection()->select({5, 9}, {3});
        const std::pair<SetStyle, const char*> styles[] = {{SetStyle::matrix, "matrix"}, {SetStyle::paohvis, "paohvis"}, {SetStyle::upset, "upset"}};
        for (const auto& [style, name] : styles) {
            view.set_style(style);
            QVERIFY(settle(view));
            QVERIFY(save_scene(view, QString("sets-") + name, 2000));
        }
    }
};

QTEST_MAIN(TestSetView)
#include "test_set_view.moc"
