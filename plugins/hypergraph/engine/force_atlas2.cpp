#include "plugins/hypergraph/engine/force_atlas2.h"
#include "core/nn/parallel.h"
#include <algorithm>
#include <cmath>
#include <numeric>

namespace lathe::hypergraph {
namespace {

constexpr std::int64_t kPointsInPiece = 128;
constexpr double kLeastEfficiency = 0.05, kMostSpeed = 1000, kMostRise = 0.5, kMostTolerance = 10;

double length(double x, double y) { return std::sqrt(x * x + y * y); }

double raised_weight(double weight, double exponent) { return exponent == 0 ? 1 : exponent == 1 ? weight : std::pow(weight, exponent); }

}

ForceAtlas2::ForceAtlas2(const LayoutGraph& graph, const ForceAtlas2Options& options, Positions start) : m_options(options), m_positions(std::move(start)) {
    const auto n = static_cast<std::size_t>(graph.points);
    m_mass = graph.mass;
    if (m_mass.empty()) m_mass = masses_of(graph);
    m_float_mass.assign(m_mass.begin(), m_mass.end());
    const double mean_mass = n ? std::accumulate(m_mass.begin(), m_mass.end(), 0.0) / static_cast<double>(n) : 1;
    std::vector<double> strength;
    strength.reserve(graph.edges.size());
    for (const LayoutEdge& edge : graph.edges) strength.push_back(raised_weight(edge.weight, options.weight_exponent) * (options.dissuade_hubs ? mean_mass / m_mass[static_cast<std::size_t>(edge.source)] : 1));
    LayoutNeighbours neighbours = layout_neighbours(graph);
    m_neighbours = std::move(neighbours.points);
    m_pull.reserve(neighbours.edge.size());
    for (const std::int64_t edge : neighbours.edge) m_pull.push_back(strength[static_cast<std::size_t>(edge)]);
    for (Positions* p : {&m_force, &m_old_force}) p->x.assign(n, 0), p->y.assign(n, 0);
    m_repulsion_x.resize(n), m_repulsion_y.resize(n);
    m_swing.resize(n);
}

void ForceAtlas2::repel_exactly(std::int64_t first, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(end); ++i) {
        double fx = 0, fy = 0;
        for (std::size_t j = 0; j < m_mass.size(); ++j) {
            const double dx = m_positions.x[i] - m_positions.x[j], dy = m_positions.y[i] - m_positions.y[j], square = dx * dx + dy * dy;
            const double f = square > 0 ? m_mass[j] / square : 0;
            fx += dx * f;
            fy += dy * f;
        }
        m_force.x[i] = m_options.scaling * m_mass[i] * fx;
        m_force.y[i] = m_options.scaling * m_mass[i] * fy;
    }
}

/// Gravity and the edges of these points.
void ForceAtlas2::attract(std::int64_t first, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(end); ++i) {
        const double x = m_positions.x[i], y = m_positions.y[i], distance = std::sqrt(x * x + y * y);
        if (distance > 0) {
            const double g = m_options.gravity * m_mass[i] / (m_options.strong_gravity ? 1 : distance);
            m_force.x[i] -= g * x;
            m_force.y[i] -= g * y;
        }
        double fx = 0, fy = 0;
        for (auto k = static_cast<std::size_t>(m_neighbours.offsets[i]); k < static_cast<std::size_t>(m_neighbours.offsets[i + 1]); ++k) {
            const auto j = static_cast<std::size_t>(m_neighbours.items[k]);
            const double dx = m_positions.x[j] - x, dy = m_positions.y[j] - y;
            double f = m_pull[k];
            if (m_options.lin_log) {
                const double d = std::sqrt(dx * dx + dy * dy);
                f *= d > 0 ? std::log1p(d) / d : 0;
            }
            fx += f * dx;
            fy += f * dy;
        }
        m_force.x[i] += fx;
        m_force.y[i] += fy;
    }
}

