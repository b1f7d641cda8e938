#include "core/project/sqlite.h"

#include "core/base/error.h"
#include <cerrno>
#include <cmath>
#include <cstring>
#include <limits>
#include <cstdio>
#include <sqlite3.h>
#include <utility>

namespace lathe::sql {
namespace {

constexpr int kBusyTimeoutMs = 5000;
constexpr int kMaxValueBytes = 32 << 20;   // a chunk is 8 MiB, parameters at most 16

bool is_full(int code, int system_error) {
    return (code & 0xff) == SQLITE_FULL || ((code & 0xff) == SQLITE_IOERR && (system_error == ENOSPC || system_error == EDQUOT));
}

// file: URI of a path: everything that means something in a URI is escaped.
std::string uri(const std::filesystem::path& file, const char* query) {
    std::string out = "file:";
    for (const char c : std::filesystem::absolute(file).string()) {
        if (c == '%' || c == '?' || c == '#') {
            char hex[4];
            std::snprintf(hex, sizeof hex, "%%%02X", static_cast<unsigned char>(c));
            out += hex;
        } else {
            out += c;
        }
    }
    return out + query;
}

std::string_view sequence(std::string_view text, std::size_t at, bool& valid) {
    const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
    const unsigned first = byte(at);
    std::size_t size = first < 0x80 ? 1 : first >= 0xC2 && first < 0xE0 ? 2 : first >= 0xE0 && first < 0xF0 ? 3 : first >= 0xF0 && first < 0xF5 ? 4 : 0;
    valid = size > 0 && first != 0;
    for (std::size_t i = 1; valid && i < size; ++i)
        valid = (byte(at + i) & 0xC0u) == 0x80u;
    // Overlong forms, surrogates and code points beyond U+10FFFF.
    const unsigned second = byte(at + 1);
    if (valid && ((first == 0xE0 && second < 0xA0) || (first == 0xED && second >= 0xA0) || (first == 0xF0 && second < 0x90) || (first == 0xF4 && second >= 0x90)))
        valid = false;
    return text.substr(at, valid ? size : 1);
}

}

std::string clean_text(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size();) {
        if (static_cast<unsigned char>(text[i]) - 1u < 0x7Fu) {
            out += text[i++];
            continue;
        }
        bool valid = false;
        const auto piece = sequence(text, i, valid);
        out += valid ? piece : std::string_view("\xEF\xBF\xBD");
        i += piece.size();
    }
    return out;
}

Database::Database(std::filesystem::path file, Access access) : m_file(std::move(file)) {
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    switch (access) {
    case Access::create: flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE; break;
    case Access::write:
    case Access::query: flags |= SQLITE_OPEN_READWRITE; break;
    case Access::read: flags |= SQLITE_OPEN_READONLY; break;
    case Access::immutable: flags |= SQLITE_OPEN_READONLY | SQLITE_OPEN_URI; break;
    }
    const std::string name = access == Access::immutable ? uri(m_file, "?immutable=1") : std::filesystem::absolute(m_file).string();
    const int code = sqlite3_open_v2(name.c_str(), &m_db, flags, nullptr);
    try {
        if (code != SQLITE_OK)
            fail(code, "open the project");
        harden(access);
    } catch (...) {
        m_statements.clear();
        sqlite3_close_v2(m_db);
        throw;
    }
}

Database Database::in_memory() { return Database(InMemory{}); }

Database::Database(InMemory) : m_file(":memory:") {
    if (const int code = sqlite3_open_v2(":memory:", &m_db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr); code != SQLITE_OK)
        fail(code, "make a database in memory");
}

Database::~Database() {
    m_statements.clear();
    sqlite3_close_v2(m_db);
}

// A project may come from anybody: nothing in its schema may run, and no value may be larger than we ever write.
void Database::harden(Access access) {
    const std::pair<int, int> switches[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},  {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0}, {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
        {SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0}, {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0}, {SQLITE_DBCONFIG_DQS_DML, 0},      {SQLITE_DBCONFIG_DQS_DDL, 0},
    };
    for (const auto& [option, value] : switches)
        if (const int code = sqlite3_db_config(m_db, option, value, nullptr); code != SQLITE_OK)
            fail(code, "protect the connection");
    sqlite3_limit(m_db, SQLITE_LIMIT_LENGTH, kMaxValueBytes);
    sqlite3_limit(m_db, SQLITE_LIMIT_SQL_LENGTH, 1 << 20);
    sqlite3_limit(m_db, SQLITE_LIMIT_ATTACHED, 1);   // VACUUM INTO attaches its target
    sqlite3_limit(m_db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000);
    sqlite3_limit(m_db, SQLITE_LIMIT_TRIGGER_DEPTH, 1);
    sqlite3_limit(m_db, SQLITE_LIMIT_WORKER_THREADS, 0);
    busy_timeout(kBusyTimeoutMs);
    execute("PRAGMA cell_size_check=ON");
    execute("PRAGMA mmap_size=0");   // a file that is cut while mapped would be a SIGBUS
    execute("PRAGMA temp_store=MEMORY");
    execute("PRAGMA cache_size=-32768");
    if (access == Access::query)
        execute("PRAGMA query_only=ON");
}

