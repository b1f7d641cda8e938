#pragma once
// The leading eigenvectors of a large symmetric operator that is known only by what it does to vectors. No LibTorch. Any thread.
#include "plugins/hypergraph/engine/construction.h"

namespace lathe::hypergraph {

/// A block of column vectors, row after row: [rows, columns].
struct Block {
    std::int64_t rows = 0, columns = 0;
    std::vector<double> values;
    Block() = default;
    Block(std::int64_t r, std::int64_t c) : rows(r), columns(c), values(static_cast<std::size_t>(r * c), 0) {}
    double* row(std::int64_t r) { return values.data() + r * columns; }
    const double* row(std::int64_t r) const { return values.data() + r * columns; }
};

struct Eigenvectors {
    std::vector<double> values;    ///< falling
    Block vectors;                 ///< [rows, count], orthonormal; of each column the entry largest in size is positive
    bool converged = false;
    double residual = 0;           ///< largest |A v - λ v| / the largest |λ|
};

/// Subspace iteration with a Chebyshev filter (Zhou, Saad 2006). `low`: no eigenvalue of the operator lies below it. `apply(in, out)` multiplies a block. Seeded; stops at a residual of
/// `tolerance` or after `rounds` rounds of 12 multiplications.
Eigenvectors largest_eigenvectors(std::int64_t rows, std::int64_t count, double low, const std::function<void(const Block&, Block&)>& apply, std::uint64_t seed, const Tick& tick = {},
    double tolerance = 1e-7, int rounds = 60);

/// All eigenvalues (rising) and vectors (columns) of a small symmetric matrix [n, n], by Jacobi's rotations.
void small_eigenvectors(std::vector<double> matrix, std::int64_t n, std::vector<double>& values, std::vector<double>& vectors);

}
