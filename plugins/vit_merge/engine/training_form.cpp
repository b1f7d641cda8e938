#include "plugins/vit_merge/engine/training_form.h"
#include "core/base/error.h"
#include <algorithm>

namespace lathe::vit_merge {

InputSlot data_slot() { return {"data", "data", "Pictures", "The folder that holds sets of pictures by name (mnist, kmnist, notmnist, cifar10, …). Empty: LATHE_DATA/vit-tasks; drawn sets and Fashion-MNIST need none.", false}; }

std::filesystem::path data_root(const RunContext& run) {
    const InputAsset* given = run.input("data");
    return given ? std::filesystem::path(given->path) : std::filesystem::path();
}

std::vector<NamedTask> tasks_from(const Json& params, const char* id) {
    const Json& table = params.at(id);
    std::vector<NamedTask> tasks;
    const Json& columns = member(table, "columns", id);
    const auto column = [&](const char* name) -> std::size_t {
        const auto found = std::find(columns.begin(), columns.end(), Json(name));
        if (found == columns.end()) throw Error(ErrorCode::invalid_value, "A table of tasks lacks a column.", std::string("parameter ") + id + ": " + name, "Its columns are name and data.");
        return static_cast<std::size_t>(found - columns.begin());
    };
    const std::size_t name_at = column("name"), data_at = column("data");
    const auto text = [](const Json& cell) { return cell.is_string() ? cell.get<std::string>() : cell.is_null() ? std::string() : json_text(cell); };
    for (const Json& row : member(table, "rows", id)) {
        NamedTask task{text(row.at(name_at)), text(row.at(data_at))};
        if (task.name.empty() && task.data.empty()) continue;
        if (task.name.empty()) task.name = task.data.substr(0, task.data.find('|'));
        if (task.name.find_first_of("/.") != std::string::npos || task.data.empty())
            throw Error(ErrorCode::invalid_value, "A task has no name that can be used, or no pictures.", std::string("parameter ") + id + ": " + brief(row), "Give a name without slashes and dots, and which pictures it has.");
        if (std::ranges::any_of(tasks, [&](const NamedTask& other) { return other.name == task.name; }))
            throw Error(ErrorCode::invalid_value, "Two tasks have the same name.", std::string("parameter ") + id + ": " + task.name, "Give each its own.");
        tasks.push_back(std::move(task));
    }
    if (tasks.empty()) throw Error(ErrorCode::invalid_value, "There is no task to train for.", std::string("parameter ") + id, "Give at least one row: a name and its pictures.");
    return tasks;
}

Parameter tasks_parameter(const char* id, Json rows, std::string help) {
    return Parameter::table(id, {"name", "data"}, std::move(rows)).with_label("Tasks").with_group("Pictures").with_help(std::move(help));
}

std::vector<Parameter> training_parameters(double lr, double weight_decay, std::int64_t batch, double epochs) {
    return {Parameter::number("epochs", epochs).range(0.01, 10'000).with_label("Epochs").with_group("Training").with_help("Passes over the pictures of all tasks."),
        Parameter::integer("batch_size", batch).range(2, 4096).with_label("Batch").with_group("Training"),
        Parameter::number("learning_rate", lr).range(1e-7, 1).is_log().with_label("Learning rate").with_group("Training").with_help("The highest one: it rises in the warm-up and falls as a cosine to 0."),
        Parameter::number("weight_decay", weight_decay).range(0, 1).with_label("Weight decay").with_group("Training").with_source("AdamW, arXiv 1711.05101"),
        Parameter::number("warmup", 0.05).range(0, 1).with_label("Warm-up").with_group("Training").with_help("Share of the steps in which the rate rises."),
        Parameter::integer("shift", 2).range(0, 64).with_label("Shift").with_unit("pixels").with_group("Training").with_help("Pictures are moved by up to so many pixels, so that no two epochs are alike."),
        Parameter::seed("seed", 0).with_label("Seed").with_group("Training"),
        Parameter::number("checkpoint_minutes", 1).range(0.01, 60).with_label("Checkpoint every").with_unit("min").with_group("Training").is_advanced()};
}

TaskTraining training_from(const Json& params, std::int64_t images_of_epoch) {
    TaskTraining out;
    out.images = std::max<std::int64_t>(1, static_cast<std::int64_t>(number_from(params.at("epochs"), "epochs") * static_cast<double>(images_of_epoch)));
    out.lr = number_from(params.at("learning_rate"), "learning_rate");
    out.weight_decay = number_from(params.at("weight_decay"), "weight_decay");
    out.warmup = number_from(params.at("warmup"), "warmup");
    return out;
}

TaskBatches::Options batch_options_from(const Json& params) {
    TaskBatches::Options out;
    out.batch = params.at("batch_size").get<std::int64_t>();
    out.shift = params.at("shift").get<std::int64_t>();
    out.seed = params.at("seed").get<std::uint64_t>();
    return out;
}

std::vector<OutputInfo> training_outputs() {
    return {{"loss", "metric", "Loss", "", "lower"}, {"accuracy_train", "metric", "Accuracy in training", "", "higher"}, {"accuracy", "metric", "Accuracy on test pictures", "", "higher"}, {"gradient_norm", "metric", "Gradient norm", "", ""},
        {"lr", "metric", "Learning rate", "", ""}, {"images_per_s", "metric", "Speed", "images/s", "higher"}, {"skipped_steps", "metric", "Steps that were not finite", "", "lower"}};
}

std::vector<TrainingTask> open_tasks(RunContext& run, const std::vector<NamedTask>& tasks, bool train, std::int64_t first, std::int64_t count) {
    std::vector<TrainingTask> out;
    for (const NamedTask& task : tasks) {
        run.check_cancelled();
        out.push_back({task.name, open_task(task.data, data_root(run), train, first, count, [&run](std::int64_t) { run.check_cancelled(); })});
    }
    return out;
}

}
