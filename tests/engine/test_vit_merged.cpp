// Models that answer after a merge: all paths of a gated one agree with each other and with weights summed by hand; routing, ensembles, granularity, and what is refused.
#include "errors.h"
#include "plugins/vit_merge/engine/emr.h"
#include "plugins/vit_merge/engine/functional_vit.h"
#include "plugins/vit_merge/engine/heads.h"
#include "plugins/vit_merge/engine/mixed_vit.h"
#include <ATen/ATen.h>
#include <QTemporaryDir>
#include <QtTest>
#include <c10/core/InferenceMode.h>

using namespace lathe;
using namespace lathe::vit_merge;
namespace fs = std::filesystem;

namespace {

VitConfig tiny_vit() {
    VitConfig c;
    c.height = c.width = 16;
    c.patch = 4;
    c.dim = 24;
    c.depth = 3;
    c.heads = 3;
    c.mlp = 40;
    return c;
}

/// Answers what it is told.
class TableGate : public Gate {
public:
    explicit TableGate(at::Tensor p) : m_logits(at::log(p + 1e-30)) {}
    std::string kind() const override { return "table"; }
    std::int64_t models() const override { return m_logits.size(1); }
    at::Tensor features(const at::Tensor& images) override { return images; }
    at::Tensor forward(std::vector<at::Tensor> inputs, TapStack*) override { return m_logits.narrow(0, 0, inputs.front().size(0)); }
private:
    at::Tensor m_logits;
};

/// Rows that sum to 1: pure ones of every model, then mixed ones; some twice, so that they can be grouped.
at::Tensor shares(std::int64_t models) {
    std::vector<float> rows;
    const auto add = [&](std::vector<float> row) {
        row.resize(std::size_t(models));
        rows.insert(rows.end(), row.begin(), row.end());
    };
    add({1});
    add({0, 1});
    add({0.5F, 0.5F});
    add({0.3F, 0, 0.7F});
    add({0.5F, 0.5F});
    add({0, 0, 1});
    add({0.2F, 0.3F, 0.5F});
    add({1});
    return at::tensor(rows).view({-1, models});
}

double worst_relative(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
    double worst = a.size() == b.size() ? 0 : 1e9;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
        worst = a[i].sizes() == b[i].sizes() ? std::max(worst, ((a[i] - b[i]).norm() / b[i].norm()).item<double>()) : 1e9;
    return worst;
}

const auto kSilent = [](double, double, std::string_view) {};

}

class TestVitMerged : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    int m_count = 0;

    /// Models of 4, 5 and 3 classes (or of one) that are near each other, as files.
    std::shared_ptr<const ModelSet> models(
        const VitConfig& trunk, VitLayout layout = VitLayout::timm, at::ScalarType type = at::kFloat, std::vector<std::int64_t> classes = {4, 5, 3}, bool with_base = false) {
        at::manual_seed(11);
        TensorMap base;
        for (const auto& [key, shape] : canonical_shapes(trunk)) {
            base[key] = at::randn(shape) * 0.25;
            if (shape.size() == 1 && key.ends_with("weight")) base[key].add_(1);
        }
        std::vector<ModelSource> sources;
        for (std::size_t i = 0; i < classes.size(); ++i) {
            VitConfig c = trunk;
            c.classes = classes[i];
            TensorMap tensors;
            for (const auto& [key, shape] : canonical_shapes(c)) {
                const at::Tensor random = at::randn(shape);
                tensors[key] = (base.contains(key) ? base.at(key) + 0.1 * random : random).to(type);
            }
            const fs::path file = fs::path(m_folder.path().toStdString()) / (std::to_string(m_count++) + ".safetensors");
            Json said = to_json(c);
            said["layout"] = to_text(layout);
            write_safetensors(file, checkpoint_tensors(tensors, c, layout, ""), {{"lathe.config", said.dump()}});
            ModelSource source;
            source.name = std::string(1, char('a' + i));
            source.path = file;
            sources.push_back(source);
        }
        fs::path base_file;
        if (with_base) {
            base_file = fs::path(m_folder.path().toStdString()) / (std::to_string(m_count++) + ".safetensors");
            write_safetensors(base_file, checkpoint_tensors(base, trunk, layout, ""), {{"lathe.config", to_json(trunk).dump()}});
        }
        return open_model_set(sources, base_file, {});
    }
    /// The features of picture i by weights summed by hand, one network for each picture.
    static std::vector<at::Tensor> by_hand(const ModelSet& set, const at::Tensor& images, const at::Tensor& p, const std::function<bool(const std::string&)>& gated, const at::Tensor& head) {
        const Heads heads(set);
        std::vector<at::Tensor> all;
        for (std::int64_t b = 0; b < images.size(0); ++b) {
            TensorMap merged;
            for (int i = 0; i < int(set.models.size()); ++i)
                for (const auto& [key, tensor] : canonical_trunk(set, i)) {
                    const double share = gated(key) ? p[b][i].item<double>() : 1.0 / double(set.models.size());
                    merged[key] = merged.contains(key) ? merged.at(key) + tensor.to(at::kFloat) * share : tensor.to(at::kFloat) * share;
                }
            Vit vit(trunk_config_of(set));
            vit.load_canonical(merged);
            all.push_back(heads.logits(head[b].item<std::int64_t>(), vit.features(images.narrow(0, b, 1)))[0]);
        }
        return all;
    }

