#pragma once
// Post-training calibration: observers look at a few batches in float, then everything is quantised.
#include "plugins/quantization/engine/quant_tap.h"
#include <functional>
#include <map>
#include <set>

namespace lathe::quantization {

/// Leaves the tap in QuantMode::quantize. `known`: places whose quantisers have their scales already; where only weights are left, one picture is run. Ranges that the
/// plan gives are taken, not observed. `done` hears after each batch and may throw. Throws Error(invalid_value) where no batch is given, and where values are not
/// finite, with the quantiser's name.
void calibrate(Network& network, const std::shared_ptr<QuantTap>& tap, const std::vector<at::Tensor>& batches, const std::function<void(std::int64_t done)>& done = {}, const std::set<std::string>& known = {});

/// Scales of earlier calibrations, so that a bit that moves costs one look and no more. One network, data set and choice of pictures at a time; any one thread.
class CalibrationMemory {
public:
    /// Forgets everything where `key` is another one than before.
    void start(const std::string& key);
    /// Sets those quantisers of the tap whose place and spec are known; their names.
    std::set<std::string> recall(QuantTap& tap) const;
    void remember(QuantTap& tap);
private:
    struct Kept { QuantSpec spec; std::map<std::string, at::Tensor> state; };
    std::string m_key;
    std::map<std::string, std::vector<Kept>> m_places;     // by place: one for each spec that was tried
};

}
