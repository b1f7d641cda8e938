// Sets of models: what they share, what is wrong with them and what would work, and files that change.
#include "core/base/error.h"
#include "core/base/file.h"
#include "engine/errors.h"
#include "engine/fake_run.h"
#include "engine/made_vits.h"
#include "plugins/vit_merge/engine/merge_weights.h"
#include <QTemporaryDir>
#include <QtTest>
#include <fstream>

using namespace lathe;
using namespace lathe::vit_merge;
namespace fs = std::filesystem;

class TestMergeSets : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;

    fs::path folder(const char* name) const {
        const fs::path out = fs::path(m_folder.path().toStdString()) / name;
        fs::create_directories(out);
        return out;
    }
    /// The finding that says all of this; null: none does.
    static const Finding* finding(const ModelSet& set, Finding::Level level, const QStringList& parts) {
        for (const Finding& one : set.findings)
            if (one.level == level && has_all(one.what, parts) && !one.hint.empty()) return &one;
        return nullptr;
    }
    static std::string all_findings(const ModelSet& set) {
        std::string out;
        for (const Finding& one : set.findings) out += one.what + " | " + one.hint + "\n";
        return out;
    }
    /// Two models, the second one changed by `change` before it is written.
    std::shared_ptr<const ModelSet> changed(const char* name, const std::function<void(TensorMap& canonical, VitConfig& config)>& change) const {
        const fs::path at = folder(name);
        auto sources = write_vits(at, 2);
        VitConfig config = tiny_vit(5);
        TensorMap tensors = made_vit(config, 2);
        change(tensors, config);
        write_vit(sources[1].path, tensors, config);
        return open_model_set(sources, at / "base.safetensors", {});
    }

