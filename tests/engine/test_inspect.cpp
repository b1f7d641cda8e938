#include "core/nn/inspect.h"
#include "core/nn/model_family.h"
#include <ATen/ATen.h>
#include <QTemporaryDir>
#include <QtTest>
#include <cmath>

using namespace lathe;

namespace {

/// Recognises files that have its key, as real families do; the rest of the interface is not asked for here.
class KeyFamily : public ModelFamily {
public:
    KeyFamily(std::string key, double confidence) : m_key(std::move(key)), m_confidence(confidence) {}
    std::string id() const override { return m_key; }
    std::string title() const override { return "Family of " + m_key; }
    std::vector<std::string> key_layouts() const override { return {"official"}; }
    Recognition recognise(const TensorIndex& file) const override { return {file.find(m_key) ? m_confidence : 0, "official", {{"depth", 1}}, "has " + m_key}; }
    std::shared_ptr<Network> load(const TensorIndex&, const Json&) const override { return nullptr; }
    std::shared_ptr<Network> make(const Json&, std::uint64_t) const override { return nullptr; }
    Json facts(const Network&) const override { return {}; }
    std::vector<at::Tensor> example(const Network&, std::int64_t, std::uint64_t) const override { return {}; }

private:
    std::string m_key;
    double m_confidence;
};

}

class TestInspect : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;

    std::shared_ptr<TensorIndex> file(const char* name) const {
        const std::filesystem::path path = m_folder.filePath(QString::fromLatin1(name)).toStdString();
        write_safetensors(path, {{"a", at::tensor({1.0f, NAN, INFINITY, 3.0f})}, {"b", at::ones({2, 3}, at::kHalf)}, {"n", at::arange(5)}}, {{"author", "me"}});
        return open_tensors(path);
    }

private Q_SLOTS:
    void table_of_tensors() {
        const Json report = inspect(*file("t.safetensors"), {});
        QCOMPARE(report["format"], Json("safetensors"));
        QCOMPARE(report["parameters"], Json(10));
        QCOMPARE(report["tensor_bytes"], Json(16 + 12 + 40));
        QCOMPARE(report["dtypes"], Json({{"F32", 1}, {"F16", 1}, {"I64", 1}}));
        QCOMPARE(report["metadata"]["author"], Json("me"));
        QCOMPARE(report["tensors"].size(), std::size_t(3));
        QCOMPARE(report["tensors"][2], Json({{"name", "b"}, {"dtype", "F16"}, {"shape", {2, 3}}, {"bytes", 12}}));
        QVERIFY(report["family"].is_null());
        QVERIFY(!report.contains("nans"));
    }
    void values_are_read_on_demand() {
        std::size_t last = 0;
        const Json report = inspect(*file("h.safetensors"), {}, {true, [&last](std::size_t done, std::size_t total) { last = done * 100 + total; }});
        QCOMPARE(last, std::size_t(303));
        QCOMPARE(report["nans"], Json(1));
        QCOMPARE(report["infs"], Json(1));
        QCOMPARE(report["tensors"][1]["mean"], Json(2.0));   // "a": 1 and 3 are finite
        QCOMPARE(report["warnings"].size(), std::size_t(1));
        QVERIFY_THROWS_EXCEPTION(std::runtime_error, inspect(*file("s.safetensors"), {}, {true, [](std::size_t, std::size_t) { throw std::runtime_error("stop"); }}));
    }
    void the_most_confident_family_wins() {
        const KeyFamily none("absent", 1), weak("a", 0.4), strong("b", 0.9);
        const Json family = inspect(*file("f.safetensors"), {&none, &weak, &strong})["family"];
        QCOMPARE(family["id"], Json("b"));
        QCOMPARE(family["layout"], Json("official"));
        QCOMPARE(family["config"]["depth"], Json(1));
    }
    void objects_of_a_pickle_are_named() {
        struct Fixed : TensorIndex {
            Fixed() { m_others = {{"trap", {{"$class", "posix.system"}, {"args", {"true"}}}}, {"list", {{{"$class", "posix.system"}}}}}; }
            at::Tensor get(std::string_view) const override { return {}; }
        };
        const Json report = inspect(Fixed(), {});
        QCOMPARE(report["objects"]["posix.system"], Json(2));
        QCOMPARE(report["warnings"].size(), std::size_t(2));
    }
};

QTEST_GUILESS_MAIN(TestInspect)
#include "test_inspect.moc"
