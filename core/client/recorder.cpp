#include "core/client/recorder.h"
#include "core/base/log.h"
#include "core/client/stored_form.h"
#include <sys/prctl.h>

namespace lathe {
namespace {

constexpr std::chrono::milliseconds kRetry{500};

std::size_t size_of(const RunEvent& e) {
    if (const auto* made = std::get_if<event::ArtifactMade>(&e.body)) return 512 + (made->artifact.bytes ? made->artifact.bytes->size() : 0);
    if (const auto* checkpoint = std::get_if<event::Checkpoint>(&e.body)) return 512 + (checkpoint->bytes ? checkpoint->bytes->size() : 0);
    if (const auto* metrics = std::get_if<event::Metrics>(&e.body)) return 512 + metrics->points.size() * sizeof(event::MetricPoint);
    return 512;
}

}

Recorder::Recorder(std::shared_ptr<Project> project, Callbacks callbacks)
    : m_project(std::move(project)), m_callbacks(std::move(callbacks)),
      m_writer(std::make_unique<RunWriter>(*m_project, m_callbacks.committed, m_callbacks.failed, to_stored_form)), m_thread([this] { loop(); }) {}

Recorder::~Recorder() {
    {
        std::lock_guard lock(m_mutex);
        m_closing = true;
    }
    m_wake.notify_all();
    m_thread.join();
    m_writer.reset();   // before the project
}

void Recorder::queue(std::function<void()> task, std::size_t bytes) {
    {
        std::lock_guard lock(m_mutex);
        m_tasks.emplace_back(std::move(task), bytes);
        m_bytes += bytes;
    }
    m_wake.notify_all();
}

void Recorder::add(RunId run, std::shared_ptr<RunEvent> event) {
    const std::size_t bytes = size_of(*event);
    queue([this, run, event = std::move(event)] { store(run, *event); }, bytes);
}

void Recorder::keep(LiveRun live, std::size_t live_history) {
    std::size_t bytes = 0;
    for (const auto& e : live.events) bytes += size_of(*e);
    queue([this, live = std::move(live), live_history] {
        for (const auto& asset : live.assets) m_project->add_asset(asset);
        const RunId id = m_project->add_run(live.request, live.title, live.engine);
        for (const auto& e : live.events) store(id, *e);
        m_writer->flush();
        m_callbacks.live_kept(live.request.uuid, id);
        m_project->trim_live(live_history);
    }, bytes);
}

void Recorder::describe_metrics(const std::vector<std::array<std::string, 3>>& key_unit_better) {
    queue([this, key_unit_better] {
        for (const auto& [key, unit, better] : key_unit_better) m_project->set_metric_info(key, unit, better);
    }, 0);
}

void Recorder::store(RunId run, const RunEvent& event) {
    for (;;) {
        try {
            m_writer->add(run, event);
            return;
        } catch (const Error& error) {   // writing fails at the moment; the writer has said so and tries again
            if (!pause_before_retry()) {
                log(LogLevel::error, "client", std::string("An event could not be kept: ") + error.what());
                return;
            }
        }
    }
}

bool Recorder::pause_before_retry() {
    std::unique_lock lock(m_mutex);
    m_wake.wait_for(lock, kRetry, [this] { return m_closing; });
    return !m_closing;
}

void Recorder::loop() {
    ::prctl(PR_SET_NAME, "lathe-recorder");
    std::unique_lock lock(m_mutex);
    for (;;) {
        m_wake.wait(lock, [this] { return m_closing || !m_tasks.empty(); });
        if (m_tasks.empty()) return;
        auto [task, bytes] = std::move(m_tasks.front());
        m_tasks.pop_front();
        lock.unlock();
        try {
            task();
        } catch (...) {
            const Error error = current_error("keeping a run");
            log(LogLevel::error, "client", error.what());
            m_callbacks.failed(error);
        }
        task = nullptr;
        m_bytes -= bytes;
        lock.lock();
    }
}

}
