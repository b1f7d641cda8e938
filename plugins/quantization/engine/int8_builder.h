#pragma once
// Makes the operations of an Int8Engine from a calibrated plan: which values are codes, which sums a convolution takes in, and where each value lies in memory.
// Internal to int8_engine.cpp and int8_builder.cpp.
#include "plugins/quantization/engine/int8_engine.h"

namespace lathe::quantization {

class Int8Builder {
public:
    Int8Builder(Int8Engine& engine, Network& network, QuantTap& calibrated, bool fuse);
    void build();

private:
    using Step = Int8Engine::Step;
    using Value = Int8Engine::Value;
    using Picture = Int8Engine::Picture;
    const GraphNode& node(int i) const { return m_plan.graph.nodes[static_cast<std::size_t>(i)]; }
    const NodeOperator& op(int i) const { return m_operators[static_cast<std::size_t>(i)]; }
    int value_of(int i) const { return m_value_of[static_cast<std::size_t>(i)]; }
    int input(int i, std::size_t k = 0) const { return value_of(node(i).inputs[k]); }
    Value& value(int v) const { return m_engine.m_values[static_cast<std::size_t>(v)]; }
    const Placed* place(int i) const;
    std::optional<Step> step(int i) const;                         ///< of the quantiser behind a node, where it has at most 8 bits
    int add_value(int i, std::optional<Step> step);
    void add(int i, int written, const std::vector<int>& read, std::function<void(Picture&)> run);

    void add_input(int i);
    void add_conv(int i);
    void add_linear(int i);
    void add_sum(int i);
    void add_relu(int i);
    void add_average(int i);
    void add_moved(int i);                                         ///< slices and pads
    void add_concat(int i);
    void add_flatten(int i);
    void add_max_pool(int i);
    void add_float(int i, const std::string& why, std::function<at::Tensor(const std::vector<at::Tensor>&)> compute);
    void regrid(int i, int from);                                  ///< the node's value is that of `from`, put on the node's own grid where it has one
    std::string why_not_integer(int i) const;
    Int8Engine::Layer& make_layer(int i, const at::Tensor& bias, const ConvShape& shape, bool real);
    int fused_sum(int conv) const;                                 ///< the node whose value a convolution gives with a residual; -1: none
    void place_values();

    Int8Engine& m_engine;
    QuantTap& m_calibrated;
    const QuantPlan& m_plan;
    const std::vector<NodeOperator> m_operators;
    const bool m_fuse;
    std::vector<int> m_value_of;                                   // by node; -1: none yet
    std::set<int> m_done;                                          // nodes that another's operation has done
    bool m_is_integer = false;
    double m_integer_macs = 0, m_macs = 0;
};

}
