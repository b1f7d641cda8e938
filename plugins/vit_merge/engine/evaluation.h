#pragma once
// How well merged models do on their tasks: joint and oracle-head accuracy, the gate, storage, time (specification, section 5). On the engine's work thread.
#include "plugins/vit_merge/engine/task_store.h"

namespace lathe::vit_merge {

struct TaskScores {
    std::int64_t images = 0;
    double joint = 0, oracle = 0, gate = 0;                ///< shares; joint and gate are NaN without a gate
    at::Tensor confusion;                                  ///< int64 [C, C]: true class, predicted with the true head
};

struct MethodScores {
    std::string label;                                     ///< "gated", "gated m=3"
    std::vector<TaskScores> tasks;
    at::Tensor gate_confusion;                             ///< int64 [N, N]: true task, chosen head; undefined without a gate
    std::vector<std::int64_t> entropy;                     ///< pictures by entropy of the gate, kEntropyBins from 0 to ln N
    std::int64_t parameters = 0, bytes = 0, bytes_half = 0, groups = 0;
    double merge_ms = 0, forward_ms = 0;                   ///< merge: all of it; forward: of a picture
    std::string path;
    bool mixed_batch = false;

    double joint() const;                                  ///< mean over the tasks; NaN without a gate
    double oracle() const;
    double gate() const;
};
inline constexpr int kEntropyBins = 20;

struct EvaluationOptions {
    std::int64_t images = 500, batch = 32;                 ///< of each task (0: all)
    bool mixed = true;                                     ///< batches hold pictures of all tasks in turn; else one task after the other
};

/// `merged` was made with `settings`. Single models are told the task, so they have no joint accuracy. `told(done, total)`, in pictures; may throw.
MethodScores score(RunContext& run, const TaskSetup& setup, MergedModel& merged, const MergeSettings& settings, const EvaluationOptions& options, const std::function<void(std::int64_t, std::int64_t)>& told);

/// "gated m=3 tau=0.9": a method, and settings that differ from those of `otherwise`. Throws Error(unknown_name, invalid_value).
MergeSettings settings_of(const std::string& label, const MergeSettings& otherwise);

Json to_json(const MethodScores& scores);                  ///< without confusions
MethodScores method_scores_from(const Json& json);         ///< throws Error(wrong_format)

/// Tables "accuracy", "methods", "gate_entropy", tensors "confusion", "gate_confusion", metrics and summary. `individual`: scores of the single models, which the others are compared to.
void give_scores(RunContext& run, const TaskSetup& setup, const std::vector<MethodScores>& all, const std::optional<MethodScores>& individual, bool preview);
std::vector<OutputInfo> score_outputs();

}
