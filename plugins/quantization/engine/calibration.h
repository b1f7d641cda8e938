#pragma once
// Post-training calibration: observers look at a few batches in float, then everything is quantised.
#include "plugins/quantization/engine/quant_tap.h"
#include <functional>

namespace lathe::quantization {

/// Leaves the tap in QuantMode::quantize. `done` hears after each batch and may throw. Throws Error(invalid_value) where no batch is given, and where values
/// are not finite, with the quantiser's name.
void calibrate(Network& network, const std::shared_ptr<QuantTap>& tap, const std::vector<at::Tensor>& batches, const std::function<void(std::int64_t done)>& done = {});

}
