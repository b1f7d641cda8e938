// vit_merge.evaluate: tasks x methods.
#include "core/base/error.h"
#include "core/nn/tensor_index.h"
#include "plugins/vit_merge/engine/evaluation.h"
#include "plugins/vit_merge/engine/methods.h"
#include <algorithm>
#include <ATen/ATen.h>
#include <cmath>

namespace lathe::vit_merge {
namespace {

constexpr const char *kEvaluationState = "lathe.vit_merge.evaluation", *kIndividual = "individual";

class MergeEvaluation {
public:
    explicit MergeEvaluation(RunContext& run) : m_run(run), m_params(run.params()), m_setup(open_setup(run)), m_settings(merge_settings_from(m_params)) {
        for (const Json& one : m_params.at("methods")) {
            if (!one.is_string()) throw Error(ErrorCode::invalid_value, "A list of methods holds something else.", "parameter methods: " + brief(one), "Give names of methods.");
            const std::string label = one.get<std::string>();
            settings_of(label, m_settings);                // what is mistyped is told before anything is done
            if (std::ranges::find(m_labels, label) == m_labels.end()) m_labels.push_back(label);
        }
        if (m_labels.empty()) throw Error(ErrorCode::invalid_value, "There is no method to evaluate.", "parameter methods", "Give at least one.");
        m_options.images = m_params.at("images").get<std::int64_t>();
        m_options.batch = m_params.at("batch_size").get<std::int64_t>();
        m_options.mixed = m_params.at("mixed").get<bool>();
        if (std::ranges::find(m_labels, kIndividual) == m_labels.end()) m_labels.insert(m_labels.begin(), kIndividual);   // what the others are compared to
        else std::rotate(m_labels.begin(), std::ranges::find(m_labels, kIndividual), std::ranges::find(m_labels, kIndividual) + 1);
    }

    void operator()() {
        m_setup.set->require_mergeable(false);
        if (const Bytes checkpoint = m_run.resume_checkpoint()) resume(checkpoint);
        for (std::size_t k = 0; k < m_labels.size(); ++k) {
            if (m_done.contains(m_labels[k])) continue;
            evaluate(m_labels[k], static_cast<double>(k) / static_cast<double>(m_labels.size()), static_cast<double>(k + 1) / static_cast<double>(m_labels.size()));
            give(true);
            m_run.checkpoint(std::make_shared<const std::string>(state()));
            if (m_run.pause_asked()) throw Paused{};
        }
        give(false);
        std::vector<std::string> left_out;
        for (const auto& [label, why] : m_failed) left_out.push_back(label + ": " + why);
        m_run.summary("left_out", left_out);
        m_run.summary("images", m_options.images);
    }

private:
    void evaluate(const std::string& label, double begin, double end) {
        const MergeSettings settings = settings_of(label, m_settings);
        const double middle = begin + (end - begin) * (needs_data(settings.method) ? 0.7 : 0.1);
        try {
            const std::shared_ptr<MergedModel> merged = kept_merged(m_run, m_setup, settings, begin, middle);
            MethodScores scores = score(m_run, m_setup, *merged, settings, m_options, [&](std::int64_t done, std::int64_t total) {
                m_run.check_cancelled();
                m_run.progress(middle + (end - middle) * static_cast<double>(done) / static_cast<double>(total), 1, label);
            });
            scores.label = label;
            m_done.emplace(label, std::move(scores));
        } catch (const Error& error) {
            // A method that does not suit this set leaves the others: SLERP of three models, an ensemble of different classes.
            if ((error.code() != ErrorCode::invalid_value && error.code() != ErrorCode::unsupported) || label == kIndividual) throw;
            m_run.log("warning", label + " is left out: " + error.what());
            m_failed[label] = error.summary();
            m_done.emplace(label, MethodScores{});
        }
    }

    void give(bool preview) {
        std::vector<MethodScores> all;
        std::optional<MethodScores> individual;
        for (const std::string& label : m_labels) {
            const auto found = m_done.find(label);
            if (found == m_done.end() || found->second.tasks.empty()) continue;
            all.push_back(found->second);
            if (label == kIndividual) individual = found->second;
        }
        give_scores(m_run, m_setup, all, individual, preview);
        if (preview) return;
        for (const MethodScores& scores : all)
            if (std::isfinite(scores.joint())) m_run.summary("joint_" + scores.label, scores.joint());
        for (const MethodScores& scores : all) m_run.summary("oracle_" + scores.label, number_json(scores.oracle()));
    }

