#include "plugins/bev/engine/nuscenes_names.h"
#include "plugins/bev/engine/boxes.h"
#include <charconv>
#include <utility>

namespace lathe::bev {
namespace {

constexpr std::pair<std::string_view, std::string_view> kCategories[] = {{"movable_object.barrier", "barrier"}, {"vehicle.bicycle", "bicycle"}, {"vehicle.bus.bendy", "bus"}, {"vehicle.bus.rigid", "bus"},
    {"vehicle.car", "car"}, {"vehicle.construction", "construction_vehicle"}, {"vehicle.motorcycle", "motorcycle"}, {"human.pedestrian.adult", "pedestrian"}, {"human.pedestrian.child", "pedestrian"},
    {"human.pedestrian.construction_worker", "pedestrian"}, {"human.pedestrian.police_officer", "pedestrian"}, {"movable_object.trafficcone", "traffic_cone"}, {"vehicle.trailer", "trailer"},
    {"vehicle.truck", "truck"}};

/// The scenes of the official validation split lie in these ranges of numbers; no scene of the training split does.
constexpr std::pair<int, int> kValidation[] = {{3, 3}, {12, 18}, {35, 39}, {92, 110}, {221, 221}, {268, 278}, {329, 332}, {344, 346}, {519, 524}, {552, 565}, {625, 638}, {770, 784}, {794, 802},
    {904, 931}, {962, 972}, {1059, 1073}};

int number_of_scene(std::string_view scene) {   // "scene-0103"
    int number = -1;
    if (scene.starts_with("scene-")) std::from_chars(scene.data() + 6, scene.data() + scene.size(), number);
    return number;
}

}

int attribute_index(std::string_view name) {
    for (std::size_t i = 0; i < kAttributes.size(); ++i)
        if (kAttributes[i] == name) return static_cast<int>(i);
    return -1;
}

int attribute_from_speed(int label, double metres_per_second) {
    const std::string_view name = kClasses.at(static_cast<std::size_t>(label));
    const bool moves = metres_per_second > 0.2;
    if (name == "traffic_cone" || name == "barrier") return 0;
    if (name == "pedestrian") return attribute_index(moves ? "pedestrian.moving" : "pedestrian.standing");
    if (name == "bicycle" || name == "motorcycle") return attribute_index(moves ? "cycle.with_rider" : "cycle.without_rider");
    if (moves) return attribute_index("vehicle.moving");
    return attribute_index(name == "bus" ? "vehicle.stopped" : "vehicle.parked");
}

int label_of_category(std::string_view category) {
    for (const auto& [from, to] : kCategories)
        if (from == category) return class_index(to);
    return -1;
}

std::string split_of_scene(std::string_view scene, std::string_view version) {
    if (version.ends_with("-mini")) return scene == "scene-0103" || scene == "scene-0916" ? "val" : "train";
    if (version.ends_with("v1.0-test")) return "test";
    for (const std::string_view split : {"train", "val", "test"})
        if (scene.find("-" + std::string(split) + "-") != scene.npos) return std::string(split);
    const int number = number_of_scene(scene);
    for (const auto& [first, last] : kValidation)
        if (number >= first && number <= last) return "val";
    return "train";
}

}
