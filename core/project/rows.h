#pragma once
// Rows as they come out of a project, and the query language of the runs table.
#include "core/method/run.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lathe {

using RunId = std::int64_t;
using ArtifactId = std::int64_t;
using AssetId = std::int64_t;
using SweepId = std::int64_t;

struct RunRow {
    RunId id = 0;
    std::string uuid, method, title, engine, device, notes, parent, owner;
    int version = 1;
    RunState state = RunState::queued;
    Lane lane = Lane::batch;
    bool pinned = false, deleted = false;
    std::int64_t seed = 0, created = 0, started = 0, finished = 0;   ///< ms; 0: not yet
    SweepId sweep = 0;
    Json params, environment, taps, error;                           ///< null where absent; environment also has "request", "seconds" and "summary" of the run
    std::vector<std::string> tags;
    std::vector<AssetRef> assets;
    std::string damage;                                              ///< not empty: something of this row could not be read, and what
    RunRequest request() const;                                      ///< to run it again (new uuid)
};
struct MetricSummary { std::string key, unit, better; double last = 0, min = 0, max = 0; std::int64_t n = 0; };
struct Series { std::vector<double> step, time, value; };            ///< value NaN where it was NaN
struct ArtifactRow { ArtifactId id = 0; RunId run = 0; std::string key, kind, media, sha256; std::int64_t step = 0, size = 0; Json meta; };
struct LogRow { std::int64_t time = 0; std::string level, text; };
struct AssetRow { AssetId id = 0; std::string sha256, kind, name, rel_path, hint, family; std::int64_t size = 0; bool embedded = false; };
struct SweepRow { SweepId id = 0; std::string uuid, state; Json spec; std::int64_t total = 0, done = 0, failed = 0; };
struct SnapshotRow { std::int64_t id = 0, created = 0; std::string name; Json state; };
struct Storage { std::int64_t file_bytes = 0, artifact_bytes = 0, metric_bytes = 0, asset_bytes = 0, live_bytes = 0, bin_bytes = 0, free_bytes = 0; };

/// "method:delta_cache.sample and speedup > 1.3 and tag:paper and not state:failed and cache.interval = 2 and \"boot\"".
/// Names: method, state, tag, lane, device, engine, title, notes, seed, sweep, pinned, created/started (ISO date or 3d, 2h ago), any parameter path
/// (param.x or x) and any metric key (metric.x or x; last value; .min/.max). A bare word or quoted text searches title, notes, method and tags.
/// Operators: : = != < <= > >= ~ (contains); and, or, not, parentheses. Numbers compare as numbers (1e-3 = 0.001).
/// A bare name as a condition of its own is a text; numbers, "inf" and "nan" (has no last value) compare with metrics and numeric parameters.
struct QueryError { std::size_t begin = 0, end = 0; std::string text; };   ///< bytes of the query to underline; empty text: no error
struct RunQuery {
    std::string where;                    ///< SQL made by compile_query, with bound values
    std::vector<Json> bind;
    std::vector<std::pair<std::string, bool>> sort;   ///< (column, parameter or metric name; ascending); empty: newest first
    bool bin = false;                     ///< runs in the bin instead
    std::optional<Lane> lane;
};
/// Never throws: a wrong query gives the error and an empty `where`.
RunQuery compile_query(std::string_view text, QueryError* error);
/// For completion: what may stand instead of the word at `position` (bytes). `names`: parameter paths and metric keys of the project, and values
/// as "tag:paper", "method:delta_cache.sample".
std::vector<std::string> complete_query(std::string_view text, std::size_t position, const std::vector<std::string>& names);

}
