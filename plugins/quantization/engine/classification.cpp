#include "plugins/quantization/engine/classification.h"
#include "core/base/error.h"
#include "core/base/time.h"
#include <algorithm>
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

namespace lathe::quantization {

void check_classes(std::int64_t network_classes, const ClassificationSet& set) {
    if (network_classes != static_cast<std::int64_t>(set.classes.size()))
        throw Error(ErrorCode::invalid_value, "The model tells other classes apart than the data set has.",
            std::to_string(network_classes) + " classes of the model, " + std::to_string(set.classes.size()) + " of the data set", "Choose the data set that the model was trained on.");
}

ClassificationResult scored(const at::Tensor& logits, const at::Tensor& labels) {
    if (logits.dim() != 2 || labels.dim() != 1 || logits.size(0) != labels.size(0) || logits.numel() == 0 || labels.min().item<std::int64_t>() < 0 ||
        labels.max().item<std::int64_t>() >= logits.size(1))
        throw Error(ErrorCode::invalid_value, "Logits and labels do not fit each other.", c10::str("logits ", logits.sizes(), ", labels ", labels.sizes()),
            "Logits are [n, classes], labels [n] and below the number of classes.");
    constexpr std::int64_t kTop = 5;
    ClassificationResult out;
    out.images = logits.size(0);
    out.logits = logits;
    const std::int64_t classes = logits.size(1);
    out.predicted = logits.argmax(1);
    out.top1 = (out.predicted == labels).to(at::kDouble).mean().item<double>();
    const at::Tensor best = std::get<1>(logits.topk(std::min(kTop, classes), 1));
    out.top5 = (best == labels.unsqueeze(1)).any(1).to(at::kDouble).mean().item<double>();
    const at::Tensor losses = at::cross_entropy_loss(logits.to(at::kDouble), labels, {}, at::Reduction::None);
    out.loss = losses.mean().item<double>();
    out.losses = losses.to(at::kFloat);
    out.confusion = at::bincount(labels * classes + out.predicted, {}, classes * classes).view({classes, classes});
    return out;
}

ClassificationResult classify(const LogitsOf& logits_of, const ClassificationSet& set, std::int64_t images, std::int64_t batch, const std::function<void(std::int64_t, std::int64_t)>& done) {
    if (batch < 1 || images < 0 || set.size() < 1)
        throw Error(ErrorCode::invalid_value, "There is nothing to classify.", std::to_string(images) + " pictures of " + std::to_string(set.size()) + " in batches of " + std::to_string(batch),
            "Ask for batches of at least one picture.");
    const c10::NoGradGuard no_gradients;
    const std::int64_t total = images > 0 ? std::min(images, set.size()) : set.size();
    const double start = monotonic_seconds();
    std::vector<at::Tensor> logits;
    for (std::int64_t begin = 0; begin < total; begin += batch) {
        const std::int64_t end = std::min(begin + batch, total);
        logits.push_back(logits_of(begin, end));
        if (logits.back().dim() != 2 || logits.back().size(0) != end - begin)
            throw Error(ErrorCode::invalid_value, "The model is no classifier.", c10::str("output ", logits.back().sizes()), "Choose a model that gives one logit for each class.");
        if (begin == 0) check_classes(logits.back().size(1), set);
        if (done) done(end, total);
    }
    ClassificationResult out = scored(at::cat(logits), set.labels.slice(0, 0, total));
    out.seconds = monotonic_seconds() - start;
    return out;
}

ClassificationResult classify(Network& network, const ClassificationSet& set, std::int64_t images, std::int64_t batch, TapStack* taps, const std::function<void(std::int64_t, std::int64_t)>& done) {
    return classify([&](std::int64_t begin, std::int64_t end) { return network.forward({set.batch(begin, end)}, taps); }, set, images, batch, done);
}

}
