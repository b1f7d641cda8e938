#pragma once
// The little of SQLite that a project needs: a hardened connection, statements with bound values, immediate transactions, and errors that say what to do.
// A Database and everything made from it belong to one thread at a time (the connection has no mutex of its own).
#include "core/base/json.h"
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

struct sqlite3;
struct sqlite3_stmt;

namespace lathe::sql {

enum class Access {
    create,      ///< a new file; Error(io) if one is there
    write,       ///< read and write
    query,       ///< opened for writing, so that a journal left by a killed program is played back, but statements may only read
    read,        ///< the file is not touched, and its journals may be read
    immutable    ///< nobody can change the file: no locks, no journals
};

struct Blob { std::string_view bytes; };   ///< bind() as a BLOB; borrowed until the statement was stepped

class Database {
public:
    Database(std::filesystem::path file, Access access);
    static Database in_memory();
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    void execute(std::string_view sql);                       ///< one statement without values
    std::int64_t integer(std::string_view sql);               ///< first column of the first row; 0: no row
    std::string text(std::string_view sql);
    class Statement& cached(const char* sql);                 ///< prepared once, reset; not to be used twice at once
    std::int64_t cached_integer(const char* sql);
    std::int64_t last_id() const;
    std::int64_t changes() const;
    bool in_transaction() const;
    void busy_timeout(int ms);
    /// Asked every `steps` virtual machine steps; false interrupts the statement: Error(cancelled). Empty: none.
    void progress(std::function<bool()> keep_going, int steps = 20'000);

    const std::filesystem::path& file() const { return m_file; }
    sqlite3* handle() const { return m_db; }
    [[noreturn]] void fail(int code, std::string_view doing) const;   ///< as a lathe::Error with a remedy
private:
    struct InMemory {};
    explicit Database(InMemory);
    void harden(Access access);
    std::filesystem::path m_file;
    sqlite3* m_db = nullptr;
    std::unordered_map<std::string, std::unique_ptr<Statement>> m_statements;
    std::unique_ptr<std::function<bool()>> m_progress;        // on the heap: SQLite keeps its address
};

class Statement {
public:
    Statement(Database& db, std::string_view sql);
    ~Statement();
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

    /// Binds all values in order, from parameter 1. NaN and nullopt become NULL.
    template <class... Values> Statement& bind(const Values&... values) {
        int index = 0;
        (set(++index, values), ...);
        return *this;
    }
    void set(int index, std::int64_t value);
    void set(int index, int value) { set(index, std::int64_t{value}); }
    void set(int index, bool value) { set(index, std::int64_t{value}); }
    void set(int index, double value);
    void set(int index, std::string_view value);
    void set(int index, const std::string& value) { set(index, std::string_view(value)); }
    void set(int index, const char* value) { set(index, std::string_view(value)); }
    void set(int index, Blob value);
    void set(int index, std::nullptr_t);
    template <class T> void set(int index, const std::optional<T>& value) { if (value) set(index, *value); else set(index, nullptr); }

    bool step();      ///< true: a row; false: done, and the statement is reset
    void run();       ///< to the end
    void reset();

    bool is_null(int column) const;
    std::int64_t integer(int column) const;
    double real(int column) const;                 ///< NaN for NULL
    std::string text(int column) const;            ///< broken UTF-8 is replaced; empty for NULL
    std::string_view bytes(int column) const;      ///< as stored, valid until the next step
private:
    Database& m_db;
    sqlite3_stmt* m_statement = nullptr;
};

/// BEGIN IMMEDIATE; rolled back unless committed.
class Transaction {
public:
    explicit Transaction(Database& db);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void commit();
private:
    Database& m_db;
    bool m_open = true;
};

/// Copies all pages as they are for `from` now, in steps of a few MB; `keep_going` is asked between them, false: Error(cancelled).
void copy_database(Database& from, Database& to, const std::function<bool(double done)>& keep_going = {});

/// Well-formed UTF-8: broken sequences become U+FFFD, NUL bytes too.
std::string clean_text(std::string_view text);

}
