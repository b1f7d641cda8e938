// Events of a run -> rows.
#include "core/base/hash.h"
#include "core/base/time.h"
#include "core/project/chunk.h"
#include "core/project/project_impl.h"
#include <algorithm>
#include <cmath>
#include <limits>

namespace lathe {
namespace {

constexpr std::size_t kMaxLogText = 64 << 10;
constexpr std::size_t kMaxName = 200;

// An artifact on its way into the file. Large ones have their chunks in place already, under a row that nobody sees.
struct Prepared {
    const Artifact* artifact = nullptr;
    std::string sha256;
    ArtifactId staged = 0;
};

Artifact checkpoint_artifact(const event::Checkpoint& checkpoint) {
    Artifact artifact;
    artifact.key = "checkpoint";
    artifact.kind = "state";
    artifact.media = "application/x-safetensors";
    artifact.bytes = checkpoint.bytes;
    return artifact;
}

void check_stored(const Artifact& artifact) {
    if (!artifact.bytes)
        throw Error(ErrorCode::internal, "The artifact " + artifact.key + " has no bytes.", "project");
    if (artifact.key.empty() || artifact.key.size() > kMaxName)
        throw Error(ErrorCode::invalid_value, "The name of an artifact has 1 to 200 letters.", artifact.key.substr(0, kMaxName));
    if (artifact.media.starts_with("raw/"))
        throw Error(ErrorCode::internal, "The artifact " + artifact.key + " is not in its stored form.", artifact.media, "Give the RunWriter an encoder.");
}

Json meta_of(const Artifact& artifact) {
    Json meta = artifact.meta.is_object() ? artifact.meta : Json::object();
    if (!artifact.shape.empty())
        meta["shape"] = artifact.shape;
    if (!artifact.dtype.empty())
        meta["dtype"] = artifact.dtype;
    return meta;
}

struct Summary {
    double last = std::numeric_limits<double>::quiet_NaN();
    double min = std::numeric_limits<double>::infinity(), max = -std::numeric_limits<double>::infinity();
    std::int64_t n = 0;
    bool replaced = false;   ///< points that were there already: min, max and n must be made anew

    void add(double value) {
        last = value;
        ++n;
        if (!std::isnan(value)) {
            min = std::min(min, value);
            max = std::max(max, value);
        }
    }
    bool has_range() const { return min <= max; }
};

class Recorder {
public:
    Recorder(sql::Database& db, std::unordered_map<std::string, std::int64_t>& keys, RunId run, RunState state, bool& discarded)
        : m_db(db), m_keys(keys), m_run(run), m_state(state), m_discarded(discarded) {}

    void operator()(const event::Started& started) {
        enter(RunState::running);
        if (!started.environment.is_object())
            return;
        Json environment = started.environment;
        // The engine has completed them with what it knows of the model: the row says what was run.
        if (const auto params = environment.find("params"); params != environment.end()) {
            if (params->is_object())
                replace_parameters(*params);
            environment.erase(params);
        }
        merge_environment(m_db, m_run, environment);
    }
    void operator()(const event::Progress&) {}
    void operator()(const event::Metrics& metrics);
    void operator()(const event::ArtifactMade&) { store_next(); }
    void operator()(const event::Checkpoint&) { store_next(); }
    void operator()(const event::LogLine& line) {
        auto& last = m_db.cached("SELECT coalesce(max(seq), 0) + 1 FROM log WHERE run = ?");
        last.bind(m_run).step();
        const std::int64_t seq = last.integer(0);
        last.reset();
        m_db.cached("INSERT INTO log(run, seq, t, level, text) VALUES(?, ?, ?, ?, ?)")
            .bind(m_run, seq, now_ms(), sql::clean_text(line.level.substr(0, kMaxName)), sql::clean_text(line.text.substr(0, kMaxLogText)))
            .run();
    }
    void operator()(const event::Finished& finished) {
        Json members = {{"seconds", number_json(finished.seconds)}};
        if (!finished.summary.is_null())
            members["summary"] = finished.summary;
        merge_environment(m_db, m_run, members);
        end(RunState::finished);
    }
    void operator()(const event::Failed& failed) {
        end(RunState::failed, {{"code", name(failed.code)}, {"what", failed.what}, {"where", failed.where}, {"hint", failed.hint}});
    }
    void operator()(const event::Cancelled& cancelled) {
        merge_environment(m_db, m_run, {{"seconds", number_json(cancelled.seconds)}});
        if (m_state == RunState::queued)
            write_state(m_db, m_run, m_state = RunState::cancelled, nullptr);
        else
            end(RunState::cancelled);
    }
    void operator()(const event::Paused& paused) {
        merge_environment(m_db, m_run, {{"seconds", number_json(paused.seconds)}});
        end(RunState::paused);
    }

