#include "plugins/delta_cache/engine/cache_tap.h"
#include "plugins/delta_cache/engine/settings.h"
#include <ATen/ATen.h>

namespace lathe::delta_cache {

CacheTap::CacheTap(CacheOptions options, int steps) : m_options(std::move(options)), m_steps(steps) {}

bool CacheTap::wants(const LayerInfo& layer) {
    if (layer.point != "block") return false;
    m_block_of[layer.id] = layer.block;
    m_depth = std::max(m_depth, layer.block + 1);
    m_policy.reset();
    return true;
}

void CacheTap::begin_forward(const at::Tensor& h0) {
    if (!m_policy) m_policy.emplace(make_cache_schedule(m_options, m_steps, m_depth));
    if (m_step == m_steps) m_step = 0;
    if (m_step == 0) m_policy->reset();
    m_plan = m_policy->plan(m_step, 0, h0, {});
    m_starts.clear();
}

void CacheTap::offer(int boundary, const at::Tensor& h) {
    at::Tensor copy;   // the network may write into h later
    for (const BlockKeep& keep : m_plan.keeps) {
        if (keep.first != boundary && keep.end != boundary) continue;
        if (!copy.defined()) copy = h.clone();
        if (keep.end == boundary) m_policy->keep(m_step, keep, m_starts[keep.first], copy);
        else m_starts[boundary] = copy;
    }
}

Flow CacheTap::enter(int id, TensorRefs in, at::Tensor& out) {
    const int block = m_block_of.at(id);
    if (block == 0) begin_forward(in[0]);
    offer(block, in[0]);
    for (const BlockSkip& skip : m_plan.skips) {
        if (block < skip.first || block >= skip.end) continue;
        out = block != skip.first ? in[0] : skip.absolute ? skip.value : in[0] + skip.value;
        return Flow::skip;
    }
    return Flow::run;
}

void CacheTap::leave(int id, TensorRefs, at::Tensor& out) {
    if (m_block_of.at(id) != m_depth - 1) return;
    offer(m_depth, out);
    ++m_step;
}

TapFactory policy_tap() {
    TapFactory factory;
    factory.info.id = "delta_cache.policy";
    factory.info.title = "Block cache (Δ-Cache)";
    factory.info.help = "Skips blocks of a transformer by reusing what they added at an earlier forward of the same sampling run.";
    factory.info.parameters = cache_parameters();
    factory.info.parameters.insert(factory.info.parameters.begin(),
        Parameter::integer("steps", 20).range(1, 1000).with_label("Forwards in a run").with_group("Caching").with_help("After so many forwards a new sampling run begins and the cache is empty again."));
    factory.make = [](const Json& params, RunContext&) -> std::unique_ptr<Tap> {
        const int steps = params.at("steps").get<int>();
        return std::make_unique<CacheTap>(cache_options_from(params), steps);
    };
    return factory;
}

}
