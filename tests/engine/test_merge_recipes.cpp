// The methods that describe, merge into a file and compare; recipes that make a merge again, mergekit's among them.
#include "core/base/error.h"
#include "core/base/file.h"
#include "engine/errors.h"
#include "engine/fake_run.h"
#include "engine/made_vits.h"
#include "plugins/vit_merge/engine/merge_recipe.h"
#include "plugins/vit_merge/engine/methods.h"
#include "plugins/vit_merge/engine/small_yaml.h"
#include "plugins/vit_merge/engine/weight_pairs.h"
#include <QTemporaryDir>
#include <QtTest>
#include <cmath>

using namespace lathe;
using namespace lathe::vit_merge;
namespace fs = std::filesystem;

class TestMergeRecipes : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;

    fs::path folder(const char* name) const {
        const fs::path out = fs::path(m_folder.path().toStdString()) / name;
        fs::create_directories(out);
        return out;
    }
    fs::path models(const char* name, int count = 3) const {
        const fs::path at = folder(name);
        write_vits(at, count);
        return at;
    }
    static std::shared_ptr<FakeRun> run(const Method& method, const fs::path& set, const Json& given) {
        auto out = std::make_shared<FakeRun>();
        if (!set.empty()) out->inputs = {{"set", "data", "", set.string()}};
        out->set_params(complete_parameters(method.info.parameters, given));
        return out;
    }
    static std::string table_text(const FakeRun& run, const char* key) {
        const Artifact* made = run.find(key);
        return made ? *made->bytes : std::string();
    }
    static std::string file_bytes(const FakeRun& run, const char* key) { return table_text(run, key); }
    static std::shared_ptr<TensorIndex> merged_file(const FakeRun& run) { return open_safetensors_bytes(run.find("model")->bytes, "merged"); }

