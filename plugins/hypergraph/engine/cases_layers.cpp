#include "core/base/error.h"
#include "plugins/hypergraph/engine/graph_layers.h"
#include "plugins/hypergraph/engine/hyper_gcn.h"
#include "plugins/hypergraph/engine/learning_cases.h"
#include <algorithm>
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <set>

namespace lathe::hypergraph {
namespace {

constexpr double kLayerTolerance = 1e-5;

at::Tensor leaf(const at::Tensor& given) { return given.detach().clone().set_requires_grad(true); }
at::Tensor gradient_or_zero(const at::Tensor& tensor) { return tensor.grad().defined() ? tensor.grad() : at::zeros_like(tensor); }

const AddLayer kNoTaps = [](std::string, std::string, std::string, int) { return 0; };

/// The weights of the file under their keys, those below `prefix` without it.
std::map<std::string, at::Tensor> weights_of(const VerifyInputs& inputs, const std::string& prefix) {
    std::map<std::string, at::Tensor> weights;
    for (const auto& [key, tensor] : inputs.tensors)
        if (!key.starts_with("in.") && !key.starts_with("mid.") && key.starts_with(prefix)) weights.emplace(key.substr(prefix.size()), tensor);
    return weights;
}

/// Runs a layer with the weights of the file and gives out.y and the gradients of sum(out.y * in.grad_out).
class LayerCase {
public:
    explicit LayerCase(const VerifyInputs& inputs) : m_inputs(inputs), m_kwargs(inputs.config.value("kwargs", Json::object())), graph(case_graph(inputs, &edge_order)) {}

    template <class T> T option(const char* name, T otherwise) const { return m_kwargs.value(name, otherwise); }
    const at::Tensor& weight(const std::string& key) const { return m_inputs.needed(key); }
    bool has(const std::string& key) const { return m_inputs.tensors.contains(key); }

    void take(Module& layer, const std::string& prefix) {
        const auto weights = weights_of(m_inputs, prefix);
        layer.visit_parameters("", [&](const std::string& key, at::Tensor& parameter) {
            const auto found = weights.find(key);
            if (found == weights.end() || found->second.sizes() != parameter.sizes())
                throw Error(ErrorCode::wrong_format, "The reference file lacks a weight of this layer, or its shape is another.", prefix + key, "The configuration must fit the weights.");
            parameter.copy_(found->second);
            parameter.set_requires_grad(true);
            m_parameters.emplace_back(prefix + key, parameter);
        });
    }

    /// `forward`: y of graph->x.
    TensorMap run(const std::function<at::Tensor(Pass&)>& forward, std::vector<std::pair<std::string, at::Tensor>> more = {}) {
        const c10::AutoGradMode gradients(true);
        Pass pass;
        pass.attention = &attention;
        const at::Tensor y = forward(pass);
        y.backward(m_inputs.needed("in.grad_out"));
        TensorMap out{{"out.y", y.detach()}, {"out.grad.in.x", gradient_or_zero(graph->x.dense)}};
        for (const auto& [key, parameter] : m_parameters) out["out.grad." + key] = gradient_or_zero(parameter);
        for (const auto& [key, tensor] : more) out["out.grad." + key] = gradient_or_zero(tensor);
        return out;
    }

