// bev.train: a detector from a data set in the nuScenes layout.
#include "core/nn/tensor_index.h"
#include "plugins/bev/engine/methods.h"
#include "plugins/bev/engine/nuscenes_result.h"
#include "plugins/bev/engine/trainer.h"
#include "plugins/bev/engine/validation_sheet.h"
#include <ATen/ATen.h>

namespace lathe::bev {
namespace {

TrainSettings settings_from(const Json& p) {
    TrainSettings s;
    s.model = zoo(p.at("preset").get<std::string>());
    s.epochs = number_from(p.at("epochs"), "epochs");
    s.batch = p.at("batch").get<int>();
    s.lr = number_from(p.at("lr"), "lr");
    s.backbone_lr = number_from(p.at("backbone_lr"), "backbone_lr");
    s.weight_decay = number_from(p.at("weight_decay"), "weight_decay");
    s.clip = number_from(p.at("clip"), "clip");
    s.warmup = p.at("warmup").get<int>();
    s.norm_eval = s.freeze_stem = p.at("from_pretrained").get<bool>();
    s.class_balanced = p.at("class_balanced").get<bool>();
    s.seed = p.at("seed").get<std::uint64_t>();
    s.ranges.bev.rotation = number_from(p.at("bev_rotation"), "bev_rotation");
    if (!p.at("augment").get<bool>()) s.ranges = {{0, 0, 0, 0, 0}, {0, 0, 1, 1, 0}};
    return s;
}

std::vector<SampleInfo> samples_of(const NuscenesTables& tables, const std::string& split, RunContext& run) {
    std::vector<SampleInfo> out;
    for (const int index : tables.samples_of(split)) {
        out.push_back(sample_info(tables, index));
        run.check_cancelled();
    }
    return out;
}

class TrainRun {
public:
    explicit TrainRun(RunContext& run)
        : m_run(run), m_tables(open_tables(run)), m_trainer(with_cameras(settings_from(run.params()), *m_tables), samples_of(*m_tables, run.params().at("train_split").get<std::string>(), run), m_tables->root, start(run)) {}

    void operator()() {
        if (!m_trainer.left_out().empty() && m_run.input("start"))
            m_run.log("warning", std::to_string(m_trainer.left_out().size()) + " tensors of the network did not fit the given weights and begin at random, the first: " + m_trainer.left_out().front());
        const Json& p = m_run.params();
        const double epochs = number_from(p.at("measure_epochs"), "measure_epochs");
        TrainingRhythm rhythm;
        rhythm.measure_steps = epochs > 0 ? std::max<std::int64_t>(1, std::llround(epochs * static_cast<double>(m_trainer.steps_total()) / m_trainer.settings().epochs)) : 0;
        rhythm.checkpoint_seconds = number_from(p.at("checkpoint_minutes"), "checkpoint_minutes") * 60;
        rhythm.batch = m_trainer.settings().batch;
        train(m_run, m_trainer, rhythm, [this] { return m_trainer.step([this] { m_run.check_cancelled(); }); }, [this](std::int64_t step) { measure(step); });
        give_model(m_run, m_trainer.steps_done(), "fast_bev.safetensors", m_trainer.network().state(), to_json(m_trainer.settings().model));
        m_run.summary("samples", m_trainer.steps_done() * m_trainer.settings().batch);
    }

private:
    static TrainSettings with_cameras(TrainSettings settings, const NuscenesTables& tables) {
        settings.model.cameras = static_cast<int>(tables.channels.size());
        return settings;
    }
    /// Weights of the input "start": a detector, or a backbone with the keys of torchvision.
    static std::function<at::Tensor(const std::string&)> start(RunContext& run) {
        const InputAsset* given = run.input("start");
        if (!given) return {};
        std::shared_ptr<TensorIndex> file = open_tensors(given->path);
        return [file](const std::string& key) {
            for (const std::string& name : {key, "state_dict." + key, key.starts_with("backbone.") ? key.substr(9) : key})
                if (file->find(name)) return file->get(name).to(at::kFloat);
            return at::Tensor();
        };
    }

    void measure(std::int64_t step) {
        m_trainer.set_evaluating(true);
        std::vector<EvalSample> samples;
        FrameCache frames(std::size_t{512} << 20);   // of these weights, so for this time only
        const PictureSource source{m_tables->root, m_pictures, frames, {}};
        Experiment experiment;
        experiment.post = m_trainer.settings().model.post;
        for (const int index : m_tables->samples_of(m_run.params().at("val_split").get<std::string>())) {
            m_run.check_cancelled();
            const SampleInfo info = sample_info(*m_tables, index);
            const Result result = run_sample(m_trainer.network(), info, experiment, source, nullptr);
            if (samples.empty()) m_run.image("validation", step, validation_sheet(info, result, m_trainer.settings().model.range));
            samples.push_back(eval_sample(*m_tables, index));
            samples.back().predictions = to_global(result.detections.boxes, info.lidar2ego, info.ego2global);
        }
        m_trainer.set_evaluating(false);
        const double range = m_trainer.settings().model.range;
        const DetectionMetric official = measured(samples, 50, m_run), limited = measured(std::move(samples), range, m_run);
        report_metric(m_run, official, step);
        m_run.metric("mAP.in_range", step, limited.mean_average_precision);
        m_run.summary("mAP.in_range", number_json(limited.mean_average_precision));
        m_run.summary("AP2m.car.in_range", number_json(limited.classes[0].average_precision[2]));
    }

