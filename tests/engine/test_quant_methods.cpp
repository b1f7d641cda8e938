// The methods of quantization: parts of a network, what an evaluation reuses, sensitivity, reconstruction and comparison; bad input, cancelling and resuming.
#include "core/base/csv.h"
#include "errors.h"
#include "made_classifier.h"
#include "plugins/quantization/engine/calibration.h"
#include "plugins/quantization/engine/evaluation_memory.h"
#include "plugins/quantization/engine/methods.h"
#include "plugins/quantization/engine/network_reconstruction.h"
#include "plugins/quantization/engine/sensitivity_table.h"
#include "test_data.h"
#include <QtTest>

using namespace lathe;
using namespace lathe::quantization;

namespace {

constexpr auto kNothing = [] {};

struct Made {
    std::shared_ptr<CifarResNet> net = made_network();
    NetworkGraph graph = trace(*net, {at::zeros({1, 3, 32, 32})});
    PartRunner runner{*net, graph};
    at::Tensor x = [] { at::manual_seed(9); return at::randn({6, 3, 32, 32}); }();

    at::Tensor whole(const std::vector<std::shared_ptr<Tap>>& taps = {}) {
        const c10::NoGradGuard no_gradients;
        TapStack stack;
        for (const auto& tap : taps) stack.add(tap);
        stack.attach(net->layers());
        return net->forward({x}, &stack);
    }
    std::shared_ptr<QuantTap> tap(const char* id, const std::function<void(PlacementOptions&)>& change = {}) {
        PlacementOptions options = defaults_of(backend(id));
        if (change) change(options);
        auto made = std::make_shared<QuantTap>(*net, place(graph, net->layers(), backend(id), options));
        calibrate(*net, made, {x});
        return made;
    }
    int node(const char* name) const { return graph.find(name); }
};

CsvTable table_of(const FakeRun& run, std::string_view key) {
    const Artifact* made = run.find(key);
    return made ? parse_csv(*made->bytes) : CsvTable{};
}

double number_at(const CsvTable& table, std::size_t row, const char* column) {
    const auto found = std::ranges::find(table.columns, column);
    return found == table.columns.end() || row >= table.rows.size() ? std::numeric_limits<double>::quiet_NaN() : parse_number(table.rows[row][static_cast<std::size_t>(found - table.columns.begin())]).value_or(std::numeric_limits<double>::quiet_NaN());
}

}

