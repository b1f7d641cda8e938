#include "plugins/hypergraph/engine/graph_ops.h"
#include "core/base/error.h"
#include "plugins/hypergraph/engine/graph_kernels.h"
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <algorithm>
#include <cmath>
#include <optional>
#include <torch/csrc/autograd/custom_function.h>

namespace lathe::hypergraph {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t kWorthThreads = 20'000;   // entries

/// A pattern kept by an autograd node.
struct HeldPattern : torch::CustomClassHolder {
    explicit HeldPattern(Pattern held) : pattern(std::move(held)) {}
    Pattern pattern;
};
c10::IValue hold(const Pattern& pattern) { return c10::IValue::make_capsule(c10::make_intrusive<HeldPattern>(pattern)); }
Pattern held(const c10::IValue& value) { return c10::static_intrusive_pointer_cast<HeldPattern>(value.toCapsule())->pattern; }

struct Side { const Csr& csr; const std::int64_t* place; std::int64_t count, others; };

Side side_of(const SparsePattern& pattern, Into into) {
    if (into == Into::rows) return {pattern.rows, nullptr, pattern.row_count(), pattern.item_count()};
    return {pattern.columns, pattern.place.data(), pattern.item_count(), pattern.row_count()};
}
kernel::Rows rows_for(const Side& side) { return {side.csr.offsets.data(), side.csr.items.data(), side.place}; }
Into opposite(Into into) { return into == Into::rows ? Into::items : Into::rows; }

/// f(first, end) over all rows, in parts of about equal work.
template <class F> void over_rows(const Csr& csr, F f) {
    const std::int64_t rows = csr.rows(), work = csr.size() + rows;
    const std::int64_t parts = work < kWorthThreads ? 1 : std::min<std::int64_t>(rows, std::int64_t{8} * at::get_num_threads());
    if (parts <= 1) {
        f(std::int64_t{0}, rows);
        return;
    }
    const auto boundary = [&](std::int64_t part) {   // the first row r with offsets[r] + r >= part's share
        if (part == parts) return rows;
        const std::int64_t share = work / parts * part;
        std::int64_t low = 0, high = rows;
        while (low < high) {
            const std::int64_t middle = (low + high) / 2;
            if (csr.offsets[static_cast<std::size_t>(middle)] + middle < share) low = middle + 1;
            else high = middle;
        }
        return low;
    };
    at::parallel_for(0, parts, 1, [&](std::int64_t first, std::int64_t end) {
        for (std::int64_t part = first; part < end; ++part) f(boundary(part), boundary(part + 1));
    });
}

const float* data_of(const at::Tensor& tensor) { return tensor.defined() ? tensor.const_data_ptr<float>() : nullptr; }
float* out_of(const at::Tensor& tensor) { return static_cast<float*>(tensor.mutable_data_ptr()); }

void need_shape(bool ok, const char* what, const at::Tensor& tensor) {
    if (!ok || tensor.scalar_type() != at::kFloat) {
        std::string shape;
        for (const std::int64_t size : tensor.sizes()) shape += (shape.empty() ? "" : " x ") + std::to_string(size);
        throw Error(ErrorCode::invalid_value, "A tensor does not fit the graph.", std::string(what) + ": " + c10::toString(tensor.scalar_type()) + " " + shape, "It must be float with one row for each node, hyperedge or entry.");
    }
}

/// Rows of `heads` parts of `width` columns, contiguous, each part padded with zeros to whole registers.
struct Parts {
    Parts(const at::Tensor& x, int head_count) : heads(head_count), width(static_cast<int>(x.numel() / std::max<std::int64_t>(1, x.size(0) * head_count))) {
        if (x.size(0) == 0) width = static_cast<int>(c10::multiply_integers(x.sizes().slice(1)) / head_count);
        const int over = width % kernel::kLanes;
        padded_width = over == 0 ? width : width + kernel::kLanes - over;
        values = over == 0 ? x.contiguous() : at::constant_pad_nd(x.reshape({x.size(0), heads, width}), {0, padded_width - width});
    }
    at::Tensor values;
    int heads, width, padded_width;
    at::Tensor made(std::int64_t rows) const { return at::empty({rows, heads, padded_width}, values.options()); }
    /// Without the padding, [rows, heads * width].
    at::Tensor trimmed(const at::Tensor& made) const { return (padded_width == width ? made : made.narrow(2, 0, width)).reshape({made.size(0), static_cast<std::int64_t>(heads) * width}); }
};

/// An undefined tensor is none for the autograd engine.
std::optional<at::Tensor> present(const at::Tensor& tensor) { return tensor.defined() ? std::optional(tensor) : std::nullopt; }

int heads_of(const at::Tensor& weights) { return weights.defined() && weights.dim() == 2 ? static_cast<int>(weights.size(1)) : 1; }

at::Tensor gathered(const SparsePattern& pattern, Into into, const at::Tensor& x, const at::Tensor& weights, const at::Tensor& scale) {
    const Side side = side_of(pattern, into);
    const Parts parts(x, heads_of(weights));
    const at::Tensor y = parts.made(side.count), values = weights.defined() ? weights.contiguous() : weights;
    const kernel::GatherSum work{rows_for(side), data_of(parts.values), data_of(values), data_of(scale), out_of(y), parts.heads, parts.padded_width};
    over_rows(side.csr, [&](std::int64_t first, std::int64_t end) { kernel::table().gather_sum(work, first, end); });
    return parts.trimmed(y);
}

class GatherSum : public torch::autograd::Function<GatherSum> {
public:
    static at::Tensor forward(AutogradContext* context, const Pattern& pattern, Into into, const at::Tensor& x, const std::optional<at::Tensor>& given_weights, const std::optional<at::Tensor>& given_scale) {
        const at::Tensor weights = given_weights.value_or(at::Tensor()), scale = given_scale.value_or(at::Tensor());
        context->saved_data["pattern"] = hold(pattern);
        context->saved_data["into"] = static_cast<std::int64_t>(into);
        context->saved_data["x_wanted"] = x.requires_grad();
        context->saved_data["weights_wanted"] = weights.defined() && weights.requires_grad();
        context->save_for_backward({weights.defined() && weights.requires_grad() ? x : at::Tensor(), weights, scale});
        const at::Tensor y = gathered(*pattern, into, x, weights, scale);
        std::vector<std::int64_t> shape = x.sizes().vec();
        shape[0] = y.size(0);
        return y.view(shape);
    }

