// The quantization plugin: reference files, how a network is traced and where backends put quantisers, and what integers do.
#include "core/base/error.h"
#include "core/engine/registry.h"
#include "calibrated.h"
#include "errors.h"
#include "fake_run.h"
#include "plugins/quantization/engine/cases.h"
#include "plugins/quantization/engine/cases_methods.h"
#include "plugins/quantization/engine/cifar_resnet.h"
#include "plugins/quantization/engine/integer_tap.h"
#include "plugins/quantization/engine/settings.h"
#include "test_data.h"
#include "verify_text.h"
#include <ATen/ATen.h>
#include <QtTest>
#include <c10/core/GradMode.h>

using namespace lathe;
using namespace lathe::quantization;

namespace {

Registry all_cases() {
    Registry registry;
    for (auto make : {fake_quant_case, observers_case, apot_qil_oqa_case, backends_case, nodes_case, int8_exact_case, bn_fold_case, adaround_layer_case, sensitivity_case}) registry.add(make());
    return registry;
}

/// ResNet-8 of 8, 16 and 32 channels.
std::shared_ptr<CifarResNet> small_network() {
    CifarResNetConfig config;
    config.blocks = 1;
    config.width = 8;
    auto net = std::make_shared<CifarResNet>(config);
    net->initialize(1);
    net->prepare_inference();
    return net;
}

at::Tensor pictures(std::int64_t n) {
    at::manual_seed(7);
    return at::randn({n, 3, 32, 32});
}

QuantPlan plan_for(Network& net, const char* id, const std::function<void(PlacementOptions&)>& change = {}) {
    PlacementOptions options = defaults_of(backend(id));
    if (change) change(options);
    return place(trace(net, {at::zeros({1, 3, 32, 32})}), net.layers(), backend(id), options);
}

std::vector<std::string> quantised_nodes(const QuantPlan& plan) {
    std::vector<std::string> names;
    for (const Placed& placed : plan.activations) names.push_back(plan.graph.nodes[static_cast<std::size_t>(placed.node)].name);
    return names;
}

}

