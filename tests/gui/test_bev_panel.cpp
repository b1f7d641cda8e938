// The workspace of bev with a context that answers as the engine does: sources, timeline, one selection in all views, offsets, filters, faults.
#include "core/method/parameter.h"
#include "plugins/bev/panel/ablation_view.h"
#include "plugins/bev/panel/bev_map.h"
#include "plugins/bev/panel/cameras_view.h"
#include "plugins/bev/panel/inspector.h"
#include "plugins/bev/panel/panel.h"
#include "plugins/bev/panel/projection.h"
#include "plugins/bev/panel/scene_dock.h"
#include "plugins/bev/panel/side_rows.h"
#include "plugins/bev/panel/source_bar.h"
#include "plugins/bev/panel/timeline.h"
#include "plugins/bev/panel/voxel_colours.h"
#include "tests/gui/fake_panel_context.h"
#include "tests/gui/gui_fixture.h"
#include "viewers/scene_view.h"
#include "widgets/asset_chooser.h"
#include "widgets/parameter_form.h"
#include "widgets/range_strip.h"
#include "widgets/simple_table.h"
#include <QComboBox>
#include <QGridLayout>
#include <QToolButton>
#include <QTemporaryDir>
#include <cmath>
#include <cstring>
#include <numbers>

using namespace lathe;
using namespace lathe::gui_test;
using namespace lathe::bev;

namespace {

constexpr int kX = 32, kY = 32, kZ = 4, kFeatureH = 12, kFeatureW = 32, kStride = 8, kImageH = kFeatureH * kStride, kImageW = kFeatureW * kStride;
const QStringList kChannels{"CAM_FRONT", "CAM_FRONT_RIGHT", "CAM_FRONT_LEFT", "CAM_BACK", "CAM_BACK_LEFT", "CAM_BACK_RIGHT"};
// Towards where each looks, counter-clockwise from forward (y), degrees.
constexpr std::array<double, 6> kYaw{0, -56, 56, 180, 108, -110};

std::string safetensors(const std::string& dtype, const std::vector<std::int64_t>& shape, const void* data, std::size_t bytes) {
    std::string head = Json{{"value", {{"dtype", dtype}, {"shape", shape}, {"data_offsets", {0, bytes}}}}}.dump();
    head.resize((head.size() + 7) / 8 * 8, ' ');
    const std::uint64_t size = head.size();
    return std::string(reinterpret_cast<const char*>(&size), 8) + head + std::string(static_cast<const char*>(data), bytes);
}

template <class T> Artifact tensor(const std::string& key, const char* dtype, const std::vector<std::int64_t>& shape, const std::vector<T>& values, Json meta = Json::object()) {
    Artifact out;
    out.key = key;
    out.kind = "tensor";
    out.media = "application/x-safetensors";
    out.meta = std::move(meta);
    out.bytes = std::make_shared<const std::string>(safetensors(dtype, shape, values.data(), values.size() * sizeof(T)));
    return out;
}

Artifact text(const std::string& key, const std::string& kind, const std::string& bytes) {
    Artifact out;
    out.key = key;
    out.kind = kind;
    out.bytes = std::make_shared<const std::string>(bytes);
    return out;
}

/// A pinhole at the lidar's place that looks along the ground.
Matrix16 matrix_of(int camera) {
    const double a = kYaw[std::size_t(camera)] * std::numbers::pi / 180, fx = -std::sin(a), fy = std::cos(a), f = 130, cx = kImageW / 2.0, cy = kImageH / 2.0 - 10;
    const double rx = fy, ry = -fx;   // to the right of it
    return {f * rx + cx * fx, f * ry + cx * fy, 0, 0, cy * fx, cy * fy, -f, 0, fx, fy, 0, 0, 0, 0, 0, 1};
}

Artifact picture(int camera) {
    Artifact out;
    out.key = "image." + kChannels[camera].toStdString();
    out.kind = "image";
    out.media = "raw/u8";
    out.dtype = "u8";
    out.shape = {kImageH, kImageW, 3};
    std::string bytes;
    for (int y = 0; y < kImageH; ++y)
        for (int x = 0; x < kImageW; ++x) {
            const bool sky = y < kImageH / 2 - 10;
            bytes += char(sky ? 130 : 70 + (x + y) % 9);
            bytes += char(sky ? 160 : 74);
            bytes += char(sky ? 190 : 80);
        }
    out.bytes = std::make_shared<const std::string>(bytes);
    const Matrix16 m = matrix_of(camera);
    out.meta = {{"camera", kChannels[camera].toStdString()}, {"lidar2img", m}};
    return out;
}

VoxelView empty_view() {
    VoxelView view;
    view.n = {kX, kY, kZ};
    view.size = {2, 2, 1.5};
    view.origin = {-32, -32, -4};
    view.feature_height = kFeatureH;
    view.feature_width = kFeatureW;
    view.stride = kStride;
    return view;
}

/// The table as the engine fills it: the last camera wins.
void fill(VoxelView& view) {
    view.camera.assign(std::size_t(kX * kY * kZ), 255);
    view.seen.assign(view.camera.size(), 0);
    view.lut.assign(view.camera.size(), -1);
    for (std::size_t i = 0; i < view.camera.size(); ++i)
        for (int c = 0; c < 6; ++c) {
            CameraPicture camera;
            camera.lidar2img = matrix_of(c);
            const Sight sight = sight_of(view.sample_point(view.index_of(i)), camera, view);
            if (sight.verdict != Sight::Verdict::seen) continue;
            view.camera[i] = std::uint8_t(c);
            ++view.seen[i];
            view.lut[i] = (c * kFeatureH + int(std::nearbyint(sight.v))) * kFeatureW + int(std::nearbyint(sight.u));
        }
}

Json box(const char* name, double x, double y, double score, const char* token = "") {
    return {{"class", name}, {"score", score}, {"center", {x, y, -1}}, {"size", {1.9, 4.6, 1.7}}, {"yaw", 1.4}, {"velocity", {0.5, 4}}, {"token", token}, {"candidate", 0}};
}

struct Bench {
    FakePanelContext context;
    QTemporaryDir data;
    std::unique_ptr<QWidget> window = std::make_unique<QWidget>();
    Panel* panel = nullptr;