    RunContext& m_run;
    std::shared_ptr<const NuscenesTables> m_tables;
    Trainer m_trainer;
    PictureCache m_pictures{std::size_t{1} << 30};
};

}

Method train_method() {
    Method method;
    MethodInfo& info = method.info;
    const TrainSettings s;
    info.id = "bev.train";
    info.title = "Train a Fast-BEV detector";
    info.help = "Trains a detector with FreeAnchor losses on a data set in the nuScenes layout, and measures it on another split as it goes.";
    info.source = "Fast-BEV (arXiv 2301.12511)";
    std::vector<Choice> presets;
    for (const std::string& name : zoo_names()) presets.push_back({name, name, {}});
    info.parameters = {
        Parameter::choice("preset", "tiny", presets).with_label("Network").with_group("Network"),
        Parameter::boolean("from_pretrained", false).with_label("Pretrained backbone").with_group("Network").with_help("On: stem and first stage stay as loaded and the backbone's normalisation keeps its statistics, as in the official training. From scratch: off."),
        Parameter::number("epochs", s.epochs).range(0.01, 1000).with_label("Epochs").with_group("Training"),
        Parameter::integer("batch", s.batch).range(1, 64).with_label("Batch").with_unit("samples").with_group("Training"),
        Parameter::number("lr", s.lr).range(1e-7, 1).is_log().with_label("Learning rate").with_group("Training"),
        Parameter::number("backbone_lr", 1).range(0, 1).with_label("Backbone's share").with_group("Training").with_help("Factor on the learning rate; 0.1 in the official training of a pretrained backbone."),
        Parameter::number("weight_decay", s.weight_decay).range(0, 1).with_label("Weight decay").with_group("Training"),
        Parameter::number("clip", s.clip).range(0, 1e6).with_label("Gradient limit").with_group("Training").is_advanced(),
        Parameter::integer("warmup", s.warmup).range(0, 1'000'000).with_label("Warm-up").with_unit("steps").with_group("Training").with_help("At most a tenth of all steps."),
        Parameter::boolean("class_balanced", s.class_balanced).with_label("Class-balanced sampling").with_group("Training").with_source("CBGS, arXiv 1908.09492"),
        Parameter::boolean("augment", true).with_label("Augmentation").with_group("Augmentation").with_help("Of every picture (resize, crop, flip, rotation) and of the ground plane (flips, rotation, scale, shift)."),
        Parameter::number("bev_rotation", s.ranges.bev.rotation).range(0, 3.1416).with_label("Turn of the ground plane").with_unit("rad").with_group("Augmentation"),
        Parameter::text("train_split", "train").with_label("Learn from").with_group("Data").with_help("A split of the data set, or the name of a scene."),
        Parameter::text("val_split", "val").with_label("Measure on").with_group("Data"),
        Parameter::seed("seed", 0).with_label("Seed").with_group("Training"),
        Parameter::number("measure_epochs", 5).range(0, 1000).with_label("Measure every").with_unit("epochs").with_group("Data").with_help("0: only at the end.").is_advanced(),
        Parameter::number("checkpoint_minutes", 5).range(0.01, 60).with_label("Checkpoint every").with_unit("min").with_group("Data").is_advanced(),
    };
    info.inputs = {{"data", "data", "Data set", "Its folder, in the nuScenes v1.0 layout.", true}, {"start", "model", "Weights to begin with", "A detector, or a ResNet with the keys of torchvision; empty: from scratch.", false}};
    info.outputs = {{"loss", "metric", "Loss", "", "lower"}, {"loss.positive", "metric", "Positive bags", "", "lower"}, {"loss.negative", "metric", "Negative bag", "", "lower"}, {"gradient_norm", "metric", "Gradient norm", "", ""},
        {"lr", "metric", "Learning rate", "", ""}, {"samples_per_s", "metric", "Speed", "samples/s", "higher"}, {"skipped_steps", "metric", "Steps that were not finite", "", "lower"}, {"mAP", "metric", "mAP", "", "higher"},
        {"NDS", "metric", "NDS", "", "higher"}, {"mAP.in_range", "metric", "mAP within the detector's range", "", "higher"}, {"classes", "table", "Classes", "", ""}, {"validation", "image", "First sample of the validation split", "", ""}, {"model", "file", "Model", "", ""}};
    info.is_long = true;
    method.run = [](RunContext& run) { TrainRun{run}(); };
    return method;
}

}
