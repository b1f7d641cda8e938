#pragma once
// The targets a network is quantised for: which scheme, algorithm and observers each takes, and by which policy it places quantisers.
// Source: MQBench's ParamsTable and custom quantizers (ModelTC/MQBench, commit 00f477d); ACL and FBGEMM from the paper's table. Pure values; any thread.
#include "plugins/quantization/engine/quant_spec.h"
#include <string>
#include <string_view>
#include <vector>

namespace lathe::quantization {

/// How a backend places quantisers of activations (specification of MQBench, section 5.2).
enum class Policy { inputs, total_int, onnx_qnn, openvino, vitis, tengine, academic };

struct Scheme {
    int bits = 8;
    bool symmetric = true, per_channel = false, power_of_two = false;
    bool narrow = false;                       ///< symmetric range without its lowest value: [-127, 127]
    bool operator==(const Scheme&) const = default;
};
/// The whole-number range of a scheme. Throws Error(invalid_value) for bits outside 2..16.
QuantSpec spec_of(const Scheme& scheme);

struct Backend {
    std::string id, title, help;
    Policy policy = Policy::inputs;
    Scheme weights, activations;
    Algorithm weight_algorithm = Algorithm::lsq, activation_algorithm = Algorithm::lsq;
    ObserverKind weight_observer = ObserverKind::minmax, activation_observer = ObserverKind::ema_minmax;
    bool folds_norm = true;                    ///< convolution and normalisation are one operator there
    bool linear_weights = true;                ///< it has an integer linear operator
    /// float: as it is; own: 8 bits with a scale of its own; accumulator: whole numbers of s_x s_w, as an integer operator adds it (specification 2.1, rule 3).
    enum class Bias { as_float, own, accumulator } bias = Bias::as_float;
    bool reduced_weights = false;              ///< 8-bit weights take 7 bits, so that sums of 16 bits do not clip (x86 without VNNI)
    bool full_unsigned = true;                 ///< see params_from_range
};

const std::vector<Backend>& backends();
const Backend& backend(std::string_view id);   ///< throws Error(unknown_name) with the nearest id

}
