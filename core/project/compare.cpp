#include "core/project/compare.h"

#include "core/base/json.h"
#include "core/project/flatten.h"
#include "core/project/sqlite.h"
#include <cmath>
#include <map>
#include <set>

namespace lathe {
namespace {

// One line of the table while it is made: what each run has there, by type.
struct Line {
    std::vector<std::string> texts;
    std::vector<std::optional<double>> numbers;
    std::vector<bool> present;
    std::string better;
    explicit Line(std::size_t runs) : texts(runs), numbers(runs), present(runs) {}
    void set(std::size_t run, std::string text, std::optional<double> number) {
        texts[run] = std::move(text);
        numbers[run] = number;
        present[run] = true;
    }
};

bool same(const Line& line, std::size_t a, std::size_t b) {
    if (line.present[a] != line.present[b])
        return false;
    if (line.numbers[a] && line.numbers[b])
        return *line.numbers[a] == *line.numbers[b] || (std::isnan(*line.numbers[a]) && std::isnan(*line.numbers[b]));
    return !line.numbers[a] && !line.numbers[b] && line.texts[a] == line.texts[b];
}

void finish(const char* group, const std::vector<std::pair<std::string, Line>>& lines, Comparison& out) {
    for (const auto& [name, line] : lines) {
        CompareRow row{group, name, line.texts, line.numbers, false, line.better};
        for (std::size_t i = 1; i < line.texts.size(); ++i)
            row.differs = row.differs || !same(line, 0, i);
        out.equal += row.differs ? 0 : 1;
        out.rows.push_back(std::move(row));
    }
}

std::vector<std::pair<std::string, Line>> parameter_lines(const std::vector<RunRow>& runs) {
    std::map<std::string, Line> lines;
    for (std::size_t i = 0; i < runs.size(); ++i) {
        for (const auto& value : flatten(runs[i].params)) {
            auto& line = lines.try_emplace(value.path, runs.size()).first->second;
            line.set(i, value.text ? *value.text : number_text(*value.number), value.text ? std::nullopt : value.number);
        }
    }
    return {lines.begin(), lines.end()};
}

std::vector<std::pair<std::string, Line>> metric_lines(const std::vector<std::vector<MetricSummary>>& metrics, std::size_t runs) {
    std::map<std::string, Line> lines;
    for (std::size_t i = 0; i < metrics.size() && i < runs; ++i) {
        for (const auto& metric : metrics[i]) {
            auto& line = lines.try_emplace(metric.key, runs).first->second;
            line.set(i, number_text(metric.last) + (metric.unit.empty() ? "" : " " + metric.unit), metric.last);
            line.better = metric.better;
        }
    }
    return {lines.begin(), lines.end()};
}

std::string environment_text(const RunRow& run, const char* key) {
    if (!run.environment.is_object() || !run.environment.contains(key))
        return {};
    const auto& value = run.environment[key];
    return value.is_string() ? value.get<std::string>() : json_text(value);
}

// What a run was made with, apart from its parameters.
const std::vector<std::pair<const char*, std::string (*)(const RunRow&)>> kCircumstances = {
    {"method", [](const RunRow& run) { return run.method; }},
    {"method version", [](const RunRow& run) { return std::to_string(run.version); }},
    {"engine", [](const RunRow& run) { return run.engine; }},
    {"device", [](const RunRow& run) { return run.device; }},
    {"seed", [](const RunRow& run) { return std::to_string(run.seed); }},
    {"taps", [](const RunRow& run) { return run.taps.is_null() ? std::string() : json_text(run.taps); }},
    {"state", [](const RunRow& run) { return std::string(name(run.state)); }},
    {"threads", [](const RunRow& run) { return environment_text(run, "threads"); }},
    {"cpu", [](const RunRow& run) { return environment_text(run, "cpu"); }},
    {"torch", [](const RunRow& run) { return environment_text(run, "torch"); }},
};

}

Comparison compare_runs(const std::vector<RunRow>& runs, const std::vector<std::vector<MetricSummary>>& metrics, const std::vector<std::vector<std::string>>& asset_hashes) {
    Comparison out;
    if (runs.empty())
        return out;
    finish("Parameters", parameter_lines(runs), out);
    finish("Metrics", metric_lines(metrics, runs.size()), out);

    std::vector<std::pair<std::string, Line>> lines;
    for (const auto& [label, value_of] : kCircumstances) {
        Line line(runs.size());
        bool any = false;
        for (std::size_t i = 0; i < runs.size(); ++i) {
            auto value = value_of(runs[i]);
            any = any || !value.empty();
            line.set(i, std::move(value), std::nullopt);
        }
        if (any)
            lines.emplace_back(label, std::move(line));
    }
    Line assets(runs.size());
    bool any_asset = false;
    for (std::size_t i = 0; i < runs.size(); ++i) {
        const std::set<std::string> hashes = i < asset_hashes.size() ? std::set<std::string>(asset_hashes[i].begin(), asset_hashes[i].end()) : std::set<std::string>();
        std::string text;
        for (const auto& hash : hashes)
            text += (text.empty() ? "" : ", ") + hash.substr(0, 12);
        any_asset = any_asset || !hashes.empty();
        assets.set(i, std::move(text), std::nullopt);
    }
    if (any_asset)
        lines.emplace_back("models and data", std::move(assets));
    finish("Circumstances", lines, out);

    const std::map<std::string, const char*> warnings = {
        {"engine", "The runs were made by different versions of the engine: small differences of numbers and speed may come from that."},
        {"device", "The runs were made on different devices: do not compare their speed."},
        {"cpu", "The runs were made on different processors: do not compare their speed."},
        {"threads", "The runs used different numbers of threads: do not compare their speed."},
        {"method", "The runs are of different methods."},
        {"method version", "The runs were made with different versions of the method."},
        {"models and data", "The runs used different models or data."},
    };
    for (const auto& row : out.rows)
        if (row.group == "Circumstances" && row.differs)
            if (const auto found = warnings.find(row.name); found != warnings.end())
                out.warnings.emplace_back(found->second);
    return out;
}

}
