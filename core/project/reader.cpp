// Reading what belongs to runs: metrics, artifacts, logs, assets; and what else a project keeps. Rows of runs: reader_runs.cpp.
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/project/chunk.h"
#include "core/project/reader_impl.h"
#include "core/project/schema.h"
#include <algorithm>
#include <cmath>
#include <limits>

namespace lathe {
namespace {

Json json_of(const std::string& text, const char* where) {
    if (text.empty())
        return nullptr;
    try {
        return parse_json(text, where);
    } catch (const Error& error) {
        log(LogLevel::warning, "project", error.what());
        return nullptr;
    }
}

MetricSummary summary_of(const sql::Statement& row, int first) {
    return {row.text(first), row.text(first + 1), row.text(first + 2), row.real(first + 3), row.real(first + 4), row.real(first + 5), row.integer(first + 6)};
}

AssetRow asset_of(const sql::Statement& row, int first) {
    AssetRow asset;
    asset.id = row.integer(first);
    asset.sha256 = row.text(first + 1);
    asset.kind = row.text(first + 2);
    asset.name = row.text(first + 3);
    asset.size = row.integer(first + 4);
    asset.rel_path = row.text(first + 5);
    asset.hint = row.text(first + 6);
    asset.family = row.text(first + 7);
    asset.embedded = row.integer(first + 8) != 0;
    return asset;
}
constexpr const char* kAssetColumns =
    "a.id, a.sha256, a.kind, a.name, a.size, a.rel_path, a.hint, a.family, EXISTS(SELECT 1 FROM chunk c WHERE c.owner_kind = 'asset' AND c.owner = a.id)";

// Down-sampling that keeps the peaks: of every bucket the smallest and the largest value, in the order of their steps.
class Buckets {
public:
    Buckets(std::int64_t points, std::size_t max_points, Series& out)
        : m_out(out) {
        const auto buckets = static_cast<std::int64_t>(std::max<std::size_t>(1, max_points / 2));
        m_size = std::max<std::int64_t>(1, points / buckets + (points % buckets != 0 ? 1 : 0));   // a damaged file may say any number of points
    }
    void add(double step, double time, double value) {
        const Point point{step, time, value};
        if (m_count == 0) {
            m_low = m_high = point;
        } else if (!std::isnan(value)) {
            if (std::isnan(m_low.value) || value < m_low.value)
                m_low = point;
            if (std::isnan(m_high.value) || value > m_high.value)
                m_high = point;
        }
        if (++m_count == m_size)
            end();
    }
    void end() {
        if (m_count == 0)
            return;
        const bool low_first = m_low.step <= m_high.step;
        put(low_first ? m_low : m_high);
        if (m_low.step < m_high.step || m_high.step < m_low.step)
            put(low_first ? m_high : m_low);
        m_count = 0;
    }
private:
    struct Point { double step = 0, time = 0, value = 0; };
    void put(const Point& point) {
        m_out.step.push_back(point.step);
        m_out.time.push_back(point.time);
        m_out.value.push_back(point.value);
    }
    std::int64_t m_size = 1;
    Series& m_out;
    std::int64_t m_count = 0;
    Point m_low, m_high;
};

std::vector<std::string> texts(sql::Database& db, const char* sql) {
    std::vector<std::string> out;
    sql::Statement statement(db, sql);
    while (statement.step())
        out.push_back(statement.text(0));
    return out;
}

}

ProjectReader::ProjectReader(const std::filesystem::path& file) : m_impl(std::make_unique<Impl>()) {
    m_impl->file = file;
    m_impl->place = place_of(file);
    m_impl->db = std::make_unique<sql::Database>(m_impl->place.file, m_impl->place.reading);
    if (check_schema(*m_impl->db, current_schema()) == FileVersion::older)
        throw Error(ErrorCode::version, "The project was made by an older version of Lathe.", file.string(), "Open it once for writing, which upgrades it.");
}
ProjectReader::~ProjectReader() = default;

const std::filesystem::path& ProjectReader::file() const { return m_impl->file; }

std::int64_t ProjectReader::data_version() const { return m_impl->db->cached_integer("PRAGMA data_version"); }

std::vector<MetricSummary> ProjectReader::metrics(RunId run) const {
    std::vector<MetricSummary> out;
    sql::Statement statement(*m_impl->db, "SELECT k.name, k.unit, k.better, m.last, m.min, m.max, m.n FROM metric_last m JOIN metric_key k ON k.id = m.key WHERE m.run = ? ORDER BY k.name");
    statement.bind(run);
    while (statement.step())
        out.push_back(summary_of(statement, 0));
    return out;
}

std::map<RunId, std::vector<MetricSummary>> ProjectReader::metrics(std::span<const RunId> runs) const {
    std::map<RunId, std::vector<MetricSummary>> out;
    for (const RunId run : runs)
        out[run] = metrics(run);
    return out;
}

Series ProjectReader::series(RunId run, std::string_view key, std::size_t max_points) const {
    Series out;
    sql::Statement find(*m_impl->db, "SELECT k.id, coalesce(m.n, 0) FROM metric_key k LEFT JOIN metric_last m ON m.key = k.id AND m.run = ?1 WHERE k.name = ?2");
    if (!find.bind(run, key).step())
        return out;
    const std::int64_t id = find.integer(0);
    std::int64_t points = find.integer(1);
    find.reset();
    sql::Statement rows(*m_impl->db, "SELECT step, t, value FROM metric WHERE run = ? AND key = ? ORDER BY step");
    rows.bind(run, id);
    if (max_points == 0 || points <= static_cast<std::int64_t>(max_points)) {
        while (rows.step()) {
            out.step.push_back(rows.real(0));
            out.time.push_back(rows.real(1));
            out.value.push_back(rows.real(2));
        }
        return out;
    }
    Buckets buckets(points, std::max<std::size_t>(2, max_points), out);
    while (rows.step())
        buckets.add(rows.real(0), rows.real(1), rows.real(2));
    buckets.end();
    return out;
}

std::vector<ArtifactRow> ProjectReader::artifacts(RunId run) const {
    std::vector<ArtifactRow> out;
    sql::Statement statement(*m_impl->db, "SELECT id, run, key, kind, media, sha256, step, size, meta FROM artifact WHERE run = ? AND sha256 <> '' ORDER BY key, step, id");
    statement.bind(run);
    while (statement.step()) {
        ArtifactRow row{statement.integer(0), statement.integer(1), statement.text(2), statement.text(3), statement.text(4), statement.text(5), statement.integer(6), statement.integer(7), {}};
        row.meta = json_of(statement.text(8), "artifact.meta");
        out.push_back(std::move(row));
    }
    return out;
}

std::string ProjectReader::artifact_bytes(ArtifactId artifact) const {
    auto& db = *m_impl->db;
    sql::Statement statement(db, "SELECT key, size, sha256 FROM artifact WHERE id = ? AND run <> 0 AND sha256 <> ''");
    if (!statement.bind(artifact).step())
        throw Error(ErrorCode::not_found, "There is no artifact " + std::to_string(artifact) + " in the project.", db.file().string(), "Its run may have been removed; refresh the list.");
    const std::string key = statement.text(0), sha256 = statement.text(2);
    const std::int64_t size = statement.integer(1);
    statement.reset();
    std::string bytes;   // grows by what is there: the size may be a lie
    read_chunks(db, kArtifactChunks, artifact, size, sha256, "the artifact " + key, [&](std::string_view piece) { bytes += piece; });
    return bytes;
}

std::vector<LogRow> ProjectReader::log(RunId run) const {
    std::vector<LogRow> out;
    sql::Statement statement(*m_impl->db, "SELECT t, level, text FROM log WHERE run = ? ORDER BY seq");
    statement.bind(run);
    while (statement.step())
        out.push_back({statement.integer(0), statement.text(1), statement.text(2)});
    return out;
}

std::vector<AssetRow> ProjectReader::assets() const {
    std::vector<AssetRow> out;
    sql::Statement statement(*m_impl->db, std::string("SELECT ") + kAssetColumns + " FROM asset a ORDER BY a.name, a.id");
    while (statement.step())
        out.push_back(asset_of(statement, 0));
    return out;
}

std::vector<std::pair<std::string, AssetRow>> ProjectReader::assets_of(RunId run) const {
    std::vector<std::pair<std::string, AssetRow>> out;
    sql::Statement statement(*m_impl->db, std::string("SELECT ") + kAssetColumns + ", r.role FROM run_asset r JOIN asset a ON a.id = r.asset WHERE r.run = ? ORDER BY r.role");
    statement.bind(run);
    while (statement.step())
        out.emplace_back(statement.text(9), asset_of(statement, 0));
    return out;
}

bool ProjectReader::extract_asset(AssetId asset, const std::filesystem::path& target) const {
    auto& db = *m_impl->db;
    sql::Statement statement(db, std::string("SELECT ") + kAssetColumns + " FROM asset a WHERE a.id = ?");
    if (!statement.bind(asset).step())
        throw Error(ErrorCode::not_found, "There is no asset " + std::to_string(asset) + " in the project.", db.file().string());
    const AssetRow row = asset_of(statement, 0);
    statement.reset();
    if (!row.embedded)
        return false;
    AtomicFile file(target);   // appears only when the hash was found right
    read_chunks(db, kAssetChunks, asset, row.size, row.sha256, "the asset " + row.name, [&](std::string_view piece) { file.write(piece.data(), piece.size()); });
    file.commit();
    return true;
}

std::vector<std::string> ProjectReader::tags() const { return texts(*m_impl->db, "SELECT DISTINCT tag FROM tag ORDER BY tag"); }
std::vector<std::string> ProjectReader::metric_keys() const { return texts(*m_impl->db, "SELECT name FROM metric_key ORDER BY name"); }

std::vector<std::string> ProjectReader::parameter_paths() const {
    // One seek a path: DISTINCT over a million rows would take half a second.
    return texts(*m_impl->db, "WITH RECURSIVE paths(path) AS (SELECT min(path) FROM param UNION ALL SELECT (SELECT min(path) FROM param WHERE param.path > paths.path) FROM paths "
                              "WHERE paths.path IS NOT NULL LIMIT 10000) SELECT path FROM paths WHERE path IS NOT NULL");
}

std::vector<SweepRow> ProjectReader::sweeps() const {
    std::vector<SweepRow> out;
    sql::Statement statement(*m_impl->db, "SELECT s.id, s.uuid, s.state, s.spec, count(c.cell), coalesce(sum(c.state = 'finished'), 0), coalesce(sum(c.state = 'failed'), 0) "
                                          "FROM sweep s LEFT JOIN sweep_cell c ON c.sweep = s.id GROUP BY s.id ORDER BY s.id DESC");
    while (statement.step())
        out.push_back({statement.integer(0), statement.text(1), statement.text(2), json_of(statement.text(3), "sweep.spec"), statement.integer(4), statement.integer(5), statement.integer(6)});
    return out;
}

std::optional<std::pair<int, Json>> ProjectReader::panel_state(const std::string& plugin) const {
    sql::Statement statement(*m_impl->db, "SELECT version, json FROM panel_state WHERE plugin = ?");
    if (!statement.bind(plugin).step())
        return std::nullopt;
    const auto version = std::clamp<std::int64_t>(statement.integer(0), 0, std::numeric_limits<int>::max());
    Json state = json_of(statement.text(1), "panel_state");
    if (state.is_null())
        return std::nullopt;   // damaged: the panel starts afresh
    return std::pair(static_cast<int>(version), std::move(state));
}

std::vector<SnapshotRow> ProjectReader::snapshots() const {
    std::vector<SnapshotRow> out;
    sql::Statement statement(*m_impl->db, "SELECT id, created, name, json FROM snapshot ORDER BY created DESC, id DESC");
    while (statement.step())
        out.push_back({statement.integer(0), statement.integer(1), statement.text(2), json_of(statement.text(3), "snapshot")});
    return out;
}

std::string ProjectReader::meta(const std::string& key) const {
    sql::Statement statement(*m_impl->db, "SELECT value FROM meta WHERE key = ?");
    return statement.bind(key).step() ? statement.text(0) : std::string();
}

}
