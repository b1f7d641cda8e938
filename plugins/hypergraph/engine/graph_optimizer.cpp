#include "plugins/hypergraph/engine/graph_optimizer.h"
#include "core/base/error.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <cmath>
#include <numbers>

namespace lathe::hypergraph {

OptimizerKind optimizer_kind(const std::string& name) {
    if (name == "adam") return OptimizerKind::adam;
    if (name == "sgd") return OptimizerKind::sgd;
    throw Error(ErrorCode::unknown_name, "There is no optimiser of this name.", name, "Known are adam and sgd.");
}

GraphOptimizer::GraphOptimizer(NamedTensors parameters, OptimizerOptions options) : m_parameters(std::move(parameters)), m_options(options) {
    if (options.kind == OptimizerKind::adam) m_adam = std::make_unique<AdamW>(m_parameters, AdamWOptions{0.9, 0.999, 1e-8, 0});
    else m_sgd = std::make_unique<Sgd>(m_parameters, SgdOptions{options.momentum, options.weight_decay});
}

double GraphOptimizer::lr_at(std::int64_t step) const {
    if (m_options.schedule_steps <= 0) return m_options.lr;
    return m_options.lr_end + (m_options.lr - m_options.lr_end) * (1 + std::cos(std::numbers::pi * static_cast<double>(step) / static_cast<double>(m_options.schedule_steps))) / 2;
}

double GraphOptimizer::gradient_norm() const { return m_adam ? m_adam->gradient_norm() : m_sgd->gradient_norm(); }

void GraphOptimizer::step(std::int64_t number) {
    if (m_adam && m_options.weight_decay != 0) {
        const c10::NoGradGuard no_gradients;
        for (auto& [key, parameter] : m_parameters)
            if (parameter.grad().defined()) parameter.mutable_grad().add_(parameter, m_options.weight_decay);
    }
    m_adam ? m_adam->step(lr_at(number)) : m_sgd->step(lr_at(number));
    drop_gradients();
}

void GraphOptimizer::drop_gradients() { m_adam ? m_adam->drop_gradients() : m_sgd->drop_gradients(); }
std::map<std::string, at::Tensor> GraphOptimizer::state() const { return m_adam ? m_adam->state() : m_sgd->state(); }

void GraphOptimizer::restore(const std::map<std::string, at::Tensor>& state, std::int64_t steps) {
    if (m_adam) m_adam->restore(state, steps);
    else m_sgd->restore(state);
}

}
