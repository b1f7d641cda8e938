#pragma once
// The Tap that makes a network run quantised: fake-quantisers on weights, activations and biases as a plan places them. Folded convolutions run with the
// quantised w γ/σ and are divided by γ/σ behind it, so that the normalisation stays a layer of its own (MQBench's ConvBn2d, BN folding strategies 1 and 4
// of its paper). Used on the engine's work thread; borrows the network.
#include "plugins/quantization/engine/placement.h"
#include "plugins/quantization/engine/quantizer.h"
#include <functional>
#include <memory>
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
    /// Those of a place alone, e.g. to measure what one layer costs; the mode of all is set again by set_mode.
    void set_quantizes(const std::string& name, bool on);

    Quantizer* find(const std::string& name);                  ///< by the place's name; null: none
    const std::vector<std::string>& names() const { return m_names; }
    void weights_changed();                                    ///< the network's parameters are others now
    /// By MQBench's keys: "conv1.weight_fake_quant.scale", … Throws Error(wrong_format) for members that do not fit; keys of no place are left alone.
    std::map<std::string, at::Tensor> state();
    void load(const std::map<std::string, at::Tensor>& state);

    bool wants(const LayerInfo& layer) override;
    Flow enter(int id, TensorRefs in, at::Tensor& out) override;
    void weight(int id, at::Tensor& w) override;
    void leave(int id, TensorRefs in, at::Tensor& out) override;

    /// The weight of a node as a folding backend sees it: w γ/σ with the running statistics; w where nothing is folded.
    at::Tensor folded_weight(const GraphNode& node) const;
    /// β - μ γ/σ, with the layer's own bias scaled; the layer's bias where nothing is folded; undefined: none.
    at::Tensor folded_bias(const GraphNode& node) const;
    /// γ/σ, [1, C, 1, 1], by which the output of a folded convolution is divided; 1 where it is too small to divide by; undefined: nothing is folded.
    at::Tensor divisor(const GraphNode& node) const;
    const Conv2d* find_conv(int layer) const;                  ///< null: that layer is none
    /// What quantises the value that a node gives, seen through layers that leave its grid as it is (slices, flattening, max pooling); null: nothing.
    Quantizer* behind(int node);
    /// s_x s_w of a node, [1] or [C]: what one step of its integer sums stands for; undefined where input or weight is not quantised on even steps.
    at::Tensor accumulator_step(int node);

private:
    struct AtInput { std::size_t position; Quantizer* quantizer; std::shared_ptr<std::pair<at::Tensor, at::Tensor>> last; };
    struct AtWeight { Quantizer* quantizer; int node; at::Tensor ready; };
    struct AtBias { Quantizer* quantizer; int node; };         // null: whole numbers of s_x s_w
    Quantizer& make(const Placed& placed, const QuantizerOptions& options);
    at::Tensor norm_factor(const GraphNode& node) const;       ///< γ/σ [C]; undefined: no norm
    const at::Tensor* layer_tensor(int layer, const char* member) const;   ///< null: that layer has none

    Network& m_network;
    QuantPlan m_plan;
    QuantMode m_mode = QuantMode::off;
    std::map<std::string, std::unique_ptr<Quantizer>> m_quantizers;
    std::vector<std::string> m_names;                          // in the order of the plan: weights, biases, activations
    std::unordered_map<int, std::vector<AtInput>> m_inputs;
    std::unordered_map<int, AtWeight> m_weights;
    std::unordered_map<int, AtBias> m_biases;
    std::unordered_map<int, Quantizer*> m_outputs;
    std::unordered_map<int, BatchNorm2d*> m_norms;
    std::unordered_map<int, Conv2d*> m_convs;
    std::map<std::string, at::Tensor*> m_tensors;              // of the network, by key
};

}
