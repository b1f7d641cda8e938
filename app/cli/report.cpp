#include "app/cli/command.h"
#include "app/cli/engine_host.h"
#include "app/cli/options.h"
#include "app/cli/project_parts.h"
#include "app/cli/terminal.h"
#include "app/common/run_report.h"

namespace lathe::cli {

int report_command(const QStringList& words) {
    Options options("report", "FILE [QUERY] --out NAME.html|NAME.md",
        "Writes runs of a project as one HTML file, or as Markdown with a folder of pictures: parameters, environment, pictures, curves, tables, and the command\n"
        "that repeats each run. With several runs: what differs among them. Without --run or QUERY: all runs that were recorded.",
        {"lathe-cli report study.lathe --run 12 --out sneaker.html", "lathe-cli report study.lathe 'tag:paper and state:finished' --title 'Speed against quality' --out paper.md"});
    options.value("out", "NAME", "The file: .html or .md").value("run", "RUN", "This run (number or uuid); may be given many times").value("title", "TEXT", "Title of the report").value("sort", "NAME", "By this column, parameter or metric")
        .flag("bin", "Runs in the bin").flag("names-only", "Do not start the engine for the labels of parameters");
    if (!options.parse(words, 1, 2)) return kOk;
    if (!options.has("out")) throw UsageError(ErrorCode::invalid_value, "There is no name for the report", {}, "Add --out NAME.html or NAME.md");
    const std::filesystem::path target = options.get("out");
    try {
        report_format(target);
    } catch (const Error& error) {
        throw UsageError(error);
    }
    const auto project = opened(options.positional()[0]);
    const auto reader = project->reader();
    std::vector<RunId> runs = chosen_runs(options, *reader, 1);
    if (!options.has("run")) std::erase_if(runs, [&](RunId id) { const RunRow row = reader->run(id); return row.lane == Lane::live && !row.pinned; });
    if (runs.empty()) throw UsageError(ErrorCode::not_found, "No run fits", {}, "See lathe-cli project runs " + options.positional()[0]);
    std::unique_ptr<EngineHost> host;
    if (!options.has("names-only")) {
        try {
            host = std::make_unique<EngineHost>();
        } catch (const Error& error) {
            if (error.code() == ErrorCode::cancelled) throw;
            say("warning", "The report names parameters as they are stored: " + error.summary(), error.where(), error.hint());
        }
    }
    RunReportOptions how;
    how.title = options.get("title");
    how.project_file = project->file().string();
    how.catalogue = host ? &host->catalogue() : nullptr;
    const auto written = write_report(run_report(*reader, runs, how), target);
    if (options.json()) print(Json{{"file", target.string()}, {"runs", runs}, {"files", written.size()}});
    else print(target.string() + ": " + std::to_string(runs.size()) + (runs.size() == 1 ? " run" : " runs") + (written.size() > 1 ? ", " + std::to_string(written.size() - 1) + " pictures beside it" : ""));
    return kOk;
}

}
