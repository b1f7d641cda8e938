#pragma once
// A network calibrated for a backend, and a run of it under a tap.
#include "plugins/quantization/engine/calibration.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

namespace lathe::quantization {

struct Calibrated { std::shared_ptr<Network> network; std::shared_ptr<QuantTap> tap; at::Tensor images; };

inline Calibrated calibrated(std::shared_ptr<Network> network, const at::Tensor& images, const std::string& id, const std::function<void(PlacementOptions&)>& change = {}) {
    PlacementOptions options = defaults_of(backend(id));
    if (change) change(options);
    const auto tap = std::make_shared<QuantTap>(*network, place(trace(*network, {images.narrow(0, 0, 1)}), network->layers(), backend(id), options));
    calibrate(*network, tap, {images});
    return {network, tap, images};
}

/// tap null: in float, as it runs without one.
inline at::Tensor run_with(Network& network, const at::Tensor& x, const std::shared_ptr<Tap>& tap) {
    const c10::NoGradGuard no_gradients;
    TapStack taps;
    if (tap) taps.add(tap);
    taps.attach(network.layers());
    return network.forward({x}, &taps);
}

}
