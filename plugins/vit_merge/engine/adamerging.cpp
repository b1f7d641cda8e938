#include "plugins/vit_merge/engine/adamerging.h"
#include "core/nn/optim.h"
#include "plugins/vit_merge/engine/merge_kernels.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <mutex>

namespace lathe::vit_merge {
namespace {

constexpr double kEntropyEps = 1e-8;

Json lambda_rows(const ModelSet& set, const at::Tensor& lambda) {
    Json out = Json::object();
    for (std::size_t i = 0; i < set.models.size(); ++i) {
        const at::Tensor row = lambda[static_cast<std::int64_t>(i)].contiguous();
        const float* values = row.const_data_ptr<float>();
        out[set.models[i].name] = std::vector<float>(values, values + row.numel());
    }
    return out;
}

}

at::Tensor answer_entropy(const at::Tensor& logits) {
    const at::Tensor p = at::softmax(logits, -1);
    return -(p * (p + kEntropyEps).log()).sum(-1).mean();
}

AdaMerging::AdaMerging(const ModelSet& set, const MergeSettings& settings, bool trimmed, const Told& told) : m_set(set), m_vit(set) {
    if (trimmed) m_trim = plan_ties(set, settings.keep, {}, nullptr, told);
    for (const SharedKey& key : set.keys) m_leaves.emplace(key.key, at::empty(key.shape, at::kFloat).set_requires_grad(true));
    m_vit.use(m_leaves);
}

void AdaMerging::for_each_vector(std::size_t k, const std::function<void(const WeightRows&, std::int64_t, std::int64_t, float*, float*)>& work) const {
    const WeightRows rows(m_set, k, true);
    for_each_chunk(rows, [&](std::int64_t first, std::int64_t count, float* vectors, float* spare) {
        if (m_trim) ties_consistent(*m_trim, rows.models(), count, vectors, kWeightChunk, spare);
        work(rows, first, count, vectors, spare);
    });
}

void AdaMerging::merge(const at::Tensor& lambda) {
    const c10::NoGradGuard no_gradients;
    const at::Tensor all = lambda.detach().expand({lambda.size(0), static_cast<std::int64_t>(m_set.keys.size())});
    const auto scale = all.accessor<float, 2>();
    for (std::size_t k = 0; k < m_set.keys.size(); ++k) {
        float* to = m_leaves.at(m_set.keys[k].key).mutable_data_ptr<float>();
        for_each_vector(k, [&](const WeightRows& rows, std::int64_t first, std::int64_t count, float* vectors, float*) {
            floats_of(rows.base(), first, count, to + first);
            for (int m = 0; m < rows.models(); ++m) {
                const float one = scale[m][static_cast<std::int64_t>(k)];
                for (std::int64_t i = 0; i < count; ++i) to[first + i] += one * vectors[m * kWeightChunk + i];
            }
        });
    }
}

double AdaMerging::add_entropy(int model, const at::Tensor& images) {
    const c10::AutoGradMode gradients(true);
    m_vit.use(m_leaves);                                   // views and joined tensors anew: their graph was used up by the last step
    const at::Tensor entropy = answer_entropy(m_vit.logits(model, for_gradients(images)));
    entropy.backward();
    return entropy.item<double>();
}

at::Tensor AdaMerging::take_gradient() {
    const c10::NoGradGuard no_gradients;
    const auto models = static_cast<std::int64_t>(m_set.models.size());
    const at::Tensor out = at::zeros({models, static_cast<std::int64_t>(m_set.keys.size())}, at::kDouble);
    auto sums = out.accessor<double, 2>();
    std::mutex mutex;
    for (std::size_t k = 0; k < m_set.keys.size(); ++k) {
        at::Tensor& gradient = m_leaves.at(m_set.keys[k].key).mutable_grad();
        if (!gradient.defined()) continue;
        const at::Tensor plain = gradient.contiguous();
        const float* g = plain.const_data_ptr<float>();
        for_each_vector(k, [&](const WeightRows& rows, std::int64_t first, std::int64_t count, float* vectors, float*) {
            for (int m = 0; m < rows.models(); ++m) {
                kernel::PairSums pair;
                kernel::table().pair_sums(g + first, vectors + m * kWeightChunk, count, pair);
                const std::scoped_lock lock(mutex);
                sums[m][static_cast<std::int64_t>(k)] += pair.dot;
            }
        });
        gradient.reset();
    }
    return out.to(at::kFloat);
}

void merge_adaptively(const ModelSet& set, const MergeSettings& settings, const TaskPictures& pictures, Merged& out, const Told& told) {
    const bool trimmed = settings.method == MergeMethod::adamerging_task_pp || settings.method == MergeMethod::adamerging_layer_pp;
    const bool by_task = settings.method == MergeMethod::adamerging_task || settings.method == MergeMethod::adamerging_task_pp;
    AdaMerging merging(set, settings, trimmed, told);
    EndlessPictures feed(set, pictures, settings, false);
    const auto models = static_cast<std::int64_t>(set.models.size());
    at::Tensor lambda = at::full({models, by_task ? 1 : static_cast<std::int64_t>(set.keys.size())}, settings.lambda_start, at::kFloat);
    AdamW adam({{"lambda", lambda}}, {0.9, 0.999, 1e-8, 0});
    std::vector<double> entropies;
    for (std::int64_t step = 0; step < settings.steps; ++step) {
        merging.merge(lambda);
        double entropy = 0;
        for (int model = 0; model < models; ++model) {
            entropy += merging.add_entropy(model, feed.next(model));
            if (told) told(static_cast<double>(step * models + model) / static_cast<double>(settings.steps * models), 1, std::string(title(settings.method)));
        }
        entropies.push_back(entropy);
        const at::Tensor gradient = merging.take_gradient();
        lambda.mutable_grad() = by_task ? gradient.sum(1, true) : gradient;
        adam.step(settings.learning_rate);
        if (settings.clamp_lambda) lambda.clamp_(0, 1);
    }
    merging.merge(lambda);
    for (const auto& [key, leaf] : merging.trunk()) out.trunk.emplace(key, leaf.detach());
    out.facts["lambda"] = lambda_rows(set, lambda);
    if (!by_task) {
        Json names = Json::array();
        for (const SharedKey& key : set.keys) names.push_back(key.key);
        out.facts["lambda_keys"] = std::move(names);
    }
    out.facts["entropy_first"] = entropies.front();
    out.facts["entropy_last"] = entropies.back();
    out.facts["pictures"] = "unlabelled test pictures";
}

}
