// Maximal cliques: Bron-Kerbosch over a degeneracy order (Eppstein, Löffler, Strash 2010) with the pivot of Tomita, Tanaka, Takahashi (2006). What is left to choose from ("P") are
// the later neighbours of one node, at most the degeneracy, so it is a bit set of a few words; what was tried before ("X") is a list of such sets.
#include "core/base/error.h"
#include "plugins/hypergraph/engine/construction.h"
#include "plugins/hypergraph/engine/degeneracy.h"
#include "core/nn/parallel.h"
#include <algorithm>
#include <atomic>
#include <bit>
#include <memory>

namespace lathe::hypergraph {
namespace {

constexpr std::int64_t kRanksInPiece = 16;
constexpr std::int64_t kMembersBetweenCounts = 1 << 16;

/// Cliques one behind the other: what one worker found.
struct CliqueList {
    std::vector<std::int32_t> members, sizes;
};

struct CliqueSearch {
    const Csr& neighbours;
    const DegeneracyOrder& order;
    const Csr& later;                        ///< rank -> ranks of the later neighbours, ascending
    const Csr& earlier;                      ///< rank -> ranks of the earlier neighbours
    std::int64_t smallest, most;
    std::atomic<std::int64_t> total{0};      ///< memberships so far

    void count(std::int64_t members) {
        if ((total += members) > most)
            throw Error(ErrorCode::invalid_value, "The graph has too many maximal cliques.", "more than " + std::to_string(most) + " memberships", "Choose another strategy, or a larger smallest size.");
    }
};

/// The cliques whose first node in the degeneracy order is a given one. kWords: words of a set; 0: known only at run time.
template <std::size_t kWords> class CliquesOfNode {
public:
    CliquesOfNode(CliqueSearch& search, std::size_t words) : m_search(search), m_runtime_words(words), m_place(search.neighbours.offsets.size(), -1) {}

    void find(std::int64_t rank, CliqueList& out) {
        const auto later = m_search.later[rank];
        if (static_cast<std::int64_t>(later.size()) + 1 < m_search.smallest) return;
        m_out = &out;
        m_node = m_search.order.node[static_cast<std::size_t>(rank)];
        m_nodes.clear();
        for (const std::int32_t r : later) m_nodes.push_back(m_search.order.node[static_cast<std::size_t>(r)]);
        std::ranges::sort(m_nodes);   // so that members come out ascending
        for (std::size_t k = 0; k < m_nodes.size(); ++k) m_place[static_cast<std::size_t>(m_search.order.rank[static_cast<std::size_t>(m_nodes[k])])] = static_cast<std::int32_t>(k);
        m_adjacent.assign(m_nodes.size() * words(), 0);
        for (std::size_t k = 0; k < m_nodes.size(); ++k)
            for (const std::int32_t r : m_search.later[m_search.order.rank[static_cast<std::size_t>(m_nodes[k])]])
                if (const std::int32_t other = m_place[static_cast<std::size_t>(r)]; other >= 0) {
                    set_bit(row(k), static_cast<std::size_t>(other));
                    set_bit(row(static_cast<std::size_t>(other)), k);
                }
        const std::size_t n = words();
        std::size_t tried_end = 0;
        make_room(m_tried, m_search.earlier[rank].size() * n);
        for (const std::int32_t x : m_search.earlier[rank]) {
            std::uint64_t* set = m_tried.data() + tried_end;
            std::fill_n(set, n, 0);
            bool any = later.empty();
            for (const std::int32_t r : m_search.later[x])
                if (const std::int32_t k = m_place[static_cast<std::size_t>(r)]; k >= 0) {
                    set_bit(set, static_cast<std::size_t>(k));
                    any = true;
                }
            if (any) tried_end += n;   // else it touches none of the choices, so it extends no clique that has one of them
        }
        for (const std::int32_t r : later) m_place[static_cast<std::size_t>(r)] = -1;
        make_room(m_stack, 2 * n);         // choices, chosen
        std::fill_n(m_stack.data(), 2 * n, 0);
        for (std::size_t k = 0; k < m_nodes.size(); ++k) set_bit(m_stack.data(), k);
        expand(0, 0, tried_end, 1);
        m_search.count(m_uncounted);
        m_uncounted = 0;
    }

private:
    std::size_t words() const { return kWords ? kWords : m_runtime_words; }
    std::uint64_t* row(std::size_t k) { return m_adjacent.data() + k * words(); }
    static void make_room(std::vector<std::uint64_t>& pool, std::size_t size) {
        if (pool.size() < size) pool.resize(2 * size);
    }
    static void set_bit(std::uint64_t* set, std::size_t k) { set[k / 64] |= std::uint64_t{1} << (k % 64); }
    static bool has_bit(const std::uint64_t* set, std::size_t k) { return set[k / 64] >> (k % 64) & 1; }
    int common(const std::uint64_t* a, const std::uint64_t* b) const {
        int count = 0;
        for (std::size_t w = 0; w < words(); ++w) count += std::popcount(a[w] & b[w]);
        return count;
    }

    void emit(const std::uint64_t* chosen, std::int64_t size) {
        if (size < m_search.smallest) return;
        std::vector<std::int32_t>& members = m_out->members;
        bool placed = false;
        for (std::size_t w = 0; w < words(); ++w)
            for (std::uint64_t bits = chosen[w]; bits; bits &= bits - 1) {
                const std::int32_t node = m_nodes[w * 64 + static_cast<std::size_t>(std::countr_zero(bits))];
                if (!placed && node > m_node) {
                    members.push_back(m_node);
                    placed = true;
                }
                members.push_back(node);
            }
        if (!placed) members.push_back(m_node);
        m_out->sizes.push_back(static_cast<std::int32_t>(size));
        if ((m_uncounted += size) >= kMembersBetweenCounts) {
            m_search.count(m_uncounted);
            m_uncounted = 0;
        }
    }

    /// `level`: place of the two sets in the stack; the tried sets of this level: [tried, tried_end); `size`: nodes chosen.
    void expand(std::size_t level, std::size_t tried, std::size_t tried_end, std::int64_t size) {
        const std::size_t n = words();
        make_room(m_stack, (level + 2) * 2 * n);
        make_room(m_branch, (level + 1) * n);
        const std::uint64_t* choices = m_stack.data() + level * 2 * n;
        int count = 0;
        for (std::size_t w = 0; w < n; ++w) count += std::popcount(choices[w]);
        if (count == 0 && tried == tried_end) emit(choices + n, size);
        if (count == 0 || size + count < m_search.smallest) return;
        const std::uint64_t* pivot = pivot_of(choices, count, tried, tried_end);
        if (!pivot) return;
        for (std::size_t w = 0; w < n; ++w) m_branch[level * n + w] = choices[w] & ~pivot[w];
        for (std::size_t w = 0; w < n; ++w)
            while (std::uint64_t bits = m_branch[level * n + w]) {
                m_branch[level * n + w] = bits & (bits - 1);
                const std::size_t k = w * 64 + static_cast<std::size_t>(std::countr_zero(bits));
                expand(level + 1, tried_end, descend(level, k, tried, tried_end), size + 1);
                m_stack[level * 2 * n + w] &= ~(std::uint64_t{1} << (k % 64));   // tried now
                make_room(m_tried, tried_end + n);
                std::copy_n(row(k), n, m_tried.data() + tried_end);
                tried_end += n;
            }
    }

    /// Of all choices and tried ones, the one with most neighbours among the choices; null: a tried one extends every clique to come.
    const std::uint64_t* pivot_of(const std::uint64_t* choices, int count, std::size_t tried, std::size_t tried_end) {
        int best = -1;
        const std::uint64_t* pivot = nullptr;
        for (std::size_t x = tried; x < tried_end; x += words()) {
            const int c = common(choices, m_tried.data() + x);
            if (c == count) return nullptr;
            if (c > best) best = c, pivot = m_tried.data() + x;
        }
        for (std::size_t w = 0; w < words(); ++w)
            for (std::uint64_t bits = choices[w]; bits && best < count - 1; bits &= bits - 1) {
                const std::uint64_t* candidate = row(w * 64 + static_cast<std::size_t>(std::countr_zero(bits)));
                if (const int c = common(choices, candidate); c > best) best = c, pivot = candidate;
            }
        return pivot;
    }

    /// Writes the sets of the next level, k being chosen, and its tried sets behind those of this level. Returns their end.
    std::size_t descend(std::size_t level, std::size_t k, std::size_t tried, std::size_t tried_end) {
        const std::size_t n = words();
        const std::uint64_t* mine = m_stack.data() + level * 2 * n;
        std::uint64_t* next = m_stack.data() + (level + 1) * 2 * n;
        bool any = false;
        for (std::size_t v = 0; v < n; ++v) {
            next[v] = mine[v] & row(k)[v];
            any = any || next[v];
            next[n + v] = mine[n + v];
        }
        set_bit(next + n, k);
        make_room(m_tried, tried_end + (tried_end - tried));
        std::size_t end = tried_end;
        for (std::size_t x = tried; x < tried_end; x += n) {
            const std::uint64_t* set = m_tried.data() + x;
            if (!has_bit(set, k) || (any && common(next, set) == 0)) continue;
            std::copy_n(set, n, m_tried.data() + end);
            end += n;
        }
        return end;
    }

    CliqueSearch& m_search;
    std::size_t m_runtime_words;
    std::vector<std::int32_t> m_place, m_nodes;
    std::vector<std::uint64_t> m_adjacent, m_tried, m_stack, m_branch;
    CliqueList* m_out = nullptr;
    std::int32_t m_node = 0;
    std::int64_t m_uncounted = 0;
};

struct CliquePiece { int worker = 0; std::size_t members = 0, members_end = 0, sizes = 0, sizes_end = 0; };

template <std::size_t kWords> Csr search_all(CliqueSearch& search, std::size_t words, const Tick& tick) {
    const std::int64_t pieces = (search.later.rows() + kRanksInPiece - 1) / kRanksInPiece;
    std::vector<CliqueList> lists(static_cast<std::size_t>(thread_count()));
    std::vector<std::unique_ptr<CliquesOfNode<kWords>>> finders(lists.size());
    std::vector<CliquePiece> found(static_cast<std::size_t>(pieces));
    parallel_each(
        pieces,
        [&](int worker, std::int64_t piece) {
            auto& finder = finders[static_cast<std::size_t>(worker)];
            if (!finder) finder = std::make_unique<CliquesOfNode<kWords>>(search, words);
            CliqueList& list = lists[static_cast<std::size_t>(worker)];
            CliquePiece& mine = found[static_cast<std::size_t>(piece)];
            mine = {worker, list.members.size(), 0, list.sizes.size(), 0};
            for (std::int64_t rank = piece * kRanksInPiece; rank < std::min(search.later.rows(), (piece + 1) * kRanksInPiece); ++rank) finder->find(rank, list);
            mine.members_end = list.members.size();
            mine.sizes_end = list.sizes.size();
        },
        [&](std::int64_t done) {
            if (tick) tick(static_cast<double>(done), static_cast<double>(pieces));
        });
    Csr cliques;
    std::size_t members = 0, count = 0;
    for (const CliqueList& list : lists) members += list.members.size(), count += list.sizes.size();
    cliques.items.reserve(members);
    cliques.offsets.reserve(count + 1);
    for (const CliquePiece& piece : found) {
        const CliqueList& list = lists[static_cast<std::size_t>(piece.worker)];
        cliques.items.insert(cliques.items.end(), list.members.begin() + static_cast<std::ptrdiff_t>(piece.members), list.members.begin() + static_cast<std::ptrdiff_t>(piece.members_end));
        for (std::size_t k = piece.sizes; k < piece.sizes_end; ++k) cliques.offsets.push_back(cliques.offsets.back() + list.sizes[k]);
    }
    return cliques;
}

}

Csr maximal_cliques(const Csr& neighbours, std::int64_t smallest, const Tick& tick, std::int64_t most) {
    const DegeneracyOrder order = degeneracy_order(neighbours);
    std::vector<std::int32_t> from, to;
    from.reserve(neighbours.items.size() / 2);
    to.reserve(neighbours.items.size() / 2);
    for (std::int64_t r = 0; r < neighbours.rows(); ++r)
        for (const std::int32_t other : neighbours[order.node[static_cast<std::size_t>(r)]])
            if (const std::int32_t rank = order.rank[static_cast<std::size_t>(other)]; rank > r) {
                from.push_back(static_cast<std::int32_t>(r));
                to.push_back(rank);
            }
    const Csr earlier = rows_of(to, from, neighbours.rows());
    const Csr later = transposed(earlier, neighbours.rows());
    CliqueSearch search{neighbours, order, later, earlier, std::max<std::int64_t>(1, smallest), most};
    const std::size_t words = std::max<std::size_t>(1, (static_cast<std::size_t>(order.degeneracy) + 63) / 64);
    if (words == 1) return search_all<1>(search, words, tick);
    if (words == 2) return search_all<2>(search, words, tick);
    if (words == 3) return search_all<3>(search, words, tick);
    return search_all<0>(search, words, tick);
}

}
