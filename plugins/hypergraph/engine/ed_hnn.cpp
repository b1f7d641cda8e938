#include "plugins/hypergraph/engine/ed_hnn.h"
#include "core/base/error.h"
#include "core/nn/tensor_memory.h"
#include "plugins/hypergraph/engine/memory_need.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <c10/core/GradMode.h>

namespace lathe::hypergraph {
namespace {

constexpr int kMostDepth = 100;
constexpr std::int64_t kMostWidth = 65'536;

std::string inside(const std::string& name, const std::string& child) { return name.empty() ? child : name + "." + child; }

}

EdhnnOptions edhnn_options_from(const Json& a) {
    EdhnnOptions options;
    options.hidden = a.value("MLP_hidden", options.hidden);
    options.classifier_hidden = a.value("Classifier_hidden", options.classifier_hidden);
    options.layers = a.value("All_num_layers", options.layers);
    options.depth1 = a.value("MLP_num_layers", options.depth1);
    options.depth2 = a.value("MLP2_num_layers", options.depth2);
    options.depth3 = a.value("MLP3_num_layers", options.depth3);
    options.classifier_depth = a.value("Classifier_num_layers", options.classifier_depth);
    options.input_norm = a.value("AllSet_input_norm", options.input_norm);
    options.alpha = a.value("restart_alpha", options.alpha);
    options.dropout = a.value("dropout", options.dropout);
    const std::string norm = a.value("normalization", "ln"), aggregate = a.value("aggregate", "mean"), activation = a.value("activation", "relu"), conv = a.value("edconv_type", "EquivSet");
    if ((norm != "ln" && norm != "None") || (aggregate != "mean" && aggregate != "add" && aggregate != "sum") || activation != "relu" || conv != "EquivSet")
        throw Error(ErrorCode::unsupported, "This form of ED-HNN is not known.", "normalization " + norm + ", aggregate " + aggregate + ", activation " + activation + ", edconv_type " + conv,
            "Known are ln and None; mean and add; relu; EquivSet.");
    options.layer_norm = norm == "ln";
    options.mean = aggregate == "mean";
    const auto [least_depth, most_depth] = std::minmax({options.layers, options.depth1, options.depth2, options.depth3, options.classifier_depth});
    const auto [least_width, most_width] = std::minmax({options.hidden, options.classifier_hidden});
    if (least_depth < 0 || most_depth > kMostDepth || least_width < 1 || most_width > kMostWidth)
        throw Error(ErrorCode::invalid_value, "An ED-HNN cannot have these sizes.", "depths from " + std::to_string(least_depth) + " to " + std::to_string(most_depth) + ", widths from " + std::to_string(least_width) + " to " + std::to_string(most_width),
            "Depths run from 0 to " + std::to_string(kMostDepth) + ", widths from 1 to " + std::to_string(kMostWidth) + ".");
    return options;
}

MlpBlock::Norm::Norm(std::int64_t width) : weight(at::ones({width})), bias(at::zeros({width})) {
    own("weight", weight);
    own("bias", bias);
}

MlpBlock::MlpBlock(std::int64_t in, std::int64_t hidden, std::int64_t out, int depth, bool layer_norm, bool input_norm, double dropout, const AddLayer& add_layer, const std::string& name) : m_dropout(dropout) {
    for (int i = 0; i < depth; ++i) {
        const std::int64_t from = i == 0 ? in : hidden;
        m_norms.push_back(layer_norm && (i > 0 || input_norm) ? std::make_unique<Norm>(from) : nullptr);
        m_lins.push_back(std::make_unique<Projection>(from, i + 1 == depth ? out : hidden, true, Initial::uniform, add_layer, inside(name, "lins." + std::to_string(i))));
        own("lins." + std::to_string(i), *m_lins.back());
        if (m_norms.back()) own("normalizations." + std::to_string(i), *m_norms.back());
    }
}

at::Tensor MlpBlock::normalized(std::size_t index, const at::Tensor& x) const {
    const auto& norm = m_norms[index];
    return norm ? at::layer_norm(x, {x.size(-1)}, norm->weight, norm->bias, 1e-5) : x;
}

at::Tensor MlpBlock::forward(const at::Tensor& x, Pass& pass) {
    if (m_lins.empty()) return x;
    at::Tensor h = normalized(0, x);
    for (std::size_t i = 0; i + 1 < m_lins.size(); ++i) h = dropped(normalized(i + 1, m_lins[i]->forward({h, {}, {}}, pass).relu()), m_dropout, pass);
    return m_lins.back()->forward({h, {}, {}}, pass);
}

void MlpBlock::initialize(at::Generator& draws) {
    for (const auto& lin : m_lins) lin->initialize(draws);
}

EquivSetGnn::Conv::Conv(const EdhnnOptions& o, const AddLayer& add_layer, const std::string& name)
    : w1(o.hidden, o.hidden, o.hidden, o.depth1, o.layer_norm, o.input_norm, o.dropout, add_layer, inside(name, "W1")),
      w2(2 * o.hidden, o.hidden, o.hidden, o.depth2, o.layer_norm, o.input_norm, o.dropout, add_layer, inside(name, "W2")),
      w(o.hidden, o.hidden, o.hidden, o.depth3, o.layer_norm, o.input_norm, o.dropout, add_layer, inside(name, "W")) {
    own("W1", w1);
    own("W2", w2);
    own("W", w);
}

EquivSetGnn::EquivSetGnn(std::int64_t in, std::int64_t out, const EdhnnOptions& options, const AddLayer& add_layer, const std::string& name)
    : m_options(options), m_lin_in(in, options.hidden, true, Initial::uniform, add_layer, inside(name, "lin_in")), m_conv(options, add_layer, inside(name, "conv")),
      m_classifier(options.hidden, options.classifier_hidden, out, options.classifier_depth, options.layer_norm, false, options.dropout, add_layer, inside(name, "classifier")) {
    own("lin_in", m_lin_in);
    own("conv", m_conv);
    own("classifier", m_classifier);
}

void EquivSetGnn::initialize(at::Generator& draws) {
    m_lin_in.initialize(draws);
    m_conv.w1.initialize(draws);
    m_conv.w2.initialize(draws);
    m_conv.w.initialize(draws);
    m_classifier.initialize(draws);
}

/// With W2 every membership has rows of its own: a refusal before the first pass over a graph is better than none after it.
void EquivSetGnn::ask_for_memory(const Pattern& members) {
    const bool learns = c10::GradMode::is_enabled();
    if (m_options.depth2 == 0 || (m_asked_for.lock() == members && (m_asked_to_learn || !learns))) return;
    // Rows of the hidden width. A pass alone: both ends and their norm, the first map, its relu and norm. Learning keeps of every layer both ends and their norm, and of each map but the last
    // one its relu, mask and product; the gradients of one layer stand beside them.
    const int kept = m_options.layers * (4 + 3 * (m_options.depth2 - 1)) + 3, rows = learns ? std::max(7, kept) : 7;
    const double entries = static_cast<double>(members->entries());
    require_memory(entries * static_cast<double>(m_options.hidden) * rows * 4.0, "ED-HNN on this graph",
        std::to_string(members->entries()) + " memberships (single nodes included), width " + std::to_string(m_options.hidden) + ", " + std::to_string(m_options.layers) + " layers",
        "Choose a smaller ED-HNN width, a sampler, fewer hyperedges, or another network.", available_memory_bytes() + static_cast<std::int64_t>(kept_tensor_bytes()));
    m_asked_for = members;
    m_asked_to_learn = learns;
}

at::Tensor EquivSetGnn::convolved(const GraphView& graph, const at::Tensor& x, const at::Tensor& first, Pass& pass) {
    const Pattern &members = graph.completed_members(), &of_nodes = graph.memberships_of_nodes(), &of_hyperedges = graph.memberships_of_hyperedges();
    const at::Tensor per_hyperedge = m_options.mean ? inverse_or_zero(row_sizes(members)) : at::Tensor(), per_node = m_options.mean ? inverse_or_zero(item_sizes(members)) : at::Tensor();
    const at::Tensor xe = gather_sum(members, Into::rows, m_conv.w1.forward(x, pass), {}, per_hyperedge);
    at::Tensor xv;
    if (m_conv.w2.is_empty()) xv = gather_sum(members, Into::items, xe, {}, per_node);
    else {
        const at::Tensor both = at::cat({gather_sum(of_nodes, Into::items, x), gather_sum(of_hyperedges, Into::items, xe)}, 1);   // [memberships, 2 hidden]
        xv = gather_sum(of_nodes, Into::rows, m_conv.w2.forward(both, pass), {}, per_node);
    }
    return m_conv.w.forward(xv * (1 - m_options.alpha) + first * m_options.alpha, pass);
}

at::Tensor EquivSetGnn::forward(const GraphView& graph, const NodeMatrix& x, Pass& pass, at::Tensor* hidden) {
    ask_for_memory(graph.completed_members());
    at::Tensor h = m_lin_in.forward(dropped(x, m_options.dropout, pass), pass).relu();
    const at::Tensor first = h;
    for (int i = 0; i < m_options.layers; ++i) h = convolved(graph, dropped(h, m_options.dropout, pass), first, pass).relu();
    if (hidden) *hidden = h;
    return m_classifier.forward(dropped(h, m_options.dropout, pass), pass);
}

}
