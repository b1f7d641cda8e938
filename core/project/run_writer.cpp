// The writer thread between engines and the project.
#include "core/base/error.h"
#include "core/project/project.h"
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

namespace lathe {
namespace {

using namespace std::chrono_literals;
constexpr std::size_t kMaxWaitingBytes = 64u << 20;
constexpr std::size_t kBatchPoints = 2000;         // enough to write at once
constexpr std::size_t kBatchBytes = 4u << 20;
constexpr std::size_t kMostPoints = 8000;          // in one transaction: 30 ms
constexpr auto kBatchTime = 100ms;
constexpr auto kRetryTime = 1s;

struct Item {
    RunId run = 0;
    RunEvent event;
    std::size_t bytes = 0, points = 0;
    bool partial = false;   ///< more points of the same event follow
};

std::size_t bytes_of(const RunEvent& event) {
    constexpr std::size_t kOverhead = 256;
    struct Count {
        std::size_t operator()(const event::Metrics& m) const { return m.points.size() * sizeof(event::MetricPoint); }
        std::size_t operator()(const event::ArtifactMade& a) const { return a.artifact.bytes ? a.artifact.bytes->size() : 0; }
        std::size_t operator()(const event::Checkpoint& c) const { return c.bytes ? c.bytes->size() : 0; }
        std::size_t operator()(const event::LogLine& l) const { return l.text.size(); }
        std::size_t operator()(const event::Started&) const { return 0; }
        std::size_t operator()(const event::Progress&) const { return 0; }
        std::size_t operator()(const event::Finished&) const { return 0; }
        std::size_t operator()(const event::Failed&) const { return 0; }
        std::size_t operator()(const event::Cancelled&) const { return 0; }
        std::size_t operator()(const event::Paused&) const { return 0; }
    };
    return kOverhead + std::visit(Count{}, event.body);
}

// A large set of points would make one long transaction.
std::vector<Item> items_of(RunId run, RunEvent event) {
    std::vector<Item> items;
    if (auto* metrics = std::get_if<event::Metrics>(&event.body); metrics && metrics->points.size() > kMostPoints) {
        const auto points = std::move(metrics->points);
        for (std::size_t first = 0; first < points.size(); first += kMostPoints) {
            const std::size_t last = std::min(points.size(), first + kMostPoints);
            Item item{run, {event.run, event.seq, event::Metrics{metrics->keys, {points.begin() + static_cast<std::ptrdiff_t>(first), points.begin() + static_cast<std::ptrdiff_t>(last)}}}, 0,
                last - first, last < points.size()};
            item.bytes = bytes_of(item.event);
            items.push_back(std::move(item));
        }
        return items;
    }
    const auto* metrics = std::get_if<event::Metrics>(&event.body);
    const std::size_t bytes = bytes_of(event), points = metrics ? metrics->points.size() : 0;
    items.push_back({run, std::move(event), bytes, points, false});
    return items;
}

bool may_pass(const Error& error) { return error.code() == ErrorCode::io || error.code() == ErrorCode::busy; }

// The events of one run in a batch.
struct Group {
    RunId run = 0;
    std::vector<RunEvent> events;
    std::optional<std::uint64_t> safe;   ///< highest seq that is complete with these events
    std::uint64_t items = 0;
    std::size_t bytes = 0;
};

}

struct RunWriter::Impl {
    Impl(Project& target, std::function<void(RunId, std::uint64_t)> on_commit, std::function<void(const Error&)> on_failure, Encode encoder)
        : project(target), committed(std::move(on_commit)), failed(std::move(on_failure)), encode(std::move(encoder)) {}

    Project& project;
    const std::function<void(RunId, std::uint64_t)> committed;
    const std::function<void(const Error&)> failed;
    const Encode encode;

    std::mutex mutex;
    std::condition_variable work, space, progress;
    std::deque<Item> queue;
    std::size_t waiting_bytes = 0, waiting_points = 0;   // bytes: also of the batch being written
    std::uint64_t added = 0, done = 0, failures = 0;
    bool urgent = false, stopping = false;
    std::optional<Error> failure;                        // while writing fails
    std::thread thread;

