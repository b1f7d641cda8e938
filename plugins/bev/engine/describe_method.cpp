// bev.describe: what a data set and a detector hold, for the workspace's choosers.
#include "core/base/error.h"
#include "plugins/bev/engine/methods.h"

namespace lathe::bev {
namespace {

Json data_json(const NuscenesTables& tables) {
    Json scenes = Json::array();
    for (const auto& scene : tables.scenes) {
        Json times = Json::array();
        for (const int sample : scene.samples) {
            const auto of = [&tables](int i) { return tables.samples[static_cast<std::size_t>(i)].timestamp; };
            times.push_back(1e-6 * static_cast<double>(of(sample) - of(scene.samples.front())));
        }
        scenes.push_back({{"name", scene.name}, {"split", scene.split}, {"samples", scene.samples.size()}, {"times", times}});
    }
    return {{"scenes", scenes}, {"cameras", tables.channels}, {"classes", kClasses}, {"version", tables.version}};
}

/// Of the zoo, whatever the number of cameras; empty: none of it.
std::string preset_of(const DetectorConfig& config) {
    for (const std::string& name : zoo_names()) {
        DetectorConfig known = zoo(name);
        known.cameras = config.cameras;
        if (to_json(known) == to_json(config)) return name;
    }
    return {};
}

Json model_json(Detector& net) {
    const DetectorConfig& c = net.detector_config();
    return {{"preset", preset_of(c)}, {"frames", c.frames}, {"voxels", c.grids.front().n}, {"range", c.range}, {"cameras", c.cameras}, {"parameters", net.parameter_count()}, {"channels", c.fpn_channels},
        {"image", {c.height, c.width}}};
}

void describe(RunContext& run) {
    if (!run.input("data") && !run.input("model")) throw Error(ErrorCode::invalid_value, "Neither a data set nor a model was chosen.", "inputs \"data\", \"model\"", "Choose one of them or both.");
    if (run.input("data")) run.summary("data", data_json(*open_tables(run)));
    if (run.input("model")) run.summary("model", model_json(detector_of(*open_detector(run))));
}

}

Method describe_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "bev.describe";
    info.title = "Describe";
    info.help = "Tells the scenes and cameras of a data set, and the sizes of a Fast-BEV detector.";
    info.inputs = {{"data", "data", "Data set", "Its folder, in the nuScenes v1.0 layout.", false}, {"model", "model", "Model", "A Fast-BEV checkpoint.", false}};
    info.families = {"fast_bev"};
    method.run = describe;
    return method;
}

}
