// Training of trunks, models and gates: it learns, goes on from a checkpoint to the last bit, pauses, can be cancelled; a benchmark is made by one command that goes on where it was stopped.
#include "core/base/file.h"
#include "core/nn/tensor_index.h"
#include "errors.h"
#include "fake_run.h"
#include "plugins/vit_merge/engine/benchmark_training.h"
#include "plugins/vit_merge/engine/methods.h"
#include "plugins/vit_merge/engine/task_trainer.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <cmath>
#include <QTemporaryDir>
#include <QtTest>

using namespace lathe;
using namespace lathe::vit_merge;
namespace fs = std::filesystem;

namespace {

VitConfig little_vit() {
    VitConfig config = small_vit();
    config.dim = 16;
    config.depth = 2;
    config.heads = 2;
    config.mlp = 32;
    return config;
}

TrainingTask little_task(const std::string& name, std::int64_t count = 96) { return {name, open_task("drawn:" + name, {}, true, 0, count)}; }

TaskBatches little_batches(std::vector<TrainingTask> tasks, bool by_task, TaskBatches::Change change = TaskBatches::Change::shift) {
    TaskBatches::Options options;
    options.batch = 16;
    options.shift = 1;
    options.change = change;
    options.seed = 4;
    return {std::move(tasks), picture_form(little_vit()), options, by_task};
}

TaskTraining little_training(std::int64_t images = 16 * 24) {
    TaskTraining training;
    training.images = images;
    training.lr = 3e-3;
    return training;
}

std::unique_ptr<TaskTrainer> made_trainer(const std::string& kind) {
    if (kind == "gate") return std::make_unique<GateTrainer>(little_training(), little_batches({little_task("digits"), little_task("textures")}, false), make_small_gate(2, 3, {"digits", "textures"}, 1), GateLoss::single);
    std::vector<TrainingTask> tasks{little_task("textures")};
    if (kind == "trunk") tasks.push_back(little_task("digits"));
    return std::make_unique<VitTrainer>(little_training(), little_batches(std::move(tasks), true), little_vit(), TensorMap{}, std::map<std::string, HeadTensors>{});
}

/// Which tensor of two checkpoints is not the same to the last bit; empty: none.
std::string first_difference(const std::string& a, const std::string& b) {
    const auto one = open_safetensors_bytes(std::make_shared<const std::string>(a), "one"), other = open_safetensors_bytes(std::make_shared<const std::string>(b), "other");
    if (one->metadata() != other->metadata()) return "metadata";
    for (const TensorEntry& entry : one->entries())
        if (!other->find(entry.name) || !at::equal(one->get(entry.name), other->get(entry.name))) return entry.name;
    return one->entries().size() == other->entries().size() ? std::string() : "entries";
}

Json little_benchmark(const fs::path& folder) {
    return {{"preset", "tasks"}, {"folder", folder.string()}, {"base_images", 400}, {"pictures", 100}, {"epochs", 2}, {"gate_pictures", 60}, {"gate_epochs", 8}, {"width", 16}, {"depth", 2}, {"heads", 2}, {"images", 40},
        {"methods", Json::array({"average", "hard_routing", "gated m=2", "slerp"})}};
}

struct MethodRun {
    MethodRun(Method made, const Json& given) : method(std::move(made)) { run.set_params(complete_parameters(method.info.parameters, given)); }
    MethodRun& with(const char* role, const fs::path& path) {
        run.inputs.push_back({role, "data", "", path.string()});
        return *this;
    }
    void operator()() { method.run(run); }
    Method method;
    FakeRun run;
};

/// Columns of a table, and its rows as texts.
std::vector<std::vector<std::string>> table_of(const FakeRun& run, std::string_view key) {
    std::vector<std::vector<std::string>> rows;
    const Artifact* made = run.find(key);
    if (!made) return rows;
    std::istringstream lines(*made->bytes);
    for (std::string line; std::getline(lines, line);) {
        if (line.ends_with('\r')) line.pop_back();
        rows.emplace_back();
        std::istringstream cells(line);
        for (std::string one; std::getline(cells, one, ',');) rows.back().push_back(one);
        if (line.ends_with(',')) rows.back().emplace_back();
    }
    return rows;
}

}

class TestTaskTraining : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    fs::path folder(const char* name) const { return fs::path(m_folder.path().toStdString()) / name; }

