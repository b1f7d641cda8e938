// bev.detect and bev.describe on a small data set: what is told, in which order, and what rules, calibration and frames do to it.
#include "bev_fixture.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include <ATen/ATen.h>
#include <QtTest>
#include <c10/core/InferenceMode.h>
#include <cmath>
#include <fstream>
#include <set>

using namespace lathe;
using namespace lathe::bev;
namespace fs = std::filesystem;

namespace {

/// Counts the runs of the image network and notes what had been told when it began.
struct Watch : Tap {
    explicit Watch(const FakeRun& r) : run(r) {}
    bool wants(const LayerInfo& layer) override { return layer.name == "backbone.conv1"; }
    Flow enter(int, TensorRefs, at::Tensor&) override {
        if (runs++ == 0)
            for (const Artifact& a : run.artifacts) told.insert(a.key);
        return Flow::run;
    }
    const FakeRun& run;
    int runs = 0;
    std::set<std::string> told;
};

std::string text_of(const FakeRun& run, const char* key) { return *run.find(key)->bytes; }
Json boxes_of(const FakeRun& run, const char* key) { return Json::parse(text_of(run, key)).at("boxes"); }
std::array<float, 16> matrix_of(const FakeRun& run, const std::string& camera) { return run.find("image." + camera)->meta.at("lidar2img").get<std::array<float, 16>>(); }
std::array<double, 2> pixel_of(const std::array<float, 16>& m, const Vec3& p) {
    std::array<double, 3> out{};
    for (std::size_t i = 0; i < 3; ++i) out[i] = m[4 * i] * p[0] + m[4 * i + 1] * p[1] + m[4 * i + 2] * p[2] + m[4 * i + 3];
    return {out[0] / out[2], out[1] / out[2]};
}

Mat3 about(int axis, double degrees) {
    const double c = std::cos(degrees * kPi / 180), s = std::sin(degrees * kPi / 180);
    Mat3 r;
    const int i = (axis + 1) % 3, j = (axis + 2) % 3;
    r(i, i) = r(j, j) = c;
    r(i, j) = -s;
    r(j, i) = s;
    return r;
}

Json offsets(const Json& rows) { return {{"columns", {"camera", "yaw °", "pitch °", "roll °", "right m", "up m", "forward m"}}, {"rows", rows}}; }

}

class TestBevDetect : public QObject {
    Q_OBJECT
    std::unique_ptr<BevFixture> m_bev;
    std::string m_model;
    Method m_detect = detect_method();

    FakeRun detect(const Json& given) { return m_bev->run(m_detect, given, m_model); }
    SampleInfo sample(int index) const { return sample_info(load_nuscenes(m_bev->folder()), index); }

private Q_SLOTS:
    void initTestCase() {
        m_bev = std::make_unique<BevFixture>();
        m_model = m_bev->model(1);
    }

    void the_view_comes_before_the_image_network() {
        FakeRun run;
        m_bev->prepare(run, m_detect, {{"sample", 3}}, m_bev->model(11));
        const auto watch = std::make_shared<Watch>(run);
        run.taps().add(watch);
        m_detect.run(run);
        QCOMPARE(watch->runs, 3);
        for (const char* key : {"truth", "image.CAM_FRONT", "image.CAM_BACK_RIGHT", "lidar", "history", "view.camera", "view.seen", "view.lut", "coverage.cameras", "coverage.heights"}) QVERIFY2(watch->told.contains(key), key);
        std::vector<std::string> keys;
        for (const Artifact& a : run.artifacts) keys.push_back(a.key);
        const auto place = [&keys](const char* key) { return std::ranges::find(keys, key) - keys.begin(); };
        QCOMPARE(place("truth"), 0);
        QVERIFY(place("view.lut") < place("view.magnitude") && place("view.magnitude") < place("heat") && place("heat") < place("boxes") && place("boxes") < place("matches") && place("matches") < place("stages"));
        QCOMPARE(std::set<std::string>(keys.begin(), keys.end()).size(), keys.size());
        QCOMPARE(run.summaries.at("scene").get<std::string>(), std::string("street-val-0001"));
        QCOMPARE(run.summaries.at("sample").get<std::string>(), std::string("sample-7"));
        QVERIFY(run.summaries.at("timestamp").is_number_integer());
    }

