#include "plugins/quantization/engine/int8_builder.h"
#include "core/base/error.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace lathe::quantization {
namespace {

using Lookup = std::array<std::uint8_t, 256>;
constexpr std::size_t kSlack = 64;             // bytes behind a value that kernels may read

/// dimensions of [N, C, H, W] or [N, C] without the first
struct Box { std::int64_t channels, height, width; };
Box box_of(const std::vector<std::int64_t>& shape) {
    const auto size = [&](std::size_t d) { return d < shape.size() ? shape[d] : 1; };
    return {size(1), size(2), size(3)};
}

bool is_box(const GraphNode& node) { return node.shape.size() == 2 || node.shape.size() == 4; }

}

Int8Builder::Int8Builder(Int8Engine& engine, Network& network, QuantTap& calibrated, bool fuse)
    : m_engine(engine), m_calibrated(calibrated), m_plan(calibrated.plan()), m_operators(node_operators(network, calibrated)), m_fuse(fuse), m_value_of(m_plan.graph.nodes.size(), -1) {}

const Placed* Int8Builder::place(int i) const {
    const auto found = std::ranges::find_if(m_plan.activations, [&](const Placed& placed) {
        return placed.node == i || (node(i).last_layer() >= 0 && node(placed.node).last_layer() == node(i).last_layer());
    });
    return found == m_plan.activations.end() ? nullptr : &*found;
}

std::optional<Int8Builder::Step> Int8Builder::step(int i) const {
    const Placed* placed = place(i);
    if (!placed) return {};
    const IntegerGrid grid = integer_grid(*m_calibrated.find(placed->name), placed->name);
    if (!grid.is_byte()) return {};
    const std::int32_t offset = grid.is_signed() ? 128 : 0;
    return Step{grid.scale_value(), static_cast<std::int32_t>(grid.zero_value()) + offset, static_cast<std::int32_t>(grid.low) + offset, static_cast<std::int32_t>(grid.high) + offset, offset};
}

int Int8Builder::add_value(int i, std::optional<Step> step) {
    const Box box = box_of(node(i).shape);
    Value made{box.channels, box.height, box.width};
    made.is_codes = step.has_value();
    if (step) made.step = *step;
    m_engine.m_values.push_back(made);
    return static_cast<int>(m_engine.m_values.size()) - 1;
}

void Int8Builder::add(int i, int written, const std::vector<int>& read, std::function<void(Picture&)> run) {
    const int when = static_cast<int>(m_engine.m_operations.size());
    for (const int v : read) value(v).dead = when;
    if (written >= 0) {
        if (value(written).born < 0) value(written).born = when;
        value(written).dead = when;
    }
    m_engine.m_operations.push_back({std::move(run), i, written});
}

void Int8Builder::build() {
    if (m_plan.is_empty()) throw Error(ErrorCode::unsupported, "Nothing is quantized, so there are no integers to run.", "backend " + m_plan.backend, "Choose a backend that knows these layers, or quantize some.");
    for (int i = 0; i < static_cast<int>(m_operators.size()); ++i) {
        m_engine.m_names.push_back(node(i).name);
        if (m_done.contains(i)) continue;
        if (!is_box(node(i))) throw Error(ErrorCode::unsupported, "The integer engine knows pictures and vectors only.", "node " + node(i).name, "Run this network with the simulation of integers.");
        switch (op(i).kind) {
        case OperatorKind::input: add_input(i); break;
        case OperatorKind::conv: add_conv(i); break;
        case OperatorKind::linear: add_linear(i); break;
        case OperatorKind::norm: {
            const BatchNorm2d* norm = op(i).norm;
            const bool relu = node(i).activation >= 0;
            add_float(i, "", [norm, relu](const std::vector<at::Tensor>& in) {
                const at::Tensor y = at::batch_norm(in[0], norm->weight, norm->bias, norm->running_mean, norm->running_var, false, 0, norm->eps(), false);
                return relu ? at::relu(y) : y;
            });
            break;
        }
        case OperatorKind::relu: add_relu(i); break;
        case OperatorKind::add: add_sum(i); break;
        case OperatorKind::concat: add_concat(i); break;
        case OperatorKind::slice: case OperatorKind::pad: add_moved(i); break;
        case OperatorKind::max_pool: add_max_pool(i); break;
        case OperatorKind::global_average: add_average(i); break;
        case OperatorKind::flatten: add_flatten(i); break;
        case OperatorKind::softmax: {
            const std::int64_t axis = op(i).axis;
            add_float(i, "", [axis](const std::vector<at::Tensor>& in) { return at::softmax(in[0], axis); });
            break;
        }
        }
    }
    if (!m_is_integer)
        throw Error(ErrorCode::unsupported, "No layer of this network runs on integers with these settings.",
            m_engine.m_float.empty() ? "backend " + m_plan.backend : m_engine.m_float.begin()->first + ": " + m_engine.m_float.begin()->second,
            "Choose a backend with weights without a zero point and at most 8 bits, such as ONNX Runtime.");
    for (int i = 0; i < static_cast<int>(m_operators.size()); ++i) {
        if (!node(i).is_output) continue;
        const int last = value_of(i);
        m_engine.m_outputs = value(last).count();
        add(-1, -1, {last}, [e = &m_engine, last](Picture& picture) {
            const at::Tensor result = e->real(picture, last).contiguous();
            std::memcpy(picture.output, result.const_data_ptr<float>(), result.nbytes());
        });
    }
    m_engine.m_share = m_macs > 0 ? m_integer_macs / m_macs : 0;
    place_values();
}

