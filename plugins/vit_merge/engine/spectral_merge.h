#pragma once
// Methods on the singular values of task vectors, one matrix at a time: ISO-C (Marczak et al. 2025) and TSV-M (Gargiulo et al. 2025), as fusion_bench computes them. Work thread.
#include "plugins/vit_merge/engine/merge_settings.h"
#include "plugins/vit_merge/engine/weight_stream.h"

namespace lathe::vit_merge {

struct ThinSvd { at::Tensor u, s, vh; };                   ///< [m, r], [r], [r, n], r = min(m, n), falling; double
/// Of wide matrices by the eigenvectors of the smaller Gram matrix, in double: many times quicker, and as good for what has at least 1e-7 of the largest value.
ThinSvd thin_svd(const at::Tensor& matrix);

/// matrix = U S V -> U mean(S) V.
at::Tensor with_equal_spectrum(const at::Tensor& matrix);
/// The strongest floor(r / N) directions of each matrix, U and V made orthogonal across the tasks.
at::Tensor merge_task_directions(const std::vector<at::Tensor>& matrices);

/// W_0 + alpha * (merged task vector) of one key; float32 of the key's shape. method: iso_c or tsv_m.
at::Tensor spectral_merge(const ModelSet& set, std::size_t key, MergeMethod method, double alpha);

}
