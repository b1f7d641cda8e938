#include "plugins/hypergraph/engine/learning_cases.h"
#include "plugins/hypergraph/engine/learning_methods.h"
#include "plugins/hypergraph/engine/registrations.h"

namespace lathe::hypergraph {

void register_learning(Registry& registry) {
    for (VerifyCase (*make)() : {gcn_case, sage_case, gat_case, gatv2_case, hypergraph_conv_case, hypergcn_case, edhnn_case, hgb_net_case, hyperaug_net_case, schedule_case, saint_case, augmentations_case, train_case}) registry.add(make());
    for (Method (*make)() : {train_graph_method, compare_graph_method, explain_graph_method}) registry.add(make());
}

}
