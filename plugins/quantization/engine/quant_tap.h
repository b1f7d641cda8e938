#pragma once
// The Tap that makes a network run quantised: fake-quantisers on weights, activations and biases as a plan places them. Folded convolutions run with the
// quantised w γ/σ and are divided by γ/σ behind it, so that the normalisation stays a layer of its own (MQBench's ConvBn2d, BN folding strategies 1 and 4
// of its paper); where nothing is learnt it runs as one. Used on the engine's work thread; borrows the network.
#include "plugins/quantization/engine/bn_fold.h"
#include "plugins/quantization/engine/placement.h"
#include "plugins/quantization/engine/quantizer.h"
#include <functional>
#include <memory>
#include <set>
#include <unordered_map>

namespace lathe {
class BatchNorm2d;
class Conv2d;
}

namespace lathe::quantization {

enum class QuantMode {
    off,               ///< float
    calibrate,         ///< observers look, nothing is quantised
    quantize,          ///< quantised, nothing is observed
    train              ///< quantised and on the autograd graph; observers look where the algorithm needs them to
};

class QuantTap : public Tap {
public:
    /// A quantiser for each place of the plan, which must have been made for this network. Throws what make_quantizer throws, with the place's name.
    QuantTap(Network& network, QuantPlan plan, const QuantizerOptions& options = {});
    ~QuantTap() override;

    const QuantPlan& plan() const { return m_plan; }
    void set_mode(QuantMode mode);
    QuantMode mode() const { return m_mode; }
    /// How convolutions with a folded normalisation run in QuantMode::train; `rescaled` from the start. With `once` the network itself is changed: its
    /// convolutions take w γ/σ, and of their normalisations only the bias is left. Before a training collects the network's parameters.
    void set_fold(BnFold strategy);
    BnFold fold() const { return m_fold; }
    bool folds_norm(int layer) const { return m_folded_norms.contains(layer); }   ///< that layer normalises what a folded convolution gives
    Quantizer* find(const std::string& name);                  ///< by the place's name; null: none
    std::vector<std::string> names() const;                    ///< of all places
    /// From the next attach on only this place quantises, and all others let values pass, so that the rest of the network runs as it does without a tap. Throws
    /// Error(unknown_name).
    void focus(const std::string& name);
    void weights_changed();                                    ///< the network's parameters are others now
    /// By MQBench's keys: "conv1.weight_fake_quant.scale", … Throws Error(wrong_format) for members that do not fit; keys of no place are left alone.
    std::map<std::string, at::Tensor> state();
    void load(const std::map<std::string, at::Tensor>& state);

    bool wants(const LayerInfo& layer) override;               ///< under a focus: where its place is met
    Flow enter(int id, TensorRefs in, at::Tensor& out) override;
    void weight(int id, at::Tensor& w) override;
    void leave(int id, TensorRefs in, at::Tensor& out) override;

    /// Weight and bias of a node as the backend sees them: with the normalisation's running statistics folded in where it folds, else the layer's own; the bias may
    /// be undefined. Weight undefined: the layer has none.
    FoldedConv folded(const GraphNode& node) const;
    /// γ/σ, [1, C, 1, 1], by which the output of a folded convolution is divided; 1 where it is too small to divide by; undefined: nothing is folded.
    at::Tensor divisor(const GraphNode& node) const;
    /// Channels whose γ/σ is too small to divide by: they give nothing but the normalisation's bias.
    std::int64_t channels_off(const GraphNode& node) const;
    const Conv2d* find_conv(int layer) const;                  ///< null: that layer is none
    /// What quantises the value that a node gives, seen through layers that leave its grid as it is (slices, flattening, max pooling); null: nothing.
    Quantizer* behind(int node);
    struct IntegerBias { at::Tensor step, codes; };            ///< float32 [C]: s_x s_w; whole numbers in double [C]
    /// A node's bias as an integer operator adds it: round(b / (s_x s_w)). Undefined where there is none, or its input or weight is not quantised.
    IntegerBias integer_bias(int node);

private:
    /// A value that no layer gives, quantised at the first of its readers and kept for the others.
    struct Met { at::Tensor value, quantized; int readers = 0, left = 0; };
    struct AtInput { std::size_t position; Quantizer* quantizer; std::shared_ptr<Met> met; };
    struct AtWeight { Quantizer* quantizer; int node; at::Tensor ready, bias; };   // bias: of a convolution that runs with its normalisation
    struct AtBias { Quantizer* quantizer; int node; at::Tensor ready; };   // quantizer null: whole numbers of s_x s_w; ready: what is added to the output
    Quantizer& make(const Placed& placed, const QuantizerOptions& options);
    at::Tensor applied(Quantizer& quantizer, const at::Tensor& x) const;   ///< with the place's name in what it throws
    at::Tensor bias_change(const AtBias& bias);
    /// Folded convolutions run with their normalisation in one.
    bool replaces_norms() const { return m_mode == QuantMode::quantize || (m_mode == QuantMode::train && m_fold != BnFold::rescaled); }
    at::Tensor with_norm(AtWeight& weight, const at::Tensor& x);
    std::optional<fused::EvenGrid> rectified(int layer, const at::Tensor& x) const;   ///< where a ReLU and the quantiser behind it are one pass over x: its grid
    NormTensors norm_of(const GraphNode& node) const;          ///< gamma undefined: no norm
    const at::Tensor* layer_tensor(int layer, const char* member) const;   ///< null: that layer has none

    Network& m_network;
    QuantPlan m_plan;
    QuantMode m_mode = QuantMode::off;
    BnFold m_fold = BnFold::rescaled;
    std::map<std::string, std::unique_ptr<Quantizer>> m_quantizers;
    const Quantizer* m_focus = nullptr;                        // null: all
    std::unordered_map<int, std::vector<AtInput>> m_inputs;
    std::unordered_map<int, AtWeight> m_weights;
    std::unordered_map<int, AtBias> m_biases;
    std::unordered_map<int, Quantizer*> m_outputs;
    std::set<int> m_rectifiers;                                // ReLU layers with a quantiser behind them
    int m_passed = -1;                                         // one whose values are on its grid already
    std::unordered_map<int, BatchNorm2d*> m_norms;
    std::set<int> m_folded_norms;                              // ids of those that are folded into a convolution with a quantised weight
    std::unordered_map<int, Conv2d*> m_convs;
    std::map<std::string, at::Tensor*> m_tensors;              // of the network, by key
};

}
