#pragma once
// Differentiable operations over a SparsePattern, with derivatives written by hand: everything is summed row by row, and no message is ever stored for an entry. Float, CPU. Sums
// run in the order of the entries, so a result does not depend on the number of threads.
#include "plugins/hypergraph/engine/sparse_pattern.h"
#include <ATen/core/Tensor.h>

namespace lathe::hypergraph {

/// Which side is gathered into: `rows` sums items into each row, `items` sums rows into each item.
enum class Into { rows, items };

/// y[r] = scale[r] * sum over the entries of r of weight * x[the other side]. x [other side, C], or [other side, heads, C] where weights have several heads;
/// weights [entries, heads] or [entries] by place, undefined: all 1; scale [this side] is a constant, undefined: all 1.
/// Gradients for x and weights.
at::Tensor gather_sum(const Pattern& pattern, Into into, const at::Tensor& x, const at::Tensor& weights = {}, const at::Tensor& scale = {});

/// Sparse features times W [columns, C]: [rows, C]. Sums are compensated: a hidden unit that is near 0 falls to the side of a relu where the exact sum falls, and training
/// goes the way of the dense product. values by place, undefined: all 1.
at::Tensor sparse_product(const Pattern& features, const at::Tensor& values, const at::Tensor& w);

/// The largest x of each row's items, 0 where it has none: [rows, C]. The gradient is shared evenly among ties.
at::Tensor gather_max(const Pattern& pattern, const at::Tensor& x);

/// Two passes of HypergraphConv: e = row_scale * sum of x over the members, y = item_scale * sum of e over the hyperedges. Scales are constants. x [items, C].
at::Tensor gather_twice(const Pattern& pattern, const at::Tensor& x, const at::Tensor& row_scale, const at::Tensor& item_scale);

/// scores [entries, heads] = leaky_relu(a[row] + b[item] + extra). a [rows, heads], b [items, heads], extra [entries, heads] by place or undefined.
at::Tensor entry_scores(const Pattern& pattern, const at::Tensor& a, const at::Tensor& b, const at::Tensor& extra, double slope);

/// GATv2: scores [entries, heads] = <attention, leaky_relu(a[row] + b[item])>. a [rows, heads, C], b [items, heads, C], attention [heads, C].
at::Tensor pair_scores(const Pattern& pattern, const at::Tensor& a, const at::Tensor& b, const at::Tensor& attention, double slope);

/// exp(score - largest) / (sum + 1e-16) among the entries of one row (`Into::rows`) or one item, for each head. scores [entries, heads] by place.
at::Tensor entry_softmax(const Pattern& pattern, Into among, const at::Tensor& scores);

/// Entries of each row, entries of each item: float.
at::Tensor row_sizes(const Pattern& pattern);
at::Tensor item_sizes(const Pattern& pattern);
/// 1 / x, 0 where x is 0.
at::Tensor inverse_or_zero(const at::Tensor& x);

}
