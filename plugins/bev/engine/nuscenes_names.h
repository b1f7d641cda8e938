#pragma once
// The fixed names of nuScenes: cameras, categories, attributes, splits. Source: nutonomy/nuscenes-devkit (facts), Sense-GVT/Fast-BEV (attribute rule).
#include <array>
#include <string>
#include <string_view>

namespace lathe::bev {

/// The order of the images in Fast-BEV.
inline constexpr std::array<std::string_view, 6> kCameras{"CAM_FRONT", "CAM_FRONT_RIGHT", "CAM_FRONT_LEFT", "CAM_BACK", "CAM_BACK_LEFT", "CAM_BACK_RIGHT"};
inline constexpr std::size_t kMostCameras = 12;

/// Index 0: no attribute.
inline constexpr std::array<std::string_view, 9> kAttributes{"", "vehicle.moving", "vehicle.parked", "vehicle.stopped", "cycle.with_rider", "cycle.without_rider", "pedestrian.moving",
    "pedestrian.standing", "pedestrian.sitting_lying_down"};
int attribute_index(std::string_view name);                                 ///< -1: none of them
int attribute_from_speed(int label, double metres_per_second);              ///< the rule of Fast-BEV; an index of kAttributes

int label_of_category(std::string_view category);                           ///< an index of kClasses; -1: ignored by the detection task

/// "train", "val" or "test": by the official lists for v1.0-mini, v1.0-trainval and v1.0-test, else by "-train-", "-val-" or "-test-" in the name; else "train".
std::string split_of_scene(std::string_view scene, std::string_view version);

}
