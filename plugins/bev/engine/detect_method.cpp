// bev.detect: one sample through the detector, with everything that the workspace shows of it.
#include "core/base/error.h"
#include "core/nn/tensor_index.h"
#include "plugins/bev/engine/methods.h"
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <cmath>
#include <numbers>

namespace lathe::bev {
namespace {

/// The contract's box: centre of gravity, w along x and l along y of the box, yaw counter-clockwise from x of the LENGTH axis.
Json box_json(const Box& b) {
    return {{"center", {b.x, b.y, b.z + b.h / 2}}, {"size", {b.w, b.l, b.h}}, {"yaw", -b.yaw - std::numbers::pi_v<float> / 2}, {"velocity", {b.vx, b.vy}}};
}

void add_boxes(RunContext& run, const char* key, Json boxes, const SampleInfo& sample) {
    Artifact out;
    out.key = key;
    out.kind = "boxes";
    out.media = "application/json";
    out.meta = {{"sample", sample.token}};
    out.bytes = std::make_shared<const std::string>(Json{{"frame", "lidar"}, {"boxes", std::move(boxes)}}.dump());
    run.artifact(std::move(out));
}

Json predicted(const Detections& detections) {
    Json boxes = Json::array();
    for (const Detection& d : detections.boxes) {
        Json box = box_json(d.box);
        box["class"] = kClasses[static_cast<std::size_t>(d.label)];
        box["score"] = d.score;
        boxes.push_back(std::move(box));
    }
    return boxes;
}

Json truth(const SampleInfo& sample) {
    Json boxes = Json::array();
    for (const TrueBox& t : sample.boxes) {
        Json box = box_json(t.box);
        box["class"] = kClasses[static_cast<std::size_t>(t.label)];
        box["score"] = 1;
        box["token"] = t.token;
        boxes.push_back(std::move(box));
    }
    return boxes;
}

/// For every voxel that some camera sees: winning camera, cameras that see it, length of its feature vector; of the first level and the current frame.
void add_voxels(RunContext& run, const Result& r, const Detector& net) {
    const ViewTables::Level& level = r.tables.levels.front();
    const at::Tensor lut = level.luts.front().reshape({-1}), covered = at::nonzero(lut >= 0).squeeze(1), pixel = lut.index_select(0, covered).to(at::kLong);
    const std::int64_t pixels = std::int64_t{level.size.height} * level.size.width, ny = level.grid.n[1], nz = level.grid.n[2];
    const at::Tensor features = r.features.front().narrow(0, 0, net.detector_config().cameras).permute({0, 2, 3, 1}).reshape({-1, r.features.front().size(1)});
    const at::Tensor magnitude = features.norm(2, 1).index_select(0, pixel);
    const at::Tensor index = at::stack({covered.floor_divide(ny * nz), covered.floor_divide(nz).remainder(ny), covered.remainder(nz)}, 1).to(at::kInt);
    const at::Tensor value = at::stack({pixel.floor_divide(pixels).to(at::kFloat), level.seen.front().reshape({-1}).index_select(0, covered).to(at::kFloat), magnitude}, 1);
    at::Tensor low = at::empty({3}), size = at::empty({3});
    for (int k = 0; k < 3; ++k) {
        low[k] = level.grid.sample(k, 0);
        size[k] = level.grid.size[static_cast<std::size_t>(k)];
    }
    Artifact out;
    out.key = "voxels";
    out.kind = "voxels";
    out.media = "application/x-safetensors";
    out.meta = {{"columns", {"camera", "seen", "magnitude"}}, {"n", level.grid.n}};
    out.bytes = std::make_shared<const std::string>(safetensors_bytes({{"origin", low}, {"size", size}, {"index", index}, {"value", value}}));
    run.artifact(std::move(out));
}

void add_coverage(RunContext& run, const ViewTables::Level& level, const std::vector<CameraInfo>& cameras) {
    const at::Tensor &lut = level.luts.front(), &seen = level.seen.front();
    const auto total = static_cast<double>(lut.numel());
    const std::int64_t pixels = std::int64_t{level.size.height} * level.size.width;
    const double covered = (lut >= 0).sum().item<double>(), twice = (seen >= 2).sum().item<double>();
    std::vector<std::vector<Json>> rows;
    for (std::size_t i = 0; i < cameras.size(); ++i) {
        const auto first = static_cast<std::int64_t>(i) * pixels;
        rows.push_back({cameras[i].channel, ((lut >= first) & (lut < first + pixels)).sum().item<std::int64_t>()});
    }
    run.table("coverage.cameras", {"camera", "voxels"}, rows);
    rows.clear();
    for (std::int64_t z = 0; z < lut.size(2); ++z)
        rows.push_back({number_json(level.grid.sample(2, static_cast<int>(z))), number_json(100 * (lut.select(2, z) >= 0).to(at::kDouble).mean().item<double>()),
            number_json(100 * (seen.select(2, z) >= 2).to(at::kDouble).mean().item<double>())});
    run.table("coverage.heights", {"z m", "covered %", "overlap %"}, rows);
    run.summary("covered", covered / total);
    run.summary("overlap", twice / total);
}

void add_pictures(RunContext& run, const Result& r, const std::vector<CameraInfo>& cameras) {
    const at::Tensor mean = at::tensor({123.675f, 116.28f, 103.53f}).view({3, 1, 1}), deviation = at::tensor({58.395f, 57.12f, 57.375f}).view({3, 1, 1});
    for (std::size_t i = 0; i < cameras.size(); ++i) {
        const auto k = static_cast<std::int64_t>(i);
        const at::Tensor picture = (r.input.images[k] * deviation + mean).round().clamp(0, 255).to(at::kByte).permute({1, 2, 0});
        Json matrix = Json::array();
        for (std::int64_t j = 0; j < 16; ++j) matrix.push_back(r.input.lidar2img[k].reshape({-1})[j].item<float>());
        run.image("image." + cameras[i].channel, 0, picture, false, {{"camera", cameras[i].channel}, {"lidar2img", matrix}});
    }
}

void add_candidates(RunContext& run, const Detections& detections) {
    std::vector<std::vector<Json>> rows;
    for (const Candidate& c : detections.candidates)
        rows.push_back({std::string(kClasses[static_cast<std::size_t>(c.label)]), number_json(c.score), c.anchor, c.direction, c.kept, c.suppressed_by, number_json(c.overlap), number_json(c.raw.x), number_json(c.raw.y),
            number_json(c.raw.z), number_json(c.raw.w), number_json(c.raw.l), number_json(c.raw.h), number_json(c.raw.yaw)});
    run.table("candidates", {"class", "score", "anchor", "direction bin", "kept", "suppressed by", "overlap", "x m", "y m", "z m", "w m", "l m", "h m", "yaw rad"}, rows);
}

void detect_in_run(RunContext& run) {
    const c10::InferenceMode guard;
    const Json& p = run.params();
    const auto tables = open_tables(run);
    const auto model = open_detector(run);
    Detector& net = detector_of(*model);
    const std::vector<int> indexes = tables->samples_of(p.at("split").get<std::string>());
    const auto chosen = p.at("sample").get<std::int64_t>();
    if (chosen >= static_cast<std::int64_t>(indexes.size()))
        throw Error(ErrorCode::invalid_value, "The split has no sample of this number.", "sample = " + std::to_string(chosen), "It has samples 0 to " + std::to_string(indexes.size() - 1) + ".");
    const SampleInfo info = sample_info(*tables, indexes[static_cast<std::size_t>(chosen)]);
    Experiment experiment = experiment_from(p, net.detector_config());
    experiment.dropped = dropped_cameras(p, tables->channels);
    experiment.trace = true;
    static PictureCache pictures(std::size_t{256} << 20);   // the same sample is asked for again and again while a control is dragged
    TapStack& taps = run.taps();
    taps.set_tick([&run] { run.check_cancelled(); });
    taps.attach(net.layers());
    const Result r = run_sample(net, info, tables->root, experiment, pictures, &taps);

    add_boxes(run, "boxes", predicted(r.detections), info);
    add_boxes(run, "truth", truth(info), info);
    run.tensor("heat", 0, at::sigmoid(r.maps.cls[0]).view({kAnchorsPerCell, 10, r.maps.cls.size(2), r.maps.cls.size(3)}).amax(0), {{"axes", {"class", "y", "x"}}, {"range", net.detector_config().range}});
    add_voxels(run, r, net);
    add_coverage(run, r.tables.levels.front(), info.cameras);
    add_pictures(run, r, info.cameras);
    add_candidates(run, r.detections);
    report_stages(run, r.seconds, 1);
    run.summary("boxes", r.detections.boxes.size());
    run.summary("sample", info.token);
    run.summary("samples", indexes.size());
}

}

Method detect_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "bev.detect";
    info.title = "Detect";
    info.help = "Runs a Fast-BEV detector on one sample and shows pictures, voxels, boxes, coverage and the time of each stage.";
    info.source = "Fast-BEV (arXiv 2301.12511)";
    info.parameters = {
        Parameter::text("split", "val").with_label("Split").with_group("Sample").is_live().with_help("A split of the data set, or the name of a scene."),
        Parameter::integer("sample", 0).range(0, 1'000'000).with_label("Sample").with_group("Sample").is_live(),
    };
    for (Parameter& parameter : experiment_parameters()) info.parameters.push_back(std::move(parameter));
    info.inputs = {{"data", "data", "Data set", "Its folder, in the nuScenes v1.0 layout.", true}, {"model", "model", "Model", "A Fast-BEV checkpoint.", true}};
    info.outputs = {{"boxes", "boxes", "Boxes", "", ""}, {"truth", "boxes", "True boxes", "", ""}, {"heat", "tensor", "Class scores", "", ""}, {"voxels", "voxels", "Voxels", "", ""},
        {"coverage.cameras", "table", "Voxels by camera", "", ""}, {"coverage.heights", "table", "Coverage by height", "", ""}, {"candidates", "table", "Candidates", "", ""}, {"stages", "table", "Time of each stage", "ms", ""}};
    info.families = {"fast_bev"};
    info.takes_taps = true;
    method.run = detect_in_run;
    return method;
}

}
