#pragma once
// The engine's way out: a bounded queue and the one thread that writes frames. Safe from any thread.
// At most 64 MiB wait: previews are latest-wins per run and key, metrics are gathered for up to 100 ms, anything else makes its run wait. Replies of the
// reader never wait and go first.
#include "core/protocol/messages.h"
#include "core/protocol/shared_slots.h"
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <variant>

namespace lathe {

class Outbox {
public:
    explicit Outbox(int fd);
    ~Outbox();                                                  ///< drops what still waits: flush() first to keep it
    Outbox(const Outbox&) = delete;
    Outbox& operator=(const Outbox&) = delete;

    void use_shared_memory(std::unique_ptr<SharedSlots> slots);
    void slot_freed(int slot);

    void reply(Outgoing message);                               ///< never blocks; a pong replaces the one that waits
    void reply(RunEvent only_event);                            ///< of a run that never began: its first and last event
    void send(Outgoing message);                                ///< in order with the events
    void event(RunEvent event);                                 ///< numbered here, so that dropped previews leave no gap
    void metric(const std::string& run, std::string_view key, std::int64_t step, double time, double value);
    void run_ended();                                           ///< shared memory that no longer is needed goes back to the system
    bool flush(std::chrono::milliseconds limit);                ///< false: not all was written in time
    void close();                                               ///< nothing more is written; whoever waits goes on

private:
    using Clock = std::chrono::steady_clock;
    using Item = std::variant<Outgoing, RunEvent>;
    struct Waiting { Item item; std::size_t bytes = 0; bool preview = false; };

    void loop();
    void write(Item item);
    bool write_all(std::string_view head, std::string_view payload);
    void push(Item item, std::size_t bytes, bool preview);      // lock held
    void close_batch();                                         // lock held

    const int m_fd;
    std::mutex m_mutex;
    std::condition_variable m_work, m_space;
    std::deque<Item> m_replies;
    std::deque<Waiting> m_queue;
    std::size_t m_bytes = 0;
    std::optional<RunEvent> m_batch;                            // open metrics
    std::map<std::string, std::uint32_t, std::less<>> m_batch_keys;
    Clock::time_point m_batch_due;
    std::unique_ptr<SharedSlots> m_slots;
    std::string m_numbered_run;
    std::uint64_t m_seq = 0;
    bool m_writing = false, m_closed = false;
    std::thread m_thread;
};

}
