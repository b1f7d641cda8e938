#include "core/engine/outbox.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/uio.h>

namespace lathe {
namespace {

constexpr std::size_t kQueueBytes = 64u << 20;
constexpr std::size_t kBatchPoints = 2000, kBatchKeys = 400;
constexpr std::chrono::milliseconds kBatchTime{80};   // written within 100 ms

Bytes* bytes_of(RunEvent& e) {
    if (auto* a = std::get_if<event::ArtifactMade>(&e.body)) return &a->artifact.bytes;
    if (auto* c = std::get_if<event::Checkpoint>(&e.body)) return &c->bytes;
    return nullptr;
}

const Artifact* preview_of(const std::variant<Outgoing, RunEvent>& item) {
    const auto* e = std::get_if<RunEvent>(&item);
    const auto* a = e ? std::get_if<event::ArtifactMade>(&e->body) : nullptr;
    return a && a->artifact.preview ? &a->artifact : nullptr;
}

}

Outbox::Outbox(int fd) : m_fd(fd), m_thread([this] { loop(); }) {}

Outbox::~Outbox() {
    close();
    m_thread.join();
}

void Outbox::use_shared_memory(std::unique_ptr<SharedSlots> slots) {
    std::lock_guard lock(m_mutex);
    m_slots = std::move(slots);
}

void Outbox::slot_freed(int slot) {
    std::lock_guard lock(m_mutex);
    if (m_slots) m_slots->free(slot);
}

void Outbox::reply(Outgoing message) {
    std::lock_guard lock(m_mutex);
    if (message.fields.value("op", "") == "pong")
        std::erase_if(m_replies, [](const Item& i) { const auto* o = std::get_if<Outgoing>(&i); return o && o->fields.value("op", "") == "pong"; });
    if (m_replies.size() > 10'000) m_replies.pop_front();   // a peer that asks and never reads
    m_replies.push_back(std::move(message));
    m_work.notify_one();
}

void Outbox::reply(RunEvent only_event) {
    only_event.seq = 1;
    std::lock_guard lock(m_mutex);
    m_replies.push_back(std::move(only_event));
    m_work.notify_one();
}

void Outbox::send(Outgoing message) {
    std::lock_guard lock(m_mutex);
    close_batch();
    push(std::move(message), 256, false);
}

void Outbox::event(RunEvent e) {
    const Bytes* held = bytes_of(e);
    const std::size_t bytes = 256 + (held && *held ? (*held)->size() : 0);
    std::unique_lock lock(m_mutex);
    close_batch();
    Item item(std::move(e));
    if (const Artifact* preview = preview_of(item)) {
        const std::string& run = std::get<RunEvent>(item).run;
        const auto older = std::find_if(m_queue.begin(), m_queue.end(), [&](const Waiting& w) {
            return w.preview && std::get<RunEvent>(w.item).run == run && preview_of(w.item)->key == preview->key;
        });
        if (older != m_queue.end()) {
            m_bytes -= older->bytes;
            m_queue.erase(older);
        }
        push(std::move(item), bytes, true);
        return;
    }
    m_space.wait(lock, [&] { return m_closed || m_bytes == 0 || m_bytes + bytes <= kQueueBytes; });
    push(std::move(item), bytes, false);
}

void Outbox::metric(const std::string& run, std::string_view key, std::int64_t step, double time, double value) {
    std::unique_lock lock(m_mutex);
    if (m_batch && m_batch->run != run) close_batch();
    if (!m_batch) {
        m_space.wait(lock, [&] { return m_closed || m_bytes <= kQueueBytes; });
        m_batch = RunEvent{run, 0, event::Metrics{}};
        m_batch_keys.clear();
        m_batch_due = Clock::now() + kBatchTime;
        m_work.notify_one();
    }
    auto& metrics = std::get<event::Metrics>(m_batch->body);
    auto known = m_batch_keys.find(key);
    if (known == m_batch_keys.end()) {
        known = m_batch_keys.emplace(std::string(key), static_cast<std::uint32_t>(metrics.keys.size())).first;
        metrics.keys.emplace_back(key);
    }
    metrics.points.push_back({known->second, step, time, value});
    if (metrics.points.size() >= kBatchPoints || metrics.keys.size() >= kBatchKeys) close_batch();
}

void Outbox::run_ended() {
    std::lock_guard lock(m_mutex);
    if (m_slots && m_queue.empty()) m_slots->release_memory();
}

bool Outbox::flush(std::chrono::milliseconds limit) {
    std::unique_lock lock(m_mutex);
    close_batch();
    return m_space.wait_for(lock, limit, [&] { return m_closed || (m_queue.empty() && m_replies.empty() && !m_writing); });
}

void Outbox::close() {
    std::lock_guard lock(m_mutex);
    m_closed = true;
    m_work.notify_all();
    m_space.notify_all();
}

void Outbox::push(Item item, std::size_t bytes, bool preview) {
    if (m_closed) return;
    m_queue.push_back({std::move(item), bytes, preview});
    m_bytes += bytes;
    m_work.notify_one();
}

void Outbox::close_batch() {
    if (!m_batch) return;
    const std::size_t bytes = 256 + std::get<event::Metrics>(m_batch->body).points.size() * sizeof(event::MetricPoint);
    RunEvent batch = std::move(*m_batch);
    m_batch.reset();
    push(std::move(batch), bytes, false);
}

void Outbox::loop() {
    ::prctl(PR_SET_NAME, "lathe-writer");
    std::unique_lock lock(m_mutex);
    while (!m_closed) {
        if (m_batch && Clock::now() >= m_batch_due) close_batch();
        std::optional<Item> item;
        if (!m_replies.empty()) {
            item = std::move(m_replies.front());
            m_replies.pop_front();
        } else if (!m_queue.empty()) {
            item = std::move(m_queue.front().item);
            m_bytes -= m_queue.front().bytes;
            m_queue.pop_front();
            m_space.notify_all();
        } else if (m_batch) {
            m_work.wait_until(lock, m_batch_due);
            continue;
        } else {
            m_work.wait(lock);
            continue;
        }
        m_writing = true;
        lock.unlock();
        write(std::move(*item));
        lock.lock();
        m_writing = false;
        m_space.notify_all();
    }
}

void Outbox::write(Item item) {
    int slot = -1;
    try {
        if (auto* message = std::get_if<Outgoing>(&item)) {
            const std::string_view payload = message->payload ? std::string_view(*message->payload) : std::string_view();
            if (!write_all(frame_head(message->fields, payload.size()), payload)) close();
            return;
        }
        RunEvent& e = std::get<RunEvent>(item);
        if (e.seq == 0) {
            if (e.run != m_numbered_run) m_seq = 0;
            m_numbered_run = e.run;
            e.seq = ++m_seq;
        }
        const Bytes* held = bytes_of(e);
        const std::size_t size = held && *held ? (*held)->size() : 0;
        if (size > kShmThreshold) {
            std::lock_guard lock(m_mutex);
            if (m_slots) slot = m_slots->put(**held);
        }
        const Outgoing out = encode(e, slot, size);
        const std::string_view payload = out.payload ? std::string_view(*out.payload) : std::string_view();
        if (!write_all(frame_head(out.fields, payload.size()), payload)) close();
    } catch (const Error& error) {   // a header over the limit: say so instead of ending the connection
        if (slot >= 0) slot_freed(slot);
        log(LogLevel::error, "engine", error.what());
        auto* e = std::get_if<RunEvent>(&item);
        if (!e || std::holds_alternative<event::LogLine>(e->body)) return;
        if (e->is_terminal()) e->body = event::Failed{error.code(), error.summary(), error.where(), error.hint()};
        else e->body = event::LogLine{"error", error.what()};
        const Outgoing out = encode(*e);
        if (!write_all(frame_head(out.fields, 0), {})) close();
    }
}

bool Outbox::write_all(std::string_view head, std::string_view payload) {
    std::array<iovec, 2> parts{iovec{const_cast<char*>(head.data()), head.size()}, iovec{const_cast<char*>(payload.data()), payload.size()}};
    while (parts[0].iov_len + parts[1].iov_len > 0) {
        const bool first = parts[0].iov_len > 0;
        ssize_t n = ::writev(m_fd, first ? parts.data() : parts.data() + 1, first ? 2 : 1);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) {   // some launchers hand over a non-blocking pipe
            pollfd ready{m_fd, POLLOUT, 0};
            ::poll(&ready, 1, 1000);
            continue;
        }
        if (n <= 0) return false;
        for (auto& part : parts) {
            const std::size_t taken = std::min(static_cast<std::size_t>(n), part.iov_len);
            part.iov_base = static_cast<char*>(part.iov_base) + taken;
            part.iov_len -= taken;
            n -= static_cast<ssize_t>(taken);
        }
    }
    return true;
}

}
