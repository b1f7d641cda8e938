#pragma once
// Between tensors and the plain vectors of structure. Any thread.
#include "plugins/hypergraph/engine/construction.h"
#include <ATen/ATen.h>

namespace lathe::hypergraph {

/// Columns of an integer tensor [2, n] as two vectors. Throws Error(invalid_value) for ids outside [0, below) in row 0, or negative ones in row 1.
struct IndexColumns { std::vector<std::int32_t> first, second; };
IndexColumns index_columns(const at::Tensor& index, std::int64_t below);

/// A matrix [rows, columns] of numbers as dense features.
Features features_of(const at::Tensor& matrix);

/// Two rows of ids: i32 [2, n].
at::Tensor pair_index(const std::vector<std::int32_t>& first, const std::vector<std::int32_t>& second);

/// Memberships [2, nnz] i64: row 0 node, row 1 hyperedge.
at::Tensor membership_index(const Csr& members);

template <class T> at::Tensor tensor_of(std::span<const T> values) { return at::tensor(at::ArrayRef<T>(values.data(), values.size())); }
template <class T> at::Tensor tensor_of(const std::vector<T>& values) { return tensor_of(std::span<const T>(values)); }

}
