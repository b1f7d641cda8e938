#pragma once
// Bytes of artifacts and embedded assets: rows of at most 8 MiB, because SQLite values end at 1 GB and a transaction should be short.
#include "core/project/sqlite.h"
#include <functional>

namespace lathe {

inline constexpr std::size_t kChunkBytes = 8u << 20;
inline constexpr const char* kArtifactChunks = "artifact";
inline constexpr const char* kAssetChunks = "asset";

/// One row. `bytes` are at most kChunkBytes.
void put_chunk(sql::Database& db, const char* owner_kind, std::int64_t owner, std::int64_t seq, std::string_view bytes);
void drop_chunks(sql::Database& db, const char* owner_kind, std::int64_t owner);

/// Calls `take` for the rows in order. Throws Error(wrong_format) if they are not `size` bytes with the hash `sha256`: but `take` has seen them by then.
void read_chunks(sql::Database& db, const char* owner_kind, std::int64_t owner, std::int64_t size, const std::string& sha256, const std::string& what,
    const std::function<void(std::string_view)>& take);

}
