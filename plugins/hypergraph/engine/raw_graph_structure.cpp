// From what a reader gathered to the structure of the hybrid graph: edges and hyperedges, directions, duplicates, loops.
#include "core/base/split_mix.h"
#include "plugins/hypergraph/engine/hyperedge_choice.h"
#include "plugins/hypergraph/engine/raw_graph.h"
#include <algorithm>
#include <unordered_set>
#include <utility>

namespace lathe::hypergraph {
namespace {

std::uint64_t pair_hash(std::int32_t a, std::int32_t b) {
    return mixed_bits(((static_cast<std::uint64_t>(static_cast<std::uint32_t>(a)) << 32) | static_cast<std::uint32_t>(b)) + kSplitMixStep);
}

/// Whether each edge has its reverse, as often: the sums of the hashes of all edges and of all reverses agree (by chance once in 2^64).
bool is_symmetric(const std::vector<std::int32_t>& source, const std::vector<std::int32_t>& target) {
    std::uint64_t there = 0, back = 0;
    bool any = false;
    for (std::size_t k = 0; k < source.size(); ++k) {
        if (source[k] == target[k]) continue;
        any = true;
        there += pair_hash(source[k], target[k]);
        back += pair_hash(target[k], source[k]);
    }
    return any && there == back;
}

class StructureFinisher {
public:
    StructureFinisher(HybridGraph& graph, Reading& reading) : m_graph(graph), m_reading(reading), m_raw(reading.raw) {}

    void operator()() {
        edges();
        hyperedges();
    }

private:
    bool asked(const std::string& option, const char* yes, bool automatic) const { return option == "auto" ? automatic : option == yes; }

    void edges() {
        const FormatRules& rules = m_reading.rules;
        const ReadOptions& options = m_reading.options;
        std::vector<std::int32_t>&source = m_raw.source, &target = m_raw.target;
        std::vector<float>& weights = m_raw.edge_weights;
        const auto listed = static_cast<std::int64_t>(source.size());
        const std::int64_t loops = count_loops();
        const bool symmetric = is_symmetric(source, target);
        const bool unreversed = listed > loops && !symmetric;
        m_graph.directed = options.direction == "directed" || (options.direction == "auto" && unreversed && (rules.directed || rules.edges_are_columns));
        const bool drop_loops = asked(options.loops, "remove", rules.remove_loops);
        if (drop_loops && loops > 0) remove_loops();
        if (listed > 0) {
            const bool reverse = !m_graph.directed && !symmetric && !(rules.edges_are_columns && options.direction == "auto");
            m_reading.found("edges", listed, m_graph.directed ? "directed" : reverse ? "undirected: both directions are kept" : "undirected: both directions are in the file");
            if (reverse) add_reverses();
        }
        if (loops > 0) m_reading.found("edges from a node to itself", loops, drop_loops ? "removed" : "kept");
        set_edges(m_graph, source, target, weights);
        source = {};
        target = {};
        weights = {};
        const std::int64_t repeated = count_repeated();
        const bool drop = asked(options.duplicates, "remove", rules.remove_duplicates);
        if (drop) remove_repeated();
        if (repeated > 0) m_reading.found("repeated edges", m_graph.directed ? repeated : repeated / 2, drop ? "removed; the first weight stays" : "kept");
        if (m_graph.out.size() > 0) m_reading.found("columns of edge_index", m_graph.out.size(), {});
    }

    std::int64_t count_loops() const {
        std::int64_t loops = 0;
        for (std::size_t k = 0; k < m_raw.source.size(); ++k) loops += m_raw.source[k] == m_raw.target[k];
        return loops;
    }

    void remove_loops() {
        std::size_t kept = 0;
        for (std::size_t k = 0; k < m_raw.source.size(); ++k) {
            if (m_raw.source[k] == m_raw.target[k]) continue;
            m_raw.source[kept] = m_raw.source[k];
            m_raw.target[kept] = m_raw.target[k];
            if (!m_raw.edge_weights.empty()) m_raw.edge_weights[kept] = m_raw.edge_weights[k];
            ++kept;
        }
        m_raw.source.resize(kept);
        m_raw.target.resize(kept);
        if (!m_raw.edge_weights.empty()) m_raw.edge_weights.resize(kept);
    }

