#include "plugins/bev/engine/view_transform.h"
#include "core/base/error.h"
#include "core/nn/int8_conv.h"
#include "core/nn/kernels.h"
#include "core/nn/layers.h"
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <algorithm>

namespace lathe::bev {
namespace {

/// All frames quantized alike, so that their bytes may stand in one volume.
bool quantized_alike(const std::vector<at::Tensor>& frames) {
    return std::ranges::all_of(frames, [&](const at::Tensor& maps) {
        return maps.is_quantized() && maps.scalar_type() == at::kQUInt8 && maps.qscheme() == at::kPerTensorAffine && maps.q_scale() == frames.front().q_scale() && maps.q_zero_point() == frames.front().q_zero_point();
    });
}

/// Pixels of all cameras as rows, [cameras * H * W, C].
at::Tensor rows_of(const at::Tensor& maps) { return maps.permute({0, 2, 3, 1}).reshape({-1, maps.size(1)}); }

/// For gradients: the same copy by an index, with one row of zeros for what no camera sees. [X * Y * Z, C]
at::Tensor picked(const at::Tensor& rows, const at::Tensor& lut) {
    const at::Tensor padded = at::cat({rows, at::zeros({1, rows.size(1)}, rows.options())});
    const at::Tensor index = lut.reshape({-1}).to(at::kLong);
    return padded.index_select(0, at::where(index < 0, at::full_like(index, rows.size(0)), index));
}

}

ViewTables::Level make_tables(const VoxelGrid& grid, const at::Tensor& lidar2img, int cameras, FeatureSize size, int stride, const ViewRules& rules) {
    const at::Tensor matrices = lidar2img.to(at::kFloat).contiguous();
    if (cameras < 1 || matrices.dim() != 3 || matrices.size(1) != 4 || matrices.size(2) != 4 || matrices.size(0) % cameras)
        throw Error(ErrorCode::invalid_value, "The camera matrices must be [frames * cameras, 4, 4].", "lidar2img has " + std::to_string(matrices.numel()) + " numbers for " + std::to_string(cameras) + " cameras");
    if (std::int64_t{cameras} * size.height * size.width > std::int64_t{1} << 30) throw Error(ErrorCode::invalid_value, "The feature maps are too large for a view table.");
    std::vector<Projection> all;
    for (std::int64_t i = 0; i < matrices.size(0); ++i) all.push_back(projection_of(std::span<const float, 16>(matrices.const_data_ptr<float>() + i * 16, 16), stride));

    ViewTables::Level level{grid, size, {}, {}, {}};
    const auto build = [&](std::span<const Projection> views, std::int32_t base, at::Tensor* seen) {
        at::Tensor lut = at::empty({grid.n[0], grid.n[1], grid.n[2]}, at::kInt);
        if (seen) *seen = at::empty(lut.sizes(), at::kByte);
        auto* to = lut.mutable_data_ptr<std::int32_t>();
        auto* counts = seen ? seen->mutable_data_ptr<std::uint8_t>() : nullptr;
        at::parallel_for(0, grid.n[0], 8, [&](std::int64_t first, std::int64_t end) { build_lut(grid, views, size, rules, static_cast<int>(first), static_cast<int>(end), to, counts); });
        return base ? at::where(lut < 0, lut, lut + base) : lut;
    };
    const auto per_frame = static_cast<std::size_t>(cameras);
    for (std::size_t first = 0; first < all.size(); first += per_frame) {
        const std::span<const Projection> views(all.data() + first, per_frame);
        at::Tensor seen;
        level.luts.push_back(build(views, 0, &seen));
        level.seen.push_back(seen);
        if (rules.overlap == Overlap::average) {
            auto& tables = level.each.emplace_back();
            for (std::size_t camera = 0; camera < per_frame; ++camera) tables.push_back(build(views.subspan(camera, 1), static_cast<std::int32_t>(camera) * size.height * size.width, nullptr));
        }
    }
    return level;
}

at::Tensor voxel_rows(const at::Tensor& maps, const ViewTables::Level& level, std::size_t frame, Overlap overlap) {
    const at::Tensor rows = rows_of(maps);
    if (overlap != Overlap::average) return picked(rows, level.luts.at(frame));
    const std::vector<at::Tensor>& tables = level.each.at(frame);
    at::Tensor sum = picked(rows, tables.front());
    for (std::size_t camera = 1; camera < tables.size(); ++camera) sum = sum + picked(rows, tables[camera]);
    return sum / level.seen[frame].reshape({-1, 1}).clamp_min(1);
}

std::vector<at::Tensor> by_frame(const at::Tensor& features, int cameras) {
    if (features.dim() != 4 || features.size(0) % cameras)
        throw Error(ErrorCode::invalid_value, "The image features are not whole frames.", std::to_string(features.size(0)) + " maps for " + std::to_string(cameras) + " cameras");
    return features.split(cameras);
}

at::Tensor to_voxels(const at::Tensor& features, const ViewTables::Level& level, int cameras, Overlap overlap) { return to_voxels(by_frame(features, cameras), level, cameras, overlap); }

at::Tensor to_voxels(const std::vector<at::Tensor>& frames, const ViewTables::Level& level, int cameras, Overlap overlap) {
    const std::size_t count = level.luts.size();
    bool plain = overlap != Overlap::average, fits = count > 0 && frames.size() == count;
    for (const at::Tensor& maps : frames) {
        fits = fits && maps.dim() == 4 && maps.size(0) == cameras && maps.size(1) == frames.front().size(1) && maps.size(2) == level.size.height && maps.size(3) == level.size.width;
        plain = plain && maps.scalar_type() == at::kFloat && maps.device().is_cpu() && !records_gradients(maps);
    }
    if (!fits) throw Error(ErrorCode::invalid_value, "The image features do not fit the view tables.", std::to_string(frames.size()) + " frames for tables of " + std::to_string(count) + " frames of " + std::to_string(cameras) + " cameras");
    const std::int64_t channels = frames.front().size(1), nx = level.grid.n[0], ny = level.grid.n[1], nz = level.grid.n[2], width = nz * static_cast<std::int64_t>(count) * channels;
    const bool quantized = overlap != Overlap::average && quantized_alike(frames);
    if (plain || quantized) {
        std::vector<at::Tensor> maps;
        for (const at::Tensor& frame : frames) maps.push_back(frame.contiguous(at::MemoryFormat::ChannelsLast));
        const at::Tensor& one = frames.front();
        at::Tensor volume = quantized ? at::_empty_affine_quantized({1, width, nx, ny}, at::kQUInt8, one.q_scale(), one.q_zero_point(), at::MemoryFormat::ChannelsLast)
                                            : at::empty({1, width, nx, ny}, one.options().memory_format(at::MemoryFormat::ChannelsLast));
        fused::gather_rows(maps, channels * static_cast<std::int64_t>(one.element_size()), level.luts, quantized ? static_cast<std::uint8_t>(one.q_zero_point()) : std::uint8_t{0}, volume);
        return volume;
    }
    std::vector<at::Tensor> slots;
    for (std::size_t t = 0; t < count; ++t) slots.push_back(voxel_rows(as_float(frames[t]), level, t, overlap));
    return at::stack(slots, 1).view({1, nx, ny, width}).permute({0, 3, 1, 2});
}

}