    Bench() {
        MethodInfo detect;
        detect.id = "bev.detect";
        detect.parameters = {Parameter::text("split", "val").with_group("Sample").is_live(), Parameter::integer("sample", 0).range(0, 1000).with_group("Sample").is_live(),
            Parameter::choice("overlap", "last", {{"last", "Last camera wins", ""}, {"first", "First camera wins", ""}}).with_label("Overlap").with_group("View").is_live(),
            Parameter::table("calibration", {"camera", "yaw °", "pitch °", "roll °", "right m", "up m", "forward m"}).with_label("Offsets").with_group("Calibration").is_live(),
            Parameter::integer("show_channel", -1).range(-1, 4095).with_label("Channel").with_group("Voxels").is_live().is_advanced(),
            Parameter::integer("show_frame", 0).range(0, 15).with_label("Frame").with_group("Voxels").is_live().is_advanced(), Parameter::list("voxel", Json::array()).with_group("Voxels").is_live()};
        MethodInfo describe, street, ablation;
        describe.id = "bev.describe";
        street.id = "bev.street";
        ablation.id = "bev.ablation";
        ablation.parameters = {Parameter::list("axes", {"frames", "rotation"}), Parameter::integer("samples", 0), Parameter::text("split", "val")};
        context.methods.methods = {detect, describe, street, ablation};
        panel = new Panel(context);
        auto* grid = new QGridLayout(window.get());
        grid->setContentsMargins(0, 0, 0, 0);
        grid->setSpacing(1);
        grid->addWidget(context.bar, 0, 0, 1, 3);
        grid->addWidget(context.docks["parameters"].content, 1, 0, 2, 1);
        grid->addWidget(panel, 1, 1);
        grid->addWidget(context.docks["scene"].content, 2, 1);
        grid->addWidget(context.docks["map"].content, 1, 2);
        grid->addWidget(context.docks["details"].content, 2, 2);
        grid->addWidget(context.docks["timeline"].content, 3, 0, 1, 3);
        grid->setColumnStretch(1, 1);
        grid->setColumnMinimumWidth(0, 280);
        grid->setColumnMinimumWidth(2, 440);
        window->resize(1560, 940);
    }
    void open() {
        panel->source()->data()->choose(data.path());
        panel->source()->model()->choose(data.filePath("tiny.safetensors"));
        const auto asked = context.last("bev.describe");
        Json times = Json::array();
        for (int i = 0; i < 8; ++i) times.push_back(i * 0.5);
        Json cameras = Json::array();
        for (const QString& channel : kChannels) cameras.push_back(channel.toStdString());
        finish(asked.request.uuid, {{"data", {{"scenes", {{{"name", "street-train-000"}, {"split", "train"}, {"samples", 8}, {"times", times}}, {{"name", "street-val-000"}, {"split", "val"}, {"samples", 8}, {"times", times}}}}, {"cameras", cameras}}},
            {"model", {{"frames", 2}, {"voxels", {kX, kY, kZ}}, {"range", 32}}}});
    }
    void finish(const std::string& uuid, const Json& summary) {
        event::Finished done;
        done.seconds = 0.1;
        done.summary = summary;
        context.play(uuid, done);
    }
    void send(const std::string& uuid, Artifact artifact) { context.play(uuid, event::ArtifactMade{std::move(artifact)}); }
    std::string newest() const { return context.last("bev.detect").request.uuid; }
    /// As the engine answers: pictures and view first.
    void answer_view(const std::string& uuid) {
        send(uuid, text("truth", "boxes", Json{{"boxes", {box("car", 4, 12, 1, "t0"), box("pedestrian", -6, 5, 1, "t1")}}}.dump()));
        for (int c = 0; c < 6; ++c) send(uuid, picture(c));
        VoxelView view = empty_view();
        fill(view);
        Json cameras = Json::array();
        for (const QString& channel : kChannels) cameras.push_back(channel.toStdString());
        send(uuid, tensor("view.camera", "U8", {kX, kY, kZ}, view.camera, {{"origin", view.origin}, {"size", view.size}, {"feature", {kFeatureH, kFeatureW}}, {"stride", kStride}, {"image", {kImageH, kImageW}}, {"cameras", cameras}, {"sampling", "corner"}, {"rounding", "half_even"}, {"changed", 57}}));
        send(uuid, tensor("view.seen", "U8", {kX, kY, kZ}, view.seen));
        send(uuid, tensor("view.lut", "I32", {kX, kY, kZ}, view.lut));
    }
    void answer_boxes(const std::string& uuid) {
        std::vector<float> magnitude(std::size_t(kX * kY * kZ), 0.1f), heat(10 * 16 * 16, 0.05f), feature{0.5f, -1.5f, 0.25f};
        for (std::size_t i = 0; i < magnitude.size(); ++i) magnitude[i] = float(0.2 + 0.8 * std::abs(std::sin(double(i))));
        for (int y = 9; y < 12; ++y)
            for (int x = 8; x < 10; ++x) heat[std::size_t(y * 16 + x)] = 0.9f;
        send(uuid, tensor("view.magnitude", "F32", {kX, kY, kZ}, magnitude));
        send(uuid, tensor("voxel.feature", "F32", {3}, feature));
        send(uuid, tensor("heat", "F32", {10, 16, 16}, heat));
        send(uuid, text("candidates", "table", "class,score,anchor,direction bin,kept,suppressed by,overlap,yaw rad\r\ncar,0.81,122,1,true,-1,0,0.2\r\ncar,0.5,123,0,false,0,0.61,0.1\r\n"));
        send(uuid, text("matches", "table", "box,class,score,truth,distance m,size error,yaw error rad,velocity error m/s\r\n0,car,0.81,t0,0.4,0.1,0.05,0.3\r\n1,truck,0.2,,nan,nan,nan,nan\r\n"));
        send(uuid, text("boxes", "boxes", Json{{"boxes", {box("car", 4.3, 12.2, 0.81), box("truck", -12, -9, 0.2)}}}.dump()));
        finish(uuid, {{"sample", "abc"}, {"ms_per_sample", 42.0}});
    }
};

}

