#pragma once
// The .lathe file: one SQLite database (contracts.md). Every change is a transaction; a kill at any moment loses at most the running step.
// A Project has one writer connection and may be used from any thread (calls are serialised inside, none takes longer than one transaction of
// <= 50 ms but the ones that say so). Readers are separate connections: one per thread, see ProjectReader.
#include "core/base/process.h"
#include "core/method/run.h"
#include "core/project/rows.h"
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>

namespace lathe {

enum class OpenMode { read_write, read_only };

class ProjectReader;

class Project {
public:
    /// Throws Error(io) if the file exists or cannot be made.
    static std::unique_ptr<Project> create(const std::filesystem::path& file);
    /// Checks header, application_id, exact schema (anything else is refused) and lease in < 100 ms; migrates an older file (backup beside it until
    /// committed); a newer file, or one in a read-only place, opens read-only: see read_only_reason(). Runs of dead owners become interrupted.
    static std::unique_ptr<Project> open(const std::filesystem::path& file, OpenMode mode = OpenMode::read_write);
    ~Project();   ///< checkpoints, journal_mode=DELETE: a closed project is one file

    const std::filesystem::path& file() const;
    std::string read_only_reason() const;             ///< empty: writable
    std::unique_ptr<ProjectReader> reader() const;
    /// Full integrity check; seconds on large files. Throws Error(wrong_format) with SQLite's own words.
    void check() const;

    // --- runs (a run row is written only by its owner)
    RunId add_run(const RunRequest& request, const std::string& title, const std::string& engine, const std::string& parent_uuid = {}, SweepId sweep = 0);
    void set_state(RunId run, RunState state, const Json& error = nullptr);   ///< throws Error(internal) for an illegal transition
    void set_environment(RunId run, const Json& environment);
    /// One transaction. Metrics of (run, key, step) already there are replaced. Large artifact bytes become chunk rows of <= 8 MiB.
    /// Started, finished, failed, cancelled and paused set the state; events after the end of the run are ignored, previews and progress are not kept.
    /// Artifacts come in their stored form (see RunWriter::Encode). Large ones are written in several transactions and appear with the last.
    void record(RunId run, std::span<const RunEvent> events);
    void set_metric_info(const std::string& key, const std::string& unit, const std::string& better);   ///< better: "higher", "lower", ""
    void set_title(RunId run, const std::string& title);
    void set_notes(RunId run, const std::string& notes);
    void set_pinned(RunId run, bool pinned);
    void set_tags(RunId run, const std::vector<std::string>& tags);
    void move_to_bin(std::span<const RunId> runs);
    void restore_from_bin(std::span<const RunId> runs);
    void empty_bin();                                                          ///< in many small transactions
    /// Oldest unpinned live runs beyond `keep`, or beyond `max_bytes` of artifacts and metrics (-1: no quota), go for good. See live_beyond().
    void trim_live(std::size_t keep = 50, std::int64_t max_bytes = -1);
    /// With artifacts, metrics, logs and tags; a uuid already here is returned as it is. One transaction: seconds for large runs.
    RunId import_run(const ProjectReader& from, RunId run);

    // --- assets
    AssetId add_asset(const AssetRow& asset);                                  ///< by sha256: an existing row is updated
    /// These two read the file to compare its hash: seconds for large ones. Error(wrong_format) if it is another file.
    void embed_asset(AssetId asset, const std::filesystem::path& from);
    void relocate_asset(AssetId asset, const std::filesystem::path& path);

    // --- everything else that is kept
    void set_meta(const std::string& key, const std::string& value);
    void set_panel_state(const std::string& plugin, int version, const Json& state);
    void add_snapshot(const std::string& name, const Json& state);
    SweepId add_sweep(const Json& spec, const std::vector<Json>& cells);
    void set_sweep_cell(SweepId sweep, std::int64_t cell, RunId run, const std::string& state);

