// The verify harness: reference files pass, every spoilt output is noticed, and a bad file gives a report instead of a crash.
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/engine/registry.h"
#include "core/engine/verify_measures.h"
#include "core/nn/tensor_index.h"
#include "fake_run.h"
#include "plugins/delta_cache/engine/cases.h"
#include "test_data.h"
#include "verify_text.h"
#include <QTemporaryDir>
#include <QtTest>
#include <cmath>

using namespace lathe;
namespace fs = std::filesystem;

namespace {

constexpr const char* kFiles[] = {"dit_a", "dit_b", "dit_samplers", "dit_diffusers_schedulers", "delta_cache"};

Registry delta_cache_cases() {
    Registry registry;
    for (auto make : {delta_cache::forward_case, delta_cache::samplers_case, delta_cache::schedulers_case, delta_cache::policy_case, delta_cache::metrics_case})
        registry.add(make());
    return registry;
}

/// A case whose answer is known: out.y = 2 in.x, mid.z = in.x.
VerifyCase doubling() {
    VerifyCase c;
    c.id = "test/double";
    c.tolerances = {{"out.n", "exact", 0}, {"out.image", "image_u8", 0}, {"out.far", "max_abs", 1e-3}, {"out.wide", "max_rel", 1e-3}, {"out.*", "rel_l2", 1e-6}, {"mid.*", "rel_l2", 1e-6}};
    c.mid_is_input = [](std::string_view key) { return key == "mid.seed"; };
    c.run = [](const VerifyInputs& inputs, RunContext&) {
        for (const auto& [key, tensor] : inputs.tensors)
            if (key.starts_with("out.") || (key.starts_with("mid.") && key != "mid.seed")) throw Error(ErrorCode::internal, "the case sees what is expected of it", key);
        const at::Tensor x = inputs.tensors.at("in.x");
        return TensorMap{{"out.y", x * 2}, {"mid.z", x}, {"out.n", at::arange(3, at::kLong)}, {"out.image", at::full({20, 100}, 7, at::kByte)}, {"out.far", x}, {"out.wide", x * 1000}};
    };
    return c;
}

}

class TestVerify : public QObject {
    Q_OBJECT
    Registry m_registry;
    QTemporaryDir m_folder;

    fs::path path(const char* name) const { return fs::path(m_folder.path().toStdString()) / name; }
    fs::path write(const std::map<std::string, at::Tensor>& tensors, const Json& config) const {
        const fs::path file = path("case.safetensors");
        write_safetensors(file, tensors, {{"config", config.dump()}});
        return file;
    }
    VerifyReport verify(const fs::path& file) const {
        FakeRun run;
        return verify_file(m_registry, file, {}, run);
    }
    VerifyReport check(std::map<std::string, at::Tensor> expected) const {
        expected.emplace("in.x", at::arange(1, 5, at::kFloat));
        return verify(write(expected, {{"case", "test/double"}}));
    }

private Q_SLOTS:
    void initTestCase() {
        m_registry = delta_cache_cases();
        m_registry.add(doubling());
    }

    void references_data() {
        QTest::addColumn<QString>("file");
        for (const char* name : kFiles) QTest::newRow(name) << QString::fromStdString(test_data(("delta_cache/" + std::string(name) + ".safetensors").c_str()).string());
        QTest::newRow("metrics") << QString::fromStdString(test_data("delta_cache_metrics.safetensors").string());
        if (const QString shared = qEnvironmentVariable("LATHE_SHARED"); !shared.isEmpty())
            for (const char* name : {"dit_a", "dit_b", "dit_samplers", "dit_diffusers_schedulers", "delta_cache", "metrics"})
                QTest::newRow((std::string("shared ") + name).c_str()) << shared + "/golden/delta_cache/" + name + ".safetensors";
    }
    void references() {
        QFETCH(QString, file);
        const VerifyReport report = verify(file.toStdString());
        QVERIFY2(report.ok, wrong_outputs(report).c_str());
        QVERIFY(!report.outputs.empty());
        for (const auto& out : report.outputs) qInfo("%-55s %-8s %.2e of %.0e", out.key.c_str(), out.measure.c_str(), out.error, out.tolerance);
    }

