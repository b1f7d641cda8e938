#include "plugins/vit_merge/engine/twin.h"
#include "core/nn/optim.h"
#include "plugins/vit_merge/engine/data_merges.h"
#include "plugins/vit_merge/engine/functional_vit.h"
#include "plugins/vit_merge/engine/spectral_merge.h"
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>

namespace lathe::vit_merge {
namespace {

constexpr double kMergingShare = 0.6;                    // of the progress; the rest is the router
constexpr std::int64_t kRouterBatch = 64;

TwinDifference compressed(const at::Tensor& difference, std::int64_t rank) {
    if (difference.dim() != 2 || rank >= std::min(difference.size(0), difference.size(1))) return {{}, {}, difference};
    const ThinSvd svd = thin_svd(difference);
    return {(svd.u.narrow(1, 0, rank) * svd.s.narrow(0, 0, rank)).to(at::kFloat).contiguous(), svd.vh.narrow(0, 0, rank).to(at::kFloat).contiguous(), {}};
}

at::Tensor router_input(const at::Tensor& features) { return features.dim() == 3 ? features.mean(1) : features; }

at::Tensor router_logits(const TwinParts& parts, const at::Tensor& features) { return at::linear(at::relu(at::linear(features, parts.hidden, parts.hidden_bias)), parts.out, parts.out_bias); }

void make_differences(const ModelSet& set, const MergeSettings& settings, TwinParts& parts, const Told& told) {
    parts.differences.resize(set.models.size());
    double done = 0;
    for (const SharedKey& key : set.keys) {
        for (std::size_t i = 0; i < set.models.size(); ++i)
            parts.differences[i].emplace(key.key, compressed(set.tensor(static_cast<int>(i), key).to(at::kFloat) - parts.shared.at(key.key), settings.rank));
        done += 1;
        if (told) told(kMergingShare * done / static_cast<double>(set.keys.size()), 1, "Twin-Merging: differences");
    }
}

/// Features of the tasks' training pictures on the shared model, and which task each is from.
std::pair<at::Tensor, at::Tensor> router_data(const ModelSet& set, const MergeSettings& settings, const TaskPictures& pictures, const TwinParts& parts, const Told& told) {
    FunctionalVit vit(set);
    vit.use(parts.shared);
    std::vector<at::Tensor> features, tasks;
    const auto models = static_cast<int>(set.models.size());
    for (int model = 0; model < models; ++model)
        for_each_batch(set, pictures, model, settings.examples, settings.batch, true, [&](const at::Tensor& images, const at::Tensor&) {
            features.push_back(router_input(vit.features(images)));
            tasks.push_back(at::full({images.size(0)}, model, at::kLong));
            if (told) told(kMergingShare + 0.3 * model / models, 1, "Twin-Merging: features");
        });
    return {at::cat(features), at::cat(tasks)};
}

void train_router(const MergeSettings& settings, std::int64_t models, const at::Tensor& features, const at::Tensor& tasks, TwinParts& parts, const Told& told) {
    const c10::AutoGradMode gradients(true);
    auto generator = at::make_generator<at::CPUGeneratorImpl>(static_cast<std::uint64_t>(settings.seed) + 1);
    const std::int64_t width = features.size(1);
    const auto layer = [&](std::int64_t rows) { return (at::rand({rows, width}, generator, at::TensorOptions(at::kFloat)) * 2 - 1) / std::sqrt(static_cast<double>(width)); };
    parts.hidden = layer(width);
    parts.hidden_bias = at::zeros({width});
    parts.out = layer(models);
    parts.out_bias = at::zeros({models});
    NamedTensors parameters{{"hidden", parts.hidden}, {"hidden_bias", parts.hidden_bias}, {"out", parts.out}, {"out_bias", parts.out_bias}};
    for (auto& [name, tensor] : parameters) tensor.set_requires_grad(true);
    AdamW adam(parameters, {0.9, 0.999, 1e-8, 0});
    for (std::int64_t step = 0; step < settings.steps; ++step) {
        const at::Tensor chosen = at::randint(0, features.size(0), {std::min(kRouterBatch, features.size(0))}, generator, at::TensorOptions(at::kLong));
        at::cross_entropy_loss(router_logits(parts, features.index_select(0, chosen)), tasks.index_select(0, chosen)).backward();
        adam.step(settings.learning_rate);
        adam.drop_gradients();
        if (told) told(kMergingShare + 0.3 + 0.1 * static_cast<double>(step) / static_cast<double>(settings.steps), 1, "Twin-Merging: router");
    }
    for (auto& [name, tensor] : parameters) tensor.set_requires_grad(false);
    parts.facts["router_accuracy"] = (router_logits(parts, features).argmax(1) == tasks).to(at::kDouble).mean().item<double>();
    parts.facts["pictures"] = "training pictures, without their labels";
}

}

std::int64_t TwinParts::difference_elements() const {
    std::int64_t sum = 0;
    for (const auto& of_model : differences)
        for (const auto& [key, one] : of_model) sum += one.whole.defined() ? one.whole.numel() : one.left.numel() + one.right.numel();
    return sum;
}

TwinParts train_twin(const ModelSet& set, const MergeSettings& settings, const TaskPictures& pictures, const Told& told) {
    const c10::InferenceMode records(false);
    const c10::NoGradGuard no_gradients;
    MergeSettings arithmetic = settings;
    arithmetic.method = MergeMethod::task_arithmetic;
    TwinParts parts;
    parts.shared = merge_static(set, arithmetic, {}, {}).trunk;
    make_differences(set, settings, parts, told);
    const auto [features, tasks] = router_data(set, settings, pictures, parts, told);
    train_router(settings, static_cast<std::int64_t>(set.models.size()), features, tasks, parts, told);
    return parts;
}

at::Tensor twin_shares(const TwinParts& parts, const at::Tensor& features) { return at::softmax(router_logits(parts, router_input(features)), -1); }

TensorMap twin_trunk(const TwinParts& parts, const std::vector<double>& shares) {
    TensorMap out;
    for (const auto& [key, shared] : parts.shared) {
        at::Tensor sum = shared.clone();
        for (std::size_t i = 0; i < shares.size(); ++i) {
            const auto found = parts.differences[i].find(key);
            if (shares[i] == 0 || found == parts.differences[i].end()) continue;
            const TwinDifference& one = found->second;
            if (one.whole.defined()) sum.add_(one.whole, shares[i]);
            else sum.addmm_(one.left, one.right, 1, shares[i]);
        }
        out.emplace(key, sum);
    }
    return out;
}

}
