// The networks of bev: reference files, the published zoo's keys and sizes, view tables, gradients, suppression, and a training that learns and resumes.
#include "core/base/error.h"
#include "core/engine/registry.h"
#include "fake_run.h"
#include "core/nn/optim.h"
#include "plugins/bev/engine/cases.h"
#include "plugins/bev/engine/detector.h"
#include "plugins/bev/engine/family.h"
#include "plugins/bev/engine/head.h"
#include "plugins/bev/engine/loss.h"
#include "test_data.h"
#include "verify_text.h"
#include <ATen/ATen.h>
#include <QTemporaryDir>
#include <QtTest>
#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>
#include <cmath>
#include <fstream>

using namespace lathe;
using namespace lathe::bev;
namespace fs = std::filesystem;

namespace {

Registry cases() {
    Registry registry;
    for (auto make : {view_case, projected_case, image_net_case, encoder_case, head_case, loss_case, detect_case, overlap_case}) registry.add(make());
    return registry;
}

/// A detector small enough for a test: two frames of two cameras, 16 x 16 x 2 voxels.
DetectorConfig small() {
    DetectorConfig c;
    c.base_channels = 8;
    c.fpn_channels = 8;
    c.height = 32;
    c.width = 64;
    c.frames = 2;
    c.cameras = 2;
    c.grids = {VoxelGrid{{16, 16, 2}, {2, 2, 2}, {0, 0, -1}}};
    c.neck_in = c.neck_out = 16;
    c.neck_layers = 1;
    c.range = 16;
    return c;
}

std::vector<at::Tensor> example(Detector& net, std::uint64_t seed) { return make_family()->example(net, 1, seed); }

/// The head's maps of `inputs`, on the autograd graph where the mode is on.
HeadMaps maps_of(Detector& net, const std::vector<at::Tensor>& inputs) {
    const ViewTables tables = net.tables(inputs[1], {});
    return net.head(net.encode(net.fuse(net.folded(net.image_features(inputs[0], nullptr), tables, Overlap::last), nullptr), nullptr), nullptr);
}

}

class TestBevNetwork : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;

