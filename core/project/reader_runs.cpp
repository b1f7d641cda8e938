// Rows of runs, filtered and sorted.
#include "core/base/error.h"
#include "core/base/uuid.h"
#include "core/project/lease.h"
#include "core/project/reader_impl.h"
#include <algorithm>
#include <charconv>
#include <limits>
#include <map>

namespace lathe {
namespace {

constexpr const char* kColumns = "run.id, run.uuid, run.method, run.version, run.title, run.state, run.lane, run.pinned, run.seed, run.device, run.engine, run.env, run.params, "
                                 "run.taps, run.error, run.parent, run.sweep, run.owner, run.created, run.started, run.finished, run.deleted, run.notes";

void damaged(RunRow& row, const std::string& what) { row.damage += (row.damage.empty() ? "" : " ") + what; }

Json json_at(const sql::Statement& statement, int column, RunRow& row) {
    if (statement.is_null(column))
        return nullptr;
    try {
        return parse_json(statement.text(column), "run " + std::to_string(row.id));
    } catch (const Error& error) {
        damaged(row, error.what());
        return nullptr;
    }
}

RunRow run_of(const sql::Statement& statement, const std::vector<LeaseRow>& leases) {
    RunRow row;
    row.id = statement.integer(0);
    row.uuid = statement.text(1);
    row.method = statement.text(2);
    row.version = static_cast<int>(std::clamp<std::int64_t>(statement.integer(3), 0, std::numeric_limits<int>::max()));
    row.title = statement.text(4);
    row.owner = statement.text(17);
    try {
        row.state = run_state(statement.text(5));
    } catch (const Error& error) {
        row.state = RunState::interrupted;
        damaged(row, error.what());
    }
    // Where the project cannot be written nobody has settled the runs of programs that were killed.
    if (row.state == RunState::running && !is_owner_alive(row.owner, leases))
        row.state = RunState::interrupted;
    row.lane = statement.text(6) == name(Lane::live) ? Lane::live : Lane::batch;
    row.pinned = statement.integer(7) != 0;
    row.seed = statement.integer(8);
    row.device = statement.text(9);
    row.engine = statement.text(10);
    row.environment = json_at(statement, 11, row);
    row.params = json_at(statement, 12, row);
    row.taps = json_at(statement, 13, row);
    row.error = json_at(statement, 14, row);
    row.parent = statement.text(15);
    row.sweep = statement.integer(16);
    row.created = statement.integer(18);
    row.started = statement.integer(19);
    row.finished = statement.integer(20);
    row.deleted = !statement.is_null(21);
    row.notes = statement.text(22);
    return row;
}

void add_tags_and_assets(sql::Database& db, RunRow& row) {
    auto& tags = db.cached("SELECT tag FROM tag WHERE run = ? ORDER BY tag");
    tags.bind(row.id);
    while (tags.step())
        row.tags.push_back(tags.text(0));
    auto& assets = db.cached("SELECT r.role, a.sha256 FROM run_asset r JOIN asset a ON a.id = r.asset WHERE r.run = ? ORDER BY r.role");
    assets.bind(row.id);
    while (assets.step())
        row.assets.push_back({assets.text(0), assets.text(1)});
}

// A sort column is a column of the table, or the name of a parameter or metric, whose value is bound and never part of the SQL.
const char* sort_column(const std::string& name) {
    static const std::map<std::string, const char*, std::less<>> kColumnOf = {{"id", "run.id"}, {"method", "run.method"}, {"title", "run.title"}, {"state", "run.state"},
        {"lane", "run.lane"}, {"pinned", "run.pinned"}, {"seed", "run.seed"}, {"device", "run.device"}, {"engine", "run.engine"}, {"created", "run.created"},
        {"started", "run.started"}, {"finished", "run.finished"}, {"sweep", "run.sweep"}, {"notes", "run.notes"}, {"version", "run.version"},
        {"duration", "run.finished - run.started"}, {"tags", "(SELECT group_concat(tag) FROM tag WHERE tag.run = run.id)"}};
    const auto found = kColumnOf.find(name);
    return found == kColumnOf.end() ? nullptr : found->second;
}

std::string condition(const RunQuery& query) {
    std::string sql = query.bin ? " WHERE run.deleted IS NOT NULL" : " WHERE run.deleted IS NULL";
    if (query.lane)   // from the index run_lane alone; live runs are the few
        sql += std::string(" AND run.id ") + (*query.lane == Lane::live ? "" : "NOT ") + "IN (SELECT r.id FROM run r WHERE r.lane = 'live')";
    if (!query.where.empty())
        sql += " AND (" + query.where + ")";
    return sql;
}

void bind_json(sql::Statement& statement, int index, const Json& value) {
    if (value.is_string())
        statement.set(index, value.get_ref<const std::string&>());
    else if (value.is_number_integer())
        statement.set(index, value.get<std::int64_t>());
    else if (value.is_number())
        statement.set(index, value.get<double>());
    else
        statement.set(index, nullptr);
}

bool has(sql::Database& db, const char* sql, const std::string& name) {
    auto& statement = db.cached(sql);
    const bool found = statement.bind(name).step();
    statement.reset();
    return found;
}

struct Order { std::string sql; std::vector<std::string> bind; };

Order order_of(sql::Database& db, const RunQuery& query) {
    Order order;
    for (const auto& [column, ascending] : query.sort) {
        const char* direction = ascending ? " ASC NULLS LAST, " : " DESC NULLS LAST, ";
        if (const char* known = sort_column(column)) {
            order.sql += known + std::string(direction);
            continue;
        }
        // "param.x", "metric.x", or x: the metric where the run has one, else the parameter. What no run has is not looked for in each.
        const bool only_param = column.starts_with("param."), only_metric = column.starts_with("metric.");
        const std::string name = column.substr(only_param ? 6 : only_metric ? 7 : 0);
        if (!only_param && has(db, "SELECT 1 FROM metric_key WHERE name = ?", name)) {
            order.sql += "(SELECT m.last FROM metric_last m WHERE m.run = run.id AND m.key = (SELECT k.id FROM metric_key k WHERE k.name = ?))" + std::string(direction);
            order.bind.push_back(name);
        }
        if (!only_metric && has(db, "SELECT 1 FROM param WHERE path = ? LIMIT 1", name)) {
            order.sql += "(SELECT coalesce(p.num, p.txt) FROM param p WHERE p.run = run.id AND p.path = ?)" + std::string(direction);
            order.bind.push_back(name);
        }
    }
    order.sql += "run.created DESC, run.id DESC";
    return order;
}

/// The ids only: sorting whole rows, parameters included, would move a hundred times as many bytes.
std::vector<RunId> ids_of(sql::Database& db, const RunQuery& query, std::int64_t limit, std::int64_t offset) {
    const Order order = order_of(db, query);
    sql::Statement statement(db, "SELECT run.id FROM run" + condition(query) + " ORDER BY " + order.sql + " LIMIT ? OFFSET ?");
    int index = 0;
    for (const auto& value : query.bind)
        bind_json(statement, ++index, value);
    for (const auto& name : order.bind)
        statement.set(++index, name);
    statement.set(++index, limit);
    statement.set(++index, offset);
    std::vector<RunId> ids;
    while (statement.step())
        ids.push_back(statement.integer(0));
    return ids;
}

bool is_same(const RunQuery& a, const RunQuery& b) { return a.where == b.where && a.bind == b.bind && a.sort == b.sort && a.bin == b.bin && a.lane == b.lane; }

/// A filter with a sort order has to look at every run for each page. Without one of them SQLite stops at the page's end, or counts in an index.
bool worth_keeping(const RunQuery& query) { return !query.where.empty() && !query.sort.empty(); }

}

const std::vector<RunId>& ProjectReader::Impl::all(const RunQuery& query) {
    const std::int64_t version = db->cached_integer("PRAGMA data_version");   // before looking: what is committed meanwhile makes it old
    if (!found || found->version != version || !is_same(found->query, query)) {
        found.reset();
        found = Found{query, version, ids_of(*db, query, -1, 0)};
    }
    return found->runs;
}

std::vector<RunRow> ProjectReader::runs(const RunQuery& query, std::int64_t limit, std::int64_t offset) const {
    auto& db = *m_impl->db;
    std::vector<RunId> found;
    if (worth_keeping(query)) {
        const auto& all = m_impl->all(query);
        const auto size = static_cast<std::int64_t>(all.size()), begin = std::clamp<std::int64_t>(offset, 0, size);
        found.assign(all.begin() + begin, limit < 0 || limit > size - begin ? all.end() : all.begin() + begin + limit);
    } else {
        found = ids_of(db, query, limit, offset);
    }

    const auto leases = read_leases(db);
    std::vector<RunRow> rows;
    rows.reserve(found.size());
    const std::string by_id = std::string("SELECT ") + kColumns + " FROM run WHERE run.id = ?";
    for (const RunId id : found) {
        auto& one = db.cached(by_id.c_str());
        if (one.bind(id).step()) {   // not there any more: removed by another program since
            rows.push_back(run_of(one, leases));
            add_tags_and_assets(db, rows.back());
        }
        one.reset();
    }
    return rows;
}

std::int64_t ProjectReader::count_runs(const RunQuery& query) const {
    if (worth_keeping(query))
        return static_cast<std::int64_t>(m_impl->all(query).size());
    sql::Statement statement(*m_impl->db, "SELECT count(*) FROM run" + condition(query));
    int index = 0;
    for (const auto& value : query.bind)
        bind_json(statement, ++index, value);
    return statement.step() ? statement.integer(0) : 0;
}

RunRow ProjectReader::run(RunId id) const {
    auto& db = *m_impl->db;
    sql::Statement statement(db, std::string("SELECT ") + kColumns + " FROM run WHERE run.id = ?");
    if (!statement.bind(id).step())
        throw Error(ErrorCode::not_found, "There is no run " + std::to_string(id) + " in the project.", db.file().string(), "It may have been removed for good; refresh the list.");
    auto row = run_of(statement, read_leases(db));
    statement.reset();
    add_tags_and_assets(db, row);
    return row;
}

std::optional<RunId> ProjectReader::find_run(std::string_view uuid_or_number) const {
    constexpr std::size_t kShortestPrefix = 4;
    auto& db = *m_impl->db;
    std::string_view digits = uuid_or_number;
    if (digits.starts_with('#'))
        digits.remove_prefix(1);
    std::int64_t number = 0;
    if (const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number); error == std::errc() && end == digits.data() + digits.size()) {
        sql::Statement statement(db, "SELECT id FROM run WHERE id = ?");
        if (statement.bind(number).step())
            return number;
    }
    if (uuid_or_number.size() < kShortestPrefix || uuid_or_number.size() > 36)
        return std::nullopt;
    // The beginning of a uuid is enough if only one run has it.
    sql::Statement statement(db, "SELECT id FROM run WHERE substr(uuid, 1, ?2) = ?1 LIMIT 2");
    statement.bind(uuid_or_number, static_cast<std::int64_t>(uuid_or_number.size()));
    if (!statement.step())
        return std::nullopt;
    const RunId id = statement.integer(0);
    return statement.step() ? std::nullopt : std::optional(id);
}

