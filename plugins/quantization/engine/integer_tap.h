#pragma once
// The network as an integer engine runs it, bit for bit (specification of quantization, section 2.2: the rules of ONNX Runtime's QLinearConv, QLinearAdd
// and QLinearGlobalAveragePool). Between layers stand the real numbers that the integers mean, (q - z) s in float32, from which each layer takes its
// integers back without loss; so it runs over any network whose layers report. What an engine leaves in float (slices, a last linear layer) runs in float.
// Used on the engine's work thread; borrows the network of the tap it is made from.
#include "plugins/quantization/engine/quant_tap.h"
#include <set>

namespace lathe::quantization {

class IntegerTap : public Tap {
public:
    /// From a calibrated tap. Layers whose scheme has no such integers (more than 8 bits, weights with a zero point) run in float: float_nodes() says why. Throws
    /// Error(unsupported) where a grid is not affine (APoT, QIL, NNIE), where nothing was quantised, and where no layer would run on integers.
    explicit IntegerTap(QuantTap& calibrated);
    ~IntegerTap() override;

    /// The integers behind these nodes are kept during the next runs: by node name, uint8 or int8, shape of the output.
    void keep(std::set<std::string> nodes) { m_kept = std::move(nodes); }
    const std::map<std::string, at::Tensor>& codes() const { return m_codes; }
    /// Nodes that run on integers, and those that do not with the reason.
    const std::vector<std::string>& integer_nodes() const { return m_integer; }
    const std::map<std::string, std::string>& float_nodes() const { return m_float; }
    double integer_mac_share() const { return m_share; }

    bool wants(const LayerInfo& layer) override;
    Flow enter(int id, TensorRefs in, at::Tensor& out) override;
    void weight(int id, at::Tensor& w) override;
    void leave(int id, TensorRefs in, at::Tensor& out) override;

private:
    struct Step { at::Tensor scale; float scale_value = 1; std::int64_t zero = 0, low = 0, high = 255; };
    struct IntegerConv;
    struct Pool { Step in, out; };
    struct FloatLayer { at::Tensor weight, divisor, bias_change; };   // weight: dequantised; the others may be undefined
    static Step step_of(const Quantizer& quantizer);
    static std::optional<Step> step_behind(QuantTap& calibrated, int node);
    at::Tensor codes_of(const at::Tensor& x, const Step& step) const;
    at::Tensor values_of(const at::Tensor& codes, const Step& step) const;
    at::Tensor requantized(const at::Tensor& x, const Step& step, int node);
    void note(int node, const at::Tensor& codes);
    void add_conv(QuantTap& calibrated, int node);

    const QuantPlan m_plan;
    std::map<int, Step> m_steps;                                // by node
    std::map<int, std::pair<Step, int>> m_outputs;              // by last layer: step and node
    std::map<int, std::vector<std::pair<std::size_t, int>>> m_inputs;   // by reading layer: position and node of values that no layer gives
    std::map<int, std::unique_ptr<IntegerConv>> m_convs;        // by layer
    std::map<int, Pool> m_pools;
    std::map<int, FloatLayer> m_weights;                        // of layers that run in float
    std::set<int> m_passed;                                     // norm and activation layers that a convolution has done
    std::set<std::string> m_kept;
    std::map<std::string, at::Tensor> m_codes;
    std::vector<std::string> m_integer;
    std::map<std::string, std::string> m_float;
    double m_share = 0;
};

}
