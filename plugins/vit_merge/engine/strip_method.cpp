// vit_merge.strip: a few pictures of every task through the merged model, while a slider is dragged.
#include "core/base/error.h"
#include "plugins/vit_merge/engine/chosen_pictures.h"
#include "plugins/vit_merge/engine/methods.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

namespace lathe::vit_merge {
namespace {

class Strip {
public:
    explicit Strip(RunContext& run) : m_run(run), m_params(run.params()), m_setup(open_setup(run)), m_settings(merge_settings_from(m_params)) {
        m_setup.set->require_mergeable(needs_base(m_settings.method));
        for (const Json& one : m_params.at("tasks")) m_tasks.push_back(m_setup.index_of(one.is_string() ? one.get<std::string>() : brief(one)));
        if (m_tasks.empty())
            for (int i = 0; i < m_setup.models(); ++i)
                if (!m_setup.model(i).data.empty()) m_tasks.push_back(i);
        std::vector<std::string> files;
        for (const Json& one : m_params.at("files")) files.push_back(one.is_string() ? one.get<std::string>() : brief(one));
        if (m_tasks.empty() && files.empty())
            throw Error(ErrorCode::invalid_value, "It is not known which pictures the models are for.", m_setup.set->name_list(), "Name them in the column \"data\" of the table of models, or drop picture files.");
        if (!m_tasks.empty()) m_pictures = spread_pictures(run, m_setup, m_tasks, m_params.at("pictures").get<std::int64_t>(), m_params.at("first").get<std::int64_t>());
        for (const std::string& file : files) m_pictures.push_back(file_picture(m_setup, file));
        if (m_pictures.empty()) throw Error(ErrorCode::invalid_value, "There is no picture to show.", "parameter pictures: 0", "Ask for some.");
        if (!files.empty() && !m_setup.gate)
            throw Error(ErrorCode::invalid_value, "Without a gate it is not known which head answers a picture from a file.", files.front(), "Train a gate, or name one.");
    }

    void operator()() {
        const c10::NoGradGuard no_gradients;
        const std::shared_ptr<MergedModel> merged = kept_merged(m_run, m_setup, m_settings, 0, 0.7);
        const at::Tensor images = model_inputs(m_setup, m_pictures);
        const bool whole = m_settings.method == MergeMethod::gated && m_settings.granularity == Granularity::per_batch;
        std::vector<std::int64_t> tasks;
        for (const ChosenPicture& picture : m_pictures) tasks.push_back(picture.task);
        const at::Tensor task = at::tensor(tasks, at::kLong);
        const Answer first = merged->answer(images, m_setup.gate ? at::Tensor() : task);
        m_run.check_cancelled();
        std::vector<at::Tensor> oracle(m_pictures.size());
        std::vector<std::int64_t> again;
        const at::Tensor head = first.head.contiguous();
        const auto* chosen = head.const_data_ptr<std::int64_t>();
        for (std::size_t i = 0; i < m_pictures.size(); ++i) {
            if (chosen[i] == tasks[i]) oracle[i] = first.logits[i];
            else if (tasks[i] >= 0) again.push_back(static_cast<std::int64_t>(i));
        }
        if (!again.empty()) {
            const at::Tensor which = at::tensor(again, at::kLong);
            // Weights of a whole batch need all of it; files have no task, so they keep the head that was chosen.
            const Answer answer = whole ? merged->answer(images, at::where(task < 0, head, task)) : merged->answer(images.index_select(0, which), task.index_select(0, which));
            for (std::size_t k = 0; k < again.size(); ++k) oracle[static_cast<std::size_t>(again[k])] = answer.logits[whole ? static_cast<std::size_t>(again[k]) : k];
        }
        give(*merged, first, chosen, oracle);
    }

private:
    void give(const MergedModel& merged, const Answer& answer, const std::int64_t* chosen, const std::vector<at::Tensor>& oracle) {
        std::vector<std::vector<Json>> rows;
        double joint = 0, oracle_right = 0, gate = 0;
        std::int64_t known = 0;
        for (std::size_t i = 0; i < m_pictures.size(); ++i) {
            const ChosenPicture& picture = m_pictures[i];
            m_run.image("picture", static_cast<std::int64_t>(i), shown(picture));
            const auto head = static_cast<int>(chosen[i]);
            const at::Tensor probabilities = at::softmax(answer.logits[i].to(at::kFloat), 0);
            const std::int64_t predicted = probabilities.argmax().item<std::int64_t>();
            Json joint_cell, oracle_class, oracle_cell;
            if (picture.task >= 0) {
                const std::int64_t told = oracle[i].argmax().item<std::int64_t>();
                const bool right = head == picture.task && predicted == picture.label;
                if (m_setup.gate) joint_cell = right ? 1 : 0;
                oracle_class = class_name(m_run, m_setup, picture.task, told);
                oracle_cell = told == picture.label ? 1 : 0;
                ++known;
                joint += right;
                oracle_right += told == picture.label;
                gate += head == picture.task;
            }
            rows.push_back({picture.task < 0 ? Json() : Json(picture.number), picture.task < 0 ? "" : m_setup.model(picture.task).name, picture.task < 0 ? "" : class_name(m_run, m_setup, picture.task, picture.label), m_setup.model(head).name,
                class_name(m_run, m_setup, head, predicted), probabilities[predicted].item<double>(), joint_cell, oracle_class, oracle_cell, picture.file});
        }
        m_run.table("strip", {"index", "task", "label", "head", "predicted", "confidence", "joint", "oracle", "oracle_right", "file"}, rows);
        if (answer.gate.defined()) m_run.tensor("gate", 0, answer.gate.to(at::kFloat), {{"models", names()}});
        m_run.metric("merge_ms", 0, 1000 * answer.merge_seconds);
        m_run.metric("forward_ms", 0, 1000 * answer.forward_seconds);
        m_run.metric("gate_ms", 0, 1000 * answer.gate_seconds);
        m_run.summary("path", answer.path);
        m_run.summary("groups", answer.groups);
        m_run.summary("bytes", merged.bytes(4));
        m_run.summary("mixed_batch", answer.mixed_batch);
        if (known > 0) {
            if (m_setup.gate) {
                m_run.summary("joint", joint / static_cast<double>(known));
                m_run.summary("gate_accuracy", gate / static_cast<double>(known));
            }
            m_run.summary("oracle", oracle_right / static_cast<double>(known));
        }
    }

