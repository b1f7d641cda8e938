// Classifiers of pictures: keys, Tap points, int8 and training of both families; the sets they run on; how their results are counted.
#include "core/base/file.h"
#include "core/engine/image_folder.h"
#include "core/nn/int8_conv.h"
#include "core/nn/tensor_index.h"
#include "errors.h"
#include "plugins/quantization/engine/cifar_family.h"
#include "plugins/quantization/engine/cifar_resnet.h"
#include "plugins/quantization/engine/classification.h"
#include "plugins/quantization/engine/image_resnet.h"
#include "plugins/quantization/engine/image_resnet_family.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <opencv2/imgcodecs.hpp>
#include <QTemporaryDir>
#include <QtTest>

using namespace lathe;
using namespace lathe::quantization;
namespace fs = std::filesystem;

namespace {

struct Recorder : Tap {
    const std::vector<LayerInfo>& layers;
    QStringList seen;
    explicit Recorder(const std::vector<LayerInfo>& all) : layers(all) {}
    bool wants(const LayerInfo&) override { return true; }
    Flow enter(int id, TensorRefs, at::Tensor&) override {
        const LayerInfo& layer = layers[static_cast<std::size_t>(id)];
        seen << QString::fromStdString(layer.name + " " + layer.type + " " + layer.point);
        return Flow::run;
    }
};

/// Statistics and norms as after training, so that folding has something to do.
void shake(Network& network) {
    const c10::NoGradGuard no_gradients;
    network.visit("", [](const std::string& key, at::Tensor& t) {
        if (t.dim() != 1) return;
        if (key.ends_with("running_var") || key.ends_with("weight")) t.uniform_(0.5, 1.5);
        else t.normal_(0, 0.1);
    });
    network.visit_modules("", [](const std::string&, Module& module) { module.weights_changed(); });
}

at::Tensor with_tap(Network& network, const at::Tensor& x, const std::shared_ptr<Tap>& tap) {
    const c10::NoGradGuard no_gradients;
    TapStack taps;
    taps.add(tap);
    taps.attach(network.layers());
    return network.forward({x}, &taps);
}

double relative_error(const at::Tensor& got, const at::Tensor& want) { return (got - want).abs().max().item<double>() / want.abs().max().item<double>(); }

std::unique_ptr<ModelFamily> family_of(const QString& id) { return id == "resnet" ? make_image_resnet_family() : make_cifar_family(); }

std::string record(const std::string& labels, char value) {
    return labels + std::string(1024, value) + std::string(1024, static_cast<char>(value + 1)) + std::string(1024, static_cast<char>(value + 2));
}

void write_picture(const fs::path& file, int width, int height, const cv::Scalar& bgr) {
    fs::create_directories(file.parent_path());
    cv::imwrite(file.string(), cv::Mat(height, width, CV_8UC3, bgr));
}

/// Big-endian sizes behind the magic number of bytes.
std::string idx_bytes(const std::vector<int>& sizes, const std::string& values) {
    std::string out("\0\0\x08", 3);
    out += static_cast<char>(sizes.size());
    for (const int size : sizes) out += std::string("\0\0", 2) + static_cast<char>(size / 256) + static_cast<char>(size % 256);
    return out + values;
}

}

class TestClassifiers : public QObject {
    Q_OBJECT
private:
    QTemporaryDir m_temporary;
    int m_folders = 0;
    fs::path fresh() {
        const fs::path folder = fs::path(m_temporary.path().toStdString()) / std::to_string(m_folders++);
        fs::create_directories(folder);
        return folder;
    }
    fs::path saved(Network& network, const std::string& prefix, const std::function<void(std::map<std::string, at::Tensor>&)>& change = {}) {
        std::map<std::string, at::Tensor> tensors;
        for (const auto& [key, value] : network.state()) tensors[prefix + key] = value;
        if (change) change(tensors);
        const fs::path file = fresh() / "model.safetensors";
        write_safetensors(file, tensors);
        return file;
    }

