#include "app/common/run_report.h"
#include "app/common/run_charts.h"
#include "core/base/csv.h"
#include "core/base/error.h"
#include "core/base/time.h"
#include "core/base/version.h"
#include "core/project/compare.h"
#include "core/report/repeat_command.h"
#include "core/report/ticks.h"
#include <algorithm>
#include <map>

namespace lathe {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kTextBytes = 16u << 10, kMostCharts = 24, kLongFigure = 9;

std::string json_fact(const Json& value) {
    if (value.is_number_float()) return short_number(value.get<double>());
    if (value.is_null()) return "–";
    return value_text(value);
}

std::string parameter_fact(const Parameter* declared, const Json& value) {
    if (value.is_object() && value.contains("rows") && value.contains("cols")) return "grid " + brief(value["rows"]) + " × " + brief(value["cols"]);
    std::string text = declared ? value_text(*declared, value) : value_text(value);
    if (declared && !declared->unit.empty()) text += " " + declared->unit;
    return text;
}

/// In the order of the declaration where it is known.
std::vector<ReportFact> parameter_facts(const RunRow& row, const MethodInfo* method) {
    std::vector<ReportFact> facts;
    if (!row.params.is_object()) return facts;
    std::vector<std::string> declared;
    if (method)
        for (const Parameter& p : method->parameters) {
            declared.push_back(p.id);
            const auto value = row.params.find(p.id);
            if (value == row.params.end()) continue;
            const std::string name = p.label.empty() || p.label == p.id ? p.id : p.label + " (" + p.id + ")";
            facts.push_back({name, parameter_fact(&p, *value) + (is_enabled(p, row.params) ? "" : " – without effect here")});
        }
    for (const auto& [id, value] : row.params.items())
        if (std::find(declared.begin(), declared.end(), id) == declared.end()) facts.push_back({id, parameter_fact(nullptr, value)});
    if (row.taps.is_array())
        for (const Json& tap : row.taps) facts.push_back({"tap " + (tap.contains("id") ? json_fact(tap["id"]) : std::string()), tap.contains("params") ? json_text(tap["params"]) : std::string()});
    return facts;
}

std::vector<ReportFact> environment_facts(const RunRow& row) {
    std::vector<ReportFact> facts;
    if (!row.engine.empty()) facts.push_back({"engine", row.engine});
    if (!row.environment.is_object()) return facts;
    for (const auto& [key, value] : row.environment.items())
        if (key != "request" && key != "summary" && key != "seconds" && key != "engine") facts.push_back({key, json_fact(value)});
    return facts;
}

std::string problem_of(const RunRow& row) {
    std::string text = row.damage;
    if (!row.error.is_object()) return text;
    for (const char* part : {"what", "where", "hint"})
        if (row.error.contains(part) && row.error[part].is_string() && !row.error[part].get_ref<const std::string&>().empty())
            text += (text.empty() ? "" : " ") + row.error[part].get<std::string>() + (std::string_view(part) == "where" ? "." : "");
    return text;
}

ReportTable metric_table(const std::vector<MetricSummary>& metrics) {
    ReportTable table{"Measured", {"", "last", "least", "most", "points", "unit"}, {}, 0};
    for (const MetricSummary& m : metrics) table.rows.push_back({m.key, short_number(m.last), short_number(m.min), short_number(m.max), std::to_string(m.n), m.unit});
    return metrics.empty() ? ReportTable{} : table;
}

class RunSection {
public:
    RunSection(const ProjectReader& reader, const RunRow& row, const RunReportOptions& options, std::size_t& picture_bytes)
        : m_reader(reader), m_row(row), m_options(options), m_picture_bytes(picture_bytes), m_method(options.catalogue ? options.catalogue->find(row.method) : nullptr) {}

