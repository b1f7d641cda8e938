#include "plugins/bev/engine/street_sensors.h"
#include "plugins/bev/engine/draws.h"
#include "plugins/bev/engine/nuscenes_names.h"
#include <cmath>
#include <numbers>

namespace lathe::bev {
namespace {

constexpr double kDegree = std::numbers::pi / 180;

/// In the order of kCameras: yaw counter-clockwise from forward (degrees), position, focal length and principal point for 1600 x 900, exposure (seconds).
struct Mount { double yaw, x, y, z, f, cx, cy, offset; };
constexpr std::array<Mount, 6> kRing{{{0, 1.70, 0, 1.51, 1266, 816, 491, -0.0355}, {-56, 1.55, -0.49, 1.50, 1260, 807, 495, -0.0275}, {56, 1.52, 0.49, 1.51, 1272, 826, 479, -0.043},
    {180, 0.03, 0, 1.58, 809, 829, 481, -0.0104}, {108, 1.04, 0.48, 1.56, 1256, 792, 492, -0.0005}, {-110, 1.01, -0.48, 1.58, 1259, 807, 501, -0.0198}}};

Quaternion about(int axis, double angle) {
    Quaternion q{std::cos(angle / 2), 0, 0, 0};
    q[static_cast<std::size_t>(axis + 1)] = std::sin(angle / 2);
    return q;
}

Quaternion jittered(Quaternion q, Draws& draws) {   // up to half a degree about each axis
    for (int axis = 0; axis < 3; ++axis) q = product(q, about(axis, draws.uniform(-0.5, 0.5) * kDegree));
    return q;
}
Vec3 shifted(const Vec3& p, Draws& draws) { return {p[0] + draws.uniform(-0.02, 0.02), p[1] + draws.uniform(-0.02, 0.02), p[2] + draws.uniform(-0.02, 0.02)}; }

}

StreetSensors make_sensors(std::uint64_t seed, int width, bool offsets) {
    Draws draws(seed * 0x9e3779b97f4a7c15ull + 0x5e4503);
    StreetSensors out;
    const double scale = static_cast<double>(width) / kStreetWidth;
    for (std::size_t i = 0; i < kRing.size(); ++i) {
        const Mount& mount = kRing[i];
        StreetCamera& camera = out.cameras[i];
        camera.channel = kCameras[i];
        camera.intrinsic.m = {mount.f * scale, 0, (mount.cx + 0.5) * scale - 0.5, 0, mount.f * scale, (mount.cy + 0.5) * scale - 0.5, 0, 0, 1};
        const double c = std::cos(mount.yaw * kDegree), s = std::sin(mount.yaw * kDegree);
        const Mat3 level{{s, 0, c, -c, 0, s, 0, -1, 0}};                    // columns: right, down, forward
        camera.to_ego = {jittered(quaternion_of(level), draws), shifted({mount.x, mount.y, mount.z}, draws)};
        camera.offset = offsets ? mount.offset : 0;
    }
    out.lidar_to_ego = {jittered(quaternion_about_z(-std::numbers::pi / 2), draws), shifted({0.94, 0, 1.84}, draws)};
    return out;
}

Mat4 ego_to_scene(const GroundPose& ego) { return rigid(quaternion_about_z(ego.yaw), {ego.x, ego.y, 0}); }

}
