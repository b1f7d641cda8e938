#pragma once
// What bev.detect tells of a sample, in the order in which it becomes known.
#include "plugins/bev/engine/methods.h"

namespace lathe::bev {

/// What of the voxels is shown; checked against the network.
struct Shown {
    std::int64_t frame = 0, channel = -1;             ///< channel -1: none
    std::optional<std::array<int, 3>> voxel;
};
/// Throws Error(invalid_value) for a frame, channel or voxel that the network does not have.
Shown shown_from(const Json& params, const DetectorConfig& config, const GridChange& change);

// detect_view.cpp
void add_pictures(RunContext& run, const Result& result, const SampleInfo& sample);
void add_surroundings(RunContext& run, const SampleInfo& sample, const std::filesystem::path& root, const DetectorConfig& config, int frames);   ///< lidar points, where the car was
void add_view(RunContext& run, const Result& result, const Detector& net, const SampleInfo& sample, const Experiment& experiment, const Shown& shown);
void add_coverage(RunContext& run, const ViewTables::Level& level, const std::vector<CameraInfo>& cameras);
void add_features(RunContext& run, const Result& result, const Experiment& experiment, const Shown& shown);
void add_voxels(RunContext& run, const Result& result, Overlap overlap);       ///< the artifact kind "voxels", to keep

// detect_boxes.cpp
void add_truth(RunContext& run, const SampleInfo& sample);
void add_boxes(RunContext& run, const Detections& detections, const SampleInfo& sample);
void add_candidates(RunContext& run, const Detections& detections);
void add_matches(RunContext& run, const Detections& detections, const SampleInfo& sample);
void add_maps(RunContext& run, const Result& result, float range);             ///< class scores and the length of the encoder's output

}
