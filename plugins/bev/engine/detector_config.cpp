#include "plugins/bev/engine/detector_config.h"
#include "core/base/error.h"
#include "core/nn/resnet.h"
#include <cmath>

namespace lathe::bev {
namespace {

[[noreturn]] void refuse(const char* field, const std::string& value, const char* hint) {
    throw Error(ErrorCode::invalid_value, "The detector cannot be built with this setting.", std::string(field) + " = " + value, hint);
}
int whole(const Json& json, const char* field, int fallback, int low, int high) {
    if (!json.contains(field)) return fallback;
    const Json& value = json[field];
    if (!value.is_number_integer() || value.get<double>() < low || value.get<double>() > high)
        refuse(field, value.dump(), ("It must be a whole number from " + std::to_string(low) + " to " + std::to_string(high) + ".").c_str());
    return value.get<int>();
}
template <class T, std::size_t N> std::array<T, N> numbers(const Json& value, const char* field) {
    if (!value.is_array() || value.size() != N) refuse(field, value.dump(), ("It must have " + std::to_string(N) + " numbers.").c_str());
    std::array<T, N> out{};
    for (std::size_t i = 0; i < N; ++i) {
        if (!value[i].is_number() || !std::isfinite(value[i].get<double>())) refuse(field, value.dump(), "It must hold numbers only.");
        out[i] = value[i].get<T>();
    }
    return out;
}

VoxelGrid grid(int nx, int ny, int nz, float xy, float z) { return {{nx, ny, nz}, {xy, xy, z}, {0, 0, -1}}; }

struct Zoo { const char* name; int depth, height, width; VoxelGrid voxels; int neck_in, neck_out, layers; };
const Zoo kZoo[] = {
    {"M0", 18, 256, 704, grid(200, 200, 4, 0.5f, 1.5f), 256, 192, 2}, {"M1", 18, 320, 880, grid(200, 200, 4, 0.5f, 1.5f), 256, 192, 2},
    {"M2", 34, 256, 704, grid(200, 200, 4, 0.5f, 1.5f), 256, 224, 4}, {"M3", 34, 256, 704, grid(200, 200, 6, 0.5f, 1.0f), 384, 256, 6},
    {"M4", 50, 320, 880, grid(250, 250, 6, 0.4f, 1.0f), 384, 256, 6}, {"M5", 50, 512, 1408, grid(250, 250, 6, 0.4f, 1.0f), 384, 256, 6},
};

}

int DetectorConfig::fuse_in() const {
    int channels = 0;
    for (const VoxelGrid& g : grids) channels += g.n[2] * frames * fpn_channels;
    return channels;
}

FeatureSize DetectorConfig::feature_size(int level) const {
    int h = height, w = width;
    for (int i = 0; i < level + 2; ++i) {   // the stem and its pooling, then one halving a stage
        h = (h + 1) / 2;
        w = (w + 1) / 2;
    }
    return {h, w};
}

int DetectorConfig::stride(int level) const {
    const int map = feature_size(level).width;
    return (width + map - 1) / map;
}

PostConfig post_config(const Json& t) {
    PostConfig out;
    if (!t.is_object()) return out;
    if (t.contains("score_thr")) out.score_threshold = t["score_thr"].get<float>();
    out.before_nms = whole(t, "nms_pre", out.before_nms, 1, 1'000'000);
    out.at_most = whole(t, "max_num", out.at_most, 1, 100'000);
    out.scale_nms = t.value("use_scale_nms", out.scale_nms);
    if (t.contains("nms_thr")) out.plain_threshold = t["nms_thr"].get<float>();
    if (t.contains("nms_rescale_factor")) out.factor = numbers<float, 10>(t["nms_rescale_factor"], "nms_rescale_factor");
    if (t.contains("nms_thr_list")) out.threshold = numbers<float, 10>(t["nms_thr_list"], "nms_thr_list");
    if (t.contains("nms_radius_thr_list")) out.squared_radius = numbers<float, 10>(t["nms_radius_thr_list"], "nms_radius_thr_list");
    if (t.contains("nms_type_list") && t["nms_type_list"].is_array() && t["nms_type_list"].size() == 10)
        for (std::size_t i = 0; i < 10; ++i) out.circle[i] = t["nms_type_list"][i] == "circle";
    return out;
}

Json to_json(const DetectorConfig& c) {
    Json voxels = Json::array(), sizes = Json::array();
    for (const VoxelGrid& g : c.grids) {
        voxels.push_back(g.n);
        sizes.push_back(g.size);
    }
    return {{"depth", c.depth}, {"base_channels", c.base_channels}, {"fpn_out", c.fpn_channels}, {"input", {c.height, c.width}}, {"n_frames", c.frames}, {"n_cameras", c.cameras},
        {"multi_scale_id", c.levels}, {"n_voxels", voxels}, {"voxel_size", sizes}, {"origin", c.grids.front().origin}, {"multi_scale_3d_scaler", c.pool_levels ? "pool" : "upsample"},
        {"cfuse", c.neck_in}, {"bev_out", c.neck_out}, {"num_layers", c.neck_layers}, {"anchor_range", c.range},
        {"test_cfg", {{"score_thr", c.post.score_threshold}, {"nms_pre", c.post.before_nms}, {"max_num", c.post.at_most}, {"use_scale_nms", c.post.scale_nms}, {"nms_thr", c.post.plain_threshold},
            {"nms_rescale_factor", c.post.factor}, {"nms_thr_list", c.post.threshold}, {"nms_radius_thr_list", c.post.squared_radius}}}};
}

DetectorConfig detector_config(const Json& json) {
    if (!json.is_object()) refuse("config", json.dump(), "It must be an object.");
    DetectorConfig c;
    c.depth = whole(json, "depth", c.depth, 18, 101);
    if (!is_resnet_depth(c.depth)) refuse("depth", std::to_string(c.depth), "Choose 18, 34, 50 or 101.");
    c.base_channels = whole(json, "base_channels", c.base_channels, 1, 1024);
    c.fpn_channels = whole(json, "fpn_out", c.fpn_channels, 1, 4096);
    c.frames = whole(json, "n_frames", c.frames, 1, 64);
    c.cameras = whole(json, "n_cameras", c.cameras, 1, 12);
    if (json.contains("input")) {
        const auto size = numbers<int, 2>(json["input"], "input");
        if (size[0] < 32 || size[1] < 32 || size[0] > 8192 || size[1] > 8192) refuse("input", json["input"].dump(), "Height and width must be 32 to 8192.");
        c.height = size[0];
        c.width = size[1];
    }
    if (json.contains("multi_scale_id")) {
        c.levels.clear();
        for (const Json& level : json["multi_scale_id"]) {
            if (!level.is_number_integer() || level.get<int>() < 0 || level.get<int>() > 3) refuse("multi_scale_id", json["multi_scale_id"].dump(), "Levels are 0 to 3.");
            c.levels.push_back(level.get<int>());
        }
    }
    if (json.contains("n_voxels")) {
        const Json &voxels = json["n_voxels"], sizes = json.value("voxel_size", Json());
        if (!voxels.is_array() || !sizes.is_array() || voxels.size() != sizes.size() || voxels.empty()) refuse("n_voxels", voxels.dump(), "n_voxels and voxel_size need one entry for each grid.");
        c.grids.clear();
        for (std::size_t i = 0; i < voxels.size(); ++i) {
            VoxelGrid g;
            g.n = numbers<int, 3>(voxels[i], "n_voxels");
            g.size = numbers<float, 3>(sizes[i], "voxel_size");
            if (json.contains("origin")) g.origin = numbers<float, 3>(json["origin"], "origin");
            for (std::size_t k = 0; k < 3; ++k)
                if (g.n[k] < 1 || g.n[k] > 2000 || !(g.size[k] > 0)) refuse("n_voxels", voxels.dump(), "Every grid needs 1 to 2000 cells along each axis and cells of positive size.");
            c.grids.push_back(g);
        }
    }
    if (c.levels.empty() || c.levels.size() != c.grids.size()) refuse("multi_scale_id", Json(c.levels).dump(), "There must be one voxel grid for each level.");
    if (const auto scaler = json.find("multi_scale_3d_scaler"); scaler != json.end() && scaler->is_string()) c.pool_levels = *scaler == "pool";
    c.neck_in = whole(json, "cfuse", c.neck_in, 1, 8192);
    c.neck_out = whole(json, "bev_out", c.neck_out, 1, 8192);
    c.neck_layers = whole(json, "num_layers", c.neck_layers, 0, 64);
    if (json.contains("anchor_range")) c.range = json["anchor_range"].get<float>();
    if (!(c.range > 0) || !std::isfinite(c.range)) refuse("anchor_range", std::to_string(c.range), "It must be positive.");
    c.post = post_config(json.value("test_cfg", Json()));
    return c;
}

DetectorConfig zoo(const std::string& name) {
    DetectorConfig c;
    for (const Zoo& z : kZoo)
        if (name == z.name) {
            c.depth = z.depth;
            c.height = z.height;
            c.width = z.width;
            c.grids = {z.voxels};
            c.neck_in = z.neck_in;
            c.neck_out = z.neck_out;
            c.neck_layers = z.layers;
            return c;
        }
    if (name == "MS") {
        c.depth = 50;
        c.levels = {0, 1, 2};
        c.grids = {grid(200, 200, 6, 0.5f, 1.0f), {{150, 150, 6}, {2.0f / 3, 2.0f / 3, 1.0f}, {0, 0, -1}}, grid(100, 100, 6, 1.0f, 1.0f)};
        c.neck_out = 256;
        c.neck_layers = 6;
        return c;
    }
    if (name == "tiny" || name == "small") {
        const bool tiny = name == "tiny";
        c.height = tiny ? 96 : 128;
        c.width = tiny ? 256 : 352;
        c.base_channels = tiny ? 16 : 32;
        c.fpn_channels = 32;
        c.frames = tiny ? 1 : 2;
        c.grids = {tiny ? grid(64, 64, 4, 1.0f, 1.5f) : grid(100, 100, 4, 1.0f, 1.5f)};
        c.neck_in = c.neck_out = tiny ? 64 : 96;
        c.neck_layers = 1;
        c.range = tiny ? 32.0f : 50.0f;
        return c;
    }
    throw Error(ErrorCode::unknown_name, "There is no Fast-BEV model of this name.", name, "Choose M0 to M5, MS, small or tiny.");
}

std::vector<std::string> zoo_names() { return {"M0", "M1", "M2", "M3", "M4", "M5", "MS", "small", "tiny"}; }

}
