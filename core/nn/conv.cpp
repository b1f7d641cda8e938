#include "core/nn/conv.h"
#include "core/nn/int8_conv.h"
#include "core/nn/kernels.h"
#include "core/nn/layers.h"
#include "core/nn/operator_call.h"
#include <ATen/ATen.h>
#include <array>
#include <cmath>
#include <map>
#include <mutex>

namespace lathe {
namespace {

std::string below(const std::string& owner, const std::string& name) { return owner.empty() ? name : owner + "." + name; }

std::optional<at::Tensor> optional(const at::Tensor& bias) { return bias.defined() ? std::optional<at::Tensor>(bias) : std::nullopt; }

at::Tensor by_onednn(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const ConvShape& s) {
    return at::conv2d(x, weight, optional(bias), {s.stride, s.stride}, {s.padding, s.padding}, {1, 1}, s.groups);
}

/// The same with a weight in oneDNN's own layout (packed_weight): the weight is not laid out anew at each call.
at::Tensor by_onednn_packed(const at::Tensor& x, const at::Tensor& packed, const at::Tensor& bias, const ConvShape& s) {
    return call_operator("mkldnn::_convolution_pointwise", "", {x, packed, optional(bias), on_both_axes(s.padding), on_both_axes(s.stride), on_both_axes(1), std::int64_t{s.groups}, "none", c10::List<std::optional<at::Scalar>>(), c10::IValue()}).toTensor();
}

/// The weight in the layout that oneDNN wants for inputs of this size; undefined where this LibTorch has no such operator. Its post-operations (residual, ReLU)
/// are not used: with them the same products took half as long again.
at::Tensor packed_weight(const at::Tensor& weight, const ConvShape& s, at::IntArrayRef input) {
    static const bool known = has_operator("mkldnn::_reorder_convolution_weight", "") && has_operator("mkldnn::_convolution_pointwise", "");
    if (!known) return {};
    return call_operator("mkldnn::_reorder_convolution_weight", "", {weight, on_both_axes(s.padding), on_both_axes(s.stride), on_both_axes(1), std::int64_t{s.groups}, c10::List<std::int64_t>(input)}).toTensor();
}

/// As a matrix product of patches, channels last; right for every shape and its gradients too. Ungrouped only.
at::Tensor by_product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const ConvShape& s) {
    at::Tensor rows;
    std::int64_t height = x.size(2), width = x.size(3);
    if (s.kernel == 1 && s.padding == 0) {
        const at::Tensor taken = s.stride == 1 ? x : x.slice(2, 0, height, s.stride).slice(3, 0, width, s.stride);
        height = taken.size(2);
        width = taken.size(3);
        rows = taken.permute({0, 2, 3, 1});
    } else {
        height = (height + 2 * s.padding - s.kernel) / s.stride + 1;
        width = (width + 2 * s.padding - s.kernel) / s.stride + 1;
        rows = at::im2col(x, {s.kernel, s.kernel}, {1, 1}, {s.padding, s.padding}, {s.stride, s.stride}).transpose(1, 2);
    }
    return at::linear(rows, weight.flatten(1), optional(bias)).view({x.size(0), height, width, s.out}).permute({0, 3, 1, 2});
}

/// Whether oneDNN's result for this shape agrees with the product's; asked once for each shape.
bool is_right(const at::Tensor& result, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const ConvShape& s) {
    static std::mutex mutex;
    static std::map<std::array<std::int64_t, 7>, bool> known;
    const std::lock_guard lock(mutex);
    const auto [entry, fresh] = known.try_emplace({x.size(0), x.size(2), x.size(3), s.in, s.out, s.kernel, s.stride}, true);
    if (fresh) {
        const at::Tensor want = by_product(x, weight, bias, s);
        const double limit = 1e-4 * want.abs().max().item<double>();
        entry->second = (result - want).abs().max().item<double>() <= limit || !std::isfinite(limit);   // of infinities nothing is learnt
    }
    return entry->second;
}

bool is_trusted(const ConvShape& s) { return s.in % 32 == 0 && s.out % 32 == 0; }   // never seen wrong

}

