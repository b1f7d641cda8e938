// The half of bev without a network: reference files of matrices, pictures, result format and metric; a made-up data set through the loader; bad input.
// (More of metric and result files: test_bev_metric.)
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/engine/registry.h"
#include "errors.h"
#include "fake_run.h"
#include "mini_nuscenes.h"
#include "plugins/bev/engine/alignment.h"
#include "plugins/bev/engine/cases_data.h"
#include "plugins/bev/engine/image_aug.h"
#include "plugins/bev/engine/info_json.h"
#include "plugins/bev/engine/nuscenes_names.h"
#include "plugins/bev/engine/nuscenes_result.h"
#include "plugins/bev/engine/nuscenes_samples.h"
#include "test_data.h"
#include "verify_text.h"
#include <QElapsedTimer>
#include <QTemporaryDir>
#include <QtTest>
#include <opencv2/imgcodecs.hpp>

using namespace lathe;
using namespace lathe::bev;
namespace fs = std::filesystem;

namespace {

double distance(const Vec3& a, const Vec3& b) { return std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]); }

cv::Mat noise_picture(int width, int height) {
    cv::Mat picture(height, width, CV_8UC3);
    cv::RNG random(3);
    random.fill(picture, cv::RNG::UNIFORM, 0, 256);
    return picture;
}

}

class TestBevData : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    int m_number = 0;

    fs::path fresh() { return fs::path(m_folder.path().toStdString()) / ("set" + std::to_string(m_number++)); }
    NuscenesTables loaded(const MiniNuscenes& set) {
        const fs::path root = fresh();
        set.write(root);
        return load_nuscenes(root);
    }

