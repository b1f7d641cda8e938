#include "core/base/error.h"
#include "core/engine/run_context.h"
#include "plugins/delta_cache/engine/cases.h"
#include "plugins/delta_cache/engine/diffusion.h"
#include "plugins/delta_cache/engine/schedulers.h"
#include <ATen/ATen.h>

namespace lathe::delta_cache {
namespace {

std::string text_option(const VerifyInputs& inputs, const Json& run, const char* key, const std::string& fallback) {
    const Json value = case_option(inputs, run, key, fallback);
    return value.is_string() ? value.get<std::string>() : value.is_null() ? fallback : value.dump();
}

bool mentions(std::string text, std::string_view word) {
    std::erase_if(text, [](char c) { return c == '_' || c == '-'; });
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text.find(word) != std::string::npos;
}

/// The kind of variance: learned where the network gives it, else FIXED_LARGE unless the run says FIXED_SMALL (sigma_small, or in words).
Variance variance_of(const VerifyInputs& inputs, const Json& run, const DitConfig& config) {
    const Json small = case_option(inputs, run, "sigma_small", false);
    bool fixed_small = small.is_boolean() && small.get<bool>(), fixed = config.learn_sigma == false;
    for (const char* key : {"variance", "var_type", "var", "model_var_type", "sigma", "tag"}) {
        const std::string words = text_option(inputs, run, key, "");
        fixed_small = fixed_small || mentions(words, "fixedsmall");
        fixed = fixed || mentions(words, "fixedsmall") || mentions(words, "fixedlarge");
    }
    if (!fixed) return Variance::learned_range;
    return fixed_small ? Variance::fixed_small : Variance::fixed_large;
}

void add_tables(const SpacedDiffusion& d, const std::string& prefix, TensorMap& out) {
    const std::vector<std::int64_t> map(d.timestep_map.begin(), d.timestep_map.end());
    out[prefix + "timestep_map"] = at::tensor(map, at::kLong);
    const std::pair<const char*, const std::vector<double>*> tables[] = {{"betas", &d.betas}, {"alphas_cumprod", &d.alphas_cumprod}, {"alphas_cumprod_prev", &d.alphas_cumprod_prev},
        {"alphas_cumprod_next", &d.alphas_cumprod_next}, {"sqrt_alphas_cumprod", &d.sqrt_alphas_cumprod}, {"sqrt_one_minus_alphas_cumprod", &d.sqrt_one_minus_alphas_cumprod},
        {"log_one_minus_alphas_cumprod", &d.log_one_minus_alphas_cumprod}, {"sqrt_recip_alphas_cumprod", &d.sqrt_recip_alphas_cumprod},
        {"sqrt_recipm1_alphas_cumprod", &d.sqrt_recipm1_alphas_cumprod}, {"posterior_variance", &d.posterior_variance},
        {"posterior_log_variance_clipped", &d.posterior_log_variance_clipped}, {"posterior_mean_coef1", &d.posterior_mean_coef1}, {"posterior_mean_coef2", &d.posterior_mean_coef2}};
    for (const auto& [name, values] : tables) out[prefix + name] = table(*values);
}

void run_official(const VerifyInputs& inputs, const Json& run, RunContext& context, TensorMap& out) {
    const std::string tag = string_member(run, "tag", "config.runs");
    const auto dit = case_network(inputs, run);
    DiffusionOptions options;
    options.respacing = text_option(inputs, run, "resp", "");
    options.variance = variance_of(inputs, run, dit->dit_config());
    options.clip_denoised = case_option(inputs, run, "clip_denoised", false).get<bool>();
    options.predict_xstart = case_option(inputs, run, "predict_xstart", false).get<bool>();
    options.total_steps = case_option(inputs, run, "diffusion_steps", 1000).get<int>();
    const SpacedDiffusion diffusion(options);
    const bool ddim = text_option(inputs, run, "mode", "ddpm") == "ddim";
    const Json eta_option = case_option(inputs, run, "eta", 0.0), scale = case_option(inputs, run, "scale", nullptr);
    const double eta = eta_option.is_number() ? eta_option.get<double>() : 0.0;
    const bool needs_noise = !ddim || eta != 0;
    const at::Tensor y = case_input(inputs, tag, "y"), noise = needs_noise ? case_input(inputs, tag, "noise") : at::Tensor();
    at::Tensor x = case_input(inputs, tag, "z");

    std::vector<at::Tensor> samples, starts;
    at::Tensor first, last;
    for (int index = diffusion.size() - 1, k = 0; index >= 0; --index, ++k) {
        context.check_cancelled();
        const at::Tensor t = times(x.size(0), diffusion.timestep_map[static_cast<std::size_t>(index)]);
        last = scale.is_number() ? dit->forward_with_cfg(x, t, y, scale.get<double>(), 3) : dit->forward({x, t, y}, nullptr);
        if (k == 0) first = last;
        const at::Tensor drawn = needs_noise ? noise[k] : at::Tensor();
        // A network that learns its variance still gives the extra channels where a fixed one is asked for.
        SampleStep made = ddim ? diffusion.ddim_step(index, x, last, eta, drawn) : diffusion.ddpm_step(index, x, last, drawn);
        x = made.sample;
        samples.push_back(std::move(made.sample));
        starts.push_back(std::move(made.pred_x0));
    }
    const std::string mid = "mid." + tag + ".";
    out["out." + tag + ".samples"] = at::stack(samples);
    out[mid + "pred_xstart"] = at::stack(starts);
    out[mid + "pred_xstart_last"] = starts.back();
    out[mid + "model_out_first"] = first;
    out[mid + "model_out_last"] = last;
    add_tables(diffusion, mid, out);
}

TensorMap run_samplers(const VerifyInputs& inputs, RunContext& context) {
    const c10::InferenceMode guard;
    TensorMap out;
    out["mid.base.betas_f64_as_f32"] = table(linear_betas(1000));
    for (const Json& run : member(inputs.config, "runs", "config")) run_official(inputs, run, context, out);
    return out;
}

void run_diffusers_scheduler(const VerifyInputs& inputs, const Json& run, RunContext& context, TensorMap& out) {
    const std::string tag = string_member(run, "tag", "config.runs");
    const auto dit = case_network(inputs, run);
    const DitConfig& config = dit->dit_config();
    const Json eta = case_option(inputs, run, "eta", 0.0), scale = case_option(inputs, run, "cfg", nullptr);
    const auto scheduler = make_scheduler(string_member(run, "cls", "config.runs"), static_cast<int>(int_member(run, "steps", "config.runs")), run.value("kw", Json::object()),
        eta.is_number() ? eta.get<double>() : 0.0);
    const at::Tensor cond = has_case_input(inputs, tag, "y_cond") ? case_input(inputs, tag, "y_cond") : case_input(inputs, tag, "y");
    const bool guided = scale.is_number();
    const at::Tensor y = guided ? at::cat({cond, at::full_like(cond, config.null_class())}) : cond;
    at::Tensor x = case_input(inputs, tag, "z") * scheduler->initial_scale(), first, last;
    std::vector<at::Tensor> samples, starts;
    for (int s = 0; s < scheduler->steps(); ++s) {
        context.check_cancelled();
        at::Tensor input = scheduler->model_input(x, s);
        if (guided) input = at::cat({input, input});
        last = dit->forward({input, times(input.size(0), scheduler->timestep(s)), y}, nullptr).narrow(1, 0, config.in_channels);
        if (guided) last = guide(last, scale.get<double>(), config.in_channels).narrow(0, 0, x.size(0));
        if (s == 0) first = last;
        SampleStep made = scheduler->step(s, x, last, scheduler->uses_noise(s) ? case_input(inputs, tag, "noise")[s] : at::Tensor());
        x = made.sample;
        samples.push_back(std::move(made.sample));
        starts.push_back(std::move(made.pred_x0));
    }
    const std::string mid = "mid." + tag + ".";
    out["out." + tag + ".samples"] = at::stack(samples);
    out[mid + "pred_original_sample"] = at::stack(starts);
    out[mid + "eps_first"] = first;
    out[mid + "eps_last"] = last;
    out[mid + "timesteps"] = table(scheduler->timesteps());
    if (!scheduler->sigmas().empty()) out[mid + "sigmas"] = table(scheduler->sigmas());
}

TensorMap run_schedulers(const VerifyInputs& inputs, RunContext& context) {
    const c10::InferenceMode guard;
    TensorMap out;
    for (const Json& run : member(inputs.config, "runs", "config")) run_diffusers_scheduler(inputs, run, context, out);
    return out;
}

}

VerifyCase samplers_case() {
    VerifyCase out;
    out.id = "delta_cache/dit.samplers";
    out.tolerances = {{"mid.*timestep_map", "exact", 0}, {"out.*", "rel_l2", kTrajectoryTolerance}, {"mid.*pred_xstart*", "rel_l2", kTrajectoryTolerance},
        {"mid.*model_out_first", "rel_l2", kForwardTolerance}, {"mid.*model_out_last", "rel_l2", kTrajectoryTolerance}, {"mid.*", "rel_l2", kTableTolerance}};
    out.run = run_samplers;
    return out;
}

VerifyCase schedulers_case() {
    VerifyCase out;
    out.id = "delta_cache/dit.schedulers";
    out.tolerances = {{"mid.*.timesteps", "exact", 0}, {"mid.*.sigmas", "rel_l2", kTableTolerance}, {"mid.*.eps_first", "rel_l2", kForwardTolerance}, {"*", "rel_l2", kTrajectoryTolerance}};
    out.run = run_schedulers;
    return out;
}

}
