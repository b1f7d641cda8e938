#include "plugins/quantization/engine/calibration.h"
#include "core/base/error.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

namespace lathe::quantization {

void calibrate(Network& network, const std::shared_ptr<QuantTap>& tap, const std::vector<at::Tensor>& batches, const std::function<void(std::int64_t)>& done) {
    if (batches.empty()) throw Error(ErrorCode::invalid_value, "There are no pictures to calibrate with.", "calibration", "Give at least one.");
    const c10::NoGradGuard no_gradients;
    TapStack taps;
    taps.add(tap);
    taps.attach(network.layers());
    tap->set_mode(QuantMode::calibrate);
    std::int64_t count = 0;
    for (const at::Tensor& batch : batches) {
        network.forward({batch}, &taps);
        if (done) done(++count);
    }
    tap->set_mode(QuantMode::quantize);
}

}
