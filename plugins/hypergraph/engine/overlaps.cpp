#include "plugins/hypergraph/engine/overlaps.h"
#include "core/nn/parallel.h"
#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <map>

namespace lathe::hypergraph {
namespace {

constexpr std::int64_t kHyperedgesInPiece = 32;
constexpr std::int64_t kMostLineEntries = 100'000'000;

/// Visits of the lists of nodes that comparing each hyperedge with all takes.
std::vector<double> comparison_costs(const HyperSets& sets) {
    std::vector<double> costs(static_cast<std::size_t>(sets.members.rows()), 1);
    for (std::int64_t e = 0; e < sets.members.rows(); ++e)
        for (const std::int32_t v : sets.members[e]) costs[static_cast<std::size_t>(e)] += static_cast<double>(sets.hyperedges.length(v));
    return costs;
}

/// For each hyperedge of `chosen`: work(piece, hyperedge, others that it meets, size of the overlap by hyperedge). Pieces are the same for any number of threads.
template <class Work> void compare(const HyperSets& sets, std::span<const std::int64_t> chosen, const Tick& tick, const Work& work) {
    struct Worker { std::vector<std::int32_t> overlap, met; };
    std::vector<Worker> workers(static_cast<std::size_t>(thread_count()));
    const std::int64_t pieces = (static_cast<std::int64_t>(chosen.size()) + kHyperedgesInPiece - 1) / kHyperedgesInPiece;
    parallel_each(
        pieces,
        [&](int worker, std::int64_t piece) {
            Worker& mine = workers[static_cast<std::size_t>(worker)];
            mine.overlap.resize(static_cast<std::size_t>(sets.members.rows()), 0);
            for (auto k = static_cast<std::size_t>(piece * kHyperedgesInPiece); k < std::min(chosen.size(), static_cast<std::size_t>((piece + 1) * kHyperedgesInPiece)); ++k) {
                mine.met.clear();
                for (const std::int32_t v : sets.members[chosen[k]])
                    for (const std::int32_t f : sets.hyperedges[v])
                        if (f != chosen[k] && mine.overlap[static_cast<std::size_t>(f)]++ == 0) mine.met.push_back(f);
                work(piece, chosen[k], std::span<std::int32_t>(mine.met), mine.overlap);
                for (const std::int32_t f : mine.met) mine.overlap[static_cast<std::size_t>(f)] = 0;
            }
        },
        [&](std::int64_t done) {
            if (tick) tick(static_cast<double>(done), static_cast<double>(pieces));
        });
}

}

Overlaps count_overlaps(const HyperSets& sets, const Effort& effort) {
    const auto m = static_cast<std::size_t>(sets.members.rows());
    const std::vector<std::int64_t> chosen = affordable(comparison_costs(sets), effort.most, effort.seed);
    Overlaps result;
    result.exact = chosen.size() == m;
    result.looked_at = static_cast<std::int64_t>(chosen.size());
    if (result.exact) result.faces.assign(m, 0);
    std::vector<std::uint8_t> maximal(result.exact ? m : 0, 1);
    std::int64_t largest = 0;
    for (std::size_t e = 0; e < m; ++e) largest = std::max(largest, sets.members.length(static_cast<std::int64_t>(e)));
    // Sums and sums of squares over hyperedges, by piece.
    const std::size_t width = static_cast<std::size_t>(largest) + 1, pieces = (chosen.size() + kHyperedgesInPiece - 1) / kHyperedgesInPiece;
    std::vector<std::map<std::int32_t, std::pair<double, double>>> sums(pieces);
    compare(sets, chosen, effort.tick, [&](std::int64_t piece, std::int64_t e, std::span<std::int32_t> met, const std::vector<std::int32_t>& overlap) {
        const auto own = static_cast<std::int32_t>(sets.members.length(e));
        std::vector<double> count(static_cast<std::size_t>(own) + 1, 0);   // by size of the overlap
        std::vector<std::int32_t> faces;
        for (const std::int32_t f : met) {
            const std::int32_t size = overlap[static_cast<std::size_t>(f)];
            ++count[static_cast<std::size_t>(size)];
            const auto other = static_cast<std::int32_t>(sets.members.length(f));
            if (!result.exact) continue;
            if (size == other && other < own && other >= 2) faces.push_back(f);
            if (size == own && other > own) maximal[static_cast<std::size_t>(e)] = 0;
        }
        count[0] = static_cast<double>(m) - 1 - static_cast<double>(met.size());
        for (std::int32_t size = 0; size <= own; ++size)
            if (const double pairs = count[static_cast<std::size_t>(size)]; pairs > 0) {
                auto& [sum, square] = sums[static_cast<std::size_t>(piece)][size];
                sum += pairs, square += pairs * pairs;
            }
        if (!result.exact) return;
        // Equal faces count once.
        const auto same = [&](std::int32_t a, std::int32_t b) { return std::ranges::equal(sets.members[a], sets.members[b]); };
        std::ranges::sort(faces, [&](std::int32_t a, std::int32_t b) { return std::ranges::lexicographical_compare(sets.members[a], sets.members[b]); });
        result.faces[static_cast<std::size_t>(e)] = static_cast<std::int32_t>(std::unique(faces.begin(), faces.end(), same) - faces.begin());
    });
    result.is_maximal.assign(maximal.begin(), maximal.end());
    std::vector<double> total(width, 0), square(width, 0);
    for (const auto& piece : sums)
        for (const auto& [size, sum] : piece) total[static_cast<std::size_t>(size)] += sum.first, square[static_cast<std::size_t>(size)] += sum.second;
    const double k = static_cast<double>(chosen.size()), all = static_cast<double>(m);
    for (std::size_t size = 0; size < width; ++size) {
        result.pairs.push_back(k > 0 ? total[size] * all / k : 0);
        if (!result.exact) result.error.push_back(k > 1 ? all * std::sqrt(std::max(0.0, square[size] / k - total[size] / k * (total[size] / k)) / (k - 1)) : std::numeric_limits<double>::quiet_NaN());
    }
    while (result.pairs.size() > 1 && result.pairs.back() == 0) result.pairs.pop_back();
    if (!result.exact) result.error.resize(result.pairs.size());
    return result;
}

std::vector<std::int64_t> hgb_overlap_distribution(const Overlaps& overlaps, std::int64_t hyperedges) {
    std::vector<std::int64_t> distribution;
    for (std::size_t size = 0; size < overlaps.pairs.size() && hyperedges > 0; ++size)
        distribution.push_back(static_cast<std::int64_t>(overlaps.pairs[size] + (size == 0 ? static_cast<double>(hyperedges) : 0)) / hyperedges);
    return distribution;
}

std::optional<Csr> line_graph(const HyperSets& sets, std::int64_t s, const Effort& effort) {
    double cost = 0;
    for (const double c : comparison_costs(sets)) cost += c;
    if (cost > effort.most) return std::nullopt;
    std::vector<std::int64_t> all(static_cast<std::size_t>(sets.members.rows()));
    for (std::size_t e = 0; e < all.size(); ++e) all[e] = static_cast<std::int64_t>(e);
    std::vector<std::vector<std::int32_t>> rows(all.size());
    std::atomic<std::int64_t> entries{0};
    compare(sets, all, effort.tick, [&](std::int64_t, std::int64_t e, std::span<std::int32_t> met, const std::vector<std::int32_t>& overlap) {
        if (entries > kMostLineEntries) return;
        std::vector<std::int32_t>& row = rows[static_cast<std::size_t>(e)];
        for (const std::int32_t f : met)
            if (overlap[static_cast<std::size_t>(f)] >= s) row.push_back(f);
        std::ranges::sort(row);
        entries += static_cast<std::int64_t>(row.size());
    });
    if (entries > kMostLineEntries) return std::nullopt;
    Csr graph;
    graph.items.reserve(static_cast<std::size_t>(entries));
    for (const std::vector<std::int32_t>& row : rows) {
        graph.items.insert(graph.items.end(), row.begin(), row.end());
        graph.offsets.push_back(graph.size());
    }
    return graph;
}

std::optional<std::vector<std::int32_t>> s_components(const HyperSets& sets, std::int64_t s, const Effort& effort) {
    UnionFind groups(sets.members.rows());
    std::vector<bool> counts(static_cast<std::size_t>(sets.members.rows()));
    for (std::int64_t e = 0; e < sets.members.rows(); ++e) counts[static_cast<std::size_t>(e)] = sets.members.length(e) > 0;
    if (s <= 1) {
        for (std::int64_t v = 0; v < sets.hyperedges.rows(); ++v)
            for (const std::int32_t e : sets.hyperedges[v]) groups.join(sets.hyperedges[v].front(), e);
        return groups.numbered(counts);
    }
    const std::optional<Csr> graph = line_graph(sets, s, effort);
    if (!graph) return std::nullopt;
    for (std::int64_t e = 0; e < graph->rows(); ++e)
        for (const std::int32_t f : (*graph)[e]) groups.join(static_cast<std::int32_t>(e), f);
    return groups.numbered(counts);
}

HyperSets dual(const HyperSets& sets) { return {sets.hyperedges, sets.members}; }

Simpliciality simpliciality(const HyperSets& sets, const Overlaps& exact) {
    double looked_at = 0, complete = 0, maximal = 0, share = 0;
    for (std::int64_t e = 0; e < sets.members.rows(); ++e) {
        const double size = static_cast<double>(sets.members.length(e));
        if (size < 3) continue;
        const double faces = std::exp2(size) - size - 2;   // of two or more nodes, without the hyperedge itself
        const double there = exact.faces[static_cast<std::size_t>(e)];
        ++looked_at;
        complete += there == faces;
        if (exact.is_maximal[static_cast<std::size_t>(e)]) ++maximal, share += there / faces;
    }
    const double none = std::numeric_limits<double>::quiet_NaN();
    return {looked_at > 0 ? complete / looked_at : none, maximal > 0 ? share / maximal : none};
}

}
