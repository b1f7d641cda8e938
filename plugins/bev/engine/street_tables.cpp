#include "plugins/bev/engine/street_tables.h"
#include "core/base/file.h"
#include "core/base/hash.h"
#include "plugins/bev/engine/nuscenes_names.h"
#include <array>
#include <map>
#include <opencv2/imgcodecs.hpp>
#include <utility>

namespace lathe::bev {
namespace {

constexpr std::array<std::string_view, 10> kStreetCategories{"human.pedestrian.adult", "movable_object.barrier", "movable_object.trafficcone", "vehicle.bicycle", "vehicle.bus.rigid", "vehicle.car", "vehicle.construction",
    "vehicle.motorcycle", "vehicle.trailer", "vehicle.truck"};
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kVisibilities{{{"v0-40", "0 to 40 % of its pixels are seen"}, {"v40-60", "40 to 60 %"}, {"v60-80", "60 to 80 %"}, {"v80-100", "80 to 100 %"}}};
constexpr const char* kMapFile = "maps/street.png";

class Tokens {
public:
    Tokens(const StreetOptions& options, std::string scene) : m_prefix("street/" + std::to_string(options.seed) + "/"), m_scene(std::move(scene)) {}
    std::string shared(std::string_view table, std::string_view what) const { return token(std::string(table) + "/" + std::string(what)); }
    std::string own(std::string_view table, std::size_t index) const { return token(std::string(table) + "/" + m_scene + "/" + std::to_string(index)); }
private:
    std::string token(const std::string& place) const { return sha256_hex(m_prefix + place).substr(0, 32); }
    std::string m_prefix, m_scene;
};

std::string_view channel_of(int sensor) { return sensor == kLidarSensor ? std::string_view("LIDAR_TOP") : kCameras[static_cast<std::size_t>(sensor)]; }

std::string visibility_of(const BoxCounts& c) {
    const double share = c.alone > 0 ? static_cast<double>(c.seen) / c.alone : 0;
    return share < 0.4 ? "1" : share < 0.6 ? "2" : share < 0.8 ? "3" : "4";
}

class SceneRows {
public:
    SceneRows(const StreetOptions& options, const ScenePlan& plan, const std::vector<std::vector<BoxCounts>>& counts) : m_options(options), m_plan(plan), m_counts(counts), m_tokens(options, plan.name) {}

    Json make() {
        for (const char* table : {"scene", "sample", "sample_data", "ego_pose", "calibrated_sensor", "instance", "sample_annotation"}) m_rows[table] = Json::array();
        samples();
        sensors();
        data();
        annotations();
        return std::move(m_rows);
    }

private:
    std::string sample(int key_frame) const { return key_frame < 0 || key_frame >= m_options.key_frames ? std::string() : m_tokens.own("sample", static_cast<std::size_t>(key_frame)); }

    void samples() {
        const std::string scene = m_tokens.own("scene", 0);
        m_rows["scene"].push_back({{"token", scene}, {"name", m_plan.name}, {"description", m_plan.world.description()}, {"log_token", m_tokens.shared("log", "0")}, {"nbr_samples", m_options.key_frames},
            {"first_sample_token", sample(0)}, {"last_sample_token", sample(m_options.key_frames - 1)}});
        for (int i = 0; i < m_options.key_frames; ++i)
            m_rows["sample"].push_back({{"token", sample(i)}, {"timestamp", m_plan.key_time(i)}, {"scene_token", scene}, {"prev", sample(i - 1)}, {"next", sample(i + 1)}});
    }

    void sensors() {
        for (int sensor = 0; sensor <= kLidarSensor; ++sensor) {
            const bool lidar = sensor == kLidarSensor;
            const StreetCamera* camera = lidar ? nullptr : &m_plan.sensors.cameras[static_cast<std::size_t>(sensor)];
            const Pose& pose = lidar ? m_plan.sensors.lidar_to_ego : camera->to_ego;
            Json intrinsic = Json::array();
            if (camera)
                for (int row = 0; row < 3; ++row) intrinsic.push_back({camera->intrinsic(row, 0), camera->intrinsic(row, 1), camera->intrinsic(row, 2)});
            m_rows["calibrated_sensor"].push_back({{"token", m_tokens.own("calibrated_sensor", static_cast<std::size_t>(sensor))}, {"sensor_token", m_tokens.shared("sensor", channel_of(sensor))},
                {"translation", pose.translation}, {"rotation", pose.rotation}, {"camera_intrinsic", intrinsic}});
        }
    }

    void data() {
        std::map<int, std::vector<std::size_t>> streams;             // of each sensor, by time
        for (std::size_t i = 0; i < m_plan.exposures.size(); ++i) streams[m_plan.exposures[i].sensor].push_back(i);
        for (const auto& [sensor, stream] : streams)
            for (std::size_t k = 0; k < stream.size(); ++k) {
                const std::size_t i = stream[k];
                const Exposure& e = m_plan.exposures[i];
                const bool lidar = sensor == kLidarSensor;
                const auto neighbour = [&](std::size_t at) { return at < stream.size() ? m_tokens.own("sample_data", stream[at]) : std::string(); };
                const GroundPose ego = m_plan.world.ego_pose(e.time);
                const Vec3& origin = m_plan.world.origin;
                m_rows["ego_pose"].push_back({{"token", m_tokens.own("ego_pose", i)}, {"timestamp", e.timestamp}, {"rotation", quaternion_about_z(ego.yaw)}, {"translation", Vec3{ego.x + origin[0], ego.y + origin[1], 0}}});
                m_rows["sample_data"].push_back({{"token", m_tokens.own("sample_data", i)}, {"sample_token", sample(e.moment / 2)}, {"ego_pose_token", m_tokens.own("ego_pose", i)},
                    {"calibrated_sensor_token", m_tokens.own("calibrated_sensor", static_cast<std::size_t>(sensor))}, {"timestamp", e.timestamp}, {"fileformat", lidar ? "pcd" : "jpg"}, {"is_key_frame", e.key()},
                    {"width", lidar ? 0 : m_options.width}, {"height", lidar ? 0 : m_options.height()}, {"filename", e.file}, {"prev", k > 0 ? neighbour(k - 1) : std::string()}, {"next", neighbour(k + 1)}});
            }
    }

