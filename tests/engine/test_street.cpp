// The street data set: the rules of its worlds, truth against pictures and lidar, the same tables every time, continuing, and the loader that reads it.
// Needs OpenGL without a display and never skips.
#include "core/base/error.h"
#include "core/base/file.h"
#include "fake_run.h"
#include "plugins/bev/engine/nuscenes_names.h"
#include "plugins/bev/engine/nuscenes_samples.h"
#include "plugins/bev/engine/street.h"
#include "plugins/bev/engine/street_method.h"
#include "plugins/bev/engine/street_painter.h"
#include "plugins/bev/engine/street_shapes.h"
#include <QTemporaryDir>
#include <QtTest>
#include <cstring>
#include <map>
#include <numbers>
#include <opencv2/imgcodecs.hpp>
#include <set>

using namespace lathe;
using namespace lathe::bev;
namespace fs = std::filesystem;

namespace {

struct Ended {};   // what a test throws to end the work

StreetOptions small() {
    StreetOptions o;
    o.seed = 7;
    o.train_scenes = 1;
    o.val_scenes = 1;
    o.key_frames = 2;
    o.width = 160;
    return o;
}

/// Contents of all files below the folder, by relative path.
std::map<std::string, std::string> files_of(const fs::path& root) {
    std::map<std::string, std::string> out;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root))
        if (entry.is_regular_file()) out[fs::relative(entry.path(), root).string()] = read_file(entry.path(), 1u << 28);
    return out;
}

ErrorCode code_of(const std::function<void()>& work) {
    try {
        work();
    } catch (const Error& error) {
        return error.code();
    }
    return ErrorCode::internal;
}

/// The point in the frame of a box that stands at `pose` on the height `ground`.
Vec3 in_box(const GroundPose& pose, double ground, const Vec3& p) {
    const double x = p[0] - pose.x, y = p[1] - pose.y, c = std::cos(pose.yaw), s = std::sin(pose.yaw);
    return {c * x + s * y, -s * x + c * y, p[2] - ground};
}
bool inside(const Vec3& p, const Vec3& size, double margin) { return std::abs(p[0]) <= size[1] / 2 + margin && std::abs(p[1]) <= size[0] / 2 + margin && p[2] >= -margin && p[2] <= size[2] + margin; }

}

class TestStreet : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void objects_never_meet() {
        int seen = 0;
        std::set<int> labels;
        for (std::uint64_t seed = 1; seed <= 60; ++seed) {
            const StreetWorld world = make_world(seed, {.rare_classes = seed % 5 == 0});
            int cars = 0, pedestrians = 0;
            for (const StreetObject& o : world.objects) {
                labels.insert(o.label);
                cars += o.label == class_index("car");
                pedestrians += o.label == class_index("pedestrian");
            }
            QVERIFY2(cars >= 3 && cars <= 14 && pedestrians >= 2 && pedestrians <= 12, qPrintable(QString("seed %1: %2 cars, %3 pedestrians").arg(seed).arg(cars).arg(pedestrians)));
            for (double time = -0.1; time <= 4; time += 0.1) {
                std::vector<Footprint> all{ego_footprint(world.ego_pose(time))};
                for (const StreetObject& o : world.objects) all.push_back({world.place(o.track, time), o.size[1], o.size[0]});
                for (std::size_t i = 0; i < all.size(); ++i)
                    for (std::size_t j = 0; j < i; ++j, ++seen)
                        QVERIFY2(!overlap(all[i], all[j], 0.2), qPrintable(QString("seed %1, time %2: %3 and %4").arg(seed).arg(time).arg(i).arg(j)));
            }
        }
        QVERIFY(seen > 100'000);
        QCOMPARE(labels.size(), kClasses.size());
    }

    void overlap_is_that_of_rectangles() {
        const Footprint a{{0, 0, 0}, 4, 2};
        QVERIFY(overlap(a, {{3.9, 0, 0}, 4, 2}, 0));
        QVERIFY(!overlap(a, {{4.1, 0, 0}, 4, 2}, 0));
        QVERIFY(overlap(a, {{4.1, 0, 0}, 4, 2}, 0.3));
        QVERIFY(!overlap(a, {{2.6, 1.6, -std::numbers::pi / 4}, 4, 0.2}, 0));   // their axis-parallel hulls meet
        QVERIFY(overlap(a, {{0, 2.5, std::numbers::pi / 2}, 4, 2}, 0));
    }

