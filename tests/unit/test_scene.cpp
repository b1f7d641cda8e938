// The scene renderer: cameras exact to a tenth of a pixel, ids, depth, and what it says of mistakes.
#include "core/base/error.h"
#include "core/scene/scene_renderer.h"
#include <QtTest>
#include <cmath>
#include <numbers>

using namespace lathe;

namespace {

struct RingCamera { double yaw, x, y, z, f, cx, cy; };
/// The ring of nuScenes, 1600 x 900: degrees counter-clockwise from forward, metres, pixels.
constexpr RingCamera kRing[] = {{0, 1.70, 0, 1.51, 1266, 816, 491}, {-56, 1.55, -0.49, 1.50, 1260, 807, 495}, {56, 1.52, 0.49, 1.51, 1272, 826, 479}, {180, 0.03, 0, 1.58, 809, 829, 481},
    {108, 1.04, 0.48, 1.56, 1256, 792, 492}, {-110, 1.01, -0.48, 1.58, 1259, 807, 501}};

PinholeCamera pinhole(const RingCamera& ring, int width, int height) {
    const double scale = width / 1600.0, yaw = ring.yaw * std::numbers::pi / 180, c = std::cos(yaw), s = std::sin(yaw);
    PinholeCamera camera;
    camera.width = width;
    camera.height = height;
    camera.fx = camera.fy = ring.f * scale;
    camera.cx = (ring.cx + 0.5) * scale - 0.5;
    camera.cy = (ring.cy + 0.5) * scale - 0.5;
    camera.to_world = {s, 0, c, ring.x, -c, 0, s, ring.y, 0, -1, 0, ring.z, 0, 0, 0, 1};   // columns: right, down, forward
    return camera;
}

ScenePoint to_world(const PinholeCamera& camera, const ScenePoint& p) {
    const SceneMatrix& m = camera.to_world;
    return {m[0] * p[0] + m[1] * p[1] + m[2] * p[2] + m[3], m[4] * p[0] + m[5] * p[1] + m[6] * p[2] + m[7], m[8] * p[0] + m[9] * p[1] + m[10] * p[2] + m[11]};
}

SceneMatrix moved_to(const ScenePoint& p) { return {1, 0, 0, p[0], 0, 1, 0, p[1], 0, 0, 1, p[2], 0, 0, 0, 1}; }

SceneMesh unlit(SceneMesh mesh) {
    mesh.normals.clear();
    return mesh;
}

SceneMesh ball(double radius, SceneColour colour) {
    MeshBuilder builder;
    builder.ellipsoid({0, 0, 0}, {radius, radius, radius}, 16, 32, colour);
    return builder.mesh();
}

SceneMesh cube(double half, SceneColour colour) {
    MeshBuilder builder;
    builder.box({-half, -half, -half}, {half, half, half}, colour);
    return builder.mesh();
}

}

