// delta_cache.sample: the uncached run and the run under a caching policy, step by step next to each other.
#include "core/base/error.h"
#include "core/nn/measures.h"
#include "plugins/delta_cache/engine/cost.h"
#include "plugins/delta_cache/engine/methods.h"
#include "plugins/delta_cache/engine/pictures.h"
#include "plugins/delta_cache/engine/reference.h"
#include <ATen/ATen.h>

namespace lathe::delta_cache {
namespace {

constexpr int kStoredPreviews = 64;        // of a recorded run; longer ones store every n-th step
constexpr std::int64_t kSsimWindow = 11;

/// One run of the method.
class SampleRun {
public:
    SampleRun(RunContext& run, ReferenceStore& store) : m_run(run), m_store(store) {}
    void operator()();

private:
    void show(const char* who, int step, const at::Tensor& start);
    void compare_step(int step, const at::Tensor& sample);
    void report_quality();
    void report_cost();
    void report_pictures();

    RunContext& m_run;
    ReferenceStore& m_store;
    std::shared_ptr<CachedModel> m_model;
    SamplingSettings m_settings;
    CacheSchedule m_schedule;
    std::shared_ptr<ReferenceRun> m_reference;       // null: not wanted
    Trace m_variant;                                 // empty where nothing is cached and no tap is on: the reference is the variant
    std::int64_t m_rows = 0, m_batch = 1, m_cache_bytes = 0;
    double m_worst = 0;
};

void SampleRun::show(const char* who, int step, const at::Tensor& start) {
    const int steps = static_cast<int>(m_schedule.steps.size()), stride = (steps + kStoredPreviews - 1) / kStoredPreviews;
    // A recorded run keeps its steps for the scrubber; those of a live run may be dropped on the way.
    const bool preview = m_run.request().lane == Lane::live || (step % stride != 0 && step + 1 != steps);
    m_run.image(std::string(who) + ".step", step, contact_sheet(to_pictures(start)), preview, {{"t", step}, {"of", steps}});
}

void SampleRun::compare_step(int step, const at::Tensor& sample) {
    const RelativeError error = relative_error(sample, m_reference->trace().samples[static_cast<std::size_t>(step)]);
    m_worst = std::max(m_worst, error.l2);
    m_run.metric("deviation.rel_l2", step, error.l2);
    m_run.metric("deviation.rel_l1", step, error.l1);
    m_run.metric("deviation.cosine", step, error.cosine);
}

void SampleRun::report_quality() {
    const at::Tensor reference = m_reference->trace().samples.back(), variant = m_variant.samples.empty() ? reference : m_variant.samples.back();
    const at::Tensor shown_reference = to_pictures(reference), shown_variant = to_pictures(variant);
    double psnr_sum = 0, ssim_sum = 0;
    const bool large_enough = shown_reference.size(1) >= kSsimWindow && shown_reference.size(2) >= kSsimWindow;
    for (std::int64_t k = 0; k < m_batch; ++k) {
        psnr_sum += psnr(shown_variant[k], shown_reference[k]);
        if (large_enough) ssim_sum += ssim(shown_variant[k], shown_reference[k]);
    }
    const auto bands = band_errors(variant, reference);
    const auto count = static_cast<double>(m_batch);
    m_run.summary("psnr", number_json(psnr_sum / count));
    m_run.summary("ssim", large_enough ? number_json(ssim_sum / count) : Json(nullptr));   // smaller than its window
    m_run.summary("rel_l2", number_json(relative_error(variant, reference).l2));
    m_run.summary("rel_l2_worst_step", number_json(m_worst));
    m_run.summary("bands.low", number_json(bands[0]));
    m_run.summary("bands.mid", number_json(bands[1]));
    m_run.summary("bands.high", number_json(bands[2]));
    m_run.summary("measured_on", are_pixels(reference.size(1)) ? "pixels" : "linear preview of the latents");
}

void SampleRun::report_cost() {
    const DitConfig& config = dit_of(*m_model).dit_config();
    const int steps = static_cast<int>(m_schedule.steps.size()), computed = m_schedule.computed_total();
    const Macs variant = run_macs(config, steps, computed, m_rows), reference = run_macs(config, steps, std::int64_t{config.depth} * steps, m_rows);
    const double seconds = m_variant.samples.empty() ? m_reference->trace().total_seconds() : m_variant.total_seconds();
    m_run.summary("macs_full", variant.full);
    m_run.summary("macs_linear", variant.linear);
    m_run.summary("macs_full_reference", reference.full);
    m_run.summary("macs_linear_reference", reference.linear);
    m_run.summary("blocks_computed", computed);
    m_run.summary("blocks_total", config.depth * steps);
    m_run.summary("speedup_predicted", m_schedule.predicted_speedup());
    m_run.summary("speedup_macs", reference.full / variant.full);
    m_run.summary("seconds_denoising", seconds);
    if (m_reference) {
        m_run.summary("seconds_reference", m_reference->trace().total_seconds());
        m_run.summary("speedup_measured", m_reference->trace().total_seconds() / seconds);
    }
    m_run.summary("cache_bytes", m_cache_bytes);
}

void SampleRun::report_pictures() {
    const at::Tensor variant = m_variant.samples.empty() ? m_reference->trace().samples.back() : m_variant.samples.back();
    const Json meta{{"class", m_settings.label}, {"seed", m_settings.seed}};
    if (m_reference) m_run.image("image.reference", 0, contact_sheet(to_pictures(m_reference->trace().samples.back())), false, meta);
    m_run.image("image.variant", 0, contact_sheet(to_pictures(variant)), false, meta);
    if (m_run.request().lane == Lane::live) return;
    m_run.tensor("sample.variant", 0, variant, meta);
    if (m_reference) m_run.tensor("sample.reference", 0, m_reference->trace().samples.back(), meta);
}

void SampleRun::operator()() {
    const c10::InferenceMode guard;
    const Json& params = m_run.params();
    m_model = open_model(m_run);
    Dit& dit = dit_of(*m_model);
    m_settings = sampling_settings(params, m_model->facts);
    m_batch = params.at("batch").get<std::int64_t>();
    choose_threads(m_run, dit.dit_config(), 2 * m_batch);
    const CacheOptions options = cache_options_from(params);
    const bool cached = options.kind != CacheKind::none;

    const auto sampler = make_sampler(m_settings, dit.dit_config());
    const int steps = sampler->steps();
    m_schedule = make_cache_schedule(options, steps, dit.dit_config().depth);
    if (!m_schedule.unmet.empty())
        m_run.log("warning", std::to_string(m_schedule.unmet.size()) + " painted cells were computed: their blocks had not been computed at any earlier step.");
    if (cached && m_schedule.computed_total() == dit.dit_config().depth * steps) m_run.log("warning", "The caching policy never skips a block.");

    // The reference is what the network does by itself: neither a cache nor what the run's taps make of it.
    const bool changed = cached || !m_run.request().taps.empty();
    const std::string key = reference_key(*m_model, m_settings, m_batch, m_run.request());
    if (params.at("reference").get<bool>() || !changed)
        m_reference = m_store.find(key, [&] { return std::make_shared<ReferenceRun>(m_model, m_settings, m_batch); });
    ScheduledPolicy policy(m_schedule);
    std::optional<Trajectory> variant;
    if (changed)
        variant.emplace(dit, *sampler, batch_labels(m_settings.label, m_batch), m_settings.guidance, NoiseSource(m_settings.seed, sample_shape(dit.dit_config(), m_batch)), cached ? &policy : nullptr);
    m_rows = variant ? variant->rows() : m_reference->rows();

    m_store.warm_up(*m_model, m_rows);
    TapStack &taps = m_run.taps(), untapped;
    for (TapStack* stack : {&taps, &untapped}) {
        stack->set_tick([this] { m_run.check_cancelled(); });
        stack->attach(dit.layers());
    }
    m_run.tensor("noise", 0, variant ? variant->start() : m_reference->noise(), {{"generator", "torch CPU, image k: seed + k"}, {"seed", m_settings.seed}});
    for (int s = 0; s < steps; ++s) {
        m_run.check_cancelled();
        if (m_reference) {
            m_reference->reach(s, &untapped);
            show("reference", s, m_reference->trace().starts[static_cast<std::size_t>(s)]);
            m_run.metric("seconds.reference", s, m_reference->trace().seconds[static_cast<std::size_t>(s)]);
        }
        if (variant) {
            const StepReport report = variant->advance(&taps);
            m_variant.samples.assign(1, variant->sample());   // the newest is enough
            m_variant.seconds.push_back(report.seconds);
            m_run.metric("seconds", s, report.seconds);
        }
        show("variant", s, variant ? variant->pred_x0() : m_reference->trace().starts[static_cast<std::size_t>(s)]);
        m_run.metric("computed_blocks", s, m_schedule.computed(s));
        if (m_reference) compare_step(s, variant ? variant->sample() : m_reference->trace().samples[static_cast<std::size_t>(s)]);
        m_run.progress(s + 1, steps, "step " + std::to_string(s + 1) + " of " + std::to_string(steps));
    }
    m_cache_bytes = policy.peak_bytes();
    if (m_reference) report_quality();
    report_cost();
    report_pictures();
}

}

Method sample_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "delta_cache.sample";
    info.title = "Sample with a block cache";
    info.help = "Draws an image twice, without a cache and with one, and measures what the cache costs in quality and saves in time. Taps act on the second image only.";
    info.source = "Δ-DiT (arXiv 2406.01125)";
    info.parameters = sampling_parameters();
    for (Parameter& parameter : cache_parameters()) info.parameters.push_back(std::move(parameter));
    info.parameters.push_back(Parameter::boolean("reference", true).with_label("Compare with no cache").with_group("Compare").with_help("Also makes the uncached image. It is kept while only caching parameters change.").is_live());
    info.parameters.push_back(Parameter::integer("batch", 1).range(1, 64).with_label("Images").with_group("Sampling").with_help("Images at once, with seeds seed, seed + 1, …").is_live().is_advanced());
    info.inputs = {{"model", "model", "Model", "A DiT checkpoint; without one the Fashion-MNIST demo.", false}};
    info.families = {"dit"};
    info.takes_taps = true;
    info.outputs = {{"variant.step", "image", "Estimate at each step", "", ""}, {"reference.step", "image", "Estimate without a cache", "", ""}, {"image.variant", "image", "Image", "", ""},
        {"image.reference", "image", "Image without a cache", "", ""}, {"noise", "tensor", "Noise it began with", "", ""}, {"sample.variant", "tensor", "Sample", "", ""}, {"sample.reference", "tensor", "Sample without a cache", "", ""},
        {"deviation.rel_l2", "metric", "Deviation, relative L2", "", "lower"}, {"deviation.rel_l1", "metric", "Deviation, relative L1", "", "lower"}, {"deviation.cosine", "metric", "Cosine to the uncached sample", "", "higher"},
        {"computed_blocks", "metric", "Blocks computed", "blocks", "lower"}, {"seconds", "metric", "Time of the model call", "s", "lower"}, {"seconds.reference", "metric", "Time without a cache", "s", ""}};
    const auto store = std::make_shared<ReferenceStore>();
    method.run = [store](RunContext& run) { SampleRun(run, *store)(); };
    return method;
}

}
