#include "plugins/quantization/engine/node_operators.h"
#include "core/base/error.h"
#include "core/nn/conv.h"
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>
#include <algorithm>

namespace lathe::quantization {
namespace {

constexpr std::uint64_t kProbeSeed = 1;

[[noreturn]] void refuse_node(const GraphNode& node, const std::string& why) {
    throw Error(ErrorCode::unsupported, why, "node " + node.name + ", " + node.type, "Only classifiers of convolutions, linear layers, sums, pools and what stands between them can be handed to an integer engine.");
}

/// Keeps what goes into and comes out of every layer, for each of its runs.
class CaptureTap : public Tap {
public:
    struct Seen { std::vector<at::Tensor> in; at::Tensor out; };
    bool wants(const LayerInfo&) override { return true; }
    Flow enter(int id, TensorRefs in, at::Tensor&) override {
        m_seen[id].push_back({{in.begin(), in.end()}, {}});
        return Flow::run;
    }
    void leave(int id, TensorRefs, at::Tensor& out) override { m_seen[id].back().out = out; }
    const Seen* find(int id, std::size_t run) const {
        const auto found = m_seen.find(id);
        return found == m_seen.end() || run >= found->second.size() ? nullptr : &found->second[run];
    }
private:
    std::map<int, std::vector<Seen>> m_seen;
};

bool same_tensor(const at::Tensor& a, const at::Tensor& b) { return a.sizes() == b.sizes() && a.equal(b); }

/// Numbers of a slice that gives `out` of `x`: each axis whole, every n-th from the first, or a stretch.
bool find_slice(const at::Tensor& x, const at::Tensor& out, NodeOperator& found) {
    if (x.dim() != out.dim()) return false;
    at::Tensor left = x;
    found.starts.assign(static_cast<std::size_t>(x.dim()), 0);
    found.steps.assign(static_cast<std::size_t>(x.dim()), 1);
    for (std::int64_t d = 0; d < x.dim(); ++d) {
        const std::int64_t from = x.size(d), to = out.size(d);
        if (to == from || to == 0) continue;
        found.steps[static_cast<std::size_t>(d)] = (from + to - 1) / to;
        left = left.slice(d, 0, from, found.steps[static_cast<std::size_t>(d)]);
    }
    if (same_tensor(left, out)) return true;
    std::int64_t axis = -1;                            // a stretch, then: along one axis
    for (std::int64_t d = 0; d < x.dim(); ++d)
        if (x.size(d) != out.size(d)) axis = axis < 0 ? d : x.dim();
    if (axis < 0 || axis == x.dim()) return false;
    found.steps.assign(static_cast<std::size_t>(x.dim()), 1);
    for (std::int64_t start = 0; start + out.size(axis) <= x.size(axis); ++start) {
        found.starts[static_cast<std::size_t>(axis)] = start;
        if (same_tensor(x.narrow(axis, start, out.size(axis)), out)) return true;
    }
    return false;
}

bool find_pad(const at::Tensor& x, const at::Tensor& out, NodeOperator& found) {
    if (x.dim() != out.dim()) return false;
    found.before.assign(static_cast<std::size_t>(x.dim()), 0);
    found.after = found.before;
    for (std::int64_t d = 0; d < x.dim(); ++d) {
        const std::int64_t more = out.size(d) - x.size(d);
        if (more < 0) return false;
        found.before[static_cast<std::size_t>(d)] = more / 2;   // the smaller half in front, as option A has it
        found.after[static_cast<std::size_t>(d)] = more - more / 2;
    }
    std::vector<std::int64_t> pads;
    for (std::size_t d = found.before.size(); d-- > 0;) pads.insert(pads.end(), {found.before[d], found.after[d]});
    return same_tensor(at::constant_pad_nd(x, pads, 0), out);
}

bool find_pool(const at::Tensor& x, const at::Tensor& out, NodeOperator& found) {
    if (x.dim() != 4) return false;
    for (const int stride : {2, 1, 3, 4})
        for (const int kernel : {2, 3, 4, 5, 7})
            for (int padding = 0; 2 * padding <= kernel; ++padding) {
                const auto side = [&](std::int64_t n) { return n + 2 * padding < kernel ? -1 : (n + 2 * padding - kernel) / stride + 1; };
                if (side(x.size(2)) != out.size(2) || side(x.size(3)) != out.size(3)) continue;
                if (!same_tensor(at::max_pool2d(x, {kernel, kernel}, {stride, stride}, {padding, padding}), out)) continue;
                found.kernel = kernel;
                found.stride = stride;
                found.padding = padding;
                return true;
            }
    return false;
}

/// Whether these side by side along the axis are `out`.
bool is_concat(const std::vector<at::Tensor>& in, std::int64_t axis, const at::Tensor& out) {
    const auto alike = [&](const at::Tensor& t) {
        if (t.dim() != out.dim()) return false;
        for (std::int64_t d = 0; d < t.dim(); ++d)
            if (d != axis && t.size(d) != out.size(d)) return false;
        return true;
    };
    return std::ranges::all_of(in, alike) && same_tensor(at::cat(in, axis), out);
}

class OperatorReader {
public:
    OperatorReader(Network& network, const QuantTap& calibrated) : m_calibrated(calibrated), m_graph(calibrated.plan().graph), m_tap(std::make_shared<CaptureTap>()) {
        network.visit_modules("", [&](const std::string&, Module& module) {
            if (auto* norm = dynamic_cast<BatchNorm2d*>(&module)) m_norms[norm->id()] = norm;
        });
        const c10::NoGradGuard no_gradients;
        auto random = at::make_generator<at::CPUGeneratorImpl>(kProbeSeed);
        std::vector<at::Tensor> inputs;
        for (const GraphNode& node : m_graph.nodes)
            if (node.type == "Input") inputs.push_back(at::randn(node.shape, random, at::kFloat));
        TapStack taps;
        taps.add(m_tap);
        taps.attach(network.layers());
        const at::Tensor result = network.forward(inputs, &taps);
        std::map<int, std::size_t> runs;
        auto input = inputs.begin();
        for (const GraphNode& node : m_graph.nodes) {
            const std::size_t run = runs[node.last_layer()]++;
            const CaptureTap::Seen* last = m_tap->find(node.last_layer(), run);
            if (node.type == "Input") m_values.push_back(*input++);
            else if (last) m_values.push_back(last->out);
            else refuse_node(node, "No layer reports how this value is made.");
            m_runs.push_back(run);
            if (node.is_output && !same_tensor(m_values.back(), result)) refuse_node(node, "The network goes on behind its last layer without a report.");
        }
    }

