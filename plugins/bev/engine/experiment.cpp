#include "core/base/error.h"
#include "plugins/bev/engine/methods.h"
#include "plugins/bev/engine/nuscenes_names.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <cmath>
#include <mutex>

namespace lathe::bev {
namespace {

constexpr std::array<const char*, 7> kOffsetColumns{"camera", "yaw °", "pitch °", "roll °", "right m", "up m", "forward m"};

std::size_t camera_of(const Json& name, const std::vector<std::string>& channels, const char* parameter) {
    const auto found = std::find(channels.begin(), channels.end(), name.is_string() ? name.get<std::string>() : name.dump());
    if (found == channels.end()) throw Error(ErrorCode::unknown_name, "The data set has no camera of this name.", std::string(parameter) + ", " + name.dump(), "Its cameras are " + Json(channels).dump() + ".");
    return static_cast<std::size_t>(found - channels.begin());
}

/// One for each camera, or none where no row moves anything.
std::vector<CalibrationNoise> offsets_from(const Json& table, const std::vector<std::string>& channels) {
    std::vector<CalibrationNoise> offsets(channels.size());
    std::vector<bool> named(channels.size(), false);
    bool moves = false;
    for (const Json& row : table.at("rows")) {
        const std::size_t camera = camera_of(row.at(0), channels, "calibration");
        if (named[camera]) throw Error(ErrorCode::invalid_value, "A camera stands twice in the table of offsets.", "calibration, " + channels[camera], "Give it one row.");
        named[camera] = true;
        std::array<double, 6> v{};
        for (std::size_t i = 0; i < v.size(); ++i) {
            v[i] = number_from(row.at(i + 1), "calibration");
            if (!std::isfinite(v[i])) throw Error(ErrorCode::invalid_value, "An offset is not finite.", "calibration, " + channels[camera] + ", " + kOffsetColumns[i + 1]);
            moves = moves || v[i] != 0;
        }
        offsets[camera] = {{v[1], -v[0], v[2]}, {v[3], -v[4], v[5]}};   // the camera's y axis points down
    }
    return moves ? offsets : std::vector<CalibrationNoise>();
}

std::vector<bool> dropped_cameras(const Json& names, const std::vector<std::string>& channels) {
    std::vector<bool> dropped(channels.size(), false);
    for (const Json& name : names) dropped[camera_of(name, channels, "dropped")] = true;
    return dropped;
}

}

std::vector<Parameter> experiment_parameters() {
    return {
        Parameter::choice("overlap", "last", {{"last", "Last camera wins", "the official PyTorch code"}, {"first", "First camera wins", "the official C++ script"}, {"average", "Average", "over all cameras that see the voxel"}})
            .with_label("Overlap").with_group("View").is_live().with_source("Fast-BEV, backproject_inplace"),
        Parameter::choice("rounding", "half_even", {{"half_even", "Halves to even", "as PyTorch rounds"}, {"half_away", "Halves away from zero", "as C++ rounds"}}).with_label("Rounding").with_group("View").is_live(),
        Parameter::choice("sampling", "corner", {{"corner", "Lower corner", "what the weights were trained with"}, {"centre", "Centre", ""}}).with_label("Sample point").with_group("View").is_live(),
        Parameter::integer("frames", 0).range(0, 16).with_label("Frames").with_group("View").is_live().with_help("Moments that the detector is shown: 0 is all that it takes; of fewer, the last is repeated, pictures and poses."),
        Parameter::choice("precision", "fp32", {{"fp32", "fp32", ""}, {"int8", "int8", "image network and BEV encoder, calibrated on a few samples; the head stays fp32"}}).with_label("Precision").with_group("View").is_live(),
        Parameter::number("grid_cell", 1).range(0.5, 2).with_label("Cell size").with_unit("×").with_group("View").is_live().is_advanced().with_help("Of the voxels, against the grid that the weights were trained with; the ground it covers stays."),
        Parameter::number("grid_up", 0).range(-2, 2).with_label("Grid raised").with_unit("m").with_group("View").is_live().is_advanced(),
        Parameter::boolean("ego_motion", true).with_label("Align history").with_group("Calibration").is_live().with_help("Off: earlier pictures are taken as if the car had stood still."),
        Parameter::boolean("static_calibration", false).with_label("Static calibration").with_group("Calibration").is_live().with_help("On: without the motion between the lidar's moment and each exposure."),
        Parameter::table("calibration", {kOffsetColumns.begin(), kOffsetColumns.end()}).range(-180, 180).with_label("Camera offsets").with_group("Calibration").is_live()
            .with_help("Turns and moves single cameras in their own axes, at all moments. Positive: to the left, up, clockwise; right, up, forward. They are turned clockwise last and up first."),
        Parameter::number("noise_degrees", 0).range(0, 20).with_label("Rotation error").with_unit("°").with_group("Calibration").is_live().with_help("Every camera is turned about a random axis by a normal angle of this deviation."),
        Parameter::number("noise_metres", 0).range(0, 2).with_label("Position error").with_unit("m").with_group("Calibration").is_live(),
        Parameter::seed("noise_seed", 0).with_label("Error seed").with_group("Calibration").is_live(),
        Parameter::list("dropped", Json::array()).with_label("Cameras off").with_group("Calibration").is_live().with_help("Channels that give nothing: CAM_FRONT, CAM_BACK_LEFT, …"),
        Parameter::boolean("scale_nms", true).with_label("Scale-NMS").with_group("Boxes").is_live().with_help("Boxes are scaled by class before they suppress each other; off: plain rotated suppression."),
        Parameter::number("score_threshold", 0.05).range(0.001, 0.99).with_label("Least score").with_group("Boxes").is_live(),
        Parameter::integer("before_nms", 1000).range(1, 100'000).with_label("Anchors before suppression").with_group("Boxes").is_advanced(),
        Parameter::integer("most_boxes", 500).range(1, 5000).with_label("Boxes at most").with_group("Boxes").is_advanced(),
    };
}

Experiment experiment_from(const Json& p, const DetectorConfig& config, const std::vector<std::string>& channels) {
    Experiment e;
    e.frames = p.at("frames").get<int>();
    e.align.offsets = offsets_from(p.at("calibration"), channels);
    e.dropped = dropped_cameras(p.at("dropped"), channels);
    const std::string overlap = p.at("overlap").get<std::string>();
    e.rules.overlap = overlap == "first" ? Overlap::first : overlap == "average" ? Overlap::average : Overlap::last;
    e.rules.rounding = p.at("rounding") == "half_away" ? Rounding::half_away : Rounding::half_even;
    e.rules.sampling = p.at("sampling") == "centre" ? Sampling::centre : Sampling::corner;
    e.grid = {number_from(p.at("grid_cell"), "grid_cell"), number_from(p.at("grid_up"), "grid_up")};
    e.align.ego_motion = p.at("ego_motion").get<bool>();
    e.align.static_calibration = p.at("static_calibration").get<bool>();
    const double degrees = number_from(p.at("noise_degrees"), "noise_degrees"), metres = number_from(p.at("noise_metres"), "noise_metres");
    const auto seed = p.at("noise_seed").get<std::uint64_t>();
    if (degrees > 0 || metres > 0)
        for (int camera = 0; camera < config.cameras; ++camera) e.align.noise.push_back(draw_noise(degrees, metres, seed * 64 + static_cast<std::uint64_t>(camera)));
    e.post = config.post;
    e.post.scale_nms = p.at("scale_nms").get<bool>();
    e.post.score_threshold = static_cast<float>(number_from(p.at("score_threshold"), "score_threshold"));
    e.post.before_nms = p.at("before_nms").get<int>();
    e.post.at_most = p.at("most_boxes").get<int>();
    return e;
}

std::shared_ptr<CachedModel> open_detector(RunContext& run) {
    if (const InputAsset* given = run.input("model")) return run.models().open(given->path, given->sha256, "fast_bev", Json::object(), run);
    throw Error(ErrorCode::invalid_value, "No model was chosen.", "input \"model\"", "Choose a Fast-BEV checkpoint, or train one with bev.train.");
}

PictureSource picture_source(RunContext& run, const CachedModel& model, const std::filesystem::path& root) {
    static PictureCache pictures(std::size_t{64} << 20);
    static FrameCache frames(std::size_t{512} << 20);
    return {root, pictures, frames, run.request().taps.empty() ? model.key : model.key + run.request().uuid};   // what a tap may have changed is for this run alone
}

Detector& detector_of(CachedModel& model) { return dynamic_cast<Detector&>(*model.network); }

std::shared_ptr<const NuscenesTables> open_tables(RunContext& run) {
    const InputAsset* given = run.input("data");
    if (!given) throw Error(ErrorCode::invalid_value, "No data set was chosen.", "input \"data\"", "Choose the folder of a data set in the nuScenes layout, or make one with bev.street.");
    static std::mutex mutex;   // the work thread is the only caller; the lock is for the day it is not
    static std::string key;
    static std::shared_ptr<const NuscenesTables> tables;
    const std::lock_guard lock(mutex);
    if (tables && key == given->path + given->sha256) return tables;
    run.progress(0, 1, "reading the tables");
    tables = std::make_shared<const NuscenesTables>(load_nuscenes(given->path, {}, [&run](std::string_view) { run.check_cancelled(); }));
    key = given->path + given->sha256;
    return tables;
}

DetectionMetric measured(std::vector<EvalSample> samples, double limit, RunContext& run) {
    MetricSettings settings;
    for (double& range : settings.class_range) range = std::min(range, limit);
    return evaluate_detections(std::move(samples), settings, [&run] { run.check_cancelled(); });
}

void report_metric(RunContext& run, const DetectionMetric& m, std::int64_t step) {
    run.metric("mAP", step, m.mean_average_precision);
    run.metric("NDS", step, m.detection_score);
    run.summary("mAP", number_json(m.mean_average_precision));
    run.summary("NDS", number_json(m.detection_score));
    for (std::size_t i = 0; i < kErrors.size(); ++i) run.summary(std::string(kErrors[i]), number_json(m.errors[i]));
    std::vector<std::vector<Json>> rows;
    for (std::size_t k = 0; k < kClasses.size(); ++k) {
        const ClassMetric& c = m.classes[k];
        std::vector<Json> row{std::string(kClasses[k]), c.truths, c.predictions, number_json(c.mean_average_precision)};
        for (const double ap : c.average_precision) row.push_back(number_json(ap));
        for (const double error : c.errors) row.push_back(number_json(error));
        rows.push_back(std::move(row));
        if (c.truths) run.summary("AP." + std::string(kClasses[k]), number_json(c.mean_average_precision));
        if (c.truths && c.average_precision.size() > 2) run.summary("AP2m." + std::string(kClasses[k]), number_json(c.average_precision[2]));
    }
    run.table("classes", {"class", "true boxes", "predictions", "AP", "AP 0.5 m", "AP 1 m", "AP 2 m", "AP 4 m", "ATE m", "ASE", "AOE rad", "AVE m/s", "AAE"}, rows, {{"step", step}});
    run.summary("boxes_true", m.truths);
    run.summary("boxes_predicted", m.predictions);
}

void report_stages(RunContext& run, const StageTimes& t, double samples) {
    const std::vector<std::pair<const char*, double>> stages{{"decode and preprocess", t.input}, {"image network", t.images}, {"tables", t.tables}, {"gather", t.gather}, {"BEV encoder", t.encoder}, {"head", t.head},
        {"boxes", t.boxes}};
    std::vector<std::vector<Json>> rows;
    for (const auto& [name, seconds] : stages) rows.push_back({name, number_json(1000 * seconds / samples)});
    run.table("stages", {"stage", "ms"}, rows);
    run.summary("ms_per_sample", number_json(1000 * t.total() / samples));
}

}
