#include "core/project/schema.h"

#include "core/base/error.h"
#include <map>
#include <sstream>

namespace lathe {
namespace {

// Version 1. metric_last repeats what is in metric, because a group-by over 10 million points takes more than a second.
const std::vector<std::string> kTables = {
    "CREATE TABLE meta(key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    ("CREATE TABLE lease(owner TEXT PRIMARY KEY NOT NULL, host TEXT NOT NULL, pid INTEGER NOT NULL, pid_start INTEGER NOT NULL, boot_id TEXT NOT NULL, "
     "beat INTEGER NOT NULL) STRICT, WITHOUT ROWID"),
    ("CREATE TABLE asset(id INTEGER PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, name TEXT NOT NULL, size INTEGER NOT NULL, "
     "rel_path TEXT NOT NULL, hint TEXT NOT NULL, family TEXT NOT NULL) STRICT"),
    "CREATE TABLE chunk(owner_kind TEXT NOT NULL, owner INTEGER NOT NULL, seq INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY(owner_kind, owner, seq)) STRICT",
    ("CREATE TABLE run(id INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE, method TEXT NOT NULL, version INTEGER NOT NULL, title TEXT NOT NULL, "
     "state TEXT NOT NULL, lane TEXT NOT NULL, pinned INTEGER NOT NULL, seed INTEGER NOT NULL, device TEXT NOT NULL, engine TEXT NOT NULL, env TEXT, "
     "params TEXT NOT NULL, taps TEXT, error TEXT, parent TEXT, sweep INTEGER, owner TEXT NOT NULL, created INTEGER NOT NULL, started INTEGER, "
     "finished INTEGER, deleted INTEGER, notes TEXT NOT NULL) STRICT"),
    "CREATE INDEX run_list ON run(deleted, created)",
    "CREATE INDEX run_state ON run(state)",
    "CREATE INDEX run_lane ON run(lane, pinned, created)",
    "CREATE TABLE run_asset(run INTEGER NOT NULL, role TEXT NOT NULL, asset INTEGER NOT NULL, PRIMARY KEY(run, role)) STRICT, WITHOUT ROWID",
    "CREATE TABLE param(run INTEGER NOT NULL, path TEXT NOT NULL, num REAL, txt TEXT, PRIMARY KEY(run, path)) STRICT, WITHOUT ROWID",
    "CREATE INDEX param_num ON param(path, num)",
    "CREATE INDEX param_txt ON param(path, txt)",
    "CREATE TABLE metric_key(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, unit TEXT NOT NULL, better TEXT NOT NULL) STRICT",
    "CREATE TABLE metric(run INTEGER NOT NULL, key INTEGER NOT NULL, step INTEGER NOT NULL, t REAL, value REAL, PRIMARY KEY(run, key, step)) STRICT, WITHOUT ROWID",
    ("CREATE TABLE metric_last(run INTEGER NOT NULL, key INTEGER NOT NULL, last REAL, min REAL, max REAL, n INTEGER NOT NULL, PRIMARY KEY(run, key)) "
     "STRICT, WITHOUT ROWID"),
    "CREATE INDEX metric_last_value ON metric_last(key, last)",
    ("CREATE TABLE artifact(id INTEGER PRIMARY KEY, run INTEGER NOT NULL, key TEXT NOT NULL, step INTEGER NOT NULL, kind TEXT NOT NULL, media TEXT NOT NULL, "
     "meta TEXT, size INTEGER NOT NULL, sha256 TEXT NOT NULL) STRICT"),
    "CREATE INDEX artifact_run ON artifact(run, key, step)",
    ("CREATE TABLE log(run INTEGER NOT NULL, seq INTEGER NOT NULL, t INTEGER NOT NULL, level TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY(run, seq)) "
     "STRICT, WITHOUT ROWID"),
    "CREATE TABLE tag(run INTEGER NOT NULL, tag TEXT NOT NULL, PRIMARY KEY(run, tag)) STRICT, WITHOUT ROWID",
    "CREATE INDEX tag_name ON tag(tag)",
    "CREATE TABLE sweep(id INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE, spec TEXT NOT NULL, state TEXT NOT NULL) STRICT",
    ("CREATE TABLE sweep_cell(sweep INTEGER NOT NULL, cell INTEGER NOT NULL, params TEXT NOT NULL, run INTEGER, state TEXT NOT NULL, tries INTEGER NOT NULL, "
     "PRIMARY KEY(sweep, cell)) STRICT, WITHOUT ROWID"),
    "CREATE TABLE panel_state(plugin TEXT PRIMARY KEY NOT NULL, version INTEGER NOT NULL, json TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE snapshot(id INTEGER PRIMARY KEY, name TEXT NOT NULL, created INTEGER NOT NULL, json TEXT NOT NULL) STRICT",
};

struct Object {
    std::string type, sql;
    friend bool operator==(const Object&, const Object&) = default;
};
using Objects = std::map<std::string, Object>;

// A hostile file may hold a huge number of objects, or huge ones: enough is read to name the wrong ones.
Objects objects_of(sql::Database& db) {
    constexpr std::size_t kMost = 500;
    Objects objects;
    sql::Statement statement(db, "SELECT type, name, coalesce(substr(sql, 1, 10000), '') FROM sqlite_schema LIMIT ?1");
    statement.bind(std::int64_t{kMost});
    while (statement.step())
        objects[statement.text(1)] = {statement.text(0), statement.text(2)};
    return objects;
}

// What SQLite itself makes of the statements, automatic indexes included.
Objects expected_objects(const Schema& schema) {
    auto db = sql::Database::in_memory();
    for (const auto& statement : schema.statements)
        db.execute(statement);
    return objects_of(db);
}

std::string list(const std::vector<std::string>& names) {
    constexpr std::size_t kShown = 5;
    std::string out;
    for (std::size_t i = 0; i < names.size() && i < kShown; ++i)
        out += (i ? ", " : "") + names[i].substr(0, 80);
    if (names.size() > kShown)
        out += " and " + std::to_string(names.size() - kShown) + " more";
    return out;
}

[[noreturn]] void refuse(const sql::Database& db, const std::string& what) {
    throw Error(ErrorCode::wrong_format, what, db.file().string(), "Such a file was not written by Lathe; ask its sender for a copy made with Share.");
}

void check_exact(sql::Database& db, const Schema& schema) {
    const auto expected = expected_objects(schema);
    const auto found = objects_of(db);
    std::vector<std::string> foreign, changed, missing;
    for (const auto& [name, object] : found) {
        const auto known = expected.find(name);
        if (known == expected.end())
            foreign.push_back(object.type + " \"" + name + "\"");
        else if (!(known->second == object))
            changed.push_back(object.type + " \"" + name + "\"");
    }
    for (const auto& [name, object] : expected)
        if (!found.contains(name))
            missing.push_back(object.type + " \"" + name + "\"");
    if (!foreign.empty())
        refuse(db, "The project holds objects that do not belong to one: " + list(foreign) + ".");
    if (!changed.empty())
        refuse(db, "The project holds changed objects: " + list(changed) + ".");
    if (!missing.empty())
        refuse(db, "The project lacks " + list(missing) + ".");
}

// A file of another version: nothing in it may act by itself.
void check_passive(sql::Database& db) {
    std::vector<std::string> acting;
    for (const auto& [name, object] : objects_of(db)) {
        const bool is_virtual = object.type == "table" && object.sql.size() > 14 && (object.sql.substr(7, 7) == "VIRTUAL" || object.sql.substr(7, 7) == "virtual");
        if ((object.type != "table" && object.type != "index") || is_virtual)
            acting.push_back(object.type + " \"" + name + "\"");
    }
    if (!acting.empty())
        refuse(db, "The project holds objects that do not belong to one: " + list(acting) + ".");
}

// Everything that this version reads must be there.
void check_readable(sql::Database& db, const Schema& schema) {
    auto model = sql::Database::in_memory();
    for (const auto& statement : schema.statements)
        model.execute(statement);
    sql::Statement columns(model, "SELECT t.name, group_concat('\"' || c.name || '\"') FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table' GROUP BY t.name");
    while (columns.step()) {
        try {
            sql::Statement probe(db, "SELECT " + columns.text(1) + " FROM \"" + columns.text(0) + "\" LIMIT 0");
        } catch (const Error&) {
            throw Error(ErrorCode::version, "The project was made by a newer version of Lathe, and its table " + columns.text(0) + " cannot be read by this one.",
                db.file().string(), "Update Lathe.");
        }
    }
}

}

const Schema& current_schema() {
    static const Schema schema{1, kTables, {}};
    return schema;
}

void create_schema(sql::Database& db, const Schema& schema) {
    sql::Transaction transaction(db);
    for (const auto& statement : schema.statements)
        db.execute(statement);
    db.execute("PRAGMA application_id=" + std::to_string(kApplicationId));
    db.execute("PRAGMA user_version=" + std::to_string(schema.version));
    transaction.commit();
}

FileVersion check_schema(sql::Database& db, const Schema& schema) {
    if (db.integer("PRAGMA application_id") != kApplicationId)
        throw Error(ErrorCode::wrong_format, "This is not a Lathe project: the file is a database of another program.", db.file().string(),
            "Choose a file that was made by Lathe (.lathe).");
    const std::int64_t version = db.integer("PRAGMA user_version");
    if (version > schema.version) {
        check_passive(db);
        check_readable(db, schema);
        return FileVersion::newer;
    }
    if (version < schema.version) {
        bool reachable = version > 0;
        for (std::int64_t from = version; reachable && from < schema.version; ++from) {
            reachable = false;
            for (const auto& step : schema.steps)
                reachable = reachable || step.from == from;
        }
        if (!reachable)
            throw Error(ErrorCode::version, "The project has version " + std::to_string(version) + ", which this Lathe cannot upgrade.", db.file().string(),
                "Open it with the version of Lathe that made it and share it from there.");
        check_passive(db);
        return FileVersion::older;
    }
    check_exact(db, schema);
    return FileVersion::current;
}

std::filesystem::path backup_of(const std::filesystem::path& file, std::int64_t version) {
    auto backup = file;
    backup += ".v" + std::to_string(version) + ".backup";
    return backup;
}

void upgrade(sql::Database& db, const Schema& schema) {
    const std::int64_t from = db.integer("PRAGMA user_version");
    const auto backup = backup_of(db.file(), from);
    std::error_code ignored;
    std::filesystem::remove(backup, ignored);   // of an upgrade that was killed: the file itself has rolled back since
    {
        sql::Database copy(backup, sql::Access::create);
        sql::copy_database(db, copy);
    }
    sql::Transaction transaction(db);
    if (db.integer("PRAGMA user_version") != from)
        throw Error(ErrorCode::busy, "Another program is upgrading the project.", db.file().string(), "Wait until it is done and open the project again.");
    for (std::int64_t version = from; version < schema.version; ++version) {
        for (const auto& step : schema.steps) {
            if (step.from != version)
                continue;
            try {
                step.apply(db);
            } catch (const Error& error) {
                throw Error(error.code(), "Upgrading the project failed at step " + std::to_string(version) + " (" + step.what + "): " + error.summary(), db.file().string(),
                    "The project is as it was; a copy is in " + backup.filename().string() + ". " + error.hint());
            }
        }
    }
    db.execute("PRAGMA user_version=" + std::to_string(schema.version));
    check_exact(db, schema);
    transaction.commit();
    std::filesystem::remove(backup, ignored);
}

}
