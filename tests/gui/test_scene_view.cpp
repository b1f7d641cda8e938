// The 3D view, used by mouse and keyboard and then looked at: voxels, boxes, frustums, cameras, files, docks.
#include "tests/gui/gui_fixture.h"
#include "viewers/scene_view.h"
#include <QAccessible>
#include <QDockWidget>
#include <QMainWindow>
#include <QPainter>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QVBoxLayout>
#include <cmath>
#include <numbers>
#include <tuple>

using namespace lathe;
using namespace lathe::gui_test;

namespace {

constexpr int kLong = 60'000;   // ms

VoxelGridShape street_grid() {
    VoxelGridShape grid;
    grid.n = {200, 200, 4};
    grid.low = {-50, -50, -4};
    grid.size = {0.5, 0.5, 1.5};
    return grid;
}

Vector3 centre_of(const VoxelGridShape& grid, int x, int y, int z) { return {grid.low[0] + (x + 0.5) * grid.size[0], grid.low[1] + (y + 0.5) * grid.size[1], grid.low[2] + (z + 0.5) * grid.size[2]}; }

/// One row of voxels in red, one alone in blue.
void show_few(SceneView& view) {
    const VoxelGridShape grid = street_grid();
    std::vector<std::uint8_t> shown(grid.count(), 0);
    std::vector<QRgb> colours(grid.count(), qRgb(220, 40, 40));
    for (int x = 80; x < 100; ++x) shown[grid.at(x, 120, 1)] = 1;
    shown[grid.at(130, 100, 0)] = 1;
    colours[grid.at(130, 100, 0)] = qRgb(40, 60, 220);
    view.set_voxels(grid, shown, colours);
}

void show(QWidget& window) {
    window.resize(800, 560);
    window.show();
    window.activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(&window));
}

QColor pixel(SceneView& view, const QPointF& at, double scale = 1) { return view.render(scale).pixelColor((at * scale).toPoint()); }
bool is_canvas(const QColor& c) { return std::abs(c.red() - 0x17) < 4 && std::abs(c.green() - 0x19) < 4 && std::abs(c.blue() - 0x1D) < 4; }

SceneBox car(int id, const Vector3& centre, const QColor& colour, double yaw = 0) {
    SceneBox box;
    box.id = id;
    box.colour = colour;
    box.centre = centre;
    box.size = {2, 4.5, 1.6};
    box.yaw = yaw;
    box.velocity = {4 * std::cos(yaw), 4 * std::sin(yaw)};
    box.label = QStringLiteral("car 0.%1").arg(70 + id);
    return box;
}

/// A picture like a street: sky over ground.
QImage street_picture(const QColor& tint) {
    QImage picture(352, 128, QImage::Format_RGB32);
    QPainter painter(&picture);
    QLinearGradient sky(0, 0, 0, 64);
    sky.setColorAt(0, QColor(0x6F, 0x8F, 0xB5));
    sky.setColorAt(1, QColor(0xC8, 0xD6, 0xE4));
    painter.fillRect(0, 0, 352, 64, sky);
    painter.fillRect(0, 64, 352, 64, QColor(0x55, 0x58, 0x5C));
    for (int i = 0; i < 7; ++i) painter.fillRect(i * 52, 20 + i % 3 * 8, 40, 48, tint.darker(120 + 20 * (i % 3)));
    return picture;
}

const std::array<QColor, 6> kCameras{QColor(0x56, 0xB4, 0xE9), QColor(0xE6, 0x9F, 0x00), QColor(0x00, 0x9E, 0x73), QColor(0xD5, 0x5E, 0x00), QColor(0xCC, 0x79, 0xA7), QColor(0x00, 0x72, 0xB2)};

