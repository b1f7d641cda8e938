#include "core/base/error.h"
#include "core/engine/run_context.h"
#include "plugins/delta_cache/engine/cache_schedule.h"
#include "plugins/delta_cache/engine/cases.h"
#include "plugins/delta_cache/engine/diffusion.h"
#include <ATen/ATen.h>

namespace lathe::delta_cache {
namespace {

CacheOptions cache_options(const VerifyInputs& inputs, const Json& run) {
    CacheOptions options;
    const std::string policy = run.value("policy", "none");
    if (policy == "none" || policy == "nocache") return options;
    if (policy != "delta_cache") throw Error(ErrorCode::unsupported, "This case runs Δ-Cache only.", "policy " + policy);
    const auto whole = [&](const char* key, int fallback) {
        const Json value = case_option(inputs, run, key, fallback);
        return value.is_number() ? value.get<int>() : fallback;
    };
    const auto flag = [&](const char* key) {
        const Json value = case_option(inputs, run, key, false);
        return value.is_boolean() && value.get<bool>();
    };
    options.kind = flag("feature") ? CacheKind::feature : CacheKind::delta;
    options.interval = whole("N", 2);
    options.count = whole("nc", 0);
    options.switch_step = whole("b", 0);
    options.switch_from_end = flag("b_from_end");
    options.refresh_on_switch = flag("refresh_on_switch");
    options.store_both = case_option(inputs, run, "store", "both") != "inforce";
    if (const Json range = case_option(inputs, run, "rng", nullptr); range.is_array() && range.size() == 2) {
        options.mode = CacheMode::range;
        options.first = range[0].get<int>();
        options.end = range[1].get<int>();
    }
    return options;
}

struct PolicyRun { at::Tensor samples, first_cached; std::vector<std::int64_t> computed; };

PolicyRun run_once(const VerifyInputs& inputs, const Json& run, const std::string& tag, const CacheOptions& options, Dit& dit, RunContext& context) {
    const Json steps = case_option(inputs, run, "steps", 20), scale = case_option(inputs, run, "cfg", nullptr), sampler = case_option(inputs, run, "sampler", "ddim");
    // A run with its own step count is respaced to it; the respacing of the defaults belongs to the default step count.
    Json respacing = run.contains("respacing") ? run["respacing"] : case_option(inputs, Json::object(), "respacing", steps.dump());
    if (!run.contains("respacing") && steps != case_option(inputs, Json::object(), "steps", steps)) respacing = steps.dump();
    DiffusionOptions diffusion_options;
    diffusion_options.respacing = respacing.is_string() ? respacing.get<std::string>() : respacing.dump();
    diffusion_options.variance = dit.dit_config().learn_sigma ? Variance::learned_range : Variance::fixed_large;
    const SpacedDiffusion diffusion(diffusion_options);
    const bool ddim = sampler == "ddim";
    const Json eta_option = case_option(inputs, run, "eta", 0.0);
    const double eta = eta_option.is_number() ? eta_option.get<double>() : 0.0;
    const bool needs_noise = !ddim || eta != 0;

    const int depth = dit.dit_config().depth;
    ScheduledPolicy policy(make_cache_schedule(options, diffusion.size(), depth));
    const bool never_skips = policy.schedule().computed_total() == depth * diffusion.size();
    const at::Tensor y = case_input(inputs, tag, "y"), noise = needs_noise ? case_input(inputs, tag, "noise") : at::Tensor();
    DitSchedule schedule(dit, {diffusion.timestep_map.rbegin(), diffusion.timestep_map.rend()}, y);
    at::Tensor x = case_input(inputs, tag, "z");
    PolicyRun out;
    std::vector<at::Tensor> samples;
    for (int s = 0; s < diffusion.size(); ++s) {
        context.check_cancelled();
        const int index = diffusion.size() - 1 - s;
        const double t = diffusion.timestep_map[static_cast<std::size_t>(index)];
        at::Tensor input = x;
        if (scale.is_number()) input = at::cat({x.narrow(0, 0, x.size(0) / 2), x.narrow(0, 0, x.size(0) / 2)});
        const DitModulation& modulation = schedule.at(s);
        at::Tensor output = dit.run(input, modulation, nullptr, &policy, s, t, {times(x.size(0), t), y, modulation.blocks});
        if (scale.is_number()) output = guide(output, scale.get<double>(), 3);
        out.computed.push_back(policy.schedule().computed(s));
        // The first call that skips a block; a run that never skips reports its first call.
        if (!out.first_cached.defined() && (never_skips || out.computed.back() < depth)) out.first_cached = output;
        const at::Tensor drawn = needs_noise ? noise[s] : at::Tensor();
        x = (ddim ? diffusion.ddim_step(index, x, output, eta, drawn) : diffusion.ddpm_step(index, x, output, drawn)).sample;
        samples.push_back(x);
    }
    out.samples = at::stack(samples);
    return out;
}

TensorMap run_policies(const VerifyInputs& inputs, RunContext& context) {
    const c10::InferenceMode guard;
    TensorMap out;
    const Json none = Json::object();
    const auto dit = case_network(inputs, none);
    out["out.nocache.samples"] = run_once(inputs, none, "nocache", {}, *dit, context).samples;
    for (const Json& run : member(inputs.config, "runs", "config")) {
        const std::string tag = string_member(run, "tag", "config.runs");
        PolicyRun made = run_once(inputs, run, tag, cache_options(inputs, run), run.contains("weights") ? *case_network(inputs, run) : *dit, context);
        out["out." + tag + ".samples"] = std::move(made.samples);
        out["mid." + tag + ".computed_blocks"] = at::tensor(made.computed, at::kLong);
        out["mid." + tag + ".model_out_first_cached"] = std::move(made.first_cached);
    }
    if (const auto study = inputs.config.find("role_study"); study != inputs.config.end()) {
        CacheOptions options;
        options.kind = CacheKind::delta;
        options.mode = CacheMode::range;
        options.interval = study->value("N", 2);
        const int width = study->value("width", 1);
        for (int first = 0; first + width <= dit->dit_config().depth; ++first) {
            options.first = first;
            options.end = first + width;
            const std::string name = "role_" + std::to_string(options.first) + "_" + std::to_string(options.end);
            out["out." + name + ".final"] = run_once(inputs, none, name, options, *dit, context).samples[-1];
        }
    }
    return out;
}

}

VerifyCase policy_case() {
    VerifyCase out;
    out.id = "delta_cache/policy.delta_cache";
    out.tolerances = {{"mid.*.computed_blocks", "exact", 0}, {"*", "rel_l2", kTrajectoryTolerance}};
    out.run = run_policies;
    return out;
}

}
