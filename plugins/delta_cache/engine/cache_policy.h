#pragma once
// The one hook between the block loop of a diffusion transformer and every caching policy (spec section 4 and 6). Work thread only.
#include <ATen/core/Tensor.h>
#include <vector>

namespace lathe::delta_cache {

/// What a policy may know of the conditioning of a model call.
struct Cond {
    at::Tensor t;             ///< [B] time as the model receives it
    at::Tensor y;             ///< [B] class
    at::Tensor modulation;    ///< [L, B, 6D] of all blocks
};

/// Instead of blocks [first, end): h_end = h_first + value, or h_end = value where `absolute` (a feature cache). `value` is [B, N, D].
struct BlockSkip { int first = 0, end = 0; at::Tensor value; bool absolute = false; };

/// Hidden states that the policy wants after this call: it gets h_first and h_end through CachePolicy::keep.
struct BlockKeep { int first = 0, end = 0; };

/// One model call. Skips are ascending and disjoint; a keep may overlap other keeps and skips as long as first <= end.
struct StepPlan {
    std::vector<BlockSkip> skips;
    std::vector<BlockKeep> keeps;
    int computed(int depth) const {
        for (const auto& skip : skips) depth -= skip.end - skip.first;
        return depth;
    }
};

struct CachePolicy {
    virtual ~CachePolicy() = default;
    /// `step` counts model calls of a run from 0. `h0`: tokens after patch embedding and position.
    virtual StepPlan plan(int step, double t, const at::Tensor& h0, const Cond& cond) = 0;
    /// For every keep of the plan, in order of `end`. The tensors do not alias anything that is written later, so they may be stored.
    virtual void keep(int, const BlockKeep&, const at::Tensor& /*h_first*/, const at::Tensor& /*h_end*/) {}
    virtual void reset() = 0;   ///< before every run
};

}
