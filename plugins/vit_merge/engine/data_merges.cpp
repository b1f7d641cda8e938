#include "plugins/vit_merge/engine/data_merges.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "plugins/vit_merge/engine/adamerging.h"
#include "plugins/vit_merge/engine/functional_vit.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <c10/core/InferenceMode.h>
#include <numeric>
#include <random>

namespace lathe::vit_merge {
namespace {

[[noreturn]] void refuse_no_pictures(const ModelSet& set, int model) {
    const ModelSource& source = set.models[static_cast<std::size_t>(model)];
    throw Error(ErrorCode::invalid_value, "There are no pictures of this task.", source.name + (source.data.empty() ? ": no data is named" : ": data " + source.data), "Say in the table of models which data the model was made for.");
}

/// Share of held-out pictures that every model's own head gets right on this trunk, mean over the tasks.
double held_out_accuracy(FunctionalVit& vit, const ModelSet& set, const MergeSettings& settings, const TaskPictures& pictures, const Told& told, const std::string& note) {
    double total = 0;
    const auto models = static_cast<int>(set.models.size());
    for (int model = 0; model < models; ++model) {
        std::int64_t right = 0;
        const std::int64_t seen = for_each_batch(set, pictures, model, settings.examples, settings.batch, false, [&](const at::Tensor& images, const at::Tensor& labels) {
            right += (vit.logits(model, images).argmax(1) == labels).sum().item<std::int64_t>();
            if (told) told(static_cast<double>(model) / models, 1, note);
        });
        total += static_cast<double>(right) / static_cast<double>(seen);
    }
    return total / models;
}

/// Models sorted by held-out accuracy are added to the average one by one, and kept where it does not drop.
void merge_greedy_soup(const ModelSet& set, const MergeSettings& settings, const TaskPictures& pictures, Merged& out, const Told& told) {
    FunctionalVit vit(set);
    const std::size_t models = set.models.size();
    std::vector<double> alone;
    for (std::size_t i = 0; i < models; ++i) {
        vit.use(trunk_floats(set, static_cast<int>(i), false));
        alone.push_back(held_out_accuracy(vit, set, settings, pictures, told, "Measuring " + set.models[i].name));
    }
    std::vector<std::size_t> order(models);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return alone[a] > alone[b]; });
    std::vector<std::size_t> members{order.front()};
    double best = alone[order.front()];
    const auto soup_of = [&](const std::vector<std::size_t>& chosen) {
        std::vector<double> weights(models);
        for (const std::size_t i : chosen) weights[i] = 1 / static_cast<double>(chosen.size());
        return merge_linear(set, 0, weights, {});
    };
    for (std::size_t k = 1; k < models; ++k) {
        std::vector<std::size_t> tried = members;
        tried.push_back(order[k]);
        vit.use(soup_of(tried));
        const double accuracy = held_out_accuracy(vit, set, settings, pictures, told, "Adding " + set.models[order[k]].name);
        if (accuracy < best) continue;
        best = accuracy;
        members = tried;
    }
    out.trunk = soup_of(members);
    Json names = Json::array(), each = Json::object();
    for (const std::size_t i : members) names.push_back(set.models[i].name);
    for (std::size_t i = 0; i < models; ++i) each[set.models[i].name] = alone[i];
    out.facts["members"] = std::move(names);
    out.facts["accuracy_alone"] = std::move(each);
    out.facts["accuracy"] = best;
    out.facts["pictures"] = "labelled test pictures (held out)";
}

}

std::int64_t for_each_batch(const ModelSet& set, const TaskPictures& pictures, int model, std::int64_t examples, std::int64_t batch, bool train, const std::function<void(const at::Tensor&, const at::Tensor&)>& work) {
    std::int64_t seen = 0;
    while (seen < examples) {
        const std::int64_t wanted = std::min(batch, examples - seen);
        const auto [images, labels] = pictures(model, seen, wanted, train);
        if (!images.defined() || images.size(0) == 0) break;
        work(images, labels);
        seen += images.size(0);
        if (images.size(0) < wanted) break;
    }
    if (seen == 0) refuse_no_pictures(set, model);
    return seen;
}

EndlessPictures::EndlessPictures(const ModelSet& set, const TaskPictures& pictures, const MergeSettings& settings, bool train)
    : m_set(set), m_pictures(pictures), m_examples(settings.examples), m_batch(std::min(settings.batch, settings.examples)), m_seed(static_cast<std::uint64_t>(settings.seed)), m_train(train), m_tasks(set.models.size()) {}

at::Tensor EndlessPictures::next(int model) {
    Task& task = m_tasks[static_cast<std::size_t>(model)];
    if (task.at == task.order.size()) {
        if (task.order.empty()) {
            task.order.resize(static_cast<std::size_t>(std::max<std::int64_t>(m_examples / m_batch, 1)));
            std::iota(task.order.begin(), task.order.end(), std::int64_t{0});
        }
        std::mt19937_64 random(m_seed * 1'000'003 + static_cast<std::uint64_t>(model) * 7919 + task.rounds++);
        std::shuffle(task.order.begin(), task.order.end(), random);
        task.at = 0;
    }
    while (true) {
        const auto [images, labels] = m_pictures(model, task.order[task.at] * m_batch, m_batch, m_train);
        ++task.at;
        if (images.defined() && images.size(0) > 0) return for_gradients(images);
        task.order.erase(task.order.begin() + static_cast<std::ptrdiff_t>(--task.at));   // the task has fewer pictures
        if (task.order.empty()) refuse_no_pictures(m_set, model);
        if (task.at == task.order.size()) task.at = 0;
    }
}

void merge_with_pictures(const ModelSet& set, const MergeSettings& settings, const TaskPictures& pictures, Merged& out, const Told& told) {
    const c10::InferenceMode records(false);
    switch (settings.method) {
    case MergeMethod::soup_greedy: merge_greedy_soup(set, settings, pictures, out, told); return;
    case MergeMethod::fisher: out.trunk = merge_fisher(set, settings, pictures, told); return;
    case MergeMethod::regmean: out.trunk = merge_regmean(set, settings, pictures, told); return;
    case MergeMethod::regmean_pp: out.trunk = merge_regmean_pp(set, settings, pictures, told); return;
    default: merge_adaptively(set, settings, pictures, out, told); return;
    }
}

}
