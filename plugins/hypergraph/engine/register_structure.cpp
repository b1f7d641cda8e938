#include "plugins/hypergraph/engine/cases_structure.h"
#include "plugins/hypergraph/engine/methods_structure.h"
#include "plugins/hypergraph/engine/registrations.h"

namespace lathe::hypergraph {

void register_structure(Registry& registry) {
    registry.add(statistics_method());
    registry.add(layout_method());
    registry.add(embed_method());
    for (auto make : {cliques_case, nearest_case, table_case, greedy_case, statistics_case, force_atlas2_case, fruchterman_reingold_case}) registry.add(make());
}

}
