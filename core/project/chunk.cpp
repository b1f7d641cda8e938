#include "core/project/chunk.h"

#include "core/base/error.h"
#include "core/base/hash.h"

namespace lathe {

void put_chunk(sql::Database& db, const char* owner_kind, std::int64_t owner, std::int64_t seq, std::string_view bytes) {
    db.cached("INSERT INTO chunk(owner_kind, owner, seq, bytes) VALUES(?, ?, ?, ?)").bind(owner_kind, owner, seq, sql::Blob{bytes}).run();
}

void drop_chunks(sql::Database& db, const char* owner_kind, std::int64_t owner) {
    db.cached("DELETE FROM chunk WHERE owner_kind = ? AND owner = ?").bind(owner_kind, owner).run();
}

void read_chunks(sql::Database& db, const char* owner_kind, std::int64_t owner, std::int64_t size, const std::string& sha256, const std::string& what,
    const std::function<void(std::string_view)>& take) {
    Sha256 hash;
    std::int64_t total = 0;
    sql::Statement statement(db, "SELECT bytes FROM chunk WHERE owner_kind = ? AND owner = ? ORDER BY seq");
    statement.bind(owner_kind, owner);
    while (statement.step()) {
        const auto bytes = statement.bytes(0);
        total += static_cast<std::int64_t>(bytes.size());
        if (total > size)
            break;
        hash.add(bytes.data(), bytes.size());
        take(bytes);
    }
    if (total != size || hash.hex() != sha256)
        throw Error(ErrorCode::wrong_format, "The bytes of " + what + " are damaged.", db.file().string(), "Run again what made them, or open a copy made earlier.");
}

}
