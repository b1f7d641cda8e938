#pragma once
// One sample through a detector, stage by stage, with the time of each: decode and preprocess, image network, tables, gather, BEV encoder, head, suppression.
#include "plugins/bev/engine/detector.h"
#include "plugins/bev/engine/head.h"
#include "plugins/bev/engine/inputs.h"

namespace lathe::bev {

/// What an experiment changes; the default is the official way.
struct Experiment {
    ViewRules rules;
    AlignOptions align;                       ///< history is set from the network
    std::vector<bool> dropped;                ///< cameras whose features are taken as zero; empty: none
    PostConfig post;
    bool trace = false;                       ///< keep what the suppression did
};

struct StageTimes { double input = 0, images = 0, tables = 0, gather = 0, encoder = 0, head = 0, boxes = 0; double total() const { return input + images + tables + gather + encoder + head + boxes; } };

struct Result {
    NetworkInput input;
    ViewTables tables;
    std::vector<at::Tensor> features;         ///< of each level
    at::Tensor bev;
    HeadMaps maps;
    Detections detections;
    StageTimes seconds;
};

/// `taps` may be null. Stops between stages where the taps' tick throws.
Result run_sample(Detector& net, const SampleInfo& sample, const std::filesystem::path& root, const Experiment& experiment, PictureCache& pictures, TapStack* taps);

}
