#include "plugins/vit_merge/engine/gate_plan.h"
#include "core/base/error.h"
#include "plugins/vit_merge/engine/merge_kernels.h"
#include "plugins/vit_merge/engine/weight_stream.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <numeric>

namespace lathe::vit_merge {
namespace {

using kernel::PairSums;

constexpr double kCosineEps = 1e-8;
constexpr std::int64_t kPairPiece = 2048;                // floats of each model that are compared at once: they stay in the cache

/// Sums over all pairs of rows, the diagonal included: [models * models], upper half.
void add_pairs(const WeightRows& rows, std::vector<PairSums>& into) {
    std::mutex mutex;
    const int models = rows.models();
    const auto width = static_cast<std::size_t>(models);
    for_each_chunk(rows, [&](std::int64_t, std::int64_t count, float* values, float*) {
        std::vector<PairSums> sums(width * width);
        for (std::int64_t at = 0; at < count; at += kPairPiece) {
            const std::int64_t piece = std::min(kPairPiece, count - at);
            for (int i = 0; i < models; ++i)
                for (int j = i; j < models; ++j)
                    kernel::table().pair_sums(values + i * kWeightChunk + at, values + j * kWeightChunk + at, piece, sums[static_cast<std::size_t>(i) * width + static_cast<std::size_t>(j)]);
        }
        const std::scoped_lock lock(mutex);
        for (std::size_t k = 0; k < sums.size(); ++k) {
            into[k].dot += sums[k].dot;
            into[k].absolute += sums[k].absolute;
            into[k].square += sums[k].square;
        }
    });
}

double cosine_of(const std::vector<PairSums>& sums, std::size_t models, std::size_t i, std::size_t j) {
    const auto norm = [&](std::size_t k) { return std::max(std::sqrt(sums[k * models + k].dot), kCosineEps); };
    return sums[i * models + j].dot / (norm(i) * norm(j));
}

double mean_similarity(const std::vector<PairSums>& sums, std::size_t models, std::int64_t elements, Similarity kind) {
    if (models < 2 || elements == 0) return 1;
    double total = 0;
    const auto n = static_cast<double>(elements);
    for (std::size_t i = 0; i < models; ++i)
        for (std::size_t j = i + 1; j < models; ++j) {
            const PairSums& pair = sums[i * models + j];
            total += kind == Similarity::cosine ? cosine_of(sums, models, i, j) : 1 - (kind == Similarity::l1 ? pair.absolute : pair.square) / n;
        }
    return total / (static_cast<double>(models * (models - 1)) / 2);
}

std::int64_t block_count(const ModelSet& set) {
    int last = -1;
    for (const SharedKey& key : set.keys) last = std::max(last, key.role.block);
    return last + 1;
}

/// Blocks by rising similarity; of equal ones the lower number first.
std::vector<int> rising(const std::vector<double>& similarity) {
    std::vector<int> order(similarity.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return similarity[static_cast<std::size_t>(a)] < similarity[static_cast<std::size_t>(b)]; });
    return order;
}

std::vector<int> gated_blocks(const std::vector<double>& similarity, const MergeSettings& settings) {
    std::vector<int> order = rising(similarity);
    std::size_t count = std::min(static_cast<std::size_t>(std::max<std::int64_t>(settings.m, 0)), order.size());
    if (settings.tau) {
        count = 0;
        while (count < order.size() && similarity[static_cast<std::size_t>(order[count])] < *settings.tau) ++count;
    }
    order.resize(count);
    return order;
}

/// The official filter looks for `embed`, `ln_1` and `ln_2` in CLIP's names: position embedding, class token and both norms of every block.
bool always_gated(const VitKey& role, GateScope scope) {
    if (role.group != KeyGroup::embed && role.group != KeyGroup::norm) return false;
    if (scope == GateScope::all_embed_norm) return true;
    if (role.group == KeyGroup::norm) return role.block >= 0;
    return role.canonical == "pos_embed" || role.canonical.ends_with("_token");
}

}

