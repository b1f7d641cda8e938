#pragma once
// What quantisation does to each layer with a weight, as a table and histograms. On the engine's work thread.
#include "core/engine/model_cache.h"
#include "core/engine/run_context.h"
#include "plugins/quantization/engine/part_run.h"
#include "plugins/quantization/engine/quant_tap.h"

namespace lathe::quantization {

inline constexpr std::int64_t kHistogramBins = 96;

/// Table "layers" and tensor "weight_histograms" [layers, kHistogramBins]; with `values`, which hold what the traced graph's nodes gave for some pictures in float, also
/// "input_histograms" of the same shape. Quantisers of a tap that is not calibrated have no scales: their cells stay empty.
void give_layers(RunContext& run, const CachedModel& model, QuantTap& tap, const PartRunner& runner, const NodeValues* values);
/// Nodes of the traced graph that layers with a weight read: what `values` above should hold.
std::set<int> read_nodes(const QuantPlan& plan, const PartRunner& runner);
/// The traced node that gives the value of a node of the plan's graph; -1: unreported.
int traced_node(const GraphNode& node, const PartRunner& runner);

}
