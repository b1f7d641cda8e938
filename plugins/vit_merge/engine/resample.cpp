#include "plugins/vit_merge/engine/resample.h"
#include "core/base/error.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

namespace lathe::vit_merge {
namespace {

/// map [1, D, h, w] -> [1, D, rows, columns]
at::Tensor resample_map(const at::Tensor& map, std::int64_t rows, std::int64_t columns, PositionFilter filter) {
    const std::vector<std::int64_t> size{rows, columns};
    switch (filter) {
        case PositionFilter::timm: return at::_upsample_bicubic2d_aa(map, size, false);
        case PositionFilter::deit: return at::upsample_bicubic2d(map, size, false);
        case PositionFilter::torchvision: return at::upsample_bicubic2d(map, size, true);
        case PositionFilter::timm_bilinear: return at::_upsample_bilinear2d_aa(map, size, false);
        case PositionFilter::bilinear: return at::upsample_bilinear2d(map, size, false);
    }
    throw Error(ErrorCode::internal, "An unknown filter.");
}

}

at::Tensor resample_position(const at::Tensor& position, std::int64_t prefix, GridSize from, GridSize to, PositionFilter filter) {
    const c10::NoGradGuard no_grad;
    const std::int64_t patches = from.rows * from.columns;
    if (position.dim() != 3 || position.size(0) != 1 || prefix < 0 || from.rows < 1 || from.columns < 1 || position.size(1) != prefix + patches)
        throw Error(ErrorCode::invalid_value, "The position embedding does not fit its grid.",
            std::to_string(position.dim() == 3 ? position.size(1) : 0) + " rows for " + std::to_string(prefix) + " + " + std::to_string(patches));
    if (to.rows < 1 || to.columns < 1 || to.rows > 16384 || to.columns > 16384)
        throw Error(ErrorCode::invalid_value, "A grid of patches must have 1 to 16384 rows and columns.", std::to_string(to.rows) + " x " + std::to_string(to.columns));
    if (to.rows * to.columns == patches && to.rows == to.columns) return position;
    const at::Tensor map = position.narrow(1, prefix, patches).to(at::kFloat).view({1, from.rows, from.columns, -1}).permute({0, 3, 1, 2}).contiguous();
    const at::Tensor grid = resample_map(map, to.rows, to.columns, filter).permute({0, 2, 3, 1}).reshape({1, to.rows * to.columns, -1});
    return at::cat({position.narrow(1, 0, prefix).to(at::kFloat), grid}, 1).to(position.scalar_type());
}

at::Tensor resample_patches(const at::Tensor& kernels, std::int64_t rows, std::int64_t columns) {
    const c10::NoGradGuard no_grad;
    if (kernels.dim() != 4 || rows < 1 || columns < 1 || rows > 256 || columns > 256)
        throw Error(ErrorCode::invalid_value, "Patches must have 1 to 256 rows and columns.", std::to_string(rows) + " x " + std::to_string(columns));
    const std::int64_t height = kernels.size(2), width = kernels.size(3), old = height * width;
    if (height == rows && width == columns) return kernels;
    // Column i of the resampling is what becomes of a patch with a single 1 at i.
    const at::Tensor ones = at::eye(old).view({old, 1, height, width});
    const at::Tensor matrix = resample_map(ones, rows, columns, PositionFilter::timm).view({old, rows * columns}).to(at::kDouble);   // transposed
    const at::Tensor inverse = at::linalg_pinv(matrix);                                                                              // [new, old]
    return at::matmul(kernels.to(at::kDouble).flatten(2), inverse.t()).view({kernels.size(0), kernels.size(1), rows, columns}).to(kernels.scalar_type());
}

TensorMap resized(const TensorMap& canonical, VitConfig& config, std::int64_t height, std::int64_t width, PositionFilter filter) {
    VitConfig after = config;
    after.height = height;
    after.width = width;
    check(after);
    TensorMap all = canonical;
    const auto position = all.find("pos_embed");
    if (position == all.end()) throw Error(ErrorCode::wrong_format, "There is no position embedding to resample.", "pos_embed");
    position->second =
        resample_position(position->second, config.embed_prefix ? config.prefix_tokens() : 0, {config.grid_rows(), config.grid_columns()}, {after.grid_rows(), after.grid_columns()}, filter);
    config = after;
    return all;
}

}
