#pragma once
// A caching policy as a tap, for every method that runs a network of residual blocks: the policy decides at the entrance of block 0 of each forward.
#include "core/engine/registry.h"
#include "core/nn/tap.h"
#include "plugins/delta_cache/engine/cache_schedule.h"
#include <optional>

namespace lathe::delta_cache {

class CacheTap : public Tap {
public:
    /// One run is `steps` forwards; after them a new run begins.
    CacheTap(CacheOptions options, int steps);
    bool wants(const LayerInfo& layer) override;
    Flow enter(int id, TensorRefs in, at::Tensor& out) override;
    void leave(int id, TensorRefs in, at::Tensor& out) override;
private:
    void begin_forward(const at::Tensor& h0);
    void offer(int boundary, const at::Tensor& h);            // h_boundary, to the keeps that start or end there

    CacheOptions m_options;
    int m_steps, m_step = 0, m_depth = 0;
    std::map<int, int> m_block_of;                            // layer id -> block
    std::optional<ScheduledPolicy> m_policy;                  // made when the number of blocks is known
    StepPlan m_plan;
    std::map<int, at::Tensor> m_starts;                       // h_first of the keeps of this forward
};

TapFactory policy_tap();                                      ///< "delta_cache.policy"

}
