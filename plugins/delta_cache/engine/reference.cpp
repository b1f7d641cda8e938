#include "plugins/delta_cache/engine/reference.h"
#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/paths.h"
#include "core/engine/run_context.h"
#include "plugins/delta_cache/engine/cost.h"
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <numeric>

namespace lathe::delta_cache {
namespace {

constexpr std::int64_t kStoreBytes = 256 << 20;
constexpr double kOneThreadMacs = 4e9;   // of one model call: some 40 ms
constexpr const char* kDemo = "models/demo-dit-12.safetensors";

}

double Trace::total_seconds() const { return std::accumulate(seconds.begin(), seconds.end(), 0.0); }

at::Tensor batch_labels(std::int64_t label, std::int64_t batch) { return at::full({batch}, label, at::kLong); }

std::vector<std::int64_t> sample_shape(const DitConfig& config, std::int64_t batch) { return {batch, config.in_channels, config.input_size, config.input_size}; }

Dit& dit_of(const CachedModel& model) {
    auto* dit = dynamic_cast<Dit*>(model.network.get());
    if (!dit) throw Error(ErrorCode::invalid_value, "This method runs diffusion transformers (DiT) only.", "model family " + model.family->title(), "Choose a DiT checkpoint.");
    return *dit;
}

std::shared_ptr<CachedModel> open_model(RunContext& run) {
    if (const InputAsset* given = run.input("model")) return run.models().open(given->path, given->sha256, {}, Json::object(), run);
    const std::filesystem::path demo = resource(kDemo);
    std::error_code error;
    if (!std::filesystem::exists(demo, error)) throw Error(ErrorCode::not_found, "The demo model is not installed.", demo.string(), "Choose a DiT checkpoint as the input \"model\".");
    static std::string sha256;   // the file of an installation does not change while the engine runs
    if (sha256.empty()) sha256 = sha256_file(demo);
    return run.models().open(demo.string(), sha256, {}, Json::object(), run);
}

void choose_threads(const RunContext& run, const DitConfig& config, std::int64_t rows) {
    if (run.request().threads == 0 && forward_macs(config).full * double(rows) < kOneThreadMacs) at::set_num_threads(1);
}

ReferenceRun::ReferenceRun(std::shared_ptr<CachedModel> model, const SamplingSettings& settings, std::int64_t batch)
    : m_model(std::move(model)), m_sampler(make_sampler(settings, dit_of(*m_model).dit_config())),
      m_trajectory(dit_of(*m_model), *m_sampler, batch_labels(settings.label, batch), settings.guidance, NoiseSource(settings.seed, sample_shape(dit_of(*m_model).dit_config(), batch)), nullptr) {}

void ReferenceRun::reach(int step, TapStack* taps) {
    while (m_trajectory.next_step() <= step) {
        const StepReport report = m_trajectory.advance(taps);
        m_trace.samples.push_back(m_trajectory.sample());
        m_trace.starts.push_back(m_trajectory.pred_x0());
        m_trace.seconds.push_back(report.seconds);
    }
}

std::int64_t ReferenceRun::bytes() const { return static_cast<std::int64_t>(m_trajectory.start().nbytes()) * 2 * steps(); }

std::shared_ptr<ReferenceRun> ReferenceStore::find(const std::string& key, const std::function<std::shared_ptr<ReferenceRun>()>& make) {
    const auto known = std::find_if(m_runs.begin(), m_runs.end(), [&](const auto& entry) { return entry.first == key; });
    if (known != m_runs.end()) std::rotate(known, known + 1, m_runs.end());
    else m_runs.emplace_back(key, make());
    std::int64_t bytes = 0;
    for (const auto& [name, run] : m_runs) bytes += run->bytes();
    while (bytes > kStoreBytes && m_runs.size() > 1) {
        bytes -= m_runs.front().second->bytes();
        m_runs.erase(m_runs.begin());
    }
    return m_runs.back().second;
}

void ReferenceStore::warm_up(const CachedModel& model, std::int64_t rows) {
    if (!m_warm.insert(model.key + " " + std::to_string(rows) + " " + std::to_string(at::get_num_threads())).second) return;
    Dit& dit = dit_of(model);
    const DitConfig& c = dit.dit_config();
    dit.forward({at::zeros({rows, c.in_channels, c.input_size, c.input_size}), at::zeros({rows}), at::zeros({rows}, at::kLong)}, nullptr);
}

std::string reference_key(const CachedModel& model, const SamplingSettings& settings, std::int64_t batch, const RunRequest& request) {
    return Json{{"model", model.key}, {"class", settings.label}, {"seed", settings.seed}, {"steps", settings.steps}, {"guidance", settings.guidance.scale}, {"channels", settings.guidance.channels},
        {"sampler", settings.sampler}, {"eta", settings.eta}, {"clip", settings.clip}, {"batch", batch}, {"threads", request.threads}, {"device", request.device}}.dump();
}

}