    std::vector<Prepared> prepared;   ///< of the artifacts to come, in their order
    std::size_t next = 0;
    bool is_over() const { return m_state != RunState::queued && m_state != RunState::running; }

private:
    void replace_parameters(const Json& params) {
        m_db.cached("UPDATE run SET params = ? WHERE id = ?").bind(json_text(params), m_run).run();
        m_db.cached("DELETE FROM param WHERE run = ?").bind(m_run).run();
        write_parameters(m_db, m_run, params);
    }
    void enter(RunState state) {
        if (m_state != state)
            write_state(m_db, m_run, m_state = state, nullptr);
    }
    // An engine may refuse a run before it has started: such a run ran for no time.
    void end(RunState state, const Json& error = nullptr) {
        enter(RunState::running);
        write_state(m_db, m_run, m_state = state, error);
    }
    std::int64_t key_id(const std::string& key);
    void write_summary(std::int64_t key, const Summary& summary);
    void store_next();

    sql::Database& m_db;
    std::unordered_map<std::string, std::int64_t>& m_keys;
    const RunId m_run;
    RunState m_state;
    bool& m_discarded;
};

std::int64_t Recorder::key_id(const std::string& key) {
    if (const auto known = m_keys.find(key); known != m_keys.end())
        return known->second;
    if (key.empty() || key.size() > kMaxName)
        throw Error(ErrorCode::invalid_value, "The name of a metric has 1 to 200 letters.", key.substr(0, kMaxName));
    m_db.cached("INSERT OR IGNORE INTO metric_key(name, unit, better) VALUES(?, '', '')").bind(sql::clean_text(key)).run();
    auto& statement = m_db.cached("SELECT id FROM metric_key WHERE name = ?");
    const std::int64_t id = statement.bind(sql::clean_text(key)).step() ? statement.integer(0) : 0;
    statement.reset();
    return m_keys[key] = id;
}

void Recorder::operator()(const event::Metrics& metrics) {
    std::vector<std::int64_t> ids;
    ids.reserve(metrics.keys.size());
    for (const auto& key : metrics.keys)
        ids.push_back(key_id(key));
    std::vector<Summary> summaries(ids.size());
    auto& insert = m_db.cached("INSERT OR IGNORE INTO metric(run, key, step, t, value) VALUES(?, ?, ?, ?, ?)");
    auto& replace = m_db.cached("UPDATE metric SET t = ?, value = ? WHERE run = ? AND key = ? AND step = ?");
    for (const auto& point : metrics.points) {
        if (point.key >= ids.size())
            throw Error(ErrorCode::invalid_value, "A metric point names key " + std::to_string(point.key) + " of " + std::to_string(ids.size()) + ".", "metrics");
        auto& summary = summaries[point.key];
        insert.bind(m_run, ids[point.key], point.step, point.time, point.value).run();
        if (m_db.changes() == 0) {
            replace.bind(point.time, point.value, m_run, ids[point.key], point.step).run();
            summary.replaced = true;
        }
        summary.add(point.value);
    }
    for (std::size_t i = 0; i < ids.size(); ++i)
        if (summaries[i].n > 0)
            write_summary(ids[i], summaries[i]);
}

void Recorder::write_summary(std::int64_t key, const Summary& summary) {
    if (summary.replaced) {
        m_db.cached("INSERT OR REPLACE INTO metric_last(run, key, last, min, max, n) SELECT ?1, ?2, ?3, min(value), max(value), count(*) FROM metric WHERE run = ?1 AND key = ?2")
            .bind(m_run, key, summary.last)
            .run();
        return;
    }
    const auto range = [&](double value) { return summary.has_range() ? std::optional(value) : std::nullopt; };
    m_db.cached("INSERT INTO metric_last(run, key, last, min, max, n) VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT(run, key) DO UPDATE SET last = excluded.last, "
                "min = coalesce(min(min, excluded.min), min, excluded.min), max = coalesce(max(max, excluded.max), max, excluded.max), n = n + excluded.n")
        .bind(m_run, key, summary.last, range(summary.min), range(summary.max), summary.n)
        .run();
}

void Recorder::store_next() {
    const Prepared item = prepared.at(next++);
    const Artifact* artifact = item.artifact;
    if (!artifact)
        return;   // a preview
    const std::string key = sql::clean_text(artifact->key);
    m_db.cached("UPDATE artifact SET run = 0 WHERE run = ? AND key = ? AND step = ?").bind(m_run, key, artifact->step).run();
    m_discarded = m_discarded || m_db.changes() > 0;
    const auto size = static_cast<std::int64_t>(artifact->bytes->size());
    const auto meta = json_text(meta_of(*artifact));
    if (item.staged) {
        m_db.cached("UPDATE artifact SET key = ?, step = ?, kind = ?, media = ?, meta = ?, size = ?, sha256 = ? WHERE id = ?")
            .bind(key, artifact->step, artifact->kind, artifact->media, meta, size, item.sha256, item.staged)
            .run();
        return;
    }
    m_db.cached("INSERT INTO artifact(run, key, step, kind, media, meta, size, sha256) VALUES(?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(m_run, key, artifact->step, artifact->kind, artifact->media, meta, size, item.sha256)
        .run();
    if (size > 0)
        put_chunk(m_db, kArtifactChunks, m_db.last_id(), 0, *artifact->bytes);
}

// The chunks of a large artifact, one transaction each.
ArtifactId stage(Project::Impl& project, RunId run, std::string_view bytes) {
    const ArtifactId id = project.write([&](sql::Database& db) {
        db.cached("INSERT INTO artifact(run, key, step, kind, media, meta, size, sha256) VALUES(?, '', 0, '', '', NULL, 0, '')").bind(run).run();
        return db.last_id();
    });
    for (std::size_t seq = 0; seq * kChunkBytes < bytes.size(); ++seq)
        project.write([&](sql::Database& db) { put_chunk(db, kArtifactChunks, id, static_cast<std::int64_t>(seq), bytes.substr(seq * kChunkBytes, kChunkBytes)); });
    return id;
}

void discard_staged(Project::Impl& project, const std::vector<Prepared>& prepared) {
    bool any = false;
    for (const auto& item : prepared)
        if (item.staged) {
            project.write([&](sql::Database& db) { db.cached("UPDATE artifact SET run = 0 WHERE id = ?").bind(item.staged).run(); });
            any = true;
        }
    if (any)
        project.collect_discarded();
}

}

void Project::record(RunId run, std::span<const RunEvent> events) {
    auto& impl = *m_impl;
    std::vector<Artifact> checkpoints;   // Prepared points into it
    checkpoints.reserve(static_cast<std::size_t>(std::ranges::count_if(events, [](const RunEvent& e) { return std::holds_alternative<event::Checkpoint>(e.body); })));
    std::vector<Prepared> prepared;
    for (const auto& event : events) {
        const Artifact* artifact = nullptr;
        if (const auto* made = std::get_if<event::ArtifactMade>(&event.body))
            artifact = &made->artifact;
        else if (const auto* checkpoint = std::get_if<event::Checkpoint>(&event.body))
            artifact = &checkpoints.emplace_back(checkpoint_artifact(*checkpoint));
        else
            continue;
        if (artifact->preview) {
            prepared.push_back({});
            continue;
        }
        check_stored(*artifact);
        prepared.push_back({artifact, sha256_hex(*artifact->bytes), 0});
    }
    bool discarded = false;
    try {
        for (auto& item : prepared)
            if (item.artifact && item.artifact->bytes->size() > kChunkBytes)
                item.staged = stage(impl, run, *item.artifact->bytes);
        impl.write([&](sql::Database& db) {
            const auto head = run_head(db, run);
            require_mine(db, run, head, impl.owner);
            Recorder recorder(db, impl.metric_keys, run, head.state, discarded);
            recorder.prepared = prepared;
            for (const auto& event : events) {
                if (recorder.is_over())
                    break;
                std::visit(recorder, event.body);
            }
            // What came after the end of the run was written for nothing.
            for (; recorder.next < prepared.size(); ++recorder.next)
                if (const auto staged = prepared[recorder.next].staged) {
                    db.cached("UPDATE artifact SET run = 0 WHERE id = ?").bind(staged).run();
                    discarded = true;
                }
        });
    } catch (...) {
        try {
            discard_staged(impl, prepared);
        } catch (const Error&) {
            // The disk is full, say: these rows are found again when the run has ended.
        }
        throw;
    }
    if (discarded)
        impl.collect_discarded();
}

void Project::set_metric_info(const std::string& key, const std::string& unit, const std::string& better) {
    m_impl->write([&](sql::Database& db) {
        db.cached("INSERT INTO metric_key(name, unit, better) VALUES(?, ?, ?) ON CONFLICT(name) DO UPDATE SET unit = excluded.unit, better = excluded.better")
            .bind(sql::clean_text(key), sql::clean_text(unit), better)
            .run();
    });
}

}
