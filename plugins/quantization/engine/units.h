#pragma once
// The parts of a network that are reconstructed one after the other (specification of MQBench, section 6): layers for AdaRound, blocks for BRECQ and QDrop.
// Pure; any thread.
#include "plugins/quantization/engine/part_run.h"

namespace lathe::quantization {

struct Unit {
    std::string name;                      ///< of its first layer, or "first … last"
    int begin = 0, end = 0;                ///< nodes of the traced graph
    std::vector<int> weighted;             ///< those with a weight
    std::vector<int> inputs;               ///< nodes whose values it reads
};

/// A convolution or linear layer with the chain behind it up to the next weighted layer, sum or output.
std::vector<Unit> layer_units(const PartRunner& runner);
/// From a value that everything passes to the next such value: a residual block. Up to three layers without a shortcut are one unit. Both throw Error(unsupported) where the
/// network cannot be run in parts.
std::vector<Unit> block_units(const PartRunner& runner);

}
