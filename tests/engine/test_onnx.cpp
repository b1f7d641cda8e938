// ONNX models: built, checked and run by ONNX Runtime in its helper program, against the same arithmetic of LibTorch; bad models and inputs; clip ranges.
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/nn/tensor_index.h"
#include "errors.h"
#include "plugins/quantization/engine/clip_ranges.h"
#include "plugins/quantization/engine/onnx_model.h"
#include "plugins/quantization/engine/onnx_runtime.h"
#include <ATen/ATen.h>
#include <QElapsedTimer>
#include <QTemporaryDir>
#include <QtTest>

using namespace lathe;
using namespace lathe::quantization;
namespace fs = std::filesystem;

namespace {

constexpr double kInputScale = 0.02, kOutputScale = 0.05;
constexpr std::int64_t kInputZero = 100, kOutputZero = 0;

struct TinyLayer { at::Tensor codes, scale, bias; };   // int8 [C, C_in, 3, 3], float32 [C], int32 [C]

TinyLayer tiny_layer() {
    at::manual_seed(11);
    return {at::randint(-127, 128, {8, 3, 3, 3}, at::kChar), at::rand({8}) * 0.004 + 0.002, at::randint(-2000, 2000, {8}, at::kInt)};
}

/// x -> Q -> DQ -> Conv -> Relu -> Q -> DQ -> y, weights int8 per channel, activations uint8.
OnnxModel tiny_model(const TinyLayer& layer, int opset = 13) {
    OnnxModel m("tiny", opset);
    m.add_input("x", at::kFloat, {-1, 3, 10, 12});
    for (const auto& [name, scale, zero] : {std::tuple("x", kInputScale, kInputZero), std::tuple("y", kOutputScale, kOutputZero)}) {
        m.add_initializer(std::string(name) + ".scale", at::scalar_tensor(scale, at::kFloat));
        m.add_initializer(std::string(name) + ".zero", at::scalar_tensor(zero, at::kByte));
    }
    m.add_initializer("w.codes", layer.codes);
    m.add_initializer("w.scale", layer.scale);
    m.add_initializer("w.zero", at::zeros({8}, at::kChar));
    m.add_initializer("b.codes", layer.bias);
    m.add_initializer("b.scale", layer.scale * float(kInputScale));
    m.add_initializer("b.zero", at::zeros({8}, at::kInt));
    m.add_node("QuantizeLinear", {"x", "x.scale", "x.zero"}, {"x.q"});
    m.add_node("DequantizeLinear", {"x.q", "x.scale", "x.zero"}, {"x.dq"});
    m.add_node("DequantizeLinear", {"w.codes", "w.scale", "w.zero"}, {"w"}, {{"axis", std::int64_t{0}}});
    m.add_node("DequantizeLinear", {"b.codes", "b.scale", "b.zero"}, {"b"}, {{"axis", std::int64_t{0}}});
    m.add_node("Conv", {"x.dq", "w", "b"}, {"conv"}, {{"kernel_shape", std::vector<std::int64_t>{3, 3}}, {"pads", std::vector<std::int64_t>{1, 1, 1, 1}}});
    m.add_node("Relu", {"conv"}, {"relu"});
    m.add_node("QuantizeLinear", {"relu", "y.scale", "y.zero"}, {"y.q"});
    m.add_node("DequantizeLinear", {"y.q", "y.scale", "y.zero"}, {"y"});
    m.add_output("y", at::kFloat, {-1, 8, 10, 12});
    return m;
}

/// The same in LibTorch: integers from float64 sums, which are exact; requantised in float32 as ONNX Runtime does it.
at::Tensor tiny_codes(const TinyLayer& layer, const at::Tensor& x) {
    const at::Tensor q = (at::round(x / float(kInputScale)) + kInputZero).clamp(0, 255);
    const at::Tensor sums = at::conv2d((q - kInputZero).to(at::kDouble), layer.codes.to(at::kDouble), layer.bias.to(at::kDouble), 1, 1);
    const at::Tensor multiplier = (layer.scale * float(kInputScale) / float(kOutputScale)).view({-1, 1, 1});
    return (at::round(sums.to(at::kFloat) * multiplier) + kOutputZero).clamp(0, 255).to(at::kByte);
}

fs::path golden(const char* name) { return fs::path(qEnvironmentVariable("LATHE_SHARED").toStdString()) / "golden" / "quantization" / name; }
double largest(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

}

class TestOnnx : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    fs::path at_(const char* name) const { return fs::path(m_folder.path().toStdString()) / name; }
    fs::path saved(const char* name = "tiny.onnx") const {
        tiny_model(tiny_layer()).save(at_(name));
        return at_(name);
    }

private Q_SLOTS:
    void a_quantised_layer_runs_as_in_libtorch_data() {
        QTest::addColumn<int>("opset");
        for (const int opset : {13, 17, 19, 21}) QTest::addRow("opset %d", opset) << opset;
    }
    void a_quantised_layer_runs_as_in_libtorch() {
        QFETCH(const int, opset);
        const TinyLayer layer = tiny_layer();
        const OnnxModel model = tiny_model(layer, opset);
        QCOMPARE(model.node_count(), 8);
        model.save(at_("layer.onnx"));
        QVERIFY(check_onnx(at_("layer.onnx"))["ok"].get<bool>());
        const at::Tensor x = at::randn({5, 3, 10, 12}) * 1.5, want = tiny_codes(layer, x);
        const OnnxRun fused = run_onnx(at_("layer.onnx"), {{"x", x}}, {.precise = true, .threads = 2, .repeat = 3, .tensors = {"y.q"}});
        QVERIFY(fused.outputs.at("y.q").equal(want));   // integers, bit for bit
        QVERIFY(fused.outputs.at("y").equal(want.to(at::kFloat) * float(kOutputScale)));
        QCOMPARE(fused.report["ms"]["runs"].get<int>(), 3);
        // Without optimisation in float: a sum may land on the other side of a rounding border.
        const OnnxRun plain = run_onnx(at_("layer.onnx"), {{"anything", x}}, {.optimise = false, .all_tensors = true});
        QCOMPARE(plain.outputs.size(), std::size_t(8));
        const at::Tensor steps = (plain.outputs.at("y.q").to(at::kInt) - want.to(at::kInt)).abs();
        QVERIFY(steps.max().item<int>() <= 1 && (steps > 0).sum().item<int>() <= 5);
        const at::Tensor conv = at::conv2d(plain.outputs.at("x.dq"), plain.outputs.at("w"), plain.outputs.at("b"), 1, 1);
        QVERIFY(largest(conv, plain.outputs.at("conv")) < 1e-4);
    }
    void the_reference_network_gives_its_logits() {
        if (!fs::exists(golden("resnet20_u8s8_qdq.onnx"))) QSKIP("the reference files are not here (LATHE_SHARED)");
        const auto index = open_tensors(golden("resnet20_int8_exact.safetensors"));
        const std::map<std::string, at::Tensor> inputs{{"input", index->get("in.images")}};
        const OnnxRun run = run_onnx(golden("resnet20_u8s8_qdq.onnx"), inputs, {.precise = true});
        QVERIFY(largest(run.outputs.at("logits"), index->get("out.int_logits")) <= 1e-5);
        const OnnxRun usual = run_onnx(golden("resnet20_u8s8_qdq.onnx"), inputs);
        if (exact_int8(usual.report)) QVERIFY(largest(usual.outputs.at("logits"), index->get("out.int_logits")) <= 1e-5);
        const Json info = onnx_info(golden("resnet20_u8s8_qdq.onnx"));
        QCOMPARE(info["model"]["operators"]["Conv"].get<int>(), 19);
        QCOMPARE(info["optimised_operators"]["com.microsoft:QLinearConv"].get<int>(), 19);
    }
    void wrong_graphs_are_refused_with_the_checkers_words() {
        OnnxModel m("wrong");
        m.add_input("x", at::kFloat, {-1, 3, 8, 8});
        m.add_initializer("w", at::randn({4, 5, 3, 3}));   // 5 channels on an input of 3
        m.add_node("Conv", {"x", "w"}, {"y"}, {{"kernels", std::int64_t{3}}});
        m.add_output("y", at::kFloat, {-1, 4, 6, 6});
        const std::string error = error_of([&] { m.check(); });
        QVERIFY2(has_all(error, {"ONNX checker", "kernels", "wrong"}), error.c_str());
        QVERIFY(has_all(error_of([&] { m.save(at_("wrong.onnx")); }), {"ONNX checker"}));
        QVERIFY(!fs::exists(at_("wrong.onnx")));
        OnnxModel shape("shape");
        shape.add_input("x", at::kFloat, {2, 3});
        shape.add_initializer("w", at::randn({4, 5}));
        shape.add_node("MatMul", {"x", "w"}, {"y"});
        shape.add_output("y", at::kFloat, {2, 5});
        QVERIFY(has_all(error_of([&] { shape.check(); }), {"ONNX checker", "MatMul"}));
        QVERIFY(has_all(error_of([&] { shape.add_initializer("w", at::ones({1})); }), {"taken", "w"}));
        QVERIFY(has_all(error_of([&] { shape.add_initializer("", at::ones({1})); }), {"empty"}));
        QVERIFY(has_all(error_of([&] { shape.add_initializer("d", at::ones({1}, at::kDouble)); }), {"Double", "d"}));
        QVERIFY(has_all(error_of([&] { shape.add_initializer("u", at::Tensor()); }), {"undefined"}));
        QVERIFY(has_all(error_of([&] { shape.add_node("Relu", {"nothing"}, {"z"}); }), {"nothing", "Relu"}));
        QVERIFY(has_all(error_of([&] { shape.add_output("z", at::kFloat, {1}); }), {"No node", "z"}));
        QVERIFY(has_all(error_of([&] { OnnxModel("old", 11); }), {"opset 11", "13"}));
    }
    void bad_files_and_inputs_are_told() {
        const fs::path model = saved();
        const at::Tensor x = at::zeros({1, 3, 10, 12});
        const auto failing = [&](const fs::path& file, const std::map<std::string, at::Tensor>& inputs, const OnnxRunSettings& settings = {}) { return error_of([&] { run_onnx(file, inputs, settings); }); };
        QVERIFY(has_all(failing(at_("none.onnx"), {{"x", x}}), {"none.onnx"}));
        write_file(at_("text.onnx"), "This is a text and no model.");
        write_file(at_("empty.onnx"), "");
        const std::string whole = read_file(model, 1 << 20);
        write_file(at_("half.onnx"), std::string_view(whole).substr(0, whole.size() / 2));
        for (const char* name : {"text.onnx", "empty.onnx", "half.onnx"}) {
            QVERIFY(has_all(failing(at_(name), {{"x", x}}), {"no ONNX model", name}));
            QVERIFY(has_all(error_of([&] { check_onnx(at_(name)); }), {"no ONNX model", name}));
        }
        QVERIFY(has_all(failing(model, {}), {"no tensor", "input x"}));
        QVERIFY(has_all(failing(model, {{"a", x}, {"b", x}}), {"no tensor", "input x"}));
        QVERIFY(has_all(failing(model, {{"x", x.to(at::kByte)}}), {"F32", "U8", "input x"}));
        QVERIFY(has_all(failing(model, {{"x", at::zeros({1, 4, 10, 12})}}), {"[any, 3, 10, 12]", "[1, 4, 10, 12]"}));
        QVERIFY(has_all(failing(model, {{"x", x.view({3, 10, 12})}}), {"[3, 10, 12]"}));
        QVERIFY(has_all(failing(model, {{"x", x}}, {.tensors = {"y.qq"}}), {"y.qq", "Did you mean y.q"}));
        QVERIFY(has_all(failing(model, {{"x", x}}, {.all_tensors = true}), {"--optimise off"}));
        QVERIFY(has_all(failing(model, {{"x", x}}, {.threads = 0}), {"--threads"}));
        for (std::size_t i = 0; i < whole.size(); i += 37) {   // a byte spoilt: an answer or an error, never a crash
            std::string spoilt = whole;
            spoilt[i] = char(spoilt[i] ^ 0x55);
            write_file(at_("spoilt.onnx"), spoilt);
            const std::string error = failing(at_("spoilt.onnx"), {{"x", x}});
            QVERIFY2(error.find("crashed") == error.npos && error.find("without a report") == error.npos, error.c_str());
        }
    }
    void strange_numbers_pass() {
        const fs::path model = saved();
        const OnnxRun none = run_onnx(model, {{"x", at::empty({0, 3, 10, 12})}});
        QCOMPARE(none.outputs.at("y").size(0), 0);
        const OnnxRun odd = run_onnx(model, {{"x", at::full({1, 3, 10, 12}, std::nan(""))}});
        QCOMPARE(odd.outputs.at("y").numel(), 960);
    }
    void a_run_can_be_cancelled_and_times_out() {
        const fs::path model = saved();
        const std::map<std::string, at::Tensor> inputs{{"x", at::zeros({64, 3, 10, 12})}};
        QElapsedTimer watch;
        watch.start();
        int polls = 0;
        QVERIFY_THROWS_EXCEPTION(Ended, run_onnx(model, inputs, {.repeat = 1'000'000, .poll = [&] { if (++polls == 3) throw Ended(); }}));
        QVERIFY(has_all(error_of([&] { run_onnx(model, inputs, {.repeat = 1'000'000, .timeout_s = 0.2}); }), {"0.2 seconds"}));
        QVERIFY(watch.elapsed() < 20'000);
    }
    void ranges_take_each_layout() {
        const std::vector<TensorRange> ranges{{"act", {0.5}, {0}, -127, 127, false}, {"weight", {0.25, 0.5}, {0, 3}, -8, 7, true}};
        const Json general = clip_ranges(ranges, "general")["lathe"]["tensors"];
        QCOMPARE(general.size(), std::size_t(2));
        QCOMPARE(general[0]["max"].get<double>(), 63.5);
        QCOMPARE(general[0]["bits"].get<int>(), 8);
        QVERIFY(general[1]["min"] == Json({-2.0, -5.5}) && general[1]["bits"] == 4 && general[1]["weight"] == true);
        QVERIFY(clip_ranges(ranges, "tensorrt") == Json({{"tensorrt", {{"blob_range", {{"act", 63.5}}}}}}));
        const Json snpe = clip_ranges({{"a", {0.1}, {10}, 0, 255, false}}, "snpe");
        QVERIFY(snpe["activation_encodings"]["a"][0]["bitwidth"] == 8 && snpe["param_encodings"].empty() && snpe["param_encodings"].is_object());
        QCOMPARE(snpe["activation_encodings"]["a"][0]["min"].get<double>(), -1.0);
        const Json ppl = clip_ranges(ranges, "ppl")["ppl"];
        QVERIFY(ppl["weight"]["step"] == Json({0.25, 0.5}) && ppl["act"]["type"] == "biased" && ppl["act"]["zero_point"] == 0);
        QVERIFY(clip_ranges({ranges[0]}, "vitis") == Json({{"vitis", {{"act", {{"scale", 0.5}}}}}}));
        QVERIFY(clip_ranges({}, "tensorrt") == Json({{"tensorrt", {{"blob_range", Json::object()}}}}));
        QVERIFY(has_all(error_of([&] { clip_ranges(ranges, "vitis"); }), {"one scale", "weight"}));
        QVERIFY(has_all(error_of([&] { clip_ranges(ranges, "tensort"); }), {"Did you mean tensorrt"}));
        QVERIFY(has_all(error_of([&] { clip_ranges({{"a", {0.1}, {5}, 0, 255, false}}, "tensorrt"); }), {"symmetric", "a"}));
        QVERIFY(has_all(error_of([&] { clip_ranges({{"a", {std::nan("")}, {0}, 0, 255, false}}, "general"); }), {"positive", "a"}));
        QVERIFY(has_all(error_of([&] { clip_ranges({{"a", {}, {}, 0, 255, false}}, "general"); }), {"scale", "a"}));
        QVERIFY(has_all(error_of([&] { clip_ranges({ranges[0], ranges[0]}, "general"); }), {"Two ranges", "act"}));
        std::vector<TensorRange> copied{ranges[0]};
        copy_back(copied, std::vector<std::pair<std::string, std::string>>{{"first", "second"}, {"second", "act"}, {"other", "unknown"}});
        QCOMPARE(copied.size(), std::size_t(3));
        QCOMPARE(copied[2].name, std::string("first"));
        QVERIFY(copied[2].scale == ranges[0].scale);
    }
};

QTEST_GUILESS_MAIN(TestOnnx)
#include "test_onnx.moc"