    static void add_networks() {
        QTest::addColumn<QString>("family");
        QTest::addColumn<QString>("config");
        QTest::addColumn<int>("size");
        QTest::newRow("cifar, colour") << "cifar_resnet" << R"({"blocks": 2, "width": 16})" << 32;
        QTest::newRow("cifar, grey, odd sizes") << "cifar_resnet" << R"({"blocks": 1, "width": 6, "channels": 1, "classes": 3})" << 29;
        QTest::newRow("resnet-18") << "resnet" << R"({"depth": 18, "base_channels": 8, "classes": 7})" << 64;
        QTest::newRow("resnet-50") << "resnet" << R"({"depth": 50, "base_channels": 8, "classes": 7})" << 40;
    }

private Q_SLOTS:
    void keys_go_round_data() { add_networks(); }
    void keys_go_round() {
        QFETCH(const QString, family);
        QFETCH(const QString, config);
        QFETCH(const int, size);
        const auto own = family_of(family), other = family_of(family == "resnet" ? "cifar_resnet" : "resnet");
        const auto network = own->make(parse_json(config.toStdString(), "test"), 3);
        shake(*network);
        const at::Tensor x = at::randn({2, own->facts(*network).at("channels").get<std::int64_t>(), size, size}), want = network->forward({x}, nullptr);
        for (const std::string prefix : {"", "module.", "model."}) {
            const auto file = open_tensors(saved(*network, prefix, [&](auto& tensors) { tensors[prefix + "bn1.num_batches_tracked"] = at::ones({1}, at::kLong); }));
            const Recognition r = own->recognise(*file);
            QVERIFY(r.confidence == 1 && r.config == network->config());
            QVERIFY(other->recognise(*file).confidence == 0 && !other->recognise(*file).why.empty());
            QVERIFY(at::equal(own->load(*file, Json::object())->forward({x}, nullptr), want));
            QVERIFY(!error_of([&] { other->load(*file, Json::object()); }).empty());
        }
        const Json facts = own->facts(*network);
        QCOMPARE(facts.at("classes").get<std::int64_t>(), want.size(1));
        const auto example = own->example(*network, 3, 4);
        QCOMPARE(network->forward(example, nullptr).sizes().vec(), (std::vector<std::int64_t>{3, want.size(1)}));
    }
    void counts_are_those_of_the_papers() {
        const auto facts = [](const char* family, const Json& config) {
            const auto own = family_of(family);
            return classifier_facts(*own->make(config, 1));
        };
        const Json small = facts("cifar_resnet", {{"blocks", 3}}), large = facts("resnet", {{"depth", 18}});
        QCOMPARE(small.at("parameters").get<int>(), 269'722);
        QCOMPARE(small.at("macs").get<int>(), 40'551'040);
        QCOMPARE(large.at("parameters").get<int>(), 11'689'512);
        QCOMPARE(large.at("macs").get<std::int64_t>(), std::int64_t{1'814'073'344});
    }
    void checkpoints_of_others_are_not_ours() {
        const auto refused = [this](const std::map<std::string, std::vector<std::int64_t>>& shapes) {
            std::map<std::string, at::Tensor> tensors;
            for (const auto& [key, shape] : shapes) tensors[key] = at::zeros(shape);
            const fs::path file = fresh() / "model.safetensors";
            write_safetensors(file, tensors);
            const auto index = open_tensors(file);
            for (const QString family : {"cifar_resnet", "resnet"}) {
                const Recognition r = family_of(family)->recognise(*index);
                if (r.confidence != 0 || r.why.empty() || !error_of([&] { family_of(family)->load(*index, Json::object()); }).starts_with("This is no ResNet")) return false;
            }
            return true;
        };
        QVERIFY(refused({{"x", {1}}}));
        QVERIFY(refused({{"backbone.conv1.weight", {64, 3, 7, 7}}, {"backbone.layer4.0.conv1.weight", {512, 256, 3, 3}}, {"neck_3d.fuse.weight", {8, 8, 1, 1}},
            {"bbox_head.conv_cls.weight", {8, 8, 1, 1}}}));   // a detector
        QVERIFY(refused({{"conv1.weight", {64, 3, 7, 7}}, {"layer1.0.conv1.weight", {128, 64, 1, 1}}, {"layer1.0.conv2.weight", {128, 128, 3, 3}}, {"layer1.0.conv3.weight", {256, 128, 1, 1}},
            {"layer4.0.conv1.weight", {1024, 1024, 1, 1}}, {"fc.weight", {1000, 2048}}}));   // wide
        QVERIFY(refused({{"conv1.weight", {64, 3, 7, 7}}, {"layer1.0.conv1.weight", {64, 64, 3, 3}}, {"layer1.0.conv2.weight", {64, 64, 3, 3}}, {"layer4.0.conv1.weight", {512, 256, 3, 3}},
            {"fc.weight", {1000, 512}}}));   // ResNet-10
        QVERIFY(refused({{"conv1.weight", {16, 3, 3, 3}}, {"layer1.0.conv1.weight", {16, 16, 3, 3}}, {"layer3.0.conv2.weight", {64, 64, 3, 3}}, {"layer4.0.conv1.weight", {64, 64, 3, 3}},
            {"linear.weight", {10, 64}}}));
        QVERIFY(refused({{"conv1.weight", {16}}, {"layer3.0.conv2.weight", {64}}, {"layer4.0.conv1.weight", {1}}, {"linear.weight", {10}}, {"fc.weight", {10}}}));
    }
    void damaged_checkpoints_name_what_is_wrong_data() { add_networks(); }
    void damaged_checkpoints_name_what_is_wrong() {
        QFETCH(const QString, family);
        QFETCH(const QString, config);
        const auto own = family_of(family);
        const auto network = own->make(parse_json(config.toStdString(), "test"), 3);
        const auto error = [&](const std::function<void(std::map<std::string, at::Tensor>&)>& change) {
            const fs::path file = saved(*network, "module.", change);
            return error_of([&] { own->load(*open_tensors(file), Json::object()); });
        };
        QVERIFY(has_all(error([](auto& t) { t.erase("module.layer2.0.bn1.running_var"); }), {"model.safetensors", "missing", "layer2.0.bn1.running_var"}));
        QVERIFY(has_all(error([](auto& t) { t["module.layer1.0.se.weight"] = at::zeros({2}); }), {"unexpected", "layer1.0.se.weight"}));
        QVERIFY(has_all(error([](auto& t) { t["module.layer3.0.bn2.bias"] = at::zeros({5}); }), {"wrong shape", "layer3.0.bn2.bias", "[5]"}));
        QVERIFY(has_all(error([](auto& t) { t["module.layer3.0.bn2.bias"] = at::full_like(t["module.layer3.0.bn2.bias"], std::nan("")); }), {"NaN", "layer3.0.bn2.bias"}));
    }
    void impossible_sizes_are_refused() {
        for (const Json& config : {Json{{"blocks", 0}}, Json{{"width", -3}}, Json{{"classes", 1}}, Json{{"channels", "three"}}, Json{{"blocks", 1e9}}, Json{{"width", 2.5}}})
            QVERIFY(has_all(error_of([&] { make_cifar_family()->make(config, 1); }), {QString::fromStdString(config.begin().key()), "whole number"}));
        for (const Json& config : {Json{{"depth", 19}}, Json{{"depth", 152}}, Json{{"base_channels", 0}}, Json{{"classes", nullptr}}})
            QVERIFY(has_all(error_of([&] { make_image_resnet_family()->make(config, 1); }), {QString::fromStdString(config.begin().key())}));
        const auto network = make_cifar_family()->make({{"blocks", 1}}, 1);
        for (const at::Tensor& x : {at::zeros({1, 1, 32, 32}), at::zeros({3, 32, 32}), at::zeros({0, 3, 32, 32}), at::zeros({1, 3, 32, 32}, at::kByte), at::zeros({1, 3, 0, 32}), at::Tensor()})
            QVERIFY(has_all(error_of([&] { network->forward({x}, nullptr); }), {"3 channels"}));
        QVERIFY(has_all(error_of([&] { network->forward({}, nullptr); }), {"one batch"}));
        QCOMPARE(network->forward({at::zeros({1, 3, 1, 1})}, nullptr).size(1), std::int64_t{10});   // as small as it goes
        QVERIFY(network->forward({at::full({2, 3, 8, 8}, std::nan(""))}, nullptr).isnan().all().item<bool>());
    }

    void tapped_is_fused_data() { add_networks(); }
    void tapped_is_fused() {
        QFETCH(const QString, family);
        QFETCH(const QString, config);
        QFETCH(const int, size);
        const c10::NoGradGuard no_gradients;
        const auto network = family_of(family)->make(parse_json(config.toStdString(), "test"), 5);
        shake(*network);
        const at::Tensor x = at::randn({3, family == "resnet" ? 3 : network->config().at("channels").get<std::int64_t>(), size, size}), want = network->forward({x}, nullptr);
        QVERIFY(relative_error(with_tap(*network, x, std::make_shared<Recorder>(network->layers())), want) < 1e-4);
        TapStack ticking;
        int ticks = 0;
        ticking.set_tick([&ticks] { ++ticks; });
        ticking.attach(network->layers());
        QVERIFY(at::equal(network->forward({x}, &ticking), want) && ticks > 10);
    }
    void taps_see_every_operation_of_a_small_network() {
        const auto network = make_cifar_family()->make({{"blocks", 1}}, 1);
        const auto recorder = std::make_shared<Recorder>(network->layers());
        with_tap(*network, at::zeros({1, 3, 32, 32}), recorder);
        QStringList want{"conv1 Conv2d conv", "bn1 BatchNorm2d norm", "relu ReLU act"};
        for (const QString block : {"layer1.0.", "layer2.0.", "layer3.0."}) {
            want << block + "conv1 Conv2d conv" << block + "bn1 BatchNorm2d norm" << block + "relu1 ReLU act";
            if (block != "layer1.0.") want << block + "slice Slice slice" << block + "pad Pad pad";
            want << block + "conv2 Conv2d conv" << block + "bn2 BatchNorm2d norm" << block + "add Add add" << block + "relu2 ReLU act";
        }
        want << "avgpool AdaptiveAvgPool2d pool" << "flatten Flatten reshape" << "linear Linear linear";
        QCOMPARE(recorder->seen, want);
    }
    void taps_see_every_operation_of_a_large_network() {
        for (const int depth : {18, 50}) {
            const auto network = make_image_resnet_family()->make({{"depth", depth}, {"base_channels", 4}}, 1);
            const auto recorder = std::make_shared<Recorder>(network->layers());
            with_tap(*network, at::zeros({1, 3, 32, 32}), recorder);
            QCOMPARE(recorder->seen.mid(0, 4), (QStringList{"conv1 Conv2d conv", "bn1 BatchNorm2d norm", "relu ReLU act", "maxpool MaxPool2d pool"}));
            QCOMPARE(recorder->seen.mid(recorder->seen.size() - 3), (QStringList{"avgpool AdaptiveAvgPool2d pool", "flatten Flatten reshape", "fc Linear linear"}));
            QStringList acts;
            for (const QString& line : recorder->seen)
                if (line.startsWith("layer2.0.") && (line.endsWith(" act") || line.endsWith(" add"))) acts << line.section(' ', 0, 0).mid(9);
            QCOMPARE(acts, depth == 18 ? (QStringList{"relu", "add", "relu_dup1"}) : (QStringList{"relu", "relu_dup1", "add", "relu_dup2"}));
            QCOMPARE(recorder->seen.size(), static_cast<qsizetype>(network->layers().size()));   // no point is silent, none comes twice
        }
    }
    void taps_may_replace_the_shortcut() {
        struct Zero : Tap {
            bool wants(const LayerInfo& layer) override { return layer.type == "Pad"; }
            void leave(int, TensorRefs, at::Tensor& out) override { out = at::zeros_like(out); }
        };
        const auto network = make_cifar_family()->make({{"blocks", 1}}, 1);
        const at::Tensor x = at::randn({1, 3, 32, 32}), want = network->forward({x}, nullptr);
        QVERIFY(!at::allclose(with_tap(*network, x, std::make_shared<Zero>()), want));
        QVERIFY(at::equal(network->forward({x}, nullptr), want));
    }
    void int8_sees_nearly_the_same_data() { add_networks(); }
    void int8_sees_nearly_the_same() {
        if (!has_int8_conv()) QSKIP("this LibTorch has no oneDNN engine for int8");
        QFETCH(const QString, family);
        QFETCH(const QString, config);
        QFETCH(const int, size);
        const c10::NoGradGuard no_gradients;
        Json json = parse_json(config.toStdString(), "test");
        if (family == "resnet") json["base_channels"] = 32;
        else json["width"] = 32;                                 // shapes that oneDNN gets right
        const auto network = family_of(family)->make(json, 5);
        const at::Tensor x = at::randn({2, family == "resnet" ? 3 : network->config().at("channels").get<std::int64_t>(), size, size}), want = network->forward({x}, nullptr);
        observe_ranges(*network);
        network->forward({x}, nullptr);
        QVERIFY(make_int8(*network, [](const std::string&) { return true; }) > 3);
        const at::Tensor got = network->forward({x}, nullptr);
        QVERIFY(!got.is_quantized() && !at::equal(got, want));
        const double error = (got - want).norm().item<double>() / want.norm().item<double>();
        QVERIFY2(error < 0.3, std::to_string(error).c_str());
        for (const char* point : {"Slice", "Pad", "MaxPool2d", "AdaptiveAvgPool2d"}) {   // a tap there sees floats
            struct One : Tap {
                std::string type;
                bool all_float = true;
                bool wants(const LayerInfo& layer) override { return layer.type == type; }
                Flow enter(int, TensorRefs in, at::Tensor&) override { return all_float = all_float && !in[0].is_quantized(), Flow::run; }
                void leave(int, TensorRefs, at::Tensor& out) override { all_float = all_float && !out.is_quantized(); }
            };
            const auto tap = std::make_shared<One>();
            tap->type = point;
            QVERIFY(relative_error(with_tap(*network, x, tap), got) < 0.1 && tap->all_float);
        }
        drop_int8(*network);
        QVERIFY(at::equal(network->forward({x}, nullptr), want));
    }
    void training_reaches_every_parameter_data() { add_networks(); }
    void training_reaches_every_parameter() {
        QFETCH(const QString, family);
        QFETCH(const QString, config);
        QFETCH(const int, size);
        const auto network = family_of(family)->make(parse_json(config.toStdString(), "test"), 5);
        shake(*network);
        network->set_training(true);
        at::Tensor x = at::randn({2, family == "resnet" ? 3 : network->config().at("channels").get<std::int64_t>(), size, size});
        at::cross_entropy_loss(network->forward({x}, nullptr), at::zeros({2}, at::kLong)).backward();
        network->visit_parameters("", [](const std::string& key, at::Tensor& t) { QVERIFY2(t.grad().defined() && t.grad().isfinite().all().item<bool>(), key.c_str()); });
    }

    void cifar_files() {
        const fs::path folder = fresh(), file = folder / "test_batch.bin";
        write_file(file, record("\x03", 10) + record("\x09", 20));
        ClassificationSet set = open_classification_set(folder, false);
        QCOMPARE(set.images.sizes().vec(), (std::vector<std::int64_t>{2, 3, 32, 32}));
        QVERIFY(at::equal(set.labels, at::tensor({3, 9}, at::kLong)) && set.classes[3] == "cat");
        QVERIFY(set.images[1][0].eq(20).all().item<bool>() && set.images[1][2].eq(22).all().item<bool>());
        const at::Tensor batch = set.batch(1, 2);
        QVERIFY(batch.is_contiguous(at::MemoryFormat::ChannelsLast) && std::abs(batch[0][0][5][5].item<double>() - (20 / 255.0 - 0.485) / 0.229) < 1e-6);
        QVERIFY(has_all(error_of([&] { set.batch(1, 3); }), {"1 to 3 of 2"}));
        QVERIFY(has_all(error_of([&] { set.batch(1, 1); }), {"1 to 1"}));
        QCOMPARE(open_classification_set(file, true).size(), std::int64_t{2});                    // one file by its name
        QVERIFY(has_all(error_of([&] { open_classification_set(folder, true); }), {"training split", "train_5000.bin"}));
        SetOptions part;
        part.first = 1;
        QVERIFY(at::equal(open_classification_set(folder, part).labels, at::tensor({9}, at::kLong)));
        part.count = 2;
        QVERIFY(has_all(error_of([&] { open_classification_set(folder, part); }), {"2 from picture 1 of 2"}));

        write_file(file, record("\x03", 10).substr(1));
        QVERIFY(has_all(error_of([&] { open_classification_set(folder, false); }), {"test_batch.bin", "3072 bytes", "multiple of 3073"}));
        write_file(file, "");
        QVERIFY(has_all(error_of([&] { open_classification_set(folder, false); }), {"test_batch.bin", "0 bytes"}));
        write_file(file, record("\x01", 1) + record("\x0a", 1));
        QVERIFY(has_all(error_of([&] { open_classification_set(folder, false); }), {"test_batch.bin", "picture 1: 10", "larger than 9"}));
        QVERIFY(has_all(error_of([&] { load_cifar10({}); }), {"CIFAR-10"}));
        QVERIFY(has_all(error_of([&] { load_cifar10({folder / "none.bin"}); }), {"none.bin"}));
        fs::create_directories(folder / "cifar-10-batches-bin");                                  // the folder in the authors' archive
        fs::remove(file);
        for (const char* name : {"data_batch_1.bin", "data_batch_2.bin"}) write_file(folder / "cifar-10-batches-bin" / name, record("\x02", 5));
        QCOMPARE(open_classification_set(folder, true).size(), std::int64_t{2});
    }
    void cifar100_files() {
        const fs::path folder = fresh();
        write_file(folder / "test.bin", record("\x13\x63", 10) + record(std::string("\0\x05", 2), 20));
        const ClassificationSet set = open_classification_set(folder, false);
        QVERIFY(at::equal(set.labels, at::tensor({99, 5}, at::kLong)) && set.classes.size() == 100 && set.classes[99] == "99");
        QVERIFY(set.images[1][1].eq(21).all().item<bool>());
        QCOMPARE(open_classification_set(folder / "test.bin", false).classes.size(), std::size_t{100});   // told by its size
        std::string names;
        for (int i = 0; i < 100; ++i) names += "name" + std::to_string(i) + "\n";
        write_file(folder / "fine_label_names.txt", names);
        QCOMPARE(open_classification_set(folder, false).classes[5], std::string("name5"));
        write_file(folder / "test.bin", record("\x13\x64", 10));
        QVERIFY(has_all(error_of([&] { open_classification_set(folder, false); }), {"picture 0: 100", "larger than 99"}));
        write_file(folder / "test.bin", record("\x14\x01", 10));
        QVERIFY(has_all(error_of([&] { open_classification_set(folder, false); }), {"picture 0: 20", "larger than 19"}));
        write_file(folder / "test.bin", record("\x13", 10));
        QVERIFY(has_all(error_of([&] { open_classification_set(folder, false); }), {"multiple of 3074", "2 labels"}));
    }
    void idx_files() {
        const fs::path folder = fresh();
        write_file(folder / "t10k-images-idx3-ubyte", idx_bytes({2, 3, 4}, std::string(12, '\0') + std::string(12, '\xff')));
        write_file(folder / "t10k-labels-idx1-ubyte", idx_bytes({2}, std::string("\0\x0b", 2)));
        const ClassificationSet set = open_classification_set(folder, false);
        QCOMPARE(set.images.sizes().vec(), (std::vector<std::int64_t>{2, 1, 3, 4}));
        QVERIFY(set.classes.size() == 12 && std::abs(set.mean[0] - 0.5) < 1e-9 && std::abs(set.deviation[0] - 0.5) < 1e-9);
        QVERIFY(at::allclose(set.batch(0, 2).mean({1, 2, 3}), at::tensor({-1.f, 1.f})));
        QVERIFY(has_all(error_of([&] { open_classification_set(folder, true); }), {"training split"}));
        write_file(folder / "t10k-labels-idx1-ubyte", idx_bytes({3}, "\1\2\3"));
        QVERIFY(has_all(error_of([&] { open_classification_set(folder, false); }), {"t10k", "[2, 3, 4]", "[3]"}));
        fs::remove(folder / "t10k-labels-idx1-ubyte");
        QVERIFY(has_all(error_of([&] { open_classification_set(folder, false); }), {"t10k-labels-idx1-ubyte"}));
        write_file(folder / "t10k-images-idx3-ubyte", idx_bytes({2, 2, 2}, std::string(8, '\x07')));      // all the same
        write_file(folder / "t10k-labels-idx1-ubyte", idx_bytes({2}, "\1\1"));
        QVERIFY(open_classification_set(folder, false).batch(0, 2).eq(0).all().item<bool>());
    }
    void folders_of_pictures() {
        const fs::path folder = fresh();
        write_picture(folder / "val/cat/1.png", 80, 40, {0, 0, 255});
        write_picture(folder / "val/cat/2.PNG", 40, 80, {0, 255, 0});
        write_picture(folder / "val/ant/a.jpg", 30, 30, {255, 0, 0});
        write_picture(folder / "train/ant/a.png", 30, 30, {9, 9, 9});
        write_picture(folder / "train/bee/a.png", 30, 30, {9, 9, 9});
        write_file(folder / "val/ant/notes.txt", "no picture");
        write_file(folder / "val/.hidden", "");
        SetOptions options;
        options.picture.size = 32;
        int heard = 0;
        options.done = [&heard](std::int64_t) { ++heard; };
        const ClassificationSet set = open_classification_set(folder, options);
        QCOMPARE(set.images.sizes().vec(), (std::vector<std::int64_t>{3, 3, 32, 32}));
        QVERIFY(set.classes == (std::vector<std::string>{"ant", "cat"}) && at::equal(set.labels, at::tensor({0, 1, 1}, at::kLong)) && heard == 3);
        QVERIFY(set.images[1][0].eq(255).all().item<bool>() && set.images[1].slice(0, 1).eq(0).all().item<bool>());   // red first
        QVERIFY(set.images[2][1].eq(255).all().item<bool>() && set.images[0][2].ge(250).all().item<bool>());
        options.train = true;
        QCOMPARE(open_classification_set(folder, options).classes[1], std::string("bee"));
        options.train = false;
        options.first = 1;
        options.count = 1;
        QVERIFY(at::equal(open_classification_set(folder, options).labels, at::tensor({1}, at::kLong)));
        options.done = [](std::int64_t) { throw Ended{}; };
        QVERIFY_THROWS_EXCEPTION(Ended, open_classification_set(folder, options));
        options = {};
        for (const PictureSize& size :
            {PictureSize{-1, 0}, PictureSize{0, 0}, PictureSize{100'000, 0}, PictureSize{2'147'483'647, 0}, PictureSize{32, 16}, PictureSize{32, 100'000}, PictureSize{32, -2}}) {
            options.picture = size;
            QVERIFY(has_all(error_of([&] { open_classification_set(folder, options); }), {"size"}));
        }

        fs::create_directories(folder / "val/bee");
        write_file(folder / "val/bee/readme", "");
        QVERIFY(has_all(error_of([&] { open_classification_set(folder, false); }), {"val/bee", "no pictures"}));
        fs::remove_all(folder / "val/bee");
        fs::remove_all(folder / "val/ant");
        QVERIFY(has_all(error_of([&] { open_classification_set(folder, false); }), {"two classes", "1 folders"}));
        fs::remove_all(folder / "val/cat");
        QVERIFY(has_all(error_of([&] { open_classification_set(folder / "val", false); }), {"test split", "PNG or JPEG"}));
        options = {};
        options.kind = SetKind::folder;
        QVERIFY(has_all(error_of([&] { open_classification_set(folder / "gone", options); }), {"gone"}));
        QVERIFY(has_all(error_of([&] { set_kind_from("tar"); }), {"tar", "cifar10"}));
        for (const SetKind kind : {SetKind::automatic, SetKind::cifar10, SetKind::cifar100, SetKind::idx, SetKind::folder}) QVERIFY(set_kind_from(to_text(kind)) == kind);
    }
    void unreadable_pictures_are_named() {
        const fs::path folder = fresh(), png = folder / "p.png", jpeg = folder / "p.jpg";
        cv::Mat noise(50, 70, CV_8UC3);
        cv::randu(noise, 0, 255);
        cv::imwrite(png.string(), noise);
        cv::imwrite(jpeg.string(), noise);
        const PictureSize size{16, 20};
        const at::Tensor square = read_square(png, size);
        QVERIFY(square.sizes() == (at::IntArrayRef{3, 16, 16}) && square.scalar_type() == at::kByte);
        const at::Tensor same = read_square(png, {50, 50});                                              // not scaled: the middle as it is
        QCOMPARE(same[2][7][3].item<int>(), static_cast<int>(noise.at<cv::Vec3b>(7, 13)[0]));
        for (const fs::path& file : {png, jpeg}) {
            const std::string bytes = read_file(file, 1u << 20), cut = bytes.substr(0, bytes.size() / 2);
            QVERIFY(has_all(error_of([&] { decode_square(cut, "cut picture", size); }), {"cut picture", "cut off"}));
            for (const std::size_t length : {std::size_t{0}, std::size_t{3}, std::size_t{9}, std::size_t{20}})
                QVERIFY(!error_of([&] { decode_square(bytes.substr(0, length), "start", size); }).empty());
            std::string damaged = bytes;
            for (std::size_t i = 30; i + 20 < damaged.size(); i += 7) damaged[i] = static_cast<char>(damaged[i] ^ 0x55);
            error_of([&] { decode_square(damaged, "damaged", size); });                                  // some picture or an error, no crash
        }
        std::string huge = read_file(png, 1u << 20);
        huge[16] = huge[20] = 0x10;                                                                      // sizes in the header
        QVERIFY(has_all(error_of([&] { decode_square(huge, "huge", size); }), {"huge", "64 million"}));
        QVERIFY(has_all(error_of([&] { decode_square("GIF89a", "gif", size); }), {"gif", "neither JPEG nor PNG"}));
        QVERIFY(has_all(error_of([&] { read_square(folder / "none.png", size); }), {"none.png"}));
        write_picture(folder / "line.png", 6000, 1, {1, 2, 3});
        QVERIFY(has_all(error_of([&] { read_square(folder / "line.png", {224, 256}); }), {"line.png", "too long"}));
    }

    void results_are_counted() {
        const float high = 10;
        const at::Tensor logits = at::zeros({3, 7}), labels = at::tensor({1, 6, 2}, at::kLong);
        logits[0][1] = high;                       // right
        for (std::int64_t i = 0; i < 5; ++i) logits[1][i] = high - static_cast<float>(i);   // the sixth best
        logits[2][3] = high;
        logits[2][2] = 1;                          // second best
        const ClassificationResult result = scored(logits, labels);
        QVERIFY(result.images == 3 && std::abs(result.top1 - 1 / 3.0) < 1e-9 && std::abs(result.top5 - 2 / 3.0) < 1e-9);
        QVERIFY(at::equal(result.predicted, at::tensor({1, 0, 3}, at::kLong)));
        QVERIFY(result.confusion[6][0].item<int>() == 1 && result.confusion[1][1].item<int>() == 1 && result.confusion.sum().item<int>() == 3);
        const at::Tensor want = -at::log_softmax(logits.to(at::kDouble), 1).gather(1, labels.unsqueeze(1)).squeeze(1);
        QVERIFY(at::allclose(result.losses, want.to(at::kFloat)) && std::abs(result.loss - want.mean().item<double>()) < 1e-6);
        const ClassificationResult broken = scored(at::full({2, 3}, std::nan("")), at::tensor({0, 2}, at::kLong));
        QVERIFY(std::isnan(broken.loss) && broken.confusion.sum().item<int>() == 2);
        QVERIFY(scored(at::eye(2), at::tensor({0, 1}, at::kLong)).top5 == 1);                              // fewer than five classes
        for (const auto& [bad_logits, bad_labels] :
            {std::pair(at::zeros({2, 3}), at::tensor({0, 3}, at::kLong)), std::pair(at::zeros({2, 3}), at::tensor({0}, at::kLong)), std::pair(at::zeros({0, 3}), at::zeros({0}, at::kLong))})
            QVERIFY(!error_of([&] { scored(bad_logits, bad_labels); }).empty());
    }
    void networks_are_measured() {
        const fs::path folder = fresh();
        std::string bytes;
        for (int i = 0; i < 7; ++i) bytes += record(std::string(1, static_cast<char>(i)), static_cast<char>(17 * i));
        write_file(folder / "test_batch.bin", bytes);
        const ClassificationSet set = open_classification_set(folder, false);
        const auto network = make_cifar_family()->make({{"blocks", 1}}, 1);
        std::vector<std::int64_t> heard;
        const ClassificationResult all = classify(*network, set, 0, 3, nullptr, [&](std::int64_t done, std::int64_t total) { heard.push_back(done * 100 + total); });
        QVERIFY(heard == (std::vector<std::int64_t>{307, 607, 707}) && all.images == 7 && !all.logits.requires_grad());
        QVERIFY(relative_error(network->forward({set.batch(0, 7)}, nullptr), all.logits) < 1e-5);
        QCOMPARE(classify(*network, set, 100, 100, nullptr, {}).images, std::int64_t{7});
        QCOMPARE(classify(*network, set, 2, 100, nullptr, {}).images, std::int64_t{2});
        QVERIFY_THROWS_EXCEPTION(Ended, classify(*network, set, 0, 2, nullptr, [](std::int64_t, std::int64_t) { throw Ended{}; }));
        QVERIFY(has_all(error_of([&] { classify(*network, set, 0, 0, nullptr, {}); }), {"batches of 0"}));
        const auto recorder = std::make_shared<Recorder>(network->layers());
        TapStack taps;
        taps.add(recorder);
        taps.attach(network->layers());
        classify(*network, set, 4, 2, &taps, {});
        QCOMPARE(recorder->seen.count("linear Linear linear"), 2);
        const auto other = make_cifar_family()->make({{"blocks", 1}, {"classes", 100}}, 1);
        QVERIFY(has_all(error_of([&] { classify(*other, set, 0, 3, nullptr, {}); }), {"100 classes of the model", "10 of the data set"}));
        const auto grey = make_cifar_family()->make({{"blocks", 1}, {"channels", 1}}, 1);
        QVERIFY(has_all(error_of([&] { classify(*grey, set, 0, 3, nullptr, {}); }), {"1 channel."}));
    }
    void a_trained_network_is_as_good_as_published() {
        const fs::path data = qEnvironmentVariable("LATHE_DATA").toStdString(), model = data / "cifar10-resnets/resnet20.safetensors";
        if (!fs::exists(model) || !fs::exists(data / "cifar10/test_batch.bin")) QSKIP("the trained ResNet-20 is not here");
        const auto network = make_cifar_family()->load(*open_tensors(model), Json::object());
        const ClassificationSet set = open_classification_set(data, false);
        if (qEnvironmentVariableIsSet("LATHE_LONG")) QCOMPARE(classify(*network, set, 0, 64, nullptr, {}).top1, 0.9173);
        else QVERIFY(classify(*network, set, 256, 64, nullptr, {}).top1 > 0.85);
    }
};

QTEST_GUILESS_MAIN(TestClassifiers)
#include "test_classifiers.moc"
