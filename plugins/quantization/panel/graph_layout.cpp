#include "plugins/quantization/panel/graph_layout.h"
#include <algorithm>
#include <vector>

namespace lathe::quantization {
namespace {

constexpr int kSweeps = 6;

/// One spot in one layer: a node, or where a long edge passes.
struct Spot { int layer = 0; double x = 0; std::vector<int> up, down; };

double mean_x(const std::vector<Spot>& spots, const std::vector<int>& of, double otherwise) {
    if (of.empty()) return otherwise;
    double sum = 0;
    for (const int i : of) sum += spots[std::size_t(i)].x;
    return sum / double(of.size());
}

/// Neighbours at least one column apart, as near to where they want to be as that allows.
void place_apart(std::vector<Spot>& spots, const std::vector<int>& row, const std::vector<double>& wanted) {
    const std::size_t n = row.size();
    std::vector<double> x(n);
    for (std::size_t i = 0; i < n; ++i) x[i] = std::max(wanted[i], i > 0 ? x[i - 1] + 1 : wanted[i]);
    double moved = 0;
    for (std::size_t i = 0; i < n; ++i) moved += wanted[i] - x[i];
    for (std::size_t i = 0; i < n; ++i) spots[std::size_t(row[i])].x = x[i] + moved / double(n);
}

}

GraphPlaces lay_out(int nodes, const QList<std::pair<int, int>>& edges) {
    GraphPlaces out;
    std::vector<Spot> spots(static_cast<std::size_t>(nodes));
    // Nodes come in the order they run, so a giver stands before its takers.
    for (const auto& [from, to] : edges)
        if (from >= 0 && from < to && to < nodes) spots[std::size_t(to)].layer = std::max(spots[std::size_t(to)].layer, spots[std::size_t(from)].layer + 1);
    // Edges may stand in any order: repeat until nothing moves.
    for (bool moves = true; moves;) {
        moves = false;
        for (const auto& [from, to] : edges)
            if (from >= 0 && from < to && to < nodes && spots[std::size_t(to)].layer <= spots[std::size_t(from)].layer) {
                spots[std::size_t(to)].layer = spots[std::size_t(from)].layer + 1;
                moves = true;
            }
    }
    QList<std::vector<int>> ways;
    for (const auto& [from, to] : edges) {
        std::vector<int> way;
        if (from >= 0 && from < to && to < nodes) {
            way.push_back(from);
            for (int layer = spots[std::size_t(from)].layer + 1; layer < spots[std::size_t(to)].layer; ++layer) {
                Spot pass;
                pass.layer = layer;
                way.push_back(int(spots.size()));
                spots.push_back(pass);
            }
            way.push_back(to);
            for (std::size_t i = 0; i + 1 < way.size(); ++i) {
                spots[std::size_t(way[i])].down.push_back(way[i + 1]);
                spots[std::size_t(way[i + 1])].up.push_back(way[i]);
            }
        }
        ways << way;
    }
    for (const Spot& spot : spots) out.layers = std::max(out.layers, spot.layer + 1);
    std::vector<std::vector<int>> rows(static_cast<std::size_t>(out.layers));
    for (std::size_t i = 0; i < spots.size(); ++i) rows[std::size_t(spots[i].layer)].push_back(int(i));
    for (auto& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i) spots[std::size_t(row[i])].x = double(i) - double(row.size() - 1) / 2;
    for (int sweep = 0; sweep < kSweeps; ++sweep) {
        const bool down = sweep % 2 == 0;
        for (std::size_t r = 0; r < rows.size(); ++r) {
            auto& row = rows[down ? r : rows.size() - 1 - r];
            std::vector<std::pair<double, int>> order;
            for (const int i : row) {
                const Spot& spot = spots[std::size_t(i)];
                order.emplace_back(mean_x(spots, down ? spot.up : spot.down, spot.x), i);
            }
            std::ranges::stable_sort(order, {}, &std::pair<double, int>::first);
            std::vector<double> wanted;
            row.clear();
            for (const auto& [x, i] : order) {
                row.push_back(i);
                wanted.push_back(x);
            }
            place_apart(spots, row, wanted);
        }
    }
    for (int i = 0; i < nodes; ++i) {
        const Spot& spot = spots[std::size_t(i)];
        out.centre << QPointF(spot.x, spot.layer);
        out.left = std::min(out.left, spot.x);
        out.right = std::max(out.right, spot.x);
    }
    for (const auto& way : ways) {
        QList<QPointF> points;
        for (const int i : way) points << QPointF(spots[std::size_t(i)].x, spots[std::size_t(i)].layer);
        out.edges << points;
    }
    return out;
}

}
