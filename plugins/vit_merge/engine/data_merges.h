#pragma once
// Methods that look at pictures of the tasks: gradients, entropies and inputs of layers, one batch of one task at a time, so that memory does not grow with their number. Work thread.
#include "plugins/vit_merge/engine/merge_weights.h"
#include "plugins/vit_merge/engine/weight_stream.h"

namespace lathe::vit_merge {

/// Greedy soup, Fisher, RegMean, RegMean++ and the four AdaMergings, into out.trunk and out.facts.
void merge_with_pictures(const ModelSet& set, const MergeSettings& settings, const TaskPictures& pictures, Merged& out, const Told& told);

/// Calls work(images, labels) for the first `examples` pictures of a task, `batch` at a time; stops where the task has no more. Returns how many there were; throws Error(invalid_value) for none.
std::int64_t for_each_batch(const ModelSet& set, const TaskPictures& pictures, int model, std::int64_t examples, std::int64_t batch, bool train, const std::function<void(const at::Tensor& images, const at::Tensor& labels)>& work);

/// Batches of every task that begin anew when they are used up, each time in another order.
class EndlessPictures {
public:
    EndlessPictures(const ModelSet& set, const TaskPictures& pictures, const MergeSettings& settings, bool train);
    at::Tensor next(int model);
private:
    struct Task { std::vector<std::int64_t> order; std::size_t at = 0; std::uint64_t rounds = 0; };
    const ModelSet& m_set;
    const TaskPictures& m_pictures;
    std::int64_t m_examples, m_batch;
    std::uint64_t m_seed;
    bool m_train;
    std::vector<Task> m_tasks;
};

/// Diagonal Fisher information of one model: the squared gradients of batch sums, over all pictures, divided by their number.
TensorMap fisher_information(const ModelSet& set, int model, const MergeSettings& settings, const TaskPictures& pictures, const Told& told);
/// The weighted average; `seen` (may be empty) is given each model's information.
TensorMap merge_fisher(const ModelSet& set, const MergeSettings& settings, const TaskPictures& pictures, const Told& told, const std::function<void(int model, const TensorMap& fisher)>& seen = {});

/// X^T X / rows of the inputs of every linear layer within the blocks, under the layer's name ("blocks.0.attn.qkv").
using GramMap = std::map<std::string, at::Tensor>;
GramMap input_grams(const ModelSet& set, int model, const MergeSettings& settings, const TaskPictures& pictures, const Told& told);
TensorMap merge_regmean(const ModelSet& set, const MergeSettings& settings, const TaskPictures& pictures, const Told& told, const std::function<void(int model, const GramMap& grams)>& seen = {});
TensorMap merge_regmean_pp(const ModelSet& set, const MergeSettings& settings, const TaskPictures& pictures, const Told& told);

}
