// bev.ablation against bev.evaluate: every row is what the measurement alone says, and the pictures go through the image network once.
#include "bev_fixture.h"
#include "core/base/error.h"
#include "plugins/bev/engine/ablation.h"
#include "plugins/bev/engine/trainer.h"
#include <QtTest>
#include <set>

using namespace lathe;
using namespace lathe::bev;

namespace {

struct CountStem : Tap {
    bool wants(const LayerInfo& layer) override { return layer.name == "backbone.conv1"; }
    Flow enter(int, TensorRefs, at::Tensor&) override {
        ++runs;
        return Flow::run;
    }
    int runs = 0;
};

/// The row of an axis and a value.
std::vector<std::string> row_of(const Artifact& table, const std::string& axis, const std::string& value) {
    for (const auto& row : rows_of_table(table))
        if (row[0] == axis && row[1] == value) return row;
    return {};
}

}

class TestBevAblation : public QObject {
    Q_OBJECT
    std::unique_ptr<BevFixture> m_bev;
    Method m_ablation = ablation_method(), m_evaluate = evaluate_method();
    std::string m_model;

    /// A detector that has learnt the few samples by heart, so that the figures are no zeros.
    std::string learnt() {
        const NuscenesTables tables = load_nuscenes(m_bev->folder());
        std::vector<SampleInfo> samples;
        for (const int index : tables.samples_of("train")) samples.push_back(sample_info(tables, index));
        TrainSettings s;
        s.model = BevFixture::config();
        s.model.base_channels = s.model.fpn_channels = 16;
        s.model.frames = 2;
        s.model.grids.front() = VoxelGrid{{24, 24, 3}, {2, 2, 1.5f}, {0, 0, -1}};
        s.model.range = 24;
        s.batch = 1;
        s.epochs = 50;
        s.lr = 2e-3;
        s.backbone_lr = 1;
        s.norm_eval = s.freeze_stem = false;
        s.ranges = {{0, 0, 0, 0, 0}, {0, 0, 1, 1, 0}};
        s.seed = 3;
        Trainer trainer(s, samples, m_bev->folder());
        while (trainer.steps_done() < trainer.steps_total()) trainer.step();
        trainer.set_evaluating(true);
        return m_bev->keep("learnt", trainer.network());
    }

private Q_SLOTS:
    void initTestCase() {
        m_bev = std::make_unique<BevFixture>();
        m_model = learnt();
    }

    void rows_are_what_evaluation_says() {
        const FakeRun run = m_bev->run(m_ablation, {{"split", "train"}, {"noise_seed", 4}}, m_model);
        const Artifact* table = run.find("ablation");
        QVERIFY(table && !table->preview);
        QCOMPARE(rows_of_table(*table).size(), run.summaries.at("variants").get<std::size_t>());
        QCOMPARE(run.last_progress, 1.0);
        const std::vector<std::tuple<const char*, const char*, Json>> cases{{"baseline", "", Json::object()}, {"overlap", "first", {{"overlap", "first"}}}, {"overlap", "average", {{"overlap", "average"}}},
            {"rounding", "half away", {{"rounding", "half_away"}}}, {"sampling", "centre", {{"sampling", "centre"}}}, {"frames", "1", {{"frames", 1}}},
            {"grid", "cells 0.8 x", {{"grid_cell", 0.8}}}, {"grid", "down 0.5 m", {{"grid_up", -0.5}}},
            {"alignment", "off", {{"ego_motion", false}}}, {"rotation", "2°", {{"noise_degrees", 2}}}, {"position", "40 cm", {{"noise_metres", 0.4}}},
            {"cameras", "without CAM_BACK", {{"dropped", {"CAM_BACK"}}}}, {"suppression", "not scaled", {{"scale_nms", false}}}};
        std::set<std::string> scores;
        for (auto [axis, value, change] : cases) {
            const std::vector<std::string> row = row_of(*table, axis, value);
            QVERIFY2(!row.empty(), (std::string(axis) + " " + value).c_str());
            change["split"] = "train";
            change["noise_seed"] = 4;
            const FakeRun alone = m_bev->run(m_evaluate, change, m_model);
            const std::vector<const char*> keys{"mAP", "NDS", "trans_err", "scale_err", "orient_err", "AP2m.car"};
            for (std::size_t i = 0; i < keys.size(); ++i) QVERIFY2(std::abs(std::stod(row[2 + i]) - alone.summaries.at(keys[i]).get<double>()) < 1e-9, (std::string(axis) + " " + value + " " + keys[i]).c_str());
            scores.insert(row[3]);
        }
        QVERIFY2(std::stod(row_of(*table, "baseline", "")[7]) > 0.3, "the detector has not learnt");
        QVERIFY(scores.size() > cases.size() / 2);      // and things do matter
        for (const char* axis : {"overlap", "frames", "alignment", "suppression"}) QVERIFY(row_of(*table, axis, axis == std::string("frames") ? "2" : axis == std::string("overlap") ? "last" : "on").empty());   // the baseline itself
    }

    void features_are_shared_and_the_table_grows() {
        FakeRun run;
        m_bev->prepare(run, m_ablation, {{"split", "val"}, {"samples", 3}, {"axes", {"overlap", "suppression"}}}, m_model);
        const auto count = std::make_shared<CountStem>();
        run.taps().add(count);
        m_ablation.run(run);
        QCOMPARE(count->runs, 3);   // three moments in three samples, each seen by four experiments
        std::size_t previews = 0;
        for (const Artifact& a : run.artifacts)
            if (a.key == "ablation") {
                QCOMPARE(rows_of_table(a).size(), std::size_t{4});
                QVERIFY(a.preview == (a.meta.at("samples") != 3));
                previews += a.preview;
            }
        QVERIFY(previews >= 1);
        QCOMPARE(run.artifacts.back().meta.at("of"), Json(3));
    }

    void every_variant_changes_one_thing() {
        Experiment base;
        base.frames = 2;
        base.dropped = {false, true};
        DetectorConfig config = BevFixture::config();
        const auto variants = variants_of(base, config, {"A", "B"}, {kAxes.begin(), kAxes.end()}, 1);
        std::set<std::string> names;
        for (const Variant& v : variants) QVERIFY2(names.insert(v.axis + " " + v.value).second, (v.axis + " " + v.value).c_str());
        for (const char* name : {"frames 1", "frames 3", "cameras without A"}) QVERIFY2(names.contains(name), name);
        for (const char* name : {"frames 2", "cameras without B", "overlap last"}) QVERIFY2(!names.contains(name), name);
        config.frames = 1;
        base.frames = 0;
        for (const Variant& v : variants_of(base, config, {"A", "B"}, {"frames", "alignment"}, 1)) QCOMPARE(v.axis, std::string("baseline"));
    }

    void it_ends_when_asked_and_refuses_what_it_does_not_know() {
        FakeRun run;
        m_bev->prepare(run, m_ablation, Json::object(), m_model);
        run.cancel_after = 200;
        QVERIFY_THROWS_EXCEPTION(Cancelled, m_ablation.run(run));
        QVERIFY_THROWS_EXCEPTION(Error, m_bev->run(m_ablation, {{"axes", {"colour"}}}, m_model));
        QVERIFY_THROWS_EXCEPTION(Error, m_bev->run(m_ablation, {{"dropped", {"CAM_TOP"}}}, m_model));
    }
};

QTEST_GUILESS_MAIN(TestBevAblation)
#include "test_bev_ablation.moc"
