#include "core/base/error.h"
#include "plugins/bev/engine/cases_data.h"
#include "plugins/bev/engine/nuscenes_names.h"
#include "plugins/bev/engine/nuscenes_result.h"
#include <ATen/ATen.h>
#include <cmath>
#include <limits>

namespace lathe::bev {
namespace {

at::Tensor table(const std::vector<double>& values) { return at::tensor(values, at::kDouble); }

double number(const Json& value) { return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>(); }   // the files write NaN as null

template <std::size_t N> std::array<double, N> numbers(const Json& object, const char* key) {
    const Json& list = member(object, key, "box");
    if (!list.is_array() || list.size() < N) throw Error(ErrorCode::wrong_format, "A list of numbers is too short.", key);
    std::array<double, N> out{};
    for (std::size_t i = 0; i < N; ++i) out[i] = number(list[i]);
    return out;
}

int known(int index, const std::string& name) {
    if (index < 0) throw Error(ErrorCode::unknown_name, "This is no class or attribute of nuScenes.", name);
    return index;
}

GlobalBox box_of(const Json& json) {
    GlobalBox box;
    box.centre = numbers<3>(json, "translation");
    box.size = numbers<3>(json, "size");
    box.rotation = numbers<4>(json, "rotation");
    box.velocity = numbers<2>(json, "velocity");
    const std::string name = string_member(json, "detection_name", "box"), attribute = string_member(json, "attribute_name", "box");
    box.label = known(class_index(name), name);
    box.attribute = known(attribute_index(attribute), attribute);
    box.score = number_member(json, "detection_score", "box");
    box.points = json.contains("num_pts") ? static_cast<int>(int_member(json, "num_pts", "box")) : -1;
    return box;
}

// --- bev/nuscenes_metric
std::string curve_key(const std::string& which, const char* part) { return "out.curve." + which + "." + part; }

std::vector<double> in_class_order(const Json& by_class, const std::vector<std::string>& columns) {
    std::vector<double> out;
    for (const std::string_view name : kClasses) {
        const Json& row = member(by_class, std::string(name).c_str(), "metrics");
        if (columns.empty()) out.push_back(number(row));
        for (const std::string& column : columns) out.push_back(number(member(row, column.c_str(), "metrics")));
    }
    return out;
}

std::vector<double> curve(const Json& list) {
    std::vector<double> out;
    for (const Json& value : list) out.push_back(number(value));
    return out;
}

VerifyJson split_metric(const Json& file) {
    const Json& metrics = member(file, "metrics", "file");
    VerifyJson out;
    const Json& settings = member(metrics, "cfg", "metrics");
    out.config = {{"samples", member(file, "samples", "file")}, {"cfg", settings}, {"curves", Json::array()}};
    std::vector<std::string> distances, errors(kErrors.begin(), kErrors.end());
    for (const Json& distance : member(settings, "dist_ths", "metrics.cfg")) {
        const double wanted = distance.get<double>();
        for (const auto& [key, value] : member(member(metrics, "label_aps", "metrics"), "car", "metrics.label_aps").items())
            if (parse_number(key) == wanted) distances.push_back(key);
    }
    const std::int64_t classes = std::ssize(kClasses);
    out.expected["out.label_aps"] = table(in_class_order(metrics.at("label_aps"), distances)).reshape({classes, -1});
    out.expected["out.mean_dist_aps"] = table(in_class_order(member(metrics, "mean_dist_aps", "metrics"), {}));
    out.expected["out.label_tp_errors"] = table(in_class_order(member(metrics, "label_tp_errors", "metrics"), errors)).reshape({classes, -1});
    for (const char* key : {"mean_ap", "nd_score"}) out.expected[std::string("out.") + key] = table({number_member(metrics, key, "metrics")});
    for (const char* key : {"tp_errors", "tp_scores"}) {
        std::vector<double> values;
        for (const std::string& error : errors) values.push_back(number(member(member(metrics, key, "metrics"), error.c_str(), key)));
        out.expected[std::string("out.") + key] = table(values);
    }
    if (file.contains("counts")) {
        std::vector<double> counts;
        for (const char* key : {"gt", "pred", "gt_after_filter", "pred_after_filter"}) counts.push_back(number_member(file.at("counts"), key, "counts"));
        out.expected["out.counts"] = table(counts);
    }
    if (file.contains("curves"))
        for (const auto& [which, parts] : file.at("curves").items()) {
            out.config["curves"].push_back(which);
            for (const char* part : {"precision", "confidence"}) out.expected[curve_key(which, part)] = table(curve(member(parts, part, "curves")));
        }
    if (file.contains("car_tp_curves_at_2m"))
        for (const auto& [error, values] : file.at("car_tp_curves_at_2m").items()) out.expected["out.car." + error] = table(curve(values));
    return out;
}

MetricSettings settings_of(const Json& config) {
    MetricSettings out;
    const Json& ranges = member(config, "class_range", "cfg");
    for (std::size_t i = 0; i < kClasses.size(); ++i) out.class_range[i] = number_member(ranges, std::string(kClasses[i]).c_str(), "cfg.class_range");
    out.distances = member(config, "dist_ths", "cfg").get<std::vector<double>>();
    out.error_distance = number_member(config, "dist_th_tp", "cfg");
    out.min_recall = number_member(config, "min_recall", "cfg");
    out.min_precision = number_member(config, "min_precision", "cfg");
    out.map_weight = number_member(config, "mean_ap_weight", "cfg");
    out.most_boxes = static_cast<std::size_t>(std::max<std::int64_t>(0, int_member(config, "max_boxes_per_sample", "cfg")));
    return out;
}

EvalSample sample_of(const Json& json) {
    EvalSample out;
    out.token = string_member(json, "token", "samples");
    out.ego_translation = numbers<3>(json, "ego_translation");
    for (const Json& box : member(json, "gt", "samples")) out.truth.push_back(box_of(box));
    for (const Json& box : member(json, "pred", "samples")) out.predictions.push_back(box_of(box));
    if (json.contains("bike_racks"))
        for (const Json& rack : json.at("bike_racks")) out.bicycle_racks.push_back({numbers<3>(rack, "translation"), numbers<3>(rack, "size"), numbers<4>(rack, "rotation")});
    return out;
}

TensorMap run_metric(const VerifyInputs& inputs, RunContext&) {
    const MetricSettings settings = settings_of(member(inputs.config, "cfg", "config"));
    std::vector<EvalSample> samples;
    for (const Json& sample : member(inputs.config, "samples", "config")) samples.push_back(sample_of(sample));
    const DetectionMetric metric = evaluate_detections(std::move(samples), settings);
    std::vector<double> by_distance, means, errors;
    for (const ClassMetric& one : metric.classes) {
        by_distance.insert(by_distance.end(), one.average_precision.begin(), one.average_precision.end());
        means.push_back(one.mean_average_precision);
        errors.insert(errors.end(), one.errors.begin(), one.errors.end());
    }
    const std::int64_t classes = std::ssize(kClasses);
    const auto list = [](const auto& values) { return table({values.begin(), values.end()}); };
    TensorMap out{{"out.label_aps", table(by_distance).reshape({classes, -1})}, {"out.mean_dist_aps", table(means)}, {"out.label_tp_errors", table(errors).reshape({classes, -1})},
        {"out.mean_ap", table({metric.mean_average_precision})}, {"out.nd_score", table({metric.detection_score})}, {"out.tp_errors", list(metric.errors)}, {"out.tp_scores", list(metric.scores)},
        {"out.counts", table({static_cast<double>(metric.truths_given), static_cast<double>(metric.predictions_given), static_cast<double>(metric.truths), static_cast<double>(metric.predictions)})}};
    for (const Json& wanted : inputs.config.at("curves")) {   // "car:2.0"
        const std::string which = wanted.get<std::string>();
        const std::size_t colon = which.find(':');
        const int label = known(class_index(which.substr(0, colon)), which);
        const double distance = parse_number(colon == which.npos ? "" : std::string_view(which).substr(colon + 1)).value_or(-1);
        for (std::size_t d = 0; d < settings.distances.size(); ++d) {
            if (settings.distances[d] != distance) continue;
            const PrecisionCurve& found = metric.classes[static_cast<std::size_t>(label)].curves[d];
            out[curve_key(which, "precision")] = list(found.precision);
            out[curve_key(which, "confidence")] = list(found.confidence);
        }
    }
    const ClassMetric& car = metric.classes[static_cast<std::size_t>(class_index("car"))];
    for (std::size_t k = 0; k < kErrors.size(); ++k) out["out.car." + std::string(kErrors[k])] = list(car.error_curves[k]);
    return out;
}

// --- bev/nuscenes_result
void append(std::vector<double>& values, std::vector<double>& names, const GlobalBox& box) {
    for (const auto& part : {std::vector<double>(box.centre.begin(), box.centre.end()), {box.size.begin(), box.size.end()}, {box.rotation.begin(), box.rotation.end()}, {box.velocity.begin(), box.velocity.end()}, {box.score}})
        values.insert(values.end(), part.begin(), part.end());
    names.push_back(box.label);
    names.push_back(box.attribute);
}

TensorMap result_tensors(const std::vector<GlobalBox>& boxes, const std::vector<double>& meta) {
    std::vector<double> values, names;
    for (const GlobalBox& box : boxes) append(values, names, box);
    const std::int64_t count = std::ssize(boxes);
    return {{"out.boxes", table(values).reshape({count, 13})}, {"out.names", table(names).reshape({count, 2})}, {"out.meta", table(meta)}};
}

VerifyJson split_result(const Json& file) {
    VerifyJson out;
    for (const char* key : {"classes", "pose", "boxes", "scores", "labels"}) out.config[key] = member(file, key, "file");
    const Json& expected = member(file, "expected", "file");
    std::vector<GlobalBox> boxes;
    const std::string token = string_member(out.config.at("pose"), "token", "pose");
    for (const Json& box : member(member(expected, "results", "expected"), token.c_str(), "expected.results")) boxes.push_back(box_of(box));
    std::vector<double> meta;
    for (const auto& [key, value] : kResultMeta) meta.push_back(bool_member(member(expected, "meta", "expected"), std::string(key).c_str(), "expected.meta"));
    out.expected = result_tensors(boxes, meta);
    return out;
}

TensorMap run_result(const VerifyInputs& inputs, RunContext&) {
    const Json &pose = inputs.config.at("pose"), &boxes = inputs.config.at("boxes"), &scores = inputs.config.at("scores"), &labels = inputs.config.at("labels"), &classes = inputs.config.at("classes");
    if (!boxes.is_array() || scores.size() != boxes.size() || labels.size() != boxes.size()) throw Error(ErrorCode::wrong_format, "Each box needs a score and a label.", "scores, labels");
    std::vector<Detection> detections;
    for (std::size_t i = 0; i < boxes.size(); ++i) {
        const Json row{{"box", boxes[i]}};
        const auto b = numbers<9>(row, "box");
        std::array<float, 9> f{};
        for (std::size_t k = 0; k < f.size(); ++k) f[k] = static_cast<float>(b[k]);
        const std::string name = classes.at(labels[i].get<std::size_t>()).get<std::string>();
        detections.push_back({{f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7], f[8]}, scores[i].get<float>(), known(class_index(name), name)});
    }
    const Pose lidar2ego{numbers<4>(pose, "lidar2ego_rotation"), numbers<3>(pose, "lidar2ego_translation")}, ego2global{numbers<4>(pose, "ego2global_rotation"), numbers<3>(pose, "ego2global_translation")};
    std::vector<double> meta;
    for (const auto& [key, value] : kResultMeta) meta.push_back(value);
    return result_tensors(to_global(detections, lidar2ego, ego2global), meta);
}

}

VerifyCase metric_case() {
    VerifyCase out;
    out.id = "bev/nuscenes_metric";
    out.tolerances = {{"out.counts", "exact", 0}, {"*", "max_abs", 1e-9}};
    out.run = run_metric;
    out.split_json = split_metric;
    return out;
}

VerifyCase result_case() {
    VerifyCase out;
    out.id = "bev/nuscenes_result";
    out.tolerances = {{"out.names", "exact", 0}, {"out.meta", "exact", 0}, {"*", "max_rel", 1e-5}};
    out.run = run_result;
    out.split_json = split_result;
    return out;
}

}