private Q_SLOTS:
    void healthy() {
        const fs::path at = folder("healthy");
        const auto set = open_model_set(write_vits(at, 3), at / "base.safetensors", {});
        set->require_mergeable(true);
        QVERIFY(set->left_out.empty() && !set->mixed_layouts);
        QCOMPARE(set->keys.size(), canonical_shapes(tiny_vit(0)).size());
        QVERIFY(std::is_sorted(set->keys.begin(), set->keys.end(), [](const SharedKey& a, const SharedKey& b) { return a.key < b.key; }));
        QVERIFY(set->rest().empty());
        QCOMPARE(set->head(1).at("head.weight").size(0), std::int64_t{5});
        QVERIFY2(finding(*set, Finding::Level::note, {"numbers of classes", "a 4", "c 6"}), all_findings(*set).c_str());
        for (const SharedKey& key : set->keys) QVERIFY(at::equal(set->tensor(-1, key), open_tensors(at / "base.safetensors")->get(key.key)));
    }
    void same_set_is_kept() {
        const fs::path at = folder("kept");
        const auto sources = write_vits(at, 2);
        const auto set = open_model_set(sources, {}, {});
        QVERIFY(open_model_set(sources, {}, {}) == set);
        write_vit(sources[0].path, made_vit(tiny_vit(4), 9), tiny_vit(4));
        const auto anew = open_model_set(sources, {}, {});
        QVERIFY(anew != set);
        QVERIFY(!at::equal(anew->tensor(0, anew->keys[0]), set->tensor(0, set->keys[0])));
    }
    /// Layouts of one network give the same trunk; per-tensor methods see fused tensors.
    void mixed_layouts() {
        const fs::path at = folder("mixed");
        std::vector<ModelSource> sources;
        for (const VitLayout layout : {VitLayout::timm, VitLayout::hf_vit, VitLayout::torchvision}) {
            ModelSource source;
            source.name = to_text(layout);
            source.path = write_vit(at / (source.name + ".safetensors"), made_vit(tiny_vit(4), static_cast<std::uint64_t>(layout) + 1), tiny_vit(4), layout);
            sources.push_back(source);
        }
        const auto set = open_model_set(sources, {}, {});
        set->require_mergeable(false);
        QVERIFY(set->mixed_layouts);
        QVERIFY2(set->left_out.empty(), set->left_out.empty() ? "" : set->left_out.front().c_str());
        QVERIFY(finding(*set, Finding::Level::note, {"different layouts", "hf_vit", "torchvision"}));
        for (int i = 0; i < 3; ++i) {
            const TensorMap truth = made_vit(tiny_vit(4), static_cast<std::uint64_t>(sources[static_cast<std::size_t>(i)].name == "timm" ? VitLayout::timm : i == 1 ? VitLayout::hf_vit : VitLayout::torchvision) + 1);
            for (const SharedKey& key : set->keys) QVERIFY2(at::equal(set->tensor(i, key), truth.at(key.key)), key.key.c_str());
            QVERIFY(at::equal(set->head(i).at("head.bias"), truth.at("head.bias")));
        }
        MergeSettings average;
        average.method = MergeMethod::average;
        const TensorMap trunk = set->canonical(merge_static(*set, average, {}, {}).trunk);
        Vit vit(tiny_vit(0));
        vit.load_canonical(trunk);
    }
    void split_layout_keeps_its_keys() {
        const fs::path at = folder("split");
        const auto set = open_model_set(write_vits(at, 2, 0, VitLayout::hf_vit), at / "base.safetensors", {});
        QVERIFY(!set->mixed_layouts);
        QVERIFY(std::any_of(set->keys.begin(), set->keys.end(), [](const SharedKey& key) { return key.key.find("attention.query.weight") != std::string::npos; }));
        MergeSettings average;
        average.method = MergeMethod::average;
        Vit vit(tiny_vit(0));
        vit.load_canonical(set->canonical(merge_static(*set, average, {}, {}).trunk));
    }

    void other_architecture_data() {
        QTest::addColumn<QString>("what");
        for (const char* what : {"width", "depth", "patch", "mlp"}) QTest::newRow(what) << what;
    }
    void other_architecture() {
        QFETCH(QString, what);
        const auto set = changed("architecture", [&](TensorMap& tensors, VitConfig& config) {
            if (what == "width") config.dim = 32;
            else if (what == "depth") config.depth = 2;
            else if (what == "patch") config.patch = 2;
            else config.mlp = 64;
            tensors = made_vit(config, 2);
        });
        const Finding* found = finding(*set, Finding::Level::error, {"b has another architecture than a"});
        QVERIFY2(found, all_findings(*set).c_str());
        const std::string refused = error_of([&] { set->require_mergeable(false); });
        QVERIFY2(has_all(refused, {"b", "Leave b out"}), refused.c_str());
        MergeSettings average;
        average.method = MergeMethod::average;
        QVERIFY(!error_of([&] { merge_static(*set, average, {}, {}); }).empty());
    }
    void missing_key() {
        const auto set = changed("missing", [](TensorMap& tensors, VitConfig&) { tensors.erase("blocks.1.mlp.fc1.bias"); });
        QVERIFY2(finding(*set, Finding::Level::warning, {"b lacks", "blocks.1.mlp.fc1.bias"}), all_findings(*set).c_str());
        QVERIFY(std::any_of(set->left_out.begin(), set->left_out.end(), [](const std::string& text) { return has_all(text, {"b: blocks.1.mlp.fc1.bias", "missing"}); }));
        MergeSettings average;
        average.method = MergeMethod::average;
        const Merged merged = merge_static(*set, average, {}, {});
        QVERIFY(at::equal(merged.trunk.at("blocks.1.mlp.fc1.bias"), made_vit(tiny_vit(0), 0).at("blocks.1.mlp.fc1.bias")));   // the base's
        Vit vit(tiny_vit(0));
        vit.load_canonical(set->canonical(merged.trunk));
    }
    void extra_key_and_other_shape() {
        const auto set = changed("extra", [](TensorMap& tensors, VitConfig&) { tensors["blocks.0.mlp.fc2.bias"] = at::zeros({7}); });
        QVERIFY2(finding(*set, Finding::Level::warning, {"In b a tensor has another shape", "blocks.0.mlp.fc2.bias is [7] there and [16] in a"}), all_findings(*set).c_str());
        const fs::path at = folder("extra_key");
        auto sources = write_vits(at, 2);
        TensorMap tensors = made_vit(tiny_vit(5), 2);
        tensors["logit_scale"] = at::ones({1});
        Json description = to_json(tiny_vit(5));
        write_safetensors(sources[1].path, tensors, {{"lathe.config", description.dump()}});
        const auto extra = open_model_set(sources, {}, {});
        QVERIFY(std::any_of(extra->left_out.begin(), extra->left_out.end(), [](const std::string& text) { return has_all(text, {"b: logit_scale", "no part"}); }));
        extra->require_mergeable(false);
    }
    void normalisations() {
        const auto set = changed("normal", [](TensorMap&, VitConfig& config) { config.normalisation = Normalisation{{0.4, 0.4, 0.4}, {0.2, 0.2, 0.2}}; });
        QVERIFY2(finding(*set, Finding::Level::warning, {"a and b were trained on pictures normalised differently", "0.4"}), all_findings(*set).c_str());
        set->require_mergeable(true);
    }
    void identical_models() {
        const auto set = changed("identical", [](TensorMap& tensors, VitConfig&) {
            const TensorMap first = made_vit(tiny_vit(4), 1);
            for (auto& [key, tensor] : tensors)
                if (!key.starts_with("head")) tensor = first.at(key);
        });
        QVERIFY2(finding(*set, Finding::Level::warning, {"a and b have the same backbone"}), all_findings(*set).c_str());
    }
    void not_a_number_data() {
        QTest::addColumn<int>("type");
        for (const at::ScalarType type : {at::kFloat, at::kHalf, at::kBFloat16}) QTest::newRow(at::toString(type)) << static_cast<int>(type);
    }
    void not_a_number() {
        QFETCH(int, type);
        const fs::path at = folder("nan");
        auto sources = write_vits(at, 2);
        TensorMap tensors = made_vit(tiny_vit(5), 2);
        tensors["blocks.2.attn.proj.weight"][3][4] = std::nan("");
        tensors["blocks.2.attn.proj.weight"][3][5] = -HUGE_VALF;
        write_vit(sources[1].path, tensors, tiny_vit(5), VitLayout::timm, static_cast<at::ScalarType>(type));
        const auto set = open_model_set(sources, at / "base.safetensors", {});
        QVERIFY2(finding(*set, Finding::Level::error, {"b has 2 NaN", "blocks.2.attn.proj.weight"}), all_findings(*set).c_str());
        QVERIFY(has_all(error_of([&] { set->require_mergeable(false); }), {"b has 2 NaN", "earlier checkpoint"}));
    }

    void bad_files() {
        const fs::path at = folder("bad");
        auto sources = write_vits(at, 2);
        sources[1].path = at / "nowhere.safetensors";
        QVERIFY(has_all(error_of([&] { open_model_set(sources, {}, {}); }), {"nowhere.safetensors"}));
        sources[1].path = at / "other.safetensors";
        write_safetensors(sources[1].path, {{"conv.weight", at::ones({3, 3})}});
        QVERIFY(has_all(error_of([&] { open_model_set(sources, {}, {}); }), {"no Vision Transformer", "other.safetensors"}));
        fs::copy_file(at / "base.safetensors", at / "cut.safetensors");
        fs::resize_file(at / "cut.safetensors", fs::file_size(at / "cut.safetensors") - 100);
        sources[1].path = at / "cut.safetensors";
        QVERIFY(has_all(error_of([&] { open_model_set(sources, {}, {}); }), {"cut.safetensors", "cut off"}));
        sources[1] = sources[0];
        QVERIFY(has_all(error_of([&] { open_model_set(sources, {}, {}); }), {"Two models have one name"}));
        QVERIFY(has_all(error_of([&] { open_model_set(std::vector<ModelSource>(), {}, {}); }), {"no model"}));
        std::vector<ModelSource> many;
        for (int i = 0; i < 31; ++i) {
            many.push_back(sources[0]);
            many.back().name = "m" + std::to_string(i);
        }
        QVERIFY(has_all(error_of([&] { open_model_set(many, {}, {}); }), {"31 models", "At most 30"}));
        many.pop_back();
        QCOMPARE(open_model_set(many, {}, {})->models.size(), std::size_t{30});
    }
    /// A file that is written while a merge reads it: named, and nothing comes of it.
    void file_changes() {
        const fs::path at = folder("changes");
        const auto sources = write_vits(at, 3);
        const auto set = open_model_set(sources, {}, {});
        MergeSettings average;
        average.method = MergeMethod::average;
        bool written = false;
        const auto told = [&](double, double, std::string_view) {
            if (std::exchange(written, true)) return;
            std::fstream file(sources[1].path, std::ios::in | std::ios::out | std::ios::binary);
            file.seekp(-4, std::ios::end);
            file.write("\0\0\0\0", 4);
        };
        QVERIFY(has_all(error_of([&] { merge_static(*set, average, {}, told); }), {"has changed while it was read", "b:"}));
        QVERIFY(error_of([&] { merge_static(*open_model_set(sources, {}, {}), average, {}, {}); }).empty());
    }

    /// Looking for NaN reads every file once; it stops where it is told to, and nothing half-known stays behind.
    void opening_is_cancelled() {
        const fs::path at = folder("cancelled");
        write_vits(at, 3);
        FakeRun run;
        run.inputs = {{"set", "data", "", at.string()}};
        run.set_params(complete_parameters(set_parameters(), Json::object()));
        for (const int looks : {0, 1, 40}) {
            FakeRun stopped;
            stopped.inputs = run.inputs;
            stopped.set_params(run.params());
            stopped.cancel_after = looks;
            QVERIFY_THROWS_EXCEPTION(Cancelled, open_model_set(stopped));
        }
        run.cancel_after = 1'000'000;                      // counts, and never stops
        QCOMPARE(open_model_set(run)->models.size(), std::size_t{3});
        QVERIFY(run.looks() > 10);
        const int before = run.looks();
        open_model_set(run);
        QCOMPARE(run.looks(), before);                     // known by now
    }

    void from_folders_and_tables() {
        const fs::path at = folder("set");
        const auto sources = write_vits(at, 3);
        FakeRun run;
        run.inputs = {{"set", "data", "", at.string()}};
        run.set_params(complete_parameters(set_parameters(), Json::object()));
        const auto plain = open_model_set(run);
        QCOMPARE(plain->name_list(), std::string("a, b, c"));
        QVERIFY(plain->base.has_value());
        write_file(at / "set.json", set_json(*plain, at).dump());
        QVERIFY(json_text(set_json(*plain, at)).find(at.string()) == std::string::npos);   // files are named relative to the set
        const auto again = open_model_set(run);
        QCOMPARE(set_json(*again, at), set_json(*plain, at));
        run.inputs[0].path = (at / "set.json").string();
        const auto with = [&](const Json& rows) {
            run.set_params(complete_parameters(set_parameters(), {{"models", {{"columns", {"name", "path", "data", "weight", "use"}}, {"rows", rows}}}}));
            return open_model_set(run);
        };
        const auto less = with(Json::array({Json::array({"a", "", "", 0.25, 1}), Json::array({"b", "", "", "", 0}), Json::array({"d", sources[1].path.string(), "mnist", "", ""})}));
        QCOMPARE(less->name_list(), std::string("a, c, d"));
        QCOMPARE(less->models[0].weight, 0.25);
        QCOMPARE(less->models[2].data, std::string("mnist"));
        QVERIFY(!with(Json::array({Json::array({"base", "", "", "", "false"})}))->base);
        QVERIFY(has_all(error_of([&] { with(Json::array({Json::array({"z", "", "", "", 1})})); }), {"no model of this name", "z", "a, b, c"}));
        QVERIFY(has_all(error_of([&] { with(Json::array({Json::array({"a", "", "", "much", 1})})); }), {"weight", "much"}));
        QVERIFY(has_all(error_of([&] { with(Json::array({Json::array({"a", "", "", 1, "perhaps"})})); }), {"neither yes nor no", "perhaps"}));
        for (const char* bad : {"[]", "{\"lathe\":\"vit_merge.set\",\"version\":1}", "{\"lathe\":\"vit_merge.set\",\"version\":9,\"models\":[]}", "{\"lathe\":\"vit_merge.set\",\"version\":1,\"models\":[{\"name\":\"x\"}]}", "{"}) {
            write_file(at / "set.json", bad);
            run.set_params(complete_parameters(set_parameters(), Json::object()));
            QVERIFY2(has_all(error_of([&] { open_model_set(run); }), {"set.json"}), bad);
        }
    }
};

QTEST_GUILESS_MAIN(TestMergeSets)
#include "test_merge_sets.moc"
