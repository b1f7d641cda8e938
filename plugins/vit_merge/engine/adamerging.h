#pragma once
// AdaMerging (Yang et al. 2024): scales of task vectors, learned by making the merged model's answers on unlabelled pictures sure. Work thread.
#include "plugins/vit_merge/engine/data_merges.h"
#include "plugins/vit_merge/engine/functional_vit.h"
#include "plugins/vit_merge/engine/ties.h"
#include <optional>

namespace lathe::vit_merge {

class AdaMerging {
public:
    /// `trimmed`: task vectors that TIES has trimmed and made consistent (++).
    AdaMerging(const ModelSet& set, const MergeSettings& settings, bool trimmed, const Told& told);
    /// W_0 + sum_i lambda[i, k] t_i for every key k, in the order of ModelSet::keys. lambda: [models, keys] or (task-wise) [models, 1].
    void merge(const at::Tensor& lambda);
    const TensorMap& trunk() const { return m_leaves; }
    /// Adds the gradient of a task's mean entropy on these pictures; returns the entropy.
    double add_entropy(int model, const at::Tensor& images);
    /// Gradient of the entropies since the last call with respect to lambda [models, keys].
    at::Tensor take_gradient();
private:
    /// Chunks of task vectors of key k, trimmed where it is asked for.
    void for_each_vector(std::size_t k, const std::function<void(const WeightRows& rows, std::int64_t first, std::int64_t count, float* vectors, float* spare)>& work) const;
    const ModelSet& m_set;
    std::optional<TiesTrim> m_trim;
    FunctionalVit m_vit;
    TensorMap m_leaves;
};

/// Mean over the batch of -sum p log(p + 1e-8).
at::Tensor answer_entropy(const at::Tensor& logits);

void merge_adaptively(const ModelSet& set, const MergeSettings& settings, const TaskPictures& pictures, Merged& out, const Told& told);

}
