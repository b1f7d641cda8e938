// What takes space in a project, and giving it back.
#include "core/project/project_impl.h"

namespace lathe {
namespace {

constexpr double kBytesPerPoint = 36;   // a row of `metric` with its share of the b-tree

std::int64_t file_bytes(const std::filesystem::path& file) {
    std::int64_t total = 0;
    for (const char* suffix : {"", "-wal"}) {
        std::error_code error;
        const auto size = std::filesystem::file_size(file.string() + suffix, error);
        if (!error)
            total += static_cast<std::int64_t>(size);
    }
    return total;
}

// total() is a float: sizes in a foreign file may be anything, and must not overflow.
std::int64_t bytes(sql::Database& db, const std::string& sql) {
    sql::Statement statement(db, sql);
    const double value = statement.step() ? statement.real(0) : 0;
    return value > 0 && value < 9e18 ? static_cast<std::int64_t>(value) : 0;
}

std::int64_t bytes_of_runs(sql::Database& db, const std::string& condition) {
    const std::string runs = "(SELECT id FROM run WHERE " + condition + ")";
    return bytes(db, "SELECT total(size) FROM artifact WHERE run IN " + runs) +
           static_cast<std::int64_t>(kBytesPerPoint * static_cast<double>(bytes(db, "SELECT total(n) FROM metric_last WHERE run IN " + runs)));
}

}

Storage Project::storage() const {
    sql::Database db(m_impl->place.file, m_impl->place.reading);
    Storage storage;
    storage.file_bytes = file_bytes(m_impl->place.file);
    storage.artifact_bytes = bytes(db, "SELECT total(size) FROM artifact");
    storage.metric_bytes = static_cast<std::int64_t>(kBytesPerPoint * static_cast<double>(bytes(db, "SELECT total(n) FROM metric_last")));
    storage.asset_bytes = bytes(db, "SELECT total(size) FROM asset WHERE EXISTS(SELECT 1 FROM chunk WHERE owner_kind = 'asset' AND owner = asset.id)");
    storage.live_bytes = bytes_of_runs(db, "lane = 'live' AND pinned = 0 AND deleted IS NULL");
    storage.bin_bytes = bytes_of_runs(db, "deleted IS NOT NULL");
    storage.free_bytes = db.integer("PRAGMA freelist_count") * db.integer("PRAGMA page_size");
    return storage;
}

void Project::compact() {
    auto& impl = *m_impl;
    const std::lock_guard lock(impl.mutex);
    impl.make_ready();
    impl.require_alone(*impl.db, "compact");
    impl.as_opened->before_write();
    impl.db->execute("VACUUM");
    impl.wrote();
}

}
