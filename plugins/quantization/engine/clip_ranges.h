#pragma once
// The ranges that an engine's own builder takes beside an unquantised ONNX file, as JSON in the layouts that MQBench's deployment writes for them
// (specification of quantization, 2.1 item 6), and a general one. Pure functions; any thread.
#include "core/base/json.h"
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lathe::quantization {

/// One quantised tensor of the exported graph: real value = (q - zero_point) * scale, q in [quant_min, quant_max]. One scale and zero point, or one per channel.
struct TensorRange {
    std::string name;
    std::vector<double> scale;
    std::vector<std::int64_t> zero_point;
    std::int64_t quant_min = 0, quant_max = 255;
    bool is_weight = false;
};

/// Bits that the range needs: [-127, 127] and [0, 255] are 8, [-64, 63] is 7.
int bits_of(std::int64_t quant_min, std::int64_t quant_max);

/// Also for tensors that only other views of quantised ones are: each pair is (input, output) of a Flatten, Reshape or Resize, in the order of the graph.
/// An input without a range gets its output's, from the last pair backwards.
void copy_back(std::vector<TensorRange>& ranges, std::span<const std::pair<std::string, std::string>> views);

std::span<const std::string_view> clip_range_layouts();   ///< "general", "tensorrt", "snpe", "ppl", "vitis"

/// general: {"lathe": {"tensors": [{name, weight, scale, zero_point, quant_min, quant_max, bits, min, max}]}} with lists where there are channels.
/// tensorrt: {"tensorrt": {"blob_range": {tensor: scale * max(-n, p)}}}. snpe: {"activation_encodings": {tensor: [{bitwidth, min, max}]}, "param_encodings": {}}.
/// ppl: {"ppl": {tensor: {step, zero_point, min, max, bit, type}}}, weights too. vitis: {"vitis": {tensor: {scale}}}, weights too. tensorrt and snpe take
/// activations only: they find the ranges of weights themselves.
/// Throws Error(unknown_name) for another layout; Error(invalid_value) for a scale that is not above 0 and finite, an empty range, two tensors of one name,
/// or unequal numbers of scales and zero points; Error(unsupported) where a layout has one scale per tensor and a tensor has more, or symmetric is asked
/// for and the zero point is not 0 (tensorrt).
Json clip_ranges(const std::vector<TensorRange>& ranges, std::string_view layout);

}
