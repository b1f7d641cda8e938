// Fisher-weighted averaging (Matena and Raffel 2022), as fusion_bench computes it.
#include "plugins/vit_merge/engine/data_merges.h"
#include "plugins/vit_merge/engine/functional_vit.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <cmath>

namespace lathe::vit_merge {
namespace {

constexpr double kLeastFisher = 1e-6;

double fisher_norm(const TensorMap& fisher) {
    double square = 0;
    for (const auto& [key, tensor] : fisher) {
        const double norm = tensor.norm().item<double>();
        square += norm * norm;
    }
    return std::sqrt(square);
}

}

TensorMap fisher_information(const ModelSet& set, int model, const MergeSettings& settings, const TaskPictures& pictures, const Told& told) {
    const c10::AutoGradMode gradients(true);
    FunctionalVit vit(set);
    TensorMap leaves = trunk_floats(set, model, true);
    vit.use(leaves);
    TensorMap fisher;
    for (const auto& [key, leaf] : leaves) fisher.emplace(key, at::zeros_like(leaf));
    double done = 0;
    const std::int64_t seen = for_each_batch(set, pictures, model, settings.examples, settings.batch, true, [&](const at::Tensor& images, const at::Tensor&) {
        const at::Tensor log_p = at::log_softmax(vit.logits(model, for_gradients(images)), -1);
        (log_p.detach().exp().sqrt() * log_p).sum().backward();
        const c10::NoGradGuard no_gradients;
        for (auto& [key, leaf] : leaves) {
            at::Tensor& gradient = leaf.mutable_grad();
            if (!gradient.defined()) continue;
            fisher[key].addcmul_(gradient, gradient);
            gradient.reset();
        }
        done += static_cast<double>(images.size(0));
        if (told) told((model + done / static_cast<double>(settings.examples)) / static_cast<double>(set.models.size()), 1, "Fisher information of " + set.models[static_cast<std::size_t>(model)].name);
    });
    for (auto& [key, tensor] : fisher) tensor.div_(static_cast<double>(seen));
    return fisher;
}

TensorMap merge_fisher(const ModelSet& set, const MergeSettings& settings, const TaskPictures& pictures, const Told& told, const std::function<void(int, const TensorMap&)>& seen) {
    TensorMap sum, weight;
    for (int model = 0; model < static_cast<int>(set.models.size()); ++model) {
        TensorMap fisher = fisher_information(set, model, settings, pictures, told);
        if (seen) seen(model, fisher);
        const double scale = settings.fisher_normalise ? 1 / (fisher_norm(fisher) + kLeastFisher) : 1;   // what is common to all models cancels
        for (const SharedKey& key : set.keys) {
            const at::Tensor share = (fisher[key.key] + kLeastFisher).mul_(scale);
            fisher.erase(key.key);
            const at::Tensor weighted = share * set.tensor(model, key).to(at::kFloat);
            if (model == 0) {
                sum.emplace(key.key, weighted);
                weight.emplace(key.key, share);
            } else {
                sum[key.key].add_(weighted);
                weight[key.key].add_(share);
            }
        }
    }
    for (auto& [key, tensor] : sum) tensor.div_(weight[key]);
    return sum;
}

}
