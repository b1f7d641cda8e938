// bev.detect: one sample through the detector, with everything that the workspace shows of it.
#include "core/base/error.h"
#include "plugins/bev/engine/detect_parts.h"
#include <c10/core/InferenceMode.h>

namespace lathe::bev {
namespace {

void detect_in_run(RunContext& run) {
    const c10::InferenceMode guard;
    const Json& p = run.params();
    const auto tables = open_tables(run);
    const auto model = open_detector(run, *tables);
    Detector& net = detector_of(*model);
    const std::vector<int> indexes = tables->samples_of(p.at("split").get<std::string>());
    const auto chosen = p.at("sample").get<std::int64_t>();
    if (chosen >= static_cast<std::int64_t>(indexes.size()))
        throw Error(ErrorCode::invalid_value, "The split has no sample of this number.", "sample = " + std::to_string(chosen), "It has samples 0 to " + std::to_string(indexes.size() - 1) + ".");
    const SampleInfo info = sample_info(*tables, indexes[static_cast<std::size_t>(chosen)]);
    Experiment experiment = experiment_from(p, net.detector_config(), tables->channels);
    const Shown shown = shown_from(p, net.detector_config(), experiment.grid);
    experiment.trace = true;
    TapStack& taps = run.taps();
    taps.set_tick([&run] { run.check_cancelled(); });
    taps.attach(net.layers());
    run.summary("sample", info.token);
    run.summary("samples", indexes.size());
    run.summary("scene", info.scene);
    run.summary("timestamp", info.timestamp);

    StageHooks hooks;
    hooks.viewed = [&](const Result& r) {
        add_truth(run, info);
        add_pictures(run, r, info);
        add_view(run, r, net, info, experiment, shown);   // early: the workspace colours its voxels with it while a slider is dragged
        add_surroundings(run, info, tables->root, net.detector_config(), experiment.frames);
        add_coverage(run, r.tables.levels.front(), info.cameras);
    };
    hooks.featured = [&](const Result& r) {
        add_features(run, r, experiment, shown);
        if (run.request().lane == Lane::batch) add_voxels(run, r, experiment.rules.overlap);
    };
    const Result r = run_sample(net, info, experiment, picture_source(run, *model, tables->root), &taps, hooks);
    add_maps(run, r, net.detector_config().range);
    add_boxes(run, r.detections, info);
    add_candidates(run, r.detections);
    add_matches(run, r.detections, info);
    report_stages(run, r.seconds, 1);
    run.summary("boxes", r.detections.boxes.size());
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
    for (Parameter parameter : {
             Parameter::integer("show_channel", -1).range(-1, 4095).with_label("Channel").with_help("One channel of the voxels' features; -1: none."),
             Parameter::integer("show_frame", 0).range(0, 15).with_label("Frame").with_help("Whose view and features are shown; 0: the current one. The detection is not changed."),
             Parameter::list("voxel", Json::array()).with_label("Voxel").with_help("Its feature vector is shown: three numbers along x, y and z, or nothing."),
         })
        info.parameters.push_back(parameter.with_group("Voxels").is_live().is_advanced());
    info.inputs = {{"data", "data", "Data set", "Its folder, in the nuScenes v1.0 layout.", true}, {"model", "model", "Model", "A Fast-BEV checkpoint.", true}};
    info.outputs = {{"boxes", "boxes", "Boxes", "", ""}, {"truth", "boxes", "True boxes", "", ""}, {"matches", "table", "Matches", "", ""}, {"heat", "tensor", "Class scores", "", ""}, {"voxels", "voxels", "Voxels", "", ""},
        {"coverage.cameras", "table", "Voxels by camera", "", ""}, {"coverage.heights", "table", "Coverage by height", "", ""}, {"candidates", "table", "Candidates", "", ""}, {"stages", "table", "Time of each stage", "ms", ""}};
    info.families = {"fast_bev"};
    info.takes_taps = true;
    method.run = detect_in_run;
    return method;
}

}