    std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (const ModelSource& model : m_setup.set->models) all.push_back(model.name);
        return all;
    }

    RunContext& m_run;
    const Json& m_params;
    TaskSetup m_setup;
    MergeSettings m_settings;
    std::vector<int> m_tasks;
    std::vector<ChosenPicture> m_pictures;
};

}

Method strip_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "vit_merge.strip";
    info.title = "Try the merged model";
    info.help = "A few test pictures of every task through the merged model: which head the gate chooses, what is answered, and what the right head would answer.";
    info.source = "MoW-Merging";
    std::vector<Parameter> pictures{Parameter::list("tasks", Json::array()).with_label("Tasks").with_group("Pictures").with_help("Names of models whose pictures are shown; empty: all.").is_live(),
        Parameter::integer("pictures", 32).range(0, 512).with_label("Pictures").with_group("Pictures").with_help("In all, spread evenly over the tasks.").is_live(),
        Parameter::integer("first", 0).range(0, 1'000'000).with_label("From number").with_group("Pictures").with_help("Of each test split.").is_live(),
        Parameter::list("files", Json::array()).with_label("Picture files").with_group("Pictures").with_help("Paths of JPEG or PNG files that are answered as well.").is_live()};
    info.parameters = set_parameters();                    // in the order of the workspace's form
    for (Parameter& parameter : merge_parameters()) info.parameters.push_back(std::move(parameter));
    for (Parameter& parameter : pictures) info.parameters.push_back(std::move(parameter));
    info.inputs = setup_slots();
    info.outputs = {{"picture", "image", "Pictures", "", ""}, {"strip", "table", "Answers", "", ""}, {"gate", "tensor", "Gate", "", ""}, {"merge_ms", "metric", "Merging", "ms", "lower"}, {"forward_ms", "metric", "Answering", "ms", "lower"},
        {"gate_ms", "metric", "Gate", "ms", "lower"}};
    method.run = [](RunContext& run) { Strip{run}(); };
    return method;
}

}
