#pragma once
// The methods of this plugin, and what several of them need.
#include "core/engine/model_cache.h"
#include "core/engine/registry.h"
#include "plugins/quantization/engine/classification_data.h"
#include "plugins/quantization/engine/quant_tap.h"
#include "plugins/quantization/engine/settings.h"

namespace lathe::quantization {

Method describe_method();    ///< quantization.describe: the graph, every quantiser, and why one is missing
Method train_method();       ///< quantization.train: a classifier in float, or quantisation-aware
Method evaluate_method();    ///< quantization.evaluate: calibrate, and measure the accuracy, in float and quantised or on integers

/// The input "model". Throws Error(invalid_value) where none is given.
std::shared_ptr<CachedModel> open_model(RunContext& run);
/// The input "data": its training or test split, read once for each path and time of change.
std::shared_ptr<const ClassificationSet> open_data(RunContext& run, bool train);
/// Traced once from an example of its family.
NetworkGraph traced_graph(const CachedModel& model);
/// The settings of the run on this model. Throws Error(unsupported) where the backend quantises nothing of it: that is never called int8.
QuantPlan plan_of(const CachedModel& model, const Settings& settings);
/// Calibrated on the settings' pictures, with progress from 0 to `share` of 1.
std::shared_ptr<QuantTap> calibrated_tap(RunContext& run, const CachedModel& model, const Settings& settings, double share);

/// Table "nodes": node, type, layer, shape, weight and activation bits with their ranges and schemes, why there is a quantiser or why not.
void give_nodes(RunContext& run, const CachedModel& model, const QuantPlan& plan);
/// Size of the weights in bytes and BitOPs of one picture, as the plan has them and in float; summaries size_bytes, float_bytes, bitops, float_bitops.
void give_costs(RunContext& run, const CachedModel& model, QuantTap& tap);

}
