#include "core/base/error.h"
#include "core/nn/tensor_index.h"
#include "plugins/bev/engine/detect_parts.h"
#include "plugins/bev/engine/lidar_file.h"
#include "plugins/bev/engine/voxel_features.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <cmath>

namespace lathe::bev {
namespace {

Json floats_json(const float* values, int count) {
    Json out = Json::array();
    for (int i = 0; i < count; ++i) out.push_back(number_json(values[i]));
    return out;
}

at::Tensor camera_by_voxel(const ViewTables::Level& level, std::size_t frame) {
    const at::Tensor& lut = level.luts.at(frame);
    return at::where(lut >= 0, lut.floor_divide(level.size.height * level.size.width), at::full({}, 255, at::kInt)).to(at::kByte);
}

/// Voxels whose camera is another one than without offsets and noise.
std::int64_t changed_voxels(const Detector& net, const SampleInfo& sample, Experiment experiment, const at::Tensor& cameras, std::size_t frame) {
    if (experiment.align.offsets.empty() && experiment.align.noise.empty()) return 0;
    experiment.align.offsets.clear();
    experiment.align.noise.clear();
    const ViewTables plain = experiment_tables(net, experiment_matrices(sample, net.detector_config(), experiment), experiment);
    return (camera_by_voxel(plain.levels.front(), frame) != cameras).sum().item<std::int64_t>();
}

VoxelFeatures features_of(const Result& r, const Experiment& experiment, std::size_t frame) {
    return {r.frames[frame]->features.front(), r.tables.levels.front(), frame, experiment.rules.overlap};
}

}

Shown shown_from(const Json& p, const DetectorConfig& config, const GridChange& change) {
    const auto refuse = [](const std::string& what, const std::string& where, std::int64_t count) {
        throw Error(ErrorCode::invalid_value, what, where, "It has " + std::to_string(count) + ", the first is 0.");
    };
    Shown shown;
    shown.frame = p.at("show_frame").get<std::int64_t>();
    shown.channel = p.at("show_channel").get<std::int64_t>();
    if (shown.frame >= config.frames) refuse("The detector has no frame of this number.", "show_frame = " + std::to_string(shown.frame), config.frames);
    if (shown.channel >= config.fpn_channels) refuse("The features have no channel of this number.", "show_channel = " + std::to_string(shown.channel), config.fpn_channels);
    const Json& voxel = p.at("voxel");
    if (voxel.empty()) return shown;
    if (voxel.size() != 3) throw Error(ErrorCode::invalid_value, "A voxel has three numbers, or none is shown.", "voxel = " + voxel.dump(), "Write it like 100,120,2.");
    const VoxelGrid grid = changed(config.grids.front(), change);
    std::array<int, 3> index{};
    for (std::size_t k = 0; k < 3; ++k) {
        const double number = number_from(voxel[k], "voxel"), count = grid.n[k];
        if (!(number >= 0 && number < count) || number != std::floor(number)) refuse("The grid has no such voxel along its axis " + std::string(1, "xyz"[k]) + ".", "voxel = " + voxel.dump(), grid.n[k]);
        index[k] = static_cast<int>(number);
    }
    shown.voxel = index;
    return shown;
}

void add_pictures(RunContext& run, const Result& r, const SampleInfo& sample) {
    for (std::size_t i = 0; i < sample.cameras.size(); ++i) {
        const Picture& picture = r.frames.front()->pictures[i];
        const at::Tensor pixels = at::from_blob(const_cast<std::uint8_t*>(picture.rgb.data()), {picture.height, picture.width, 3}, at::kByte);
        run.image("image." + sample.cameras[i].channel, 0, pixels, false,
            {{"camera", sample.cameras[i].channel}, {"lidar2img", floats_json(r.lidar2img.const_data_ptr<float>() + 16 * i, 16)}});
    }
}

void add_surroundings(RunContext& run, const SampleInfo& sample, const std::filesystem::path& root, const DetectorConfig& config, int frames) {
    at::Tensor points = at::empty({0, 4});
    try {
        if (!sample.lidar_file.empty()) points = read_lidar(root / sample.lidar_file);
    } catch (const Error& error) {   // the detector does not need it
        run.log("warning", std::string(error.summary()) + " " + std::string(error.where()));
    }
    run.tensor("lidar", 0, points, {{"columns", {"x", "y", "z", "intensity"}}});
    std::vector<std::vector<Json>> rows{{0, 0.0, 0.0, 0.0, 0.0}};
    for (const int id : history_entries(config.frames, frames)) {
        const HistoryFrame* then = id == kCurrentFrame ? nullptr : history_frame(sample, id);
        const Mat4 motion = then ? motion_between(sample, *then) : Mat4{};
        const double ago = then ? 1e-6 * static_cast<double>(sample.timestamp - then->timestamp) : 0;
        rows.push_back({rows.size(), number_json(ago), number_json(motion(0, 3)), number_json(motion(1, 3)), number_json(std::atan2(motion(1, 0), motion(0, 0)))});
    }
    run.table("history", {"frame", "seconds ago", "x m", "y m", "yaw rad"}, rows, {{"point", "lidar"}});
}

void add_view(RunContext& run, const Result& r, const Detector& net, const SampleInfo& sample, const Experiment& experiment, const Shown& shown) {
    const DetectorConfig& config = net.detector_config();
    const ViewTables::Level& level = r.tables.levels.front();
    const auto frame = static_cast<std::size_t>(shown.frame);
    const at::Tensor cameras = camera_by_voxel(level, frame);
    std::vector<std::string> channels;
    for (const CameraInfo& camera : sample.cameras) channels.push_back(camera.channel);
    const auto origin = sample_point(level.grid, {0, 0, 0}, experiment.rules.sampling);
    run.tensor("view.camera", 0, cameras,
        {{"origin", floats_json(origin.data(), 3)}, {"size", floats_json(level.grid.size.data(), 3)}, {"feature", {level.size.height, level.size.width}}, {"stride", config.stride(config.levels.front())},
            {"image", {config.height, config.width}}, {"cameras", channels}, {"sampling", run.params().at("sampling")}, {"rounding", run.params().at("rounding")}, {"frame", shown.frame},
            {"changed", changed_voxels(net, sample, experiment, cameras, frame)}});
    run.tensor("view.seen", 0, level.seen.at(frame));
    run.tensor("view.lut", 0, level.luts.at(frame));
}

void add_coverage(RunContext& run, const ViewTables::Level& level, const std::vector<CameraInfo>& cameras) {
    const at::Tensor &lut = level.luts.front(), &seen = level.seen.front();
    const auto total = static_cast<double>(lut.numel());
    const std::int64_t pixels = std::int64_t{level.size.height} * level.size.width;
    const double covered = (lut >= 0).sum().item<double>(), twice = (seen >= 2).sum().item<double>();
    std::vector<std::vector<Json>> rows;
    for (std::size_t i = 0; i < cameras.size(); ++i) {
        const auto first = static_cast<std::int64_t>(i) * pixels;
        rows.push_back({cameras[i].channel, ((lut >= first) & (lut < first + pixels)).sum().item<std::int64_t>()});
    }
    run.table("coverage.cameras", {"camera", "voxels"}, rows);
    rows.clear();
    for (std::int64_t z = 0; z < lut.size(2); ++z)
        rows.push_back({number_json(level.grid.sample(2, static_cast<int>(z))), number_json(100 * (lut.select(2, z) >= 0).to(at::kDouble).mean().item<double>()),
            number_json(100 * (seen.select(2, z) >= 2).to(at::kDouble).mean().item<double>())});
    run.table("coverage.heights", {"z m", "covered %", "overlap %"}, rows);
    run.summary("covered", covered / total);
    run.summary("overlap", twice / total);
}

void add_features(RunContext& run, const Result& r, const Experiment& experiment, const Shown& shown) {
    const auto& n = r.tables.levels.front().grid.n;
    const auto in_grid = [&n](const at::Tensor& cells) { return cells.view({n[0], n[1], n[2]}); };
    const VoxelFeatures features = features_of(r, experiment, static_cast<std::size_t>(shown.frame));
    run.tensor("view.magnitude", 0, in_grid(magnitudes(features)), {{"frame", shown.frame}});
    if (shown.channel >= 0) run.tensor("view.channel", 0, in_grid(channel_of(features, shown.channel)), {{"frame", shown.frame}, {"channel", shown.channel}});
    if (shown.frame > 0) run.tensor("view.difference", 0, in_grid(distances(features, features_of(r, experiment, 0))), {{"frame", shown.frame}});
    if (!shown.voxel) return;
    const auto& v = *shown.voxel;
    const float* numbers = features.at((std::int64_t{v[0]} * n[1] + v[1]) * n[2] + v[2]);
    at::Tensor vector = at::empty({numbers ? features.channels() : 0});
    if (numbers) std::copy_n(numbers, vector.numel(), vector.mutable_data_ptr<float>());
    run.tensor("voxel.feature", 0, vector, {{"voxel", v}, {"frame", shown.frame}});
}

/// For every voxel that some camera sees: winning camera, cameras that see it, length of its feature vector; of the first level and the current frame.
void add_voxels(RunContext& run, const Result& r, Overlap overlap) {
    const ViewTables::Level& level = r.tables.levels.front();
    const at::Tensor covered = at::nonzero(level.luts.front().reshape({-1}) >= 0).squeeze(1);
    const std::int64_t ny = level.grid.n[1], nz = level.grid.n[2];
    const at::Tensor index = at::stack({covered.floor_divide(ny * nz), covered.floor_divide(nz).remainder(ny), covered.remainder(nz)}, 1).to(at::kInt);
    const auto column = [&covered](const at::Tensor& cells) { return cells.reshape({-1}).to(at::kFloat).index_select(0, covered); };
    const at::Tensor magnitude = magnitudes({r.frames.front()->features.front(), level, 0, overlap});
    const at::Tensor value = at::stack({column(camera_by_voxel(level, 0)), column(level.seen.front()), column(magnitude)}, 1);
    at::Tensor low = at::empty({3}), size = at::empty({3});
    for (int k = 0; k < 3; ++k) {
        low[k] = level.grid.sample(k, 0);
        size[k] = level.grid.size[static_cast<std::size_t>(k)];
    }
    Artifact out;
    out.key = "voxels";
    out.kind = "voxels";
    out.media = "application/x-safetensors";
    out.meta = {{"columns", {"camera", "seen", "magnitude"}}, {"n", level.grid.n}};
    out.bytes = std::make_shared<const std::string>(safetensors_bytes({{"origin", low}, {"size", size}, {"index", index}, {"value", value}}));
    run.artifact(std::move(out));
}

}
