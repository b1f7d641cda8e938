#include "core/project/as_opened.h"

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/paths.h"
#include "core/base/process.h"
#include "core/base/uuid.h"

namespace lathe {
namespace {

constexpr std::uintmax_t kCopyFromWalBytes = 32u << 20;
constexpr std::uintmax_t kMaxCopyBytes = std::uintmax_t{2} << 30;         // larger projects are not copied …
constexpr std::uintmax_t kMaxHeldWalBytes = std::uintmax_t{1} << 30;      // … but held until this much was written
constexpr std::uintmax_t kMaxNetworkCopyBytes = 64u << 20;
constexpr const char* kSuffix = ".as-opened";

void remove_database(const std::filesystem::path& file) {
    std::error_code ignored;
    for (const char* suffix : {"", "-wal", "-shm", "-journal"})
        std::filesystem::remove(file.string() + suffix, ignored);
}

// Copies of programs that were killed.
void remove_orphans(const std::filesystem::path& folder) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        const std::string name = entry.path().filename().string();
        if (!name.ends_with(kSuffix))
            continue;
        try {
            if (!is_alive(process_id_from(name.substr(0, name.find(' ')))))
                remove_database(entry.path());
        } catch (const Error&) {
            continue;   // not one of ours
        }
    }
}

}

AsOpened::AsOpened(Place place) : m_place(std::move(place)) {}

AsOpened::~AsOpened() {
    if (m_thread.joinable()) {
        m_thread.request_stop();
        m_thread.join();
    }
    m_held.reset();
    if (!m_copy.empty())
        remove_database(m_copy);
}

void AsOpened::lose(const std::string& reason) {
    const std::lock_guard lock(m_mutex);
    m_state = State::lost;
    m_reason = reason;
}

void AsOpened::before_write() {
    {
        const std::lock_guard lock(m_mutex);
        if (m_state != State::untouched)
            return;
    }
    try {
        if (m_place.journal == Journal::wal) {
            m_held = std::make_unique<sql::Database>(m_place.file, sql::Access::query);
            m_held->execute("BEGIN");
            m_held->integer("SELECT count(*) FROM lease");   // BEGIN alone does not start the read transaction
            const std::lock_guard lock(m_mutex);
            m_state = State::held;
        } else if (size_or_zero(m_place.file) > kMaxNetworkCopyBytes) {
            lose("The project lies on a network file system and is too large to be copied when it is changed.");
        } else {
            sql::Database from(m_place.file, sql::Access::query);
            m_copy = make_copy(from, {});
            const std::lock_guard lock(m_mutex);
            m_state = State::copied;
        }
    } catch (const Error& error) {
        m_held.reset();
        lose(error.summary());
    }
}

void AsOpened::after_write() {
    {
        const std::lock_guard lock(m_mutex);
        if (m_state != State::held)
            return;
    }
    const auto wal = size_or_zero(m_place.file.string() + "-wal");
    if (wal < kCopyFromWalBytes)
        return;
    if (size_or_zero(m_place.file) > kMaxCopyBytes) {
        if (wal < kMaxHeldWalBytes)
            return;
        m_held.reset();
        lose("Too much was written since the project was opened.");
        return;
    }
    {
        const std::lock_guard lock(m_mutex);
        m_state = State::copying;
    }
    m_thread = std::jthread([this](const std::stop_token& stop) { copy_held(stop); });
}

void AsOpened::copy_held(const std::stop_token& stop) {
    try {
        m_copy = make_copy(*m_held, stop);
        m_held.reset();
        const std::lock_guard lock(m_mutex);
        m_state = State::copied;
    } catch (const Error& error) {
        m_held.reset();
        lose(error.summary());
        if (error.code() != ErrorCode::cancelled)
            log(LogLevel::warning, "project", std::string("\"Revert to as opened\" is not possible any more: ") + error.what());
    }
}

std::filesystem::path AsOpened::make_copy(sql::Database& from, const std::stop_token& stop) const {
    const auto folder = user_cache_folder();
    remove_orphans(folder);
    const auto file = folder / (text(this_process()) + " " + make_uuid() + kSuffix);
    try {
        sql::Database to(file, sql::Access::create);
        sql::copy_database(from, to, [&](double) { return !stop.stop_requested(); });
    } catch (...) {
        remove_database(file);
        throw;
    }
    return file;
}

void AsOpened::restore(sql::Database& db) {
    if (m_thread.joinable())
        m_thread.join();
    State state;
    std::string reason;
    {
        const std::lock_guard lock(m_mutex);
        state = m_state;
        reason = m_reason;
    }
    if (state == State::untouched)
        return;   // nothing was written
    if (state == State::lost)
        throw Error(ErrorCode::unsupported, "The state at opening is not there any more. " + reason, m_place.file.string(), "Use a snapshot, or a copy made earlier.");
    if (state == State::copied) {
        sql::Database from(m_copy, sql::Access::query);
        sql::copy_database(from, db);
    } else {
        sql::copy_database(*m_held, db);
    }
}

}
