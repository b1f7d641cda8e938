// Merging of weights: reference files, every method against a plain computation, sources of other types, refusals and cancellation.
#include "core/base/error.h"
#include "core/engine/registry.h"
#include "engine/fake_run.h"
#include "engine/made_vits.h"
#include "engine/test_data.h"
#include "engine/verify_text.h"
#include "plugins/vit_merge/engine/adamerging.h"
#include "plugins/vit_merge/engine/cases.h"
#include "plugins/vit_merge/engine/cka.h"
#include "plugins/vit_merge/engine/emr.h"
#include "plugins/vit_merge/engine/gate_plan.h"
#include "plugins/vit_merge/engine/spectral_merge.h"
#include <QTemporaryDir>
#include <QtTest>
#include <cmath>

using namespace lathe;
using namespace lathe::vit_merge;
namespace fs = std::filesystem;

namespace {

constexpr const char* kReferences[] = {"merge_methods", "mow_clip12", "cka"};

Registry merge_cases() {
    Registry registry;
    for (auto make : {merge_methods_case, mow_case, cka_case}) registry.add(make());
    return registry;
}

/// All trunk tensors of a model, sorted by key, as one vector.
at::Tensor flat(const ModelSet& set, int model) {
    std::vector<at::Tensor> parts;
    for (const SharedKey& key : set.keys) parts.push_back(set.tensor(model, key).to(at::kFloat).flatten());
    return at::cat(parts);
}
at::Tensor flat(const ModelSet& set, const TensorMap& trunk) {
    std::vector<at::Tensor> parts;
    for (const SharedKey& key : set.keys) parts.push_back(trunk.at(key.key).flatten());
    return at::cat(parts);
}
double worst(const at::Tensor& a, const at::Tensor& b) { return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>(); }

/// TIES by sorting, as the specification writes it.
at::Tensor plain_ties(const std::vector<at::Tensor>& vectors, double keep, TiesAggregate aggregate) {
    std::vector<at::Tensor> kept;
    for (const at::Tensor& t : vectors) {
        const std::int64_t d = t.numel(), k = d - static_cast<std::int64_t>(static_cast<double>(d) * keep);
        const double threshold = k > 0 ? std::get<0>(t.abs().sort())[k - 1].item<double>() : 0;
        kept.push_back(t * (t.abs() >= threshold));
    }
    const at::Tensor all = at::stack(kept);
    at::Tensor sign = all.sum(0).sign();
    sign = at::where(sign == 0, sign.sum().sign(), sign);
    const at::Tensor agreeing = all * at::where(sign > 0, all > 0, all < 0);
    if (aggregate == TiesAggregate::max) return std::get<0>(agreeing.abs().max(0)) * sign;
    const at::Tensor sum = agreeing.sum(0);
    return aggregate == TiesAggregate::sum ? sum : sum / (agreeing != 0).sum(0).clamp_min(1);
}

TaskPictures random_pictures() {
    return [](int model, std::int64_t first, std::int64_t count, bool) {
        auto generator = at::make_generator<at::CPUGeneratorImpl>(static_cast<std::uint64_t>(model * 1000 + first));
        const std::int64_t given = std::max<std::int64_t>(std::min(count, 24 - first), 0);
        return std::pair(at::randn({given, 3, 8, 8}, generator, at::TensorOptions(at::kFloat)), at::randint(0, 4, {given}, generator, at::TensorOptions(at::kLong)));
    };
}

template <class F> Error thrown_by(F work) {
    try {
        work();
    } catch (const Error& error) {
        return error;
    }
    return Error(ErrorCode::internal, "nothing was thrown");
}

MergeSettings quick(MergeMethod method) {
    MergeSettings settings;
    settings.method = method;
    settings.examples = 12;
    settings.batch = 4;
    settings.steps = 3;
    return settings;
}

}

class TestMergeMethods : public QObject {
    Q_OBJECT
    Registry m_registry;
    QTemporaryDir m_folder;

    fs::path folder(const char* name) const {
        const fs::path out = fs::path(m_folder.path().toStdString()) / name;
        fs::create_directories(out);
        return out;
    }
    std::shared_ptr<const ModelSet> made(const char* name, int models, VitLayout layout = VitLayout::timm, at::ScalarType type = at::kFloat) const {
        return open_model_set(write_vits(folder(name), models, 0, layout, type), folder(name) / "base.safetensors", {});
    }
    VerifyReport verify(const fs::path& file) const {
        FakeRun run;
        return verify_file(m_registry, file, {}, run);
    }

private Q_SLOTS:
    void initTestCase() { m_registry = merge_cases(); }