class TestBevPanel : public QObject {
    Q_OBJECT

    static void settle() { QTest::qWait(80); }
    static QPoint widget_point(BevMap* map, double x, double y) { return map->to_widget(x, y).toPoint(); }

private Q_SLOTS:
    void initTestCase() {
        Theme::instance().apply(*qApp, ThemeMode::dark);
        // The user's street drives must not be the test's.
        qputenv("XDG_DATA_HOME", QByteArray("/nonexistent/lathe-test"));
    }

    void asks_for_the_drives_first() {
        Bench bench;
        QCOMPARE(bench.context.count("bev.detect"), 0);
        bench.open();
        QCOMPARE(bench.panel->source()->drives().size(), 2);
        QCOMPARE(bench.panel->source()->drive(), QString("street-val-000"));   // what is measured on comes first
        QCOMPARE(bench.panel->timeline()->track()->count(), 8);
        QCOMPARE(bench.context.count("bev.detect"), 1);
        const auto asked = bench.context.last("bev.detect");
        QCOMPARE(asked.request.params["split"], Json("street-val-000"));
        QVERIFY(asked.request.lane == Lane::live);
        QCOMPARE(asked.assets.size(), 2);
    }

    void voxels_come_before_boxes() {
        Bench bench;
        bench.open();
        const std::string uuid = bench.newest();
        bench.answer_view(uuid);
        QTRY_VERIFY_WITH_TIMEOUT(bench.panel->frame(), 60'000);
        QVERIFY(!bench.panel->frame()->has_boxes);
        QCOMPARE(bench.panel->frame()->truth.size(), std::size_t(2));
        QVERIFY(coverage_of(bench.panel->frame()->view).covered > 0.3);
        bench.answer_boxes(uuid);
        QVERIFY(bench.panel->frame()->finished);
        QCOMPARE(bench.panel->frame()->boxes.size(), std::size_t(2));
    }

    void one_selection_in_all_views() {
        Bench bench;
        bench.window->show();
        QVERIFY(QTest::qWaitForWindowExposed(bench.window.get()));
        bench.open();
        bench.answer_view(bench.newest());
        bench.answer_boxes(bench.newest());
        settle();
        // A box on the map.
        BevMap* map = bench.panel->map();
        QTest::mouseClick(map, Qt::LeftButton, {}, widget_point(map, 4.3, 12.2));
        QVERIFY(bench.panel->selection().is_object(Selection::Kind::box, 0));
        auto* detection = bench.panel->inspector()->findChildren<SimpleTable*>().last();
        QVERIFY(bench.panel->inspector()->as_csv().contains("0.40 m"));   // its distance to the true one
        QVERIFY(bench.panel->inspector()->as_csv().contains("1 candidate"));
        QVERIFY(detection->isVisible());
        // A pixel of the front camera: the voxels that copy it, and nothing but those.
        CamerasView* cameras = bench.panel->cameras();
        const QRectF front = cameras->picture_rect(0);
        QVERIFY(front.width() > 50);
        const VoxelView& view = bench.panel->frame()->view;
        const auto mine = std::find(view.camera.begin(), view.camera.end(), std::uint8_t(view.cameras.indexOf("CAM_FRONT"))) - view.camera.begin();
        const Sight there = sight_of(view.sample_point(view.index_of(std::size_t(mine))), bench.panel->frame()->cameras[0], view);
        Q_EMIT cameras->pixel_picked(0, QPointF(std::nearbyint(there.u), std::nearbyint(there.v)) * kStride);
        const Selection& picked = bench.panel->selection();
        QVERIFY(picked.kind == Selection::Kind::voxel);
        QVERIFY(!picked.ray.empty());
        const std::int32_t wanted = (int(view.cameras.indexOf("CAM_FRONT")) * kFeatureH + picked.cell.y()) * kFeatureW + picked.cell.x();
        for (const std::size_t at : picked.ray) QCOMPARE(bench.panel->frame()->view.lut[at], wanted);
        QCOMPARE(bench.panel->frame()->view.index_of(picked.ray.front()), picked.voxel);
        QCOMPARE(bench.context.last("bev.detect").request.params["voxel"], Json(picked.voxel));   // its feature was asked for
        bench.answer_view(bench.newest());
        bench.answer_boxes(bench.newest());
        settle();
        QVERIFY(bench.panel->inspector()->as_csv().contains("used"));
        QVERIFY(save_pictures(*bench.window, "bev-panel"));
        // The voxel's own pixel in the winning camera is the one that was clicked.
        const VoxelView& now = bench.panel->frame()->view;
        const Sight sight = sight_of(now.sample_point(bench.panel->selection().voxel), bench.panel->frame()->cameras[0], now);
        QCOMPARE(int(std::nearbyint(sight.u)), bench.panel->selection().cell.x());
    }

    void scene_picks_what_is_seen() {
        Bench bench;
        bench.window->show();
        QVERIFY(QTest::qWaitForWindowExposed(bench.window.get()));
        bench.open();
        bench.answer_view(bench.newest());
        bench.answer_boxes(bench.newest());
        settle();
        SceneView* scene = bench.panel->scene()->view();
        QVERIFY2(scene->has_opengl(), "this computer has no OpenGL");
        scene->look_down(32);
        const auto at = scene->place_of({4.3, 12.2, -0.2});
        QVERIFY(at);
        QTest::mouseClick(scene, Qt::LeftButton, {}, at->toPoint());
        QVERIFY(bench.panel->selection().kind == Selection::Kind::box || bench.panel->selection().kind == Selection::Kind::truth);
        // Where there is no box there is a voxel.
        const VoxelView& view = bench.panel->frame()->view;
        const auto ground = scene->place_of(view.centre({10, 24, 3}));
        bench.panel->scene()->set_colour_by(ColourBy::overlap);
        QTest::mouseClick(scene, Qt::LeftButton, {}, ground->toPoint());
        if (bench.panel->selection().kind == Selection::Kind::voxel) QCOMPARE(bench.panel->selection().voxel[0], 10);
        QTest::keyClick(scene, Qt::Key_PageDown);
        QCOMPARE(scene->slice(), kZ - 1);
        QTest::keyClick(scene, Qt::Key_C);
        const Point3 eye = scene->eye().eye;
        QVERIFY(std::abs(eye[0]) < 0.01 && std::abs(eye[1]) < 0.01);   // all cameras of this rig stand at the lidar
    }

    void an_offset_is_live_and_undone() {
        Bench bench;
        bench.open();
        bench.answer_view(bench.newest());
        bench.answer_boxes(bench.newest());
        const int before = bench.context.count("bev.detect");
        bench.panel->calibration()->choose_camera("CAM_BACK");
        auto* rows = bench.panel->calibration()->findChildren<OffsetRow*>().first();
        Q_EMIT rows->edited(0.6, true);
        Q_EMIT rows->edited(0.8, false);
        const Json table = bench.panel->form()->value("calibration");
        QCOMPARE(table["rows"].size(), std::size_t(1));
        QCOMPARE(table["rows"][0][0], Json("CAM_BACK"));
        QCOMPARE(table["rows"][0][1], Json(0.8));
        QTRY_VERIFY_WITH_TIMEOUT(bench.context.count("bev.detect") > before, 60'000);
        QVERIFY(bench.panel->is_stale());
        bench.answer_view(bench.newest());
        QVERIFY(!bench.panel->is_stale());
        QCOMPARE(bench.panel->frame()->boxes.size(), std::size_t(2));   // the old ones stay until the new ones are there
        QCOMPARE(bench.context.undo.count(), 1);                        // one drag, one step
        bench.context.undo.undo();
        QCOMPARE(bench.panel->form()->value("calibration")["rows"].size(), std::size_t(0));
    }

    void timeline_asks_for_the_next_moment() {
        Bench bench;
        bench.window->show();
        QVERIFY(QTest::qWaitForWindowExposed(bench.window.get()));
        bench.open();
        bench.answer_view(bench.newest());
        bench.answer_boxes(bench.newest());
        TimelineTrack* track = bench.panel->timeline()->track();
        track->setFocus();
        QTest::keyClick(track, Qt::Key_Right);
        QCOMPARE(bench.panel->form()->value("sample"), Json(1));
        QTRY_COMPARE_WITH_TIMEOUT(bench.context.last("bev.detect").request.params["sample"], Json(1), 60'000);
        QTest::keyClick(track, Qt::Key_End);
        QCOMPARE(bench.panel->form()->value("sample"), Json(7));
        QTest::keyClick(track, Qt::Key_Space);
        QVERIFY(bench.panel->timeline()->is_playing());
        QTRY_VERIFY_WITH_TIMEOUT(bench.panel->form()->value("sample") == Json(0), 60'000);   // it begins again
        QTest::qWait(1200);
        QCOMPARE(bench.panel->form()->value("sample"), Json(0));   // and waits for the frame it asked for
        QTest::keyClick(track, Qt::Key_Space);
        QVERIFY(!bench.panel->timeline()->is_playing());
    }

    void filters_hide_in_all_views() {
        Bench bench;
        bench.open();
        bench.answer_view(bench.newest());
        bench.answer_boxes(bench.newest());
        Shown shown;
        const auto& boxes = bench.panel->frame()->boxes;
        QVERIFY(shown.shows_box(boxes[0]));
        QVERIFY(!shown.shows_box(boxes[1]));   // below the threshold
        shown.classes[0] = false;
        QVERIFY(!shown.shows_box(boxes[0]));
        QVERIFY(!shown.shows_truth(bench.panel->frame()->truth[0]));
    }

    void colours_by_what_was_chosen() {
        VoxelView view = empty_view();
        view.cameras = kChannels;
        fill(view);
        const VoxelPaint by_camera = paint_voxels(view, ColourBy::camera, 0), uncovered = paint_voxels(view, ColourBy::uncovered, 0);
        QCOMPARE(by_camera.count + uncovered.count, view.camera.size());
        QVERIFY(!missing_for(view, ColourBy::magnitude).isEmpty());
        QCOMPARE(paint_voxels(view, ColourBy::magnitude, 0).count, std::size_t(0));
        view.magnitude.assign(view.camera.size(), 0.1f);
        std::size_t covered = 0;
        while (view.camera[covered] == 255) ++covered;
        view.magnitude[covered] = 1;
        QCOMPARE(paint_voxels(view, ColourBy::magnitude, 0.5).count, std::size_t(1));
    }

    void boxes_are_cut_at_the_camera() {
        CameraPicture camera;
        camera.lidar2img = matrix_of(0);
        SceneObject beside;
        beside.size = {2, 12, 2};
        beside.centre = {1.5, 2, 0};
        beside.yaw = std::numbers::pi / 2;   // along the view: its rear end is behind the camera
        const auto edges = edges_in(beside, camera);
        QVERIFY(!edges.empty());
        for (const PictureEdge& edge : edges) QVERIFY(std::isfinite(edge.line.x1()) && std::isfinite(edge.line.y2()));
        beside.centre[1] = -20;
        QVERIFY(edges_in(beside, camera).empty());
    }

    void faults_are_told() {
        Bench bench;
        bench.open();
        const std::string uuid = bench.newest();
        bench.send(uuid, tensor("view.camera", "F32", {2, 2, 1}, std::vector<float>{1, 2, 3, 4}));
        QCOMPARE(bench.context.messages.size(), 1);
        bench.send(uuid, text("boxes", "boxes", "{\"boxes\": [{\"class\": \"car\"}]}"));
        QCOMPARE(bench.context.messages.size(), 2);
        event::Failed failure;
        failure.what = "The calibration is singular.";
        failure.where = "calibrated_sensor.json";
        failure.hint = "Correct it.";
        bench.context.play(uuid, failure);
        QVERIFY(bench.context.messages.last().contains("singular"));
        // And it goes on with what comes next.
        bench.panel->form()->edit("overlap", "first");
        QTRY_VERIFY_WITH_TIMEOUT(bench.newest() != uuid, 60'000);
        bench.answer_view(bench.newest());
        QVERIFY(bench.panel->frame());
    }

    void ablation_shows_as_it_grows() {
        Bench bench;
        bench.open();
        AblationView* view = bench.panel->ablation();
        Q_EMIT view->run_requested({"frames"}, 4);
        auto* axes = named<QComboBox>(*view, "What is varied");
        QVERIFY(axes);
        QCOMPARE(axes->count(), 3);   // all of them, and those that the method declares
        const auto asked = bench.context.last("bev.ablation");
        QCOMPARE(asked.request.params["axes"], Json::array({"frames"}));
        QCOMPARE(asked.request.params["split"], Json("val"));
        bench.send(asked.request.uuid, text("ablation", "table", "axis,value,mAP,NDS\r\nbaseline,,0.4,0.5\r\nframes,1,0.3,0.4\r\n"));
        view->setParent(nullptr);   // alone, out of its tabs
        view->resize(420, 480);
        view->show();
        QVERIFY(QTest::qWaitForWindowExposed(view));
        QVERIFY(save_pictures(*view, "bev-ablation"));
        Q_EMIT view->run_requested({}, 0);   // the button says Cancel now
        QCOMPARE(bench.context.cancelled.last(), QString::fromStdString(asked.request.uuid));
        view->setParent(bench.window.get());
    }

    void parameters_fit_their_dock() {
        Bench bench;
        bench.open();
        for (QWidget* part : {static_cast<QWidget*>(bench.panel->calibration()), static_cast<QWidget*>(bench.panel->findChild<DetectionRows*>()), static_cast<QWidget*>(bench.panel->findChild<ClassRows*>())})
            if (part) QVERIFY2(part->minimumSizeHint().width() <= 250, qPrintable(QStringLiteral("%1: %2").arg(QString::fromLatin1(part->metaObject()->className())).arg(part->minimumSizeHint().width())));
        QVERIFY2(bench.panel->form()->widget()->minimumSizeHint().width() <= 276, qPrintable(QString::number(bench.panel->form()->widget()->minimumSizeHint().width())));
    }

    void another_model_is_asked() {
        Bench bench;
        bench.open();
        bench.answer_view(bench.newest());
        bench.answer_boxes(bench.newest());
        QVERIFY(!bench.panel->is_stale());
        const std::string before = bench.newest();
        bench.panel->source()->model()->choose(bench.data.filePath("other.safetensors"));
        QVERIFY(bench.panel->is_stale());
        Json times = Json::array({0, 0.5});
        bench.finish(bench.context.last("bev.describe").request.uuid, {{"data", {{"scenes", {{{"name", "street-val-000"}, {"split", "val"}, {"samples", 2}, {"times", times}}}}, {"cameras", Json::array()}}}, {"model", {{"frames", 1}}}});
        QVERIFY(bench.newest() != before);
        QCOMPARE(bench.context.last("bev.detect").assets.last().second, bench.data.filePath("other.safetensors"));
        bench.answer_view(bench.newest());
        QVERIFY(!bench.panel->is_stale());
    }

    void looks_are_undone() {
        Bench bench;
        bench.open();
        bench.answer_view(bench.newest());
        bench.answer_boxes(bench.newest());
        settle();
        SceneDock* scene = bench.panel->scene();
        const int steps = bench.context.undo.count();
        scene->set_colour_by(ColourBy::overlap);
        const auto strips = scene->findChildren<RangeStrip*>();
        RangeStrip* right = nullptr;
        for (RangeStrip* strip : strips)
            if (strip->accessibleName().contains("(x)")) right = strip;
        QVERIFY(right);
        QCOMPARE(right->end(), kX);
        for (QToolButton* button : scene->findChildren<QToolButton*>())
            if (button->text() == "Clip") button->click();
        QVERIFY(right->isVisible() && right->window()->focusWidget() == right);   // the keyboard is at the first strip
        QVERIFY(save_pictures(*right->window(), "bev-clip"));
        QTest::keyClick(right->window(), Qt::Key_Tab);
        QVERIFY(right->window()->focusWidget() != right && qobject_cast<RangeStrip*>(right->window()->focusWidget()));
        QTest::keyClick(right->window()->focusWidget(), Qt::Key_Escape);
        QVERIFY(!right->isVisible());
        const std::size_t all = scene->view()->faces();
        right->set_range(0, 4);
        Q_EMIT right->moved(0, 4, true);
        Q_EMIT right->moved(0, 4, false);   // one drag, one step
        QVERIFY(scene->view()->faces() < all);
        auto* classes = bench.panel->form()->findChild<ClassRows*>();
        Q_EMIT classes->toggled(0, false);
        QCOMPARE(bench.context.undo.count(), steps + 3);
        QCOMPARE(bench.panel->shown().classes[0], false);
        bench.context.undo.undo();
        QCOMPARE(bench.panel->shown().classes[0], true);
        bench.context.undo.undo();
        QCOMPARE(right->end(), kX);
        QCOMPARE(scene->view()->faces(), all);
        bench.context.undo.undo();
        QVERIFY(scene->colour_by() == ColourBy::camera);
        bench.context.undo.redo();
        bench.context.undo.redo();
        QCOMPARE(right->end(), 4);
        QVERIFY(scene->colour_by() == ColourBy::overlap);
    }

    void a_recorded_run_brings_its_files() {
        Bench bench;
        bench.open();
        const QString model = bench.data.filePath("other.safetensors");
        Json params = bench.panel->form()->values();
        params["overlap"] = "first";
        bench.context.recorded << PanelRun{"run-7", 7, "Seventh", "bev.detect", RunState::finished, params, {{"sample", "abc"}}, {{"data", bench.data.path()}, {"model", model}}, {}};
        bench.context.recorded_artifacts["run-7"] = {picture(0), picture(1)};
        const int asked = bench.context.count("bev.detect");
        Q_EMIT bench.context.restore_run("run-7");
        QTRY_COMPARE_WITH_TIMEOUT(bench.panel->form()->value("overlap"), Json("first"), 60'000);
        QCOMPARE(bench.panel->source()->model()->path(), model);
        QCOMPARE(bench.panel->frame()->cameras.size(), std::size_t(2));
        QVERIFY(!bench.panel->is_stale());
        QCOMPARE(bench.context.count("bev.detect"), asked);   // it is all there

        bench.context.recorded << PanelRun{"run-8", 8, "Eighth", "bev.detect", RunState::finished, params, {}, {}, {"gone.safetensors"}};
        Q_EMIT bench.context.restore_run("run-8");
        QTRY_VERIFY_WITH_TIMEOUT(bench.context.messages.join('\n').contains("gone.safetensors"), 60'000);
        QCOMPARE(bench.panel->source()->model()->path(), model);
    }

    void results_are_written_at_any_size() {
        Bench bench;
        bench.open();
        bench.answer_view(bench.newest());
        bench.answer_boxes(bench.newest());
        settle();
        QTemporaryDir target;
        bench.panel->write_results(QDir(target.path()), 4);
        QVERIFY2(bench.context.messages.last().startsWith("info"), qPrintable(bench.context.messages.last()));
        QCOMPARE(QImage(target.filePath("cameras.png")).size(), bench.panel->cameras()->size() * 4);
        QCOMPARE(QImage(target.filePath("birds_eye.png")).size(), bench.panel->map()->size() * 4);
        QFile boxes(target.filePath("boxes.json"));
        QVERIFY(boxes.open(QIODevice::ReadOnly));
        QCOMPARE(parse_json(boxes.readAll().toStdString(), "boxes.json").at("boxes").size(), bench.panel->frame()->boxes.size());
        QVERIFY(QFileInfo(target.filePath("matches.csv")).size() > 0);
        bench.panel->write_results(QDir(target.filePath("not/there")), 1);
        QVERIFY(bench.context.messages.last().startsWith("err"));
    }

    void state_is_kept() {
        Json kept;
        {
            Bench bench;
            bench.open();
            bench.panel->scene()->set_colour_by(ColourBy::overlap);
            Q_EMIT bench.panel->form()->findChild<ClassRows*>()->toggled(3, false);
            bench.panel->form()->edit("overlap", "first");
            QTRY_VERIFY_WITH_TIMEOUT(bench.context.state.is_object(), 60'000);
            QTRY_COMPARE_WITH_TIMEOUT(bench.context.state["params"]["overlap"], Json("first"), 60'000);
            kept = bench.context.state;
        }
        Bench again;
        again.context.state = kept;
        Q_EMIT again.context.project_changed();
        QCOMPARE(again.panel->form()->value("overlap"), Json("first"));
        QVERIFY(again.panel->scene()->colour_by() == ColourBy::overlap);
        QCOMPARE(again.panel->shown().classes[3], false);
        QCOMPARE(again.panel->shown().classes[4], true);
    }
};

QTEST_MAIN(TestBevPanel)
#include "test_bev_panel.moc"