private Q_SLOTS:
    // --- reference files
    void reference_data() {
        QTest::addColumn<QString>("file");
        for (const char* name : {"nusc_eval_b_missing.json", "nusc_result_format.json", "geom_align_f4.safetensors", "geom_image_aug.safetensors"}) QTest::newRow(name) << QString::fromStdString(test_data("bev").string()) + "/" + name;
        const QString large = qEnvironmentVariable("LATHE_SHARED") + "/golden/bev/nusc_eval_a.json";   // too large for tests/data
        if (QFile::exists(large)) QTest::newRow("nusc_eval_a.json") << large;
    }
    void reference() {
        QFETCH(QString, file);
        Registry registry;
        for (auto make : {align_case, image_aug_case, result_case, metric_case}) registry.add(make());
        FakeRun run;
        const VerifyReport report = verify_file(registry, file.toStdString(), {}, run);
        for (const auto& out : report.outputs) qInfo("%s %s %.3g", out.key.c_str(), out.measure.c_str(), out.error);
        QVERIFY2(report.ok, wrong_outputs(report).c_str());
        QVERIFY(!report.outputs.empty());
    }

    // --- tables
    void loads_tables() {
        const NuscenesTables tables = loaded(MiniNuscenes());
        QCOMPARE(tables.version, std::string("v1.0-street"));
        QCOMPARE(tables.channels.size(), std::size_t{6});
        QCOMPARE(tables.channels[2], std::string("CAM_FRONT_LEFT"));
        QCOMPARE(tables.samples.size(), std::size_t{8});
        QCOMPARE(tables.data.size(), std::size_t{8 * 13});   // the radar is left out
        QCOMPARE(tables.samples_of("train").size(), std::size_t{4});
        QCOMPARE(tables.samples_of("val"), (std::vector<int>{4, 5, 6, 7}));
        QCOMPARE(tables.samples_of("street-val-0001").size(), std::size_t{4});
        QVERIFY(has_all(error_of([&] { tables.samples_of("test"); }), {"test"}));
        QCOMPARE(tables.sample_index("sample-5"), 5);

        const SampleInfo info = sample_info(tables, 2);
        QCOMPARE(info.cameras.size(), std::size_t{6});
        QCOMPARE(info.cameras[0].width, 400);
        QCOMPARE(info.cameras[1].file, std::string("samples/CAM_FRONT_RIGHT/2.jpg"));
        QCOMPARE(info.lidar_file, std::string("samples/LIDAR_TOP/2.bin"));
        // The camera looks where it should: its axis z is the lidar's y (forward), its own position 1.5 - 0.94 m ahead and 0.34 m lower.
        const Mat4& front = info.cameras[0].sensor2lidar;
        QVERIFY(std::abs(front(1, 2) - 1) < 1e-3 && std::abs(front(0, 0) - 1) < 1e-3);
        QVERIFY(distance({front(0, 3), front(1, 3), front(2, 3)}, {0, 0.56, -0.34}) < 0.02);
        // A point of the world falls on the same place by the camera's own chain and by the lidar's.
        const Vec3 world{430, 1185, 1};
        for (const CameraInfo& camera : info.cameras) {
            const Vec3 direct = transformed(inverse(camera.ego2global.matrix() * camera.sensor2ego.matrix()), world);
            const Vec3 lidar = transformed(inverse(info.ego2global.matrix() * info.lidar2ego.matrix()), world);
            QVERIFY(distance(direct, transformed(inverse(camera.sensor2lidar), lidar)) < 1e-9);
        }
    }

    void history() {
        const NuscenesTables tables = loaded(MiniNuscenes());
        const SampleInfo info = sample_info(tables, 2), first = sample_info(tables, 0);
        QCOMPARE(info.previous.size(), std::size_t{4});       // 1.0 s of the scene lie before, 0.25 s apart
        QCOMPARE(info.following.size(), std::size_t{3});
        QCOMPARE(info.timestamp - info.previous[1].timestamp, std::int64_t{500'000});
        QCOMPARE(info.previous[0].files[0], std::string("sweeps/CAM_FRONT/1.jpg"));
        QCOMPARE(info.previous[1].files[3], std::string("samples/CAM_BACK/1.jpg"));
        QVERIFY(first.previous.empty());
        QCOMPARE(history_frame(first, 1), &first.following[1]);          // the first sample of a scene looks ahead
        QCOMPARE(history_frame(info, 5), &info.previous[3]);             // clamped to the last
        AlignOptions options;
        const auto poses = image_poses(info, options);
        QCOMPARE(poses.size(), std::size_t{24});
        QCOMPARE(image_files(info, options)[6 + 3], std::string("samples/CAM_BACK/1.jpg"));
        // 2.5 m back after half a second at 5 m/s.
        const Vec3 now{poses[0](0, 3), poses[0](1, 3), poses[0](2, 3)}, then{poses[6](0, 3), poses[6](1, 3), poses[6](2, 3)};
        QVERIFY(std::abs(distance(now, then) - 2.5) < 0.05);
        options.ego_motion = false;
        const auto still = image_poses(info, options);
        QVERIFY(distance({still[6](0, 3), still[6](1, 3), still[6](2, 3)}, now) < 1e-5);
        HistoryRule sparse;
        sparse.spacing = 0.5;
        QCOMPARE(sample_info(tables, 2, sparse).previous.size(), std::size_t{2});
    }

    void true_boxes_of_a_sample() {
        const NuscenesTables tables = loaded(MiniNuscenes());
        const SampleInfo info = sample_info(tables, 0);
        QCOMPARE(info.boxes.size(), std::size_t{2});          // no rack, no animal
        const TrueBox &car = info.boxes[0], &pedestrian = info.boxes[1];
        QCOMPARE(car.label, 0);
        QCOMPARE(pedestrian.label, 7);
        QVERIFY(car.velocity_known && !pedestrian.velocity_known);
        QCOMPARE(car.visibility, 4);
        QVERIFY(std::abs(std::hypot(car.box.vx, car.box.vy) - MiniNuscenes::kSpeed) < 1e-4);
        // Back in the global frame it is the annotation again.
        std::vector<Detection> detections;
        for (const TrueBox& box : info.boxes) detections.push_back({box.box, 0.5f, box.label});
        const auto back = to_global(detections, info.lidar2ego, info.ego2global);
        const auto& annotation = tables.annotations[0];
        QVERIFY(distance(back[0].centre, annotation.centre) < 1e-4);
        QVERIFY(std::abs(yaw_of(back[0].rotation) - yaw_of(annotation.rotation)) < 1e-5);
        QVERIFY(std::abs(back[0].velocity[0] - MiniNuscenes::kSpeed) < 1e-4 && std::abs(back[0].velocity[1]) < 1e-4);
        QCOMPARE(back[0].attribute, attribute_index("vehicle.moving"));
        QCOMPARE(back[1].attribute, attribute_index("pedestrian.standing"));

        const EvalSample sample = eval_sample(tables, 0);
        QCOMPARE(sample.truth.size(), std::size_t{2});
        QCOMPARE(sample.bicycle_racks.size(), std::size_t{1});
        QCOMPARE(sample.truth[0].points, 5);
        QVERIFY(std::isnan(sample.truth[1].velocity[0]));
    }

    void camera_counts_data() {
        QTest::addColumn<int>("count");
        for (const int count : {1, 2, 5, 12}) QTest::addRow("%d", count) << count;
    }
    void camera_counts() {
        QFETCH(int, count);
        const NuscenesTables tables = loaded(MiniNuscenes(count));
        QCOMPARE(sample_info(tables, 1).cameras.size(), static_cast<std::size_t>(count));
        QCOMPARE(image_poses(sample_info(tables, 3), {}).size(), static_cast<std::size_t>(4 * count));
    }

    void official_splits() {
        QCOMPARE(split_of_scene("scene-0103", "v1.0-mini"), std::string("val"));
        QCOMPARE(split_of_scene("scene-0061", "v1.0-mini"), std::string("train"));
        QCOMPARE(split_of_scene("scene-0061", "v1.0-trainval"), std::string("train"));
        QCOMPARE(split_of_scene("scene-0916", "v1.0-trainval"), std::string("val"));
        QCOMPARE(split_of_scene("scene-1059", "v1.0-trainval"), std::string("val"));
        QCOMPARE(split_of_scene("scene-1074", "v1.0-trainval"), std::string("train"));
        QCOMPARE(split_of_scene("scene-0077", "v1.0-test"), std::string("test"));
        MiniNuscenes set;
        const fs::path root = fresh();
        set.write(root);
        write_file(root / "v1.0-street/splits.json", R"({"test": ["street-train-0001"]})");
        QCOMPARE(load_nuscenes(root).samples_of("test").size(), std::size_t{4});
    }

    // --- bad tables: what is wrong, and what the message must name
    void bad_tables_data() {
        QTest::addColumn<QString>("table");
        QTest::addColumn<QString>("token");
        QTest::addColumn<QString>("field");
        QTest::addColumn<QString>("value");      // JSON; empty: the field is taken away
        const auto bad = [](const char* table, const char* token, const char* field, const char* value) { QTest::addRow("%s.%s %s", table, field, value) << table << token << field << value; };
        for (const auto& [table, token, field] : {std::array{"instance", "inst-0", "category_token"}, {"calibrated_sensor", "cal-1", "sensor_token"}, {"scene", "scene-1", "log_token"}, {"sample", "sample-3", "scene_token"},
                 {"sample_data", "data-5", "sample_token"}, {"sample_data", "data-5", "ego_pose_token"}, {"sample_data", "data-5", "calibrated_sensor_token"}, {"sample_annotation", "ann-1", "sample_token"},
                 {"sample_annotation", "ann-1", "instance_token"}, {"sample_annotation", "ann-1", "visibility_token"}, {"sample_annotation", "ann-0", "next"}, {"sample_annotation", "ann-4", "prev"}})
            bad(table, token, field, "\"nowhere\"");
        bad("sample_annotation", "ann-0", "attribute_tokens", "[\"nowhere\"]");
        bad("sample_annotation", "ann-0", "attribute_tokens", "[\"attr-0\", \"attr-0\"]");
        bad("sample_annotation", "ann-0", "next", "\"ann-1\"");
        bad("sample_annotation", "ann-0", "size", "[1, 2]");
        bad("sample_annotation", "ann-0", "size", "[1, 0, 2]");
        bad("sample_annotation", "ann-0", "translation", "[1, null, 2]");
        bad("sample_annotation", "ann-0", "rotation", "[0, 0, 0, 0]");
        bad("sample_annotation", "ann-0", "num_lidar_pts", "\"many\"");
        bad("sample_annotation", "ann-0", "translation", "");
        bad("sample_data", "data-5", "width", "0");
        bad("sample_data", "data-5", "height", "-3");
        bad("sample_data", "data-5", "timestamp", "1.5");
        bad("sample_data", "data-5", "is_key_frame", "1");
        bad("sample_data", "data-5", "filename", "");
        bad("sample_data", "data-3", "is_key_frame", "true");
        bad("calibrated_sensor", "cal-0", "camera_intrinsic", "[]");
        bad("calibrated_sensor", "cal-0", "camera_intrinsic", "[[0, 0, 0], [0, 0, 0], [0, 0, 1]]");
        bad("calibrated_sensor", "cal-0", "rotation", "[1, 0, 0]");
        bad("ego_pose", "pose-2", "rotation", "[0, 0, 0, 0]");
        bad("ego_pose", "pose-2", "translation", "[1, 2, \"three\"]");
        bad("attribute", "attr-0", "name", "\"vehicle.flying\"");
        bad("scene", "scene-0", "name", "7");
    }
    void bad_tables() {
        QFETCH(QString, table);
        QFETCH(QString, token);
        QFETCH(QString, field);
        QFETCH(QString, value);
        MiniNuscenes set;
        Json& row = set.row(table.toStdString(), token.toStdString());
        if (value.isEmpty()) row.erase(field.toStdString());
        else row[field.toStdString()] = Json::parse(value.toStdString());
        const std::string text = error_of([&] { loaded(set); });
        QVERIFY2(has_all(text, {table + ".json", token, field}), text.c_str());
    }

    void missing_and_damaged_tables() {
        for (const auto& [name, rows] : MiniNuscenes().tables) {
            if (name == "map") continue;   // the detector never looks at it
            MiniNuscenes set;
            set.tables.erase(name);
            const std::string text = error_of([&] { loaded(set); });
            QVERIFY2(has_all(text, {QString::fromStdString(name) + ".json", "missing"}), text.c_str());
        }
        const auto spoilt = [&](const std::string& content) {
            const fs::path root = fresh();
            MiniNuscenes().write(root);
            std::ofstream(root / "v1.0-street/sample_data.json", std::ios::trunc) << content;
            return error_of([&] { load_nuscenes(root); });
        };
        const std::string whole = MiniNuscenes().tables.at("sample_data").dump();
        QVERIFY(has_all(spoilt(whole.substr(0, whole.size() / 2)), {"sample_data.json", "ends too early", "byte"}));
        QVERIFY(has_all(spoilt(""), {"sample_data.json", "empty"}));
        QVERIFY(has_all(spoilt("{}"), {"sample_data.json", "list"}));
        QVERIFY(has_all(spoilt("[1, 2]"), {"sample_data.json", "row"}));
        QVERIFY(has_all(spoilt("[{\"token\": \"a\", \"token\": \"b\"}]"), {"sample_data.json", "twice"}));
        QVERIFY(has_all(spoilt("[{\"x\": " + std::string(100'000, '[') + std::string(100'000, ']') + "}]"), {"sample_data.json", "deep"}));
        MiniNuscenes twice;
        twice.tables["sample"].push_back(twice.tables["sample"][0]);
        QVERIFY(has_all(error_of([&] { loaded(twice); }), {"sample.json", "sample-0", "token"}));
    }

    void bad_sets() {
        QVERIFY(has_all(error_of([&] { load_nuscenes(fresh()); }), {"set"}));
        const fs::path root = fresh();
        MiniNuscenes().write(root, "v1.0-mini");
        MiniNuscenes().write(root, "v1.0-street");
        QVERIFY(has_all(error_of([&] { load_nuscenes(root); }), {"v1.0-mini", "v1.0-street"}));
        QCOMPARE(load_nuscenes(root, "v1.0-mini").version, std::string("v1.0-mini"));
        QCOMPARE(load_nuscenes(root / "v1.0-street").root, root);
        QVERIFY(has_all(error_of([&] { loaded(MiniNuscenes(13)); }), {"13 cameras"}));
        QVERIFY(has_all(error_of([&] { loaded(MiniNuscenes(0)); }), {"0 cameras"}));
        for (const char* channel : {"CAM_BACK", "LIDAR_TOP"}) {
            MiniNuscenes set;
            for (Json& row : set.tables["sample_data"])
                if (row.at("sample_token") == "sample-1" && row.at("filename").get<std::string>().find("samples/" + std::string(channel) + "/") == 0) row["is_key_frame"] = false;
            const NuscenesTables tables = loaded(set);
            QVERIFY(has_all(error_of([&] { sample_info(tables, 1); }), {channel, "sample-1"}));
            QVERIFY(error_of([&] { sample_info(tables, 0); }).empty());
        }
    }

    void loading_can_be_ended() {
        const fs::path root = fresh();
        MiniNuscenes().write(root);
        QStringList seen;
        QVERIFY_THROWS_EXCEPTION(Ended, load_nuscenes(root, {}, [&](std::string_view table) {
            seen.append(QString::fromUtf8(table.data(), static_cast<qsizetype>(table.size())));
            if (table == "sample_data") throw Ended();
        }));
        QVERIFY(seen.contains("scene") && !seen.contains("sample_annotation"));
    }

    void info_records() {
        const Json good = parse_json(read_file(test_data("bev") / "geom_align_f4_info.json", 1u << 20), "info");
        QCOMPARE(sample_info_from(good, "info").cameras.size(), std::size_t{6});
        Json boxes = good;
        boxes["gt_boxes"] = {{1, 2, 3, 1.9, 4.6, 1.6, 0.5}, {1, 2, 3, 1, 1, 1, 0}};
        boxes["gt_names"] = {"car", "animal"};
        boxes["gt_velocity"] = {{1, 2}, {0, 0}};
        const SampleInfo info = sample_info_from(boxes, "info");
        QCOMPARE(info.boxes.size(), std::size_t{1});
        QCOMPARE(info.boxes[0].box.z, 3 - 0.8f);
        QCOMPARE(info.boxes[0].box.vy, static_cast<float>(2 + good["velo"][1].get<double>()));   // relative in the file
        for (const char* key : {"token", "cams", "lidar2ego_rotation", "ego2global_translation"}) {
            Json bad = good;
            bad.erase(key);
            QVERIFY(has_all(error_of([&] { sample_info_from(bad, "info.json"); }), {"info.json", key}));
        }
        Json bad = good;
        bad["cams"]["CAM_BACK"]["cam_intrinsic"] = {1, 2};
        QVERIFY(has_all(error_of([&] { sample_info_from(bad, "info.json"); }), {"CAM_BACK", "cam_intrinsic"}));
        bad = good;
        bad["prev"][3]["cams"].erase("CAM_FRONT_LEFT");
        QVERIFY(has_all(error_of([&] { sample_info_from(bad, "info.json"); }), {"prev", "[3]", "CAM_FRONT_LEFT"}));
    }

    // --- matrices
    void augmentations_agree() {
        // The augmented box's corners through the augmented matrix fall where the plain corners' pixels go by the image's own matrix.
        const NuscenesTables tables = loaded(MiniNuscenes());
        const SampleInfo info = sample_info(tables, 2);
        Draws draws(11);
        for (int round = 0; round < 20; ++round) {
            AlignOptions plain, turned;
            turned.bev = draw_bev_augmentation(draws);
            turned.bev.scale = 1.04;
            const ImageAugmentation image = draw_image_augmentation(draws, 400, 225, 256, 96);
            const ImageMatrix matrix = matrix_of(image);
            const auto before = image_poses(info, plain), after = image_poses(info, turned);
            for (std::size_t i = 0; i < before.size(); ++i) {
                const Mat3& k = info.cameras[i % 6].intrinsic;
                const Mat4 a = lidar2img(before[i], k), b = lidar2img(after[i], k, matrix);
                const Vec3 corner{12.0 + round, 20, 1}, moved = transformed(turned.bev.matrix(), corner);
                const Vec3 p = transformed(a, corner), q = transformed(b, moved);
                QVERIFY(std::abs(p[2] - q[2]) < 1e-4 * (1 + std::abs(p[2])));
                const Vec3 there = matrix.turn * Vec3{p[0] / p[2], p[1] / p[2], 0};
                QVERIFY(std::abs(there[0] + matrix.shift[0] - q[0] / q[2]) < 1e-2 && std::abs(there[1] + matrix.shift[1] - q[1] / q[2]) < 1e-2);
            }
            const Box box = info.boxes[0].box, made = turned.bev.applied(box);
            for (std::size_t c = 0; c < 8; ++c) {
                const auto from = corners(box)[c];
                const Vec3 want = transformed(turned.bev.matrix(), {from[0], from[1], from[2]});
                double best = 1e9;   // a mirrored box has its corners in another order
                for (const auto& got : corners(made)) best = std::min(best, distance(want, {got[0], got[1], got[2]}));
                QVERIFY2(best < 1e-3, std::to_string(best).c_str());
            }
        }
        AlignOptions singular;
        singular.bev.scale = 0;
        QVERIFY(!error_of([&] { lidar2img(image_poses(info, singular)[0], info.cameras[0].intrinsic); }).empty());
        BevAugmentation far;
        far.shift = {200, 0, 0};
        QVERIFY(training_boxes(info.boxes, far).empty());
        QCOMPARE(training_boxes(info.boxes, {}).size(), info.boxes.size());
    }

    void calibration_experiments() {
        const NuscenesTables tables = loaded(MiniNuscenes());
        const SampleInfo info = sample_info(tables, 2);
        AlignOptions options;
        options.history = {};
        const auto plain = image_poses(info, options);
        QCOMPARE(plain.size(), std::size_t{6});
        options.static_calibration = true;
        const auto fixed = image_poses(info, options);
        // CAM_BACK_RIGHT is exposed 35 ms before the lidar's moment: 0.175 m at 5 m/s.
        QVERIFY(std::abs(distance({plain[5](0, 3), plain[5](1, 3), plain[5](2, 3)}, {fixed[5](0, 3), fixed[5](1, 3), fixed[5](2, 3)}) - 0.175) < 0.01);
        options.static_calibration = false;
        options.noise.assign(6, {});
        QCOMPARE(image_poses(info, options)[4].m, plain[4].m);
        options.noise[4] = {{0, 2, 0}, {0.1, 0, 0}};
        const auto noisy = image_poses(info, options);
        QCOMPARE(noisy[3].m, plain[3].m);
        const Mat4 between = inverse(plain[4]) * noisy[4];
        QVERIFY(std::abs(std::acos(between(0, 0)) * 180 / std::numbers::pi - 2) < 1e-6);
        QVERIFY(std::abs(between(0, 3) - 0.1) < 1e-9);
        options.noise.resize(3);
        QVERIFY(has_all(error_of([&] { image_poses(info, options); }), {"3 cameras"}));
        QCOMPARE(draw_noise(1, 0.1, 5).degrees, draw_noise(1, 0.1, 5).degrees);
        QVERIFY(draw_noise(1, 0.1, 5).degrees != draw_noise(1, 0.1, 6).degrees);
        QCOMPARE(draw_noise(0, 0, 5).metres, Vec3{});
    }

    // --- pictures
    void picture_operations() {
        const cv::Mat noise = noise_picture(40, 24);
        const Picture picture{40, 24, {noise.datastart, noise.dataend}};
        QCOMPARE(resized(picture, 40, 24, 0, 0, 40, 24).rgb, picture.rgb);
        const Picture whole = resized(picture, 20, 12, 0, 0, 20, 12), window = resized(picture, 20, 12, -3, 4, 12, 20);
        for (int y = 0; y < 20; ++y)
            for (int x = 0; x < 12; ++x) {
                const bool in = x - 3 >= 0 && y + 4 < 12;
                for (int c = 0; c < 3; ++c) QCOMPARE(window.row(y)[x * 3 + c], in ? whole.row(y + 4)[(x - 3) * 3 + c] : std::uint8_t{0});
            }
        QCOMPARE(resized(picture, 20, 12, 50, 50, 4, 4).rgb, std::vector<std::uint8_t>(48, 0));
        const Picture half = rotated(picture, 180);
        for (int x = 0; x < 40; ++x) QCOMPARE(half.row(0)[x * 3 + 1], picture.row(23)[(39 - x) * 3 + 1]);
        const ImageAugmentation m0 = test_augmentation(1600, 900, 704, 256);
        QCOMPARE(m0.height, 396);
        QCOMPARE(m0.top, 70);
        QCOMPARE(m0.left, 0);
        QVERIFY(!error_of([&] { resized(picture, 0, 5, 0, 0, 5, 5); }).empty());
        std::vector<float> planar(3 * 40 * 24), last(planar.size());
        normalise(picture, planar.data());
        normalise(picture, last.data(), true);
        QCOMPARE(planar[40 * 24 * 2 + 7], last[7 * 3 + 2]);
        QVERIFY(std::abs(planar[0] - (picture.rgb[0] - 123.675f) / 58.395f) < 1e-5f);
    }

    void picture_files() {
        const fs::path jpeg = fresh().string() + ".jpg", png = fresh().string() + ".png";
        const cv::Mat noise = noise_picture(64, 48);
        cv::imwrite(jpeg.string(), noise);
        cv::imwrite(png.string(), noise);
        const Picture read = read_picture(png, 64, 48);
        QCOMPARE(read.rgb[0], noise.data[2]);   // OpenCV holds B, G, R
        QCOMPARE(read_picture(jpeg).width, 64);
        const auto name = QString::fromStdString(jpeg.filename().string());
        QVERIFY(has_all(error_of([&] { read_picture(jpeg, 1600, 900); }), {name, "64 x 48", "1600 x 900"}));
        QVERIFY(!error_of([&] { read_picture(fresh()); }).empty());
        for (const fs::path& file : {jpeg, png}) {
            const std::string bytes = read_file(file, 1u << 20);
            const fs::path cut = fresh();
            for (const std::size_t size : {std::size_t{0}, std::size_t{3}, std::size_t{20}, bytes.size() / 2, bytes.size() - 20}) {
                write_file(cut, bytes.substr(0, size));
                QVERIFY2(has_all(error_of([&] { read_picture(cut); }), {QString::fromStdString(cut.filename().string())}), std::to_string(size).c_str());
            }
        }
        std::string huge = read_file(png, 1u << 20);
        huge[16] = 1;   // 16 million pixels wide
        const fs::path large = fresh();
        write_file(large, huge);
        QVERIFY(has_all(error_of([&] { read_picture(large); }), {"64 million"}));
    }

    void picture_speed() {
        const cv::Mat noise = noise_picture(1600, 900);
        const Picture picture{1600, 900, {noise.datastart, noise.dataend}};
        std::vector<float> out(3 * 704 * 256);
        QElapsedTimer timer;
        timer.start();
        const Picture made = augmented(picture, test_augmentation(1600, 900, 704, 256));
        const auto resize = timer.nsecsElapsed();
        normalise(made, out.data(), true);
        qInfo("1600 x 900 to 704 x 256 in %.1f ms, normalised in %.1f ms", static_cast<double>(resize) * 1e-6, static_cast<double>(timer.nsecsElapsed() - resize) * 1e-6);
        QCOMPARE(made.width, 704);
    }
};

QTEST_GUILESS_MAIN(TestBevData)
#include "test_bev_data.moc"
