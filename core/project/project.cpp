// Creating, opening and closing.
#include "core/base/hash.h"
#include "core/base/log.h"
#include "core/base/time.h"
#include "core/base/uuid.h"
#include "core/base/version.h"
#include "core/project/project_impl.h"
#include <chrono>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace lathe {
namespace {

// A check of 16 MB takes less than 100 ms; larger files from elsewhere are checked before the first write.
constexpr std::int64_t kCheckAtOpenBytes = 16 << 20;

// Changing the journal mode does not use the busy handler.
void set_journal(sql::Database& db, const char* mode, double patience_seconds) {
    const double end = monotonic_seconds() + patience_seconds;
    for (;;) {
        try {
            if (db.text(std::string("PRAGMA journal_mode=") + mode) == mode)
                return;
            throw Error(ErrorCode::busy, "Another program is using the project.", db.file().string(), "Close it there, and try again.");
        } catch (const Error& error) {
            if (error.code() != ErrorCode::busy || monotonic_seconds() > end)
                throw;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

void check_pages(sql::Database& db) {
    const std::string result = db.text("PRAGMA quick_check(1)");
    if (result != "ok")
        throw Error(ErrorCode::wrong_format, "The project file is damaged: " + result + ".", db.file().string(),
            "Open a copy or a shared version made earlier. `sqlite3 FILE .recover` can save what is readable.");
}

}

std::string home_of(const std::filesystem::path& file) {
    std::string machine;
    std::ifstream("/etc/machine-id") >> machine;
    struct stat info {};
    if (stat(file.c_str(), &info) != 0)
        return {};
    return sha256_hex(machine + "/" + this_process().host + "/" + std::to_string(info.st_ino));
}

std::string Project::Impl::make_lease_name() { return make_uuid(); }

void Project::Impl::create(const std::filesystem::path& file) {
    place = place_for_new(file);
    db = std::make_unique<sql::Database>(place.file, sql::Access::create);
    try {
        create_schema(*db, current_schema());
        take_over();
        if (!read_only_reason.empty())
            throw Error(ErrorCode::io, "The project cannot be made. " + read_only_reason, file.string(), "Choose another place.");
        transact([&](sql::Database& d) {
            for (const auto& [key, value] : {std::pair<const char*, std::string>{"created", std::to_string(now_ms())}, {"program", "lathe " + version()}})
                sql::Statement(d, "INSERT INTO meta(key, value) VALUES(?, ?)").bind(key, value).run();
        });
    } catch (...) {
        // A file made a moment ago and holding nothing: leave no half of it.
        db.reset();
        std::error_code ignored;
        for (const char* suffix : {"", "-wal", "-shm", "-journal"})
            std::filesystem::remove(place.file.string() + suffix, ignored);
        throw;
    }
    as_opened = std::make_unique<AsOpened>(place);
}

void Project::Impl::open(const std::filesystem::path& file, OpenMode mode, const Schema& schema) {
    place = place_of(file);
    read_only_reason = place.read_only_reason;
    if (read_only_reason.empty() && mode == OpenMode::read_only)
        read_only_reason = "It was opened for reading only.";
    db = std::make_unique<sql::Database>(place.file, read_only_reason.empty() ? sql::Access::write : place.reading);
    const auto version = check_schema(*db, schema);
    if (version == FileVersion::newer) {
        const std::string reason = "The project was made by a newer version of Lathe. It can be looked at, but not changed; update Lathe to change it.";
        read_only_reason = read_only_reason.empty() ? reason : reason + " " + read_only_reason;
        if (place.read_only_reason.empty())
            db = std::make_unique<sql::Database>(place.file, sql::Access::query);
    } else if (version == FileVersion::older) {
        if (!read_only_reason.empty())
            throw Error(ErrorCode::version, "The project was made by an older version of Lathe and must be upgraded, but it can only be read.", place.file.string(),
                "Copy it to where you may write, and open the copy.");
        require_alone(*db, "upgrade");
        check_pages(*db);
        upgrade(*db, schema);
    }
    as_opened = std::make_unique<AsOpened>(place);
    if (!read_only_reason.empty())
        return;
    const bool came_from_elsewhere = db->text("SELECT value FROM meta WHERE key = 'home'") != home_of(place.file);
    if (came_from_elsewhere && db->integer("PRAGMA page_count") * db->integer("PRAGMA page_size") > kCheckAtOpenBytes)
        return;   // make_ready() checks it at the first write
    try {
        make_ready();
    } catch (const Error& error) {
        if (!read_only_reason.empty())
            return;   // somebody else has it
        // A full disk must not keep anybody from looking at the project.
        if (error.code() != ErrorCode::io)
            throw;
        read_only_reason = error.summary() + " " + error.hint();
    }
}

void Project::Impl::make_ready() {
    if (!read_only_reason.empty())
        throw Error(ErrorCode::io, "The project cannot be changed. " + read_only_reason, place.file.string(), "Save a copy where you may write.");
    if (ready)
        return;
    if (db->text("SELECT value FROM meta WHERE key = 'home'") != home_of(place.file))
        check_pages(*db);
    take_over();
    if (!read_only_reason.empty())
        throw Error(ErrorCode::io, "The project cannot be changed. " + read_only_reason, place.file.string(), "Save a copy where you may write.");
}

void Project::Impl::take_over() {
    constexpr double kPatience = 5;
    const bool wal = place.journal == Journal::wal;
    set_journal(*db, wal ? "wal" : "delete", kPatience);
    // In WAL mode NORMAL survives a killed program; a power cut can take back the last moments but never damages the file.
    db->execute(wal ? "PRAGMA synchronous=NORMAL" : "PRAGMA synchronous=FULL");
    db->execute("PRAGMA journal_size_limit=67108864");
    transact([&](sql::Database& d) {
        if (!wal)
            if (const auto others = other_leases(d, lease); !others.empty()) {
                read_only_reason = "It lies on a network file system and is open in " + describe(others.front()) + ".";
                return;
            }
        settle_runs_of_the_dead(d);
        take_lease(d, lease);
        sql::Statement(d, "INSERT INTO meta(key, value) VALUES('home', ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value WHERE value <> excluded.value")
            .bind(home_of(place.file))
            .run();
    });
    if (!read_only_reason.empty())
        return;
    ready = true;
    if (wal)
        return;
    heart = std::jthread([this](const std::stop_token& stop) {
        std::unique_lock lock(mutex);
        while (!heart_wake.wait_for(lock, stop, std::chrono::milliseconds(kBeatMs), [] { return false; }) && !stop.stop_requested()) {
            try {
                transact([&](sql::Database& d) { beat(d, lease); });
            } catch (const Error& error) {
                log(LogLevel::warning, "project", error.what());   // the next beat may succeed; others wait for several
            }
        }
    });
}

void Project::Impl::wrote() {
    ++commits;
    if (as_opened)
        as_opened->after_write();
}

void Project::Impl::require_alone(sql::Database& database, const char* doing) {
    if (const auto others = other_leases(database, lease); !others.empty())
        throw Error(ErrorCode::busy, std::string("The project is also open in ") + describe(others.front()) + ", so Lathe cannot " + doing + " it now.", place.file.string(),
            "Close it there, and try again.");
    if (database.integer("SELECT count(*) FROM run WHERE state IN ('queued', 'running')") > 0 && ready)
        throw Error(ErrorCode::busy, std::string("Runs are under way, so Lathe cannot ") + doing + " the project now.", place.file.string(),
            "Wait until they are done, or cancel them, and try again.");
}

void Project::Impl::close() noexcept {
    if (heart.joinable()) {
        heart.request_stop();
        heart.join();
    }
    const std::lock_guard lock(mutex);
    as_opened.reset();   // first: it holds a read transaction
    if (!db)
        return;
    try {
        if (ready) {
            transact([&](sql::Database& d) { drop_lease(d, lease); });
            db->busy_timeout(100);   // somebody else may go on with the project
            db->execute("PRAGMA wal_checkpoint(TRUNCATE)");
            set_journal(*db, "delete", 0);
        }
    } catch (const Error& error) {
        // Still open elsewhere: the last one to close it makes it one file. Anything else is healed by the next opening.
        if (error.code() != ErrorCode::busy)
            log(LogLevel::warning, "project", error.what());
    }
    db.reset();
}

Project::Project(std::unique_ptr<Impl> impl) : m_impl(std::move(impl)) {}
Project::~Project() { m_impl->close(); }

std::unique_ptr<Project> Project::create(const std::filesystem::path& file) {
    auto impl = std::make_unique<Impl>();
    impl->create(file);
    return std::unique_ptr<Project>(new Project(std::move(impl)));
}

std::unique_ptr<Project> Project::open(const std::filesystem::path& file, OpenMode mode) {
    auto impl = std::make_unique<Impl>();
    impl->open(file, mode, current_schema());
    return std::unique_ptr<Project>(new Project(std::move(impl)));
}

const std::filesystem::path& Project::file() const { return m_impl->place.file; }
std::string Project::read_only_reason() const {
    const std::lock_guard lock(m_impl->mutex);
    return m_impl->read_only_reason;
}
std::unique_ptr<ProjectReader> Project::reader() const { return std::make_unique<ProjectReader>(m_impl->place.file); }

void Project::check() const {
    sql::Database db(m_impl->place.file, m_impl->place.reading);
    sql::Statement statement(db, "PRAGMA integrity_check(10)");
    std::string found;
    while (statement.step())
        if (const auto line = statement.text(0); line != "ok")
            found += (found.empty() ? "" : "; ") + line;
    if (!found.empty())
        throw Error(ErrorCode::wrong_format, "The project file is damaged: " + found, db.file().string(),
            "Open a copy or a shared version made earlier. `sqlite3 FILE .recover` can save what is readable.");
}

std::int64_t Project::data_version() const {
    // Asked by the window's timer: while a transaction is under way the last answer is good enough.
    const std::unique_lock lock(m_impl->mutex, std::try_to_lock);
    if (lock.owns_lock())
        m_impl->seen_version = m_impl->db->cached_integer("PRAGMA data_version") + m_impl->commits;
    return m_impl->seen_version;
}

void Project::revert_to_as_opened() {
    auto& impl = *m_impl;
    const std::lock_guard lock(impl.mutex);
    impl.make_ready();
    impl.require_alone(*impl.db, "revert");
    impl.as_opened->restore(*impl.db);
    impl.metric_keys.clear();
    impl.transact([&](sql::Database& d) { take_lease(d, impl.lease); });
}

}
