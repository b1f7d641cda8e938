#include "plugins/vit_merge/engine/projection.h"
#include "core/base/error.h"
#include "plugins/vit_merge/engine/spectral_merge.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <cmath>

namespace lathe::vit_merge {
namespace {

constexpr int kTsneSteps = 500, kTsneExaggerated = 150, kPerplexitySearch = 50;
constexpr double kTsneExaggeration = 12, kTsnePerplexity = 30, kLeastShare = 1e-12;

at::Tensor squared_distances(const at::Tensor& x) {
    const at::Tensor squares = x.square().sum(1);
    return (squares.unsqueeze(1) + squares.unsqueeze(0) - 2 * at::mm(x, x.t())).clamp_min_(0);
}

/// Shares of neighbours whose entropy is ln(perplexity) in every row, made symmetric; they sum to 1.
at::Tensor neighbour_shares(const at::Tensor& distances, double perplexity) {
    const std::int64_t n = distances.size(0);
    at::Tensor low = at::zeros({n, 1}, at::kDouble), high = at::full({n, 1}, HUGE_VAL, at::kDouble), beta = at::ones({n, 1}, at::kDouble), shares;
    beta = 1 / distances.mean(1, true).clamp_min(1e-300);
    for (int k = 0; k < kPerplexitySearch; ++k) {
        at::Tensor logits = -distances * beta;
        logits.fill_diagonal_(-HUGE_VAL);
        shares = at::softmax(logits, 1);
        const at::Tensor entropy = -(shares * shares.clamp_min(1e-300).log()).sum(1, true), above = entropy > std::log(perplexity);   // too wide: beta must grow
        low = at::where(above, beta, low);
        high = at::where(above, high, beta);
        beta = at::where(high.isinf(), 2 * beta, (low + high) / 2);
    }
    return ((shares + shares.t()) / (2 * static_cast<double>(n))).clamp_min(kLeastShare);
}

}

at::Tensor principal_plane(const at::Tensor& features) {
    const at::Tensor rows = features.to(at::kDouble);
    const ThinSvd svd = thin_svd(rows - rows.mean(0, true));
    const std::int64_t directions = std::min<std::int64_t>(2, svd.s.numel());
    const at::Tensor out = at::zeros({rows.size(0), 2}, at::kDouble);
    out.narrow(1, 0, directions).copy_(svd.u.narrow(1, 0, directions) * svd.s.narrow(0, 0, directions));
    return out;
}

at::Tensor exact_tsne(const at::Tensor& features, const std::function<void(double)>& tick) {
    const std::int64_t n = features.size(0);
    if (n > kMostTsnePoints) throw Error(ErrorCode::invalid_value, "t-SNE compares all pairs, which is too much for so many pictures.", std::to_string(n) + " pictures", "Take at most 2000, or the projection by principal components.");
    const at::Tensor start = principal_plane(features);
    if (n < 4) return start;
    const at::Tensor p = neighbour_shares(squared_distances(features.to(at::kDouble)), std::min(kTsnePerplexity, static_cast<double>(n) / 3));
    at::Tensor y = start / start.select(1, 0).std().clamp_min(1e-12) * 1e-4, speed = at::zeros_like(y), gain = at::ones_like(y);
    const double rate = std::max(static_cast<double>(n) / kTsneExaggeration / 4, 50.0);
    for (int step = 0; step < kTsneSteps; ++step) {
        if (tick) tick(static_cast<double>(step) / kTsneSteps);
        const bool early = step < kTsneExaggerated;
        at::Tensor near = 1 / (1 + squared_distances(y));
        near.fill_diagonal_(0);
        const at::Tensor pull = (p * (early ? kTsneExaggeration : 1.0) - (near / near.sum()).clamp_min(kLeastShare)) * near;
        const at::Tensor gradient = 4 * (pull.sum(1, true) * y - at::mm(pull, y));
        gain = at::where(gradient * speed < 0, gain + 0.2, gain * 0.8).clamp_min(0.01);
        speed = (early ? 0.5 : 0.8) * speed - rate * gain * gradient;
        y = y + speed;
    }
    return (y - y.mean(0, true)).contiguous();
}

}
