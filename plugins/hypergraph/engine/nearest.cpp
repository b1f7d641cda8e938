#include "plugins/hypergraph/engine/nearest.h"
#include "core/base/error.h"
#include "core/nn/parallel.h"
#include "plugins/hypergraph/engine/simd_clones.h"
#include <algorithm>
#include <cmath>
#include <limits>

namespace lathe::hypergraph {
namespace {

constexpr std::int64_t kLanes = 16;       // candidates that are measured at once, side by side in memory
constexpr std::int64_t kCentres = 4;      // centres that share each load of candidates
constexpr std::int64_t kCentresInPiece = 64;

/// The k best of the squared distances of one centre to all; the centre itself stands first, even among others at distance 0.
class BestOf {
public:
    explicit BestOf(std::int64_t k) : m_k(static_cast<std::size_t>(k)) {}
    void start(std::int32_t centre) { m_heap.assign(1, {-1.0f, centre}); }   // nearer than any other
    void offer(float squared, std::int32_t node) {
        const std::pair<float, std::int32_t> entry{squared, node};
        if (m_heap.size() == m_k) {
            if (entry >= m_heap.front()) return;
            std::ranges::pop_heap(m_heap);
            m_heap.back() = entry;
        } else m_heap.push_back(entry);
        std::ranges::push_heap(m_heap);
    }
    float worst() const { return m_heap.size() == m_k ? m_heap.front().first : std::numeric_limits<float>::infinity(); }
    void write(std::int32_t* node, float* distance) {
        std::ranges::sort_heap(m_heap);
        for (std::size_t j = 0; j < m_k; ++j) {
            node[j] = m_heap[j].second;
            distance[j] = std::sqrt(std::max(0.0f, m_heap[j].first));
        }
    }

private:
    std::size_t m_k;
    std::vector<std::pair<float, std::int32_t>> m_heap;   // largest first
};

/// Squared distances of kCentres rows to the kLanes candidates of a block [columns, kLanes].
LATHE_SIMD_CLONES void measure_block(const float* const* centres, const float* block, std::int64_t columns, float* squared) {
    float sum[kCentres][kLanes] = {};
    for (std::int64_t j = 0; j < columns; ++j)
        for (std::int64_t c = 0; c < kCentres; ++c) {
            const float x = centres[c][j];
            for (std::int64_t l = 0; l < kLanes; ++l) {
                const float difference = x - block[j * kLanes + l];
                sum[c][l] += difference * difference;
            }
        }
    for (std::int64_t c = 0; c < kCentres; ++c)
        for (std::int64_t l = 0; l < kLanes; ++l) squared[c * kLanes + l] = sum[c][l];
}

void nearest_dense(const Features& features, Nearest& nearest, const Tick& tick) {
    const std::int64_t rows = features.rows, columns = features.columns, blocks = (rows + kLanes - 1) / kLanes;
    std::vector<float> sideways(static_cast<std::size_t>(blocks * kLanes * columns), 0.0f);   // [blocks, columns, kLanes]
    for (std::int64_t r = 0; r < rows; ++r)
        for (std::int64_t j = 0; j < columns; ++j) sideways[static_cast<std::size_t>(((r / kLanes) * columns + j) * kLanes + r % kLanes)] = features.dense[static_cast<std::size_t>(r * columns + j)];
    const std::int64_t pieces = (rows + kCentresInPiece - 1) / kCentresInPiece;
    parallel_each(
        pieces,
        [&](int, std::int64_t piece) {
            const std::int64_t first = piece * kCentresInPiece, end = std::min(rows, first + kCentresInPiece);
            std::vector<BestOf> best(static_cast<std::size_t>(end - first), BestOf(nearest.k));
            for (std::int64_t r = first; r < end; ++r) best[static_cast<std::size_t>(r - first)].start(static_cast<std::int32_t>(r));
            float squared[kCentres * kLanes];
            for (std::int64_t block = 0; block < blocks; ++block)   // a block stays in the cache while all centres of the piece meet it
                for (std::int64_t r = first; r < end; r += kCentres) {
                    const float* centres[kCentres];
                    for (std::int64_t c = 0; c < kCentres; ++c) centres[c] = features.dense.data() + std::min(r + c, end - 1) * columns;
                    measure_block(centres, sideways.data() + block * columns * kLanes, columns, squared);
                    for (std::int64_t c = 0; c < std::min(kCentres, end - r); ++c) {
                        BestOf& mine = best[static_cast<std::size_t>(r + c - first)];
                        for (std::int64_t l = 0; l < std::min(kLanes, rows - block * kLanes); ++l)
                            if (const float d = squared[c * kLanes + l]; d <= mine.worst() && block * kLanes + l != r + c) mine.offer(d, static_cast<std::int32_t>(block * kLanes + l));
                    }
                }
            for (std::int64_t r = first; r < end; ++r) best[static_cast<std::size_t>(r - first)].write(nearest.node.data() + r * nearest.k, nearest.distance.data() + r * nearest.k);
        },
        [&](std::int64_t done) {
            if (tick) tick(static_cast<double>(done), static_cast<double>(pieces));
        });
}

/// |a|² + |b|² - 2 a·b, the products by way of the columns. In double: of equal rows the three sums are the same, so their distance is 0.
void nearest_sparse(const Features& features, Nearest& nearest, const Tick& tick) {
    const std::int64_t rows = features.rows, pieces = (rows + kCentresInPiece - 1) / kCentresInPiece;
    std::vector<std::int64_t> place;
    const Csr columns = transposed(features.pattern, features.columns, &place);
    const auto value = [&](std::int64_t k) { return features.values.empty() ? 1.0 : static_cast<double>(features.values[static_cast<std::size_t>(k)]); };
    std::vector<double> norm(static_cast<std::size_t>(rows), 0);
    for (std::int64_t r = 0; r < rows; ++r)
        for (std::int64_t k = features.pattern.offsets[static_cast<std::size_t>(r)]; k < features.pattern.offsets[static_cast<std::size_t>(r) + 1]; ++k) norm[static_cast<std::size_t>(r)] += value(k) * value(k);
    std::vector<std::vector<double>> products(static_cast<std::size_t>(thread_count()));
    parallel_each(
        pieces,
        [&](int worker, std::int64_t piece) {
            std::vector<double>& product = products[static_cast<std::size_t>(worker)];
            BestOf best(nearest.k);
            for (std::int64_t r = piece * kCentresInPiece; r < std::min(rows, (piece + 1) * kCentresInPiece); ++r) {
                product.assign(static_cast<std::size_t>(rows), 0);
                for (std::int64_t k = features.pattern.offsets[static_cast<std::size_t>(r)]; k < features.pattern.offsets[static_cast<std::size_t>(r) + 1]; ++k) {
                    const auto column = static_cast<std::size_t>(features.pattern.items[static_cast<std::size_t>(k)]);
                    for (std::int64_t p = columns.offsets[column]; p < columns.offsets[column + 1]; ++p)
                        product[static_cast<std::size_t>(columns.items[static_cast<std::size_t>(p)])] += value(k) * value(place[static_cast<std::size_t>(p)]);
                }
                best.start(static_cast<std::int32_t>(r));
                for (std::int64_t other = 0; other < rows; ++other)
                    if (other != r)
                        best.offer(static_cast<float>(std::max(0.0, norm[static_cast<std::size_t>(r)] + norm[static_cast<std::size_t>(other)] - 2 * product[static_cast<std::size_t>(other)])), static_cast<std::int32_t>(other));
                best.write(nearest.node.data() + r * nearest.k, nearest.distance.data() + r * nearest.k);
            }
        },
        [&](std::int64_t done) {
            if (tick) tick(static_cast<double>(done), static_cast<double>(pieces));
        });
}

}

Nearest nearest_neighbours(const Features& features, std::int64_t k, const Tick& tick) {
    if (features.empty()) throw Error(ErrorCode::invalid_value, "There are no features to measure distances in.", {}, "Choose a graph with features, or another embedding.");
    if (k < 1) throw Error(ErrorCode::invalid_value, "At least one neighbour must be kept.", "k = " + std::to_string(k), "Choose 1 (the node itself) or more.");
    require_finite(features, "no distance can be measured");
    Nearest nearest;
    nearest.k = std::min(k, features.rows);
    nearest.node.resize(static_cast<std::size_t>(features.rows * nearest.k));
    nearest.distance.resize(nearest.node.size());
    if (features.is_dense()) nearest_dense(features, nearest, tick);
    else nearest_sparse(features, nearest, tick);
    return nearest;
}

double percentile_of(std::vector<float> values, double percentile) {
    const double place = std::clamp(percentile, 0.0, 100.0) / 100 * static_cast<double>(values.size() - 1);
    const auto low = static_cast<std::ptrdiff_t>(place);
    std::nth_element(values.begin(), values.begin() + low, values.end());
    const double a = values[static_cast<std::size_t>(low)];
    if (low + 1 == static_cast<std::ptrdiff_t>(values.size())) return a;
    const double b = *std::min_element(values.begin() + low + 1, values.end());
    return a + (b - a) * (place - static_cast<double>(low));
}

}
