#pragma once
// One of several trainings within a run: its checkpoint is a file, so that the same command goes on where it was stopped, whatever stopped it. Work thread.
#include "core/engine/run_context.h"
#include <filesystem>

namespace lathe::vit_merge {

/// Passes to the run that it is a part of: progress as a share of the whole, metrics with the stage's name behind them ("loss.fashion"), checkpoints also into a file.
class StageRun : public RunContext {
public:
    /// The stage does the part [begin, end) of `total`.
    StageRun(RunContext& parent, std::string name, std::filesystem::path checkpoint_file, double begin, double end, double total);

    const RunRequest& request() const override { return m_parent.request(); }
    const Json& params() const override { return m_parent.params(); }
    bool cancelled() const override { return m_parent.cancelled(); }
    bool pause_asked() const override { return m_parent.pause_asked(); }
    const InputAsset* input(std::string_view role) const override { return m_parent.input(role); }
    Bytes resume_checkpoint() const override;              ///< of the file; null: there is none
    ModelCache& models() override { return m_parent.models(); }
    TapStack& taps() override { return m_parent.taps(); }
    void progress(double done, double total, std::string_view note) override;
    void metric(std::string_view key, std::int64_t step, double value) override;
    void artifact(Artifact artifact) override { m_parent.artifact(std::move(artifact)); }
    void log(std::string_view level, std::string_view text) override;
    void checkpoint(Bytes safetensors) override;
    void summary(std::string_view, Json) override {}       ///< of one stage nobody asks
    void forget_checkpoint();                              ///< the stage has ended, its file is of no more use

private:
    RunContext& m_parent;
    std::string m_name;
    std::filesystem::path m_file;
    double m_begin, m_end, m_total;
};

}