void Database::execute(std::string_view sql) { Statement(*this, sql).run(); }

std::int64_t Database::integer(std::string_view sql) {
    Statement statement(*this, sql);
    return statement.step() ? statement.integer(0) : 0;
}

std::string Database::text(std::string_view sql) {
    Statement statement(*this, sql);
    return statement.step() ? statement.text(0) : std::string();
}

Statement& Database::cached(const char* sql) {
    auto& entry = m_statements[sql];
    if (!entry)
        entry = std::make_unique<Statement>(*this, sql);
    entry->reset();
    return *entry;
}

std::int64_t Database::cached_integer(const char* sql) {
    auto& statement = cached(sql);
    const std::int64_t value = statement.step() ? statement.integer(0) : 0;
    statement.reset();
    return value;
}

std::int64_t Database::last_id() const { return sqlite3_last_insert_rowid(m_db); }
std::int64_t Database::changes() const { return sqlite3_changes64(m_db); }
bool Database::in_transaction() const { return sqlite3_get_autocommit(m_db) == 0; }
void Database::busy_timeout(int ms) { sqlite3_busy_timeout(m_db, ms); }

void Database::progress(std::function<bool()> keep_going, int steps) {
    if (!keep_going) {
        sqlite3_progress_handler(m_db, 0, nullptr, nullptr);
        m_progress.reset();
        return;
    }
    m_progress = std::make_unique<std::function<bool()>>(std::move(keep_going));
    sqlite3_progress_handler(m_db, steps, [](void* call) { return (*static_cast<std::function<bool()>*>(call))() ? 0 : 1; }, m_progress.get());
}

void Database::fail(int code, std::string_view doing) const {
    const int system_error = m_db ? sqlite3_system_errno(m_db) : 0;
    const std::string where = m_file.string();
    const std::string reason = m_db ? sqlite3_errmsg(m_db) : sqlite3_errstr(code);
    const std::string could_not = "Could not " + std::string(doing) + ": ";
    if (is_full(code, system_error))
        throw Error(ErrorCode::io, "Could not write the project: the disk is full.", where, "Free some space and try again. What was saved before is safe.");
    switch (code & 0xff) {
    case SQLITE_NOTADB:
        throw Error(ErrorCode::wrong_format, "This is not a Lathe project: the file is not an SQLite database.", where, "Choose a file that was made by Lathe (.lathe).");
    case SQLITE_CORRUPT:
        throw Error(ErrorCode::wrong_format, could_not + "the project file is damaged (" + reason + ").", where,
            "Open a copy or a shared version made earlier. `sqlite3 FILE .recover` can save what is readable.");
    case SQLITE_TOOBIG:
        throw Error(ErrorCode::wrong_format, could_not + "a value is larger than a project may hold.", where, "The file was not written by Lathe or is damaged; open a copy made earlier.");
    case SQLITE_READONLY:
    case SQLITE_PERM:
        throw Error(ErrorCode::io, could_not + "the file or its folder is read-only.", where, "Save a copy where you may write, or change the permissions.");
    case SQLITE_CANTOPEN:
        throw Error(ErrorCode::io, could_not + (system_error ? std::strerror(system_error) : reason) + ".", where, "Check that the folder exists and that you may read and write it.");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        throw Error(ErrorCode::busy, could_not + "another program is using the project.", where, "Wait until it is done, or close it, and try again.");
    case SQLITE_NOMEM: throw Error(ErrorCode::out_of_memory, could_not + "out of memory.", where, "Close other programs or show fewer runs at once.");
    case SQLITE_INTERRUPT: throw Error(ErrorCode::cancelled, could_not + "it was cancelled.", where);
    case SQLITE_IOERR:
        throw Error(ErrorCode::io, could_not + "reading or writing failed (" + (system_error ? std::strerror(system_error) : reason) + ").", where,
            "Check the disk and its connection. What was saved before is safe.");
    default: throw Error(ErrorCode::internal, could_not + reason + ".", where);
    }
}

