#pragma once
// The parameters of this plugin's methods: one declaration for form, command line and check, and their reading.
#include "core/method/parameter.h"
#include "plugins/delta_cache/engine/cache_schedule.h"
#include "plugins/delta_cache/engine/sampler.h"
#include "plugins/delta_cache/engine/trajectory.h"

namespace lathe::delta_cache {

/// class, seed, steps, guidance, guidance.channels, sampler, eta, clip
std::vector<Parameter> sampling_parameters();
/// policy, cache.mode, cache.interval, cache.count, cache.switch, cache.switch_from_end, cache.range, cache.store_both, cache.refresh, cache.map
std::vector<Parameter> cache_parameters();

struct SamplingSettings {
    std::int64_t label = 0, seed = 0;
    int steps = 20;
    Guidance guidance;
    std::string sampler;
    double eta = 0;
    bool clip = false;
};
/// `facts`: of the model, for the class names. Throws Error(invalid_value).
SamplingSettings sampling_settings(const Json& params, const Json& facts);
CacheOptions cache_options_from(const Json& params);

std::unique_ptr<Sampler> make_sampler(const SamplingSettings& settings, const DitConfig& config);

}