    void annotations() {
        const StreetWorld& world = m_plan.world;
        const auto frames = static_cast<std::size_t>(m_options.key_frames);
        for (std::size_t object = 0; object < world.objects.size(); ++object) {
            const StreetObject& o = world.objects[object];
            const auto token = [&](std::size_t frame) { return frame < frames ? m_tokens.own("sample_annotation", object * frames + frame) : std::string(); };
            const std::string instance = m_tokens.own("instance", object);
            m_rows["instance"].push_back({{"token", instance}, {"category_token", m_tokens.shared("category", o.category)}, {"nbr_annotations", frames}, {"first_annotation_token", token(0)}, {"last_annotation_token", token(frames - 1)}});
            Json attributes = Json::array();
            if (o.attribute > 0) attributes.push_back(m_tokens.shared("attribute", kAttributes[static_cast<std::size_t>(o.attribute)]));
            for (std::size_t frame = 0; frame < frames; ++frame) {
                const GroundPose pose = world.place(o.track, 0.5 * static_cast<double>(frame));
                const BoxCounts& counts = m_counts.at(frame).at(object);
                m_rows["sample_annotation"].push_back({{"token", token(frame)}, {"sample_token", sample(static_cast<int>(frame))}, {"instance_token", instance}, {"visibility_token", visibility_of(counts)}, {"attribute_tokens", attributes},
                    {"translation", Vec3{pose.x + world.origin[0], pose.y + world.origin[1], world.ground_under(pose) + o.size[2] / 2}}, {"size", o.size}, {"rotation", quaternion_about_z(pose.yaw)},
                    {"prev", frame > 0 ? token(frame - 1) : std::string()}, {"next", token(frame + 1)}, {"num_lidar_pts", counts.lidar_points}, {"num_radar_pts", 0}});
            }
        }
    }

    const StreetOptions& m_options;
    const ScenePlan& m_plan;
    const std::vector<std::vector<BoxCounts>>& m_counts;
    Tokens m_tokens;
    Json m_rows = Json::object();
};

}

Json scene_rows(const StreetOptions& options, const ScenePlan& plan, const std::vector<std::vector<BoxCounts>>& counts) { return SceneRows(options, plan, counts).make(); }

void write_street_tables(const StreetOptions& options, const std::vector<Json>& scenes, const std::filesystem::path& root) {
    const std::filesystem::path folder = root / kStreetVersion;
    std::filesystem::create_directories(folder);
    std::filesystem::create_directories(root / "maps");
    const auto write = [&](const std::string& table, const Json& rows) { write_file(folder / (table + ".json"), json_text(rows, 0)); };
    const Tokens tokens(options, {});
    Json splits = {{"train", Json::array()}, {"val", Json::array()}};
    for (const Json& scene : scenes) {
        const std::string name = scene.at("scene").at(0).at("name").get<std::string>();
        splits[name.find("-val-") == name.npos ? "train" : "val"].push_back(name);
    }
    write("splits", splits);
    for (const char* table : {"scene", "sample", "sample_data", "ego_pose", "calibrated_sensor", "instance", "sample_annotation"}) {
        Json all = Json::array();
        for (const Json& scene : scenes)
            for (const Json& row : scene.at(table)) all.push_back(row);
        write(table, all);
    }
    Json rows = Json::array();
    for (int sensor = 0; sensor <= kLidarSensor; ++sensor)
        rows.push_back({{"token", tokens.shared("sensor", channel_of(sensor))}, {"channel", channel_of(sensor)}, {"modality", sensor == kLidarSensor ? "lidar" : "camera"}});
    write("sensor", rows);
    rows = Json::array();
    for (std::size_t i = 0; i < kStreetCategories.size(); ++i) rows.push_back({{"token", tokens.shared("category", kStreetCategories[i])}, {"name", kStreetCategories[i]}, {"description", ""}, {"index", i}});
    write("category", rows);
    rows = Json::array();
    for (const std::string_view name : kAttributes)
        if (!name.empty()) rows.push_back({{"token", tokens.shared("attribute", name)}, {"name", name}, {"description", ""}});
    write("attribute", rows);
    rows = Json::array();
    for (std::size_t i = 0; i < kVisibilities.size(); ++i) rows.push_back({{"token", std::to_string(i + 1)}, {"level", kVisibilities[i].first}, {"description", kVisibilities[i].second}});
    write("visibility", rows);
    const std::string log = tokens.shared("log", "0");
    write("log", Json::array({{{"token", log}, {"logfile", "street-" + std::to_string(options.seed)}, {"vehicle", "street"}, {"date_captured", "2023-11-14"}, {"location", "street"}}}));
    write("map", Json::array({{{"token", tokens.shared("map", "0")}, {"log_tokens", Json::array({log})}, {"category", "semantic_prior"}, {"filename", kMapFile}}}));
    std::vector<std::uint8_t> png;
    cv::imencode(".png", cv::Mat(64, 64, CV_8UC1, cv::Scalar(0)), png);
    write_file(root / kMapFile, {reinterpret_cast<const char*>(png.data()), png.size()});
}

}
