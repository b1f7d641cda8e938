#pragma once
// The optimisers of the published protocols with their schedules, on core/nn/optim: Adam whose weight decay is added to the gradient, and SGD with Nesterov momentum.
#include "core/nn/optim.h"
#include <memory>

namespace lathe::hypergraph {

enum class OptimizerKind { adam, sgd };
OptimizerKind optimizer_kind(const std::string& name);   ///< "adam", "sgd"; throws Error(unknown_name)

struct OptimizerOptions {
    OptimizerKind kind = OptimizerKind::adam;
    double lr = 0.01, momentum = 0.9, weight_decay = 0;
    std::int64_t schedule_steps = 0;                     ///< of the cosine; 0: a constant rate
    double lr_end = 1e-6;
};

class GraphOptimizer {
public:
    GraphOptimizer(NamedTensors parameters, OptimizerOptions options);
    /// end + (lr - end) (1 + cos(pi step / steps)) / 2, step from 0.
    double lr_at(std::int64_t step) const;
    double gradient_norm() const;
    void step(std::int64_t number);                      ///< with lr_at(number), then the gradients are dropped
    void drop_gradients();
    std::map<std::string, at::Tensor> state() const;     ///< borrowed
    void restore(const std::map<std::string, at::Tensor>& state, std::int64_t steps);
private:
    NamedTensors m_parameters;
    OptimizerOptions m_options;
    std::unique_ptr<AdamW> m_adam;
    std::unique_ptr<Sgd> m_sgd;
};

}
