// The fast integer engine: its kernels of every instruction set against sums in 64 bits, and whole networks against IntegerTap, bit for bit.
#include "core/base/error.h"
#include "core/engine/classification_data.h"
#include "core/nn/tensor_index.h"
#include "calibrated.h"
#include "errors.h"
#include "plugins/quantization/engine/cifar_family.h"
#include "plugins/quantization/engine/cifar_resnet.h"
#include "plugins/quantization/engine/image_resnet.h"
#include "plugins/quantization/engine/int8_engine.h"
#include "plugins/quantization/engine/integer_tap.h"
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <QtTest>
#include <c10/core/GradMode.h>

using namespace lathe;
using namespace lathe::quantization;
namespace fs = std::filesystem;

namespace {

Calibrated small(const std::string& id, int width = 16, const std::function<void(PlacementOptions&)>& change = {}) {
    CifarResNetConfig config;
    config.blocks = 1;
    config.width = width;
    auto network = std::make_shared<CifarResNet>(config);
    network->initialize(1);
    at::manual_seed(7);
    return calibrated(network, at::randn({5, 3, 32, 32}), id, change);
}

Calibrated large(const std::string& id, int depth, int size) {
    ImageResNetConfig config;
    config.depth = depth;
    config.base_channels = 16;
    config.classes = 37;
    auto network = std::make_shared<ImageResNet>(config);
    network->initialize(2);
    at::manual_seed(8);
    return calibrated(network, at::randn({2, 3, size, size}), id);
}

/// Every integer of IntegerTap, and its logits.
void compare(const Calibrated& c, const at::Tensor& images, const integer::Table& table = integer::table()) {
    const auto integers = std::make_shared<IntegerTap>(*c.tap);
    std::set<std::string> kept;
    for (const Placed& placed : c.tap->plan().activations) kept.insert(c.tap->plan().graph.nodes[static_cast<std::size_t>(placed.node)].name);
    integers->keep(kept);
    const at::Tensor want = run_with(*c.network, images, integers);
    for (const bool fuse : {false, true}) {
        Int8Engine engine(*c.network, *c.tap, fuse, table);
        engine.keep(kept);
        const at::Tensor got = engine.forward(images);
        for (const auto& [node, codes] : engine.codes()) {
            const at::Tensor reference = integers->codes().at(node);
            QVERIFY2(codes.reshape(reference.sizes()).equal(reference), (node + (fuse ? ", fused" : "")).c_str());
        }
        QVERIFY(engine.codes().size() + (fuse ? c.tap->plan().activations.size() / 2 : 0) >= integers->codes().size());
        QVERIFY((got - want).abs().max().item<double>() <= 1e-5 * std::max(1.0, want.abs().max().item<double>()));
        engine.keep({});
        QVERIFY(engine.forward(images).equal(got));
        QVERIFY(engine.codes().empty());
    }
}

const integer::Table& table_at(int i) { return *integer::tables()[static_cast<std::size_t>(i)]; }

}

