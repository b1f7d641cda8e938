#pragma once
// Compare runs: which parameters, metrics and circumstances differ among those shown. Values compare by type (1e-3 equals 0.001).
#include "core/project/rows.h"

namespace lathe {
struct CompareRow { std::string group, name; std::vector<std::string> texts; std::vector<std::optional<double>> numbers; bool differs = false; std::string better; };
struct Comparison { std::vector<CompareRow> rows; std::size_t equal = 0; std::vector<std::string> warnings; };   ///< warnings: engine, device or data hash differ
Comparison compare_runs(const std::vector<RunRow>& runs, const std::vector<std::vector<MetricSummary>>& metrics, const std::vector<std::vector<std::string>>& asset_hashes);
}
