#include "plugins/bev/engine/inference.h"
#include "core/base/time.h"
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <limits>

namespace lathe::bev {
namespace {

template <class F> auto timed(double& seconds, TapStack* taps, F f) {
    if (taps) taps->tick();
    const double start = monotonic_seconds();
    auto result = f();
    seconds += monotonic_seconds() - start;
    return result;
}

/// Of the pictures of one frame: the files with their time of change, for a network of this size and these weights.
std::string key_of(const PictureSource& source, const DetectorConfig& config, std::span<const std::string> files) {
    std::string key = source.network + '\n' + source.root.string() + '\n' + std::to_string(config.height) + 'x' + std::to_string(config.width);
    for (const std::string& file : files) {
        std::error_code missing;   // reading it will tell
        key += '\n' + file + '\n' + std::to_string(std::filesystem::last_write_time(source.root / file, missing).time_since_epoch().count());
    }
    return key;
}

std::vector<std::shared_ptr<FrameImages>> frames_of(const SampleInfo& sample, const DetectorConfig& config, const std::vector<std::string>& files, const PictureSource& source) {
    const auto cameras = static_cast<std::size_t>(config.cameras);
    std::vector<std::shared_ptr<FrameImages>> frames;
    for (std::size_t first = 0; first < files.size(); first += cameras) {
        const std::span<const std::string> own(files.data() + first, cameras);
        frames.push_back(source.frames.at(key_of(source, config, own)));
        if (frames.back()->pictures.empty()) frames.back()->pictures = test_pictures(sample, own, source.root, config, source.pictures);
    }
    return frames;
}

AlignOptions aligned(const Experiment& experiment, const DetectorConfig& config) {
    AlignOptions align = experiment.align;
    align.history = history_entries(config.frames, experiment.frames);
    return align;
}

}

StageTimes& StageTimes::operator+=(const StageTimes& t) {
    input += t.input;
    images += t.images;
    tables += t.tables;
    gather += t.gather;
    encoder += t.encoder;
    head += t.head;
    boxes += t.boxes;
    return *this;
}

at::Tensor experiment_matrices(const SampleInfo& sample, const DetectorConfig& config, const Experiment& experiment) { return test_matrices(sample, config, aligned(experiment, config)); }

ViewTables experiment_tables(const Detector& net, const at::Tensor& lidar2img, const Experiment& experiment) {
    at::Tensor matrices = lidar2img;
    for (std::size_t camera = 0; camera < experiment.dropped.size(); ++camera) {
        if (!experiment.dropped[camera]) continue;
        if (matrices.is_same(lidar2img)) matrices = lidar2img.clone();
        matrices.slice(0, static_cast<std::int64_t>(camera), matrices.size(0), net.detector_config().cameras).fill_(std::numeric_limits<float>::quiet_NaN());   // such a camera sees nothing
    }
    return net.tables(matrices, experiment.rules, experiment.grid);
}

Result run_sample(Detector& net, const SampleInfo& sample, const Experiment& e, const PictureSource& source, TapStack* taps, const StageHooks& hooks) {
    const c10::InferenceMode guard;
    const DetectorConfig& config = net.detector_config();
    Result r;
    StageTimes& t = r.seconds;
    r.lidar2img = timed(t.input, taps, [&] { return experiment_matrices(sample, config, e); });   // looks at the number of cameras first
    r.files = image_files(sample, aligned(e, config));
    r.frames = timed(t.input, taps, [&] { return frames_of(sample, config, r.files, source); });
    r.tables = timed(t.tables, taps, [&] { return experiment_tables(net, r.lidar2img, e); });
    if (hooks.viewed) hooks.viewed(r);
    for (const auto& frame : r.frames) {
        if (!frame->features.empty()) continue;
        const at::Tensor images = timed(t.input, taps, [&] { return network_images(frame->pictures); });
        frame->features = timed(t.images, taps, [&] { return net.image_features(images, taps); });
    }
    source.frames.trim();
    if (hooks.featured) hooks.featured(r);
    const at::Tensor folded = timed(t.gather, taps, [&] {
        std::vector<std::vector<at::Tensor>> features;
        for (const auto& frame : r.frames) features.push_back(frame->features);
        return net.folded(features, r.tables, e.rules.overlap);
    });
    r.bev = timed(t.encoder, taps, [&] { return net.encode(net.fuse(folded, taps), taps); });
    r.maps = timed(t.head, taps, [&] { return net.head(r.bev, taps); });
    r.detections = timed(t.boxes, taps, [&] { return detect(r.maps.cls[0], r.maps.reg[0], r.maps.dir[0], config.range, e.post, e.trace); });
    return r;
}

}
