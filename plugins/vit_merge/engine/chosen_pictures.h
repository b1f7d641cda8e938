#pragma once
// Pictures that are looked at one by one: a few of each task, or files. On the engine's work thread.
#include "plugins/vit_merge/engine/task_store.h"

namespace lathe::vit_merge {

struct ChosenPicture {
    int task = -1;                                         ///< -1: a file
    std::int64_t number = 0, label = -1;                   ///< in the test split
    std::string file;
    at::Tensor pixels;                                     ///< uint8 [C, H, W], as it was read
};

/// Picture `number` of the test split of a task. Throws Error(invalid_value) where there are fewer.
ChosenPicture task_picture(RunContext& run, const TaskSetup& setup, int task, std::int64_t number);
/// A JPEG or PNG, its middle square. Throws what read_square throws.
ChosenPicture file_picture(const TaskSetup& setup, const std::string& file);
/// `count` in all, evenly over the tasks, from number `first` of each on.
std::vector<ChosenPicture> spread_pictures(RunContext& run, const TaskSetup& setup, const std::vector<int>& tasks, std::int64_t count, std::int64_t first);
/// All as the models take them: [n, C, H, W].
at::Tensor model_inputs(const TaskSetup& setup, const std::vector<ChosenPicture>& pictures);
/// [H, W, C] for an image artifact.
at::Tensor shown(const ChosenPicture& picture);
/// What class number `label` of a model is called: by its file, its pictures, or the number.
std::string class_name(RunContext& run, const TaskSetup& setup, int model, std::int64_t label);

}
