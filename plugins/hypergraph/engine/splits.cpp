#include "plugins/hypergraph/engine/splits.h"
#include "core/nn/random_stream.h"
#include <algorithm>
#include <ATen/ATen.h>
#include <cmath>
#include <numeric>
#include <random>

namespace lathe::hypergraph {

std::vector<Part> hgb_split(std::int64_t nodes, std::uint32_t seed, double train) {
    std::vector<std::int64_t> order(static_cast<std::size_t>(nodes));
    std::iota(order.begin(), order.end(), 0);
    std::mt19937 draws(seed);
    for (std::int64_t i = nodes - 1; i > 0; --i) {   // numpy.random.RandomState.shuffle: masked draws until one fits
        std::uint32_t mask = static_cast<std::uint32_t>(i);
        for (int shift = 1; shift < 32; shift *= 2) mask |= mask >> shift;
        std::uint32_t v = 0;
        do v = static_cast<std::uint32_t>(draws()) & mask;
        while (v > i);
        std::swap(order[static_cast<std::size_t>(i)], order[v]);
    }
    const auto n = static_cast<double>(nodes);
    const auto train_end = static_cast<std::size_t>(std::ceil(train * n)), validation_end = static_cast<std::size_t>(std::ceil((train + (1 - train) / 2) * n));
    std::vector<Part> part(order.size(), Part::test);
    for (std::size_t k = 0; k < std::min(validation_end, order.size()); ++k) part[static_cast<std::size_t>(order[k])] = k < train_end ? Part::train : Part::validation;
    return part;
}

std::vector<Part> counted_split(std::span<const std::int64_t> order, double train, double validation) {
    const auto n = static_cast<double>(order.size());
    const auto train_end = static_cast<std::size_t>(train * n), validation_end = train_end + static_cast<std::size_t>(validation * n);
    std::vector<Part> part(order.size(), Part::test);
    for (std::size_t k = 0; k < std::min(validation_end, order.size()); ++k) part[static_cast<std::size_t>(order[k])] = k < train_end ? Part::train : Part::validation;
    return part;
}

std::vector<Part> labelled_split(const HybridGraph& graph, std::uint64_t seed, double train, double validation) {
    std::vector<std::size_t> labelled;
    for (std::size_t node = 0; node < static_cast<std::size_t>(graph.nodes); ++node)
        if (graph.is_regression() ? !std::isnan(graph.targets[node]) : !graph.labels.empty() && graph.labels[node] >= 0) labelled.push_back(node);
    constexpr std::uint64_t kPurpose = 0x5b117;
    const at::Tensor order = at::randperm(static_cast<std::int64_t>(labelled.size()), random_stream(seed, kPurpose, 0), at::TensorOptions(at::kLong));
    const std::vector<Part> of_labelled = counted_split({order.const_data_ptr<std::int64_t>(), labelled.size()}, train, validation);
    std::vector<Part> part(static_cast<std::size_t>(graph.nodes), Part::none);
    for (std::size_t k = 0; k < labelled.size(); ++k) part[labelled[k]] = of_labelled[k];
    return part;
}

Csr hyperedges_of_part(const Csr& members, const std::vector<Part>& part, Part wanted, HyperedgePolicy policy) {
    Csr kept;
    kept.offsets.reserve(members.offsets.size());
    const auto is_in = [&](std::int32_t node) { return part[static_cast<std::size_t>(node)] == wanted; };
    for (std::int64_t e = 0; e < members.rows(); ++e) {
        const auto row = members[e];
        if (policy == HyperedgePolicy::joint || std::ranges::all_of(row, is_in)) std::ranges::copy_if(row, std::back_inserter(kept.items), is_in);
        kept.offsets.push_back(kept.size());
    }
    return kept;
}

}