BlockSimilarity block_similarity(const ModelSet& set, Similarity kind, bool task_vectors) {
    if (task_vectors && !set.base) throw Error(ErrorCode::invalid_value, "Task vectors cannot be compared: the set has no base.", set.name_list(), "Name the pre-trained model, or compare full weights.");
    std::any& kept = set.kept["similarity " + std::to_string(static_cast<int>(kind)) + (task_vectors ? " of task vectors" : "")];
    if (const auto* found = std::any_cast<BlockSimilarity>(&kept)) return *found;
    const std::size_t models = set.models.size();
    const auto blocks = static_cast<std::size_t>(block_count(set));
    const std::vector<PairSums> none(models * models);
    std::vector<std::vector<PairSums>> sums(2 * blocks, none);
    std::vector<std::int64_t> elements(2 * blocks);
    for (std::size_t k = 0; k < set.keys.size(); ++k) {
        const SharedKey& key = set.keys[k];
        if (key.role.block < 0 || (key.role.group != KeyGroup::attention && key.role.group != KeyGroup::mlp)) continue;
        const std::size_t slot = 2 * static_cast<std::size_t>(key.role.block) + (key.role.group == KeyGroup::mlp ? 1 : 0);
        add_pairs(WeightRows(set, k, task_vectors), sums[slot]);
        elements[slot] += key.elements;
    }
    BlockSimilarity out;
    for (std::size_t block = 0; block < blocks; ++block) {
        out.attention.push_back(mean_similarity(sums[2 * block], models, elements[2 * block], kind));
        out.mlp.push_back(mean_similarity(sums[2 * block + 1], models, elements[2 * block + 1], kind));
    }
    kept = out;
    return out;
}

ModelDistances model_distances(const ModelSet& set) {
    std::any& kept = set.kept["distances"];
    if (const auto* found = std::any_cast<ModelDistances>(&kept)) return *found;
    const std::size_t models = set.models.size();
    std::vector<PairSums> sums(models * models);
    double base_square = 0;
    for (std::size_t k = 0; k < set.keys.size(); ++k) {
        const WeightRows rows(set, k, set.base.has_value());
        add_pairs(rows, sums);
        if (rows.base().defined()) {
            const double norm = rows.base().to(at::kFloat).norm().item<double>();
            base_square += norm * norm;
        }
    }
    if (!set.base)
        for (std::size_t i = 0; i < models; ++i) base_square += sums[i * models + i].dot / static_cast<double>(models);
    const auto n = static_cast<std::int64_t>(models);
    ModelDistances out{at::ones({n, n}, at::kDouble), at::zeros({n, n}, at::kDouble)};
    auto cosine = out.cosine.accessor<double, 2>(), distance = out.relative_l2.accessor<double, 2>();
    for (std::size_t i = 0; i < models; ++i)
        for (std::size_t j = i + 1; j < models; ++j) {
            const auto a = static_cast<std::int64_t>(i), b = static_cast<std::int64_t>(j);
            cosine[a][b] = cosine[b][a] = cosine_of(sums, models, i, j);
            distance[a][b] = distance[b][a] = base_square > 0 ? std::sqrt(sums[i * models + j].square / base_square) : std::numeric_limits<double>::quiet_NaN();
        }
    kept = out;
    return out;
}

GatePlan plan_gate(const ModelSet& set, const BlockSimilarity& similarity, const MergeSettings& settings) {
    GatePlan plan;
    plan.attention = gated_blocks(similarity.attention, settings);
    plan.mlp = gated_blocks(similarity.mlp, settings);
    const auto chosen = [](const std::vector<int>& blocks, int block) { return std::find(blocks.begin(), blocks.end(), block) != blocks.end(); };
    for (const SharedKey& key : set.keys) {
        const bool gated = always_gated(key.role, settings.scope) || (key.role.group == KeyGroup::attention && chosen(plan.attention, key.role.block)) ||
                           (key.role.group == KeyGroup::mlp && chosen(plan.mlp, key.role.block));
        plan.gated.push_back(gated);
        (gated ? plan.gated_elements : plan.static_elements) += key.elements;
    }
    for (int i = 0; i < static_cast<int>(set.models.size()); ++i)
        for (const auto& [name, tensor] : set.head(i)) plan.head_elements += tensor.numel();
    return plan;
}

std::int64_t GatePlan::bytes(int models, std::int64_t gate_parameters, int bytes_each) const { return bytes_each * (static_elements + models * gated_elements + head_elements + gate_parameters); }

}
