#include "plugins/bev/engine/nuscenes_tables.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "plugins/bev/engine/json_rows.h"
#include "plugins/bev/engine/nuscenes_names.h"
#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

namespace lathe::bev {
namespace {

namespace fs = std::filesystem;

class Loader {
public:
    Loader(NuscenesTables& tables, const std::function<void(std::string_view)>& watch) : m_out(tables), m_folder(tables.root / tables.version), m_watch(watch) {}

    void load() {
        load_small_tables();
        load_scenes();
        load_data();
        load_poses();
        load_annotations();
        link();
    }

private:
    using Index = std::unordered_map<std::string, int>;

    void rows(const char* table, const std::function<void(const JsonRow&)>& take) {
        const fs::path file = m_folder / (std::string(table) + ".json");
        std::error_code none;
        if (!fs::exists(file, none)) throw Error(ErrorCode::not_found, "A table of the data set is missing.", file.string(), "Every version folder needs all tables of the nuScenes v1.0 layout.");
        if (m_watch) m_watch(table);
        std::size_t count = 0;
        read_json_rows(file, "[", {}, {[&](const JsonRow& row, std::span<const std::string>) {
            if (m_watch && ++count % 4096 == 0) m_watch(table);
            take(row);
        }, {}});
    }

    /// Notes the token of a row.
    static void own(Index& index, const JsonRow& row, std::size_t position) {
        const std::string& token = row.text("token");
        if (token.empty()) row.refuse("token", "it is empty");
        if (!index.emplace(token, static_cast<int>(position)).second) row.refuse("token", "another row has the same token");
    }
    static int find(const Index& index, const JsonRow& row, const char* field, const std::string& token, const char* table) {
        const auto found = index.find(token);
        if (found == index.end()) row.refuse(field, "it names \"" + valid_text(token, 64) + "\", which table " + table + " does not have");
        return found->second;
    }
    static int find(const Index& index, const JsonRow& row, const char* field, const char* table) { return find(index, row, field, row.text(field), table); }

    static Pose pose_of(const JsonRow& row) {
        const Pose pose{row.vector<4>("rotation"), row.vector<3>("translation")};
        if (pose.rotation == Quaternion{}) row.refuse("rotation", "the quaternion is zero");
        return pose;
    }

    void load_small_tables() {
        rows("log", [&](const JsonRow& row) {
            own(m_log, row, m_locations.size());
            m_locations.push_back(row.has("location") ? row.text("location") : std::string());
        });
        rows("category", [&](const JsonRow& row) {
            own(m_category, row, m_out.categories.size());
            const std::string& name = row.text("name");
            m_out.categories.push_back({name, label_of_category(name), name == "static_object.bicycle_rack"});
        });
        rows("attribute", [&](const JsonRow& row) {
            own(m_attribute, row, m_attributes.size());
            m_attributes.push_back(attribute_index(row.text("name")));
            if (m_attributes.back() < 0) row.refuse("name", "\"" + valid_text(row.text("name"), 64) + "\" is no attribute of nuScenes");
        });
        rows("visibility", [&](const JsonRow& row) { own(m_visibility, row, m_visibility.size()); });
        rows("instance", [&](const JsonRow& row) {
            own(m_instance, row, m_out.instances.size());
            m_out.instances.push_back({row.text("token"), find(m_category, row, "category_token", "category")});
        });
        rows("sensor", [&](const JsonRow& row) {
            own(m_sensor, row, m_out.sensors.size());
            m_out.sensors.push_back({row.text("channel"), row.text("modality")});
        });
        rows("calibrated_sensor", [&](const JsonRow& row) {
            own(m_calibration, row, m_out.calibrations.size());
            NuscenesTables::Calibration calibration{find(m_sensor, row, "sensor_token", "sensor"), pose_of(row), {}};
            if (m_out.sensors[static_cast<std::size_t>(calibration.sensor)].modality == "camera") {
                calibration.intrinsic.m = row.vector<9>("camera_intrinsic");
                const Mat3& k = calibration.intrinsic;
                if (k(0, 0) * k(1, 1) - k(0, 1) * k(1, 0) == 0 || k(2, 2) == 0) row.refuse("camera_intrinsic", "the matrix is singular");
            }
            m_out.calibrations.push_back(calibration);
        });
    }

