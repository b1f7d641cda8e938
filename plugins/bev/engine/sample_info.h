#pragma once
// One moment of a drive as the detector needs it: images, cameras, poses, history and true boxes, whatever file they came from. Metres, radians,
// microseconds.
#include "plugins/bev/engine/boxes.h"
#include "plugins/bev/engine/geometry.h"
#include <cstdint>
#include <string>
#include <vector>

namespace lathe::bev {

struct Pose {
    Quaternion rotation{1, 0, 0, 0};
    Vec3 translation{};
    Mat4 matrix() const { return rigid(rotation, translation); }
};

struct CameraInfo {
    std::string channel, file;                  ///< file: below the root of the data set
    int width = 0, height = 0;                  ///< of the stored image; 0: the source does not say
    std::int64_t timestamp = 0;                 ///< of the exposure
    Mat3 intrinsic;
    Pose sensor2ego, ego2global;                ///< the ego pose at the exposure
    Mat4 sensor2lidar;                          ///< includes the ego motion between the lidar key frame and the exposure
};

/// Images of another moment; the ego pose is the front camera's. `files` in the order of SampleInfo::cameras.
struct HistoryFrame {
    std::int64_t timestamp = 0;
    Pose ego2global;
    std::vector<std::string> files;
};

struct TrueBox {
    Box box;                                    ///< lidar frame; velocity 0 where it is not known
    int label = 0, attribute = 0;               ///< indexes of kClasses, kAttributes
    bool velocity_known = true;
    int lidar_points = 0, radar_points = 0, visibility = 0;   ///< visibility 1 to 4; 0: not told
    std::string token, instance;
};

struct SampleInfo {
    std::string token, scene, lidar_file;
    std::int64_t timestamp = 0;
    Pose lidar2ego, ego2global;                 ///< at the lidar key frame
    std::vector<CameraInfo> cameras;            ///< official order first, then by name
    std::vector<HistoryFrame> previous, following;   ///< 0.25 s apart, nearest first
    std::vector<TrueBox> boxes;                 ///< of the ten classes only
};

}