private Q_SLOTS:
    void references_data() {
        QTest::addColumn<QString>("file");
        for (const char* name : {"view_c_ties", "geom_rotated_iou", "bev_neck_d2", "head_normal_nms", "loss_freeanchor"}) QTest::newRow(name) << QString::fromStdString(test_data("bev").string()) + "/" + name + ".safetensors";
        if (const QString shared = qEnvironmentVariable("LATHE_SHARED"); !shared.isEmpty())   // too large for tests/data
            for (const char* name : {"view_a_m0like", "view_b_stride4", "net_r18_fpn_fuse", "net_r50_fpn_fuse", "head_scale_nms", "e2e_m0tiny_f4", "e2e_v4tiny_ms_f2"})
                QTest::newRow((std::string("shared ") + name).c_str()) << shared + "/golden/bev/" + name + ".safetensors";
    }
    void references() {
        QFETCH(QString, file);
        const Registry registry = cases();
        FakeRun run;
        const VerifyReport report = verify_file(registry, file.toStdString(), {}, run);
        QVERIFY2(report.ok, wrong_outputs(report).c_str());
        QVERIFY(!report.outputs.empty());
        for (const auto& out : report.outputs) qInfo("%-35s %-8s %.2e of %.0e", out.key.c_str(), out.measure.c_str(), out.error, out.tolerance);
    }

    void zoo_has_the_official_keys() {
        Detector net(zoo("M0"));
        std::map<std::string, std::string> own;
        net.visit("", [&](const std::string& key, at::Tensor& t) {
            std::string shape = "[";
            for (std::int64_t i = 0; i < t.dim(); ++i) shape += (i ? ", " : "") + std::to_string(t.size(i));
            own[key] = shape + "]";
        });
        std::ifstream list(test_data("bev/state_dict_M0.txt"));
        std::string line;
        std::size_t official = 0;
        while (std::getline(list, line)) {
            const auto blank = line.find(' ');
            const std::string key = line.substr(0, blank);
            if (blank == line.npos || key.ends_with("num_batches_tracked")) continue;
            QVERIFY2(own.contains(key), key.c_str());
            QCOMPARE(own[key], line.substr(blank + 1));
            ++official;
        }
        QCOMPARE(official, own.size());
    }
    void zoo_sizes_data() {
        QTest::addColumn<QString>("name");
        QTest::addColumn<double>("millions");   // the published counts
        for (const auto& [name, millions] : std::vector<std::pair<const char*, double>>{{"M0", 15.45}, {"M1", 15.45}, {"M2", 29.06}, {"M3", 36.44}, {"M4", 38.85}, {"M5", 38.85}, {"MS", 37.85}}) QTest::newRow(name) << name << millions;
    }
    void zoo_sizes() {
        QFETCH(QString, name);
        QFETCH(double, millions);
        Detector net(zoo(name.toStdString()));
        std::int64_t count = 0;
        net.visit_parameters("", [&](const std::string&, at::Tensor& t) { count += t.numel(); });
        QVERIFY2(std::abs(static_cast<double>(count) / 1e6 - millions) < 0.01, std::to_string(count).c_str());
        QCOMPARE(detector_config(to_json(zoo(name.toStdString()))).fuse_in(), zoo(name.toStdString()).fuse_in());
    }
    void bad_configurations() {
        for (const char* text : {R"({"depth":19})", R"({"n_frames":0})", R"({"n_voxels":[[0,4,4]],"voxel_size":[[1,1,1]]})", R"({"n_voxels":[[4,4,4]],"voxel_size":[]})", R"({"multi_scale_id":[4]})", R"({"multi_scale_id":[0,1]})",
                 R"({"input":[8,8]})", R"({"n_voxels":[[4,4,4]],"voxel_size":[[1,1,-1]]})", R"({"anchor_range":-1})", R"([])"})
            QVERIFY_THROWS_EXCEPTION(Error, bev::detector_config(parse_json(text, "config")));
        QVERIFY_THROWS_EXCEPTION(Error, zoo("M9"));
    }

    void tables_agree_with_the_single_rule() {
        Detector net(small());
        const at::Tensor matrices = example(net, 3)[1];
        for (const Overlap overlap : {Overlap::last, Overlap::first})
            for (const Rounding rounding : {Rounding::half_even, Rounding::half_away})
                for (const Sampling sampling : {Sampling::corner, Sampling::centre}) {
                    const auto level = net.tables(matrices, {overlap, rounding, sampling}).levels.front();
                    const VoxelGrid& g = level.grid;
                    for (int x = 0; x < g.n[0]; ++x)
                        for (int y = 0; y < g.n[1]; ++y)
                            for (int z = 0; z < g.n[2]; ++z) {
                                int want = -1, seen = 0;
                                for (int camera = 0; camera < 2; ++camera) {
                                    const Projection p = projection_of(std::span<const float, 16>(matrices.const_data_ptr<float>() + camera * 16, 16), small().stride(0));
                                    const Sight sight = sight_of(sample_point(g, {x, y, z}, sampling), p, level.size, rounding);
                                    if (sight.refusal != Refusal::none) continue;
                                    ++seen;
                                    if (want < 0 || overlap == Overlap::last) want = (camera * level.size.height + sight.y) * level.size.width + sight.x;
                                }
                                QCOMPARE(level.luts[0][x][y][z].item<int>(), want);
                                QCOMPARE(int(level.seen[0][x][y][z].item<std::uint8_t>()), seen);
                            }
                }
    }
    void a_broken_camera_sees_nothing() {
        Detector net(small());
        for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 3e38f, 0.0f}) {
            const auto level = net.tables(at::full({4, 4, 4}, bad), {}).levels.front();
            for (const at::Tensor& lut : level.luts) QVERIFY((lut >= -1).all().item<bool>() && (lut < 2 * level.size.height * level.size.width).all().item<bool>());
        }
        QVERIFY_THROWS_EXCEPTION(Error, net.tables(at::zeros({3, 4, 4}), {}));
        QVERIFY_THROWS_EXCEPTION(Error, net.tables(at::zeros({4, 3, 4}), {}));
    }
    void gather_and_its_gradient() {
        const DetectorConfig c = small();
        Detector net(c);
        const auto level = net.tables(example(net, 5)[1], {}).levels.front();
        const at::Tensor maps = at::randn({4, c.fpn_channels, level.size.height, level.size.width});
        const at::Tensor fast = to_voxels(maps, level, 2, Overlap::last);
        at::Tensor traced = maps.clone().set_requires_grad(true);
        const c10::AutoGradMode grad(true);
        const at::Tensor slow = to_voxels(traced, level, 2, Overlap::last);
        QVERIFY(at::equal(fast, slow.detach()));
        const at::Tensor weight = at::randn(slow.sizes());
        (slow * weight).sum().backward();
        // What a pixel gets is the sum over the voxels that copied it.
        at::Tensor want = at::zeros({4, level.size.height, level.size.width, c.fpn_channels});
        const at::Tensor slots = weight.permute({0, 2, 3, 1}).reshape({-1, 2, c.fpn_channels});
        for (int t = 0; t < 2; ++t) {
            const at::Tensor lut = level.luts[static_cast<std::size_t>(t)].reshape({-1});
            for (std::int64_t cell = 0; cell < lut.numel(); ++cell)
                if (const int pixel = lut[cell].item<int>(); pixel >= 0) want.narrow(0, 2 * t, 2).view({-1, c.fpn_channels})[pixel] += slots[cell][t];
        }
        QVERIFY(at::allclose(traced.grad(), want.permute({0, 3, 1, 2}), 1e-4, 1e-4));
    }

    void convolutions_are_right_for_every_width() {
        const c10::InferenceMode guard;
        int layer = 0;
        const AddLayer add = [&layer](std::string, std::string, std::string, int) { return layer++; };
        for (const int in : {3, 8, 24, 40, 64})
            for (const int out : {4, 13, 24, 80})
                for (const int kernel : {1, 3}) {
                    ConvUnit unit({in, out, kernel, 1, kernel / 2, 1, true}, {"conv", "bn"}, Activation::relu, add, "unit");
                    unit.visit("", [](const std::string& key, at::Tensor& t) { key.ends_with("running_var") ? t.uniform_(0.5, 2) : t.normal_(0, 0.3); });
                    const at::Tensor x = at::randn({2, in, 9, 11}), more = at::randn({2, out, 9, 11});
                    const auto wide = [](const at::Tensor& t) { return t.to(at::kDouble); };
                    Conv2d& c = unit.conv();
                    BatchNorm2d& n = *unit.norm();
                    const at::Tensor y = at::conv2d(wide(x), wide(c.weight), wide(c.bias), {1, 1}, {kernel / 2, kernel / 2});
                    const at::Tensor want = at::relu(at::batch_norm(y, wide(n.weight), wide(n.bias), wide(n.running_mean), wide(n.running_var), false, 0, 1e-5, false) + more);
                    QVERIFY2(at::allclose(wide(unit.forward(x, nullptr, more)), want, 1e-3, 1e-4), qPrintable(QString("%1 -> %2, kernel %3").arg(in).arg(out).arg(kernel)));
                }
    }
    void gradients_of_convolutions_are_right_for_every_width() {
        int layer = 0;
        const AddLayer add = [&layer](std::string, std::string, std::string, int) { return layer++; };
        for (const int in : {3, 16, 24, 48})
            for (const int out : {8, 16, 40, 80})
                for (const auto& [kernel, stride] : {std::pair{1, 1}, {1, 2}, {3, 1}, {3, 2}}) {
                    const c10::AutoGradMode grad(true);
                    Conv2d conv({in, out, kernel, stride, kernel / 2, 1, true}, add, "conv");
                    at::Tensor x = at::randn({2, in, 10, 13}).requires_grad_(true);
                    for (at::Tensor* t : {&conv.weight, &conv.bias}) t->normal_(0, 0.3).requires_grad_(true);
                    const auto wide = [](const at::Tensor& t) { return t.detach().to(at::kDouble).requires_grad_(true); };
                    const at::Tensor x64 = wide(x), w64 = wide(conv.weight), b64 = wide(conv.bias);
                    const at::Tensor want = at::conv2d(x64, w64, b64, {stride, stride}, {kernel / 2, kernel / 2}), got = conv.forward(x, nullptr), pull = at::randn(want.sizes());
                    want.backward(pull.to(at::kDouble));
                    got.backward(pull);
                    for (const auto& [a, b] : {std::pair{got, want}, {x.grad(), x64.grad()}, {conv.weight.grad(), w64.grad()}, {conv.bias.grad(), b64.grad()}})
                        QVERIFY2(at::allclose(a.to(at::kDouble), b, 1e-3, 1e-3), qPrintable(QString("%1 -> %2, kernel %3, stride %4").arg(in).arg(out).arg(kernel).arg(stride)));
                }
    }
    void taps_see_every_layer_and_change_nothing() {
        const c10::InferenceMode guard;
        struct Look : Tap {
            bool wants(const LayerInfo&) override { return true; }
            void leave(int id, TensorRefs, at::Tensor&) override { ++seen[id]; }
            std::map<int, int> seen;
        };
        Detector net(small());
        net.initialize(1);
        const auto inputs = example(net, 2);
        const at::Tensor plain = net.forward(inputs, nullptr);
        const auto look = std::make_shared<Look>();
        TapStack taps;
        taps.add(look);
        taps.attach(net.layers());
        const at::Tensor tapped = net.forward(inputs, &taps);
        QVERIFY2(at::allclose(plain, tapped, 1e-4, 1e-5), std::to_string((plain - tapped).abs().max().item<double>()).c_str());
        for (const LayerInfo& layer : net.layers())
            if (!layer.name.starts_with("bbox_head.conv_reg") && !layer.name.starts_with("bbox_head.conv_dir")) QVERIFY2(look->seen[layer.id] == 1, layer.name.c_str());
    }

    void training_learns() {
        DetectorConfig c = small();
        Detector net(c);
        net.initialize(7);
        net.set_training(true);
        net.visit_modules("", [](const std::string&, Module& module) {
            if (auto* norm = dynamic_cast<BatchNorm2d*>(&module)) norm->batch_statistics = true;
        });
        NamedTensors parameters;
        net.visit_parameters("", [&](const std::string& key, at::Tensor& t) { parameters.emplace_back(key, t); });
        AdamW adamw(parameters, {});
        const auto inputs = example(net, 4);
        const GroundTruth truth{{{5, 6, -1.8f, 2, 4.5f, 1.7f, 0.3f, 1, 0}, {-6, 3, -1.8f, 0.7f, 0.7f, 1.8f, 0, 0, 0}}, {0, 7}};
        double first = 0, last = 0;
        for (int i = 0; i < 60; ++i) {
            const c10::AutoGradMode grad(true);
            const FreeAnchorLoss loss = free_anchor_loss(maps_of(net, inputs), {truth}, c.range);
            const at::Tensor sum = loss.positive + loss.negative;
            sum.backward();
            adamw.step(2e-3);
            adamw.drop_gradients();
            (i == 0 ? first : last) = sum.item<double>();
        }
        QVERIFY2(last < first / 3, (std::to_string(first) + " to " + std::to_string(last)).c_str());
    }
    void a_loss_without_boxes_is_finite() {
        const HeadMaps maps{at::randn({1, 80, 4, 4}), at::randn({1, 72, 4, 4}), at::randn({1, 16, 4, 4})};
        const FreeAnchorLoss none = free_anchor_loss(maps, {GroundTruth{}}, 16);
        QCOMPARE(none.positive.item<double>(), 0.0);
        QVERIFY(std::isfinite(none.negative.item<double>()));
        const HeadMaps extreme{at::full({1, 80, 4, 4}, 200.0), at::full({1, 72, 4, 4}, 1.0), at::full({1, 16, 4, 4}, -50.0)};
        const FreeAnchorLoss far = free_anchor_loss(extreme, {GroundTruth{{{1, 1, -1, 2, 4, 2, 0, 0, 0}}, {0}}}, 16);
        QVERIFY(std::isfinite(far.positive.item<double>()) && std::isfinite(far.negative.item<double>()));
        QVERIFY_THROWS_EXCEPTION(Error, free_anchor_loss(maps, {}, 16));
    }

    void boxes_come_back_from_their_code() {
        const std::vector<Box> anchors = make_anchors(3, 5, 50);
        QCOMPARE(anchors.size(), std::size_t{3 * 5 * 8});
        const Box box{3, -7, -1.2f, 1.9f, 4.4f, 1.6f, 0.7f, 2, -1};
        for (const Box& anchor : anchors) {
            const Box back = decoded(anchor, encoded(anchor, box).data());
            for (const auto& [a, b] : {std::pair{back.x, box.x}, {back.y, box.y}, {back.z, box.z}, {back.w, box.w}, {back.l, box.l}, {back.h, box.h}, {back.yaw, box.yaw}, {back.vx, box.vx}, {back.vy, box.vy}})
                QVERIFY(std::abs(a - b) < 2e-4f);
        }
    }
    void suppression_tells_why() {
        const std::vector<Rectangle> boxes{{0, 0, 2, 4, 0}, {0.2f, 0, 2, 4, 0.1f}, {10, 0, 2, 4, 0}};
        const std::vector<float> scores{0.5f, 0.9f, 0.1f};
        std::vector<int> why;
        QCOMPARE(rotated_nms(boxes, scores, 0.2f, &why), (std::vector<int>{1, 2}));
        QCOMPARE(why, (std::vector<int>{1, -1, -1}));
        QCOMPARE(circle_nms(boxes, scores, 200, 83, &why), (std::vector<int>{1}));
        QCOMPARE(circle_nms(boxes, scores, 0.001f, 2), (std::vector<int>{1, 0}));
        QVERIFY(rotated_nms({}, {}, 0.2f).empty());
    }

    void family_reads_what_it_wrote() {
        const auto family = make_family();
        DetectorConfig c = small();
        Detector net(c);
        net.initialize(9);
        const fs::path file = fs::path(m_folder.path().toStdString()) / "net.safetensors";
        write_safetensors(file, net.state(), {{"lathe.config", to_json(c).dump()}});
        const auto index = open_tensors(file);
        QCOMPARE(family->recognise(*index).confidence, 1.0);
        const auto loaded = family->load(*index, Json::object());
        const auto inputs = family->example(*loaded, 1, 3);
        const c10::InferenceMode guard;
        QVERIFY(at::equal(loaded->forward(inputs, nullptr), net.forward(inputs, nullptr)));
        auto state = net.state();
        state.erase("neck_3d.model.1.conv.weight");
        write_safetensors(file, state, {{"lathe.config", to_json(c).dump()}});
        QVERIFY_THROWS_EXCEPTION(Error, family->load(*open_tensors(file), Json::object()));
        write_safetensors(file, {{"a", at::zeros({1})}}, {});
        QCOMPARE(family->recognise(*open_tensors(file)).confidence, 0.0);
        QVERIFY_THROWS_EXCEPTION(Error, family->load(*open_tensors(file), Json::object()));
        QVERIFY_THROWS_EXCEPTION(Error, loaded->forward({at::zeros({4, 3, 8, 8}), inputs[1]}, nullptr));
    }
};

QTEST_GUILESS_MAIN(TestBevNetwork)
#include "test_bev_network.moc"
