#include "core/engine/engine_run.h"
#include "core/base/file.h"
#include "core/base/time.h"
#include <algorithm>

namespace lathe {
namespace {

constexpr std::size_t kMaxKey = 200, kMaxText = 16u << 10, kMaxMeta = 32u << 10, kMaxSummary = 4u << 20;
constexpr double kProgressInterval = 0.03;   // seconds: what a screen can show

void check_key(std::string_view key, const char* what) {
    if (key.empty() || key.size() > kMaxKey)
        throw Error(ErrorCode::internal, std::string("The name of ") + what + " has " + std::to_string(key.size()) + " letters instead of 1 to 200.", std::string(key.substr(0, kMaxKey)));
}

}

void RunControl::touch() { last_progress_ms.store(static_cast<std::int64_t>(monotonic_seconds() * 1000), std::memory_order_relaxed); }

EngineRun::EngineRun(RunRequest request, std::shared_ptr<RunControl> control, std::vector<InputAsset> inputs, Outbox& outbox, ModelCache& models)
    : m_request(std::move(request)), m_params(m_request.params), m_control(std::move(control)), m_inputs(std::move(inputs)), m_outbox(outbox), m_models(models),
      m_started(monotonic_seconds()) {
    m_control->touch();
    m_taps.set_tick([this] {
        check_cancelled();
        m_control->touch();
    });
}

double EngineRun::seconds() const { return monotonic_seconds() - m_started; }

void EngineRun::send(RunEventBody body) {
    m_control->touch();
    m_outbox.event({m_request.uuid, 0, std::move(body)});
}

const InputAsset* EngineRun::input(std::string_view role) const {
    const auto it = std::find_if(m_inputs.begin(), m_inputs.end(), [&](const InputAsset& a) { return a.role == role; });
    return it == m_inputs.end() ? nullptr : &*it;
}

Bytes EngineRun::resume_checkpoint() const {
    const InputAsset* asset = input("checkpoint");
    return asset ? std::make_shared<const std::string>(read_file(asset->path, std::size_t{16} << 30)) : nullptr;
}

void EngineRun::progress(double done, double total, std::string_view note) {
    const double now = monotonic_seconds();
    const bool last = done >= total, news = note != m_last_note;
    if (!last && !news && now - m_last_progress < kProgressInterval) return m_control->touch();
    m_last_progress = now;
    m_last_note = note;
    send(event::Progress{done, total, std::string(note.substr(0, kMaxText))});
}

void EngineRun::metric(std::string_view key, std::int64_t step, double value) {
    check_key(key, "a metric");
    m_control->touch();
    m_outbox.metric(m_request.uuid, key, step, seconds(), value);
}

void EngineRun::artifact(Artifact artifact) {
    check_key(artifact.key, "an artifact");
    if (!artifact.bytes) throw Error(ErrorCode::internal, "An artifact has no bytes.", artifact.key);
    if (artifact.bytes->size() > kMaxPayloadBytes)
        throw Error(ErrorCode::invalid_value, "An artifact of " + std::to_string(artifact.bytes->size() >> 20) + " MiB is over the limit of 1 GiB.", artifact.key, "Split it, or use a smaller size.");
    if (artifact.meta.dump(-1, ' ', false, Json::error_handler_t::replace).size() > kMaxMeta)
        throw Error(ErrorCode::internal, "The description of an artifact is over 32 KiB.", artifact.key, "Put the data into the artifact itself.");
    check_artifact(artifact);
    send(event::ArtifactMade{std::move(artifact)});
}

void EngineRun::log(std::string_view level, std::string_view text) {
    do {
        send(event::LogLine{std::string(level), std::string(text.substr(0, kMaxText))});
        text.remove_prefix(std::min(text.size(), kMaxText));
    } while (!text.empty());
}

void EngineRun::checkpoint(Bytes safetensors) {
    if (!safetensors || safetensors->empty() || safetensors->size() > kMaxPayloadBytes)
        throw Error(ErrorCode::invalid_value, "A checkpoint must have 1 byte to 1 GiB.", m_request.method, "Write a large state to a file of its own.");
    send(event::Checkpoint{std::move(safetensors)});
}

void EngineRun::summary(std::string_view key, Json value) {
    m_summary[std::string(key)] = std::move(value);
    if (m_summary.size() > 1000 || to_cbor(m_summary).size() > kMaxSummary)
        throw Error(ErrorCode::internal, "The summary of a run is over 4 MiB or 1000 entries.", std::string(key), "Make an artifact of it.");
}

}
