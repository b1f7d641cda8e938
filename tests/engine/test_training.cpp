// The rhythm that all trainings share, on a training that is told what happens; and a real one that is paused and goes on to the same curve.
#include "core/engine/registry.h"
#include "core/engine/training.h"
#include "errors.h"
#include "fake_run.h"
#include "plugins/delta_cache/engine/train.h"
#include <QTemporaryDir>
#include <QtTest>
#include <cmath>
#include <cstdio>

using namespace lathe;

namespace {

/// Its steps lose 100 − number; those of `not_finite` are skipped.
struct Told : Trainable {
    explicit Told(std::int64_t steps) : total(steps) {}
    std::int64_t steps_done() const override { return done; }
    std::int64_t steps_total() const override { return total; }
    std::int64_t skipped() const override { return lost; }
    std::string checkpoint() const override { return std::to_string(done); }
    void resume(Bytes checkpoint) override { done = std::stoll(*checkpoint); }
    TrainingStep step() {
        ++done;
        const bool skip = not_finite(done);
        lost += skip;
        const double loss = 100.0 - static_cast<double>(done);
        return {skip ? std::nan("") : loss, 2, 0.5, {{"loss.one", loss / 4}, {"loss.two", loss * 3 / 4}}, skip};
    }
    std::int64_t total = 0, done = 0, lost = 0;
    std::function<bool(std::int64_t)> not_finite = [](std::int64_t) { return false; };
};

struct Trained {
    explicit Trained(std::int64_t steps) : told(steps) { rhythm.checkpoint_seconds = 1e9; }
    void operator()() {
        train(run, told, rhythm, [this] { return told.step(); }, [this](std::int64_t done) { measured.push_back(done); });
    }
    FakeRun run;
    Told told;
    TrainingRhythm rhythm;
    std::vector<std::int64_t> measured;
};

std::vector<std::int64_t> numbers(const std::vector<Bytes>& checkpoints) {
    std::vector<std::int64_t> out;
    for (const Bytes& bytes : checkpoints) out.push_back(std::stoll(*bytes));
    return out;
}

void write(const std::string& file, const std::string& bytes) {
    std::FILE* out = std::fopen(file.c_str(), "wb");
    QVERIFY(out && std::fwrite(bytes.data(), 1, bytes.size(), out) == bytes.size() && std::fclose(out) == 0);
}

}

class TestTraining : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void tells_curves_and_measures() {
        Trained trained(25);
        trained.rhythm.measure_steps = 10;
        trained.rhythm.batch = 4;
        trained();
        auto& metrics = trained.run.metrics;
        QCOMPARE(metrics["loss"], (std::map<std::int64_t, double>{{10, 94.5}, {20, 84.5}}));   // means of the ten steps before
        QCOMPARE(metrics["loss.one"][10], 94.5 / 4);
        QCOMPARE(metrics["loss.two"][20], 84.5 * 3 / 4);
        QCOMPARE(metrics["gradient_norm"][20], 2.0);
        QCOMPARE(metrics["lr"][10], 0.5);
        QCOMPARE(metrics["skipped_steps"][20], 0.0);
        QVERIFY(metrics["samples_per_s"][20] > 0);
        QCOMPARE(trained.measured, (std::vector<std::int64_t>{10, 20, 25}));
        QCOMPARE(trained.run.last_progress, 1.0);
        QCOMPARE(trained.run.summaries.at("loss"), Json(84.5));
        QCOMPARE(trained.run.summaries.at("skipped_steps"), Json(0));
        QVERIFY(trained.run.checkpoints.empty());

