#include "plugins/bev/engine/info_json.h"
#include "core/base/error.h"
#include "plugins/bev/engine/nuscenes_names.h"
#include <algorithm>
#include <array>
#include <cmath>

namespace lathe::bev {
namespace {

std::string inside(std::string_view where, const char* key) { return std::string(where) + ", field " + key; }

[[noreturn]] void refuse(std::string_view where, const char* key, const char* why) { throw Error(ErrorCode::wrong_format, std::string("An info record cannot be used: ") + why + ".", inside(where, key)); }

/// Nested lists of numbers, one after the other.
void collect(const Json& value, std::vector<double>& out, std::string_view where, const char* key) {
    if (value.is_array())
        for (const Json& item : value) collect(item, out, where, key);
    else if (value.is_number()) out.push_back(value.get<double>());
    else if (value.is_null()) out.push_back(std::nan(""));
    else refuse(where, key, "a number is expected");
}

template <std::size_t N> std::array<double, N> numbers(const Json& object, const char* key, std::string_view where, bool may_be_nan = false) {
    std::vector<double> values;
    collect(member(object, key, where), values, where, key);
    if (values.size() != N) refuse(where, key, "it has not the right number of entries");
    if (!may_be_nan && !std::ranges::all_of(values, [](double v) { return std::isfinite(v); })) refuse(where, key, "a number is not finite");
    std::array<double, N> out{};
    std::ranges::copy(values, out.begin());
    return out;
}

Pose pose(const Json& object, const std::string& prefix, std::string_view where) {
    return {numbers<4>(object, (prefix + "_rotation").c_str(), where), numbers<3>(object, (prefix + "_translation").c_str(), where)};
}

const Json& cameras_of(const Json& object, std::string_view where) {
    const Json& cameras = member(object, "cams", where);
    if (!cameras.is_object() || cameras.empty() || cameras.size() > kMostCameras) refuse(where, "cams", "from 1 to 12 cameras are expected");
    return cameras;
}

std::vector<std::string> channels_of(const Json& cameras) {
    std::vector<std::string> out;
    for (const std::string_view name : kCameras)
        if (cameras.contains(std::string(name))) out.emplace_back(name);
    for (const auto& [name, camera] : cameras.items())
        if (std::ranges::find(kCameras, name) == kCameras.end()) out.push_back(name);
    return out;
}

std::vector<HistoryFrame> history(const Json& info, const char* key, const std::vector<CameraInfo>& cameras, std::string_view where) {
    std::vector<HistoryFrame> out;
    const auto found = info.find(key);
    if (found == info.end() || found->is_null()) return out;
    if (!found->is_array()) refuse(where, key, "a list is expected");
    for (const Json& entry : *found) {
        const std::string here = inside(where, key) + "[" + std::to_string(out.size()) + "]";
        HistoryFrame frame{int_member(entry, "timestamp", here), pose(entry, "ego2global", here), {}};
        const Json& files = cameras_of(entry, here);
        for (const CameraInfo& camera : cameras) frame.files.push_back(string_member(member(files, camera.channel.c_str(), here), "data_path", here));
        out.push_back(std::move(frame));
    }
    return out;
}

/// The file's velocities are relative to the car; the network is trained on absolute ones.
std::vector<TrueBox> true_boxes(const Json& info, std::string_view where) {
    std::vector<TrueBox> out;
    const auto boxes = info.find("gt_boxes"), names = info.find("gt_names"), velocities = info.find("gt_velocity");
    if (boxes == info.end()) return out;
    if (!boxes->is_array() || names == info.end() || !names->is_array() || names->size() != boxes->size()) refuse(where, "gt_names", "one name for each box of gt_boxes is expected");
    if (velocities != info.end() && (!velocities->is_array() || velocities->size() != boxes->size())) refuse(where, "gt_velocity", "one velocity for each box of gt_boxes is expected");
    const std::array<double, 2> ego = info.contains("velo") ? numbers<2>(info, "velo", where) : std::array<double, 2>{};
    const auto points = info.find("num_lidar_pts");
    for (std::size_t i = 0; i < boxes->size(); ++i) {
        if (!(*names)[i].is_string()) refuse(where, "gt_names", "a text is expected");
        TrueBox box;
        box.label = class_index((*names)[i].get<std::string>());
        if (box.label < 0) continue;
        const Json row{{"gt_boxes", (*boxes)[i]}, {"gt_velocity", velocities == info.end() ? Json::array({nullptr, nullptr}) : (*velocities)[i]}};
        const auto b = numbers<7>(row, "gt_boxes", where);
        const auto v = numbers<2>(row, "gt_velocity", where, true);
        box.velocity_known = std::isfinite(v[0]) && std::isfinite(v[1]);
        box.box = {static_cast<float>(b[0]), static_cast<float>(b[1]), static_cast<float>(b[2] - b[5] / 2), static_cast<float>(b[3]), static_cast<float>(b[4]), static_cast<float>(b[5]), static_cast<float>(b[6]),
            box.velocity_known ? static_cast<float>(v[0] + ego[0]) : 0.0f, box.velocity_known ? static_cast<float>(v[1] + ego[1]) : 0.0f};
        if (points != info.end() && points->is_array() && i < points->size() && (*points)[i].is_number_integer()) box.lidar_points = (*points)[i].get<int>();
        out.push_back(std::move(box));
    }
    return out;
}

}

SampleInfo sample_info_from(const Json& info, std::string_view where) {
    SampleInfo out;
    out.token = string_member(info, "token", where);
    out.timestamp = int_member(info, "timestamp", where);
    if (info.contains("lidar_path")) out.lidar_file = string_member(info, "lidar_path", where);
    out.lidar2ego = pose(info, "lidar2ego", where);
    out.ego2global = pose(info, "ego2global", where);
    const Json& cameras = cameras_of(info, where);
    for (const std::string& channel : channels_of(cameras)) {
        const Json& from = cameras.at(channel);
        const std::string here = inside(where, "cams") + "." + channel;
        CameraInfo camera;
        camera.channel = channel;
        camera.file = string_member(from, "data_path", here);
        camera.timestamp = from.contains("timestamp") ? int_member(from, "timestamp", here) : out.timestamp;
        camera.intrinsic.m = numbers<9>(from, "cam_intrinsic", here);
        camera.sensor2ego = pose(from, "sensor2ego", here);
        camera.ego2global = from.contains("ego2global_rotation") ? pose(from, "ego2global", here) : out.ego2global;
        camera.sensor2lidar = rigid(Mat3{numbers<9>(from, "sensor2lidar_rotation", here)}, numbers<3>(from, "sensor2lidar_translation", here));
        out.cameras.push_back(std::move(camera));
    }
    out.previous = history(info, "prev", out.cameras, where);
    out.following = history(info, "next", out.cameras, where);
    out.boxes = true_boxes(info, where);
    return out;
}

}
