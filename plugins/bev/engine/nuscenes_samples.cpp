#include "plugins/bev/engine/nuscenes_samples.h"
#include "core/base/error.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace lathe::bev {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

template <class T> const T& at(const std::vector<T>& all, int i) { return all[static_cast<std::size_t>(i)]; }

[[noreturn]] void incomplete(const NuscenesTables& tables, const NuscenesTables::Sample& sample, std::string_view channel) {
    throw Error(ErrorCode::wrong_format, "A sample has no key frame of " + std::string(channel) + ".", (tables.root / tables.version / "sample_data.json").string() + ", sample " + sample.token,
        "Mend or fetch the table again.");
}

const NuscenesTables::Data& lidar_of(const NuscenesTables& tables, const NuscenesTables::Sample& sample) {
    if (sample.lidar < 0) incomplete(tables, sample, "LIDAR_TOP");
    return at(tables.data, sample.lidar);
}

/// How many images of the stream lie between two entries of the history.
int stride_of(const NuscenesTables& tables, const std::vector<int>& stream, double spacing) {
    if (stream.size() < 2) return 1;
    std::vector<std::int64_t> gaps;
    for (std::size_t i = 1; i < stream.size(); ++i) gaps.push_back(at(tables.data, stream[i]).timestamp - at(tables.data, stream[i - 1]).timestamp);
    std::ranges::nth_element(gaps, gaps.begin() + static_cast<std::ptrdiff_t>(gaps.size() / 2));
    const double gap = static_cast<double>(gaps[gaps.size() / 2]) * 1e-6;
    return gap > 0 ? std::max(1, static_cast<int>(std::min(1000.0, std::round(spacing / gap)))) : 1;
}

int nearest(const NuscenesTables& tables, const std::vector<int>& stream, std::int64_t time) {
    const auto when = [&](int i) { return at(tables.data, i).timestamp; };
    auto after = std::ranges::lower_bound(stream, time, {}, when);
    if (after == stream.end()) return stream.back();
    if (after == stream.begin() || when(*after) - time < time - when(*(after - 1))) return *after;
    return *(after - 1);
}

void add_history(const NuscenesTables& tables, const NuscenesTables::Sample& sample, const std::vector<int>& channels, const HistoryRule& rule, SampleInfo& out) {
    const auto& streams = at(tables.streams, sample.scene);
    const std::vector<int>& front = at(streams, channels.front());
    const auto here = static_cast<std::ptrdiff_t>(std::ranges::find(front, at(sample.cameras, channels.front())) - front.begin());
    const std::ptrdiff_t step = stride_of(tables, front, rule.spacing);
    for (const int direction : {-1, 1}) {
        std::vector<HistoryFrame>& frames = direction < 0 ? out.previous : out.following;
        for (std::ptrdiff_t i = here + direction * step; i >= 0 && i < std::ssize(front) && std::ssize(frames) < rule.most; i += direction * step) {
            const auto& data = at(tables.data, front[static_cast<std::size_t>(i)]);
            HistoryFrame frame{data.timestamp, at(tables.poses, data.pose), {}};
            for (const int channel : channels) frame.files.push_back(at(tables.data, nearest(tables, at(streams, channel), data.timestamp)).file);
            frame.files.front() = data.file;
            frames.push_back(std::move(frame));
        }
    }
}

TrueBox true_box(const NuscenesTables& tables, int index, int label, const Mat4& lidar_from_global) {
    const auto& a = at(tables.annotations, index);
    TrueBox out;
    out.label = label;
    out.attribute = a.attribute;
    out.visibility = a.visibility;
    out.lidar_points = a.lidar_points;
    out.radar_points = a.radar_points;
    out.token = a.token;
    out.instance = at(tables.instances, a.instance).token;
    const Vec3 centre = transformed(lidar_from_global, a.centre);
    const Mat3 turn = upper_left(lidar_from_global), heading = turn * rotation_of(a.rotation);
    out.box.x = static_cast<float>(centre[0]);
    out.box.y = static_cast<float>(centre[1]);
    out.box.z = static_cast<float>(centre[2] - a.size[2] / 2);
    out.box.w = static_cast<float>(a.size[0]);
    out.box.l = static_cast<float>(a.size[1]);
    out.box.h = static_cast<float>(a.size[2]);
    out.box.yaw = static_cast<float>(-std::atan2(heading(1, 0), heading(0, 0)) - std::numbers::pi / 2);
    const auto [vx, vy] = annotation_velocity(tables, index);
    out.velocity_known = !std::isnan(vx);
    if (out.velocity_known) {
        const Vec3 velocity = turn * Vec3{vx, vy, 0};
        out.box.vx = static_cast<float>(velocity[0]);
        out.box.vy = static_cast<float>(velocity[1]);
    }
    return out;
}

}