void Int8Builder::add_input(int i) {
    if (!m_engine.m_input_shape.empty()) throw Error(ErrorCode::unsupported, "The integer engine takes one input.", "node " + node(i).name, "Run this network with the simulation of integers.");
    m_engine.m_input_shape = node(i).shape;
    const int out = add_value(i, step(i));
    m_value_of[static_cast<std::size_t>(i)] = out;
    add(i, out, {}, [e = &m_engine, out](Picture& picture) {
        const Value& v = e->m_values[static_cast<std::size_t>(out)];
        const std::int64_t pixels = v.height * v.width;
        if (!v.is_codes) {
            at::Tensor x = at::from_blob(const_cast<float*>(picture.input), picture.input_last ? at::IntArrayRef{1, v.height, v.width, v.channels} : at::IntArrayRef{1, v.channels, v.height, v.width});
            e->put_real(picture, out, picture.input_last ? x.permute({0, 3, 1, 2}) : x);
            return;
        }
        constexpr std::int64_t kPiece = 256;
        std::uint8_t* to = e->codes_at(picture, out);
        if (picture.input_last) {
            e->m_table->quantize(picture.input, to, v.count(), v.step.scale, v.step.zero, v.step.low, v.step.high);
            return;
        }
        std::uint8_t plane[kPiece];
        for (std::int64_t first = 0; first < pixels; first += kPiece)
            for (std::int64_t c = 0; c < v.channels; ++c) {
                const std::int64_t n = std::min(kPiece, pixels - first);
                e->m_table->quantize(picture.input + c * pixels + first, plane, n, v.step.scale, v.step.zero, v.step.low, v.step.high);
                for (std::int64_t p = 0; p < n; ++p) to[(first + p) * v.channels + c] = plane[p];
            }
    });
}

std::string Int8Builder::why_not_integer(int i) const {
    const auto place = std::ranges::find_if(m_plan.weights, [&](const Placed& placed) { return node(placed.node).layer == node(i).layer; });
    if (place == m_plan.weights.end()) return "Its weight is not quantized.";
    if (!value(input(i)).is_codes) return "Its input is not quantized.";
    if (op(i).kind == OperatorKind::conv && !step(i)) return "Its output is not quantized.";
    const IntegerGrid grid = integer_grid(*m_calibrated.find(place->name), place->name);
    if (grid.has_zero()) return "Its weight has a zero point.";
    if (!grid.is_byte() || !grid.is_signed()) return "Its weight has " + std::to_string(grid.bits) + " bits.";
    if (grid.scale.numel() > 1 && grid.axis != 0) return "Its scales stand along another axis.";
    return {};
}

