// Bodies of the kernels of graph_kernels.h, included once for each instruction set with LATHE_ISA (name space). No include guard on purpose. Only GCC's vector types are
// used, so one text serves all instruction sets.
#include "plugins/hypergraph/engine/graph_kernels.h"
#include <algorithm>
#include <cstring>
#pragma GCC diagnostic ignored "-Wpsabi"   // vectors never cross a function that is not inlined

namespace lathe::hypergraph::kernel::LATHE_ISA {
namespace {

constexpr int W = kLanes;
typedef float V __attribute__((vector_size(W * 4)));
#define LATHE_INLINE inline __attribute__((always_inline))

constexpr std::int64_t kAhead = 12;        // entries from the one being summed to the one being fetched: about the time of a memory access

LATHE_INLINE V load(const float* p) {
    V v;
    std::memcpy(&v, p, sizeof v);
    return v;
}
LATHE_INLINE void store(float* p, V v) { std::memcpy(p, &v, sizeof v); }
LATHE_INLINE float sum(V v) { return ((v[0] + v[4]) + (v[1] + v[5])) + ((v[2] + v[6]) + (v[3] + v[7])); }
LATHE_INLINE V leaky(V v, float slope) { return v > 0 ? v : v * slope; }
LATHE_INLINE std::int64_t place_of(const Rows& rows, std::int64_t k) { return rows.place ? rows.place[k] : k; }

/// Columns [column, column + R * W) of row r, which belong to one head.
template <int R, bool weighted, bool exact> LATHE_INLINE void gather_block(const GatherSum& g, std::int64_t r, std::int64_t last, int head, std::int64_t column) {
    const std::int64_t stride = static_cast<std::int64_t>(g.heads) * g.width, begin = g.rows.offsets[r], end = g.rows.offsets[r + 1];
    V total[R] = {};
    [[maybe_unused]] V lost[R] = {};
    for (std::int64_t k = begin; k < end; ++k) {
        const float* ahead = g.x + g.rows.items[std::min(k + kAhead, last)] * stride + column;
        for (int i = 0; i < R; i += 2) __builtin_prefetch(ahead + i * W);
        const float* x = g.x + g.rows.items[k] * stride + column;
        if constexpr (exact) {
            const float weight = weighted ? g.weights[place_of(g.rows, k) * g.heads + head] : 1.0f;
            for (int i = 0; i < R; ++i) {
                const V term = load(x + i * W) * weight - lost[i], sum = total[i] + term;
                lost[i] = (sum - total[i]) - term;
                total[i] = sum;
            }
        } else if constexpr (weighted) {
            const float weight = g.weights[place_of(g.rows, k) * g.heads + head];
            for (int i = 0; i < R; ++i) total[i] += load(x + i * W) * weight;
        } else {
            for (int i = 0; i < R; ++i) total[i] += load(x + i * W);
        }
    }
    const float scale = g.row_scale ? g.row_scale[r] : 1.0f;
    for (int i = 0; i < R; ++i) store(g.y + r * stride + column + i * W, total[i] * scale);
}

template <bool weighted, bool exact> void gather_rows(const GatherSum& g, std::int64_t first, std::int64_t end) {
    const std::int64_t last = g.rows.offsets[end] - 1;   // never looked at where there is no entry
    for (std::int64_t r = first; r < end; ++r)
        for (int head = 0; head < g.heads; ++head) {
            const std::int64_t base = static_cast<std::int64_t>(head) * g.width;
            int c = 0;
            for (; c + 4 * W <= g.width; c += 4 * W) gather_block<4, weighted, exact>(g, r, last, head, base + c);
            if (c + 2 * W <= g.width) {
                gather_block<2, weighted, exact>(g, r, last, head, base + c);
                c += 2 * W;
            }
            if (c < g.width) gather_block<1, weighted, exact>(g, r, last, head, base + c);
        }
}

void gather_sum(const GatherSum& work, std::int64_t first, std::int64_t end) {
    if (work.is_exact) work.weights ? gather_rows<true, true>(work, first, end) : gather_rows<false, true>(work, first, end);
    else work.weights ? gather_rows<true, false>(work, first, end) : gather_rows<false, false>(work, first, end);
}

void entry_dots(const EntryDots& work, std::int64_t first, std::int64_t end) {
    const std::int64_t stride = static_cast<std::int64_t>(work.heads) * work.width;
    for (std::int64_t r = first; r < end; ++r)
        for (std::int64_t k = work.rows.offsets[r]; k < work.rows.offsets[r + 1]; ++k)
            for (int head = 0; head < work.heads; ++head) {
                const float *g = work.g + r * stride + static_cast<std::int64_t>(head) * work.width, *x = work.x + work.rows.items[k] * stride + static_cast<std::int64_t>(head) * work.width;
                V total{};
                for (int c = 0; c < work.width; c += W) total += load(g + c) * load(x + c);
                work.y[place_of(work.rows, k) * work.heads + head] = sum(total);
            }
}

void pair_scores(const PairScores& work, std::int64_t first, std::int64_t end) {
    const std::int64_t stride = static_cast<std::int64_t>(work.heads) * work.width;
    for (std::int64_t r = first; r < end; ++r)
        for (std::int64_t k = work.rows.offsets[r]; k < work.rows.offsets[r + 1]; ++k)
            for (int head = 0; head < work.heads; ++head) {
                const std::int64_t base = static_cast<std::int64_t>(head) * work.width;
                const float *a = work.row_part + r * stride + base, *b = work.item_part + work.rows.items[k] * stride + base;
                V total{};
                for (int c = 0; c < work.width; c += W) total += load(work.attention + base + c) * leaky(load(a + c) + load(b + c), work.slope);
                work.scores[place_of(work.rows, k) * work.heads + head] = sum(total);
            }
}

void pair_scores_backward(const PairScoresBackward& work, std::int64_t first, std::int64_t end) {
    const std::int64_t stride = static_cast<std::int64_t>(work.heads) * work.width;
    for (std::int64_t r = first; r < end; ++r)
        for (std::int64_t base = 0; base < stride; base += work.width)
            for (int c = 0; c < work.width; c += W) {
                const std::int64_t column = base + c, head = base / work.width;
                const V mine = load(work.row_part + r * stride + column), attention = load(work.attention + column);
                V total{}, attended{};
                for (std::int64_t k = work.rows.offsets[r]; k < work.rows.offsets[r + 1]; ++k) {
                    const V both = mine + load(work.item_part + work.rows.items[k] * stride + column);
                    const float d = work.dscores[place_of(work.rows, k) * work.heads + head];
                    attended += leaky(both, work.slope) * d;
                    total += both > 0 ? V{} + d : V{} + d * work.slope;
                }
                store(work.drow + r * stride + column, total * attention);
                if (work.dattention) store(work.dattention + column, load(work.dattention + column) + attended);
            }
}

}

#define LATHE_NAME(isa) #isa
#define LATHE_TEXT_OF(isa) LATHE_NAME(isa)
const Table& table() {
    static const Table made{LATHE_TEXT_OF(LATHE_ISA), gather_sum, entry_dots, pair_scores, pair_scores_backward};
    return made;
}

}
