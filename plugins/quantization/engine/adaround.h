#pragma once
// AdaRound (Nagel et al. 2020, as MQBench's AdaRoundFakeQuantize and LossFunction have it; specification of MQBench, section 6): whether a weight is rounded
// up or down is learnt, through a variable alpha for each weight. Float32 on the CPU. Not thread-safe.
#include "plugins/quantization/engine/quant_spec.h"

namespace lathe::quantization {

/// h = clamp(sigmoid(alpha) (zeta - gamma) + gamma, 0, 1)
struct SigmoidStretch {
    double gamma = -0.1, zeta = 1.1;
};

class AdaRound {
public:
    /// alpha starts where the soft weight equals the weight (within the range). weight: any shape; its values are shared until hard() is called last.
    /// Throws Error(invalid_value) where the weight or a scale is not finite, a scale is not above 0, or their sizes do not fit.
    AdaRound(const at::Tensor& weight, const QuantParams& params, const QuantSpec& spec, const SigmoidStretch& stretch = {});

    at::Tensor alpha;                     ///< [as the weight], contiguous; alpha.grad() is its own and is overwritten by set_gradient
    at::Tensor h() const;
    /// (clamp(floor(w / s) + h + z, n, p) - z) s, written into `out`, which is contiguous and of the weight's shape.
    void soft_into(const at::Tensor& out);
    at::Tensor hard() const;              ///< the same with h = 1 where alpha >= 0, else 0

    /// Sets alpha.grad() for the alpha of the last soft_into: from the gradient of the soft weight (undefined: zero), plus that of
    /// rounding_weight · sum(1 - |2 h - 1|^temperature), whose value it returns. rounding_weight 0: no such loss, and 0 is returned.
    double set_gradient(const at::Tensor& soft_gradient, double rounding_weight, double temperature);

private:
    at::Tensor m_weight;
    QuantParams m_params;
    QuantSpec m_spec;
    SigmoidStretch m_stretch;
    at::Tensor m_low, m_step;             // the weight at h = 0, and what h = 1 adds: s, or 0 where the range ends
    at::Tensor m_sigmoid, m_distance, m_power;   // scratch: of alpha; |2 h - 1|, and it to the temperature - 1
};

/// When the loss of rounding begins, and how sharp it is.
struct RoundingSchedule {
    double weight = 0.01, warm_up = 0.2, start = 20, end = 2;
};

/// Of iteration 1 ... iterations: from `start` to `end`, falling in a line after the warm-up.
double rounding_temperature(const RoundingSchedule& schedule, std::int64_t iteration, std::int64_t iterations);
/// 0 before the warm-up ends.
double rounding_weight(const RoundingSchedule& schedule, std::int64_t iteration, std::int64_t iterations);

}
