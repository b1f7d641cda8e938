#pragma once
// TIES-Merging (Yadav et al. 2023) as fusion_bench computes it, in streaming passes: thresholds over the whole vector of each model, sorted by key. Work thread.
#include "plugins/vit_merge/engine/merge_settings.h"
#include "plugins/vit_merge/engine/weight_stream.h"

namespace lathe::vit_merge {

struct TiesTrim {
    std::vector<float> threshold;                          ///< of each model: entries with a magnitude below are dropped
    float zero_sign = 1;                                   ///< in place of an elected sign of 0: the sign of the sum of all signs
    std::vector<float> weights;                            ///< of each model, before the election; empty: 1
    const DareDrop* drop = nullptr;
};

/// The k-th smallest magnitude of each task vector, k = d - floor(d * keep); floor(d * keep) + 1 entries survive, all where keep is 1. Then the sign for zeros.
TiesTrim plan_ties(const ModelSet& set, double keep, std::vector<double> weights, const DareDrop* drop, const Told& told);

/// rows [models, count] of task vectors -> entries that survive and have the elected sign; the others are 0. `signs`: count floats, the elected signs.
void ties_consistent(const TiesTrim& trim, int models, std::int64_t count, float* rows, std::int64_t stride, float* signs);

/// One merged task vector from what ties_consistent left, into `out`.
void ties_aggregate(TiesAggregate aggregate, int models, std::int64_t count, const float* rows, std::int64_t stride, const float* signs, float* out);

}
