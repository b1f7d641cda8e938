#pragma once
// Nearest neighbours in Euclidean distance, by comparing all with all. No LibTorch. Any thread.
#include "plugins/hypergraph/engine/construction.h"

namespace lathe::hypergraph {

/// For each row of the features itself and then its nearest others, by distance, then by number.
struct Nearest {
    std::int64_t k = 0;
    std::vector<std::int32_t> node;     ///< [rows, k]
    std::vector<float> distance;        ///< [rows, k]
};
/// k counts the row itself and is cut to the number of rows. Throws Error(invalid_value) for a feature that is not finite, or without columns; what `tick` throws.
Nearest nearest_neighbours(const Features& features, std::int64_t k, const Tick& tick);

/// As NumPy's percentile with linear interpolation; `percentile` in [0, 100]. `values` must not be empty.
double percentile_of(std::vector<float> values, double percentile);

}
