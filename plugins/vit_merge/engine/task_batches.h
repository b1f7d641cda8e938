#pragma once
// Batches of a training over one or several tasks: equal shares, in an order drawn anew for each epoch of each task, shifted by a few pixels. All of a batch follows from the seed and its number.
#include "plugins/vit_merge/engine/task_data.h"
#include "plugins/vit_merge/engine/vit_config.h"
#include <memory>

namespace lathe::vit_merge {

/// The pictures of one task of a training.
struct TrainingTask {
    std::string name;
    TaskImages set;
};

/// Size and normalisation of what a network takes.
struct PictureForm {
    std::int64_t channels = 3, height = 28, width = 28;
    std::vector<double> mean{0.5, 0.5, 0.5}, deviation{0.5, 0.5, 0.5};
};
PictureForm picture_form(const VitConfig& config);         ///< mean and deviation 0.5 where the config says nothing

class TaskBatches {
public:
    enum class Change { none, shift, trivial };            ///< trivial: one of 14 changes at random (TrivialAugmentWide, arXiv 2103.10158)
    struct Options {
        std::int64_t batch = 64;
        Change change = Change::shift;
        std::int64_t shift = 2;                            ///< pixels, at most, to each side; black comes in
        std::int64_t least = 0;                            ///< sets of fewer pictures count as this many
        std::uint64_t seed = 0;
    };
    struct Batch {
        at::Tensor pictures;                               ///< normalised float32, the tasks one behind the other
        at::Tensor labels;                                 ///< int64: classes
        at::Tensor task;                                   ///< int64: numbers of the tasks
        std::vector<std::int64_t> counts;                  ///< pictures of each task
    };
    /// `by_task`: every task has the same share of each batch (its remainder goes to the first); else pictures of all tasks are shuffled together, larger sets weighing more.
    /// Throws Error(invalid_value) for no tasks, or a batch with less than one picture of each.
    TaskBatches(std::vector<TrainingTask> tasks, PictureForm form, const Options& options, bool by_task);

    Batch operator()(std::int64_t step);                   ///< number `step`, from 0
    std::int64_t images() const { return m_images; }       ///< of an epoch of all tasks
    const std::vector<TrainingTask>& tasks() const { return m_tasks; }
    const Options& options() const { return m_options; }
    const PictureForm& form() const { return m_form; }

private:
    struct Order { std::int64_t epoch = -1; at::Tensor pictures; };
    std::vector<std::int64_t> pick(std::size_t order, std::int64_t size, std::int64_t begin, std::int64_t end);
    at::Tensor pictures_of(std::size_t task, const std::vector<std::int64_t>& picked, std::int64_t step);

    std::vector<TrainingTask> m_tasks;
    PictureForm m_form;
    Options m_options;
    bool m_by_task;
    std::int64_t m_images = 0;
    std::vector<std::int64_t> m_sizes;                     // that the tasks count as
    std::vector<Order> m_orders;
};

}
