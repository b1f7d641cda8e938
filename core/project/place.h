#pragma once
// Where a project file lies and what that allows: writing, WAL, or only reading.
#include "core/project/sqlite.h"
#include <string>

namespace lathe {

enum class Journal {
    wal,        ///< a local disk
    rollback    ///< a network file system: WAL's shared memory is unsafe there. Also with LATHE_JOURNAL=delete, for file systems that do not show what they are
};

struct Place {
    std::filesystem::path file;
    Journal journal = Journal::wal;
    std::string read_only_reason;              ///< empty: may be written
    sql::Access reading = sql::Access::query;  ///< how connections that only read are opened
};

/// Looks at the file and its folder without opening the file (closing a second descriptor of it would drop SQLite's locks).
/// Throws Error(not_found, io, wrong_format) for what is missing, unreadable or no regular file.
Place place_of(const std::filesystem::path& file);

/// The folder only, for a file that is still to be made. Throws Error(io) where it cannot be written.
Place place_for_new(const std::filesystem::path& file);

}