class TestQuantization : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void references_data() {
        QTest::addColumn<QString>("file");
        for (const char* name : {"fake_quant", "observers", "apot_qil_oqa", "adaround_layer", "bn_fold", "sensitivity"}) QTest::newRow(name) << QString::fromStdString(test_data("quantization").string()) + "/" + name + ".safetensors";
        if (const QString shared = qEnvironmentVariable("LATHE_SHARED"); !shared.isEmpty())   // they need published weights and pictures
            for (const char* name : {"resnet20_backends.safetensors", "resnet20_nodes.json", "resnet20_int8_exact.safetensors"})
                QTest::newRow((std::string("shared ") + name).c_str()) << shared + "/golden/quantization/" + name;
    }
    void references() {
        QFETCH(QString, file);
        const Registry registry = all_cases();
        FakeRun run;
        const c10::NoGradGuard as_in_the_engine;
        const VerifyReport report = verify_file(registry, file.toStdString(), {}, run);
        QVERIFY2(report.ok, wrong_outputs(report).c_str());
        QVERIFY(!report.outputs.empty());
    }

    void a_network_is_traced_as_in_the_public_model() {
        const auto net = small_network();
        const NetworkGraph graph = trace(*net, {at::zeros({1, 3, 32, 32})});
        QCOMPARE(graph.nodes.front().name, std::string("x"));
        for (const char* name : {"conv1", "bn1", "relu", "layer1_0_conv1", "layer1_0_relu2", "add", "add_2", "getitem", "pad", "pad_1", "avgpool", "flatten", "linear"}) QVERIFY2(graph.find(name) >= 0, name);
        const GraphNode& add = graph.nodes[static_cast<std::size_t>(graph.find("add"))];
        QCOMPARE(add.inputs.size(), std::size_t(2));
        QCOMPARE(graph.nodes[static_cast<std::size_t>(add.inputs[0])].name, std::string("layer1_0_bn2"));
        QCOMPARE(graph.nodes[static_cast<std::size_t>(add.inputs[1])].name, std::string("relu"));
        QVERIFY(graph.nodes[static_cast<std::size_t>(graph.find("linear"))].is_output);
        const NetworkGraph fused = fuse(graph);
        QVERIFY(fused.find("bn1") < 0 && fused.find("relu") < 0 && fused.find("layer1_0_relu2") >= 0);
        QVERIFY(fused.nodes[static_cast<std::size_t>(fused.find("conv1"))].activation >= 0);
        QVERIFY(fused.nodes[static_cast<std::size_t>(fused.find("layer1_0_conv2"))].activation < 0);   // an add stands between
    }

    void tensorrt_may_add_within_a_convolution() {
        const auto net = small_network();
        const auto plain = quantised_nodes(plan_for(*net, "tensorrt")), fused = quantised_nodes(plan_for(*net, "tensorrt", [](PlacementOptions& o) { o.fuse_residual_add = true; }));
        QVERIFY(std::ranges::find(plain, "layer1_0_conv2") != plain.end());
        QVERIFY(std::ranges::find(fused, "layer1_0_conv2") == fused.end());
        QCOMPARE(fused.size(), plain.size() - 3);
    }

    void choices_for_single_layers() {
        const auto net = small_network();
        const QuantPlan plan = plan_for(*net, "tensorrt", [](PlacementOptions& o) {
            o.nodes["layer2_0_conv1"].weight_bits = 4;
            o.nodes["layer2_0_conv1"].activation_bits = 5;
            o.nodes["linear"].excluded = true;
        });
        const auto weight = [&](const std::string& name) { return std::ranges::find(plan.weights, name + ".weight_fake_quant", &Placed::name); };
        QCOMPARE(weight("layer2.0.conv1")->spec.bits, 4);
        QCOMPARE(weight("conv1")->spec.bits, 8);
        QVERIFY(weight("linear") == plan.weights.end());
        for (const Placed& placed : plan.activations)
            QCOMPARE(placed.spec.bits, placed.name.starts_with("layer2_0_conv1") ? 5 : 8);
        const std::string error = error_of([&] { plan_for(*net, "tensorrt", [](PlacementOptions& o) { o.nodes["layer2_0_conv3"].weight_bits = 4; }); });
        QVERIFY2(error.find("layer2_0_conv") != error.npos, error.c_str());
    }

    void every_missing_quantiser_has_a_reason() {
        const auto net = small_network();
        for (const Backend& target : backends()) {
            const QuantPlan plan = plan_for(*net, target.id.c_str());
            std::set<int> placed;
            for (const Placed& one : plan.activations) placed.insert(one.node);
            for (std::size_t i = 0; i < plan.graph.nodes.size(); ++i) QCOMPARE(plan.why_not[i].empty(), placed.contains(static_cast<int>(i)));
            QVERIFY(!plan.is_empty());
        }
    }

    void every_backend_stays_near_float() {
        const auto net = small_network();
        const at::Tensor x = pictures(8), exact = run_with(*net, x, nullptr);
        for (const Backend& target : backends()) {
            const auto tap = std::make_shared<QuantTap>(*net, plan_for(*net, target.id.c_str()));
            calibrate(*net, tap, {x});
            const double error = ((run_with(*net, x, tap) - exact).norm() / exact.norm()).item<double>();
            QVERIFY2(error > 0 && error < (target.id == "nnie" ? 0.2 : 0.1), (target.id + " " + std::to_string(error)).c_str());
            tap->set_mode(QuantMode::off);
            QVERIFY(at::equal(run_with(*net, x, tap), run_with(*net, x, std::make_shared<QuantTap>(*net, plan_for(*net, target.id.c_str())))));
        }
    }

    void an_input_that_is_filled_anew_is_quantised_anew() {
        const auto net = small_network();
        const at::Tensor x = pictures(4), other = pictures(4).flip(0).contiguous();
        const auto tap = std::make_shared<QuantTap>(*net, plan_for(*net, "tensorrt"));
        calibrate(*net, tap, {x});
        run_with(*net, x, tap);
        const at::Tensor want = run_with(*net, other, tap);
        x.copy_(other);
        QVERIFY(at::equal(run_with(*net, x, tap), want));
    }

    void multiply_adds_are_those_of_the_layers() {
        const auto net = small_network();
        const NetworkGraph graph = trace(*net, {at::zeros({1, 3, 32, 32})});
        QCOMPARE(graph.nodes[static_cast<std::size_t>(graph.find("conv1"))].macs, std::int64_t{32 * 32 * 8 * 27});
        QCOMPARE(graph.nodes[static_cast<std::size_t>(graph.find("linear"))].macs, std::int64_t{10 * 32});
        QCOMPARE(fuse(graph).macs(), graph.macs());
    }

    void a_channel_that_is_off_divides_nothing() {
        const auto net = small_network();
        net->visit("", [](const std::string& key, at::Tensor& t) {
            if (key == "layer1.0.bn1.weight") { t[0] = 0; t[1] = 1e-12; }
        });
        const auto tap = std::make_shared<QuantTap>(*net, plan_for(*net, "tensorrt"));
        calibrate(*net, tap, {pictures(4)});
        QVERIFY(at::isfinite(run_with(*net, pictures(4), tap)).all().item<bool>());
    }

    void integers_agree_with_the_simulation() {
        const auto net = small_network();
        const at::Tensor x = pictures(8);
        const auto tap = std::make_shared<QuantTap>(*net, plan_for(*net, "onnxruntime"));
        calibrate(*net, tap, {x});
        const auto integers = std::make_shared<IntegerTap>(*tap);
        const std::set<std::string> kept{"x", "conv1", "layer2_0_relu2", "avgpool"};
        integers->keep(kept);
        const at::Tensor simulated = run_with(*net, x, tap), exact = run_with(*net, x, integers);
        QVERIFY(((simulated - exact).norm() / simulated.norm()).item<double>() < 0.02);
        QCOMPARE(integers->codes().size(), kept.size());
        for (const auto& [node, codes] : integers->codes()) QCOMPARE(codes.scalar_type(), at::kByte);
        QVERIFY(integers->integer_mac_share() > 0.99);
        QVERIFY(integers->float_nodes().contains("linear"));
    }

    void what_has_no_integers_is_refused() {
        const auto net = small_network();
        const auto nnie = std::make_shared<QuantTap>(*net, plan_for(*net, "nnie"));
        calibrate(*net, nnie, {pictures(2)});
        QVERIFY(has_all(error_of([&] { IntegerTap tap(*nnie); }), {"no integer form", "nnie"}));
        const auto wide = std::make_shared<QuantTap>(*net, plan_for(*net, "pplw8a16"));
        calibrate(*net, wide, {pictures(2)});
        QVERIFY(has_all(error_of([&] { IntegerTap tap(*wide); }), {"No layer of this network runs on integers", "16 bits"}));
        const auto nothing = std::make_shared<QuantTap>(*net, plan_for(*net, "tensorrt", [](PlacementOptions& o) { o.quantize_activations = o.quantize_weights = false; }));
        QVERIFY(has_all(error_of([&] { IntegerTap tap(*nothing); }), {"Nothing is quantized"}));
    }

    void bad_calibration_is_refused() {
        const auto net = small_network();
        const auto tap = std::make_shared<QuantTap>(*net, plan_for(*net, "tensorrt"));
        QVERIFY(has_all(error_of([&] { calibrate(*net, tap, {}); }), {"no pictures"}));
        const std::string error = error_of([&] { calibrate(*net, tap, {at::full({1, 3, 32, 32}, std::numeric_limits<float>::quiet_NaN())}); });
        QVERIFY2(has_all(error, {"NaN", "x_post_act_fake_quantizer"}), error.c_str());
        calibrate(*net, tap, {at::zeros({2, 3, 32, 32})});   // all zero: scales stay above nothing
        QVERIFY(at::isfinite(run_with(*net, at::zeros({2, 3, 32, 32}), tap)).all().item<bool>());
    }

    void settings_say_what_is_wrong() {
        QVERIFY(has_all(error_of([] { settings_from({{"backend", "tensort"}}); }), {"tensort", "Did you mean tensorrt"}));
        const Json rows = {{"columns", {"node", "weight_bits"}}, {"rows", Json::array({Json::array({"conv1", 40})})}};
        QVERIFY(has_all(error_of([&] { settings_from({{"layers", rows}}); }), {"conv1", "40"}));
        const Json good = {{"columns", {"node", "weight_bits", "excluded"}}, {"rows", Json::array({Json::array({"conv1", 4, ""}), Json::array({"linear", "", 1})})}};
        QVERIFY(has_all(error_of([] { settings_from({{"layers", {{"columns", Json::array({"node"})}, {"rows", Json::array({"conv1"})}}}}); }), {"layers", "conv1"}));
        const Settings settings = settings_from({{"backend", "academic"}, {"weight_bits", 3}, {"layers", good}});
        QCOMPARE(settings.placement.weights.bits, 3);
        QCOMPARE(*settings.placement.nodes.at("conv1").weight_bits, 4);
        QVERIFY(settings.placement.nodes.at("linear").excluded);
    }
};

QTEST_GUILESS_MAIN(TestQuantization)
#include "test_quantization.moc"