    std::vector<NodeOperator> operator()() const {
        std::vector<NodeOperator> all;
        for (std::size_t i = 0; i < m_graph.nodes.size(); ++i) all.push_back(read(i));
        return all;
    }

private:
    NodeOperator read(std::size_t index) const {
        const GraphNode& node = m_graph.nodes[index];
        NodeOperator found;
        if (node.type == "Input") return found;
        const CaptureTap::Seen* seen = m_tap->find(node.layer, m_runs[index]);
        if (!seen || seen->in.size() != node.inputs.size()) refuse_node(node, "No layer reports what this node reads.");
        for (std::size_t i = 0; i < node.inputs.size(); ++i)
            if (!same_tensor(seen->in[i], m_values[static_cast<std::size_t>(node.inputs[i])])) refuse_node(node, "What this node reads is changed on its way without a report.");
        const at::Tensor &x = seen->in.front(), &out = seen->out;
        bool ok = true;
        if (node.type == "Conv2d") {
            found.kind = OperatorKind::conv;
            found.conv = m_calibrated.find_conv(node.layer);
            ok = found.conv != nullptr;
        } else if (node.type == "Linear") {
            found.kind = OperatorKind::linear;
            ok = m_calibrated.folded(node).weight.defined();
        } else if (node.type == "BatchNorm2d") {
            const auto norm = m_norms.find(node.layer);
            found.kind = OperatorKind::norm;
            ok = norm != m_norms.end();
            if (ok) found.norm = norm->second;
        } else if (node.type == "ReLU") {
            found.kind = OperatorKind::relu;
        } else if (node.type == "Add") {
            found.kind = OperatorKind::add;
            ok = seen->in.size() == 2 && same_tensor(seen->in[0] + seen->in[1], out);
        } else if (node.type == "Concat") {
            found.kind = OperatorKind::concat;
            for (found.axis = 0; found.axis < x.dim() && !is_concat(seen->in, found.axis, out); ++found.axis) {}
            ok = found.axis < x.dim();
        } else if (node.type == "Slice") {
            found.kind = OperatorKind::slice;
            ok = find_slice(x, out, found);
        } else if (node.type == "Pad") {
            found.kind = OperatorKind::pad;
            ok = find_pad(x, out, found);
        } else if (node.type == "MaxPool2d") {
            found.kind = OperatorKind::max_pool;
            ok = find_pool(x, out, found);
        } else if (node.type == "AdaptiveAvgPool2d" || node.type == "AvgPool2d") {
            found.kind = OperatorKind::global_average;
            ok = x.dim() == 4 && out.dim() == 4 && out.size(2) == 1 && out.size(3) == 1 && at::allclose(x.mean({2, 3}, true), out, 1e-4, 1e-5);
        } else if (node.type == "Flatten") {
            found.kind = OperatorKind::flatten;
            ok = same_tensor(x.flatten(1), out);
        } else if (node.type == "Softmax") {
            found.kind = OperatorKind::softmax;
            for (found.axis = x.dim() - 1; found.axis >= 0 && !same_tensor(at::softmax(x, found.axis), out); --found.axis) {}
            ok = found.axis >= 0;
        } else {
            refuse_node(node, "This operator is not known to integer engines.");
        }
        if (!ok) refuse_node(node, "The numbers of this operator could not be found.");
        return found;
    }

    const QuantTap& m_calibrated;
    const NetworkGraph& m_graph;
    std::shared_ptr<CaptureTap> m_tap;
    std::map<int, const BatchNorm2d*> m_norms;
    std::vector<at::Tensor> m_values;              // of each node
    std::vector<std::size_t> m_runs;               // of its layers, the first of them
};

}

std::vector<NodeOperator> node_operators(Network& network, const QuantTap& calibrated) { return OperatorReader(network, calibrated)(); }

}