    static variable_list backward(AutogradContext* context, variable_list grads) {
        const auto saved = context->get_saved_variables();
        const at::Tensor &x = saved[0], &weights = saved[1], &scale = saved[2];
        const Pattern pattern = held(context->saved_data["pattern"]);
        const auto into = static_cast<Into>(context->saved_data["into"].toInt());
        at::Tensor g = grads[0].contiguous(), dx, dweights;
        if (scale.defined()) g = g * (g.dim() == 3 ? scale.view({-1, 1, 1}) : scale.view({-1, 1}));
        if (context->saved_data["x_wanted"].toBool()) {
            std::vector<std::int64_t> shape = g.sizes().vec();
            dx = gathered(*pattern, opposite(into), g, weights, {});
            shape[0] = dx.size(0);
            dx = dx.view(shape);
        }
        if (context->saved_data["weights_wanted"].toBool()) {
            const Side side = side_of(*pattern, into);
            const Parts rows(g, heads_of(weights)), items(x, heads_of(weights));
            dweights = at::empty(weights.sizes(), weights.options());
            const kernel::EntryDots work{rows_for(side), data_of(rows.values), data_of(items.values), out_of(dweights), rows.heads, rows.padded_width};
            over_rows(side.csr, [&](std::int64_t first, std::int64_t end) { kernel::table().entry_dots(work, first, end); });
        }
        return {{}, {}, dx, dweights, {}};
    }
};

class GatherTwice : public torch::autograd::Function<GatherTwice> {
public:
    static at::Tensor forward(AutogradContext* context, const Pattern& pattern, const at::Tensor& x, const at::Tensor& row_scale, const at::Tensor& item_scale) {
        context->saved_data["pattern"] = hold(pattern);
        context->save_for_backward({row_scale, item_scale});
        return gathered(*pattern, Into::items, gathered(*pattern, Into::rows, x, {}, row_scale), {}, item_scale);
    }
    static variable_list backward(AutogradContext* context, variable_list grads) {
        const auto saved = context->get_saved_variables();
        const Pattern pattern = held(context->saved_data["pattern"]);
        const at::Tensor g = grads[0] * saved[1].unsqueeze(1);
        return {{}, gathered(*pattern, Into::items, gathered(*pattern, Into::rows, g, {}, saved[0]), {}, {}), {}, {}};
    }
};

class GatherMax : public torch::autograd::Function<GatherMax> {
public:
    static at::Tensor forward(AutogradContext* context, const Pattern& pattern, const at::Tensor& given) {
        const at::Tensor x = given.contiguous();
        const std::int64_t width = x.size(1);
        const at::Tensor y = at::zeros({pattern->row_count(), width}, x.options()), ties = at::ones_like(y);
        const float* from = data_of(x);
        over_rows(pattern->rows, [&](std::int64_t first, std::int64_t end) {
            for (std::int64_t r = first; r < end; ++r) {
                float *most = out_of(y) + r * width, *count = out_of(ties) + r * width;
                const auto items = pattern->rows[r];
                for (std::size_t k = 0; k < items.size(); ++k) {
                    const float* row = from + items[k] * width;
                    for (std::int64_t c = 0; c < width; ++c) {
                        if (k == 0 || row[c] > most[c]) {
                            most[c] = row[c];
                            count[c] = 1;
                        } else if (row[c] == most[c]) ++count[c];
                    }
                }
            }
        });
        context->saved_data["pattern"] = hold(pattern);
        context->save_for_backward({x, y, ties});
        return y;
    }
    static variable_list backward(AutogradContext* context, variable_list grads) {
        const auto saved = context->get_saved_variables();
        const Pattern pattern = held(context->saved_data["pattern"]);
        const std::int64_t width = saved[0].size(1);
        const at::Tensor shared = (grads[0] / saved[2]).contiguous(), dx = at::zeros_like(saved[0]);
        const float *x = data_of(saved[0]), *y = data_of(saved[1]), *g = data_of(shared);
        over_rows(pattern->columns, [&](std::int64_t first, std::int64_t end) {
            for (std::int64_t item = first; item < end; ++item)
                for (const std::int32_t r : pattern->columns[item])
                    for (std::int64_t c = 0; c < width; ++c)
                        if (x[item * width + c] == y[r * width + c]) out_of(dx)[item * width + c] += g[r * width + c];
        });
        return {{}, dx};
    }
};

/// Sums of [entries, heads] by place over one side.
at::Tensor entry_sums(const SparsePattern& pattern, Into into, const at::Tensor& values) {
    const Side side = side_of(pattern, into);
    const std::int64_t heads = values.size(1);
    const at::Tensor y = at::zeros({side.count, heads}, values.options());
    const float* from = data_of(values);
    over_rows(side.csr, [&](std::int64_t first, std::int64_t end) {
        for (std::int64_t r = first; r < end; ++r)
            for (std::int64_t k = side.csr.offsets[static_cast<std::size_t>(r)]; k < side.csr.offsets[static_cast<std::size_t>(r) + 1]; ++k) {
                const std::int64_t place = side.place ? side.place[k] : k;
                for (std::int64_t h = 0; h < heads; ++h) out_of(y)[r * heads + h] += from[place * heads + h];
            }
    });
    return y;
}

class EntryScores : public torch::autograd::Function<EntryScores> {
public:
    static at::Tensor forward(AutogradContext* context, const Pattern& pattern, const at::Tensor& row_part, const at::Tensor& item_part, const std::optional<at::Tensor>& given_extra, double slope) {
        const at::Tensor extra = given_extra.value_or(at::Tensor());
        const at::Tensor a = row_part.contiguous(), b = item_part.contiguous(), more = extra.defined() ? extra.contiguous() : extra;
        const std::int64_t heads = a.size(1);
        const at::Tensor scores = at::empty({pattern->entries(), heads}, a.options());
        const float *of_row = data_of(a), *of_item = data_of(b), *of_entry = data_of(more);
        const Csr& rows = pattern->rows;
        over_rows(rows, [&](std::int64_t first, std::int64_t end) {
            for (std::int64_t r = first; r < end; ++r)
                for (std::int64_t k = rows.offsets[static_cast<std::size_t>(r)]; k < rows.offsets[static_cast<std::size_t>(r) + 1]; ++k)
                    for (std::int64_t h = 0; h < heads; ++h) {
                        const float raw = of_row[r * heads + h] + of_item[rows.items[static_cast<std::size_t>(k)] * heads + h] + (of_entry ? of_entry[k * heads + h] : 0.0f);
                        out_of(scores)[k * heads + h] = raw > 0 ? raw : raw * static_cast<float>(slope);
                    }
        });
        context->saved_data["pattern"] = hold(pattern);
        context->saved_data["slope"] = slope;
        context->saved_data["extra"] = extra.defined();
        context->save_for_backward({scores});
        return scores;
    }
    static variable_list backward(AutogradContext* context, variable_list grads) {
        const at::Tensor scores = context->get_saved_variables()[0];
        const Pattern pattern = held(context->saved_data["pattern"]);
        const at::Tensor raw = at::where(scores > 0, grads[0], grads[0] * context->saved_data["slope"].toDouble()).contiguous();
        return {{}, entry_sums(*pattern, Into::rows, raw), entry_sums(*pattern, Into::items, raw), context->saved_data["extra"].toBool() ? raw : at::Tensor(), {}};
    }
};

class PairScores : public torch::autograd::Function<PairScores> {
public:
    static at::Tensor forward(AutogradContext* context, const Pattern& pattern, const at::Tensor& a, const at::Tensor& b, const at::Tensor& attention, double slope) {
        const int heads = static_cast<int>(attention.size(0));
        const Parts rows(a, heads), items(b, heads), weights(attention.unsqueeze(0), heads);
        const at::Tensor scores = at::empty({pattern->entries(), heads}, a.options());
        const kernel::PairScores work{rows_for(side_of(*pattern, Into::rows)), data_of(rows.values), data_of(items.values), data_of(weights.values), out_of(scores), static_cast<float>(slope), heads, rows.padded_width};
        over_rows(pattern->rows, [&](std::int64_t first, std::int64_t end) { kernel::table().pair_scores(work, first, end); });
        context->saved_data["pattern"] = hold(pattern);
        context->saved_data["slope"] = slope;
        context->save_for_backward({a, b, attention});
        return scores;
    }
    static variable_list backward(AutogradContext* context, variable_list grads) {
        const auto saved = context->get_saved_variables();
        const Pattern pattern = held(context->saved_data["pattern"]);
        const int heads = static_cast<int>(saved[2].size(0));
        const Parts rows(saved[0], heads), items(saved[1], heads), weights(saved[2].unsqueeze(0), heads);
        const at::Tensor dscores = grads[0].contiguous();
        const auto slope = static_cast<float>(context->saved_data["slope"].toDouble());
        const auto of_side = [&](Into into, const Parts& mine, const Parts& other, at::Tensor* dattention) {
            const Side side = side_of(*pattern, into);
            const at::Tensor d = mine.made(side.count);
            kernel::PairScoresBackward work{rows_for(side), data_of(mine.values), data_of(other.values), data_of(weights.values), data_of(dscores), out_of(d), nullptr, slope, heads, mine.padded_width};
            if (dattention) {   // one sum over all rows, in their order
                *dattention = at::zeros_like(weights.values);
                work.dattention = out_of(*dattention);
                kernel::table().pair_scores_backward(work, 0, side.count);
            } else over_rows(side.csr, [&](std::int64_t first, std::int64_t end) { kernel::table().pair_scores_backward(work, first, end); });
            return mine.trimmed(d);
        };
        at::Tensor dattention;
        const at::Tensor da = of_side(Into::rows, rows, items, &dattention).view_as(saved[0]), db = of_side(Into::items, items, rows, nullptr).view_as(saved[1]);
        return {{}, da, db, weights.trimmed(dattention.view({1, heads, weights.padded_width})).view_as(saved[2]), {}};
    }
};

class EntrySoftmax : public torch::autograd::Function<EntrySoftmax> {
public:
    static at::Tensor forward(AutogradContext* context, const Pattern& pattern, Into among, const at::Tensor& given) {
        const at::Tensor scores = given.contiguous(), alpha = at::empty_like(scores);
        const std::int64_t heads = scores.size(1);
        const Side side = side_of(*pattern, among);
        const float* from = data_of(scores);
        float* to = out_of(alpha);
        over_rows(side.csr, [&](std::int64_t first, std::int64_t end) {
            for (std::int64_t r = first; r < end; ++r) {
                const std::int64_t begin = side.csr.offsets[static_cast<std::size_t>(r)], stop = side.csr.offsets[static_cast<std::size_t>(r) + 1];
                const auto spot = [&](std::int64_t k, std::int64_t h) { return (side.place ? side.place[k] : k) * heads + h; };
                for (std::int64_t h = 0; h < heads; ++h) {
                    float most = -HUGE_VALF, total = 0;
                    for (std::int64_t k = begin; k < stop; ++k) most = std::max(most, from[spot(k, h)]);
                    for (std::int64_t k = begin; k < stop; ++k) total += to[spot(k, h)] = std::exp(from[spot(k, h)] - most);
                    for (std::int64_t k = begin; k < stop; ++k) to[spot(k, h)] /= total + 1e-16f;
                }
            }
        });
        context->saved_data["pattern"] = hold(pattern);
        context->saved_data["among"] = static_cast<std::int64_t>(among);
        context->save_for_backward({alpha});
        return alpha;
    }
    static variable_list backward(AutogradContext* context, variable_list grads) {
        const at::Tensor alpha = context->get_saved_variables()[0], g = grads[0].contiguous(), dscores = at::empty_like(alpha);
        const Pattern pattern = held(context->saved_data["pattern"]);
        const Side side = side_of(*pattern, static_cast<Into>(context->saved_data["among"].toInt()));
        const std::int64_t heads = alpha.size(1);
        const float *a = data_of(alpha), *d = data_of(g);
        over_rows(side.csr, [&](std::int64_t first, std::int64_t end) {
            for (std::int64_t r = first; r < end; ++r) {
                const std::int64_t begin = side.csr.offsets[static_cast<std::size_t>(r)], stop = side.csr.offsets[static_cast<std::size_t>(r) + 1];
                const auto spot = [&](std::int64_t k, std::int64_t h) { return (side.place ? side.place[k] : k) * heads + h; };
                for (std::int64_t h = 0; h < heads; ++h) {
                    float mean = 0;
                    for (std::int64_t k = begin; k < stop; ++k) mean += a[spot(k, h)] * d[spot(k, h)];
                    for (std::int64_t k = begin; k < stop; ++k) out_of(dscores)[spot(k, h)] = a[spot(k, h)] * (d[spot(k, h)] - mean);
                }
            }
        });
        return {{}, {}, dscores};
    }
};

at::Tensor sizes_of(const Csr& csr) {
    const at::Tensor sizes = at::empty({csr.rows()}, at::kFloat);
    for (std::int64_t r = 0; r < csr.rows(); ++r) out_of(sizes)[r] = static_cast<float>(csr.length(r));
    return sizes;
}

}

