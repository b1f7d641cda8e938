#include "plugins/hypergraph/engine/hyper_centrality.h"
#include "core/base/json.h"
#include "plugins/hypergraph/engine/eigenvectors.h"
#include "core/nn/parallel.h"
#include <algorithm>
#include <cmath>
#include <numeric>

namespace lathe::hypergraph {
namespace {

constexpr std::int64_t kHyperedgesInBlock = 256, kNodesInBlock = 1024;
constexpr std::int64_t kHighestRank = 160;       // 170! is the last factorial that fits
constexpr int kMostIterations = 500;
constexpr double kSettled = 1e-9;

/// Powers of t up to the rank: what is left out never matters.
using Series = std::vector<double>;

/// a *= exp(x t) - 1, or exp(x t) where `from` is 0.
Series times_exponential(const Series& a, double x, int from) {
    Series result(a.size(), 0);
    double factor = from == 0 ? 1 : x;   // x^p / p!
    for (std::size_t p = static_cast<std::size_t>(from); p < a.size(); factor *= x / static_cast<double>(p + 1), ++p)
        for (std::size_t k = 0; k + p < a.size(); ++k) result[k + p] += a[k] * factor;
    return result;
}

double factorial(std::int64_t n) { return std::tgamma(static_cast<double>(n) + 1); }

/// Ways to map r places onto k members so that all are met. By recursion: the alternating sum cancels.
double surjections(std::int64_t r, std::int64_t k) {
    std::vector<double> ways(static_cast<std::size_t>(k) + 1, 0);
    ways[0] = 1;
    for (std::int64_t place = 1; place <= r; ++place) {
        for (std::int64_t j = std::min(place, k); j >= 1; --j) ways[static_cast<std::size_t>(j)] = static_cast<double>(j) * (ways[static_cast<std::size_t>(j)] + ways[static_cast<std::size_t>(j) - 1]);
        ways[0] = 0;
    }
    return ways[static_cast<std::size_t>(k)];
}

class AdjacencyTensor {
public:
    explicit AdjacencyTensor(const HyperSets& sets) : m_sets(sets), m_parts(sets.members.items.size(), 0) {
        for (std::int64_t e = 0; e < sets.members.rows(); ++e) m_rank = std::max(m_rank, sets.members.length(e));
        for (std::int64_t k = 0; k <= m_rank; ++k) m_weight.push_back(k >= 1 ? static_cast<double>(k) / surjections(m_rank, k) * factorial(m_rank - 1) : 0);
        std::vector<std::int64_t> place;
        transposed(sets.members, sets.hyperedges.rows(), &place);
        m_place = std::move(place);
    }
    std::int64_t rank() const { return m_rank; }

    /// y = T x^(r-1): of each hyperedge and each member i the coefficient of t^(r-1) in exp(x_i t) × product of exp(x_j t) - 1 over the others.
    void apply(std::span<const double> x, std::span<double> y) {
        parallel_blocks(m_sets.members.rows(), kHyperedgesInBlock, [&](std::int64_t first, std::int64_t end) {
            for (std::int64_t e = first; e < end; ++e) apply_hyperedge(e, x);
        });
        parallel_blocks(m_sets.hyperedges.rows(), kNodesInBlock, [&](std::int64_t first, std::int64_t end) {
            for (auto v = static_cast<std::size_t>(first); v < static_cast<std::size_t>(end); ++v) {
                y[v] = 0;
                for (auto k = static_cast<std::size_t>(m_sets.hyperedges.offsets[v]); k < static_cast<std::size_t>(m_sets.hyperedges.offsets[v + 1]); ++k) y[v] += m_parts[static_cast<std::size_t>(m_place[k])];
            }
        });
    }

private:
    void apply_hyperedge(std::int64_t e, std::span<const double> x) {
        const auto members = m_sets.members[e];
        double* parts = m_parts.data() + m_sets.members.offsets[static_cast<std::size_t>(e)];
        const std::size_t k = members.size();
        if (k < 2) {
            std::fill_n(parts, k, 0.0);
            return;
        }
        const auto value = [&](std::size_t i) { return x[static_cast<std::size_t>(members[i])]; };
        Series one(static_cast<std::size_t>(m_rank), 0);
        one[0] = 1;
        std::vector<Series> after(k, one);   // products over the members behind i
        for (std::size_t i = k - 1; i-- > 0;) after[i] = times_exponential(after[i + 1], value(i + 1), 1);
        Series before = one;
        for (std::size_t i = 0; i < k; ++i) {
            const Series own = times_exponential(before, value(i), 0);
            double sum = 0;
            for (std::size_t p = 0; p < own.size(); ++p) sum += own[p] * after[i][own.size() - 1 - p];
            parts[i] = sum * m_weight[k];
            before = times_exponential(before, value(i), 1);
        }
    }

