// quantization.describe: the graph as a backend sees it, every quantiser and why it is there or not. Needs no data.
#include "plugins/quantization/engine/methods.h"

namespace lathe::quantization {
namespace {

void describe(RunContext& run) {
    const auto model = open_model(run);
    const Settings settings = settings_from(run.params());
    const QuantPlan plan = plan_of(*model, settings);
    QuantTap tap(*model->network, plan);
    give_nodes(run, *model, plan);
    give_costs(run, *model, tap);
    run.summary("activation_quantizers", plan.activations.size());
    run.summary("weight_quantizers", plan.weights.size());
}

}

Method describe_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "quantization.describe";
    info.title = "Show the quantizers of a network";
    info.help = "Traces the network and places quantizers as a backend does; says for each value why there is one, or why not.";
    info.source = "MQBench (arXiv 2111.03759), custom quantizers";
    info.parameters = scheme_parameters();
    info.inputs = {{"model", "model", "Model", "A checkpoint of any family.", true}};
    info.outputs = {{"nodes", "table", "Nodes and quantizers", "", ""}};
    method.run = describe;
    return method;
}

}
