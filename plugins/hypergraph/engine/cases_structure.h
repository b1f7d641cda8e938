#pragma once
// Reference cases of structure: hyperedges built, clusters, statistics, layouts.
#include "core/engine/verify.h"

namespace lathe::hypergraph {

VerifyCase cliques_case();               ///< hypergraph/cliques
VerifyCase nearest_case();               ///< hypergraph/knn_hyperedges
VerifyCase table_case();                 ///< hypergraph/table_hyperedges
VerifyCase greedy_case();                ///< hypergraph/hierarchy_greedy
VerifyCase statistics_case();            ///< hypergraph/statistics
VerifyCase force_atlas2_case();          ///< hypergraph/layout.forceatlas2
VerifyCase fruchterman_reingold_case();  ///< hypergraph/layout.fruchterman_reingold

}
