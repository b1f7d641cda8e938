// The detection metric and the result files of bev: how they react to what is wrong with detections and files.
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "errors.h"
#include "plugins/bev/engine/draws.h"
#include "plugins/bev/engine/nuscenes_names.h"
#include "plugins/bev/engine/nuscenes_result.h"
#include <QElapsedTimer>
#include <QTemporaryDir>
#include <QtTest>
#include <cmath>
#include <limits>

using namespace lathe;
using namespace lathe::bev;
namespace fs = std::filesystem;

namespace {

/// Boxes of every class around the car, all in range, with points and (where the class has one) an attribute.
std::vector<EvalSample> all_classes(int samples) {
    Draws draws(7);
    std::vector<EvalSample> out;
    for (int s = 0; s < samples; ++s) {
        EvalSample sample;
        sample.token = "s" + std::to_string(s);
        sample.ego_translation = {1000.0 + s, -500, 0};
        for (int label = 0; label < 10; ++label)
            for (int i = 0; i < 5; ++i) {
                GlobalBox box;
                const double range = MetricSettings{}.class_range[static_cast<std::size_t>(label)] * 0.9, angle = draws.uniform(0, 6.28), r = draws.uniform(3, range);
                box.centre = {sample.ego_translation[0] + r * std::cos(angle), sample.ego_translation[1] + r * std::sin(angle), 1};
                box.size = {draws.uniform(0.5, 3), draws.uniform(0.5, 8), draws.uniform(1, 3)};
                box.rotation = quaternion_about_z(draws.uniform(-3, 3));
                box.velocity = {draws.normal(), draws.normal()};
                box.label = label;
                box.attribute = attribute_from_speed(label, 1);
                box.points = 3;
                sample.truth.push_back(box);
            }
        sample.predictions = as_predictions(sample.truth);
        out.push_back(std::move(sample));
    }
    return out;
}

}

class TestBevMetric : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    int m_number = 0;

    fs::path fresh() { return fs::path(m_folder.path().toStdString()) / ("set" + std::to_string(m_number++)); }