    void voxels_are_dense_and_agree_data() {
        QTest::addColumn<QString>("overlap");
        for (const char* overlap : {"last", "first", "average"}) QTest::newRow(overlap) << overlap;
    }
    void voxels_are_dense_and_agree() {
        QFETCH(QString, overlap);
        const DetectorConfig c = BevFixture::config();
        const FakeRun run = detect({{"sample", 2}, {"overlap", overlap.toStdString()}, {"show_channel", 5}, {"show_frame", 1}, {"voxel", {4, 9, 1}}});
        const std::vector<std::int64_t> grid{20, 18, 3};
        const at::Tensor camera = run.tensor("view.camera"), seen = run.tensor("view.seen"), lut = run.tensor("view.lut"), magnitude = run.tensor("view.magnitude"), channel = run.tensor("view.channel"),
            difference = run.tensor("view.difference");
        for (const at::Tensor& t : {camera, seen, lut, magnitude, channel, difference}) QCOMPARE(t.sizes().vec(), grid);
        QCOMPARE(camera.scalar_type(), at::kByte);
        QCOMPARE(lut.scalar_type(), at::kInt);
        const Json& meta = run.find("view.camera")->meta;
        QCOMPARE(meta.at("feature"), Json({8, 16}));
        QCOMPARE(meta.at("stride"), Json(4));
        QCOMPARE(meta.at("image"), Json({32, 64}));
        QCOMPARE(meta.at("changed"), Json(0));
        QCOMPARE(meta.at("cameras").size(), std::size_t{6});
        QCOMPARE(meta.at("origin").at(0).get<double>(), -20.0);
        QVERIFY((lut >= 0).any().item<bool>() && (lut < 0).any().item<bool>());
        QVERIFY(at::equal(camera == 255, lut < 0) && at::equal(seen == 0, lut < 0) && at::equal(magnitude.isnan(), lut < 0) && at::equal(channel.isnan(), lut < 0));
        QVERIFY(at::equal(camera.masked_select(lut >= 0).to(at::kInt), lut.masked_select(lut >= 0).floor_divide(8 * 16)));

        // The same from the whole volume, as the encoder gets it.
        const c10::InferenceMode guard;
        const auto file = open_tensors(m_model);
        const auto net = std::dynamic_pointer_cast<Detector>(make_family()->load(*file, Json::object()));
        PictureCache pictures(1 << 24);
        FrameCache frames(1 << 24);
        Experiment experiment;
        experiment.rules.overlap = overlap == "last" ? Overlap::last : overlap == "first" ? Overlap::first : Overlap::average;
        at::Tensor volume, bev;
        StageHooks hooks;
        hooks.featured = [&](const Result& r) {
            std::vector<std::vector<at::Tensor>> features;
            for (const auto& frame : r.frames) features.push_back(frame->features);
            volume = net->folded(features, r.tables, experiment.rules.overlap);
        };
        const Result r = run_sample(*net, sample(6), experiment, {m_bev->folder(), pictures, frames, "test"}, nullptr, hooks);
        const at::Tensor slots = volume.permute({0, 2, 3, 1}).reshape({20, 18, 3, 3, c.fpn_channels}), now = slots.select(3, 0), then = slots.select(3, 1);
        const auto same = [](const at::Tensor& shown, const at::Tensor& want) { return at::allclose(shown.masked_select(~shown.isnan()), want.masked_select(~shown.isnan()), 1e-4, 1e-5); };
        QVERIFY(same(magnitude, then.norm(2, -1)));
        QVERIFY(same(channel, then.select(-1, 5)));
        QVERIFY(same(difference, (then - now).norm(2, -1)));
        const at::Tensor vector = run.tensor("voxel.feature");
        QVERIFY(vector.numel() == (lut[4][9][1].item<int>() < 0 ? 0 : c.fpn_channels));
        if (vector.numel()) QVERIFY(at::allclose(vector, then[4][9][1], 1e-4, 1e-5));
        QCOMPARE(run.tensor("heat").sizes().vec(), (std::vector<std::int64_t>{10, 9, 10}));
        QVERIFY(at::allclose(run.tensor("bev.magnitude"), r.bev[0].norm(2, 0).t()));
    }

