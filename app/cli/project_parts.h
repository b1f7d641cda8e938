#pragma once
// Parts of the commands that read projects.
#include "app/cli/options.h"
#include "core/project/project.h"
#include <filesystem>

namespace lathe::cli {

/// For reading. Throws Error(not_found, wrong_format, io).
std::unique_ptr<Project> opened(const std::string& file);
/// From the query words after the n-th positional one, --sort and --bin. Throws UsageError that shows where a query is wrong.
RunQuery query_from(const Options& options, std::size_t n);
/// Those of --run, else those that the query finds (oldest first). Throws UsageError.
std::vector<RunId> chosen_runs(const Options& options, const ProjectReader& reader, std::size_t n);

/// id, uuid, method, title, state, created, seconds, params, metrics{last}, summary, tags, …
Json run_json(const ProjectReader& reader, const RunRow& run);
/// A parameter, metric or result of run_json() as a text; empty: it has none.
std::string cell_of(const Json& run, const std::string& column);

/// Writes DIR/run-000012 with run.json, metrics.csv, log.txt and the artifacts. Returns that folder.
std::filesystem::path export_run(const ProjectReader& reader, RunId run, const std::filesystem::path& folder);
void write_runs_csv(const ProjectReader& reader, const std::vector<RunId>& runs, const std::filesystem::path& file);

}
