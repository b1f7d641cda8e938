#include "plugins/vit_merge/engine/merge_weights.h"
#include "core/base/error.h"
#include "plugins/vit_merge/engine/data_merges.h"
#include "plugins/vit_merge/engine/merge_kernels.h"
#include "plugins/vit_merge/engine/spectral_merge.h"
#include "plugins/vit_merge/engine/ties.h"
#include <ATen/ATen.h>
#include <chrono>
#include <cmath>
#include <mutex>
#include <numeric>
#include <utility>

namespace lathe::vit_merge {
namespace {

constexpr double kSlerpLinear = 0.9995, kSlerpNorm = 1e-8;
constexpr std::int64_t kSumTogether = 8 << 20;             // elements that are summed in one go: cancelling is heard in between

std::vector<double> model_weights(const ModelSet& set) {
    std::vector<double> out;
    for (const ModelSource& model : set.models) out.push_back(model.weight);
    return out;
}

std::vector<double> normalised_weights(std::vector<double> weights, const ModelSet& set) {
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    if (!(std::abs(sum) > 1e-12)) throw Error(ErrorCode::invalid_value, "The weights of the models sum to 0, so they cannot be scaled to 1.", set.name_list(), "Give other weights in the table of models, or switch \"Weights sum to 1\" off.");
    for (double& weight : weights) weight /= sum;
    return weights;
}

void merge_ties(const ModelSet& set, const MergeSettings& settings, const DareDrop* drop, Merged& out, const Told& told) {
    const auto models = static_cast<int>(set.models.size());
    const TiesTrim trim = plan_ties(set, settings.keep, model_weights(set), drop, told);
    const auto lambda = static_cast<float>(settings.lambda);
    StreamProgress progress(set, told, "TIES");
    for (std::size_t k = 0; k < set.keys.size(); ++k) {
        const SharedKey& key = set.keys[k];
        const WeightRows rows(set, k, true, drop);
        const at::Tensor merged = at::empty(key.shape, at::kFloat);
        float* to = merged.mutable_data_ptr<float>();
        for_each_chunk(rows, [&](std::int64_t first, std::int64_t count, float* values, float* spare) {
            ties_consistent(trim, models, count, values, kWeightChunk, spare);
            ties_aggregate(settings.aggregate, models, count, values, kWeightChunk, spare, to + first);
            floats_of(rows.base(), first, count, spare);
            for (std::int64_t i = 0; i < count; ++i) to[first + i] = spare[i] + lambda * to[first + i];
        });
        out.trunk.emplace(key.key, merged);
        progress.passed(key.elements);
    }
    out.facts["thresholds"] = trim.threshold;
}

void merge_slerp(const ModelSet& set, double t, Merged& out, const Told& told) {
    if (set.models.size() != 2) throw Error(ErrorCode::invalid_value, "SLERP merges two models.", std::to_string(set.models.size()) + " are in use: " + set.name_list(), "Leave models out in the table of models, or choose another method.");
    StreamProgress progress(set, told, "SLERP");
    for (const SharedKey& key : set.keys) {
        out.trunk.emplace(key.key, slerp(set.tensor(0, key), set.tensor(1, key), t));
        progress.passed(key.elements);
    }
}

void merge_spectra(const ModelSet& set, const MergeSettings& settings, Merged& out, const Told& told) {
    const bool iso = settings.method == MergeMethod::iso_c;
    StreamProgress progress(set, told, iso ? "ISO-C" : "TSV-M");
    for (std::size_t k = 0; k < set.keys.size(); ++k) {
        out.trunk.emplace(set.keys[k].key, spectral_merge(set, k, settings.method, iso ? settings.iso_alpha : settings.tsv_alpha));
        progress.passed(set.keys[k].elements);
    }
}

void run_static_method(const ModelSet& set, const MergeSettings& settings, const TaskPictures& pictures, Merged& out, const Told& told) {
    const std::size_t models = set.models.size();
    const DareDrop drop{settings.drop, static_cast<std::uint64_t>(settings.seed), {}};
    switch (settings.method) {
    case MergeMethod::average:
    case MergeMethod::soup_uniform: out.trunk = merge_linear(set, 0, std::vector<double>(models, 1 / static_cast<double>(models)), told); return;
    case MergeMethod::weighted: {
        const std::vector<double> weights = settings.normalise_weights ? normalised_weights(model_weights(set), set) : model_weights(set);
        out.trunk = merge_linear(set, 0, weights, told);
        out.facts["weights"] = weights;
        return;
    }
    case MergeMethod::task_arithmetic: {
        std::vector<double> weights = model_weights(set);
        double rest = 1;
        for (double& weight : weights) rest -= weight *= settings.lambda;
        out.trunk = merge_linear(set, rest, weights, told);
        return;
    }
    case MergeMethod::ties: merge_ties(set, settings, nullptr, out, told); return;
    case MergeMethod::dare_ties: merge_ties(set, settings, &drop, out, told); return;
    case MergeMethod::dare_task_arithmetic: out.trunk = merge_dare_arithmetic(set, settings, drop, told); return;
    case MergeMethod::slerp: merge_slerp(set, settings.slerp_t, out, told); return;
    case MergeMethod::iso_c:
    case MergeMethod::tsv_m: merge_spectra(set, settings, out, told); return;
    default: merge_with_pictures(set, settings, pictures, out, told); return;
    }
}

}

TensorMap merge_linear(const ModelSet& set, double base_weight, const std::vector<double>& weights, const Told& told) {
    TensorMap out;
    StreamProgress progress(set, told, "Merging weights");
    std::int64_t written = 0;
    for (const SharedKey& key : set.keys) written += key.elements * static_cast<std::int64_t>(sizeof(float));
    progress.passed(0);
    std::vector<WeightedSum> sums;                         // of many keys at once, so that threads wait for each other seldom
    std::int64_t waiting = 0;
    const auto compute = [&] {
        weighted_sums(sums, written);
        sums.clear();
        progress.passed(std::exchange(waiting, 0));
    };
    for (const SharedKey& key : set.keys) {
        WeightedSum& sum = sums.emplace_back();
        const auto take = [&](int model, double weight) {
            if (weight == 0) return;
            sum.sources.push_back(readable_weights(set.tensor(model, key), key.key));
            sum.weights.push_back(weight);
        };
        if (set.base) take(-1, base_weight);
        for (std::size_t i = 0; i < weights.size(); ++i) take(static_cast<int>(i), weights[i]);
        sum.out = out.emplace(key.key, at::empty(key.shape, at::kFloat)).first->second;
        waiting += key.elements;
        if (waiting >= kSumTogether) compute();
    }
    compute();
    return out;
}

TensorMap merge_dare_arithmetic(const ModelSet& set, const MergeSettings& settings, const DareDrop& drop, const Told& told) {
    const std::vector<double> weights = model_weights(set);
    TensorMap out;
    StreamProgress progress(set, told, "DARE");
    for (std::size_t k = 0; k < set.keys.size(); ++k) {
        const SharedKey& key = set.keys[k];
        const WeightRows rows(set, k, true, &drop);
        const at::Tensor merged = at::empty(key.shape, at::kFloat);
        float* to = merged.mutable_data_ptr<float>();
        for_each_chunk(rows, [&](std::int64_t first, std::int64_t count, float* values, float*) {
            floats_of(rows.base(), first, count, to + first);
            for (int m = 0; m < rows.models(); ++m) {
                const auto scale = static_cast<float>(settings.lambda * weights[static_cast<std::size_t>(m)]);
                for (std::int64_t i = 0; i < count; ++i) to[first + i] += scale * values[m * kWeightChunk + i];
            }
        });
        out.emplace(key.key, merged);
        progress.passed(key.elements);
    }
    return out;
}

at::Tensor slerp(const at::Tensor& first, const at::Tensor& second, double t) {
    const at::Tensor a = readable_weights(first, "of SLERP"), b = readable_weights(second, "of SLERP");
    const std::int64_t elements = a.numel();
    kernel::PairSums ab, aa, bb;
    std::vector<float> x(kWeightChunk), y(kWeightChunk);
    for (std::int64_t at = 0; at < elements; at += kWeightChunk) {
        const std::int64_t count = std::min(kWeightChunk, elements - at);
        floats_of(a, at, count, x.data());
        floats_of(b, at, count, y.data());
        kernel::table().pair_sums(x.data(), y.data(), count, ab);
        kernel::table().pair_sums(x.data(), x.data(), count, aa);
        kernel::table().pair_sums(y.data(), y.data(), count, bb);
    }
    const auto unit = [](double square) { return std::sqrt(square) > kSlerpNorm ? std::sqrt(square) : 1; };
    const double cosine = ab.dot / (unit(aa.dot) * unit(bb.dot));
    std::array<double, 2> weights{1 - t, t};
    if (std::abs(cosine) <= kSlerpLinear) {
        const double theta = std::acos(cosine);
        weights = {std::sin((1 - t) * theta) / std::sin(theta), std::sin(t * theta) / std::sin(theta)};
    }
    const at::Tensor out = at::empty(first.sizes(), at::kFloat);
    weighted_sum(std::array{a, b}, weights, out);
    return out;
}

Merged merge_static(const ModelSet& set, const MergeSettings& settings, const TaskPictures& pictures, const Told& told) {
    const auto start = std::chrono::steady_clock::now();
    if (!gives_one_model(settings.method)) throw Error(ErrorCode::invalid_value, "This method does not give one model.", std::string(title(settings.method)), "Average, task arithmetic and their like do; the others mix or choose weights for every picture.");
    set.require_mergeable(needs_base(settings.method));
    if (needs_data(settings.method) && !pictures)
        throw Error(ErrorCode::invalid_value, "This method looks at pictures of every task, and there are none.", std::string(title(settings.method)), "Say in the table of models which data each model was made for, or choose a method without pictures.");
    Merged out;
    run_static_method(set, settings, pictures, out, told);
    for (auto& [name, tensor] : set.rest()) out.trunk.emplace(name, tensor.to(at::kFloat));
    set.require_unchanged();
    out.facts["method"] = to_text(settings.method);
    out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return out;
}

}