/// By oneDNN where it is right. Always channels last: it is the fast layout, and in the other one oneDNN 3.5 on AMD Zen 5 gives wrong numbers (errors of 40 %)
/// for 3 x 3 kernels on 24 or 40 channels. In this one, measured against double: 1 x 1 kernels to 40 or 80 channels are wrong, and gradients of channel counts
/// that are no multiple of 16 write beyond their memory; multiples of 16 are right in both directions.
at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const ConvShape& s) {
    const at::Tensor in = x.contiguous(at::MemoryFormat::ChannelsLast), w = weight.contiguous(at::MemoryFormat::ChannelsLast);
    if (s.groups != 1) return by_onednn(in, w, bias, s);
    if (records_gradients(in) || records_gradients(weight)) {
        const bool is_product = s.kernel == 1 || s.in % 16 != 0 || s.out % 16 != 0;
        return is_product ? by_product(in, weight, bias, s) : by_onednn(in, w, bias, s);
    }
    const at::Tensor out = by_onednn(in, w, bias, s);
    return is_trusted(s) || is_right(out, in, w, bias, s) ? out : by_product(in, weight, bias, s);
}

Conv2d::Conv2d(const ConvShape& s, const AddLayer& add_layer, std::string name, int block)
    : weight(at::empty({s.out, s.in / s.groups, s.kernel, s.kernel})), bias(s.bias ? at::empty({s.out}) : at::Tensor()), m_shape(s), m_id(add_layer(std::move(name), "Conv2d", "conv", block)) {
    own("weight", weight);
    if (s.bias) own("bias", bias);
}

at::Tensor Conv2d::forward(const at::Tensor& x, TapStack* taps) {
    return at_point(taps, m_id, x, [&](const at::Tensor& in) {
        at::Tensor w = weight;
        if (taps) taps->weight(m_id, w);
        return convolve(in, w, bias, m_shape);
    });
}

BatchNorm2d::BatchNorm2d(std::int64_t channels, const AddLayer& add_layer, std::string name, int block, double eps)
    : weight(at::ones({channels})), bias(at::zeros({channels})), running_mean(at::zeros({channels})), running_var(at::ones({channels})), m_eps(eps),
      m_id(add_layer(std::move(name), "BatchNorm2d", "norm", block)) {
    own("weight", weight);
    own("bias", bias);
    own_buffer("running_mean", running_mean);
    own_buffer("running_var", running_var);
}

at::Tensor BatchNorm2d::forward(const at::Tensor& x, TapStack* taps) {
    return at_point(taps, m_id, x, [&](const at::Tensor& in) { return at::batch_norm(in, weight, bias, running_mean, running_var, batch_statistics, 0.1, m_eps, false); });
}

ConvUnit::ConvUnit(const ConvShape& shape, const Names& names, Activation activation, const AddLayer& add_layer, const std::string& owner, int block, bool adds)
    : m_conv(shape, add_layer, below(owner, names.conv), block), m_activation(activation) {
    own(names.conv, m_conv);
    if (!names.norm.empty()) {
        m_norm = std::make_unique<BatchNorm2d>(shape.out, add_layer, below(owner, names.norm), block);
        own(names.norm, *m_norm);
    }
    if (adds) m_add_id = add_layer(below(owner, names.add.empty() ? names.conv + ".add" : names.add), "Add", "add", block);
    if (activation == Activation::relu) m_act_id = add_layer(below(owner, names.act.empty() ? names.conv + ".relu" : names.act), "ReLU", "act", block);
}

ConvUnit::~ConvUnit() = default;

void ConvUnit::weights_changed() {
    m_folded_weight = m_folded_bias = m_packed = at::Tensor();
    m_packed_for.clear();
    drop_int8();
}

void ConvUnit::observe() {
    m_int8.reset();
    m_seen = std::make_unique<ConvSeen>();
}

void ConvUnit::stop_observing() { m_seen.reset(); }

bool ConvUnit::make_int8() {
    if (!m_seen || !m_seen->out.known() || m_conv.shape().groups != 1 || !has_int8_conv()) return false;
    auto form = std::make_unique<Int8Conv>(m_folded_weight, m_folded_bias, m_conv.shape(), m_activation, *m_seen);
    if (form->is_right(*m_seen)) m_int8 = std::move(form);
    return m_int8 != nullptr;
}

void ConvUnit::drop_int8() {
    m_seen.reset();
    m_int8.reset();
}

const QuantStep* ConvUnit::int8_input(const TapStack* taps) const { return m_int8 && !looked_at(taps) ? &m_int8->in() : nullptr; }

