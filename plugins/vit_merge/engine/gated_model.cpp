// Weights merged by the gate for each picture, batch or group (specification 2.3 and 6): stored tensors where one model takes all, merged ones where they are worth it, else none at all.
#include "core/base/error.h"
#include "core/base/time.h"
#include "core/engine/rates.h"
#include "plugins/vit_merge/engine/heads.h"
#include "plugins/vit_merge/engine/mixed_vit.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <list>
#include <map>

namespace lathe::vit_merge {
namespace {

using Shares = std::vector<double>;

constexpr std::int64_t kUnitBytes = 256 << 20;             // merged weights that are kept; at least one model's
constexpr double kCallSeconds = 8e-6;                      // what a small product costs beyond its arithmetic

/// What this machine can do in a second, for the choice of a path; without a measurement, two cores of a few years ago.
struct Speed { double products = 1.5e11, bytes = 1.5e10; };   // floating point operations of products, bytes from and to memory
const Speed& speed() {
    static const Speed known = [] {
        Speed s;
        if (const auto rates = cached_rates(); rates && rates->gemm_f32 > 0 && rates->bytes_per_s > 0) s = {1e9 * rates->gemm_f32, rates->bytes_per_s};
        return s;
    }();
    return known;
}

/// Merged tensors by gate vector; the memory of what is thrown out is used again.
class UnitCache {
public:
    UnitCache(const SourceMap& sources, std::int64_t elements) : m_sources(sources), m_most(std::max<std::size_t>(1, std::size_t(kUnitBytes / std::max<std::int64_t>(1, elements * 4)))) {}
    /// How many may be in use at once.
    std::size_t most() const { return m_most; }
    bool has(const Shares& shares) const { return std::any_of(m_units.begin(), m_units.end(), [&](const Unit& unit) { return unit.shares == shares; }); }
    std::shared_ptr<const TensorMap> get(const Shares& shares, double& seconds) {
        for (auto it = m_units.begin(); it != m_units.end(); ++it)
            if (it->shares == shares) {
                m_units.splice(m_units.begin(), m_units, it);
                return m_units.front().tensors;
            }
        const double start = monotonic_seconds();
        auto tensors = room();
        std::vector<std::size_t> used;
        std::vector<double> weights;
        for (std::size_t i = 0; i < shares.size(); ++i)
            if (shares[i] != 0) {
                used.push_back(i);
                weights.push_back(shares[i]);
            }
        std::vector<WeightedSum> sums;
        for (auto& [key, out] : *tensors) {
            sums.push_back({{}, weights, out});
            for (const std::size_t i : used) sums.back().sources.push_back(m_sources.at(key)[i]);
        }
        weighted_sums(sums);
        m_units.push_front({shares, tensors});
        seconds += monotonic_seconds() - start;
        return tensors;
    }
private:
    struct Unit { Shares shares; std::shared_ptr<TensorMap> tensors; };
    std::shared_ptr<TensorMap> room() {
        while (m_units.size() >= m_most) {
            const auto oldest = m_units.back().tensors;
            m_units.pop_back();
            if (oldest.use_count() == 1) return oldest;
        }
        auto tensors = std::make_shared<TensorMap>();
        for (const auto& [key, from] : m_sources) (*tensors)[key] = at::empty(from.front().sizes());
        return tensors;
    }
    const SourceMap& m_sources;
    std::size_t m_most;
    std::list<Unit> m_units;                               // the newest first
};

class GatedModel : public HeadedModel {
public:
    GatedModel(std::shared_ptr<const ModelSet> set, const MergeSettings& settings, std::shared_ptr<Gate> gate, const TensorMap& shared, SourceMap sources, GatePlan plan, GatedPath path)
        : HeadedModel(std::move(set), settings, std::move(gate)), m_plan(std::move(plan)), m_path(path), m_vit(trunk_config_of(*m_set), shared, std::move(sources)),
          m_units(m_vit.sources(), m_plan.gated_elements) {
        m_facts["attention_blocks"] = m_plan.attention;
        m_facts["mlp_blocks"] = m_plan.mlp;
        m_facts["static_elements"] = m_plan.static_elements;
        m_facts["gated_elements"] = m_plan.gated_elements;
    }

