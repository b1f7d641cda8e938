#include "plugins/quantization/engine/graph.h"
#include "core/base/error.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <algorithm>
#include <map>

namespace lathe::quantization {
namespace {

/// torch.fx names a call of a function after it; Lathe's layers say by their point whether the public model has a module there.
const std::map<std::string, std::string>& function_names() {
    static const std::map<std::string, std::string> names{{"Add", "add"}, {"Mul", "mul"}, {"Concat", "cat"}, {"Slice", "getitem"}, {"Pad", "pad"}, {"Flatten", "flatten"}, {"MatMul", "matmul"}, {"Softmax", "softmax"}};
    return names;
}

std::string module_name(std::string name) {
    std::ranges::replace(name, '.', '_');
    return name;
}

class TraceTap : public Tap {
public:
    explicit TraceTap(const std::vector<LayerInfo>& layers) : m_layers(layers) {}

    void add_input(const at::Tensor& t) {
        GraphNode node;
        node.name = unused("x", "_");
        node.type = "Input";
        add(std::move(node), t);
    }

    bool wants(const LayerInfo&) override { return true; }

    Flow enter(int id, TensorRefs in, at::Tensor&) override {
        if (!m_open.empty()) m_open.back().holds = true;
        m_open.push_back({id, false, 0, {}});
        for (const at::Tensor& t : in) m_open.back().inputs.push_back(t);
        return Flow::run;
    }

    void weight(int id, at::Tensor& w) override {
        if (!m_open.empty() && m_open.back().id == id && w.size(0) > 0) m_open.back().products = w.numel() / w.size(0);
    }

    void leave(int id, TensorRefs, at::Tensor& out) override {
        while (!m_open.empty() && m_open.back().id != id) m_open.pop_back();
        if (m_open.empty()) return;
        const Open done = std::move(m_open.back());
        m_open.pop_back();
        if (done.holds) return;   // its parts are the nodes
        const LayerInfo& info = m_layers[static_cast<std::size_t>(id)];
        GraphNode node;
        node.layer = id;
        node.type = info.type;
        node.macs = done.products * out.numel();
        const auto function = function_names().find(info.type);
        node.name = function != function_names().end() ? unused(function->second, "_") : unused(module_name(info.name), "_dup");
        for (const at::Tensor& t : done.inputs) node.inputs.push_back(producer(t, node.name));
        add(std::move(node), out);
    }

    NetworkGraph finish(const at::Tensor& result) {
        for (std::size_t i = 0; i < m_graph.nodes.size(); ++i)
            for (const int from : m_graph.nodes[i].inputs) {
                std::vector<int>& users = m_graph.nodes[static_cast<std::size_t>(from)].users;
                if (users.empty() || users.back() != static_cast<int>(i)) users.push_back(static_cast<int>(i));
            }
        if (const int last = known(result); last >= 0) {
            m_graph.nodes[static_cast<std::size_t>(last)].is_output = true;
        } else {   // what the network does after its last layer was not reported: that layer stands for it
            const auto found = std::find_if(m_graph.nodes.rbegin(), m_graph.nodes.rend(), [](const GraphNode& node) { return node.has_weight(); });
            if (found != m_graph.nodes.rend()) found->is_output = true;
        }
        return std::move(m_graph);
    }

private:
    struct Open { int id; bool holds; std::int64_t products; std::vector<at::Tensor> inputs; };   // products: behind each value of the output

    std::string unused(const std::string& name, const std::string& between) {
        const int n = m_names[name]++;
        return n == 0 ? name : name + between + std::to_string(n);
    }

    void add(GraphNode node, const at::Tensor& value) {
        if (!value.defined()) return;
        node.shape = value.sizes().vec();
        const int index = static_cast<int>(m_graph.nodes.size());
        m_graph.nodes.push_back(std::move(node));
        m_values[value.unsafeGetTensorImpl()] = index;
        if (value.has_storage()) m_storages[value.storage().unsafeGetStorageImpl()] = index;
        m_kept.push_back(value);   // while it lives no other value takes its address
    }

    /// The node that gave this tensor, or of which it is a view; -1: not seen.
    int known(const at::Tensor& t) const {
        if (const auto value = m_values.find(t.unsafeGetTensorImpl()); value != m_values.end()) return value->second;
        if (!t.has_storage()) return -1;
        const auto storage = m_storages.find(t.storage().unsafeGetStorageImpl());
        return storage == m_storages.end() ? -1 : storage->second;
    }

