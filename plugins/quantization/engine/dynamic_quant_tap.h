#pragma once
// Fake quantisation of any network with ranges that are found as it runs: nothing is calibrated, no graph is traced. Weights get the range of their values,
// once; inputs of layers the range of each call. A simulation: values are put on the grid and computed with in float. On the engine's work thread.
#include "core/nn/tap.h"
#include "plugins/quantization/engine/quant_spec.h"
#include <map>
#include <string>
#include <vector>

namespace lathe::quantization {

struct DynamicQuantOptions {
    int weight_bits = 8, activation_bits = 8;    ///< 0: left in float
    bool per_channel = true;                     ///< a scale for each output channel of a weight
    bool first_last_8 = true;                    ///< at least 8 bits in the first and the last layer of the network that has a weight
    std::string layers;                          ///< only those whose names hold one of these texts, separated by commas; empty: all
};

class DynamicQuantTap : public Tap {
public:
    /// `first_use` hears, at the first layer that runs quantised, how many of the network do. Throws Error(invalid_value) for bits that are neither 0 nor 2 to 16.
    DynamicQuantTap(const DynamicQuantOptions& options, std::function<void(std::int64_t layers)> first_use = {});
    bool wants(const LayerInfo& layer) override;
    Flow enter(int id, TensorRefs in, at::Tensor& out) override;
    void weight(int id, at::Tensor& w) override;

private:
    struct Place {
        std::string name;
        int channel_axis = 0;
        bool is_first = false, is_chosen = false;
        at::Tensor source, ready;                // the weight as the network has it, and on its grid
    };
    bool is_chosen(const std::string& name) const;
    int bits_of(const Place& place, int bits) const;

    DynamicQuantOptions m_options;
    std::vector<std::string> m_texts;
    std::function<void(std::int64_t)> m_first_use;
    std::map<int, Place> m_places;               // of layers with a weight, by id
};

}
