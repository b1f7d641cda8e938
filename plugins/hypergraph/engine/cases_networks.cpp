#include "core/base/error.h"
#include "plugins/hypergraph/engine/graph_network.h"
#include "plugins/hypergraph/engine/learning_cases.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

namespace lathe::hypergraph {
namespace {

constexpr double kNetworkTolerance = 2e-5;

std::map<std::string, at::Tensor> network_weights(const VerifyInputs& inputs) {
    std::map<std::string, at::Tensor> weights;
    for (const auto& [key, tensor] : inputs.tensors)
        if (!key.starts_with("in.") && !key.starts_with("mid.")) weights.emplace(key, tensor);
    return weights;
}

TensorMap run_network(const VerifyInputs& inputs, const NetworkOptions& options, const std::string& output) {
    const c10::AutoGradMode gradients(true);
    const auto graph = case_graph(inputs);
    const auto network = make_network(options);
    network->load_named(network_weights(inputs));
    network->set_training(true);
    Pass pass;
    const at::Tensor y = network->compute(*graph, pass);
    const at::Tensor mask = inputs.needed("in.mask").to(at::kBool), target = inputs.needed("in.y");
    const at::Tensor loss = options.is_regression ? at::mse_loss(y.masked_select(mask), target.masked_select(mask)) : at::cross_entropy_loss(y.index({mask}), target.index({mask}));
    loss.backward();
    TensorMap out{{output, y.detach()}, {"out.loss", loss.detach()}, {"out.grad.in.x", graph->x.dense.grad()}};
    network->visit_parameters("", [&](const std::string& key, at::Tensor& parameter) { out["out.grad." + key] = parameter.grad().defined() ? parameter.grad() : at::zeros_like(parameter); });
    return out;
}

/// Of config "info", the class and what the weights say.
NetworkOptions options_of(const VerifyInputs& inputs) {
    const Json& info = inputs.config.at("info");
    NetworkOptions options;
    options.kind = kind_of_class(inputs.config.at("class").get<std::string>());
    options.is_regression = info.value("is_regression", false);
    options.features = info.at("num_node_features").get<std::int64_t>();
    options.classes = info.value("num_classes", std::int64_t{0});
    options.nodes = info.value("num_node", std::int64_t{0});
    options.log_softmax = inputs.config.value("applies_log_softmax", true);
    options.released = inputs.config.value("behaviour", "released") == "released";
    if (info.contains("model1")) options.first = info.at("model1").get<std::string>();
    if (info.contains("model2")) options.second = info.at("model2").get<std::string>();
    if (inputs.config.contains("edhnn_args")) options.edhnn = edhnn_options_from(inputs.config.at("edhnn_args"));
    return options;
}

TensorMap run_edhnn(const VerifyInputs& inputs, RunContext&) {
    NetworkOptions options;
    options.kind = "edhnn";
    options.features = inputs.needed("in.x").size(1);
    options.edhnn = edhnn_options_from(inputs.config.value("args", Json::object()));
    options.classes = inputs.needed("classifier.lins." + std::to_string(options.edhnn.classifier_depth - 1) + ".weight").size(0);
    options.log_softmax = false;
    return run_network(inputs, options, "out.logits");
}

VerifyCase network_case(const char* id, std::function<TensorMap(const VerifyInputs&, RunContext&)> run) { return {id, {{"*", "max_rel", kNetworkTolerance}}, std::move(run), {}, {}, {}}; }

}

VerifyCase edhnn_case() { return network_case("hypergraph/layer.edhnn", run_edhnn); }
VerifyCase hgb_net_case() { return network_case("hypergraph/hgb_net", [](const VerifyInputs& inputs, RunContext&) { return run_network(inputs, options_of(inputs), "out.y"); }); }
VerifyCase hyperaug_net_case() { return network_case("hypergraph/hyperaug_net", [](const VerifyInputs& inputs, RunContext&) { return run_network(inputs, options_of(inputs), "out.y"); }); }

}
