#include "plugins/quantization/engine/placement_rules.h"
#include <algorithm>
#include <deque>

namespace lathe::quantization {
namespace {

using Types = std::set<std::string_view>;

const Types kInputTypes{"Conv2d", "ConvTranspose2d", "Linear", "MaxPool2d", "AvgPool2d", "AdaptiveAvgPool2d", "BatchNorm2d", "PReLU", "Upsample", "Add", "Mul"};
const Types kTengineTypes{"Conv2d", "ConvTranspose2d", "Linear", "MaxPool2d", "AvgPool2d", "AdaptiveAvgPool2d", "BatchNorm2d", "PReLU", "Upsample", "Add", "Mul", "Concat", "Hardswish", "Sigmoid"};
const Types kQnnTypes{"Conv2d", "AvgPool2d", "AdaptiveAvgPool2d", "Add"};
const Types kOpenvinoTypes{"Conv2d", "Linear", "AvgPool2d", "AdaptiveAvgPool2d", "MaxPool2d", "Upsample", "Add", "Flatten", "Mean", "Sum"};
const Types kVitisTypes{"Conv2d", "ConvTranspose2d", "Linear", "AvgPool2d", "AdaptiveAvgPool2d", "BatchNorm2d", "ReLU", "PReLU", "Upsample", "Add", "Mul", "Concat"};
const Types kAcademicTypes{"Conv2d", "Linear"};
const Types kPassedTotalInt{"ReLU", "ReLU6", "Dropout2d", "Flatten"};
const Types kPassedQnn{"ReLU", "ReLU6"};
const Types kPassedTengine{"Flatten"};

class Finder {
public:
    Finder(const NetworkGraph& graph, const PlacementOptions& options) : m_graph(graph), m_options(options) {}

    const GraphNode& node(int i) const { return m_graph.nodes[static_cast<std::size_t>(i)]; }
    int count() const { return static_cast<int>(m_graph.nodes.size()); }
    bool excluded(int i) const {
        const auto choice = m_options.nodes.find(node(i).name);
        return choice != m_options.nodes.end() && choice->second.excluded;
    }
    /// A sum right behind a product is one operator with it.
    bool merged(int reader, int from) const { return m_merges && node(reader).type == "Add" && node(from).type == "Mul"; }
    void want(int i, std::string why) {
        if (std::ranges::find(m_found, i, &Wanted::node) == m_found.end()) m_found.push_back({i, std::move(why)});
    }

    /// The inputs of every node of these types.
    void inputs_of(const Types& types) {
        for (int i = 0; i < count(); ++i) {
            const bool added = m_options.additional.contains(node(i).name);
            if ((excluded(i) && !added) || (!types.contains(node(i).type) && !added)) continue;
            const int left_out = m_options.fuse_residual_add && node(i).type == "Add" ? fused_input(i) : -1;
            for (const int from : node(i).inputs)
                if (from != left_out && !merged(i, from)) want(from, "It goes into " + node(i).name + ".");
        }
    }

    /// The outputs too; where a node of the `passed` types follows, behind that.
    void outputs_of(const Types& types, const Types& passed) {
        for (int i = 0; i < count(); ++i) {
            if (excluded(i) || !types.contains(node(i).type)) continue;
            for (const int next : node(i).users) {
                if (passed.contains(node(next).type)) want(next, "It is the output of " + node(i).name + " after " + node(next).type + ".");
                else if (!merged(next, i)) want(i, "It is the output of " + node(i).name + ".");
            }
            if (node(i).is_output) want(i, "It is the output of the network.");
        }
    }

    void keep_merges_apart() { m_merges = false; }
    std::vector<Wanted> take() { return std::move(m_found); }

private:
    /// TensorRT adds within a convolution or linear layer: that input stays as it is. Where both could, the later one.
    int fused_input(int add) const {
        int chosen = -1;
        for (const int from : node(add).inputs)
            if (node(from).has_weight() && node(from).users.size() == 1) chosen = std::max(chosen, from);
        return chosen;
    }

