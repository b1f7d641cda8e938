#include "plugins/delta_cache/engine/classifier.h"
#include "core/base/error.h"
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>
#include <cmath>
#include <numbers>

namespace lathe::delta_cache {
namespace {

constexpr std::int64_t kBatch = 128;
constexpr double kRate = 2e-3;

}

at::Tensor as_pictures(const at::Tensor& bytes) { return bytes.unsqueeze(1).to(at::kFloat) / 127.5 - 1; }

Classifier::Classifier(std::uint64_t seed) {
    auto random = at::make_generator<at::CPUGeneratorImpl>(seed);
    const auto add = [&](const char* name, std::vector<std::int64_t> shape) {
        std::int64_t fan_in = 1;
        for (std::size_t i = 1; i < shape.size(); ++i) fan_in *= shape[i];
        at::Tensor weight = at::empty(shape).normal_(0, std::sqrt(2.0 / double(fan_in)), random), bias = at::zeros({shape[0]});
        m_parameters.emplace_back(std::string(name) + ".weight", weight.set_requires_grad(true));
        m_parameters.emplace_back(std::string(name) + ".bias", bias.set_requires_grad(true));
    };
    add("conv1", {32, 1, 3, 3});
    add("conv2", {64, 32, 3, 3});
    add("conv3", {64, 64, 3, 3});
    add("fc1", {128, 64 * 7 * 7});
    add("fc2", {10, 128});
}

at::Tensor Classifier::logits(const at::Tensor& pictures) const {
    const auto p = [this](std::size_t i) -> const at::Tensor& { return m_parameters[i].second; };
    at::Tensor x = at::max_pool2d(at::relu(at::conv2d(pictures, p(0), p(1), 1, 1)), 2);
    x = at::relu(at::conv2d(x, p(2), p(3), 1, 1));
    x = at::max_pool2d(at::relu(at::conv2d(x, p(4), p(5), 1, 1)), 2);
    return at::linear(at::relu(at::linear(x.flatten(1), p(6), p(7))), p(8), p(9));
}

void Classifier::train(const LabelledImages& data, int epochs, std::uint64_t seed, const std::function<void(std::int64_t, std::int64_t, double)>& tick) {
    auto random = at::make_generator<at::CPUGeneratorImpl>(seed + 1);
    AdamW adamw(m_parameters, {0.9, 0.999, 1e-8, 0.05});
    const std::int64_t count = data.images.size(0), in_epoch = count / kBatch, steps = in_epoch * epochs;
    at::Tensor order;
    for (std::int64_t step = 0; step < steps; ++step) {
        if (step % in_epoch == 0) order = at::randperm(count, random, at::kLong);
        const at::Tensor index = order.narrow(0, step % in_epoch * kBatch, kBatch);
        at::Tensor x = as_pictures(data.images.index_select(0, index));
        x = at::where((at::rand({kBatch, 1, 1, 1}, random) < 0.5), x.flip(3), x);     // a mirrored shoe is a shoe
        at::Tensor loss;
        {
            const c10::AutoGradMode grad(true);
            loss = at::cross_entropy_loss(logits(x), data.labels.index_select(0, index), {}, at::Reduction::Mean, -100, 0.05);
            loss.backward();
        }
        adamw.step(kRate * 0.5 * (1 + std::cos(std::numbers::pi * double(step) / double(steps))));
        adamw.drop_gradients();
        if (tick) tick(step + 1, steps, loss.item<double>());
    }
}

at::Tensor Classifier::predict(const at::Tensor& pictures) const {
    const c10::InferenceMode inference;
    std::vector<at::Tensor> parts;
    for (const at::Tensor& part : pictures.split(500)) parts.push_back(logits(part).argmax(1));
    return at::cat(parts);
}

double Classifier::accuracy(const LabelledImages& data) const { return (predict(as_pictures(data.images)) == data.labels).to(at::kDouble).mean().item<double>(); }

std::map<std::string, at::Tensor> Classifier::state() const {
    std::map<std::string, at::Tensor> all;
    for (const auto& [key, tensor] : m_parameters) all.emplace(key, tensor.detach());
    return all;
}

void Classifier::restore(const std::map<std::string, at::Tensor>& state) {
    const c10::NoGradGuard no_grad;
    for (auto& [key, tensor] : m_parameters) {
        const auto it = state.find(key);
        if (it == state.end() || it->second.sizes() != tensor.sizes()) throw Error(ErrorCode::wrong_format, "This is not the classifier of delta_cache.evaluate.", key);
        tensor.copy_(it->second);
    }
}

}
