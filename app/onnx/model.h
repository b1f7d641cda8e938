#pragma once
// ONNX files as their protobuf messages: reading, checking, counting operators, naming inner tensors as outputs.
#include "core/base/json.h"
#include <filesystem>
#include <memory>
#include <onnx/onnx_pb.h>
#include <string>
#include <vector>

namespace lathe::onnx_program {

/// Throws Error(not_found, io, wrong_format): no protobuf, no graph, over 2 GiB.
onnx::ModelProto read_model(const std::filesystem::path& file);

/// The ONNX checker with full shape inference, and the checker's words in the error. Throws Error(wrong_format).
void check_model(const std::filesystem::path& file);

/// Versions, producer, operators by number ("Conv": 19; other domains as "com.microsoft:QLinearAdd") and initializers by element type.
Json describe(const onnx::ModelProto& model);
Json operator_counts(const onnx::GraphProto& graph);

/// Adds these inner tensors of the main graph as outputs behind the model's own; `all`: every output of every node. What is an output already is left alone.
/// Throws Error(unknown_name) with the nearest name.
void add_outputs(onnx::ModelProto& model, const std::vector<std::string>& names, bool all);

}
