#pragma once
// Charts of the curves, tables and maps of runs. Internal to app/common.
#include "core/base/csv.h"
#include "core/method/method_info.h"
#include "core/project/project.h"
#include "core/report/chart.h"
#include <string>
#include <utility>
#include <vector>

namespace lathe {

Chart metric_chart(const MetricSummary& metric, const std::vector<std::pair<std::string, Series>>& named, const MethodInfo* method);
/// A series artifact: columns step, t, and the curves.
Chart series_chart(const std::string& key, const CsvTable& table, const MethodInfo* method);
/// Filled grids among the parameters: a painted cache map, say.
std::vector<Chart> grid_charts(const Json& params, const MethodInfo* method);
/// Curves of all runs over each other; results over the one numeric parameter that differs, or as bars.
std::vector<Chart> comparison_charts(const ProjectReader& reader, const std::vector<RunRow>& rows, const std::vector<std::vector<MetricSummary>>& metrics, std::size_t points, const Catalogue* catalogue);

}
