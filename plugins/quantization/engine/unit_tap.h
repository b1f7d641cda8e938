#pragma once
// Runs one unit of a network with weights that are being learnt, quickly and on the autograd graph: a convolution and its normalisation are one product, a ReLU and the
// quantiser behind it one pass. On the engine's work thread; borrows the tap whose quantisers it takes.
#include "plugins/quantization/engine/quant_tap.h"
#include "plugins/quantization/engine/units.h"

namespace lathe::quantization {

class UnitTap : public Tap {
public:
    /// `calibrated`: of the same network; its own weights are not looked at. Values that come from no layer (the network's input) are taken as quantised already.
    UnitTap(Network& network, QuantTap& calibrated, const PartRunner& runner, const Unit& unit);

    /// As the backend sees it: folded where it folds. In the order of Unit::weighted; only those that have a quantiser.
    struct Weighted { std::string name; at::Tensor weight; Quantizer* quantizer; };
    const std::vector<Weighted>& weights() const { return m_weights; }
    /// What the quantisers of the unit's values learn, by name.
    std::vector<std::pair<std::string, at::Tensor>> learnt_scales() const;
    /// In place of weights(), for the next runs; borrowed.
    void use(const std::vector<at::Tensor>& weights) { m_used = &weights; }

    bool wants(const LayerInfo& layer) override;
    Flow enter(int id, TensorRefs in, at::Tensor& out) override;
    void weight(int id, at::Tensor& w) override;
    void leave(int id, TensorRefs in, at::Tensor& out) override;

private:
    struct Product { std::size_t index = 0; const Conv2d* conv = nullptr; at::Tensor factor, bias; };   // factor: [C, 1, 1, 1] or undefined; conv null: linear
    std::map<int, Product> m_products;                   // by layer
    std::map<int, std::size_t> m_plain;                  // layers of other kinds, which take a replaced weight
    std::set<int> m_passed;                              // normalisations that a product has done
    std::map<int, std::pair<std::string, Quantizer*>> m_outputs;   // by last layer
    std::set<int> m_rectified;                           // ReLU layers whose quantiser is done with them
    std::vector<Weighted> m_weights;
    const std::vector<at::Tensor>* m_used = nullptr;
};

/// x on an even grid of one scale, as fake_quantize gives it, with its straight-through gradient; with `rectify` behind a ReLU, whose zero is the grid's lowest number.
at::Tensor on_even_grid(const at::Tensor& x, double scale, double zero_point, std::int64_t quant_min, std::int64_t quant_max, bool rectify);

}