    /// A loop is doubled like any other edge, as the Hybrid Graph Benchmark does it (342 004 columns for 171 002 rows of Facebook).
    void add_reverses() {
        const std::size_t n = m_raw.source.size();
        m_raw.source.resize(2 * n);
        m_raw.target.resize(2 * n);
        for (std::size_t k = 0; k < n; ++k) {
            m_raw.source[n + k] = m_raw.target[k];
            m_raw.target[n + k] = m_raw.source[k];
        }
        if (m_raw.edge_weights.empty()) return;
        m_raw.edge_weights.resize(2 * n);
        std::copy_n(m_raw.edge_weights.begin(), n, m_raw.edge_weights.begin() + static_cast<std::ptrdiff_t>(n));
    }

    std::int64_t count_repeated() const {
        std::vector<std::int32_t> seen(static_cast<std::size_t>(m_graph.nodes), -1);
        std::int64_t repeated = 0;
        for (std::int32_t node = 0; node < m_graph.nodes; ++node)
            for (const std::int32_t other : m_graph.out[node])
                if (other != node) repeated += std::exchange(seen[static_cast<std::size_t>(other)], node) == node;
        return repeated;
    }

    /// Each pair once, sorted by source, then target.
    void remove_repeated() {
        std::vector<std::int32_t> source, target;
        std::vector<float> weights;
        std::vector<std::int64_t> row;
        for (std::int32_t node = 0; node < m_graph.nodes; ++node) {
            row.clear();
            for (std::int64_t k = m_graph.out.offsets[static_cast<std::size_t>(node)]; k < m_graph.out.offsets[static_cast<std::size_t>(node) + 1]; ++k) row.push_back(k);
            const auto other = [this](std::int64_t k) { return m_graph.out.items[static_cast<std::size_t>(k)]; };
            std::ranges::stable_sort(row, {}, other);
            const auto again = std::ranges::unique(row, {}, other);
            row.erase(again.begin(), again.end());
            for (const std::int64_t k : row) {
                source.push_back(node);
                target.push_back(other(k));
                if (!m_graph.edge_weights.empty()) weights.push_back(m_graph.edge_weights[static_cast<std::size_t>(k)]);
            }
        }
        set_edges(m_graph, source, target, weights);
    }

    void hyperedges() {
        const std::int64_t count = m_raw.hyperedges.size();
        if (count == 0) return;
        const IdTable::Order order = m_raw.hyperedges.order();
        reorder(m_raw.member_of, order);
        std::vector<std::int64_t> places;
        Csr members = rows_of(m_raw.member_of, m_raw.member, count, &places);
        std::vector<std::int8_t> direction;
        if (!m_raw.direction.empty())
            for (const std::int64_t place : places) direction.push_back(m_raw.direction[static_cast<std::size_t>(place)]);
        m_raw.member = m_raw.member_of = {};
        const std::int64_t repeated = remove_repeated_members(members, direction);
        std::vector<float> weights;
        if (!m_raw.hyperedge_weights.empty()) {
            weights.assign(static_cast<std::size_t>(count), 1.0f);
            for (std::size_t k = 0; k < m_raw.hyperedge_weights.size(); ++k) weights[order.place.empty() ? k : static_cast<std::size_t>(order.place[k])] = m_raw.hyperedge_weights[k];
        }
        m_reading.found("hyperedges", count, order.labels.empty() ? "ids from 0" : "ids from 0; the file's own ids are their names");
        m_reading.found("memberships", members.size() + repeated, repeated > 0 ? counted(members.size()) + " without repeated ones" : "");
        if (repeated > 0) m_reading.found("nodes that a hyperedge names again", repeated, "counted once");
        set_hyperedges(m_graph, std::move(members));
        m_graph.hyperedge_weights = std::move(weights);
        m_graph.direction = std::move(direction);
        m_graph.hyperedge_names = {order.labels, order.are_texts, m_raw.hyperedge_columns.attributes(count, order)};
        repeated_hyperedges();
        std::int64_t empty = 0, largest = 0;
        for (std::int64_t h = 0; h < m_graph.hyperedge_count(); ++h) {
            empty += m_graph.members.length(h) == 0;
            largest = std::max(largest, m_graph.members.length(h));
        }
        if (empty > 0) m_reading.found("hyperedges without a member", empty, "kept");
        m_reading.found("members of the largest hyperedge", largest, {});
    }

