#pragma once
// What one scene of the street will hold, known before anything is drawn: its world, its sensors and every exposure with time and file.
#include "plugins/bev/engine/street.h"
#include "plugins/bev/engine/street_sensors.h"
#include "plugins/bev/engine/street_world.h"

namespace lathe::bev {

inline constexpr int kLidarSensor = 6;          ///< after the six cameras

struct Exposure {
    int sensor = 0, moment = 0;                 ///< index of kCameras, or kLidarSensor; moment: every 0.25 s, even ones are key frames
    double time = 0;                            ///< seconds since the scene's start
    std::int64_t timestamp = 0;
    std::string file;
    bool key() const { return moment % 2 == 0; }
};

struct ScenePlan {
    int number = 0;                             ///< within its split, from 0
    bool validation = false;
    std::string name;
    std::int64_t start = 0;                     ///< microseconds
    StreetWorld world;
    StreetSensors sensors;
    std::vector<Exposure> exposures;            ///< moment by moment; at each the cameras, then at key frames the lidar
    std::int64_t key_time(int key_frame) const { return start + std::int64_t{500'000} * key_frame; }
};

/// `index`: the training scenes first. A scene depends on the seed and its name only, not on how many others there are.
ScenePlan plan_scene(const StreetOptions& options, int index);

}