class TestInt8Engine : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void sums_are_exact_data() {
        QTest::addColumn<int>("table");
        QTest::addColumn<QVector<int>>("shape");   // in, out, kernel, stride, padding, height, width
        const auto tables = integer::tables();
        for (int i = 0; i < static_cast<int>(tables.size()); ++i)
            for (const QVector<int>& shape : {QVector<int>{16, 16, 3, 1, 1, 32, 32}, {32, 48, 3, 1, 1, 9, 7}, {3, 16, 3, 1, 1, 8, 9}, {3, 64, 7, 2, 3, 31, 30}, {16, 32, 3, 2, 1, 15, 16},
                     {64, 10, 1, 1, 0, 5, 3}, {5, 7, 1, 2, 0, 6, 6},
                     {160, 72, 1, 1, 0, 1, 1}, {64, 64, 3, 1, 1, 7, 7}, {8, 8, 3, 1, 1, 4, 4}, {33, 100, 5, 1, 2, 6, 11},
                     {512, 512, 3, 1, 1, 3, 2}, {2048, 9, 1, 1, 0, 10, 10}})
                QTest::addRow("%s %d to %d, %d x %d, stride %d, %d x %d", tables[static_cast<std::size_t>(i)]->isa, shape[0], shape[1], shape[2], shape[2], shape[3], shape[5], shape[6]) << i << shape;
    }
    void sums_are_exact() {
        QFETCH(const int, table);
        QFETCH(const QVector<int>, shape);
        at::manual_seed(3);
        const ConvShape conv_shape{shape[0], shape[1], shape[2], shape[3], shape[4]};
        const int height = shape[5], width = shape[6], zero = 131;
        const at::Tensor weight = at::randint(-127, 128, {shape[1], shape[0], shape[2], shape[2]}, at::kLong);   // as large as they come
        const at::Tensor bias = at::randint(-100'000, 100'000, {shape[1]}, at::kLong), x = at::randint(0, 256, {1, shape[0], height, width}, at::kLong);
        const IntegerConv conv(weight, bias, conv_shape, zero, table_at(table));
        const at::Tensor sums = at::conv2d((x - zero).to(at::kDouble), weight.to(at::kDouble), bias.to(at::kDouble), {shape[3], shape[3]}, {shape[4], shape[4]});
        const at::Tensor multiplier = at::rand({shape[1]}) * 0.01 + 0.0005, residual = at::randint(0, 256, sums.sizes(), at::kByte);
        const at::Tensor codes = at::clamp(at::round(sums.to(at::kFloat) * multiplier.view({1, -1, 1, 1})) + 120, 3, 250);
        const at::Tensor total = (codes - 120).to(at::kFloat) * 0.03f + (residual.to(at::kFloat) - 7) * 0.05f;
        const at::Tensor want = at::clamp(at::round(at::relu(total) / 0.07f) + 11, 5, 240).to(at::kByte);
        std::vector<std::uint8_t> from(static_cast<std::size_t>(x.numel()) + 64);
        const at::Tensor last = x.permute({0, 2, 3, 1}).to(at::kByte).contiguous(), other = residual.permute({0, 2, 3, 1}).contiguous();
        std::memcpy(from.data(), last.const_data_ptr<std::uint8_t>(), last.nbytes());
        std::vector<float> factors(static_cast<std::size_t>(conv.padded_channels()), 0);
        std::memcpy(factors.data(), multiplier.const_data_ptr<float>(), multiplier.nbytes());
        std::vector<std::byte> scratch(conv.scratch_bytes(height, width));
        for (const int threads : {1, 5}) {
            at::Tensor plain = at::zeros(other.sizes(), at::kByte), summed = plain.clone();
            integer::Finish f{.bias = conv.bias(), .multiplier = factors.data(), .zero = 120, .low = 3, .high = 250, .out = plain.mutable_data_ptr<std::uint8_t>(), .channels = shape[1]};
            const int tasks = conv.tasks(height, width, threads);
            for (int task = tasks - 1; task >= 0; --task) conv.run(from.data(), height, width, f, task, tasks, scratch.data());
            QVERIFY(plain.permute({0, 3, 1, 2}).equal(codes.to(at::kByte)));
            f.out = summed.mutable_data_ptr<std::uint8_t>();
            f.residual = other.const_data_ptr<std::uint8_t>();
            f.own_scale = 0.03f;
            f.residual_scale = 0.05f;
            f.residual_zero = 7;
            f.sum_scale = 0.07f;
            f.sum_zero = 11;
            f.sum_low = 5;
            f.sum_high = 240;
            f.relu = true;
            for (int task = 0; task < tasks; ++task) conv.run(from.data(), height, width, f, task, tasks, scratch.data());
            QVERIFY(summed.permute({0, 3, 1, 2}).equal(want));
        }
    }
    void sums_that_do_not_fit_are_refused() {
        const auto error = [](const at::Tensor& weight, std::int64_t bias, int groups) {
            ConvShape shape{weight.size(1) * groups, weight.size(0), 1, 1, 0};
            shape.groups = groups;
            return error_of([&] { IntegerConv(weight, at::full({weight.size(0)}, bias, at::kLong), shape, 0); });
        };
        QVERIFY(error(at::full({4, 8, 1, 1}, 127, at::kLong), 5, 1).empty());
        QVERIFY(has_all(error(at::full({4, 8, 1, 1}, 127, at::kLong), std::int64_t{1} << 31, 1), {"32 bits"}));
        QVERIFY(has_all(error(at::full({4, 8, 1, 1}, 127, at::kLong), 0, 2), {"groups"}));
    }
    void networks_give_the_integers_of_the_simulation_data() {
        QTest::addColumn<QString>("id");
        for (const Backend& one : backends()) QTest::newRow(one.id.c_str()) << QString::fromStdString(one.id);
    }
    void networks_give_the_integers_of_the_simulation() {
        QFETCH(const QString, id);
        const Calibrated c = small(id.toStdString());
        const std::string refused = error_of([&] { IntegerTap tap(*c.tap); }), own = error_of([&] { Int8Engine engine(*c.network, *c.tap); });
        if (!refused.empty()) {
            QVERIFY2(!own.empty(), refused.c_str());   // neither calls it int8
            return;
        }
        QVERIFY2(own.empty(), own.c_str());
        compare(c, c.images);
    }
    void every_instruction_set_gives_them() {
        for (const integer::Table* table : integer::tables())
            for (const int width : {5, 16}) compare(small("onnxruntime", width), small("onnxruntime", width).images, *table);
    }
    void large_pictures_give_them() {
        compare(large("onnxruntime", 18, 64), large("onnxruntime", 18, 64).images);
        compare(large("openvino", 50, 96), large("openvino", 50, 96).images.narrow(0, 0, 1));
    }
    void few_bits_and_odd_choices_give_them() {
        compare(small("onnxruntime", 16, [](PlacementOptions& o) {
            o.weights.bits = 3;
            o.activations.bits = 4;
        }), small("onnxruntime").images);
        const Calibrated odd = small("onnxruntime", 16, [](PlacementOptions& o) {
            o.nodes["layer2_0_conv1"].excluded = true;
            o.nodes["layer3_0_conv1"].weight_symmetric = false;
            o.nodes["layer1_0_relu2"].activation_bits = 12;
        });
        const Int8Engine engine(*odd.network, *odd.tap);
        QVERIFY(engine.float_nodes().at("layer3_0_conv1") == "Its weight has a zero point.");
        QVERIFY(engine.float_nodes().contains("layer2_0_conv1") && engine.integer_mac_share() < 0.9 && engine.integer_mac_share() > 0.2);
        compare(odd, odd.images);
    }
    void any_number_of_pictures_and_threads() {
        const Calibrated c = small("onnxruntime");
        Int8Engine engine(*c.network, *c.tap);
        const at::Tensor all = engine.forward(c.images);
        const int before = at::get_num_threads();
        for (const int threads : {1, 3, 8}) {
            at::set_num_threads(threads);
            for (const std::int64_t n : {0, 1, 2, 5}) QVERIFY(engine.forward(c.images.narrow(0, 0, n)).equal(all.narrow(0, 0, n)));
        }
        at::set_num_threads(before);
        QVERIFY(engine.forward(c.images.contiguous(at::MemoryFormat::ChannelsLast)).equal(all));
        const std::string error = error_of([&] { engine.forward(at::zeros({1, 3, 30, 32})); });
        QVERIFY2(has_all(error, {"N x 3 x 32 x 32", "1 x 3 x 30 x 32"}), error.c_str());
        QVERIFY(!error_of([&] { engine.forward(at::zeros({1, 3, 32, 32}, at::kDouble)); }).empty());
        const at::Tensor strange = engine.forward(at::full({1, 3, 32, 32}, std::nan("")));
        QVERIFY(strange.isfinite().all().item<bool>());
        engine.forward(at::full({1, 3, 32, 32}, INFINITY));
    }
    void nothing_quantised_is_named() {
        const Calibrated c = small("onnxruntime", 16, [](PlacementOptions& o) { o.quantize_weights = o.quantize_activations = false; });
        const std::string error = error_of([&] { Int8Engine engine(*c.network, *c.tap); });
        QVERIFY2(has_all(error, {"Nothing is quantized"}), error.c_str());
    }
    void published_weights() {
        const fs::path data = qEnvironmentVariable("LATHE_DATA").toStdString();
        if (!fs::exists(data / "cifar10-resnets" / "resnet20.safetensors")) QSKIP("the published weights are not here (LATHE_DATA)");
        const std::shared_ptr<Network> network = make_cifar_family()->load(*open_tensors(data / "cifar10-resnets" / "resnet20.safetensors"), Json::object());
        const Calibrated c = calibrated(network, open_classification_set(data / "cifar10", true).batch(0, 64), "onnxruntime");
        const ClassificationSet test = open_classification_set(data / "cifar10", false);
        compare(c, test.batch(0, 64));
        Int8Engine engine(*network, *c.tap);
        std::int64_t right = 0;
        constexpr std::int64_t kPictures = 2000;
        for (std::int64_t i = 0; i < kPictures; i += 500) right += (engine.forward(test.batch(i, i + 500)).argmax(1) == test.labels.narrow(0, i, 500)).sum().item<std::int64_t>();
        QVERIFY(right >= kPictures * 0.91);
    }
};

QTEST_GUILESS_MAIN(TestInt8Engine)
#include "test_int8_engine.moc"
