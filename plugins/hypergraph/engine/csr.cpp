#include "plugins/hypergraph/engine/csr.h"

namespace lathe::hypergraph {
namespace {

/// Counting sort of `size` pairs; `row(k)` and `item(k)` are those of pair k.
template <typename Row, typename Item> Csr sorted_by_row(std::size_t size, std::int64_t rows, Row row, Item item, std::vector<std::int64_t>* order) {
    Csr csr;
    csr.offsets.assign(static_cast<std::size_t>(rows) + 1, 0);
    csr.items.resize(size);
    if (order) order->resize(size);
    for (std::size_t k = 0; k < size; ++k) ++csr.offsets[static_cast<std::size_t>(row(k)) + 1];
    for (std::size_t r = 1; r < csr.offsets.size(); ++r) csr.offsets[r] += csr.offsets[r - 1];
    std::vector<std::int64_t> next(csr.offsets.begin(), csr.offsets.end() - 1);
    for (std::size_t k = 0; k < size; ++k) {
        const auto place = static_cast<std::size_t>(next[static_cast<std::size_t>(row(k))]++);
        csr.items[place] = item(k);
        if (order) (*order)[place] = static_cast<std::int64_t>(k);
    }
    return csr;
}

}

Csr rows_of(std::span<const std::int32_t> row, std::span<const std::int32_t> item, std::int64_t rows, std::vector<std::int64_t>* order) {
    return sorted_by_row(row.size(), rows, [&](std::size_t k) { return row[k]; }, [&](std::size_t k) { return item[k]; }, order);
}

Csr transposed(const Csr& csr, std::int64_t columns, std::vector<std::int64_t>* order) {
    const std::vector<std::int32_t> rows = row_of_each(csr);
    return sorted_by_row(csr.items.size(), columns, [&](std::size_t k) { return csr.items[k]; }, [&](std::size_t k) { return rows[k]; }, order);
}

std::vector<std::int32_t> row_of_each(const Csr& csr) {
    std::vector<std::int32_t> rows(csr.items.size());
    for (std::int64_t r = 0; r < csr.rows(); ++r)
        for (std::int64_t k = csr.offsets[static_cast<std::size_t>(r)]; k < csr.offsets[static_cast<std::size_t>(r) + 1]; ++k) rows[static_cast<std::size_t>(k)] = static_cast<std::int32_t>(r);
    return rows;
}

}