    std::vector<std::int64_t> edge_order;
private:
    const VerifyInputs& m_inputs;
    Json m_kwargs;
    std::vector<std::pair<std::string, at::Tensor>> m_parameters;
public:
    std::shared_ptr<GraphView> graph;
    std::vector<KeptAttention> attention;
};

/// Values given for the columns of in.edge_index, by place.
at::Tensor by_place(const at::Tensor& of_columns, const std::vector<std::int64_t>& order) {
    return of_columns.index_select(0, at::from_blob(const_cast<std::int64_t*>(order.data()), {static_cast<std::int64_t>(order.size())}, at::kLong));
}

/// mid.edge_index and mid.alpha: the columns that are no loops in their order, then a loop for each node; without loops added, the columns.
void put_attention(const LayerCase& one, const VerifyInputs& inputs, bool loops, TensorMap& out) {
    if (one.attention.size() != 1) return;
    const at::Tensor& index = inputs.needed("in.edge_index");
    std::vector<std::int64_t> place_of_column(one.edge_order.size()), places, source, target;
    for (std::size_t place = 0; place < one.edge_order.size(); ++place) place_of_column[static_cast<std::size_t>(one.edge_order[place])] = static_cast<std::int64_t>(place);
    const auto columns = index.accessor<std::int64_t, 2>();
    for (std::int64_t k = 0; k < index.size(1); ++k) {
        const std::int64_t place = place_of_column[static_cast<std::size_t>(k)];
        if (loops && columns[0][k] == columns[1][k]) continue;
        places.push_back(loops ? one.graph->looped().place_of_edge[static_cast<std::size_t>(place)] : place);
        source.push_back(columns[0][k]);
        target.push_back(columns[1][k]);
    }
    for (std::int64_t node = 0; loops && node < one.graph->nodes(); ++node) {
        places.push_back(one.graph->looped().place_of_loop[static_cast<std::size_t>(node)]);
        source.push_back(node);
        target.push_back(node);
    }
    out["mid.alpha"] = by_place(one.attention[0].alpha, places);
    out["mid.edge_index"] = at::stack({at::tensor(source, at::kLong), at::tensor(target, at::kLong)});
}

TensorMap run_gcn(const VerifyInputs& inputs, RunContext&) {
    LayerCase one(inputs);
    at::Tensor weights;
    if (one.has("in.edge_weight")) weights = leaf(inputs.needed("in.edge_weight"));
    const at::Tensor& w = one.weight("lin.weight");
    GcnConv layer(w.size(1), w.size(0), {one.option("improved", false), one.option("add_self_loops", true), one.option("normalize", true), one.option("bias", true)}, kNoTaps, "");
    one.take(layer, "");
    std::vector<std::pair<std::string, at::Tensor>> more;
    if (weights.defined()) more.emplace_back("in.edge_weight", weights);
    return one.run([&](Pass& pass) {
        if (weights.defined()) one.graph->edge_weights = by_place(weights, one.edge_order);
        return layer.forward(*one.graph, one.graph->x, pass);
    }, more);
}

TensorMap run_sage(const VerifyInputs& inputs, RunContext&) {
    LayerCase one(inputs);
    const at::Tensor& w = one.weight("lin_l.weight");
    const std::string aggregate = one.option<std::string>("aggr", "mean");
    if (aggregate != "mean" && aggregate != "max") throw Error(ErrorCode::unsupported, "This aggregation of GraphSAGE is not known.", aggregate, "Known are mean and max.");
    SageConv layer(w.size(1), w.size(0), {aggregate == "max", one.option("normalize", false), one.option("root_weight", true), one.option("bias", true)}, kNoTaps, "");
    one.take(layer, "");
    return one.run([&](Pass& pass) { return layer.forward(*one.graph, one.graph->x, pass); });
}

/// A layer for each prefix ("", or "convs.0.", "convs.1.", …), relu between them.
template <class Layer, class Make> TensorMap run_attention(const VerifyInputs& inputs, const char* attention_key, Make make) {
    LayerCase one(inputs);
    std::vector<std::string> prefixes;
    if (one.has(attention_key)) prefixes.emplace_back();
    else
        for (int i = 0; one.has("convs." + std::to_string(i) + "." + attention_key); ++i) prefixes.push_back("convs." + std::to_string(i) + ".");
    std::vector<std::unique_ptr<Layer>> layers;
    for (const std::string& prefix : prefixes) {
        layers.push_back(make(one, prefix, one.weight(prefix + attention_key)));
        one.take(*layers.back(), prefix);
    }
    if (layers.empty()) throw Error(ErrorCode::wrong_format, "The reference file holds no layer.", attention_key);
    at::Tensor attributes;
    std::vector<std::pair<std::string, at::Tensor>> more;
    if (one.has("in.edge_attr")) more.emplace_back("in.edge_attr", attributes = leaf(inputs.needed("in.edge_attr")));
    TensorMap out = one.run([&](Pass& pass) {
        if (attributes.defined()) one.graph->edge_attributes = by_place(attributes, one.edge_order);
        NodeMatrix x = one.graph->x;
        for (std::size_t i = 0; i < layers.size(); ++i) {
            const at::Tensor y = layers[i]->forward(*one.graph, x, pass);
            x = {i + 1 < layers.size() ? y.relu() : y, {}, {}};
        }
        return x.dense;
    }, more);
    put_attention(one, inputs, one.option("add_self_loops", true), out);
    return out;
}

TensorMap run_gat(const VerifyInputs& inputs, RunContext&) {
    return run_attention<GatConv>(inputs, "att_src", [&](const LayerCase& one, const std::string& prefix, const at::Tensor& attention) {
        GatOptions options;
        options.heads = attention.size(1);
        options.concat = one.option("concat", true);
        options.loops = one.option("add_self_loops", true);
        options.bias = one.option("bias", true);
        options.slope = one.option("negative_slope", 0.2);
        options.weight_name = one.has(prefix + "lin.weight") ? "lin" : "lin_src";
        if (one.has(prefix + "lin_edge.weight")) options.edge_width = one.weight(prefix + "lin_edge.weight").size(1);
        if (const Json fill = inputs.config.value("kwargs", Json::object()).value("fill_value", Json("mean")); fill.is_string()) options.fill = fill.get<std::string>();
        else options.fill = number_text(fill.get<double>());
        return std::make_unique<GatConv>(one.weight(prefix + options.weight_name + ".weight").size(1), attention.size(2), options, kNoTaps, prefix);
    });
}

TensorMap run_gatv2(const VerifyInputs& inputs, RunContext&) {
    return run_attention<Gatv2Conv>(inputs, "att", [&](const LayerCase& one, const std::string& prefix, const at::Tensor& attention) {
        Gatv2Options options;
        options.heads = attention.size(1);
        options.concat = one.option("concat", true);
        options.loops = one.option("add_self_loops", true);
        options.bias = one.option("bias", true);
        options.shared = one.option("share_weights", false);
        options.slope = one.option("negative_slope", 0.2);
        return std::make_unique<Gatv2Conv>(one.weight(prefix + "lin_l.weight").size(1), attention.size(2), options, kNoTaps, prefix);
    });
}

TensorMap run_hypergraph_conv(const VerifyInputs& inputs, RunContext&) {
    LayerCase one(inputs);
    HypergraphOptions options;
    options.attention = one.option("use_attention", false);
    options.mode = one.option<std::string>("attention_mode", "node") == "node" ? AttentionMode::node : AttentionMode::edge;
    options.heads = options.attention ? one.option("heads", std::int64_t{1}) : 1;
    options.concat = one.option("concat", true);
    options.slope = one.option("negative_slope", 0.2);
    options.bias = one.option("bias", true);
    const at::Tensor& w = one.weight("lin.weight");
    HypergraphConv layer(w.size(1), w.size(0) / options.heads, options, kNoTaps, "");
    one.take(layer, "");
    at::Tensor attributes, weights;
    std::vector<std::pair<std::string, at::Tensor>> more;
    if (one.has("in.hyperedge_attr")) more.emplace_back("in.hyperedge_attr", attributes = leaf(inputs.needed("in.hyperedge_attr")));
    if (one.has("in.hyperedge_weight")) more.emplace_back("in.hyperedge_weight", weights = leaf(inputs.needed("in.hyperedge_weight")));
    return one.run([&](Pass& pass) {
        one.graph->hyperedge_weights = weights;
        return layer.forward(*one.graph, one.graph->x, attributes, pass);
    }, more);
}

TensorMap run_hypergcn(const VerifyInputs& inputs, RunContext&) {
    LayerCase one(inputs);
    const at::Tensor& w = one.weight("W");
    HyperGcnLayer layer(w.size(0), w.size(1));
    one.take(layer, "");
    const at::Tensor along = at::mv(one.graph->x.dense.detach().to(at::kDouble), inputs.needed("in.rv.f64"));
    const HypergraphLaplacian laplacian = hypergraph_laplacian(*one.graph->members(), along, inputs.config.value("mediators", true));
    TensorMap out = one.run([&](Pass&) { return layer.forward(laplacian, layer.product(one.graph->x)); });
    out["mid.A"] = NodeMatrix{{}, laplacian.pattern, laplacian.weights}.to_dense();
    return out;
}

VerifyCase layer_case(const char* id, TensorMap (*run)(const VerifyInputs&, RunContext&)) {
    return {id, {{"mid.edge_index", "exact", 0}, {"out.grad.in.hyperedge_weight", "max_rel_finite", kLayerTolerance}, {"out.grad.in.edge_weight", "max_rel_finite", kLayerTolerance}, {"*", "max_rel", kLayerTolerance}}, run, {}, {}, {}};
}

}

std::vector<std::int32_t> index_row(const at::Tensor& index, std::int64_t row) {
    if (index.dim() != 2 || index.size(0) != 2 || index.scalar_type() != at::kLong) throw Error(ErrorCode::wrong_format, "An index of the reference file is not int64 [2, columns].", "in.edge_index or in.hyperedge_index");
    std::vector<std::int32_t> numbers;
    const auto values = index.accessor<std::int64_t, 2>();
    for (std::int64_t k = 0; k < index.size(1); ++k) numbers.push_back(static_cast<std::int32_t>(std::clamp<std::int64_t>(values[row][k], -1, INT32_MAX)));   // outside the graph is refused later
    return numbers;
}

std::shared_ptr<GraphView> case_graph(const VerifyInputs& inputs, std::vector<std::int64_t>* edge_order) {
    const at::Tensor& x = inputs.needed("in.x");
    const std::int64_t nodes = x.size(0);
    Pattern edges, members;
    if (const auto found = inputs.tensors.find("in.edge_index"); found != inputs.tensors.end() && !inputs.tensors.contains("in.hyperedge_index_raw"))
        edges = pattern_of_pairs(index_row(found->second, 1), index_row(found->second, 0), nodes, nodes, edge_order);
    for (const char* key : {"in.hyperedge_index_raw", "in.hyperedge_index"})
        if (const auto found = inputs.tensors.find(key); found != inputs.tensors.end() && !members) {
            std::int64_t count = found->second.size(1) == 0 ? 0 : found->second[1].max().item<std::int64_t>() + 1;
            for (const char* more : {"in.hyperedge_attr", "in.hyperedge_weight"})
                if (const auto given = inputs.tensors.find(more); given != inputs.tensors.end()) count = std::max(count, given->second.size(0));
            members = pattern_of_pairs(index_row(found->second, 1), index_row(found->second, 0), count, nodes);
        }
    auto graph = std::make_shared<GraphView>(nodes, edges, members);
    graph->x.dense = leaf(x);
    return graph;
}

VerifyCase gcn_case() { return layer_case("hypergraph/layer.gcn", run_gcn); }
VerifyCase sage_case() { return layer_case("hypergraph/layer.sage", run_sage); }
VerifyCase gat_case() { return layer_case("hypergraph/layer.gat", run_gat); }
VerifyCase gatv2_case() { return layer_case("hypergraph/layer.gatv2", run_gatv2); }
VerifyCase hypergraph_conv_case() { return layer_case("hypergraph/layer.hypergraph_conv", run_hypergraph_conv); }
VerifyCase hypergcn_case() { return layer_case("hypergraph/layer.hypergcn", run_hypergcn); }

}
