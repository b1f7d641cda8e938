#pragma once
// What each node of a plan's graph computes, in the numbers that engines and ONNX want and no layer reports (strides of slices, kernels of pools, axes). They
// are found by running the network once and trying which numbers give the outputs that were seen. Runs on the thread that runs networks.
#include "plugins/quantization/engine/quant_tap.h"

namespace lathe::quantization {

enum class OperatorKind { input, conv, linear, norm, relu, add, concat, slice, pad, max_pool, global_average, flatten, softmax };

struct NodeOperator {
    OperatorKind kind = OperatorKind::input;
    const Conv2d* conv = nullptr;
    const BatchNorm2d* norm = nullptr;             ///< of a normalisation that stands alone
    int kernel = 0, stride = 0, padding = 0;       ///< of a pool, on both axes
    std::vector<std::int64_t> starts, steps;       ///< of a slice, for each axis
    std::vector<std::int64_t> before, after;       ///< of a pad with zeros, for each axis
    std::int64_t axis = 1;                         ///< of a concat or softmax
};

/// One for each node of the plan's graph, which must be the network's. Throws Error(unsupported) naming the node whose type or numbers are not known, whose
/// input no layer gives, or behind which the network goes on without a report.
std::vector<NodeOperator> node_operators(Network& network, const QuantTap& calibrated);

}
