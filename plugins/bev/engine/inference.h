#pragma once
// One sample through a detector, stage by stage, with the time of each: decode and preprocess, image network, tables, gather, BEV encoder, head, suppression.
#include "plugins/bev/engine/detector.h"
#include "plugins/bev/engine/frame_cache.h"
#include "plugins/bev/engine/head.h"
#include "plugins/bev/engine/inputs.h"
#include <functional>

namespace lathe::bev {

/// What an experiment changes; the default is the official way.
struct Experiment {
    ViewRules rules;
    GridChange grid;
    AlignOptions align;                       ///< history is set from the network and `frames`
    int frames = 0;                           ///< of the network's that are different; the others repeat the last of those. 0: all
    std::vector<bool> dropped;                ///< cameras that see nothing; empty: none
    PostConfig post;
    bool trace = false;                       ///< keep what the suppression did
};

/// Where pictures come from and what is known of them already.
struct PictureSource {
    std::filesystem::path root;               ///< of the data set
    PictureCache& pictures;
    FrameCache& frames;
    std::string network;                      ///< tells networks apart in `frames`: other weights, another name
};

struct StageTimes {
    double input = 0, images = 0, tables = 0, gather = 0, encoder = 0, head = 0, boxes = 0;
    double total() const { return input + images + tables + gather + encoder + head + boxes; }
    StageTimes& operator+=(const StageTimes& other);
};

struct Result {
    std::vector<std::string> files;           ///< of all images, current frame first
    at::Tensor lidar2img;                     ///< float [frames * cameras, 4, 4], of the network's pictures
    std::vector<std::shared_ptr<FrameImages>> frames;
    ViewTables tables;
    at::Tensor bev;
    HeadMaps maps;
    Detections detections;
    StageTimes seconds;
};

/// Called with what is known so far; may throw to end the work. Either may be empty.
struct StageHooks {
    std::function<void(const Result&)> viewed;     ///< pictures and tables are there
    std::function<void(const Result&)> featured;   ///< and the image features
};

/// Matrices and tables as an experiment has them.
at::Tensor experiment_matrices(const SampleInfo& sample, const DetectorConfig& config, const Experiment& experiment);
ViewTables experiment_tables(const Detector& net, const at::Tensor& lidar2img, const Experiment& experiment);

/// `taps` may be null. Stops between stages where the taps' tick throws.
Result run_sample(Detector& net, const SampleInfo& sample, const Experiment& experiment, const PictureSource& source, TapStack* taps, const StageHooks& hooks = {});

}
