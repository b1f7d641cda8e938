#pragma once
// The tap "quantization.fake_quant": any method that takes taps can be run with simulated quantisation.
#include "core/engine/registry.h"

namespace lathe::quantization {

TapFactory fake_quant_factory();

}
