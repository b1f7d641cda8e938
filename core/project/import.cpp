// A run of another project, with all that belongs to it.
#include "core/base/uuid.h"
#include "core/project/chunk.h"
#include "core/project/project_impl.h"
#include <algorithm>

namespace lathe {
namespace {

std::optional<std::string> json_column(const Json& json) { return json.is_null() ? std::nullopt : std::optional(json_text(json)); }
// Steps travel as double, which is exact up to 2^53; in a foreign file they may be anything.
std::int64_t step_of(double step) { return static_cast<std::int64_t>(std::clamp(step, -9.2e18, 9.2e18)); }
std::optional<std::int64_t> time_column(std::int64_t ms) { return ms ? std::optional(ms) : std::nullopt; }

RunId import_row(sql::Database& db, const RunRow& row, const std::string& owner) {
    // What was under way there is not under way here.
    const bool unfinished = row.state == RunState::running || row.state == RunState::queued;
    db.cached("INSERT INTO run(uuid, method, version, title, state, lane, pinned, seed, device, engine, env, params, taps, error, parent, owner, created, started, finished, notes) "
              "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(row.uuid, row.method, row.version, row.title, name(unfinished ? RunState::interrupted : row.state), name(row.lane), row.pinned, row.seed, row.device, row.engine,
            json_column(row.environment), json_text(row.params.is_object() ? row.params : Json::object()), json_column(row.taps), json_column(row.error),
            row.parent.empty() ? std::nullopt : std::optional(row.parent), owner, row.created, time_column(row.started), time_column(row.finished), row.notes)
        .run();
    const RunId run = db.last_id();
    write_parameters(db, run, row.params);
    for (const auto& tag : row.tags)
        db.cached("INSERT OR IGNORE INTO tag(run, tag) VALUES(?, ?)").bind(run, tag).run();
    return run;
}

void import_metrics(sql::Database& db, RunId to, const ProjectReader& from, RunId run) {
    auto& insert = db.cached("INSERT OR IGNORE INTO metric(run, key, step, t, value) VALUES(?, ?, ?, ?, ?)");
    for (const auto& metric : from.metrics(run)) {
        db.cached("INSERT OR IGNORE INTO metric_key(name, unit, better) VALUES(?, ?, ?)").bind(metric.key, metric.unit, metric.better).run();
        auto& find = db.cached("SELECT id FROM metric_key WHERE name = ?");
        const std::int64_t key = find.bind(metric.key).step() ? find.integer(0) : 0;
        find.reset();
        const auto series = from.series(run, metric.key);
        for (std::size_t i = 0; i < series.step.size(); ++i)
            insert.bind(to, key, step_of(series.step[i]), series.time[i], series.value[i]).run();
        // Made from the points: the summary of a foreign file may be anything.
        db.cached("INSERT OR REPLACE INTO metric_last(run, key, last, min, max, n) SELECT ?1, ?2, (SELECT value FROM metric WHERE run = ?1 AND key = ?2 ORDER BY step DESC LIMIT 1), "
                  "min(value), max(value), count(*) FROM metric WHERE run = ?1 AND key = ?2")
            .bind(to, key)
            .run();
    }
}

void import_artifacts(sql::Database& db, RunId to, const ProjectReader& from, RunId run) {
    for (const auto& artifact : from.artifacts(run)) {
        const std::string bytes = from.artifact_bytes(artifact.id);   // throws if it is damaged
        db.cached("INSERT INTO artifact(run, key, step, kind, media, meta, size, sha256) VALUES(?, ?, ?, ?, ?, ?, ?, ?)")
            .bind(to, artifact.key, artifact.step, artifact.kind, artifact.media, json_column(artifact.meta), static_cast<std::int64_t>(bytes.size()), artifact.sha256)
            .run();
        const ArtifactId id = db.last_id();
        for (std::size_t seq = 0; seq * kChunkBytes < bytes.size(); ++seq)
            put_chunk(db, kArtifactChunks, id, static_cast<std::int64_t>(seq), std::string_view(bytes).substr(seq * kChunkBytes, kChunkBytes));
    }
}

}

RunId Project::import_run(const ProjectReader& from, RunId run) {
    const RunRow row = from.run(run);
    if (!is_uuid(row.uuid))
        throw Error(ErrorCode::wrong_format, "The run has no proper uuid.", "run " + std::to_string(run), "The project it comes from is damaged.");
    return m_impl->write([&](sql::Database& db) {
        if (sql::Statement known(db, "SELECT id FROM run WHERE uuid = ?"); known.bind(row.uuid).step())
            return known.integer(0);
        const RunId imported = import_row(db, row, m_impl->owner);
        import_metrics(db, imported, from, run);
        import_artifacts(db, imported, from, run);
        std::int64_t seq = 0;
        for (const auto& line : from.log(run))
            db.cached("INSERT INTO log(run, seq, t, level, text) VALUES(?, ?, ?, ?, ?)").bind(imported, ++seq, line.time, line.level, line.text).run();
        for (const auto& [role, asset] : from.assets_of(run)) {
            db.cached("INSERT OR IGNORE INTO asset(sha256, kind, name, size, rel_path, hint, family) VALUES(?, ?, ?, ?, ?, ?, ?)")
                .bind(asset.sha256, asset.kind, asset.name, asset.size, asset.rel_path, asset.hint, asset.family)
                .run();
            db.cached("INSERT OR IGNORE INTO run_asset(run, role, asset) SELECT ?, ?, id FROM asset WHERE sha256 = ?").bind(imported, role, asset.sha256).run();
        }
        return imported;
    });
}

}
