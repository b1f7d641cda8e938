#include "core/project/lease.h"

#include "core/base/error.h"
#include "core/base/time.h"
#include <cstdlib>

namespace lathe {

bool is_alive(const LeaseRow& lease) {
    const auto age = now_ms() - lease.beat;
    if (lease.process.host != this_process().host)
        return age >= -kBeatFreshMs && age < kBeatFreshMs;   // clocks of two hosts differ a little
    return is_alive(lease.process);
}

bool is_owner_alive(const std::string& run_owner, const std::vector<LeaseRow>& leases) {
    ProcessId process;
    try {
        process = process_id_from(run_owner);
    } catch (const Error&) {
        return false;   // a foreign file may hold anything there
    }
    if (process.host == this_process().host)
        return is_alive(process);
    for (const auto& lease : leases)
        if (lease.process == process && is_alive(lease))
            return true;
    return false;
}

std::vector<LeaseRow> read_leases(sql::Database& db) {
    constexpr int kMost = 1000;
    std::vector<LeaseRow> rows;
    sql::Statement statement(db, "SELECT owner, host, pid, pid_start, boot_id, beat FROM lease LIMIT ?1");
    statement.bind(kMost);
    while (statement.step())
        rows.push_back({statement.text(0), {statement.text(1), statement.text(4), statement.integer(2), statement.integer(3)}, statement.integer(5)});
    return rows;
}

void take_lease(sql::Database& db, const std::string& owner) {
    for (const auto& row : read_leases(db))
        if (!is_alive(row))
            drop_lease(db, row.owner);
    const auto me = this_process();
    sql::Statement(db, "INSERT OR REPLACE INTO lease(owner, host, pid, pid_start, boot_id, beat) VALUES(?, ?, ?, ?, ?, ?)")
        .bind(owner, me.host, me.pid, me.start, me.boot_id, now_ms())
        .run();
}

void beat(sql::Database& db, const std::string& owner) { sql::Statement(db, "UPDATE lease SET beat = ? WHERE owner = ?").bind(now_ms(), owner).run(); }

void drop_lease(sql::Database& db, const std::string& owner) { sql::Statement(db, "DELETE FROM lease WHERE owner = ?").bind(owner).run(); }

std::vector<LeaseRow> other_leases(sql::Database& db, const std::string& owner) {
    std::vector<LeaseRow> others;
    for (auto& row : read_leases(db))
        if (row.owner != owner && is_alive(row))
            others.push_back(std::move(row));
    return others;
}

std::string describe(const LeaseRow& lease) { return "process " + std::to_string(lease.process.pid) + " on " + lease.process.host; }

}
