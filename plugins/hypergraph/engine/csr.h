#pragma once
// Rows of whole numbers, stored one behind the other (compressed sparse rows). No LibTorch. Any thread.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lathe::hypergraph {

/// Row r holds items[offsets[r]] to items[offsets[r + 1] - 1].
struct Csr {
    std::vector<std::int64_t> offsets{0};   ///< [rows + 1], rising, the first 0
    std::vector<std::int32_t> items;        ///< [size]

    std::int64_t rows() const { return static_cast<std::int64_t>(offsets.size()) - 1; }
    std::int64_t size() const { return static_cast<std::int64_t>(items.size()); }
    std::int64_t length(std::int64_t row) const { return offsets[static_cast<std::size_t>(row) + 1] - offsets[static_cast<std::size_t>(row)]; }
    std::span<const std::int32_t> operator[](std::int64_t row) const {
        return {items.data() + offsets[static_cast<std::size_t>(row)], static_cast<std::size_t>(length(row))};
    }
    bool operator==(const Csr&) const = default;
};

/// Pairs (row, item) sorted by row; within a row they keep their order. Every row must lie in [0, rows). `order` receives, for each place, which pair went there.
Csr rows_of(std::span<const std::int32_t> row, std::span<const std::int32_t> item, std::int64_t rows, std::vector<std::int64_t>* order = nullptr);

/// Row c of the result holds the rows of `csr` that contain c, ascending (as often as they do). `order`: for each place, the place in `csr` that it came from.
Csr transposed(const Csr& csr, std::int64_t columns, std::vector<std::int64_t>* order = nullptr);

/// The row of each item: [size].
std::vector<std::int32_t> row_of_each(const Csr& csr);

}