std::vector<RunId> ProjectReader::live_beyond(std::size_t keep, std::int64_t max_bytes) const {
    constexpr std::int64_t kBytesPerPoint = 36;
    auto& db = *m_impl->db;
    std::vector<RunId> out;
    sql::Statement statement(db, "SELECT id, (SELECT total(size) FROM artifact a WHERE a.run = run.id) + ?1 * (SELECT total(n) FROM metric_last m WHERE m.run = run.id) "
                                 "FROM run WHERE lane = 'live' AND pinned = 0 AND state NOT IN ('queued', 'running') ORDER BY created DESC, id DESC");
    statement.bind(kBytesPerPoint);
    double bytes = 0;   // as double: sizes in a foreign file may be anything
    for (std::size_t i = 0; statement.step(); ++i) {
        bytes += statement.real(1);
        if (i >= keep || (max_bytes >= 0 && bytes > static_cast<double>(max_bytes)))
            out.push_back(statement.integer(0));
    }
    return out;
}

RunRequest RunRow::request() const {
    RunRequest request;
    request.uuid = make_uuid();
    request.method = method;
    request.version = version;
    request.params = params.is_object() ? params : Json::object();
    request.assets = assets;
    if (taps.is_array())
        for (const auto& tap : taps)
            if (tap.is_object() && tap.contains("id") && tap["id"].is_string())
                request.taps.push_back({tap["id"].get<std::string>(), tap.contains("params") ? tap["params"] : Json::object()});
    request.seed = seed;
    request.device = device;
    request.lane = lane;
    if (environment.is_object() && environment.contains("request") && environment["request"].is_object()) {
        const auto& asked = environment["request"];
        if (asked.contains("threads") && asked["threads"].is_number_integer())
            request.threads = static_cast<int>(std::clamp<std::int64_t>(asked["threads"].get<std::int64_t>(), 0, 4096));
    }
    return request;
}

}
