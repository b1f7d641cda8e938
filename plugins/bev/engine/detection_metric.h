#pragma once
// The detection metric of nuScenes (configuration detection_cvpr_2019): average precision by centre distance, five true-positive errors, NDS.
// Global frame, metres, radians, m/s; all in double. Source: nutonomy/nuscenes-devkit, eval/detection. Pure functions; any thread.
#include "plugins/bev/engine/boxes.h"
#include "plugins/bev/engine/geometry.h"
#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace lathe::bev {

struct GlobalBox {
    Vec3 centre{}, size{};                          ///< width, length, height
    Quaternion rotation{1, 0, 0, 0};
    std::array<double, 2> velocity{};               ///< NaN: not known
    double score = -1;                              ///< of a prediction
    int label = 0, attribute = 0;                   ///< indexes of kClasses and kAttributes; attribute 0: none
    int points = -1;                                ///< lidar and radar points in a true box; -1: a prediction
};
struct GlobalRegion { Vec3 centre{}, size{}; Quaternion rotation{1, 0, 0, 0}; };

struct EvalSample {
    std::string token;
    Vec3 ego_translation{};                         ///< of the car at the lidar key frame
    std::vector<GlobalBox> truth, predictions;
    std::vector<GlobalRegion> bicycle_racks;
};

struct MetricSettings {
    std::array<double, 10> class_range{50, 50, 50, 50, 50, 40, 40, 40, 30, 30};   ///< in the order of kClasses
    std::vector<double> distances{0.5, 1, 2, 4};
    double error_distance = 2;                      ///< at which the errors are taken; one of `distances`
    double min_recall = 0.1, min_precision = 0.1, map_weight = 5;
    std::size_t most_boxes = 500;                   ///< predictions a sample may have
};

inline constexpr std::size_t kRecallBins = 101;
inline constexpr std::array<std::string_view, 5> kErrors{"trans_err", "scale_err", "orient_err", "vel_err", "attr_err"};
using RecallCurve = std::array<double, kRecallBins>;   ///< at recalls 0, 0.01, ..., 1
struct PrecisionCurve { RecallCurve precision{}, confidence{}; };

struct ClassMetric {
    std::vector<double> average_precision;          ///< one a distance
    double mean_average_precision = 0;
    std::array<double, 5> errors{};                 ///< NaN: not defined for the class
    std::vector<PrecisionCurve> curves;             ///< one a distance
    std::array<RecallCurve, 5> error_curves{};      ///< at the error distance
    std::size_t truths = 0, predictions = 0;        ///< after the filters
};

struct DetectionMetric {
    std::array<ClassMetric, 10> classes;            ///< in the order of kClasses
    double mean_average_precision = 0, detection_score = 0;   ///< mAP, NDS
    std::array<double, 5> errors{}, scores{};       ///< means over the classes; scores: max(0, 1 - error)
    std::size_t truths_given = 0, predictions_given = 0, truths = 0, predictions = 0;   ///< before and after the filters
};

/// The filters of the evaluation: range, true boxes without points, cycles inside racks.
void filter(EvalSample& sample, const MetricSettings& settings);

/// Takes the samples by value: they are filtered. `watch` is called after each class and may throw. Throws Error(invalid_value) for a prediction that is
/// not finite, has no size or is one too many; names sample and field.
DetectionMetric evaluate_detections(std::vector<EvalSample> samples, const MetricSettings& settings = {}, const std::function<void()>& watch = {});

}