SampleInfo sample_info(const NuscenesTables& tables, int index, const HistoryRule& rule) {
    const auto& sample = at(tables.samples, index);
    const auto& lidar = lidar_of(tables, sample);
    SampleInfo out;
    out.token = sample.token;
    out.scene = at(tables.scenes, sample.scene).name;
    out.timestamp = sample.timestamp;
    out.lidar_file = lidar.file;
    out.lidar2ego = at(tables.calibrations, lidar.calibration).to_ego;
    out.ego2global = at(tables.poses, lidar.pose);
    const Mat4 lidar_from_global = inverse(out.ego2global.matrix() * out.lidar2ego.matrix());

    std::vector<int> channels;   // those that the scene has
    for (int channel = 0; channel < static_cast<int>(tables.channels.size()); ++channel) {
        if (at(at(tables.streams, sample.scene), channel).empty()) continue;
        channels.push_back(channel);
        const int key = at(sample.cameras, channel);
        if (key < 0) incomplete(tables, sample, at(tables.channels, channel));
        const auto& data = at(tables.data, key);
        const auto& calibration = at(tables.calibrations, data.calibration);
        CameraInfo camera{at(tables.channels, channel), data.file, data.width, data.height, data.timestamp, calibration.intrinsic, calibration.to_ego, at(tables.poses, data.pose), {}};
        camera.sensor2lidar = lidar_from_global * (camera.ego2global.matrix() * camera.sensor2ego.matrix());
        out.cameras.push_back(std::move(camera));
    }
    if (channels.empty()) incomplete(tables, sample, "any camera");
    add_history(tables, sample, channels, rule, out);
    for (const int annotation : sample.annotations) {
        const int label = at(tables.categories, at(tables.instances, at(tables.annotations, annotation).instance).category).label;
        if (label >= 0) out.boxes.push_back(true_box(tables, annotation, label, lidar_from_global));
    }
    return out;
}

std::array<double, 2> annotation_velocity(const NuscenesTables& tables, int index) {
    const auto& here = at(tables.annotations, index);
    if (here.previous < 0 && here.next < 0) return {kNan, kNan};
    const auto& first = here.previous < 0 ? here : at(tables.annotations, here.previous);
    const auto& last = here.next < 0 ? here : at(tables.annotations, here.next);
    const double seconds = 1e-6 * static_cast<double>(at(tables.samples, last.sample).timestamp - at(tables.samples, first.sample).timestamp);
    const double longest = here.previous >= 0 && here.next >= 0 ? 3.0 : 1.5;
    if (!(seconds > 0) || seconds > longest) return {kNan, kNan};
    return {(last.centre[0] - first.centre[0]) / seconds, (last.centre[1] - first.centre[1]) / seconds};
}

EvalSample eval_sample(const NuscenesTables& tables, int index) {
    const auto& sample = at(tables.samples, index);
    EvalSample out;
    out.token = sample.token;
    out.ego_translation = at(tables.poses, lidar_of(tables, sample).pose).translation;
    for (const int i : sample.annotations) {
        const auto& a = at(tables.annotations, i);
        const auto& category = at(tables.categories, at(tables.instances, a.instance).category);
        if (category.bicycle_rack) out.bicycle_racks.push_back({a.centre, a.size, a.rotation});
        if (category.label < 0) continue;
        GlobalBox box;
        box.centre = a.centre;
        box.size = a.size;
        box.rotation = a.rotation;
        box.velocity = annotation_velocity(tables, i);
        box.label = category.label;
        box.attribute = a.attribute;
        box.points = a.lidar_points + a.radar_points;
        out.truth.push_back(box);
    }
    return out;
}

std::vector<EvalSample> eval_samples(const NuscenesTables& tables, const std::vector<int>& samples) {
    std::vector<EvalSample> out;
    out.reserve(samples.size());
    for (const int sample : samples) out.push_back(eval_sample(tables, sample));
    return out;
}

}