    void speeds_are_exact() {
        int moving = 0;
        for (std::uint64_t seed = 1; seed <= 10; ++seed) {
            const StreetWorld world = make_world(seed);
            for (const StreetObject& o : world.objects) {
                const GroundPose a = world.place(o.track, 1), b = world.place(o.track, 1.001);
                const double speed = std::hypot(b.x - a.x, b.y - a.y) / 0.001, want = std::hypot(o.track.speed, o.track.sideways);
                QVERIFY(std::abs(speed - want) < 0.01);
                if (want < 0.3) continue;
                ++moving;
                QVERIFY(std::abs(wrapped(std::atan2(b.y - a.y, b.x - a.x) - a.yaw, 2 * std::numbers::pi)) < 0.02);   // it goes where it looks
                QVERIFY(kAttributes[static_cast<std::size_t>(o.attribute)] == (o.label == class_index("pedestrian") ? "pedestrian.moving" : kClasses[static_cast<std::size_t>(o.label)].ends_with("cycle") ? "cycle.with_rider" : "vehicle.moving"));
            }
            const Track braking{.s = 0, .d = 0, .speed = 4, .braking = 2};
            QVERIFY(std::abs(std::hypot(world.place(braking, 9).x, world.place(braking, 9).y) - 4) < 0.1);   // v^2 / 2a, and then it stands
        }
        QVERIFY(moving > 40);
    }

    void meshes_fill_their_boxes() {
        for (std::uint64_t seed = 1; seed <= 8; ++seed)
            for (const StreetObject& o : make_world(seed, {.rare_classes = true}).objects) {
                const SceneMesh mesh = object_mesh(o);
                const SceneBounds bounds = bounds_of(mesh);
                const ScenePoint low{-o.size[1] / 2, -o.size[0] / 2, 0}, high{o.size[1] / 2, o.size[0] / 2, o.size[2]};
                for (std::size_t axis = 0; axis < 3; ++axis) QVERIFY(std::abs(bounds.low[axis] - low[axis]) < 1e-5 && std::abs(bounds.high[axis] - high[axis]) < 1e-5);
                QVERIFY(mesh.triangles.size() / 3 < 2500);
            }
    }

    void centres_fall_on_their_own_pixels() {
        StreetOptions options = small();
        options.width = 400;
        options.exposure_offsets = false;
        StreetPainter painter;
        int looked_at = 0;
        for (int scene = 0; scene < 2; ++scene) {
            const ScenePlan plan = plan_scene(options, scene);
            painter.load(plan);
            for (const Exposure& e : plan.exposures) {
                if (e.sensor == kLidarSensor || !e.key()) continue;
                painter.aim(plan, options, e);
                const std::vector<std::uint32_t> ids = painter.ids();
                const std::vector<float> depths = painter.depths();
                std::vector<BoxCounts> counts(plan.world.objects.size());
                painter.count(ids, counts);
                const Mat4 to_camera = inverse(Mat4{pinhole_of(plan, options, e).to_world});
                const Mat3& k = plan.sensors.cameras[static_cast<std::size_t>(e.sensor)].intrinsic;
                for (std::size_t i = 0; i < counts.size(); ++i) {
                    const StreetObject& o = plan.world.objects[i];
                    QVERIFY(counts[i].seen <= counts[i].alone);
                    const std::string_view name = kClasses[static_cast<std::size_t>(o.label)];
                    const GroundPose pose = plan.world.place(o.track, e.time);
                    const Vec3 p = transformed(to_camera, {pose.x, pose.y, plan.world.ground_under(pose) + o.size[2] / 2});
                    if (p[2] < 1) continue;
                    const double u = k(0, 0) * p[0] / p[2] + k(0, 2), v = k(1, 1) * p[1] / p[2] + k(1, 2);
                    if (u < 2 || v < 2 || u > options.width - 3 || v > options.height() - 3) continue;
                    if (counts[i].seen < counts[i].alone || counts[i].seen < 20 || name.ends_with("cycle")) continue;   // a cycle may be open in its middle
                    ++looked_at;
                    const std::size_t at = static_cast<std::size_t>(std::lround(v)) * static_cast<std::size_t>(options.width) + static_cast<std::size_t>(std::lround(u));
                    QVERIFY2(ids[at] == i + 1, qPrintable(QString("%1 %2 of %3 at %4 %5 shows %6").arg(QString::fromLatin1(name.data(), static_cast<int>(name.size()))).arg(i).arg(QString::fromStdString(e.file)).arg(u).arg(v).arg(ids[at])));
                    const double half = std::hypot(o.size[0], o.size[1], o.size[2]) / 2;
                    QVERIFY(depths[at] > p[2] - half && depths[at] < p[2] + half);
                }
            }
        }
        QVERIFY2(looked_at > 20, qPrintable(QString::number(looked_at)));
    }

