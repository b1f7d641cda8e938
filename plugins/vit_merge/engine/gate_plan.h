#pragma once
// Similarity of the models' blocks, and which weights are merged by the gate for each input and which once for all (specification 2.4, 2.5). Work thread.
#include "plugins/vit_merge/engine/merge_settings.h"
#include "plugins/vit_merge/engine/model_set.h"

namespace lathe::vit_merge {

struct BlockSimilarity {
    std::vector<double> attention, mlp;                    ///< of each block
};
/// Mean over pairs of models; full weights or (task_vectors) W_i - W_0. Sums in double, one streaming pass, kept with the set.
BlockSimilarity block_similarity(const ModelSet& set, Similarity kind, bool task_vectors);
/// Pairwise [N, N], of whole trunks: cosines of task vectors where there is a base, else of full weights; relative L2 |W_i - W_j| / |W_0|.
struct ModelDistances { at::Tensor cosine, relative_l2; };
ModelDistances model_distances(const ModelSet& set);

struct GatePlan {
    std::vector<int> attention, mlp;                       ///< gated blocks, lowest similarity first
    std::vector<char> gated;                               ///< of each of ModelSet::keys
    std::int64_t static_elements = 0, gated_elements = 0, head_elements = 0;   ///< P_static, P_gated, all heads together
    /// 4 * [P_static + N * P_gated + heads] + gate, bytes of float32; fp16: half of it.
    std::int64_t bytes(int models, std::int64_t gate_parameters, int bytes_each = 4) const;
};
/// Ascending by (similarity, block), m of each kind; or all below tau.
GatePlan plan_gate(const ModelSet& set, const BlockSimilarity& similarity, const MergeSettings& settings);

}
