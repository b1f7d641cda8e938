#pragma once
// Who has a project open for writing: one row a Project object. On a local disk a row is alive as long as its process is; a row of another host
// (network file systems) as long as its beat is fresh.
#include "core/base/process.h"
#include "core/project/sqlite.h"
#include <string>
#include <vector>

namespace lathe {

struct LeaseRow {
    std::string owner;      ///< uuid of the Project object
    ProcessId process;
    std::int64_t beat = 0;  ///< ms
};

inline constexpr std::int64_t kBeatMs = 30'000;         ///< how often a lease is renewed where others cannot look at our process
inline constexpr std::int64_t kBeatFreshMs = 120'000;

/// Alive: the process runs here, or its host has beaten lately.
bool is_alive(const LeaseRow& lease);
/// The same for the owner of a run. Without a fresh lease, a run of another host is taken for dead.
bool is_owner_alive(const std::string& run_owner, const std::vector<LeaseRow>& leases);

std::vector<LeaseRow> read_leases(sql::Database& db);
/// These run inside a transaction of the caller.
void take_lease(sql::Database& db, const std::string& owner);        ///< rows of the dead go
void beat(sql::Database& db, const std::string& owner);
void drop_lease(sql::Database& db, const std::string& owner);
/// Live rows of others.
std::vector<LeaseRow> other_leases(sql::Database& db, const std::string& owner);
/// "lathe on desk7, process 4711" for messages.
std::string describe(const LeaseRow& lease);

}