private Q_SLOTS:
    void describe() {
        const Method method = describe_method();
        const auto made = run(method, models("describe"), {{"m", 1}});
        method.run(*made);
        QVERIFY(has_all(table_text(*made, "models"), {"ViT/4, 3 blocks of 16", "base", "timm"}));
        QCOMPARE(std::ranges::count(table_text(*made, "similarity"), '\n'), 7);          // a header, 3 blocks of 2 kinds
        QCOMPARE(std::ranges::count(table_text(*made, "storage"), '\n'), 6);             // a header, m = 0 … 3, separate
        QCOMPARE(std::ranges::count(table_text(*made, "keys"), '\n'), std::ptrdiff_t(canonical_shapes(tiny_vit(0)).size() + 1));
        QCOMPARE(made->tensor("cosine").size(0), std::int64_t{3});
        QCOMPARE(made->summaries.at("depth"), Json(3));
        QCOMPARE(made->summaries.at("gate"), Json("none"));
        QCOMPARE(made->summaries.at("has_base"), Json(true));
    }
    /// A set that cannot be merged is described all the same.
    void describe_what_cannot_be_merged() {
        const fs::path at = models("other", 2);
        VitConfig wide = tiny_vit(4);
        wide.dim = 32;
        write_vit(at / "wide.safetensors", made_vit(wide, 3), wide);
        const Method method = describe_method();
        const auto made = run(method, at, Json::object());
        method.run(*made);
        QVERIFY(has_all(table_text(*made, "findings"), {"error", "wide has another architecture"}));
        QVERIFY(!made->find("similarity"));
        QCOMPARE(made->summaries.at("mergeable"), Json(false));
    }

    void merge_and_again() {
        const Method method = merge_method();
        const fs::path at = models("merge");
        const auto first = run(method, at, {{"method", "ties"}, {"keep", 0.4}, {"lambda", 0.6}, {"precision", "fp16"}, {"head", "b"}});
        method.run(*first);
        const auto file = merged_file(*first);
        QCOMPARE(file->find("blocks.0.mlp.fc1.weight")->dtype, at::kHalf);
        QCOMPARE(file->find("head.weight")->shape[0], std::int64_t{5});
        QVERIFY(has_all(file->metadata().at("lathe.provenance"), {"\"ties\"", "sha256", "thresholds"}));
        const auto config = recognise_vit(*file);
        QVERIFY(config && config->classes == 5 && config->normalisation);
        Vit vit(*config);
        vit.load_canonical(canonical_tensors(*file, *config));
        // From the recipe, without the set: the same bytes.
        write_file(at / "again.json", file_bytes(*first, "recipe"));
        const auto again = run(method, {}, {{"recipe", (at / "again.json").string()}, {"method", "average"}});
        method.run(*again);
        QVERIFY(file_bytes(*again, "model") == file_bytes(*first, "model"));
        QVERIFY(file_bytes(*again, "recipe") == file_bytes(*first, "recipe"));
        // Another file in a model's place is not taken for it.
        write_vit(at / "a.safetensors", made_vit(tiny_vit(4), 11), tiny_vit(4));
        QVERIFY(has_all(error_of([&] { method.run(*run(method, {}, {{"recipe", (at / "again.json").string()}})); }), {"not the one that the recipe was made from", "a:"}));
    }
    void merge_into_a_place() {
        const Method method = merge_method();
        const fs::path at = models("place"), file = at / "out" / "merged.safetensors";
        fs::create_directories(file.parent_path());
        const auto made = run(method, at, {{"layout", "hf_vit"}, {"file", file.string()}});
        method.run(*made);
        const auto written = open_tensors(file);
        QVERIFY(written->find("vit.encoder.layer.1.attention.attention.query.weight"));
        const auto config = recognise_vit(*written);
        QVERIFY(config && config->layout == VitLayout::hf_vit);
        const MergeRecipe recipe = read_recipe(at / "out" / "merged.recipe.json");
        QCOMPARE(recipe.layout, std::string("hf_vit"));
        QVERIFY(recipe.models.size() == 3 && fs::exists(recipe.models[0].path));
        QVERIFY(!made->find("model"));
    }
    void cancelled_merge_leaves_nothing() {
        const Method method = merge_method();
        const fs::path at = models("cancelled"), file = at / "merged.safetensors";
        for (const int after : {0, 3, 20}) {
            const auto made = run(method, at, {{"file", file.string()}});
            made->cancel_after = after;
            QVERIFY_THROWS_EXCEPTION(Cancelled, method.run(*made));
            QVERIFY(!fs::exists(file) && !fs::exists(at / "merged.safetensors.part"));
        }
    }
    void merge_refuses() {
        const Method method = merge_method();
        const fs::path at = models("refuses");
        QVERIFY(has_all(error_of([&] { method.run(*run(method, at, {{"method", "gated"}})); }), {"does not give one model"}));
        QVERIFY(has_all(error_of([&] { method.run(*run(method, at, {{"head", "nobody"}})); }), {"no model of this name"}));
        QVERIFY(has_all(error_of([&] { method.run(*run(method, at, {{"recipe", (at / "none.json").string()}})); }), {"none.json"}));
        QVERIFY(has_all(error_of([&] { run(method, at, {{"method", "ties"}, {"lambda", 44}}); }), {"lambda", "44"}));
    }

    void yaml() {
        const Json json = parse_small_yaml("# recipe\nmerge_method: ties   # kind\nmodels:\n  - model: a b/c.safetensors\n    parameters:\n      weight: 0.5\n      density: [0.2, 1]\n  - model: \"d#e\"\nbase_model: 'it''s'\nparameters: {normalize: true, t: -1e-3}\nlist:\n- 1\n- x: y\n  z: null\n-\n  q: r\n", "test");
        QCOMPARE(json, Json::parse("{\"merge_method\":\"ties\",\"models\":[{\"model\":\"a b/c.safetensors\",\"parameters\":{\"weight\":0.5,\"density\":[0.2,1.0]}},{\"model\":\"d#e\"}],\"base_model\":\"it's\",\"parameters\":{\"normalize\":true,\"t\":-0.001},\"list\":[1.0,{\"x\":\"y\",\"z\":null},{\"q\":\"r\"}]}"));
        for (const char* bad : {"", "a: [1", "a: {b}", "a: 1\n   b: 2", "a: &x 1", "a: 1\na: 2", ": x", "- : y", "{: z}", "\ta: 1", "a: |\n  text", "a: \"x", "- 1\nb: 2"})
            QVERIFY2(has_all(error_of([&] { parse_small_yaml(bad, "the file"); }), {"the file"}), bad);
    }
    void mergekit_data() {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("method");
        QTest::addColumn<double>("value");
        const QString two = "models:\n- model: a.safetensors\n  parameters: {weight: 3}\n- model: b.safetensors\n  parameters: {weight: 1}\n";
        const QString even = "models:\n- model: a.safetensors\n- model: b.safetensors\n", base = "base_model: base.safetensors\n";
        QTest::newRow("linear") << "merge_method: linear\n" + two << "weighted" << 0.0;
        QTest::newRow("slerp") << "merge_method: slerp\n" + even + "base_model: b.safetensors\nparameters: {t: 0.25}\n" << "slerp" << 0.25;
        QTest::newRow("task arithmetic") << "merge_method: task_arithmetic\n" + two + base + "parameters: {lambda: 0.5}\n" << "task_arithmetic" << 0.5;
        QTest::newRow("ties") << "merge_method: ties\n" + even + base + "parameters: {density: 0.3}\n" << "ties" << 0.3;
        QTest::newRow("dare") << "merge_method: dare_ties\n" + even + base + "parameters: {density: 0.6, weight: 0.5}\ndtype: bfloat16\n" << "dare_ties" << 0.4;
    }
    void mergekit() {
        QFETCH(QString, text);
        QFETCH(QString, method);
        QFETCH(double, value);
        const fs::path at = models("mergekit");
        write_file(at / "recipe.yaml", text.toStdString());
        const MergeRecipe recipe = read_recipe(at / "recipe.yaml");
        QCOMPARE(std::string(to_text(recipe.settings.method)), method.toStdString());
        QCOMPARE(recipe.models.size(), std::size_t{2});
        if (method == "slerp") QVERIFY(recipe.models[0].name == "b" && recipe.settings.slerp_t == value && !recipe.base);
        if (method == "weighted") QVERIFY(recipe.models[0].weight == 3 && recipe.settings.normalise_weights && !recipe.base);
        if (method == "task_arithmetic") QVERIFY(recipe.settings.lambda == value && recipe.models[0].weight == 3 && recipe.base);
        if (method == "ties") QVERIFY(recipe.settings.keep == value && recipe.settings.aggregate == TiesAggregate::mean && recipe.settings.lambda == 1 && !recipe.notes.empty());
        if (method == "dare_ties") QVERIFY(std::abs(recipe.settings.drop - value) < 1e-12 && recipe.settings.keep == 1 && recipe.precision == "bf16" && recipe.models[0].weight == 0.5);
        const auto made = run(merge_method(), {}, {{"recipe", (at / "recipe.yaml").string()}});
        merge_method().run(*made);
        const auto file = merged_file(*made);
        if (method != "weighted") return;
        const at::Tensor a = open_tensors(at / "a.safetensors")->get("norm.weight"), b = open_tensors(at / "b.safetensors")->get("norm.weight");
        QVERIFY(at::allclose(file->get("norm.weight"), 0.75 * a + 0.25 * b, 1e-6, 1e-6));
    }
    void mergekit_refuses_data() {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("says");
        QTest::newRow("method") << "merge_method: della\nmodels: [a.safetensors]\n" << "della";
        QTest::newRow("slices") << "merge_method: linear\nslices: []\nmodels: [a.safetensors]\n" << "slices";
        QTest::newRow("gradient") << "merge_method: linear\nmodels:\n- model: a.safetensors\n  parameters: {weight: [0, 1]}\n" << "weight";
        QTest::newRow("missing") << "merge_method: linear\nmodels: [org/model]\n" << "org/model";
        QTest::newRow("no models") << "merge_method: linear\n" << "models";
        QTest::newRow("densities") << "merge_method: ties\nbase_model: base.safetensors\nmodels:\n- model: a.safetensors\n  parameters: {density: 0.1}\n- model: b.safetensors\n" << "density";
        QTest::newRow("no base") << "merge_method: ties\nmodels: [a.safetensors]\n" << "base_model";
        QTest::newRow("dtype") << "merge_method: linear\ndtype: int8\nmodels: [a.safetensors]\n" << "int8";
        QTest::newRow("no recipe") << "a: b\n" << "no recipe";
    }
    void mergekit_refuses() {
        QFETCH(QString, text);
        QFETCH(QString, says);
        const fs::path at = models("mergekit");
        write_file(at / "bad.yaml", text.toStdString());
        const std::string error = error_of([&] { read_recipe(at / "bad.yaml"); });
        QVERIFY2(has_all(error, {says, "bad.yaml"}), error.c_str());
    }

    void pairs_of_weights() {
        const fs::path at = folder("pairs");
        const auto set = open_model_set(write_vits(at, 2), at / "base.safetensors", {});
        for (const SharedKey& key : set->keys) {
            const at::Tensor a = set->tensor(0, key).to(at::kDouble).flatten(), b = set->tensor(1, key).to(at::kDouble).flatten(), base = set->tensor(-1, key).to(at::kDouble).flatten();
            const WeightComparison got = compare_weights(*set, key, {-1, 0, 1});
            const auto near = [](double x, double y) { return std::abs(x - y) < 1e-5 * (1 + std::abs(y)) || (std::isnan(x) && !std::isfinite(y)); };
            QVERIFY(near(got.cosine(1, 2), (a.dot(b) / a.norm() / b.norm()).item<double>()));
            if (base.norm().item<double>() > 0) QVERIFY(near(got.relative_l2(1, 2), ((a - b).norm() / base.norm()).item<double>()));
            else QVERIFY(got.relative_l2(1, 2) > 0 && got.relative_l2(1, 2) < 10);        // biases that begin at 0: relative to the models
            QVERIFY(near(got.task_cosine(1, 2), ((a - base).dot(b - base) / (a - base).norm() / (b - base).norm()).item<double>()));
            QVERIFY(near(got.pair(1, 2).sign_conflict(), ((a - base) * (b - base) < 0).to(at::kDouble).mean().item<double>()));
            QVERIFY(std::isnan(got.task_cosine(0, 1)));
        }
    }
    void compare() {
        const Method method = compare_method();
        const fs::path at = models("compare");
        const auto made = run(method, at, {{"first", "a"}, {"second", "c"}, {"what", {"layers", "keys", "spectra"}}});
        method.run(*made);
        QCOMPARE(std::ranges::count(table_text(*made, "layers"), '\n'), std::ptrdiff_t(canonical_shapes(tiny_vit(0)).size() + 1));
        QCOMPARE(std::ranges::count(table_text(*made, "pairs"), '\n'), 4);
        QVERIFY(has_all(table_text(*made, "keys"), {"head.weight", "other shape"}));
        QVERIFY(has_all(table_text(*made, "spectra"), {"blocks.0.attn.qkv.weight"}));
        const auto base = run(method, at, {{"what", {"layers"}}});
        method.run(*base);
        QCOMPARE(base->summaries.at("first"), Json("base"));
        QVERIFY(has_all(error_of([&] { method.run(*run(method, at, {{"first", "a"}, {"second", "a"}})); }), {"compared with itself"}));
        QVERIFY(has_all(error_of([&] { method.run(*run(method, at, {{"what", {"everything"}}})); }), {"everything"}));
        QVERIFY(has_all(error_of([&] { method.run(*run(method, at, {{"first", "a"}, {"second", "b"}, {"what", {"cka"}}})); }), {"pictures"}));
    }
    /// Pictures that are drawn here: CKA of a model with itself is 1 where both are the same, points for every picture.
    void compare_representations() {
        const fs::path at = folder("representations");
        auto sources = write_vits(at, 2, 10);
        fs::copy_file(sources[0].path, at / "b.safetensors", fs::copy_options::overwrite_existing);
        const Method method = compare_method();
        const Json rows = Json::array({Json::array({"a", "", "drawn:digits", "", ""}), Json::array({"b", "", "drawn:digits", "", ""})});
        const auto made = run(method, at, {{"first", "a"}, {"second", "b"}, {"what", {"cka", "embedding"}}, {"images", 24}, {"models", {{"columns", {"name", "path", "data", "weight", "use"}}, {"rows", rows}}}});
        const std::string refused = error_of([&] { method.run(*made); });
        QVERIFY2(refused.empty(), refused.c_str());
        const at::Tensor cka = made->tensor("cka");
        QCOMPARE(cka.sizes().vec(), (std::vector<std::int64_t>{4, 4}));
        QVERIFY((cka.diagonal() - 1).abs().max().item<double>() < 1e-4);
        QCOMPARE(std::ranges::count(table_text(*made, "embedding"), '\n'), 2 * 24 + 1);
    }
};

QTEST_GUILESS_MAIN(TestMergeRecipes)
#include "test_merge_recipes.moc"
