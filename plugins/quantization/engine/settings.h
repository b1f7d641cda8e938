#pragma once
// The parameters that every method of this plugin shares: backend, scheme, observers, choices for single layers, calibration; and what they say.
#include "core/method/parameter.h"
#include "plugins/quantization/engine/placement.h"
#include <string>
#include <vector>

namespace lathe::quantization {

struct Settings {
    const Backend* target = nullptr;
    PlacementOptions placement;
    std::int64_t calibration_first = 0, calibration_images = 64, calibration_batch = 64;
    std::int64_t images = 1000, batch = 250;             ///< of the evaluation; images 0: all
};

/// Backend, scheme, observers and the table "layers" (node, weight bits, activation bits, excluded).
std::vector<Parameter> scheme_parameters();
std::vector<Parameter> calibration_parameters();
std::vector<Parameter> evaluation_parameters();

/// Reads those of the above that `params` holds. Throws Error(invalid_value, unknown_name) naming parameter and value.
Settings settings_from(const Json& params);

}