    void references_data() {
        QTest::addColumn<QString>("file");
        for (const char* name : kReferences) QTest::newRow(name) << QString::fromStdString(test_data(("vit_merge/" + std::string(name) + ".safetensors").c_str()).string());
    }
    void references() {
        QFETCH(QString, file);
        const VerifyReport report = verify(file.toStdString());
        std::map<std::string, std::pair<double, double>> worst_of;
        for (const auto& out : report.outputs) {
            auto& [error, tolerance] = worst_of[out.key.substr(0, out.key.find('.', out.key.find('.') + 1))];
            error = std::max(error, out.error);
            tolerance = out.tolerance;
        }
        for (const auto& [key, measured] : worst_of) qInfo("%-32s %.2e of %.0e", key.c_str(), measured.first, measured.second);
        QVERIFY2(report.ok, wrong_outputs(report).c_str());
        QVERIFY(!report.outputs.empty());
    }

    void spoilt_references_data() { references_data(); }
    /// One value in a few outputs of every kind: the comparison notices.
    void spoilt_references() {
        QFETCH(QString, file);
        const auto index = open_tensors(file.toStdString());
        std::set<std::string> kinds;
        for (const auto& victim : index->entries()) {
            if (!victim.name.starts_with("out.") || !kinds.insert(victim.name.substr(0, victim.name.find('.', 4))).second || kinds.size() > 6) continue;
            std::map<std::string, at::Tensor> tensors;
            for (const auto& entry : index->entries()) tensors[entry.name] = index->get(entry.name).clone();
            at::Tensor& value = tensors[victim.name];
            value.flatten()[value.numel() / 2] += value.abs().max() * 0.05 + 0.01;
            const fs::path spoilt = folder("spoilt") / "case.safetensors";
            write_safetensors(spoilt, tensors, index->metadata());
            QVERIFY2(!verify(spoilt).ok, victim.name.c_str());
        }
        QVERIFY(kinds.size() > 1);
    }

