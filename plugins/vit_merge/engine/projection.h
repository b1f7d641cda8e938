#pragma once
// Features of pictures as points of a plane. Work thread.
#include <ATen/core/Tensor.h>
#include <functional>

namespace lathe::vit_merge {

/// The first two principal components: [n, d] -> double [n, 2], contiguous.
at::Tensor principal_plane(const at::Tensor& features);

inline constexpr std::int64_t kMostTsnePoints = 2000;

/// t-SNE (van der Maaten and Hinton 2008) with all pairs, from the principal plane: [n, d] -> double [n, 2]. Perplexity 30, cut to a third of the points. `tick(share)` may throw.
/// Throws Error(invalid_value) for more than kMostTsnePoints.
at::Tensor exact_tsne(const at::Tensor& features, const std::function<void(double)>& tick);

}
