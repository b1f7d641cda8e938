#pragma once
// A sampler turns noise into an image in T steps, one model call a step. Samplers know nothing of the network: they are given its output.
// Step s counts from 0 (noisiest) to T-1 in the order of execution. Coefficients are computed in float64, tensors stay float32 (spec: half precision
// multiplies errors by 157 at t = 999).
#include <ATen/core/Tensor.h>
#include <memory>
#include <string>
#include <vector>

namespace lathe::delta_cache {

struct SampleStep {
    at::Tensor sample;        ///< x after the step
    at::Tensor pred_x0;       ///< the model's estimate of the clean image at this step
};

class Sampler {
public:
    virtual ~Sampler() = default;
    int steps() const { return static_cast<int>(m_timesteps.size()); }
    double timestep(int step) const { return m_timesteps[static_cast<std::size_t>(step)]; }   ///< what the model receives; may be fractional
    const std::vector<double>& timesteps() const { return m_timesteps; }

    virtual double initial_scale() const { return 1.0; }                         ///< x = N(0,1) noise times this
    virtual at::Tensor model_input(const at::Tensor& x, int) const { return x; }
    virtual bool takes_variance() const = 0;                                     ///< step() wants the variance channels too
    virtual bool uses_noise(int) const { return false; }                         ///< step() reads `noise`
    virtual void reset() {}                                                      ///< forgets earlier steps (multistep solvers)
    /// `output`: [B, C or 2C, H, W] as takes_variance() says. `noise`: like x, or undefined where uses_noise() is false.
    virtual SampleStep step(int step, const at::Tensor& x, const at::Tensor& output, const at::Tensor& noise) = 0;

protected:
    std::vector<double> m_timesteps;
};

}
