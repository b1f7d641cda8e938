#pragma once
// A RunContext for tests: it remembers what a method tells, and can cancel or ask for a pause at a chosen moment.
#include "core/engine/run_context.h"
#include "core/nn/tap.h"
#include "core/nn/tensor_index.h"
#include <ATen/ATen.h>

namespace lathe {

class FakeRun : public RunContext {
public:
    const RunRequest& request() const override { return m_request; }
    const Json& params() const override { return m_params; }
    bool cancelled() const override { return cancel_after >= 0 && m_looks++ >= cancel_after; }
    bool pause_asked() const override { return pause_at > 0 && last_progress >= pause_at; }
    const InputAsset* input(std::string_view role) const override {
        for (const InputAsset& asset : inputs)
            if (asset.role == role) return &asset;
        return nullptr;
    }
    Bytes resume_checkpoint() const override { return resume_from; }
    ModelCache& models() override { return *cache; }
    TapStack& taps() override { return m_taps; }

    void progress(double done, double total, std::string_view) override { last_progress = done / total; }
    void metric(std::string_view key, std::int64_t step, double value) override { metrics[std::string(key)][step] = value; }
    void artifact(Artifact made) override { artifacts.push_back(std::move(made)); }
    void log(std::string_view level, std::string_view text) override { logs.push_back(std::string(level) + ": " + std::string(text)); }
    void checkpoint(Bytes safetensors) override { checkpoints.push_back(std::move(safetensors)); }
    void summary(std::string_view key, Json value) override { summaries[std::string(key)] = std::move(value); }

    void set_params(Json params) { m_params = std::move(params); }
    RunRequest& change_request() { return m_request; }
    /// The last artifact of that key; null: none.
    const Artifact* find(std::string_view key) const {
        for (auto it = artifacts.rbegin(); it != artifacts.rend(); ++it)
            if (it->key == key) return &*it;
        return nullptr;
    }
    at::Tensor tensor(std::string_view key) const {
        const Artifact* made = find(key);
        return made ? open_safetensors_bytes(made->bytes, key)->get("value").clone() : at::Tensor();
    }
    int looks() const { return m_looks; }

    int cancel_after = -1;                  ///< looks at cancelled() before it says yes; -1: never
    double pause_at = 0;                    ///< share of the progress from which on a pause is asked for; 0: never
    Bytes resume_from;
    ModelCache* cache = nullptr;
    std::vector<InputAsset> inputs;
    std::map<std::string, std::map<std::int64_t, double>> metrics;
    std::vector<Artifact> artifacts;
    std::vector<Bytes> checkpoints;
    std::vector<std::string> logs;
    std::map<std::string, Json> summaries;
    double last_progress = 0;

private:
    mutable int m_looks = 0;
    RunRequest m_request;
    Json m_params = Json::object();
    TapStack m_taps;
};

}
