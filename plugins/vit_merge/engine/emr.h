#pragma once
// EMR-Merging (Huang et al. 2024): one task vector for all, and for each task one bit a weight and a scale. Work thread; threads inside.
#include "plugins/vit_merge/engine/weight_stream.h"

namespace lathe::vit_merge {

struct EmrParts {
    TensorMap unified;                                     ///< task vector under the names of ModelSet::keys, float32
    std::vector<TensorMap> masks;                          ///< of each model: uint8, bit i % 8 of byte i / 8 is the mask of element i
    std::vector<double> rescale;                           ///< of each model
    std::int64_t elements = 0;
    /// Storage: base and unified vector with their width, one bit a weight and task.
    std::int64_t bytes(int bytes_each) const { return 2 * elements * bytes_each + static_cast<std::int64_t>(masks.size()) * ((elements + 7) / 8 + bytes_each); }
};

/// `total_ratio`: rescales by the ratio of sums over all weights, as the paper has it; else by sums of every tensor's mean (fusion_bench).
EmrParts emr_parts(const ModelSet& set, bool total_ratio, const Told& told);

/// W_0 + r_i M_i u of one key, into `out` (float32, contiguous).
void emr_tensor(const ModelSet& set, const EmrParts& parts, int model, const SharedKey& key, const at::Tensor& out);
/// The whole trunk of model i.
TensorMap emr_trunk(const ModelSet& set, const EmrParts& parts, int model);

}