    /// VACUUM INTO NAME.part, fsync, rename. Strips host, user, absolute paths, logs, bin and undo; embeds the assets if asked. Takes seconds on large files.
    void share(const std::filesystem::path& target, bool embed_assets, const std::function<bool(double)>& progress = {}) const;
    void save_copy(const std::filesystem::path& target) const;                 ///< everything, stripped of nothing
    /// To the state when this Project was opened. Error(busy) while runs are under way or others have it open; Error(unsupported) where that state was
    /// not kept (very large projects after much writing). Takes seconds on large files.
    void revert_to_as_opened();
    void compact();                                                            ///< gives free space back to the disk. Error(busy) like above; seconds
    Storage storage() const;

    /// Rises with every commit of any process: poll it to notice foreign writes.
    std::int64_t data_version() const;

    struct Impl;
private:
    explicit Project(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> m_impl;
};

/// Own read connection; use on one thread. Every list pages (limit, offset).
class ProjectReader {
public:
    explicit ProjectReader(const std::filesystem::path& file);
    ~ProjectReader();
    std::int64_t data_version() const;
    const std::filesystem::path& file() const;                    ///< as it was given

    std::vector<RunRow> runs(const RunQuery& query, std::int64_t limit = -1, std::int64_t offset = 0) const;
    std::int64_t count_runs(const RunQuery& query) const;
    RunRow run(RunId id) const;                                   ///< throws Error(not_found)
    std::optional<RunId> find_run(std::string_view uuid_or_number) const;
    std::vector<MetricSummary> metrics(RunId run) const;          ///< last, min, max, n per key
    std::map<RunId, std::vector<MetricSummary>> metrics(std::span<const RunId> runs) const;
    Series series(RunId run, std::string_view key, std::size_t max_points = 0) const;   ///< max_points > 0: min/max buckets
    std::vector<ArtifactRow> artifacts(RunId run) const;          ///< without bytes
    std::string artifact_bytes(ArtifactId artifact) const;        ///< checked against its sha256; throws Error(not_found, wrong_format)
    std::vector<LogRow> log(RunId run) const;
    std::vector<AssetRow> assets() const;
    std::vector<std::pair<std::string, AssetRow>> assets_of(RunId run) const;
    bool extract_asset(AssetId asset, const std::filesystem::path& target) const;       ///< false: not embedded
    std::vector<std::string> tags() const;
    std::vector<std::string> metric_keys() const;
    std::vector<std::string> parameter_paths() const;
    std::vector<SweepRow> sweeps() const;
    std::optional<std::pair<int, Json>> panel_state(const std::string& plugin) const;
    std::vector<SnapshotRow> snapshots() const;
    std::string meta(const std::string& key) const;               ///< empty: not set
    std::vector<RunId> live_beyond(std::size_t keep, std::int64_t max_bytes = -1) const;   ///< what trim_live() would remove
private:
    friend class Project;
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

/// Queues events from any thread and commits them in batches (every 100 ms or 2000 points), on its own thread.
/// `committed` is called on that thread after the commit with the run and the highest seq now safe: print or acknowledge only then.
/// While the project cannot be written (full disk, busy) nothing is dropped: `failed` is called at the first failure, and the batch is tried again
/// every second. Events that can never be stored (of a removed run, say) are dropped after `failed`.
class RunWriter {
public:
    /// Brings an artifact from its wire form (raw pixels) to its stored form (PNG): bytes, media and meta. Called on the writer's thread.
    using Encode = std::function<void(Artifact& artifact)>;
    RunWriter(Project& project, std::function<void(RunId, std::uint64_t seq)> committed = {}, std::function<void(const Error&)> failed = {}, Encode encode = {});
    ~RunWriter();                                                 ///< commits what is queued; one last try if the project cannot be written
    void add(RunId run, RunEvent event);                          ///< blocks while more than 64 MiB wait; throws the last Error instead while writing fails
    void flush();                                                 ///< returns when all that was added is committed; throws Error if writing fails
private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

}
