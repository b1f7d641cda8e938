#pragma once
// Inside of ProjectReader, shared by the files that implement it.
#include "core/project/place.h"
#include "core/project/project.h"
#include "core/project/sqlite.h"

namespace lathe {

struct ProjectReader::Impl {
    Place place;
    std::unique_ptr<sql::Database> db;
};

}
