#pragma once
// The methods that open, preview and export graphs.
#include "core/engine/registry.h"

namespace lathe::hypergraph {

Method open_method();     ///< hypergraph.open
Method build_method();    ///< hypergraph.build
Method export_method();   ///< hypergraph.export

}