        Trained once(7);
        once();
        QCOMPARE(once.measured, std::vector<std::int64_t>{7});
        QVERIFY(once.run.metrics.empty());
        QCOMPARE(once.run.summaries.at("loss"), Json("nan"));   // no point of the curve was reached
    }

    void writes_checkpoints_but_none_of_the_last_step() {
        Trained trained(4);
        trained.rhythm.checkpoint_seconds = -1;
        trained();
        QCOMPARE(numbers(trained.run.checkpoints), (std::vector<std::int64_t>{1, 2, 3}));
    }

    void pauses_and_goes_on() {
        Trained first(20);
        first.run.pause_at = 0.65;
        QVERIFY_THROWS_EXCEPTION(Paused, first());
        QCOMPARE(numbers(first.run.checkpoints), std::vector<std::int64_t>{13});
        QVERIFY(first.measured.empty());

        Trained rest(20);
        rest.run.resume_from = first.run.checkpoints.back();
        rest();
        QCOMPARE(rest.run.logs, std::vector<std::string>{"info: Resumed at step 13."});
        QCOMPARE(rest.run.metrics["loss"], (std::map<std::int64_t, double>{{20, 83}}));   // of the steps 14 to 20
        QCOMPARE(rest.measured, std::vector<std::int64_t>{20});
    }

    void stops_when_cancelled() {
        Trained trained(20);
        trained.run.cancel_after = 5;
        QVERIFY_THROWS_EXCEPTION(Cancelled, trained());
        QCOMPARE(trained.told.done, std::int64_t{5});
        QVERIFY(trained.run.checkpoints.empty() && trained.run.summaries.empty());
    }

    void gives_up_after_twenty_skipped_steps_in_a_row() {
        Trained lucky(60);
        lucky.told.not_finite = [](std::int64_t step) { return step % 20 != 0; };   // nineteen in a row
        lucky();
        QCOMPARE(lucky.run.metrics["loss"], (std::map<std::int64_t, double>{{20, 80}, {40, 60}, {60, 40}}));   // of the finite steps only
        QCOMPARE(lucky.run.metrics["skipped_steps"][60], 57.0);

        Trained lost(60);
        lost.told.not_finite = [](std::int64_t step) { return step > 5; };
        const std::string text = error_of([&] { lost(); });
        QVERIFY2(has_all(text, {"diverged", "20 steps", "lr 0.5", "smaller learning rate"}), text.c_str());
        QCOMPARE(lost.told.done, std::int64_t{25});
    }

    void gives_the_model() {
        FakeRun run;
        run.set_params({{"lr", 0.5}});
        give_model(run, 7, "net.safetensors", {{"w", at::full({2, 3}, 1.5)}}, {{"depth", 2}});
        const Artifact* made = run.find("model");
        QVERIFY(made && made->kind == "file" && made->step == 7 && made->meta["name"] == "net.safetensors");
        const auto file = open_safetensors_bytes(made->bytes, "model");
        QVERIFY(at::equal(file->get("w"), at::full({2, 3}, 1.5, at::kHalf)));
        QCOMPARE(parse_json(file->metadata().at("lathe.config"), "config"), Json({{"depth", 2}}));
        QCOMPARE(parse_json(file->metadata().at("lathe.training"), "training"), Json({{"lr", 0.5}}));
    }

    void a_paused_training_goes_on_to_the_same_curve() {
        QTemporaryDir folder;
        const std::string images("\0\0\x08\x03\0\0\0\x28\0\0\0\x1c\0\0\0\x1c", 16), labels("\0\0\x08\x01\0\0\0\x28", 8);   // 40 pictures
        std::string pixels(40 * 784, '\0'), classes;
        for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<char>(i * 37 % 251);
        for (int i = 0; i < 40; ++i) classes += static_cast<char>(i % 10);
        write(folder.filePath("train-images-idx3-ubyte").toStdString(), images + pixels);
        write(folder.filePath("train-labels-idx1-ubyte").toStdString(), labels + classes);

        Registry registry;
        delta_cache::register_training(registry);
        const Method& method = registry.method("delta_cache.train");
        const auto prepare = [&](FakeRun& run) {
            run.inputs = {{"data", "data", "", folder.path().toStdString()}};
            run.set_params(complete_parameters(method.info.parameters, {{"images", 1600}, {"batch", 8}, {"hidden", 16}, {"depth", 1}, {"heads", 2}, {"patch", 14}, {"precision", "f32"}, {"preview_steps", 0}}));
        };
        FakeRun whole, first, rest;
        prepare(whole);
        method.run(whole);
        QCOMPARE(whole.metrics["loss"].size(), std::size_t{4});
        prepare(first);
        first.pause_at = 0.5;
        QVERIFY_THROWS_EXCEPTION(Paused, method.run(first));
        QCOMPARE(first.checkpoints.size(), std::size_t{1});
        prepare(rest);
        rest.resume_from = first.checkpoints[0];
        method.run(rest);
        for (const auto& [key, curve] : whole.metrics)
            for (const auto& [step, value] : curve)
                if (key != "images_per_s") QCOMPARE((step <= 100 ? first : rest).metrics[key].at(step), value);
        QCOMPARE(*rest.find("model")->bytes, *whole.find("model")->bytes);
        QVERIFY(whole.find("samples") && whole.find("samples")->step == 200);
        QCOMPARE(rest.summaries, whole.summaries);
    }
};

QTEST_GUILESS_MAIN(TestTraining)
#include "test_training.moc"
