#include "plugins/vit_merge/engine/chosen_pictures.h"
#include "core/base/error.h"
#include "core/engine/image_folder.h"
#include <algorithm>
#include <ATen/ATen.h>

namespace lathe::vit_merge {
namespace {

constexpr int kShownSide = 224;                            // of a file's square
constexpr std::int64_t kKeptAhead = 64;                    // pictures of a task that are opened at once, so that stepping through them reads nothing

}

ChosenPicture task_picture(RunContext& run, const TaskSetup& setup, int task, std::int64_t number) {
    const std::int64_t ahead = (number / kKeptAhead + 1) * kKeptAhead;
    const auto images = kept_task(run, setup, task, false, ahead);
    if (number < 0 || number >= images->size())
        throw Error(ErrorCode::invalid_value, "The task has no such test picture.", setup.model(task).name + ": picture " + std::to_string(number) + " of " + std::to_string(images->size()), "Choose a smaller number.");
    return {task, number, images->labels[number].item<std::int64_t>(), {}, images->images[number]};
}

ChosenPicture file_picture(const TaskSetup& setup, const std::string& file) {
    ChosenPicture out;
    out.file = file;
    out.pixels = read_square(file, PictureSize{static_cast<int>(std::max<std::int64_t>(kShownSide, setup.form.height)), 0});
    return out;
}

std::vector<ChosenPicture> spread_pictures(RunContext& run, const TaskSetup& setup, const std::vector<int>& tasks, std::int64_t count, std::int64_t first) {
    std::vector<ChosenPicture> all;
    const auto several = static_cast<std::int64_t>(tasks.size());
    for (std::int64_t t = 0; t < several; ++t) {
        const std::int64_t share = count / several + (t < count % several ? 1 : 0);
        for (std::int64_t i = 0; i < share; ++i) all.push_back(task_picture(run, setup, tasks[static_cast<std::size_t>(t)], first + i));
    }
    return all;
}

at::Tensor model_inputs(const TaskSetup& setup, const std::vector<ChosenPicture>& pictures) {
    std::vector<at::Tensor> all;
    for (const ChosenPicture& picture : pictures) all.push_back(for_models(setup, picture.pixels.unsqueeze(0)));
    return at::cat(all);
}

at::Tensor shown(const ChosenPicture& picture) { return picture.pixels.permute({1, 2, 0}).contiguous(); }

std::string class_name(RunContext& run, const TaskSetup& setup, int model, std::int64_t label) {
    const ModelSource& source = setup.model(model);
    const auto i = static_cast<std::size_t>(label);
    if (label >= 0 && i < source.classes.size()) return source.classes[i];
    if (label >= 0 && i < source.config.classes_names.size()) return source.config.classes_names[i];
    if (!source.data.empty() && label >= 0)
        if (const auto images = kept_task(run, setup, model, false, 1); i < images->classes.size()) return images->classes[i];
    return std::to_string(label);
}

}
