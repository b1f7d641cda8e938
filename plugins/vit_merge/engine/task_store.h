#pragma once
// What runs of this plugin keep between them: opened pictures, networks, merged models. So a slider answers at once. On the engine's work thread.
#include "plugins/vit_merge/engine/merged_model.h"
#include "plugins/vit_merge/engine/task_batches.h"
#include <filesystem>

namespace lathe::vit_merge {

/// Pictures [0, count) of a split (0: all; fewer where there are fewer), kept: what was opened last, up to 1 GiB.
std::shared_ptr<const TaskImages> kept_task(RunContext& run, const std::string& data, const std::filesystem::path& root, bool train, std::int64_t count);

/// The set of a run with its gate and where its pictures are.
struct TaskSetup {
    std::shared_ptr<const ModelSet> set;
    std::shared_ptr<Gate> gate;                            ///< null: none
    std::filesystem::path root;
    PictureForm form;                                      ///< of the first model
    std::string key;                                       ///< of all files, their versions and weights

    int models() const { return static_cast<int>(set->models.size()); }
    const ModelSource& model(int index) const { return set->models[static_cast<std::size_t>(index)]; }
    /// The number of a model or task by its name. Throws Error(unknown_name) with what there is.
    int index_of(const std::string& name) const { return set->index_of(name); }
};
/// Inputs "set", "data", "gate" and the table of models. Throws what open_model_set and open_gate throw.
TaskSetup open_setup(RunContext& run);
std::vector<InputSlot> setup_slots();                      ///< set, data, gate

/// The pictures of a model's task. Throws Error(invalid_value) where the set does not say which they are, or where labels are beyond the classes of the model's head.
std::shared_ptr<const TaskImages> kept_task(RunContext& run, const TaskSetup& setup, int model, bool train, std::int64_t count);
/// For the methods that look at pictures.
TaskPictures task_pictures(RunContext& run, const TaskSetup& setup);

/// Kept by set and settings: the last few. Tells progress from `begin` to `end` of 1 while it is made.
std::shared_ptr<MergedModel> kept_merged(RunContext& run, const TaskSetup& setup, const MergeSettings& settings, double begin, double end);

/// Model number `index` of the set, ready to run; kept.
std::shared_ptr<Vit> kept_vit(const TaskSetup& setup, int index);
/// Trunk of the weights that a picture with these shares of the models meets (prepared_shares), under canonical keys. Throws Error(unsupported) for methods without one set of weights.
TensorMap merged_trunk(RunContext& run, const TaskSetup& setup, const MergeSettings& settings, const std::vector<double>& shares);
/// A network from a trunk and the head of a model.
std::unique_ptr<Vit> vit_of(const TaskSetup& setup, const TensorMap& trunk, int head_of);

/// Pixels [n, C, H, W] as the models take them.
at::Tensor for_models(const TaskSetup& setup, const at::Tensor& bytes);

}
