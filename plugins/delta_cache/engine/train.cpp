#include "plugins/delta_cache/engine/train.h"
#include "core/base/time.h"
#include "core/engine/registry.h"
#include "plugins/delta_cache/engine/dit_trainer.h"
#include "plugins/delta_cache/engine/evaluate.h"
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

namespace lathe::delta_cache {
namespace {

constexpr int kMetricSteps = 50, kPreviewPictures = 80, kPreviewSteps = 20;
constexpr double kPreviewGuidance = 2.0;

std::vector<Parameter> parameters() {
    const TrainOptions o;
    return {
        Parameter::integer("images", o.images).range(1000, 100'000'000).with_label("Images").with_group("Training").with_help("Pictures seen in all. The learning rate falls at the end, so a run can be prolonged only from before the fall."),
        Parameter::integer("batch", o.batch).range(1, 4096).with_label("Batch").with_group("Training"),
        Parameter::number("lr", o.lr).range(1e-7, 1).is_log().with_label("Learning rate").with_group("Training"),
        Parameter::integer("warmup", o.warmup).range(0, 1'000'000).with_label("Warm-up").with_unit("steps").with_group("Training"),
        Parameter::number("decay_share", o.decay_share).range(0, 1).with_label("Fall").with_group("Training").with_help("Share of the steps, at the end, in which the learning rate falls to zero."),
        Parameter::number("weight_decay", o.weight_decay).range(0, 1).with_label("Weight decay").with_group("Training").with_source("AdamW, arXiv 1711.05101"),
        Parameter::number("beta2", o.beta2).range(0.5, 0.99999).with_label("Beta 2").with_group("Training").is_advanced(),
        Parameter::number("clip", o.clip).range(0, 1e6).with_label("Gradient limit").with_group("Training").with_help("Longest gradient; 0: none.").is_advanced(),
        Parameter::number("ema", o.ema).range(0, 0.999999).with_label("Weight average").with_group("Training").with_help("Final decay of the moving average that becomes the model."),
        Parameter::number("snr_limit", o.snr_limit).range(0, 1000).with_label("Min-SNR limit").with_group("Training").with_help("Weight of a time step is min(SNR, limit) / SNR; 0: all weigh the same.").with_source("Min-SNR, arXiv 2303.09556"),
        Parameter::number("label_dropout", o.model.class_dropout).range(0.01, 0.9).with_label("Label dropout").with_group("Training").with_help("Share of the pictures that are learned without their class: guidance needs it."),
        Parameter::choice("precision", "auto", {{"auto", "Faster one", "bfloat16 products where they are faster on this computer"}, {"f32", "float", ""}, {"bf16", "bfloat16 products", ""}}).with_label("Precision").with_group("Training"),
        Parameter::integer("hidden", 128).range(8, 4096).with_label("Width").with_group("Network"),
        Parameter::integer("depth", 12).range(1, 64).with_label("Blocks").with_group("Network"),
        Parameter::integer("heads", 4).range(1, 64).with_label("Heads").with_group("Network"),
        Parameter::integer("patch", 4).range(1, 28).with_label("Patch").with_unit("pixels").with_group("Network"),
        Parameter::seed("seed", 0).with_label("Seed").with_group("Training"),
        Parameter::integer("preview_steps", 500).range(0, 1'000'000).with_label("Preview every").with_unit("steps").with_group("Preview").with_help("0: only at the end.").is_advanced(),
        Parameter::number("checkpoint_minutes", 5).range(0.01, 60).with_label("Checkpoint every").with_unit("min").with_group("Preview").is_advanced(),
    };
}

/// bfloat16 products are twice as fast on some processors and half as fast on others.
bool half_is_faster(const TrainOptions& o) {
    const c10::InferenceMode inference;
    const at::Tensor x = at::randn({std::int64_t{o.batch} * o.model.tokens(), o.model.hidden}), w = at::randn({o.model.mlp_hidden(), o.model.hidden});
    const at::Tensor hx = x.to(at::kBFloat16), hw = w.to(at::kBFloat16);
    const auto best_of = [](const at::Tensor& a, const at::Tensor& b) {
        double best = 1e9;
        for (int i = 0; i < 6; ++i) {
            const double start = monotonic_seconds();
            at::linear(a, b);
            best = std::min(best, monotonic_seconds() - start);
        }
        return best;
    };
    return best_of(hx, hw) < 0.8 * best_of(x, w);
}

TrainOptions options_from(const Json& p) {
    TrainOptions o;
    o.images = p.at("images").get<std::int64_t>();
    o.batch = p.at("batch").get<int>();
    o.lr = number_from(p.at("lr"), "lr");
    o.warmup = p.at("warmup").get<int>();
    o.decay_share = number_from(p.at("decay_share"), "decay_share");
    o.weight_decay = number_from(p.at("weight_decay"), "weight_decay");
    o.beta2 = number_from(p.at("beta2"), "beta2");
    o.clip = number_from(p.at("clip"), "clip");
    o.ema = number_from(p.at("ema"), "ema");
    o.snr_limit = number_from(p.at("snr_limit"), "snr_limit");
    o.seed = p.at("seed").get<std::uint64_t>();
    o.model = dit_config_from({{"input_size", 28}, {"patch_size", p.at("patch")}, {"in_channels", 1}, {"hidden_size", p.at("hidden")}, {"depth", p.at("depth")}, {"num_heads", p.at("heads")},
        {"num_classes", kFashionClasses.size()}, {"learn_sigma", false}, {"class_dropout_prob", p.at("label_dropout")}});
    const std::string precision = p.at("precision").get<std::string>();
    o.half = precision == "bf16" || (precision == "auto" && half_is_faster(o));
    return o;
}

/// One run of the method.
class TrainRun {
public:
    explicit TrainRun(RunContext& run) : m_run(run), m_trainer(options_from(run.params()), data(run)) {}

