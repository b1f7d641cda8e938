#pragma once
// The car's sensors: the ring of six cameras and the lidar of nuScenes, with a small error of mounting per scene. Metres, seconds.
#include "plugins/bev/engine/sample_info.h"
#include "plugins/bev/engine/street_world.h"
#include <array>
#include <span>
#include <string_view>
#include <vector>

namespace lathe::bev {

struct StreetCamera {
    std::string_view channel;
    Mat3 intrinsic;                                     ///< for the stored size; whole numbers are the centres of pixels
    Pose to_ego;
    double offset = 0;                                  ///< of the exposure from the lidar's key frame
};

struct StreetSensors { std::array<StreetCamera, 6> cameras; Pose lidar_to_ego; };   ///< in the order of kCameras

inline constexpr int kStreetWidth = 1600, kStreetHeight = 900;                       ///< full size: the intrinsics are given for it

/// `width`: of the stored pictures. `offsets`: false: all cameras expose at the key frame.
StreetSensors make_sensors(std::uint64_t seed, int width, bool offsets);

Mat4 ego_to_scene(const GroundPose& ego);

struct LidarPoint { float x = 0, y = 0, z = 0, intensity = 0, ring = 0; };           ///< lidar frame; as stored in .pcd.bin files
struct LidarScan { std::vector<LidarPoint> points; std::vector<int> hits; };         ///< hits: index of the object that each point lies on; -1: something else

/// Triangles of the objects, ready for rays; made once a scene.
struct RayBody { std::vector<float> corners; Vec3 half{}; };                         ///< 9 numbers a triangle, in the object's frame with z = 0 on the ground; half: of its box
std::vector<RayBody> ray_bodies(const StreetWorld& world);

/// 32 beams from -30 to +10 degrees at 720 azimuths, all at one moment, without noise; first hits within 70 m.
LidarScan scan(const StreetWorld& world, std::span<const RayBody> bodies, const StreetSensors& sensors, double time);

}