class TestScene : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void puts_a_ball_where_the_pinhole_camera_says() {
        SceneRenderer renderer;
        renderer.set_background({0, 0, 0});
        const int item = renderer.add(unlit(ball(0.08, MeshBuilder::rgb(255, 255, 255))), {.id = 7});
        for (const RingCamera& ring : kRing) {
            const PinholeCamera camera = pinhole(ring, 1600, 900);
            for (const ScenePoint& p : {ScenePoint{0, 0, 9}, ScenePoint{-3.1, -1.4, 10}, ScenePoint{3.3, 1.9, 11}, ScenePoint{0.7, -2.2, 8}}) {
                renderer.set_pose(item, moved_to(to_world(camera, p)));
                const double u = camera.fx * p[0] / p[2] + camera.cx, v = camera.fy * p[1] / p[2] + camera.cy;
                const std::vector<std::uint8_t> picture = renderer.colours(camera);
                const std::vector<std::uint32_t> ids = renderer.ids(camera);
                double weight = 0, x_sum = 0, y_sum = 0, count = 0, x_ids = 0, y_ids = 0;
                for (int y = 0; y < camera.height; ++y)
                    for (int x = 0; x < camera.width; ++x) {
                        const std::size_t i = static_cast<std::size_t>(y) * 1600 + static_cast<std::size_t>(x);
                        weight += picture[i * 3];
                        x_sum += x * static_cast<double>(picture[i * 3]);
                        y_sum += y * static_cast<double>(picture[i * 3]);
                        if (ids[i] != 7) continue;
                        ++count;
                        x_ids += x;
                        y_ids += y;
                    }
                QVERIFY(weight > 0 && count > 50);
                const QString where = QString("yaw %1: colours %2 %3, ids %4 %5, want %6 %7").arg(ring.yaw).arg(x_sum / weight).arg(y_sum / weight).arg(x_ids / count).arg(y_ids / count).arg(u).arg(v);
                QVERIFY2(std::hypot(x_sum / weight - u, y_sum / weight - v) < 0.1, qPrintable(where));
                QVERIFY2(std::hypot(x_ids / count - u, y_ids / count - v) < 0.15, qPrintable(where));   // whole pixels: their edge is rougher
            }
        }
    }

    void scaled_cameras_see_the_same_picture() {
        SceneRenderer renderer;
        renderer.add(cube(0.5, MeshBuilder::rgb(200, 30, 30)), {.id = 300});
        PinholeCamera small = pinhole(kRing[0], 400, 225);
        renderer.set_pose(0, moved_to(to_world(small, {1, -0.5, 8})));
        const auto extent = [&](const PinholeCamera& camera) {
            const std::vector<std::uint32_t> ids = renderer.ids(camera);
            return static_cast<double>(std::ranges::count(ids, 300u)) / static_cast<double>(ids.size());
        };
        const double a = extent(small), b = extent(pinhole(kRing[0], 1600, 900));
        QVERIFY(a > 0.005);
        QVERIFY(std::abs(a - b) < 0.05 * b);   // about one row of pixels
    }

    void tells_the_foremost_item_and_its_depth() {
        SceneRenderer renderer;
        const PinholeCamera camera = pinhole(kRing[4], 400, 225);
        const int near = renderer.add(cube(0.5, MeshBuilder::rgb(10, 200, 10)), {.id = 0x123456});
        const int far = renderer.add(cube(2, MeshBuilder::rgb(10, 10, 200)), {.id = 2});
        const int shadow = renderer.add(cube(1, MeshBuilder::rgb(0, 0, 0)), {.id = 3, .solid = false});
        // The cubes are parallel to the world's axes, not to the camera: the depth of the middle of a ball is easier to tell.
        const int near_ball = renderer.add(ball(0.5, MeshBuilder::rgb(255, 255, 255)), {.id = 9});
        renderer.set_visible(near, false);
        renderer.set_pose(far, moved_to(to_world(camera, {0, 0, 20})));
        renderer.set_pose(shadow, moved_to(to_world(camera, {0, 0, 4})));
        renderer.set_pose(near_ball, moved_to(to_world(camera, {0, 0, 8})));
        const std::size_t middle = static_cast<std::size_t>(std::lround(camera.cy)) * 400 + static_cast<std::size_t>(std::lround(camera.cx));
        QCOMPARE(renderer.ids(camera)[middle], 9u);
        const float depth = renderer.depths(camera)[middle];
        QVERIFY2(std::abs(depth - 7.5) < 0.01, qPrintable(QString::number(depth)));
        QCOMPARE(renderer.depths(camera)[0], 0.0f);
        QCOMPARE(renderer.ids(camera)[0], 0u);
        QCOMPARE(renderer.ids_of(camera, {far})[middle], 2u);
        QCOMPARE(std::ranges::count(renderer.ids_of(camera, {}), 0u), 400 * 225);
        QCOMPARE(renderer.ids(camera)[middle], 9u);   // as before
        renderer.set_visible(near, true);
        renderer.set_pose(near, moved_to(to_world(camera, {0, 0, 3})));
        QCOMPARE(renderer.ids(camera)[middle], 0x123456u);
        renderer.clear();
        QCOMPARE(std::ranges::count(renderer.ids(camera), 0u), 400 * 225);
    }

    void lights_faces_by_the_sun_and_paints_textures() {
        SceneRenderer renderer;
        PinholeCamera camera = pinhole(kRing[0], 400, 225);
        const SceneTexture checks{2, 1, {255, 0, 0, 0, 255, 0}};
        MeshBuilder wall;   // 4 m ahead of the camera, 2 x 2 m, the texture once across: left half red, right half green (as the camera sees it)
        const ScenePoint a = to_world(camera, {-1, 1, 4}), b = to_world(camera, {1, 1, 4}), c = to_world(camera, {1, -1, 4}), d = to_world(camera, {-1, -1, 4});
        wall.quad({{a, b, c, d}}, MeshBuilder::rgb(255, 255, 255), {{{0, 0}, {1, 0}, {1, 1}, {0, 1}}});
        renderer.add(wall.mesh(), {}, &checks);
        const auto at = [&](double x, double y) {
            const std::vector<std::uint8_t> picture = renderer.colours(camera);
            const std::size_t i = static_cast<std::size_t>(std::lround(camera.cy + y * camera.fy / 4)) * 400 + static_cast<std::size_t>(std::lround(camera.cx + x * camera.fx / 4));
            return std::array<int, 3>{picture[i * 3], picture[i * 3 + 1], picture[i * 3 + 2]};
        };
        renderer.set_light({.to_sun = {-1, 0, 0}, .sun = {0.6, 0.6, 0.6}, .sky = {0, 0, 0}, .ambient = 0.3});   // from behind the camera: straight onto the wall
        const auto left = at(-0.5, 0), right = at(0.5, 0);
        QVERIFY2(left[0] > 215 && left[0] < 245 && left[1] < 20, qPrintable(QString("%1 %2 %3").arg(left[0]).arg(left[1]).arg(left[2])));
        QVERIFY(right[1] > 215 && right[0] < 20);
        renderer.set_light({.to_sun = {0, 1, 0}, .sun = {0.6, 0.6, 0.6}, .sky = {0, 0, 0}, .ambient = 0.3});    // along the wall
        const auto dark = at(-0.5, 0);
        QVERIFY2(dark[0] > 60 && dark[0] < 95, qPrintable(QString::number(dark[0])));
    }

    void two_renderers_live_side_by_side() {
        SceneRenderer one, two;
        const PinholeCamera camera = pinhole(kRing[0], 160, 90);
        one.add(cube(1, MeshBuilder::rgb(200, 0, 0)), {.id = 1});
        two.add(cube(1, MeshBuilder::rgb(0, 200, 0)), {.id = 2});
        for (SceneRenderer* renderer : {&one, &two}) renderer->set_pose(0, moved_to(to_world(camera, {0, 0, 6})));
        for (int i = 0; i < 2; ++i) {
            QCOMPARE(one.ids(camera)[45 * 160 + 80], 1u);
            QCOMPARE(two.ids(camera)[45 * 160 + 80], 2u);
        }
        QVERIFY(!one.driver().empty());
    }

    void fits_a_mesh_to_a_box() {
        MeshBuilder builder;
        QVERIFY(builder.empty());
        builder.cylinder({0, 0, 0}, {0, 1, 3}, 0.5, 0, 9, MeshBuilder::rgb(1, 2, 3), MeshBuilder::rgb(4, 5, 6));
        builder.tyre({0, 0, 1}, 0.4, 0.1, 0.2, 11, MeshBuilder::rgb(1, 2, 3));
        builder.fit({-1, -2, 0}, {1, 2, 5});
        const SceneBounds bounds = bounds_of(builder.mesh());
        QCOMPARE(bounds.low, (ScenePoint{-1, -2, 0}));
        QCOMPARE(bounds.high, (ScenePoint{1, 2, 5}));
        QVERIFY_THROWS_EXCEPTION(Error, bounds_of(SceneMesh{}));
    }

    void refuses_what_does_not_fit_together() {
        SceneRenderer renderer;
        SceneMesh mesh = cube(1, MeshBuilder::rgb(1, 1, 1));
        SceneMesh wrong = mesh;
        wrong.triangles[0] = 100000;
        QVERIFY_THROWS_EXCEPTION(Error, renderer.add(wrong));
        wrong = mesh;
        wrong.colours.pop_back();
        QVERIFY_THROWS_EXCEPTION(Error, renderer.add(wrong));
        wrong = mesh;
        wrong.points[4] = std::nanf("");
        QVERIFY_THROWS_EXCEPTION(Error, renderer.add(wrong));
        const SceneTexture texture{1, 1, {0, 0, 0}};
        QVERIFY_THROWS_EXCEPTION(Error, renderer.add(mesh, {}, &texture));
        QVERIFY_THROWS_EXCEPTION(Error, renderer.set_pose(0, kSceneIdentity));
        QVERIFY_THROWS_EXCEPTION(Error, renderer.ids({}));
        QVERIFY_THROWS_EXCEPTION(Error, renderer.set_samples(9));
    }
};

QTEST_GUILESS_MAIN(TestScene)
#include "test_scene.moc"
