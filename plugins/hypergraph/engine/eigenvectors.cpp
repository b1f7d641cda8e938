#include "plugins/hypergraph/engine/eigenvectors.h"
#include "core/base/random_numbers.h"
#include "core/nn/parallel.h"
#include <algorithm>
#include <cmath>
#include <numeric>

namespace lathe::hypergraph {
namespace {

constexpr std::int64_t kGuards = 4;          // vectors beyond those asked for, which make the last ones converge
constexpr int kFilterDegree = 10;
constexpr int kSweeps = 60;
constexpr std::int64_t kRowsInBlock = 2048;

/// aᵀ b, [a.columns, b.columns], summed in blocks of rows so that the threads do not change it.
std::vector<double> inner(const Block& a, const Block& b) {
    const std::int64_t blocks = (a.rows + kRowsInBlock - 1) / kRowsInBlock, size = a.columns * b.columns;
    std::vector<double> parts(static_cast<std::size_t>(blocks * size), 0), sum(static_cast<std::size_t>(size), 0);
    parallel_blocks(a.rows, kRowsInBlock, [&](std::int64_t first, std::int64_t end) {
        double* mine = parts.data() + first / kRowsInBlock * size;
        for (std::int64_t r = first; r < end; ++r)
            for (std::int64_t i = 0; i < a.columns; ++i)
                for (std::int64_t j = 0; j < b.columns; ++j) mine[i * b.columns + j] += a.row(r)[i] * b.row(r)[j];
    });
    for (std::int64_t k = 0; k < blocks * size; ++k) sum[static_cast<std::size_t>(k % size)] += parts[static_cast<std::size_t>(k)];
    return sum;
}

/// block · matrix [columns, columns].
void rotate(Block& block, const std::vector<double>& matrix) {
    const std::int64_t c = block.columns;
    parallel_blocks(block.rows, kRowsInBlock, [&](std::int64_t first, std::int64_t end) {
        std::vector<double> row(static_cast<std::size_t>(c));
        for (std::int64_t r = first; r < end; ++r) {
            std::ranges::fill(row, 0);
            for (std::int64_t i = 0; i < c; ++i)
                for (std::int64_t j = 0; j < c; ++j) row[static_cast<std::size_t>(j)] += block.row(r)[i] * matrix[static_cast<std::size_t>(i * c + j)];
            std::ranges::copy(row, block.row(r));
        }
    });
}

/// Columns divided by their length, then multiplied by the inverse of the Cholesky factor of their products. False: too near to being dependent.
bool orthonormalise_by_cholesky(Block& block) {
    const std::int64_t c = block.columns;
    std::vector<double> gram = inner(block, block), inverse(gram.size(), 0);
    const auto at = [c](std::int64_t i, std::int64_t j) { return static_cast<std::size_t>(i * c + j); };
    std::vector<double> length(static_cast<std::size_t>(c));
    for (std::int64_t i = 0; i < c; ++i) {
        length[static_cast<std::size_t>(i)] = std::sqrt(gram[at(i, i)]);
        if (!(length[static_cast<std::size_t>(i)] > 0)) return false;
    }
    for (std::int64_t i = 0; i < c; ++i)
        for (std::int64_t j = 0; j < c; ++j) gram[at(i, j)] /= length[static_cast<std::size_t>(i)] * length[static_cast<std::size_t>(j)];
    for (std::int64_t j = 0; j < c; ++j) {   // gram becomes L, below the diagonal
        for (std::int64_t i = j; i < c; ++i)
            for (std::int64_t k = 0; k < j; ++k) gram[at(i, j)] -= gram[at(i, k)] * gram[at(j, k)];
        if (!(gram[at(j, j)] > 1e-10)) return false;
        const double diagonal = std::sqrt(gram[at(j, j)]);
        for (std::int64_t i = j; i < c; ++i) gram[at(i, j)] /= diagonal;
    }
    for (std::int64_t j = 0; j < c; ++j) {   // inverse of Lᵀ, above the diagonal
        inverse[at(j, j)] = 1 / gram[at(j, j)];
        for (std::int64_t i = j; i-- > 0;) {
            double sum = 0;
            for (std::int64_t k = i + 1; k <= j; ++k) sum -= gram[at(k, i)] * inverse[at(k, j)];
            inverse[at(i, j)] = sum / gram[at(i, i)];
        }
    }
    for (std::int64_t i = 0; i < c; ++i)
        for (std::int64_t j = 0; j < c; ++j) inverse[at(i, j)] /= length[static_cast<std::size_t>(i)];
    rotate(block, inverse);
    return true;
}

/// By Cholesky, twice; where that fails by Gram-Schmidt, twice, and a column that vanishes is drawn anew.
void orthonormalise(Block& block, Random& random) {
    if (orthonormalise_by_cholesky(block) && orthonormalise_by_cholesky(block)) return;
    for (std::int64_t j = 0; j < block.columns; ++j)
        for (int tries = 0; tries < 3; ++tries) {
            const auto norm = [&] {
                double sum = 0;
                for (std::int64_t r = 0; r < block.rows; ++r) sum += block.row(r)[j] * block.row(r)[j];
                return std::sqrt(sum);
            };
            const double before = norm();
            for (int pass = 0; pass < 2; ++pass)
                for (std::int64_t i = 0; i < j; ++i) {
                    double product = 0;
                    for (std::int64_t r = 0; r < block.rows; ++r) product += block.row(r)[i] * block.row(r)[j];
                    for (std::int64_t r = 0; r < block.rows; ++r) block.row(r)[j] -= product * block.row(r)[i];
                }
            const double after = norm();
            if (after > 1e-10 * before && after > 0) {
                for (std::int64_t r = 0; r < block.rows; ++r) block.row(r)[j] /= after;
                break;
            }
            for (std::int64_t r = 0; r < block.rows; ++r) block.row(r)[j] = random.normal();
        }
}

}

void small_eigenvectors(std::vector<double> a, std::int64_t n, std::vector<double>& values, std::vector<double>& vectors) {
    const auto at = [n](std::int64_t i, std::int64_t j) { return static_cast<std::size_t>(i * n + j); };
    std::vector<double> v(static_cast<std::size_t>(n * n), 0);
    for (std::int64_t i = 0; i < n; ++i) v[at(i, i)] = 1;
    for (int sweep = 0; sweep < kSweeps; ++sweep) {
        double off = 0, all = 0;
        for (std::int64_t i = 0; i < n; ++i)
            for (std::int64_t j = 0; j < n; ++j) (i == j ? all : off) += a[at(i, j)] * a[at(i, j)];
        if (off <= 1e-30 * (off + all)) break;
        for (std::int64_t p = 0; p < n; ++p)
            for (std::int64_t q = p + 1; q < n; ++q) {
                if (a[at(p, q)] == 0) continue;
                const double theta = (a[at(q, q)] - a[at(p, p)]) / (2 * a[at(p, q)]);
                const double t = (theta >= 0 ? 1 : -1) / (std::abs(theta) + std::sqrt(theta * theta + 1)), c = 1 / std::sqrt(t * t + 1), s = t * c;
                for (std::int64_t k = 0; k < n; ++k) {
                    const double x = a[at(k, p)], y = a[at(k, q)];
                    a[at(k, p)] = c * x - s * y, a[at(k, q)] = s * x + c * y;
                }
                for (std::int64_t k = 0; k < n; ++k) {
                    const double x = a[at(p, k)], y = a[at(q, k)];
                    a[at(p, k)] = c * x - s * y, a[at(q, k)] = s * x + c * y;
                    const double z = v[at(k, p)], w = v[at(k, q)];
                    v[at(k, p)] = c * z - s * w, v[at(k, q)] = s * z + c * w;
                }
            }
    }
    std::vector<std::int64_t> order(static_cast<std::size_t>(n));
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, {}, [&](std::int64_t i) { return a[at(i, i)]; });
    values.clear();
    vectors.assign(static_cast<std::size_t>(n * n), 0);
    for (std::int64_t j = 0; j < n; ++j) {
        values.push_back(a[at(order[static_cast<std::size_t>(j)], order[static_cast<std::size_t>(j)])]);
        for (std::int64_t k = 0; k < n; ++k) vectors[at(k, j)] = v[at(k, order[static_cast<std::size_t>(j)])];
    }
}

