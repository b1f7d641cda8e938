#pragma once
// A small data set in the nuScenes layout, made up by the test: two scenes, 4 samples each at 2 Hz, images at 4 Hz, a car that drives, a pedestrian seen
// once, a bicycle rack, something that is no object of the task, and a radar. `tables` may be spoilt before it is written.
#include "core/base/json.h"
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace lathe {

struct MiniNuscenes {
    static constexpr int kSamples = 4;
    static constexpr double kSpeed = 6;                                      ///< of the seen car along the global x axis, m/s
    std::map<std::string, Json> tables;
    std::vector<std::string> channels;

    static std::string token(const std::string& table, int i) { return table + "-" + std::to_string(i); }

    explicit MiniNuscenes(int cameras = 6) {
        static const char* official[] = {"CAM_FRONT", "CAM_FRONT_RIGHT", "CAM_FRONT_LEFT", "CAM_BACK", "CAM_BACK_LEFT", "CAM_BACK_RIGHT"};
        for (int i = 0; i < cameras; ++i) channels.push_back(i < 6 ? official[i] : "CAM_MORE_" + std::to_string(10 + i));
        for (const char* name : {"log", "map", "category", "attribute", "visibility", "instance", "sensor", "calibrated_sensor", "ego_pose", "scene", "sample", "sample_data", "sample_annotation"})
            tables[name] = Json::array();
        tables["log"].push_back({{"token", "log-0"}, {"logfile", "l"}, {"vehicle", "v"}, {"date_captured", "d"}, {"location", "somewhere"}});
        const char* categories[] = {"vehicle.car", "human.pedestrian.adult", "static_object.bicycle_rack", "animal"};
        for (int i = 0; i < 4; ++i) tables["category"].push_back({{"token", token("cat", i)}, {"name", categories[i]}, {"description", ""}});
        tables["attribute"].push_back({{"token", "attr-0"}, {"name", "vehicle.moving"}, {"description", ""}});
        for (int i = 1; i <= 4; ++i) tables["visibility"].push_back({{"token", std::to_string(i)}, {"level", "v"}, {"description", ""}});
        add_sensors();
        for (int scene = 0; scene < 2; ++scene) add_scene(scene);
    }

    void write(const std::filesystem::path& root, const std::string& version = "v1.0-street") const {
        std::filesystem::create_directories(root / version);
        for (const auto& [name, rows] : tables) std::ofstream(root / version / (name + ".json")) << rows.dump(0);
    }

    Json& row(const std::string& table, const std::string& wanted) {
        for (Json& row : tables.at(table))
            if (row.at("token") == wanted) return row;
        throw std::runtime_error("no row " + wanted);
    }

private:
    void add_sensors() {
        const auto sensor = [&](const std::string& channel, const char* modality, const Json& rotation, const Json& translation, const Json& intrinsic) {
            const int i = static_cast<int>(tables["sensor"].size());
            tables["sensor"].push_back({{"token", token("sensor", i)}, {"channel", channel}, {"modality", modality}});
            tables["calibrated_sensor"].push_back({{"token", token("cal", i)}, {"sensor_token", token("sensor", i)}, {"translation", translation}, {"rotation", rotation}, {"camera_intrinsic", intrinsic}});
        };
        for (std::size_t i = 0; i < channels.size(); ++i) {
            const double yaw = -2 * 3.14159265358979 * static_cast<double>(i) / static_cast<double>(channels.size()), c = std::cos(yaw / 2), s = std::sin(yaw / 2);
            // about z after the turn from camera to vehicle axes (0.5, -0.5, 0.5, -0.5)
            sensor(channels[i], "camera", {0.5 * c + 0.5 * s, -0.5 * c - 0.5 * s, 0.5 * c - 0.5 * s, -0.5 * c + 0.5 * s}, {1.5 * std::cos(yaw), 1.5 * std::sin(yaw), 1.5}, {{300, 0, 200}, {0, 300, 112}, {0, 0, 1}});
        }
        sensor("LIDAR_TOP", "lidar", {std::sqrt(0.5), 0, 0, -std::sqrt(0.5)}, {0.94, 0, 1.84}, Json::array());
        sensor("RADAR_FRONT", "radar", {1, 0, 0, 0}, {3, 0, 0.5}, Json::array());
    }

    void add_data(int sample, int sensor, std::int64_t time, bool key, const std::string& file, bool camera) {
        const int i = static_cast<int>(tables["sample_data"].size());
        const double seconds = static_cast<double>(time % 100'000'000) * 1e-6, yaw = 0.02 * seconds;
        tables["ego_pose"].push_back({{"token", token("pose", i)}, {"timestamp", time}, {"translation", {400 + 5 * seconds, 1180, 0}}, {"rotation", {std::cos(yaw / 2), 0, 0, std::sin(yaw / 2)}}});
        tables["sample_data"].push_back({{"token", token("data", i)}, {"sample_token", token("sample", sample)}, {"ego_pose_token", token("pose", i)}, {"calibrated_sensor_token", token("cal", sensor)},
            {"filename", file}, {"fileformat", camera ? "jpg" : "pcd"}, {"width", camera ? 400 : 0}, {"height", camera ? 225 : 0}, {"timestamp", time}, {"is_key_frame", key}, {"prev", ""}, {"next", ""}});
    }

    void add_box(int sample, int instance, Json centre, Json attributes, const std::string& previous, const std::string& next) {
        const int i = static_cast<int>(tables["sample_annotation"].size());
        tables["sample_annotation"].push_back({{"token", token("ann", i)}, {"sample_token", token("sample", sample)}, {"instance_token", token("inst", instance)}, {"visibility_token", "4"},
            {"attribute_tokens", std::move(attributes)}, {"translation", std::move(centre)}, {"size", {1.9, 4.6, 1.7}}, {"rotation", {std::cos(0.15), 0, 0, std::sin(0.15)}}, {"num_lidar_pts", 5}, {"num_radar_pts", 0},
            {"prev", previous}, {"next", next}});
    }

    void add_scene(int scene) {
        tables["scene"].push_back({{"token", token("scene", scene)}, {"name", scene == 0 ? "street-train-0001" : "street-val-0001"}, {"description", ""}, {"log_token", "log-0"}, {"nbr_samples", kSamples},
            {"first_sample_token", ""}, {"last_sample_token", ""}});
        const int first_instance = static_cast<int>(tables["instance"].size());
        for (int i = 0; i < 4; ++i) tables["instance"].push_back({{"token", token("inst", first_instance + i)}, {"category_token", token("cat", i)}, {"nbr_annotations", 1}});
        const int lidar = static_cast<int>(channels.size());
        std::string previous;
        for (int k = 0; k < kSamples; ++k) {
            const int sample = scene * kSamples + k;
            const std::int64_t time = 1'500'000'000'000'000 + scene * 50'000'000 + k * 500'000;
            tables["sample"].push_back({{"token", token("sample", sample)}, {"timestamp", time}, {"scene_token", token("scene", scene)}, {"prev", ""}, {"next", ""}});
            add_data(sample, lidar, time, true, "samples/LIDAR_TOP/" + std::to_string(sample) + ".bin", false);
            add_data(sample, lidar + 1, time, true, "samples/RADAR_FRONT/" + std::to_string(sample) + ".pcd", false);
            for (int camera = 0; camera < lidar; ++camera)
                for (const bool key : {true, false}) {
                    const std::string& channel = channels[static_cast<std::size_t>(camera)];
                    add_data(sample, camera, time + (key ? 0 : 250'000) - camera * 7'000, key, (key ? "samples/" : "sweeps/") + channel + "/" + std::to_string(sample) + ".jpg", true);
                }
            const int own = static_cast<int>(tables["sample_annotation"].size()), per_sample = k == 0 ? 4 : 1;
            add_box(sample, first_instance, {420 + kSpeed * 0.5 * k, 1185, 1}, {"attr-0"}, previous, k + 1 < kSamples ? token("ann", own + per_sample) : "");
            previous = token("ann", own);
            if (k > 0) continue;
            add_box(sample, first_instance + 1, {410, 1175, 1}, Json::array(), "", "");
            add_box(sample, first_instance + 2, {415, 1190, 1}, Json::array(), "", "");
            add_box(sample, first_instance + 3, {405, 1183, 1}, Json::array(), "", "");
        }
    }
};

}