    void an_unseen_voxel_has_no_feature() {
        const at::Tensor lut = detect({}).tensor("view.lut"), unseen = at::nonzero(lut < 0)[0];
        const FakeRun run = detect({{"voxel", {unseen[0].item<int>(), unseen[1].item<int>(), unseen[2].item<int>()}}});
        QCOMPARE(run.tensor("voxel.feature").numel(), std::int64_t{0});
        QVERIFY(!run.find("view.channel") && !run.find("view.difference"));
    }

    void an_offset_is_its_matrix() {
        const FakeRun plain = detect({{"show_frame", 1}}), moved = detect({{"show_frame", 1}, {"calibration", offsets({{"CAM_BACK", 3, -2, 1.5, 0.1, 0.2, -0.3}})}});
        SampleInfo info = sample(4);
        info.cameras[3].sensor2lidar = info.cameras[3].sensor2lidar * rigid(about(2, 1.5) * about(1, -3) * about(0, -2), {0.1, -0.2, -0.3});
        AlignOptions align;
        align.history = history_entries(3);
        Detector net(BevFixture::config());
        const ViewTables want = net.tables(test_matrices(info, BevFixture::config(), align), {});
        QVERIFY(at::equal(moved.tensor("view.lut"), want.levels[0].luts[1]));
        QVERIFY(!at::equal(moved.tensor("view.lut"), plain.tensor("view.lut")));
        QCOMPARE(moved.find("view.camera")->meta.at("changed").get<std::int64_t>(), (moved.tensor("view.camera") != plain.tensor("view.camera")).sum().item<std::int64_t>());
        QVERIFY(moved.find("view.camera")->meta.at("changed") > 0);
        QVERIFY(matrix_of(moved, "CAM_FRONT") == matrix_of(plain, "CAM_FRONT"));
        QVERIFY(text_of(moved, "heat") != text_of(plain, "heat"));
    }
    void offsets_go_where_they_say() {
        // 20 m ahead of the front camera, and beside that; lidar frame.
        const Vec3 ahead{0, 20, -0.3}, beside{5, 20, -0.3};
        const auto seen = [&](std::size_t column, double by, const Vec3& p) {
            Json row{"CAM_FRONT", 0, 0, 0, 0, 0, 0};
            row[column] = by;
            return pixel_of(matrix_of(detect({{"calibration", offsets(Json::array({row}))}}), "CAM_FRONT"), p);
        };
        const auto [u, v] = seen(1, 0, ahead);
        QVERIFY(seen(1, 5, ahead)[0] > u + 1);         // turned to the left: things move to the right
        QVERIFY(seen(2, 5, ahead)[1] > v + 1);         // turned up: things move down
        QVERIFY(seen(3, 10, beside)[1] < seen(3, 0, beside)[1] - 1);   // rolled clockwise: what is right of the middle rises
        QVERIFY(seen(4, 1, ahead)[0] < u - 1);
        QVERIFY(seen(5, 1, ahead)[1] > v + 1);
        QVERIFY(seen(6, 5, beside)[0] > seen(6, 0, beside)[0] + 1);
    }

    void features_are_kept_while_files_and_weights_are() {
        const std::string model = m_bev->model(21);
        const auto counted = [&](const Json& given) {
            FakeRun run;
            m_bev->prepare(run, m_detect, given, model);
            const auto watch = std::make_shared<Watch>(run);
            run.taps().add(watch);
            m_detect.run(run);
            return std::pair{watch->runs, text_of(run, "boxes")};
        };
        const auto [first, boxes] = counted({{"sample", 3}});
        QCOMPARE(first, 3);
        const auto [again, same] = counted({{"sample", 3}});
        QCOMPARE(again, 0);
        QCOMPARE(same, boxes);
        QVERIFY(boxes_of(detect({{"sample", 3}}), "boxes").dump() != Json::parse(boxes).at("boxes").dump());   // other weights
        QCOMPARE(counted({{"sample", 3}, {"overlap", "first"}, {"noise_degrees", 1}, {"frames", 2}}).first, 0);
        QCOMPARE(counted({{"sample", 2}}).first, 1);   // two of its frames were the history of the other sample
        const fs::path file = m_bev->folder() / "samples/CAM_FRONT/7.jpg";
        const std::string bytes = read_file(file, 1 << 24);
        fs::copy_file(m_bev->folder() / "samples/CAM_FRONT/1.jpg", file, fs::copy_options::overwrite_existing);
        fs::last_write_time(file, fs::last_write_time(file) + std::chrono::seconds(5));
        const auto [changed, others] = counted({{"sample", 3}});
        QCOMPARE(changed, 1);
        QVERIFY(others != boxes);
        std::ofstream(file) << bytes;
    }
    void a_budget_is_kept() {
        FrameCache cache(1000);
        const auto fill = [&](const std::string& key, std::size_t bytes) {
            const auto frame = cache.at(key);
            frame->pictures = {Picture{1, 1, std::vector<std::uint8_t>(bytes)}};
            cache.trim();
            return frame;
        };
        const auto a = fill("a", 400);
        fill("b", 400);
        QCOMPARE(cache.at("a"), a);
        fill("c", 400);                                 // b has not been asked for longest
        QCOMPARE(cache.size(), std::size_t{2});
        QCOMPARE(cache.at("a"), a);
        QVERIFY(cache.at("b")->pictures.empty());
        fill("d", 5000);
        QCOMPARE(cache.size(), std::size_t{0});
    }