    Answer answer(const at::Tensor& images, const at::Tensor& task) override {
        Answer a = choose(images, task);
        const double start = monotonic_seconds();
        std::map<Shares, std::vector<std::int64_t>> groups;
        const std::vector<Shares> shares = shares_of(a, task);
        for (std::size_t i = 0; i < shares.size(); ++i) groups[shares[i]].push_back(std::int64_t(i));
        a.groups = std::int64_t(groups.size());
        const at::Tensor features = m_path == GatedPath::naive ? naive(a, images, shares) : planned(a, images, groups);
        classify(a, features);
        a.forward_seconds = monotonic_seconds() - start - a.merge_seconds;
        return a;
    }
    std::int64_t parameters() const override { return m_plan.static_elements + models() * m_plan.gated_elements + m_heads.elements() + gate_parameters(); }
    std::int64_t bytes(int bytes_each) const override { return parameters() * bytes_each; }

private:
    struct Group { const Shares* shares; const std::vector<std::int64_t>* items; bool merged = false; };

    /// The gate vector of each picture, as the granularity has it; heads of a batch follow it.
    std::vector<Shares> shares_of(Answer& a, const at::Tensor& task) const {
        const at::Tensor p = a.gate.to(at::kDouble).contiguous();
        const auto row = [](const at::Tensor& t) { return Shares(t.const_data_ptr<double>(), t.const_data_ptr<double>() + t.numel()); };
        const std::int64_t items = p.size(0);
        std::vector<Shares> all;
        all.reserve(std::size_t(items));
        const at::Tensor likeliest = p.argmax(1);
        switch (m_settings.granularity) {
            case Granularity::per_sample:
                for (std::int64_t i = 0; i < items; ++i) all.push_back(prepared_shares(row(p[i]), m_settings));
                break;
            case Granularity::per_batch: {
                const at::Tensor mean = p.mean(0);
                all.assign(std::size_t(items), prepared_shares(row(mean), m_settings));
                a.mixed_batch = (likeliest != likeliest[0]).any().item<bool>();
                if (!task.defined()) a.head = mean.argmax().expand({items}).contiguous();
                break;
            }
            case Granularity::per_group: {
                std::map<std::int64_t, Shares> of_model;
                for (std::int64_t i = 0; i < items; ++i) {
                    const auto model = likeliest[i].item<std::int64_t>();
                    if (!of_model.contains(model)) of_model[model] = prepared_shares(row(p.index_select(0, (likeliest == model).nonzero().squeeze(1)).mean(0)), m_settings);
                    all.push_back(of_model.at(model));
                }
                break;
            }
        }
        return all;
    }

    static std::int64_t active(const Shares& shares) { return std::count_if(shares.begin(), shares.end(), [](double share) { return share != 0; }); }

    /// One picture at a time, one pass over the weights for each model: what every other path is measured against.
    at::Tensor naive(Answer& a, const at::Tensor& images, const std::vector<Shares>& shares) {
        TensorMap merged;
        for (const auto& [key, from] : m_vit.sources()) merged[key] = at::empty(from.front().sizes());
        std::vector<at::Tensor> all;
        at::Tensor only = at::zeros({1, models() + 1});
        only.select(1, models()).fill_(1);
        const Mixture mixture(only);
        for (std::size_t i = 0; i < shares.size(); ++i) {
            const double start = monotonic_seconds();
            for (auto& [key, out] : merged) out.zero_();
            for (std::size_t k = 0; k < shares[i].size(); ++k)
                for (auto& [key, out] : merged) out.add_(m_vit.sources().at(key)[k], shares[i][k]);
            a.merge_seconds += monotonic_seconds() - start;
            all.push_back(m_vit.features(images.narrow(0, std::int64_t(i), 1), mixture, {&merged}));
        }
        a.path = "naive";
        return at::cat(all);
    }