    const NetworkGraph& m_graph;
    const PlacementOptions& m_options;
    std::vector<Wanted> m_found;
    bool m_merges = true;
};

void by_openvino(Finder& find) {
    const Types before{"MaxPool2d", "Flatten"}, behind{"Conv2d", "Linear", "MatMul"}, passed{"Slice", "Concat"};
    for (int i = 0; i < find.count(); ++i) {
        const GraphNode& node = find.node(i);
        if (find.excluded(i) || passed.contains(node.type)) continue;
        if (node.type == "Input") {
            find.want(i, "It is an input of the network.");
            continue;
        }
        if (node.is_output) continue;
        if (before.contains(node.type) && std::ranges::any_of(node.users, [&](int next) { return behind.contains(find.node(next).type); })) continue;
        const auto reader = std::ranges::find_if(node.users, [&](int next) { return kOpenvinoTypes.contains(find.node(next).type); });
        if (reader != node.users.end()) find.want(i, "It goes into " + find.node(*reader).name + ".");
    }
}

}

std::vector<Wanted> wanted_activations(const NetworkGraph& graph, const Backend& backend, const PlacementOptions& options) {
    Finder find(graph, options);
    switch (backend.policy) {
    case Policy::inputs:
        find.inputs_of(kInputTypes);
        break;
    case Policy::total_int:
        find.inputs_of(kInputTypes);
        find.outputs_of(kInputTypes, kPassedTotalInt);
        break;
    case Policy::onnx_qnn:
        find.inputs_of(kQnnTypes);
        find.outputs_of(kQnnTypes, kPassedQnn);
        break;
    case Policy::openvino:
        by_openvino(find);
        break;
    case Policy::vitis:
        for (int i = 0; i < find.count(); ++i)
            if (!find.excluded(i) && kVitisTypes.contains(find.node(i).type)) find.want(i, "It is the output of " + find.node(i).name + ".");
        break;
    case Policy::tengine:
        find.keep_merges_apart();
        find.inputs_of(kTengineTypes);
        find.outputs_of(kTengineTypes, kPassedTengine);
        for (int i = 0; i < find.count(); ++i)
            if (find.node(i).is_output && find.node(i).type != "Slice" && find.node(i).type != "Input") find.want(i, "It is the output of the network.");
        break;
    case Policy::academic:
        find.inputs_of(kAcademicTypes);
        break;
    }
    std::vector<Wanted> found = find.take();
    std::ranges::stable_sort(found, {}, &Wanted::node);
    return found;
}

bool openvino_unsigned(const NetworkGraph& graph, int node, const std::vector<std::optional<bool>>& known) {
    const GraphNode& self = graph.nodes[static_cast<std::size_t>(node)];
    if (self.type == "ReLU" || self.activation >= 0) return true;
    if (self.has_weight() || !kOpenvinoTypes.contains(self.type)) return false;
    // What it is made of, breadth first: the quantisers that are met first decide.
    std::vector<int> level{self.inputs};
    std::set<int> seen;
    while (!level.empty()) {
        std::optional<bool> all;
        std::vector<int> next;
        for (const int from : level) {
            if (!seen.insert(from).second) continue;
            if (const auto& quantised = known[static_cast<std::size_t>(from)]) all = all.value_or(true) && *quantised;
            const GraphNode& made = graph.nodes[static_cast<std::size_t>(from)];
            next.insert(next.end(), made.inputs.begin(), made.inputs.end());
        }
        if (all) return *all;
        level = std::move(next);
    }
    return false;
}

std::set<int> outer_layers(const NetworkGraph& graph) {
    std::set<int> outer;
    for (int i = 0; i < static_cast<int>(graph.nodes.size()); ++i) {
        const GraphNode& node = graph.nodes[static_cast<std::size_t>(i)];
        const bool reads_input = std::ranges::any_of(node.inputs, [&](int from) { return graph.nodes[static_cast<std::size_t>(from)].type == "Input"; });
        if (reads_input || node.is_output) outer.insert(i);
    }
    return outer;
}

}
