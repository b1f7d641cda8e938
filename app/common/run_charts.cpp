#include "app/common/run_charts.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>

namespace lathe {
namespace {

constexpr std::size_t kMostCurves = 15, kMostCharts = 12, kMostResults = 24, kMostBars = 60;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

const OutputInfo* output_of(const MethodInfo* method, const std::string& key) {
    if (!method) return nullptr;
    const auto found = std::find_if(method->outputs.begin(), method->outputs.end(), [&](const OutputInfo& o) { return o.key == key; });
    return found == method->outputs.end() ? nullptr : &*found;
}

std::string label_of(const MethodInfo* method, const std::string& key) {
    const OutputInfo* output = output_of(method, key);
    return output && !output->label.empty() ? output->label : key;
}

std::string run_name(const RunRow& row) { return "#" + std::to_string(row.id) + " " + row.title; }

/// Numbers of the summary of a run, and metrics of one point: one number for the run.
std::map<std::string, double> results_of(const RunRow& row, const std::vector<MetricSummary>& metrics) {
    std::map<std::string, double> out;
    if (row.environment.is_object() && row.environment.contains("summary") && row.environment["summary"].is_object())
        for (const auto& [key, value] : row.environment["summary"].items())
            if (value.is_number()) out[key] = value.get<double>();
    for (const MetricSummary& m : metrics)
        if (m.n == 1) out.try_emplace(m.key, m.last);
    if (row.environment.is_object() && row.environment.contains("seconds") && row.environment["seconds"].is_number()) out.try_emplace("seconds of the run", row.environment["seconds"].get<double>());
    return out;
}

/// The only parameter in which the runs differ, if it is a number in all of them.
std::optional<std::string> swept_parameter(const std::vector<RunRow>& rows) {
    std::set<std::string> differing;
    for (const RunRow& row : rows) {
        if (!row.params.is_object() || !rows[0].params.is_object()) return std::nullopt;
        for (const auto& [id, value] : row.params.items()) {
            const auto first = rows[0].params.find(id);
            if (first == rows[0].params.end() || *first != value) differing.insert(id);
        }
    }
    if (differing.size() != 1 || rows.size() < 3) return std::nullopt;
    const std::string& id = *differing.begin();
    const bool numbers = std::all_of(rows.begin(), rows.end(), [&](const RunRow& r) { return r.params.contains(id) && r.params[id].is_number(); });
    return numbers ? std::optional(id) : std::nullopt;
}

Chart result_chart(const std::string& key, const std::vector<double>& values, const std::vector<RunRow>& rows, const std::optional<std::string>& swept) {
    Chart chart;
    chart.title = key;
    if (swept) {
        chart.kind = Chart::Kind::scatter;
        ChartSeries points;
        bool whole = true;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            points.x.push_back(rows[i].params[*swept].get<double>());
            points.y.push_back(values[i]);
            whole = whole && rows[i].params[*swept].is_number_integer();
        }
        chart.title += " over " + *swept;
        chart.x = {*swept, "", whole};
        chart.y = {key, "", false};
        chart.series.push_back(std::move(points));
        return chart;
    }
    chart.kind = Chart::Kind::bars;
    chart.x = {key, "", false};
    for (const RunRow& row : rows) chart.categories.push_back(run_name(row));
    chart.series.push_back({"", {}, values, false});
    return chart;
}

void add_results(std::vector<Chart>& charts, const std::vector<RunRow>& rows, const std::vector<std::vector<MetricSummary>>& metrics) {
    if (rows.size() > kMostBars && !swept_parameter(rows)) return;
    const auto swept = swept_parameter(rows);
    const std::size_t most = charts.size() + kMostResults;
    std::map<std::string, std::vector<double>> values;
    for (std::size_t i = 0; i < rows.size(); ++i)
        for (const auto& [key, value] : results_of(rows[i], metrics[i])) values.try_emplace(key, rows.size(), kNone).first->second[i] = value;
    for (const auto& [key, list] : values) {
        const auto known = [](double v) { return std::isfinite(v); };
        const auto first = std::find_if(list.begin(), list.end(), known);
        const bool differs = first != list.end() && std::any_of(list.begin(), list.end(), [&](double v) { return known(v) && v != *first; });
        if (differs && charts.size() < most) charts.push_back(result_chart(key, list, rows, swept));
    }
}

}

