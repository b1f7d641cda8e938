#include "core/engine/worker.h"
#include "core/base/log.h"
#include "core/base/process.h"
#include "core/base/time.h"
#include "core/engine/failure.h"
#include "core/engine/rates.h"
#include "core/nn/tensor_memory.h"
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <malloc.h>
#include <sys/prctl.h>

namespace lathe {
namespace {

constexpr std::chrono::milliseconds kIdleBeforeMeasuring{500};
constexpr std::chrono::seconds kIdleBeforeTrimming{5};   // live runs follow each other faster

event::Failed failed_in_flight(const std::string& method) {
    const Error error = failure_in_flight(method);
    log(LogLevel::error, "run", error.what());
    return to_failed(error);
}

}

Worker::Worker(const Registry& registry, Outbox& outbox)
    : m_registry(registry), m_outbox(outbox), m_models(std::make_unique<ModelCache>(registry, total_memory_bytes() / 3)), m_default_threads(usable_cores()),
      m_thread([this] { loop(); }) {}

Worker::~Worker() {
    stop(std::chrono::milliseconds(0));
    m_thread.join();
}

void Worker::submit(RunRequest request, AssetPaths assets) {
    std::lock_guard lock(m_mutex);
    auto control = std::make_shared<RunControl>(request.uuid);
    m_tasks.push_back(Job{std::move(request), std::move(assets), std::move(control)});
    m_wake.notify_one();
}

void Worker::cancel(const std::string& run) {
    std::lock_guard lock(m_mutex);
    if (m_current && m_current->uuid == run) m_current->cancel = true;
    for (auto it = m_tasks.begin(); it != m_tasks.end(); ++it) {
        const Job* job = std::get_if<Job>(&*it);
        if (!job || job->request.uuid != run) continue;
        m_outbox.reply(RunEvent{run, 0, event::Cancelled{}});
        m_tasks.erase(it);
        return;
    }
}

bool Worker::pause(const std::string& run) {
    std::lock_guard lock(m_mutex);
    if (!m_current || m_current->uuid != run) return false;
    m_current->pause = true;
    return true;
}

void Worker::drop_cache() {
    std::lock_guard lock(m_mutex);
    m_tasks.push_back([this] { m_models->drop_all(); });
    m_wake.notify_one();
}

void Worker::list_cache() {
    std::lock_guard lock(m_mutex);
    m_tasks.push_back([this] { m_outbox.send(simple("cache", {{"entries", m_models->list()}})); });
    m_wake.notify_one();
}

Pong Worker::status(std::int64_t n) const {
    std::lock_guard lock(m_mutex);
    Pong pong{n, {}, 0, resident_bytes()};
    if (m_current) {
        pong.run = m_current->uuid;
        pong.ms_since_progress = std::max<std::int64_t>(0, static_cast<std::int64_t>(monotonic_seconds() * 1000) - m_current->last_progress_ms);
    }
    return pong;
}

void Worker::measure_when_idle() {
    std::lock_guard lock(m_mutex);
    m_measure = true;
    m_wake.notify_one();
}

bool Worker::stop(std::chrono::milliseconds limit) {
    std::unique_lock lock(m_mutex);
    m_stop = true;
    m_tasks.clear();
    if (m_current) m_current->cancel = true;
    m_wake.notify_all();
    return m_idle.wait_for(lock, limit, [this] { return m_done; });
}

bool Worker::wait_for_work(std::unique_lock<std::mutex>& lock) {
    while (!m_stop && m_tasks.empty()) {
        if (!m_measure) {
            const auto work = [this] { return m_stop || m_measure || !m_tasks.empty(); };
            if (!m_trim) {
                m_wake.wait(lock, work);
            } else if (!m_wake.wait_for(lock, kIdleBeforeTrimming, work)) {
                m_trim = false;
                lock.unlock();
                release_kept_tensors();
                ::malloc_trim(0);
                lock.lock();
            }
        } else if (m_wake.wait_for(lock, kIdleBeforeMeasuring, [this] { return m_stop || !m_tasks.empty(); })) {
            break;
        } else {
            m_measure = false;
            lock.unlock();
            measure();
            lock.lock();
        }
    }
    return !m_stop;
}

void Worker::loop() {
    ::prctl(PR_SET_NAME, "lathe-worker");
    std::unique_lock lock(m_mutex);
    while (wait_for_work(lock)) {
        Task task = std::move(m_tasks.front());
        m_tasks.pop_front();
        if (auto* job = std::get_if<Job>(&task)) {
            m_current = job->control;
            lock.unlock();
            perform(std::move(*job));
            lock.lock();
            m_current.reset();
            m_trim = true;
            m_outbox.run_ended();
        } else {
            lock.unlock();
            std::get<std::function<void()>>(task)();
            lock.lock();
        }
    }
    m_done = true;
    m_idle.notify_all();
}

void Worker::measure() {
    at::set_num_threads(m_default_threads);
    if (const auto known = cached_rates()) return m_outbox.send(encode(*known));
    try {
        const auto rates = measure_rates([this] {
            std::lock_guard lock(m_mutex);
            return !m_stop && m_tasks.empty();
        });
        if (rates) {
            cache_rates(*rates);
            m_outbox.send(encode(*rates));
            return;
        }
        std::lock_guard lock(m_mutex);   // work came in between: later
        m_measure = true;
    } catch (...) {
        log(LogLevel::warning, "rates", failure_in_flight("measuring this computer").what());
    }
}

void Worker::perform(Job job) {
    const std::string uuid = job.request.uuid, method_id = job.request.method;
    const double start = monotonic_seconds();
    const auto end = [&](RunEventBody body) { m_outbox.event({uuid, 0, std::move(body)}); };
    at::set_num_threads(job.request.threads > 0 ? job.request.threads : m_default_threads);
    try {
        const Method& method = m_registry.method(method_id);
        job.request = at_current_version(std::move(job.request), method);
        EngineRun run(job.request, job.control, run_inputs(job.request, job.assets, method.info, m_verified, [&] { return !job.control->cancel; }), m_outbox, *m_models);
        prepare_run(run, method, m_registry);
        Json environment = run_environment(job.request);
        if (run.params() != job.request.params) environment["params"] = run.params();   // what the model decided
        end(event::Started{std::move(environment)});
        at::manual_seed(static_cast<std::uint64_t>(job.request.seed));
        const c10::AutoGradMode no_grad(false);
        method.run(run);
        end(event::Finished{run.seconds(), run.collected_summary()});
    } catch (const Cancelled&) {
        end(event::Cancelled{monotonic_seconds() - start});
    } catch (const Paused&) {
        end(event::Paused{monotonic_seconds() - start});
    } catch (const Error& error) {
        if (error.code() == ErrorCode::cancelled) end(event::Cancelled{monotonic_seconds() - start});
        else end(failed_in_flight(method_id));
    } catch (...) {
        end(failed_in_flight(method_id));
    }
}

}