    const HyperSets& m_sets;
    std::vector<double> m_parts, m_weight;   ///< by place in members; by size
    std::vector<std::int64_t> m_place;
    std::int64_t m_rank = 0;
};

Centrality tensor_centrality(const HyperSets& sets, const Effort& effort, bool is_h) {
    Centrality result;
    double cost = 0;
    std::int64_t rank = 0;
    for (std::int64_t e = 0; e < sets.members.rows(); ++e) rank = std::max(rank, sets.members.length(e));
    for (std::int64_t e = 0; e < sets.members.rows(); ++e) cost += 2 * static_cast<double>(sets.members.length(e)) * static_cast<double>(rank) * static_cast<double>(rank);
    if (rank < 2) result.why_not = "no hyperedge has two members";
    else if (rank > kHighestRank) result.why_not = "the largest hyperedge has " + std::to_string(rank) + " members, above " + std::to_string(kHighestRank);
    else if (cost * 40 > effort.most * 4) result.why_not = "an iteration needs " + number_text(cost) + " steps";
    if (!result.why_not.empty()) return result;
    AdjacencyTensor tensor(sets);
    const auto n = static_cast<std::size_t>(sets.hyperedges.rows());
    std::vector<double> x(n, 0), y(n, 0);
    for (std::size_t v = 0; v < n; ++v) x[v] = sets.hyperedges.length(static_cast<std::int64_t>(v)) > 0;
    double change = 1;
    for (int k = 0; k < kMostIterations && change > kSettled; ++k) {
        if (effort.tick) effort.tick(k, kMostIterations);
        tensor.apply(x, y);
        const double largest_y = *std::ranges::max_element(y);
        if (!(largest_y > 0) || !std::isfinite(largest_y)) break;
        change = 0;
        double largest = 0;
        // Half the old vector stays: the plain iteration may swing between two vectors.
        for (std::size_t v = 0; v < n; ++v) {
            y[v] = is_h ? std::pow(y[v] / largest_y, 1 / static_cast<double>(rank - 1)) : y[v] / largest_y;
            y[v] = (x[v] + y[v]) / 2;
            largest = std::max(largest, y[v]);
        }
        for (std::size_t v = 0; v < n; ++v) {
            change = std::max(change, std::abs(y[v] / largest - x[v]));
            x[v] = y[v] / largest;
        }
        result.eigenvalue = largest_y;
    }
    if (change > kSettled) {
        result.why_not = "the iteration did not settle in " + std::to_string(kMostIterations) + " steps";
        return result;
    }
    const double sum = std::accumulate(x.begin(), x.end(), 0.0);
    for (double& v : x) v /= sum;
    if (!is_h) result.eigenvalue /= std::pow(sum, static_cast<double>(rank - 2));   // of the vector that sums up to 1
    result.values = std::move(x);
    return result;
}

}

Centrality clique_centrality(const HyperSets& sets, const Effort& effort) {
    Centrality result;
    const std::int64_t n = sets.hyperedges.rows();
    std::int64_t most = 0;
    for (std::int64_t v = 0; v < n; ++v) most = std::max(most, sets.hyperedges.length(v));
    if (most == 0) {
        result.why_not = "there are no hyperedges";
        return result;
    }
    // W = H Hᵀ - D: never formed. Its eigenvalues lie above minus the largest hyperdegree.
    Block sums;
    const auto apply = [&](const Block& in, Block& out) {
        const std::int64_t width = in.columns;
        sums = Block(sets.members.rows(), width);
        parallel_blocks(sets.members.rows(), kHyperedgesInBlock, [&](std::int64_t first, std::int64_t end) {
            for (std::int64_t e = first; e < end; ++e)
                for (const std::int32_t v : sets.members[e])
                    for (std::int64_t c = 0; c < width; ++c) sums.row(e)[c] += in.row(v)[c];
        });
        parallel_blocks(n, kNodesInBlock, [&](std::int64_t first, std::int64_t end) {
            for (std::int64_t v = first; v < end; ++v) {
                const double degree = static_cast<double>(sets.hyperedges.length(v));
                for (std::int64_t c = 0; c < width; ++c) out.row(v)[c] = -degree * in.row(v)[c];
                for (const std::int32_t e : sets.hyperedges[v])
                    for (std::int64_t c = 0; c < width; ++c) out.row(v)[c] += sums.row(e)[c];
            }
        });
    };
    const Eigenvectors found = largest_eigenvectors(n, 1, -static_cast<double>(most), apply, effort.seed, effort.tick, 1e-9, 40);
    result.eigenvalue = found.values.front();
    result.values.assign(found.vectors.values.begin(), found.vectors.values.end());
    double sum = 0;
    for (double& v : result.values) sum += v = std::abs(v);
    for (double& v : result.values) v /= sum;
    return result;
}

Centrality z_centrality(const HyperSets& sets, const Effort& effort) { return tensor_centrality(sets, effort, false); }
Centrality h_centrality(const HyperSets& sets, const Effort& effort) { return tensor_centrality(sets, effort, true); }

}
