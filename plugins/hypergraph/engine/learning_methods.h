#pragma once
// Methods that train graph networks, compare them and explain what one says.
#include "core/engine/registry.h"

namespace lathe::hypergraph {

Method train_graph_method();       ///< hypergraph.train
Method compare_graph_method();     ///< hypergraph.compare
Method explain_graph_method();     ///< hypergraph.explain

}
