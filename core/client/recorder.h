#pragma once
// Keeps the events of runs in a project without ever making its caller wait: an own thread feeds the RunWriter, which may block (full disk, slow disk, PNG).
#include "core/base/error.h"
#include "core/project/project.h"
#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace lathe {

class Recorder {
public:
    /// All are called on threads of the recorder.
    struct Callbacks {
        std::function<void(RunId, std::uint64_t seq)> committed;
        std::function<void(const std::string& uuid, RunId)> live_kept;
        std::function<void(const Error&)> failed;
    };
    struct LiveRun { RunRequest request; std::string title, engine; std::vector<AssetRow> assets; std::vector<std::shared_ptr<RunEvent>> events; };

    Recorder(std::shared_ptr<Project> project, Callbacks callbacks);
    ~Recorder();                                          ///< writes what waits; gives it up only if the project cannot be written
    Recorder(const Recorder&) = delete;
    Recorder& operator=(const Recorder&) = delete;

    void add(RunId run, std::shared_ptr<RunEvent> event);
    void keep(LiveRun run, std::size_t live_history);     ///< makes its row, then trims the live history to that many
    void describe_metrics(const std::vector<std::array<std::string, 3>>& key_unit_better);
    std::size_t waiting_bytes() const { return m_bytes; }
    const std::shared_ptr<Project>& project() const { return m_project; }

private:
    void loop();
    void queue(std::function<void()> task, std::size_t bytes);
    void store(RunId run, const RunEvent& event);
    bool pause_before_retry();                            // false: closing

    std::shared_ptr<Project> m_project;
    Callbacks m_callbacks;
    std::mutex m_mutex;
    std::condition_variable m_wake;
    std::deque<std::pair<std::function<void()>, std::size_t>> m_tasks;
    std::atomic<std::size_t> m_bytes{0};
    bool m_closing = false;
    std::unique_ptr<RunWriter> m_writer;
    std::thread m_thread;
};

}