    void fewer_frames_repeat_the_last() {
        const FakeRun all = detect({{"sample", 3}, {"show_frame", 2}}), one = detect({{"sample", 3}, {"show_frame", 2}, {"frames", 1}}), two = detect({{"sample", 3}, {"show_frame", 2}, {"frames", 2}}),
                      second = detect({{"sample", 3}, {"show_frame", 1}}), full = detect({{"sample", 3}, {"show_frame", 2}, {"frames", 3}}), many = detect({{"sample", 3}, {"show_frame", 2}, {"frames", 16}});
        QVERIFY(at::equal(two.tensor("view.lut"), second.tensor("view.lut")));
        QVERIFY(at::equal(one.tensor("view.lut"), detect({{"sample", 3}}).tensor("view.lut")));
        QVERIFY(!at::equal(all.tensor("view.lut"), two.tensor("view.lut")));
        const at::Tensor none = one.tensor("view.difference"), some = all.tensor("view.difference");
        QVERIFY(none.masked_select(~none.isnan()).abs().max().item<double>() == 0);
        QVERIFY(some.masked_select(~some.isnan()).max().item<double>() > 0);
        for (const auto& row : rows_of_table(*one.find("history"))) QCOMPARE(std::stod(row[2]) + std::stod(row[3]), 0.0);
        const auto history = rows_of_table(*all.find("history"));
        QCOMPARE(history.size(), std::size_t{3});
        QCOMPARE(std::stod(history[1][1]), 0.5);
        QVERIFY(std::abs(std::hypot(std::stod(history[1][2]), std::stod(history[1][3])) - 2.5) < 0.05);   // at 5 m/s
        QCOMPARE(text_of(full, "boxes"), text_of(all, "boxes"));
        QCOMPARE(text_of(many, "boxes"), text_of(all, "boxes"));
    }

    void a_dropped_camera_sees_nothing() {
        for (const char* overlap : {"last", "first", "average"}) {
            const FakeRun all = detect({{"overlap", overlap}}), run = detect({{"overlap", overlap}, {"dropped", {"CAM_FRONT_LEFT"}}});
            QVERIFY(!(run.tensor("view.camera") == 2).any().item<bool>());
            QVERIFY((all.tensor("view.camera") == 2).any().item<bool>());
            const at::Tensor gone = all.tensor("view.seen").to(at::kInt) - run.tensor("view.seen").to(at::kInt);
            QVERIFY((gone >= 0).all().item<bool>() && (gone <= 1).all().item<bool>() && gone.any().item<bool>());
            QVERIFY(text_of(all, "heat") != text_of(run, "heat"));
        }
    }

