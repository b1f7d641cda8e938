#pragma once
// The client's end of one connection: an I/O thread that reads and decodes frames and writes what is queued, so that the owner's thread never waits for
// either. What arrived is fetched with take(). Reading pauses while too much waits to be fetched, so a slow owner slows the engine, not the memory.
#include "core/base/error.h"
#include "core/protocol/messages.h"
#include "core/protocol/shared_slots.h"
#include <atomic>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <variant>

namespace lathe {

class EngineChannel {
public:
    struct Closed { std::string reason; };       ///< the last thing that arrives; reason empty: a plain end
    using Received = std::variant<Message, std::shared_ptr<RunEvent>, Error, Closed>;   ///< Error: one message that made no sense

    /// Owns the descriptors. `wake` is called on the I/O thread when take() has something after it had nothing.
    EngineChannel(int read_fd, int write_fd, std::unique_ptr<SharedSlots> slots, std::function<void()> wake);
    ~EngineChannel();
    EngineChannel(const EngineChannel&) = delete;
    EngineChannel& operator=(const EngineChannel&) = delete;

    // --- owner's thread
    void send(Outgoing message);
    void close_input();                          ///< the engine sees the end of its input after what is queued
    bool take(Received& out);                    ///< false: nothing waits
    void hold(bool on);                          ///< true: read nothing for now
    double last_pong() const { return m_last_pong; }   ///< monotonic seconds; as it arrived, however busy the owner is
    void forgive();                              ///< the clock starts anew: this program itself was asleep

private:
    struct Sending { std::string head; Bytes payload; std::size_t done = 0; };
    struct Waiting { Received item; std::size_t bytes = 0; };
    void loop();
    bool read_some();                            // false: the stream has ended
    bool write_some();                           // false: nobody reads any more
    void accept(Message message);
    void push(Received item, std::size_t bytes);
    void wake_io();
    void queue(Outgoing message);

    const int m_read;
    int m_write, m_wake_fd;
    std::unique_ptr<SharedSlots> m_slots;
    std::function<void()> m_wake;
    FrameReader m_reader;
    std::vector<char> m_buffer;
    mutable std::mutex m_mutex;
    std::deque<Sending> m_out;
    std::deque<Waiting> m_in;
    std::size_t m_in_bytes = 0;
    bool m_close_input = false, m_quit = false, m_hold = false;
    std::atomic<double> m_last_pong;
    std::thread m_thread;
};

}
