#pragma once
// Kernels over sparse rows, compiled once for each instruction set (graph_kernels_avx2.cpp, …). Raw pointers, one thread, ranges of rows: graph_ops.cpp splits the work, checks
// shapes and pads widths. Nothing here makes a message per entry: a row is summed in registers. Not used elsewhere.
#include <cstdint>

namespace lathe::hypergraph::kernel {

constexpr int kLanes = 8;                ///< widths of a head are multiples of this

/// Sparse rows. Entry k of a row looks at row items[k] of the other side and has number place[k] (null: k) among the values.
struct Rows {
    const std::int64_t* offsets;
    const std::int32_t* items;
    const std::int64_t* place;
};

struct GatherSum {
    Rows rows;
    const float* x;                      ///< [items, heads * width]
    const float* weights;                ///< [entries, heads] by place; null: all 1
    const float* row_scale;              ///< [rows]; null: all 1
    float* y;                            ///< [rows, heads * width]
    int heads, width;
    bool is_exact = false;               ///< compensated sums (Kahan): as good as in double, at twice the arithmetic
};

struct EntryDots {
    Rows rows;
    const float *g, *x;                  ///< [rows, heads * width], [items, heads * width]
    float* y;                            ///< [entries, heads] by place
    int heads, width;
};

struct PairScores {                      ///< of GATv2
    Rows rows;
    const float *row_part, *item_part;   ///< [rows, heads * width], [items, heads * width]
    const float* attention;              ///< [heads * width]
    float* scores;                       ///< [entries, heads] by place
    float slope;
    int heads, width;
};

struct PairScoresBackward {
    Rows rows;
    const float *row_part, *item_part, *attention;
    const float* dscores;                ///< [entries, heads] by place
    float* drow;                         ///< [rows, heads * width]
    float* dattention;                   ///< [heads * width] of this call's rows; null: not wanted. Added to
    float slope;
    int heads, width;
};

struct Table {
    const char* isa;
    /// y[r] = row_scale[r] * sum over entries of weight * x[item]
    void (*gather_sum)(const GatherSum& work, std::int64_t first, std::int64_t end);
    /// y[entry, head] = <g[row, head], x[item, head]>
    void (*entry_dots)(const EntryDots& work, std::int64_t first, std::int64_t end);
    /// scores = <attention, leaky_relu(row_part[row] + item_part[item])>
    void (*pair_scores)(const PairScores& work, std::int64_t first, std::int64_t end);
    /// drow[r] = the sum over entries of dscore * attention * leaky_relu'(…). With the rows of the other direction it is the gradient of item_part.
    void (*pair_scores_backward)(const PairScoresBackward& work, std::int64_t first, std::int64_t end);
};

namespace avx2 { const Table& table(); }
namespace base { const Table& table(); }
const Table& table();                    ///< the best one this processor runs

}