Int8Engine::Layer& Int8Builder::make_layer(int i, const at::Tensor& bias, const ConvShape& shape, bool real) {
    const Placed& place = *std::ranges::find_if(m_plan.weights, [&](const Placed& placed) { return node(placed.node).layer == node(i).layer; });
    Quantizer& quantizer = *m_calibrated.find(place.name);
    const IntegerGrid grid = integer_grid(quantizer, place.name);
    const at::Tensor weight = m_calibrated.folded(node(i)).weight.detach();
    const at::Tensor codes = integer_codes(quantizer, grid, weight, place.name).reshape({shape.out, shape.in / shape.groups, shape.kernel, shape.kernel});
    const Step& in = value(input(i)).step;
    Int8Engine::Layer made{IntegerConv(codes, bias, shape, in.zero, *m_engine.m_table), {}, {}, {}};
    made.multiplier.assign(static_cast<std::size_t>(made.conv.padded_channels()), 0);
    const float* scales = grid.scale.const_data_ptr<float>();
    const float out = real ? 1.0f : step(i)->scale;
    for (std::int64_t c = 0; c < shape.out; ++c) made.multiplier[static_cast<std::size_t>(c)] = in.scale * scales[grid.scale.numel() > 1 ? c : 0] / out;   // float32, in this order
    Int8Engine::Layer& kept = m_engine.m_layers.emplace_back(std::move(made));
    kept.finish.bias = kept.conv.bias();
    kept.finish.multiplier = kept.multiplier.data();
    kept.finish.channels = shape.out;
    const Value& x = value(input(i));
    m_engine.m_scratch_bytes = std::max(m_engine.m_scratch_bytes, kept.conv.scratch_bytes(static_cast<int>(x.height), static_cast<int>(x.width)));
    m_is_integer = m_is_integer || !real;          // a last linear layer alone makes no integer network
    m_integer_macs += static_cast<double>(node(i).macs);
    m_engine.m_integer.push_back(node(i).name);
    return kept;
}

int Int8Builder::fused_sum(int conv) const {
    if (!m_fuse || node(conv).users.size() != 1 || node(conv).is_output) return -1;
    const int sum = node(conv).users.front();
    if (op(sum).kind != OperatorKind::add || node(sum).shape != node(conv).shape) return -1;
    const int other = node(sum).inputs[0] == conv ? node(sum).inputs[1] : node(sum).inputs[0];
    if (other == conv || value_of(other) < 0 || !value(value_of(other)).is_codes || node(other).shape != node(conv).shape) return -1;
    if (place(sum)) return step(sum) ? sum : -1;
    if (node(sum).is_output || node(sum).users.size() != 1) return -1;
    const int relu = node(sum).users.front();
    return op(relu).kind == OperatorKind::relu && step(relu) ? relu : -1;
}

void Int8Builder::add_conv(int i) {
    m_macs += static_cast<double>(node(i).macs);
    const ConvShape& shape = op(i).conv->shape();
    const QuantTap::IntegerBias whole = m_calibrated.integer_bias(i);
    std::string why = why_not_integer(i);
    Int8Engine::Layer* layer = nullptr;
    if (why.empty()) {
        try {
            layer = &make_layer(i, whole.codes.defined() ? whole.codes.to(at::kLong) : at::zeros({shape.out}, at::kLong), shape, false);
        } catch (const Error& error) {
            if (error.code() != ErrorCode::unsupported) throw;
            why = error.summary();
        }
    }
    if (!layer) {
        const FoldedConv folded = m_calibrated.folded(node(i));
        const auto place = std::ranges::find_if(m_plan.weights, [&](const Placed& placed) { return node(placed.node).layer == node(i).layer; });
        const at::Tensor weight = (place == m_plan.weights.end() ? folded.weight.detach().clone() : m_calibrated.find(place->name)->deployed(folded.weight)).contiguous(at::MemoryFormat::ChannelsLast);
        const at::Tensor bias = whole.codes.defined() ? whole.codes.to(at::kFloat) * whole.step : folded.bias.defined() ? folded.bias.detach().clone() : at::Tensor();
        const bool relu = node(i).activation >= 0;
        add_float(i, why, [weight, bias, shape, relu](const std::vector<at::Tensor>& in) {
            const at::Tensor y = at::conv2d(in[0], weight, bias, {shape.stride, shape.stride}, {shape.padding, shape.padding}, {1, 1}, shape.groups);
            return relu ? at::relu(y) : y;
        });
        return;
    }
    const Step own = *step(i);
    integer::Finish& f = layer->finish;
    f.zero = own.zero;
    f.low = node(i).activation >= 0 ? std::max(own.low, own.zero) : own.low;   // ReLU is the clamp at zero's code
    f.high = own.high;
    const int in = input(i), sum = fused_sum(i), result = sum < 0 ? i : sum, out = add_value(i, step(result));
    int residual = -1;
    if (sum >= 0) {
        const int adds = node(i).users.front();
        residual = value_of(node(adds).inputs[0] == i ? node(adds).inputs[1] : node(adds).inputs[0]);
        const Step &other = value(residual).step, total = value(out).step;
        f.own_scale = own.scale;
        f.residual_scale = other.scale;
        f.residual_zero = other.zero;
        f.sum_scale = total.scale;
        f.sum_zero = total.zero;
        f.sum_low = total.low;
        f.sum_high = total.high;
        f.relu = result != adds;
        m_done.insert({adds, result});
    }
    m_value_of[static_cast<std::size_t>(result)] = out;
    std::vector<int> read{in};
    if (residual >= 0) read.push_back(residual);
    add(result, out, read, [e = &m_engine, layer, in, out, residual](Picture& picture) { e->run_layer(*layer, picture, in, out, residual); });
}

