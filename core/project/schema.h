#pragma once
// What a project file must look like: tables of this version, the check that there is nothing else, and the chain of steps from older versions.
#include "core/project/sqlite.h"
#include <functional>
#include <string>
#include <vector>

namespace lathe {

inline constexpr std::int64_t kApplicationId = 0x4C415448;   // "LATH"

/// Brings a file of version `from` to `from + 1`, inside the transaction of the whole upgrade.
struct Migration {
    int from = 0;
    std::string what;                          ///< for the error, if it fails
    std::function<void(sql::Database&)> apply;
};

struct Schema {
    int version = 0;
    std::vector<std::string> statements;       ///< CREATE TABLE and CREATE INDEX
    std::vector<Migration> steps;              ///< one for every older version that can be opened
};

const Schema& current_schema();

/// Makes the tables and marks the file as a Lathe project, in one transaction.
void create_schema(sql::Database& db, const Schema& schema);

enum class FileVersion { current, older, newer };

/// Throws Error(wrong_format) for a file that is no Lathe project, or that holds other objects than its version should: they are named.
/// A newer file may have more tables, columns and indexes, but no triggers or views.
FileVersion check_schema(sql::Database& db, const Schema& schema);

/// The path of the backup that upgrade() keeps until it has committed.
std::filesystem::path backup_of(const std::filesystem::path& file, std::int64_t version);

/// Upgrades an older file: backup beside it, all steps and the check of the result in one transaction, then the backup goes.
/// Throws Error; the file is then as it was.
void upgrade(sql::Database& db, const Schema& schema);

}
