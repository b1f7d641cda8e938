#pragma once
// Which blocks are computed and which are replaced at which step, known before the run starts: Δ-Cache and its stage rule (Δ-DiT), the feature cache
// (negative control) and painted maps. Blocks 0 … L-1, h_0 = tokens after patch embedding, h_{k+1} = block_k(h_k).
//
//   Δ-Cache        a full step stores Δ[i,j) = h_j - h_i, a cached step computes blocks 0 … i-1, sets h_j = h_i(now) + Δ and goes on with block j.
//                  Steps s with s mod N = 0 are full. The stage rule caches the rear range [L-Nc, L) while s < b, afterwards the front range [0, Nc);
//                  an explicit range holds for the whole run.
//   Feature cache  the same schedule, but h_j itself is stored.
//   Painted map    a cell (block k, step s) that is painted reuses the residual h_{k+1} - h_k of its own block from the last step before s that computed
//                  this block. Neighbouring cells with the same source step form one range with one stored Δ, so a run of painted blocks reuses the Δ of the
//                  last step where those same blocks were all computed. A painted cell whose block was never computed before is computed.
//
// Source: Chen et al., Δ-DiT: A Training-Free Acceleration Method Tailored for Diffusion Transformers, 2024 (arXiv 2406.01125).
#include "core/base/json.h"
#include "plugins/delta_cache/engine/cache_policy.h"
#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace lathe::delta_cache {

enum class CacheKind { none, delta, feature, painted };
enum class CacheMode { stage, range };

struct CacheOptions {
    CacheKind kind = CacheKind::none;
    CacheMode mode = CacheMode::stage;
    int interval = 2;                    ///< N: every N-th step is full
    int count = 0;                       ///< Nc: blocks of a stage's range
    int switch_step = 0;                 ///< b: so many steps use the rear range; more than T means all
    bool switch_from_end = false;        ///< b counts steps from the end: the detail stage is the last b steps
    int first = 0, end = 0;              ///< the explicit range [first, end)
    bool store_both = true;              ///< a full step stores the Δ of both ranges; else only of the one in force, and the first cached step after the
                                         ///< switch whose Δ is missing becomes full
    bool refresh_on_switch = false;      ///< step b is full where 0 < b < T
    std::vector<std::uint8_t> map;       ///< painted cells, L x T, row = block; 1: reuse
};

/// A range of blocks at one step and where its value is stored.
struct RangeAt { int first = 0, end = 0, slot = 0; };
struct StepSchedule { std::vector<RangeAt> reuse, store; };

struct CacheSchedule {
    int depth = 0;
    bool absolute = false;               ///< h_end is stored instead of the difference
    std::vector<StepSchedule> steps;
    std::vector<int> last_use;           ///< of each slot: the last step that reads it, -1: none
    std::vector<int> unmet;              ///< painted cells (block * T + step) that had to be computed

    int computed(int step) const;
    int computed_total() const;
    /// How many times fewer block computations than without a cache: block MACs only.
    double predicted_speedup() const;
};

/// Throws Error(invalid_value) for N < 1, a range or count outside [0, L], a map of another shape.
CacheSchedule make_cache_schedule(const CacheOptions& options, int steps, int depth);

/// Blocks to cache for a wanted speed-up (block MACs only), rounded; more than L: not reachable with this N. Throws Error(invalid_value) for N or S below 1.
int blocks_for_speedup(double speedup, int interval, int steps, int depth);

/// Carries a schedule out inside the block loop. Values of another shape than the present tokens (batch or resolution changed) are not used.
class ScheduledPolicy : public CachePolicy {
public:
    explicit ScheduledPolicy(CacheSchedule schedule);
    StepPlan plan(int step, double t, const at::Tensor& h0, const Cond& cond) override;
    void keep(int step, const BlockKeep& keep, const at::Tensor& h_first, const at::Tensor& h_end) override;
    void reset() override;
    const CacheSchedule& schedule() const { return m_schedule; }
    std::int64_t peak_bytes() const { return m_peak; }      ///< most memory that stored values took at once
private:
    CacheSchedule m_schedule;
    std::vector<at::Tensor> m_slots;
    std::int64_t m_bytes = 0, m_peak = 0;
};

}
