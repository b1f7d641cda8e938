// Models and data that runs refer to, and what else a project keeps: meta, panel states, snapshots, sweeps.
#include "core/base/hash.h"
#include "core/base/time.h"
#include "core/base/uuid.h"
#include "core/project/chunk.h"
#include "core/project/project_impl.h"
#include <fstream>

namespace lathe {
namespace {

// Beside the project first: the pair may be moved together. The absolute path is only a hint for this computer.
std::pair<std::string, std::string> paths_of(const std::filesystem::path& project, const std::filesystem::path& asset) {
    std::error_code error;
    const auto absolute = std::filesystem::weakly_canonical(asset, error);
    const auto& known = error ? asset : absolute;
    return {known.lexically_proximate(project.parent_path()).string(), known.string()};
}

struct AssetHead { std::string sha256, name; std::int64_t size = 0; };
AssetHead asset_head(sql::Database& db, AssetId asset) {
    sql::Statement statement(db, "SELECT sha256, name, size FROM asset WHERE id = ?");
    if (!statement.bind(asset).step())
        throw Error(ErrorCode::not_found, "There is no asset " + std::to_string(asset) + " in the project.", db.file().string());
    return {statement.text(0), statement.text(1), statement.integer(2)};
}

void require_same(const AssetHead& head, const std::filesystem::path& file) {
    if (sha256_file(file) != head.sha256)
        throw Error(ErrorCode::wrong_format, "This is not the " + head.name + " that the runs were made with: its content differs.", file.string(),
            "Choose the original file, or run again with this one.");
}

}

AssetId Project::add_asset(const AssetRow& asset) {
    if (asset.sha256.size() != 64 || asset.sha256.find_first_not_of("0123456789abcdef") != std::string::npos)
        throw Error(ErrorCode::invalid_value, "The hash of an asset is 64 hexadecimal digits.", asset.name);
    AssetRow row = asset;
    if (std::filesystem::path(row.rel_path).is_absolute()) {
        const auto [relative, absolute] = paths_of(file(), row.rel_path);
        row.rel_path = relative;
        if (row.hint.empty())
            row.hint = absolute;
    }
    return m_impl->write([&](sql::Database& db) {
        db.cached("INSERT INTO asset(sha256, kind, name, size, rel_path, hint, family) VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT(sha256) DO UPDATE SET "
                  "kind = excluded.kind, name = excluded.name, size = excluded.size, rel_path = excluded.rel_path, hint = excluded.hint, "
                  "family = CASE WHEN excluded.family = '' THEN family ELSE excluded.family END")
            .bind(row.sha256, row.kind, sql::clean_text(row.name), row.size, sql::clean_text(row.rel_path), sql::clean_text(row.hint), row.family)
            .run();
        auto& statement = db.cached("SELECT id FROM asset WHERE sha256 = ?");
        statement.bind(row.sha256).step();
        const AssetId id = statement.integer(0);
        statement.reset();
        return id;
    });
}

// The last chunk makes the asset embedded: until all are there its hash does not fit, so they are written under the id of an unseen artifact first.
void Project::embed_asset(AssetId asset, const std::filesystem::path& from) {
    auto& impl = *m_impl;
    AssetHead head;
    bool embedded = false;
    impl.write([&](sql::Database& db) {
        head = asset_head(db, asset);
        embedded = db.integer("SELECT EXISTS(SELECT 1 FROM chunk WHERE owner_kind = 'asset' AND owner = " + std::to_string(asset) + ")") != 0;
    });
    if (embedded)
        return;
    require_same(head, from);
    const ArtifactId staging = impl.write([](sql::Database& db) {
        db.cached("INSERT INTO artifact(run, key, step, kind, media, meta, size, sha256) VALUES(0, '', 0, '', '', NULL, 0, '')").run();
        return db.last_id();
    });
    try {
        std::ifstream file(from, std::ios::binary);
        std::string buffer(kChunkBytes, '\0');
        std::int64_t total = 0, seq = 0;
        for (; file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || file.gcount() > 0; ++seq) {
            const std::string_view bytes(buffer.data(), static_cast<std::size_t>(file.gcount()));
            total += file.gcount();
            impl.write([&](sql::Database& db) { put_chunk(db, kArtifactChunks, staging, seq, bytes); });
        }
        if (file.bad() || total != static_cast<std::int64_t>(std::filesystem::file_size(from)))
            throw Error(ErrorCode::io, "The file could not be read to its end.", from.string(), "Check the disk, and try again.");
        impl.write([&](sql::Database& db) {
            db.cached("UPDATE chunk SET owner_kind = 'asset', owner = ? WHERE owner_kind = 'artifact' AND owner = ?").bind(asset, staging).run();
            db.cached("UPDATE asset SET size = ? WHERE id = ?").bind(total, asset).run();
            db.cached("DELETE FROM artifact WHERE id = ?").bind(staging).run();
        });
    } catch (...) {
        try {
            impl.collect_discarded();
        } catch (const Error&) {
            // The row belongs to no run, so its bytes go with the next clean-up.
        }
        throw;
    }
}

void Project::relocate_asset(AssetId asset, const std::filesystem::path& path) {
    AssetHead head;
    m_impl->write([&](sql::Database& db) { head = asset_head(db, asset); });
    require_same(head, path);
    const auto paths = paths_of(file(), path);
    m_impl->write([&](sql::Database& db) {
        db.cached("UPDATE asset SET rel_path = ?, hint = ? WHERE id = ?").bind(sql::clean_text(paths.first), sql::clean_text(paths.second), asset).run();
    });
}

void Project::set_meta(const std::string& key, const std::string& value) {
    m_impl->write([&](sql::Database& db) {
        db.cached("INSERT INTO meta(key, value) VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value").bind(key, sql::clean_text(value)).run();
    });
}

void Project::set_panel_state(const std::string& plugin, int version, const Json& state) {
    m_impl->write([&](sql::Database& db) {
        db.cached("INSERT OR REPLACE INTO panel_state(plugin, version, json) VALUES(?, ?, ?)").bind(plugin, version, json_text(state)).run();
    });
}

void Project::add_snapshot(const std::string& name, const Json& state) {
    m_impl->write([&](sql::Database& db) {
        db.cached("INSERT INTO snapshot(name, created, json) VALUES(?, ?, ?)").bind(sql::clean_text(name), now_ms(), json_text(state)).run();
    });
}

SweepId Project::add_sweep(const Json& spec, const std::vector<Json>& cells) {
    return m_impl->write([&](sql::Database& db) {
        db.cached("INSERT INTO sweep(uuid, spec, state) VALUES(?, ?, 'running')").bind(make_uuid(), json_text(spec)).run();
        const SweepId sweep = db.last_id();
        auto& insert = db.cached("INSERT INTO sweep_cell(sweep, cell, params, run, state, tries) VALUES(?, ?, ?, NULL, 'queued', 0)");
        for (std::size_t cell = 0; cell < cells.size(); ++cell)
            insert.bind(sweep, static_cast<std::int64_t>(cell), json_text(cells[cell])).run();
        return sweep;
    });
}

void Project::set_sweep_cell(SweepId sweep, std::int64_t cell, RunId run, const std::string& state) {
    m_impl->write([&](sql::Database& db) {
        db.cached("UPDATE sweep_cell SET tries = tries + (run IS NOT ?1), run = ?1, state = ?2 WHERE sweep = ?3 AND cell = ?4")
            .bind(run ? std::optional(run) : std::nullopt, state, sweep, cell)
            .run();
        if (db.changes() == 0)
            throw Error(ErrorCode::not_found, "There is no cell " + std::to_string(cell) + " in sweep " + std::to_string(sweep) + ".", db.file().string());
        db.cached("UPDATE sweep SET state = CASE WHEN EXISTS(SELECT 1 FROM sweep_cell WHERE sweep = ?1 AND state IN ('queued', 'running')) THEN 'running' "
                  "ELSE 'finished' END WHERE id = ?1")
            .bind(sweep)
            .run();
    });
}

}