Statement::Statement(Database& db, std::string_view sql) : m_db(db) {
    if (const int code = sqlite3_prepare_v3(db.handle(), sql.data(), static_cast<int>(sql.size()), 0, &m_statement, nullptr); code != SQLITE_OK)
        db.fail(code, "read the project");
}

Statement::~Statement() { sqlite3_finalize(m_statement); }

void Statement::set(int index, std::int64_t value) {
    if (const int code = sqlite3_bind_int64(m_statement, index, value); code != SQLITE_OK)
        m_db.fail(code, "bind a value");
}
void Statement::set(int index, double value) {
    const int code = std::isnan(value) ? sqlite3_bind_null(m_statement, index) : sqlite3_bind_double(m_statement, index, value);
    if (code != SQLITE_OK)
        m_db.fail(code, "bind a value");
}
void Statement::set(int index, std::string_view value) {
    if (const int code = sqlite3_bind_text64(m_statement, index, value.empty() ? "" : value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8); code != SQLITE_OK)
        m_db.fail(code, "bind a text");
}
void Statement::set(int index, Blob value) {
    if (const int code = sqlite3_bind_blob64(m_statement, index, value.bytes.empty() ? "" : value.bytes.data(), value.bytes.size(), SQLITE_STATIC); code != SQLITE_OK)
        m_db.fail(code, "bind bytes");
}
void Statement::set(int index, std::nullptr_t) {
    if (const int code = sqlite3_bind_null(m_statement, index); code != SQLITE_OK)
        m_db.fail(code, "bind a value");
}

bool Statement::step() {
    const int code = sqlite3_step(m_statement);
    if (code == SQLITE_ROW)
        return true;
    if (code != SQLITE_DONE) {
        const bool writes = !sqlite3_stmt_readonly(m_statement);
        // The error text belongs to the connection and is gone after a reset, so the Error is made first.
        try {
            m_db.fail(code, writes ? "write the project" : "read the project");
        } catch (...) {
            sqlite3_reset(m_statement);
            throw;
        }
    }
    sqlite3_reset(m_statement);
    return false;
}
void Statement::run() {
    while (step()) {}
}
void Statement::reset() { sqlite3_reset(m_statement); }

bool Statement::is_null(int column) const { return sqlite3_column_type(m_statement, column) == SQLITE_NULL; }
std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(m_statement, column); }
double Statement::real(int column) const { return is_null(column) ? std::numeric_limits<double>::quiet_NaN() : sqlite3_column_double(m_statement, column); }
std::string_view Statement::bytes(int column) const {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(m_statement, column));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(m_statement, column));
    return data ? std::string_view(data, size) : std::string_view();
}
std::string Statement::text(int column) const {
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(m_statement, column));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(m_statement, column));
    return data ? clean_text({data, size}) : std::string();
}

Transaction::Transaction(Database& db) : m_db(db) { m_db.cached("BEGIN IMMEDIATE").run(); }
Transaction::~Transaction() {
    // After some failures SQLite has rolled back by itself.
    if (m_open && m_db.in_transaction())
        sqlite3_exec(m_db.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}
void Transaction::commit() {
    m_db.cached("COMMIT").run();
    m_open = false;
}

void copy_database(Database& from, Database& to, const std::function<bool(double)>& keep_going) {
    constexpr int kPages = 1000;
    sqlite3_backup* backup = sqlite3_backup_init(to.handle(), "main", from.handle(), "main");
    if (!backup)
        to.fail(sqlite3_errcode(to.handle()), "copy the project");
    int code = SQLITE_OK;
    bool stopped = false;
    while (!stopped && (code = sqlite3_backup_step(backup, kPages)) == SQLITE_OK) {
        const int total = sqlite3_backup_pagecount(backup);
        stopped = keep_going && !keep_going(total ? 1.0 - double(sqlite3_backup_remaining(backup)) / total : 1.0);
    }
    const int finished = sqlite3_backup_finish(backup);
    if (stopped)
        throw Error(ErrorCode::cancelled, "Copying the project was cancelled.", to.file().string());
    if (code != SQLITE_DONE)
        to.fail(code, "copy the project");
    if (finished != SQLITE_OK)
        to.fail(finished, "copy the project");
}

}