    void load_scenes() {
        const std::map<std::string, std::string> splits = named_splits();
        rows("scene", [&](const JsonRow& row) {
            own(m_scene, row, m_out.scenes.size());
            NuscenesTables::Scene scene;
            scene.token = row.text("token");
            scene.name = row.text("name");
            scene.description = row.has("description") ? row.text("description") : std::string();
            scene.location = m_locations[static_cast<std::size_t>(find(m_log, row, "log_token", "log"))];
            const auto named = splits.find(scene.name);
            scene.split = named != splits.end() ? named->second : split_of_scene(scene.name, m_out.version);
            m_out.scenes.push_back(std::move(scene));
        });
        rows("sample", [&](const JsonRow& row) {
            own(m_sample, row, m_out.samples.size());
            NuscenesTables::Sample sample;
            sample.token = row.text("token");
            sample.timestamp = row.integer("timestamp");
            sample.scene = find(m_scene, row, "scene_token", "scene");
            m_out.scenes[static_cast<std::size_t>(sample.scene)].samples.push_back(static_cast<int>(m_out.samples.size()));
            m_out.samples.push_back(std::move(sample));
        });
        for (auto& scene : m_out.scenes)
            std::ranges::sort(scene.samples, {}, [&](int i) { return m_out.samples[static_cast<std::size_t>(i)].timestamp; });
    }

    /// splits.json of a data set that names its own: {"train": [scene names], ...}.
    std::map<std::string, std::string> named_splits() const {
        std::map<std::string, std::string> out;
        const fs::path file = m_folder / "splits.json";
        std::error_code none;
        if (!fs::exists(file, none)) return out;
        const Json json = parse_json(read_file(file, 16u << 20), file.string());
        if (!json.is_object()) throw Error(ErrorCode::wrong_format, "The list of splits is no object.", file.string(), "It must be {\"train\": [scene names], ...}.");
        for (const auto& [split, names] : json.items()) {
            if (!names.is_array()) throw Error(ErrorCode::wrong_format, "A split is no list of scene names.", file.string() + ", field " + split);
            for (const Json& name : names) {
                if (!name.is_string()) throw Error(ErrorCode::wrong_format, "A scene's name is no text.", file.string() + ", field " + split);
                out[name.get<std::string>()] = split;
            }
        }
        return out;
    }

    void load_data() {
        collect_channels();
        rows("sample_data", [&](const JsonRow& row) {
            const int calibration = find(m_calibration, row, "calibrated_sensor_token", "calibrated_sensor");
            const auto& sensor = m_out.sensors[static_cast<std::size_t>(m_out.calibrations[static_cast<std::size_t>(calibration)].sensor)];
            NuscenesTables::Data data;
            data.sample = find(m_sample, row, "sample_token", "sample");
            data.key = row.truth("is_key_frame");
            const bool camera = sensor.modality == "camera";
            if (!camera && !(data.key && sensor.channel == "LIDAR_TOP")) return;
            data.token = row.text("token");
            data.file = row.text("filename");
            data.timestamp = row.integer("timestamp");
            data.calibration = calibration;
            data.pose = static_cast<int>(m_pose.try_emplace(row.text("ego_pose_token"), static_cast<int>(m_pose.size())).first->second);
            if (camera) {
                data.channel = static_cast<int>(std::ranges::find(m_out.channels, sensor.channel) - m_out.channels.begin());
                data.width = size_of(row, "width");
                data.height = size_of(row, "height");
            }
            if (data.key) note_key_frame(row, data);
            m_out.data.push_back(std::move(data));
        });
    }

