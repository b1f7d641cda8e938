#pragma once
// AdamW, SGD with momentum and an exponential moving average over named parameters. State can be saved and restored under the keys of the parameters.
#include <ATen/core/Tensor.h>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace lathe {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

struct AdamWOptions { double beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0.01; };

/// Decoupled weight decay (Loshchilov and Hutter), on tensors of two or more dimensions only. Float, contiguous, CPU.
class AdamW {
public:
    AdamW(NamedTensors parameters, AdamWOptions options);
    double gradient_norm() const;                          ///< over all parameters, in double; NaN or inf where a gradient is
    void step(double lr, double gradient_scale = 1.0);     ///< parameters without a gradient stay
    void drop_gradients();
    std::int64_t steps() const { return m_steps; }
    /// "m.KEY" and "v.KEY"; borrowed.
    std::map<std::string, at::Tensor> state() const;
    /// Throws Error(wrong_format) for a missing key or another shape.
    void restore(const std::map<std::string, at::Tensor>& state, std::int64_t steps);
private:
    NamedTensors m_parameters;
    std::vector<at::Tensor> m_mean, m_square;
    AdamWOptions m_options;
    std::int64_t m_steps = 0;
};

struct SgdOptions { double momentum = 0.9, weight_decay = 0; };

/// With Nesterov's momentum (Sutskever et al. 2013, as LibTorch has it); weight_decay * parameter is added to the gradient of every parameter given. Float, contiguous, CPU.
class Sgd {
public:
    Sgd(NamedTensors parameters, SgdOptions options);
    double gradient_norm() const;                          ///< over all parameters, in double; NaN or inf where a gradient is
    void step(double lr, double gradient_scale = 1.0);     ///< parameters without a gradient stay
    void drop_gradients();
    /// "momentum.KEY"; borrowed.
    std::map<std::string, at::Tensor> state() const;
    /// Throws Error(wrong_format) for a missing key or another shape.
    void restore(const std::map<std::string, at::Tensor>& state);
private:
    NamedTensors m_parameters;
    std::vector<at::Tensor> m_momentum;
    SgdOptions m_options;
};

class MovingAverage {
public:
    explicit MovingAverage(NamedTensors parameters);
    void update(double decay);                             ///< average = decay * average + (1 - decay) * parameter
    std::map<std::string, at::Tensor> state() const;       ///< by key; borrowed
    void restore(const std::map<std::string, at::Tensor>& state);
private:
    NamedTensors m_parameters;
    std::vector<at::Tensor> m_average;
};

}