/// A crossing: ground coloured by camera, blocks where boxes stand, six frustums with pictures, rings, a trail.
void show_street(SceneView& view) {
    const VoxelGridShape grid = street_grid();
    std::vector<SceneBox> boxes;
    for (int i = 0; i < 14; ++i) {
        const double a = i * 0.9, r = 9 + 2.4 * i;
        boxes.push_back(car(i, {r * std::cos(a), r * std::sin(a), -1}, i % 3 ? QColor(Qt::white) : QColor(0x78, 0xC8, 0x8C), a + 1.2));
    }
    boxes[4].picked = true;
    std::vector<std::uint8_t> shown(grid.count(), 0);
    std::vector<QRgb> colours(grid.count());
    for (int x = 0; x < 200; ++x)
        for (int y = 0; y < 200; ++y)
            for (int z = 0; z < 4; ++z) {
                const Vector3 p = centre_of(grid, x, y, z);
                const double turn = std::atan2(p[0], p[1]) / (2 * std::numbers::pi) * 6 + 1.5;   // clockwise from forward
                const QColor camera = kCameras[std::size_t((int(std::floor(turn)) + 6) % 6)];
                bool in_box = false;
                for (const SceneBox& box : boxes) in_box = in_box || (std::hypot(p[0] - box.centre[0], p[1] - box.centre[1]) < 2.2 && z < 3);
                const bool ground = z == 0 && std::hypot(p[0], p[1]) < 38 && std::hypot(p[0], p[1]) > 6;
                shown[grid.at(x, y, z)] = ground || in_box;
                const double strength = in_box && z > 0 ? 1.0 : 0.25;
                colours[grid.at(x, y, z)] = qRgb(int(camera.red() * strength + 0x17 * (1 - strength)), int(camera.green() * strength + 0x19 * (1 - strength)), int(camera.blue() * strength + 0x1D * (1 - strength)));
            }
    view.set_voxels(grid, shown, colours);
    view.set_boxes(boxes);
    std::vector<SceneFrustum> frustums;
    for (std::size_t i = 0; i < 6; ++i) {
        const double a = std::numbers::pi / 2 + std::numbers::pi / 3 * (1.0 - double(i)), c = std::cos(a), s = std::sin(a);
        SceneFrustum f;
        f.colour = kCameras[i];
        f.eye = {0.6 * c, 0.6 * s, 0};
        for (const auto& [k, right, up] : {std::tuple(0, -1.0, -1.0), std::tuple(1, 1.0, -1.0), std::tuple(2, 1.0, 1.0), std::tuple(3, -1.0, 1.0)})
            f.corners[std::size_t(k)] = {f.eye[0] + 9 * c + 4.4 * right * s, f.eye[1] + 9 * s - 4.4 * right * c, 1.6 * up};
        f.picture = street_picture(kCameras[i]);
        frustums.push_back(std::move(f));
    }
    view.set_frustums(frustums);
    view.set_rings({10, 20, 30, 40, 50}, -1.84);
    view.set_trail({{0, -3, -1.8}, {0.2, -6, -1.8}, {0.5, -9, -1.8}});
    view.set_note(QStringLiteral("160 000 cells, %1 faces\noverlap 12.2 %, uncovered 0.4 %\nrings every 10 m").arg(view.faces()));
}

}

