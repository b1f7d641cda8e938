#include "core/base/error.h"
#include "core/nn/network.h"
#include "plugins/bev/engine/boxes.h"
#include "plugins/bev/engine/cases.h"
#include "plugins/bev/engine/view_transform.h"
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <cstring>

namespace lathe::bev {
namespace {

std::array<float, 3> three(const VerifyInputs& inputs, const std::string& name) {
    const at::Tensor t = case_input(inputs, name);
    if (t.numel() != 3) throw Error(ErrorCode::wrong_format, "Three numbers are needed.", "in." + name);
    const at::Tensor f = t.to(at::kFloat).contiguous();
    return {f.const_data_ptr<float>()[0], f.const_data_ptr<float>()[1], f.const_data_ptr<float>()[2]};
}

/// [1, Z * C, X, Y] -> [C, X, Y, Z]
at::Tensor unfolded(const at::Tensor& folded, std::int64_t channels) { return folded.permute({0, 2, 3, 1}).reshape({folded.size(2), folded.size(3), -1, channels}).permute({3, 0, 1, 2}); }

TensorMap run_view(const VerifyInputs& inputs, RunContext&) {
    const c10::InferenceMode guard;
    const at::Tensor features = case_input(inputs, "features"), matrices = case_input(inputs, "lidar2img");
    const auto counts = three(inputs, "n_voxels");
    VoxelGrid grid;
    for (std::size_t k = 0; k < 3; ++k) grid.n[k] = static_cast<int>(counts[k]);
    grid.size = three(inputs, "voxel_size");
    grid.origin = three(inputs, "origin");
    const int cameras = static_cast<int>(features.size(0)), stride = inputs.config.value("stride", 4);
    const FeatureSize size{static_cast<int>(features.size(2)), static_cast<int>(features.size(3))};
    const auto level = [&](Overlap overlap) { return make_tables(grid, matrices, cameras, size, stride, {overlap, Rounding::half_even, Sampling::corner}); };
    const auto last = level(Overlap::last), average = level(Overlap::average);
    const std::int64_t channels = features.size(1);

    at::Tensor points = at::empty({3, grid.n[0], grid.n[1], grid.n[2]});
    auto* to = points.mutable_data_ptr<float>();
    for (int x = 0; x < grid.n[0]; ++x)
        for (int y = 0; y < grid.n[1]; ++y)
            for (int z = 0; z < grid.n[2]; ++z, ++to) {
                const auto p = sample_point(grid, {x, y, z}, Sampling::corner);
                for (int k = 0; k < 3; ++k) to[k * grid.count()] = p[static_cast<std::size_t>(k)];
            }
    at::Tensor projection = matrices.narrow(1, 0, 3).clone();
    projection.narrow(1, 0, 2).div_(stride);
    return {{"mid.points", points}, {"mid.projection", projection}, {"out.lut_last", last.luts[0].to(at::kFloat)}, {"out.lut_first", level(Overlap::first).luts[0].to(at::kFloat)},
        {"out.valid_count", last.seen[0].to(at::kFloat)}, {"out.volume_inplace", unfolded(to_voxels(features, last, cameras, Overlap::last), channels)},
        {"out.volume_mean", unfolded(to_voxels(features, average, cameras, Overlap::average), channels)}};
}

/// The same rule on given points and projections: a grid cannot express them, so the points are asked one by one.
TensorMap run_projected(const VerifyInputs& inputs, RunContext&) {
    const c10::InferenceMode guard;
    const at::Tensor features = case_input(inputs, "features");
    const at::Tensor points = inputs.needed("mid.points").contiguous(), projections = inputs.needed("mid.projection").contiguous();
    const FeatureSize size{static_cast<int>(features.size(2)), static_cast<int>(features.size(3))};
    const std::int64_t count = points.numel() / 3;
    at::Tensor last = at::full(points.sizes().slice(1), -1.0f), first = last.clone(), seen = at::zeros_like(last);
    const float* p = points.const_data_ptr<float>();
    for (std::int64_t i = 0; i < count; ++i)
        for (std::int64_t camera = 0; camera < projections.size(0); ++camera) {
            Projection projection;
            std::memcpy(projection.data(), projections.const_data_ptr<float>() + camera * 12, sizeof projection);
            const Sight sight = sight_of({p[i], p[count + i], p[2 * count + i]}, projection, size, Rounding::half_even);
            if (sight.refusal != Refusal::none) continue;
            const auto pixel = static_cast<float>((camera * size.height + sight.y) * size.width + sight.x);
            last.mutable_data_ptr<float>()[i] = pixel;
            if (first.mutable_data_ptr<float>()[i] < 0) first.mutable_data_ptr<float>()[i] = pixel;
            seen.mutable_data_ptr<float>()[i] += 1;
        }
    VoxelGrid grid;
    for (int k = 0; k < 3; ++k) grid.n[static_cast<std::size_t>(k)] = static_cast<int>(points.size(k + 1));
    const ViewTables::Level level{grid, size, {last.to(at::kInt)}, {seen.to(at::kByte)}, {}};
    return {{"out.lut_last", last}, {"out.lut_first", first}, {"out.valid_count", seen},
        {"out.volume_inplace", unfolded(to_voxels(features, level, static_cast<int>(features.size(0)), Overlap::last), features.size(1))}};
}

TensorMap run_overlap(const VerifyInputs& inputs, RunContext&) {
    const c10::InferenceMode guard;
    const at::Tensor boxes = case_input(inputs, "boxes_xywhr").contiguous(), scores = case_input(inputs, "scores").contiguous();
    const auto count = static_cast<std::size_t>(boxes.size(0));
    std::vector<Rectangle> rectangles(count);
    static_assert(sizeof(Rectangle) == 5 * sizeof(float));
    std::memcpy(rectangles.data(), boxes.const_data_ptr<float>(), count * sizeof(Rectangle));
    at::Tensor iou = at::empty({boxes.size(0), boxes.size(0)}), nearest = at::empty_like(iou);
    const auto box = [](const Rectangle& r) { return Box{r.x, r.y, 0, r.w, r.l, 1, r.yaw, 0, 0}; };
    for (std::size_t i = 0; i < count; ++i)
        for (std::size_t j = 0; j < count; ++j) {
            iou.mutable_data_ptr<float>()[i * count + j] = rotated_iou(rectangles[i], rectangles[j]);
            nearest.mutable_data_ptr<float>()[i * count + j] = nearest_bev_iou(box(rectangles[i]), box(rectangles[j]));
        }
    const std::span<const float> given(scores.const_data_ptr<float>(), count);
    const auto kept = [](const std::vector<int>& of) { return at::tensor(std::vector<float>(of.begin(), of.end())); };
    return {{"out.iou_bev", iou}, {"out.iou_nearest_bev", nearest}, {"out.keep_rotate_0p2", kept(rotated_nms(rectangles, given, 0.2f))}, {"out.keep_circle_r2_1p0", kept(circle_nms(rectangles, given, 1.0f))}};
}

}

at::Tensor case_input(const VerifyInputs& inputs, const std::string& name) { return inputs.needed("in." + name); }

void load_weights(Network& network, const VerifyInputs& inputs) {
    std::vector<std::string> keys;
    for (const auto& [key, tensor] : inputs.tensors)
        if (!key.starts_with("in.") && !key.starts_with("mid.") && !key.ends_with("num_batches_tracked")) keys.push_back(key);
    network.load([&](const std::string& key) {
        const auto found = inputs.tensors.find(key);
        return found == inputs.tensors.end() ? at::Tensor() : found->second;
    }, keys, true);
}

VerifyCase view_case() {
    VerifyCase out;
    out.id = "bev/view";
    out.tolerances = {{"mid.*", "max_rel", 1e-6}, {"out.volume_mean", "max_rel", 1e-6}, {"*", "exact", 0}};
    out.run = run_view;
    return out;
}

VerifyCase projected_case() {
    VerifyCase out;
    out.id = "bev/view.projected";
    out.tolerances = {{"*", "exact", 0}};
    out.run = run_projected;
    out.mid_is_input = [](std::string_view key) { return key == "mid.points" || key == "mid.projection"; };
    return out;
}

VerifyCase overlap_case() {
    VerifyCase out;
    out.id = "bev/rotated_iou";
    out.tolerances = {{"out.keep*", "exact", 0}, {"*", "max_abs", 1e-4}};
    out.run = run_overlap;
    return out;
}

}