    /// Every out.* of every file, spoilt in turn by one value: the case is run once, the comparison must notice each.
    void spoilt_outputs_data() {
        QTest::addColumn<QString>("name");
        for (const char* name : {"dit_b", "dit_diffusers_schedulers"}) QTest::newRow(name) << name;
        QTest::newRow("metrics") << "metrics";
    }
    void spoilt_outputs() {
        QFETCH(QString, name);
        const fs::path source = name == "metrics" ? test_data("delta_cache_metrics.safetensors") : test_data(("delta_cache/" + name.toStdString() + ".safetensors").c_str());
        fs::copy_file(test_data("delta_cache/dit_a.safetensors"), path("dit_a.safetensors"), fs::copy_options::overwrite_existing);
        const auto index = open_tensors(source);
        int spoilt = 0;
        for (const auto& victim : index->entries()) {
            if (!victim.name.starts_with("out.")) continue;
            std::map<std::string, at::Tensor> tensors;
            for (const auto& entry : index->entries()) tensors[entry.name] = index->get(entry.name).clone();
            at::Tensor& value = tensors[victim.name];
            value.flatten()[value.numel() / 2] += value.abs().max() * 0.05 + 0.01;
            const VerifyReport report = verify(write(tensors, parse_json(index->metadata().at("config"), "config")));
            QVERIFY2(!report.ok, ("not noticed: " + victim.name).c_str());
            QVERIFY2(report.error.empty(), report.error.c_str());
            for (const auto& out : report.outputs) QCOMPARE(out.ok, out.key != victim.name);
            ++spoilt;
        }
        QVERIFY(spoilt > 0);
    }

    void measures() {
        const at::Tensor x = at::arange(1, 5, at::kFloat);
        QVERIFY(check({{"out.y", x * 2}, {"mid.z", x}, {"mid.seed", x * 9}}).ok);
        QVERIFY(!check({{"out.y", x * 2 + 1e-4}}).ok);
        QVERIFY(!check({{"out.y", x * 2}, {"mid.z", x + 1}}).ok);
        QVERIFY(check({{"out.n", at::arange(3, at::kLong)}}).ok);
        QVERIFY(!check({{"out.n", at::arange(1, 4, at::kLong)}}).ok);
        at::Tensor image = at::full({20, 100}, 7, at::kByte);
        image[0][0] = 8;
        QVERIFY(check({{"out.image", image}}).ok);                       // 1 of 2000 pixels by one level
        image[0].fill_(8);
        QVERIFY(!check({{"out.image", image}}).ok);
        image.fill_(7)[3][3] = 9;
        QVERIFY(!check({{"out.image", image}}).ok);                      // two levels
        QVERIFY(check({{"out.far", x + 5e-4}}).ok && !check({{"out.far", x + 2e-3}}).ok);
        QVERIFY(check({{"out.wide", x * 1000 + 0.5}}).ok && !check({{"out.wide", x * 1000 + 50}}).ok);
        QVERIFY(!check({{"out.y", (x * 2).view({2, 2})}}).ok);           // another shape
        QVERIFY(!check({{"out.unknown", x}}).ok);                        // not computed
        QVERIFY(!check({{"mid.unknown", x}, {"out.y", x * 2}}).ok);
        QVERIFY(!check({}).ok);                                          // nothing expected
        QCOMPARE(measure("nonsense", x, x).note.empty(), false);
        QVERIFY(std::isinf(measure("rel_l2", x, at::zeros({4})).error));
        QCOMPARE(measure("rel_l2", at::zeros({4}), at::zeros({4})).error, 0.0);
        QCOMPARE(measure("max_abs", at::zeros({0}), at::zeros({0})).error, 0.0);
        // What 16 bits cannot hold is no difference; what they could is.
        const at::Tensor third = at::tensor({1.0F / 3, 1000.0F / 7});
        QCOMPARE(measure("max_abs", third, third.to(at::kHalf)).error, 0.0);
        QCOMPARE(measure("max_rel", third, third.to(at::kBFloat16)).error, 0.0);
        QVERIFY(measure("max_abs", third + 0.01, third.to(at::kHalf)).error > 0.009);
        const at::Tensor rows = at::tensor({100.0F, 1.0F, 0.0F, 0.0F}).reshape({2, 2});
        QVERIFY(std::abs(measure("row_rel", at::tensor({100.0F, 1.5F, 0.0F, 0.0F}).reshape({2, 2}), rows).error - 0.005) < 1e-9);
        QVERIFY(std::abs(measure("row_rel", at::tensor({100.0F, 1.0F, 0.25F, 0.0F}).reshape({2, 2}), rows).error - 0.25) < 1e-9);
        QVERIFY(!measure("row_rel", at::zeros({}), at::zeros({})).note.empty());
    }
    void non_finite_values_must_agree() {
        const at::Tensor x = at::tensor({1.0F, NAN, INFINITY, -INFINITY});
        QCOMPARE(measure("rel_l2", x, x).error, 0.0);
        QVERIFY(measure("rel_l2", x, x).note.empty());
        QVERIFY(!measure("rel_l2", x, at::tensor({1.0F, 2.0F, INFINITY, -INFINITY})).note.empty());
        QVERIFY(!measure("rel_l2", at::tensor({1.0F, 2.0F, 3.0F, 4.0F}), x).note.empty());
        QVERIFY(!measure("max_abs", -x, x).note.empty());
        QCOMPARE(measure("exact", x, x).error, 0.0);
    }
    void patterns() {
        QVERIFY(matches("out.*", "out.a") && matches("*", "") && matches("mid.*.sigmas", "mid.a.b.sigmas") && matches("a*b*c", "aXbYc"));
        QVERIFY(!matches("out.*", "mid.a") && !matches("a*b", "a") && !matches("", "x"));
    }