/// Forces of all points, and in the same pass the sums that the speed follows from: by piece, so that the threads do not change them.
void ForceAtlas2::compute_forces() {
    const auto n = static_cast<std::int64_t>(m_mass.size());
    const bool by_tree = n >= m_options.barnes_hut_from;
    if (by_tree) {
        m_tree.build(m_positions.x, m_positions.y, m_float_mass);
        m_tree.inverse_distance(static_cast<float>(m_options.theta), m_repulsion_x, m_repulsion_y);
    }
    struct Sums { double swinging = 0, traction = 0, square = 0; };
    std::vector<Sums> pieces(static_cast<std::size_t>((n + kPointsInPiece - 1) / kPointsInPiece));
    parallel_blocks(n, kPointsInPiece, [&](std::int64_t first, std::int64_t end) {
        if (by_tree)
            for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(end); ++i) {
                m_force.x[i] = m_options.scaling * m_mass[i] * m_repulsion_x[i];
                m_force.y[i] = m_options.scaling * m_mass[i] * m_repulsion_y[i];
            }
        else repel_exactly(first, end);
        attract(first, end);
        Sums sums;
        for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(end); ++i) {
            m_swing[i] = m_mass[i] * length(m_old_force.x[i] - m_force.x[i], m_old_force.y[i] - m_force.y[i]);
            sums.swinging += m_swing[i];
            sums.traction += m_mass[i] * length(m_old_force.x[i] + m_force.x[i], m_old_force.y[i] + m_force.y[i]) / 2;
            sums.square += m_positions.x[i] * m_positions.x[i] + m_positions.y[i] * m_positions.y[i];
        }
        pieces[static_cast<std::size_t>(first / kPointsInPiece)] = sums;
    });
    m_swinging = m_traction = m_square = 0;
    for (const Sums& sums : pieces) m_swinging += sums.swinging, m_traction += sums.traction, m_square += sums.square;
}

void ForceAtlas2::adjust_speed() {
    if (!(m_swinging > 0)) {   // nothing swings, as with a single point: as fast as it may
        m_speed *= 1 + kMostRise;
        m_speed = std::min(m_speed, kMostSpeed);
        return;
    }
    const double count = static_cast<double>(m_mass.size()), estimate = 0.05 * std::sqrt(count);
    double tolerance = m_options.tolerance * std::max(std::sqrt(estimate), std::min(kMostTolerance, estimate * m_traction / (count * count)));
    if (m_swinging > 2 * m_traction) {
        if (m_efficiency > kLeastEfficiency) m_efficiency *= 0.5;
        tolerance = std::max(tolerance, m_options.tolerance);
    }
    const double target = tolerance * m_efficiency * m_traction / m_swinging;
    if (m_swinging > tolerance * m_traction) {
        if (m_efficiency > kLeastEfficiency) m_efficiency *= 0.7;
    } else if (m_speed < kMostSpeed) m_efficiency *= 1.3;
    m_speed += std::min(target - m_speed, kMostRise * m_speed);
}

void ForceAtlas2::step() {
    const auto n = static_cast<std::int64_t>(m_mass.size());
    std::swap(m_force, m_old_force);
    compute_forces();
    adjust_speed();
    std::vector<double> pieces(static_cast<std::size_t>((n + kPointsInPiece - 1) / kPointsInPiece), 0);
    parallel_blocks(n, kPointsInPiece, [&](std::int64_t first, std::int64_t end) {
        double moved = 0;
        for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(end); ++i) {
            const double factor = m_speed / (1 + std::sqrt(m_speed * m_swing[i]));
            m_positions.x[i] += m_force.x[i] * factor;
            m_positions.y[i] += m_force.y[i] * factor;
            moved += factor * length(m_force.x[i], m_force.y[i]);
        }
        pieces[static_cast<std::size_t>(first / kPointsInPiece)] = moved;
    });
    const double moved = std::accumulate(pieces.begin(), pieces.end(), 0.0);
    m_moved = m_square > 0 ? moved / std::sqrt(static_cast<double>(n) * m_square) : 0;
}

}