    void lidar_points_lie_on_things() {
        const StreetOptions options = small();
        const ScenePlan plan = plan_scene(options, 0);
        const StreetWorld& world = plan.world;
        const std::vector<RayBody> bodies = ray_bodies(world);
        for (const double time : {0.0, 1.5}) {
            const LidarScan result = scan(world, bodies, plan.sensors, time);
            const Mat4 to_scene = ego_to_scene(world.ego_pose(time)) * plan.sensors.lidar_to_ego.matrix();
            QVERIFY(result.points.size() > 5000 && result.points.size() == result.hits.size());
            int on_ground = 0, on_objects = 0;
            for (std::size_t i = 0; i < result.points.size(); ++i) {
                const LidarPoint& q = result.points[i];
                QVERIFY(std::hypot(q.x, q.y, q.z) <= 70.01 && q.ring >= 0 && q.ring <= 31);
                const Vec3 p = transformed(to_scene, {q.x, q.y, q.z});
                for (std::size_t k = 0; k < world.objects.size(); ++k) {
                    const StreetObject& o = world.objects[k];
                    const GroundPose pose = world.place(o.track, time);
                    const Vec3 local = in_box(pose, world.ground_under(pose), p);
                    if (result.hits[i] == static_cast<int>(k)) {
                        ++on_objects;
                        QVERIFY(inside(local, o.size, 1e-3));
                    } else {
                        QVERIFY(!inside(local, o.size, -1e-3));
                    }
                }
                QVERIFY(p[2] > -1e-3);
                if (result.hits[i] < 0 && std::min(std::abs(p[2]), std::abs(p[2] - Road::kKerb)) < 1e-3) ++on_ground;
            }
            QVERIFY(on_objects > 100 && on_ground > 3000);
        }
    }

    void same_seed_same_files_and_what_was_begun_is_continued() {
        QTemporaryDir dir;
        const fs::path root = dir.path().toStdString();
        int last = 0, previews = 0;
        StreetHooks hooks;
        hooks.progress = [&](int done, int total, const std::string&) {
            QVERIFY(done >= last && done <= total);
            last = done;
        };
        hooks.preview = [&](const std::string&, const std::vector<Picture>& pictures) {
            ++previews;
            QCOMPARE(pictures.size(), kCameras.size());
            QCOMPARE(pictures[0].rgb.size(), std::size_t{160 * 90 * 3});
        };
        const StreetSummary made = generate_street(small(), root / "one", hooks);
        QCOMPARE(last, small().pictures());
        QCOMPARE(previews, 2);
        QCOMPARE(made.pictures, 48);
        QCOMPARE(made.samples, 4);
        QVERIFY(made.annotations > 4 * 20 && !made.was_there && !made.driver.empty());

        // Ended in the second scene: no data set, and nothing half-written where it should be.
        StreetHooks ending;
        ending.progress = [](int done, int, const std::string&) {
            if (done == 30) throw Ended{};
        };
        QVERIFY_THROWS_EXCEPTION(Ended, generate_street(small(), root / "two", ending));
        QVERIFY(!fs::exists(root / "two") && fs::exists(root / "two.part"));
        int first = -1;
        StreetHooks again;
        again.progress = [&](int done, int, const std::string&) { first = first < 0 ? done : first; };
        generate_street(small(), (root / "two").string() + "/", again);
        QCOMPARE(first, 24);                                            // the first scene was there already
        QVERIFY(!fs::exists(root / "two.part"));
        const auto one = files_of(root / "one"), two = files_of(root / "two");
        QVERIFY(one.size() == two.size() && one.size() > 48 + 4 + 13);
        for (const auto& [name, bytes] : one) QVERIFY2(two.contains(name) && two.at(name) == bytes, qPrintable(QString::fromStdString(name)));

        const StreetSummary there = generate_street(small(), root / "one");
        QVERIFY(there.was_there && there.annotations == made.annotations);

        // Another seed is another data set; a scene does not depend on how many others there are.
        StreetOptions other = small();
        other.seed = 8;
        QVERIFY(plan_scene(other, 0).world.objects[0].size != plan_scene(small(), 0).world.objects[0].size);
        StreetOptions more = small();
        more.train_scenes = 5;
        QCOMPARE(plan_scene(more, 5).name, plan_scene(small(), 1).name);
        QCOMPARE(plan_scene(more, 5).world.objects[3].size, plan_scene(small(), 1).world.objects[3].size);
        QVERIFY(code_of([&] { generate_street(other, root / "one"); }) == ErrorCode::invalid_value);
    }

