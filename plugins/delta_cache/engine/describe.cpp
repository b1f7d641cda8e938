// delta_cache.describe: opens a model and says what it is, before anything is drawn with it.
#include "plugins/delta_cache/engine/cost.h"
#include "plugins/delta_cache/engine/dit.h"
#include "plugins/delta_cache/engine/methods.h"
#include "plugins/delta_cache/engine/reference.h"

namespace lathe::delta_cache {

Method describe_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "delta_cache.describe";
    info.title = "Describe the model";
    info.help = "Opens a DiT checkpoint and reports its size, its classes and what its parts cost.";
    info.inputs = {{"model", "model", "Model", "A DiT checkpoint; without one the Fashion-MNIST demo.", false}};
    info.families = {"dit"};
    method.run = [](RunContext& run) {
        const auto model = open_model(run);
        const DitConfig& config = dit_of(*model).dit_config();
        run.summary("model", model->facts);
        run.summary("macs_block", block_macs(config).full);       // of one image at one step
        run.summary("macs_outside", outside_macs(config).full);
    };
    return method;
}

}
