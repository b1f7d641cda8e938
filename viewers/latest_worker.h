#pragma once
// One thread that does the newest job asked for; older ones that wait are dropped. For pictures that are too slow for the GUI thread.
#include <QMetaObject>
#include <QObject>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace lathe {

/// `work` runs on the thread and should return early once its flag is set, its result is then dropped; `done` gets the result on the thread of `receiver`, which must own the worker. Job and
/// Result are moved.
template <typename Job, typename Result> class LatestWorker {
public:
    using Work = std::function<Result(const Job&, const std::atomic<bool>& stop)>;
    using Done = std::function<void(Result)>;

    LatestWorker(QObject* receiver, Work work, Done done) : m_receiver(receiver), m_work(std::move(work)), m_done(std::move(done)), m_thread([this] { run(); }) {}
    ~LatestWorker() {
        {
            const std::scoped_lock lock(m_mutex);
            m_quit = m_stop = true;
        }
        m_wake.notify_one();
        m_thread.join();
    }
    LatestWorker(const LatestWorker&) = delete;
    LatestWorker& operator=(const LatestWorker&) = delete;

    void ask(Job job) {
        {
            const std::scoped_lock lock(m_mutex);
            m_next = std::move(job);
        }
        m_wake.notify_one();
    }
    /// Ends the job at work if another one waits. Asked for at rest only: while jobs come faster than they are done, each must come to its end.
    void drop_overtaken() {
        const std::scoped_lock lock(m_mutex);
        if (m_next) m_stop = true;
    }

private:
    void run() {
        for (;;) {
            std::optional<Job> job;
            {
                std::unique_lock lock(m_mutex);
                m_wake.wait(lock, [this] { return m_quit || m_next; });
                if (m_quit) return;
                std::swap(job, m_next);
                m_stop = false;
            }
            auto result = std::make_shared<Result>(m_work(*job, m_stop));
            if (m_quit) return;
            if (m_stop) continue;
            QMetaObject::invokeMethod(m_receiver, [this, result] { m_done(std::move(*result)); }, Qt::QueuedConnection);
        }
    }
    QObject* m_receiver;
    Work m_work;
    Done m_done;
    std::mutex m_mutex;
    std::condition_variable m_wake;
    std::optional<Job> m_next;
    std::atomic<bool> m_quit = false, m_stop = false;
    std::thread m_thread;   // last: it uses the others
};

}
