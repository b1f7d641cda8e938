// Networks of one branch.
#include "core/base/error.h"
#include "plugins/hypergraph/engine/graph_network.h"
#include "plugins/hypergraph/engine/hyper_gcn.h"
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

namespace lathe::hypergraph {
namespace {

constexpr double kDropout = 0.5;
constexpr std::int64_t kWidth = 32;

std::int64_t width_of(const NetworkOptions& options) { return options.hidden > 0 ? options.hidden : kWidth; }

/// conv1, relu, dropout, conv2; of a regression a linear head.
class TwoLayers : public GraphNetwork {
public:
    explicit TwoLayers(const NetworkOptions& given) : GraphNetwork(given) {
        const NetworkOptions& o = options();
        const std::int64_t width = width_of(o), out = o.is_regression ? width : o.classes;
        if (o.kind == "hyper-gat") {
            const std::int64_t heads = std::max<std::int64_t>(1, o.features / width);
            HypergraphOptions first, second;
            first.attention = second.attention = true;
            first.heads = heads;
            m_conv1 = std::make_unique<HypergraphConv>(o.features, width, first, layer_adder(), "conv1");
            m_conv2 = std::make_unique<HypergraphConv>(width * heads, out, second, layer_adder(), "conv2");
        } else {
            const std::string conv = o.kind == "hyper-gcn" ? "hyperconv" : o.kind;
            m_conv1 = make_conv(conv, o.features, width, layer_adder(), "conv1");
            m_conv2 = make_conv(conv, width, out, layer_adder(), "conv2");
        }
        own("conv1", *m_conv1);
        own("conv2", *m_conv2);
        if (!o.is_regression) return;
        m_head = std::make_unique<Projection>(width, 1, true, Initial::uniform, layer_adder(), "head");
        own("head", *m_head);
    }
    at::Tensor compute(const GraphView& graph, Pass& pass) override {
        pass.embedding = m_conv1->forward(graph, graph.x, pass).relu();
        const at::Tensor y = m_conv2->forward(graph, {dropped(pass.embedding, kDropout, pass), {}, {}}, pass);
        return m_head ? m_head->forward({y, {}, {}}, pass).squeeze(1) : finished(y, options());
    }
protected:
    void draw(at::Generator& draws) override {
        m_conv1->initialize(draws);
        m_conv2->initialize(draws);
        if (m_head) m_head->initialize(draws);
    }
private:
    std::unique_ptr<GraphConv> m_conv1, m_conv2;
    std::unique_ptr<Projection> m_head;
};

class EdhnnNetwork : public GraphNetwork {
public:
    explicit EdhnnNetwork(const NetworkOptions& given) : GraphNetwork(given), m_net(options().features, options().is_regression ? 1 : options().classes, options().edhnn, layer_adder(), "") { own("", m_net); }
    at::Tensor compute(const GraphView& graph, Pass& pass) override {
        const at::Tensor y = m_net.forward(graph, graph.x, pass, &pass.embedding);
        return options().is_regression ? y.squeeze(1) : finished(y, options());
    }
protected:
    void draw(at::Generator& draws) override { m_net.initialize(draws); }
private:
    EquivSetGnn m_net;
};

class HyperGcnNetwork : public GraphNetwork {
public:
    explicit HyperGcnNetwork(const NetworkOptions& given) : GraphNetwork(given) {
        const int depth = options().depth;
        if (depth < 1 || depth > 20) throw Error(ErrorCode::invalid_value, "HyperGCN cannot have so many layers.", std::to_string(depth), "Choose from 1 to 20.");
        std::int64_t in = options().features;
        for (int i = 0; i < depth; ++i) {
            const std::int64_t last = options().is_regression ? 1 : options().classes, out = i + 1 == depth ? last : options().hidden > 0 ? options().hidden : std::int64_t{1} << (depth - i + 2);
            m_layers.push_back(std::make_unique<HyperGcnLayer>(in, out));
            own("layers." + std::to_string(i), *m_layers.back());
            in = out;
        }
    }
    at::Tensor compute(const GraphView& graph, Pass& pass) override {
        NodeMatrix x = graph.x;
        HypergraphLaplacian laplacian;
        for (std::size_t i = 0; i < m_layers.size(); ++i) {
            const at::Tensor product = m_layers[i]->product(x);
            if (!options().fast) laplacian = hypergraph_laplacian(*graph.members(), at::mv(product.detach().to(at::kDouble), random_vector(product.size(1), i)), options().mediators);
            at::Tensor y = m_layers[i]->forward(options().fast ? input_laplacian(graph) : laplacian, product);
            if (!options().is_regression || i + 1 < m_layers.size()) y = y.relu();
            if (i + 1 == m_layers.size()) return options().is_regression ? y.squeeze(1) : finished(y, options());
            pass.embedding = y;
            x = {dropped(y, kDropout, pass), {}, {}};
        }
        return {};   // there is a layer
    }
protected:
    void draw(at::Generator& draws) override {
        for (const auto& layer : m_layers) layer->initialize(draws);
    }
private:
    /// The reference draws a new vector in every pass; here it is one for each layer, so that two passes agree.
    static at::Tensor random_vector(std::int64_t width, std::size_t layer) {
        at::Generator draws = at::make_generator<at::CPUGeneratorImpl>(1 + layer);
        return at::empty({width}, at::kDouble).uniform_(0, 1, draws);
    }
    const HypergraphLaplacian& input_laplacian(const GraphView& graph) {
        if (m_of != graph.members()) {
            const at::Tensor vector = random_vector(graph.x.columns(), 0);
            const at::Tensor along = graph.x.dense.defined() ? at::mv(graph.x.dense.to(at::kDouble), vector) : gather_sum(graph.x.pattern, Into::rows, vector.to(at::kFloat).unsqueeze(1), graph.x.values).squeeze(1);
            m_laplacian = hypergraph_laplacian(*graph.members(), along, options().mediators);
            m_of = graph.members();
        }
        return m_laplacian;
    }
    std::vector<std::unique_ptr<HyperGcnLayer>> m_layers;
    HypergraphLaplacian m_laplacian;
    Pattern m_of;   // held, so that no other pattern can take its address
};

}

/// model1, model2: the mean of what they say.
class EnsembleNetwork : public GraphNetwork {
public:
    explicit EnsembleNetwork(const NetworkOptions& given) : GraphNetwork(given) {
        for (const std::string& kind : {options().first, options().second}) {
            NetworkOptions one = options();
            one.kind = kind;
            if (kind == "ensemble") throw Error(ErrorCode::invalid_value, "An ensemble of ensembles is not offered.", "first " + options().first + ", second " + options().second, "Choose two plain networks.");
            m_models.push_back(make_network(one));
            own("model" + std::to_string(m_models.size()), *m_models.back());
        }
    }
    at::Tensor compute(const GraphView& graph, Pass& pass) override {
        const at::Tensor a = m_models[0]->compute(graph, pass), first = pass.embedding, b = m_models[1]->compute(graph, pass);
        pass.embedding = at::cat({first, pass.embedding}, 1);
        return (a + b) / 2;
    }
protected:
    void draw(at::Generator& draws) override {
        for (const auto& model : m_models) model->draw(draws);
    }
private:
    std::vector<std::shared_ptr<GraphNetwork>> m_models;
};

std::shared_ptr<GraphNetwork> make_two_layers(const NetworkOptions& options) { return std::make_shared<TwoLayers>(options); }
std::shared_ptr<GraphNetwork> make_edhnn(const NetworkOptions& options) { return std::make_shared<EdhnnNetwork>(options); }
std::shared_ptr<GraphNetwork> make_hypergcn(const NetworkOptions& options) { return std::make_shared<HyperGcnNetwork>(options); }
std::shared_ptr<GraphNetwork> make_ensemble(const NetworkOptions& options) { return std::make_shared<EnsembleNetwork>(options); }

}
