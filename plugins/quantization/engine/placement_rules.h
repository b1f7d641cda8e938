#pragma once
// The part of placement that differs between backends: after which nodes a quantiser stands. Used by placement.cpp only.
#include "plugins/quantization/engine/placement.h"
#include <string>
#include <vector>

namespace lathe::quantization {

struct Wanted { int node = -1; std::string why; };

/// Nodes behind which the policy puts a quantiser, in the order in which it finds them, once each.
std::vector<Wanted> wanted_activations(const NetworkGraph& graph, const Backend& backend, const PlacementOptions& options);

/// Of the OpenVINO policy: whether the quantiser behind `node` is unsigned. `known`: for each node, whether its quantiser is unsigned, where it has one.
bool openvino_unsigned(const NetworkGraph& graph, int node, const std::vector<std::optional<bool>>& known);

/// First and last layers, which the academic setting keeps at 8 bits: what reads an input, what gives the output.
std::set<int> outer_layers(const NetworkGraph& graph);

}
