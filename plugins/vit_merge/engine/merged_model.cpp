#include "plugins/vit_merge/engine/merged_model.h"
#include "core/base/error.h"
#include "core/base/time.h"
#include "plugins/vit_merge/engine/functional_vit.h"
#include "plugins/vit_merge/engine/heads.h"
#include "plugins/vit_merge/engine/kept_parts.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <cmath>
#include <numeric>

namespace lathe::vit_merge {
namespace {

/// One trunk for all pictures; only the heads differ.
class StaticModel : public HeadedModel {
public:
    StaticModel(std::shared_ptr<const ModelSet> set, const MergeSettings& settings, std::shared_ptr<Gate> gate, const Merged& merged)
        : HeadedModel(std::move(set), settings, std::move(gate)), m_vit(*m_set) {
        m_vit.use(merged.trunk);
        m_vit.vit().prepare_inference();
        m_merge_seconds = merged.seconds;
        m_facts = merged.facts;
    }
    Answer answer(const at::Tensor& images, const at::Tensor& task) override {
        Answer a = choose(images, task);
        const double start = monotonic_seconds();
        classify(a, m_vit.features(images));
        a.forward_seconds = monotonic_seconds() - start;
        a.groups = 1;
        a.path = "static";
        return a;
    }
    std::int64_t parameters() const override { return trunk_elements() + m_heads.elements() + gate_parameters(); }
    std::int64_t bytes(int bytes_each) const override { return parameters() * bytes_each; }
private:
    FunctionalVit m_vit;
};

}

std::string static_key(MergeSettings s) {
    const MergeSettings plain;
    s.m = plain.m;
    s.tau.reset();
    s.scope = plain.scope;
    s.granularity = plain.granularity;
    s.similarity = plain.similarity;
    s.task_vectors = plain.task_vectors;
    s.static_part = plain.static_part;
    s.temperature = plain.temperature;
    s.quantum = plain.quantum;
    s.drop_below = plain.drop_below;
    s.average_heads = plain.average_heads;
    return to_json(s).dump();
}

namespace {

std::shared_ptr<const Merged> static_trunk(
    const std::shared_ptr<const ModelSet>& set, const MergeSettings& settings, const TaskPictures& pictures, const std::function<void(double, double, std::string_view)>& told) {
    static Kept<Merged> kept;
    return kept.get(set, static_key(settings), [&] { return merge_static(*set, settings, pictures, told); });
}

std::shared_ptr<const BlockSimilarity> similarity_of(const std::shared_ptr<const ModelSet>& set, const MergeSettings& settings) {
    static Kept<BlockSimilarity> kept;
    return kept.get(set, std::to_string(int(settings.similarity)) + (settings.task_vectors ? " task" : ""), [&] { return block_similarity(*set, settings.similarity, settings.task_vectors); });
}

}

Heads::Heads(const ModelSet& set) {
    for (const ModelSource& model : set.models) {
        TensorMap& head = m_heads.emplace_back();
        for (auto& [key, tensor] : canonical_heads(*model.file, model.config)) {
            m_elements += tensor.numel();
            head.emplace(key, tensor.to(at::kFloat).contiguous());
        }
        m_names.push_back(model.name);
    }
}

const TensorMap& Heads::of(std::int64_t model) const {
    if (model < 0 || model >= std::int64_t(m_heads.size()))
        throw Error(ErrorCode::invalid_value, "There is no such model to take the head of.", std::to_string(model) + " of " + std::to_string(m_heads.size()));
    const TensorMap& head = m_heads[std::size_t(model)];
    if (head.empty()) throw Error(ErrorCode::invalid_value, "This model has no head, so it names no class.", m_names[std::size_t(model)], "Give a checkpoint with its classifier.");
    return head;
}

bool Heads::all_alike() const {
    return std::all_of(m_heads.begin(), m_heads.end(), [&](const TensorMap& head) { return !head.empty() && head.at("head.weight").sizes() == m_heads.front().at("head.weight").sizes(); });
}

at::Tensor Heads::logits(std::int64_t model, const at::Tensor& features) const {
    const TensorMap& head = of(model);
    const auto apply = [&](const std::string& key, const at::Tensor& x) {
        const auto bias = head.find(key + ".bias");
        return bias == head.end() ? at::linear(x, head.at(key + ".weight")) : at::linear(x, head.at(key + ".weight"), bias->second);
    };
    if (features.dim() == 2) return apply("head", features);
    return (apply("head", features.select(1, 0)) + apply("head_dist", features.select(1, 1))) / 2;
}

std::vector<at::Tensor> Heads::logits_of_each(const at::Tensor& features, const at::Tensor& head) const {
    std::vector<at::Tensor> all(std::size_t(features.size(0)));
    std::map<std::int64_t, std::vector<std::int64_t>> items;
    const std::int64_t* heads = head.const_data_ptr<std::int64_t>();
    for (std::int64_t i = 0; i < features.size(0); ++i) items[heads[i]].push_back(i);
    for (const auto& [model, places] : items) {
        const at::Tensor some = logits(model, features.index_select(0, at::tensor(places, at::kLong)));
        for (std::size_t i = 0; i < places.size(); ++i) all[std::size_t(places[i])] = some[std::int64_t(i)];
    }
    return all;
}

std::vector<at::Tensor> Heads::averaged(const at::Tensor& features, const at::Tensor& p) const {
    if (!all_alike()) throw Error(ErrorCode::invalid_value, "Heads of different classes cannot be averaged.", "average_heads", "Switch it off: the likeliest head is then chosen.");
    at::Tensor sum;
    for (std::int64_t i = 0; i < p.size(1); ++i) {
        const at::Tensor part = logits(i, features) * p.narrow(1, i, 1);
        sum = sum.defined() ? sum + part : part;
    }
    return sum.unbind(0);
}

HeadedModel::HeadedModel(std::shared_ptr<const ModelSet> set, const MergeSettings& settings, std::shared_ptr<Gate> gate)
    : m_set(std::move(set)), m_settings(settings), m_gate(std::move(gate)), m_heads(*m_set) {}

std::int64_t HeadedModel::trunk_elements() const {
    std::int64_t sum = 0;
    for (const auto& [key, shape] : canonical_shapes(trunk_config_of(*m_set)))
        sum += std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
    return sum;
}

Answer HeadedModel::choose(const at::Tensor& images, const at::Tensor& task) const {
    Answer a;
    if (images.dim() != 4 || images.size(0) < 1)
        throw Error(ErrorCode::invalid_value, "There are no pictures.", std::to_string(images.dim()) + " dimensions", "Give [pictures, channels, height, width].");
    if (m_gate) {
        const double start = monotonic_seconds();
        a.gate = gate_probabilities(m_gate->logits(images), m_settings.temperature).contiguous();
        a.gate_seconds = monotonic_seconds() - start;
    }
    if (task.defined()) {
        if (task.dim() != 1 || task.size(0) != images.size(0) || task.scalar_type() != at::kLong)
            throw Error(ErrorCode::invalid_value, "A task must be given for each picture.", std::to_string(task.numel()) + " for " + std::to_string(images.size(0)));
        if (task.min().item<std::int64_t>() < 0 || task.max().item<std::int64_t>() >= models())
            throw Error(ErrorCode::invalid_value, "A task is none of the models.", std::to_string(models()) + " models");
        a.head = task.contiguous();
    } else if (m_gate) a.head = a.gate.argmax(1);
    else throw Error(ErrorCode::invalid_value, "Without a gate nobody says which head answers.", m_set->name_list(), "Train a gate, name one, or give the task of each picture.");
    return a;
}

void HeadedModel::classify(Answer& answer, const at::Tensor& features) const {
    answer.logits = m_settings.average_heads && answer.gate.defined() ? m_heads.averaged(features, answer.gate) : m_heads.logits_of_each(features, answer.head);
}

VitConfig trunk_config_of(const ModelSet& set) {
    VitConfig config = set.reference();
    config.classes = 0;
    return config;
}

TensorMap canonical_trunk(const ModelSet& set, int model) {
    TensorMap trunk = set.rest();
    for (const SharedKey& key : set.keys) trunk[key.key] = set.tensor(model, key);
    return set.canonical(trunk);
}

std::vector<double> prepared_shares(std::vector<double> p, const MergeSettings& settings) {
    const auto scale = [&p] {
        const double sum = std::accumulate(p.begin(), p.end(), 0.0);
        if (sum > 0)
            for (double& share : p) share /= sum;
        return sum > 0;
    };
    const auto largest = std::size_t(std::max_element(p.begin(), p.end()) - p.begin());
    const auto alone = [&] {
        std::fill(p.begin(), p.end(), 0.0);
        p[largest] = 1;
        return p;
    };
    for (double& share : p)
        if (!(share >= settings.drop_below)) share = 0;
    if (!scale() || p[largest] > 0.99) return alone();
    if (settings.quantum > 0) {
        for (double& share : p) share = std::round(share / settings.quantum) * settings.quantum;
        if (!scale() || p[largest] > 0.99) return alone();
    }
    return p;
}

std::unique_ptr<MergedModel> make_merged(std::shared_ptr<const ModelSet> set, const MergeSettings& settings, std::shared_ptr<Gate> gate, const TaskPictures& pictures,
    const std::function<void(double, double, std::string_view)>& told, GatedPath path) {
    if (gate) require_gate_for(*gate, set->names());
    if (settings.method == MergeMethod::gated && !gate)       // the others can be told the task of each picture, or have a router of their own
        throw Error(ErrorCode::invalid_value, "This method needs a gate.", std::string(title(settings.method)), "Train a gate for these models, or name one.");
    set->require_mergeable(needs_base(settings.method) || (settings.method == MergeMethod::gated && needs_base(settings.static_part)));
    switch (settings.method) {
        case MergeMethod::individual:
        case MergeMethod::hard_routing:
        case MergeMethod::ensemble: return make_routed(std::move(set), settings, std::move(gate));
        case MergeMethod::emr: return make_emr(std::move(set), settings, std::move(gate), told);
        case MergeMethod::we_moe: return make_we_moe(std::move(set), settings, std::move(gate), pictures, told);
        case MergeMethod::twin: return make_twin(std::move(set), settings, std::move(gate), pictures, told);
        case MergeMethod::gated: {
            MergeSettings part = settings;
            part.method = settings.static_part;
            if (!gives_one_model(part.method))
                throw Error(ErrorCode::invalid_value, "The static part must be a method that gives one model.", std::string(title(part.method)), "Choose average or another static method.");
            GatePlan plan = plan_gate(*set, *similarity_of(set, settings), settings);
            const auto merged = static_trunk(set, part, pictures, told);
            return make_gated(std::move(set), settings, std::move(gate), merged->trunk, std::move(plan), path);
        }
        default: break;
    }
    const auto merged = static_trunk(set, settings, pictures, told);
    return std::make_unique<StaticModel>(std::move(set), settings, std::move(gate), *merged);
}

}