    void operator()() {
        const TrainOptions& o = m_trainer.options();
        m_run.log("info", std::string("Products in ") + (o.half ? "bfloat16." : "float."));
        TapStack& taps = m_run.taps();
        taps.set_tick([this] { m_run.check_cancelled(); });
        taps.attach(m_trainer.network().layers());
        TrainingRhythm rhythm;
        rhythm.metric_steps = kMetricSteps;
        rhythm.measure_steps = m_run.params().at("preview_steps").get<std::int64_t>();
        rhythm.checkpoint_seconds = number_from(m_run.params().at("checkpoint_minutes"), "checkpoint_minutes") * 60;
        rhythm.batch = o.batch;
        rhythm.speed = "images_per_s";
        train(m_run, m_trainer, rhythm, [&] { return m_trainer.step(&taps); }, [this](std::int64_t step) { show(step); });

        Json config = to_json(o.model);
        config["classes"] = kFashionClasses;
        give_model(m_run, m_trainer.steps_done(), "dit.safetensors", m_trainer.average(), config);
        m_run.summary("images", m_trainer.steps_done() * o.batch);
        m_run.summary("precision", o.half ? "bf16" : "f32");
    }

private:
    static LabelledImages data(RunContext& run) {
        const InputAsset* given = run.input("data");
        return load_fashion_mnist(find_fashion_mnist(given ? given->path : std::string()), true);
    }

    void show(std::int64_t step) {
        const at::Tensor labels = at::arange(kPreviewPictures, at::kLong).remainder(std::int64_t(kFashionClasses.size()));
        const at::Tensor pictures = sample_pixels(m_trainer.options().model, m_trainer.average(), labels, kPreviewSteps, kPreviewGuidance, 1, [this] { m_run.check_cancelled(); });
        m_run.image("samples", step, picture_grid(pictures, int(kFashionClasses.size())), false, {{"step", step}, {"guidance", kPreviewGuidance}, {"sampler_steps", kPreviewSteps}});
    }

    RunContext& m_run;
    DitTrainer m_trainer;
};

Method train_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "delta_cache.train";
    info.title = "Train a small DiT";
    info.help = "Trains a class-conditional diffusion transformer on Fashion-MNIST, in pixels.";
    info.source = "DiT (arXiv 2212.09748)";
    info.parameters = parameters();
    info.inputs = {{"data", "data", "Fashion-MNIST", "Its folder; empty: the Debian package dataset-fashion-mnist.", false}};
    info.outputs = {{"loss", "metric", "Loss", "", "lower"}, {"gradient_norm", "metric", "Gradient norm", "", ""}, {"lr", "metric", "Learning rate", "", ""}, {"images_per_s", "metric", "Speed", "images/s", "higher"},
        {"skipped_steps", "metric", "Steps that were not finite", "", "lower"}, {"samples", "image", "Samples", "", ""}, {"model", "file", "Model", "", ""}};
    info.takes_taps = true;
    info.is_long = true;
    method.run = [](RunContext& run) { TrainRun{run}(); };
    return method;
}

}

void register_training(Registry& registry) {
    registry.add(train_method());
    registry.add(evaluate_method());
}

}
