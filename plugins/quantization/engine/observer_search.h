#pragma once
// The range of least error: MQBench's MSEObserver shrinks the whole range by a hundredth at a time and keeps the best.
#include "plugins/quantization/engine/observer.h"
#include <utility>

namespace lathe::quantization {

/// `low`, `high`: the whole range, [] or [C]. 95 factors from 1 down per tensor, 80 per channel; the first of equals wins. Error: the mean of (x^ - x)^2. All threads.
std::pair<at::Tensor, at::Tensor> smallest_error_range(const at::Tensor& x, const at::Tensor& low, const at::Tensor& high, const QuantSpec& spec, const ObserverOptions& options);

}
