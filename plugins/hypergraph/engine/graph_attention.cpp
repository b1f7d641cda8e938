#include "core/base/error.h"
#include "core/base/text.h"
#include "plugins/hypergraph/engine/graph_layers.h"
#include "plugins/hypergraph/engine/tensor_views.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <cmath>

namespace lathe::hypergraph {
namespace {

void draw_glorot(at::Tensor& tensor, at::Generator& draws) {
    const c10::NoGradGuard no_gradients;
    const double bound = std::sqrt(6.0 / static_cast<double>(tensor.size(-2) + tensor.size(-1)));
    tensor.uniform_(-bound, bound, draws);
}

at::Tensor kept(const std::string& name, const Pattern& pattern, const at::Tensor& alpha, Pass& pass) {
    if (pass.attention) pass.attention->push_back({name, pattern, alpha.detach()});
    return alpha;
}

/// [N, heads, C] -> [N, heads * C] or the mean of the heads [N, C].
at::Tensor joined_heads(const at::Tensor& y, bool concat) { return concat ? y.flatten(1) : y.mean(1); }

/// Attributes of the looped edges by place: loops have the mean of what comes into their node, or a number.
at::Tensor looped_attributes(const GraphView& graph, const std::string& fill) {
    const LoopedEdges& looped = graph.looped();
    const at::Tensor& given = graph.edge_attributes;
    const auto count = static_cast<std::int64_t>(looped.edge.size());
    const at::Tensor edge = at::from_blob(const_cast<std::int64_t*>(looped.edge.data()), {count}, at::kLong).clamp_min(0);
    at::Tensor loops;
    if (fill == "mean") {
        const at::Tensor row = tensor_of(row_of_each(graph.edges()->rows));
        const at::Tensor item = at::from_blob(const_cast<std::int32_t*>(graph.edges()->rows.items.data()), {row.size(0)}, at::kInt), is_edge = (row != item).to(at::kFloat);
        const at::Tensor sums = at::zeros({graph.nodes(), given.size(1)}).index_add(0, row, given * is_edge.unsqueeze(1)), counts = at::zeros({graph.nodes()}).index_add(0, row, is_edge);
        loops = sums / counts.clamp_min(1).unsqueeze(1);
    } else loops = at::full({graph.nodes(), given.size(1)}, std::stod(fill));
    const at::Tensor row = tensor_of(row_of_each(looped.pattern->rows));
    return at::where(looped.is_loop.unsqueeze(1), loops.index_select(0, row), given.index_select(0, edge));
}

}

GatConv::GatConv(std::int64_t in, std::int64_t out, GatOptions options, const AddLayer& add_layer, const std::string& name)
    : m_options(std::move(options)), m_out(out), m_name(name), m_att_src(at::zeros({1, m_options.heads, out})), m_att_dst(at::zeros({1, m_options.heads, out})),
      m_lin(in, m_options.heads * out, false, Initial::glorot, add_layer, name + "." + m_options.weight_name) {
    own("att_src", m_att_src);
    own("att_dst", m_att_dst);
    if (m_options.edge_width > 0) {
        m_att_edge = at::zeros({1, m_options.heads, out});
        own("att_edge", m_att_edge);
    }
    if (m_options.bias) {
        m_bias = at::zeros({m_options.concat ? m_options.heads * out : out});
        own("bias", m_bias);
    }
    own(m_options.weight_name, m_lin);
    if (m_options.edge_width == 0) return;
    m_lin_edge = std::make_unique<Projection>(m_options.edge_width, m_options.heads * out, false, Initial::glorot, add_layer, name + ".lin_edge");
    own("lin_edge", *m_lin_edge);
}

void GatConv::initialize(at::Generator& draws) {
    m_lin.initialize(draws);
    if (m_lin_edge) m_lin_edge->initialize(draws);
    m_lin.initialize(draws);   // reset as lin_src and as lin_dst
    m_lin.initialize(draws);
    if (m_lin_edge) m_lin_edge->initialize(draws);
    draw_glorot(m_att_src, draws);
    draw_glorot(m_att_dst, draws);
    if (m_att_edge.defined()) draw_glorot(m_att_edge, draws);
    if (m_bias.defined()) m_bias.zero_();
}

at::Tensor GatConv::forward(const GraphView& graph, const NodeMatrix& x, Pass& pass) {
    const at::Tensor z = m_lin.forward(x, pass).view({graph.nodes(), m_options.heads, m_out});
    const Pattern& pattern = m_options.loops ? graph.looped().pattern : graph.edges();
    at::Tensor of_edges;
    if (m_lin_edge) {
        if (!graph.edge_attributes.defined()) throw Error(ErrorCode::invalid_value, "This attention looks at attributes of edges, and the graph has none.", m_name, "Give the edges attributes, or use a network without.");
        const at::Tensor attributes = m_options.loops ? looped_attributes(graph, m_options.fill) : graph.edge_attributes;
        of_edges = (m_lin_edge->forward({attributes, {}, {}}, pass).view({-1, m_options.heads, m_out}) * m_att_edge).sum(-1);
    }
    const at::Tensor scores = entry_scores(pattern, (z * m_att_dst).sum(-1), (z * m_att_src).sum(-1), of_edges, m_options.slope);
    const at::Tensor alpha = dropped(kept(m_name, pattern, entry_softmax(pattern, Into::rows, scores), pass), m_options.dropout, pass);
    const at::Tensor y = joined_heads(gather_sum(pattern, Into::rows, z, alpha), m_options.concat);
    return biased(y, m_bias);
}

Gatv2Conv::Gatv2Conv(std::int64_t in, std::int64_t out, Gatv2Options options, const AddLayer& add_layer, const std::string& name)
    : m_options(options), m_out(out), m_name(name), m_att(at::zeros({1, options.heads, out})), m_left(in, options.heads * out, options.bias, Initial::glorot, add_layer, name + ".lin_l") {
    own("att", m_att);
    if (options.bias) {
        m_bias = at::zeros({options.concat ? options.heads * out : out});
        own("bias", m_bias);
    }
    own("lin_l", m_left);
    if (options.shared) return;
    m_right = std::make_unique<Projection>(in, options.heads * out, options.bias, Initial::glorot, add_layer, name + ".lin_r");
    own("lin_r", *m_right);
}

void Gatv2Conv::initialize(at::Generator& draws) {
    for (int time = 0; time < 2; ++time) {
        m_left.initialize(draws);
        if (m_right) m_right->initialize(draws);
        else if (time == 1) m_left.initialize(draws);   // reset under both names
    }
    draw_glorot(m_att, draws);
    if (m_bias.defined()) m_bias.zero_();
}

at::Tensor Gatv2Conv::forward(const GraphView& graph, const NodeMatrix& x, Pass& pass) {
    const std::vector<std::int64_t> shape{graph.nodes(), m_options.heads, m_out};
    const at::Tensor left = m_left.forward(x, pass).view(shape), right = m_right ? m_right->forward(x, pass).view(shape) : left;
    const Pattern& pattern = m_options.loops ? graph.looped().pattern : graph.edges();
    const at::Tensor scores = pair_scores(pattern, right, left, m_att.squeeze(0), m_options.slope);
    const at::Tensor alpha = dropped(kept(m_name, pattern, entry_softmax(pattern, Into::rows, scores), pass), m_options.dropout, pass);
    const at::Tensor y = joined_heads(gather_sum(pattern, Into::rows, left, alpha), m_options.concat);
    return biased(y, m_bias);
}

HypergraphConv::HypergraphConv(std::int64_t in, std::int64_t out, HypergraphOptions options, const AddLayer& add_layer, const std::string& name)
    : m_options(options), m_out(out), m_name(name), m_lin(in, options.attention ? options.heads * out : out, false, Initial::glorot, add_layer, name + ".lin") {
    if (!options.attention) m_options.heads = 1;
    if (options.attention) {
        m_att = at::zeros({1, options.heads, 2 * out});
        own("att", m_att);
    }
    if (options.bias) {
        m_bias = at::zeros({options.concat ? m_options.heads * out : out});
        own("bias", m_bias);
    }
    own("lin", m_lin);
}

void HypergraphConv::initialize(at::Generator& draws) {
    m_lin.initialize(draws);
    m_lin.initialize(draws);
    if (m_att.defined()) draw_glorot(m_att, draws);
    if (m_bias.defined()) m_bias.zero_();
}

at::Tensor HypergraphConv::forward(const GraphView& graph, const NodeMatrix& x, Pass& pass) { return forward(graph, x, at::Tensor(), pass); }

at::Tensor HypergraphConv::forward(const GraphView& graph, const NodeMatrix& x, const at::Tensor& attributes, Pass& pass) {
    const Pattern& members = graph.members();
    const at::Tensor& weights = graph.hyperedge_weights;
    const at::Tensor z = m_lin.forward(x, pass);
    if (!m_options.attention && !weights.defined()) {
        const at::Tensor y = gather_twice(members, z, graph.member_scale(), graph.hyperedge_scale());
        return biased(y, m_bias);
    }
    at::Tensor alpha;
    const at::Tensor by_heads = m_options.attention ? z.view({graph.nodes(), m_options.heads, m_out}) : z;
    if (m_options.attention) {
        // Without attributes they are the sum of the members' rows, and the product of a sum is the sum of the products.
        const at::Tensor a = (attributes.defined() ? m_lin.forward({attributes, {}, {}}, pass) : gather_sum(members, Into::rows, z)).view({members->row_count(), m_options.heads, m_out});
        const at::Tensor of_node = m_att.narrow(2, 0, m_out), of_hyperedge = m_att.narrow(2, m_out, m_out);
        const at::Tensor scores = entry_scores(members, (a * of_hyperedge).sum(-1), (by_heads * of_node).sum(-1), {}, m_options.slope);
        alpha = dropped(kept(m_name, members, entry_softmax(members, m_options.mode == AttentionMode::node ? Into::rows : Into::items, scores), pass), m_options.dropout, pass);
    }
    at::Tensor e = gather_sum(members, Into::rows, by_heads, alpha, graph.member_scale());
    const auto as_rows = [](const at::Tensor& scale, const at::Tensor& like) { return like.dim() == 3 ? scale.view({-1, 1, 1}) : scale.view({-1, 1}); };
    at::Tensor y;
    if (weights.defined()) {
        if (m_options.as_documented) e = e * as_rows(weights, e);
        const at::Tensor degree = gather_sum(members, Into::items, weights.unsqueeze(1)).squeeze(1);
        y = gather_sum(members, Into::items, e, alpha);
        y = y * as_rows(inverse_or_zero(degree), y);
    } else y = gather_sum(members, Into::items, e, alpha, graph.hyperedge_scale());
    if (m_options.attention) y = joined_heads(y, m_options.concat);
    return biased(y, m_bias);
}

}
