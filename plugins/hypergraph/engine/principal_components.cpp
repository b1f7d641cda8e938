#include "plugins/hypergraph/engine/principal_components.h"
#include "core/base/error.h"
#include "core/nn/parallel.h"
#include <algorithm>

namespace lathe::hypergraph {
namespace {

constexpr std::int64_t kRowsAtOnce = 256, kColumnsAtOnce = 256, kRowParts = 16;

/// X - 1 μᵀ as an operator.
class CentredFeatures {
public:
    explicit CentredFeatures(const Features& features) : m_features(features), m_mean(static_cast<std::size_t>(features.columns), 0) {
        if (!features.is_dense()) m_columns = transposed(features.pattern, features.columns, &m_place);
        Block ones(features.rows, 1), sums(features.columns, 1);
        std::ranges::fill(ones.values, 1);
        times_transposed(ones, sums, false);
        for (std::size_t j = 0; j < m_mean.size(); ++j) m_mean[j] = sums.values[j] / static_cast<double>(features.rows);
    }

    /// out [rows, c] = (X - 1 μᵀ) in.
    void times(const Block& in, Block& out) const {
        const std::int64_t width = in.columns;
        std::vector<double> shift(static_cast<std::size_t>(width), 0);
        for (std::int64_t j = 0; j < m_features.columns; ++j)
            for (std::int64_t c = 0; c < width; ++c) shift[static_cast<std::size_t>(c)] += m_mean[static_cast<std::size_t>(j)] * in.row(j)[c];
        parallel_blocks(m_features.rows, kRowsAtOnce, [&](std::int64_t first, std::int64_t end) {
            for (std::int64_t r = first; r < end; ++r) {
                double* sum = out.row(r);
                for (std::int64_t c = 0; c < width; ++c) sum[c] = -shift[static_cast<std::size_t>(c)];
                const auto add = [&](std::int64_t j, double x) {
                    for (std::int64_t c = 0; c < width; ++c) sum[c] += x * in.row(j)[c];
                };
                if (m_features.is_dense())
                    for (std::int64_t j = 0; j < m_features.columns; ++j) add(j, m_features.dense[static_cast<std::size_t>(r * m_features.columns + j)]);
                else
                    for (auto k = m_features.pattern.offsets[static_cast<std::size_t>(r)]; k < m_features.pattern.offsets[static_cast<std::size_t>(r) + 1]; ++k)
                        add(m_features.pattern.items[static_cast<std::size_t>(k)], value(k));
            }
        });
    }

    /// out [columns, c] = (X - 1 μᵀ)ᵀ in; not centred: Xᵀ in.
    void times_transposed(const Block& in, Block& out, bool centred = true) const {
        const std::int64_t width = in.columns;
        std::vector<double> total(static_cast<std::size_t>(width), 0);
        for (std::int64_t r = 0; r < in.rows && centred; ++r)
            for (std::int64_t c = 0; c < width; ++c) total[static_cast<std::size_t>(c)] += in.row(r)[c];
        std::ranges::fill(out.values, 0);
        if (m_features.is_dense()) add_dense(in, out);
        else
            parallel_blocks(m_features.columns, kColumnsAtOnce, [&](std::int64_t first, std::int64_t end) {
                for (std::int64_t j = first; j < end; ++j)
                    for (auto k = m_columns.offsets[static_cast<std::size_t>(j)]; k < m_columns.offsets[static_cast<std::size_t>(j) + 1]; ++k)
                        for (std::int64_t c = 0; c < width; ++c) out.row(j)[c] += value(m_place[static_cast<std::size_t>(k)]) * in.row(m_columns.items[static_cast<std::size_t>(k)])[c];
            });
        for (std::int64_t j = 0; j < m_features.columns && centred; ++j)
            for (std::int64_t c = 0; c < width; ++c) out.row(j)[c] -= m_mean[static_cast<std::size_t>(j)] * total[static_cast<std::size_t>(c)];
    }

    /// Sum over the columns of the squared distance from the mean.
    double squared_total() const {
        double sum = 0;
        if (m_features.is_dense())
            for (const float x : m_features.dense) sum += static_cast<double>(x) * x;
        else
            for (std::int64_t k = 0; k < m_features.pattern.size(); ++k) sum += value(k) * value(k);
        for (const double mean : m_mean) sum -= mean * mean * static_cast<double>(m_features.rows);
        return std::max(0.0, sum);
    }

private:
    double value(std::int64_t k) const { return m_features.values.empty() ? 1.0 : static_cast<double>(m_features.values[static_cast<std::size_t>(k)]); }

    /// By parts of the rows, so that every row is read once and the threads do not change the sum.
    void add_dense(const Block& in, Block& out) const {
        const std::int64_t rows = m_features.rows, columns = m_features.columns, width = in.columns, in_part = (rows + kRowParts - 1) / kRowParts;
        std::vector<Block> parts(static_cast<std::size_t>(kRowParts));
        parallel_each(kRowParts, [&](int, std::int64_t part) {
            Block& sum = parts[static_cast<std::size_t>(part)] = Block(columns, width);
            for (std::int64_t r = part * in_part; r < std::min(rows, (part + 1) * in_part); ++r)
                for (std::int64_t j = 0; j < columns; ++j) {
                    const double x = m_features.dense[static_cast<std::size_t>(r * columns + j)];
                    for (std::int64_t c = 0; c < width; ++c) sum.row(j)[c] += x * in.row(r)[c];
                }
        });
        for (const Block& part : parts)
            for (std::size_t k = 0; k < out.values.size(); ++k) out.values[k] += part.values[k];
    }

    const Features& m_features;
    std::vector<double> m_mean;
    Csr m_columns;                     ///< sparse: column -> rows
    std::vector<std::int64_t> m_place;
};

}

PrincipalComponents principal_components(const Features& features, std::int64_t count, std::uint64_t seed, const Tick& tick, int rounds) {
    if (features.empty() || features.rows == 0) throw Error(ErrorCode::invalid_value, "There are no features to look at.", {}, "Choose a graph with features, or another embedding.");
    require_finite(features, "no components can be found");
    const CentredFeatures centred(features);
    Block middle;
    const auto apply = [&](const Block& in, Block& out) {
        if (middle.columns != in.columns) middle = Block(features.rows, in.columns);
        centred.times(in, middle);
        centred.times_transposed(middle, out);
    };
    const Eigenvectors found = largest_eigenvectors(features.columns, std::min(count, features.rows), 0, apply, seed, tick, 1e-8, rounds);
    PrincipalComponents result;
    const double degrees = std::max<double>(1, static_cast<double>(features.rows - 1));
    for (const double value : found.values) result.variance.push_back(std::max(0.0, value) / degrees);
    result.total_variance = centred.squared_total() / degrees;
    result.scores = Block(features.rows, found.vectors.columns);
    centred.times(found.vectors, result.scores);
    return result;
}

}