    void the_loader_reads_it() {
        QTemporaryDir dir;
        const fs::path root = fs::path(dir.path().toStdString()) / "street";
        StreetOptions options = small();
        options.train_scenes = 1;
        options.key_frames = 4;
        options.truth_pictures = true;
        generate_street(options, root);
        const NuscenesTables tables = load_nuscenes(root);
        QCOMPARE(tables.version, std::string(kStreetVersion));
        QCOMPARE(tables.samples_of("train").size(), std::size_t{4});
        QCOMPARE(tables.samples_of("val").size(), std::size_t{4});
        QCOMPARE(tables.samples_of("street-val-0001").size(), std::size_t{4});
        const ScenePlan plan = plan_scene(options, 0);
        const std::vector<int> train = tables.samples_of("train");
        int seen_boxes = 0, points = 0;
        for (std::size_t frame = 0; frame < train.size(); ++frame) {
            const SampleInfo info = sample_info(tables, train[frame]);
            QCOMPARE(info.cameras.size(), std::size_t{6});
            QCOMPARE(info.previous.size(), 2 * frame);                                       // pictures every quarter second
            QCOMPARE(info.boxes.size(), plan.world.objects.size());
            for (std::size_t camera = 0; camera < 6; ++camera) {
                const CameraInfo& c = info.cameras[camera];
                QVERIFY(c.channel == kCameras[camera] && c.width == 160 && c.height == 90);
                const cv::Mat picture = cv::imread((root / c.file).string());
                QVERIFY(picture.cols == 160 && picture.rows == 90);
                for (const HistoryFrame& frame_before : info.previous) QVERIFY(fs::exists(root / frame_before.files[camera]));
                // The loader's matrices against the camera that drew the picture.
                const auto exposure = std::ranges::find(plan.exposures, c.file, &Exposure::file);
                QVERIFY(exposure != plan.exposures.end());
                const GroundPose ego = plan.world.ego_pose(0.5 * static_cast<double>(frame));
                const Mat4 scene_from_lidar = ego_to_scene(ego) * plan.sensors.lidar_to_ego.matrix(), drawn = inverse(scene_from_lidar) * Mat4{pinhole_of(plan, options, *exposure).to_world};
                for (std::size_t i = 0; i < 16; ++i) QVERIFY(std::abs(drawn.m[i] - c.sensor2lidar.m[i]) < 1e-6);
                const cv::Mat ids = cv::imread((root / "truth/ids" / c.channel / (fs::path(c.file).stem().string() + ".png")).string(), cv::IMREAD_UNCHANGED);
                QVERIFY(ids.type() == CV_16UC1 && ids.cols == 160);
                double least = 0, most = 0;
                cv::minMaxLoc(ids, &least, &most);
                QVERIFY(most <= static_cast<double>(plan.world.objects.size()));
            }
            const std::string bytes = read_file(root / info.lidar_file, 1u << 26);
            std::vector<LidarPoint> scan_points(bytes.size() / sizeof(LidarPoint));
            std::memcpy(scan_points.data(), bytes.data(), bytes.size());
            const Mat4 to_global = info.ego2global.matrix() * info.lidar2ego.matrix();
            for (std::size_t i = 0; i < info.boxes.size(); ++i) {
                const TrueBox& truth = info.boxes[i];
                const StreetObject& o = plan.world.objects[i];
                QCOMPARE(truth.label, o.label);
                QCOMPARE(truth.attribute, o.attribute);
                QVERIFY(truth.visibility >= 1 && truth.visibility <= 4 && truth.velocity_known);
                seen_boxes += truth.visibility == 4;
                QVERIFY2(std::abs(std::hypot(truth.box.vx, truth.box.vy) - std::hypot(o.track.speed, o.track.sideways)) < 0.15, "velocity");
                // The points of the file that lie in the box. Its own lie on its faces, and so do those of the ground under it: neither may decide by rounding.
                const NuscenesTables::Annotation& a = tables.annotations[static_cast<std::size_t>(tables.samples[static_cast<std::size_t>(train[frame])].annotations[i])];
                QCOMPARE(a.token, truth.token);
                const GroundPose pose{a.centre[0], a.centre[1], yaw_of(a.rotation)};
                const auto within = [&](double margin) {
                    return std::ranges::count_if(scan_points, [&](const LidarPoint& p) { return inside(in_box(pose, a.centre[2] - a.size[2] / 2, transformed(to_global, {p.x, p.y, p.z})), a.size, margin); });
                };
                const auto surely = within(-2e-3), perhaps = within(2e-3);
                QVERIFY2(surely <= truth.lidar_points && truth.lidar_points <= perhaps, qPrintable(QString("%1 to %2 in the box, %3 told").arg(surely).arg(perhaps).arg(truth.lidar_points)));
                points += truth.lidar_points;
            }
        }
        QVERIFY(points > 400 && seen_boxes > 10);
        const std::vector<EvalSample> truth = eval_samples(tables, tables.samples_of("val"));
        QVERIFY(truth.size() == 4 && truth[0].truth.size() > 15);
    }