    static int size_of(const JsonRow& row, const char* field) {
        const std::int64_t value = row.integer(field);
        if (value < 1 || value > 65'535) row.refuse(field, std::to_string(value) + " is no size of an image");
        return static_cast<int>(value);
    }

    void note_key_frame(const JsonRow& row, const NuscenesTables::Data& data) {
        auto& sample = m_out.samples[static_cast<std::size_t>(data.sample)];
        sample.cameras.resize(m_out.channels.size(), -1);
        int& slot = data.channel < 0 ? sample.lidar : sample.cameras[static_cast<std::size_t>(data.channel)];
        if (slot >= 0) row.refuse("is_key_frame", "sample " + sample.token + " has two key frames of this sensor");
        slot = static_cast<int>(m_out.data.size());
    }

    void collect_channels() {
        std::set<std::string> used;
        for (const auto& calibration : m_out.calibrations)
            if (const auto& sensor = m_out.sensors[static_cast<std::size_t>(calibration.sensor)]; sensor.modality == "camera") used.insert(sensor.channel);
        for (const std::string_view name : kCameras)
            if (used.erase(std::string(name))) m_out.channels.emplace_back(name);
        m_out.channels.insert(m_out.channels.end(), used.begin(), used.end());
        if (m_out.channels.empty() || m_out.channels.size() > kMostCameras)
            throw Error(ErrorCode::unsupported, "The data set has " + std::to_string(m_out.channels.size()) + " cameras.", (m_folder / "calibrated_sensor.json").string(), "From 1 to " + std::to_string(kMostCameras) + " can be used.");
    }

    void load_poses() {
        m_out.poses.resize(m_pose.size());
        std::vector<char> seen(m_out.poses.size(), 0);
        rows("ego_pose", [&](const JsonRow& row) {
            const auto wanted = m_pose.find(row.text("token"));
            if (wanted == m_pose.end()) return;   // radar and lidar sweeps have their own
            const auto i = static_cast<std::size_t>(wanted->second);
            if (seen[i]) row.refuse("token", "another row has the same token");
            m_out.poses[i] = pose_of(row);
            seen[i] = 1;
        });
        for (const auto& data : m_out.data) {
            if (seen[static_cast<std::size_t>(data.pose)]) continue;
            const auto token = std::ranges::find(m_pose, data.pose, [](const auto& pair) { return pair.second; });
            throw Error(ErrorCode::wrong_format, "A row of the data set cannot be used: it names \"" + valid_text(token->first, 64) + "\", which table ego_pose does not have.",
                (m_folder / "sample_data.json").string() + ", token " + data.token + ", field ego_pose_token", "Mend or fetch the file again.");
        }
    }

    void load_annotations() {
        struct Links { std::string previous, next; };
        std::vector<Links> links;
        Index index;
        rows("sample_annotation", [&](const JsonRow& row) {
            own(index, row, m_out.annotations.size());
            NuscenesTables::Annotation a;
            a.token = row.text("token");
            a.sample = find(m_sample, row, "sample_token", "sample");
            a.instance = find(m_instance, row, "instance_token", "instance");
            if (const std::string& token = row.text("visibility_token"); !token.empty()) a.visibility = 1 + find(m_visibility, row, "visibility_token", token, "visibility");
            const std::vector<std::string>& attributes = row.texts("attribute_tokens");
            if (attributes.size() > 1) row.refuse("attribute_tokens", "more than one attribute");
            if (!attributes.empty()) a.attribute = m_attributes[static_cast<std::size_t>(find(m_attribute, row, "attribute_tokens", attributes[0], "attribute"))];
            a.centre = row.vector<3>("translation");
            a.size = row.vector<3>("size");
            for (const double size : a.size)
                if (!(size > 0)) row.refuse("size", "a size is not positive");
            a.rotation = pose_of(row).rotation;
            a.lidar_points = static_cast<int>(row.integer("num_lidar_pts"));
            a.radar_points = static_cast<int>(row.integer("num_radar_pts"));
            m_out.samples[static_cast<std::size_t>(a.sample)].annotations.push_back(static_cast<int>(m_out.annotations.size()));
            links.push_back({row.text("prev"), row.text("next")});
            m_out.annotations.push_back(std::move(a));
        });
        for (std::size_t i = 0; i < links.size(); ++i) {
            m_out.annotations[i].previous = neighbour(index, links[i].previous, i, "prev");
            m_out.annotations[i].next = neighbour(index, links[i].next, i, "next");
        }
    }

    int neighbour(const Index& index, const std::string& token, std::size_t of, const char* field) const {
        if (token.empty()) return -1;
        const auto found = index.find(token);
        const char* why = found == index.end() ? "which the table does not have" : m_out.annotations[static_cast<std::size_t>(found->second)].instance != m_out.annotations[of].instance ? "which is of another instance" : nullptr;
        if (why)
            throw Error(ErrorCode::wrong_format, "A row of the data set cannot be used: it names \"" + valid_text(token, 64) + "\", " + why + ".",
                (m_folder / "sample_annotation.json").string() + ", token " + m_out.annotations[of].token + ", field " + field, "Mend or fetch the file again.");
        return found->second;
    }

    void link() {
        m_out.streams.assign(m_out.scenes.size(), std::vector<std::vector<int>>(m_out.channels.size()));
        for (std::size_t i = 0; i < m_out.data.size(); ++i) {
            const auto& data = m_out.data[i];
            if (data.channel < 0) continue;
            const int scene = m_out.samples[static_cast<std::size_t>(data.sample)].scene;
            m_out.streams[static_cast<std::size_t>(scene)][static_cast<std::size_t>(data.channel)].push_back(static_cast<int>(i));
        }
        for (auto& scene : m_out.streams)
            for (auto& stream : scene) std::ranges::stable_sort(stream, {}, [&](int i) { return m_out.data[static_cast<std::size_t>(i)].timestamp; });
        for (auto& sample : m_out.samples) sample.cameras.resize(m_out.channels.size(), -1);
    }

    NuscenesTables& m_out;
    fs::path m_folder;
    const std::function<void(std::string_view)>& m_watch;
    Index m_log, m_category, m_attribute, m_visibility, m_instance, m_sensor, m_calibration, m_scene, m_sample, m_pose;
    std::vector<std::string> m_locations;
    std::vector<int> m_attributes;
};

bool has_tables(const fs::path& folder) {
    std::error_code none;
    return fs::exists(folder / "sample.json", none) || fs::exists(folder / "scene.json", none) || fs::exists(folder / "sample_data.json", none);
}

std::string only_version(const fs::path& root) {
    std::vector<std::string> found;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(root, error))
        if (std::error_code none; entry.is_directory(none) && has_tables(entry.path())) found.push_back(entry.path().filename().string());
    if (error) throw Error(ErrorCode::not_found, "The folder of the data set cannot be read: " + error.message() + ".", root.string(), "Choose the folder that holds v1.0-..., samples and sweeps.");
    if (found.empty()) throw Error(ErrorCode::not_found, "No nuScenes tables were found.", root.string(), "Choose the folder that holds v1.0-..., samples and sweeps.");
    std::ranges::sort(found);
    if (found.size() > 1) {
        std::string names;
        for (const std::string& name : found) names += (names.empty() ? "" : ", ") + name;
        throw Error(ErrorCode::invalid_value, "The data set has several versions: " + names + ".", root.string(), "Say which one.");
    }
    return found.front();
}

}

NuscenesTables load_nuscenes(const fs::path& folder, std::string_view version, const std::function<void(std::string_view)>& watch) {
    NuscenesTables tables;
    const fs::path clean = folder.has_filename() ? folder : folder.parent_path();
    if (version.empty() && has_tables(clean)) {
        tables.root = clean.parent_path();
        tables.version = clean.filename().string();
    } else {
        tables.root = clean;
        tables.version = version.empty() ? only_version(clean) : std::string(version);
    }
    Loader(tables, watch).load();
    return tables;
}

std::vector<int> NuscenesTables::samples_of(std::string_view split) const {
    const std::string_view plain = split.starts_with("mini_") ? split.substr(5) : split;
    std::vector<int> out;
    for (const Scene& scene : scenes)
        if (split.empty() || scene.split == plain || scene.name == split) out.insert(out.end(), scene.samples.begin(), scene.samples.end());
    if (out.empty()) throw Error(ErrorCode::not_found, "The data set has no samples of \"" + valid_text(split, 64) + "\".", (root / version).string(), "Name one of its splits (train, val, test) or scenes.");
    return out;
}

int NuscenesTables::sample_index(std::string_view token) const {
    const auto found = std::ranges::find(samples, token, &Sample::token);
    if (found == samples.end()) throw Error(ErrorCode::not_found, "The data set has no such sample.", "token " + valid_text(token, 64) + ", " + (root / version).string());
    return static_cast<int>(found - samples.begin());
}

}
