// Calibrated plans as ONNX files: ONNX Runtime gives the integers of IntegerTap, every backend's file loads, and what cannot be exported is named.
#include "core/base/error.h"
#include "core/engine/classification_data.h"
#include "core/nn/tensor_index.h"
#include "calibrated.h"
#include "errors.h"
#include "plugins/quantization/engine/cifar_family.h"
#include "plugins/quantization/engine/cifar_resnet.h"
#include "plugins/quantization/engine/image_resnet.h"
#include "plugins/quantization/engine/integer_tap.h"
#include "plugins/quantization/engine/onnx_runtime.h"
#include "plugins/quantization/engine/qdq_export.h"
#include <ATen/ATen.h>
#include <QTemporaryDir>
#include <QtTest>
#include <c10/core/GradMode.h>

using namespace lathe;
using namespace lathe::quantization;
namespace fs = std::filesystem;

namespace {

/// ResNet-8 of 16, 32 and 64 channels, on noise.
Calibrated small(const std::string& id, const std::function<void(PlacementOptions&)>& change = {}) {
    CifarResNetConfig config;
    config.blocks = 1;
    auto network = std::make_shared<CifarResNet>(config);
    network->initialize(1);
    at::manual_seed(7);
    return calibrated(network, at::randn({6, 3, 32, 32}), id, change);
}

double largest(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

}

class TestQdqExport : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    fs::path file(const char* name) const { return fs::path(m_folder.path().toStdString()) / name; }

