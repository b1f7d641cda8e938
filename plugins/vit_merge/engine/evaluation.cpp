#include "plugins/vit_merge/engine/evaluation.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "plugins/vit_merge/engine/chosen_pictures.h"
#include <algorithm>
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <cmath>
#include <limits>

namespace lathe::vit_merge {
namespace {

constexpr double kUnknownScore = std::numeric_limits<double>::quiet_NaN();

/// Which picture of which task comes when: [task, number].
std::vector<std::pair<int, std::int64_t>> stream_of_tasks(const std::vector<std::shared_ptr<const TaskImages>>& tasks, bool mixed) {
    std::vector<std::pair<int, std::int64_t>> all;
    std::int64_t most = 0;
    for (const auto& task : tasks) most = std::max(most, task->size());
    if (mixed) {
        for (std::int64_t i = 0; i < most; ++i)
            for (std::size_t t = 0; t < tasks.size(); ++t)
                if (i < tasks[t]->size()) all.emplace_back(static_cast<int>(t), i);
    } else {
        for (std::size_t t = 0; t < tasks.size(); ++t)
            for (std::int64_t i = 0; i < tasks[t]->size(); ++i) all.emplace_back(static_cast<int>(t), i);
    }
    return all;
}

double mean_of_tasks(const std::vector<TaskScores>& tasks, double TaskScores::* member) {
    double sum = 0;
    for (const TaskScores& task : tasks) sum += task.*member;
    return tasks.empty() ? kUnknownScore : sum / static_cast<double>(tasks.size());
}

Json score_cell(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

class Scorer {
public:
    Scorer(RunContext& run, const TaskSetup& setup, MergedModel& merged, const MergeSettings& settings, const EvaluationOptions& options)
        : m_setup(setup), m_merged(merged), m_options(options), m_per_batch(settings.method == MergeMethod::gated && settings.granularity == Granularity::per_batch),
          m_with_gate(setup.gate != nullptr && settings.method != MergeMethod::individual) {
        const int count = setup.models();
        for (int t = 0; t < count; ++t) {
            m_tasks.push_back(kept_task(run, setup, t, false, options.images));
            const auto classes = std::max<std::int64_t>(static_cast<std::int64_t>(m_tasks.back()->classes.size()), setup.model(t).config.classes);
            m_out.tasks.push_back({0, 0, 0, 0, at::zeros({classes, classes}, at::kLong)});
        }
        if (m_with_gate) {
            m_out.gate_confusion = at::zeros({count, count}, at::kLong);
            m_out.entropy.assign(kEntropyBins, 0);
        }
    }

    MethodScores operator()(const std::function<void(std::int64_t, std::int64_t)>& told) {
        const c10::NoGradGuard no_gradients;
        const auto stream = stream_of_tasks(m_tasks, m_options.mixed);
        const auto total = static_cast<std::int64_t>(stream.size()), batch = std::max<std::int64_t>(1, m_options.batch);
        for (std::int64_t begin = 0; begin < total; begin += batch) {
            const std::int64_t end = std::min(total, begin + batch);
            one_batch({stream.begin() + begin, stream.begin() + end});
            if (told) told(end, total);
        }
        for (TaskScores& task : m_out.tasks) {
            const auto images = static_cast<double>(task.images);
            task.joint = m_with_gate ? task.joint / images : kUnknownScore;
            task.gate = m_with_gate ? task.gate / images : kUnknownScore;
            task.oracle /= images;
        }
        m_out.parameters = m_merged.parameters();
        m_out.bytes = m_merged.bytes(4);
        m_out.bytes_half = m_merged.bytes(2);
        m_out.merge_ms = 1000 * (m_merged.merge_seconds() + m_merge_seconds);
        m_out.forward_ms = 1000 * m_forward_seconds / static_cast<double>(total);
        return std::move(m_out);
    }

private:
    void one_batch(const std::vector<std::pair<int, std::int64_t>>& places) {
        std::vector<at::Tensor> pictures;
        std::vector<std::int64_t> tasks, labels;
        for (const auto& [task, number] : places) {
            const TaskImages& set = *m_tasks[static_cast<std::size_t>(task)];
            pictures.push_back(for_models(m_setup, set.images.slice(0, number, number + 1)));
            tasks.push_back(task);
            labels.push_back(set.labels.const_data_ptr<std::int64_t>()[number * set.labels.stride(0)]);
        }
        const at::Tensor images = at::cat(pictures), task = at::tensor(tasks, at::kLong);
        std::vector<at::Tensor> oracle(places.size());
        if (m_with_gate) {
            const Answer joint = m_merged.answer(images, {});
            note(joint);
            note_gate(joint.gate);
            const at::Tensor head = joint.head.contiguous();
            const auto* chosen = head.const_data_ptr<std::int64_t>();
            std::vector<std::int64_t> astray;
            for (std::size_t i = 0; i < places.size(); ++i) {
                TaskScores& scores = m_out.tasks[static_cast<std::size_t>(tasks[i])];
                m_out.gate_confusion[tasks[i]][chosen[i]] += 1;
                if (chosen[i] != tasks[i]) {
                    astray.push_back(static_cast<std::int64_t>(i));
                    continue;
                }
                scores.gate += 1;
                oracle[i] = joint.logits[i];
                scores.joint += joint.logits[i].argmax().item<std::int64_t>() == labels[i] ? 1 : 0;
            }
            // With the right head: only where the gate chose another one, but where weights hold for a whole batch, again with all of it.
            if (!astray.empty()) {
                const at::Tensor which = at::tensor(astray, at::kLong);
                const Answer again = m_per_batch ? m_merged.answer(images, task) : m_merged.answer(images.index_select(0, which), task.index_select(0, which));
                for (std::size_t k = 0; k < astray.size(); ++k) oracle[static_cast<std::size_t>(astray[k])] = again.logits[m_per_batch ? static_cast<std::size_t>(astray[k]) : k];
            }
        } else {
            const Answer answer = m_merged.answer(images, task);
            note(answer);
            oracle = answer.logits;
        }
        for (std::size_t i = 0; i < places.size(); ++i) {
            TaskScores& scores = m_out.tasks[static_cast<std::size_t>(tasks[i])];
            const std::int64_t predicted = oracle[i].argmax().item<std::int64_t>();
            ++scores.images;
            scores.oracle += predicted == labels[i] ? 1 : 0;
            scores.confusion[labels[i]][predicted] += 1;
        }
    }

    void note(const Answer& answer) {
        m_forward_seconds += answer.forward_seconds + answer.gate_seconds;
        m_merge_seconds += answer.merge_seconds;
        m_out.groups += answer.groups;
        m_out.path = answer.path;
        m_out.mixed_batch = m_out.mixed_batch || answer.mixed_batch;
    }

    void note_gate(const at::Tensor& probabilities) {
        if (!probabilities.defined() || probabilities.size(1) < 2) return;
        const at::Tensor p = probabilities.to(at::kDouble), share = (-(p * (p + 1e-12).log()).sum(1) / std::log(static_cast<double>(p.size(1)))).clamp(0, 1);
        for (std::int64_t i = 0; i < share.size(0); ++i) ++m_out.entropy[static_cast<std::size_t>(std::min<std::int64_t>(kEntropyBins - 1, static_cast<std::int64_t>(share[i].item<double>() * kEntropyBins)))];
    }

    const TaskSetup& m_setup;
    MergedModel& m_merged;
    const EvaluationOptions& m_options;
    bool m_per_batch, m_with_gate;
    std::vector<std::shared_ptr<const TaskImages>> m_tasks;
    MethodScores m_out;
    double m_forward_seconds = 0, m_merge_seconds = 0;
};

}

double MethodScores::joint() const { return mean_of_tasks(tasks, &TaskScores::joint); }
double MethodScores::oracle() const { return mean_of_tasks(tasks, &TaskScores::oracle); }
double MethodScores::gate() const { return mean_of_tasks(tasks, &TaskScores::gate); }

MethodScores score(RunContext& run, const TaskSetup& setup, MergedModel& merged, const MergeSettings& settings, const EvaluationOptions& options, const std::function<void(std::int64_t, std::int64_t)>& told) {
    return Scorer(run, setup, merged, settings, options)(told);
}

MergeSettings settings_of(const std::string& label, const MergeSettings& otherwise) {
    Json values = to_json(otherwise);
    const std::vector<std::string_view> words = split(label, ' ');
    bool named = false;
    for (const std::string_view word : words) {
        if (word.empty()) continue;
        const auto sign = word.find('=');
        if (sign == std::string_view::npos) {
            if (named) throw Error(ErrorCode::invalid_value, "A method to evaluate has two names.", label, "Write NAME, or NAME with settings: gated m=3.");
            values["method"] = std::string(to_text(merge_method_from(word)));
            named = true;
            continue;
        }
        const std::string id(word.substr(0, sign));
        static const std::vector<Parameter> declared = merge_parameters();
        const auto parameter = std::ranges::find_if(declared, [&](const Parameter& one) { return one.id == id; });
        if (parameter == declared.end()) throw Error(ErrorCode::unknown_name, "There is no such setting of a merge.", label + ": " + id, "Settings are the parameters of vit_merge.merge: m, lambda, static_part, …");
        values[id] = value_from_text(*parameter, word.substr(sign + 1));
    }
    if (!named) throw Error(ErrorCode::invalid_value, "A method to evaluate has no name.", label, "Write NAME, or NAME with settings: gated m=3.");
    return merge_settings_from(values);
}

Json to_json(const MethodScores& s) {
    Json tasks = Json::array();
    for (const TaskScores& task : s.tasks) tasks.push_back(Json{{"images", task.images}, {"joint", number_json(task.joint)}, {"oracle", number_json(task.oracle)}, {"gate", number_json(task.gate)}});
    return {{"label", s.label}, {"tasks", tasks}, {"entropy", s.entropy}, {"parameters", s.parameters}, {"bytes", s.bytes}, {"bytes_half", s.bytes_half}, {"groups", s.groups}, {"merge_ms", number_json(s.merge_ms)},
        {"forward_ms", number_json(s.forward_ms)}, {"path", s.path}, {"mixed_batch", s.mixed_batch}};
}

MethodScores method_scores_from(const Json& json) {
    const char* where = "scores of a method";
    MethodScores s;
    s.label = string_member(json, "label", where);
    for (const Json& task : member(json, "tasks", where))
        s.tasks.push_back({int_member(task, "images", where), number_from(member(task, "joint", where), where), number_from(member(task, "oracle", where), where), number_from(member(task, "gate", where), where), {}});
    for (const Json& count : member(json, "entropy", where)) s.entropy.push_back(count.get<std::int64_t>());
    s.parameters = int_member(json, "parameters", where);
    s.bytes = int_member(json, "bytes", where);
    s.bytes_half = int_member(json, "bytes_half", where);
    s.groups = int_member(json, "groups", where);
    s.merge_ms = number_from(member(json, "merge_ms", where), where);
    s.forward_ms = number_from(member(json, "forward_ms", where), where);
    s.path = string_member(json, "path", where);
    s.mixed_batch = bool_member(json, "mixed_batch", where);
    return s;
}

void give_scores(RunContext& run, const TaskSetup& setup, const std::vector<MethodScores>& all, const std::optional<MethodScores>& individual, bool preview) {
    std::vector<std::vector<Json>> accuracy, methods, entropies;
    const auto own = [&](std::size_t t) { return individual ? individual->tasks[t].oracle : kUnknownScore; };
    for (std::size_t k = 0; k < all.size(); ++k) {
        const MethodScores& s = all[k];
        double joint = 0, oracle = 0;
        for (std::size_t t = 0; t < s.tasks.size(); ++t) {
            const TaskScores& task = s.tasks[t];
            const std::string& name = setup.model(static_cast<int>(t)).name;
            accuracy.push_back({s.label, name, task.images, score_cell(task.joint), score_cell(task.oracle), score_cell(task.gate), score_cell(own(t)), score_cell(task.oracle / own(t))});
            joint += task.joint / own(t) / static_cast<double>(s.tasks.size());
            oracle += task.oracle / own(t) / static_cast<double>(s.tasks.size());
            if (preview) continue;
            if (std::isfinite(task.joint)) run.metric("joint." + name, static_cast<std::int64_t>(k), task.joint);
            run.metric("oracle." + name, static_cast<std::int64_t>(k), task.oracle);
            if (!task.confusion.defined()) continue;
            Json classes = Json::array();
            for (std::int64_t c = 0; c < task.confusion.size(0); ++c) classes.push_back(class_name(run, setup, static_cast<int>(t), c));
            run.tensor("confusion", static_cast<std::int64_t>(k), task.confusion, {{"method", s.label}, {"task", name}, {"head", "oracle"}, {"classes", classes}});
        }
        methods.push_back({s.label, score_cell(s.joint()), score_cell(s.oracle()), score_cell(s.gate()), score_cell(joint), score_cell(oracle), s.parameters, s.bytes, s.bytes_half, score_cell(s.merge_ms), score_cell(s.forward_ms), s.path});
        if (s.mixed_batch && !preview)
            run.log("warning", s.label + ": the gate disagrees within batches, so most pictures got a wrong head. Merge for each picture, or stream one task after the other.");
    }
    run.table("accuracy", {"method", "task", "images", "joint", "oracle", "gate", "individual", "normalised"}, accuracy, Json::object(), preview);
    run.table("methods", {"method", "joint", "oracle", "gate", "normalised_joint", "normalised_oracle", "parameters", "bytes", "bytes_fp16", "merge_ms", "forward_ms_per_image", "path"}, methods, Json::object(), preview);
    if (preview) return;
    // The gate is the same for all methods, but for its temperature: the first that has one tells.
    const auto with_gate = std::ranges::find_if(all, [](const MethodScores& s) { return s.gate_confusion.defined(); });
    if (with_gate == all.end()) return;
    const std::vector<std::string> names = setup.set->names();
    run.tensor("gate_confusion", 0, with_gate->gate_confusion, {{"models", names}, {"method", with_gate->label}});
    const double whole = std::log(static_cast<double>(names.size()));
    for (int i = 0; i < kEntropyBins; ++i)
        entropies.push_back({whole * i / kEntropyBins, whole * (i + 1) / kEntropyBins, with_gate->entropy.empty() ? 0 : with_gate->entropy[static_cast<std::size_t>(i)]});
    run.table("gate_entropy", {"from", "to", "count"}, entropies);
}

std::vector<OutputInfo> score_outputs() {
    return {{"accuracy", "table", "Accuracy by task", "", ""}, {"methods", "table", "Methods", "", ""}, {"gate_confusion", "tensor", "Which model the gate chooses", "", ""}, {"gate_entropy", "table", "How sure the gate is", "", ""},
        {"confusion", "tensor", "Confusion of classes, with the right head", "", ""}};
}

}