void Int8Builder::add_linear(int i) {
    m_macs += static_cast<double>(node(i).macs);
    const FoldedConv folded = m_calibrated.folded(node(i));
    const QuantTap::IntegerBias whole = m_calibrated.integer_bias(i);
    const at::Tensor bias = whole.codes.defined() ? whole.codes.to(at::kFloat) * whole.step : folded.bias.defined() ? folded.bias.detach().clone() : at::Tensor();
    const bool relu = node(i).activation >= 0;
    const std::string why = relu ? "A ReLU is a part of it." : why_not_integer(i);
    if (!why.empty() || node(i).shape.size() != 2) {
        const auto place = std::ranges::find_if(m_plan.weights, [&](const Placed& placed) { return node(placed.node).layer == node(i).layer; });
        const at::Tensor weight = place == m_plan.weights.end() ? folded.weight.detach().clone() : m_calibrated.find(place->name)->deployed(folded.weight);
        add_float(i, why, [weight, bias, relu](const std::vector<at::Tensor>& in) {
            const at::Tensor y = bias.defined() ? at::linear(in[0].flatten(1), weight, bias) : at::linear(in[0].flatten(1), weight);
            return relu ? at::relu(y) : y;
        });
        return;
    }
    const std::int64_t outputs = folded.weight.size(0);
    Int8Engine::Layer& layer = make_layer(i, at::zeros({outputs}, at::kLong), {folded.weight.size(1), outputs, 1, 1, 0}, true);
    layer.real_bias.assign(layer.multiplier.size(), 0);
    if (bias.defined()) std::memcpy(layer.real_bias.data(), bias.contiguous().const_data_ptr<float>(), bias.nbytes());
    layer.finish.real_bias = layer.real_bias.data();
    const int in = input(i), out = add_value(i, std::nullopt);
    add(i, out, {in}, [e = &m_engine, kept = &layer, in, out](Picture& picture) { e->run_layer(*kept, picture, in, out, -1); });
    regrid(i, out);
}

void Int8Builder::regrid(int i, int from) {
    const std::optional<Step> own = step(i);
    m_value_of[static_cast<std::size_t>(i)] = from;
    if (!own) return;
    const int out = add_value(i, own);
    m_value_of[static_cast<std::size_t>(i)] = out;
    if (!value(from).is_codes) {
        add(i, out, {from}, [e = &m_engine, from, out](Picture& picture) { e->put_real(picture, out, e->real(picture, from)); });
        return;
    }
    const Step& s = value(from).step;
    Lookup table;
    for (int q = 0; q < 256; ++q) {
        const float steps = std::nearbyint(static_cast<float>(q - s.zero) * s.scale / own->scale);
        table[static_cast<std::size_t>(q)] = static_cast<std::uint8_t>(std::clamp(steps + static_cast<float>(own->zero), static_cast<float>(own->low), static_cast<float>(own->high)));
    }
    add(i, out, {from}, [e = &m_engine, from, out, table](Picture& picture) {
        const std::uint8_t* x = e->codes_at(picture, from);
        std::uint8_t* y = e->codes_at(picture, out);
        for (std::int64_t k = 0, n = e->m_values[static_cast<std::size_t>(out)].count(); k < n; ++k) y[k] = table[x[k]];
    });
}

void Int8Builder::add_float(int i, const std::string& why, std::function<at::Tensor(const std::vector<at::Tensor>&)> compute) {
    if (!why.empty()) m_engine.m_float[node(i).name] = why;
    std::vector<int> read;
    for (std::size_t k = 0; k < node(i).inputs.size(); ++k) read.push_back(input(i, k));
    const int out = add_value(i, step(i));
    m_value_of[static_cast<std::size_t>(i)] = out;
    add(i, out, read, [e = &m_engine, read, out, compute = std::move(compute)](Picture& picture) {
        std::vector<at::Tensor> in;
        for (const int v : read) in.push_back(e->real(picture, v));
        e->put_real(picture, out, compute(in));
    });
}

