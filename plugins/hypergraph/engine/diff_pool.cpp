// DiffPool (Ying et al., arXiv 1806.08804) as HGB has it: dense, so for small graphs only.
#include "core/base/error.h"
#include "plugins/hypergraph/engine/graph_network.h"
#include <ATen/ATen.h>

namespace lathe::hypergraph {
namespace {

constexpr std::int64_t kPoolWidth = 32, kMostNodes = 20'000;

class DenseSage : public Module {
public:
    DenseSage(std::int64_t in, std::int64_t out, const AddLayer& add_layer, const std::string& name)
        : m_rel(in, out, false, Initial::uniform, add_layer, name + ".lin_rel"), m_root(in, out, true, Initial::uniform, add_layer, name + ".lin_root") {
        own("lin_rel", m_rel);
        own("lin_root", m_root);
    }
    at::Tensor forward(const at::Tensor& x, const at::Tensor& adjacency, Pass& pass) {
        const at::Tensor mean = at::mm(adjacency, x) / adjacency.sum(-1, true).clamp_min(1);
        return m_rel.forward({mean, {}, {}}, pass) + m_root.forward({x, {}, {}}, pass);
    }
    void initialize(at::Generator& draws) {
        for (int time = 0; time < 2; ++time) {
            m_rel.initialize(draws);
            m_root.initialize(draws);
        }
    }
private:
    Projection m_rel, m_root;
};

class DenseNet : public Module {
public:
    DenseNet(std::int64_t in, std::int64_t hidden, std::int64_t out, bool with_linear, const AddLayer& add_layer, const std::string& name)
        : m_conv1(in, hidden, add_layer, name + ".conv1"), m_conv2(hidden, hidden, add_layer, name + ".conv2"), m_conv3(hidden, out, add_layer, name + ".conv3") {
        own("conv1", m_conv1);
        own("conv2", m_conv2);
        own("conv3", m_conv3);
        if (!with_linear) return;
        m_lin = std::make_unique<Projection>(2 * hidden + out, out, true, Initial::uniform, add_layer, name + ".lin");
        own("lin", *m_lin);
    }
    at::Tensor forward(const at::Tensor& x, const at::Tensor& adjacency, Pass& pass) {
        const at::Tensor a = m_conv1.forward(x, adjacency, pass).relu(), b = m_conv2.forward(a, adjacency, pass).relu(), c = m_conv3.forward(b, adjacency, pass).relu();
        const at::Tensor all = at::cat({a, b, c}, -1);
        return m_lin ? m_lin->forward({all, {}, {}}, pass).relu() : all;
    }
    void initialize(at::Generator& draws) {
        m_conv1.initialize(draws);
        m_conv2.initialize(draws);
        m_conv3.initialize(draws);
        if (m_lin) m_lin->initialize(draws);
    }
private:
    DenseSage m_conv1, m_conv2, m_conv3;
    std::unique_ptr<Projection> m_lin;
};

class DiffPool : public GraphNetwork {
public:
    explicit DiffPool(const NetworkOptions& given)
        : GraphNetwork(given), m_pool1(options().features, kPoolWidth, options().is_regression ? 30 : 10, true, layer_adder(), "gnn1_pool"), m_embed1(options().features, kPoolWidth, kPoolWidth, false, layer_adder(), "gnn1_embed"),
          m_pool2(3 * kPoolWidth, kPoolWidth, options().nodes, true, layer_adder(), "gnn2_pool"), m_embed2(3 * kPoolWidth, kPoolWidth, kPoolWidth, false, layer_adder(), "gnn2_embed"),
          m_embed3(3 * kPoolWidth, kPoolWidth, kPoolWidth, false, layer_adder(), "gnn3_embed"), m_lin1(3 * kPoolWidth, kPoolWidth, true, Initial::uniform, layer_adder(), "lin1"),
          m_lin2(kPoolWidth, options().is_regression ? 1 : options().classes, true, Initial::uniform, layer_adder(), "lin2") {
        if (options().nodes < 1 || options().nodes > kMostNodes)
            throw Error(ErrorCode::invalid_value, "DiffPool keeps a dense matrix of all pairs of nodes.", std::to_string(options().nodes) + " nodes", "It takes from 1 to " + std::to_string(kMostNodes) + ".");
        own("gnn1_pool", m_pool1);
        own("gnn1_embed", m_embed1);
        own("gnn2_pool", m_pool2);
        own("gnn2_embed", m_embed2);
        own("gnn3_embed", m_embed3);
        own("lin1", m_lin1);
        own("lin2", m_lin2);
    }
    at::Tensor compute(const GraphView& graph, Pass& pass) override {
        if (graph.nodes() != options().nodes)
            throw Error(ErrorCode::invalid_value, "DiffPool was made for another number of nodes.", std::to_string(graph.nodes()) + " nodes where it has " + std::to_string(options().nodes), "Train it on this graph.");
        at::Tensor adjacency = at::zeros({graph.nodes(), graph.nodes()});
        auto* entry = static_cast<float*>(adjacency.mutable_data_ptr());
        for (std::int64_t target = 0; target < graph.nodes(); ++target)
            for (const std::int32_t source : graph.edges()->rows[target]) entry[source * graph.nodes() + target] += 1;
        at::Tensor x = graph.x.to_dense();
        const auto pooled = [&](DenseNet& pool, DenseNet& embed) {
            const at::Tensor s = at::softmax(pool.forward(x, adjacency, pass), -1), z = embed.forward(x, adjacency, pass);
            x = at::mm(s.t(), z);
            adjacency = at::mm(at::mm(s.t(), adjacency), s);
        };
        pooled(m_pool1, m_embed1);
        pooled(m_pool2, m_embed2);
        pass.embedding = m_lin1.forward({m_embed3.forward(x, adjacency, pass), {}, {}}, pass).relu();
        const at::Tensor y = m_lin2.forward({pass.embedding, {}, {}}, pass);
        if (options().is_regression) return y.squeeze(1);
        return options().log_softmax ? at::log_softmax(y, options().released ? 0 : 1) : y;   // released: over the nodes, the first dimension behind that of the batch
    }
protected:
    void draw(at::Generator& draws) override {
        for (DenseNet* net : {&m_pool1, &m_embed1, &m_pool2, &m_embed2, &m_embed3}) net->initialize(draws);
        m_lin1.initialize(draws);
        m_lin2.initialize(draws);
    }
private:
    DenseNet m_pool1, m_embed1, m_pool2, m_embed2, m_embed3;
    Projection m_lin1, m_lin2;
};

}

std::shared_ptr<GraphNetwork> make_diff_pool(const NetworkOptions& options) { return std::make_shared<DiffPool>(options); }

}
