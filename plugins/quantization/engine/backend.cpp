#include "plugins/quantization/engine/backend.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include <algorithm>

namespace lathe::quantization {
namespace {

constexpr Scheme kSymmetric{8, true, false, false, false};
constexpr Scheme kAsymmetric{8, false, false, false, false};
constexpr Scheme kNarrow{8, true, false, false, true};

Scheme per_channel(Scheme scheme) {
    scheme.per_channel = true;
    return scheme;
}

Backend make(std::string id, std::string title, std::string help, Policy policy, const Scheme& weights, const Scheme& activations) {
    Backend out;
    out.id = std::move(id);
    out.title = std::move(title);
    out.help = std::move(help);
    out.policy = policy;
    out.weights = weights;
    out.activations = activations;
    return out;
}

std::vector<Backend> make_backends() {
    std::vector<Backend> out;
    const auto add = [&](Backend backend) -> Backend& { return out.emplace_back(std::move(backend)); };
    Backend& academic = add(make("academic", "Academic", "No folding; inputs of convolutions and linear layers; first and last layer 8 bits.", Policy::academic, per_channel(kSymmetric), kAsymmetric));
    academic.folds_norm = false;
    add(make("tensorrt", "TensorRT", "GPU: symmetric [-127, 127], weights per channel.", Policy::inputs, per_channel(kNarrow), kNarrow));
    add(make("qdq", "ONNX QDQ", "As TensorRT, written as QuantizeLinear and DequantizeLinear.", Policy::inputs, per_channel(kNarrow), kNarrow));
    add(make("snpe", "SNPE", "Qualcomm DSP: asymmetric per tensor, inputs and outputs.", Policy::total_int, kAsymmetric, kAsymmetric));
    Backend openvino = make("openvino", "OpenVINO", "x86 processors: weights of 7 bits, unsigned activations after ReLU.", Policy::openvino, per_channel(kSymmetric), kSymmetric);
    openvino.reduced_weights = true;
    add(openvino);
    openvino.id = "openvino_official";
    openvino.title = "OpenVINO (official scale)";
    openvino.help = "As MQBench has it: unsigned activations use half of their 256 values.";
    openvino.full_unsigned = false;
    add(openvino);
    Backend& ort = add(make("onnxruntime", "ONNX Runtime", "Unsigned activations, weights [-127, 127] per channel: what its integer operators fuse.", Policy::openvino, per_channel(kNarrow), kAsymmetric));
    ort.activation_observer = ObserverKind::minmax;
    ort.bias = Backend::Bias::accumulator;
    Backend& qnn = add(make("onnx_qnn", "ONNX QNN (TVM)", "TVM's ONNX front end: asymmetric per tensor; linear layers stay float.", Policy::onnx_qnn, kAsymmetric, kAsymmetric));
    qnn.linear_weights = false;
    qnn.activation_observer = ObserverKind::minmax;
    add(make("pplcuda", "PPL CUDA", "Asymmetric, weights per channel, inputs and outputs.", Policy::total_int, per_channel(kAsymmetric), kAsymmetric)).activation_observer = ObserverKind::minmax;
    Scheme wide = kAsymmetric;
    wide.bits = 16;
    add(make("pplw8a16", "PPL W8A16", "Weights of 8 bits, activations of 16.", Policy::total_int, kAsymmetric, wide));
    Scheme shift = kSymmetric;
    shift.power_of_two = true;
    Backend& vitis = add(make("vitis", "Vitis", "Xilinx DPU: scales are powers of two.", Policy::vitis, shift, shift));
    vitis.weight_algorithm = vitis.activation_algorithm = Algorithm::tqt;
    vitis.weight_observer = ObserverKind::minmax_floor;
    vitis.activation_observer = ObserverKind::pot_mode;
    Backend& stpu = add(make("stpu", "STPU", "Symmetric [-127, 127] per tensor, inputs and outputs.", Policy::total_int, kNarrow, kNarrow));
    stpu.weight_algorithm = stpu.activation_algorithm = Algorithm::fixed;
    add(make("tengine_u8", "Tengine u8", "Asymmetric per tensor; every output, that of the network too.", Policy::tengine, kAsymmetric, kAsymmetric));
    Backend& nnie = add(make("nnie", "NNIE", "HiSilicon: 8-bit logarithmic values.", Policy::inputs, kSymmetric, kSymmetric));
    nnie.weight_algorithm = nnie.activation_algorithm = Algorithm::nnie;
    add(make("acl", "ACL", "Huawei Ascend, as in the paper: asymmetric, weights per channel.", Policy::inputs, per_channel(kAsymmetric), kAsymmetric));
    add(make("fbgemm", "FBGEMM", "x86 processors, as in the paper: asymmetric, weights per channel.", Policy::inputs, per_channel(kAsymmetric), kAsymmetric));
    return out;
}

}

QuantSpec spec_of(const Scheme& scheme) {
    QuantSpec spec = full_range(scheme.bits, scheme.symmetric, scheme.per_channel);
    if (scheme.narrow && scheme.symmetric) ++spec.quant_min;
    spec.power_of_two = scheme.power_of_two;
    return spec;
}

const std::vector<Backend>& backends() {
    static const std::vector<Backend> all = make_backends();
    return all;
}

const Backend& backend(std::string_view id) {
    const auto found = std::ranges::find(backends(), id, &Backend::id);
    if (found != backends().end()) return *found;
    std::vector<std::string> ids;
    for (const Backend& known : backends()) ids.push_back(known.id);
    const std::string nearest = nearest_name(id, ids);
    throw Error(ErrorCode::unknown_name, "There is no such backend.", std::string(id), nearest.empty() ? "`lathe-cli methods quantization.evaluate` lists them." : "Did you mean " + nearest + "?");
}

}
