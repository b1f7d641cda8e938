#include "core/nn/optim.h"
#include "core/base/error.h"
#include "core/nn/kernel_table.h"
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <cmath>

namespace lathe {
namespace {

template <class F> void over(const NamedTensors& parameters, F f) {
    at::parallel_for(0, std::int64_t(parameters.size()), 1, [&](std::int64_t first, std::int64_t end) {
        for (std::int64_t i = first; i < end; ++i) f(static_cast<std::size_t>(i), parameters[static_cast<std::size_t>(i)].second);
    });
}

void check(const NamedTensors& parameters) {
    for (const auto& [key, tensor] : parameters)
        if (!tensor.is_contiguous() || tensor.scalar_type() != at::kFloat || !tensor.device().is_cpu())
            throw Error(ErrorCode::unsupported, "Only contiguous float parameters on the CPU can be trained.", key);
}

void copy_from(const std::map<std::string, at::Tensor>& state, const std::string& key, at::Tensor& to) {
    const auto it = state.find(key);
    if (it == state.end() || it->second.sizes() != to.sizes())
        throw Error(ErrorCode::wrong_format, "The checkpoint does not hold the state of this training.", key, "Resume with the network and the options that it was made with.");
    to.copy_(it->second);
}

std::vector<at::Tensor> zeros_like_all(const NamedTensors& parameters) {
    std::vector<at::Tensor> all;
    for (const auto& [key, tensor] : parameters) all.push_back(at::zeros(tensor.sizes()));
    return all;
}

double norm_of_gradients(const NamedTensors& parameters) {
    std::vector<double> sums(parameters.size());
    over(parameters, [&](std::size_t i, const at::Tensor& p) {
        if (p.grad().defined()) sums[i] = kernel::table().sum_squares(p.grad().contiguous().const_data_ptr<float>(), p.numel());
    });
    double total = 0;
    for (const double sum : sums) total += sum;
    return std::sqrt(total);
}

void forget_gradients(NamedTensors& parameters) {
    for (auto& [key, tensor] : parameters) tensor.mutable_grad() = at::Tensor();
}

}

AdamW::AdamW(NamedTensors parameters, AdamWOptions options)
    : m_parameters(std::move(parameters)), m_mean(zeros_like_all(m_parameters)), m_square(zeros_like_all(m_parameters)), m_options(options) {
    check(m_parameters);
}

double AdamW::gradient_norm() const { return norm_of_gradients(m_parameters); }

void AdamW::step(double lr, double gradient_scale) {
    ++m_steps;
    const double t = double(m_steps);
    over(m_parameters, [&](std::size_t i, const at::Tensor& p) {
        if (!p.grad().defined()) return;
        const kernel::AdamwStep step{float(lr), float(m_options.beta1), float(m_options.beta2), float(1 - m_options.beta1), float(1 - m_options.beta2), float(m_options.eps), float(p.dim() >= 2 ? m_options.weight_decay : 0),
            float(1 - std::pow(m_options.beta1, t)), float(1 - std::pow(m_options.beta2, t)), float(gradient_scale)};
        const at::Tensor gradient = p.grad().contiguous();
        kernel::table().adamw(static_cast<float*>(p.mutable_data_ptr()), gradient.const_data_ptr<float>(), static_cast<float*>(m_mean[i].mutable_data_ptr()),
            static_cast<float*>(m_square[i].mutable_data_ptr()), p.numel(), step);
    });
}

void AdamW::drop_gradients() { forget_gradients(m_parameters); }

std::map<std::string, at::Tensor> AdamW::state() const {
    std::map<std::string, at::Tensor> all;
    for (std::size_t i = 0; i < m_parameters.size(); ++i) {
        all.emplace("m." + m_parameters[i].first, m_mean[i]);
        all.emplace("v." + m_parameters[i].first, m_square[i]);
    }
    return all;
}

void AdamW::restore(const std::map<std::string, at::Tensor>& state, std::int64_t steps) {
    for (std::size_t i = 0; i < m_parameters.size(); ++i) {
        copy_from(state, "m." + m_parameters[i].first, m_mean[i]);
        copy_from(state, "v." + m_parameters[i].first, m_square[i]);
    }
    m_steps = steps;
}

Sgd::Sgd(NamedTensors parameters, SgdOptions options) : m_parameters(std::move(parameters)), m_momentum(zeros_like_all(m_parameters)), m_options(options) { check(m_parameters); }

double Sgd::gradient_norm() const { return norm_of_gradients(m_parameters); }

void Sgd::step(double lr, double gradient_scale) {
    const c10::NoGradGuard no_gradients;
    for (std::size_t i = 0; i < m_parameters.size(); ++i) {
        at::Tensor& p = m_parameters[i].second;
        if (!p.grad().defined()) continue;
        at::Tensor change = p.grad() * gradient_scale;
        if (m_options.weight_decay != 0) change.add_(p, m_options.weight_decay);
        m_momentum[i].mul_(m_options.momentum).add_(change);
        p.add_(change.add_(m_momentum[i], m_options.momentum), -lr);
    }
}

void Sgd::drop_gradients() { forget_gradients(m_parameters); }

std::map<std::string, at::Tensor> Sgd::state() const {
    std::map<std::string, at::Tensor> all;
    for (std::size_t i = 0; i < m_parameters.size(); ++i) all.emplace("momentum." + m_parameters[i].first, m_momentum[i]);
    return all;
}

void Sgd::restore(const std::map<std::string, at::Tensor>& state) {
    for (std::size_t i = 0; i < m_parameters.size(); ++i) copy_from(state, "momentum." + m_parameters[i].first, m_momentum[i]);
}

MovingAverage::MovingAverage(NamedTensors parameters) : m_parameters(std::move(parameters)) {
    check(m_parameters);
    for (const auto& [key, tensor] : m_parameters) m_average.push_back(tensor.detach().clone());
}

void MovingAverage::update(double decay) {
    over(m_parameters, [&](std::size_t i, const at::Tensor& p) {
        kernel::table().lerp(static_cast<float*>(m_average[i].mutable_data_ptr()), p.const_data_ptr<float>(), float(1 - decay), p.numel());
    });
}

std::map<std::string, at::Tensor> MovingAverage::state() const {
    std::map<std::string, at::Tensor> all;
    for (std::size_t i = 0; i < m_parameters.size(); ++i) all.emplace(m_parameters[i].first, m_average[i]);
    return all;
}

void MovingAverage::restore(const std::map<std::string, at::Tensor>& state) {
    for (std::size_t i = 0; i < m_parameters.size(); ++i) copy_from(state, m_parameters[i].first, m_average[i]);
}

}
