// Gates: made, trained, written and opened again; which files are refused, and why.
#include "core/nn/tensor_index.h"
#include "errors.h"
#include "plugins/vit_merge/engine/gate.h"
#include <ATen/ATen.h>
#include <QTemporaryDir>
#include <QtTest>
#include <c10/core/GradMode.h>

using namespace lathe;
using namespace lathe::vit_merge;
namespace fs = std::filesystem;

class TestVitGate : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    fs::path path(const char* name) const { return fs::path(m_folder.path().toStdString()) / name; }

private Q_SLOTS:
    void a_gate_is_written_and_opened() {
        const c10::NoGradGuard as_in_the_engine;
        for (const bool small : {true, false}) {
            const auto gate = small ? make_small_gate(3, 1, {"a", "b", "c"}, 5) : make_mobilenet_gate(3, {"a", "b", "c"}, 5);
            gate->visit("", [](const std::string& key, at::Tensor& tensor) {
                if (key.ends_with("running_mean")) tensor.normal_(0, 0.1);
                if (key.ends_with("running_var")) tensor.uniform_(0.5, 1.5);
            });
            write_safetensors(path("gate.safetensors"), gate->state(), {{"lathe.config", gate->config().dump()}});
            const auto again = open_gate(path("gate.safetensors"), 3);
            QCOMPARE(again->kind(), std::string(small ? "small" : "mobilenet_v2"));
            QCOMPARE(again->names(), std::vector<std::string>({"a", "b", "c"}));
            QCOMPARE(again->models(), std::int64_t(3));
            const at::Tensor images = at::randn({2, small ? 1 : 3, 28, 28});
            QVERIFY(at::equal(gate->logits(images), again->logits(images)));
            const at::Tensor p = gate_probabilities(gate->logits(images), 0.5);
            QVERIFY((p.sum(1) - 1).abs().max().item<double>() < 1e-6);
            QCOMPARE(again->features(images).size(1), std::int64_t(small ? 64 : 1280));
            require_gate_for(*again, {"a", "b", "c"});
        }
        QCOMPARE(make_small_gate(4, 3, {}, 0)->parameter_count(), std::int64_t(3 * 9 * 16 + 2 * 16 + 16 * 9 * 32 + 2 * 32 + 32 * 9 * 64 + 2 * 64 + 64 * 4 + 4));
        QCOMPARE(make_mobilenet_gate(8, {}, 0)->parameter_count(), std::int64_t(2'223'872 + 1281 * 8));
    }

    /// Models are left out or stand in another order: the gate answers for those that are there.
    void it_serves_some_of_its_models() {
        const c10::NoGradGuard as_in_the_engine;
        for (const bool small : {true, false}) {
            const auto whole = small ? make_small_gate(4, 3, {"a", "b", "c", "d"}, 5) : make_mobilenet_gate(4, {"a", "b", "c", "d"}, 5), some = small ? make_small_gate(4, 3, {"a", "b", "c", "d"}, 5) : make_mobilenet_gate(4, {"a", "b", "c", "d"}, 5);
            fit_gate(*some, {"d", "b"});
            QCOMPARE(some->models(), std::int64_t(2));
            QCOMPARE(some->names(), std::vector<std::string>({"d", "b"}));
            QCOMPARE(whole->parameter_count() - some->parameter_count(), std::int64_t(2 * (small ? 65 : 1281)));
            const at::Tensor images = at::randn({3, 3, 28, 28});
            QVERIFY(at::allclose(some->logits(images), whole->logits(images).index_select(1, at::tensor({3, 1}, at::kLong)), 1e-5, 1e-6));
            QVERIFY(has_all(error_of([&] { fit_gate(*whole, {"a", "x"}); }), {"another number of models", "4 there, 2 here"}));
            QVERIFY(has_all(error_of([&] { fit_gate(*whole, {"a", "b", "c", "x"}); }), {"other models", "output 4 is d there, x here"}));
            QCOMPARE(whole->models(), std::int64_t(4));
        }
    }

    void the_trunk_of_an_imagenet_file_is_taken() {
        const c10::NoGradGuard as_in_the_engine;
        const auto imagenet = make_mobilenet_gate(1001, {}, 2);
        write_safetensors(path("imagenet.safetensors"), imagenet->state());
        const auto gate = open_gate(path("imagenet.safetensors"), 4);
        QCOMPARE(gate->models(), std::int64_t(4));
        const at::Tensor images = at::randn({1, 3, 32, 32});
        QVERIFY(at::equal(gate->features(images), imagenet->features(images)));
        QVERIFY(at::isfinite(gate->logits(images)).all().item<bool>());
    }

    void it_learns_in_both_modes_of_its_norms() {
        const c10::AutoGradMode gradients(true);
        at::manual_seed(1);
        const auto gate = make_small_gate(2, 3, {}, 3);
        gate->set_training(true);
        gate->set_batch_statistics(true);
        const at::Tensor labels = at::arange(32, at::kLong).remainder(2), images = at::randn({32, 3, 28, 28}) * 0.3 + labels.view({-1, 1, 1, 1}) * 0.7;
        double first = 0, last = 0;
        for (int step = 0; step < 25; ++step) {
            const at::Tensor loss = at::cross_entropy_loss(gate->logits(images), labels);
            last = loss.item<double>();
            if (step == 0) first = last;
            loss.backward();
            const c10::NoGradGuard no_grad;
            gate->visit_parameters("", [](const std::string& key, at::Tensor& tensor) {
                if (!tensor.grad().defined() || !at::isfinite(tensor.grad()).all().item<bool>()) QFAIL(key.c_str());
                tensor.sub_(tensor.grad() / (tensor.grad().abs() + 1e-4), 3e-3);
                tensor.mutable_grad().reset();
            });
        }
        QVERIFY2(last < 0.3 * first, (std::to_string(first) + " -> " + std::to_string(last)).c_str());
        gate->set_batch_statistics(false);
        gate->prepare_inference();
        const c10::NoGradGuard no_grad;
        QVERIFY((gate->logits(images).argmax(1) == labels).to(at::kFloat).mean().item<double>() > 0.9);
    }

    void files_that_are_no_gate_are_named() {
        const c10::NoGradGuard as_in_the_engine;
        const auto refused = [&](const std::map<std::string, at::Tensor>& tensors, std::int64_t models, const QStringList& parts) {
            write_safetensors(path("bad.safetensors"), tensors);
            const std::string error = error_of([&] { open_gate(path("bad.safetensors"), models); });
            QVERIFY2(has_all(error, parts), error.c_str());
        };
        refused({{"x", at::zeros({1})}}, 0, {"no gate", "bad.safetensors"});
        refused({{"features.0.0.weight", at::zeros({1})}}, 0, {"torchvision", "padding"});
        auto state = make_small_gate(3, 3, {}, 1)->state();
        refused(state, 5, {"another number", "3 instead of 5"});
        state.erase("features.1.norm.bias");
        refused(state, 0, {"missing: features.1.norm.bias"});
        state = make_mobilenet_gate(3, {}, 1)->state();
        state.erase("mobilenet_v2.layer.7.reduce_1x1.convolution.weight");
        refused(state, 0, {"layer.7.reduce_1x1"});
        state = make_mobilenet_gate(3, {}, 1)->state();
        state.erase("classifier.weight");
        refused(state, 0, {"no classifier"});
        QVERIFY(!error_of([] { make_small_gate(3, 3, {"a"}, 1); }).empty());
        QVERIFY(!error_of([] { make_small_gate(0, 3, {}, 1); }).empty());
        QVERIFY(!error_of([] { make_small_gate(2, 3, {}, 1)->logits(at::zeros({1, 1, 28, 28})); }).empty());
        QVERIFY(!error_of([] { gate_probabilities(at::zeros({1, 2}), 0); }).empty());
    }
};

QTEST_GUILESS_MAIN(TestVitGate)
#include "test_vit_gate.moc"