at::Tensor gather_sum(const Pattern& pattern, Into into, const at::Tensor& x, const at::Tensor& weights, const at::Tensor& scale) {
    const Side side = side_of(*pattern, into);
    need_shape(x.dim() >= 2 && x.size(0) == side.others, "rows that are gathered", x);
    if (weights.defined()) need_shape(weights.size(0) == pattern->entries() && (weights.dim() == 1 || (weights.dim() == 2 && (weights.size(1) == 1 || (x.dim() == 3 && x.size(1) == weights.size(1))))), "weights of the entries", weights);
    if (scale.defined()) need_shape(scale.dim() == 1 && scale.size(0) == side.count, "scales", scale);
    return GatherSum::apply(pattern, into, x, present(weights), present(scale));
}

at::Tensor gather_max(const Pattern& pattern, const at::Tensor& x) {
    need_shape(x.dim() == 2 && x.size(0) == pattern->item_count(), "rows that are gathered", x);
    return GatherMax::apply(pattern, x);
}

at::Tensor gather_twice(const Pattern& pattern, const at::Tensor& x, const at::Tensor& row_scale, const at::Tensor& item_scale) {
    need_shape(x.dim() == 2 && x.size(0) == pattern->item_count(), "rows that are gathered", x);
    return GatherTwice::apply(pattern, x, row_scale, item_scale);
}