    ReportRun make(bool with_curves) {
        facts();
        if (m_row.environment.is_object() && m_row.environment.contains("summary") && m_row.environment["summary"].is_object())
            for (const auto& [key, value] : m_row.environment["summary"].items()) m_out.summary.push_back({key, json_fact(value)});
        const auto metrics = m_reader.metrics(m_row.id);
        m_out.tables.push_back(metric_table(metrics));
        if (with_curves) curves(metrics);
        for (Chart& map : grid_charts(m_row.params, m_method)) m_out.charts.push_back(std::move(map));
        artifacts();
        messages();
        RunRequest request = m_row.request();
        m_out.command = repeat_command(request, input_paths(m_reader, m_row.id, m_options.project_file), m_options.project_file, m_method);
        return std::move(m_out);
    }

private:
    void facts() {
        m_out.title = m_row.title.empty() ? m_row.method : m_row.title;
        m_out.number = "#" + std::to_string(m_row.id);
        m_out.uuid = m_row.uuid;
        m_out.method = m_row.method;
        m_out.state = std::string(name(m_row.state));
        m_out.problem = problem_of(m_row);
        m_out.notes = m_row.notes;
        m_out.tags = m_row.tags;
        m_out.facts.push_back({"Made", iso_time(m_row.created)});
        if (m_row.environment.is_object() && m_row.environment.contains("seconds") && m_row.environment["seconds"].is_number())
            m_out.facts.push_back({"Took", duration_text(m_row.environment["seconds"].get<double>())});
        m_out.facts.push_back({"Device", m_row.device});
        if (m_row.seed != 0) m_out.facts.push_back({"Seed", std::to_string(m_row.seed)});
        if (!m_row.parent.empty()) m_out.facts.push_back({"Goes on from", m_row.parent});
        m_out.parameters = parameter_facts(m_row, m_method);
        m_out.environment = environment_facts(m_row);
        for (const auto& [role, asset] : m_reader.assets_of(m_row.id)) m_out.inputs.push_back({role, asset.name + ", " + bytes_text(asset.size) + ", SHA-256 " + asset.sha256});
    }

    void curves(const std::vector<MetricSummary>& metrics) {
        std::size_t left_out = 0;
        for (const MetricSummary& m : metrics) {
            if (m.n < 2) continue;
            if (m_out.charts.size() >= kMostCharts) ++left_out;
            else m_out.charts.push_back(metric_chart(m, {{"", m_reader.series(m_row.id, m.key, m_options.curve_points)}}, m_method));
        }
        if (left_out) m_out.remarks.push_back(std::to_string(left_out) + " more curves are in the project.");
    }

    void artifacts() {
        std::map<std::string, std::vector<ArtifactRow>> by_key;
        for (const ArtifactRow& a : m_reader.artifacts(m_row.id)) by_key[a.key].push_back(a);
        for (const auto& [key, rows] : by_key) {
            if (is_shown_picture(rows.front().media)) pictures(key, rows);
            else for (const ArtifactRow& a : rows) guarded(a);
        }
        if (m_files.empty()) return;
        std::string names;
        for (const auto& [what, count] : m_files) names += (names.empty() ? "" : ", ") + what + (count > 1 ? " (" + std::to_string(count) + " times)" : "");
        m_out.remarks.push_back("Also in the project: " + names + ".");
    }

    /// All steps, or so many that the first and the last are among them.
    void pictures(const std::string& key, const std::vector<ArtifactRow>& rows) {
        const std::size_t shown = std::min(rows.size(), std::max<std::size_t>(2, m_options.pictures_of_key));
        std::size_t left_out = rows.size() - shown;
        for (std::size_t i = 0; i < shown; ++i) {
            const ArtifactRow& a = rows[shown == rows.size() ? i : i * (rows.size() - 1) / (shown - 1)];
            if (!is_shown_picture(a.media)) {
                ++m_files[a.key + " (" + a.kind + ")"];
                continue;
            }
            if (m_picture_bytes + std::size_t(std::max<std::int64_t>(0, a.size)) > m_options.picture_bytes) {
                ++left_out;
                continue;
            }
            try {
                std::string bytes = m_reader.artifact_bytes(a.id);
                m_picture_bytes += bytes.size();
                m_out.pictures.push_back({rows.size() == 1 && a.step == 0 ? key : key + ", step " + std::to_string(a.step), a.media, std::move(bytes)});
            } catch (const Error& error) {
                m_out.remarks.push_back(key + ": " + error.what());
            }
        }
        if (left_out) m_out.remarks.push_back(std::to_string(left_out) + " more pictures of " + key + " are in the project.");
    }

    void guarded(const ArtifactRow& a) {
        try {
            other(a);
        } catch (const Error& error) {
            m_out.remarks.push_back(a.key + ": " + error.what());
        }
    }

