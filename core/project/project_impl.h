#pragma once
// Inside of Project, shared by the files that implement it.
#include "core/base/error.h"
#include "core/project/as_opened.h"
#include "core/project/lease.h"
#include "core/project/place.h"
#include "core/project/project.h"
#include "core/project/schema.h"
#include "core/project/sqlite.h"
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <type_traits>
#include <unordered_map>

namespace lathe {

struct Project::Impl {
    Place place;
    const std::string lease = make_lease_name();
    const std::string owner = text(this_process());   ///< of the runs added here
    std::string read_only_reason;
    bool ready = false;              ///< checked if it came from elsewhere, lease taken, journal chosen
    std::mutex mutex;                ///< around db and everything below
    std::unique_ptr<sql::Database> db;
    std::unique_ptr<AsOpened> as_opened;
    std::unordered_map<std::string, std::int64_t> metric_keys;
    std::int64_t commits = 0;
    std::atomic<std::int64_t> seen_version{0};
    std::condition_variable_any heart_wake;
    std::jthread heart;              ///< renews the lease on network file systems

    static std::string make_lease_name();

    /// Runs `work(db)` in one immediate transaction, under the mutex. Throws Error(io) if the project may only be read.
    template <class Work> auto write(Work&& work) {
        const std::lock_guard lock(mutex);
        return write_locked(std::forward<Work>(work));
    }
    template <class Work> auto write_locked(Work&& work) {
        make_ready();
        as_opened->before_write();
        return transact(std::forward<Work>(work));
    }
    template <class Work> auto transact(Work&& work) {
        try {
            sql::Transaction transaction(*db);
            if constexpr (std::is_void_v<std::invoke_result_t<Work, sql::Database&>>) {
                work(*db);
                transaction.commit();
                wrote();
            } else {
                auto result = work(*db);
                transaction.commit();
                wrote();
                return result;
            }
        } catch (...) {
            metric_keys.clear();   // ids made in the transaction are gone
            throw;
        }
    }

    void open(const std::filesystem::path& file, OpenMode mode, const Schema& schema);
    void create(const std::filesystem::path& file);
    void close() noexcept;
    void make_ready();                     ///< the first write to a project that came from elsewhere checks it first
    void take_over();                      ///< journal, lease, runs of the dead
    void wrote();
    void require_alone(sql::Database& database, const char* doing);   ///< Error(busy) if others have it open, or own runs are under way
    void erase_runs(const std::vector<RunId>& runs);
    void collect_discarded();              ///< bytes of discarded artifacts, one chunk a transaction
};

/// Runs of dead owners: running becomes interrupted, queued becomes cancelled.
void settle_runs_of_the_dead(sql::Database& db);

/// Names this copy of the file on this computer. A project whose meta "home" says something else came from elsewhere.
std::string home_of(const std::filesystem::path& file);

/// State and owner of a run, for checks inside a transaction. Throws Error(not_found).
struct RunHead { RunState state; Lane lane; std::string owner; };
RunHead run_head(sql::Database& db, RunId run);
/// Throws Error(busy) if the run is under way in another process.
void require_mine(sql::Database& db, RunId run, const RunHead& head, const std::string& owner);
/// Writes state, times and error; the transition has been checked.
void write_state(sql::Database& db, RunId run, RunState state, const Json& error);
/// Adds members to the environment of a run.
void merge_environment(sql::Database& db, RunId run, const Json& members);
/// Parameters of a run as rows of `param`.
void write_parameters(sql::Database& db, RunId run, const Json& params);

}
