#pragma once
// The networks of the Hybrid Graph Benchmark (arXiv 2306.05108) and of HyperAug / TopoAug (arXiv 2402.13033), under the parameter names of their state dicts.
#include "plugins/hypergraph/engine/ed_hnn.h"
#include "plugins/hypergraph/engine/graph_layers.h"
#include <functional>

namespace lathe::hypergraph {

struct NetworkOptions {
    std::string kind = "gcn";               ///< see network_kinds()
    bool released = true;                   ///< with the known errors of the released code (see NetworkKind::differs); false: as it was meant
    bool is_regression = false;
    std::int64_t features = 0, classes = 0;
    std::int64_t nodes = 0;                 ///< DiffPool only
    std::int64_t hidden = 0;                ///< 0: that of the reference (32, with two branches 64)
    bool log_softmax = true;                ///< classification: the output is a log-softmax, as in the reference
    EdhnnOptions edhnn;
    int depth = 2;                          ///< HyperGCN
    bool mediators = true, fast = true;     ///< HyperGCN
    std::string first = "gcn", second = "hyper-gcn";   ///< the networks of an ensemble
};
Json to_json(const NetworkOptions& options);
NetworkOptions network_options_from(const Json& json);   ///< throws Error(wrong_format, unknown_name)

struct NetworkKind {
    std::string id, title;
    bool edges, hyperedges;                 ///< what it looks at
    bool differs;                           ///< released and fixed are not the same
    std::vector<std::string> without;       ///< networks without hyperedges that it is paired with: of the same size, and what it adds to; empty: no such pair
};
const std::vector<NetworkKind>& network_kinds();
const NetworkKind& network_kind(const std::string& id);   ///< throws Error(unknown_name) with the nearest id

class GraphNetwork : public Network {
public:
    /// Log-softmax or logits [N, C]; of a regression [N].
    virtual at::Tensor compute(const GraphView& graph, Pass& pass) = 0;
    /// Weights as torch.manual_seed(seed) and the reference's constructor give them.
    void initialize(std::uint64_t seed);
    /// The graph that forward() looks at.
    void look_at(std::shared_ptr<const GraphView> graph) { m_graph = std::move(graph); }
    /// No input; dropout off.
    at::Tensor forward(std::vector<at::Tensor> inputs, TapStack* taps) override;
    const NetworkOptions& options() const { return m_options; }
    /// From any of the names that the versions of torch_geometric use (lin.weight, lin_src.weight, lin_dst.weight), "model." in front or not. Throws Error(wrong_format).
    void load_named(const std::map<std::string, at::Tensor>& tensors);
protected:
    explicit GraphNetwork(NetworkOptions options);
    virtual void draw(at::Generator& draws) = 0;   ///< in the order of the reference's constructor
    friend class EnsembleNetwork;
private:
    NetworkOptions m_options;
    std::shared_ptr<const GraphView> m_graph;
};

/// Throws Error(unknown_name) for a kind, Error(invalid_value) for sizes that cannot be.
std::shared_ptr<GraphNetwork> make_network(const NetworkOptions& options);
/// The kind of a class of the reference ("GCNNet", "TAGCNHyperConv", …). Throws Error(unknown_name).
std::string kind_of_class(const std::string& reference_class);

/// The state under every name that readers of the reference look for: lin_dst.weight beside lin_src.weight.
std::map<std::string, at::Tensor> reference_state(GraphNetwork& network);

/// Parts that the files of the networks share.
using MakeNetwork = std::function<std::shared_ptr<GraphNetwork>(const NetworkOptions&)>;
std::shared_ptr<GraphNetwork> make_diff_pool(const NetworkOptions& options);
std::shared_ptr<GraphNetwork> make_two_layers(const NetworkOptions& options);
std::shared_ptr<GraphNetwork> make_two_branches(const NetworkOptions& options);
std::shared_ptr<GraphNetwork> make_edhnn(const NetworkOptions& options);
std::shared_ptr<GraphNetwork> make_hypergcn(const NetworkOptions& options);
std::shared_ptr<GraphNetwork> make_ensemble(const NetworkOptions& options);
at::Tensor finished(const at::Tensor& y, const NetworkOptions& options);   ///< log-softmax where it is asked for

/// "gcn", "sage", "gat", "gatv2", "hyperconv": a convolution in → out under `name`.
std::unique_ptr<GraphConv> make_conv(const std::string& kind, std::int64_t in, std::int64_t out, const AddLayer& add_layer, const std::string& name);

}