    void other(const ArtifactRow& a) {
        constexpr std::int64_t kReadable = 16 << 20;
        const std::string title = a.step == 0 ? a.key : a.key + ", step " + std::to_string(a.step);
        if ((a.kind == "table" || a.kind == "series") && a.media == "text/csv" && a.size <= kReadable) {
            CsvTable table = parse_csv(m_reader.artifact_bytes(a.id), a.kind == "series" ? std::size_t(-1) : m_options.table_rows);
            if (a.kind == "table")
                for (auto& row : table.rows)
                    for (std::string& cell : row)
                        if (const auto number = parse_number(cell); number && cell.size() > kLongFigure) cell = short_number(*number, 6);
            if (a.kind == "series") m_out.charts.push_back(series_chart(a.key, table, m_method));
            else m_out.tables.push_back({title, std::move(table.columns), std::move(table.rows), table.left_out});
        } else if (a.kind == "text" && a.size <= kReadable) {
            const std::string text = m_reader.artifact_bytes(a.id);
            m_out.texts.push_back({title, text.substr(0, kTextBytes)});
            if (text.size() > kTextBytes) m_out.remarks.push_back("The rest of " + title + " (" + bytes_text(a.size) + ") is in the project.");
        } else {
            ++m_files[a.key + " (" + a.kind + ", " + bytes_text(a.size) + ")"];
        }
    }

    void messages() {
        ReportTable table{"Messages", {"level", "text"}, {}, 0};
        for (const LogRow& line : m_reader.log(m_row.id)) {
            if (line.level != "warning" && line.level != "error") continue;
            if (table.rows.size() < m_options.table_rows) table.rows.push_back({line.level, line.text});
            else ++table.left_out;
        }
        if (!table.rows.empty()) m_out.tables.push_back(std::move(table));
    }

    const ProjectReader& m_reader;
    const RunRow& m_row;
    const RunReportOptions& m_options;
    std::size_t& m_picture_bytes;
    const MethodInfo* m_method;
    std::map<std::string, int> m_files;
    ReportRun m_out;
};

void compare(Report& report, const ProjectReader& reader, const std::vector<RunRow>& rows, const RunReportOptions& options) {
    std::vector<std::vector<MetricSummary>> metrics;
    std::vector<std::vector<std::string>> hashes;
    for (const RunRow& row : rows) {
        metrics.push_back(reader.metrics(row.id));
        hashes.emplace_back();
        for (const AssetRef& asset : row.assets) hashes.back().push_back(asset.sha256);
    }
    const Comparison comparison = compare_runs(rows, metrics, hashes);
    report.equal = comparison.equal;
    report.warnings = comparison.warnings;
    report.differences = {"What differs", {"", "parameter or result"}, {}, 0};
    for (const RunRow& row : rows) report.differences.columns.push_back("#" + std::to_string(row.id) + " " + row.title);
    for (const CompareRow& line : comparison.rows) {
        if (!line.differs) continue;
        std::vector<std::string> cells{line.group, line.name};
        for (std::size_t i = 0; i < line.texts.size(); ++i) cells.push_back(line.numbers[i] ? short_number(*line.numbers[i]) : line.texts[i]);
        report.differences.rows.push_back(std::move(cells));
    }
    report.charts = comparison_charts(reader, rows, metrics, options.curve_points, options.catalogue);
}

}

std::vector<std::pair<std::string, std::string>> input_paths(const ProjectReader& reader, RunId run, const fs::path& project_file) {
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto& [role, asset] : reader.assets_of(run)) {
        std::error_code error;
        const fs::path beside = asset.rel_path.empty() || project_file.empty() ? fs::path() : project_file.parent_path() / asset.rel_path;
        if (!beside.empty() && fs::exists(beside, error)) out.emplace_back(role, beside.lexically_normal().string());
        else out.emplace_back(role, asset.hint.empty() ? asset.name : asset.hint);
    }
    return out;
}

Report run_report(const ProjectReader& reader, const std::vector<RunId>& runs, const RunReportOptions& options) {
    std::vector<RunRow> rows;
    for (const RunId id : runs) rows.push_back(reader.run(id));
    Report report;
    report.program = "Lathe " + version();
    report.source = fs::path(options.project_file).filename().string();
    report.created = now_ms();
    report.title = !options.title.empty() ? options.title : rows.size() == 1 ? (rows[0].title.empty() ? rows[0].method : rows[0].title) : "Report of " + std::to_string(rows.size()) + " runs";
    if (rows.size() > 1) compare(report, reader, rows, options);
    std::size_t picture_bytes = 0;
    for (const RunRow& row : rows) report.runs.push_back(RunSection(reader, row, options, picture_bytes).make(rows.size() == 1));
    return report;
}

}
