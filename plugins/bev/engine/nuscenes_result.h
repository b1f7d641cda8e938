#pragma once
// Detections as nuScenes wants them: global frame, attribute by speed, one JSON file for all samples. Source: Fast-BEV (output_to_nusc_box,
// lidar_nusc_box_to_global, _format_bbox), nuscenes-devkit (format of the file).
#include "core/base/file.h"
#include "plugins/bev/engine/detection_metric.h"
#include "plugins/bev/engine/sample_info.h"
#include <array>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lathe::bev {

/// What the file says of its sources.
inline constexpr std::array<std::pair<std::string_view, bool>, 5> kResultMeta{{{"use_camera", true}, {"use_lidar", false}, {"use_radar", false}, {"use_map", false}, {"use_external", true}}};

/// To the global frame; boxes whose centre is further from the car than `class_range` are left out. Throws Error(invalid_value) for a box that is not finite.
std::vector<GlobalBox> to_global(std::span<const Detection> detections, const Pose& lidar2ego, const Pose& ego2global, const std::array<double, 10>& class_range = MetricSettings{}.class_range);

/// The true boxes of a sample as if they had been detected, score 1: what goes through writer and metric to test both. Those without points are
/// left out, as the metric does. Unknown velocities become 0.
std::vector<GlobalBox> as_predictions(std::span<const GlobalBox> truth);

/// Writes {"meta": ..., "results": {token: [...]}} sample by sample; the file appears with finish(), until then nothing does. Throws Error(io, invalid_value).
class ResultWriter {
public:
    explicit ResultWriter(const std::filesystem::path& file);
    void add(const std::string& token, std::span<const GlobalBox> boxes);
    void finish();
private:
    void flush(std::size_t above);
    AtomicFile m_file;
    std::string m_text;
    bool m_first = true;
};

struct SampleResult { std::string token; std::vector<GlobalBox> boxes; };

/// In the order of the file. Throws Error(not_found, io, wrong_format) naming sample and field.
std::vector<SampleResult> read_results(const std::filesystem::path& file, const std::function<void()>& watch = {});

/// Gives the predictions to their samples and orders the samples as the results are (that settles equal scores). Throws Error(invalid_value) where a sample
/// has no result, or a result no sample.
void attach(std::vector<EvalSample>& samples, std::vector<SampleResult> results);

}
