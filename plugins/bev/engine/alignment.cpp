#include "plugins/bev/engine/alignment.h"
#include "core/base/error.h"
#include "plugins/bev/engine/geometry.h"
#include <algorithm>
#include <cmath>
#include <numbers>

namespace lathe::bev {
namespace {

Mat3 turn_about(int axis, double radians) {
    const double c = std::cos(radians), s = std::sin(radians);
    const int i = (axis + 1) % 3, j = (axis + 2) % 3;
    Mat3 r;
    r(i, i) = c;
    r(i, j) = -s;
    r(j, i) = s;
    r(j, j) = c;
    return r;
}

/// The reference's float32 matrices: each entry is a chain of fused products in float32. Far from the map's origin one unit in the last place is 0.1 mm,
/// and a different order would give a different table.
Mat4 float_product(const Mat4& a, const Mat4& b) {
    Mat4 out;
    for (int i = 0; i < 4; ++i)
        for (int j = 0; j < 4; ++j) {
            float sum = 0;
            for (int k = 0; k < 4; ++k) sum = static_cast<float>(a(i, k) * b(k, j) + static_cast<double>(sum));
            out(i, j) = sum;
        }
    return out;
}

/// Inverted in double, kept in float32, as numpy does with a float32 matrix.
Mat4 float_inverse(const Mat4& a) { return rounded_to_float(inverse(a)); }

Mat4 current_pose(const SampleInfo& sample, std::size_t camera, const AlignOptions& options) {
    const CameraInfo& info = sample.cameras[camera];
    Mat4 pose = options.static_calibration ? inverse(sample.lidar2ego.matrix()) * info.sensor2ego.matrix() : info.sensor2lidar;
    for (const auto* errors : {&options.offsets, &options.noise})
        if (!errors->empty()) pose = with_noise(pose, errors->at(camera));
    return pose;
}

}

CalibrationNoise draw_noise(double degrees, double metres, std::uint64_t seed) {
    Draws draws(seed);
    CalibrationNoise out;
    for (const auto& [target, size] : {std::pair{&out.degrees, degrees}, std::pair{&out.metres, metres}}) {
        Vec3 direction{draws.normal(), draws.normal(), draws.normal()};
        const double length = std::sqrt(direction[0] * direction[0] + direction[1] * direction[1] + direction[2] * direction[2]), amount = size * draws.normal();
        for (std::size_t i = 0; i < 3; ++i) (*target)[i] = direction[i] / length * amount;
    }
    return out;
}

Mat4 with_noise(const Mat4& sensor2lidar, const CalibrationNoise& noise) {
    const double unit = kPi / 180;
    const Mat3 turn = turn_about(2, noise.degrees[2] * unit) * turn_about(1, noise.degrees[1] * unit) * turn_about(0, noise.degrees[0] * unit);
    return sensor2lidar * rigid(turn, noise.metres);
}

Mat4 BevAugmentation::flips() const {
    Mat4 out;
    if (flip_y) out(1, 1) = -1;
    if (flip_x) out(0, 0) = -1;
    return out;
}

Mat4 BevAugmentation::matrix() const {
    Mat3 turn = turn_about(2, -rotation);
    for (double& v : turn.m) v *= scale;
    return rigid(turn, shift) * flips();
}

Box BevAugmentation::flipped(Box box) const {
    if (flip_y) {
        box.y = -box.y;
        box.vy = -box.vy;
        box.yaw = std::numbers::pi_v<float> - box.yaw;
    }
    if (flip_x) {
        box.x = -box.x;
        box.vx = -box.vx;
        box.yaw = -box.yaw;
    }
    return box;
}

Box BevAugmentation::applied(Box box) const {
    box = flipped(box);
    const auto c = static_cast<float>(std::cos(rotation)), s = static_cast<float>(std::sin(rotation)), size = static_cast<float>(scale);
    const Box before = box;
    box.x = size * (c * before.x + s * before.y) + static_cast<float>(shift[0]);
    box.y = size * (c * before.y - s * before.x) + static_cast<float>(shift[1]);
    box.z = size * before.z + static_cast<float>(shift[2]);
    box.vx = size * (c * before.vx + s * before.vy);
    box.vy = size * (c * before.vy - s * before.vx);
    box.w *= size;
    box.l *= size;
    box.h *= size;
    box.yaw += static_cast<float>(rotation);
    return box;
}

BevAugmentation draw_bev_augmentation(Draws& draws, const BevRanges& ranges) {
    BevAugmentation out;
    out.flip_y = draws.chance(ranges.flip);
    out.flip_x = draws.chance(ranges.flip);
    out.rotation = draws.uniform(-ranges.rotation, ranges.rotation);
    out.scale = draws.uniform(ranges.scale_low, ranges.scale_high);
    for (double& v : out.shift) v = ranges.shift * draws.normal();
    return out;
}

std::vector<TrueBox> training_boxes(const std::vector<TrueBox>& boxes, const BevAugmentation& augmentation, double range) {
    std::vector<TrueBox> out;
    for (TrueBox box : boxes) {
        box.box = augmentation.applied(box.box);
        if (!(std::abs(box.box.x) < range && std::abs(box.box.y) < range)) continue;
        box.box.yaw = static_cast<float>(wrapped(box.box.yaw, 2 * kPi));
        out.push_back(std::move(box));
    }
    return out;
}

const HistoryFrame* history_frame(const SampleInfo& sample, int id) {
    const std::vector<HistoryFrame>& frames = sample.previous.empty() ? sample.following : sample.previous;
    if (frames.empty()) return nullptr;
    return &frames[std::min(static_cast<std::size_t>(std::max(id, 0)), frames.size() - 1)];
}

Mat4 motion_between(const SampleInfo& sample, const HistoryFrame& then) {
    const Mat4 lidar2ego = rounded_to_float(sample.lidar2ego.matrix()), now = rounded_to_float(sample.ego2global.matrix()), old = rounded_to_float(then.ego2global.matrix());
    return float_product(float_product(float_product(float_inverse(lidar2ego), float_inverse(now)), old), lidar2ego);
}

std::vector<Mat4> image_poses(const SampleInfo& sample, const AlignOptions& options) {
    for (const auto* errors : {&options.offsets, &options.noise})
        if (!errors->empty() && errors->size() != sample.cameras.size())
            throw Error(ErrorCode::invalid_value, "The calibration error is for " + std::to_string(errors->size()) + " cameras.", "sample " + sample.token + " has " + std::to_string(sample.cameras.size()));
    const Mat4 bev = options.bev.matrix();
    std::vector<Mat4> current, out;
    for (std::size_t camera = 0; camera < sample.cameras.size(); ++camera) {
        current.push_back(current_pose(sample, camera, options));
        out.push_back(bev * current.back());
    }
    for (const int id : options.history) {
        if (id == kCurrentFrame) {
            for (const Mat4& pose : current) out.push_back(bev * pose);
            continue;
        }
        const HistoryFrame* then = history_frame(sample, id);
        const Mat4 motion = then && options.ego_motion ? motion_between(sample, *then) : Mat4{};
        for (const Mat4& pose : current) out.push_back(bev * float_product(motion, rounded_to_float(pose)));
    }
    return out;
}

std::vector<std::string> image_files(const SampleInfo& sample, const AlignOptions& options) {
    std::vector<std::string> out;
    for (const CameraInfo& camera : sample.cameras) out.push_back(camera.file);
    for (const int id : options.history) {
        const HistoryFrame* then = id == kCurrentFrame ? nullptr : history_frame(sample, id);
        for (std::size_t camera = 0; camera < sample.cameras.size(); ++camera) out.push_back(then ? then->files.at(camera) : sample.cameras[camera].file);
    }
    return out;
}

Mat4 lidar2img(const Mat4& sensor2lidar, const Mat3& intrinsic, const ImageMatrix& image) {
    const Mat3 k = image.turn * intrinsic;
    Mat4 view;
    for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 3; ++j) view(i, j) = k(i, j);
    view(0, 2) += image.shift[0];
    view(1, 2) += image.shift[1];
    return view * inverse(sensor2lidar);
}

std::array<float, 16> to_float(const Mat4& matrix) {
    std::array<float, 16> out{};
    std::ranges::transform(matrix.m, out.begin(), [](double v) { return static_cast<float>(v); });
    return out;
}

}
