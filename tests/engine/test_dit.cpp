// DiT against the official implementation (reference files), its fused forward against plain ATen, its hand-written derivative against autograd.
#include "core/base/error.h"
#include "core/nn/tensor_index.h"
#include "plugins/delta_cache/engine/dit.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <QtTest>
#include <filesystem>

using namespace lathe;
using namespace lathe::delta_cache;

namespace {

double rel_l2(const at::Tensor& a, const at::Tensor& b) { return ((a - b).norm() / b.norm()).item<double>(); }

std::shared_ptr<Dit> load_dit(const TensorIndex& file) {
    auto dit = std::make_shared<Dit>(dit_config_from(parse_json(file.metadata().at("config"), "config")));
    std::vector<std::string> keys;
    for (const auto& entry : file.entries())
        if (!entry.name.starts_with("in.") && !entry.name.starts_with("out.") && !entry.name.starts_with("mid.")) keys.push_back(entry.name);
    dit->load([&](const std::string& key) { return file.find(key) ? file.get(key) : at::Tensor(); }, keys, true);
    dit->prepare_inference();
    return dit;
}

/// Asks for every layer, so that no fusion is left.
struct WatchAll : Tap {
    bool wants(const LayerInfo&) override { return true; }
    Flow enter(int, TensorRefs, at::Tensor&) override { ++entered; return Flow::run; }
    void leave(int, TensorRefs, at::Tensor&) override { ++left; }
    int entered = 0, left = 0;
};

std::shared_ptr<Dit> small_dit(std::uint64_t seed) {
    DitConfig c;
    c.input_size = 12; c.patch = 4; c.in_channels = 1; c.hidden = 48; c.depth = 2; c.heads = 3; c.num_classes = 5; c.learn_sigma = false;
    auto dit = std::make_shared<Dit>(c);
    dit->initialize(seed);
    at::manual_seed(seed);
    dit->visit("", [](const std::string& key, at::Tensor& t) {
        if (key.find("adaLN") != key.npos || key.find("final_layer") != key.npos || key.find("bias") != key.npos) t.normal_(0, 0.3);   // zero at the start: nothing would flow
    });
    return dit;
}

}