    /// A node may be both tail and head of a directed hyperedge; otherwise it is a member once.
    std::int64_t remove_repeated_members(Csr& members, std::vector<std::int8_t>& direction) const {
        std::vector<std::int32_t> seen[3];
        for (auto& of_direction : seen) of_direction.assign(direction.empty() && &of_direction != &seen[0] ? 0 : static_cast<std::size_t>(m_graph.nodes), -1);
        std::int64_t kept = 0, begin = 0;
        for (std::int64_t h = 0; h < members.rows(); ++h) {
            const std::int64_t end = members.offsets[static_cast<std::size_t>(h) + 1];
            for (std::int64_t k = begin; k < end; ++k) {
                const std::int32_t node = members.items[static_cast<std::size_t>(k)];
                const std::size_t which = direction.empty() ? 0 : static_cast<std::size_t>(direction[static_cast<std::size_t>(k)] + 1);
                if (std::exchange(seen[which][static_cast<std::size_t>(node)], static_cast<std::int32_t>(h)) == h) continue;
                members.items[static_cast<std::size_t>(kept)] = node;
                if (!direction.empty()) direction[static_cast<std::size_t>(kept)] = direction[static_cast<std::size_t>(k)];
                ++kept;
            }
            begin = end;
            members.offsets[static_cast<std::size_t>(h) + 1] = kept;
        }
        const std::int64_t repeated = members.size() - kept;
        members.items.resize(static_cast<std::size_t>(kept));
        if (!direction.empty()) direction.resize(static_cast<std::size_t>(kept));
        return repeated;
    }

    /// Two hyperedges are the same where their sets of members are (and, directed, their tails and heads).
    void repeated_hyperedges() {
        std::unordered_set<std::uint64_t> known;
        std::vector<char> keep(static_cast<std::size_t>(m_graph.hyperedge_count()), 1);
        std::int64_t repeated = 0;
        for (std::int64_t h = 0; h < m_graph.hyperedge_count(); ++h) {
            std::uint64_t sum = mixed_bits(static_cast<std::uint64_t>(m_graph.members.length(h)) + 1), product = 1;
            for (std::int64_t k = m_graph.members.offsets[static_cast<std::size_t>(h)]; k < m_graph.members.offsets[static_cast<std::size_t>(h) + 1]; ++k) {
                const std::uint64_t of = pair_hash(m_graph.members.items[static_cast<std::size_t>(k)], m_graph.direction.empty() ? 0 : m_graph.direction[static_cast<std::size_t>(k)]);
                sum += of;
                product *= of | 1;
            }
            if (m_graph.members.length(h) > 0 && !known.insert(sum ^ mixed_bits(product)).second) {
                ++repeated;
                keep[static_cast<std::size_t>(h)] = 0;
            }
        }
        if (repeated == 0) return;
        const bool drop = m_reading.options.duplicates == "remove";
        m_reading.found("hyperedges with the members of an earlier one", repeated, drop ? "removed" : "kept");
        if (drop) keep_hyperedges(m_graph, keep);
    }

    HybridGraph& m_graph;
    Reading& m_reading;
    RawGraph& m_raw;
};

}

void reorder(std::vector<std::int32_t>& ids, const IdTable::Order& order) {
    if (order.place.empty()) return;
    for (std::int32_t& id : ids) id = order.place[static_cast<std::size_t>(id)];
}

void finish_structure(HybridGraph& graph, Reading& reading) { StructureFinisher(graph, reading)(); }

}
