#pragma once
// The training of a benchmark, stage by stage into a folder: shared base, models, gates, set files. A stage whose file is there is not done again. Work thread.
#include "plugins/vit_merge/engine/benchmark_plan.h"
#include "plugins/vit_merge/engine/task_trainer.h"
#include <filesystem>

namespace lathe::vit_merge {

struct BenchmarkSettings {
    VitConfig vit;                                         ///< timm layout, no head
    std::int64_t base_each = 1000;                         ///< pictures of each task that train the base
    std::int64_t first = 1000, pictures = 12'000;          ///< of each model
    std::int64_t gate_each = 1500;                         ///< training pictures of each task, without their labels
    std::int64_t gate_measured = 500;                      ///< test pictures of each task
    std::int64_t measured = 2000;
    std::int64_t base_batch = 100, batch = 64, gate_batch = 64;
    TaskTraining base{100'000, 1.5e-3, 0.05, 0.05, true, 0, 0}, model{240'000, 1e-3, 0.05, 0.05, true, 0, 0}, gate{0, 3e-3, 0, 0.05, true, 0, 0};
    double gate_epochs = 13;
    std::int64_t shift = 1;
    bool half = true;                                      ///< files in float16
    double checkpoint_seconds = 60;
    std::uint64_t seed = 0;
};
/// The Vision Transformer of specification 8: 28 x 28 x 3, patch 7, width 64, depth 6, 4 heads, MLP ratio 2; 211 584 parameters without a head.
VitConfig small_vit();

class BenchmarkTraining {
public:
    /// `root`: of task data. `folder` is made where it is missing. `begin`, `end` of `total`: the part of the run's progress that this is.
    BenchmarkTraining(RunContext& run, BenchmarkPlan plan, BenchmarkSettings settings, std::filesystem::path folder, std::filesystem::path root);
    void set_progress(double begin, double end, double total);
    /// Throws Error(invalid_value) where the folder holds files that were made with other settings; what core's train() throws.
    void operator()();
    std::filesystem::path set_file(const BenchmarkSet& set) const { return m_folder / (set.name + ".json"); }

private:
    struct Stage { std::string name; std::filesystem::path file; Json identity; double begin = 0, end = 0; };
    bool is_done(const Stage& stage) const;
    void train_stage(const Stage& stage, TaskTrainer& trainer, const std::function<void(RunContext&, std::int64_t)>& measure);
    void write(const Stage& stage, const std::map<std::string, at::Tensor>& tensors, const Json& config) const;
    TaskImages pictures(const std::string& data, bool train, std::int64_t first, std::int64_t count) const;   // at most so many
    void make_base(const Stage& stage);
    void make_model(const NamedData& model, const Stage& stage);
    void make_gate(const BenchmarkSet& set, const Stage& stage);
    void write_set(const BenchmarkSet& set) const;
    Json common_identity() const;

    RunContext& m_run;
    BenchmarkPlan m_plan;
    BenchmarkSettings m_settings;
    std::filesystem::path m_folder, m_root;
    double m_begin = 0, m_end = 1, m_total = 1;
};

}
