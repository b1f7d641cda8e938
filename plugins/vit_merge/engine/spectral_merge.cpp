#include "plugins/vit_merge/engine/spectral_merge.h"
#include <ATen/ATen.h>
#include <cmath>

namespace lathe::vit_merge {
namespace {

constexpr std::int64_t kSmallMatrix = 160;               // up to here LAPACK's own decomposition is quick enough

at::Tensor float_vector(const ModelSet& set, int model, const SharedKey& key) { return set.tensor(model, key).to(at::kFloat); }

/// U of the nearest matrix with orthonormal columns: U V^T of the thin decomposition.
at::Tensor nearest_orthogonal(const at::Tensor& columns) {
    const ThinSvd svd = thin_svd(columns);
    return at::mm(svd.u, svd.vh);
}

}

ThinSvd thin_svd(const at::Tensor& matrix) {
    const at::Tensor a = matrix.to(at::kDouble);
    if (std::min(a.size(0), a.size(1)) <= kSmallMatrix) {
        const auto [u, s, vh] = at::linalg_svd(a, false);
        return {u, s, vh};
    }
    if (a.size(0) > a.size(1)) {
        const ThinSvd other = thin_svd(a.t());
        return {other.vh.t(), other.s, other.u.t()};
    }
    const auto [values, vectors] = at::linalg_eigh(at::mm(a, a.t()));   // rising
    const at::Tensor s = values.flip(0).clamp_min(0).sqrt(), u = vectors.flip(1);
    const double least = s[0].item<double>() * 1e-8;
    const at::Tensor projected = at::mm(u.t(), a);
    return {u, s, projected / s.clamp_min(std::max(least, 1e-300)).unsqueeze(1)};
}

at::Tensor with_equal_spectrum(const at::Tensor& matrix) {
    const ThinSvd svd = thin_svd(matrix);
    return at::mm(svd.u, svd.vh) * svd.s.mean();
}

at::Tensor merge_task_directions(const std::vector<at::Tensor>& matrices) {
    std::vector<at::Tensor> us, ss, vs;
    std::int64_t kept = 0;
    for (const at::Tensor& matrix : matrices) {
        const std::int64_t rank = std::min(matrix.size(0), matrix.size(1));
        kept = static_cast<std::int64_t>(static_cast<double>(rank) * (1.0 / static_cast<double>(matrices.size())));   // as fusion_bench rounds it
        if (kept == 0) break;
        const ThinSvd svd = thin_svd(matrix);
        us.push_back(svd.u.narrow(1, 0, kept));
        ss.push_back(svd.s.narrow(0, 0, kept));
        vs.push_back(svd.vh.narrow(0, 0, kept).t());
    }
    if (kept == 0) return at::zeros(matrices.front().sizes(), at::kDouble);
    const at::Tensor u = nearest_orthogonal(at::cat(us, 1)), v = nearest_orthogonal(at::cat(vs, 1));
    return at::mm(u * at::cat(ss, 0).unsqueeze(0), v.t());
}

at::Tensor spectral_merge(const ModelSet& set, std::size_t k, MergeMethod method, double alpha) {
    const SharedKey& key = set.keys[k];
    const auto models = static_cast<int>(set.models.size());
    const at::Tensor base = float_vector(set, -1, key);
    at::Tensor merged;
    if (key.shape.size() == 2 && method == MergeMethod::tsv_m) {
        std::vector<at::Tensor> vectors;
        for (int i = 0; i < models; ++i) vectors.push_back(float_vector(set, i, key) - base);
        merged = merge_task_directions(vectors);
    } else {
        at::Tensor sum = at::zeros(key.shape, at::kFloat);
        for (int i = 0; i < models; ++i) sum += float_vector(set, i, key) - base;
        merged = key.shape.size() == 2 ? with_equal_spectrum(sum) : sum / models;
    }
    return base + alpha * merged.to(at::kFloat);
}

}
