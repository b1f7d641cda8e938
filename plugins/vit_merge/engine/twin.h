#pragma once
// Twin-Merging (Lu et al. 2024): a shared model (task arithmetic), low-rank differences of every task to it, and a router on the shared model's features that mixes them. Work thread.
#include "plugins/vit_merge/engine/merge_weights.h"
#include "plugins/vit_merge/engine/weight_stream.h"

namespace lathe::vit_merge {

/// A matrix as left [m, r] times right [r, n], or a tensor of other dimensions whole.
struct TwinDifference { at::Tensor left, right, whole; };

struct TwinParts {
    TensorMap shared;                                      ///< whole trunk under the names of ModelSet::keys
    std::vector<std::map<std::string, TwinDifference>> differences;        ///< of each model, by key
    at::Tensor hidden, hidden_bias, out, out_bias;         ///< router: linear, ReLU, linear, softmax
    Json facts = Json::object();
    std::int64_t difference_elements() const;              ///< of all models
    std::int64_t router_elements() const { return hidden.numel() + hidden_bias.numel() + out.numel() + out_bias.numel(); }
};

/// Differences of rank settings.rank; a router trained for settings.steps steps to tell the tasks' training pictures apart.
TwinParts train_twin(const ModelSet& set, const MergeSettings& settings, const TaskPictures& pictures, const Told& told);

/// Features of the shared model ([B, D]; of a distilled DeiT [B, 2, D]) -> [B, models] shares that sum to 1.
at::Tensor twin_shares(const TwinParts& parts, const at::Tensor& features);

/// shared + sum_i shares[i] * difference i: the whole trunk. shares: one for each model.
TensorMap twin_trunk(const TwinParts& parts, const std::vector<double>& shares);

}
