// delta_cache.study: which blocks carry what. A window of blocks is cached for the whole run, and the error of the image is split by frequency: low = outline,
// high = detail. One window after another, over several seeds (spec section 4, item 5, and 7.3).
#include "core/base/error.h"
#include "core/nn/measures.h"
#include "plugins/delta_cache/engine/methods.h"
#include "plugins/delta_cache/engine/reference.h"
#include <ATen/ATen.h>
#include <array>

namespace lathe::delta_cache {
namespace {

constexpr std::array kMeasures{"low", "mid", "high", "rel_l2"};

struct Roles {
    std::int64_t images = 0;
    std::array<double, kMeasures.size()> sum{};
    double mean(std::size_t i) const { return images > 0 ? sum[i] / static_cast<double>(images) : 0; }
};

at::Tensor final_sample(Dit& dit, const SamplingSettings& settings, std::int64_t batch, CachePolicy* policy, TapStack& taps, const std::function<void()>& stepped) {
    const auto sampler = make_sampler(settings, dit.dit_config());
    Trajectory trajectory(dit, *sampler, batch_labels(settings.label, batch), settings.guidance, NoiseSource(settings.seed, sample_shape(dit.dit_config(), batch)), policy);
    while (!trajectory.done()) {
        trajectory.advance(&taps);
        stepped();
    }
    return trajectory.sample();
}

void add(Roles& roles, const at::Tensor& variant, const at::Tensor& reference) {
    for (std::int64_t k = 0; k < variant.size(0); ++k) {
        const auto bands = band_errors(variant[k], reference[k]);
        for (std::size_t i = 0; i < bands.size(); ++i) roles.sum[i] += bands[i];
        roles.sum.back() += relative_error(variant[k], reference[k]).l2;
        ++roles.images;
    }
}

/// CSV step,t,columns: the window in the place of the step.
void series(RunContext& run, const std::vector<Roles>& roles) {
    std::string text = "step,t";
    for (const char* name : kMeasures) text += std::string(",") + name;
    for (std::size_t w = 0; w < roles.size(); ++w) {
        text += "\r\n" + std::to_string(w) + "," + std::to_string(w);
        for (std::size_t i = 0; i < kMeasures.size(); ++i) text += "," + number_text(roles[w].mean(i));
    }
    text += "\r\n";
    Artifact out;
    out.key = "roles.curve";
    out.kind = "series";
    out.media = "text/csv";
    out.shape = {static_cast<std::int64_t>(roles.size()), static_cast<std::int64_t>(kMeasures.size() + 2)};
    out.bytes = std::make_shared<const std::string>(std::move(text));
    run.artifact(std::move(out));
}

void table(RunContext& run, const std::vector<Roles>& roles, int width) {
    std::vector<std::vector<Json>> rows;
    for (std::size_t w = 0; w < roles.size(); ++w) {
        std::vector<Json> row{static_cast<std::int64_t>(w), static_cast<std::int64_t>(w) + width};
        for (std::size_t i = 0; i < kMeasures.size(); ++i) row.push_back(roles[w].mean(i));
        row.push_back(roles[w].images);
        rows.push_back(std::move(row));
    }
    run.table("roles", {"first_block", "end_block", "outline_error", "texture_error", "detail_error", "rel_l2", "images"}, rows, {{"width", width}});
}

void run_study(RunContext& run) {
    const c10::InferenceMode guard;
    const Json& params = run.params();
    const auto model = open_model(run);
    Dit& dit = dit_of(*model);
    SamplingSettings settings = sampling_settings(params, model->facts);
    const int depth = dit.dit_config().depth, width = params.at("width").get<int>();
    const std::int64_t images = params.at("seeds").get<std::int64_t>(), at_once = std::min<std::int64_t>(images, params.at("batch").get<std::int64_t>());
    const bool all_classes = params.at("classes") == "all";
    const std::int64_t classes = dit.dit_config().num_classes, first_label = settings.label, first_seed = settings.seed;
    if (width > depth) throw Error(ErrorCode::invalid_value, "The window is wider than the model is deep.", "width " + std::to_string(width) + ", depth " + std::to_string(depth), "Choose a smaller window.");

    CacheOptions options;
    options.kind = CacheKind::delta;
    options.mode = CacheMode::range;
    options.interval = params.at("interval").get<int>();
    const int windows = depth - width + 1;
    choose_threads(run, dit.dit_config(), 2 * at_once);
    const std::int64_t batches = (images + at_once - 1) / at_once;

    TapStack& taps = run.taps();
    taps.set_tick([&run] { run.check_cancelled(); });
    taps.attach(dit.layers());
    const double total = static_cast<double>(batches) * (windows + 1) * settings.steps;
    double done = 0;
    std::string note;
    const auto stepped = [&] { run.progress(++done, total, note); };

    // Batch after batch over all windows: the table grows finer while it runs, and a cancelled study has seen every window.
    std::vector<Roles> roles(static_cast<std::size_t>(windows));
    for (std::int64_t b = 0; b < batches; ++b) {
        const std::int64_t count = std::min(at_once, images - b * at_once);
        settings.seed = first_seed + b * at_once;
        settings.label = all_classes ? (first_label + b) % classes : first_label;
        note = "reference, seeds " + std::to_string(settings.seed) + " to " + std::to_string(settings.seed + count - 1);
        const at::Tensor reference = final_sample(dit, settings, count, nullptr, taps, stepped);
        for (int w = 0; w < windows; ++w) {
            options.first = w;
            options.end = w + width;
            note = "blocks " + std::to_string(w) + " to " + std::to_string(w + width - 1);
            ScheduledPolicy policy(make_cache_schedule(options, settings.steps, depth));
            Roles& role = roles[static_cast<std::size_t>(w)];
            add(role, final_sample(dit, settings, count, &policy, taps, stepped), reference);
            for (std::size_t i = 0; i < kMeasures.size(); ++i) run.metric(std::string("role.") + kMeasures[i], b * windows + w, role.mean(i));
        }
        table(run, roles, width);
    }
    series(run, roles);
    const auto most = [&](std::size_t i) {
        return std::max_element(roles.begin(), roles.end(), [i](const Roles& a, const Roles& b) { return a.mean(i) < b.mean(i); }) - roles.begin();
    };
    run.summary("windows", windows);
    run.summary("images", images);
    run.summary("outline_window", most(0));
    run.summary("detail_window", most(2));
}

}

Method study_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "delta_cache.study";
    info.title = "Study the roles of blocks";
    info.help = "Caches one window of blocks after another and shows which ones the outline and which ones the details of the image depend on.";
    info.source = "Δ-DiT (arXiv 2406.01125), sec. 3";
    info.parameters = sampling_parameters();
    const std::string group = "Study";
    info.parameters.push_back(Parameter::integer("width", 3).range(1, "$model.depth").with_label("Window").with_unit("blocks").with_group(group).with_help("How many neighbouring blocks are cached together."));
    info.parameters.push_back(Parameter::integer("interval", 2).range(1, "$param.steps").with_label("Interval N").with_unit("steps").with_group(group).with_help("Every N-th step computes all blocks."));
    info.parameters.push_back(Parameter::integer("seeds", 64).range(1, 100'000).with_label("Images").with_group(group).with_help("Over how many seeds the errors are averaged."));
    info.parameters.push_back(Parameter::choice("classes", "all", {{"all", "All in turn", "A batch of each class after the other"}, {"one", "The chosen class", ""}}).with_label("Classes").with_group(group).with_help("Which classes the images are of."));
    info.parameters.push_back(Parameter::integer("batch", 8).range(1, 256).with_label("At once").with_unit("images").with_group(group).with_help("Images computed together: more is faster and takes more memory.").is_advanced());
    info.inputs = {{"model", "model", "Model", "A DiT checkpoint; without one the Fashion-MNIST demo.", false}};
    info.families = {"dit"};
    info.takes_taps = true;
    info.outputs = {{"roles", "table", "Errors by window", "", ""}, {"roles.curve", "series", "Errors by window", "", ""}, {"role.low", "metric", "Outline error", "", "lower"},
        {"role.mid", "metric", "Texture error", "", "lower"}, {"role.high", "metric", "Detail error", "", "lower"}, {"role.rel_l2", "metric", "Relative L2", "", "lower"}};
    for (Parameter& parameter : info.parameters) parameter.live = false;
    method.run = run_study;
    return method;
}

}
