#pragma once
// The engine's one work thread: every tensor operation happens here. Other threads only queue work and set flags.
#include "core/engine/engine_run.h"
#include "core/engine/registry.h"
#include "core/engine/run_setup.h"
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace lathe {

class Worker {
public:
    Worker(const Registry& registry, Outbox& outbox);
    ~Worker();                                             ///< stop() first, or the thread is waited for
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    void submit(RunRequest request, AssetPaths assets);
    void cancel(const std::string& run);                   ///< idempotent; a run that waits ends at once
    bool pause(const std::string& run);                    ///< false: it is not the one that runs
    void drop_cache();
    void list_cache();                                     ///< answered by a `cache` message
    Pong status(std::int64_t n) const;
    void measure_when_idle();                              ///< from the cache at once, else after half a second without work
    bool stop(std::chrono::milliseconds limit);            ///< cancels everything; false: still busy after `limit`

private:
    struct Job { RunRequest request; AssetPaths assets; std::shared_ptr<RunControl> control; };
    using Task = std::variant<Job, std::function<void()>>;

    void loop();
    void perform(Job job);
    void measure();
    bool wait_for_work(std::unique_lock<std::mutex>& lock);    // false: stop

    const Registry& m_registry;
    Outbox& m_outbox;
    std::unique_ptr<ModelCache> m_models;
    std::set<std::string> m_verified;                          // files whose hash was checked here
    const int m_default_threads;
    mutable std::mutex m_mutex;
    std::condition_variable m_wake, m_idle;
    std::deque<Task> m_tasks;
    std::shared_ptr<RunControl> m_current;
    bool m_stop = false, m_measure = false, m_trim = false, m_done = false;
    std::thread m_thread;
};

}
