#include "plugins/delta_cache/engine/settings.h"
#include "core/base/error.h"
#include "plugins/delta_cache/engine/diffusion.h"
#include "plugins/delta_cache/engine/schedulers.h"
#include <charconv>

namespace lathe::delta_cache {
namespace {

constexpr const char* kPaper = "Δ-DiT (arXiv 2406.01125), sec. 4";

}

std::vector<Parameter> sampling_parameters() {
    const std::string group = "Sampling";
    std::vector<Parameter> out;
    Parameter label = Parameter::choice("class", "0", {});
    label.choices_from = "$model.classes";
    out.push_back(label.with_label("Class").with_group(group).with_help("What to draw: a class the model was trained on, by name or number.").is_live());
    out.push_back(Parameter::seed("seed", 20417).with_label("Seed").with_group(group).with_help("Fixes the noise. Image k of a batch uses seed + k.").is_live());
    out.push_back(Parameter::integer("steps", 20).range(2, 1000).with_label("Steps").with_group(group).with_help("Model calls from noise to image.").is_live());
    out.push_back(Parameter::number("guidance", 4.0).range(0.0, 20.0).with_step(0.1).with_label("Guidance").with_unit("×").with_group(group)
                      .with_help("How strongly the class pulls (classifier-free guidance). 1: off, half the cost.").with_source("Ho and Salimans, 2022").is_live());
    out.push_back(Parameter::choice("guidance.channels", "3", {{"3", "First 3 channels", "As the official DiT code does"}, {"4", "All channels", "As diffusers does; the same for models with fewer channels"}})
                      .with_label("Channels").with_group(group).with_help("The official DiT guides the first three of four latent channels only.").is_live().is_advanced());
    out.push_back(Parameter::choice("sampler", "ddim",
        {{"ddim", "DDIM", "Official DiT code"}, {"ddpm", "DDPM", "Official DiT code, adds noise at every step"}, {"dpmpp_2m", "DPM-Solver++ 2M", "As in diffusers"}, {"euler", "Euler", "As in diffusers"},
            {"ddim_diffusers", "DDIM (diffusers)", "Leading time steps"}})
                      .with_label("Sampler").with_group(group).with_help("How the noise is taken away step by step.").is_live());
    out.push_back(Parameter::number("eta", 0.0).range(0.0, 1.0).with_step(0.05).with_label("η").with_group(group).with_help("Share of fresh noise in DDIM: 0 none, 1 as much as DDPM.")
                      .with_source("Song et al., DDIM, eq. 16").is_live().when("sampler", {"ddim", "ddim_diffusers"}));
    out.push_back(Parameter::boolean("clip", false).with_label("Clip the estimate").with_group(group).with_help("Holds the estimated image in [−1, 1] at every step. For pixels; leave it off for latents.")
                      .is_live().is_advanced().when("sampler", {"ddim", "ddpm", "ddim_diffusers"}));
    return out;
}

std::vector<Parameter> cache_parameters() {
    const std::string group = "Caching";
    const std::vector<Json> ranged{"delta", "feature"};
    std::vector<Parameter> out;
    out.push_back(Parameter::choice("policy", "delta", {{"none", "No cache", "Every block at every step"}, {"delta", "Δ-Cache", "Reuse what a range of blocks added"},
        {"feature", "Feature cache", "Reuse the hidden state itself: the control that fails"}, {"painted", "Painted map", "Any step × block map"}})
                      .with_label("Policy").with_group(group).with_help("Which blocks are computed at which step.").with_source(kPaper).is_live());
    out.push_back(Parameter::choice("cache.mode", "stage", {{"stage", "Stage rule", "Rear blocks first, then front blocks"}, {"range", "One range", "The same blocks for the whole run"}})
                      .with_label("Rule").with_group(group).with_help("Δ-DiT caches the rear blocks while the outline is made and the front blocks while details are.").with_source(kPaper).is_live().when("policy", ranged));
    out.push_back(Parameter::integer("cache.interval", 2).range(1, "$param.steps").with_label("Interval N").with_unit("steps").with_group(group)
                      .with_help("Every N-th step computes all blocks.").with_source(kPaper).is_live().when("policy", ranged));
    out.push_back(Parameter::integer("cache.count", 9).range(0, "$model.depth").with_label("Cached Nc").with_unit("blocks").with_group(group)
                      .with_help("How many blocks are skipped at the other steps.").with_source(kPaper).is_live().when("policy", ranged).when("cache.mode", {"stage"}));
    out.push_back(Parameter::integer("cache.switch", 10).range(0, "$param.steps").with_label("Switch b").with_unit("steps").with_group(group)
                      .with_help("So many steps skip rear blocks; the steps after them skip front blocks.").with_source(kPaper).is_live().when("policy", ranged).when("cache.mode", {"stage"}));
    out.push_back(Parameter::boolean("cache.switch_from_end", false).with_label("Count b from the end").with_group(group)
                      .with_help("The last b steps skip front blocks. Both directions are found in the literature.").is_live().is_advanced().when("policy", ranged).when("cache.mode", {"stage"}));
    out.push_back(Parameter::int_range("cache.range", 0, 9).range(0, "$model.depth").with_label("Range").with_unit("block").with_group(group)
                      .with_help("The blocks that are skipped, the same at every cached step.").with_source(kPaper).is_live().when("policy", ranged).when("cache.mode", {"range"}));
    out.push_back(Parameter::boolean("cache.store_both", true).with_label("Store Δ of both ranges").with_group(group)
                      .with_help("A full step stores rear and front, so that the switch needs no extra full step.").is_live().when("policy", ranged).when("cache.mode", {"stage"}));
    out.push_back(Parameter::boolean("cache.refresh", false).with_label("Full step at the switch").with_group(group)
                      .with_help("Step b computes every block.").is_live().when("policy", ranged).when("cache.mode", {"stage"}));
    out.push_back(Parameter::grid("cache.map", "$model.depth", "$param.steps").with_label("Map").with_group(group)
                      .with_help("One cell for each block and step; 1 reuses what the block added when it was last computed.").is_live().when("policy", {"painted"}));
    return out;
}

SamplingSettings sampling_settings(const Json& params, const Json& facts) {
    SamplingSettings out;
    const Json& label = params.at("class");
    if (label.is_number_integer()) {
        out.label = label.get<std::int64_t>();
    } else {
        const std::string name = label.get<std::string>();
        const Json classes = facts.value("classes", Json::array());
        const auto found = std::find(classes.begin(), classes.end(), Json(name));
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), out.label);
        if (found != classes.end()) out.label = found - classes.begin();
        else if (error != std::errc() || end != name.data() + name.size())
            throw Error(ErrorCode::invalid_value, "The model does not know this class.", "class " + name, classes.empty() ? "Give its number." : "Known: " + classes.dump() + ".");
    }
    out.seed = params.at("seed").get<std::int64_t>();
    out.steps = params.at("steps").get<int>();
    out.guidance = {params.at("guidance").get<double>(), params.at("guidance.channels") == "4" ? 4 : 3};
    out.sampler = params.at("sampler").get<std::string>();
    out.eta = params.at("eta").get<double>();
    out.clip = params.at("clip").get<bool>();
    return out;
}