    int producer(const at::Tensor& t, const std::string& reader) {
        if (const int index = known(t); index >= 0) return index;
        GraphNode node;
        node.name = unused(reader + "_in", "_");
        node.type = "Unreported";
        add(std::move(node), t);
        return static_cast<int>(m_graph.nodes.size()) - 1;
    }

    const std::vector<LayerInfo>& m_layers;
    NetworkGraph m_graph;
    std::vector<Open> m_open;
    std::map<std::string, int> m_names;
    std::map<const void*, int> m_values, m_storages;
    std::vector<at::Tensor> m_kept;
};

bool is_only_user(const NetworkGraph& graph, int node, std::string_view type) {
    const GraphNode& from = graph.nodes[static_cast<std::size_t>(node)];
    if (from.users.size() != 1 || from.is_output) return false;
    const GraphNode& user = graph.nodes[static_cast<std::size_t>(from.users.front())];
    return user.type == type && user.inputs.size() == 1;
}

}

bool GraphNode::has_weight() const { return type == "Conv2d" || type == "ConvTranspose2d" || type == "Linear"; }

int NetworkGraph::find(std::string_view name) const {
    const auto found = std::ranges::find(nodes, name, &GraphNode::name);
    return found == nodes.end() ? -1 : static_cast<int>(found - nodes.begin());
}

std::int64_t NetworkGraph::macs() const {
    std::int64_t sum = 0;
    for (const GraphNode& node : nodes) sum += node.macs;
    return sum;
}

NetworkGraph trace(Network& network, const std::vector<at::Tensor>& inputs) {
    const c10::NoGradGuard no_gradients;
    auto tap = std::make_shared<TraceTap>(network.layers());
    for (const at::Tensor& input : inputs) tap->add_input(input);
    TapStack taps;
    taps.add(tap);
    taps.attach(network.layers());
    NetworkGraph graph = tap->finish(network.forward(inputs, &taps));
    if (graph.nodes.size() <= inputs.size()) throw Error(ErrorCode::unsupported, "The network reports none of its layers.", "quantization", "Only networks whose layers report to taps can be quantized.");
    return graph;
}

NetworkGraph fuse(const NetworkGraph& graph) {
    std::vector<int> into(graph.nodes.size());           // the node that each becomes a part of
    std::vector<GraphNode> heads(graph.nodes);
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) into[i] = static_cast<int>(i);
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
        if (into[i] != static_cast<int>(i)) continue;
        const bool is_norm = graph.nodes[i].type == "BatchNorm2d";
        if (!is_norm && !graph.nodes[i].has_weight()) continue;
        int last = static_cast<int>(i);
        const auto take = [&](std::string_view type, int GraphNode::*part) {
            if (!is_only_user(graph, last, type)) return;
            last = graph.nodes[static_cast<std::size_t>(last)].users.front();
            heads[i].*part = graph.nodes[static_cast<std::size_t>(last)].layer;
            into[static_cast<std::size_t>(last)] = static_cast<int>(i);
        };
        if (!is_norm) take("BatchNorm2d", &GraphNode::norm);
        take("ReLU", &GraphNode::activation);
        heads[i].is_output = graph.nodes[static_cast<std::size_t>(last)].is_output;
        heads[i].shape = graph.nodes[static_cast<std::size_t>(last)].shape;
    }
    std::vector<int> place(graph.nodes.size(), -1);
    NetworkGraph fused;
    for (std::size_t i = 0; i < graph.nodes.size(); ++i)
        if (into[i] == static_cast<int>(i)) {
            place[i] = static_cast<int>(fused.nodes.size());
            fused.nodes.push_back(heads[i]);
        }
    const auto placed = [&](int node) { return place[static_cast<std::size_t>(into[static_cast<std::size_t>(node)])]; };
    for (GraphNode& node : fused.nodes) {
        for (int& from : node.inputs) from = placed(from);
        node.users.clear();
    }
    for (std::size_t i = 0; i < fused.nodes.size(); ++i)
        for (const int from : fused.nodes[i].inputs) {
            std::vector<int>& users = fused.nodes[static_cast<std::size_t>(from)].users;
            if (users.empty() || users.back() != static_cast<int>(i)) users.push_back(static_cast<int>(i));
        }
    return fused;
}

}