bool ConvUnit::looked_at(const TapStack* taps) const {
    return taps && (taps->wanted(m_conv.id()) || (m_norm && taps->wanted(m_norm->id())) || (m_add_id >= 0 && taps->wanted(m_add_id)) || (m_act_id >= 0 && taps->wanted(m_act_id)));
}

void ConvUnit::fold() {
    m_folded_weight = m_conv.weight.detach();
    m_folded_bias = m_conv.bias.defined() ? m_conv.bias.detach() : at::Tensor();
    if (m_norm) {   // in double: the rounding of the folded weight is then its only error
        const at::Tensor scale = m_norm->weight.detach().to(at::kDouble) / (m_norm->running_var.to(at::kDouble) + m_norm->eps()).sqrt();
        const at::Tensor shift = m_folded_bias.defined() ? m_folded_bias.to(at::kDouble) - m_norm->running_mean : -m_norm->running_mean.to(at::kDouble);
        m_folded_weight = (m_folded_weight.to(at::kDouble) * scale.view({-1, 1, 1, 1})).to(at::kFloat);
        m_folded_bias = (shift * scale + m_norm->bias.detach()).to(at::kFloat);
    }
    m_folded_weight = m_folded_weight.contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor ConvUnit::folded_conv(const at::Tensor& x) {
    const ConvShape& s = m_conv.shape();
    if (is_trusted(s) && s.groups == 1 && x.device().is_cpu()) {
        const at::Tensor in = x.contiguous(at::MemoryFormat::ChannelsLast);
        if (!in.sizes().equals(m_packed_for)) {
            m_packed = packed_weight(m_folded_weight, s, in.sizes());
            m_packed_for = in.sizes().vec();
        }
        if (m_packed.defined()) return by_onednn_packed(in, m_packed, m_folded_bias, s);
    }
    return convolve(x, m_folded_weight, m_folded_bias, s);
}

void ConvUnit::note(const at::Tensor& x, const at::Tensor& residual, const at::Tensor& y) {
    static constexpr std::int64_t kPiece = 24;   // even, so that the piece of the residual is as large as the result
    m_seen->in.add(x);
    m_seen->out.add(y);
    if (residual.defined()) m_seen->residual.add(residual);
    const auto piece = [](const at::Tensor& t) { return t.narrow(0, 0, 1).slice(2, 0, kPiece).slice(3, 0, kPiece).contiguous(at::MemoryFormat::ChannelsLast).clone(); };
    m_seen->piece = piece(x);
    m_seen->piece_residual = residual.defined() ? piece(residual) : at::Tensor();
}

at::Tensor ConvUnit::forward(const at::Tensor& given, TapStack* taps, const at::Tensor& given_residual) {
    if (m_int8 && !looked_at(taps)) {
        if (taps) taps->tick();
        return (*m_int8)(given, given_residual);
    }
    const at::Tensor x = as_float(given), residual = as_float(given_residual);
    const bool trained = records_gradients(x) || records_gradients(m_conv.weight) || (m_norm && (m_norm->batch_statistics || records_gradients(m_norm->weight)));
    if (!looked_at(taps) && !trained) {
        if (taps) taps->tick();
        if (!m_folded_weight.defined()) fold();
        at::Tensor y = folded_conv(x);
        if (residual.defined() && m_activation == Activation::relu && y.device().is_cpu() && y.is_non_overlapping_and_dense()) {
            fused::add_relu_(y, residual);
        } else {
            if (residual.defined()) y.add_(residual);
            if (m_activation == Activation::relu) y.relu_();
        }
        if (m_seen) note(x, residual, y);
        return y;
    }
    at::Tensor y = m_conv.forward(x, taps);
    if (m_norm) y = m_norm->forward(y, taps);
    if (residual.defined()) {
        std::array<at::Tensor, 2> in{y, residual};
        at::Tensor sum;
        if (!taps || m_add_id < 0 || taps->enter(m_add_id, in, sum) == Flow::run) sum = in[0] + in[1];
        if (taps && m_add_id >= 0) taps->leave(m_add_id, in, sum);
        y = sum;
    }
    return m_activation == Activation::relu ? at_point(taps, m_act_id, y, [](const at::Tensor& in) { return at::relu(in); }) : y;
}

}
