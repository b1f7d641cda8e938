#include "core/client/engine_channel.h"
#include "core/base/error.h"
#include "core/base/time.h"
#include "core/client/engine_exit.h"
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <unistd.h>

namespace lathe {
namespace {

constexpr std::size_t kReadBytes = 256u << 10;
constexpr std::size_t kMaxWaitingBytes = 128u << 20, kMaxWaiting = 20'000;

void set_non_blocking(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK); }

const Artifact* preview_of(const EngineChannel::Received& item) {
    const auto* e = std::get_if<std::shared_ptr<RunEvent>>(&item);
    const auto* a = e ? std::get_if<event::ArtifactMade>(&(*e)->body) : nullptr;
    return a && a->artifact.preview ? &a->artifact : nullptr;
}

}

EngineChannel::EngineChannel(int read_fd, int write_fd, std::unique_ptr<SharedSlots> slots, std::function<void()> wake)
    : m_read(read_fd), m_write(write_fd), m_wake_fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), m_slots(std::move(slots)), m_wake(std::move(wake)),
      m_reader([this](Message m) { accept(std::move(m)); }), m_buffer(kReadBytes), m_last_pong(monotonic_seconds()) {
    set_non_blocking(m_read);
    set_non_blocking(m_write);
    m_thread = std::thread([this] { loop(); });
}

EngineChannel::~EngineChannel() {
    {
        std::lock_guard lock(m_mutex);
        m_quit = true;
    }
    wake_io();
    m_thread.join();
    ::close(m_read);
    if (m_write >= 0) ::close(m_write);
    ::close(m_wake_fd);
}

void EngineChannel::wake_io() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t n = ::write(m_wake_fd, &one, sizeof one);
}

void EngineChannel::queue(Outgoing message) {
    std::string head = frame_head(message.fields, message.payload ? message.payload->size() : 0);
    std::lock_guard lock(m_mutex);
    m_out.push_back({std::move(head), std::move(message.payload), 0});
}

void EngineChannel::send(Outgoing message) {
    queue(std::move(message));
    wake_io();
}

void EngineChannel::close_input() {
    {
        std::lock_guard lock(m_mutex);
        m_close_input = true;
    }
    wake_io();
}

void EngineChannel::hold(bool on) {
    {
        std::lock_guard lock(m_mutex);
        m_hold = on;
    }
    wake_io();
}

void EngineChannel::forgive() { m_last_pong = monotonic_seconds(); }

bool EngineChannel::take(Received& out) {
    bool was_full = false;
    {
        std::lock_guard lock(m_mutex);
        if (m_in.empty()) return false;
        was_full = m_in_bytes > kMaxWaitingBytes || m_in.size() > kMaxWaiting;
        m_in_bytes -= m_in.front().bytes;
        out = std::move(m_in.front().item);
        m_in.pop_front();
    }
    if (was_full) wake_io();
    return true;
}

void EngineChannel::push(Received item, std::size_t bytes) {
    bool first = false;
    {
        std::lock_guard lock(m_mutex);
        if (const Artifact* preview = preview_of(item)) {
            const std::string& run = std::get<std::shared_ptr<RunEvent>>(item)->run;
            const auto older = std::find_if(m_in.begin(), m_in.end(), [&](const Waiting& w) {
                const Artifact* a = preview_of(w.item);
                return a && a->key == preview->key && std::get<std::shared_ptr<RunEvent>>(w.item)->run == run;
            });
            if (older != m_in.end()) {
                m_in_bytes -= older->bytes;
                m_in.erase(older);
            }
        }
        first = m_in.empty();
        m_in.push_back({std::move(item), bytes});
        m_in_bytes += bytes;
    }
    if (first) m_wake();
}

void EngineChannel::accept(Message message) {
    if (message.op == "pong") m_last_pong = monotonic_seconds();
    if (message.op != "event") return push(std::move(message), 512);
    try {
        int slot = -1;
        std::uint64_t slot_bytes = 0;
        auto event = std::make_shared<RunEvent>(run_event_from(message, &slot, &slot_bytes));
        std::size_t bytes = 512 + (message.payload ? message.payload->size() : 0);
        if (slot >= 0) {
            if (!m_slots) throw Error(ErrorCode::wrong_format, "The engine uses shared memory that was not offered.", "event");
            Bytes copy = std::make_shared<const std::string>(m_slots->bytes(slot, slot_bytes));
            bytes += copy->size();
            queue(simple("shm_free", {{"slot", slot}}));
            if (auto* made = std::get_if<event::ArtifactMade>(&event->body)) {
                made->artifact.bytes = std::move(copy);
                check_artifact(made->artifact);
            } else if (auto* checkpoint = std::get_if<event::Checkpoint>(&event->body)) {
                checkpoint->bytes = std::move(copy);
            }
        }
        push(std::move(event), bytes);
    } catch (const Error& error) {
        push(error, 512);
    }
}

bool EngineChannel::read_some() {
    for (int turn = 0; turn < 16; ++turn) {   // then look at what is to be written
        const ssize_t n = ::read(m_read, m_buffer.data(), m_buffer.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return true;
        if (n <= 0) {
            push(Closed{m_reader.inside_frame() ? kEndedInside : ""}, 0);
            return false;
        }
        try {
            m_reader.feed(m_buffer.data(), static_cast<std::size_t>(n));
        } catch (const Error& error) {
            push(Closed{error.what()}, 0);
            return false;
        }
    }
    return true;
}

bool EngineChannel::write_some() {
    for (;;) {
        Sending* next = nullptr;
        {
            std::lock_guard lock(m_mutex);
            if (m_out.empty()) return true;
            next = &m_out.front();   // only this thread removes
        }
        const std::size_t head = next->head.size(), total = head + (next->payload ? next->payload->size() : 0);
        const bool in_head = next->done < head;
        const char* from = in_head ? next->head.data() + next->done : next->payload->data() + (next->done - head);
        const ssize_t n = ::write(m_write, from, in_head ? head - next->done : total - next->done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return true;
        if (n <= 0) return false;
        next->done += static_cast<std::size_t>(n);
        if (next->done < total) continue;
        std::lock_guard lock(m_mutex);
        m_out.pop_front();
    }
}

void EngineChannel::loop() {
    ::prctl(PR_SET_NAME, "lathe-io");
    bool reading = true;
    for (;;) {
        std::array<pollfd, 3> fds{pollfd{m_wake_fd, POLLIN, 0}, pollfd{-1, POLLIN, 0}, pollfd{-1, POLLOUT, 0}};
        {
            std::lock_guard lock(m_mutex);
            if (m_quit) return;
            const bool full = m_hold || m_in_bytes > kMaxWaitingBytes || m_in.size() > kMaxWaiting;
            if (reading && !full) fds[1].fd = m_read;
            if (m_write >= 0 && !m_out.empty()) fds[2].fd = m_write;
            else if (m_write >= 0 && m_close_input) {
                ::close(m_write);
                m_write = -1;
            }
        }
        if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) return;
        if (fds[0].revents) {
            std::uint64_t count = 0;
            [[maybe_unused]] const ssize_t n = ::read(m_wake_fd, &count, sizeof count);
        }
        if (fds[1].revents) reading = read_some();
        if (fds[2].revents && !write_some()) {   // the end of the other side shows on the reading end; here only the queue is given up
            std::lock_guard lock(m_mutex);
            m_out.clear();
            ::close(m_write);
            m_write = -1;
        }
    }
}

}
