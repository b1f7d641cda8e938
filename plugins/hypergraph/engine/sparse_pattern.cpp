#include "plugins/hypergraph/engine/sparse_pattern.h"
#include "core/base/error.h"

namespace lathe::hypergraph {
namespace {

void check_side(std::span<const std::int32_t> numbers, std::int64_t count, const char* what) {
    for (std::size_t k = 0; k < numbers.size(); ++k)
        if (numbers[k] < 0 || numbers[k] >= count)
            throw Error(ErrorCode::invalid_value, std::string("An entry of the graph names a ") + what + " that does not exist.", "entry " + std::to_string(k) + ": " + std::to_string(numbers[k]) + " of " + std::to_string(count),
                "Numbers run from 0 to the count less 1.");
}

}

Pattern make_pattern(Csr rows, std::int64_t items) {
    check_side(rows.items, items, "node");
    auto pattern = std::make_shared<SparsePattern>();
    pattern->rows = std::move(rows);
    pattern->columns = transposed(pattern->rows, items, &pattern->place);
    return pattern;
}

Pattern pattern_of_pairs(std::span<const std::int32_t> row, std::span<const std::int32_t> item, std::int64_t rows, std::int64_t items, std::vector<std::int64_t>* order) {
    check_side(row, rows, "row");
    return make_pattern(rows_of(row, item, rows, order), items);
}

}