    void run();
    std::vector<Group> take();
    void prepare(Group& group) const;
    void write(Group& group);
    void tell(const Error& error) const {
        if (failed)
            failed(error);
    }
};

void RunWriter::Impl::run() {
    std::unique_lock lock(mutex);
    for (;;) {
        work.wait(lock, [&] { return !queue.empty() || stopping; });
        if (queue.empty())
            return;
        work.wait_for(lock, kBatchTime, [&] { return urgent || stopping || waiting_points >= kBatchPoints || waiting_bytes >= kBatchBytes; });
        urgent = false;
        while (!queue.empty()) {
            auto groups = take();
            lock.unlock();
            for (auto& group : groups) {
                prepare(group);
                write(group);
                const std::lock_guard relock(mutex);
                done += group.items;
                waiting_bytes -= group.bytes;
                space.notify_all();
                progress.notify_all();
            }
            lock.lock();
            if (waiting_points < kBatchPoints && waiting_bytes < kBatchBytes && !urgent && !stopping)
                break;
        }
    }
}

std::vector<Group> RunWriter::Impl::take() {
    std::vector<Group> groups;
    std::size_t points = 0, bytes = 0;
    while (!queue.empty() && (groups.empty() || (points + queue.front().points <= kMostPoints && bytes + queue.front().bytes <= kBatchBytes * 2))) {
        Item item = std::move(queue.front());
        queue.pop_front();
        points += item.points;
        bytes += item.bytes;
        waiting_points -= item.points;
        auto group = std::ranges::find(groups, item.run, &Group::run);
        if (group == groups.end())
            group = groups.insert(groups.end(), Group{item.run, {}, {}, 0, 0});
        if (!item.partial)
            group->safe = std::max(group->safe.value_or(0), item.event.seq);
        group->events.push_back(std::move(item.event));
        ++group->items;
        group->bytes += item.bytes;
    }
    return groups;
}

void RunWriter::Impl::prepare(Group& group) const {
    if (!encode)
        return;
    for (auto& event : group.events) {
        auto* made = std::get_if<event::ArtifactMade>(&event.body);
        if (!made || made->artifact.preview)
            continue;
        const std::string key = made->artifact.key;
        try {
            encode(made->artifact);
        } catch (...) {
            const Error error = current_error("storing " + key);
            tell(error);
            event.body = event::LogLine{"error", "The artifact " + key + " could not be stored: " + error.what()};
        }
    }
}

void RunWriter::Impl::write(Group& group) {
    for (;;) {
        bool last_try = false;
        {
            const std::lock_guard lock(mutex);
            last_try = stopping;
        }
        try {
            project.record(group.run, group.events);
            {
                const std::lock_guard lock(mutex);
                failure.reset();
            }
            if (committed && group.safe)
                committed(group.run, *group.safe);
            return;
        } catch (const Error& error) {
            if (!may_pass(error)) {
                // One of them is wrong: the others need not suffer.
                if (group.events.size() == 1)
                    return tell(error);
                for (std::size_t i = 0; i < group.events.size(); ++i) {
                    Group one{group.run, {}, group.events[i].seq, 0, 0};
                    if (i + 1 == group.events.size())
                        one.safe = group.safe;
                    one.events.push_back(std::move(group.events[i]));
                    write(one);
                }
                return;
            }
            bool first = false;
            {
                const std::lock_guard lock(mutex);
                first = !failure;
                failure = error;
            }
            // Told before a flush that waits is woken: whoever sees the error has heard of it.
            if (last_try)
                tell(error);
            else if (first)
                tell({error.code(), error.summary(), error.where(), error.hint() + " What comes meanwhile waits in memory and is written as soon as that is possible."});
            std::unique_lock lock(mutex);
            ++failures;
            space.notify_all();
            progress.notify_all();
            if (last_try)
                return;
            work.wait_for(lock, kRetryTime, [&] { return stopping || urgent; });
            urgent = false;
        } catch (...) {
            return tell(current_error("writing the project"));
        }
    }
}

RunWriter::RunWriter(Project& project, std::function<void(RunId, std::uint64_t)> committed, std::function<void(const Error&)> failed, Encode encode)
    : m_impl(std::make_unique<Impl>(project, std::move(committed), std::move(failed), std::move(encode))) {
    m_impl->thread = std::thread([impl = m_impl.get()] { impl->run(); });
}

RunWriter::~RunWriter() {
    {
        const std::lock_guard lock(m_impl->mutex);
        m_impl->stopping = true;
    }
    m_impl->work.notify_all();
    m_impl->thread.join();
}

void RunWriter::add(RunId run, RunEvent event) {
    const bool terminal = event.is_terminal();
    for (auto& item : items_of(run, std::move(event))) {
        std::unique_lock lock(m_impl->mutex);
        m_impl->space.wait(lock, [&] { return m_impl->waiting_bytes == 0 || m_impl->waiting_bytes + item.bytes <= kMaxWaitingBytes || m_impl->failure; });
        if (m_impl->failure && m_impl->waiting_bytes > 0 && m_impl->waiting_bytes + item.bytes > kMaxWaitingBytes)
            throw *m_impl->failure;
        m_impl->waiting_bytes += item.bytes;
        m_impl->waiting_points += item.points;
        m_impl->urgent = m_impl->urgent || (terminal && !m_impl->failure);
        ++m_impl->added;
        const bool wake = m_impl->queue.empty() || m_impl->urgent || m_impl->waiting_points >= kBatchPoints || m_impl->waiting_bytes >= kBatchBytes;
        m_impl->queue.push_back(std::move(item));
        lock.unlock();
        if (wake)
            m_impl->work.notify_one();
    }
}

void RunWriter::flush() {
    std::unique_lock lock(m_impl->mutex);
    const std::uint64_t target = m_impl->added, failures = m_impl->failures;
    while (m_impl->done < target) {
        m_impl->urgent = true;
        m_impl->work.notify_all();
        m_impl->progress.wait_for(lock, kBatchTime);
        if (m_impl->failure && m_impl->failures > failures)
            throw *m_impl->failure;
    }
}

}
