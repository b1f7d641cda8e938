#pragma once
// The tables of a data set in the nuScenes v1.0 layout (spec nuScenes: schema v1.0), read once and linked by index. What the detector never looks at
// (radar, lidar sweeps, maps) is left out. Loading throws Error(not_found, io, wrong_format) naming table, token and field.
#include "plugins/bev/engine/sample_info.h"
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace lathe::bev {

struct NuscenesTables {
    struct Sensor { std::string channel, modality; };
    struct Calibration { int sensor = 0; Pose to_ego; Mat3 intrinsic; };
    struct Scene { std::string token, name, description, location, split; std::vector<int> samples; };          ///< samples by time
    struct Sample { std::string token; std::int64_t timestamp = 0; int scene = 0; int lidar = -1; std::vector<int> cameras, annotations; };   ///< key frames; cameras[i] of channel i, -1: none
    struct Data { std::string token, file; std::int64_t timestamp = 0; int sample = 0, calibration = 0, pose = 0, channel = -1, width = 0, height = 0; bool key = false; };   ///< channel -1: lidar
    struct Instance { std::string token; int category = 0; };
    struct Annotation {
        std::string token;
        int sample = 0, instance = 0, attribute = 0, visibility = 0, lidar_points = 0, radar_points = 0, previous = -1, next = -1;
        Vec3 centre{}, size{};                                          ///< global frame; width, length, height
        Quaternion rotation{1, 0, 0, 0};
    };
    struct Category { std::string name; int label = -1; bool bicycle_rack = false; };

    std::filesystem::path root;                                         ///< files of sample data are below it
    std::string version;                                                ///< name of the folder with the tables
    std::vector<std::string> channels;                                  ///< of the cameras: 1 to 12, official order first, then by name
    std::vector<Sensor> sensors;
    std::vector<Calibration> calibrations;
    std::vector<Pose> poses;
    std::vector<Scene> scenes;
    std::vector<Sample> samples;
    std::vector<Data> data;                                             ///< camera images and lidar key frames
    std::vector<Category> categories;
    std::vector<Instance> instances;
    std::vector<Annotation> annotations;
    std::vector<std::vector<std::vector<int>>> streams;                 ///< [scene][channel]: all images by time

    /// "train", "val", "test" ("mini_train", "mini_val" as well), a scene's name, or "" for all; sorted by time within a scene. Throws Error(not_found) if there are none.
    std::vector<int> samples_of(std::string_view split) const;
    int sample_index(std::string_view token) const;                     ///< throws Error(not_found)
};

/// `folder`: the data set's root, or the folder with the tables itself. `version`: name of that folder; empty: the only one there. `watch` is called now
/// and then with the table's name and may throw to end the work.
NuscenesTables load_nuscenes(const std::filesystem::path& folder, std::string_view version = {}, const std::function<void(std::string_view table)>& watch = {});

}