    void says_what_is_wrong() {
        QTemporaryDir dir;
        const fs::path root = dir.path().toStdString();
        const auto with = [](auto change) {
            StreetOptions o = small();
            change(o);
            return o;
        };
        for (const StreetOptions& wrong : {with([](StreetOptions& o) { o.width = 401; }), with([](StreetOptions& o) { o.width = 3200; }), with([](StreetOptions& o) { o.train_scenes = o.val_scenes = 0; }),
                 with([](StreetOptions& o) { o.train_scenes = -1; }), with([](StreetOptions& o) { o.key_frames = 0; }), with([](StreetOptions& o) { o.jpeg_quality = 0; })})
            QVERIFY(code_of([&] { generate_street(wrong, root / "a"); }) == ErrorCode::invalid_value);
        QVERIFY(code_of([&] { generate_street(small(), {}); }) == ErrorCode::invalid_value);
        fs::create_directories(root / "full");
        write_file(root / "full" / "letter.txt", "mine");
        QVERIFY(code_of([&] { generate_street(small(), root / "full"); }) == ErrorCode::invalid_value);
        QCOMPARE(read_file(root / "full" / "letter.txt", 100), std::string("mine"));
        fs::create_directories(root / "b.part");
        write_file(root / "b.part" / "letter.txt", "mine");
        QVERIFY(code_of([&] { generate_street(small(), root / "b"); }) == ErrorCode::invalid_value);
        QVERIFY(fs::exists(root / "b.part" / "letter.txt"));
        QVERIFY(code_of([&] { generate_street(small(), "/proc/street"); }) == ErrorCode::io);
        // Two at once.
        StreetHooks hooks;
        hooks.progress = [&](int, int, const std::string&) {
            QVERIFY(code_of([&] { generate_street(small(), root / "c"); }) == ErrorCode::busy);
            throw Ended{};
        };
        QVERIFY_THROWS_EXCEPTION(Ended, generate_street(small(), root / "c", hooks));
    }

    void runs_as_a_method() {
        QTemporaryDir dir;
        const Method method = street_method();
        const std::string folder = dir.path().toStdString() + "/street";
        FakeRun run;
        run.set_params(complete_parameters(method.info.parameters, {{"folder", folder}, {"train_scenes", 1}, {"val_scenes", 0}, {"key_frames", 1}}));
        run.cancel_after = 3;
        QVERIFY_THROWS_EXCEPTION(Cancelled, method.run(run));
        QVERIFY(!fs::exists(folder));
        run.cancel_after = -1;
        method.run(run);
        QCOMPARE(run.last_progress, 1.0);
        QCOMPARE(run.summaries.at("pictures"), Json(12));
        const Artifact* scene = run.find("scene");
        QVERIFY(scene && !scene->preview && scene->shape == (std::vector<std::int64_t>{450, 1200, 3}));
        QVERIFY(fs::exists(fs::path(folder) / "v1.0-street" / "sample_annotation.json"));
    }
};

QTEST_GUILESS_MAIN(TestStreet)
#include "test_street.moc"
