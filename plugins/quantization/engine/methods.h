#pragma once
// The methods of this plugin, and what several of them need. On the engine's work thread.
#include "core/engine/classification_data.h"
#include "core/engine/model_cache.h"
#include "core/engine/registry.h"
#include "plugins/quantization/engine/part_run.h"
#include "plugins/quantization/engine/quant_tap.h"
#include "plugins/quantization/engine/settings.h"

namespace lathe::quantization {

Method describe_method();       ///< quantization.describe: the graph, every quantiser, and why one is missing
Method evaluate_method();       ///< quantization.evaluate: calibrate, and measure the accuracy, in float and quantised or on integers
Method sensitivity_method();    ///< quantization.sensitivity: what each layer costs at each number of bits, and the best assignments of bits
Method reconstruct_method();    ///< quantization.reconstruct: AdaRound, BRECQ, QDrop
Method train_method();          ///< quantization.train: a classifier in float, or quantisation-aware
Method compare_method();        ///< quantization.compare: accuracy over algorithms, backends, bits and seeds
Method deploy_method();         ///< quantization.deploy: ONNX and clip ranges, run in ONNX Runtime and compared layer by layer

/// What the runs of a model share: its graph, traced once.
struct Subject {
    std::shared_ptr<CachedModel> model;
    NetworkGraph traced;
    std::unique_ptr<PartRunner> runner;                  ///< borrows the graph
    Network& network() const { return *model->network; }
};
/// The input "model". Throws Error(invalid_value) where none is given.
std::shared_ptr<const Subject> open_subject(RunContext& run);
/// The input "data": its training or test split, read once for each path and time of change.
std::shared_ptr<const ClassificationSet> open_data(RunContext& run, bool train);
/// Tells model, data and what was read of them apart from others.
std::string source_key(RunContext& run, const Subject& subject, bool train);
/// The settings of the run on this model. Throws Error(unsupported) where the backend quantises nothing of it: that is never called int8.
QuantPlan plan_of(const Subject& subject, const Settings& settings);
/// The first pictures of the training split, in batches. Throws Error(invalid_value) where there are fewer.
std::vector<at::Tensor> calibration_batches(RunContext& run, const Settings& settings);
/// Calibrated on the settings' pictures, with progress from 0 to `share` of 1; what an earlier run has found is not looked for again. Where the input "quantizers" is given, its scheme and
/// scales take the place of the settings' ones.
std::shared_ptr<QuantTap> calibrated_tap(RunContext& run, const Subject& subject, const Settings& settings, double share);
/// What the nodes that layers with a weight read give in float, for the first batch of calibration (of large networks fewer pictures: at most 256 MiB); kept for the next run. Null: the
/// network cannot be run in parts.
std::shared_ptr<const NodeValues> float_values(RunContext& run, const Subject& subject, const Settings& settings, const QuantPlan& plan);
/// Table "nodes": node, type, layer, shape, weight and activation bits with their ranges and schemes, why there is a quantiser or why not.
void give_nodes(RunContext& run, const Subject& subject, const QuantPlan& plan);
/// Size of the weights in bytes and BitOPs of one picture, as the plan has them and in float; summaries size_bytes, float_bytes, bitops, float_bitops.
void give_costs(RunContext& run, const Subject& subject, QuantTap& tap);
/// Artifact `key` of kind file with this name.
void give_file(RunContext& run, const char* key, const std::string& name, const char* media, std::string bytes, Json meta = Json::object(), std::int64_t step = 0);
/// The artifact "quantizers": the tap's state and the parameters that it belongs to.
void give_quantizers(RunContext& run, QuantTap& tap, std::int64_t step = 0);
/// The same weights in a network that nobody else holds, ready for inference.
std::shared_ptr<Network> copy_of(const CachedModel& model);

}
