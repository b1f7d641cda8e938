#include "plugins/hypergraph/engine/tensor_views.h"
#include "core/base/error.h"
#include <algorithm>

namespace lathe::hypergraph {

IndexColumns index_columns(const at::Tensor& index, std::int64_t below) {
    if (index.dim() != 2 || index.size(0) != 2) throw Error(ErrorCode::wrong_format, "An index must have the shape [2, n].", {}, "Check the file.");
    const at::Tensor whole = index.to(at::kLong).contiguous();
    IndexColumns columns;
    const std::int64_t n = whole.size(1), *ids = whole.const_data_ptr<std::int64_t>();
    for (std::int64_t k = 0; k < n; ++k) {
        if (ids[k] < 0 || ids[k] >= below || ids[n + k] < 0 || ids[n + k] > INT32_MAX)
            throw Error(ErrorCode::invalid_value, "An index is out of range.", "column " + std::to_string(k) + ": " + std::to_string(ids[k]) + ", " + std::to_string(ids[n + k]), "Check the file.");
        columns.first.push_back(static_cast<std::int32_t>(ids[k]));
        columns.second.push_back(static_cast<std::int32_t>(ids[n + k]));
    }
    return columns;
}

Features features_of(const at::Tensor& matrix) {
    if (matrix.dim() != 2) throw Error(ErrorCode::wrong_format, "Features must be a matrix [nodes, columns].", {}, "Check the file.");
    const at::Tensor whole = matrix.to(at::kFloat).contiguous();
    Features features;
    features.rows = whole.size(0);
    features.columns = whole.size(1);
    features.dense.assign(whole.const_data_ptr<float>(), whole.const_data_ptr<float>() + whole.numel());
    return features;
}

at::Tensor pair_index(const std::vector<std::int32_t>& first, const std::vector<std::int32_t>& second) {
    at::Tensor made = at::empty({2, static_cast<std::int64_t>(first.size())}, at::kInt);
    std::ranges::copy(second, std::ranges::copy(first, made.mutable_data_ptr<std::int32_t>()).out);
    return made;
}

at::Tensor membership_index(const Csr& members) {
    return pair_index(members.items, row_of_each(members)).to(at::kLong);
}

}
