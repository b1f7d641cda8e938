#pragma once
// Runs ONNX models with ONNX Runtime through the helper program lathe-onnx, which stands beside the engine's own program: the runtime's libraries and a bad
// model stay out of the engine. Blocks the calling thread; any thread; several at once are fine.
#include "core/base/json.h"
#include <ATen/core/Tensor.h>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace lathe::quantization {

struct OnnxRunSettings {
    bool optimise = true;                ///< all graph optimisations, or none
    bool precise = false;                ///< exact sums of 8-bit products also on CPUs without VNNI; slower there, no change elsewhere
    int threads = 1;
    int repeat = 1;                      ///< runs that are timed, after one that is not
    std::vector<std::string> tensors;    ///< inner tensors that are wanted too
    bool all_tensors = false;            ///< every inner tensor; needs `optimise` off
    double timeout_s = 600;              ///< the helper is ended after this
    std::function<void()> poll;          ///< called about 50 times a second; what it throws ends the helper and passes on
};

struct OnnxRun {
    std::map<std::string, at::Tensor> outputs;   ///< by name; in memory of their own
    Json report;                                 ///< {"onnx_runtime", "provider", "cpu": {"avx2", "avx512_vnni", "avx_vnni"}, "ms": {"load", "first", "min", "median"}, …}
};

/// Inputs by name; a single input may have any name. Throws Error with the helper's words: not_found (no helper, no model), wrong_format (bad model),
/// invalid_value (input missing or of another shape), busy (timeout), internal (it crashed), and what `poll` throws.
OnnxRun run_onnx(const std::filesystem::path& model, const std::map<std::string, at::Tensor>& inputs, const OnnxRunSettings& settings = {});

/// {"ok", "inputs", "outputs"} where the checker and the runtime accept the model; throws otherwise, as run_onnx.
Json check_onnx(const std::filesystem::path& model, const std::function<void()>& poll = {});

/// What the runtime and this CPU are; with a model also its "model": {"operators", …} and "optimised_operators". Throws as run_onnx.
Json onnx_info(const std::filesystem::path& model = {}, const std::function<void()>& poll = {});

/// Whether sums of u8 x s8 products are exact on this CPU without `precise` (VNNI), from a report or an onnx_info.
bool exact_int8(const Json& report);

}
