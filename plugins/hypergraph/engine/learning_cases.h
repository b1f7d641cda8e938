#pragma once
// Reference cases of layers, networks, training, samplers and augmentations: each recomputes what the official implementations gave.
#include "core/engine/verify.h"
#include "plugins/hypergraph/engine/graph_view.h"

namespace lathe::hypergraph {

VerifyCase gcn_case();                 ///< hypergraph/layer.gcn
VerifyCase sage_case();                ///< hypergraph/layer.sage
VerifyCase gat_case();                 ///< hypergraph/layer.gat
VerifyCase gatv2_case();               ///< hypergraph/layer.gatv2
VerifyCase hypergraph_conv_case();     ///< hypergraph/layer.hypergraph_conv
VerifyCase hypergcn_case();            ///< hypergraph/layer.hypergcn
VerifyCase edhnn_case();               ///< hypergraph/layer.edhnn
VerifyCase hgb_net_case();             ///< hypergraph/hgb_net
VerifyCase hyperaug_net_case();        ///< hypergraph/hyperaug_net
VerifyCase schedule_case();            ///< hypergraph/schedule
VerifyCase saint_case();               ///< hypergraph/saint
VerifyCase augmentations_case();       ///< hypergraph/baseline_augmentations
VerifyCase train_case();               ///< hypergraph/train

/// Of a reference file: row `row` of in.edge_index or in.hyperedge_index.
std::vector<std::int32_t> index_row(const at::Tensor& index, std::int64_t row);
/// The graph of a reference file; x requires gradients. `edge_order`: for each place of the edges, the column of in.edge_index.
std::shared_ptr<GraphView> case_graph(const VerifyInputs& inputs, std::vector<std::int64_t>* edge_order = nullptr);

}
