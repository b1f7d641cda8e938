#include "plugins/hypergraph/engine/fruchterman_reingold.h"
#include "core/nn/parallel.h"
#include <algorithm>
#include <cmath>

namespace lathe::hypergraph {
namespace {

constexpr double kNearest = 0.01, kShortStep = 0.1;
constexpr std::int64_t kRowsInPiece = 64;

}

FruchtermanReingold::FruchtermanReingold(const LayoutGraph& graph, double k, std::int64_t iterations, Positions start, std::int64_t barnes_hut_from, double theta)
    : m_positions(std::move(start)), m_theta(theta), m_iterations(iterations), m_exact(graph.points < barnes_hut_from) {
    const auto n = static_cast<std::size_t>(graph.points);
    m_k = k > 0 ? k : 1 / std::sqrt(std::max(1.0, static_cast<double>(n)));
    LayoutNeighbours neighbours = layout_neighbours(graph);
    m_neighbours = std::move(neighbours.points);
    m_weights.reserve(neighbours.edge.size());
    for (const std::int64_t edge : neighbours.edge) m_weights.push_back(graph.edges[static_cast<std::size_t>(edge)].weight);
    m_displacement = m_positions;
    double extent = 0;
    if (n) {
        const auto [left, right] = std::ranges::minmax(m_positions.x);
        const auto [bottom, top] = std::ranges::minmax(m_positions.y);
        extent = std::max(right - left, top - bottom);
    }
    m_temperature = extent * 0.1;
    m_cooling = m_temperature / static_cast<double>(iterations + 1);
    m_mass.assign(n, 1);
    m_repulsion_x.resize(n), m_repulsion_y.resize(n);
}

/// The operations stand in the order of networkx: points keep moving by the whole temperature, so the method amplifies the last bit of every sum.
void FruchtermanReingold::displace_exactly(std::int64_t first, std::int64_t end, std::vector<double>& row) {
    const std::size_t n = m_positions.size();
    row.assign(n, 0);
    for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(end); ++i) {
        for (auto p = static_cast<std::size_t>(m_neighbours.offsets[i]); p < static_cast<std::size_t>(m_neighbours.offsets[i + 1]); ++p) row[static_cast<std::size_t>(m_neighbours.items[p])] += m_weights[p];
        double fx = 0, fy = 0;
        for (std::size_t j = 0; j < n; ++j) {
            const double dx = m_positions.x[i] - m_positions.x[j], dy = m_positions.y[i] - m_positions.y[j];
            const double distance = std::max(kNearest, std::sqrt(dx * dx + dy * dy));
            const double f = m_k * m_k / (distance * distance) - row[j] * distance / m_k;
            fx += dx * f;
            fy += dy * f;
        }
        m_displacement.x[i] = fx;
        m_displacement.y[i] = fy;
        for (auto p = static_cast<std::size_t>(m_neighbours.offsets[i]); p < static_cast<std::size_t>(m_neighbours.offsets[i + 1]); ++p) row[static_cast<std::size_t>(m_neighbours.items[p])] = 0;
    }
}

void FruchtermanReingold::displace(std::int64_t first, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(end); ++i) {
        double fx = m_k * m_k * m_repulsion_x[i], fy = m_k * m_k * m_repulsion_y[i];
        for (auto p = static_cast<std::size_t>(m_neighbours.offsets[i]); p < static_cast<std::size_t>(m_neighbours.offsets[i + 1]); ++p) {
            const auto j = static_cast<std::size_t>(m_neighbours.items[p]);
            const double dx = m_positions.x[i] - m_positions.x[j], dy = m_positions.y[i] - m_positions.y[j];
            const double f = m_weights[p] * std::sqrt(dx * dx + dy * dy) / m_k;
            fx -= dx * f;
            fy -= dy * f;
        }
        m_displacement.x[i] = fx;
        m_displacement.y[i] = fy;
    }
}

void FruchtermanReingold::step() {
    if (is_done()) return;
    const std::size_t n = m_positions.size();
    if (m_exact)
        parallel_blocks(static_cast<std::int64_t>(n), kRowsInPiece, [&](std::int64_t first, std::int64_t end) {
            std::vector<double> row;
            displace_exactly(first, end, row);
        });
    else {
        m_tree.build(m_positions.x, m_positions.y, m_mass);
        m_tree.inverse_distance(static_cast<float>(m_theta), m_repulsion_x, m_repulsion_y);
        parallel_blocks(static_cast<std::int64_t>(n), 8 * kRowsInPiece, [&](std::int64_t first, std::int64_t end) { displace(first, end); });
    }
    double moved = 0, square = 0;
    for (std::size_t i = 0; i < n; ++i) {
        double length = std::sqrt(m_displacement.x[i] * m_displacement.x[i] + m_displacement.y[i] * m_displacement.y[i]);
        moved += length < kNearest ? length * m_temperature / kShortStep : m_temperature;
        if (length < kNearest) length = kShortStep;
        const double factor = m_temperature / length;
        m_positions.x[i] += m_displacement.x[i] * factor;
        m_positions.y[i] += m_displacement.y[i] * factor;
        square += m_positions.x[i] * m_positions.x[i] + m_positions.y[i] * m_positions.y[i];
    }
    m_temperature -= m_cooling;
    m_moved = square > 0 ? moved / std::sqrt(static_cast<double>(n) * square) : 0;
    ++m_step;
}

}