private Q_SLOTS:
    void all_paths_agree_data() {
        QTest::addColumn<int>("kind");
        const char* names[] = {"plain", "split qkv", "half precision", "CLIP", "distilled", "mean of patches", "layer scale and qk norm", "registers, position on patches", "norm, then mean"};
        for (int i = 0; i < 9; ++i) QTest::newRow(names[i]) << i;
    }
    void all_paths_agree() {
        QFETCH(int, kind);
        const c10::InferenceMode guard;
        VitConfig c = tiny_vit();
        VitLayout layout = VitLayout::timm;
        at::ScalarType type = at::kFloat;
        switch (kind) {
            case 1: layout = VitLayout::hf_vit; break;
            case 2: type = at::kHalf; break;
            case 3:
                layout = VitLayout::openai_clip;
                c.projection = 7;
                c.norm_pre = c.quick_gelu = true;
                c.patch_bias = false;
                break;
            case 4: c.dist_token = true; break;
            case 5: c.pool_average = c.fc_norm = true; break;
            case 6: c.layer_scale = c.qk_norm = true; break;
            case 7:
                c.registers = 2;
                c.embed_prefix = false;
                break;
            case 8: c.pool_average = true; break;
            default: break;
        }
        const auto set = models(c, layout, type);
        const at::Tensor p = shares(3), images = at::randn({p.size(0), 3, 16, 16});
        const auto gate = std::make_shared<TableGate>(p);
        for (const GateScope scope : {GateScope::all_embed_norm, GateScope::mow_official})
            for (const std::int64_t m : {0, 2, 3}) {
                MergeSettings settings;
                settings.m = m;
                settings.scope = scope;
                std::vector<at::Tensor> naive;
                for (const GatedPath path : {GatedPath::naive, GatedPath::grouped, GatedPath::batched, GatedPath::automatic}) {
                    const auto merged = make_merged(set, settings, gate, {}, kSilent, path);
                    const Answer answer = merged->answer(images, {});
                    QCOMPARE(answer.logits.size(), std::size_t(p.size(0)));
                    QCOMPARE(answer.groups, std::int64_t(6));
                    QVERIFY(at::equal(answer.head, p.argmax(1)));
                    if (path == GatedPath::naive) naive = answer.logits;
                    else QVERIFY2(worst_relative(answer.logits, naive) < 1e-4, (answer.path + ": " + std::to_string(worst_relative(answer.logits, naive))).c_str());
                    const Answer again = merged->answer(images, {});   // from the cache
                    QVERIFY(worst_relative(again.logits, answer.logits) < 1e-6);
                }
                if (m != 3 || scope != GateScope::all_embed_norm) continue;
                // Everything is gated but CLIP's projection.
                const auto expected = by_hand(*set, images, p, [](const std::string& key) { return key != "proj"; }, p.argmax(1));
                QVERIFY2(worst_relative(naive, expected) < 1e-4, std::to_string(worst_relative(naive, expected)).c_str());
            }
    }

    void storage_follows_the_formula() {
        const auto set = models(tiny_vit());
        const auto gate = std::make_shared<TableGate>(shares(3));
        std::int64_t trunk = 0;
        for (const SharedKey& key : set->keys) trunk += key.elements;
        const std::int64_t heads = Heads(*set).elements();
        QCOMPARE(heads, std::int64_t((4 + 5 + 3) * 25));
        MergeSettings settings;
        std::int64_t last = 0;
        for (settings.m = 0; settings.m <= 3; ++settings.m) {
            const auto merged = make_merged(set, settings, gate, {}, kSilent);
            QVERIFY(merged->bytes(4) > last);
            QCOMPARE(merged->bytes(4), 4 * merged->parameters());
            QCOMPARE(merged->bytes(2), 2 * merged->parameters());
            last = merged->bytes(4);
        }
        QCOMPARE(last, 4 * (3 * trunk + heads));
        settings.method = MergeMethod::hard_routing;
        QCOMPARE(make_merged(set, settings, gate, {}, kSilent)->bytes(4), last);
        settings.method = MergeMethod::average;
        QCOMPARE(make_merged(set, settings, gate, {}, kSilent)->bytes(4), 4 * (trunk + heads));
    }

    void routing_is_each_model_by_itself() {
        const c10::InferenceMode guard;
        const auto set = models(tiny_vit());
        const at::Tensor images = at::randn({7, 3, 16, 16}), task = at::tensor({2, 0, 1, 1, 2, 0, 2}, at::kLong);
        MergeSettings settings;
        for (const MergeMethod method : {MergeMethod::individual, MergeMethod::hard_routing}) {
            settings.method = method;
            const auto gate = method == MergeMethod::hard_routing ? std::make_shared<TableGate>(at::one_hot(task, 3).to(at::kFloat)) : nullptr;
            const Answer answer = make_merged(set, settings, gate, {}, kSilent)->answer(images, gate ? at::Tensor() : task);
            QVERIFY(at::equal(answer.head, task));
            for (std::int64_t b = 0; b < 7; ++b) {
                const ModelSource& model = set->models[std::size_t(task[b].item<std::int64_t>())];
                Vit vit(model.config);
                vit.load_canonical(canonical_tensors(*model.file, model.config));
                const at::Tensor expected = vit.forward({images.narrow(0, b, 1)}, nullptr)[0];
                QVERIFY(worst_relative({answer.logits[std::size_t(b)]}, {expected}) < 1e-5);
            }
        }
    }

    void ensembles_and_averaged_heads_need_the_same_classes() {
        const c10::InferenceMode guard;
        const at::Tensor images = at::randn({8, 3, 16, 16});
        const auto gate = std::make_shared<TableGate>(shares(3));
        MergeSettings settings;
        settings.method = MergeMethod::ensemble;
        const auto unlike = models(tiny_vit());
        const std::string error = error_of([&] { make_merged(unlike, settings, gate, {}, kSilent); });
        QVERIFY2(has_all(error, {"same classes", "hard routing"}), error.c_str());
        const auto alike = models(tiny_vit(), VitLayout::timm, at::kFloat, {4, 4, 4});
        const Answer answer = make_merged(alike, settings, nullptr, {}, kSilent)->answer(images, {});
        at::Tensor sum = at::zeros({8, 4});
        for (const ModelSource& model : alike->models) {
            Vit vit(model.config);
            vit.load_canonical(canonical_tensors(*model.file, model.config));
            sum += vit.forward({images}, nullptr);
        }
        QVERIFY(worst_relative(answer.logits, (sum / 3).unbind(0)) < 1e-5);
        settings.method = MergeMethod::gated;
        settings.average_heads = true;
        QVERIFY(!error_of([&] { make_merged(unlike, settings, gate, {}, kSilent)->answer(images, {}); }).empty());
        const Answer averaged = make_merged(alike, settings, gate, {}, kSilent)->answer(images, {});
        settings.average_heads = false;
        const auto one_head = [&](std::int64_t head) { return make_merged(alike, settings, gate, {}, kSilent)->answer(images, at::full({8}, head, at::kLong)).logits; };
        const auto h0 = one_head(0), h1 = one_head(1), h2 = one_head(2);
        const at::Tensor p = shares(3);
        for (std::size_t b = 0; b < 8; ++b) {
            const auto row = p[std::int64_t(b)];
            QVERIFY(worst_relative({averaged.logits[b]}, {h0[b] * row[0] + h1[b] * row[1] + h2[b] * row[2]}) < 1e-4);
        }
    }

    void granularity() {
        const c10::InferenceMode guard;
        const auto set = models(tiny_vit());
        const at::Tensor p = shares(3), images = at::randn({p.size(0), 3, 16, 16});
        const auto gate = std::make_shared<TableGate>(p);
        MergeSettings settings;
        settings.m = 3;
        settings.quantum = 0;
        settings.granularity = Granularity::per_batch;
        const Answer batch = make_merged(set, settings, gate, {}, kSilent)->answer(images, {});
        QVERIFY(batch.mixed_batch);
        QCOMPARE(batch.groups, std::int64_t(1));
        QVERIFY(at::equal(batch.head, p.mean(0).argmax().expand({p.size(0)})));
        const auto expected = by_hand(*set, images, p.mean(0, true).expand_as(p), [](const std::string&) { return true; }, batch.head);
        QVERIFY(worst_relative(batch.logits, expected) < 1e-4);
        const auto pure = make_merged(set, settings, std::make_shared<TableGate>(at::tensor({1.0F, 0.0F, 0.0F}).expand({4, 3}).contiguous()), {}, kSilent)->answer(images.narrow(0, 0, 4), {});
        QVERIFY(!pure.mixed_batch);
        settings.granularity = Granularity::per_group;
        const Answer group = make_merged(set, settings, gate, {}, kSilent)->answer(images, {});
        QCOMPARE(group.groups, std::int64_t(3));
        QVERIFY(at::equal(group.head, p.argmax(1)));
        QVERIFY(!group.mixed_batch);
    }

    void masks_mixtures_and_differences_answer() {
        const c10::InferenceMode guard;
        const auto set = models(tiny_vit(), VitLayout::timm, at::kFloat, {4, 5, 3}, true);
        std::int64_t trunk = 0, mlps = 0;
        for (const SharedKey& key : set->keys) {
            trunk += key.elements;
            if (key.role.group == KeyGroup::mlp) mlps += key.elements;
        }
        const std::int64_t heads = Heads(*set).elements();
        const at::Tensor task = at::tensor({2, 0, 1, 0}, at::kLong), images = at::randn({4, 3, 16, 16});
        MergeSettings settings;
        settings.method = MergeMethod::emr;
        const auto masked = make_merged(set, settings, nullptr, {}, kSilent);
        const Answer by_mask = masked->answer(images, task);
        QCOMPARE(by_mask.groups, std::int64_t(3));
        const EmrParts parts = emr_parts(*set, false, {});
        for (std::int64_t b = 0; b < 4; ++b) {
            FunctionalVit vit(*set);
            const auto model = int(task[b].item<std::int64_t>());
            vit.use(emr_trunk(*set, parts, model));
            QVERIFY(worst_relative({by_mask.logits[std::size_t(b)]}, {vit.logits(model, images.narrow(0, b, 1))[0]}) < 1e-5);
        }
        QCOMPARE(masked->bytes(4), 4 * (2 * trunk + heads) + 3 * ((trunk + 7) / 8 + 4));

        settings.method = MergeMethod::we_moe;
        settings.steps = 0;   // routers as they begin: gates of nearly lambda_start, so nearly task arithmetic
        const auto experts = make_merged(set, settings, nullptr, {}, kSilent);
        const Answer by_experts = experts->answer(images, task);
        settings.method = MergeMethod::task_arithmetic;
        const Answer arithmetic = make_merged(set, settings, nullptr, {}, kSilent)->answer(images, task);
        const double apart = worst_relative(by_experts.logits, arithmetic.logits);
        QVERIFY2(apart > 0 && apart < 0.15, std::to_string(apart).c_str());
        const std::int64_t routers = 3 * (24 * 24 + 24 + 3 * 24 + 3);
        QCOMPARE(experts->parameters(), trunk + 3 * mlps + routers + heads);
        settings.method = MergeMethod::we_moe;
        const at::Tensor same = images.narrow(0, 0, 1).expand({4, -1, -1, -1}).contiguous(), first = at::zeros({4}, at::kLong);
        const auto each = make_merged(set, settings, nullptr, {}, kSilent)->answer(same, first);
        settings.granularity = Granularity::per_batch;
        QVERIFY(worst_relative(make_merged(set, settings, nullptr, {}, kSilent)->answer(same, first).logits, each.logits) < 1e-4);

        settings = {};
        settings.method = MergeMethod::twin;
        settings.rank = 24;   // whole matrices: a share of 1 is that model itself
        settings.steps = 30;
        settings.examples = 16;
        settings.batch = 8;
        const TaskPictures pictures = [](int model, std::int64_t first_one, std::int64_t count, bool) {
            const std::int64_t n = std::clamp<std::int64_t>(16 - first_one, 0, count);
            return std::pair(at::full({n, 3, 16, 16}, double(model)) + at::randn({n, 3, 16, 16}) * 0.1, at::zeros({n}, at::kLong));
        };
        const auto twins = make_merged(set, settings, nullptr, pictures, kSilent);
        const at::Tensor known = at::cat({pictures(0, 0, 1, true).first, pictures(1, 0, 1, true).first, pictures(2, 0, 1, true).first});
        const Answer by_twins = twins->answer(known, {});
        QCOMPARE(by_twins.logits.size(), std::size_t(3));
        for (std::size_t b = 0; b < 3; ++b)
            QVERIFY(at::isfinite(by_twins.logits[b]).all().item<bool>() && by_twins.logits[b].size(0) == set->models[std::size_t(by_twins.head[std::int64_t(b)].item<std::int64_t>())].config.classes);
        QVERIFY(twins->parameters() > trunk + heads);
    }

    void gate_vectors_are_made_cheap() {
        MergeSettings s;
        QCOMPARE(prepared_shares({0.995, 0.005, 0}, s), std::vector<double>({1, 0, 0}));
        const auto two = prepared_shares({0.52, 0.475, 0.005}, s);
        QVERIFY(std::abs(two[0] - 0.5) < 0.03 && std::abs(two[0] + two[1] - 1) < 1e-12 && two[2] == 0);
        QCOMPARE(prepared_shares({0.33, 0.33, 0.34}, MergeSettings{.quantum = 1}), std::vector<double>({0, 0, 1}));   // all would be rounded away
        const auto exact = prepared_shares({0.6, 0.4, 0}, MergeSettings{.quantum = 0, .drop_below = 0});
        QCOMPARE(exact, std::vector<double>({0.6, 0.4, 0}));
    }

    void what_does_not_fit_is_named() {
        const c10::InferenceMode guard;
        const auto set = models(tiny_vit());
        const at::Tensor images = at::randn({2, 3, 16, 16});
        MergeSettings settings;
        const auto refused = [&](std::shared_ptr<Gate> gate, const QStringList& parts) {
            const std::string error = error_of([&] { make_merged(set, settings, std::move(gate), {}, kSilent)->answer(images, {}); });
            QVERIFY2(has_all(error, parts), error.c_str());
        };
        refused(nullptr, {"needs a gate"});
        refused(std::make_shared<TableGate>(at::ones({2, 4}) / 4), {"another number of models", "4 there, 3 here"});
        refused(make_small_gate(3, 3, {"a", "c", "b"}, 1), {"other models", "output 2 is c there, b here"});
        settings.method = MergeMethod::average;
        refused(nullptr, {"Without a gate"});
        settings.method = MergeMethod::task_arithmetic;
        refused(nullptr, {"base"});
        settings = {};
        const auto merged = make_merged(set, settings, make_small_gate(3, 3, {}, 1), {}, kSilent);
        QVERIFY(!error_of([&] { merged->answer(images, at::tensor({0, 3}, at::kLong)); }).empty());
        QVERIFY(!error_of([&] { merged->answer(images, at::tensor({0}, at::kLong)); }).empty());
        QVERIFY(!error_of([&] { merged->answer(at::randn({2, 3, 8, 8}), {}); }).empty());
        QVERIFY(!error_of([&] { merged->answer(at::randn({0, 3, 16, 16}), {}); }).empty());
    }

    void a_mixture_computes_sums_that_are_never_made() {
        const c10::InferenceMode guard;
        at::manual_seed(5);
        const at::Tensor c = at::cat({shares(3), at::randn({2, 3})}), x = at::randn({c.size(0), 4, 6});
        std::vector<at::Tensor> w, b;
        for (int i = 0; i < 3; ++i) {
            w.push_back(at::randn({5, 6}));
            b.push_back(at::randn({5}));
        }
        const Mixture mixture(c);
        const at::Tensor y = mixed_linear(x, w, b, mixture), without = mixed_linear(x, w, {}, mixture);
        for (std::int64_t i = 0; i < c.size(0); ++i) {
            const at::Tensor sum = c[i][0] * w[0] + c[i][1] * w[1] + c[i][2] * w[2], bias = c[i][0] * b[0] + c[i][1] * b[1] + c[i][2] * b[2];
            QVERIFY((y[i] - at::linear(x[i], sum, bias)).abs().max().item<double>() < 1e-5);
            QVERIFY((without[i] - at::linear(x[i], sum)).abs().max().item<double>() < 1e-5);
        }
        QVERIFY(!error_of([&] { mixed_linear(x, {w[0]}, {}, mixture); }).empty());
    }
};

QTEST_GUILESS_MAIN(TestVitMerged)
#include "test_vit_merged.moc"