    void weighted_sums() {
        for (const std::int64_t size : {0, 1, 63, 64, 4096, 100'003}) {
            std::vector<at::Tensor> sources;
            std::vector<double> weights;
            at::Tensor expected = at::zeros({size}, at::kDouble);
            for (int i = 0; i < 9; ++i) {
                const at::ScalarType type = i % 3 == 0 ? at::kFloat : i % 3 == 1 ? at::kHalf : at::kBFloat16;
                sources.push_back(at::randn({size}).to(type));
                weights.push_back(i == 4 ? 0 : 0.3 * i - 1);
                expected += weights.back() * sources.back().to(at::kDouble);
            }
            const at::Tensor out = at::full({size}, 7.0f);
            weighted_sum(sources, weights, out);
            QVERIFY(size == 0 || worst(out, expected) < 2e-6);
        }
        // 33 MB: written past the cache where that is larger than half of it; the address of a view is no multiple of 64.
        const at::Tensor a = at::randn({8'400'001}), b = at::randn({8'400'001}), room = at::empty({8'400'004}), out = room.narrow(0, 3, 8'400'001);
        weighted_sum(std::array{a, b}, std::array{0.25, 0.75}, out);
        QVERIFY(worst(out, 0.25 * a + 0.75 * b) < 1e-6);
        weighted_sum(std::array{a, b}, std::array{0.0, 0.0}, out);
        QCOMPARE(out.abs().max().item<double>(), 0.0);
    }
    void weighted_sum_refuses() {
        const at::Tensor a = at::randn({8}), out = at::empty({8});
        const auto fails = [&](const at::Tensor& source, const at::Tensor& to) { return thrown_by([&] { weighted_sum(std::array{source}, std::array{1.0}, to); }).code() == ErrorCode::invalid_value; };
        QVERIFY(fails(at::randn({7}), out));
        QVERIFY(fails(a.to(at::kLong), out));
        QVERIFY(fails(at::randn({8, 2}).select(1, 0), out));
        QVERIFY(fails(out, out));
        QVERIFY(fails(a, out.to(at::kHalf)));
    }

    void ties_data() {
        QTest::addColumn<int>("models");
        QTest::addColumn<double>("keep");
        QTest::addColumn<double>("lambda");
        for (const int models : {2, 5})
            for (const double keep : {0.05, 0.2, 0.77, 1.0}) QTest::addRow("%d models, %g", models, keep) << models << keep << 0.4 + keep;
    }
    void ties() {
        QFETCH(int, models);
        QFETCH(double, keep);
        QFETCH(double, lambda);
        const auto set = made("ties", models);
        std::vector<at::Tensor> vectors;
        for (int i = 0; i < models; ++i) vectors.push_back(flat(*set, i) - flat(*set, -1));
        for (const TiesAggregate aggregate : {TiesAggregate::sum, TiesAggregate::mean, TiesAggregate::max}) {
            MergeSettings settings = quick(MergeMethod::ties);
            settings.keep = keep;
            settings.lambda = lambda;
            settings.aggregate = aggregate;
            const Merged merged = merge_static(*set, settings, {}, {});
            QVERIFY(worst(flat(*set, merged.trunk), flat(*set, -1) + lambda * plain_ties(vectors, keep, aggregate)) < 1e-6);
        }
    }

    void linear_methods() {
        for (const at::ScalarType type : {at::kFloat, at::kHalf, at::kBFloat16}) {
            const auto set = made(type == at::kFloat ? "f32" : type == at::kHalf ? "f16" : "bf16", 4, VitLayout::timm, type);
            at::Tensor sum = at::zeros_like(flat(*set, 0));
            for (int i = 0; i < 4; ++i) sum += flat(*set, i);
            QVERIFY(worst(flat(*set, merge_static(*set, quick(MergeMethod::average), {}, {}).trunk), sum / 4) < 1e-6);
            MergeSettings arithmetic = quick(MergeMethod::task_arithmetic);
            arithmetic.lambda = 0.7;
            const at::Tensor base = flat(*set, -1);
            QVERIFY(worst(flat(*set, merge_static(*set, arithmetic, {}, {}).trunk), base + 0.7 * (sum - 4 * base)) < 2e-6);
        }
    }

    /// The same draws whatever the number of threads; about the right share is dropped; the sum keeps its expectation.
    void dare() {
        const auto set = made("dare", 3);
        MergeSettings settings = quick(MergeMethod::dare_task_arithmetic);
        settings.drop = 0.8;
        settings.lambda = 1;
        settings.seed = 5;
        const at::Tensor first = flat(*set, merge_static(*set, settings, {}, {}).trunk);
        const int threads = at::get_num_threads();
        at::set_num_threads(threads == 1 ? 2 : 1);
        const at::Tensor again = flat(*set, merge_static(*set, settings, {}, {}).trunk);
        at::set_num_threads(threads);
        QVERIFY(at::equal(first, again));
        settings.seed = 6;
        QVERIFY(!at::equal(first, flat(*set, merge_static(*set, settings, {}, {}).trunk)));
        const double untouched = (first == flat(*set, -1)).to(at::kDouble).mean().item<double>();
        QVERIFY2(std::abs(untouched - 0.512) < 0.02, std::to_string(untouched).c_str());   // 0.8^3
        settings.method = MergeMethod::dare_ties;
        const Merged ties = merge_static(*set, settings, {}, {});
        QVERIFY(at::isfinite(flat(*set, ties.trunk)).all().item<bool>());
    }

    void spectral_methods() {
        const at::Tensor tall = at::randn({300, 180}), wide = tall.t().contiguous();
        for (const at::Tensor& matrix : {tall, wide}) {
            const ThinSvd svd = thin_svd(matrix);
            QVERIFY(worst(at::mm(svd.u * svd.s, svd.vh), matrix) < 1e-5);
            QVERIFY(worst(at::mm(svd.u.t(), svd.u), at::eye(180, at::kDouble)) < 1e-8);
            const at::Tensor equal = thin_svd(with_equal_spectrum(matrix)).s;
            QVERIFY(worst(equal, at::full_like(equal, svd.s.mean().item<double>())) < 1e-6);
        }
        // Tasks in orthogonal subspaces do not disturb each other: their sum is what comes out.
        at::Tensor a = at::zeros({8, 6}), b = at::zeros({8, 6});
        for (int k = 0; k < 3; ++k) {
            a[k][k] = 3 - k;
            b[4 + k][3 + k] = 5 - k;
        }
        QVERIFY(worst(merge_task_directions({a, b}), a + b) < 1e-6);
    }

    void emr() {
        const auto set = made("emr", 3);
        for (const bool total : {false, true}) {
            const EmrParts parts = emr_parts(*set, total, {});
            for (int i = 0; i < 3; ++i) {
                const at::Tensor t = flat(*set, i) - flat(*set, -1), got = flat(*set, emr_trunk(*set, parts, i)) - flat(*set, -1);
                QVERIFY((got * t >= 0).all().item<bool>());                       // never against the model's own direction
                if (total) QVERIFY(std::abs(got.abs().sum().item<double>() / t.abs().sum().item<double>() - 1) < 1e-3);
            }
            QCOMPARE(parts.bytes(4), 2 * parts.elements * 4 + 3 * ((parts.elements + 7) / 8 + 4));
        }
    }

    void methods_with_pictures_data() {
        QTest::addColumn<QString>("method");
        for (const char* method : {"soup_greedy", "fisher", "regmean", "regmean_pp", "adamerging_task", "adamerging_layer", "adamerging_task_pp", "adamerging_layer_pp"}) QTest::newRow(method) << method;
    }
    /// They run on every layout, give finite weights near the models, and are the same the second time.
    void methods_with_pictures() {
        QFETCH(QString, method);
        for (const VitLayout layout : {VitLayout::timm, VitLayout::hf_vit}) {
            const auto set = made(layout == VitLayout::timm ? "looking" : "looking_hf", 3, layout);
            const MergeSettings settings = quick(merge_method_from(method.toStdString()));
            const Merged merged = merge_static(*set, settings, random_pictures(), {});
            const at::Tensor trunk = flat(*set, merged.trunk);
            QVERIFY(at::isfinite(trunk).all().item<bool>());
            QVERIFY(worst(trunk, flat(*set, -1)) < 1);
            QVERIFY(at::equal(trunk, flat(*set, merge_static(*set, settings, random_pictures(), {}).trunk)));
            QVERIFY(thrown_by([&] { merge_static(*set, settings, {}, {}); }).code() == ErrorCode::invalid_value);
        }
    }
    /// Equal models stay what they are, whatever method that looks at pictures merges them.
    void fixed_points() {
        const fs::path at = folder("fixed");
        auto sources = write_vits(at, 1, 4);
        ModelSource twin = sources[0];
        twin.name = "twin";
        twin.path = at / "twin.safetensors";
        fs::copy_file(sources[0].path, twin.path, fs::copy_options::overwrite_existing);
        sources.push_back(twin);
        const auto set = open_model_set(sources, at / "base.safetensors", {});
        for (const MergeMethod method : {MergeMethod::fisher, MergeMethod::regmean, MergeMethod::regmean_pp, MergeMethod::soup_greedy, MergeMethod::average, MergeMethod::slerp})
            QVERIFY2(worst(flat(*set, merge_static(*set, quick(method), random_pictures(), {}).trunk), flat(*set, 0)) < 1e-4, std::string(title(method)).c_str());
    }
    /// The gradient of lambda against differences of the entropy.
    void adamerging_gradient() {
        const auto set = made("ada", 2);
        const auto pictures = random_pictures();
        for (const bool trimmed : {false, true}) {
            AdaMerging merging(*set, quick(MergeMethod::adamerging_layer), trimmed, {});
            const auto entropy = [&](const at::Tensor& lambda) {
                merging.merge(lambda);
                double sum = 0;
                for (int i = 0; i < 2; ++i) sum += merging.add_entropy(i, pictures(i, 0, 8, false).first);
                return sum;
            };
            at::Tensor lambda = at::full({2, 1}, 0.3);
            entropy(lambda);
            const double slope = merging.take_gradient()[1].sum().item<double>();
            const double above = entropy(lambda + at::tensor({0.0f, 0.05f}).unsqueeze(1)), below = entropy(lambda - at::tensor({0.0f, 0.05f}).unsqueeze(1));
            merging.take_gradient();
            QVERIFY2(std::abs((above - below) / 0.1 - slope) < 0.02 * std::abs(slope) + 1e-5, (std::to_string((above - below) / 0.1) + " " + std::to_string(slope)).c_str());
        }
    }

    void refusals() {
        const auto set = made("refusals", 3);
        const auto code = [&](const MergeSettings& settings, const ModelSet& of) { return thrown_by([&] { merge_static(of, settings, {}, {}); }).code(); };
        QVERIFY(code(quick(MergeMethod::slerp), *set) == ErrorCode::invalid_value);          // three models
        QVERIFY(code(quick(MergeMethod::gated), *set) == ErrorCode::invalid_value);          // no single model
        QVERIFY(code(quick(MergeMethod::fisher), *set) == ErrorCode::invalid_value);         // no pictures
        const auto bare = open_model_set(write_vits(folder("bare"), 2), {}, {});
        const Error no_base = thrown_by([&] { merge_static(*bare, quick(MergeMethod::ties), {}, {}); });
        QVERIFY(no_base.code() == ErrorCode::invalid_value && no_base.hint().find("average") != std::string::npos);
        auto weighted = write_vits(folder("zero"), 2);
        weighted[0].weight = 1;
        weighted[1].weight = -1;
        QVERIFY(code(quick(MergeMethod::weighted), *open_model_set(weighted, {}, {})) == ErrorCode::invalid_value);
        QVERIFY_THROWS_EXCEPTION(Error, merge_settings_from({{"lambda", 99}, {"method", "ties"}}));
        QVERIFY_THROWS_EXCEPTION(Error, merge_settings_from({{"method", "no_such"}}));
    }
    void settings_round_trip() {
        MergeSettings settings;
        settings.method = MergeMethod::dare_ties;
        settings.tau = 0.875;
        settings.lambda = 1.25;
        settings.aggregate = TiesAggregate::mean;
        settings.scope = GateScope::mow_official;
        QCOMPARE(to_json(merge_settings_from(to_json(settings))), to_json(settings));
        for (const Parameter& parameter : merge_parameters()) QVERIFY2(!parameter.label.empty() && !parameter.help.empty() && !parameter.group.empty(), parameter.id.c_str());
    }
    void cancellation() {
        const auto set = made("cancel", 3);
        for (const char* method : {"average", "ties", "dare_ties", "tsv_m", "fisher", "regmean_pp", "adamerging_layer", "soup_greedy"}) {
            int calls = 0;
            const auto told = [&](double done, double total, std::string_view) {
                if (!(done >= 0 && done <= total)) throw Error(ErrorCode::internal, "progress is out of range");
                if (++calls == 2) throw Cancelled();
            };
            QVERIFY_THROWS_EXCEPTION(Cancelled, merge_static(*set, quick(merge_method_from(method)), random_pictures(), told));
        }
    }

    void gate_plans() {
        const auto set = made("plan", 3);
        const BlockSimilarity similarity = block_similarity(*set, Similarity::cosine, false);
        QCOMPARE(similarity.attention.size(), std::size_t{3});
        MergeSettings settings;
        settings.m = 2;
        const GatePlan plan = plan_gate(*set, similarity, settings);
        QCOMPARE(plan.attention.size(), std::size_t{2});
        QVERIFY(similarity.attention[static_cast<std::size_t>(plan.attention[0])] <= similarity.attention[static_cast<std::size_t>(plan.attention[1])]);
        std::int64_t all = 0;
        for (const SharedKey& key : set->keys) all += key.elements;
        QCOMPARE(plan.static_elements + plan.gated_elements, all);
        QCOMPARE(plan.bytes(3, 100), 4 * (plan.static_elements + 3 * plan.gated_elements + plan.head_elements + 100));
        settings.m = 99;
        QCOMPARE(plan_gate(*set, similarity, settings).static_elements, std::int64_t{0});
        settings.tau = -1 + 1e-9;
        QVERIFY(plan_gate(*set, similarity, settings).attention.empty());
        settings.tau = 1;
        QCOMPARE(plan_gate(*set, similarity, settings).mlp.size(), std::size_t{3});
        const ModelDistances distances = model_distances(*set);
        const at::Tensor a = flat(*set, 0), b = flat(*set, 1), base = flat(*set, -1);
        QVERIFY(std::abs(distances.relative_l2[0][1].item<double>() - ((a - b).norm() / base.norm()).item<double>()) < 1e-5);
        QVERIFY(std::abs(distances.cosine[0][1].item<double>() - flat_cosine(a - base, b - base)) < 1e-5);
    }

    void cka_edges() {
        const at::Tensor x = at::randn({32, 5}), constant = at::ones({32, 4});
        QVERIFY(std::abs(linear_cka(x, x) - 1) < 1e-9);
        QVERIFY(std::abs(debiased_cka(x, 3 * x + 1) - 1) < 1e-9);
        QVERIFY(std::isnan(linear_cka(x, constant)));
        QVERIFY(std::isnan(debiased_cka(x, constant)));
        QVERIFY(std::isnan(debiased_cka(x.narrow(0, 0, 3), x.narrow(0, 0, 3))));
        const at::Tensor many = at::randn({32, 100});
        QVERIFY(std::abs(linear_cka(x, many) - linear_cka(many, x)) < 1e-9);
    }
};

QTEST_GUILESS_MAIN(TestMergeMethods)
#include "test_merge_methods.moc"
