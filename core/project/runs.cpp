// Rows of runs: adding them, their states, names, tags, the bin, and their end.
#include "core/base/time.h"
#include "core/base/uuid.h"
#include "core/project/flatten.h"
#include "core/project/project_impl.h"

namespace lathe {
namespace {

constexpr int kMetricsPerDelete = 20'000;   // about 20 ms

bool is_under_way(RunState state) { return state == RunState::queued || state == RunState::running; }

Json parsed(const std::string& text, const char* where) {
    if (text.empty())
        return nullptr;
    try {
        return parse_json(text, where);
    } catch (const Error&) {
        return nullptr;   // a damaged row: what is written over it is whole again
    }
}

}

RunHead run_head(sql::Database& db, RunId run) {
    auto& statement = db.cached("SELECT state, lane, owner FROM run WHERE id = ?");
    if (!statement.bind(run).step())
        throw Error(ErrorCode::not_found, "There is no run " + std::to_string(run) + " in the project.", db.file().string(), "It may have been removed for good; refresh the list.");
    RunHead head{RunState::interrupted, statement.text(1) == "live" ? Lane::live : Lane::batch, statement.text(2)};
    const std::string state = statement.text(0);
    statement.reset();
    try {
        head.state = run_state(state);
    } catch (const Error&) {
        // A foreign file may hold anything; such a run can be looked at and removed.
    }
    return head;
}

void require_mine(sql::Database& db, RunId run, const RunHead& head, const std::string& owner) {
    if (head.owner == owner || !is_under_way(head.state) || !is_owner_alive(head.owner, read_leases(db)))
        return;
    throw Error(ErrorCode::busy, "Run " + std::to_string(run) + " belongs to another program that is running it.", db.file().string(), "Stop it there, or wait until it has ended.");
}

void write_state(sql::Database& db, RunId run, RunState state, const Json& error) {
    const std::optional<std::string> error_text = error.is_null() ? std::nullopt : std::optional(json_text(error));
    if (state == RunState::running)
        db.cached("UPDATE run SET state = ?, started = coalesce(started, ?) WHERE id = ?").bind(name(state), now_ms(), run).run();
    else if (state == RunState::queued)
        db.cached("UPDATE run SET state = ? WHERE id = ?").bind(name(state), run).run();
    else
        db.cached("UPDATE run SET state = ?, finished = ?, error = coalesce(?, error) WHERE id = ?").bind(name(state), now_ms(), error_text, run).run();
}

void merge_environment(sql::Database& db, RunId run, const Json& members) {
    auto& statement = db.cached("SELECT env FROM run WHERE id = ?");
    Json environment = statement.bind(run).step() ? parsed(statement.text(0), "environment") : Json();
    statement.reset();
    if (!environment.is_object())
        environment = Json::object();
    environment.update(members);
    db.cached("UPDATE run SET env = ? WHERE id = ?").bind(json_text(environment), run).run();
}

void write_parameters(sql::Database& db, RunId run, const Json& params) {
    auto& statement = db.cached("INSERT OR REPLACE INTO param(run, path, num, txt) VALUES(?, ?, ?, ?)");
    for (const auto& row : flatten(params))
        statement.bind(run, row.path, row.number, row.text).run();
}

void settle_runs_of_the_dead(sql::Database& db) {
    struct Orphan { RunId run; std::string state; };
    std::vector<Orphan> orphans;
    const auto leases = read_leases(db);
    {
        sql::Statement statement(db, "SELECT id, state, owner FROM run WHERE state IN ('running', 'queued')");
        while (statement.step())
            if (!is_owner_alive(statement.text(2), leases))
                orphans.push_back({statement.integer(0), statement.text(1)});
    }
    for (const auto& [run, state] : orphans) {
        const bool ran = state == "running";
        const Json error = {{"code", name(ran ? ErrorCode::engine_lost : ErrorCode::cancelled)},
            {"what", ran ? "The program ended while the run was under way." : "The program ended before the run was started."},
            {"where", ""}, {"hint", ran ? "Run it again; a method that writes checkpoints goes on from the last one." : "Run it again."}};
        write_state(db, run, ran ? RunState::interrupted : RunState::cancelled, error);
        // An artifact that was being written: its bytes go with the next collect_discarded().
        sql::Statement(db, "UPDATE artifact SET run = 0 WHERE run = ? AND key = '' AND sha256 = ''").bind(run).run();
    }
}

RunId Project::add_run(const RunRequest& request, const std::string& title, const std::string& engine, const std::string& parent_uuid, SweepId sweep) {
    if (!request.uuid.empty() && !is_uuid(request.uuid))
        throw Error(ErrorCode::invalid_value, "\"" + request.uuid + "\" is not a uuid.", "run");
    if (!request.params.is_object())
        throw Error(ErrorCode::invalid_value, "The parameters of a run must be an object.", request.method);
    return m_impl->write([&](sql::Database& db) {
        const std::string uuid = request.uuid.empty() ? make_uuid() : request.uuid;
        if (sql::Statement known(db, "SELECT id FROM run WHERE uuid = ?"); known.bind(uuid).step())
            throw Error(ErrorCode::invalid_value, "The run " + uuid + " is in the project already.", db.file().string());
        Json taps;
        for (const auto& tap : request.taps)
            taps.push_back({{"id", tap.id}, {"params", tap.params}});
        Json asked = {{"threads", request.threads}};
        if (!request.resume.empty())
            asked["resume"] = request.resume;
        const std::string& parent = parent_uuid.empty() ? request.resume : parent_uuid;
        db.cached("INSERT INTO run(uuid, method, version, title, state, lane, pinned, seed, device, engine, env, params, taps, parent, sweep, owner, created, notes) "
                  "VALUES(?, ?, ?, ?, 'queued', ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '')")
            .bind(uuid, request.method, request.version, sql::clean_text(title), name(request.lane), request.seed, request.device, engine,
                json_text({{"request", asked}}), json_text(request.params), taps.is_null() ? std::nullopt : std::optional(json_text(taps)),
                parent.empty() ? std::nullopt : std::optional(parent), sweep ? std::optional(sweep) : std::nullopt, m_impl->owner, now_ms())
            .run();
        const RunId run = db.last_id();
        write_parameters(db, run, request.params);
        for (const auto& asset : request.assets) {
            db.cached("INSERT OR REPLACE INTO run_asset(run, role, asset) SELECT ?, ?, id FROM asset WHERE sha256 = ?").bind(run, asset.role, asset.sha256).run();
            if (db.changes() == 0)
                throw Error(ErrorCode::not_found, "The project does not know the " + asset.role + " with the hash " + asset.sha256 + ".", request.method,
                    "Add it to the project first.");
        }
        return run;
    });
}

void Project::set_state(RunId run, RunState state, const Json& error) {
    m_impl->write([&](sql::Database& db) {
        const auto head = run_head(db, run);
        require_mine(db, run, head, m_impl->owner);
        if (head.state == state && is_under_way(state))
            return;
        if (!is_legal(head.state, state))
            throw Error(ErrorCode::internal, "A run cannot go from " + std::string(name(head.state)) + " to " + std::string(name(state)) + ".", "run " + std::to_string(run));
        write_state(db, run, state, error);
    });
}

void Project::set_environment(RunId run, const Json& environment) {
    m_impl->write([&](sql::Database& db) {
        require_mine(db, run, run_head(db, run), m_impl->owner);
        merge_environment(db, run, environment);
    });
}

void Project::set_title(RunId run, const std::string& title) {
    m_impl->write([&](sql::Database& db) {
        run_head(db, run);
        db.cached("UPDATE run SET title = ? WHERE id = ?").bind(sql::clean_text(title), run).run();
    });
}

void Project::set_notes(RunId run, const std::string& notes) {
    m_impl->write([&](sql::Database& db) {
        run_head(db, run);
        db.cached("UPDATE run SET notes = ? WHERE id = ?").bind(sql::clean_text(notes), run).run();
    });
}

void Project::set_pinned(RunId run, bool pinned) {
    m_impl->write([&](sql::Database& db) {
        run_head(db, run);
        db.cached("UPDATE run SET pinned = ? WHERE id = ?").bind(pinned, run).run();
    });
}

void Project::set_tags(RunId run, const std::vector<std::string>& tags) {
    m_impl->write([&](sql::Database& db) {
        run_head(db, run);
        db.cached("DELETE FROM tag WHERE run = ?").bind(run).run();
        for (const auto& tag : tags)
            if (!tag.empty())
                db.cached("INSERT OR IGNORE INTO tag(run, tag) VALUES(?, ?)").bind(run, sql::clean_text(tag)).run();
    });
}

void Project::move_to_bin(std::span<const RunId> runs) {
    m_impl->write([&](sql::Database& db) {
        for (const RunId run : runs) {
            if (is_under_way(run_head(db, run).state))
                throw Error(ErrorCode::busy, "Run " + std::to_string(run) + " is under way.", db.file().string(), "Cancel it first.");
            db.cached("UPDATE run SET deleted = coalesce(deleted, ?) WHERE id = ?").bind(now_ms(), run).run();
        }
    });
}

void Project::restore_from_bin(std::span<const RunId> runs) {
    m_impl->write([&](sql::Database& db) {
        for (const RunId run : runs) {
            run_head(db, run);
            db.cached("UPDATE run SET deleted = NULL WHERE id = ?").bind(run).run();
        }
    });
}

void Project::empty_bin() {
    std::vector<RunId> runs;
    m_impl->write([&](sql::Database& db) {
        sql::Statement statement(db, "SELECT id FROM run WHERE deleted IS NOT NULL");
        while (statement.step())
            runs.push_back(statement.integer(0));
    });
    m_impl->erase_runs(runs);
}

void Project::trim_live(std::size_t keep, std::int64_t max_bytes) {
    if (const auto runs = reader()->live_beyond(keep, max_bytes); !runs.empty())
        m_impl->erase_runs(runs);
}

// Metrics go in slices, so that no transaction is long; the row itself goes last, so that a killed program leaves the run where it was.
void Project::Impl::erase_runs(const std::vector<RunId>& runs) {
    for (const RunId run : runs) {
        for (bool more = true; more;)
            more = write([&](sql::Database& db) {
                auto& edge = db.cached("SELECT key, step FROM metric WHERE run = ?1 ORDER BY key, step LIMIT 1 OFFSET ?2");
                const bool has_edge = edge.bind(run, kMetricsPerDelete).step();
                const std::int64_t key = has_edge ? edge.integer(0) : 0, step = has_edge ? edge.integer(1) : 0;
                edge.reset();
                if (has_edge)
                    db.cached("DELETE FROM metric WHERE run = ? AND (key, step) < (?, ?)").bind(run, key, step).run();
                else
                    db.cached("DELETE FROM metric WHERE run = ?").bind(run).run();
                return has_edge;
            });
        write([&](sql::Database& db) {
            auto& sweep = db.cached("SELECT sweep FROM run WHERE id = ?");
            const std::int64_t sweep_id = sweep.bind(run).step() ? sweep.integer(0) : 0;
            sweep.reset();
            if (sweep_id)
                db.cached("UPDATE sweep_cell SET run = NULL WHERE sweep = ? AND run = ?").bind(sweep_id, run).run();
            db.cached("UPDATE artifact SET run = 0 WHERE run = ?").bind(run).run();
            for (const char* statement : {"DELETE FROM metric_last WHERE run = ?", "DELETE FROM param WHERE run = ?", "DELETE FROM tag WHERE run = ?",
                     "DELETE FROM run_asset WHERE run = ?", "DELETE FROM log WHERE run = ?", "DELETE FROM run WHERE id = ?"})
                db.cached(statement).bind(run).run();
        });
    }
    collect_discarded();
}

void Project::Impl::collect_discarded() {
    for (bool more = true; more;)
        more = write([](sql::Database& db) {
            auto& first = db.cached("SELECT id FROM artifact WHERE run = 0 LIMIT 1");
            const bool found = first.step();
            const ArtifactId artifact = found ? first.integer(0) : 0;
            first.reset();
            if (!found)
                return false;
            db.cached("DELETE FROM chunk WHERE rowid = (SELECT rowid FROM chunk WHERE owner_kind = 'artifact' AND owner = ? LIMIT 1)").bind(artifact).run();
            if (db.changes() == 0)
                db.cached("DELETE FROM artifact WHERE id = ?").bind(artifact).run();
            return true;
        });
}

}