    Json identity() const { return {{"set", m_setup.key}, {"params", m_params}}; }

    std::string state() const {
        Json methods = Json::array();
        std::map<std::string, at::Tensor> tensors{{"count", at::full({1}, static_cast<std::int64_t>(m_done.size()), at::kLong)}};
        std::size_t number = 0;
        for (const auto& [label, scores] : m_done) {
            Json one = to_json(scores);
            one["label"] = label;
            methods.push_back(one);
            for (std::size_t t = 0; t < scores.tasks.size(); ++t) tensors.emplace("confusion." + std::to_string(number) + "." + std::to_string(t), scores.tasks[t].confusion);
            if (scores.gate_confusion.defined()) tensors.emplace("gate." + std::to_string(number), scores.gate_confusion);
            ++number;
        }
        return safetensors_bytes(tensors, {{kEvaluationState, Json{{"identity", identity()}, {"methods", methods}, {"failed", m_failed}}.dump()}});
    }

    void resume(const Bytes& checkpoint) {
        const auto file = open_safetensors_bytes(checkpoint, "checkpoint");
        const auto found = file->metadata().find(kEvaluationState);
        if (found == file->metadata().end()) throw Error(ErrorCode::wrong_format, "The saved state is not that of an evaluation of merged models.", "checkpoint", "Start it anew.");
        const Json state = parse_json(found->second, "checkpoint", {32, 1'000'000, 64u << 20});
        if (member(state, "identity", "checkpoint") != identity()) throw Error(ErrorCode::invalid_value, "The saved state is that of another evaluation.", "checkpoint", "Resume with what it was made with, or start anew.");
        std::size_t number = 0;
        for (const Json& one : member(state, "methods", "checkpoint")) {
            MethodScores scores = method_scores_from(one);
            for (std::size_t t = 0; t < scores.tasks.size(); ++t) scores.tasks[t].confusion = file->get("confusion." + std::to_string(number) + "." + std::to_string(t)).clone();
            if (const std::string gate = "gate." + std::to_string(number); file->find(gate)) scores.gate_confusion = file->get(gate).clone();
            m_done.emplace(scores.label, std::move(scores));
            ++number;
        }
        for (const auto& [label, why] : member(state, "failed", "checkpoint").items()) m_failed[label] = why.get<std::string>();
        m_run.log("info", "Resumed with " + std::to_string(m_done.size()) + " methods done.");
    }

    RunContext& m_run;
    const Json& m_params;
    TaskSetup m_setup;
    MergeSettings m_settings;
    EvaluationOptions m_options;
    std::vector<std::string> m_labels;
    std::map<std::string, MethodScores> m_done;            // without tasks: the method was left out
    std::map<std::string, std::string> m_failed;
};

}

Method evaluate_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "vit_merge.evaluate";
    info.title = "Evaluate merged models";
    info.help = "Tasks times methods: joint accuracy (the gate chooses the head, and the class must be right too), oracle-head accuracy (the task is told), the gate, storage and time. "
                "Hard routing to the single models is the baseline to beat: it stores all of them.";
    info.source = "MoW-Merging; fusion_bench";
    info.parameters = {
        Parameter::list("methods", Json::array({"individual", "average", "task_arithmetic", "ties", "hard_routing", "gated"})).with_label("Methods").with_group("Evaluation")
            .with_help("Names of methods; settings that differ from the form's can be added: gated m=3."),
        Parameter::integer("images", 500).range(0, 1'000'000).with_label("Pictures").with_group("Evaluation").with_help("Test pictures of each task; 0: all."),
        Parameter::integer("batch_size", 32).range(1, 4096).with_label("Pictures at once").with_group("Evaluation"),
        Parameter::boolean("mixed", true).with_label("Mixed stream").with_group("Evaluation").with_help("Batches hold pictures of all tasks, as a deployed model meets them. Off: one task after the other, as the official code does.")};
    for (Parameter& parameter : set_parameters()) info.parameters.push_back(std::move(parameter));
    for (Parameter& parameter : merge_parameters())
        if (parameter.id != "method") {
            parameter.enabled_if.clear();                  // several methods are run, each takes what it knows
            parameter.live = false;
            info.parameters.push_back(std::move(parameter));
        }
    info.inputs = setup_slots();
    info.outputs = score_outputs();
    info.is_long = true;
    method.run = [](RunContext& run) { MergeEvaluation{run}(); };
    return method;
}

}
