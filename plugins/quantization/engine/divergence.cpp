#include "plugins/quantization/engine/divergence.h"
#include "core/base/error.h"
#include <ATen/ATen.h>
#include <algorithm>

namespace lathe::quantization {

Divergence::Divergence(const std::vector<std::string>& order) {
    for (const std::string& name : order) {
        m_nodes.emplace_back();
        m_nodes.back().name = name;
    }
}

void Divergence::add(const std::string& name, const at::Tensor& codes, const at::Tensor& reference) {
    const auto node = std::ranges::find(m_nodes, name, &Node::name);
    if (node == m_nodes.end()) throw Error(ErrorCode::unknown_name, "There is no such node to compare.", name);
    if (codes.sizes() != reference.sizes()) throw Error(ErrorCode::invalid_value, "The engine gives another shape than the network.", c10::str(name, ": ", reference.sizes(), " and ", codes.sizes()), "Export the network again.");
    if (codes.numel() == 0) return;
    const at::Tensor difference = codes.to(at::kInt) - reference.to(at::kInt);
    node->values += difference.numel();
    node->differing += (difference != 0).sum().item<std::int64_t>();
    node->largest = std::max(node->largest, difference.abs().max().item<std::int64_t>());
    const at::Tensor counts = at::bincount((difference.clamp(-kMostSteps, kMostSteps) + kMostSteps).flatten(), {}, kBins);
    for (std::int64_t i = 0; i < kBins; ++i) node->steps[static_cast<std::size_t>(i)] += counts[i].item<std::int64_t>();
}

std::string Divergence::first() const {
    const auto found = std::ranges::find_if(m_nodes, [](const Node& node) { return node.differing > 0; });
    return found == m_nodes.end() ? std::string() : found->name;
}

at::Tensor Divergence::histograms() const {
    at::Tensor out = at::zeros({static_cast<std::int64_t>(m_nodes.size()), kBins});
    for (std::size_t n = 0; n < m_nodes.size(); ++n)
        for (std::int64_t i = 0; i < kBins; ++i) out[static_cast<std::int64_t>(n)][i] = static_cast<double>(m_nodes[n].steps[static_cast<std::size_t>(i)]);
    return out;
}

}
