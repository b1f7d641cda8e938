#include "plugins/quantization/engine/part_run.h"
#include "core/base/error.h"
#include <ATen/ATen.h>
#include <algorithm>

namespace lathe::quantization {
namespace {

struct PartIsDone {};   // leaves the network's forward behind the last node

/// The first of the taps: it skips before the others look, and its leave sees what they have made.
class PartTap : public Tap {
public:
    PartTap(const PartRunner& runner, const PartRunner::Asked& asked, int end) : m_runner(runner), m_asked(asked), m_end(end), m_nothing(at::zeros({1, 1, 1, 1})) {}

    bool wants(const LayerInfo& layer) override {
        const int node = m_runner.position(layer.id);
        return node >= 0 && (node < m_asked.begin || node == m_end - 1 || m_asked.kept.contains(node));
    }

    Flow enter(int id, TensorRefs, at::Tensor& out) override {
        const int node = m_runner.position(id);
        if (node >= m_asked.begin) return Flow::run;
        out = given(node);
        return Flow::skip;
    }

    void leave(int id, TensorRefs, at::Tensor& out) override {
        const int node = m_runner.position(id);
        if (node < m_asked.begin) {
            out = given(node);   // whatever other taps made of it is in it already
            return;
        }
        if (m_asked.kept.contains(node)) result.kept[node] = out;
        if (node == m_end - 1) {
            result.output = out;
            if (m_end < m_runner.count()) throw PartIsDone{};
        }
    }

    PartRunner::Result result;

private:
    const at::Tensor& given(int node) const {
        const auto found = m_asked.given.find(node);
        return found == m_asked.given.end() ? m_nothing : found->second;
    }

    const PartRunner& m_runner;
    const PartRunner::Asked& m_asked;
    const int m_end;
    const at::Tensor m_nothing;                          // what nobody reads
};

}

PartRunner::PartRunner(Network& network, const NetworkGraph& traced) : m_network(network), m_graph(traced) {
    for (int i = 0; i < count(); ++i) {
        const GraphNode& node = traced.nodes[static_cast<std::size_t>(i)];
        if (node.type == "Input") m_inputs.push_back(i);
        else if (node.layer < 0 || !m_positions.emplace(node.layer, i).second) m_possible = false;
    }
}

int PartRunner::position(int layer) const {
    const auto found = m_positions.find(layer);
    return found == m_positions.end() ? -1 : found->second;
}

std::vector<int> PartRunner::live(int begin) const {
    std::vector<int> out;
    for (int i = 0; i < begin; ++i)
        if (std::ranges::any_of(m_graph.nodes[static_cast<std::size_t>(i)].users, [&](int user) { return user >= begin; })) out.push_back(i);
    return out;
}

std::vector<int> PartRunner::cuts(int most) const {
    std::vector<int> out;
    if (!m_possible || most < 1) return out;
    const std::int64_t step = std::max<std::int64_t>(1, m_graph.macs() / (most + 1));
    std::int64_t done = 0, next = step;
    for (int i = 0; i < count(); ++i) {
        const bool is_input = m_graph.nodes[static_cast<std::size_t>(i)].type == "Input";
        if (!is_input && done >= next && live(i).size() == 1) {
            out.push_back(i);
            next = done + step;
        }
        done += m_graph.nodes[static_cast<std::size_t>(i)].macs;
    }
    return out;
}

PartRunner::Result PartRunner::run(const Asked& asked) const {
    const int end = asked.end < 0 ? count() : asked.end;
    if (!m_possible && (asked.begin > static_cast<int>(m_inputs.size()) || end < count()))
        throw Error(ErrorCode::unsupported, "This network cannot be run in parts.", "nodes " + std::to_string(asked.begin) + " to " + std::to_string(end), "Every value has to come from a layer that reports, and each layer may run once.");
    std::vector<at::Tensor> inputs;
    for (const int i : m_inputs) {
        const auto given = asked.given.find(i);
        inputs.push_back(given == asked.given.end() ? at::zeros(m_graph.nodes[static_cast<std::size_t>(i)].shape) : given->second);
    }
    const auto part = std::make_shared<PartTap>(*this, asked, end);
    TapStack taps;
    taps.add(part);
    for (const auto& tap : asked.taps) taps.add(tap);
    if (asked.tick) taps.set_tick(asked.tick);
    taps.attach(m_network.layers());
    try {
        const at::Tensor output = m_network.forward(std::move(inputs), &taps);
        if (end == count()) part->result.output = output;
    } catch (const PartIsDone&) {   // as it should be
    }
    return std::move(part->result);
}

}
