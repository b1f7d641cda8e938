#pragma once
// The schedulers of huggingface/diffusers that are used with DiT: DPMSolverMultistepScheduler, EulerDiscreteScheduler, DDIMScheduler. `options` are the
// keyword arguments of the Python class with its defaults (beta_schedule, timestep_spacing, use_karras_sigmas, solver_order, …). Base tables are float32
// as there, so that time steps and sigmas agree with the files that the Python classes make. Throws Error(unsupported, invalid_value) naming the option.
#include "core/base/json.h"
#include "plugins/delta_cache/engine/sampler.h"

namespace lathe::delta_cache {

enum class Prediction { epsilon, v_prediction, sample };

/// What the three have in common: the training schedule and reading the model's output.
class DiffusersScheduler : public Sampler {
public:
    bool takes_variance() const override { return false; }
    const std::vector<double>& sigmas() const { return m_sigmas; }               ///< one more than steps; empty for DDIM
protected:
    explicit DiffusersScheduler(const Json& options);
    void threshold(at::Tensor& x0) const;                                        ///< dynamic thresholding, where it is on
    double bar(int t) const { return m_alphas_cumprod[static_cast<std::size_t>(t)]; }
    int train_steps() const { return static_cast<int>(m_alphas_cumprod.size()); }
    std::vector<double> training_sigmas() const;                                 ///< sqrt((1 - ᾱ) / ᾱ) in float32
    void set_final_sigma();

    Json m_options;
    Prediction m_prediction = Prediction::epsilon;
    std::string m_spacing;
    int m_offset = 0;
    std::vector<double> m_alphas_cumprod, m_sigmas;
};

/// DPM-Solver(++), multistep, orders 1 to 3, midpoint or heun; the stochastic form sde-dpmsolver++ with orders 1 and 2.
class DpmSolverMultistep : public DiffusersScheduler {
public:
    DpmSolverMultistep(int steps, const Json& options);
    bool uses_noise(int) const override { return m_algorithm == Algorithm::sde_plus; }
    void reset() override;
    SampleStep step(int step, const at::Tensor& x, const at::Tensor& output, const at::Tensor& noise) override;
private:
    enum class Algorithm { plus, plain, sde_plus };
    struct Point { double alpha, sigma, lambda; };
    Point point(int index) const;
    at::Tensor update(int order, int step, const at::Tensor& x, const at::Tensor& noise) const;
    void make_timesteps(int steps);

    Algorithm m_algorithm = Algorithm::plus;
    bool m_heun = false, m_lower_final = true, m_euler_final = false;
    int m_order = 2, m_known = 0;
    std::vector<at::Tensor> m_outputs;   // newest first
};

class EulerDiscrete : public DiffusersScheduler {
public:
    EulerDiscrete(int steps, const Json& options);
    double initial_scale() const override;
    at::Tensor model_input(const at::Tensor& x, int step) const override;
    SampleStep step(int step, const at::Tensor& x, const at::Tensor& output, const at::Tensor& noise) override;
};

class DdimScheduler : public DiffusersScheduler {
public:
    DdimScheduler(int steps, const Json& options, double eta);
    bool uses_noise(int) const override { return m_eta > 0; }
    SampleStep step(int step, const at::Tensor& x, const at::Tensor& output, const at::Tensor& noise) override;
private:
    double m_eta, m_final_bar, m_clip_range;
    bool m_clip;
    int m_stride;
};

/// By Python class name. Throws Error(unsupported).
std::unique_ptr<DiffusersScheduler> make_scheduler(std::string_view class_name, int steps, const Json& options, double eta = 0);

}
