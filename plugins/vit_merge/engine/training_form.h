#pragma once
// Parameters and inputs that the trainings of this plugin share, declared once.
#include "core/engine/run_context.h"
#include "core/method/method_info.h"
#include "plugins/vit_merge/engine/task_trainer.h"
#include <filesystem>

namespace lathe::vit_merge {

/// The optional slot "data": the folder with sets of pictures.
InputSlot data_slot();
std::filesystem::path data_root(const RunContext& run);    ///< empty: not given

/// Rows of a table parameter with the columns name and data. Throws Error(invalid_value) for none, a name given twice, or a name that is empty or holds a slash or dot.
struct NamedTask { std::string name, data; };
std::vector<NamedTask> tasks_from(const Json& params, const char* id);
Parameter tasks_parameter(const char* id, Json rows, std::string help);

/// learning_rate, weight_decay, warmup, shift, batch_size, epochs, checkpoint_minutes in the group "Training".
std::vector<Parameter> training_parameters(double lr, double weight_decay, std::int64_t batch, double epochs);
/// `images_of_epoch` times the epochs.
TaskTraining training_from(const Json& params, std::int64_t images_of_epoch);
TaskBatches::Options batch_options_from(const Json& params);
/// Metrics that every training tells.
std::vector<OutputInfo> training_outputs();

/// Pictures of the tasks; looks for cancellation.
std::vector<TrainingTask> open_tasks(RunContext& run, const std::vector<NamedTask>& tasks, bool train, std::int64_t first, std::int64_t count);

}
