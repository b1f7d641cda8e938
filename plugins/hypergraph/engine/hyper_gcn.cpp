#include "plugins/hypergraph/engine/hyper_gcn.h"
#include "core/base/error.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <algorithm>
#include <cmath>

namespace lathe::hypergraph {

HypergraphLaplacian hypergraph_laplacian(const SparsePattern& members, const at::Tensor& projection, bool mediators) {
    const std::int64_t nodes = members.item_count();
    const at::Tensor along = projection.to(at::kDouble).contiguous();
    const double* p = along.const_data_ptr<double>();
    struct Entry { std::int64_t pair; double weight; };   // pair: row * nodes + column
    std::vector<Entry> entries;
    const auto both = [&](std::int32_t a, std::int32_t b, double weight) {
        entries.push_back({a * nodes + b, weight});
        entries.push_back({b * nodes + a, weight});
    };
    std::vector<std::int32_t> row;
    for (std::int64_t e = 0; e < members.row_count(); ++e) {
        row.assign(members.rows[e].begin(), members.rows[e].end());
        if (row.size() < 2) continue;
        std::ranges::sort(row);
        std::int32_t most = row.front(), least = row.front();
        for (const std::int32_t node : row) {
            if (p[node] > p[most]) most = node;
            if (p[node] < p[least]) least = node;
        }
        const double weight = 1 / (mediators ? 2 * static_cast<double>(row.size()) - 3 : static_cast<double>(row.size()));
        both(most, least, weight);
        if (!mediators) continue;
        for (const std::int32_t node : row)
            if (node != most && node != least) {
                both(most, node, weight);
                both(least, node, weight);
            }
    }
    for (std::int64_t node = 0; node < nodes; ++node) entries.push_back({node * nodes + node, 1});
    std::ranges::stable_sort(entries, {}, &Entry::pair);
    Csr rows;
    rows.offsets.assign(static_cast<std::size_t>(nodes) + 1, 0);
    std::vector<double> weights, degree(static_cast<std::size_t>(nodes), 0);
    std::int64_t last = -1;
    for (const Entry& entry : entries) {
        if (entry.pair == last) weights.back() += entry.weight;
        else {
            rows.items.push_back(static_cast<std::int32_t>(entry.pair % nodes));
            weights.push_back(entry.weight);
            rows.offsets[static_cast<std::size_t>(entry.pair / nodes) + 1] = rows.size();
        }
        last = entry.pair;
        degree[static_cast<std::size_t>(entry.pair / nodes)] += entry.weight;
    }
    HypergraphLaplacian made;
    made.weights = at::empty({rows.size()}, at::kFloat);
    auto* out = static_cast<float*>(made.weights.mutable_data_ptr());
    for (std::int64_t node = 0; node < nodes; ++node)   // every row has its loop, so no degree is 0
        for (std::int64_t k = rows.offsets[static_cast<std::size_t>(node)]; k < rows.offsets[static_cast<std::size_t>(node) + 1]; ++k)
            out[k] = static_cast<float>(weights[static_cast<std::size_t>(k)] / std::sqrt(degree[static_cast<std::size_t>(node)]) / std::sqrt(degree[static_cast<std::size_t>(rows.items[static_cast<std::size_t>(k)])]));
    made.pattern = make_pattern(std::move(rows), nodes);
    return made;
}

HyperGcnLayer::HyperGcnLayer(std::int64_t in, std::int64_t out) : W(at::zeros({in, out})), bias(at::zeros({out})) {
    own("W", W);
    own("bias", bias);
}

at::Tensor HyperGcnLayer::product(const NodeMatrix& x) {
    if (x.columns() != W.size(0))
        throw Error(ErrorCode::invalid_value, "The features do not fit the network.", std::to_string(x.columns()) + " columns where it takes " + std::to_string(W.size(0)), "Use the features it was trained with, or train it anew.");
    return x.dense.defined() ? at::mm(x.dense, W) : sparse_product(x.pattern, x.values, W);
}

at::Tensor HyperGcnLayer::forward(const HypergraphLaplacian& laplacian, const at::Tensor& product) { return gather_sum(laplacian.pattern, Into::rows, product, laplacian.weights) + bias; }

void HyperGcnLayer::initialize(at::Generator& draws) {
    const c10::NoGradGuard no_gradients;
    const double bound = 1 / std::sqrt(static_cast<double>(W.size(1)));
    W.uniform_(-bound, bound, draws);
    bias.uniform_(-bound, bound, draws);
}

}
