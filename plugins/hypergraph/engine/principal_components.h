#pragma once
// Principal components of features, dense or sparse; a sparse matrix is never made dense. No LibTorch. Any thread.
#include "plugins/hypergraph/engine/eigenvectors.h"

namespace lathe::hypergraph {

struct PrincipalComponents {
    Block scores;                      ///< [rows, count]: the rows minus their mean, along the components
    std::vector<double> variance;      ///< of each score (divided by rows - 1), falling
    double total_variance = 0;         ///< of all columns together
};
/// At most as many components as there are columns or rows. The sign of each: the largest loading is positive. `rounds`: how long the
/// eigenvectors are refined (largest_eigenvectors). Throws Error(invalid_value) for features that are not finite, or none.
PrincipalComponents principal_components(const Features& features, std::int64_t count, std::uint64_t seed, const Tick& tick = {}, int rounds = 40);

}
