#include "core/base/error.h"
#include "plugins/hypergraph/engine/augmentations.h"
#include "plugins/hypergraph/engine/graph_optimizer.h"
#include "plugins/hypergraph/engine/learning_cases.h"
#include "plugins/hypergraph/engine/samplers.h"
#include "plugins/hypergraph/engine/tensor_views.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <set>

namespace lathe::hypergraph {
namespace {

ColumnPairs columns_of(const at::Tensor& index) { return {index_row(index, 0), index_row(index, 1)}; }

at::Tensor index_tensor(const std::vector<std::int32_t>& first, const std::vector<std::int32_t>& second) {
    return pair_index(first, second).to(at::kLong);
}
std::span<const float> floats(const at::Tensor& tensor) { return {tensor.const_data_ptr<float>(), static_cast<std::size_t>(tensor.numel())}; }

TensorMap run_saint(const VerifyInputs& inputs, RunContext&) {
    const at::Tensor &x = inputs.needed("in.x"), &samples = inputs.needed("in.samples");
    const std::int64_t nodes = x.size(0);
    const ColumnPairs edges = columns_of(inputs.needed("in.edge_index")), memberships = columns_of(inputs.needed("in.hyperedge_index"));
    const auto sample = [&](std::int64_t number) {
        std::vector<std::int32_t> one;
        const auto rows = samples.accessor<std::int64_t, 2>();
        for (std::int64_t k = 0; k < samples.size(1); ++k)
            if (rows[number][k] >= 0) one.push_back(static_cast<std::int32_t>(rows[number][k]));
        return one;
    };
    std::int64_t next = 0;
    const SaintNorm norm = saint_norm(nodes, edges, inputs.config.at("steps").get<std::int64_t>(), inputs.config.at("coverage").get<std::int64_t>(), [&] {
        if (next >= samples.size(0)) throw Error(ErrorCode::wrong_format, "The reference file holds too few samples for its coverage.", "in.samples");
        return sample(next++);
    });
    const Restricted sub = restricted(nodes, edges, memberships, sample(0));
    const std::vector<float> weights = saint_edge_weights(nodes, edges);
    const std::vector<std::int64_t> selected = saint_edges(floats(inputs.needed("in.u").contiguous()), weights, inputs.config.value("batch_size", std::int64_t{8}));
    std::set<std::int64_t> ends;
    for (const std::int64_t k : selected) ends.insert({edges.first[static_cast<std::size_t>(k)], edges.second[static_cast<std::size_t>(k)]});
    const at::Tensor index = at::tensor(sub.nodes, at::kInt).to(at::kLong);
    return {{"mid.node_count", norm.node_count}, {"mid.edge_count", norm.edge_count}, {"mid.edge_prob", at::tensor(weights)}, {"out.node_norm", norm.node_norm}, {"out.edge_norm", norm.edge_norm},
        {"out.edge_sampler.selected", at::tensor(selected, at::kLong)}, {"out.edge_sampler.nodes", at::tensor(std::vector<std::int64_t>(ends.begin(), ends.end()), at::kLong)}, {"out.sub.node_idx", index},
        {"out.sub.x", x.index_select(0, index)}, {"out.sub.edge_id", at::tensor(sub.edge, at::kLong)}, {"out.sub.edge_index", index_tensor(sub.edges.first, sub.edges.second)},
        {"out.sub.hyperedge_index", index_tensor(sub.memberships.first, sub.memberships.second)}, {"out.sub.num_hyperedges", at::tensor(static_cast<std::int64_t>(sub.hyperedge.size()))}};
}

TensorMap run_augmentations(const VerifyInputs& inputs, RunContext&) {
    const at::Tensor x = inputs.needed("in.x").contiguous(), y = inputs.needed("in.y");
    const ColumnPairs edges = columns_of(inputs.needed("in.edge_index"));
    HybridGraph graph;
    graph.nodes = x.size(0);
    set_edges(graph, edges.first, edges.second);
    graph.features = {x.size(0), x.size(1), {}, {}, {x.const_data_ptr<float>(), x.const_data_ptr<float>() + x.numel()}};
    for (std::int64_t node = 0; node < graph.nodes; ++node) graph.labels.push_back(static_cast<std::int32_t>(y[node].item<std::int64_t>()));
    const auto dense = [&](const HybridGraph& made) { return at::tensor(made.features.dense).view({made.nodes, x.size(1)}); };
    TensorMap out;
    const std::vector<std::int64_t> columns = kept_by(floats(inputs.needed("in.u_edge").contiguous()), inputs.config.at("p_edge").get<double>());
    out["out.edgedrop.edge_index"] = inputs.needed("in.edge_index").index_select(1, at::tensor(columns, at::kLong));
    std::vector<std::int32_t> kept;
    const HybridGraph fewer = with_nodes_dropped(graph, floats(inputs.needed("in.u_node").contiguous()), inputs.config.at("p_node").get<double>(), &kept);
    const Restricted part = restricted(graph.nodes, edges, {}, kept);   // in the order of the columns
    out["out.nodedrop.edge_index"] = index_tensor(part.edges.first, part.edges.second);
    out["out.nodedrop.x"] = dense(fewer);
    out["out.nodedrop.y"] = at::tensor(fewer.labels, at::kInt).to(at::kLong);
    out["out.featmask.x"] = dense(with_features_masked(graph, floats(inputs.needed("in.u_feature").contiguous()), inputs.config.at("p_feature").get<double>()));
    const at::Tensor order = inputs.needed("in.perm").contiguous();
    const HybridGraph mixed = with_mixup(graph, {order.const_data_ptr<std::int64_t>(), static_cast<std::size_t>(order.numel())}, inputs.config.at("lambda").get<double>());
    out["out.mixup.x"] = dense(mixed);
    out["out.mixup.y"] = at::tensor(mixed.labels, at::kInt).to(at::kLong);
    return out;
}

TensorMap run_schedule(const VerifyInputs& inputs, RunContext&) {
    const at::Tensor &start = inputs.needed("in.w0"), &target = inputs.needed("in.target");
    at::Tensor w = start.clone().set_requires_grad(true);
    const std::string name = inputs.config.value("optimizer", "adam");
    OptimizerOptions options;
    options.kind = optimizer_kind(name);
    options.lr = inputs.config.at("lr").get<double>();
    options.schedule_steps = inputs.config.at("T_max").get<std::int64_t>();
    options.lr_end = inputs.config.value("eta_min", options.kind == OptimizerKind::adam ? 1e-6 : 0.0);
    options.momentum = inputs.config.value("momentum", 0.9);
    options.weight_decay = inputs.config.value("weight_decay", options.kind == OptimizerKind::adam ? 0.0 : 5e-4);
    GraphOptimizer optimizer({{"w", w}}, options);
    std::vector<double> rates;
    std::vector<at::Tensor> path;
    const std::int64_t steps = inputs.config.value("steps", options.schedule_steps);
    for (std::int64_t step = 0; step < steps; ++step) {
        const c10::AutoGradMode gradients(true);
        (w - target).square().sum().backward();
        rates.push_back(optimizer.lr_at(step));
        optimizer.step(step);
        path.push_back(w.detach().clone());
    }
    return {{"out.lr", at::tensor(rates, at::kDouble).to(at::kFloat)}, {"out.w", at::stack(path)}};
}

}

VerifyCase saint_case() {
    return {"hypergraph/saint", {{"out.node_norm", "max_rel", 1e-6}, {"out.edge_norm", "max_rel", 1e-6}, {"mid.edge_prob", "max_rel", 1e-6}, {"out.sub.x", "max_rel", 1e-6}, {"*", "exact", 0}}, run_saint, {}, {}, {}};
}
VerifyCase augmentations_case() { return {"hypergraph/baseline_augmentations", {{"*.x", "max_rel", 1e-5}, {"*", "exact", 0}}, run_augmentations, {}, {}, {}}; }
VerifyCase schedule_case() { return {"hypergraph/schedule", {{"*", "max_rel", 1e-6}}, run_schedule, {}, {}, {}}; }

}
