#include "core/base/error.h"
#include "core/engine/run_context.h"
#include "plugins/hypergraph/engine/construction.h"
#include "plugins/hypergraph/engine/graph_network.h"
#include "plugins/hypergraph/engine/graph_optimizer.h"
#include "plugins/hypergraph/engine/graph_reader.h"
#include "plugins/hypergraph/engine/learning_cases.h"
#include <algorithm>
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

namespace lathe::hypergraph {
namespace {

constexpr std::int64_t kOutputRows = 400;   // of out.final_output
constexpr double kFinalTolerance = 1e-4;

HybridGraph graph_of_case(const VerifyInputs& inputs, bool needs_hyperedges, RunContext& run) {
    const Json& data = inputs.config.at("data");
    ReadOptions options;
    options.tick = [&](double, double) { run.check_cancelled(); };
    options.features = data.value("features", "file") == "raw" ? "raw" : "file";
    if (data.value("symmetrise", false)) {
        options.direction = "undirected";
        options.duplicates = "remove";
    }
    if (data.value("remove_self_loops", false)) options.loops = "remove";
    HybridGraph graph = read_graph(inputs.locate(data.at("path").get<std::string>()), options).graph;
    if (needs_hyperedges && graph.members.size() == 0) set_hyperedges(graph, maximal_cliques(simple_neighbours(graph), 3, options.tick));   // as HGB makes them
    return graph;
}

TensorMap run_train(const VerifyInputs& inputs, RunContext& run) {
    const Json& config = inputs.config;
    std::map<std::string, at::Tensor> weights;
    for (const auto& [key, tensor] : inputs.tensors)
        if (!key.starts_with("in.")) weights.emplace(key, tensor);
    const std::string name = config.at("class").get<std::string>(), path = config.at("data").at("path").get<std::string>();
    NetworkOptions options;
    const bool is_plain = name == "Two";        // two convolutions and nothing behind them: on a data set of hyperedges HypergraphConv, else GCN
    options.kind = !is_plain ? kind_of_class(name) : path.find("hypergcn/") != std::string::npos ? "hyper-gcn" : "gcn";
    options.log_softmax = !is_plain;
    options.is_regression = config.value("loss", "cross entropy").find("MSE") != std::string::npos;
    const HybridGraph graph = graph_of_case(inputs, network_kind(options.kind).hyperedges, run);
    const std::shared_ptr<GraphView> view = view_of(graph);
    options.features = view->x.columns();
    options.nodes = graph.nodes;
    const auto last = weights.find("lp.bias") != weights.end() ? weights.find("lp.bias") : weights.find("conv2.bias") != weights.end() ? weights.find("conv2.bias") : weights.find("conv2.lin_l.bias");
    options.classes = options.is_regression ? 0 : last != weights.end() ? last->second.size(0) : static_cast<std::int64_t>(graph.classes.size());
    if (is_plain) options.hidden = inputs.needed("conv1.bias").size(0);
    const auto network = make_network(options);
    network->load_named(weights);
    network->set_training(true);
    NamedTensors parameters;
    network->visit_parameters("", [&](const std::string& key, at::Tensor& tensor) { parameters.emplace_back(key, tensor); });
    OptimizerOptions rates;
    rates.kind = optimizer_kind(config.value("optimizer", "adam"));
    rates.lr = config.at("lr").get<double>();
    rates.weight_decay = config.value("weight_decay", 0.0);
    rates.schedule_steps = config.value("cosine_T_max", std::int64_t{0});
    rates.lr_end = config.value("eta_min", 1e-6);
    GraphOptimizer optimizer(parameters, rates);

    at::Tensor target = options.is_regression ? at::tensor(graph.targets) : at::tensor(graph.labels, at::kInt).to(at::kLong);
    const at::Tensor train = inputs.needed("in.train_mask").to(at::kBool).nonzero().squeeze(1), validation = inputs.needed("in.val_mask").to(at::kBool).nonzero().squeeze(1);
    const auto metric = [&](const at::Tensor& y, const at::Tensor& nodes) {
        const at::Tensor own = y.detach().index_select(0, nodes), wanted = target.index_select(0, nodes);
        return (options.is_regression ? (own - wanted).abs() : (own.argmax(1) == wanted).to(at::kFloat)).mean().item<double>();
    };
    std::vector<double> losses, lr, of_train, of_validation;
    for (std::int64_t step = 0; step < config.at("steps").get<std::int64_t>(); ++step) {
        run.check_cancelled();
        const c10::AutoGradMode gradients(true);
        Pass pass;
        const at::Tensor y = network->compute(*view, pass), own = y.index_select(0, train), wanted = target.index_select(0, train);
        const at::Tensor loss = options.is_regression ? at::mse_loss(own, wanted) : at::cross_entropy_loss(own, wanted);
        loss.backward();
        losses.push_back(loss.item<double>());
        lr.push_back(optimizer.lr_at(step));
        of_train.push_back(metric(y, train));
        of_validation.push_back(metric(y, validation));
        optimizer.step(step);
    }
    const c10::NoGradGuard no_gradients;
    Pass pass;
    const auto floats = [](const std::vector<double>& values) { return at::tensor(values, at::kDouble).to(at::kFloat); };
    TensorMap out{{"out.loss", floats(losses)}, {"out.lr", floats(lr)}, {"out.train_metric", floats(of_train)}, {"out.val_metric", floats(of_validation)}, {"out.final_output", network->compute(*view, pass).narrow(0, 0, std::min(kOutputRows, graph.nodes))}};
    for (const auto& [key, tensor] : reference_state(*network)) out["out.final." + key] = tensor;
    return out;
}

}

VerifyCase train_case() {
    return {"hypergraph/train", {{"out.loss", "max_rel", 1e-5}, {"out.lr", "max_rel", 1e-6}, {"out.*_metric", "max_rel", 1e-3}, {"*", "max_rel", kFinalTolerance}}, run_train, {}, {}, {}};
}

}