class TestQuantMethods : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void parts_of_a_network_give_what_the_whole_gives() {
        Made made;
        const c10::NoGradGuard no_gradients;
        for (const auto& taps : {std::vector<std::shared_ptr<Tap>>{}, {made.tap("tensorrt")}, {made.tap("academic")}, {made.tap("vitis")}}) {
            const at::Tensor want = made.whole(taps);
            const std::vector<int> cuts = made.runner.cuts(12);
            QVERIFY(cuts.size() >= 3);
            PartRunner::Asked first;
            first.given = {{0, made.x}};
            first.taps = taps;
            for (const int cut : cuts) first.kept.insert(made.runner.live(cut).front());
            const PartRunner::Result all = made.runner.run(first);
            QVERIFY(at::allclose(all.output, want, 1e-5, 1e-5));
            for (const int cut : cuts) {
                PartRunner::Asked rest;
                rest.begin = cut;
                rest.given = all.kept;
                rest.taps = taps;
                QVERIFY(at::allclose(made.runner.run(rest).output, all.output, 1e-5, 1e-5));   // what nobody looks at runs folded
                PartRunner::Asked before = first;
                before.end = cut;
                before.kept.clear();
                if (made.runner.live(cut).front() == cut - 1) QVERIFY(at::allclose(made.runner.run(before).output, all.kept.at(cut - 1), 1e-5, 1e-5));
            }
        }
    }

    void units_are_layers_or_blocks() {
        Made made;
        QStringList layers, blocks;
        for (const Unit& unit : layer_units(made.runner)) layers << QString::fromStdString(unit.name);
        for (const Unit& unit : block_units(made.runner)) blocks << QString::fromStdString(unit.name);
        QCOMPARE(layers.size(), 8);
        QCOMPARE(blocks, (QStringList{"conv1", "layer1_0_conv1 … layer1_0_conv2", "layer2_0_conv1 … layer2_0_conv2", "layer3_0_conv1 … layer3_0_conv2", "linear"}));
        const Unit block = block_units(made.runner)[2];
        QCOMPARE(made.graph.nodes[static_cast<std::size_t>(block.inputs.front())].name, std::string("layer1_0_relu2"));
        QCOMPARE(block.inputs.size(), std::size_t(1));
    }

    void a_calibration_is_remembered() {
        Made made;
        CalibrationMemory memory;
        memory.start("a");
        const auto first = made.tap("tensorrt");
        memory.remember(*first);
        PlacementOptions options = defaults_of(backend("tensorrt"));
        options.nodes["layer2_0_conv1"].weight_bits = 4;
        const auto changed = std::make_shared<QuantTap>(*made.net, place(made.graph, made.net->layers(), backend("tensorrt"), options));
        const std::set<std::string> known = memory.recall(*changed);
        QCOMPARE(known.size() + 1, changed->names().size());
        QVERIFY(!known.contains("layer2.0.conv1.weight_fake_quant"));
        int looks = 0;
        calibrate(*made.net, changed, {made.x}, [&](std::int64_t) { ++looks; }, known);
        QCOMPARE(looks, 1);
        const auto anew = made.tap("tensorrt", [](PlacementOptions& o) { o.nodes["layer2_0_conv1"].weight_bits = 4; });
        QVERIFY(at::equal(made.whole({changed}), made.whole({anew})));
        memory.start("b");
        QVERIFY(memory.recall(*changed).empty());
    }

    void a_range_of_the_user_is_taken() {
        Made made;
        const auto tap = made.tap("tensorrt", [](PlacementOptions& o) {
            o.nodes["layer2_0_conv1"].weight_clip = 0.127;
            o.nodes["layer1_0_conv1"].activation_range = std::pair(-1.0, 1.27);
        });
        QVERIFY(std::abs(tap->find("layer2.0.conv1.weight_fake_quant")->params().scale.max().item<double>() - 0.001) < 1e-6);
        QVERIFY(std::abs(tap->find("layer1_0_conv1_post_act_fake_quantizer")->params().scale.item<double>() - 0.01) < 1e-6);
    }

    void an_evaluation_starts_at_the_first_change() {
        MadeClassifier made;
        const Method method = evaluate_method();
        const auto answers = [&](const Json& layers) {
            const auto run = made.run_of(method, {{"backend", "tensorrt"}, {"images", 40}, {"batch", 16}, {"calibration_images", 16}, {"calibration_batch", 16}, {"layers", {{"columns", {"node", "weight_bits"}}, {"rows", layers}}}});
            method.run(*run);
            return std::tuple(run->summaries.at("reused").get<std::string>(), run->summaries.at("kl").get<double>(), run->summaries.at("top1").get<double>());
        };
        const Json none = Json::array(), late = Json::array({Json::array({"layer3_0_conv2", 3})}), early = Json::array({Json::array({"conv1", 3})});
        const auto [whole, kl, top1] = answers(none);
        const auto [same, kl2, top2] = answers(none);
        QCOMPARE(same, std::string("all of it"));
        QCOMPARE(kl2, kl);
        const auto [from, kl3, top3] = answers(late);
        QVERIFY2(from.starts_with("layer3") || from.starts_with("layer2"), from.c_str());
        QVERIFY(kl3 != kl);
        QCOMPARE(std::get<0>(answers(early)), std::string());
        const auto again = answers(late);                        // the first layer has changed back
        QCOMPARE(std::get<0>(again), std::string());
        QVERIFY(std::abs(std::get<1>(again) - kl3) <= 1e-9);
    }

    void an_evaluation_shows_its_layers() {
        MadeClassifier made;
        const Method method = evaluate_method();
        const auto run = made.run_of(method, {{"backend", "tensorrt"}, {"images", 30}, {"calibration_images", 16}});
        method.run(*run);
        const CsvTable layers = table_of(*run, "layers");
        QCOMPARE(layers.rows.size(), std::size_t(8));
        QCOMPARE(number_at(layers, 0, "weight bits"), 8.0);
        QCOMPARE(number_at(layers, 0, "weights"), 432.0);
        QVERIFY(number_at(layers, 0, "SQNR dB") > 35);
        QVERIFY(number_at(layers, 1, "in clip high") > 0 && number_at(layers, 1, "in low") >= 0);   // behind a ReLU
        const at::Tensor weights = run->tensor("weight_histograms"), inputs = run->tensor("input_histograms");
        QCOMPARE(weights.size(0), 8);
        QCOMPARE(weights[0].sum().item<double>(), 432.0);
        QCOMPARE(inputs[0].sum().item<double>(), 16.0 * 3 * 32 * 32);
        QVERIFY(run->find("worst") && run->find("confusion") && run->find("nodes"));
        const auto described = made.run_of(describe_method(), {{"backend", "tensorrt"}});
        describe_method().run(*described);
        QCOMPARE(table_of(*described, "layers").rows.size(), std::size_t(8));
        QVERIFY(!described->find("input_histograms"));
    }

    void sensitivity_is_that_of_one_thing_alone() {
        Made made;
        TapsByBits taps;
        for (const int bits : {3, 8})
            taps.emplace_back(bits, made.tap("tensorrt", [&](PlacementOptions& o) {
                for (Scheme* scheme : {&o.weights, &o.activations}) scheme->bits = bits;
            }));
        int done = 0;
        const SensitivityTable table = measure_sensitivity(made.runner, taps, made.x, at::arange(6), true, kNothing, [&](const SensitivityRow&, std::int64_t, std::int64_t) { ++done; });
        QCOMPARE(table.rows.size(), static_cast<std::size_t>(done));
        QCOMPARE(table.rows.size(), 2 * taps.front().second->names().size());
        const at::Tensor exact = made.whole();
        for (const std::size_t row : {std::size_t{0}, std::size_t{6}, table.rows.size() - 4}) {
            const SensitivityRow& one = table.rows[row];
            const auto tap = made.tap("tensorrt", [&](PlacementOptions& o) {
                for (Scheme* scheme : {&o.weights, &o.activations}) scheme->bits = one.bits;
            });
            for (const auto* list : {&tap->plan().weights, &tap->plan().activations})
                for (const Placed& placed : *list)
                    if (tap->plan().graph.nodes[static_cast<std::size_t>(placed.node)].name == one.node && (list == &tap->plan().weights) == one.is_weight) tap->focus(placed.name);
            const at::Tensor change = made.whole({tap}) - exact;
            QVERIFY2((change - table.perturbations[static_cast<std::int64_t>(row)]).abs().max().item<double>() <= 1e-4 * exact.abs().max().item<double>(), one.node.c_str());
        }
        QVERIFY(table.rows[0].own.sqnr_db() < table.rows[1].own.sqnr_db());
        QVERIFY(table.rows[0].kl > table.rows[1].kl);
    }

    void sensitivity_gives_the_whole_front() {
        MadeClassifier made;
        const Method method = sensitivity_method();
        const auto run = made.run_of(method, {{"backend", "academic"}, {"images", 20}, {"bits", Json::array({2, 4, 8})}, {"calibration_images", 16}, {"curvature", "trace"}, {"probes", 3}});
        method.run(*run);
        const CsvTable front = table_of(*run, "front"), table = table_of(*run, "sensitivity");
        QVERIFY(front.rows.size() > 3);
        for (std::size_t i = 1; i < front.rows.size(); ++i) QVERIFY(number_at(front, i, "size kB") > number_at(front, i - 1, "size kB"));
        QCOMPARE(number_at(front, 0, "conv1"), 2.0);
        QVERIFY(std::isfinite(number_at(table, 0, "curvature")) && std::isfinite(number_at(table, 0, "HAWQ")));
        QCOMPARE(run->tensor("perturbations").size(0), static_cast<std::int64_t>(table.rows.size()));
        QVERIFY(has_all(error_of([&] { const auto bad = made.run_of(method, {{"bits", Json::array({1})}, {"calibration_images", 16}}); method.run(*bad); }), {"bits"}));
        QVERIFY(has_all(error_of([&] { const auto bad = made.run_of(method, {{"images", 4000}, {"calibration_images", 16}}); method.run(*bad); }), {"fewer pictures"}));
    }

    void reconstruction_data() {
        QTest::addColumn<QString>("algorithm");
        QTest::addColumn<QString>("target");
        QTest::newRow("adaround, kept apart") << "adaround" << "academic";
        QTest::newRow("adaround, folded") << "adaround" << "tensorrt";
        QTest::newRow("brecq") << "brecq" << "academic";
        QTest::newRow("qdrop") << "qdrop" << "academic";
    }
    void reconstruction() {
        QFETCH(QString, algorithm);
        QFETCH(QString, target);
        MadeClassifier made;
        const Method method = reconstruct_method();
        const Json params = {{"backend", target.toStdString()}, {"algorithm", algorithm.toStdString()}, {"weight_bits", 3}, {"iterations", 40}, {"learning_rate", 0.01}, {"reconstruction_images", 16}, {"learning_batch", 8}, {"images", 20}, {"calibration_images", 16}};
        const auto run = made.run_of(method, params);
        method.run(*run);
        const CsvTable units = table_of(*run, "units");
        QCOMPARE(units.rows.size(), std::size_t(algorithm == "adaround" ? 8 : 5));
        int better = 0;
        for (std::size_t i = 0; i < units.rows.size(); ++i) better += number_at(units, i, "error after") <= number_at(units, i, "error before");
        QVERIFY2(2 * better > int(units.rows.size()), qPrintable(QString::number(better)));   // a few steps on random weights
        QCOMPARE(run->metrics["top1"].size(), units.rows.size() + 1);

        // What it wrote gives the same accuracy when it is opened again.
        const Artifact *model = run->find("model"), *quantizers = run->find("quantizers");
        QVERIFY(model && quantizers);
        write_file(made.folder() + "/again.safetensors", *model->bytes);
        write_file(made.folder() + "/quantizers.safetensors", *quantizers->bytes);
        const Method evaluation = evaluate_method();
        const auto again = made.run_of(evaluation, {{"backend", target.toStdString()}, {"weight_bits", 3}, {"images", 20}, {"calibration_images", 16}});
        again->inputs = {{"model", "model", "another-hash-" + algorithm.toStdString() + target.toStdString(), made.folder() + "/again.safetensors"}, {"data", "data", "", made.folder()}, {"quantizers", "model", "", made.folder() + "/quantizers.safetensors"}};
        evaluation.run(*again);
        QCOMPARE(again->summaries.at("top1").get<double>(), run->summaries.at("top1").get<double>());

        // Paused in the middle and resumed, it ends where the unbroken one ended.
        const auto paused = made.run_of(method, params);
        paused->pause_at = 0.45;
        bool was_paused = false;
        try {
            method.run(*paused);
        } catch (const Paused&) {
            was_paused = true;
        }
        QVERIFY(was_paused && !paused->checkpoints.empty());
        const auto resumed = made.run_of(method, params);
        resumed->resume_from = paused->checkpoints.back();
        method.run(*resumed);
        const auto unbroken_file = open_safetensors_bytes(model->bytes, "a"), resumed_file = open_safetensors_bytes(resumed->find("model")->bytes, "b");
        for (const TensorEntry& entry : unbroken_file->entries()) QVERIFY2(at::equal(unbroken_file->get(entry.name), resumed_file->get(entry.name)), entry.name.c_str());
    }

    void a_cancelled_reconstruction_leaves_the_model_alone() {
        MadeClassifier made;
        const Method method = reconstruct_method();
        const Json params = {{"backend", "academic"}, {"weight_bits", 3}, {"iterations", 30}, {"reconstruction_images", 32}, {"images", 20}, {"calibration_images", 16}};
        const auto before = made.run_of(evaluate_method(), {{"images", 20}, {"calibration_images", 16}});
        evaluate_method().run(*before);
        const auto run = made.run_of(method, params);
        run->cancel_after = 400;
        bool was_cancelled = false;
        try {
            method.run(*run);
        } catch (const Cancelled&) {
            was_cancelled = true;
        }
        QVERIFY(was_cancelled);
        const auto after = made.run_of(evaluate_method(), {{"images", 21}, {"calibration_images", 16}});
        evaluate_method().run(*after);
        QVERIFY(std::abs(after->summaries.at("top1_float").get<double>() * 21 - before->summaries.at("top1_float").get<double>() * 20) <= 1.001);
    }

    void comparison_tells_mean_and_deviation() {
        MadeClassifier made(64);
        const Method method = compare_method();
        const Json params = {{"methods", Json::array({"plain", "adaround"})}, {"bits", Json::array({"8/8", "3/8"})}, {"seeds", 2}, {"iterations", 5}, {"reconstruction_images", 16}, {"calibration_images", 16}, {"images", 20}};
        const auto run = made.run_of(method, params);
        method.run(*run);
        const CsvTable table = table_of(*run, "comparison");
        QCOMPARE(table.rows.size(), std::size_t(4));
        QCOMPARE(number_at(table, 0, "n"), 2.0);
        QVERIFY(std::isfinite(number_at(table, 0, "top1 std")));
        QVERIFY(run->checkpoints.size() == 8);
        const auto resumed = made.run_of(method, params);
        resumed->resume_from = run->checkpoints[4];
        method.run(*resumed);
        QCOMPARE(*resumed->find("comparison")->bytes, *run->find("comparison")->bytes);
        QVERIFY(has_all(error_of([&] { const auto bad = made.run_of(method, {{"bits", Json::array({"8"})}}); method.run(*bad); }), {"weights/activations"}));
        QVERIFY(has_all(error_of([&] { const auto bad = made.run_of(method, {{"methods", Json::array({"adaroun"})}}); method.run(*bad); }), {"adaroun", "Did you mean adaround"}));
    }

    void a_channel_that_is_off_is_told() {
        MadeClassifier made;
        auto net = made_network();
        net->visit("", [](const std::string& key, at::Tensor& t) {
            if (key == "layer1.0.bn1.weight") t[3] = 0;
        });
        write_safetensors(made.folder() + "/off.safetensors", net->state());
        const auto run = made.run_of(evaluate_method(), {{"images", 20}, {"calibration_images", 16}});
        run->inputs[0] = {"model", "model", "hash-of-one-with-a-channel-off", made.folder() + "/off.safetensors"};
        evaluate_method().run(*run);
        QVERIFY(std::ranges::any_of(run->logs, [](const std::string& line) { return has_all(line, {"layer1_0_conv1", "1 of 16 channels"}); }));
        QVERIFY(std::isfinite(run->summaries.at("loss").get<double>()));
    }

    void quantizers_of_another_network_are_refused() {
        MadeClassifier made;
        write_safetensors(made.folder() + "/other.safetensors", {{"a.scale", at::ones({1})}});
        const auto run = made.run_of(evaluate_method(), {{"images", 20}, {"calibration_images", 16}});
        run->inputs.push_back({"quantizers", "model", "", made.folder() + "/other.safetensors"});
        QVERIFY(has_all(error_of([&] { evaluate_method().run(*run); }), {"no file of quantizers", "other.safetensors"}));
    }
};

QTEST_GUILESS_MAIN(TestQuantMethods)
#include "test_quant_methods.moc"