void Int8Builder::add_sum(int i) {
    const int a = input(i, 0), b = input(i, 1);
    const bool both = value(a).is_codes && value(b).is_codes && value(a).count() == value(b).count();
    const int next = node(i).users.size() == 1 ? node(i).users.front() : -1;
    const bool with_relu = !place(i) && !node(i).is_output && next >= 0 && op(next).kind == OperatorKind::relu && step(next);
    const int result = with_relu ? next : i;
    if (!both || !step(result)) {
        add_float(i, "", [](const std::vector<at::Tensor>& in) { return in[0] + in[1]; });
        return;
    }
    const int out = add_value(i, step(result));
    m_done.insert(result);
    m_value_of[static_cast<std::size_t>(result)] = out;
    const Step &sa = value(a).step, &sb = value(b).step, &sy = value(out).step;
    const integer::SumOf sum{sa.scale, sb.scale, sy.scale, sa.zero, sb.zero, sy.zero, sy.low, sy.high, with_relu};
    add(result, out, {a, b}, [e = &m_engine, a, b, out, sum](Picture& picture) {
        e->m_table->add(e->codes_at(picture, a), e->codes_at(picture, b), e->codes_at(picture, out), e->m_values[static_cast<std::size_t>(out)].count(), sum);
    });
}

void Int8Builder::add_relu(int i) {
    const int in = input(i);
    if (!value(in).is_codes) {
        add_float(i, "", [](const std::vector<at::Tensor>& x) { return at::relu(x[0]); });
        return;
    }
    const int raw = add_value(i, value(in).step);   // on its input's grid first
    add(i, raw, {in}, [e = &m_engine, in, raw](Picture& picture) {
        const Value& v = e->m_values[static_cast<std::size_t>(raw)];
        const std::uint8_t *x = e->codes_at(picture, in), zero = static_cast<std::uint8_t>(v.step.zero);
        std::uint8_t* y = e->codes_at(picture, raw);
        for (std::int64_t k = 0, n = v.count(); k < n; ++k) y[k] = std::max(x[k], zero);
    });
    regrid(i, raw);
}

void Int8Builder::add_average(int i) {
    const int in = input(i);
    if (!value(in).is_codes || !step(i)) {
        add_float(i, "Only a global average between two quantized values has an integer rule.", [](const std::vector<at::Tensor>& x) { return x[0].mean({2, 3}, true); });
        return;
    }
    m_is_integer = true;
    m_engine.m_integer.push_back(node(i).name);
    const int out = add_value(i, step(i));
    m_value_of[static_cast<std::size_t>(i)] = out;
    add(i, out, {in}, [e = &m_engine, in, out](Picture& picture) {
        const Value &x = e->m_values[static_cast<std::size_t>(in)], &y = e->m_values[static_cast<std::size_t>(out)];
        const std::int64_t pixels = x.height * x.width;
        std::vector<std::int32_t> sums(static_cast<std::size_t>(x.channels), 0);
        const std::uint8_t* from = e->codes_at(picture, in);
        for (std::int64_t p = 0; p < pixels; ++p) e->m_table->count_up(from + p * x.channels, sums.data(), x.channels);
        const float factor = x.step.scale / (y.step.scale * static_cast<float>(pixels));
        std::uint8_t* to = e->codes_at(picture, out);
        for (std::int64_t c = 0; c < x.channels; ++c) {
            const float steps = std::nearbyint(static_cast<float>(sums[static_cast<std::size_t>(c)] - pixels * x.step.zero) * factor);
            to[c] = static_cast<std::uint8_t>(std::clamp(steps + static_cast<float>(y.step.zero), static_cast<float>(y.step.low), static_cast<float>(y.step.high)));
        }
    });
}

