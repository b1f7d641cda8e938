// Other plugins' tools on a Vision Transformer: layers are reported in order, multiply-adds are counted, quantisers are placed and run.
#include "plugins/quantization/engine/dynamic_quant_tap.h"
#include "plugins/quantization/engine/placement.h"
#include "plugins/quantization/engine/quant_tap.h"
#include "plugins/vit_merge/engine/vit.h"
#include <ATen/ATen.h>
#include <QtTest>
#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>

using namespace lathe;
using namespace lathe::vit_merge;

namespace {

VitConfig tapped_vit() {
    VitConfig c;
    c.height = c.width = 16;
    c.patch = 4;
    c.dim = 32;
    c.depth = 2;
    c.heads = 2;
    c.mlp = 64;
    c.classes = 5;
    return c;
}

std::unique_ptr<Vit> made(const VitConfig& config) {
    auto vit = std::make_unique<Vit>(config);
    vit->initialize(4);
    vit->visit("", [](const std::string&, at::Tensor& tensor) { tensor.mul_(4); });
    vit->prepare_inference();
    return vit;
}

/// Notes the names that it meets, and what they gave.
class NotingTap : public Tap {
public:
    explicit NotingTap(std::string point) : m_point(std::move(point)) {}
    bool wants(const LayerInfo& layer) override {
        if (!m_point.empty() && layer.point != m_point) return false;
        m_names[layer.id] = layer.name;
        return true;
    }
    void leave(int id, TensorRefs, at::Tensor& out) override {
        met.push_back(m_names.at(id));
        last = out.clone();
    }
    std::vector<std::string> met;
    at::Tensor last;
private:
    std::string m_point;
    std::map<int, std::string> m_names;
};

at::Tensor run_with(Vit& vit, std::shared_ptr<Tap> tap, const at::Tensor& images) {
    TapStack taps;
    taps.add(std::move(tap));
    taps.attach(vit.layers());
    return vit.forward({images}, &taps);
}

}

class TestVitTaps : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { at::manual_seed(3); }
    void every_layer_reports() {
        const c10::InferenceMode guard;
        VitConfig c = tapped_vit();
        c.norm_pre = c.qk_norm = c.layer_scale = c.dist_token = true;
        const auto vit = made(c);
        const at::Tensor images = at::randn({3, 3, 16, 16}), plain = vit->forward({images}, nullptr);
        for (const char* point : {"", "block", "attn", "mlp", "linear", "conv", "norm", "act", "matmul", "softmax"}) {
            const auto tap = std::make_shared<NotingTap>(point);
            const at::Tensor seen = run_with(*vit, tap, images);
            QVERIFY((seen - plain).abs().max().item<double>() < 1e-4);   // looking changes nothing
            std::size_t wanted = 0;
            for (const LayerInfo& layer : vit->layers()) wanted += *point == 0 || layer.point == point;
            QCOMPARE(tap->met.size(), wanted);                            // each once
            QVERIFY(std::set<std::string>(tap->met.begin(), tap->met.end()).size() == wanted);
        }
        const auto softmax = std::make_shared<NotingTap>("softmax");
        run_with(*vit, softmax, images);
        QVERIFY((softmax->last.flatten(0, 1) - vit->trace(images).attention.back().flatten(0, 1)).abs().max().item<double>() < 1e-5);
    }

    void a_tap_that_skips_a_block_is_obeyed() {
        const c10::InferenceMode guard;
        const auto vit = made(tapped_vit());
        struct SkipTap : Tap {
            bool wants(const LayerInfo& layer) override { return layer.name == "blocks.1"; }
            Flow enter(int, TensorRefs in, at::Tensor& out) override {
                out = in[0];
                return Flow::skip;
            }
        };
        const at::Tensor images = at::randn({2, 3, 16, 16});
        const at::Tensor skipped = run_with(*vit, std::make_shared<SkipTap>(), images), first = vit->trace(images).blocks[0];
        const auto state = vit->state();
        const at::Tensor expected = at::linear(at::layer_norm(first, {32}, state.at("norm.weight"), state.at("norm.bias"), 1e-6).select(1, 0), state.at("head.weight"), state.at("head.bias"));
        QVERIFY((skipped - expected).abs().max().item<double>() < 1e-4);
    }

    void multiply_adds_are_counted() {
        const auto vit = made(tapped_vit());
        const auto graph = quantization::trace(*vit, {at::zeros({1, 3, 16, 16})});
        const std::int64_t tokens = 17, d = 32, mlp = 64;
        QCOMPARE(graph.macs(), 16 * d * 48 + 2 * tokens * (3 * d * d + d * d + 2 * d * mlp) + d * 5);
        QVERIFY(graph.find("blocks_0_attn_qkv") >= 0 && graph.find("patch_embed_proj") >= 0 && graph.find("head") >= 0);
    }

    void it_runs_quantised() {
        const auto vit = made(tapped_vit());
        const at::Tensor images = at::randn({8, 3, 16, 16});
        double last = 1e9;
        const c10::InferenceMode guard;
        const at::Tensor plain = vit->forward({images}, nullptr);
        for (const int bits : {3, 5, 8}) {
            quantization::DynamicQuantOptions options;
            options.weight_bits = options.activation_bits = bits;
            options.first_last_8 = false;
            std::int64_t layers = 0;
            const at::Tensor y = run_with(*vit, std::make_shared<quantization::DynamicQuantTap>(options, [&](std::int64_t n) { layers = n; }), images);
            const double error = ((y - plain).norm() / plain.norm()).item<double>();
            QVERIFY2(error > 0 && error < last, std::to_string(error).c_str());
            QCOMPARE(layers, std::int64_t(1 + 2 * 4 + 1));
            last = error;
        }
        QVERIFY2(last < 0.08, std::to_string(last).c_str());
    }

    void a_backend_places_its_quantisers() {
        const c10::NoGradGuard no_gradients;
        const auto vit = made(tapped_vit());
        const at::Tensor images = at::randn({8, 3, 16, 16});
        const auto plan = quantization::place(quantization::trace(*vit, {images}), vit->layers(), quantization::backend("academic"), quantization::defaults_of(quantization::backend("academic")));
        QVERIFY(plan.weights.size() >= 8 && plan.activations.size() >= 8);
        const auto tap = std::make_shared<quantization::QuantTap>(*vit, plan);
        tap->set_mode(quantization::QuantMode::calibrate);
        const at::Tensor plain = run_with(*vit, tap, images);
        QVERIFY((plain - vit->forward({images}, nullptr)).abs().max().item<double>() < 1e-4);
        tap->set_mode(quantization::QuantMode::quantize);
        const at::Tensor y = run_with(*vit, tap, images);
        const double error = ((y - plain).norm() / plain.norm()).item<double>();
        QVERIFY2(error > 0 && error < 0.2, std::to_string(error).c_str());
    }
};

QTEST_GUILESS_MAIN(TestVitTaps)
#include "test_vit_taps.moc"