Chart metric_chart(const MetricSummary& metric, const std::vector<std::pair<std::string, Series>>& named, const MethodInfo* method) {
    Chart chart;
    chart.kind = Chart::Kind::line;
    chart.title = label_of(method, metric.key);
    if (chart.title != metric.key) chart.title += " (" + metric.key + ")";
    chart.x = {"Step", "", true};
    chart.y = {label_of(method, metric.key), metric.unit, false};
    for (const auto& [name, series] : named) chart.series.push_back({name, series.step, series.value, false});
    return chart;
}

Chart series_chart(const std::string& key, const CsvTable& table, const MethodInfo* method) {
    Chart chart;
    chart.kind = Chart::Kind::line;
    chart.title = label_of(method, key);
    std::vector<double> x;
    const std::size_t rows = table.rows.size();
    for (std::size_t i = 0; i < rows; ++i) x.push_back(parse_number(table.rows[i][0]).value_or(kNone));
    const bool whole = std::all_of(x.begin(), x.end(), [](double v) { return v == std::floor(v); });
    chart.x = {table.columns.empty() ? "step" : table.columns[0], "", whole};
    for (std::size_t c = 1; c < table.columns.size() && chart.series.size() < kMostCurves; ++c) {
        if (table.columns[c] == "t") continue;
        ChartSeries curve{table.columns[c], x, {}, false};
        for (std::size_t i = 0; i < rows; ++i) curve.y.push_back(parse_number(table.rows[i][c]).value_or(kNone));
        chart.series.push_back(std::move(curve));
    }
    return chart;
}

std::vector<Chart> grid_charts(const Json& params, const MethodInfo* method) {
    std::vector<Chart> charts;
    if (!params.is_object()) return charts;
    for (const auto& [id, value] : params.items()) {
        if (!value.is_object() || !value.contains("rows") || !value.contains("cols") || !value.contains("data") || !value["data"].is_array()) continue;
        if (!value["rows"].is_number_integer() || !value["cols"].is_number_integer()) continue;
        const auto rows = value["rows"].get<std::int64_t>(), columns = value["cols"].get<std::int64_t>();
        const bool drawable = rows > 0 && columns > 0 && rows <= 1000 && columns <= 1000 && std::int64_t(value["data"].size()) == rows * columns;
        if (!drawable) continue;
        Chart chart;
        chart.kind = Chart::Kind::heat_map;
        chart.heat = {std::size_t(rows), std::size_t(columns), {}, ColourMapId::cividis};
        bool any = false;
        for (const Json& cell : value["data"]) {
            chart.heat.values.push_back(cell.is_number() ? cell.get<double>() : kNone);
            any = any || chart.heat.values.back() != 0;
        }
        chart.title = id;
        chart.x = {"column", "", true};
        chart.y = {"row", "", true};
        if (method)
            for (const Parameter& p : method->parameters) {
                if (p.id != id) continue;
                const auto axis = [](const std::string& from) { return from.substr(from.find('.') + 1); };   // "$param.steps"
                chart.title = p.label + " (" + id + ")";
                chart.x.title = axis(p.cols_from);
                chart.y.title = axis(p.rows_from);
                any = any && is_enabled(p, params);
            }
        if (any) charts.push_back(std::move(chart));
    }
    return charts;
}

std::vector<Chart> comparison_charts(const ProjectReader& reader, const std::vector<RunRow>& rows, const std::vector<std::vector<MetricSummary>>& metrics, std::size_t points, const Catalogue* catalogue) {
    std::map<std::string, MetricSummary> curves;
    for (const auto& list : metrics)
        for (const MetricSummary& m : list)
            if (m.n > 1) curves.try_emplace(m.key, m);
    std::vector<Chart> charts;
    for (const auto& [key, summary] : curves) {
        if (charts.size() >= kMostCharts) break;
        std::vector<std::pair<std::string, Series>> named;
        std::size_t runs = 0;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const bool has = std::any_of(metrics[i].begin(), metrics[i].end(), [&key = key](const MetricSummary& m) { return m.key == key; });
            if (has && ++runs <= kMostCurves) named.emplace_back(run_name(rows[i]), reader.series(rows[i].id, key, points));
        }
        charts.push_back(metric_chart(summary, named, catalogue ? catalogue->find(rows[0].method) : nullptr));
        if (runs > kMostCurves) charts.back().title += ", the first " + std::to_string(kMostCurves) + " of " + std::to_string(runs) + " runs";
    }
    add_results(charts, rows, metrics);
    return charts;
}

}
