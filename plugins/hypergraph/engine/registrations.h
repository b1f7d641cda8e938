#pragma once
// What each part of the plugin offers to the engine.
#include "core/engine/registry.h"

namespace lathe::hypergraph {

void register_files(Registry& registry);        ///< opening and exporting graphs
void register_structure(Registry& registry);    ///< building hyperedges, statistics, layouts
void register_learning(Registry& registry);     ///< layers, networks, training

}
