#pragma once
// From the linked tables of a nuScenes data set to what the detector and its metric read: camera matrices, history, boxes in the lidar frame, truth in
// the global frame. Source: Fast-BEV's info files (their conversion) and nuscenes-devkit (velocities).
#include "plugins/bev/engine/detection_metric.h"
#include "plugins/bev/engine/nuscenes_tables.h"
#include "plugins/bev/engine/sample_info.h"
#include <array>

namespace lathe::bev {

struct HistoryRule { double spacing = 0.25; int most = 20; };    ///< seconds between entries (every third image at 12 Hz, every image at 4 Hz); entries kept

/// Throws Error(wrong_format) where the sample lacks its lidar key frame or a camera that its scene has.
SampleInfo sample_info(const NuscenesTables& tables, int sample, const HistoryRule& rule = {});

/// (vx, vy) of an annotation in the global frame, m/s, by the difference of its neighbours; NaN where it has none or they are too far apart in time.
std::array<double, 2> annotation_velocity(const NuscenesTables& tables, int annotation);

/// Truth of one sample for the metric: all boxes of the ten classes, bicycle racks, position of the car.
EvalSample eval_sample(const NuscenesTables& tables, int sample);
std::vector<EvalSample> eval_samples(const NuscenesTables& tables, const std::vector<int>& samples);

}
