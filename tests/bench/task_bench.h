#pragma once
// Bars of the shipped models of vit_merge.
#include <filesystem>

namespace lathe::bench {

/// merge.individual, merge.gate, merge.gated_gap, merge.static_gap of tasks.json and domains.json; merge.many of many.json; merge.slider_ms. `folder`: resources/models/vit-merge.
void measure_shipped_merges(const std::filesystem::path& folder, int threads);

}
