#pragma once
// A calibrated plan as an ONNX file in QDQ form: a float graph with QuantizeLinear and DequantizeLinear where the plan has quantisers, weights as int8 and
// biases as int32 (specification of quantization, section 2.1), and the ranges of its tensors for clip_ranges.h. Runs on the thread that runs networks.
#include "plugins/quantization/engine/clip_ranges.h"
#include "plugins/quantization/engine/onnx_model.h"
#include "plugins/quantization/engine/quant_tap.h"

namespace lathe::quantization {

struct QdqSettings {
    int opset = 13;
    bool integer_bias = true;                   ///< int32 of s_x s_w where input and weight are integers, as integer operators add it; else float32
};

struct QdqExport {
    OnnxModel model;
    std::string output;                         ///< "logits", [N, classes]; inputs have the names of their nodes ("x") and any batch size
    std::vector<TensorRange> ranges;            ///< of every quantised activation, by the name of the float tensor, and weight
    std::vector<std::pair<std::string, std::string>> views;   ///< for copy_back
    std::map<std::string, std::string> codes;   ///< by node: the tensor that holds the integers which IntegerTap keeps for it
    std::vector<std::string> warnings;          ///< sentences: what the file cannot say, and what a runtime will leave in float; also in its metadata
};

/// The result says the same integers as IntegerTap where a runtime keeps the rules of ONNX Runtime's integer operators. Ranges that are not those of int8 or
/// uint8 are kept by a Clip of the integers, grids of more than 8 bits by float arithmetic; weights of more
/// than 8 bits, or with other zero points in each channel, stay float32 on their grid.
/// Throws Error(unsupported) where nothing is quantised, for operators that node_operators does not know, and for grids without even steps.
QdqExport export_qdq(Network& network, QuantTap& calibrated, const QdqSettings& settings = {});

}
