#pragma once
// Graph and hypergraph convolutions as torch_geometric computes them, under its parameter names (versions 2.2 to 2.6). Parameters are initialised with the draws of the
// reference, in its order, so that a seed gives the same weights. x is [N, in] unless said otherwise; every result is [N, out].
#include "core/nn/layers.h"
#include "plugins/hypergraph/engine/graph_view.h"
#include <ATen/core/Generator.h>

namespace lathe::hypergraph {

/// Attention of one layer, kept for those who ask why: alpha [entries, heads] by place of the pattern.
struct KeptAttention { std::string layer; Pattern pattern; at::Tensor alpha; };

/// Random masks that do not depend on the number of threads.
class DropoutStream {
public:
    explicit DropoutStream(std::uint64_t seed) : m_seed(seed) {}
    at::Tensor mask(at::IntArrayRef sizes, double probability);   ///< 0 with that probability, else 1 / (1 - probability)
private:
    std::uint64_t m_seed, m_drawn = 0;
};

/// What one forward pass carries along.
struct Pass {
    TapStack* taps = nullptr;
    std::optional<DropoutStream> dropout;           ///< none: dropout is off
    at::Tensor embedding;                           ///< set by networks: the last hidden layer [N, d]
    std::vector<KeptAttention>* attention = nullptr;
};
at::Tensor dropped(const at::Tensor& x, double probability, Pass& pass);
NodeMatrix dropped(const NodeMatrix& x, double probability, Pass& pass);
at::Tensor biased(const at::Tensor& y, const at::Tensor& bias);   ///< y + bias; undefined: y

enum class Initial { glorot, uniform };

/// y = x W^T + b, sparse x included. A layer that taps see.
class Projection : public Module {
public:
    Projection(std::int64_t in, std::int64_t out, bool with_bias, Initial initial, const AddLayer& add_layer, std::string name);
    at::Tensor forward(const NodeMatrix& x, Pass& pass);
    void initialize(at::Generator& draws);
    at::Tensor weight, bias;                        ///< [out, in], [out]
private:
    Initial m_initial;
    int m_id;
};

/// A convolution over simple edges or hyperedges.
class GraphConv : public Module {
public:
    virtual at::Tensor forward(const GraphView& graph, const NodeMatrix& x, Pass& pass) = 0;
    virtual void initialize(at::Generator& draws) = 0;
};

struct GcnOptions { bool improved = false, loops = true, normalize = true, bias = true; };

class GcnConv : public GraphConv {
public:
    GcnConv(std::int64_t in, std::int64_t out, GcnOptions options, const AddLayer& add_layer, const std::string& name);
    at::Tensor forward(const GraphView& graph, const NodeMatrix& x, Pass& pass) override;
    void initialize(at::Generator& draws) override;
private:
    GcnOptions m_options;
    at::Tensor m_bias;
    Projection m_lin;
};

struct SageOptions { bool max = false, normalize = false, root = true, bias = true; };

class SageConv : public GraphConv {
public:
    SageConv(std::int64_t in, std::int64_t out, SageOptions options, const AddLayer& add_layer, const std::string& name);
    at::Tensor forward(const GraphView& graph, const NodeMatrix& x, Pass& pass) override;
    void initialize(at::Generator& draws) override;
private:
    SageOptions m_options;
    Projection m_left;
    std::unique_ptr<Projection> m_right;
};

struct GatOptions {
    std::int64_t heads = 1;
    bool concat = true, loops = true, bias = true;
    double slope = 0.2, dropout = 0;
    std::int64_t edge_width = 0;                    ///< columns of edge attributes; 0: none
    std::string fill = "mean";                      ///< attributes of a loop: mean of those that come in, or a number
    std::string weight_name = "lin_src";            ///< torch_geometric 2.2; 2.6 has "lin"
};

class GatConv : public GraphConv {
public:
    GatConv(std::int64_t in, std::int64_t out, GatOptions options, const AddLayer& add_layer, const std::string& name);
    at::Tensor forward(const GraphView& graph, const NodeMatrix& x, Pass& pass) override;
    void initialize(at::Generator& draws) override;
private:
    GatOptions m_options;
    std::int64_t m_out;
    std::string m_name;
    at::Tensor m_att_src, m_att_dst, m_att_edge, m_bias;
    Projection m_lin;
    std::unique_ptr<Projection> m_lin_edge;
};

struct Gatv2Options { std::int64_t heads = 1; bool concat = true, loops = true, bias = true, shared = false; double slope = 0.2, dropout = 0; };

class Gatv2Conv : public GraphConv {
public:
    Gatv2Conv(std::int64_t in, std::int64_t out, Gatv2Options options, const AddLayer& add_layer, const std::string& name);
    at::Tensor forward(const GraphView& graph, const NodeMatrix& x, Pass& pass) override;
    void initialize(at::Generator& draws) override;
private:
    Gatv2Options m_options;
    std::int64_t m_out;
    std::string m_name;
    at::Tensor m_att, m_bias;
    Projection m_left;
    std::unique_ptr<Projection> m_right;            // null: shared
};

/// Whose entries the attention of HypergraphConv adds up to 1 over: the members of a hyperedge ("node", since torch_geometric 2.4) or the hyperedges of a node ("edge", until then).
enum class AttentionMode { node, edge };

struct HypergraphOptions {
    bool attention = false, concat = true, bias = true;
    AttentionMode mode = AttentionMode::edge;
    std::int64_t heads = 1;
    double slope = 0.2, dropout = 0;
    bool as_documented = false;                     ///< D^-1 H W B^-1 H^T X: the hyperedges' weights also multiply the second sum. torch_geometric itself leaves them out there
};

class HypergraphConv : public GraphConv {
public:
    HypergraphConv(std::int64_t in, std::int64_t out, HypergraphOptions options, const AddLayer& add_layer, const std::string& name);
    /// With attention, a hyperedge's attributes are the sum of its members' rows of x, as HGB has it.
    at::Tensor forward(const GraphView& graph, const NodeMatrix& x, Pass& pass) override;
    /// attributes [hyperedges, in] or undefined.
    at::Tensor forward(const GraphView& graph, const NodeMatrix& x, const at::Tensor& attributes, Pass& pass);
    void initialize(at::Generator& draws) override;
private:
    HypergraphOptions m_options;
    std::int64_t m_out;
    std::string m_name;
    at::Tensor m_att, m_bias;
    Projection m_lin;
};

/// `name` "conv1" and `child` "convs.0": torch_geometric's GAT of one layer.
class WrappedConv : public GraphConv {
public:
    WrappedConv(std::string child, std::unique_ptr<GraphConv> conv);
    at::Tensor forward(const GraphView& graph, const NodeMatrix& x, Pass& pass) override { return m_conv->forward(graph, x, pass); }
    void initialize(at::Generator& draws) override { m_conv->initialize(draws); }
private:
    std::unique_ptr<GraphConv> m_conv;
};

}