    /// How many pictures differ anywhere between IntegerTap and ONNX Runtime.
    static void compare(const Calibrated& c, const fs::path& path, const at::Tensor& images) {
        const QdqExport made = export_qdq(*c.network, *c.tap);
        made.model.save(path);
        const auto integers = std::make_shared<IntegerTap>(*c.tap);
        std::set<std::string> kept;
        std::vector<std::string> tensors;
        for (const auto& [node, tensor] : made.codes) {
            kept.insert(node);
            tensors.push_back(tensor);
        }
        integers->keep(kept);
        const at::Tensor logits = run_with(*c.network, images, integers);
        const OnnxRun run = run_onnx(path, {{"x", images}}, {.precise = true, .threads = 2, .tensors = tensors});
        for (const auto& [node, tensor] : made.codes) QVERIFY2(run.outputs.at(tensor).equal(integers->codes().at(node)), node.c_str());
        QVERIFY(largest(run.outputs.at(made.output), logits) <= 1e-5 * std::max(1.0, logits.abs().max().item<double>()));
    }

private Q_SLOTS:
    void the_runtime_gives_the_same_integers() {
        const Calibrated c = small("onnxruntime");
        compare(c, file("small.onnx"), c.images);
        const Json info = onnx_info(file("small.onnx"));
        QCOMPARE(info["optimised_operators"]["com.microsoft:QLinearConv"].get<int>(), 7);
        QCOMPARE(info["optimised_operators"]["com.microsoft:QLinearAdd"].get<int>(), 3);
    }
    void fewer_bits_give_the_same_integers() {
        const Calibrated c = small("onnxruntime", [](PlacementOptions& o) {
            o.weights.bits = 4;
            o.activations.bits = 5;
        });
        compare(c, file("few.onnx"), c.images);
        const QdqExport made = export_qdq(*c.network, *c.tap);
        std::string all;
        for (const std::string& warning : made.warnings) all += warning;
        QVERIFY2(has_all(all, {"8 bits", "Clip"}), all.c_str());
        for (const TensorRange& range : made.ranges) QCOMPARE(range.quant_max - range.quant_min, range.is_weight ? 14 : 31);
    }
    void a_network_for_large_pictures() {
        ImageResNetConfig config;
        config.depth = 18;
        config.base_channels = 8;
        config.classes = 10;
        auto network = std::make_shared<ImageResNet>(config);
        network->initialize(1);
        at::manual_seed(8);
        const Calibrated c = calibrated(network, at::randn({2, 3, 64, 64}), "onnxruntime");
        compare(c, file("large.onnx"), c.images);
        QCOMPARE(onnx_info(file("large.onnx"))["optimised_operators"]["com.microsoft:QLinearConv"].get<int>(), 20);
    }
    void published_weights_on_256_pictures() {
        const fs::path data = qEnvironmentVariable("LATHE_DATA").toStdString();
        if (!fs::exists(data / "cifar10-resnets" / "resnet20.safetensors")) QSKIP("the published weights are not here (LATHE_DATA)");
        const std::shared_ptr<Network> network = make_cifar_family()->load(*open_tensors(data / "cifar10-resnets" / "resnet20.safetensors"), Json::object());
        const at::Tensor training = open_classification_set(data / "cifar10", true).batch(0, 64);
        const Calibrated c = calibrated(network, training, "onnxruntime");
        compare(c, file("resnet20.onnx"), open_classification_set(data / "cifar10", false).batch(0, 256));
    }
    void every_backend_loads_data() {
        QTest::addColumn<QString>("id");
        for (const Backend& one : backends()) QTest::newRow(one.id.c_str()) << QString::fromStdString(one.id);
    }
    void every_backend_loads() {
        QFETCH(const QString, id);
        const Calibrated c = small(id.toStdString());
        if (id == "nnie") {   // its grid is logarithmic
            const std::string error = error_of([&] { export_qdq(*c.network, *c.tap); });
            QVERIFY2(has_all(error, {"no integer form", "nnie"}), error.c_str());
            return;
        }
        const QdqExport made = export_qdq(*c.network, *c.tap);
        made.model.save(file("backend.onnx"));
        const at::Tensor simulated = run_with(*c.network, c.images, c.tap);
        const OnnxRun run = run_onnx(file("backend.onnx"), {{"x", c.images}}, {.optimise = false});
        const at::Tensor got = run.outputs.at(made.output);
        QVERIFY(((got - simulated).norm() / simulated.norm()).item<double>() < 0.03);   // float sums in another order flip some values
        QCOMPARE(made.ranges.size(), c.tap->plan().activations.size() + c.tap->plan().weights.size());
        QVERIFY(clip_ranges(made.ranges, "general")["lathe"]["tensors"].size() == made.ranges.size());
        run_onnx(file("backend.onnx"), {{"x", c.images}}, {.precise = true});
    }
    void ranges_are_written_in_the_layout_of_the_backend() {
        const Calibrated c = small("tensorrt");
        QdqExport made = export_qdq(*c.network, *c.tap);
        copy_back(made.ranges, made.views);
        QVERIFY(clip_ranges(made.ranges, "tensorrt")["tensorrt"]["blob_range"].contains("layer1_0_conv1"));
        std::string all;
        for (const std::string& warning : made.warnings) all += warning;
        QVERIFY2(has_all(all, {"signed"}), all.c_str());
    }
    void nothing_quantised_is_no_export() {
        const Calibrated c = small("onnxruntime", [](PlacementOptions& o) { o.quantize_weights = o.quantize_activations = false; });
        const std::string error = error_of([&] { export_qdq(*c.network, *c.tap); });
        QVERIFY2(has_all(error, {"Nothing is quantized"}), error.c_str());
    }
    void odd_choices_are_exported() {
        const Calibrated c = small("onnxruntime", [](PlacementOptions& o) {
            o.nodes["layer2_0_conv1"].excluded = true;
            o.nodes["layer1_0_conv1"].weight_per_channel = false;
            o.nodes["layer3_0_conv1"].weight_symmetric = false;
            o.nodes["layer1_0_relu2"].activation_bits = 12;
        });
        const QdqExport made = export_qdq(*c.network, *c.tap);
        made.model.save(file("odd.onnx"));
        const at::Tensor simulated = run_with(*c.network, c.images, c.tap);
        const OnnxRun run = run_onnx(file("odd.onnx"), {{"x", c.images}}, {.optimise = false});
        QVERIFY(((run.outputs.at(made.output) - simulated).norm() / simulated.norm()).item<double>() < 0.03);
        std::string all;
        for (const std::string& warning : made.warnings) all += warning;
        QVERIFY2(has_all(all, {"more than 8 bits", "another zero point in each channel"}), all.c_str());
        QVERIFY(has_all(error_of([&] { export_qdq(*c.network, *c.tap, {.opset = 11}); }), {"opset 11"}));
    }
};

QTEST_GUILESS_MAIN(TestQdqExport)
#include "test_qdq_export.moc"
