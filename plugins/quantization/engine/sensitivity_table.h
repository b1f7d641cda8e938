#pragma once
// What quantising one thing only does to a network, for every weight and value and number of bits: one table and the changes of the logits, from which any
// assignment can be estimated (specification of the module, sections 3.1 and 3.3). On the engine's work thread.
#include "plugins/quantization/engine/part_run.h"
#include "plugins/quantization/engine/quant_tap.h"
#include "plugins/quantization/engine/sensitivity.h"

namespace lathe::quantization {

struct SensitivityRow {
    std::string node;                      ///< of the plan's graph: whose weight, or which gives the value
    bool is_weight = true;
    int bits = 8;
    ErrorSums own, output;                 ///< of the weight or value itself; of what the layer gives then
    RangeUse use;
    double rmse_over_scale = 0;            ///< NaN: the grid has no even steps
    double loss_delta = 0, kl = 0, top1_delta = 0;
};
struct SensitivityTable {
    std::vector<SensitivityRow> rows;      ///< weights in order of running, each at every number of bits; then values
    at::Tensor logits;                     ///< float32 [images, classes], in float
    at::Tensor perturbations;              ///< float32 [rows, images, classes]
    double loss = 0, top1 = 0;             ///< in float
};

/// A calibrated tap for each number of bits, in which everything that may be quantised has these bits.
using TapsByBits = std::vector<std::pair<int, std::shared_ptr<QuantTap>>>;

/// `pictures` [N, C, H, W] normalised, `labels` [N]. With `values` also the values between layers. `done` hears after each row, of how many, and may throw; `tick` is called at every
/// point of the network and may throw. The taps are calibrated and of one plan but for their bits; they are in quantize mode afterwards.
SensitivityTable measure_sensitivity(const PartRunner& runner, const TapsByBits& taps, const at::Tensor& pictures, const at::Tensor& labels, bool values, const std::function<void()>& tick,
    const std::function<void(const SensitivityRow& row, std::int64_t done, std::int64_t total)>& done);

}
