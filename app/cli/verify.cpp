#include "app/cli/command.h"
#include "app/cli/engine_host.h"
#include "app/cli/options.h"
#include "app/cli/terminal.h"
#include "core/base/time.h"
#include "core/report/ticks.h"
#include <filesystem>

namespace lathe::cli {
namespace {

std::string absolute(const std::string& path) {
    std::error_code error;
    const auto full = std::filesystem::absolute(path, error);
    return error ? path : full.lexically_normal().string();
}

std::string figure(const Json& report, const char* key) { return report.contains(key) ? short_number(number_from(report[key], key), 3) : std::string(); }

void print_report(const Json& report, bool all) {
    const bool ok = report.value("ok", false);
    const Json outputs = report.value("outputs", Json::array());
    std::string line = (ok ? "ok      " : "FAILED  ") + report.value("file", std::string());
    if (const std::string id = report.value("case", std::string()); !id.empty()) line += "  " + id;
    if (!outputs.empty()) line += "  " + std::to_string(outputs.size()) + (outputs.size() == 1 ? " output" : " outputs");
    if (report.contains("seconds") && report["seconds"].is_number()) line += "  " + duration_text(report["seconds"].get<double>());
    print(line);
    if (report.contains("error")) print("        " + value_text(report["error"]));
    std::vector<std::vector<std::string>> rows;
    for (const Json& o : outputs)
        if (all || !o.value("ok", false)) rows.push_back({"        " + o.value("key", std::string()), o.value("measure", std::string()), figure(o, "error"), figure(o, "tol"), o.value("ok", false) ? "ok" : "FAILED", o.value("note", std::string())});
    if (!rows.empty()) print(text_table({"        output", "measure", "error", "tolerance", "", ""}, rows));
}

}

int verify_command(const QStringList& words) {
    Options options("verify", "FILE... [--data DIR]...",
        "Recomputes every output of reference files (safetensors or JSON with a case in their config) from its inputs, and compares it within its tolerance.\n"
        "Files that a case names (weights, images) are looked for beside the file, in each --data folder, then in LATHE_DATA.",
        {"lathe-cli verify golden/delta_cache/*.safetensors", "lathe-cli verify case.safetensors --data weights --all", "lathe-cli verify case.safetensors --json"});
    options.value("data", "DIR", "Where weights and images that a file names are looked for; may be given many times").flag("all", "Show every output, not only those that fail");
    if (!options.parse(words, 1, 1'000'000)) return kOk;
    EngineHost host;
    Json files = Json::array(), folders = Json::array();
    for (const std::string& file : options.positional()) files.push_back(absolute(file));
    for (const std::string& folder : options.all("data")) {
        if (!std::filesystem::is_directory(folder)) throw UsageError(ErrorCode::not_found, "There is no such folder", folder, "Check --data");
        folders.push_back(absolute(folder));
    }
    const Json reports = host.result_of("engine.verify", {{"files", files}, {"data", folders}});
    if (!reports.is_array() || reports.size() != files.size()) throw Error(ErrorCode::internal, "The engine has not answered for every file.", "engine.verify");
    std::size_t passed = 0;
    for (const Json& report : reports) {
        passed += report.value("ok", false);
        if (options.json()) print(report);
        else print_report(report, options.has("all"));
    }
    if (!options.json()) print(std::to_string(passed) + " of " + std::to_string(reports.size()) + " files are within their tolerances");
    return passed == reports.size() ? kOk : kFailed;
}

}