Eigenvectors largest_eigenvectors(std::int64_t rows, std::int64_t count, double low, const std::function<void(const Block&, Block&)>& apply, std::uint64_t seed, const Tick& tick, double tolerance,
    int rounds) {
    Eigenvectors result;
    count = std::min(count, rows);
    const std::int64_t width = std::min(rows, count + kGuards);
    if (count < 1) return result;
    Random random(seed);
    Block x(rows, width), y(rows, width), z(rows, width);
    for (double& value : x.values) value = random.normal();
    orthonormalise(x, random);
    std::vector<double> ritz, rotation;
    for (int round = 0; round < rounds; ++round) {
        if (tick) tick(round, rounds);
        // Rayleigh-Ritz: the best eigenvectors within the subspace, largest first.
        apply(x, y);
        std::vector<double> matrix = inner(x, y);
        for (std::int64_t i = 0; i < width; ++i)
            for (std::int64_t j = 0; j < i; ++j) {
                const double mean = (matrix[static_cast<std::size_t>(i * width + j)] + matrix[static_cast<std::size_t>(j * width + i)]) / -2;
                matrix[static_cast<std::size_t>(i * width + j)] = matrix[static_cast<std::size_t>(j * width + i)] = mean;
            }
        for (std::int64_t i = 0; i < width; ++i) matrix[static_cast<std::size_t>(i * width + i)] *= -1;   // negated: rising order is then falling
        small_eigenvectors(matrix, width, ritz, rotation);
        for (double& value : ritz) value = -value;
        rotate(x, rotation);
        rotate(y, rotation);
        const double largest = std::max(std::abs(ritz.front()), 1e-300);
        result.residual = 0;
        for (std::int64_t j = 0; j < count; ++j) {
            double square = 0;
            for (std::int64_t r = 0; r < rows; ++r) square += std::pow(y.row(r)[j] - ritz[static_cast<std::size_t>(j)] * x.row(r)[j], 2);
            result.residual = std::max(result.residual, std::sqrt(square) / largest);
        }
        result.converged = result.residual <= tolerance || width == rows;
        if (result.converged || round + 1 == rounds) break;
        // The Chebyshev polynomial that stays within ±1 on [low, high] and grows fast above it.
        const double high = std::max(ritz.back(), low + 1e-12 * largest), half = (high - low) / 2, middle = (high + low) / 2;
        double sigma = half / (ritz.front() - middle);
        const double first_sigma = sigma;
        for (std::size_t k = 0; k < x.values.size(); ++k) y.values[k] = (y.values[k] - middle * x.values[k]) * sigma / half;   // y = A x already
        for (int degree = 2; degree <= kFilterDegree; ++degree) {
            const double next = 1 / (2 / first_sigma - sigma);
            apply(y, z);
            for (std::size_t k = 0; k < x.values.size(); ++k) {
                const double filtered = 2 * next / half * (z.values[k] - middle * y.values[k]) - sigma * next * x.values[k];
                x.values[k] = y.values[k];
                y.values[k] = filtered;
            }
            sigma = next;
        }
        x = y;
        orthonormalise(x, random);
    }
    result.values.assign(ritz.begin(), ritz.begin() + count);
    result.vectors = Block(rows, count);
    for (std::int64_t j = 0; j < count; ++j) {
        std::int64_t largest = 0;
        for (std::int64_t r = 0; r < rows; ++r)
            if (std::abs(x.row(r)[j]) > std::abs(x.row(largest)[j]) * (1 + 1e-9)) largest = r;
        const double sign = rows && x.row(largest)[j] < 0 ? -1 : 1;
        for (std::int64_t r = 0; r < rows; ++r) result.vectors.row(r)[j] = sign * x.row(r)[j];
    }
    return result;
}

}
