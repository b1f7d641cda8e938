#pragma once
// A network as the backends see it: which layer reads what another gives, traced once from a run with a Tap and, where a backend folds normalisation,
// with convolution, normalisation and ReLU as one node. Names are those of a torch.fx trace of the public model, which MQBench's rules and files use.
#include "core/nn/network.h"
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lathe::quantization {

struct GraphNode {
    std::string name;                        ///< module "layer1.0.conv1" -> "layer1_0_conv1"; functions "add", "add_1", "pad", …; inputs "x", "x_1", …
    std::string type;                        ///< LayerInfo::type; "Input"; "Unreported": a value whose making no layer reported
    int layer = -1;                          ///< id of its layer; -1: Input, Unreported
    int norm = -1, activation = -1;          ///< ids of the layers that fuse() merged into it
    std::vector<int> inputs, users;          ///< indices of nodes; users once each, in order of use
    std::vector<std::int64_t> shape;         ///< of its output in the traced run
    std::int64_t macs = 0;                   ///< multiply-adds of its weight in the traced run
    bool is_output = false;                  ///< the network returns it
    /// The layer whose leave() gives the node's output; -1: none does (Input, Unreported), and it is met at enter() of the users only.
    int last_layer() const { return activation >= 0 ? activation : norm >= 0 ? norm : layer; }
    bool has_weight() const;                 ///< a type with a weight that can be quantised: Conv2d, ConvTranspose2d, Linear
};

struct NetworkGraph {
    std::vector<GraphNode> nodes;            ///< in order of running
    int find(std::string_view name) const;   ///< -1: none
    std::int64_t macs() const;               ///< of all nodes
};

/// Runs the network once on `inputs` (shapes as its family documents them; gradients off) and notes what follows what. Layers that only hold others
/// (blocks) are no nodes. A layer that runs again gets "_dup1", … Throws what the forward throws, and Error(unsupported) where no layer reported.
NetworkGraph trace(Network& network, const std::vector<at::Tensor>& inputs);

/// Conv2d, ConvTranspose2d, Linear with a BatchNorm2d and a ReLU behind them, and a BatchNorm2d with a ReLU, become one node where nobody else reads
/// what is between.
NetworkGraph fuse(const NetworkGraph& graph);

}