    void matches_are_the_metrics() {
        const FakeRun run = detect({{"split", "train"}, {"score_threshold", 0.01}});
        const Json boxes = boxes_of(run, "boxes"), truth = boxes_of(run, "truth");
        const auto rows = rows_of_table(*run.find("matches")), candidates = rows_of_table(*run.find("candidates"));
        QCOMPARE(rows.size(), boxes.size());
        std::set<std::string> used;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const Json& box = boxes[i];
            const auto& candidate = candidates.at(box.at("candidate").get<std::size_t>());
            QCOMPARE(candidate[0], box.at("class").get<std::string>());
            QCOMPARE(candidate[4], std::string("true"));
            if (rows[i][3].empty()) {
                QCOMPARE(rows[i][4], std::string("nan"));
                continue;
            }
            QVERIFY(used.insert(rows[i][3]).second);
            const Json& t = *std::ranges::find_if(truth, [&](const Json& one) { return one.at("token") == rows[i][3]; });
            QCOMPARE(t.at("class"), box.at("class"));
            const double distance = std::hypot(t.at("center")[0].get<double>() - box.at("center")[0].get<double>(), t.at("center")[1].get<double>() - box.at("center")[1].get<double>());
            QVERIFY(distance < 2 && std::abs(distance - std::stod(rows[i][4])) < 1e-4);
            QVERIFY(std::stod(rows[i][5]) > 0 && std::stod(rows[i][5]) < 1 && std::stod(rows[i][6]) >= 0 && std::stod(rows[i][6]) <= kPi);
        }
        QVERIFY(!used.empty());
    }

    void lidar_points() {
        QCOMPARE(detect({}).tensor("lidar").sizes().vec(), (std::vector<std::int64_t>{0, 4}));
        const fs::path file = m_bev->folder() / "samples/LIDAR_TOP/4.bin";
        fs::create_directories(file.parent_path());
        const std::vector<float> points{1, 2, 3, 40, 7, std::nanf(""), 0, 0, 0, 0, -1, -2, -3, 4, 0};
        std::ofstream(file, std::ios::binary).write(reinterpret_cast<const char*>(points.data()), static_cast<std::streamsize>(points.size() * sizeof(float)));
        QVERIFY(at::equal(detect({}).tensor("lidar"), at::tensor({1.f, 2.f, 3.f, 40.f, -1.f, -2.f, -3.f, 4.f}).view({2, 4})));
        fs::resize_file(file, 27);
        const FakeRun cut = detect({});
        QCOMPARE(cut.tensor("lidar").numel(), std::int64_t{0});
        QVERIFY(cut.logs.size() == 1 && cut.logs[0].find("4.bin") != std::string::npos);
        QVERIFY(cut.find("boxes"));
    }

    void what_is_not_there_is_refused_data() {
        QTest::addColumn<QString>("params");
        QTest::addColumn<QString>("word");   // somewhere in the message
        const auto add = [](const Json& params, const char* word) { QTest::newRow(params.dump().c_str()) << QString::fromStdString(params.dump()) << word; };
        add({{"calibration", offsets({{"CAM_TOP", 1, 0, 0, 0, 0, 0}})}}, "CAM_FRONT");
        add({{"calibration", offsets({{"CAM_BACK", 1, 0, 0, 0, 0, 0}, {"CAM_BACK", 0, 0, 0, 0, 0, 0}})}}, "CAM_BACK");
        add({{"calibration", offsets({{"CAM_BACK", "nan", 0, 0, 0, 0, 0}})}}, "CAM_BACK");
        add({{"dropped", {"CAM_TOP"}}}, "CAM_FRONT");
        add({{"voxel", {20, 0, 0}}}, "voxel");
        add({{"voxel", {0, -1, 0}}}, "voxel");
        add({{"voxel", {0, 0.5, 0}}}, "voxel");
        add({{"voxel", {0, 0}}}, "voxel");
        add({{"show_frame", 3}}, "show_frame");
        add({{"show_channel", 8}}, "show_channel");
        add({{"sample", 4}}, "sample");
        add({{"split", "nowhere"}}, "nowhere");
    }
    void what_is_not_there_is_refused() {
        QFETCH(QString, params);
        QFETCH(QString, word);
        try {
            detect(Json::parse(params.toStdString()));
        } catch (const Error& error) {
            const std::string told = std::string(error.summary()) + " " + std::string(error.where()) + " " + std::string(error.hint());
            QVERIFY2(told.find(word.toStdString()) != std::string::npos, told.c_str());
            return;
        }
        QFAIL("not refused");
    }

    void a_run_can_be_cancelled_anywhere() {
        const std::string model = m_bev->model(31);
        FakeRun whole;
        m_bev->prepare(whole, m_detect, {{"sample", 1}}, model);
        whole.cancel_after = 1'000'000;
        m_detect.run(whole);
        const int looks = whole.looks();
        QVERIFY(looks > 30);
        for (const int after : {0, 1, 5, looks / 2, looks - 1}) {
            const std::string fresh = m_bev->model(40 + static_cast<std::uint64_t>(after));
            FakeRun run;
            m_bev->prepare(run, m_detect, {{"sample", 1}}, fresh);
            run.cancel_after = after;
            QVERIFY_THROWS_EXCEPTION(Cancelled, m_detect.run(run));
            QVERIFY(!run.find("boxes"));
            const FakeRun after_it = m_bev->run(m_detect, {{"sample", 1}}, fresh);
            QVERIFY(after_it.find("boxes"));
        }
    }

    void describe_tells_either() {
        const Method describe = describe_method();
        FakeRun none;
        QVERIFY_THROWS_EXCEPTION(Error, describe.run(none));
        const FakeRun data = m_bev->run(describe, Json::object(), {});
        QVERIFY(!data.summaries.contains("model"));
        const Json& scene = data.summaries.at("data").at("scenes").at(1);
        QCOMPARE(scene.at("name").get<std::string>(), std::string("street-val-0001"));
        QCOMPARE(scene.at("split").get<std::string>(), std::string("val"));
        QCOMPARE(scene.at("samples").get<int>(), 4);
        QVERIFY(std::abs(scene.at("times").at(3).get<double>() - 1.5) < 1e-9);
        QCOMPARE(data.summaries.at("data").at("cameras").size(), std::size_t{6});
        FakeRun model;
        m_bev->prepare(model, describe, Json::object(), m_bev->model(3, zoo("tiny")));
        model.inputs.erase(model.inputs.begin());
        describe.run(model);
        QVERIFY(!model.summaries.contains("data"));
        QCOMPARE(model.summaries.at("model").at("preset").get<std::string>(), std::string("tiny"));
        QCOMPARE(model.summaries.at("model").at("voxels"), Json(zoo("tiny").grids.front().n));
        QVERIFY(model.summaries.at("model").at("parameters") > 1000);
    }

    void the_voxel_artifact_is_for_recorded_runs() {
        FakeRun live;
        m_bev->prepare(live, m_detect, Json::object(), m_model);
        live.change_request().lane = Lane::live;
        m_detect.run(live);
        QVERIFY(!live.find("voxels"));
        const FakeRun batch = detect({});
        const auto file = open_safetensors_bytes(batch.find("voxels")->bytes, "voxels");
        const at::Tensor index = file->get("index"), value = file->get("value"), camera = batch.tensor("view.camera");
        QCOMPARE(index.size(0), (camera != 255).sum().item<std::int64_t>());
        for (std::int64_t i = 0; i < index.size(0); i += 7)
            QCOMPARE(value[i][0].item<float>(), camera[index[i][0].item<int>()][index[i][1].item<int>()][index[i][2].item<int>()].to(at::kFloat).item<float>());
    }

    void training_shows_what_it_learns_and_goes_on_where_it_was_paused() {
        const Method train = train_method();
        const Json params{{"epochs", 4.0}, {"batch", 2}, {"val_split", "train"}, {"measure_epochs", 0}, {"seed", 3}};
        FakeRun whole;
        m_bev->prepare(whole, train, params, "");
        train.run(whole);
        const Artifact* sheet = whole.find("validation");
        QVERIFY(sheet && sheet->kind == "image" && !sheet->preview);
        QCOMPARE(sheet->shape[0], std::int64_t{2 * 96 + 2});   // two rows of pictures
        QCOMPARE(sheet->shape[2], std::int64_t{3});
        QVERIFY(whole.metrics.at("mAP").size() == 1 && whole.find("model") && whole.find("classes"));

        FakeRun first;
        m_bev->prepare(first, train, params, "");
        first.pause_at = 0.4;
        QVERIFY_THROWS_EXCEPTION(Paused, train.run(first));
        QVERIFY(!first.checkpoints.empty() && !first.find("model"));
        FakeRun second;
        m_bev->prepare(second, train, params, "");
        second.resume_from = first.checkpoints.back();
        train.run(second);
        QCOMPARE(*second.find("model")->bytes, *whole.find("model")->bytes);   // as if it had never stopped

        FakeRun ended;
        m_bev->prepare(ended, train, params, "");
        ended.cancel_after = 20;
        QVERIFY_THROWS_EXCEPTION(Cancelled, train.run(ended));
        QVERIFY(!ended.find("model"));
    }
};

QTEST_GUILESS_MAIN(TestBevDetect)
#include "test_bev_detect.moc"
