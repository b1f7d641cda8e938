#pragma once
// Weight-ensembling mixture of experts (Tang et al. 2024): task arithmetic whose MLPs are W_0 + sum_i g_i(h) t_i, routers trained by the entropy of the answers. Work thread.
#include "plugins/vit_merge/engine/mixed_linear.h"
#include "plugins/vit_merge/engine/weight_stream.h"
#include "plugins/vit_merge/engine/merge_weights.h"

namespace lathe::vit_merge {

struct WeMoeParts {
    TensorMap trunk;                                       ///< whole, under the names of ModelSet::keys: task arithmetic; MLPs as in the base
    std::vector<WeMoeRouter> routers;                      ///< of each block: reads what its MLP reads
    Json facts = Json::object();
    std::int64_t router_elements() const;
};

/// Weights of an MLP's layers, canonical names below the block ("fc1.weight"): [0] the base, [i + 1] model i; float32, views of the files where they allow it.
std::map<std::string, std::vector<at::Tensor>> mlp_sources(const ModelSet& set, int block);

/// Routers as they begin: weights N(0, 0.01), the last bias settings.lambda_start.
WeMoeParts new_we_moe(const ModelSet& set, const MergeSettings& settings, const Told& told);
/// The same, trained for settings.steps steps; within a batch (of one task) the gates are averaged.
WeMoeParts train_we_moe(const ModelSet& set, const MergeSettings& settings, const TaskPictures& pictures, const Told& told);

}
