#pragma once
// The RunContext of one run in the engine: what the method asks comes from the request, what it tells goes to the outbox.
#include "core/engine/model_cache.h"
#include "core/engine/outbox.h"
#include "core/engine/run_context.h"
#include "core/nn/tap.h"
#include <atomic>

namespace lathe {

/// What the reader thread may touch of a run: flags and times.
struct RunControl {
    explicit RunControl(std::string run) : uuid(std::move(run)) {}
    const std::string uuid;
    std::atomic<bool> cancel{false}, pause{false};
    std::atomic<std::int64_t> last_progress_ms{0};      ///< monotonic
    void touch();
};

class EngineRun : public RunContext {
public:
    EngineRun(RunRequest request, std::shared_ptr<RunControl> control, std::vector<InputAsset> inputs, Outbox& outbox, ModelCache& models);

    const RunRequest& request() const override { return m_request; }
    const Json& params() const override { return m_params; }
    bool cancelled() const override { return m_control->cancel.load(std::memory_order_relaxed); }
    bool pause_asked() const override { return m_control->pause.load(std::memory_order_relaxed); }
    const InputAsset* input(std::string_view role) const override;
    Bytes resume_checkpoint() const override;
    ModelCache& models() override { return m_models; }
    TapStack& taps() override { return m_taps; }

    void progress(double done, double total, std::string_view note) override;
    void metric(std::string_view key, std::int64_t step, double value) override;
    void artifact(Artifact artifact) override;
    void log(std::string_view level, std::string_view text) override;
    void checkpoint(Bytes safetensors) override;
    void summary(std::string_view key, Json value) override;

    void set_params(Json params) { m_params = std::move(params); }
    const Json& collected_summary() const { return m_summary; }
    double seconds() const;

private:
    void send(RunEventBody body);
    RunRequest m_request;
    Json m_params = Json::object();
    std::shared_ptr<RunControl> m_control;
    std::vector<InputAsset> m_inputs;
    Outbox& m_outbox;
    ModelCache& m_models;
    TapStack m_taps;
    Json m_summary = Json::object();
    double m_started;
    double m_last_progress = -1;
    std::string m_last_note;
};

}
