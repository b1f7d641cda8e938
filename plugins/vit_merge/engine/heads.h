#pragma once
// The classifiers of the models of a set, and which of them answers: they are chosen by the gate, never merged. Work thread.
#include "plugins/vit_merge/engine/gate.h"
#include "plugins/vit_merge/engine/merged_model.h"

namespace lathe::vit_merge {

class Heads {
public:
    explicit Heads(const ModelSet& set);
    std::int64_t elements() const { return m_elements; }
    /// All models have a head, with one number of classes.
    bool all_alike() const;
    /// Of model i: features [n, D] (distilled: [n, 2, D]) -> [n, classes]. Throws Error(invalid_value) where it has none.
    at::Tensor logits(std::int64_t model, const at::Tensor& features) const;
    /// Of each picture with its own head [B] -> B tensors.
    std::vector<at::Tensor> logits_of_each(const at::Tensor& features, const at::Tensor& head) const;
    /// Of each picture with sum p_i C_i. p [B, models].
    std::vector<at::Tensor> averaged(const at::Tensor& features, const at::Tensor& p) const;
private:
    const TensorMap& of(std::int64_t model) const;
    std::vector<TensorMap> m_heads;
    std::vector<std::string> m_names;
    std::int64_t m_elements = 0;
};

/// What all merged models do alike: ask the gate, choose the heads.
class HeadedModel : public MergedModel {
public:
    HeadedModel(std::shared_ptr<const ModelSet> set, const MergeSettings& settings, std::shared_ptr<Gate> gate);
    double merge_seconds() const override { return m_merge_seconds; }
    Json facts() const override { return m_facts; }
protected:
    /// Gate probabilities (where there is a gate) and heads: those of `task`, else the likeliest. Throws Error(invalid_value).
    Answer choose(const at::Tensor& images, const at::Tensor& task) const;
    void classify(Answer& answer, const at::Tensor& features) const;
    std::int64_t models() const { return std::int64_t(m_set->models.size()); }
    std::int64_t gate_parameters() const { return m_gate ? m_gate->parameter_count() : 0; }
    std::int64_t trunk_elements() const;                   ///< of one model, keys that are not shared by all included once
    std::shared_ptr<const ModelSet> m_set;
    MergeSettings m_settings;
    std::shared_ptr<Gate> m_gate;
    Heads m_heads;
    double m_merge_seconds = 0;
    Json m_facts = Json::object();
};

/// Trunk of model i (-1: the base) under canonical keys, views where the layout allows.
TensorMap canonical_trunk(const ModelSet& set, int model);
VitConfig trunk_config_of(const ModelSet& set);

std::unique_ptr<MergedModel> make_gated(std::shared_ptr<const ModelSet> set, const MergeSettings& settings, std::shared_ptr<Gate> gate, TensorMap static_trunk, GatePlan plan, GatedPath path);
/// individual, hard_routing, ensemble.
std::unique_ptr<MergedModel> make_routed(std::shared_ptr<const ModelSet> set, const MergeSettings& settings, std::shared_ptr<Gate> gate);

using ToldOf = std::function<void(double, double, std::string_view)>;
std::unique_ptr<MergedModel> make_emr(std::shared_ptr<const ModelSet> set, const MergeSettings& settings, std::shared_ptr<Gate> gate, const ToldOf& told);
std::unique_ptr<MergedModel> make_we_moe(std::shared_ptr<const ModelSet> set, const MergeSettings& settings, std::shared_ptr<Gate> gate, const TaskPictures& pictures, const ToldOf& told);
std::unique_ptr<MergedModel> make_twin(std::shared_ptr<const ModelSet> set, const MergeSettings& settings, std::shared_ptr<Gate> gate, const TaskPictures& pictures, const ToldOf& told);

/// Settings that change what a method makes of a set, not how it is used, as text.
std::string static_key(MergeSettings settings);

/// A gate's answer made cheap: shares below drop_below are dropped, one above 0.99 takes all, the rest is rounded to multiples of the quantum and scaled to 1.
std::vector<double> prepared_shares(std::vector<double> shares, const MergeSettings& settings);

}
