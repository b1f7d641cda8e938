#include "core/base/error.h"
#include "core/nn/int8_conv.h"
#include "plugins/bev/engine/methods.h"
#include <algorithm>

namespace lathe::bev {
namespace {

constexpr std::size_t kCalibrationSamples = 6;

/// Evenly over the training split, or over everything where there is none.
std::vector<int> calibration_samples(const NuscenesTables& tables) {
    const bool trains = std::ranges::any_of(tables.scenes, [](const auto& scene) { return scene.split == "train" && !scene.samples.empty(); });
    const std::vector<int> all = tables.samples_of(trains ? "train" : "");
    std::vector<int> out;
    const std::size_t count = std::min(kCalibrationSamples, all.size());
    for (std::size_t i = 0; i < count; ++i) out.push_back(all[i * all.size() / count]);
    return out;
}

}

std::shared_ptr<CachedModel> open_detector(RunContext& run, const NuscenesTables& tables) {
    if (run.params().at("precision") != "int8") return open_detector(run);
    if (!has_int8_conv()) throw Error(ErrorCode::unsupported, "This LibTorch cannot run int8 convolutions.", "parameter precision", "It lacks the oneDNN engine; choose fp32.");
    const InputAsset* given = run.input("model");
    if (!given) return open_detector(run);   // which says what is missing
    const auto model = run.models().open(given->path, given->sha256, "fast_bev", {{"precision", "int8"}}, run);   // another network than the one that stays float
    Detector& net = detector_of(*model);
    const std::string name = tables.root.string();
    if (net.calibration() == name) return model;
    const std::vector<int> samples = calibration_samples(tables);
    net.calibrate(name, [&] {
        PictureCache pictures(std::size_t{64} << 20);
        double done = 0;
        for (const int index : samples) {
            run.progress(done++, static_cast<double>(samples.size()), "calibrating int8");
            FrameCache frames(0);   // every sample is to be seen
            TapStack ticks;
            ticks.set_tick([&run] { run.check_cancelled(); });
            Experiment official;
            official.post = net.detector_config().post;
            run_sample(net, sample_info(tables, index), official, {tables.root, pictures, frames, {}}, &ticks);
        }
    });
    run.log("info", std::to_string(net.int8_units()) + " convolutions run in int8, calibrated on " + std::to_string(samples.size()) + " samples.");
    return model;
}

}
