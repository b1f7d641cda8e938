// Networks of two branches: HGB's "linear probes" and HyperAug's Z || Z'.
#include "core/base/error.h"
#include "core/base/text.h"
#include "plugins/hypergraph/engine/graph_network.h"
#include <ATen/ATen.h>

namespace lathe::hypergraph {
namespace {

constexpr double kBranchDropout = 0.5;
constexpr std::int64_t kBranchWidth = 64;

/// What a convolution takes for its graph.
enum class Sight { graph, members_as_edges, edges_as_members };

const GraphView& seen(const GraphView& graph, Sight sight) {
    return sight == Sight::graph ? graph : sight == Sight::members_as_edges ? graph.members_as_edges() : graph.edges_as_members();
}

/// conv1, relu, dropout, conv2 under the names NAME1 and NAME2; or an ED-HNN under NAME.
class Branch {
public:
    Branch(const std::string& name, const std::string& first, const std::string& second, const NetworkOptions& o, std::int64_t in, std::int64_t width, std::int64_t out, const AddLayer& add_layer) : m_name(name) {
        if (first == "edhnn") {
            m_edhnn = std::make_unique<EquivSetGnn>(in, out, o.edhnn, add_layer, name);
            return;
        }
        m_conv1 = make_conv(first, in, width, add_layer, name + "1");
        m_conv2 = make_conv(second, width, out, add_layer, name + "2");
    }
    template <class Own> void owned_by(Own own) {
        if (m_edhnn) {
            own(m_name, *m_edhnn);
            return;
        }
        own(m_name + "1", *m_conv1);
        own(m_name + "2", *m_conv2);
    }
    at::Tensor forward(const GraphView& graph, const NodeMatrix& x, Pass& pass, at::Tensor* hidden) {
        if (m_edhnn) return m_edhnn->forward(graph, x, pass, hidden);
        *hidden = m_conv1->forward(seen(graph, sight1), x, pass).relu();
        return m_conv2->forward(seen(graph, sight2), {dropped(*hidden, kBranchDropout, pass), {}, {}}, pass);
    }
    void initialize_first(at::Generator& draws) { m_edhnn ? m_edhnn->initialize(draws) : m_conv1->initialize(draws); }
    void initialize_second(at::Generator& draws) {
        if (m_conv2) m_conv2->initialize(draws);
    }
    Sight sight1 = Sight::graph, sight2 = Sight::graph;
private:
    std::string m_name;
    std::unique_ptr<GraphConv> m_conv1, m_conv2;
    std::unique_ptr<EquivSetGnn> m_edhnn;
};

/// The convolutions of a kind: base (conv1, conv2) and auxiliary (hyper1, hyper2).
struct Plan { std::string conv1, conv2, hyper1, hyper2; Sight base = Sight::graph, second = Sight::graph; bool is_ablation = false, hyper_second_first = false; };

Plan plan_for(const NetworkOptions& o) {
    if (o.kind == "lp-gcn-hyper-gcn") return {"gcn", "gcn", "hyperconv", "hyperconv", Sight::graph, Sight::graph, false, o.is_regression};
    if (o.kind == "lp-gat-hyper-gcn") {
        if (o.released && !o.is_regression) return {"gat", "gcn", "hyperconv", "gat", Sight::graph, Sight::members_as_edges};
        return {"gat", "gat", "hyperconv", "hyperconv", Sight::graph, Sight::graph, false, true};
    }
    if (o.kind == "lp-gat-gcn") return {"gcn", "gcn", "gat", "gat", Sight::graph, Sight::graph, false, o.is_regression};
    if (o.kind == "lp-gcn-gcn") return {"gcn", "gcn", "gcn", "gcn", Sight::graph, Sight::graph, false, true};
    if (o.kind == "lp-gat-gat") return {"gat", "gat", "gat", "gat", Sight::graph, Sight::graph, false, o.is_regression};
    if (o.kind == "lp-hyper-hyper") return {"hyperconv", "hyperconv", "hyperconv", "hyperconv", Sight::graph, Sight::graph, false, o.is_regression};
    Plan plan;
    std::vector<std::string_view> parts = split(o.kind, '-');   // ta-BASE-AUXILIARY[-ablation]
    plan.is_ablation = parts.size() == 4;
    plan.hyper_second_first = true;
    std::string base(parts[1]), auxiliary(parts[2]);
    // The controls name the network in front that the reference calls hyper.
    if (const bool is_control = auxiliary == "gcn" || auxiliary == "gat" || auxiliary == "sage" || base == "edhnn"; is_control) std::swap(base, auxiliary);
    plan.conv1 = plan.conv2 = base;
    plan.hyper1 = plan.hyper2 = auxiliary;
    if (o.kind == "ta-edhnn-hyperconv" && o.released) plan.base = Sight::edges_as_members;
    return plan;
}

class TwoBranches : public GraphNetwork {
public:
    explicit TwoBranches(const NetworkOptions& given) : GraphNetwork(given), m_plan(plan_for(options())) {
        const NetworkOptions& o = options();
        const std::int64_t width = o.hidden > 0 ? o.hidden : kBranchWidth, out = o.is_regression ? width : o.classes;
        m_base = std::make_unique<Branch>("conv", m_plan.conv1, m_plan.conv2, o, o.features + (m_plan.is_ablation ? width : 0), width, out, layer_adder());
        m_hyper = std::make_unique<Branch>("hyper", m_plan.hyper1, m_plan.hyper2, o, o.features, width, m_plan.is_ablation ? width : out, layer_adder());
        m_base->sight1 = m_base->sight2 = m_plan.base;
        m_hyper->sight2 = m_plan.second;
        m_lp = std::make_unique<Projection>(m_plan.is_ablation ? out : 2 * out, out, true, Initial::uniform, layer_adder(), "lp");
        const auto owner = [this](const std::string& name, Module& child) { own(name, child); };
        m_base->owned_by(owner);
        m_hyper->owned_by(owner);
        own("lp", *m_lp);
        if (!o.is_regression) return;
        m_head = std::make_unique<Projection>(width, 1, true, Initial::uniform, layer_adder(), "head");
        own("head", *m_head);
    }
    at::Tensor compute(const GraphView& graph, Pass& pass) override {
        at::Tensor base_hidden, hyper_hidden, joined;
        if (m_plan.is_ablation) {
            const at::Tensor features = m_hyper->forward(graph, graph.x, pass, &hyper_hidden);
            joined = m_base->forward(graph, {at::cat({graph.x.to_dense(), features}, 1), {}, {}}, pass, &base_hidden);
            pass.embedding = base_hidden;
        } else {
            const at::Tensor base = m_base->forward(graph, graph.x, pass, &base_hidden), auxiliary = m_hyper->forward(graph, graph.x, pass, &hyper_hidden);
            joined = at::cat({base, auxiliary}, 1);
            pass.embedding = at::cat({base_hidden, hyper_hidden}, 1);
        }
        const at::Tensor y = m_lp->forward({joined, {}, {}}, pass);
        return m_head ? m_head->forward({y, {}, {}}, pass).squeeze(1) : finished(y, options());
    }
protected:
    void draw(at::Generator& draws) override {
        m_hyper->initialize_first(draws);
        if (m_plan.is_ablation) m_hyper->initialize_second(draws);
        m_base->initialize_first(draws);
        if (m_plan.hyper_second_first && !m_plan.is_ablation) m_hyper->initialize_second(draws);
        m_base->initialize_second(draws);
        if (!m_plan.hyper_second_first && !m_plan.is_ablation) m_hyper->initialize_second(draws);
        m_lp->initialize(draws);
        if (m_head) m_head->initialize(draws);
    }
private:
    Plan m_plan;
    std::unique_ptr<Branch> m_base, m_hyper;
    std::unique_ptr<Projection> m_lp, m_head;
};

}

std::shared_ptr<GraphNetwork> make_two_branches(const NetworkOptions& options) { return std::make_shared<TwoBranches>(options); }

}
