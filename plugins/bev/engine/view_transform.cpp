#include "plugins/bev/engine/view_transform.h"
#include "core/base/error.h"
#include "core/nn/int8_conv.h"
#include "core/nn/layers.h"
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <unistd.h>
#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace lathe::bev {
namespace {

struct Frame { const std::byte* features; const std::int32_t* lut; };

/// Whether a volume of so many bytes is written past the cache: where it would not stay there until the network reads it, fetching each line before it is
/// overwritten is waste; where the last cache holds it (it may be hundreds of megabytes), memory is not touched at all.
bool goes_past_the_cache(std::int64_t bytes) {
    static const std::int64_t last_cache = std::max<std::int64_t>(sysconf(_SC_LEVEL3_CACHE_SIZE), std::int64_t{8} << 20);
    return bytes > last_cache / 2;
}

#if defined(__x86_64__)
#define LATHE_FOR_EACH_PROCESSOR __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define LATHE_FOR_EACH_PROCESSOR
#endif

typedef std::uint8_t CacheLine __attribute__((vector_size(64), aligned(1), may_alias));   // one register, one store where the processor has them so wide

/// Cells [first, end) of `bytes` each and of every frame, one after the other. `none`: what stands where no camera sees; taken like a pixel, so that nothing
/// depends on a branch that cannot be foretold.
LATHE_FOR_EACH_PROCESSOR void gather(const std::vector<Frame>& frames, std::size_t bytes, const std::byte* none, std::int64_t first, std::int64_t end, std::byte* volume) {
    constexpr std::int64_t kAhead = 16;
    std::byte* slot = volume + static_cast<std::size_t>(first) * frames.size() * bytes;
    for (std::int64_t cell = first; cell < end; ++cell)
        for (const Frame& frame : frames) {
            const std::int32_t pixel = frame.lut[cell], later = frame.lut[std::min(cell + kAhead, end - 1)];
            const std::byte* from = pixel < 0 ? none : frame.features + static_cast<std::size_t>(pixel) * bytes;
            const std::byte* soon = later < 0 ? none : frame.features + static_cast<std::size_t>(later) * bytes;
            for (std::size_t line = 0; line < bytes; line += 64) __builtin_prefetch(soon + line);
            std::size_t i = 0;
            for (; i + 64 <= bytes; i += 64) *reinterpret_cast<CacheLine*>(slot + i) = *reinterpret_cast<const CacheLine*>(from + i);
            if (i < bytes) std::memcpy(slot + i, from + i, bytes - i);
            slot += bytes;
        }
}

/// The same past the cache. volume: at a multiple of 16 bytes, and so is every slot.
void gather_past_the_cache(const std::vector<Frame>& frames, std::size_t bytes, const std::byte* none, std::int64_t first, std::int64_t end, std::byte* volume) {
#if defined(__SSE2__)
    std::byte* slot = volume + static_cast<std::size_t>(first) * frames.size() * bytes;
    for (std::int64_t cell = first; cell < end; ++cell)
        for (const Frame& frame : frames) {
            const std::int32_t pixel = frame.lut[cell];
            const std::byte* from = pixel < 0 ? none : frame.features + static_cast<std::size_t>(pixel) * bytes;
            for (std::size_t i = 0; i < bytes; i += 16) _mm_stream_si128(reinterpret_cast<__m128i*>(slot + i), _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i)));
            slot += bytes;
        }
    _mm_sfence();
#else
    gather(frames, bytes, none, first, end, volume);
#endif
}

/// Of all frames into the volume, whose cells lie one after the other; on all threads.
void gather_all(const std::vector<at::Tensor>& maps, const ViewTables::Level& level, std::uint8_t none, const at::Tensor& volume) {
    const auto bytes = static_cast<std::size_t>(maps.front().size(1)) * static_cast<std::size_t>(maps.front().element_size());
    std::vector<Frame> frames;
    for (std::size_t t = 0; t < maps.size(); ++t) frames.push_back({static_cast<const std::byte*>(maps[t].const_data_ptr()), level.luts[t].const_data_ptr<std::int32_t>()});
    const std::vector<std::byte> empty(bytes, std::byte{none});
    auto* to = static_cast<std::byte*>(volume.mutable_data_ptr());
    const bool past = goes_past_the_cache(static_cast<std::int64_t>(volume.nbytes())) && bytes % 16 == 0 && reinterpret_cast<std::uintptr_t>(to) % 16 == 0;
    const std::int64_t plane = std::int64_t{level.grid.n[1]} * level.grid.n[2];
    at::parallel_for(0, level.grid.n[0], 1, [&](std::int64_t first, std::int64_t end) { (past ? gather_past_the_cache : gather)(frames, bytes, empty.data(), first * plane, end * plane, to); });
}

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
        gather_all(maps, level, quantized ? static_cast<std::uint8_t>(one.q_zero_point()) : std::uint8_t{0}, volume);
        return volume;
    }
    std::vector<at::Tensor> slots;
    for (std::size_t t = 0; t < count; ++t) slots.push_back(voxel_rows(as_float(frames[t]), level, t, overlap));
    return at::stack(slots, 1).view({1, nx, ny, width}).permute({0, 3, 1, 2});
}

}