private Q_SLOTS:
    // --- metric
    void truth_as_predictions() {
        const DetectionMetric metric = evaluate_detections(all_classes(6));
        QVERIFY(std::abs(metric.mean_average_precision - 1) < 1e-12);
        QVERIFY(std::abs(metric.detection_score - 1) < 1e-12);
        QCOMPARE(metric.truths, std::size_t{300});
        QVERIFY(std::isnan(metric.classes[8].errors[2]) && std::isnan(metric.classes[9].errors[3]));
        // A true box without points or out of range does not count, and neither does the prediction of the latter.
        auto samples = all_classes(1);
        samples[0].truth[0].points = 0;
        samples[0].truth[1].centre[0] += 100;
        samples[0].predictions[1].centre[0] += 100;
        const DetectionMetric filtered = evaluate_detections(samples);
        QCOMPARE(filtered.truths, std::size_t{48});
        QCOMPARE(filtered.predictions, std::size_t{49});
        // Cycles in a rack count on neither side.
        samples = all_classes(1);
        samples[0].bicycle_racks.push_back({samples[0].ego_translation, {200, 200, 10}, {1, 0, 0, 0}});
        QCOMPARE(evaluate_detections(samples).truths, std::size_t{40});
        QCOMPARE(evaluate_detections(samples).classes[5].mean_average_precision, 0.0);
    }

    void metric_reacts() {
        auto samples = all_classes(4);
        for (auto& sample : samples)
            for (auto& box : sample.predictions) box.centre[0] += 0.7;
        const DetectionMetric moved = evaluate_detections(samples);
        QVERIFY(moved.classes[0].average_precision[0] < 0.2 && moved.classes[0].average_precision[1] > 0.9);
        QVERIFY(std::abs(moved.classes[0].errors[0] - 0.7) < 0.05);
        for (auto& sample : samples) sample.predictions.clear();
        const DetectionMetric none = evaluate_detections(samples);
        QCOMPARE(none.mean_average_precision, 0.0);
        QCOMPARE(none.errors[0], 1.0);
        QCOMPARE(none.detection_score, 0.0);
        QCOMPARE(evaluate_detections({}).detection_score, 0.0);
        // A barrier turned by half a turn is the same barrier, a car is not.
        samples = all_classes(2);
        for (auto& sample : samples)
            for (auto& box : sample.predictions) box.rotation = product(quaternion_about_z(std::numbers::pi), box.rotation);
        const DetectionMetric turned = evaluate_detections(samples);
        QVERIFY(turned.classes[9].errors[2] < 1e-9);
        QVERIFY(std::abs(turned.classes[0].errors[2] - std::numbers::pi) < 1e-9);
    }

    void bad_predictions() {
        const double nan = std::numeric_limits<double>::quiet_NaN();
        const auto with = [&](auto change) {
            auto samples = all_classes(2);
            change(samples[1]);
            return error_of([&] { evaluate_detections(samples); });
        };
        QVERIFY(has_all(with([&](EvalSample& s) { s.predictions[3].centre[1] = nan; }), {"s1", "translation"}));
        QVERIFY(has_all(with([&](EvalSample& s) { s.predictions[3].score = nan; }), {"s1", "detection_score"}));
        QVERIFY(has_all(with([&](EvalSample& s) { s.predictions[3].size[0] = 0; }), {"s1", "size"}));
        QVERIFY(has_all(with([&](EvalSample& s) { s.predictions[3].rotation = {}; }), {"s1", "rotation"}));
        QVERIFY(has_all(with([&](EvalSample& s) { s.predictions.resize(501, s.predictions[0]); }), {"s1", "501"}));
    }

    void many_predictions() {
        auto samples = all_classes(400);
        Draws draws(1);
        for (auto& sample : samples)
            while (sample.predictions.size() < 500) {
                GlobalBox box = sample.predictions[static_cast<std::size_t>(draws.uniform(0, 50))];
                box.score = draws.uniform();
                box.centre[0] += draws.normal();
                sample.predictions.push_back(box);
            }
        QElapsedTimer timer;
        timer.start();
        const DetectionMetric metric = evaluate_detections(samples);
        qInfo("200 000 predictions evaluated in %lld ms", timer.elapsed());
        QVERIFY(metric.predictions > 190'000);
        QVERIFY(metric.mean_average_precision > 0.98);   // the true ones have score 1; the rest costs the last recall bin
    }

    // --- result files
    void results() {
        auto samples = all_classes(3);
        const fs::path file = fresh();
        ResultWriter writer(file);
        for (const auto& sample : samples) writer.add(sample.token, sample.predictions);
        writer.add("empty \"one\"", {});
        QVERIFY(!fs::exists(file));
        writer.finish();
        auto read = read_results(file);
        QCOMPARE(read.size(), std::size_t{4});
        QVERIFY(read[3].boxes.empty());
        QCOMPARE(read[3].token, std::string("empty \"one\""));
        for (std::size_t i = 0; i < samples[1].predictions.size(); ++i) {
            QCOMPARE(read[1].boxes[i].centre, samples[1].predictions[i].centre);      // the shortest text that reads back equal
            QCOMPARE(read[1].boxes[i].rotation, samples[1].predictions[i].rotation);
            QCOMPARE(read[1].boxes[i].velocity, samples[1].predictions[i].velocity);
        }
        const Json whole = parse_json(read_file(file, 1u << 20), "results", {32, 100'000, 1u << 20});
        QCOMPARE(whole.at("meta").size(), std::size_t{5});
        QCOMPARE(whole.at("results").at("s0").at(0).size(), std::size_t{8});

        auto more = samples;
        more.push_back({"empty \"one\"", {}, {}, {}, {}});
        attach(more, read);
        QVERIFY(std::abs(evaluate_detections(more).mean_average_precision - 1) < 1e-12);
        QVERIFY(has_all(error_of([&] { attach(samples, read); }), {"empty"}));
        samples = all_classes(5);
        QVERIFY(has_all(error_of([&] { attach(samples, read); }), {"s3"}));
        auto bad = all_classes(1)[0].predictions;
        bad[0].velocity[0] = std::numeric_limits<double>::infinity();
        const fs::path never = fresh();
        QVERIFY(has_all(error_of([&] { ResultWriter(never).add("s0", bad); }), {"s0"}));
        QVERIFY(!fs::exists(never));
        QVERIFY_THROWS_EXCEPTION(Ended, read_results(file, [] { throw Ended(); }));
    }

    void bad_results() {
        const auto read = [&](const std::string& text) {
            const fs::path file = fresh();
            write_file(file, text);
            return error_of([&] { read_results(file); });
        };
        const std::string box = R"({"sample_token":"a","translation":[1,2,3],"size":[1,2,3],"rotation":[1,0,0,0],"velocity":[0,0],"detection_name":"car","detection_score":0.5,"attribute_name":"vehicle.moving"})";
        const auto with = [&](const std::string& from, const std::string& to) { return read("{\"meta\":{},\"results\":{\"a\":[" + QString::fromStdString(box).replace(QString::fromStdString(from), QString::fromStdString(to)).toStdString() + "]}}"); };
        QVERIFY2(with("car", "car").empty(), with("car", "car").c_str());
        QVERIFY(has_all(with("\"car\"", "\"lorry\""), {"detection_name", "lorry"}));
        QVERIFY(has_all(with("vehicle.moving", "vehicle.flying"), {"attribute_name"}));
        QVERIFY(has_all(with("\"sample_token\":\"a\"", "\"sample_token\":\"b\""), {"sample_token"}));
        QVERIFY(has_all(with("[1,2,3],\"size\"", "[1,2],\"size\""), {"translation"}));
        QVERIFY(has_all(with("0.5", "null"), {"detection_score"}));
        QVERIFY(has_all(with("0.5", "NaN"), {"cannot be read"}));
        QVERIFY(has_all(read("{\"meta\":{},\"results\":{\"a\":[" + box), {"ends too early"}));
        QVERIFY(has_all(read("{\"results\":{\"a\":[],\"a\":[]}}"), {"twice"}));
        QVERIFY(has_all(read("{\"meta\":{}}"), {"results"}));
        QVERIFY(has_all(read("{\"results\":[]}"), {"object"}));
        QVERIFY(has_all(error_of([&] { read_results(fresh()); }), {"set"}));
        const float nan = std::numeric_limits<float>::quiet_NaN();
        const std::vector<Detection> spoilt{{{nan, 0, 0, 1, 1, 1, 0, 0, 0}, 0.5f, 0}};
        QVERIFY(has_all(error_of([&] { to_global(spoilt, {}, {}); }), {"box 0"}));
    }
};

QTEST_GUILESS_MAIN(TestBevMetric)
#include "test_bev_metric.moc"
