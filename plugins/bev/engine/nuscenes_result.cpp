#include "plugins/bev/engine/nuscenes_result.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "plugins/bev/engine/json_rows.h"
#include "plugins/bev/engine/nuscenes_names.h"
#include <iterator>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <unordered_map>
#include <unordered_set>

namespace lathe::bev {
namespace {

constexpr std::size_t kPiece = 1u << 20;

Vec3 moved(const Pose& pose, const Mat3& rotation, const Vec3& p) {
    const Vec3 turned = rotation * p;
    return {turned[0] + pose.translation[0], turned[1] + pose.translation[1], turned[2] + pose.translation[2]};
}

bool is_finite(const Detection& d) {
    for (const float v : {d.box.x, d.box.y, d.box.z, d.box.w, d.box.l, d.box.h, d.box.yaw, d.box.vx, d.box.vy, d.score})
        if (!std::isfinite(v)) return false;
    return true;
}

template <class T> void append_list(std::string& text, const char* key, const T& values) {
    text += ",\"";
    text += key;
    text += "\":[";
    bool first = true;
    for (const double v : values) {
        if (!first) text += ',';
        first = false;
        text += number_text(v);
    }
    text += ']';
}

GlobalBox box_of(const JsonRow& row, std::string_view token) {
    GlobalBox box;
    if (row.has("sample_token") && row.text("sample_token") != token) row.refuse("sample_token", "it names another sample than the list it stands in");
    box.centre = row.vector<3>("translation");
    box.size = row.vector<3>("size");
    box.rotation = row.vector<4>("rotation");
    box.velocity = row.vector<2>("velocity", true);
    box.score = row.number("detection_score");
    box.label = class_index(row.text("detection_name"));
    if (box.label < 0) row.refuse("detection_name", "\"" + valid_text(row.text("detection_name"), 64) + "\" is no class of the detection task");
    box.attribute = attribute_index(row.text("attribute_name"));
    if (box.attribute < 0) row.refuse("attribute_name", "\"" + valid_text(row.text("attribute_name"), 64) + "\" is no attribute of nuScenes");
    for (const double size : box.size)
        if (!(size > 0)) row.refuse("size", "a size is not positive");
    if (box.rotation == Quaternion{}) row.refuse("rotation", "the quaternion is zero");
    return box;
}

}

std::vector<GlobalBox> to_global(std::span<const Detection> detections, const Pose& lidar2ego, const Pose& ego2global, const std::array<double, 10>& class_range) {
    const Mat3 to_ego = rotation_of(lidar2ego.rotation), to_world = rotation_of(ego2global.rotation);
    std::vector<GlobalBox> out;
    for (const Detection& d : detections) {
        if (!is_finite(d) || d.label < 0 || d.label >= static_cast<int>(kClasses.size()))
            throw Error(ErrorCode::invalid_value, "A detected box is not finite or of no class.", "box " + std::to_string(&d - detections.data()), "The network's output is damaged: check its weights.");
        const float middle = d.box.z + d.box.h * 0.5f, yaw = -d.box.yaw - std::numbers::pi_v<float> / 2;
        const Vec3 ego = moved(lidar2ego, to_ego, {d.box.x, d.box.y, middle});
        if (std::sqrt(ego[0] * ego[0] + ego[1] * ego[1]) > class_range[static_cast<std::size_t>(d.label)]) continue;
        GlobalBox box;
        box.centre = moved(ego2global, to_world, ego);
        box.size = {d.box.w, d.box.l, d.box.h};
        box.rotation = product(ego2global.rotation, product(lidar2ego.rotation, quaternion_about_z(yaw)));
        const Vec3 velocity = to_world * (to_ego * Vec3{d.box.vx, d.box.vy, 0});
        box.velocity = {velocity[0], velocity[1]};
        box.score = d.score;
        box.label = d.label;
        box.attribute = attribute_from_speed(d.label, std::sqrt(velocity[0] * velocity[0] + velocity[1] * velocity[1]));
        out.push_back(box);
    }
    return out;
}

std::vector<GlobalBox> as_predictions(std::span<const GlobalBox> truth) {
    std::vector<GlobalBox> out;
    std::copy_if(truth.begin(), truth.end(), std::back_inserter(out), [](const GlobalBox& box) { return box.points != 0; });
    for (GlobalBox& box : out) {
        for (double& v : box.velocity)
            if (std::isnan(v)) v = 0;
        box.score = 1;
        box.points = -1;
    }
    return out;
}

ResultWriter::ResultWriter(const std::filesystem::path& file) : m_file(file) {
    for (const auto& [key, value] : kResultMeta) m_text += (m_text.empty() ? "{\"meta\":{\"" : ",\"") + std::string(key) + (value ? "\":true" : "\":false");
    m_text += "},\"results\":{";
}

void ResultWriter::add(const std::string& token, std::span<const GlobalBox> boxes) {
    const std::string name = json_text(token);
    m_text += (m_first ? "" : ",") + name + ":[";
    m_first = false;
    for (const GlobalBox& box : boxes) {
        for (const double v : {box.centre[0], box.centre[1], box.centre[2], box.size[0], box.size[1], box.size[2], box.rotation[0], box.rotation[1], box.rotation[2], box.rotation[3], box.velocity[0],
                 box.velocity[1], box.score})
            if (!std::isfinite(v)) throw Error(ErrorCode::invalid_value, "A box of a result is not finite.", "sample " + token, "The network's output is damaged: check its weights.");
        m_text += (&box == boxes.data() ? "" : ",") + std::string("{\"sample_token\":") + name;
        append_list(m_text, "translation", box.centre);
        append_list(m_text, "size", box.size);
        append_list(m_text, "rotation", box.rotation);
        append_list(m_text, "velocity", box.velocity);
        m_text += ",\"detection_name\":\"" + std::string(kClasses.at(static_cast<std::size_t>(box.label))) + "\",\"detection_score\":" + number_text(box.score) + ",\"attribute_name\":\"" +
            std::string(kAttributes.at(static_cast<std::size_t>(box.attribute))) + "\"}";
    }
    m_text += ']';
    flush(kPiece);
}

void ResultWriter::finish() {
    m_text += "}}";
    flush(0);
    m_file.commit();
}

void ResultWriter::flush(std::size_t above) {
    if (m_text.size() <= above) return;
    m_file.write(m_text.data(), m_text.size());
    m_text.clear();
}

std::vector<SampleResult> read_results(const std::filesystem::path& file, const std::function<void()>& watch) {
    std::vector<SampleResult> out;
    std::unordered_set<std::string> seen;
    read_json_rows(file, "{{[", "results", {
        [&](const JsonRow& row, std::span<const std::string> path) { out.back().boxes.push_back(box_of(row, path.back())); },
        [&](std::span<const std::string> path) {
            if (!seen.insert(path.back()).second) throw Error(ErrorCode::wrong_format, "A sample stands twice in the results.", file.string() + ", sample " + valid_text(path.back(), 64));
            out.push_back({path.back(), {}});
            if (watch) watch();
        }});
    if (out.empty()) throw Error(ErrorCode::wrong_format, "The file holds no results.", file.string() + ", field results", "A result file has the form {\"meta\": ..., \"results\": {token: [boxes]}}.");
    return out;
}

void attach(std::vector<EvalSample>& samples, std::vector<SampleResult> results) {
    std::unordered_map<std::string, std::size_t> place;
    for (std::size_t i = 0; i < results.size(); ++i) place.emplace(results[i].token, i);
    std::vector<EvalSample> ordered(results.size());
    std::vector<char> filled(results.size(), 0);
    for (EvalSample& sample : samples) {
        const auto found = place.find(sample.token);
        if (found == place.end()) throw Error(ErrorCode::invalid_value, "The results lack a sample of the split.", "sample " + sample.token, "Every sample must be there; its list may be empty.");
        sample.predictions = std::move(results[found->second].boxes);
        ordered[found->second] = std::move(sample);
        filled[found->second] = 1;
    }
    const auto stranger = std::ranges::find(filled, 0);
    if (stranger != filled.end())
        throw Error(ErrorCode::invalid_value, "The results have a sample that the split does not.", "sample " + valid_text(results[static_cast<std::size_t>(stranger - filled.begin())].token, 64), "Choose the split that the results are for.");
    samples = std::move(ordered);
}

}