    void bad_files_data() {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<QString>("says");
        QTest::newRow("empty") << QByteArray() << "";
        QTest::newRow("noise") << QByteArray(1000, 'x') << "";
        QTest::newRow("json without a case") << QByteArray("{\"a\": 1}") << "case";
        QTest::newRow("json of an unknown case") << QByteArray("{\"case\": \"no/such\"}") << "no/such";
        QTest::newRow("json for a tensor case") << QByteArray("{\"case\": \"test/double\"}") << "safetensors";
        QTest::newRow("broken json") << QByteArray("{\"case\": ") << "";
        QTest::newRow("deep json") << QByteArray(100'000, '[').prepend("{\"case\":") << "";
    }
    void bad_files() {
        QFETCH(QByteArray, bytes);
        QFETCH(QString, says);
        write_file(path("bad"), std::string_view(bytes.constData(), std::size_t(bytes.size())));
        const VerifyReport report = verify(path("bad"));
        QVERIFY(!report.ok);
        QVERIFY(!report.error.empty());
        QVERIFY2(QString::fromStdString(report.error).contains(says), report.error.c_str());
        QCOMPARE(to_json(report).at("ok"), Json(false));
    }
    void bad_configs() {
        const at::Tensor x = at::ones({2});
        QVERIFY(!verify(path("nowhere.safetensors")).ok);
        write_safetensors(path("plain.safetensors"), {{"out.y", x}});
        QVERIFY(QString::fromStdString(verify(path("plain.safetensors")).error).contains("config"));
        QVERIFY(QString::fromStdString(verify(write({{"out.y", x}}, {{"case", "no/such"}})).error).contains("no/such"));
        QVERIFY(!verify(write({{"out.y", x}}, {{"case", 3}})).error.empty());
        for (const char* name : {"../secret", "/etc/passwd", "missing", ""})
            QVERIFY(!verify(write({{"in.x", x}, {"out.y", x * 2}}, {{"case", "test/double"}, {"weights", name}})).error.empty());
        // Inputs that a real case needs are missing, or have shapes that make no sense.
        const VerifyReport lacking = verify(write({{"out.forward", x}}, {{"case", "delta_cache/dit.forward"}, {"hidden_size", 48}}));
        QVERIFY(!lacking.ok && !lacking.error.empty());
        const VerifyReport odd = verify(write({{"out.a.samples", x}, {"in.z", x}, {"in.y", x}}, {{"case", "delta_cache/dit.samplers"}, {"runs", Json::array({{{"tag", "a"}, {"resp", "5,x"}}})}}));
        QVERIFY(!odd.ok && !odd.error.empty());
    }
    void weights_are_found_in_data_folders() {
        QTemporaryDir data;
        fs::create_directories(fs::path(data.path().toStdString()) / "sub");
        write_safetensors(fs::path(data.path().toStdString()) / "sub/w.safetensors", {{"weight", at::ones({2})}, {"out.y", at::ones({2})}});
        Registry registry;
        VerifyCase c = doubling();
        c.run = [](const VerifyInputs& inputs, RunContext&) {
            const auto& file = *inputs.files.at("sub/w");
            if (file.find("out.y")) throw Error(ErrorCode::internal, "expected values of another file are visible");
            return TensorMap{{"out.y", file.get("weight") * 2}};
        };
        registry.add(std::move(c));
        const fs::path file = write({{"in.x", at::ones({2})}, {"out.y", at::full({2}, 2.0F)}}, {{"case", "test/double"}, {"runs", {{{"weights", "sub/w"}}}}});
        FakeRun run;
        QVERIFY(!verify_file(registry, file, {}, run).ok);
        const VerifyReport report = verify_file(registry, file, {data.path().toStdString()}, run);
        QVERIFY2(report.ok, wrong_outputs(report).c_str());
    }
    void cancelling_is_not_a_failure() {
        FakeRun run;
        run.cancel_after = 3;
        QVERIFY_THROWS_EXCEPTION(Cancelled, verify_file(m_registry, test_data("delta_cache/delta_cache.safetensors"), {}, run));
    }
};

QTEST_GUILESS_MAIN(TestVerify)
#include "test_verify.moc"
