#include "plugins/hypergraph/engine/tsne.h"
#include "core/base/random_numbers.h"
#include "plugins/hypergraph/engine/nearest.h"
#include "core/nn/parallel.h"
#include "plugins/hypergraph/engine/principal_components.h"
#include <algorithm>
#include <cmath>
#include <numeric>

namespace lathe::hypergraph {
namespace {

constexpr std::int64_t kComponents = 50;
constexpr int kRoughRounds = 4;          // distances hardly notice the rest
constexpr std::int64_t kPointsAtOnce = 512;
constexpr int kBandwidthSteps = 100;
constexpr double kBandwidthError = 1e-5, kStartSpread = 1e-4, kLeastGain = 0.01, kLeastRate = 50;

/// Weights exp(-beta d²) of the neighbours, summing up to 1, whose entropy is the log of the perplexity (binary search for beta).
void conditional_weights(std::span<const float> distance, double perplexity, std::span<double> weight) {
    double beta = 1, low = 0, high = -1, nearest = distance.empty() ? 0 : distance.front();
    nearest *= nearest;
    for (int k = 0; k < kBandwidthSteps; ++k) {
        double sum = 0, product = 0;
        for (std::size_t j = 0; j < distance.size(); ++j) {
            const double square = static_cast<double>(distance[j]) * distance[j] - nearest;   // shifted: the sum never vanishes
            weight[j] = std::exp(-beta * square);
            sum += weight[j];
            product += weight[j] * square;
        }
        for (double& w : weight) w /= sum;
        const double excess = std::log(sum) + beta * product / sum - std::log(perplexity);
        if (std::abs(excess) < kBandwidthError) break;
        if (excess > 0) low = beta, beta = high < 0 ? beta * 2 : (beta + high) / 2;
        else high = beta, beta = (beta + low) / 2;
    }
}

}

Tsne::Tsne(const Features& rows, const TsneOptions& options, std::uint64_t seed, const Tick& tick) : m_options(options) {
    const bool reduces = rows.columns > kComponents || !rows.is_dense();
    const PrincipalComponents components = principal_components(rows, reduces ? kComponents : 2, seed, tick, kRoughRounds);
    Features reduced;
    if (reduces) {
        reduced.rows = rows.rows;
        reduced.columns = components.scores.columns;
        reduced.dense.assign(components.scores.values.begin(), components.scores.values.end());
    }
    const auto n = static_cast<std::size_t>(rows.rows);
    set_affinities(reduced.empty() ? rows : reduced, tick);
    for (Positions* p : {&m_positions, &m_velocity, &m_gain}) p->x.assign(n, 0), p->y.assign(n, 0);
    std::ranges::fill(m_gain.x, 1.0), std::ranges::fill(m_gain.y, 1.0);
    const double spread = components.variance.empty() || components.variance.front() <= 0 ? 1 : std::sqrt(components.variance.front());
    Random random(seed);   // breaks ties of equal rows
    for (std::size_t i = 0; i < n; ++i) {
        const double* score = components.scores.row(static_cast<std::int64_t>(i));
        m_positions.x[i] = kStartSpread * ((components.scores.columns > 0 ? score[0] / spread : 0) + 0.01 * random.normal());
        m_positions.y[i] = kStartSpread * ((components.scores.columns > 1 ? score[1] / spread : 0) + 0.01 * random.normal());
    }
    if (m_options.learning_rate <= 0) m_options.learning_rate = std::max(kLeastRate, static_cast<double>(n) / m_options.exaggeration / 4);
    m_mass.assign(n, 1);
    m_repulsion_x.resize(n), m_repulsion_y.resize(n);
}

void Tsne::set_affinities(const Features& rows, const Tick& tick) {
    const double perplexity = std::max(1.0, std::min(m_options.perplexity, static_cast<double>(rows.rows - 1) / 3));
    const Nearest nearest = nearest_neighbours(rows, static_cast<std::int64_t>(3 * perplexity) + 1, tick);
    const std::int64_t others = nearest.k - 1;   // without the point itself
    std::vector<std::int32_t> from, to;
    std::vector<double> weights(static_cast<std::size_t>(rows.rows * others));
    parallel_blocks(rows.rows, kPointsAtOnce, [&](std::int64_t first, std::int64_t end) {
        for (std::int64_t i = first; i < end; ++i)
            conditional_weights({nearest.distance.data() + i * nearest.k + 1, static_cast<std::size_t>(others)}, perplexity, {weights.data() + i * others, static_cast<std::size_t>(others)});
    });
    for (std::int64_t i = 0; i < rows.rows; ++i)
        for (std::int64_t j = 0; j < others; ++j) {
            const std::int32_t other = nearest.node[static_cast<std::size_t>(i * nearest.k + 1 + j)];
            from.insert(from.end(), {static_cast<std::int32_t>(i), other});
            to.insert(to.end(), {other, static_cast<std::int32_t>(i)});
        }
    std::vector<std::int64_t> order;
    m_neighbours = rows_of(from, to, rows.rows, &order);
    m_affinity.resize(order.size());
    m_affinity_entropy = 0;
    for (std::size_t k = 0; k < order.size(); ++k) {
        // A pair that chose each other stands twice; both parts pull, which is the sum that is meant.
        m_affinity[k] = static_cast<float>(weights[static_cast<std::size_t>(order[k] / 2)] / (2 * static_cast<double>(rows.rows)));
    }
    for (std::int64_t i = 0; i < rows.rows; ++i) {   // p log p of whole pairs
        const auto begin = m_neighbours.offsets[static_cast<std::size_t>(i)], end = m_neighbours.offsets[static_cast<std::size_t>(i) + 1];
        std::vector<std::pair<std::int32_t, double>> whole;
        for (auto k = begin; k < end; ++k) whole.emplace_back(m_neighbours.items[static_cast<std::size_t>(k)], m_affinity[static_cast<std::size_t>(k)]);
        std::ranges::sort(whole);
        for (std::size_t k = 0; k < whole.size(); ++k) {
            double p = whole[k].second;
            if (k + 1 < whole.size() && whole[k + 1].first == whole[k].first) p += whole[++k].second;
            if (p > 0) m_affinity_entropy += p * std::log(p);
        }
    }
}

void Tsne::step() {
    const auto n = static_cast<std::int64_t>(m_positions.size());
    const bool is_early = m_step < m_options.exaggerated_steps;
    const double exaggeration = is_early ? m_options.exaggeration : 1, momentum = is_early ? 0.5 : 0.8;
    m_tree.build(m_positions.x, m_positions.y, m_mass);
    const double all = n > 1 ? std::max(m_tree.student_t(static_cast<float>(m_options.theta), m_repulsion_x, m_repulsion_y), 1e-30) : 1;
    const std::int64_t blocks = (n + kPointsAtOnce - 1) / kPointsAtOnce;
    std::vector<double> moved(static_cast<std::size_t>(blocks), 0), cross(moved), square(moved);
    Positions next = m_positions;
    parallel_blocks(n, kPointsAtOnce, [&](std::int64_t first, std::int64_t end) {
        const auto block = static_cast<std::size_t>(first / kPointsAtOnce);
        for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(end); ++i) {
            double fx = 0, fy = 0;
            for (auto k = static_cast<std::size_t>(m_neighbours.offsets[i]); k < static_cast<std::size_t>(m_neighbours.offsets[i + 1]); ++k) {
                const auto j = static_cast<std::size_t>(m_neighbours.items[k]);
                const double dx = m_positions.x[i] - m_positions.x[j], dy = m_positions.y[i] - m_positions.y[j];
                const double q = 1 / (1 + dx * dx + dy * dy), p = m_affinity[k];
                fx += p * q * dx, fy += p * q * dy;
                cross[block] += p * std::log(q / all);
            }
            const auto advance = [&](double& place, double& velocity, double& gain, double gradient) {
                gain = std::max(kLeastGain, velocity * gradient < 0 ? gain + 0.2 : gain * 0.8);
                velocity = momentum * velocity - m_options.learning_rate * gain * gradient;
                place += velocity;
            };
            advance(next.x[i], m_velocity.x[i], m_gain.x[i], 4 * (exaggeration * fx - m_repulsion_x[i] / all));
            advance(next.y[i], m_velocity.y[i], m_gain.y[i], 4 * (exaggeration * fy - m_repulsion_y[i] / all));
            moved[block] += std::hypot(m_velocity.x[i], m_velocity.y[i]);
            square[block] += next.x[i] * next.x[i] + next.y[i] * next.y[i];
        }
    });
    m_positions = std::move(next);
    m_divergence = m_affinity_entropy - std::accumulate(cross.begin(), cross.end(), 0.0);
    const double radius = std::sqrt(std::accumulate(square.begin(), square.end(), 0.0) / std::max<double>(1, static_cast<double>(n)));
    m_moved = radius > 0 ? std::accumulate(moved.begin(), moved.end(), 0.0) / static_cast<double>(n) / radius : 0;
    ++m_step;
}

}
