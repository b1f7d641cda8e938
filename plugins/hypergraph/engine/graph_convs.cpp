#include "core/base/error.h"
#include "core/base/split_mix.h"
#include "plugins/hypergraph/engine/graph_layers.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <algorithm>
#include <ATen/Parallel.h>
#include <cmath>

namespace lathe::hypergraph {
namespace {

void draw_uniform(at::Tensor& tensor, double bound, at::Generator& draws) {
    const c10::NoGradGuard no_gradients;
    tensor.uniform_(-bound, bound, draws);
}

at::Tensor zero_vector(std::int64_t width) { return at::zeros({width}); }

}

at::Tensor DropoutStream::mask(at::IntArrayRef sizes, double probability) {
    const at::Tensor made = at::empty(sizes, at::kFloat);
    auto* out = static_cast<float*>(made.mutable_data_ptr());
    const std::uint64_t first = m_drawn;
    m_drawn += static_cast<std::uint64_t>(made.numel());
    const auto below = static_cast<std::uint32_t>(std::min(probability * 0x1p32, 0x1p32 - 1));
    const auto kept = static_cast<float>(1 / (1 - probability));
    at::parallel_for(0, made.numel(), 1 << 14, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t k = begin; k < end; ++k) {   // SplitMix64 of a counter: no state that threads would have to share
            const std::uint64_t z = mixed_bits(m_seed + (first + static_cast<std::uint64_t>(k)) * kSplitMixStep);
            out[k] = static_cast<std::uint32_t>(z >> 32) < below ? 0.0f : kept;
        }
    });
    return made;
}

at::Tensor dropped(const at::Tensor& x, double probability, Pass& pass) {
    if (!pass.dropout || probability <= 0) return x;
    return x * pass.dropout->mask(x.sizes(), probability);
}

NodeMatrix dropped(const NodeMatrix& x, double probability, Pass& pass) {
    if (!pass.dropout || probability <= 0) return x;
    NodeMatrix out = x;
    if (x.dense.defined()) out.dense = dropped(x.dense, probability, pass);
    else out.values = dropped(x.values.defined() ? x.values : at::ones({x.pattern->entries()}), probability, pass);   // a zero stays a zero
    return out;
}

at::Tensor biased(const at::Tensor& y, const at::Tensor& bias) { return bias.defined() ? y + bias : y; }

Projection::Projection(std::int64_t in, std::int64_t out, bool with_bias, Initial initial, const AddLayer& add_layer, std::string name)
    : weight(at::zeros({out, in})), bias(with_bias ? zero_vector(out) : at::Tensor()), m_initial(initial), m_id(add_layer(std::move(name), "Linear", "linear", -1)) {
    own("weight", weight);
    if (with_bias) own("bias", bias);
}

at::Tensor Projection::forward(const NodeMatrix& x, Pass& pass) {
    if (x.columns() != weight.size(1))
        throw Error(ErrorCode::invalid_value, "The features do not fit the network.", std::to_string(x.columns()) + " columns where it takes " + std::to_string(weight.size(1)), "Use the features it was trained with, or train it anew.");
    if (!x.dense.defined() && !(pass.taps && pass.taps->wanted(m_id))) {
        if (pass.taps) pass.taps->tick();
        const at::Tensor y = sparse_product(x.pattern, x.values, weight.t().contiguous());
        return biased(y, bias);
    }
    return at_point(pass.taps, m_id, x.to_dense(), [&](const at::Tensor& in) {
        at::Tensor w = weight;
        if (pass.taps) pass.taps->weight(m_id, w);
        return bias.defined() ? at::linear(in, w, bias) : at::linear(in, w);
    });
}

void Projection::initialize(at::Generator& draws) {
    const auto out = static_cast<double>(weight.size(0)), in = static_cast<double>(weight.size(1));
    draw_uniform(weight, m_initial == Initial::glorot ? std::sqrt(6.0 / (in + out)) : 1 / std::sqrt(in), draws);
    if (bias.defined()) draw_uniform(bias, 1 / std::sqrt(in), draws);
}

GcnConv::GcnConv(std::int64_t in, std::int64_t out, GcnOptions options, const AddLayer& add_layer, const std::string& name)
    : m_options(options), m_bias(options.bias ? zero_vector(out) : at::Tensor()), m_lin(in, out, false, Initial::glorot, add_layer, name + ".lin") {
    if (options.bias) own("bias", m_bias);
    own("lin", m_lin);
}

void GcnConv::initialize(at::Generator& draws) {
    m_lin.initialize(draws);   // the reference draws once when the layer is made and again when it is reset
    m_lin.initialize(draws);
    if (m_bias.defined()) m_bias.zero_();
}

at::Tensor GcnConv::forward(const GraphView& graph, const NodeMatrix& x, Pass& pass) {
    const at::Tensor z = m_lin.forward(x, pass);
    at::Tensor y;
    if (!m_options.normalize) y = gather_sum(graph.edges(), Into::rows, z, graph.edge_weights);
    else if (m_options.loops && !m_options.improved && !graph.edge_weights.defined()) {
        const at::Tensor& scale = graph.degree_scale();
        y = gather_sum(graph.looped().pattern, Into::rows, z * scale.unsqueeze(1), {}, scale);
    } else {
        const NormalizedEdges edges = graph.normalized(m_options.loops, m_options.improved);
        y = gather_sum(edges.pattern, Into::rows, z, edges.weights);
    }
    return biased(y, m_bias);
}

SageConv::SageConv(std::int64_t in, std::int64_t out, SageOptions options, const AddLayer& add_layer, const std::string& name)
    : m_options(options), m_left(in, out, options.bias, Initial::uniform, add_layer, name + ".lin_l") {
    own("lin_l", m_left);
    if (!options.root) return;
    m_right = std::make_unique<Projection>(in, out, false, Initial::uniform, add_layer, name + ".lin_r");
    own("lin_r", *m_right);
}

void SageConv::initialize(at::Generator& draws) {
    for (int time = 0; time < 2; ++time) {
        m_left.initialize(draws);
        if (m_right) m_right->initialize(draws);
    }
}

at::Tensor SageConv::forward(const GraphView& graph, const NodeMatrix& x, Pass& pass) {
    at::Tensor y;
    if (m_options.max) y = m_left.forward({gather_max(graph.edges(), x.to_dense()), {}, {}}, pass);
    else {
        // The mean of products is the product of the mean: whichever is narrower is gathered. A node that nothing points to has mean 0 and still its bias.
        const at::Tensor scale = inverse_or_zero(row_sizes(graph.edges()));
        if (x.dense.defined() && x.columns() <= m_left.weight.size(0)) y = m_left.forward({gather_sum(graph.edges(), Into::rows, x.dense, {}, scale), {}, {}}, pass);
        else {
            const at::Tensor z = m_left.bias.defined() ? m_left.forward(x, pass) - m_left.bias : m_left.forward(x, pass);
            y = biased(gather_sum(graph.edges(), Into::rows, z, {}, scale), m_left.bias);
        }
    }
    if (m_right) y = y + m_right->forward(x, pass);
    return m_options.normalize ? y / y.norm(2, {1}, true).clamp_min(1e-12) : y;
}

WrappedConv::WrappedConv(std::string child, std::unique_ptr<GraphConv> conv) : m_conv(std::move(conv)) { own(std::move(child), *m_conv); }

}
