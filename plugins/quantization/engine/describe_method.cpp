// quantization.describe: the graph as a backend sees it, every quantiser and why it is there or not. Needs no data.
#include "plugins/quantization/engine/layer_table.h"
#include "plugins/quantization/engine/methods.h"

namespace lathe::quantization {
namespace {

void describe(RunContext& run) {
    const auto subject = open_subject(run);
    const Settings settings = settings_from(run.params());
    const QuantPlan plan = plan_of(*subject, settings);
    QuantTap tap(subject->network(), plan);
    give_nodes(run, *subject, plan);
    give_layers(run, *subject->model, tap, *subject->runner, nullptr);
    give_costs(run, *subject, tap);
    run.summary("activation_quantizers", plan.activations.size());
    run.summary("weight_quantizers", plan.weights.size());
    run.summary("weights", subject->network().parameter_count());
    run.summary("family", subject->model->family->id());
    run.summary("facts", subject->model->facts);
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
    info.outputs = {{"nodes", "table", "Nodes and quantizers", "", ""}, {"layers", "table", "Layers", "", ""}, {"weight_histograms", "tensor", "Histograms of the weights", "", ""}};
    method.run = describe;
    return method;
}

}
