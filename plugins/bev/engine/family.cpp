#include "plugins/bev/engine/family.h"
#include "core/base/error.h"
#include "plugins/bev/engine/boxes.h"
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <array>
#include <cmath>

namespace lathe::bev {
namespace {

constexpr std::array<std::string_view, 5> kPrefixes{"", "state_dict.", "model.", "module.", "state_dict.module."};
constexpr std::array<std::string_view, 4> kNeeded{"backbone.conv1.weight", "neck.lateral_convs.0.conv.weight", "neck_3d.fuse.weight", "bbox_head.conv_cls.weight"};

const TensorEntry* entry_of(const TensorIndex& file, const std::string& name) {
    const TensorEntry* entry = file.find(name);
    return entry && entry->shape.size() == 4 ? entry : nullptr;
}

struct Found { bool ok = false; std::string prefix, why; };

Found find(const TensorIndex& file) {
    Found found;
    for (const auto prefix : kPrefixes) {
        std::string missing;
        for (const auto key : kNeeded)
            if (missing.empty() && !entry_of(file, std::string(prefix) + std::string(key))) missing = key;
        if (missing.empty()) return {true, std::string(prefix), {}};
        if (found.why.empty()) found.why = "it has no " + missing + ".";
    }
    return found;
}

Json described(const TensorIndex& file) {
    const auto it = file.metadata().find("lathe.config");
    if (it == file.metadata().end()) return Json::object();
    Json json = parse_json(it->second, file.path().string() + ", metadata lathe.config");
    return json.is_object() ? json : Json::object();
}

int count(const TensorIndex& file, const std::string& before, const std::string& after) {
    int n = 0;
    while (n < 1000 && file.find(before + std::to_string(n) + after)) ++n;
    return n;
}

/// What the shapes tell; grid, frames and picture size, which they do not, from the published network of the same shapes.
DetectorConfig config_of(const TensorIndex& file, const std::string& p, const Json& options) {
    Json described_config = described(file);
    const bool own = !described_config.empty();
    DetectorConfig c;
    const auto size = [&](const char* key, std::size_t axis) {
        const TensorEntry* entry = entry_of(file, p + key);
        if (!entry || entry->shape[axis] < 1 || entry->shape[axis] > 100'000) throw Error(ErrorCode::wrong_format, "A tensor that tells the size of the network is missing or impossible.", file.path().string() + ", " + p + key);
        return static_cast<int>(entry->shape[axis]);
    };
    if (own) c = detector_config(described_config);
    else {
        const bool bottleneck = file.find(p + "backbone.layer1.0.conv3.weight") != nullptr;
        const int third = count(file, p + "backbone.layer3.", ".conv1.weight");
        c.depth = bottleneck ? (third > 6 ? 101 : 50) : (third > 2 ? 34 : 18);
        c.base_channels = size("backbone.conv1.weight", 0);
        c.fpn_channels = size("neck.lateral_convs.0.conv.weight", 0);
        c.levels.clear();
        for (int level = 0; level < 4; ++level)
            if (file.find(p + "neck_fuse_" + std::to_string(level) + ".weight")) c.levels.push_back(level);
        c.neck_in = size("neck_3d.fuse.weight", 0);
        const int fuse_in = size("neck_3d.fuse.weight", 1);
        int pairs = 0;
        while (pairs < 100 && file.find(p + "neck_3d.model." + std::to_string(2 * pairs) + ".conv0.conv.weight")) ++pairs;
        c.neck_layers = std::max(0, pairs - 1);
        c.neck_out = size("neck_3d.model.1.conv.weight", 0);
        bool known = false;
        for (const std::string& name : zoo_names()) {
            const DetectorConfig z = zoo(name);
            if (z.depth != c.depth || z.base_channels != c.base_channels || z.fpn_channels != c.fpn_channels || z.levels != c.levels || z.neck_in != c.neck_in || z.neck_out != c.neck_out ||
                z.neck_layers != c.neck_layers) continue;
            if (z.fuse_in() != fuse_in && z.fuse_in() != fuse_in * z.frames) continue;
            const int frames = z.fuse_in() == fuse_in ? z.frames : 1;   // the single-frame variant that CUDA-FastBEV distributes
            c = z;
            c.frames = frames;
            known = true;
            break;
        }
        if (!known) {
            const int slots = fuse_in / std::max(1, c.fpn_channels * static_cast<int>(c.levels.size()));
            c.frames = slots % 4 == 0 && slots > 4 ? 4 : 1;
            c.grids.assign(std::max<std::size_t>(1, c.levels.size()), VoxelGrid{});
            for (VoxelGrid& g : c.grids) g.n[2] = std::max(1, slots / c.frames);
        }
    }
    Json json = to_json(c);
    for (const auto& [key, value] : options.items()) json[key] = value;
    return detector_config(json);
}

class FastBevFamily : public ModelFamily {
public:
    std::string id() const override { return "fast_bev"; }
    std::string title() const override { return "Fast-BEV detector"; }
    std::vector<std::string> key_layouts() const override { return {"official"}; }

    Recognition recognise(const TensorIndex& file) const override {
        Recognition r;
        const Found found = find(file);
        r.why = found.why;
        if (!found.ok) return r;
        r.confidence = 1;
        r.layout = "official";
        r.config = to_json(config_of(file, found.prefix, Json::object()));
        r.why = "backbone, neck_3d and bbox_head of Fast-BEV.";
        return r;
    }

    std::shared_ptr<Network> load(const TensorIndex& file, const Json& options) const override {
        const Found found = find(file);
        if (!found.ok) throw Error(ErrorCode::wrong_format, "This is not a Fast-BEV checkpoint: " + found.why, file.path().string(), "Choose a checkpoint with backbone, neck, neck_3d and bbox_head.");
        auto net = std::make_shared<Detector>(config_of(file, found.prefix, options));
        load_below(*net, file, found.prefix);
        return net;
    }

    std::shared_ptr<Network> make(const Json& config, std::uint64_t seed) const override {
        auto net = std::make_shared<Detector>(config.is_string() ? zoo(config.get<std::string>()) : bev::detector_config(config));
        net->initialize(seed);
        net->prepare_inference();
        return net;
    }

    Json facts(const Network& network) const override {
        const auto& net = dynamic_cast<const Detector&>(network);
        const DetectorConfig& c = net.detector_config();
        return {{"depth", c.depth}, {"frames", c.frames}, {"cameras", c.cameras}, {"height", c.height}, {"width", c.width}, {"voxels", c.grids.front().n}, {"voxel_size", c.grids.front().size},
            {"range", c.range}, {"channels", c.fpn_channels}, {"levels", c.levels}, {"classes", kClasses}, {"parameters", const_cast<Detector&>(net).parameter_count()}, {"config", to_json(c)}};
    }

    std::vector<at::Tensor> example(const Network& network, std::int64_t, std::uint64_t seed) const override {
        const DetectorConfig& c = dynamic_cast<const Detector&>(network).detector_config();
        auto random = at::make_generator<at::CPUGeneratorImpl>(seed);
        // A ring of cameras 1.6 m above the ground, lidar frame.
        at::Tensor matrices = at::zeros({std::int64_t{c.frames} * c.cameras, 4, 4});
        for (std::int64_t i = 0; i < matrices.size(0); ++i) {
            const double turn = 2 * M_PI * static_cast<double>(i % c.cameras) / c.cameras, s = std::sin(turn), k = std::cos(turn), f = 0.8 * c.width;
            const std::array<std::array<double, 4>, 3> axes{{{k, s, 0, 0}, {0, 0, -1, -0.3}, {-s, k, 0, -0.5}}};
            for (std::size_t j = 0; j < 4; ++j) {
                const auto column = static_cast<std::int64_t>(j);
                matrices[i][0][column] = f * axes[0][j] + 0.5 * c.width * axes[2][j];
                matrices[i][1][column] = f * axes[1][j] + 0.5 * c.height * axes[2][j];
                matrices[i][2][column] = axes[2][j];
            }
            matrices[i][3][3] = 1;
        }
        return {at::randn({std::int64_t{c.frames} * c.cameras, 3, c.height, c.width}, random), matrices};
    }
};

}

std::unique_ptr<ModelFamily> make_family() { return std::make_unique<FastBevFamily>(); }

}