class TestDit : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void reference_data() {
        QTest::addColumn<QString>("name");
        QTest::newRow("dit_a") << "dit_a";
        QTest::newRow("dit_b") << "dit_b";
    }
    void reference() {
        QFETCH(QString, name);
        const std::filesystem::path path = std::filesystem::path(qEnvironmentVariable("LATHE_SHARED").toStdString()) / "golden/delta_cache" / (name.toStdString() + ".safetensors");
        if (!std::filesystem::exists(path)) QSKIP("the reference files are not here");
        const c10::InferenceMode guard;
        const auto file = open_tensors(path);
        const auto dit = load_dit(*file);
        const auto get = [&](const char* key) { return file->get(key); };
        const at::Tensor x = get("in.x"), t = get("in.t"), y = get("in.y");
        constexpr double tolerance = 2e-5;
        QVERIFY(rel_l2(dit->time_features(t), get("mid.t_freq")) < tolerance);
        QVERIFY(rel_l2(dit->embed_time(t), get("mid.t_emb")) < tolerance);
        QVERIFY(rel_l2(dit->embed_label(y), get("mid.y_emb")) < tolerance);
        QVERIFY(rel_l2(dit->embed(x) - dit->pos_embed, get("mid.x_embed_nopos")) < tolerance);
        QVERIFY(rel_l2(dit->embed_time(get("in.t_frac")), get("out.t_frac_emb")) < tolerance);
        QVERIFY(rel_l2(sincos_positions(dit->dit_config().grid(), dit->dit_config().hidden), dit->pos_embed) < 1e-6);
        for (const bool watched : {false, true}) {
            TapStack taps;
            const auto watch = std::make_shared<WatchAll>();
            if (watched) taps.add(watch);
            taps.attach(dit->layers());
            QVERIFY(rel_l2(dit->forward({x, t, y}, &taps), get("out.forward")) < tolerance);
            QCOMPARE(watch->entered, watch->left);
            QCOMPARE(watch->entered, watched ? int(dit->layers().size()) : 0);
        }
        const DitModulation modulation = dit->modulate(dit->condition(t, y));
        at::Tensor h = dit->embed(x);
        for (int i = 0; i < dit->dit_config().depth; ++i) {
            h = dit->block(i, h, modulation.blocks[i]);
            QVERIFY(rel_l2(h, get(("mid.block" + std::to_string(i)).c_str())) < tolerance);
        }
        QVERIFY(rel_l2(dit->final_tokens(h, modulation.final_layer), get("mid.final_tokens")) < tolerance);
        for (const double scale : {1.5, 4.0}) QVERIFY(rel_l2(dit->forward_with_cfg(x, t, y, scale), get(scale == 1.5 ? "out.cfg_1.5" : "out.cfg_4.0")) < tolerance);
    }

    void schedule_equals_single_steps() {
        const c10::InferenceMode guard;
        const auto dit = small_dit(3);
        dit->prepare_inference();
        const at::Tensor y = at::tensor({0, 3, 5}, at::kLong), x = at::randn({3, 1, 12, 12});
        const std::vector<double> times{999, 500.5, 20, 0};
        DitSchedule schedule(*dit, times, y);
        for (int step = 0; step < 4; ++step) {
            const at::Tensor t = at::full({3}, times[std::size_t(step)]);
            QVERIFY(rel_l2(dit->run(x, schedule.at(step), nullptr), dit->forward({x, t, y}, nullptr)) < 1e-6);
        }
    }

    void derivative_equals_autograd_data() {
        QTest::addColumn<bool>("half");
        QTest::newRow("float") << false;
        QTest::newRow("bfloat16") << true;
    }
    void derivative_equals_autograd() {
        QFETCH(bool, half);
        const auto dit = small_dit(5);
        dit->set_training(true);
        const at::Tensor x = at::randn({4, 1, 12, 12}), y = at::tensor({0, 1, 4, 5}, at::kLong), t = at::tensor({10.0, 200.0, 700.0, 999.0}).to(at::kFloat), target = at::randn({4, 1, 12, 12});
        const auto gradients = [&](TapStack* taps, double* loss_value) {
            c10::AutoGradMode grad(true);
            dit->visit("", [](const std::string&, at::Tensor& p) { p.mutable_grad() = at::Tensor(); });
            const at::Tensor loss = (dit->forward({x, t, y}, taps) - target).square().mean();
            loss.backward();
            *loss_value = loss.item<double>();
            std::map<std::string, at::Tensor> all;
            dit->visit("", [&](const std::string& key, at::Tensor& p) { all[key] = p.grad().clone(); });
            return all;
        };
        TapStack taps;
        taps.add(std::make_shared<WatchAll>());
        taps.attach(dit->layers());
        double plain_loss = 0, fused_loss = 0;
        const auto plain = gradients(&taps, &plain_loss);
        if (half) dit->set_training_type(at::kBFloat16);
        const auto fused = gradients(nullptr, &fused_loss);
        QVERIFY(std::abs(plain_loss - fused_loss) < (half ? 1e-2 : 1e-5) * plain_loss);
        for (const auto& [key, gradient] : plain) {
            const double error = rel_l2(fused.at(key), gradient);
            QVERIFY2(error < (half ? 4e-2 : 2e-5), (key + " " + std::to_string(error)).c_str());
        }
    }

    void bad_input() {
        const auto dit = small_dit(1);
        QVERIFY_THROWS_EXCEPTION(Error, dit->forward({at::randn({1, 1, 10, 10}), at::zeros({1}), at::zeros({1}, at::kLong)}, nullptr));
        QVERIFY_THROWS_EXCEPTION(Error, dit->forward({at::randn({1, 1, 12, 12}), at::zeros({1}), at::full({1}, 6, at::kLong)}, nullptr));
        QVERIFY_THROWS_EXCEPTION(Error, dit_size("M/2"));
        QVERIFY_THROWS_EXCEPTION(Error, dit_config_from({{"hidden_size", 50}, {"num_heads", 4}}));
        try {
            dit->load([](const std::string& key) { return key == "pos_embed" ? at::zeros({1, 2, 3}) : at::Tensor(); }, {"pos_embed", "extra"}, true);
            QFAIL("a checkpoint without weights was loaded");
        } catch (const Error& e) {
            const QString where = QString::fromStdString(e.where());
            QVERIFY(where.contains("missing: ") && where.contains("wrong shape: pos_embed [1, 2, 3] instead of [1, 9, 48]") && where.contains("unexpected: extra"));
        }
    }
};

QTEST_GUILESS_MAIN(TestDit)
#include "test_dit.moc"
