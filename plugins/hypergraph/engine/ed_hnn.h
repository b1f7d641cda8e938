#pragma once
// ED-HNN's equivariant diffusion network (Wang et al., arXiv 2207.06680), as TopoAug uses it: one convolution repeated, whose messages depend on node and hyperedge together.
#include "plugins/hypergraph/engine/graph_layers.h"

namespace lathe::hypergraph {

struct EdhnnOptions {
    std::int64_t hidden = 256, classifier_hidden = 64;
    int layers = 2, depth1 = 2, depth2 = 2, depth3 = 2, classifier_depth = 2;   ///< of W1, W2, W and the classifier; depth 0: none
    bool layer_norm = true, input_norm = true;                                  ///< LayerNorm or nothing; also before the first linear map
    bool mean = true;                                                           ///< else sum
    double alpha = 0.5, dropout = 0.5;
};
/// From the reference's command line (MLP_hidden, All_num_layers, …). Throws Error(unsupported) for another normalisation or aggregation, Error(invalid_value) for sizes that cannot be.
EdhnnOptions edhnn_options_from(const Json& arguments);

/// norm, then linear, relu, norm, dropout for all but the last linear map.
class MlpBlock : public Module {
public:
    MlpBlock(std::int64_t in, std::int64_t hidden, std::int64_t out, int depth, bool layer_norm, bool input_norm, double dropout, const AddLayer& add_layer, const std::string& name);
    at::Tensor forward(const at::Tensor& x, Pass& pass);
    void initialize(at::Generator& draws);
    bool is_empty() const { return m_lins.empty(); }
private:
    struct Norm : Module {
        explicit Norm(std::int64_t width);
        at::Tensor weight, bias;
    };
    at::Tensor normalized(std::size_t index, const at::Tensor& x) const;
    std::vector<std::unique_ptr<Projection>> m_lins;
    std::vector<std::unique_ptr<Norm>> m_norms;          // null: identity
    double m_dropout;
};

class EquivSetGnn : public Module {
public:
    EquivSetGnn(std::int64_t in, std::int64_t out, const EdhnnOptions& options, const AddLayer& add_layer, const std::string& name);
    /// Logits [N, out]. `hidden` receives the input of the classifier. Throws Error(out_of_memory) before the first pass over a graph whose memberships will not fit.
    at::Tensor forward(const GraphView& graph, const NodeMatrix& x, Pass& pass, at::Tensor* hidden = nullptr);
    void initialize(at::Generator& draws);
private:
    struct Conv : Module {
        Conv(const EdhnnOptions& options, const AddLayer& add_layer, const std::string& name);
        MlpBlock w1, w2, w;
    };
    void ask_for_memory(const Pattern& members);
    at::Tensor convolved(const GraphView& graph, const at::Tensor& x, const at::Tensor& first, Pass& pass);
    EdhnnOptions m_options;
    Projection m_lin_in;
    Conv m_conv;
    MlpBlock m_classifier;
    std::weak_ptr<const SparsePattern> m_asked_for;   // the memberships whose memory was asked for last
    bool m_asked_to_learn = false;
};

}
