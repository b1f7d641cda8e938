#pragma once
// The methods of this plugin, and what several of them need.
#include "core/engine/model_cache.h"
#include "core/engine/registry.h"
#include "plugins/bev/engine/inference.h"
#include "plugins/bev/engine/nuscenes_samples.h"

namespace lathe::bev {

Method detect_method();      ///< bev.detect: one sample, everything that the workspace shows
Method evaluate_method();    ///< bev.evaluate: the official metric over a split
Method train_method();       ///< bev.train
Method ablation_method();    ///< bev.ablation: the metric with one thing changed at a time
Method describe_method();    ///< bev.describe: what data set and detector hold

/// The input "model", or a network of random weights where the parameter "preset" names one.
std::shared_ptr<CachedModel> open_detector(RunContext& run);
/// The same in the precision that the parameter of this name asks for. int8: calibrated on a few samples of the data set, those of its training split if it has one.
std::shared_ptr<CachedModel> open_detector(RunContext& run, const NuscenesTables& tables);
Detector& detector_of(CachedModel& model);
/// What the engine keeps of pictures and their features from run to run.
PictureSource picture_source(RunContext& run, const CachedModel& model, const std::filesystem::path& root);

/// The data set of the input "data", read once for each folder and time of change.
std::shared_ptr<const NuscenesTables> open_tables(RunContext& run);

/// Parameters of view rules, alignment and suppression, and what they say.
std::vector<Parameter> experiment_parameters();
/// Throws Error(unknown_name) for a camera that is none of `channels`, those of the data set.
Experiment experiment_from(const Json& params, const DetectorConfig& config, const std::vector<std::string>& channels);

/// Measures detections on samples of the data set. `limit`: classes are looked for within min(their range, limit) metres.
DetectionMetric measured(std::vector<EvalSample> samples, double limit, RunContext& run);
void report_metric(RunContext& run, const DetectionMetric& metric, std::int64_t step);
/// Table "stages" in ms; the times are divided by `samples`.
void report_stages(RunContext& run, const StageTimes& seconds, double samples);

}