void Int8Builder::add_moved(int i) {
    const int in = input(i);
    const NodeOperator how = op(i);
    const bool slices = how.kind == OperatorKind::slice;
    const std::vector<std::int64_t>& batch = slices ? how.starts : how.before;
    const bool keeps_batch = slices ? how.steps[0] == 1 && batch[0] == 0 : batch[0] == 0 && how.after[0] == 0;
    if (!keeps_batch) throw Error(ErrorCode::unsupported, "This operator mixes the pictures of a batch.", "node " + node(i).name, "Run this network with the simulation of integers.");
    if (!value(in).is_codes) {
        add_float(i, "", [how, slices](const std::vector<at::Tensor>& x) {
            at::Tensor y = x[0];
            if (slices) {
                for (std::int64_t d = 1; d < y.dim(); ++d) y = y.slice(d, how.starts[static_cast<std::size_t>(d)], std::nullopt, how.steps[static_cast<std::size_t>(d)]);
                return y;
            }
            std::vector<std::int64_t> pads;
            for (std::size_t d = how.before.size(); d-- > 1;) pads.insert(pads.end(), {how.before[d], how.after[d]});
            return at::constant_pad_nd(y, pads, 0);
        });
        return;
    }
    const int raw = add_value(i, value(in).step);
    add(i, raw, {in}, [e = &m_engine, in, raw, how, slices](Picture& picture) {
        const Value &x = e->m_values[static_cast<std::size_t>(in)], &y = e->m_values[static_cast<std::size_t>(raw)];
        const auto along = [](const std::vector<std::int64_t>& values, std::size_t d, std::int64_t none) { return d < values.size() ? values[d] : none; };
        const std::uint8_t* from = e->codes_at(picture, in);
        std::uint8_t* to = e->codes_at(picture, raw);
        if (!slices) std::memset(to, y.step.zero, static_cast<std::size_t>(y.count()));
        const Value& smaller = slices ? y : x;
        const std::int64_t step_c = slices ? along(how.steps, 1, 1) : 1, step_y = slices ? along(how.steps, 2, 1) : 1, step_x = slices ? along(how.steps, 3, 1) : 1;
        const std::vector<std::int64_t>& first = slices ? how.starts : how.before;
        for (std::int64_t row = 0; row < smaller.height; ++row)
            for (std::int64_t column = 0; column < smaller.width; ++column) {
                const std::int64_t far = ((row * step_y + along(first, 2, 0)) * (slices ? x : y).width + column * step_x + along(first, 3, 0)) * (slices ? x : y).channels + along(first, 1, 0);
                const std::int64_t near = (row * smaller.width + column) * smaller.channels;
                if (step_c == 1) std::memcpy(to + (slices ? near : far), from + (slices ? far : near), static_cast<std::size_t>(smaller.channels));
                else
                    for (std::int64_t c = 0; c < smaller.channels; ++c) to[near + c] = from[far + c * step_c];
            }
    });
    regrid(i, raw);
}

void Int8Builder::add_concat(int i) {
    const std::int64_t axis = op(i).axis;
    if (axis == 0) throw Error(ErrorCode::unsupported, "This operator mixes the pictures of a batch.", "node " + node(i).name, "Run this network with the simulation of integers.");
    add_float(i, "", [axis](const std::vector<at::Tensor>& in) { return at::cat(in, axis); });
}

void Int8Builder::add_flatten(int i) {
    const int in = input(i);
    if (value(in).height * value(in).width == 1) {
        regrid(i, in);
        return;
    }
    add_float(i, "", [](const std::vector<at::Tensor>& x) { return x[0].flatten(1); });
}

void Int8Builder::add_max_pool(int i) {
    const int in = input(i);
    const NodeOperator how = op(i);
    if (!value(in).is_codes) {
        add_float(i, "", [how](const std::vector<at::Tensor>& x) { return at::max_pool2d(x[0], {how.kernel, how.kernel}, {how.stride, how.stride}, {how.padding, how.padding}); });
        return;
    }
    const int raw = add_value(i, value(in).step);
    add(i, raw, {in}, [e = &m_engine, in, raw, how](Picture& picture) { e->run_pool(picture, in, raw, how); });
    regrid(i, raw);
}

void Int8Builder::place_values() {
    std::vector<Value*> order;
    for (Value& v : m_engine.m_values)
        if (v.born >= 0) order.push_back(&v);
    std::ranges::stable_sort(order, {}, [](const Value* v) { return v->born; });
    const auto bytes = [](const Value& v) { return (static_cast<std::size_t>(v.count()) * (v.is_codes ? 1 : sizeof(float)) + kSlack + 63) / 64 * 64; };
    std::vector<Value*> placed;
    for (Value* v : order) {                       // the lowest place that nothing alive takes
        std::vector<const Value*> alive;
        for (const Value* other : placed)
            if (other->dead >= v->born) alive.push_back(other);
        std::ranges::sort(alive, {}, [](const Value* other) { return other->offset; });
        v->offset = 0;
        for (const Value* other : alive)
            if (v->offset + bytes(*v) > other->offset) v->offset = std::max(v->offset, other->offset + bytes(*other));
        placed.push_back(v);
        m_engine.m_arena_bytes = std::max(m_engine.m_arena_bytes, v->offset + bytes(*v));
    }
}

}