CacheOptions cache_options_from(const Json& params) {
    CacheOptions out;
    const std::string policy = params.at("policy").get<std::string>();
    out.kind = policy == "delta" ? CacheKind::delta : policy == "feature" ? CacheKind::feature : policy == "painted" ? CacheKind::painted : CacheKind::none;
    out.mode = params.at("cache.mode") == "range" ? CacheMode::range : CacheMode::stage;
    out.interval = params.at("cache.interval").get<int>();
    out.count = params.at("cache.count").get<int>();
    out.switch_step = params.at("cache.switch").get<int>();
    out.switch_from_end = params.at("cache.switch_from_end").get<bool>();
    out.first = params.at("cache.range").at(0).get<int>();
    out.end = params.at("cache.range").at(1).get<int>();
    out.store_both = params.at("cache.store_both").get<bool>();
    out.refresh_on_switch = params.at("cache.refresh").get<bool>();
    if (out.kind == CacheKind::painted)
        for (const Json& cell : params.at("cache.map").at("data")) out.map.push_back(cell.get<int>() != 0);
    return out;
}

std::unique_ptr<Sampler> make_sampler(const SamplingSettings& settings, const DitConfig& config) {
    if (settings.sampler == "dpmpp_2m") return make_scheduler("DPMSolverMultistepScheduler", settings.steps, Json::object());
    if (settings.sampler == "euler") return make_scheduler("EulerDiscreteScheduler", settings.steps, Json::object());
    if (settings.sampler == "ddim_diffusers") return make_scheduler("DDIMScheduler", settings.steps, {{"clip_sample", settings.clip}}, settings.eta);
    DiffusionOptions options;
    options.respacing = std::to_string(settings.steps);
    options.variance = config.learn_sigma ? Variance::learned_range : Variance::fixed_large;
    options.clip_denoised = settings.clip;
    if (settings.sampler == "ddpm") return std::make_unique<DdpmSampler>(options);
    return std::make_unique<DdimSampler>(options, settings.eta);
}

}