private Q_SLOTS:
    void resumes_bit_for_bit_data() {
        QTest::addColumn<QString>("kind");
        for (const char* kind : {"model", "trunk", "gate"}) QTest::newRow(kind) << kind;
    }
    void resumes_bit_for_bit() {
        QFETCH(QString, kind);
        const c10::AutoGradMode off(false);
        const auto whole = made_trainer(kind.toStdString()), first = made_trainer(kind.toStdString()), second = made_trainer(kind.toStdString());
        double loss = 0;
        while (whole->steps_done() < 12) loss = whole->step().loss;
        QVERIFY(std::isfinite(loss));
        while (first->steps_done() < 5) first->step();
        const std::string stopped = first->checkpoint();
        second->resume(std::make_shared<const std::string>(stopped));
        QCOMPARE(second->steps_done(), std::int64_t{5});
        while (second->steps_done() < 12) second->step();
        QCOMPARE(first_difference(whole->checkpoint(), second->checkpoint()), std::string());
        QVERIFY(first_difference(stopped, second->checkpoint()) != std::string());
        // Neither another kind's checkpoint nor a damaged one.
        const auto other = made_trainer(kind == QLatin1String("gate") ? "model" : "gate");
        QVERIFY(has_all(error_of([&] { other->resume(std::make_shared<const std::string>(stopped)); }), {"another network"}));
        QVERIFY(!error_of([&] { second->resume(std::make_shared<const std::string>(stopped.substr(0, stopped.size() / 2))); }).empty());
        QVERIFY(has_all(error_of([&] { second->resume(std::make_shared<const std::string>(safetensors_bytes({{"a", at::zeros({1})}}))); }), {"not a checkpoint"}));
    }

    void measuring_does_not_disturb() {
        const c10::AutoGradMode off(false);
        const auto plain = made_trainer("model"), measured = made_trainer("model");
        const TaskImages test = open_task("drawn:textures", {}, false, 0, 50);
        for (int i = 0; i < 6; ++i) {
            plain->step();
            measured->step();
            const double right = dynamic_cast<VitTrainer&>(*measured).accuracy(test, 0, 0, {});
            QVERIFY(right >= 0 && right <= 1);
        }
        QCOMPARE(first_difference(plain->checkpoint(), measured->checkpoint()), std::string());
    }

    void rate_rises_and_falls() {
        const auto trainer = made_trainer("model");
        QCOMPARE(trainer->steps_total(), std::int64_t{24});
        QCOMPARE(trainer->lr_at(0), 3e-3);                                         // a warm-up of one step
        QVERIFY(trainer->lr_at(12) < 2e-3 && trainer->lr_at(12) > 1e-3);
        QVERIFY(trainer->lr_at(23) < 1e-4 && trainer->lr_at(23) > 0);
    }

    /// Specification 2.2: a softmax of a softmax cannot fall below ln(e + N - 1) - 1.
    void official_loss() {
        const at::Tensor sure = 1000 * at::eye(8), task = at::arange(8, at::kLong);
        QVERIFY(std::abs(gate_loss(GateLoss::official, sure, task).item<double>() - (std::log(std::exp(1.0) + 7) - 1)) < 1e-6);
        QVERIFY(gate_loss(GateLoss::single, sure, task).item<double>() < 1e-6);
        QVERIFY(std::abs(gate_loss(GateLoss::official, 1000 * at::eye(4), at::arange(4, at::kLong)).item<double>() - 0.744) < 1e-3);
        QVERIFY(has_all(error_of([] { gate_loss_from("twice"); }), {"twice", "official"}));
    }

    void batches() {
        TaskBatches shared = little_batches({little_task("digits", 40), little_task("textures", 24)}, true, TaskBatches::Change::none);
        const TaskBatches::Batch batch = shared(0);
        QCOMPARE(batch.counts, (std::vector<std::int64_t>{8, 8}));
        QCOMPARE(batch.pictures.sizes().vec(), (std::vector<std::int64_t>{16, 3, 28, 28}));
        // An epoch of the smaller task: every picture once.
        at::Tensor seen = at::zeros({24}, at::kLong);
        const TaskImages textures = little_task("textures", 24).set;
        const PictureForm form = picture_form(little_vit());
        const at::Tensor all = model_pictures(textures.images, 3, 28, 28, form.mean, form.deviation);
        for (int step = 0; step < 3; ++step) {
            const at::Tensor second = shared(step).pictures.slice(0, 8, 16);
            for (std::int64_t i = 0; i < 8; ++i)
                for (std::int64_t k = 0; k < 24; ++k)
                    if (at::equal(second[i], all[k])) seen[k] += 1;
        }
        QVERIFY(at::equal(seen, at::ones({24}, at::kLong)));
        // A small set counts as `least` pictures.
        TaskBatches::Options options;
        options.batch = 10;
        options.least = 1000;
        TaskBatches balanced({little_task("digits", 40), little_task("textures", 1200)}, form, options, false);
        QCOMPARE(balanced.images(), std::int64_t{2200});
        std::int64_t digits = 0;
        for (int step = 0; step < 220; ++step) digits += balanced(step).counts[0];
        QCOMPARE(digits, std::int64_t{1000});
        QVERIFY(has_all(error_of([&] { TaskBatches({}, form, options, true); }), {"0 tasks"}));
        options.shift = 20;
        QVERIFY(has_all(error_of([&] { TaskBatches({little_task("digits", 40)}, form, options, true); }), {"shift 20"}));
    }

    void a_head_that_does_not_fit() {
        const std::string error = error_of([] {
            VitTrainer(little_training(), little_batches({little_task("letters", 40)}, true), little_vit(), TensorMap{}, {{"letters", new_head(10, 16, 0)}});
        });
        QVERIFY2(has_all(error, {"letters", "16 classes"}), error.c_str());
    }

    void gate_learns() {
        const c10::AutoGradMode off(false);
        GateTrainer trainer(little_training(16 * 60), little_batches({little_task("digits"), little_task("textures")}, false, TaskBatches::Change::none), make_small_gate(2, 3, {"digits", "textures"}, 1), GateLoss::official);
        while (trainer.steps_done() < trainer.steps_total()) QVERIFY(!trainer.step().skipped);
        const at::Tensor counts = trainer.confusion({little_task("digits", 64), little_task("textures", 64)}, 0, {});
        QVERIFY2(counts.diagonal().sum().item<int>() > 120, c10::str(counts).c_str());
        QCOMPARE(counts.sum().item<int>(), 128);
        QVERIFY(has_all(error_of([&] { GateTrainer(little_training(), little_batches({little_task("digits")}, false), make_small_gate(2, 3, {}, 1), GateLoss::single); }), {"2 outputs for 1 tasks"}));
    }

    void train_method_makes_base_and_model() {
        const c10::AutoGradMode off(false);
        const Json common{{"pictures", 64}, {"test_images", 40}, {"epochs", 2}, {"batch_size", 16}, {"width", 16}, {"depth", 2}, {"heads", 2}};
        Json params = common;
        params["what"] = "base";
        params["tasks"] = {{"columns", {"name", "data"}}, {"rows", Json::array({Json::array({"digits", "drawn:digits"}), Json::array({"textures", "drawn:textures"})})}};
        MethodRun base(train_method(), params);
        base();
        const Artifact* made = base.run.find("model");
        QVERIFY(made);
        write_file(folder("base.safetensors"), *made->bytes);
        const auto config = recognise_vit(*open_tensors(folder("base.safetensors")));
        QVERIFY(config && config->dim == 16 && config->classes == 0);
        QVERIFY(base.run.metrics.contains("accuracy.digits") && base.run.metrics.contains("accuracy"));

        params = common;
        params["tasks"] = {{"columns", {"name", "data"}}, {"rows", Json::array({Json::array({"textures", "drawn:textures"})})}};
        MethodRun model(train_method(), params);
        model.with("model", folder("base.safetensors"));
        model.run.pause_at = 0.4;
        QVERIFY_THROWS_EXCEPTION(Paused, model());
        MethodRun again(train_method(), params);
        again.with("model", folder("base.safetensors"));
        again.run.resume_from = model.run.checkpoints.back();
        again();
        MethodRun unbroken(train_method(), params);
        unbroken.with("model", folder("base.safetensors"));
        unbroken();
        QCOMPARE(*again.run.find("model")->bytes, *unbroken.run.find("model")->bytes);
        const auto file = open_safetensors_bytes(unbroken.run.find("model")->bytes, "model");
        QCOMPARE(file->get("head.weight").size(0), std::int64_t{10});
        QCOMPARE(recognise_vit(*file)->classes_names.at(5), std::string("dots"));

        MethodRun cancelled(train_method(), params);
        cancelled.run.cancel_after = 10;
        QVERIFY_THROWS_EXCEPTION(Cancelled, cancelled());
        params["tasks"]["rows"].push_back(Json::array({"other", "drawn:digits"}));
        QVERIFY(has_all(error_of([&] { MethodRun(train_method(), params)(); }), {"one task", "2 rows"}));
        params["tasks"]["rows"] = Json::array({Json::array({"a/b", "drawn:digits"})});
        QVERIFY(has_all(error_of([&] { MethodRun(train_method(), params)(); }), {"a/b"}));
    }

    /// Everything from one command; then it has nothing to do; then the methods that use what it made.
    void benchmark() {
        const c10::AutoGradMode off(false);
        const Json params = little_benchmark(folder("bench"));
        MethodRun stopped(benchmark_method(), params);
        stopped.run.pause_at = 0.3;
        QVERIFY_THROWS_EXCEPTION(Paused, stopped());
        MethodRun whole(benchmark_method(), params);
        whole();
        for (const char* name : {"base", "fashion", "digits", "letters", "shapes", "gate-tasks"}) QVERIFY2(fs::exists(folder("bench") / (std::string(name) + ".safetensors")), name);
        for (const auto& entry : fs::directory_iterator(folder("bench"))) QVERIFY2(entry.path().extension() != ".checkpoint", entry.path().c_str());
        const Json set = parse_json(read_file(folder("bench") / "tasks.json", 1u << 20), "tasks.json");
        QCOMPARE(set.at("models").size(), std::size_t{4});
        const auto accuracy = table_of(whole.run, "accuracy");
        QCOMPARE(accuracy.size(), std::size_t{1 + 4 * 4});                          // SLERP needs two models and is left out
        QVERIFY(std::ranges::any_of(whole.run.logs, [](const std::string& line) { return line.find("slerp is left out") != line.npos; }));

        const auto written = fs::last_write_time(folder("bench") / "digits.safetensors");
        const std::string before = read_file(folder("bench") / "digits.safetensors", 1u << 24);
        MethodRun nothing(benchmark_method(), params);
        nothing();
        QVERIFY(fs::last_write_time(folder("bench") / "digits.safetensors") == written);
        QVERIFY(nothing.run.metrics.empty());
        // Unbroken in another folder: the same bits.
        Json elsewhere = little_benchmark(folder("bench2"));
        MethodRun unbroken(benchmark_method(), elsewhere);
        unbroken();
        const auto one = open_tensors(folder("bench") / "digits.safetensors"), other = open_tensors(folder("bench2") / "digits.safetensors");
        for (const TensorEntry& entry : one->entries()) QVERIFY2(at::equal(one->get(entry.name), other->get(entry.name)), entry.name.c_str());

        Json changed = params;
        changed["seed"] = 5;
        QVERIFY(has_all(error_of([&] { MethodRun(benchmark_method(), changed)(); }), {"other settings", "base.safetensors", "another folder"}));
        changed = params;
        changed["folder"] = "";
        QVERIFY(has_all(error_of([&] { MethodRun(benchmark_method(), changed)(); }), {"folder"}));
        QCOMPARE(read_file(folder("bench") / "digits.safetensors", 1u << 24), before);
    }

    void gate_method() {
        const c10::AutoGradMode off(false);
        QVERIFY(fs::exists(folder("bench") / "tasks.json"));
        MethodRun gate(train_gate_method(), {{"pictures", 40}, {"epochs", 4}, {"test_images", 20}});
        gate.with("set", folder("bench") / "tasks.json")();
        write_file(folder("gate.safetensors"), *gate.run.find("model")->bytes);
        const auto opened = open_gate(folder("gate.safetensors"));
        QCOMPARE(opened->names(), (std::vector<std::string>{"fashion", "digits", "letters", "shapes"}));
        QCOMPARE(gate.run.tensor("gate_confusion").sum().item<int>(), 80);
        MethodRun official(train_gate_method(), {{"pictures_from", "official_test"}, {"loss", "official"}, {"augment", "trivial"}, {"schedule", "constant"}, {"epochs", 1}, {"test_images", 10}});
        official.with("set", folder("bench") / "tasks.json")();
        QCOMPARE(official.run.summaries.at("data").get<std::string>(), std::string("uses unlabelled test images"));
    }

    void strip() {
        const c10::AutoGradMode off(false);
        MethodRun strip(strip_method(), {{"pictures", 10}, {"first", 3}, {"m", 1}});
        strip.with("set", folder("bench") / "tasks.json")();
        const auto rows = table_of(strip.run, "strip");
        QCOMPARE(rows.size(), std::size_t{11});
        QCOMPARE(rows[0], (std::vector<std::string>{"index", "task", "label", "head", "predicted", "confidence", "joint", "oracle", "oracle_right", "file"}));
        QCOMPARE(rows[1][1], std::string("fashion"));
        QCOMPARE(rows[10][1], std::string("shapes"));
        const at::Tensor gate = strip.run.tensor("gate");
        QCOMPARE(gate.sizes().vec(), (std::vector<std::int64_t>{10, 4}));
        QVERIFY(at::allclose(gate.sum(1), at::ones({10}), 1e-4, 1e-4));
        QVERIFY(strip.run.summaries.contains("joint") && strip.run.summaries.contains("oracle"));
        QVERIFY(strip.run.summaries.at("oracle").get<double>() >= strip.run.summaries.at("joint").get<double>());
        // A model less: the gate answers for the others. One that it does not know: methods without a gate go on, the others say what is missing.
        const auto with_row = [](const Json& row) { return Json{{"columns", {"name", "path", "data", "weight", "use"}}, {"rows", Json::array({row})}}; };
        MethodRun less(strip_method(), {{"pictures", 6}, {"models", with_row(Json::array({"letters", "", "", "", 0}))}});
        less.with("set", folder("bench") / "tasks.json")();
        QCOMPARE(less.run.tensor("gate").sizes().vec(), (std::vector<std::int64_t>{6, 3}));
        const Json more = with_row(Json::array({"stranger", (folder("bench") / "digits.safetensors").string(), "drawn:digits", "", 1}));
        MethodRun average(strip_method(), {{"pictures", 5}, {"method", "average"}, {"models", more}});
        average.with("set", folder("bench") / "tasks.json")();
        QVERIFY(!average.run.tensor("gate").defined() && QString::fromStdString(average.run.logs.back()).contains("gate is left out"));
        QVERIFY(has_all(error_of([&] { MethodRun(strip_method(), {{"pictures", 5}, {"models", more}}).with("set", folder("bench") / "tasks.json")(); }), {"needs a gate", "Train a gate"}));
        QVERIFY(has_all(error_of([&] { MethodRun(strip_method(), {{"tasks", Json::array({"digit"})}}).with("set", folder("bench") / "tasks.json")(); }), {"digit", "digits"}));
        QVERIFY(has_all(error_of([&] { MethodRun(strip_method(), {{"first", 100'000}}).with("set", folder("bench") / "tasks.json")(); }), {"picture 100000"}));
        QVERIFY(!error_of([&] { MethodRun(strip_method(), {{"files", Json::array({"/nowhere.png"})}}).with("set", folder("bench") / "tasks.json")(); }).empty());
    }

    void inspect() {
        const c10::AutoGradMode off(false);
        MethodRun merged(inspect_method(), {{"task", "letters"}, {"index", 2}, {"m", 1}});
        merged.with("set", folder("bench") / "tasks.json")();
        const at::Tensor attention = merged.run.tensor("attention"), rollout = merged.run.tensor("rollout");
        QCOMPARE(attention.sizes().vec(), (std::vector<std::int64_t>{2, 2, 4, 4}));
        QCOMPARE(rollout.sizes().vec(), (std::vector<std::int64_t>{4, 4}));
        QVERIFY((attention.sum({2, 3}) <= 1.0001).all().item<bool>() && attention.min().item<float>() >= 0);
        const auto top = table_of(merged.run, "top");
        QCOMPARE(top.back()[0], std::string("merged"));
        QCOMPARE(table_of(merged.run, "gate").size(), std::size_t{5});
        MethodRun single(inspect_method(), {{"task", "letters"}, {"index", 2}, {"model", "digits"}, {"block", 0}});
        single.with("set", folder("bench") / "tasks.json")();
        QVERIFY(!at::equal(single.run.tensor("attention"), attention));
        QCOMPARE(single.run.summaries.at("looked_into").get<std::string>(), std::string("digits"));
        QVERIFY(has_all(error_of([&] { MethodRun(inspect_method(), {{"model", "nobody"}}).with("set", folder("bench") / "tasks.json")(); }), {"nobody"}));
    }

    void evaluate_and_resume() {
        const c10::AutoGradMode off(false);
        const Json params{{"methods", Json::array({"average", "gated m=0", "ensemble", "hard_routing"})}, {"images", 12}};
        MethodRun first(evaluate_method(), params);
        first.with("set", folder("bench") / "tasks.json");
        first.run.pause_at = 0.05;
        QVERIFY_THROWS_EXCEPTION(Paused, first());
        MethodRun second(evaluate_method(), params);
        second.with("set", folder("bench") / "tasks.json");
        second.run.resume_from = first.run.checkpoints.back();
        second();
        MethodRun whole(evaluate_method(), params);
        whole.with("set", folder("bench") / "tasks.json")();
        const auto rows = table_of(whole.run, "accuracy");
        QCOMPARE(rows.size(), std::size_t{1 + 4 * 4});                              // individual is added; an ensemble of other classes is left out
        QCOMPARE(table_of(second.run, "accuracy"), rows);
        for (std::size_t i = 1; i < rows.size(); ++i) {
            QCOMPARE(rows[i][2], std::string("12"));
            QCOMPARE(rows[i][3].empty(), rows[i][0] == "individual");               // which is told the task
            if (rows[i][3].empty()) continue;
            QVERIFY(std::stod(rows[i][3]) <= std::stod(rows[i][4]) + 1e-9);          // joint is never above oracle-head where weights do not hang on the head
        }
        QVERIFY(whole.run.summaries.at("left_out").dump().find("ensemble") != std::string::npos);
        QCOMPARE(whole.run.tensor("gate_confusion").sum().item<int>(), 48);
        const Json& classes = whole.run.find("confusion")->meta.at("classes");
        QVERIFY(std::int64_t(classes.size()) == whole.run.tensor("confusion").size(0) && classes[0] != Json("0"));
        QVERIFY(has_all(error_of([&] { MethodRun(evaluate_method(), {{"methods", Json::array({"averag"})}}).with("set", folder("bench") / "tasks.json")(); }), {"averag", "average"}));
        QVERIFY(has_all(error_of([&] { MethodRun(evaluate_method(), {{"methods", Json::array({"gated mm=1"})}}).with("set", folder("bench") / "tasks.json")(); }), {"mm"}));
    }

    void sweeps() {
        const c10::AutoGradMode off(false);
        const fs::path set = folder("bench") / "tasks.json";
        MethodRun m(sweep_method(), {{"axis", "m"}, {"images", 8}});
        m.with("set", set)();
        auto rows = table_of(m.run, "sweep");
        QCOMPARE(rows.size(), std::size_t{4});                                      // m = 0, 1, 2
        QCOMPARE(rows[0][5], std::string("task fashion"));
        QVERIFY(std::stod(rows[3][4]) > std::stod(rows[1][4]));                     // bytes grow with m
        MethodRun paused(sweep_method(), {{"axis", "m"}, {"images", 8}}), resumed(sweep_method(), {{"axis", "m"}, {"images", 8}});
        paused.with("set", set).run.pause_at = 0.3;
        QVERIFY_THROWS_EXCEPTION(Paused, paused());
        resumed.with("set", set).run.resume_from = paused.run.checkpoints.back();
        resumed();
        QCOMPARE(table_of(resumed.run, "sweep"), rows);
        MethodRun path(sweep_method(), {{"axis", "path"}, {"points", 5}, {"images", 8}, {"second", "base"}});
        path.with("set", set)();
        rows = table_of(path.run, "sweep");
        QCOMPARE(rows.size(), std::size_t{6});
        QCOMPARE(std::stod(rows[1][0]), -0.5);
        MethodRun plane(sweep_method(), {{"axis", "plane"}, {"points", 2}, {"images", 4}});
        plane.with("set", set)();
        QCOMPARE(table_of(plane.run, "sweep").size(), std::size_t{5});
        QVERIFY(has_all(error_of([&] { MethodRun(sweep_method(), {{"axis", "path"}, {"first", "digits"}, {"second", "digits"}}).with("set", set)(); }), {"two"}));
        QVERIFY(has_all(error_of([&] { MethodRun(sweep_method(), {{"axis", "lambda"}, {"method", "average"}}).with("set", set)(); }), {"no scale"}));
    }
};

QTEST_GUILESS_MAIN(TestTaskTraining)
#include "test_task_training.moc"