at::Tensor entry_scores(const Pattern& pattern, const at::Tensor& a, const at::Tensor& b, const at::Tensor& extra, double slope) {
    need_shape(a.dim() == 2 && a.size(0) == pattern->row_count(), "scores of the rows", a);
    need_shape(b.dim() == 2 && b.size(0) == pattern->item_count() && b.size(1) == a.size(1), "scores of the items", b);
    if (extra.defined()) need_shape(extra.dim() == 2 && extra.size(0) == pattern->entries() && extra.size(1) == a.size(1), "scores of the entries", extra);
    return EntryScores::apply(pattern, a, b, present(extra), slope);
}

at::Tensor pair_scores(const Pattern& pattern, const at::Tensor& a, const at::Tensor& b, const at::Tensor& attention, double slope) {
    need_shape(a.dim() == 3 && a.size(0) == pattern->row_count(), "rows", a);
    need_shape(b.dim() == 3 && b.size(0) == pattern->item_count(), "items", b);
    return PairScores::apply(pattern, a, b, attention, slope);
}

at::Tensor entry_softmax(const Pattern& pattern, Into among, const at::Tensor& scores) {
    need_shape(scores.dim() == 2 && scores.size(0) == pattern->entries(), "scores", scores);
    return EntrySoftmax::apply(pattern, among, scores);
}

at::Tensor row_sizes(const Pattern& pattern) { return sizes_of(pattern->rows); }
at::Tensor item_sizes(const Pattern& pattern) { return sizes_of(pattern->columns); }
at::Tensor inverse_or_zero(const at::Tensor& x) { return at::where(x == 0, at::zeros_like(x), at::where(x == 0, at::ones_like(x), x).reciprocal()); }

}
