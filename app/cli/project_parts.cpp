#include "app/cli/project_parts.h"
#include "app/cli/run_output.h"
#include "core/base/csv.h"
#include "core/base/file.h"
#include "core/base/time.h"
#include "core/method/parameter.h"
#include "core/report/escape.h"
#include "core/report/ticks.h"
#include <algorithm>
#include <set>

namespace lathe::cli {
namespace fs = std::filesystem;
namespace {

void make_folder(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) throw Error(ErrorCode::io, "The folder cannot be made: " + error.message(), folder.string(), "Choose another one for --out.");
}

const Json* member_of(const Json& run, const char* group, const std::string& name) {
    if (!run.contains(group) || !run[group].is_object()) return nullptr;
    const auto found = run[group].find(name);
    return found == run[group].end() ? nullptr : &*found;
}

const Json* value_of(const Json& run, const std::string& column) {
    for (const char* group : {"metrics", "summary", "params"})
        if (const Json* found = member_of(run, group, column)) return found;
    const auto found = run.find(column);
    return found == run.end() ? nullptr : &*found;
}

}

std::unique_ptr<Project> opened(const std::string& file) { return Project::open(file, OpenMode::read_only); }

RunQuery query_from(const Options& options, std::size_t n) {
    const std::string text = options.positional().size() > n ? options.positional()[n] : std::string();
    QueryError problem;
    RunQuery query = compile_query(text, &problem);
    if (!problem.text.empty()) {
        const std::string word = text.substr(std::min(problem.begin, text.size()), problem.end - std::min(problem.begin, problem.end));
        throw UsageError(ErrorCode::invalid_value, "The query is wrong: " + problem.text, word.empty() ? text : "\"" + word + "\" in " + text, "See lathe-cli project --help");
    }
    if (std::string sort = options.has("sort") ? options.get("sort") : std::string(); !sort.empty()) {
        const bool falling = sort[0] == '-';
        query.sort = {{falling ? sort.substr(1) : sort, !falling}};
    }
    query.bin = options.has("bin");
    return query;
}

std::vector<RunId> chosen_runs(const Options& options, const ProjectReader& reader, std::size_t n) {
    std::vector<RunId> chosen;
    for (const std::string& wanted : options.all("run")) {
        const auto id = reader.find_run(wanted);
        if (!id) throw UsageError(ErrorCode::not_found, "There is no run \"" + wanted + "\" in the project", "--run", "lathe-cli project runs FILE lists them");
        chosen.push_back(*id);
    }
    if (!chosen.empty()) return chosen;
    RunQuery query = query_from(options, n);
    if (query.sort.empty()) query.sort = {{"id", true}};
    for (const RunRow& row : reader.runs(query)) chosen.push_back(row.id);
    return chosen;
}

Json run_json(const ProjectReader& reader, const RunRow& run) {
    const Json environment = run.environment.is_object() ? run.environment : Json::object();
    Json metrics = Json::object(), assets = Json::array();
    for (const MetricSummary& m : reader.metrics(run.id)) metrics[m.key] = number_json(m.last);
    for (const AssetRef& a : run.assets) assets.push_back({{"role", a.role}, {"sha256", a.sha256}});
    Json out = {{"id", run.id}, {"uuid", run.uuid}, {"method", run.method}, {"version", run.version}, {"title", run.title}, {"state", name(run.state)}, {"lane", name(run.lane)}, {"pinned", run.pinned}, {"seed", run.seed},
        {"device", run.device}, {"engine", run.engine}, {"created", iso_time(run.created)}, {"seconds", environment.value("seconds", Json())}, {"params", run.params}, {"metrics", metrics},
        {"summary", environment.value("summary", Json::object())}, {"tags", run.tags}, {"assets", assets}, {"notes", run.notes}};
    if (!run.error.is_null()) out["error"] = run.error;
    if (!run.taps.is_null()) out["taps"] = run.taps;
    if (!run.parent.empty()) out["parent"] = run.parent;
    if (run.sweep) out["sweep"] = run.sweep;
    return out;
}

std::string cell_of(const Json& run, const std::string& column) {
    const Json* value = value_of(run, column);
    if (!value || value->is_null()) return {};
    return value->is_number_float() ? short_number(value->get<double>()) : value_text(*value);
}

fs::path export_run(const ProjectReader& reader, RunId id, const fs::path& folder) {
    const RunRow run = reader.run(id);
    std::string number = std::to_string(id);
    number.insert(0, number.size() < 6 ? 6 - number.size() : 0, '0');
    const fs::path into = folder / ("run-" + number);
    make_folder(into);
    std::set<std::string> taken{"run.json", "metrics.csv", "log.txt"};
    Json artifacts = Json::array();
    for (const ArtifactRow& a : reader.artifacts(id)) {
        const fs::path wanted = artifact_file_name(a.key, a.step, a.media, a.meta);
        std::string name = wanted.string();
        for (int n = 2; !taken.insert(name).second; ++n) name = wanted.stem().string() + "_" + std::to_string(n) + wanted.extension().string();
        write_file(into / name, reader.artifact_bytes(a.id));
        artifacts.push_back({{"file", name}, {"key", a.key}, {"step", a.step}, {"kind", a.kind}, {"media", a.media}, {"sha256", a.sha256}, {"meta", a.meta}});
    }
    if (const std::string csv = metrics_csv(reader, id); csv.find('\n') + 1 < csv.size()) write_file(into / "metrics.csv", csv);
    std::string log;
    for (const LogRow& line : reader.log(id)) log += iso_time(line.time) + " " + line.level + " " + line.text + "\n";
    if (!log.empty()) write_file(into / "log.txt", log);
    Json json = run_json(reader, run);
    json["environment"] = run.environment;
    json["artifacts"] = std::move(artifacts);
    write_file(into / "run.json", json_text(json, 2) + "\n");
    return into;
}

void write_runs_csv(const ProjectReader& reader, const std::vector<RunId>& runs, const fs::path& file) {
    std::vector<Json> rows;
    std::set<std::string> params, metrics, summary;
    for (const RunId id : runs) {
        rows.push_back(run_json(reader, reader.run(id)));
        for (const auto& [key, value] : rows.back()["params"].items()) params.insert(key);
        for (const auto& [key, value] : rows.back()["metrics"].items()) metrics.insert(key);
        for (const auto& [key, value] : rows.back()["summary"].items()) summary.insert(key);
    }
    const std::vector<std::string> fixed{"id", "uuid", "method", "title", "state", "created", "seconds", "device", "engine"};
    std::vector<Json> head(fixed.begin(), fixed.end());
    for (const std::string& key : params) head.push_back("param." + key);
    for (const std::string& key : metrics) head.push_back("metric." + key);
    for (const std::string& key : summary) head.push_back("result." + key);
    std::string csv = csv_row(head);
    for (const Json& row : rows) {
        std::vector<Json> cells;
        for (const std::string& key : fixed) cells.push_back(row.value(key, Json()));
        const auto add = [&](const char* group, const std::set<std::string>& keys) {
            for (const std::string& key : keys) {
                const Json* value = member_of(row, group, key);
                cells.push_back(value ? *value : Json());
            }
        };
        add("params", params);
        add("metrics", metrics);
        add("summary", summary);
        csv += csv_row(cells);
    }
    write_file(file, csv);
}

}
