#pragma once
// Where a sparse matrix has entries, as rows in both directions, shared by all layers that look at it: targets and sources of simple edges, hyperedges and their nodes,
// nodes and their features. Values, where there are any, are tensors [entries, …] "by place": in the order of `rows`. No LibTorch. Immutable; any thread.
#include "plugins/hypergraph/engine/csr.h"
#include <memory>

namespace lathe::hypergraph {

struct SparsePattern {
    Csr rows;                           ///< row -> items
    Csr columns;                        ///< item -> rows
    std::vector<std::int64_t> place;    ///< for each place of `columns`, that of the same entry in `rows`
    std::int64_t row_count() const { return rows.rows(); }
    std::int64_t item_count() const { return columns.rows(); }
    std::int64_t entries() const { return rows.size(); }
};
using Pattern = std::shared_ptr<const SparsePattern>;

/// Throws Error(invalid_value) for an item outside [0, items).
Pattern make_pattern(Csr rows, std::int64_t items);

/// Of pairs in any order, duplicates kept. `order`: for each place, the pair that went there. Throws Error(invalid_value) for a number outside its side.
Pattern pattern_of_pairs(std::span<const std::int32_t> row, std::span<const std::int32_t> item, std::int64_t rows, std::int64_t items, std::vector<std::int64_t>* order = nullptr);

}
