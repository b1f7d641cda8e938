#include "core/nn/kernels.h"
#include "core/base/error.h"
#include "core/nn/kernel_table.h"
#include "core/nn/parallel.h"
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <algorithm>
#include <cmath>
#include <functional>
#include <mutex>
#include <unistd.h>
#include <vector>

namespace lathe {
namespace kernel {

const Table& table() {
    static const Table& best = []() -> const Table& {
        __builtin_cpu_init();
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) return avx512::table();
        if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2::table();
        return base::table();
    }();
    return best;
}

}
namespace fused {
namespace {

using kernel::Bf16;

constexpr std::int64_t kGrain = 16'384;   // elements that are worth a thread

[[noreturn]] void refuse(const char* what, const at::Tensor& t) {
    throw Error(ErrorCode::internal, std::string("A fused kernel cannot take this tensor: ") + what, std::string(at::toString(t.scalar_type())) + " of " + std::to_string(t.dim()) + " dimensions");
}
bool dense_floats(const at::Tensor& t, std::int64_t dims) { return t.dim() == dims && t.is_contiguous() && t.scalar_type() == at::kFloat && t.device().is_cpu(); }
void need(bool ok, const char* what, const at::Tensor& t) {
    if (!ok) refuse(what, t);
}

template <class F> void with_type(const at::Tensor& t, F f) {
    if (t.scalar_type() == at::kFloat) f(float{});
    else if (t.scalar_type() == at::kBFloat16) f(Bf16{});
    else refuse("float or bfloat16 is needed", t);
}
template <class T> const T* in(const at::Tensor& t) { return static_cast<const T*>(t.const_data_ptr()); }
template <class T> T* out(const at::Tensor& t) { return static_cast<T*>(t.mutable_data_ptr()); }

struct Shape {
    std::int64_t items, tokens, d;
    std::int64_t rows() const { return items * tokens; }
};
Shape shape_of(const at::Tensor& x) {
    need(x.dim() == 3 && x.is_contiguous(), "[B, N, D] contiguous is needed", x);
    return {x.size(0), x.size(1), x.size(2)};
}
void need_vectors(const at::Tensor& v, const Shape& s) {
    need(v.scalar_type() == at::kFloat && v.dim() == 2 && v.size(0) == s.items && v.size(1) == s.d && v.stride(1) == 1, "float [B, D] is needed", v);
}
/// Whether a tensor of so many bytes is written past the cache: where it would not stay there until it is read, fetching each line before it is overwritten is
/// waste; where the last cache holds it (it may be hundreds of megabytes), memory is not touched at all.
bool goes_past_the_cache(std::size_t bytes) {
    static const auto last_cache = static_cast<std::size_t>(std::max<long>(sysconf(_SC_LEVEL3_CACHE_SIZE), 8 << 20));
    return bytes > last_cache / 2;
}

std::int64_t rows_grain(std::int64_t d) { return std::max<std::int64_t>(1, kGrain / d); }

}

bool usable(const at::Tensor& x) { return x.device().is_cpu() && x.scalar_type() == at::kFloat && x.dim() == 3 && x.is_contiguous(); }
const char* instruction_set() { return kernel::table().isa; }

at::Tensor modulated_norm(const at::Tensor& x, const at::Tensor& shift, const at::Tensor& scale, double eps, at::ScalarType type, at::Tensor* mean, at::Tensor* rstd) {
    const Shape s = shape_of(x);
    if (shift.defined()) {
        need_vectors(shift, s);
        need_vectors(scale, s);
        need(shift.stride(0) == scale.stride(0), "shift and scale need the same stride", shift);
    }
    at::Tensor y = at::empty(x.sizes(), x.options().dtype(type));
    if (mean) {
        *mean = at::empty({s.rows()}, x.options());
        *rstd = at::empty({s.rows()}, x.options());
    }
    with_type(y, [&]<class T>(T) {
        at::parallel_for(0, s.rows(), rows_grain(s.d), [&](std::int64_t first, std::int64_t end) {
            kernel::typed<T>().modulated_norm(in<float>(x), out<T>(y), shift.defined() ? in<float>(shift) : nullptr, shift.defined() ? in<float>(scale) : nullptr,
                shift.defined() ? shift.stride(0) : 0, mean ? out<float>(*mean) : nullptr, mean ? out<float>(*rstd) : nullptr, first, end, int(s.d), int(s.tokens), float(eps));
        });
    });
    return y;
}

void modulated_norm_backward(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& mean, const at::Tensor& rstd, const at::Tensor& scale, const at::Tensor& dx,
    const at::Tensor& dshift, const at::Tensor& dscale) {
    const Shape s = shape_of(x);
    need_vectors(scale, s);
    need_vectors(dshift, s);
    need_vectors(dscale, s);
    need(dshift.stride(0) == scale.stride(0) && dscale.stride(0) == scale.stride(0), "gradients of shift and scale need the stride of scale", dscale);
    with_type(dy, [&]<class T>(T) {
        at::parallel_for(0, s.items, std::max<std::int64_t>(1, kGrain / (s.d * s.tokens)), [&](std::int64_t first, std::int64_t end) {
            kernel::typed<T>().modulated_norm_backward(in<T>(dy), in<float>(x), in<float>(mean), in<float>(rstd), in<float>(scale), scale.stride(0), out<float>(dx), out<float>(dshift),
                out<float>(dscale), first, end, int(s.d), int(s.tokens));
        });
    });
}

at::Tensor gated_sum(const at::Tensor& h, const at::Tensor& x, const at::Tensor& gate) {
    const Shape s = shape_of(h);
    need(x.sizes() == h.sizes() && x.is_contiguous(), "the branch needs the shape of the residual", x);
    need_vectors(gate, s);
    at::Tensor y = at::empty_like(h);
    with_type(x, [&]<class T>(T) {
        at::parallel_for(0, s.rows(), rows_grain(s.d), [&](std::int64_t first, std::int64_t end) {
            kernel::typed<T>().gated_sum(in<float>(h), in<T>(x), in<float>(gate), gate.stride(0), out<float>(y), first, end, int(s.d), int(s.tokens));
        });
    });
    return y;
}

at::Tensor gated_sum_backward(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& gate, const at::Tensor& dgate) {
    const Shape s = shape_of(x);
    need_vectors(gate, s);
    need_vectors(dgate, s);
    need(gate.stride(0) == dgate.stride(0), "the gradient of the gate needs its stride", dgate);
    need(dy.is_contiguous() && dy.scalar_type() == at::kFloat, "contiguous float is needed", dy);
    at::Tensor dx = at::empty_like(x);
    with_type(x, [&]<class T>(T) {
        at::parallel_for(0, s.items, std::max<std::int64_t>(1, kGrain / (s.d * s.tokens)), [&](std::int64_t first, std::int64_t end) {
            kernel::typed<T>().gated_sum_backward(in<float>(dy), in<T>(x), in<float>(gate), gate.stride(0), out<T>(dx), out<float>(dgate), first, end, int(s.d), int(s.tokens));
        });
    });
    return dx;
}

at::Tensor gelu(const at::Tensor& x, const at::Tensor& bias, bool in_place, Gelu form) {
    const std::int64_t d = x.size(-1), rows = x.numel() / std::max<std::int64_t>(1, d);
    need(x.is_contiguous(), "contiguous is needed", x);
    at::Tensor y = in_place ? x : at::empty_like(x);
    with_type(x, [&]<class T>(T) {
        at::parallel_for(0, rows, std::max<std::int64_t>(1, kGrain / 4 / d), [&](std::int64_t first, std::int64_t end) {
            kernel::typed<T>().gelu(in<T>(x), bias.defined() ? in<float>(bias) : nullptr, out<T>(y), first, end, int(d), static_cast<kernel::Gelu>(form));
        });
    });
    return y;
}

at::Tensor gelu_backward(const at::Tensor& dy, const at::Tensor& x) {
    need(x.is_contiguous() && dy.is_contiguous() && dy.scalar_type() == x.scalar_type(), "two contiguous tensors of one type are needed", dy);
    at::Tensor dx = at::empty_like(x);
    with_type(x, [&]<class T>(T) {
        at::parallel_for(0, x.numel(), kGrain / 4, [&](std::int64_t first, std::int64_t end) { kernel::typed<T>().gelu_backward(in<T>(dy) + first, in<T>(x) + first, out<T>(dx) + first, end - first); });
    });
    return dx;
}

std::int64_t thin_rows() { return kernel::kThinRows; }

at::Tensor thin_linear(const at::Tensor& x, const at::Tensor& w, const at::Tensor& bias) {
    need(dense_floats(x, 2) && x.size(0) <= kernel::kThinRows, "float [rows <= 8, in] is needed", x);
    need(dense_floats(w, 2) && w.size(1) == x.size(1), "float [out, in] is needed", w);
    need(!bias.defined() || (dense_floats(bias, 1) && bias.size(0) == w.size(0)), "float [out] is needed", bias);
    const std::int64_t rows = x.size(0), inner = x.size(1), columns = w.size(0);
    at::Tensor y = at::empty({rows, columns}, x.options());
    at::parallel_for(0, columns, std::max<std::int64_t>(4, 4 * kGrain / std::max<std::int64_t>(1, rows * inner)), [&](std::int64_t first, std::int64_t end) {
        kernel::table().thin_linear(in<float>(x), in<float>(w), bias.defined() ? in<float>(bias) : nullptr, out<float>(y), int(rows), int(inner), first, end, columns);
    });
    return y;
}

void linears(const std::vector<Linear>& layers) {
    struct Task { const Linear* layer; std::int64_t row, rows, column; };
    std::int64_t all_rows = 0;
    for (const Linear& one : layers) {
        need(dense_floats(one.x, 2) && one.x.size(1) == layers.front().x.size(1), "float [rows, in] of one width is needed", one.x);
        need(dense_floats(one.w, 2) && one.w.sizes() == layers.front().w.sizes() && one.w.size(1) == one.x.size(1), "float [out, in] of one shape is needed", one.w);
        need(dense_floats(one.y, 2) && one.y.size(0) == one.x.size(0) && one.y.size(1) == one.w.size(0), "float [rows, out] is needed", one.y);
        need(!one.bias.defined() || (dense_floats(one.bias, 1) && one.bias.size(0) == one.w.size(0)), "float [out] is needed", one.bias);
        all_rows += one.x.size(0);
    }
    if (all_rows == 0) return;
    const std::int64_t inner = layers.front().x.size(1), columns = layers.front().w.size(0), panel = kernel::table().panel_columns, panels = (columns + panel - 1) / panel;
    // Enough tasks that the last one keeps nobody waiting long, but each with enough rows to be worth packing its panel.
    const std::int64_t wanted = 8 * at::get_num_threads(), block = std::clamp<std::int64_t>(all_rows * panels / wanted, 96, 1024);
    std::vector<Task> tasks;
    for (const Linear& one : layers) {
        const std::int64_t rows = one.x.size(0), parts = std::max<std::int64_t>(1, (rows + block / 2) / block);
        for (std::int64_t part = 0; part < parts && rows > 0; ++part)
            for (std::int64_t column = 0; column < columns; column += panel) tasks.push_back({&one, rows * part / parts, rows * (part + 1) / parts - rows * part / parts, column});
    }
    std::ranges::stable_sort(tasks, std::greater{}, &Task::rows);
    const auto work = [&](int, std::int64_t i) {
        thread_local std::vector<float> scratch;
        scratch.resize(std::max(scratch.size(), static_cast<std::size_t>(panel * std::min<std::int64_t>(inner, kernel::kLinearDepth))));
        const Task& t = tasks[static_cast<std::size_t>(i)];
        kernel::table().linear(in<float>(t.layer->x) + t.row * inner, in<float>(t.layer->w), t.layer->bias.defined() ? in<float>(t.layer->bias) : nullptr, out<float>(t.layer->y) + t.row * columns, int(t.rows),
            inner, t.column, std::min(t.column + panel, columns), columns, scratch.data());
    };
    const auto count = static_cast<std::int64_t>(tasks.size());
    if (all_rows * inner * columns >= kGrain * 16) return parallel_each(count, work);
    for (std::int64_t i = 0; i < count; ++i) work(0, i);
}

at::Tensor column_sum(const at::Tensor& x) {
    need(x.is_contiguous(), "contiguous is needed", x);
    const std::int64_t d = x.size(-1), rows = x.numel() / d, parts = std::min<std::int64_t>(at::get_num_threads(), std::max<std::int64_t>(1, rows));
    at::Tensor sums = at::zeros({parts, d}, x.options().dtype(at::kFloat));
    with_type(x, [&]<class T>(T) {
        at::parallel_for(0, parts, 1, [&](std::int64_t first, std::int64_t end) {
            for (std::int64_t part = first; part < end; ++part) kernel::typed<T>().column_sum(in<T>(x), out<float>(sums) + part * d, rows * part / parts, rows * (part + 1) / parts, int(d));
        });
    });
    return sums.sum(0);
}

namespace {
struct Heads { std::int64_t units; int tokens, heads, size; float scale; };
Heads heads_of(const at::Tensor& qkv, std::int64_t heads) {
    const Shape s = shape_of(qkv);
    need(heads > 0 && s.d % (3 * heads) == 0, "[B, N, 3 * heads * size] is needed", qkv);
    const std::int64_t size = s.d / 3 / heads;
    return {s.items * heads, int(s.tokens), int(heads), int(size), float(1.0 / std::sqrt(double(size)))};
}
template <class F> void over_heads(const Heads& h, bool backward, F f) {
    at::parallel_for(0, h.units, 1, [&](std::int64_t first, std::int64_t end) {
        thread_local std::vector<float> scratch;
        const auto need_floats = static_cast<std::size_t>(kernel::table().attention_scratch(h.tokens, h.size, backward));
        if (scratch.size() < need_floats) scratch.resize(need_floats);
        f(first, end, scratch.data());
    });
}
}

at::Tensor attention(const at::Tensor& qkv, std::int64_t heads, at::Tensor* probabilities) {
    const Heads h = heads_of(qkv, heads);
    at::Tensor y = at::empty({qkv.size(0), qkv.size(1), qkv.size(2) / 3}, qkv.options());
    if (probabilities) *probabilities = at::empty({h.units, h.tokens, h.tokens}, qkv.options());
    with_type(qkv, [&]<class T>(T) {
        over_heads(h, false, [&](std::int64_t first, std::int64_t end, float* scratch) {
            kernel::typed<T>().attention(in<T>(qkv), out<T>(y), probabilities ? out<T>(*probabilities) : nullptr, first, end, h.tokens, h.heads, h.size, h.scale, scratch);
        });
    });
    return y;
}

at::Tensor attention_backward(const at::Tensor& qkv, std::int64_t heads, const at::Tensor& probabilities, const at::Tensor& dout) {
    const Heads h = heads_of(qkv, heads);
    need(dout.is_contiguous() && dout.scalar_type() == qkv.scalar_type() && probabilities.scalar_type() == qkv.scalar_type(), "contiguous gradients of the type of qkv are needed", dout);
    at::Tensor dqkv = at::empty_like(qkv);
    with_type(qkv, [&]<class T>(T) {
        over_heads(h, true, [&](std::int64_t first, std::int64_t end, float* scratch) {
            kernel::typed<T>().attention_backward(in<T>(qkv), in<T>(probabilities), in<T>(dout), out<T>(dqkv), first, end, h.tokens, h.heads, h.size, h.scale, scratch);
        });
    });
    return dqkv;
}

void add_relu_(const at::Tensor& y, const at::Tensor& given) {
    const at::MemoryFormat format = y.suggest_memory_format();
    const at::Tensor x = given.contiguous(format);
    need(y.scalar_type() == at::kFloat && x.scalar_type() == at::kFloat && y.sizes() == x.sizes() && y.is_contiguous(format), "two dense floats of one shape are needed", y);
    at::parallel_for(0, y.numel(), kGrain, [&](std::int64_t first, std::int64_t end) { kernel::table().add_relu(out<float>(y) + first, in<float>(x) + first, end - first); });
}

at::Tensor on_grid(const at::Tensor& x, const EvenGrid& grid) {
    need(x.scalar_type() == at::kFloat && x.is_non_overlapping_and_dense(), "dense floats are needed", x);
    at::Tensor y = at::empty_like(x);
    at::parallel_for(0, x.numel(), kGrain, [&](std::int64_t first, std::int64_t end) {
        kernel::table().on_grid(in<float>(x) + first, out<float>(y) + first, end - first, {grid.inverse, grid.scale, grid.low, grid.high});
    });
    return y;
}

std::vector<double> grid_errors(const at::Tensor& x, const std::vector<EvenGrid>& grids) {
    constexpr std::int64_t kBlock = 8192;   // stays in the cache while all grids are tried on it
    need(x.scalar_type() == at::kFloat && x.is_non_overlapping_and_dense() && x.numel() > 0, "dense floats are needed", x);
    std::vector<double> sums(grids.size());
    std::mutex mutex;
    at::parallel_for(0, (x.numel() + kBlock - 1) / kBlock, 4, [&](std::int64_t first, std::int64_t end) {
        std::vector<double> own(grids.size());
        for (std::int64_t start = first * kBlock; start < std::min(end * kBlock, x.numel()); start += kBlock)
            for (std::size_t g = 0; g < grids.size(); ++g)
                own[g] += kernel::table().grid_error(in<float>(x) + start, std::min(kBlock, x.numel() - start), {grids[g].inverse, grids[g].scale, grids[g].low, grids[g].high});
        const std::lock_guard lock(mutex);
        for (std::size_t g = 0; g < grids.size(); ++g) sums[g] += own[g];
    });
    for (double& sum : sums) sum /= static_cast<double>(x.numel());
    return sums;
}

at::Tensor quantize_u8(const at::Tensor& given, double scale, std::int64_t zero) {
    need(given.scalar_type() == at::kFloat, "float is needed", given);
    const at::MemoryFormat format = given.suggest_memory_format();
    const at::Tensor x = given.contiguous(format);
    at::Tensor y = at::_empty_affine_quantized(x.sizes(), at::kQUInt8, scale, zero, format);
    at::parallel_for(0, x.numel(), kGrain, [&](std::int64_t first, std::int64_t end) {
        kernel::table().quantize_u8(in<float>(x) + first, out<std::uint8_t>(y) + first, end - first, 1.0f / float(scale), float(zero));
    });
    return y;
}

at::Tensor dequantize_u8(const at::Tensor& given) {
    need(given.scalar_type() == at::kQUInt8 && given.qscheme() == at::kPerTensorAffine, "u8, quantized as a whole, is needed", given);
    const at::MemoryFormat format = given.suggest_memory_format();
    const at::Tensor x = given.contiguous(format);
    at::Tensor y = at::empty(x.sizes(), at::TensorOptions(at::kFloat).memory_format(format));
    at::parallel_for(0, x.numel(), kGrain, [&](std::int64_t first, std::int64_t end) {
        kernel::table().dequantize_u8(in<std::uint8_t>(x) + first, out<float>(y) + first, end - first, float(x.q_scale()), float(x.q_zero_point()));
    });
    return y;
}

at::Tensor upsampled_cat_u8(const std::vector<at::Tensor>& given, double scale, std::int64_t zero) {
    std::vector<at::Tensor> maps;
    std::int64_t channels = 0;
    for (const at::Tensor& map : given) {
        need(map.dim() == 4 && map.scalar_type() == at::kFloat && map.size(0) == given.front().size(0), "float [N, C, h, w] of one N is needed", map);
        maps.push_back(map.contiguous(at::MemoryFormat::ChannelsLast));
        channels += map.size(1);
    }
    const std::int64_t count = maps.front().size(0), height = maps.front().size(2), width = maps.front().size(3);
    at::Tensor y = at::_empty_affine_quantized({count, channels, height, width}, at::kQUInt8, scale, zero, at::MemoryFormat::ChannelsLast);
    at::parallel_for(0, count * height, std::max<std::int64_t>(1, kGrain / (width * channels)), [&](std::int64_t first, std::int64_t end) {
        for (std::int64_t row = first; row < end; ++row) {
            std::uint8_t* to = out<std::uint8_t>(y) + row * width * channels;
            for (const at::Tensor& map : maps) {
                const std::int64_t h = map.size(2), w = map.size(3), c = map.size(1);
                const float ratio = float(h) / float(height), place = std::max(0.0f, ratio * (float(row % height) + 0.5f) - 0.5f);
                const auto above = std::int64_t(place), below = std::min(above + 1, h - 1);
                const float* image = in<float>(map) + row / height * h * w * c;
                kernel::table().upsampled_row_u8(image + above * w * c, image + below * w * c, place - float(above), int(w), int(c), int(width), to, channels, 1.0f / float(scale), float(zero));
                to += c;
            }
        }
    });
    return y;
}

void gather_rows(const std::vector<at::Tensor>& maps, std::int64_t row_bytes, const std::vector<at::Tensor>& indices, std::uint8_t none, const at::Tensor& y) {
    const auto bytes = static_cast<std::size_t>(row_bytes);
    std::vector<kernel::RowSource> sources;
    for (std::size_t k = 0; k < maps.size(); ++k) sources.push_back({in<std::byte>(maps[k]), indices.at(k).const_data_ptr<std::int32_t>()});
    const std::int64_t count = maps.empty() ? 0 : indices.front().numel();
    if (y.nbytes() != static_cast<std::size_t>(count) * maps.size() * bytes) refuse("room for every row is needed", y);
    const std::vector<std::byte> empty(bytes, std::byte{none});
    auto* to = out<std::byte>(y);
    const bool past = goes_past_the_cache(y.nbytes()) && bytes % 64 == 0 && reinterpret_cast<std::uintptr_t>(to) % 64 == 0;
    const auto gather = past ? kernel::table().gather_rows_past_cache : kernel::table().gather_rows;
    at::parallel_for(0, count, std::max<std::int64_t>(1, (64 << 10) / std::max<std::int64_t>(1, row_bytes)), [&](std::int64_t first, std::int64_t end) {
        gather(sources.data(), static_cast<int>(sources.size()), bytes, empty.data(), to, first, end);
    });
}

}
}
