// lathe-cli project info | runs | export | share | check
#include "app/cli/command.h"
#include "app/cli/interrupt.h"
#include "app/cli/options.h"
#include "app/cli/project_parts.h"
#include "app/cli/terminal.h"
#include "core/base/time.h"
#include "core/report/ticks.h"
#include <map>

namespace lathe::cli {
namespace fs = std::filesystem;
namespace {

constexpr const char* kArguments = "info|runs|export|share|check FILE …";

int info(const Options& options) {
    const auto project = opened(options.positional()[1]);
    const auto reader = project->reader();
    const Storage storage = project->storage();
    std::map<std::string, std::int64_t> states, methods;
    for (const RunRow& run : reader->runs({})) {
        ++states[std::string(name(run.state))];
        ++methods[run.method];
    }
    RunQuery bin;
    bin.bin = true;
    const auto assets = reader->assets();
    if (options.json()) {
        Json asset_list = Json::array();
        for (const AssetRow& a : assets) asset_list.push_back({{"name", a.name}, {"kind", a.kind}, {"size", a.size}, {"sha256", a.sha256}, {"embedded", a.embedded}});
        print(Json{{"file", project->file().string()}, {"bytes", storage.file_bytes}, {"runs", reader->count_runs({})}, {"states", states}, {"methods", methods}, {"bin", reader->count_runs(bin)}, {"assets", asset_list},
            {"tags", reader->tags()}, {"sweeps", reader->sweeps().size()}, {"snapshots", reader->snapshots().size()},
            {"storage", {{"artifacts", storage.artifact_bytes}, {"metrics", storage.metric_bytes}, {"assets", storage.asset_bytes}, {"live", storage.live_bytes}, {"bin", storage.bin_bytes}, {"free", storage.free_bytes}}}});
        return kOk;
    }
    print(project->file().string() + "  " + bytes_text(storage.file_bytes));
    const auto list = [](const char* title, const std::map<std::string, std::int64_t>& counts) {
        std::string line;
        for (const auto& [key, n] : counts) line += (line.empty() ? "" : ", ") + std::to_string(n) + " " + key;
        if (!line.empty()) print(title + line);
    };
    print("  " + std::to_string(reader->count_runs({})) + " runs, " + std::to_string(reader->count_runs(bin)) + " in the bin");
    list("  ", states);
    list("  ", methods);
    print("  artifacts " + bytes_text(storage.artifact_bytes) + ", metrics " + bytes_text(storage.metric_bytes) + ", embedded models and data " + bytes_text(storage.asset_bytes) + ", bin " + bytes_text(storage.bin_bytes) + ", free " +
        bytes_text(storage.free_bytes));
    for (const AssetRow& a : assets) print("  " + a.kind + " " + a.name + "  " + bytes_text(a.size) + (a.embedded ? ", embedded" : "") + "  " + a.sha256.substr(0, 12));
    return kOk;
}

int runs(const Options& options) {
    const auto project = opened(options.positional()[1]);
    const auto reader = project->reader();
    RunQuery query = query_from(options, 2);
    const auto rows = reader->runs(query, options.integer("limit", -1, 1, 1'000'000'000));
    std::vector<std::string> columns;
    for (const std::string& list : options.all("columns"))
        for (const QString& c : QString::fromStdString(list).split(u',', Qt::SkipEmptyParts)) columns.push_back(c.toStdString());
    std::vector<std::vector<std::string>> table;
    for (const RunRow& run : rows) {
        const Json json = run_json(*reader, run);
        if (options.json()) {
            print(json);
            continue;
        }
        std::vector<std::string> row{std::to_string(run.id), std::string(name(run.state)), run.method, run.title, iso_time(run.created).substr(0, 19), json["seconds"].is_number() ? duration_text(json["seconds"].get<double>()) : ""};
        for (const std::string& column : columns) row.push_back(cell_of(json, column));
        table.push_back(std::move(row));
    }
    if (options.json()) return kOk;
    std::vector<std::string> head{"run", "state", "method", "title", "made", "took"};
    head.insert(head.end(), columns.begin(), columns.end());
    print(table.empty() ? "No runs." : text_table(head, table));
    return kOk;
}

int export_runs(const Options& options) {
    if (!options.has("out")) throw UsageError(ErrorCode::invalid_value, "There is no folder to write to", {}, "Add --out DIR");
    const auto project = opened(options.positional()[1]);
    const auto reader = project->reader();
    const auto chosen = chosen_runs(options, *reader, 2);
    if (chosen.empty()) throw UsageError(ErrorCode::not_found, "No run fits", {}, "See lathe-cli project runs " + options.positional()[1]);
    const fs::path folder = options.get("out");
    ProgressBar bar;
    std::size_t done = 0;
    for (const RunId run : chosen) {
        throw_if_interrupted();
        const fs::path written = export_run(*reader, run, folder);
        bar.update(double(++done), double(chosen.size()), "run " + std::to_string(run));
        if (options.json()) print(Json{{"run", run}, {"folder", written.string()}});
    }
    write_runs_csv(*reader, chosen, folder / "runs.csv");
    ProgressBar::clear();
    if (!options.json()) print(std::to_string(chosen.size()) + (chosen.size() == 1 ? " run" : " runs") + " written to " + folder.string());
    return kOk;
}

int share(const Options& options) {
    if (options.positional().size() < 3) throw UsageError(ErrorCode::invalid_value, "There is no name for the copy", {}, "Write lathe-cli project share FILE COPY.lathe");
    const fs::path target = options.positional()[2];
    std::error_code error;
    if (fs::exists(target, error) && !options.has("force")) throw UsageError(ErrorCode::io, "There is a file of this name already", target.string(), "Choose another name, or add --force");
    const auto project = opened(options.positional()[1]);
    ProgressBar bar;
    project->share(target, options.has("embed"), [&](double done) {
        bar.update(done, 1, "copying");
        return interrupts() == 0;
    });
    ProgressBar::clear();
    const auto size = std::int64_t(fs::file_size(target, error));
    if (options.json()) print(Json{{"file", target.string()}, {"bytes", size}});
    else print(target.string() + "  " + bytes_text(size) + ", without host, user, absolute paths, logs and bin");
    return kOk;
}

int check(const Options& options) {
    const auto project = opened(options.positional()[1]);
    project->check();
    std::size_t damaged = 0, artifacts = 0;
    const auto reader = project->reader();
    for (const RunRow& run : reader->runs({})) {
        throw_if_interrupted();
        if (!run.damage.empty()) {
            ++damaged;
            say("warning", run.damage, "run " + std::to_string(run.id), {});
        }
        for (const ArtifactRow& a : reader->artifacts(run.id)) {
            ++artifacts;
            try {
                reader->artifact_bytes(a.id);
            } catch (const Error& e) {
                ++damaged;
                say("warning", e.summary(), "run " + std::to_string(run.id) + ", " + a.key + ", step " + std::to_string(a.step), {});
            }
        }
    }
    if (options.json()) print(Json{{"file", project->file().string()}, {"ok", damaged == 0}, {"runs", reader->count_runs({})}, {"artifacts", artifacts}, {"damaged", damaged}});
    else print(damaged == 0 ? "ok: tables, indexes and " + std::to_string(artifacts) + " artifacts are whole" : std::to_string(damaged) + " damaged rows");
    return damaged == 0 ? kOk : kFailed;
}

}

int project_command(const QStringList& words) {
    Options options("project", kArguments,
        "info FILE            what is in it and what takes space\n"
        "runs FILE [QUERY]    its runs; the query is that of the window: state:finished and psnr > 30 and tag:paper\n"
        "export FILE [QUERY]  artifacts, metrics and parameters of runs as files, and runs.csv\n"
        "share FILE COPY      one compact copy for others, without host, user, paths, logs and bin\n"
        "check FILE           whether the file and every artifact are whole",
        {"lathe-cli project info study.lathe", "lathe-cli project runs study.lathe 'method:delta_cache.sample and psnr > 30' --columns psnr,cache.count --sort psnr",
            "lathe-cli project export study.lathe --run 12 --out files", "lathe-cli project share study.lathe for-anna.lathe --embed", "lathe-cli project check study.lathe --json"});
    options.value("run", "RUN", "export: this run (number or uuid); may be given many times")
        .value("out", "DIR", "export: where the files go")
        .value("columns", "NAMES", "runs: more columns: parameters, metrics or results, with commas between")
        .value("sort", "NAME", "runs: by this column, parameter or metric; -NAME: falling")
        .value("limit", "N", "runs: at most so many")
        .flag("bin", "runs: those in the bin")
        .flag("embed", "share: with the models and data in it")
        .flag("force", "share: replace a file of that name");
    if (!options.parse(words, 2, 3)) return kOk;
    const std::string& action = options.positional()[0];
    if (action == "info") return info(options);
    if (action == "runs") return runs(options);
    if (action == "export") return export_runs(options);
    if (action == "share") return share(options);
    if (action == "check") return check(options);
    throw UsageError(ErrorCode::unknown_name, "There is no \"project " + action + "\"", {}, "Write info, runs, export, share or check");
}

}
