#pragma once
// The diffusion process of facebookresearch/DiT (package `diffusion`, after openai/guided-diffusion): linear betas, respaced time steps, DDPM and DDIM.
#include "plugins/delta_cache/engine/sampler.h"
#include <cstdint>
#include <string_view>

namespace lathe::delta_cache {

/// The original time steps that a respacing keeps, ascending. "": all; "n" or "a,b,c": so many of each equal section; "ddimN": the smallest integer stride
/// that gives exactly N. Throws Error(invalid_value).
std::vector<int> space_timesteps(int total, std::string_view respacing);

enum class Variance { learned_range, fixed_large, fixed_small };

struct DiffusionOptions {
    int total_steps = 1000;
    std::string respacing;
    Variance variance = Variance::learned_range;
    bool predict_xstart = false;      ///< the model gives x0 instead of the noise
    bool clip_denoised = false;       ///< x0 to [-1, 1]; off for latents
};

/// Tables of the kept steps, index 0 = the least noisy. Needs at least two steps, as the official class. Throws Error(invalid_value).
class SpacedDiffusion {
public:
    explicit SpacedDiffusion(DiffusionOptions options);

    const DiffusionOptions& options() const { return m_options; }
    int size() const { return static_cast<int>(betas.size()); }

    std::vector<int> timestep_map;
    std::vector<double> betas, alphas_cumprod, alphas_cumprod_prev, alphas_cumprod_next, sqrt_alphas_cumprod, sqrt_one_minus_alphas_cumprod, log_one_minus_alphas_cumprod,
        sqrt_recip_alphas_cumprod, sqrt_recipm1_alphas_cumprod, posterior_variance, posterior_log_variance_clipped, posterior_mean_coef1, posterior_mean_coef2;

    /// `index` into the tables. `output` has 2C channels where the variance is learned.
    SampleStep ddpm_step(int index, const at::Tensor& x, const at::Tensor& output, const at::Tensor& noise) const;
    SampleStep ddim_step(int index, const at::Tensor& x, const at::Tensor& output, double eta, const at::Tensor& noise) const;

private:
    at::Tensor predict_x0(int index, const at::Tensor& x, const at::Tensor& output) const;
    at::Tensor log_variance(int index, const at::Tensor& x, const at::Tensor& output) const;
    DiffusionOptions m_options;
};

std::vector<double> linear_betas(int total);

/// The official loops: from the last table entry down to the first.
class DdpmSampler : public Sampler {
public:
    explicit DdpmSampler(DiffusionOptions options);
    bool takes_variance() const override { return m_diffusion.options().variance == Variance::learned_range; }
    bool uses_noise(int step) const override { return step + 1 < steps(); }
    SampleStep step(int step, const at::Tensor& x, const at::Tensor& output, const at::Tensor& noise) override;
    const SpacedDiffusion& diffusion() const { return m_diffusion; }
private:
    SpacedDiffusion m_diffusion;
};

class DdimSampler : public Sampler {
public:
    DdimSampler(DiffusionOptions options, double eta);
    bool takes_variance() const override { return m_diffusion.options().variance == Variance::learned_range; }
    bool uses_noise(int step) const override { return m_eta != 0 && step + 1 < steps(); }
    SampleStep step(int step, const at::Tensor& x, const at::Tensor& output, const at::Tensor& noise) override;
    const SpacedDiffusion& diffusion() const { return m_diffusion; }
private:
    SpacedDiffusion m_diffusion;
    double m_eta;
};

}
