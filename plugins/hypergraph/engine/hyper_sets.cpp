#include "plugins/hypergraph/engine/hyper_sets.h"
#include "core/base/random_numbers.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace lathe::hypergraph {

HyperSets hyper_sets(const Csr& members, std::int64_t nodes) {
    HyperSets sets;
    sets.members.offsets.reserve(members.offsets.size());
    sets.members.items.reserve(members.items.size());
    for (std::int64_t e = 0; e < members.rows(); ++e) {
        const auto row = members[e];
        const auto begin = static_cast<std::ptrdiff_t>(sets.members.items.size());
        sets.members.items.insert(sets.members.items.end(), row.begin(), row.end());
        std::sort(sets.members.items.begin() + begin, sets.members.items.end());
        sets.members.items.erase(std::unique(sets.members.items.begin() + begin, sets.members.items.end()), sets.members.items.end());
        sets.members.offsets.push_back(sets.members.size());
    }
    sets.hyperedges = transposed(sets.members, nodes);
    return sets;
}

Measure summarised(std::vector<double> values, bool sampled) {
    Measure measure;
    measure.exact = !sampled;
    double sum = 0, square = 0, count = 0;
    for (const double v : values)
        if (std::isfinite(v)) sum += v, ++count;
    measure.mean = count > 0 ? sum / count : std::numeric_limits<double>::quiet_NaN();
    for (const double v : values)
        if (std::isfinite(v)) square += (v - measure.mean) * (v - measure.mean);
    if (sampled) measure.error = count > 1 ? std::sqrt(square / (count - 1) / count) : std::numeric_limits<double>::quiet_NaN();
    measure.values = std::move(values);
    return measure;
}

std::vector<std::int64_t> affordable(std::span<const double> costs, double most, std::uint64_t seed) {
    std::vector<std::int64_t> chosen(costs.size());
    std::iota(chosen.begin(), chosen.end(), 0);
    if (std::accumulate(costs.begin(), costs.end(), 0.0) <= most) return chosen;
    Random random(seed);
    double spent = 0;
    std::size_t kept = 0;
    while (kept < chosen.size()) {   // drawn without regard to the cost, else the sample would be biased
        std::swap(chosen[kept], chosen[kept + static_cast<std::size_t>(random.below(static_cast<std::int64_t>(chosen.size() - kept)))]);
        spent += costs[static_cast<std::size_t>(chosen[kept])];
        ++kept;
        if (spent >= most && kept >= 30) break;
    }
    chosen.resize(kept);
    std::ranges::sort(chosen);
    return chosen;
}

UnionFind::UnionFind(std::int64_t size) : m_parent(static_cast<std::size_t>(size)) { std::iota(m_parent.begin(), m_parent.end(), 0); }

std::int32_t UnionFind::find(std::int32_t v) {
    while (m_parent[static_cast<std::size_t>(v)] != v) {
        m_parent[static_cast<std::size_t>(v)] = m_parent[static_cast<std::size_t>(m_parent[static_cast<std::size_t>(v)])];
        v = m_parent[static_cast<std::size_t>(v)];
    }
    return v;
}

void UnionFind::join(std::int32_t a, std::int32_t b) {
    a = find(a), b = find(b);
    if (a != b) m_parent[static_cast<std::size_t>(std::max(a, b))] = std::min(a, b);
}

std::vector<std::int32_t> UnionFind::numbered(const std::vector<bool>& counts) {
    std::vector<std::int32_t> number(m_parent.size(), -1), result(m_parent.size(), -1);
    std::int32_t next = 0;
    for (std::size_t v = 0; v < m_parent.size(); ++v) {
        if (!counts[v]) continue;
        std::int32_t& mine = number[static_cast<std::size_t>(find(static_cast<std::int32_t>(v)))];
        if (mine < 0) mine = next++;
        result[v] = mine;
    }
    return result;
}

}
