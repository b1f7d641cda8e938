#pragma once
// One sampling run, advanced a step at a time: sampler, network, guidance and caching policy together.
#include "plugins/delta_cache/engine/dit.h"
#include "plugins/delta_cache/engine/sampler.h"
#include <optional>

namespace lathe::delta_cache {

/// N(0,1) noise in a defined order: image k of a batch draws from its own CPU generator seeded with seed + k, first the start, then one tensor a step
/// (official loops draw at every step, the last one unused). So an image of a batch equals the image made alone.
class NoiseSource {
public:
    NoiseSource(std::int64_t seed, std::vector<std::int64_t> shape);    ///< [B, C, H, W]
    at::Tensor next();
private:
    std::vector<at::Generator> m_generators;
    std::vector<std::int64_t> m_shape;
};

struct Guidance {
    double scale = 1;            ///< 1: off, the unconditional half is not computed
    int channels = 3;            ///< 3 official, 4 diffusers
};

struct StepReport { int step = 0, computed_blocks = 0; double seconds = 0; };   ///< seconds: the model call

class Trajectory {
public:
    /// `labels`: [B] classes. `policy` may be null. Throws Error(invalid_value): unknown class, guidance without a null class.
    Trajectory(Dit& dit, Sampler& sampler, at::Tensor labels, Guidance guidance, NoiseSource noise, CachePolicy* policy);

    bool done() const { return m_step == m_sampler.steps(); }
    int next_step() const { return m_step; }
    /// One step; `taps` may be null. Throws Error(invalid_value) where the result is not finite. Where the model call is interrupted (a cancelled run)
    /// the step has not been taken, and advance() can be called again: a policy may then see it planned twice.
    StepReport advance(TapStack* taps);
    const at::Tensor& start() const { return m_start; }        ///< the initial noise, not scaled
    const at::Tensor& sample() const { return m_x; }           ///< after the last step taken
    const at::Tensor& pred_x0() const { return m_pred_x0; }
    std::int64_t rows() const { return m_labels.size(0); }     ///< of the network: twice the batch with guidance

private:
    at::Tensor model(int step, int& computed, TapStack* taps);

    Dit& m_dit;
    Sampler& m_sampler;
    Guidance m_guidance;
    NoiseSource m_noise;
    CachePolicy* m_policy;
    at::Tensor m_labels, m_start, m_x, m_pred_x0;
    std::int64_t m_batch = 0;
    std::optional<DitSchedule> m_schedule;
    int m_step = 0;
};

/// Counts what a policy lets through, for policies whose schedule is not known in advance.
class CountingPolicy : public CachePolicy {
public:
    CountingPolicy(CachePolicy* inner, int depth) : m_inner(inner), m_depth(depth), m_computed(depth) {}
    StepPlan plan(int step, double t, const at::Tensor& h0, const Cond& cond) override;
    void keep(int step, const BlockKeep& keep, const at::Tensor& h_first, const at::Tensor& h_end) override { m_inner->keep(step, keep, h_first, h_end); }
    void reset() override { m_inner->reset(); }
    int computed() const { return m_computed; }                ///< blocks of the last step
private:
    CachePolicy* m_inner;
    int m_depth, m_computed;
};

}
