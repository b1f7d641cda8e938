#pragma once
// A small convolutional network that recognises the ten classes of Fashion-MNIST: the measure of what a generator draws.
#include "core/nn/datasets.h"
#include "core/nn/optim.h"
#include <functional>

namespace lathe::delta_cache {

class Classifier {
public:
    explicit Classifier(std::uint64_t seed);
    /// AdamW with a cosine schedule. `tick(step, steps, loss)` after every step; may throw to stop.
    void train(const LabelledImages& data, int epochs, std::uint64_t seed, const std::function<void(std::int64_t, std::int64_t, double)>& tick);
    at::Tensor logits(const at::Tensor& pictures) const;                 ///< [B, 1, 28, 28] in [-1, 1] -> [B, 10]
    at::Tensor predict(const at::Tensor& pictures) const;                ///< int64 [B]
    double accuracy(const LabelledImages& data) const;
    std::map<std::string, at::Tensor> state() const;
    void restore(const std::map<std::string, at::Tensor>& state);       ///< throws Error(wrong_format)
private:
    NamedTensors m_parameters;
};

/// uint8 [n, 28, 28] -> float [n, 1, 28, 28] in [-1, 1]
at::Tensor as_pictures(const at::Tensor& bytes);

}