    /// Merging costs memory traffic once; leaving it costs every picture the products of all its models but one.
    bool worth_merging(const Shares& shares, std::size_t pictures) const {
        if (m_path == GatedPath::grouped || m_units.has(shares)) return true;
        if (m_path == GatedPath::batched) return false;
        const auto k = double(active(shares)), layers = double(m_vit.sources().size());
        const double merging = 4.0 * double(m_plan.gated_elements) * (k + 1) / speed().bytes + layers * kCallSeconds;
        const double leaving = double(pictures) * (k - 1) * 2.0 * double(m_vit.source_matrix_elements()) * double(m_set->reference().tokens()) / speed().products + layers * (k - 1) * kCallSeconds;
        return merging < leaving;
    }

    at::Tensor planned(Answer& a, const at::Tensor& images, const std::map<Shares, std::vector<std::int64_t>>& groups) {
        std::vector<std::vector<Group>> passes(1);         // no more merged weights in one pass than are kept
        std::size_t merged = 0;
        bool left = false;
        for (const auto& [shares, items] : groups) {
            Group group{&shares, &items};
            if (active(shares) > 1) {
                group.merged = m_vit.sources().empty() || worth_merging(shares, items.size());
                left = left || !group.merged;
            }
            if (group.merged) {
                if (merged++ / m_units.most() >= passes.size()) passes.emplace_back();
                passes[(merged - 1) / m_units.most()].push_back(group);
            } else passes.front().push_back(group);
        }
        a.path = merged && left ? "grouped and batched" : left ? "batched" : "grouped";
        at::Tensor all;
        for (const auto& pass : passes) {
            const auto [order, features] = one_pass(a, images, pass);
            if (passes.size() == 1 && order.size(0) == 1) return features;
            if (!all.defined()) {
                auto sizes = features.sizes().vec();
                sizes[0] = images.size(0);
                all = at::empty(sizes);
            }
            all.index_copy_(0, order, features);
        }
        return all;
    }

    std::pair<at::Tensor, at::Tensor> one_pass(Answer& a, const at::Tensor& images, const std::vector<Group>& groups) {
        std::vector<std::int64_t> order;
        std::vector<std::shared_ptr<const TensorMap>> held;
        MixedVit::Units units;
        std::vector<std::pair<std::int64_t, const Shares*>> rows;   // of each picture: its unit, or -1
        const auto take = [&](const Group& group, std::int64_t unit) {
            for (const std::int64_t item : *group.items) {
                order.push_back(item);
                rows.emplace_back(unit, group.shares);
            }
        };
        for (const Group& group : groups) {
            std::int64_t unit = -1;
            if (group.merged) {
                held.push_back(m_units.get(*group.shares, a.merge_seconds));
                unit = std::int64_t(units.size());
                units.push_back(held.back().get());
            }
            take(group, unit);
        }
        at::Tensor coefficients = at::zeros({std::int64_t(rows.size()), models() + std::int64_t(units.size())});
        auto table = coefficients.accessor<float, 2>();
        for (std::size_t i = 0; i < rows.size(); ++i) {
            if (rows[i].first >= 0) table[std::int64_t(i)][models() + rows[i].first] = 1;
            else
                for (std::size_t k = 0; k < rows[i].second->size(); ++k) table[std::int64_t(i)][std::int64_t(k)] = float((*rows[i].second)[k]);
        }
        const at::Tensor places = at::tensor(order, at::kLong);
        return {places, m_vit.features(images.index_select(0, places), Mixture(coefficients), units)};
    }

