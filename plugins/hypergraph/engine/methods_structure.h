#pragma once
// The methods that look at the structure of a graph and lay it out.
#include "core/engine/registry.h"

namespace lathe::hypergraph {

Method statistics_method();    ///< hypergraph.statistics
Method layout_method();        ///< hypergraph.layout
Method embed_method();         ///< hypergraph.embed

}