class TestSceneView : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { Theme::instance().apply(*qApp, ThemeMode::dark); }

    void opens_opengl_only_when_it_is_shown() {
        SceneView view;
        show_few(view);
        view.set_boxes({car(1, {5, 5, 0}, Qt::white)});
        view.set_layer(SceneView::Layer::dots, false);
        QCOMPARE(view.last_draw_ms(), 0.0);
        QVERIFY(view.faces() > 0);
        QVERIFY(view.has_opengl());
        QVERIFY(!view.driver().isEmpty());
    }

    void a_voxel_is_seen_where_it_lies() {
        SceneView view;
        show_few(view);
        show(view);
        const VoxelGridShape grid = street_grid();
        for (const double scale : {1.0, 2.0}) {
            Vector3 top = centre_of(grid, 130, 100, 0);
            top[2] += grid.size[2] / 2;
            const QColor blue = pixel(view, *view.place_of(top), scale);
            QVERIFY2(blue.blue() > 190 && blue.red() < 50, qPrintable(blue.name()));
            top = centre_of(grid, 90, 120, 1);
            top[2] += grid.size[2] / 2;
            const QColor red = pixel(view, *view.place_of(top), scale);
            QVERIFY2(red.red() > 190 && red.blue() < 50, qPrintable(red.name()));
        }
        QVERIFY(is_canvas(pixel(view, QPointF(3, 3))));
        QCOMPARE(view.render(2).size(), QSize(1600, 1120));
        QCOMPARE(view.faces(), std::size_t(6 + 4 * 20 + 2));   // one alone; a row of 20: four long sides and two ends
    }

    void a_new_colour_needs_no_new_mesh() {
        SceneView view;
        show_few(view);
        show(view);
        const VoxelGridShape grid = street_grid();
        Vector3 top = centre_of(grid, 130, 100, 0);
        top[2] += grid.size[2] / 2;
        std::vector<QRgb> colours(grid.count(), qRgb(20, 210, 30));
        view.set_voxel_colours(colours);
        const QColor green = pixel(view, *view.place_of(top));
        QVERIFY2(green.green() > 180 && green.blue() < 50, qPrintable(green.name()));
    }

    void slices_and_clipping_hide_voxels() {
        SceneView view;
        show_few(view);
        const std::size_t all = view.faces();
        view.set_slice(0);
        QCOMPARE(view.faces(), std::size_t(6));
        view.set_slice(3);
        QCOMPARE(view.faces(), std::size_t(0));
        view.set_slice(-1);
        QCOMPARE(view.faces(), all);
        view.set_clip({-50, 0.2, -50}, {50, 50, 50});   // cuts the blue one off, at y = 0.25
        QCOMPARE(view.faces(), all);
        view.set_clip({-50, 5, -50}, {50, 50, 50});
        QCOMPARE(view.faces(), all - 6);
        view.set_clip({1, 1, 1}, {0, 0, 0});
        QCOMPARE(view.faces(), all);
    }

    void sides_that_are_left_out_are_those_nobody_sees() {
        SceneView view;
        VoxelGridShape grid;
        grid.n = {1, 1, 1};
        grid.low = {-1, -1, -1};
        grid.size = {2, 2, 2};
        view.set_voxels(grid, {1}, {qRgb(200, 200, 200)});
        show(view);
        for (const Vector3& from : {Vector3{9, 0.3, 0.2}, Vector3{-9, 0.3, 0.2}, Vector3{0.2, 9, 0.3}, Vector3{0.2, -9, 0.3}, Vector3{0.3, 0.2, 9}, Vector3{0.3, 0.2, -9}})
            for (const bool parallel : {false, true}) {
                view.look({from, {0, 0, 0}, std::abs(from[2]) > 5 ? Vector3{0, 1, 0} : Vector3{0, 0, 1}, 40, parallel});
                QVERIFY(pixel(view, QRectF(view.rect()).center()).red() > 80);
            }
    }

    // --- picking

    void a_click_picks_what_is_seen_there() {
        SceneView view;
        show_few(view);
        show(view);
        QSignalSpy voxel(&view, &SceneView::voxel_clicked), box(&view, &SceneView::box_clicked), nothing(&view, &SceneView::empty_clicked);
        const VoxelGridShape grid = street_grid();
        const auto click = [&](const Vector3& at, Qt::KeyboardModifiers keys = {}) { QTest::mouseClick(&view, Qt::LeftButton, keys, view.place_of(at)->toPoint()); };
        click(centre_of(grid, 130, 100, 0));
        QCOMPARE(voxel.size(), 1);
        QCOMPARE(voxel.takeFirst(), (QVariantList{130, 100, 0}));
        QTest::mouseClick(&view, Qt::LeftButton, {}, {3, 3});
        QCOMPARE(nothing.size(), 1);

        view.set_boxes({car(7, centre_of(grid, 130, 100, 0), Qt::white, 0.7), car(-2, {-20, -20, -1}, Qt::green)});
        click(centre_of(grid, 130, 100, 0));
        QCOMPARE(box.size(), 1);
        QCOMPARE(box.takeFirst(), QVariantList{7});
        click({-20, -20, -1});
        QCOMPARE(box.takeFirst(), QVariantList{-2});
        click(centre_of(grid, 130, 100, 0), Qt::ControlModifier);   // through the box
        QCOMPARE(voxel.takeFirst(), (QVariantList{130, 100, 0}));
        view.set_layer(SceneView::Layer::boxes, false);
        view.set_layer(SceneView::Layer::voxels, false);
        click(centre_of(grid, 130, 100, 0));
        QCOMPARE(nothing.size(), 2);
        QCOMPARE(voxel.size() + box.size(), 0);
    }

    void a_click_picks_in_the_parallel_view_too() {
        SceneView view;
        show_few(view);
        show(view);
        view.look_down(50);
        QSignalSpy voxel(&view, &SceneView::voxel_clicked);
        const VoxelGridShape grid = street_grid();
        const QPointF left = *view.place_of(centre_of(grid, 82, 120, 1)), right = *view.place_of(centre_of(grid, 97, 120, 1));
        QVERIFY(std::abs(left.y() - right.y()) < 0.01);
        QVERIFY(right.x() > left.x());
        QVERIFY(view.place_of({0, 20, 0})->y() < view.place_of({0, 10, 0})->y());   // forward is up
        QTest::mouseClick(&view, Qt::LeftButton, {}, right.toPoint());
        QCOMPARE(voxel.takeFirst(), (QVariantList{97, 120, 1}));
    }

    // --- moving

    void dragging_and_wheel_move_the_eye() {
        SceneView view;
        show_few(view);
        show(view);
        const SceneEye start = view.eye();
        const auto distance = [](const SceneEye& e) { return std::hypot(e.eye[0] - e.target[0], e.eye[1] - e.target[1], e.eye[2] - e.target[2]); };
        QSignalSpy picked(&view, &SceneView::empty_clicked), moved(&view, &SceneView::eye_moved);
        drag(&view, {400, 280}, {480, 300});
        QVERIFY(!moved.isEmpty());
        QCOMPARE(view.eye().target, start.target);
        QVERIFY(std::abs(distance(view.eye()) - distance(start)) < 1e-6);
        QVERIFY(view.eye().eye != start.eye);
        const SceneEye orbited = view.eye();
        drag(&view, {400, 280}, {480, 300}, Qt::LeftButton, Qt::ShiftModifier);
        QVERIFY(view.eye().target != orbited.target);
        const SceneEye panned = view.eye();
        drag(&view, {400, 280}, {320, 260}, Qt::MiddleButton);
        QVERIFY(view.eye().target != panned.target);
        QWheelEvent wheel({400, 280}, view.mapToGlobal(QPointF(400, 280)), {}, {0, 120}, Qt::NoButton, Qt::NoModifier, Qt::NoScrollPhase, false);
        const double before = distance(view.eye());
        QApplication::sendEvent(&view, &wheel);
        QVERIFY(distance(view.eye()) < before);
        QCOMPARE(picked.size(), 0);   // a drag is no click
    }

    void keys_move_and_ask() {
        SceneView view;
        show_few(view);
        show(view);
        QSignalSpy down(&view, &SceneView::down_asked), around(&view, &SceneView::around_asked), vehicle(&view, &SceneView::vehicle_asked), camera(&view, &SceneView::next_camera_asked), slice(&view, &SceneView::slice_asked);
        const SceneEye start = view.eye();
        QTest::keyClick(&view, Qt::Key_Left);
        QVERIFY(view.eye().eye != start.eye);
        QTest::keyClick(&view, Qt::Key_Right);
        for (std::size_t k = 0; k < 3; ++k) QVERIFY(std::abs(view.eye().eye[k] - start.eye[k]) < 1e-6);
        QTest::keyClick(&view, Qt::Key_Up, Qt::ShiftModifier);
        QVERIFY(view.eye().target != start.target);
        for (int i = 0; i < 40; ++i) QTest::keyClick(&view, Qt::Key_Up);   // up to the pole and not over it
        const SceneEye above = view.eye();
        QVERIFY(above.eye[2] - above.target[2] > 0);
        QVERIFY(std::isfinite(above.eye[0]) && view.place_of(above.target).has_value());
        const double before = std::hypot(above.eye[0] - above.target[0], above.eye[1] - above.target[1], above.eye[2] - above.target[2]);
        QTest::keyClick(&view, Qt::Key_Plus);
        QVERIFY(std::hypot(view.eye().eye[0] - above.target[0], view.eye().eye[1] - above.target[1], view.eye().eye[2] - above.target[2]) < before);
        QTest::keyClick(&view, Qt::Key_Minus);
        for (const int key : {Qt::Key_T, Qt::Key_O, Qt::Key_E, Qt::Key_C, Qt::Key_PageUp, Qt::Key_PageDown}) QTest::keyClick(&view, Qt::Key(key));
        QCOMPARE(down.size(), 1);
        QCOMPARE(around.size(), 1);
        QCOMPARE(vehicle.size(), 1);
        QCOMPARE(camera.size(), 1);
        QCOMPARE(slice.size(), 2);
        QCOMPARE(slice[0], QVariantList{1});
        QCOMPARE(slice[1], QVariantList{-1});
    }

    void places_are_kept_as_json() {
        SceneEye eye{{1, 2, 3}, {4, 5, 6}, {0, 0, 1}, 55, true};
        const auto back = SceneView::eye_from(SceneView::to_json(eye));
        QVERIFY(back.has_value());
        QCOMPARE(back->eye, eye.eye);
        QCOMPARE(back->target, eye.target);
        QCOMPARE(back->angle, eye.angle);
        QCOMPARE(back->parallel, true);
        for (const char* text : {"null", "[]", "{}", R"({"eye":[0,0,0],"target":[0,0,0],"up":[0,0,1],"angle":40})", R"({"eye":[0,0,5],"target":[0,0,0],"up":[0,0,1],"angle":40})", R"({"eye":[0,0],"target":[0,0,0],"up":[0,0,1],"angle":40})",
                 R"({"eye":[1e300,0,0],"target":[0,0,0],"up":[0,0,1],"angle":40})", R"({"eye":[1,0,0],"target":[0,0,0],"up":[0,0,1],"angle":"wide"})"})
            QVERIFY2(!SceneView::eye_from(Json::parse(text)), text);
    }

    // --- pictures

    void edges_become_smooth_when_nothing_moves() {
        SceneView view;
        show_few(view);
        show(view);
        const auto shades = [&] {
            const QImage image = view.grab().toImage();
            QSet<QRgb> found;
            for (int y = 0; y < image.height(); ++y)
                for (int x = 0; x < image.width(); ++x) found.insert(image.pixel(x, y));
            return found.size();
        };
        view.set_layer(SceneView::Layer::rings, false);
        view.repaint();
        const qsizetype hard = shades();
        QTRY_VERIFY_WITH_TIMEOUT(shades() > hard || view.last_draw_ms() > 100, kLong);   // a machine that draws too slowly keeps hard edges
    }

    void it_moves_between_docks_and_windows() {
        QMainWindow window;
        window.resize(900, 700);
        auto* dock = new QDockWidget(&window);
        auto* view = new SceneView;
        show_few(*view);
        dock->setWidget(view);
        window.setCentralWidget(new QWidget);
        window.addDockWidget(Qt::RightDockWidgetArea, dock);
        window.show();
        QVERIFY(QTest::qWaitForWindowExposed(&window));
        const VoxelGridShape grid = street_grid();
        Vector3 top = centre_of(grid, 130, 100, 0);
        top[2] += grid.size[2] / 2;
        const auto is_blue = [&] { return view->grab().toImage().pixelColor(view->place_of(top)->toPoint()).blue() > 190; };
        QTRY_VERIFY_WITH_TIMEOUT(is_blue(), kLong);
        window.addDockWidget(Qt::BottomDockWidgetArea, dock);
        QTRY_VERIFY_WITH_TIMEOUT(is_blue(), kLong);
        dock->setFloating(true);
        QTRY_VERIFY_WITH_TIMEOUT(is_blue(), kLong);
        dock->setFloating(false);
        QTRY_VERIFY_WITH_TIMEOUT(is_blue(), kLong);
        view->setParent(nullptr);   // a window of its own
        view->show();
        QTRY_VERIFY_WITH_TIMEOUT(is_blue(), kLong);
        dock->setWidget(view);
        delete dock;                // the view goes first, the window goes on
        QCoreApplication::processEvents();
        QVERIFY(window.isVisible());
    }

    void several_views_come_and_go_in_any_order() {
        auto first = std::make_unique<SceneView>(), second = std::make_unique<SceneView>();
        for (SceneView* view : {first.get(), second.get()}) {
            show_few(*view);
            view->resize(300, 200);
            view->show();
            QVERIFY(QTest::qWaitForWindowExposed(view));
            QVERIFY(!view->render().isNull());
        }
        first.reset();
        QVERIFY(!second->render().isNull());
        first = std::make_unique<SceneView>();
        first->resize(300, 200);
        QVERIFY(!first->render().isNull());
        second.reset();
        QVERIFY(!first->render().isNull());
    }

    void exports_what_is_seen() {
        SceneView view;
        show_street(view);
        show(view);
        QTemporaryDir folder;
        const QString file = folder.filePath(QStringLiteral("scene.png"));
        QVERIFY(view.export_file(file));
        const QImage image(file);
        QCOMPARE(image.size(), QSize(1600, 1120));
        QVERIFY(is_canvas(image.pixelColor(1590, 6)));
        for (const QPoint& at : {QPoint(1590, 6), QPoint(800, 560), QPoint(400, 900)}) QCOMPARE(image.pixelColor(at).alpha(), 255);
        QVERIFY(!view.export_file(folder.filePath(QStringLiteral("scene.xyz"))));
        QVERIFY(!view.export_file(QStringLiteral("/nowhere/scene.png")));
    }

    void says_what_it_shows_to_screen_readers() {
        SceneView view;
        show_few(view);
        SceneBox box = car(3, {1, 2, 0}, Qt::white);
        box.picked = true;
        view.set_boxes({box});
        view.set_marked({{130, 100, 0}});
        QAccessibleInterface* seen = QAccessible::queryAccessibleInterface(&view);
        QVERIFY(seen);
        QCOMPARE(seen->text(QAccessible::Name), QStringLiteral("Scene"));
        const QString said = seen->text(QAccessible::Description);
        QVERIFY2(said.contains(QStringLiteral("21 of 160000 voxels")) && said.contains(QStringLiteral("car 0.73")) && said.contains(QStringLiteral("130, 100, 0")), qPrintable(said));
    }

    void pictures_of_all_views() {
        SceneView view;
        show_street(view);
        show(view);
        view.resize(1000, 620);
        view.set_marked({{120, 130, 0}, {121, 132, 0}});
        QVERIFY(save_pictures(view, QStringLiteral("scene-orbit")));
        const auto save = [&](const char* name) {
            const QString file = QStringLiteral("%1/scene-%2.png").arg(picture_folder(), QLatin1String(name));
            return view.export_file(file) && !QImage(file).isNull();
        };
        QVERIFY(save("orbit-export"));
        view.look_down(50);
        QVERIFY(save("top"));
        view.look({{0, -7, 2.2}, {0, 8, 0}, {0, 0, 1}, 60});
        QVERIFY(save("ego"));
        view.look({{12, -14, 9}, {2, 2, -1}, {0, 0, 1}, 40});
        QVERIFY(save("near"));
        view.set_empty_text(QStringLiteral("The scene: which camera fills which voxel, boxes and cameras in 3D."));
        QVERIFY(picture_of(view).save(picture_folder() + QStringLiteral("/scene-empty.png")));
    }
};

QTEST_MAIN(TestSceneView)
#include "test_scene_view.moc"
