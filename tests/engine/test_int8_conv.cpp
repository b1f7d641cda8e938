// Convolutions in int8 against the same in float: single layers of many shapes, and a whole detector.
#include "bev_fixture.h"
#include "core/base/error.h"
#include "core/nn/int8_conv.h"
#include "core/nn/kernels.h"
#include <ATen/ATen.h>
#include <QtTest>
#include <c10/core/InferenceMode.h>
#include <unistd.h>

using namespace lathe;
using namespace lathe::bev;

namespace {

double relative_error(const at::Tensor& got, const at::Tensor& want) { return (got - want).norm().item<double>() / want.norm().item<double>(); }

}

class TestInt8Conv : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void kernels_agree_with_aten() {
        at::manual_seed(4);
        const auto last = at::MemoryFormat::ChannelsLast;
        for (const at::Tensor& x : {at::randn({2, 24, 7, 9}).contiguous(last), at::randn({3, 5, 11, 2}), at::randn({1, 64, 60, 90}).contiguous(last)}) {   // odd tails, and enough for all threads
            for (const auto& [scale, zero] : {std::pair(0.03, 100L), std::pair(0.004, 0L), std::pair(1.7, 255L)}) {
                const at::Tensor q = fused::quantize_u8(x, scale, zero), want = at::quantize_per_tensor(x, scale, zero, at::kQUInt8);
                QVERIFY(q.int_repr().equal(want.int_repr()) && q.q_scale() == scale && q.q_zero_point() == zero);
                QVERIFY(fused::dequantize_u8(q).equal(want.dequantize()));
            }
            at::Tensor sum = x.clone(), other = at::randn_like(x);
            fused::add_relu_(sum, other);
            QVERIFY(sum.equal((x + other).relu()));
        }
        at::Tensor strange = at::full({1, 4, 2, 2}, std::nan("")).contiguous(last), zeros = at::zeros_like(strange);
        QVERIFY((fused::quantize_u8(strange, 1, 7).int_repr() <= 7).all().item<bool>());   // some value, and no harm
        fused::add_relu_(zeros, strange);
        QVERIFY(zeros.isnan().all().item<bool>());
        std::vector<at::Tensor> maps, whole;
        for (const auto& [channels, height, width] : {std::tuple(8, 16, 44), std::tuple(24, 8, 22), std::tuple(3, 4, 11), std::tuple(5, 1, 1)}) {
            maps.push_back(at::randn({2, channels, height, width}).contiguous(last));
            whole.push_back(at::upsample_bilinear2d(maps.back(), {16, 44}, false));
        }
        const at::Tensor got = fused::upsampled_cat_u8(maps, 0.05, 90), want = at::quantize_per_tensor(at::cat(whole, 1), 0.05, 90, at::kQUInt8);
        QVERIFY(got.sizes() == want.sizes() && got.is_contiguous(last));
        QVERIFY((got.int_repr().to(at::kInt) - want.int_repr().to(at::kInt)).abs().max().item<int>() <= 1);   // sums in another order
    }
    void rows_are_gathered_for_every_size_data() {
        QTest::addColumn<int>("bytes");
        QTest::addColumn<int>("count");
        for (const int bytes : {1, 48, 64, 100, 256}) QTest::addRow("%d bytes", bytes) << bytes << 1000;
        QTest::newRow("past the cache") << 512 << static_cast<int>(std::max<long>(sysconf(_SC_LEVEL3_CACHE_SIZE), 8 << 20) / 2 / 1024) + 1000;
    }
    void rows_are_gathered_for_every_size() {
        QFETCH(const int, bytes);
        QFETCH(const int, count);
        at::manual_seed(5);
        constexpr std::int64_t kRows = 300;
        const std::vector<at::Tensor> maps{at::randint(0, 256, {kRows, bytes}, at::kByte), at::randint(0, 256, {kRows, bytes}, at::kByte)};
        const std::vector<at::Tensor> indices{at::randint(-1, kRows, {count}, at::kInt), at::randint(-1, kRows, {count}, at::kInt)};
        const at::Tensor y = at::empty({count, 2, bytes}, at::kByte);
        fused::gather_rows(maps, bytes, indices, 7, y);
        for (std::int64_t k = 0; k < 2; ++k) {
            const auto i = static_cast<std::size_t>(k);
            const at::Tensor rows = at::cat({maps[i], at::full({1, bytes}, 7, at::kByte)});
            QVERIFY(y.select(1, k).equal(rows.index_select(0, at::where(indices[i] < 0, at::full_like(indices[i], kRows), indices[i]))));
        }
        QVERIFY_THROWS_EXCEPTION(Error, fused::gather_rows(maps, bytes, indices, 7, y.narrow(0, 1, count - 1)));
    }
    void initTestCase() {
        if (!has_int8_conv()) QSKIP("this LibTorch has no oneDNN engine for int8");
    }

    void layers_agree_with_float_data() {
        QTest::addColumn<int>("in");
        QTest::addColumn<int>("out");
        QTest::addColumn<int>("kernel");
        QTest::addColumn<int>("stride");
        QTest::addColumn<bool>("adds");
        for (const auto& [in, out, kernel, stride, adds] : std::vector<std::tuple<int, int, int, int, bool>>{{3, 64, 7, 2, false}, {64, 64, 3, 1, false}, {64, 64, 3, 1, true}, {64, 128, 3, 2, false}, {64, 128, 1, 2, false},
                 {256, 64, 1, 1, false}, {128, 128, 3, 1, true}, {24, 40, 3, 1, false}, {8, 16, 1, 1, false}, {16, 13, 3, 1, true}})
            QTest::newRow(qPrintable(QString("%1 to %2, kernel %3, stride %4%5").arg(in).arg(out).arg(kernel).arg(stride).arg(adds ? ", residual" : ""))) << in << out << kernel << stride << adds;
    }
    void layers_agree_with_float() {
        QFETCH(int, in);
        QFETCH(int, out);
        QFETCH(int, kernel);
        QFETCH(int, stride);
        QFETCH(bool, adds);
        const c10::InferenceMode guard;
        for (const Activation activation : {Activation::relu, Activation::none}) {
            int layers = 0;
            const AddLayer add = [&layers](std::string, std::string, std::string, int) { return layers++; };
            ConvUnit unit({in, out, kernel, stride, kernel / 2, 1, true}, {"conv", "bn"}, activation, add, "unit", -1, adds);
            unit.visit("", [](const std::string& key, at::Tensor& t) { key.ends_with("running_var") ? t.uniform_(0.5, 2) : t.normal_(0, 0.3); });
            const at::Tensor x = at::randn({2, in, 30, 41}), residual = adds ? at::randn({2, out, (30 + stride - 1) / stride, (41 + stride - 1) / stride}) * 2 : at::Tensor();
            const at::Tensor want = unit.forward(x, nullptr, residual);
            observe_ranges(unit);
            unit.forward(x, nullptr, residual);
            const int made = make_int8(unit, [](const std::string&) { return true; });
            if (in % 32 == 0 && out % 32 == 0) QCOMPARE(made, 1);     // narrow shapes may be refused where oneDNN gets them wrong
            const at::Tensor got = unit.forward(x, nullptr, residual);
            QCOMPARE(got.is_quantized(), made == 1);
            QVERIFY2(relative_error(as_float(got), want) < 0.05, std::to_string(relative_error(as_float(got), want)).c_str());
            if (made) {
                const at::Tensor kept = residual.defined() ? at::quantize_per_tensor(residual, 0.05, 128, at::kQUInt8) : at::Tensor();
                const at::Tensor again = unit.forward(at::quantize_per_tensor(x, 0.04, 120, at::kQUInt8), nullptr, kept);     // quantized by somebody else
                QVERIFY(relative_error(as_float(again), want) < 0.08);
                if (adds) QVERIFY(at::equal(kept.dequantize(), at::quantize_per_tensor(residual, 0.05, 128, at::kQUInt8).dequantize()));   // not written into
            }
            unit.weights_changed();
            QVERIFY(at::allclose(unit.forward(x, nullptr, residual), want));
        }
    }
    void what_saw_nothing_stays_float() {
        int layers = 0;
        const AddLayer add = [&layers](std::string, std::string, std::string, int) { return layers++; };
        ConvUnit unit({32, 32, 3, 1, 1}, {"conv", ""}, Activation::none, add, "unit");
        unit.visit("", [](const std::string&, at::Tensor& t) { t.normal_(0, 0.1); });
        observe_ranges(unit);
        QCOMPARE(make_int8(unit, [](const std::string&) { return true; }), 0);
    }

    void a_detector_in_int8_sees_nearly_the_same() {
        const c10::InferenceMode guard;
        DetectorConfig c = BevFixture::config();
        c.base_channels = c.fpn_channels = c.neck_in = c.neck_out = 32;
        Detector net(c);
        net.initialize(6);
        const auto inputs = make_family()->example(net, 1, 8);
        const ViewTables tables = net.tables(inputs[1], {});
        const auto maps = [&] { return net.head(net.encode(net.fuse(net.folded(net.image_features(inputs[0], nullptr), tables, Overlap::last), nullptr), nullptr), nullptr); };
        const HeadMaps want = maps();
        net.calibrate("a", [&] { maps(); });
        QCOMPARE(net.calibration(), std::string("a"));
        QVERIFY2(net.int8_units() > 25, std::to_string(net.int8_units()).c_str());
        const HeadMaps got = maps();
        QVERIFY(!got.cls.is_quantized() && !at::equal(got.reg, want.reg));
        for (const auto& [a, b] : {std::pair{got.cls, want.cls}, {got.reg, want.reg}, {got.dir, want.dir}}) QVERIFY2(relative_error(a - a.mean(), b - b.mean()) < 0.2, std::to_string(relative_error(a, b)).c_str());

        // The volume of quantized features is the quantized volume.
        const std::vector<at::Tensor> features = net.image_features(inputs[0], nullptr);
        QVERIFY(features[0].is_quantized());
        for (const Overlap overlap : {Overlap::last, Overlap::average}) {
            const ViewTables own = net.tables(inputs[1], {overlap});
            const at::Tensor volume = net.folded(features, own, overlap), plain = net.folded(std::vector<at::Tensor>{features[0].dequantize()}, own, overlap);
            QVERIFY(volume.sizes() == plain.sizes() && volume.is_contiguous(at::MemoryFormat::ChannelsLast));
            QVERIFY(at::allclose(as_float(volume), plain, 1e-5, 1e-6));
        }
        drop_int8(net);
        QVERIFY(at::equal(maps().cls, want.cls));
    }
    void a_cancelled_calibration_leaves_float() {
        Detector net(BevFixture::config());
        net.initialize(6);
        QVERIFY_THROWS_EXCEPTION(Cancelled, net.calibrate("a", [] { throw Cancelled{}; }));
        QVERIFY(net.calibration().empty());
    }

    void methods_run_in_either_precision() {
        BevFixture bev;
        DetectorConfig c = BevFixture::config();
        c.base_channels = c.fpn_channels = c.neck_in = c.neck_out = 32;
        const std::string model = bev.model(1, c);
        const Method detect = detect_method();
        const auto boxes = [](const FakeRun& run) { return *run.find("boxes")->bytes; };
        const FakeRun before = bev.run(detect, Json::object(), model), quick = bev.run(detect, {{"precision", "int8"}}, model), after = bev.run(detect, Json::object(), model), again = bev.run(detect, {{"precision", "int8"}}, model);
        QVERIFY(boxes(before) == boxes(after) && boxes(quick) == boxes(again) && boxes(before) != boxes(quick));
        QVERIFY(quick.logs.size() == 1 && quick.logs[0].find("int8") != std::string::npos && again.logs.empty());
        QVERIFY(relative_error(quick.tensor("heat"), before.tensor("heat")) < 0.2);
        const at::Tensor a = quick.tensor("view.magnitude"), b = before.tensor("view.magnitude");
        QVERIFY(at::equal(a.isnan(), b.isnan()) && relative_error(a.nan_to_num(), b.nan_to_num()) < 0.1);
        QVERIFY(bev.run(evaluate_method(), {{"precision", "int8"}}, model).summaries.contains("mAP"));
    }
};

QTEST_GUILESS_MAIN(TestInt8Conv)
#include "test_int8_conv.moc"
