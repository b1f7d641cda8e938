// Copies of the whole project: to keep, and to give to others.
#include "core/base/hash.h"
#include "core/base/file.h"
#include "core/project/chunk.h"
#include "core/project/project_impl.h"
#include "core/project/redact.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <unistd.h>

namespace lathe {
namespace {

using Progress = std::function<bool(double)>;

// The file under its temporary name. It is removed unless it was put in place.
class Part {
public:
    explicit Part(std::filesystem::path target) : m_target(std::move(target)), m_file(m_target.string() + ".part") { remove(); }
    ~Part() {
        if (!m_in_place)
            remove();
    }
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;
    const std::filesystem::path& file() const { return m_file; }
    void put_in_place() {
        sync(m_file);
        if (std::rename(m_file.c_str(), m_target.c_str()) != 0)
            fail();
        m_in_place = true;
        sync(m_target.parent_path());
    }
private:
    void remove() const {
        std::error_code ignored;
        for (const char* suffix : {"", "-journal", "-wal", "-shm"})
            std::filesystem::remove(m_file.string() + suffix, ignored);
    }
    void sync(const std::filesystem::path& path) const {
        const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        const bool done = fd >= 0 && fsync(fd) == 0;
        const int error = errno;
        if (fd >= 0)
            ::close(fd);
        errno = error;
        if (!done && errno != EINVAL)   // some file systems cannot sync folders
            fail();
    }
    [[noreturn]] void fail() const {
        throw Error(ErrorCode::io, "The copy could not be written: " + std::string(std::strerror(errno)) + ".", m_target.string(), "Choose another place, or free some space.");
    }
    const std::filesystem::path m_target, m_file;
    bool m_in_place = false;
};

std::filesystem::path checked_target(const std::filesystem::path& project, const std::filesystem::path& target) {
    const auto file = std::filesystem::absolute(target).lexically_normal();
    std::error_code error;
    if (file == project || std::filesystem::equivalent(file, project, error))
        throw Error(ErrorCode::invalid_value, "The copy would replace the project itself.", file.string(), "Choose another name.");
    if (!std::filesystem::is_directory(file.parent_path(), error))
        throw Error(ErrorCode::io, "The folder does not exist.", file.parent_path().string(), "Make it first, or choose another one.");
    return file;
}

// A connection of its own: the writer goes on meanwhile.
void vacuum_into(const Place& place, const std::filesystem::path& part, const Progress& progress) {
    sql::Database source(place.file, place.reading == sql::Access::query ? sql::Access::write : place.reading);
    const auto expected = static_cast<double>(std::max<std::int64_t>(1, source.integer("PRAGMA page_count") * source.integer("PRAGMA page_size")));
    if (progress)
        source.progress([&] { return progress(std::min(1.0, static_cast<double>(size_or_zero(part)) / expected)); });
    sql::Statement(source, "VACUUM INTO ?").bind(part.string()).run();
}

struct Embedding {
    AssetRow asset;
    std::filesystem::path file;
};

// Before anything is written: where every asset is.
std::vector<Embedding> find_assets(const Project& project) {
    std::vector<Embedding> found;
    std::string missing;
    for (auto& asset : project.reader()->assets()) {
        if (asset.embedded)
            continue;
        std::error_code error;
        bool here = false;
        for (const auto& file : {project.file().parent_path() / asset.rel_path, std::filesystem::path(asset.hint)}) {
            if (file.empty() || !std::filesystem::is_regular_file(file, error) || sha256_file(file) != asset.sha256)
                continue;
            found.push_back({asset, file});
            here = true;
            break;
        }
        if (!here)
            missing += (missing.empty() ? "" : ", ") + asset.name;
    }
    if (!missing.empty())
        throw Error(ErrorCode::not_found, "These models or data cannot be put into the copy, because they are not where they were: " + missing + ".", project.file().string(),
            "Locate them first, or share without them.");
    return found;
}

void embed(sql::Database& copy, const Embedding& embedding) {
    std::ifstream file(embedding.file, std::ios::binary);
    std::string buffer(kChunkBytes, '\0');
    std::int64_t seq = 0, total = 0;
    for (; file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || file.gcount() > 0; ++seq) {
        put_chunk(copy, kAssetChunks, embedding.asset.id, seq, std::string_view(buffer).substr(0, static_cast<std::size_t>(file.gcount())));
        total += file.gcount();
    }
    copy.cached("UPDATE asset SET size = ? WHERE id = ?").bind(total, embedding.asset.id).run();
}

// Rewrites one text column of a table.
template <class Change> void rewrite(sql::Database& db, const std::string& table, const std::string& key, const std::string& column, Change&& change) {
    std::vector<std::pair<std::string, std::string>> rows;
    sql::Statement read(db, "SELECT " + key + ", " + column + " FROM " + table + " WHERE " + column + " IS NOT NULL");
    sql::Statement write(db, "UPDATE " + table + " SET " + column + " = ?2 WHERE " + key + " = ?1");
    while (read.step())
        if (auto changed = change(read.text(1)); changed != read.text(1))
            rows.emplace_back(read.text(0), std::move(changed));
    for (const auto& [id, text] : rows)
        write.bind(id, text).run();
}

// Text that is no JSON (a damaged row) does not travel.
std::string redact_json(const std::string& text, bool drop_personal) {
    try {
        return json_text(redact(parse_json(text, "project"), drop_personal));
    } catch (const Error&) {
        return "null";
    }
}

void strip(sql::Database& db) {
    const char* const removals[] = {
        "DELETE FROM lease",
        "DELETE FROM log",
        "DELETE FROM meta WHERE key = 'home' OR key LIKE '%undo%' OR key LIKE '%redo%'",
        "DELETE FROM panel_state WHERE plugin LIKE '%undo%'",
        "DELETE FROM metric WHERE run IN (SELECT id FROM run WHERE deleted IS NOT NULL)",
        "DELETE FROM metric_last WHERE run IN (SELECT id FROM run WHERE deleted IS NOT NULL)",
        "DELETE FROM param WHERE run IN (SELECT id FROM run WHERE deleted IS NOT NULL)",
        "DELETE FROM tag WHERE run IN (SELECT id FROM run WHERE deleted IS NOT NULL)",
        "DELETE FROM run_asset WHERE run IN (SELECT id FROM run WHERE deleted IS NOT NULL)",
        "UPDATE sweep_cell SET run = NULL WHERE run IN (SELECT id FROM run WHERE deleted IS NOT NULL)",
        "DELETE FROM artifact WHERE sha256 = '' OR run NOT IN (SELECT id FROM run WHERE deleted IS NULL)",
        "DELETE FROM chunk WHERE owner_kind = 'artifact' AND owner NOT IN (SELECT id FROM artifact)",
        "DELETE FROM run WHERE deleted IS NOT NULL",
        "UPDATE run SET owner = ''",
        "UPDATE asset SET hint = ''",
    };
    for (const char* removal : removals)
        db.execute(removal);
    const auto plain = [](const std::string& text) { return redact(text); };
    const auto values = [](const std::string& text) { return redact_json(text, false); };
    const auto everything = [](const std::string& text) { return redact_json(text, true); };
    for (const char* column : {"title", "notes", "engine", "device"})
        rewrite(db, "run", "id", column, plain);
    rewrite(db, "run", "id", "env", everything);
    rewrite(db, "run", "id", "error", values);
    rewrite(db, "run", "id", "taps", values);
    rewrite(db, "run", "id", "params", values);
    rewrite(db, "artifact", "id", "meta", values);
    rewrite(db, "sweep", "id", "spec", values);
    rewrite(db, "panel_state", "plugin", "json", everything);
    rewrite(db, "snapshot", "id", "json", everything);
    rewrite(db, "meta", "key", "value", plain);
    rewrite(db, "asset", "id", "name", plain);
    // A path that climbs out of the project's folder says where that folder is.
    rewrite(db, "asset", "id", "rel_path", [](const std::string& text) {
        const std::filesystem::path path(text);
        return path.is_absolute() || text.starts_with("..") ? path.filename().string() : text;
    });
    std::vector<std::tuple<std::int64_t, std::int64_t, std::string>> cells;
    {
        sql::Statement read(db, "SELECT sweep, cell, params FROM sweep_cell");
        while (read.step())
            if (auto changed = redact_json(read.text(2), false); changed != read.text(2))
                cells.emplace_back(read.integer(0), read.integer(1), std::move(changed));
    }
    for (const auto& [sweep, cell, params] : cells)
        db.cached("UPDATE sweep_cell SET params = ? WHERE sweep = ? AND cell = ?").bind(params, sweep, cell).run();
    std::vector<std::tuple<RunId, std::string, std::string>> params;
    {
        sql::Statement read(db, "SELECT run, path, txt FROM param WHERE txt LIKE '%/%'");
        while (read.step())
            if (auto changed = redact(read.text(2)); changed != read.text(2))
                params.emplace_back(read.integer(0), read.text(1), std::move(changed));
    }
    for (const auto& [run, path, text] : params)
        db.cached("UPDATE param SET txt = ? WHERE run = ? AND path = ?").bind(text, run, path).run();
}

}

void Project::share(const std::filesystem::path& target, bool embed_assets, const std::function<bool(double)>& progress) const {
    constexpr double kCopied = 0.6, kStripped = 0.7;   // of the time, roughly
    // SQLite asks only after many steps of work: a small project would be done before it is asked once.
    const auto reached = [&](double done) {
        if (progress && !progress(done))
            throw Error(ErrorCode::cancelled, "Sharing the project was cancelled.", target.string());
    };
    reached(0);
    Part part(checked_target(file(), target));
    const auto embeddings = embed_assets ? find_assets(*this) : std::vector<Embedding>();
    vacuum_into(m_impl->place, part.file(), progress ? Progress([&](double done) { return progress(done * kCopied); }) : Progress());
    {
        sql::Database copy(part.file(), sql::Access::write);
        // The file is not in its place yet: if this fails it is thrown away.
        copy.execute("PRAGMA journal_mode=MEMORY");
        copy.execute("PRAGMA synchronous=OFF");
        if (progress)
            copy.progress([&] { return progress(kCopied); });
        {
            sql::Transaction transaction(copy);
            strip(copy);
            for (const auto& embedding : embeddings)
                embed(copy, embedding);
            transaction.commit();
        }
        reached(kStripped);
        if (progress)
            copy.progress([&] { return progress(kStripped); });
        copy.execute("VACUUM");   // what was removed would still stand in free pages
    }
    part.put_in_place();
    if (progress)
        progress(1);
}

void Project::save_copy(const std::filesystem::path& target) const {
    Part part(checked_target(file(), target));
    vacuum_into(m_impl->place, part.file(), {});
    {
        sql::Database copy(part.file(), sql::Access::write);
        sql::Transaction transaction(copy);
        copy.execute("DELETE FROM lease");
        copy.execute("UPDATE run SET owner = '' WHERE state IN ('queued', 'running')");   // they run on in the original only
        transaction.commit();
    }
    part.put_in_place();
}

}
