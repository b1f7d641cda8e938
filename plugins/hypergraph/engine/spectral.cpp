#include "plugins/hypergraph/engine/spectral.h"
#include "core/base/random_numbers.h"
#include "core/nn/parallel.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace lathe::hypergraph {
namespace {

constexpr double kTie = 0.05;            // of the mean degree
constexpr std::int64_t kRows = 512;
constexpr int kMostLloydSteps = 100;

}

Eigenvectors laplacian_eigenvectors(const LayoutGraph& graph, std::int64_t count, std::uint64_t seed, const Tick& tick) {
    const auto n = static_cast<std::size_t>(graph.points);
    std::vector<double> degree(n, 0);
    for (const LayoutEdge& edge : graph.edges) degree[static_cast<std::size_t>(edge.source)] += edge.weight, degree[static_cast<std::size_t>(edge.target)] += edge.weight;
    const LayoutNeighbours neighbours = layout_neighbours(graph);
    double total = std::accumulate(degree.begin(), degree.end(), 0.0);
    const double tie = n ? std::max(kTie * total / static_cast<double>(n), 1e-6) : 1;
    std::vector<double> root(n);
    for (std::size_t i = 0; i < n; ++i) root[i] = std::sqrt(degree[i] + tie);
    total += tie * static_cast<double>(n);
    // N = D^-1/2 (A + tie/n) D^-1/2 - its known first eigenvector, of eigenvalue 1; the spectrum lies in [-1, 1].
    const auto apply = [&](const Block& in, Block& out) {
        std::vector<double> mean(static_cast<std::size_t>(in.columns), 0), first(mean);
        for (std::size_t i = 0; i < n; ++i)
            for (std::int64_t c = 0; c < in.columns; ++c) {
                mean[static_cast<std::size_t>(c)] += in.row(static_cast<std::int64_t>(i))[c] / root[i] * tie / static_cast<double>(n);
                first[static_cast<std::size_t>(c)] += in.row(static_cast<std::int64_t>(i))[c] * root[i] / total;
            }
        parallel_blocks(graph.points, kRows, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t i = begin; i < end; ++i) {
                double* sum = out.row(i);
                std::ranges::copy(mean, sum);
                for (auto k = neighbours.points.offsets[static_cast<std::size_t>(i)]; k < neighbours.points.offsets[static_cast<std::size_t>(i) + 1]; ++k) {
                    const std::int64_t j = neighbours.points.items[static_cast<std::size_t>(k)];
                    const double weight = graph.edges[static_cast<std::size_t>(neighbours.edge[static_cast<std::size_t>(k)])].weight / root[static_cast<std::size_t>(j)];
                    for (std::int64_t c = 0; c < in.columns; ++c) sum[c] += weight * in.row(j)[c];
                }
                for (std::int64_t c = 0; c < in.columns; ++c) sum[c] = sum[c] / root[static_cast<std::size_t>(i)] - first[static_cast<std::size_t>(c)] * root[static_cast<std::size_t>(i)];
            }
        });
    };
    Eigenvectors found = largest_eigenvectors(graph.points, count, -1, apply, seed, tick, 1e-5, 40);
    for (double& value : found.values) value = 1 - value;
    return found;
}

Positions spectral_layout(const LayoutGraph& graph, std::uint64_t seed, const Tick& tick) {
    Positions positions;
    const auto n = static_cast<std::size_t>(graph.points);
    positions.x.assign(n, 0);
    positions.y.assign(n, 0);
    if (n == 0) return positions;
    const Eigenvectors found = laplacian_eigenvectors(graph, 2, seed, tick);
    std::vector<double> degree(n, 0);
    for (const LayoutEdge& edge : graph.edges) degree[static_cast<std::size_t>(edge.source)] += edge.weight, degree[static_cast<std::size_t>(edge.target)] += edge.weight;
    const double tie = std::max(kTie * std::accumulate(degree.begin(), degree.end(), 0.0) / static_cast<double>(n), 1e-6);
    for (std::size_t i = 0; i < n; ++i) {
        const double* row = found.vectors.row(static_cast<std::int64_t>(i));
        positions.x[i] = row[0] / std::sqrt(degree[i] + tie);
        if (found.vectors.columns > 1) positions.y[i] = row[1] / std::sqrt(degree[i] + tie);
    }
    centre(positions, 1);
    return positions;
}

std::vector<std::int32_t> k_means(const Block& rows, std::int64_t k, std::uint64_t seed, const Tick& tick) {
    const auto n = static_cast<std::size_t>(rows.rows);
    std::vector<std::int32_t> cluster(n, 0);
    if (n == 0) return cluster;
    k = std::clamp<std::int64_t>(k, 1, rows.rows);
    const auto squared = [&](std::size_t row, const double* centre) {
        double sum = 0;
        for (std::int64_t c = 0; c < rows.columns; ++c) sum += std::pow(rows.row(static_cast<std::int64_t>(row))[c] - centre[c], 2);
        return sum;
    };
    Random random(seed);
    Block centres(0, rows.columns);
    const auto add_centre = [&](std::int64_t row) {
        centres.values.insert(centres.values.end(), rows.row(row), rows.row(row) + rows.columns);
        ++centres.rows;
    };
    add_centre(random.below(rows.rows));
    std::vector<double> nearest(n, std::numeric_limits<double>::infinity());
    while (centres.rows < k) {   // k-means++: the farther from all centres, the likelier
        double total = 0;
        for (std::size_t i = 0; i < n; ++i) total += nearest[i] = std::min(nearest[i], squared(i, centres.row(centres.rows - 1)));
        if (total <= 0) break;
        double left = random.uniform() * total;
        std::size_t chosen = 0;
        for (std::size_t i = 0; i < n && left >= 0; ++i)
            if (nearest[i] > 0) left -= nearest[i], chosen = i;
        add_centre(static_cast<std::int64_t>(chosen));
    }
    for (int step = 0; step < kMostLloydSteps; ++step) {
        if (tick) tick(step, kMostLloydSteps);
        std::vector<std::int32_t> next(n, 0);
        parallel_blocks(rows.rows, kRows, [&](std::int64_t first, std::int64_t end) {
            for (std::int64_t i = first; i < end; ++i) {
                double best = std::numeric_limits<double>::infinity();
                for (std::int64_t c = 0; c < centres.rows; ++c)
                    if (const double d = squared(static_cast<std::size_t>(i), centres.row(c)); d < best) best = d, next[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(c);
            }
        });
        const bool same = step > 0 && next == cluster;
        cluster = std::move(next);
        if (same) break;
        Block sums(centres.rows, centres.columns);
        std::vector<double> count(static_cast<std::size_t>(centres.rows), 0);
        for (std::size_t i = 0; i < n; ++i) {
            ++count[static_cast<std::size_t>(cluster[i])];
            for (std::int64_t c = 0; c < rows.columns; ++c) sums.row(cluster[i])[c] += rows.row(static_cast<std::int64_t>(i))[c];
        }
        for (std::int64_t c = 0; c < centres.rows; ++c)
            if (count[static_cast<std::size_t>(c)] > 0)
                for (std::int64_t j = 0; j < centres.columns; ++j) centres.row(c)[j] = sums.row(c)[j] / count[static_cast<std::size_t>(c)];
    }
    std::vector<std::int32_t> number(static_cast<std::size_t>(centres.rows), -1);
    std::int32_t used = 0;
    for (std::int32_t& c : cluster) {
        std::int32_t& mine = number[static_cast<std::size_t>(c)];
        if (mine < 0) mine = used++;
        c = mine;
    }
    return cluster;
}

}
