#pragma once
// Weights of a Vision Transformer for pictures or patches of another size. Any thread; records no gradients.
#include "plugins/vit_merge/engine/vit_keys.h"
#include <ATen/core/Tensor.h>
#include <cstdint>

namespace lathe::vit_merge {

/// How programs resample position embeddings. timm: bicubic, antialiased. deit: bicubic as it is (also MAE). torchvision: bicubic between the corners.
enum class PositionFilter { timm, deit, torchvision, timm_bilinear, bilinear };

struct GridSize { std::int64_t rows = 0, columns = 0; bool operator==(const GridSize&) const = default; };

/// position [1, prefix + rows * columns, D] -> the same for another grid; the first `prefix` rows are kept. Where the count stays and the new grid is a square, nothing is done (as in timm).
/// Throws Error(invalid_value) where the rows do not fit `from`.
at::Tensor resample_position(const at::Tensor& position, std::int64_t prefix, GridSize from, GridSize to, PositionFilter filter = PositionFilter::timm);

/// Kernels [D, C, p, p] -> [D, C, q, q] by the pseudo-inverse of the resampling (FlexiViT, Beyer et al. 2023): tokens of resampled pictures stay what they were.
at::Tensor resample_patches(const at::Tensor& kernels, std::int64_t rows, std::int64_t columns);

/// Canonical tensors for pictures of another size with the same patch: only pos_embed differs. `config` becomes the new one.
TensorMap resized(const TensorMap& canonical, VitConfig& config, std::int64_t height, std::int64_t width, PositionFilter filter = PositionFilter::timm);

}
