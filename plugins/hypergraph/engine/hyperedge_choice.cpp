#include "plugins/hypergraph/engine/hyperedge_choice.h"
#include "core/base/error.h"
#include "core/base/random_numbers.h"
#include <algorithm>
#include <set>
#include <unordered_set>

namespace lathe::hypergraph {
namespace {

constexpr std::int64_t kTickEvery = 1 << 16, kLargestSimplex = 24;

template <typename T> std::vector<T> kept_values(const std::vector<T>& values, std::span<const char> keep) {
    std::vector<T> kept;
    for (std::size_t k = 0; k < values.size(); ++k)
        if (keep[k]) kept.push_back(values[k]);
    return kept;
}

}

void keep_hyperedges(HybridGraph& graph, std::span<const char> keep) {
    Csr members;
    std::vector<std::int32_t> kept;
    std::vector<std::int8_t> direction;
    for (std::int64_t h = 0; h < graph.hyperedge_count(); ++h) {
        if (!keep[static_cast<std::size_t>(h)]) continue;
        kept.push_back(static_cast<std::int32_t>(h));
        const auto row = graph.members[h];
        members.items.insert(members.items.end(), row.begin(), row.end());
        members.offsets.push_back(members.size());
        if (graph.direction.empty()) continue;
        const auto at = graph.direction.begin() + graph.members.offsets[static_cast<std::size_t>(h)];
        direction.insert(direction.end(), at, at + graph.members.length(h));
    }
    std::vector<float> weights = kept_values(graph.hyperedge_weights, keep);
    Features features = graph.hyperedge_features.empty() ? Features() : picked_rows(graph.hyperedge_features, kept);
    Names names{kept_values(graph.hyperedge_names.label, keep), graph.hyperedge_names.are_texts, {}};
    for (const Attribute& attribute : graph.hyperedge_names.attributes) names.attributes.push_back({attribute.name, kept_values(attribute.texts, keep), kept_values(attribute.numbers, keep)});
    set_hyperedges(graph, std::move(members));
    graph.hyperedge_weights = std::move(weights);
    graph.direction = std::move(direction);
    graph.hyperedge_features = std::move(features);
    graph.hyperedge_names = std::move(names);
}

std::int64_t keep_sizes(HybridGraph& graph, std::int64_t smallest, std::int64_t largest) {
    std::vector<char> keep(static_cast<std::size_t>(graph.hyperedge_count()));
    std::int64_t gone = 0;
    for (std::int64_t h = 0; h < graph.hyperedge_count(); ++h) {
        const std::int64_t size = graph.members.length(h);
        keep[static_cast<std::size_t>(h)] = size >= smallest && (largest <= 0 || size <= largest);
        gone += !keep[static_cast<std::size_t>(h)];
    }
    if (gone > 0) keep_hyperedges(graph, keep);
    return gone;
}

Csr random_members(const HybridGraph& graph, std::uint64_t seed, const Tick& tick) {
    Random random(seed);
    Csr made;
    made.offsets = graph.members.offsets;
    made.items.reserve(graph.members.items.size());
    std::unordered_set<std::int32_t> taken;
    for (std::int64_t h = 0; h < graph.hyperedge_count(); ++h) {
        if (tick && h % kTickEvery == 0) tick(static_cast<double>(h), static_cast<double>(graph.hyperedge_count()));
        // Floyd's sample: `size` different nodes with as many draws.
        taken.clear();
        const std::int64_t size = std::min(graph.members.length(h), graph.nodes);   // a node that is tail and head counts twice
        for (std::int64_t top = graph.nodes - size; top < graph.nodes; ++top) {
            const auto drawn = static_cast<std::int32_t>(random.below(top + 1));
            const std::int32_t node = taken.insert(drawn).second ? drawn : static_cast<std::int32_t>(top);
            taken.insert(node);
            made.items.push_back(node);
        }
        made.offsets[static_cast<std::size_t>(h) + 1] = made.size();
    }
    return made;
}

Csr swapped_members(const HybridGraph& graph, std::uint64_t seed, const Tick& tick, int rounds) {
    Random random(seed);
    Csr made = graph.members;
    const auto size = static_cast<std::uint64_t>(made.size());
    if (size < 2) return made;
    const std::vector<std::int32_t> row = row_of_each(made);
    const auto key = [](std::int32_t h, std::int32_t node) { return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(h)) << 32) | static_cast<std::uint32_t>(node); };
    std::unordered_set<std::uint64_t> there;
    there.reserve(2 * size);
    for (std::size_t k = 0; k < size; ++k) there.insert(key(row[k], made.items[k]));
    const std::uint64_t total = size * static_cast<std::uint64_t>(rounds);
    for (std::uint64_t round = 0; round < total; ++round) {
        if (tick && round % kTickEvery == 0) tick(static_cast<double>(round), static_cast<double>(total));
        const auto a = static_cast<std::size_t>(random.below(made.size())), b = static_cast<std::size_t>(random.below(made.size()));
        const std::int32_t x = made.items[a], y = made.items[b];
        if (row[a] == row[b] || x == y || there.contains(key(row[a], y)) || there.contains(key(row[b], x))) continue;
        there.erase(key(row[a], x));
        there.erase(key(row[b], y));
        there.insert(key(row[a], y));
        there.insert(key(row[b], x));
        std::swap(made.items[a], made.items[b]);
    }
    return made;
}

Csr all_faces(const Csr& members, std::int64_t most) {
    Csr made = members;
    std::set<std::vector<std::int32_t>> known;
    const auto refuse = [&](std::int64_t size) {
        throw Error(ErrorCode::unsupported, "The simplices have too many faces.", "a simplex of " + std::to_string(size) + " nodes, more than " + std::to_string(most) + " faces in all", "Open the complex without all its faces.");
    };
    std::vector<std::vector<std::int32_t>> sorted;
    for (std::int64_t h = 0; h < members.rows(); ++h) {
        std::vector<std::int32_t> row(members[h].begin(), members[h].end());
        std::ranges::sort(row);
        known.insert(row);
        sorted.push_back(std::move(row));
    }
    std::vector<std::int32_t> face;
    for (const auto& simplex : sorted) {
        const auto size = static_cast<std::int64_t>(simplex.size());
        if (size > kLargestSimplex) refuse(size);
        for (std::uint32_t mask = 1; mask + 1 < (1u << size); ++mask) {
            face.clear();
            for (std::int64_t k = 0; k < size; ++k)
                if (mask >> k & 1) face.push_back(simplex[static_cast<std::size_t>(k)]);
            if (face.size() < 2 || !known.insert(face).second) continue;
            if (made.rows() >= most) refuse(size);
            made.items.insert(made.items.end(), face.begin(), face.end());
            made.offsets.push_back(made.size());
        }
    }
    return made;
}

}