    GatePlan m_plan;
    GatedPath m_path;
    MixedVit m_vit;
    UnitCache m_units;
};

/// All models as they are: each picture by one of them, or by all.
class RoutedModel : public HeadedModel {
public:
    RoutedModel(std::shared_ptr<const ModelSet> set, const MergeSettings& settings, std::shared_ptr<Gate> gate, const TensorMap& rest, SourceMap sources)
        : HeadedModel(std::move(set), settings, std::move(gate)), m_vit(trunk_config_of(*m_set), rest, std::move(sources)), m_ensemble(settings.method == MergeMethod::ensemble) {
        if (m_ensemble && !m_heads.all_alike())
            throw Error(
                ErrorCode::invalid_value, "An ensemble averages answers, so all models need the same classes.", m_set->name_list(), "Choose hard routing: a gate then says which model answers.");
        m_settings.average_heads = false;
    }
    Answer answer(const at::Tensor& images, const at::Tensor& task) override {
        const std::int64_t items = images.size(0);
        Answer a = choose(images, m_ensemble && !task.defined() && !m_gate ? at::zeros({items}, at::kLong) : task);
        const double start = monotonic_seconds();
        if (m_ensemble) {
            at::Tensor sum;
            for (std::int64_t i = 0; i < models(); ++i) {
                const at::Tensor one = m_heads.logits(i, m_vit.features(images, only(at::full({items}, i, at::kLong))));
                sum = sum.defined() ? sum + one : one;
            }
            a.logits = (sum / double(models())).unbind(0);
            a.groups = models();
        } else {
            const at::Tensor order = a.head.argsort(), heads = a.head.index_select(0, order);   // pictures of one model side by side
            const at::Tensor sorted = m_vit.features(images.index_select(0, order), only(heads));
            classify(a, at::empty_like(sorted).index_copy_(0, order, sorted));
            a.groups = std::get<0>(at::_unique(a.head)).size(0);
        }
        a.forward_seconds = monotonic_seconds() - start;
        a.path = m_ensemble ? "ensemble" : "routed";
        return a;
    }
    std::int64_t parameters() const override { return models() * trunk_elements() + m_heads.elements() + gate_parameters(); }
    std::int64_t bytes(int bytes_each) const override { return parameters() * bytes_each; }
private:
    Mixture only(const at::Tensor& model) const { return Mixture(at::zeros({model.size(0), models()}).scatter_(1, model.unsqueeze(1), 1.0)); }
    MixedVit m_vit;
    bool m_ensemble;
};

/// Canonical name of a key: what is a third of qkv in the files is qkv here.
std::string whole_key(const SharedKey& key) {
    std::string name = key.role.canonical;
    for (const char* part : {".attn.q.", ".attn.k.", ".attn.v."})
        if (const auto at = name.find(part); at != name.npos) return name.replace(at, 8, ".attn.qkv.");
    return name;
}

SourceMap sources_of_models(const ModelSet& set, const std::function<bool(std::size_t key)>& wanted) {
    SourceMap sources;
    for (int i = 0; i < int(set.models.size()); ++i) {
        const TensorMap trunk = canonical_trunk(set, i);
        for (std::size_t k = 0; k < set.keys.size(); ++k) {
            const std::string name = whole_key(set.keys[k]);
            if (auto& list = sources[name]; wanted(k) && list.size() == std::size_t(i)) list.push_back(trunk.at(name));
        }
    }
    std::erase_if(sources, [](const auto& entry) { return entry.second.empty(); });
    return sources;
}

}

std::unique_ptr<MergedModel> make_gated(std::shared_ptr<const ModelSet> set, const MergeSettings& settings, std::shared_ptr<Gate> gate, TensorMap static_trunk, GatePlan plan, GatedPath path) {
    const TensorMap rest = set->rest();
    static_trunk.insert(rest.begin(), rest.end());
    const TensorMap shared = set->canonical(static_trunk);
    SourceMap sources = sources_of_models(*set, [&](std::size_t k) { return plan.gated[k] != 0; });
    return std::make_unique<GatedModel>(std::move(set), settings, std::move(gate), shared, std::move(sources), std::move(plan), path);
}

std::unique_ptr<MergedModel> make_routed(std::shared_ptr<const ModelSet> set, const MergeSettings& settings, std::shared_ptr<Gate> gate) {
    SourceMap sources = sources_of_models(*set, [](std::size_t) { return true; });
    TensorMap whole = set->rest();
    for (const SharedKey& key : set->keys) whole[key.key] = set->tensor(0, key);
    const TensorMap shared = set->canonical(whole);
    return std::make_unique<RoutedModel>(std::move(set), settings, std::move(gate), shared, std::move(sources));
}

}
