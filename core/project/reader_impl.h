#pragma once
// Inside of ProjectReader, shared by the files that implement it.
#include "core/project/place.h"
#include "core/project/project.h"
#include "core/project/sqlite.h"

namespace lathe {

struct ProjectReader::Impl {
    std::filesystem::path file;
    Place place;
    std::unique_ptr<sql::Database> db;

    /// What a filter found, in the order asked for: a table asks for the count and then for one page after another.
    struct Found {
        RunQuery query;
        std::int64_t version = 0;   ///< data_version when it was looked for; another one: nothing of this holds any more
        std::vector<RunId> runs;
    };
    std::optional<Found> found;
    const std::vector<RunId>& all(const RunQuery& query);   ///< every run that the query finds, in its order
};

}
