#pragma once
// How well a classifier does on a set: top-1, top-5, cross-entropy, confusion, and each picture. On the engine's work thread.
#include "core/engine/classification_data.h"
#include "core/nn/network.h"
#include <functional>

namespace lathe::quantization {

struct ClassificationResult {
    std::int64_t images = 0;
    double top1 = 0, top5 = 0, loss = 0;     ///< shares from 0 to 1; mean cross-entropy
    at::Tensor confusion;                    ///< int64 [classes, classes]: true, predicted
    at::Tensor logits;                       ///< float32 [images, classes]
    at::Tensor predicted;                    ///< int64 [images]: the class of the largest logit
    at::Tensor losses;                       ///< float32 [images]: cross-entropy of each picture
    double seconds = 0;
};

/// Throws Error(invalid_value) where the network's classes are not those of the set.
void check_classes(std::int64_t network_classes, const ClassificationSet& set);

/// Logits [end - begin, classes] of the pictures [begin, end) of a set.
using LogitsOf = std::function<at::Tensor(std::int64_t begin, std::int64_t end)>;
/// The first `images` of the set (0: all) in batches, by whatever runs them; `done` hears after each batch and may throw. Throws as the one below.
ClassificationResult classify(const LogitsOf& logits_of, const ClassificationSet& set, std::int64_t images, std::int64_t batch, const std::function<void(std::int64_t done, std::int64_t total)>& done);

/// The first `images` of the set (0: all) in batches; `done` hears after each batch and may throw. Gradients are off. Throws Error(invalid_value) for a batch
/// below 1, a network that gives no logits, and what check_classes throws.
ClassificationResult classify(Network& network, const ClassificationSet& set, std::int64_t images, std::int64_t batch, TapStack* taps, const std::function<void(std::int64_t done, std::int64_t total)>& done);
/// From logits [n, classes] and labels [n]. Throws Error(invalid_value) where they do not fit each other.
ClassificationResult scored(const at::Tensor& logits, const at::Tensor& labels);

}
